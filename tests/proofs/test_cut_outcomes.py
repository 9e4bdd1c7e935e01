"""The table of what boots after a power cut inside a call: its cells, and what else says the same."""

import json
from dataclasses import replace
from functools import cache

import pytest

from otaproof.cli.main import main
from otaproof.model.claims.state_claims import DEVICE_CLAIMS
from otaproof.model.config import Config, Release
from otaproof.model.device.state import Ghost, Scope, Task, Usage
from otaproof.model.device.stepper import Stepper, stepper
from otaproof.model.fault_model import FaultModel
from otaproof.proofs.explicit.cut_outcomes import BEGINS, Call, Cell, Outcome, OutcomeSearch, outcome_of, outcomes
from otaproof.proofs.explicit.explorer import explore
from otaproof.proofs.refinement.outcomes_smt import is_well_formed, possible_outcomes

ROLLBACK_5_1 = Scope(Config(rollback=True, app_release=Release.V5_1))
ROLLBACK_6_0 = Scope(Config(rollback=True, app_release=Release.V6_0), has_factory=True, faults=FaultModel.F0)
ANTI_ROLLBACK = Scope(Config(rollback=True, anti_rollback=True), versions=2, faults=FaultModel.F0)
SCOPES = {"rollback 5.1": ROLLBACK_5_1, "factory 6.0": ROLLBACK_6_0, "anti-rollback": ANTI_ROLLBACK}

SAFE = {"same", "old, new"}
THIRD = "old, new, THIRD"


@cache
def cells(scope: Scope) -> tuple[Cell, ...]:
    """Return the cells of a scope."""
    return outcomes(scope)


def texts(scope: Scope) -> dict[str, str]:
    """Return what the table shows."""
    return {cell.call.value: str(cell) for cell in cells(scope)}


@pytest.mark.parametrize(
    ("faults", "power_on", "rollback"),
    [
        (FaultModel.F0, "old, new", "old, new"),
        (FaultModel.F1, "old, new", "old, new"),
        (FaultModel.F2, THIRD, THIRD),
        (FaultModel.F3, THIRD, THIRD),
    ],
)
def test_documented_use_is_power_safe_up_to_prefixes(faults: FaultModel, power_on: str, rollback: str) -> None:
    """With rollback and two slots, ota.rst's promise holds of every call, until bytes are torn in any order."""
    expected = {
        "power_on": power_on,
        "commence": "same",
        "write": "same",
        "complete": "old, new",
        "accept": "old, new",
        "rollback": rollback,
        "set_boot_running": "–",
        "set_boot_factory": "–",
        "set_boot_ota": "–",
        "erase_last_boot": "–",
    }
    assert expected == texts(replace(ROLLBACK_5_1, faults=faults, usage=Usage.RESTART_AT_ONCE))


def test_calls_out_of_order_are_not_power_safe_even_when_nothing_is_torn() -> None:
    """accept() before the restart, complete() twice or a switch rewrites the one record that led to what runs."""
    unsafe = {cell.call for cell in cells(replace(ROLLBACK_5_1, faults=FaultModel.F0)) if not cell.is_safe}
    assert {Call.COMPLETE, Call.ACCEPT, Call.SET_BOOT_RUNNING, Call.SET_BOOT_OTHER} == unsafe


def test_switch_to_factory_can_start_the_other_slot() -> None:
    """K1: both records go, the newer one first; then the older one decides."""
    (cell,) = [c for c in cells(ROLLBACK_6_0) if c.call is Call.SET_BOOT_FACTORY]
    example = cell.examples[Outcome.THIRD]
    assert ROLLBACK_6_0.factory == example.new
    assert len({example.old, example.new, example.found}) == 3
    assert 1 == example.cuts


@pytest.mark.thorough
def test_only_anti_rollback_bricks() -> None:
    """Without it something always starts."""
    assert not any(Outcome.BRICK in cell.examples for cell in cells(ROLLBACK_5_1) + cells(ROLLBACK_6_0))
    assert any(Outcome.BRICK in cell.examples for cell in cells(ANTI_ROLLBACK))


@pytest.mark.parametrize("scope", SCOPES.values(), ids=SCOPES)
def test_example_of_every_cell_replays_to_what_it_says(scope: Scope) -> None:
    """The actions lead there, and stepping the bootloader, instead of asking boot_choice(), starts what was said."""
    steps = stepper(scope)
    is_cut = {a.name: a.kind.value == "cut" for a in steps.model.actions}
    for cell in cells(scope):
        for outcome, example in cell.examples.items():
            state = steps.initial
            for action in example.actions:
                state_after = steps.step(state, action)
                assert state_after is not None, action
                state = state_after
            assert sum(is_cut[a] for a in example.actions) == example.cuts
            assert example.found == started(steps, state)
            assert outcome is outcome_of(example.old, example.new, example.found, scope.nowhere)


def started(steps: Stepper, state: tuple[int, ...]) -> int:
    """Return the place that an undisturbed power-on starts, found by stepping."""
    task, running = steps.names.index("task"), steps.names.index("running")
    while state[task] not in (Task.STARTED, Task.STUCK):
        (state,) = (
            after for number, after in steps.successors(state) if steps.model.actions[number].kind.value != "cut"
        )
    return state[running]


@pytest.mark.parametrize("usage", Usage)
@pytest.mark.parametrize("faults", [FaultModel.F1, pytest.param(FaultModel.F2, marks=pytest.mark.slow)])
@pytest.mark.parametrize("release", [Release.V5_1, Release.V6_0])
def test_an_unsafe_cell_is_a_violation_of_c7(usage: Usage, faults: FaultModel, release: Release) -> None:
    """The explorer asks the same with ghosts in the state, and no chain of calls."""
    scope = Scope(Config(rollback=True, app_release=release), faults=faults, usage=usage)
    c7 = [claim for claim in DEVICE_CLAIMS if claim.claim.id == "C7"]
    is_violated = not explore(replace(scope, ghosts=frozenset({Ghost.CHOICE})), c7).holds("C7")
    assert is_violated == any(not cell.is_safe for cell in cells(scope))


@pytest.mark.parametrize("scope", SCOPES.values(), ids=SCOPES)
def test_every_reachable_state_that_a_call_begins_in_is_well_formed(scope: Scope) -> None:
    """So what z3 rules out of well-formed states is ruled out of reachable ones."""
    search = OutcomeSearch(stepper(scope))
    is_it = is_well_formed(scope, search.steps.model.device)
    assert all(search.steps.value(is_it, s) for s in search.search.order if search.task(s) in BEGINS)


@pytest.mark.parametrize("call", Call)
@pytest.mark.parametrize("scope", SCOPES.values(), ids=SCOPES)
def test_z3_allows_every_outcome_that_was_found(scope: Scope, call: Call) -> None:
    """Two ways to ask, and one model."""
    (cell,) = [cell for cell in cells(scope) if cell.call is call]
    assert set(cell.outcomes) <= possible_outcomes(scope, call)


ONLY_HISTORY = {
    Call.POWER_ON: set(),
    Call.COMMENCE: {Outcome.OLD, Outcome.NEW},
    Call.WRITE: {Outcome.OLD, Outcome.NEW},
    Call.COMPLETE: {Outcome.THIRD},
    Call.ACCEPT: {Outcome.SAME},
    Call.ROLLBACK: set(),
}


@pytest.mark.parametrize("call", ONLY_HISTORY)
def test_what_only_the_history_of_a_device_rules_out(call: Call) -> None:
    """In documented use a record of the right kind always lies in the other sector; records alone do not say so."""
    scope = replace(ROLLBACK_5_1, usage=Usage.RESTART_AT_ONCE)
    (cell,) = [cell for cell in cells(scope) if cell.call is call]
    assert ONLY_HISTORY[call] == possible_outcomes(scope, call) - set(cell.outcomes)


@pytest.mark.parametrize(
    "slots", [1, 2, pytest.param(3, marks=pytest.mark.slow), pytest.param(8, marks=pytest.mark.slow)]
)
@pytest.mark.parametrize("call", Call)
@pytest.mark.thorough
def test_no_cut_in_any_call_bricks_any_well_formed_device_without_anti_rollback(call: Call, slots: int) -> None:
    """Of any number of records, slots and images: if something would have started, something starts."""
    scope = Scope(Config(rollback=True), slots=slots, faults=FaultModel.F3)
    assert Outcome.BRICK not in possible_outcomes(scope, call)


def test_outcome_of_one_more_place_is_third() -> None:
    """The five words."""
    assert Outcome.SAME is outcome_of(1, 1, 1, 3)
    assert Outcome.OLD is outcome_of(0, 1, 0, 3)
    assert Outcome.NEW is outcome_of(0, 1, 1, 3)
    assert Outcome.THIRD is outcome_of(0, 1, 2, 3)
    assert Outcome.BRICK is outcome_of(0, 3, 3, 3)
    assert Outcome.SAME is outcome_of(3, 3, 3, 3)


def test_command_prints_the_table_and_the_way_to_what_is_not_safe(capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 1: an outcome is not safe."""
    assert 1 == main(["outcomes", "--usage", "any", "--faults", "F0"])
    printed = capsys.readouterr().out
    assert "THIRD in accept, F0, 1 cut" in printed
    assert "POWER FAILS while accept() rewrote entry" in printed
    told = "the next power-on starts ota_0; before the call it starts ota_1, after it ota_1"
    assert told in " ".join(printed.split())
    assert "F1" not in printed


def test_command_succeeds_when_every_outcome_is_safe(capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 0; the cross-check tells what z3 could not rule out by itself."""
    assert 0 == main(["outcomes", "--usage", "restart-at-once", "--faults", "F0", "--cross-check"])
    assert "restart-at-once usage, F0, accept: same" in capsys.readouterr().out


def test_json_has_every_cell(capsys: pytest.CaptureFixture[str]) -> None:
    """Each usage, and the fault models up to the one asked for."""
    assert 1 == main(["outcomes", "--factory", "--faults", "F0", "--json"])
    report = json.loads(capsys.readouterr().out)
    assert {"documented", "restart-at-once", "any"} == set(report["usages"])
    cell = report["usages"]["any"]["set_boot_factory"]["F0"]
    assert ["same", "old", "new", "THIRD"] == cell["outcomes"]
    assert {"cuts": 1, "old": "ota_0", "new": "factory", "found": "ota_1"}.items() <= cell["examples"]["THIRD"].items()
    assert report["only_history_rules_out"] is None


def test_json_of_a_cross_check_tells_what_history_rules_out(capsys: pytest.CaptureFixture[str]) -> None:
    """By usage, fault model and call."""
    main(["outcomes", "--usage", "restart-at-once", "--faults", "F0", "--cross-check", "--json"])
    assert ["THIRD"] == json.loads(capsys.readouterr().out)["only_history_rules_out"]["restart-at-once F0 complete"]


def test_command_refuses_a_scope_that_no_device_has(capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 2."""
    assert 2 == main(["outcomes", "--slots", "17"])
    assert "17 OTA slots" in capsys.readouterr().err
