"""Operations that fail where otadata is kept by turns: which claims stay, and that board and model agree."""

import random
from dataclasses import replace

import pytest
from model_traces import first_takes, random_walk

from otaproof.campaign.history.history import History, upgrade
from otaproof.campaign.history.history_replay import replay_history
from otaproof.campaign.history.known_cases import known_case
from otaproof.campaign.history.step import ACCEPT, POWER_ON, Step, StepFailure, StepName
from otaproof.campaign.lockstep.trace_replay import TraceWalker, confirm, device_of_scope
from otaproof.impl.by_turns.turn_record import Turn, TurnKind, TurnPlaces, decide
from otaproof.impl.chip.flash import FailureExtent
from otaproof.model.claims.left_out import left_out
from otaproof.model.config import Config, Release, ResetReason, Selector
from otaproof.model.device.action import Kind
from otaproof.model.device.allowance import Allowance
from otaproof.model.device.model import device_model
from otaproof.model.device.scope_text import scope_title
from otaproof.model.device.state import Ghost, Scope, Usage
from otaproof.model.device.stepper import stepper
from otaproof.model.fault_model import FaultModel
from otaproof.proofs.explicit.explorer import claims_of, explore, with_ghosts_of
from otaproof.proofs.prover.decision import ProofVerdict
from otaproof.proofs.prover.prover import decide as decide_claims

FAILING = frozenset({Allowance.FAILING_FLASH})
AT_ONCE = Usage.RESTART_AT_ONCE


def scope_of(
    usage: Usage,
    *,
    rollback: bool = True,
    anti_rollback: bool = False,
    has_factory: bool = False,
    release: Release = Release.V5_1,
    slots: int = 2,
) -> Scope:
    """Return a scope by turns in which operations can fail."""
    config = Config(
        rollback=rollback,
        anti_rollback=anti_rollback,
        app_release=release,
        bootloader_release=release,
        selector=Selector.BY_TURNS,
    )
    return Scope(config, slots, has_factory, FaultModel.F3, usage, versions=2, allows=FAILING)


def broken_in(scope: Scope) -> set[str]:
    """Return the claims that a search of all states finds broken."""
    claims = claims_of(scope)
    found = explore(with_ghosts_of(scope, claims), claims)
    assert found.is_complete
    return set(found.violations)


BY_FAILURES = {"C4", "C6", "C17", "C19"}
"""What failing operations break besides, with rollback."""
BROKEN = [
    (scope_of(AT_ONCE), BY_FAILURES),
    (scope_of(AT_ONCE, has_factory=True), BY_FAILURES),
    (scope_of(AT_ONCE, has_factory=True, release=Release.V6_1), BY_FAILURES | {"C22"}),
    (scope_of(AT_ONCE, anti_rollback=True), BY_FAILURES | {"C24", "C26"}),
    (scope_of(AT_ONCE, rollback=False), {"C6", "C17", "C25"}),
    (scope_of(Usage.DOCUMENTED), BY_FAILURES | {"C7", "C21", "C26"}),
    (scope_of(Usage.ANY), BY_FAILURES | {"C7", "C21", "C26"}),
]


@pytest.mark.parametrize(("scope", "broken"), BROKEN, ids=[scope_title(scope) for scope, _ in BROKEN])
def test_what_failing_operations_break_and_nothing_else(scope: Scope, broken: set[str]) -> None:
    """The table of docs/spec/by-turns.md."""
    assert broken == broken_in(scope)


def test_board_breaks_what_the_model_breaks() -> None:
    """Each refuted claim has a trace that the board goes, and breaks the claim at its end."""
    scope = scope_of(AT_ONCE, anti_rollback=True)
    claims = claims_of(scope)
    found = explore(with_ghosts_of(scope, claims), claims).violations
    assert [id_ for id_ in found if not confirm(scope, found[id_].actions, id_).is_confirmed] == []


WALKED = (
    scope_of(Usage.ANY, has_factory=True),
    scope_of(Usage.ANY, release=Release.V6_1),
    scope_of(Usage.ANY, rollback=False, release=Release.V5_5),
    scope_of(AT_ONCE, anti_rollback=True),
)
UNTAKEN = {"burn_fresh_fails_none", "burn_fresh_fails_all"}
"""The first image has version 0, so nothing is burned for it."""


@pytest.mark.parametrize("scope", WALKED, ids=("factory", "6.1", "plain", "anti"))
def test_board_goes_the_way_of_every_action(scope: Scope) -> None:
    """After every operation, failing ones among them, flash, eFuse and what runs are as the model says."""
    takes = first_takes(scope)
    for name, trace in takes.items():
        for _ in TraceWalker(replace(scope, ghosts=frozenset(Ghost)), trace).play():
            pass
        assert name == trace[-1]


def test_every_action_that_fails_is_taken() -> None:
    """In one of the scopes that the board is compared over."""
    failing = {action.name for scope in WALKED for action in device_model(scope).actions if action.kind is Kind.FAILURE}
    taken = {name for scope in WALKED for name in first_takes(scope)}
    assert failing - taken == UNTAKEN


@pytest.mark.parametrize("seed", range(8))
def test_board_goes_random_ways(seed: int) -> None:
    """Longer histories, with failures and cuts, in any order of calls."""
    source = random.Random(seed)
    scope = scope_of(
        Usage.ANY,
        rollback=source.random() < 0.7,
        has_factory=source.random() < 0.5,
        release=source.choice(list(Release)),
        slots=source.choice((2, 3)),
    )
    trace = [action.name for action in random_walk(stepper(scope), source, 90)]
    for _ in TraceWalker(scope, trace).play():
        pass


def state_after(*failures: StepFailure) -> Turn | None:
    """Return what decides after accept() of an image on trial, in which these operations fail."""
    scope = scope_of(AT_ONCE)
    images = known_case("trial-is-lost").history.images
    restart = Step(StepName.RESET, reason=ResetReason.SOFTWARE)
    accept = replace(ACCEPT, failures=failures)
    history = History(device_of_scope(scope), images, (POWER_ON, *upgrade(1), restart, accept))
    entries = history.dut.entries(replay_history(history).cells)
    assert entries is not None
    return decide(entries, TurnPlaces(2, False))


@pytest.mark.parametrize("operation", range(3), ids=("erase", "program", "check"))
@pytest.mark.parametrize("extent", FailureExtent)
def test_an_update_has_happened_if_it_reads_as_written(operation: int, extent: FailureExtent) -> None:
    """Whatever is done of an operation that fails: the old state stands, unless that was all of the last one."""
    found = state_after(StepFailure(operation, extent))
    assert found is not None
    is_last = operation == 2 and extent is FailureExtent.ALL
    assert found.state.kind is (TurnKind.VALID if is_last else TurnKind.TRIED)


def test_what_is_left_out_names_the_first_record() -> None:
    """Its failure is in no history."""
    actions = {action.name for action in device_model(scope_of(AT_ONCE)).actions if action.name.startswith("fresh_")}
    assert actions == {"fresh_erases", "fresh_programs", "fresh_program_fails_all"}
    (row, *_) = left_out(FaultModel.F3, AT_ONCE, FAILING, is_by_turns=True)
    assert "very first record" in row.text


@pytest.mark.thorough
def test_the_prover_decides_all_that_applies() -> None:
    """What the search does not refute is proved for histories of any length."""
    found = decide_claims(scope_of(AT_ONCE))
    refuted = {decision.claim.id for decision in found if decision.verdict is ProofVerdict.REFUTED}
    assert refuted == BY_FAILURES
    assert [decision.verdict for decision in found].count(ProofVerdict.PROVED) == len(found) - len(refuted) == 20
