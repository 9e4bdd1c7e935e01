"""The `transitions` view: the table's moves, no others, and a refused one is an error."""

from itertools import product

import pytest

from otaproof.model.config import Config
from otaproof.model.slot.life_cycle import TABLE, WHOLE_STEP_ROWS, Event, NoSuchMove, RowKind, whole_row
from otaproof.model.slot.situation import Place, Situation, State
from otaproof.model.slot.state_machine import WHOLE_STEP_KINDS, Arrow, SlotMachine, arrows, build_machine

CONFIG = Config(rollback=True)
TARGET = Situation(CONFIG, is_target=True)
MARKED = Situation(CONFIG, Place.SELECTED, is_target=True, target_is_selected=True)
CHOSEN = Situation(CONFIG, Place.SELECTED, is_chosen=True, is_started=True)
RUNNING = Situation(CONFIG, Place.SELECTED, is_running=True)


class Bare:
    """A model for a machine, with nothing of its own."""


def test_whole_life_of_an_accepted_image() -> None:
    """complete(), boot, accept()."""
    slot = SlotMachine()
    steps = [("commence", TARGET), ("write", TARGET), ("complete", TARGET), ("power_on", CHOSEN), ("accept", RUNNING)]
    assert [State.NONE, State.NONE, State.NEW, State.TESTING, State.VALID] == [slot.step(*step) for step in steps]


def test_refused_move_is_an_error_and_not_a_silent_false() -> None:
    """Accepting before the reboot is no normal row."""
    slot = SlotMachine({RowKind.NORMAL}, State.NEW)
    with pytest.raises(NoSuchMove, match="new, accept: no row leads on in 5"):
        slot.step("accept", MARKED)


def test_refused_move_changes_nothing() -> None:
    """The slot stays where it was."""
    slot = SlotMachine({RowKind.NORMAL}, State.NEW)
    with pytest.raises(NoSuchMove):
        slot.step("accept", MARKED)
    assert State.NEW is slot.current


def test_same_move_is_open_with_rows_of_misuse() -> None:
    """The chosen kinds decide."""
    assert State.VALID is SlotMachine({RowKind.NORMAL, RowKind.MISUSE}, State.NEW).step("accept", MARKED)


def test_unknown_trigger_is_an_error() -> None:
    """Even one that `transitions` would add by itself."""
    with pytest.raises(NoSuchMove, match="none, to_valid: no row"):
        SlotMachine().step("to_valid", TARGET)


def test_cut_goes_where_the_outcome_says() -> None:
    """A cut in accept() leaves the record erased, among others."""
    slot = SlotMachine({RowKind.POWER_CUT}, State.TESTING)
    assert State.NONE is slot.step("accept (cut)", RUNNING, after=State.NONE)


def test_cut_goes_nowhere_that_no_row_allows() -> None:
    """A tear never makes testing new: bits only stay or become 1."""
    with pytest.raises(NoSuchMove, match="no row leads on to new"):
        SlotMachine({RowKind.POWER_CUT}, State.TESTING).step("accept (cut)", RUNNING, after=State.NEW)


def test_machine_has_one_transition_for_each_arrow_and_no_more() -> None:
    """Nothing is added, nothing lost."""
    machine = build_machine(Bare(), RowKind)
    found = [
        (source, trigger, transition.dest)
        for trigger, event in machine.events.items()
        for source, transitions in event.transitions.items()
        for transition in transitions
    ]
    assert sorted((a.before.value, a.trigger, a.after.value) for a in arrows(RowKind)) == sorted(found)


def test_every_row_has_an_arrow() -> None:
    """From each of its states, by each of its events."""
    drawn = {(arrow.row.id, arrow.before) for arrow in arrows(RowKind)}
    assert {(row.id, state) for row in TABLE for state in row.states_before} == drawn


def test_arrows_of_a_kind_are_of_that_kind_only() -> None:
    """So that a drawing of normal life shows nothing else."""
    assert {RowKind.NORMAL} == {arrow.row.kind for arrow in arrows([RowKind.NORMAL])}


@pytest.mark.parametrize(("state", "event"), list(product(State, Event)))
def test_machine_takes_the_row_that_the_table_gives(state: State, event: Event) -> None:
    """Wherever the table has a whole-step row for these situations, the machine goes the same way."""
    for situation in (TARGET, MARKED, CHOSEN, RUNNING, Situation(CONFIG, Place.SPARE, hidden=State.VALID)):
        rows = [row for row in WHOLE_STEP_ROWS if row.is_open(state, event, situation)]
        if len(rows) == 1:
            expected = whole_row(state, event, situation).state_after(state, situation.hidden)
            assert expected is SlotMachine(WHOLE_STEP_KINDS, state).step(event.value, situation)


def test_arrow_names_its_row() -> None:
    """For whoever draws it."""
    row = next(row for row in TABLE if row.id == "L51")
    assert Arrow(State.TESTING, "power_on", State.ABORTED, row) in set(arrows([RowKind.NORMAL]))
