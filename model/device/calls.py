"""The calls of the application: what each decides, and what it goes on to do.

commence, write, complete, accept and rollback are those of otaupgrade. In Usage.ANY they come in any order, and the
application may also ask esp_ota_set_boot_partition for the running slot or the factory partition; what else it may ask
of ESP-IDF then is in api_calls.py. A call that is refused changes nothing, so it is no action. Source: NodeMCU
otaupgrade.c, ESP-IDF esp_ota_ops.c.
"""

from dataclasses import replace

from ..config import Release
from ..terms.terms import Bool, Num, choose, fact, number
from .action import Action, Actions, Kind
from .boot_steps import without_program
from .device_parts import burned_up_to, record_in, slot_at, with_record, with_rejected, with_slot
from .end_numbers import as_it_reads, is_on_the_border
from .image_loading import is_loadable_unchecked, is_slot, is_version_allowed
from .logical_state import told_word as told_by_turns
from .records import BLANK, TOP, Check, Numbers, Record, Sector, Word, active, next_seq, reported_word
from .selection import boot_choice, next_update_slot
from .state import Content, Device, Expectation, Scope, Slot, Task, Usage


def calls(scope: Scope, device: Device) -> Actions:
    """Yield the calls, and the reset that the application asks for or suffers."""
    yield _commence(scope, device)
    yield from _write(scope, device)
    yield from _complete(scope, device)
    yield from _accept(scope, device)
    yield _rollback(scope, device)
    if scope.usage is Usage.ANY:
        yield from _set_boot(scope, device)
    restarted = without_program(scope, device, Task.SELECT)
    yield Action("restart", (Task.RUN,), fact(True), restarted, Kind.RESET, "IDF-BOOT-SELECT")
    if scope.config.skip_validate_in_deep_sleep:
        woken = replace(device, task=number(Task.STARTED), session=fact(False), other_session=fact(False))
        # Where what ran cannot be loaded unchecked, a wake-up is a restart like any other.
        yield Action("wake", (Task.RUN,), is_loadable_unchecked(scope, device), woken, Kind.RESET, "IDF-BOOT-WAKE")


def target_of(scope: Scope, device: Device) -> Slot:
    """Return the slot that commence() and complete() act on."""
    return slot_at(device, next_update_slot(device))


def is_under_test(scope: Scope, device: Device) -> Bool:
    """Tell whether info() says "testing" of the image that runs."""
    is_named, word = told_word(scope, device, device.running)
    return is_slot(scope, device.running) & is_named & (word == Word.PENDING_VERIFY)


def told_word(scope: Scope, device: Device, slot: Num | int) -> tuple[Bool, Num]:
    """Return whether info() tells of a slot, and the state word that it tells. Source: IDF-OTA-GET-STATE."""
    if scope.is_by_turns:
        return told_by_turns(scope, device, slot)
    return reported_word(device.records, slot, scope.last_number)


def is_accept_enough(scope: Scope, device: Device, sector: Num) -> Bool:
    """Once the record of that sector is VALID, info() does not say of what runs that it is under test."""
    if scope.is_by_turns:
        return fact(True)
    valid = replace(record_in(device, sector), word=number(Word.VALID, 3))
    return ~is_under_test(scope, replace(device, records=with_record(device, sector, valid)))


def _commence(scope: Scope, device: Device) -> Action:
    """Begin to wipe the slot after the running one, unless the running image is under test. Source: IDF-OTA-BEGIN."""
    config = scope.config
    has_target = next_update_slot(device) != device.running
    when = has_target
    if config.updates.calls_begin or scope.usage is not Usage.ANY:
        when = when & ~(fact(config.rollback) & is_under_test(scope, device))
    if not config.updates.calls_begin or config.app_release >= Release.V6_1 or scope.usage is not Usage.ANY:
        when = when & ~device.session
    begun = replace(with_promise_alone(scope, device), task=number(Task.COMMENCE))
    # commence() is to change no choice: what its own erases make of it is not a new one.
    return call("commence", when, choosing(scope, device, begun, boot_choice(scope, device)), "IDF-OTA-BEGIN")


def gives_up_spare(scope: Scope, device: Device) -> Bool:
    """Tell whether commence() erases the spare record: it does unless that names the running slot.

    Source: IDF-OTA-BEGIN."""
    config = scope.config
    if scope.is_by_turns or not (config.updates.calls_begin and config.rollback and config.app_release >= Release.V5_5):
        return fact(False)
    chosen = active(device.records)
    spare = chosen.other_of(device.records)
    return chosen.is_some & spare.is_right & ~spare.names(device.running)


def after_commence(scope: Scope, device: Device) -> Device:
    """Return the device once commence() has wiped the slot; the session is open."""
    gives_up = gives_up_spare(scope, device)
    nowhere = number(scope.nowhere)
    return replace(
        device,
        task=choose(gives_up, number(Task.SPARE), number(Task.RUN)),
        sector=choose(gives_up, active(device.records).other_sector, number(Sector.FIRST)),
        session=fact(True),
        other_session=with_other_handle(scope, device),
        old_choice=choose(gives_up, device.old_choice, nowhere),
        new_choice=choose(gives_up, device.new_choice, nowhere),
    )


def with_other_handle(scope: Scope, device: Device) -> Bool:
    """Tell whether two handles are open once one more is; the application forgets a third. Source: IDF-OTA-BEGIN."""
    return device.other_session | device.session if scope.has_two_handles else fact(False)


def _write(scope: Scope, device: Device) -> Actions:
    """Write the image's first part, or its last: whole or with something wrong in it. Source: SEED-WRITE.

    Where the bootloader skips validation, it matters when the header of the last segment is there as well."""
    target = target_of(scope, device)
    for version in range(scope.versions if scope.config.anti_rollback else 1):
        begun = Slot(
            number(Content.PARTIAL, 2), number(version), fact(False), fact(False), fact(False), target.is_loadable
        )
        suffix = f"_version_{version}" if scope.config.anti_rollback else ""
        yield _written(scope, device, f"write_first{suffix}", target.content == Content.EMPTY, begun)
    is_partial = target.content == Content.PARTIAL
    if scope.skips_validation:
        loadable = replace(target, is_loadable=fact(True))
        yield _written(scope, device, "write_headers", is_partial & ~target.is_loadable, loadable)
    whole = replace(target, content=number(Content.COMPLETE, 2), is_loadable=fact(False))
    yield _written(scope, device, "write_rest", is_partial, whole)
    broken = replace(target, content=number(Content.BROKEN, 2))
    yield _written(scope, device, "write_rest_broken", is_partial, broken)


def _written(scope: Scope, device: Device, name: str, when: Bool, slot: Slot) -> Action:
    slots = with_slot(device, next_update_slot(device), slot)
    return Action(name, (Task.RUN,), device.session & when, replace(device, slots=slots), Kind.FLASH, "SEED-WRITE")


def _complete(scope: Scope, device: Device) -> Actions:
    """Close the session; of an image that verifies, go on to write the record. Source: NODEMCU-COMPLETE."""
    target = target_of(scope, device)
    closed = replace(with_promise_alone(scope, device), session=fact(False))
    yield call("complete_fails", device.session & ~target.is_complete, closed, "NODEMCU-COMPLETE")
    slots = with_slot(device, next_update_slot(device), replace(target, is_finished=fact(True)))
    verified = replace(closed, slots=slots)
    unexpected = without_expectation(scope, verified)
    is_allowed = is_version_allowed(scope, device, target.version)
    has_room = has_next_number(scope, device)
    sector = rewrite_sector(scope, device, next_update_slot(device))
    marking = replace(unexpected, task=number(Task.COMPLETE), sector=sector)
    marked = replace(device, records=with_record(device, sector, marked_record(scope, device)))
    marking = choosing(scope, device, marking, boot_choice(scope, marked))
    when = device.session & target.is_complete
    yield call("complete", when & is_allowed & has_room, marking, "IDF-OTA-SET-BOOT")
    if scope.config.anti_rollback:
        rejecting = replace(verified, task=number(Task.REJECT))
        rejecting = choosing(scope, device, rejecting, boot_choice(scope, device))
        yield call("complete_rejects", when & ~is_allowed, rejecting, "IDF-OTA-SET-BOOT")


def has_next_number(scope: Scope, device: Device) -> Bool:
    """Tell whether the numbers are far enough from the end of their range; see TOP."""
    if scope.numbers is Numbers.RANKED:
        return fact(True)
    if scope.has_end_numbers:
        return ~is_on_the_border(device)
    return (device.records[0].seq < TOP) & (device.records[1].seq < TOP)


def rewrite_sector(scope: Scope, device: Device, slot: Num) -> Num:
    """Return which sector gets the record that makes `slot` the next to boot. Source: IDF-OTA-SET-BOOT."""
    chosen = active(device.records)
    is_same = chosen.is_some & (chosen.of(device.records).slot == slot)
    in_place = fact(scope.config.app_release >= Release.V6_0) & is_same
    return choose(in_place, chosen.sector, chosen.other_sector)


def record_for(scope: Scope, device: Device, slot: Num) -> Record:
    """Return the record that makes `slot` the next to boot. Source: IDF-OTA-SET-BOOT."""
    chosen = active(device.records)
    following = next_seq(chosen.of(device.records), slot, device.slot_count)
    seq = choose(chosen.is_some, following, slot + number(1, scope.place_bits))
    word = Word.NEW if scope.config.rollback else Word.UNDEFINED
    return as_it_reads(scope, Record(number(Check.RIGHT, 2), number(word, 3), slot, seq))


def marked_record(scope: Scope, device: Device) -> Record:
    """Return the record that complete() writes."""
    return record_for(scope, device, next_update_slot(device))


def asked_record(scope: Scope, device: Device) -> Record:
    """Return the record that esp_ota_set_boot_partition() writes."""
    return record_for(scope, device, device.asked)


def after_complete(scope: Scope, device: Device) -> Device:
    """Return the device once complete() has marked the target; complete(1) restarts."""
    nowhere, target = number(scope.nowhere), next_update_slot(device)
    done = replace(
        device,
        expectation=number(Expectation.MARKED),
        expected=target,
        previous=device.running,
        old_choice=nowhere,
        new_choice=nowhere,
        slots=with_rejected(device, target, fact(False), fact(True)),
    )
    if scope.usage is Usage.RESTART_AT_ONCE:
        return without_program(scope, done, Task.SELECT)
    return replace(done, task=number(Task.RUN))


def _accept(scope: Scope, device: Device) -> Actions:
    """Make the active record VALID, whatever image runs. Source: IDF-OTA-MARK-VALID."""
    chosen = active(device.records)
    record = chosen.of(device.records)
    is_accepted = record.word == Word.VALID
    names_running = is_slot(scope, device.running) & (record.slot == device.running)
    when = chosen.is_some & ~is_accepted
    if scope.usage is not Usage.ANY:
        due = Word.PENDING_VERIFY if scope.config.rollback else Word.UNDEFINED
        when = when & names_running & (record.word == due) & ~device.session
    awaited = fact(not scope.config.rollback) | (record.word == Word.PENDING_VERIFY)
    slots = tuple(
        replace(slot, is_earned=slot.is_earned | (names_running & awaited & (device.running == index)))
        for index, slot in enumerate(device.slots)
    )
    accepting = replace(without_expectation(scope, device), task=number(Task.ACCEPT), sector=chosen.sector, slots=slots)
    valid = replace(record, word=number(Word.VALID, 3))
    version = slot_at(device, device.running).version
    after = replace(
        device,
        records=with_record(device, chosen.sector, valid),
        burned=choose(is_slot(scope, device.running), burned_up_to(scope, device.burned, version), device.burned),
    )
    accepting = choosing(scope, device, accepting, boot_choice(scope, after))
    yield call("accept", when, accepting, "IDF-OTA-MARK-VALID")
    if scope.usage is Usage.ANY:
        done = replace(
            without_expectation(scope, device), expectation=number(Expectation.ACCEPTED), expected=device.running
        )
        yield call("accept_again", chosen.is_some & is_accepted, done, "IDF-OTA-MARK-VALID")


def _rollback(scope: Scope, device: Device) -> Action:
    """Make the active record INVALID if the other one leads to an image. Source: IDF-OTA-MARK-INVALID."""
    chosen = active(device.records)
    invalid = replace(chosen.of(device.records), word=number(Word.INVALID, 3))
    after = replace(device, records=with_record(device, chosen.sector, invalid))
    refusing = replace(without_expectation(scope, device), task=number(Task.ROLLBACK), sector=chosen.sector)
    refusing = choosing(scope, device, refusing, boot_choice(scope, after))
    return call("rollback", is_rollback_possible(scope, device), refusing, "IDF-OTA-MARK-INVALID")


def is_rollback_possible(scope: Scope, device: Device) -> Bool:
    """Tell whether the record that does not decide, else factory, leads to an image. Source: IDF-OTA-MARK-INVALID."""
    chosen = active(device.records)
    other = chosen.other_of(device.records)
    slot = slot_at(device, other.slot)
    leads_to_slot = slot.is_complete & is_version_allowed(scope, device, slot.version)
    leads_to_factory = fact(scope.has_factory and not scope.config.anti_rollback)
    return chosen.is_some & ((other.is_bootable & leads_to_slot) | (~other.is_bootable & leads_to_factory))


def _set_boot(scope: Scope, device: Device) -> Actions:
    """Ask for the running slot, or for factory. Source: IDF-OTA-SET-BOOT, IDF-OTA-SET-BOOT-5-1."""
    sector = rewrite_sector(scope, device, device.running)
    is_allowed = is_version_allowed(scope, device, slot_at(device, device.running).version)
    slots = with_slot(device, device.running, asked_for(slot_at(device, device.running)))
    setting = replace(without_expectation(scope, device), task=number(Task.SET_BOOT), sector=sector)
    setting = replace(setting, slots=slots, asked=device.running)
    after = replace(device, records=with_record(device, sector, record_for(scope, device, device.running)))
    setting = choosing(scope, device, setting, boot_choice(scope, after))
    when = is_slot(scope, device.running) & is_allowed & has_next_number(scope, device)
    if scope.skips_validation:
        when = when & slot_at(device, device.running).is_complete
    yield call("set_boot_running", when, setting, "IDF-OTA-SET-BOOT-5-1")
    if scope.has_factory:
        forgetting = replace(
            without_expectation(scope, device), task=number(Task.FORGET_FIRST), sector=number(Sector.FIRST)
        )
        forgetting = choosing(scope, device, forgetting, boot_choice(scope, replace(device, records=(BLANK, BLANK))))
        yield call("set_boot_factory", fact(True), forgetting, "IDF-OTA-SET-BOOT")


def asked_for(slot: Slot) -> Slot:
    """Return a slot that esp_ota_set_boot_partition() has verified: being asked for excuses a rejected image."""
    return replace(slot, is_finished=fact(True), is_rejected=fact(False))


def call(name: str, when: Bool, then: Device, source: str) -> Action:
    """Return a call that a running application makes."""
    return Action(name, (Task.RUN,), when, then, Kind.CALL, source)


def without_expectation(scope: Scope, device: Device) -> Device:
    """Return the device with no expectation left."""
    return replace(
        device,
        expectation=number(Expectation.NONE),
        expected=number(scope.nowhere),
        previous=number(scope.nowhere),
    )


def with_promise_alone(scope: Scope, device: Device) -> Device:
    """Return the device with no expectation left but what accept() has promised: that the image stays."""
    stays = device.expectation == Expectation.ACCEPTED
    nothing = without_expectation(scope, device)
    return replace(
        nothing,
        expectation=choose(stays, device.expectation, nothing.expectation),
        expected=choose(stays, device.expected, nothing.expected),
    )


def choosing(scope: Scope, device: Device, then: Device, new: Num) -> Device:
    """Return the device with what a cut in this call may leave as the boot choice: as now, or `new`."""
    return replace(then, old_choice=boot_choice(scope, device), new_choice=new)
