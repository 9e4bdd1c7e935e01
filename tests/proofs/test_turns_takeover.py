"""The takeover of ESP-IDF's records in the model: it starts what ESP-IDF's bootloader would, and the board does it."""

import itertools
from dataclasses import replace

import pytest

from otaproof.impl.by_turns.takeover import taken_over as taken_over_by_board
from otaproof.impl.by_turns.turn_record import FACTORY_PLACE, NO_PLACE, TurnKind, TurnPlaces
from otaproof.impl.otadata import EntryPair, SelectEntry, is_crc_right, make_entry, slot_of_seq
from otaproof.model.config import Config, Selector
from otaproof.model.device.by_turns.turns_takeover import Takeover, taken_over
from otaproof.model.device.device_fields import device_of
from otaproof.model.device.logical_state import LogicalState, loads, logical_state, starting_place
from otaproof.model.device.records import BLANK, Check, Numbers, Record, Word, either
from otaproof.model.device.selection import aborted, boot_choice, select
from otaproof.model.device.state import Scope, Usage
from otaproof.model.fault_model import FaultModel
from otaproof.model.terms.terms import Num, fact, number
from otaproof.proofs.smt.lemma import LemmaVerdict, Result, prove_always
from otaproof.proofs.smt.z3_terms import Z3Reading

STATES = {0: Word.NEW, 1: Word.PENDING_VERIFY, 2: Word.VALID, 3: Word.INVALID, 4: Word.ABORTED, 7: Word.UNDEFINED}


def scope_of(selector: Selector, rollback: bool, slots: int, has_factory: bool) -> Scope:
    """Return a scope without anti-rollback, by which ESP-IDF's bootloader passes over records as well."""
    config = Config(rollback=rollback, selector=selector)
    return Scope(config, slots, has_factory, FaultModel.F0, Usage.ANY, numbers=Numbers.EXACT)


def starts_alike(rollback: bool, slots: int, has_factory: bool, is_whole: bool = True) -> Result:
    """Return whether what starts is what ESP-IDF's bootloader starts, whatever the records and the slots hold.

    is_whole: if the slot that is selected holds an image that loads."""
    old, new = (scope_of(selector, rollback, slots, has_factory) for selector in (Selector.ESP_IDF, Selector.BY_TURNS))
    device, read = device_of(old), Z3Reading()
    found = taken_over(new, device.records)
    selected = select(old, replace(device, records=aborted(old, device.records))).start
    taken = replace(device, records=(either(found.is_some, found.record, BLANK), BLANK))
    is_left_out = found.is_some & ~loads(old, device, selected) if is_whole else fact(False)
    is_alike = is_left_out | (boot_choice(old, device) == starting_place(new, taken))
    ranges = [bound for record in device.records for bound in (record.check < 3, record.word < 6, record.slot < slots)]
    return prove_always(read(is_alike), [read(bound) for bound in ranges])


@pytest.mark.parametrize("rollback", [True, False])
@pytest.mark.parametrize(("slots", "has_factory"), [(2, False), (2, True), (3, False), (3, True)])
def test_what_starts_is_what_esp_idf_would_start(rollback: bool, slots: int, has_factory: bool) -> None:
    """Where the selected image loads; the order of trying others is better by turns, so it is another one."""
    assert LemmaVerdict.HOLDS == starts_alike(rollback, slots, has_factory).verdict


def test_another_image_is_tried_first_where_the_selected_one_does_not_load() -> None:
    """By turns it is the one of the other record."""
    assert LemmaVerdict.REFUTED == starts_alike(True, 3, False, is_whole=False).verdict


def seen(entry: SelectEntry, slots: int) -> Record:
    """Return an entry as the model has it."""
    check = Check.RIGHT if is_crc_right(entry) else Check.WRONG
    check = Check.EMPTY if entry.ota_seq == 0xFFFFFFFF else check
    word = STATES.get(entry.ota_state, Word.UNDEFINED)
    return Record(number(check, 2), number(word, 3), number(slot_of_seq(entry.ota_seq, slots)), number(entry.ota_seq))


def kind_of(state: LogicalState) -> TurnKind:
    """Return the kind of a state of constants."""
    if state.is_tried.value:
        return TurnKind.TRIED
    return {Word.NEW: TurnKind.NEW, Word.VALID: TurnKind.VALID}.get(Word(value_of(state.word)), TurnKind.SELECTED)


def value_of(term: Num) -> int:
    """Return the value of a constant."""
    assert term.value is not None
    return int(term.value)


def told(found: Takeover, scope: Scope) -> tuple[TurnKind, int, int, int, int] | None:
    """Return kind, current, other, sector and number; None where no record is bootable."""
    if not found.is_some.value:
        return None
    state = logical_state(scope, (found.record, BLANK))
    names = {scope.factory: FACTORY_PLACE, scope.nowhere: NO_PLACE}
    current, other = (names.get(place, place) for place in map(value_of, (state.current, state.other)))
    return kind_of(state), current, other, value_of(found.stays), value_of(found.record.seq)


@pytest.mark.parametrize("rollback", [True, False])
@pytest.mark.parametrize(("slots", "has_factory"), [(1, False), (2, False), (2, True), (3, True)])
def test_the_board_takes_over_as_the_model_says(rollback: bool, slots: int, has_factory: bool) -> None:
    """Every pair of records with numbers 1 to 4, with each state, blank ones, and wrong check words."""
    scope = scope_of(Selector.BY_TURNS, rollback, slots, has_factory)
    singles = [make_entry(*each) for each in itertools.product(range(1, 5), STATES)]
    singles += [replace(singles[8], crc=0), make_entry(0xFFFFFFFF, 0xFFFFFFFF), make_entry(0xFFFFFFFF, 2)]
    for pair in itertools.product(singles, repeat=2):
        turn = taken_over_by_board(EntryPair(*pair), TurnPlaces(slots, has_factory), rollback)
        found = taken_over(scope, (seen(pair[0], slots), seen(pair[1], slots)))
        state = None if turn is None else turn.state
        said = state and turn and (state.kind, state.current, state.other, turn.sector, turn.seq)
        assert said == told(found, scope), pair
