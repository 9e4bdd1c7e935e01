"""The device model's parts by themselves: records, tears, what boots, and which actions a scope has."""

import zlib
from collections.abc import Iterator
from dataclasses import replace
from itertools import product

import pytest

from otaproof.impl.chip.torn_operations import Torn
from otaproof.model.config import Chip, Config, Release
from otaproof.model.device.action import Action, Kind
from otaproof.model.device.allowance import Allowance
from otaproof.model.device.device_parts import burn, with_slot
from otaproof.model.device.image_loading import fallback
from otaproof.model.device.model import device_model
from otaproof.model.device.record_tears import Torn as TornClass
from otaproof.model.device.record_tears import erased_tears, programmed_tears
from otaproof.model.device.records import (
    BLANK,
    Active,
    Check,
    Numbers,
    Record,
    Word,
    active,
    next_seq,
    ranked,
    reported_word,
)
from otaproof.model.device.search import reachable
from otaproof.model.device.state import Content, Expectation, Ghost, Phase, Scope, Task, Usage
from otaproof.model.device.stepper import Stepper, stepper
from otaproof.model.device.stray_numbers import StrayOrder, stray_named
from otaproof.model.fault_model import MODELLED_FAULTS, FaultModel
from otaproof.model.terms.terms import number

WORD_VALUES = dict(zip(Word, (0, 1, 2, 3, 4, 0xFFFFFFFF), strict=True))
SEQ = 2
EMPTY = b"\xff" * 32
SCOPES = {
    "restart at once, rollback": Scope(Config(rollback=True), faults=FaultModel.F3, usage=Usage.RESTART_AT_ONCE),
    "restart at once, plain": Scope(Config(), faults=FaultModel.F3, usage=Usage.RESTART_AT_ONCE),
    "any, rollback 5.5, factory": Scope(
        Config(rollback=True, app_release=Release.V5_5, skip_validate_in_deep_sleep=True),
        has_factory=True,
        faults=FaultModel.F0,
    ),
    "anti-rollback": Scope(
        Config(rollback=True, anti_rollback=True), faults=FaultModel.F1, usage=Usage.RESTART_AT_ONCE
    ),
    "one slot": Scope(Config(rollback=True), slots=1),
    "every ghost": Scope(Config(rollback=True), usage=Usage.RESTART_AT_ONCE, ghosts=frozenset(Ghost)),
}


def record(check: Check, word: Word, slot: int = 0, seq: int = 0) -> Record:
    """Return a record of constants."""
    return Record(number(check, 2), number(word, 3), number(slot, 2), number(seq, 3))


def entry(seq: int, word: int) -> bytes:
    """Return the 32 bytes of an entry. Source of the layout: the vectors' README."""
    raw = seq.to_bytes(4, "little")
    return raw + b"\xff" * 20 + word.to_bytes(4, "little") + zlib.crc32(raw, 0xFFFFFFFF).to_bytes(4, "little")


def class_of(raw: bytes) -> TornClass:
    """Return what 32 bytes read as."""
    seq, word, check = (int.from_bytes(raw[place : place + 4], "little") for place in (0, 24, 28))
    fits = check == zlib.crc32(raw[:4], 0xFFFFFFFF)
    read = next((known for known, value in WORD_VALUES.items() if value == word), Word.UNDEFINED)
    return Check.EMPTY if seq == 0xFFFFFFFF else Check.RIGHT if fits else Check.WRONG, read


def subsets(done: bytes, undone: bytes) -> Iterator[bytes]:
    """Yield every mixture, byte by byte, of two entries that differ in at most 12 bytes."""
    differing = [place for place in range(32) if done[place] != undone[place]]
    for choice in product((False, True), repeat=len(differing)):
        mixed = bytearray(done)
        for place, is_undone in zip(differing, choice, strict=True):
            if is_undone:
                mixed[place] = undone[place]
        yield bytes(mixed)


@pytest.mark.parametrize("word", Word)
def test_prefixes_of_a_program_leave_the_classes_of_f1_and_no_others(word: Word) -> None:
    """Byte by byte, as impl/chip/torn_operations.py tears."""
    data = entry(SEQ, WORD_VALUES[word])
    left = {class_of(Torn.parse(f"prefix:{done}").programmed(EMPTY, data, 0)) for done in range(33)}
    assert programmed_tears(Check.RIGHT, word, FaultModel.F1) >= left
    # The prefix that ends before the first byte that is not 0xFF changes nothing.
    assert left == programmed_tears(Check.RIGHT, word, FaultModel.F1)


@pytest.mark.parametrize("word", Word)
def test_prefixes_of_an_erase_leave_the_classes_of_f1_and_no_others(word: Word) -> None:
    """What matters of the sector is its first 32 bytes."""
    sector = entry(SEQ, WORD_VALUES[word]) + b"\xff" * (4096 - 32)
    left = {class_of(Torn.parse(f"partial:{done}").erased(sector)[:32]) for done in range(40)}
    assert left == erased_tears(Check.RIGHT, word, FaultModel.F1)


@pytest.mark.parametrize("tears", [programmed_tears, erased_tears])
@pytest.mark.parametrize("word", Word)
def test_subsets_of_bytes_leave_the_classes_of_f2_and_no_others(word: Word, tears: object) -> None:
    """A program and an erase leave the same: some bytes of the record, 0xFF elsewhere."""
    left = {class_of(mixed) for mixed in subsets(entry(SEQ, WORD_VALUES[word]), EMPTY)}
    assert callable(tears)
    assert left == tears(Check.RIGHT, word, FaultModel.F2)


@pytest.mark.parametrize("word", Word)
def test_more_bits_of_a_word_are_the_classes_of_f3(word: Word) -> None:
    """Every superset of the bits among the low three, the rest as they should be or one too many."""
    value = WORD_VALUES[word]
    read = {class_of(entry(SEQ, more))[1] for more in (*range(8), value | 0x100, 0xFFFFFFFF) if more & value == value}
    assert read == {word for check, word in programmed_tears(Check.RIGHT, word, FaultModel.F3) if check is Check.RIGHT}


def test_whole_operations_leave_the_old_record_or_the_new_one() -> None:
    """F0."""
    blank = (Check.EMPTY, Word.UNDEFINED)
    for check, word in product(Check, Word):
        assert {blank, (check, word)} == programmed_tears(check, word, FaultModel.F0)
        assert {blank, (check, word)} == erased_tears(check, word, FaultModel.F0)


@pytest.mark.parametrize("tears", [programmed_tears, erased_tears])
def test_each_fault_model_admits_what_the_one_before_does(tears: object) -> None:
    """For every record."""
    assert callable(tears)
    for check, word, fault in product(Check, Word, MODELLED_FAULTS[1:]):
        assert tears(check, word, FaultModel(fault - 1)) <= tears(check, word, fault)


def test_the_newest_bootable_record_decides_and_the_first_of_equal_ones() -> None:
    """IDF-OTADATA-ACTIVE."""
    old, new = record(Check.RIGHT, Word.VALID, 0, 1), record(Check.RIGHT, Word.NEW, 1, 2)
    refused = record(Check.RIGHT, Word.INVALID, 1, 4)
    assert (0, 1) == which(active((old, new)))
    assert (1, 0) == which(active((new, old)))
    assert (1, 0) == which(active((old, old)))
    assert (1, 0) == which(active((old, refused)))
    assert (0, 0) == which(active((BLANK, refused)))
    assert (0, 1) == which(active((record(Check.WRONG, Word.VALID), old)))


def which(chosen: Active) -> tuple[int | None, int | None]:
    """Return the constants."""
    return chosen.is_first.value, chosen.is_second.value


def test_info_reports_the_first_record_of_a_slot_whatever_its_number() -> None:
    """IDF-OTA-GET-STATE."""
    first, second = record(Check.RIGHT, Word.ABORTED, 1, 2), record(Check.RIGHT, Word.NEW, 1, 4)
    assert (1, Word.ABORTED) == tuple(term.value for term in reported_word((first, second), 1))
    assert 0 == reported_word((first, second), 0)[0].value


@pytest.mark.parametrize("slots", [1, 2, 3, 16])
def test_next_number_is_the_smallest_not_below_that_names_the_slot(slots: int) -> None:
    """As a loop would find it."""
    for current, slot in product(range(1, 3 * slots), range(slots)):
        expected = next(seq for seq in range(current, current + slots) if (seq - 1) % slots == slot)
        now = Record(number(2), number(2), number((current - 1) % slots, 5), number(current, 8))
        assert expected == next_seq(now, number(slot, 5), slots).value


def test_ranks_keep_the_order_of_two_numbers() -> None:
    """Up to the number of slots they are the numbers."""
    slots = 3
    for one, other in product(range(1, 12), repeat=2):
        records = tuple(Record(number(2), number(2), number(0), number(seq, 8)) for seq in (one, other))
        ranks = [rank.value or 0 for rank in ranked((records[0], records[1]), slots)]
        pairs = list(zip(ranks, (one, other), strict=True))
        assert all(rank == seq if seq <= slots else rank in (slots + 1, slots + 2) for rank, seq in pairs)
        assert (ranks[0] < ranks[1], ranks[0] == ranks[1]) == (one < other, one == other)


@pytest.mark.parametrize(
    ("start", "whole", "has_factory", "expected"),
    [
        (1, {1}, True, 1),
        (1, {0, 2}, True, 0),
        (1, {2}, True, 3),
        (1, {2}, False, 2),
        (3, {0, 2}, True, 3),
        (3, {0, 2}, False, 0),
        (2, set(), False, 4),
    ],
)
def test_fallback_goes_down_to_factory_then_up(start: int, whole: set[int], has_factory: bool, expected: int) -> None:
    """IDF-BOOT-LOAD; place 3 is factory, 4 is nowhere."""
    scope = Scope(Config(), slots=3, has_factory=has_factory)
    device = device_model(scope).device
    for index in range(3):
        content = number(Content.COMPLETE if index in whole else Content.BROKEN, 2)
        slot = replace(device.slots[0], content=content, version=number(0))
        device = replace(device, slots=with_slot(device, number(index, 2), slot))
    assert expected == fallback(scope, device, number(start, 3)).value


@pytest.mark.parametrize(
    ("bits", "version", "expected"),
    [(0b00, 0, 0b00), (0b00, 2, 0b11), (0b01, 2, 0b11), (0b11, 1, 0b11), (0b10, 2, 0b10), (0b10, 1, 0b10)],
)
def test_burn_sets_the_bits_above_the_count_or_none(bits: int, version: int, expected: int) -> None:
    """K15: a torn burn of 10 counts as 1, and the next one would program a bit again, so nothing is burned."""
    assert expected == burn(bits, version)


LIMITS = {"task": len(Task), "phase": len(Phase), "check": len(Check), "word": len(Word), "content": len(Content)}
"""By the last word of a field's name: its values are below that."""


def limit(scope: Scope, name: str, bits: int) -> int:
    """Return what the values of a field are below."""
    last = name.rsplit("_", 1)[-1]
    if name in ("running", "expected", "previous", "old_choice", "new_choice"):
        return scope.nowhere + 1
    if name == "expectation":
        return len(Expectation)
    if last == "slot":
        return scope.slots
    if last == "seq":
        return scope.slots + 3
    if last == "version":
        return scope.versions
    return LIMITS.get(last, 1 << max(1, bits))


@pytest.mark.parametrize("scope", SCOPES.values(), ids=SCOPES)
def test_every_field_stays_in_its_range(scope: Scope) -> None:
    """A record that is right has a number; of others, only a torn one has, where strays can come of it."""
    steps = stepper(scope)
    limits = [limit(scope, field.name, field.bits) for field in steps.model.fields]
    for state in reachable(steps):
        assert all(value < end for value, end in zip(state, limits, strict=True))
        values = steps.as_dict(state)
        for index in range(2):
            check = values[f"record{index}_check"]
            has_number = values[f"record{index}_seq"] > 0
            assert has_number or check != Check.RIGHT
            assert not has_number or check == Check.RIGHT or (check == Check.WRONG and scope.has_strays)
            assert has_number or values.get(f"record{index}_slot", 0) == 0


def why_not(scope: Scope, action: Action) -> str:
    """Return why no history of a device of that scope takes an action of its model; "" for an action that is taken."""
    name, config = action.name, scope.config
    left = name.rpartition("leaves_")[2] if name.startswith(("cut_in_erase_", "cut_in_program_")) else ""
    stray = stray_named(name)
    word = left.partition("_")[2] if stray is None else stray.word.name.lower()
    reasons = {
        "documented use asks for no partition": name.startswith("set_boot_") and scope.usage is Usage.RESTART_AT_ONCE,
        "there is no factory to ask for": name.startswith("forget_")
        and not (scope.has_factory and scope.usage is Usage.ANY),
        "commence() spares the record": name.startswith("spare_")
        and not (config.rollback and config.app_release >= Release.V5_5),
        "no image is too old": name.startswith(("reject_", "set_boot_reject_")) and not config.anti_rollback,
        "rollback is off": not config.rollback
        and (name.startswith(("abort_", "try_")) or word in ("new", "pending_verify", "aborted")),
        "no older record is rewritten beside one of ota_1, and only its number becomes the same one": stray is not None
        and (stray.order, stray.slot) == (StrayOrder.EQUAL, 1)
        and config.rollback,
        "with a factory image no first record is written": name.startswith("fresh_") and scope.has_factory,
        "the first image has version 0": name == "burn_fresh_burns",
        "there is no slot to go to": scope.slots == 1
        and name.startswith(
            ("commence", "write_", "complete", "spare_", "cut_before_wipe", "cut_after", "cut_in_wipe")
        ),
        "nothing is torn": scope.faults is FaultModel.F0
        and left != ""
        and not left.startswith("right_")
        and left != "empty_undefined",
        "the state word is torn after the number": scope.faults is FaultModel.F1
        and "_program_" in name
        and left.startswith("empty_")
        # The bootloader aborts a record whose number is gone as well, if its word still says PENDING_VERIFY.
        and word not in ("undefined", "aborted"),
        "no UNDEFINED is written, and none is torn": config.rollback
        and scope.faults <= FaultModel.F1
        and left == "right_undefined",
    }
    return next((reason for reason, holds in reasons.items() if holds), "")


@pytest.mark.parametrize("scope", SCOPES.values(), ids=SCOPES)
def test_every_action_is_taken_or_there_is_a_reason(scope: Scope) -> None:
    """No action is dead weight, and no reason is stale."""
    steps = stepper(scope)
    taken = {number for state in reachable(steps) for number, _ in steps.successors(state)}
    actions = steps.model.actions
    assert {a.name for a in actions if why_not(scope, a)} == {a.name for n, a in enumerate(actions) if n not in taken}


@pytest.mark.parametrize("scope", SCOPES.values(), ids=SCOPES)
def test_power_can_fail_wherever_something_goes_on(scope: Scope) -> None:
    """In every state but those without power, and the moment in which an image is started; and it ends the program."""
    steps = stepper(scope)
    task = steps.names.index("task")
    is_cut = [action.kind is Kind.CUT for action in steps.model.actions]
    for state in reachable(steps):
        left = [after for number, after in steps.successors(state) if is_cut[number]]
        assert bool(left) == (state[task] not in (Task.OFF, Task.STARTED))
        assert all(after[task] == Task.OFF for after in left)


def test_names_of_actions_are_unique_and_their_sources_cited() -> None:
    """Traces name them."""
    for scope in SCOPES.values():
        names = [action.name for action in device_model(scope).actions]
        assert len(names) == len(set(names))
        assert all(action.weakest is not None for action in device_model(scope).actions if action.kind is Kind.CUT)


@pytest.mark.parametrize(
    ("name", "guard"),
    [
        ("power_on", "(task == 0)"),
        ("restart", "(task == 9)"),
        ("accept_programs", "((task == 14) & (phase == 1))"),
        ("boot_aborts", "((task == 1) & ((record0_word == 1) | (record1_word == 1)))"),
        (
            "write_first",
            "((task == 9) & session & (choose((((running < 1) & ((running + 1) == 0)) | ~(running < 1)), "
            "slot0_content, slot1_content) == 0))",
        ),
    ],
)
def test_a_guard_reads_as_its_rule(name: str, guard: str) -> None:
    """Terms print as they were built, less what the scope decides."""
    model = device_model(SCOPES["restart at once, rollback"])
    assert guard == repr(next(model.guard(action) for action in model.actions if action.name == name))


def test_a_step_that_cannot_be_taken_is_none() -> None:
    """And one that can, leads to one state."""
    steps: Stepper = stepper(SCOPES["restart at once, rollback"])
    assert steps.step(steps.initial, "commence") is None
    after = steps.step(steps.initial, "power_on")
    assert after is not None
    assert Task.SELECT == steps.as_dict(after)["task"]


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"slots": 0}, "0 OTA slots"),
        ({"slots": 17}, "17 OTA slots"),
        ({"versions": 1}, "1 secure versions"),
        ({"config": Config(skip_validate_always=True), "allows": {Allowance.FAILING_FLASH}}, "without failing flash"),
        ({"config": Config(True, True, skip_validate_on_power_on=True)}, "without anti-rollback"),
        ({"config": Config(skip_validate_in_deep_sleep=True, chip=Chip.ESP32C2)}, "does not remember"),
        ({"config": Config(rollback=True, anti_rollback=True, secure_version_bits=1)}, "hold no 3 secure versions"),
    ],
)
def test_a_scope_that_the_model_does_not_cover_is_refused(wrong: dict[str, object], why: str) -> None:
    """One line says why."""
    with pytest.raises(ValueError, match=why):
        Scope(**wrong)  # type: ignore[arg-type]  # each case has one field of its own kind


def test_exact_numbers_stop_before_the_end_of_their_range() -> None:
    """There complete() has no action: what then happens is out of the model."""
    steps = stepper(Scope(Config(), numbers=Numbers.EXACT))
    state = steps.initial
    upgrade = ("commence", "commence_erases", "write_first", "write_rest")
    for action in ("power_on", "boot_starts", "fresh_erases", "fresh_programs", "image_begins", *upgrade):
        after = steps.step(state, action)
        assert after is not None, action
        state = after
    assert steps.step(state, "complete") is not None
    values = steps.as_dict(state) | {"record0_seq": 0xFFFFFFC0}
    assert steps.step(tuple(values[name] for name in steps.names), "complete") is None
