"""Other programs that write flash: tools on a PC, while the chip waits for them and no program of its own runs.

A tool blanks otadata, as `idf.py flash` does with ota_data_initial.bin, or flashes a slot with a whole image, which
then counts as provisioned. Another program selects a slot that holds a whole image, by a record with a number at an end
of the range (end_numbers.py) and the state word of erased flash. An upload of Arduino and PlatformIO writes a record of
number 1 without a state, erases the other, and flashes the first slot. otatool.py writes a number for a slot into the
record that is not the newest by its number, whatever the states are, and keeps the state word that it finds there.
Whoever does any of this asks for another start than was expected. Source: IDF-OTA-OTATOOL.
"""

from dataclasses import replace
from itertools import product

from ..terms.terms import Bool, choose, fact, number
from .action import Action, Actions, Kind
from .allowance import Allowance
from .calls import has_next_number
from .device_parts import record_in, with_record, with_slot, without_origin
from .end_numbers import as_it_reads, end_values, slot_named
from .records import BLANK, Check, Record, Sector, Word, newest, next_seq
from .state import Content, Device, Expectation, Scope, Slot, Task


def other_writers(scope: Scope, device: Device) -> Actions:
    """Yield what tools write, where the scope allows them."""
    nowhere = number(scope.nowhere)
    asked = replace(
        device,
        expectation=number(Expectation.NONE),
        expected=nowhere,
        previous=nowhere,
        old_choice=nowhere,
        new_choice=nowhere,
    )
    if Allowance.OTHER_WRITERS in scope.allows:
        yield _written("tool_blanks_otadata", replace(asked, records=(BLANK, BLANK)))
        yield from _flashed_slots(scope, asked)
    if Allowance.OTHER_RECORDS in scope.allows:
        yield from _uploads(scope, asked)
        yield from _switches(scope, asked)
    if scope.has_end_numbers:
        yield from _end_records(scope, asked)


def _flashed_slots(scope: Scope, asked: Device) -> Actions:
    for place in range(scope.slots):
        for version in range(scope.versions if scope.config.anti_rollback else 1):
            suffix = f"_version_{version}" if scope.config.anti_rollback else ""
            flashed = without_origin(scope, _flashed(asked, place, version), number(place, scope.place_bits))
            yield _written(f"tool_flashes_ota_{place}{suffix}", flashed, place)


def _uploads(scope: Scope, asked: Device) -> Actions:
    """Yield the uploads by cable; with a factory app the image goes there, which the model keeps as it is."""
    record = Record(
        number(Check.RIGHT, 2), number(Word.UNDEFINED, 3), number(0, scope.slot_bits), number(1, scope.seq_bits)
    )
    written = replace(asked, records=(record, BLANK))
    for version in range(scope.versions if scope.config.anti_rollback else 1):
        suffix = f"_version_{version}" if scope.config.anti_rollback else ""
        flashed = without_origin(scope, _flashed(written, 0, version), number(0, scope.place_bits))
        then = written if scope.has_factory else flashed
        yield _written(f"tool_uploads_ota_0{suffix}", then, source="ARDUINO-UPLOAD")


def _switches(scope: Scope, asked: Device) -> Actions:
    """Yield the switches of otatool.py to a slot that holds a whole image, which counts as provisioned then."""
    first, second = asked.records
    chosen = newest(asked.records, (first.is_right, second.is_right))
    sector = choose(chosen.is_some, chosen.other_sector, number(Sector.FIRST))
    for place in range(scope.slots):
        slot = number(place, scope.slot_bits)
        following = next_seq(chosen.of(asked.records), slot, asked.slot_count)
        seq = choose(chosen.is_some, following, number(place + 1, scope.seq_bits))
        record = Record(number(Check.RIGHT, 2), record_in(asked, sector).word, slot, seq)
        then = replace(
            asked,
            records=with_record(asked, sector, as_it_reads(scope, record)),
            slots=with_slot(asked, slot, _vouched(asked.slots[place])),
        )
        when = asked.slots[place].is_complete & has_next_number(scope, asked)
        yield _written(f"tool_switches_to_ota_{place}", then, place, when, "IDF-OTATOOL-SWITCH")


def _vouched(slot: Slot) -> Slot:
    """Return a slot that somebody selects."""
    return replace(slot, is_finished=fact(True), is_earned=fact(True), is_rejected=fact(False))


def _end_records(scope: Scope, asked: Device) -> Actions:
    """Yield the writes of one record, with each number at an end in each sector; the other record stays.

    The image verifies, and counts as provisioned: whoever selects it vouches for it."""
    for sector, (text, value) in product(Sector, end_values(scope)):
        place = slot_named(scope, value)
        slot = number(place, scope.slot_bits)
        new = Record(number(Check.RIGHT, 2), number(Word.UNDEFINED, 3), slot, number(value, scope.seq_bits))
        then = replace(
            asked,
            records=with_record(asked, number(sector), new),
            slots=with_slot(asked, slot, _vouched(asked.slots[place])),
        )
        yield _written(f"tool_writes_{text}_in_{sector.name.lower()}", then, when=asked.slots[place].is_complete)


def _flashed(device: Device, place: int, version: int) -> Device:
    whole = Slot(number(Content.COMPLETE, 2), number(version), fact(True), fact(True), fact(False))
    slots = tuple(whole if index == place else slot for index, slot in enumerate(device.slots))
    return replace(device, slots=slots)


def _written(
    name: str, then: Device, place: int = 0, when: Bool | None = None, source: str = "IDF-OTA-OTATOOL"
) -> Action:
    is_there = then.slot_count > place
    when = is_there if when is None else when & is_there
    return Action(name, (Task.OFF,), when, then, Kind.WRITER, source)
