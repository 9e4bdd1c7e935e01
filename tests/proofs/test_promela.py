"""The model as Promela: SPIN reaches exactly the states that our explorer reaches."""

import pytest

from otaproof.model.claims.state_claims import DEVICE_CLAIMS, DeviceClaim
from otaproof.model.config import Config, Release
from otaproof.model.device.model import device_model
from otaproof.model.device.records import Numbers
from otaproof.model.device.state import Ghost, Scope, Usage
from otaproof.model.fault_model import FaultModel
from otaproof.proofs.explicit.explorer import explore, with_ghosts_of
from otaproof.proofs.export.promela import promela
from otaproof.proofs.export.spin import QUICK, SpinFailed, SpinMissing, run_spin, why_missing

needs_spin = pytest.mark.skipif(why_missing() is not None, reason=f"SPIN: {why_missing()}")


def scope_with(
    slots: int = 2,
    has_factory: bool = False,
    faults: FaultModel = FaultModel.F1,
    usage: Usage = Usage.ANY,
    ghosts: frozenset[Ghost] = frozenset(),
    release: Release = Release.V5_1,
    rollback: bool = True,
    anti_rollback: bool = False,
) -> Scope:
    """Return a scope, rollback on unless said otherwise."""
    config = Config(rollback=rollback, anti_rollback=anti_rollback, app_release=release, bootloader_release=release)
    return Scope(config, slots, has_factory, faults, usage, versions=2, ghosts=ghosts)


SCOPES = {
    "rollback on": scope_with(),
    "rollback off, F3": scope_with(rollback=False, faults=FaultModel.F3),
    "factory, F0": scope_with(has_factory=True, faults=FaultModel.F0),
    "anti-rollback, restart at once": scope_with(anti_rollback=True, faults=FaultModel.F0, usage=Usage.RESTART_AT_ONCE),
    "6.2-dev, factory, F3": scope_with(release=Release.V6_2_DEV, has_factory=True, faults=FaultModel.F3),
    "three slots, restart-at-once usage, F3": scope_with(slots=3, usage=Usage.RESTART_AT_ONCE, faults=FaultModel.F3),
    "ghosts": scope_with(ghosts=frozenset({Ghost.EXPECTED, Ghost.FINISHED}), faults=FaultModel.F0),
}


@needs_spin
@pytest.mark.parametrize("name", SCOPES)
@pytest.mark.thorough
def test_spin_reaches_as_many_states_over_as_many_transitions(name: str) -> None:
    """Two tools that share no code but the terms agree on the whole graph."""
    scope = SCOPES[name]
    ours, theirs = explore(scope), run_spin(promela(device_model(scope)), gcc_options=QUICK)
    assert ours.is_complete
    assert (theirs.states, theirs.transitions) == (ours.states, ours.transitions)


@needs_spin
@pytest.mark.slow
@pytest.mark.parametrize("claim", DEVICE_CLAIMS, ids=lambda claim: claim.claim.id)
def test_spin_finds_the_same_claims_broken(claim: DeviceClaim) -> None:
    """A claim that we find broken is one that SPIN finds broken, and no other."""
    scope = with_ghosts_of(scope_with(has_factory=True), [claim])
    model = device_model(scope)
    theirs = run_spin(promela(model, claim.kept_in(model)), gcc_options=QUICK)
    assert bool(theirs.errors) == (claim.claim.id in explore(scope, [claim]).violations)


@needs_spin
def test_spin_that_runs_out_of_depth_says_so() -> None:
    """A search that is cut short is a failure, not a smaller number."""
    with pytest.raises(SpinFailed):
        run_spin(promela(device_model(scope_with())), depth=100, gcc_options=QUICK)


def test_missing_spin_is_told_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without SPIN or gcc there is a word on what to install."""
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(SpinMissing, match="Debian packages"):
        run_spin("")


def test_exact_numbers_are_refused() -> None:
    """Promela has no unsigned 32-bit numbers."""
    with pytest.raises(ValueError, match="32 bits"):
        promela(device_model(Scope(Config(), numbers=Numbers.EXACT)))
