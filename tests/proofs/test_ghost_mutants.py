"""Ghosts that are never set or never cleared: the verdict of a claim that reads one changes, so each is watched."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest

from otaproof.model.claims.state_claims import DEVICE_CLAIMS, DeviceClaim
from otaproof.model.config import Config, Release
from otaproof.model.device.action import Kind
from otaproof.model.device.allowance import Allowance
from otaproof.model.device.model import DeviceModel, device_model
from otaproof.model.device.search import DeviceSearch
from otaproof.model.device.state import Device, Expectation, Ghost, Scope, Slot, Usage
from otaproof.model.device.stepper import Stepper
from otaproof.model.fault_model import FaultModel
from otaproof.model.terms.terms import choose, number
from otaproof.proofs.prover.configurations import with_release

OLD = Scope(Config(rollback=True), faults=FaultModel.F0, usage=Usage.DOCUMENTED)
"""5.1: most claims fall."""
PLAIN = replace(OLD, config=Config())
AT_ONCE = with_release(replace(OLD, usage=Usage.RESTART_AT_ONCE), Release.V6_1)
"""Most claims hold."""
ANY = with_release(replace(OLD, usage=Usage.ANY), Release.V6_1)
FAILING = replace(OLD, allows=frozenset({Allowance.FAILING_FLASH}))
THREE = replace(AT_ONCE, slots=3)
NEW_PLAIN = with_release(PLAIN, Release.V6_1)
FAILING_PLAIN = replace(NEW_PLAIN, usage=Usage.RESTART_AT_ONCE, allows=FAILING.allows)
Change = Callable[[Scope, Device, Device], Device]
"""From the device before and after an action to what the mutant has after it."""


@dataclass(frozen=True, slots=True)
class GhostMutant:
    """One ghost that does not keep what it is to keep."""

    ghost: Ghost
    name: str
    claim_id: str
    """The claim whose verdict changes."""
    scope: Scope
    is_kept: bool
    """Whether the claim holds there of the model as it is."""
    change: Change
    has_cuts: bool = True
    """Whether the power can fail; C4 falls without, too."""

    @property
    def claim(self) -> DeviceClaim:
        """The claim."""
        return next(item for item in DEVICE_CLAIMS if item.claim.id == self.claim_id)


def of_slots(change: Callable[[Slot, Slot], Slot]) -> Change:
    """Return a change of each slot."""

    def changed(scope: Scope, before: Device, after: Device) -> Device:
        slots = (change(old, new) for old, new in zip(before.slots, after.slots, strict=True))
        return replace(after, slots=tuple(slots))

    return changed


def frozen(*names: str) -> Change:
    """Return a change that leaves fields as they were, for ever."""
    return lambda scope, before, after: replace(after, **{name: getattr(before, name) for name in names})


def never_cleared(*names: str) -> Change:
    """Return a change that keeps fields where the first would become nowhere, and so mean nothing."""

    def changed(scope: Scope, before: Device, after: Device) -> Device:
        is_cleared = getattr(after, names[0]) == scope.nowhere
        kept = {name: choose(is_cleared, getattr(before, name), getattr(after, name)) for name in names}
        return replace(after, **kept)

    return changed


def stays(*names: str) -> Change:
    """Return a change that keeps fields once the first is not nowhere: neither cleared nor taken anew."""

    def changed(scope: Scope, before: Device, after: Device) -> Device:
        is_set = getattr(before, names[0]) != scope.nowhere
        kept = {name: choose(is_set, getattr(before, name), getattr(after, name)) for name in names}
        return replace(after, **kept)

    return changed


def expects_nothing_of(expectation: Expectation) -> Change:
    """Return a change by which one expectation is never set."""

    def changed(scope: Scope, before: Device, after: Device) -> Device:
        nothing = number(Expectation.NONE)
        return replace(after, expectation=choose(after.expectation == expectation, nothing, after.expectation))

    return changed


def expects_for_ever(scope: Scope, before: Device, after: Device) -> Device:
    """What is expected stays until something else is."""
    is_cleared = after.expectation == Expectation.NONE
    names = ("expectation", "expected", "previous")
    return replace(after, **{n: choose(is_cleared, getattr(before, n), getattr(after, n)) for n in names})


MUTANTS = (
    GhostMutant(Ghost.FINISHED, "never set", "C2", AT_ONCE, True, of_slots(
        lambda old, new: replace(new, is_finished=old.is_finished & new.is_finished))),
    GhostMutant(Ghost.FINISHED, "never cleared", "C2", OLD, False, of_slots(
        lambda old, new: replace(new, is_finished=old.is_finished | new.is_finished))),
    GhostMutant(Ghost.EARNED, "never set", "C13", AT_ONCE, True, of_slots(
        lambda old, new: replace(new, is_earned=old.is_earned & new.is_earned))),
    GhostMutant(Ghost.EARNED, "never cleared", "C13", PLAIN, False, of_slots(
        lambda old, new: replace(new, is_earned=old.is_earned | new.is_earned))),
    GhostMutant(Ghost.REJECTED, "never set", "C18", OLD, False, of_slots(
        lambda old, new: replace(new, is_rejected=old.is_rejected & new.is_rejected))),
    GhostMutant(Ghost.REJECTED, "never cleared", "C18", AT_ONCE, True, of_slots(
        lambda old, new: replace(new, is_rejected=old.is_rejected | new.is_rejected))),
    GhostMutant(Ghost.CHOICE, "never set", "C7", OLD, False, frozen("old_choice", "new_choice")),
    GhostMutant(Ghost.CHOICE, "never cleared", "C7", THREE, True, stays("old_choice", "new_choice")),
    GhostMutant(Ghost.ORIGIN, "never set", "C22", OLD, False, frozen("upgraded", "upgraded_from")),
    GhostMutant(Ghost.ORIGIN, "never cleared", "C22", NEW_PLAIN, True, never_cleared("upgraded", "upgraded_from")),
    GhostMutant(Ghost.EXPECTED, "never set", "C5", ANY, False, frozen("expectation", "expected", "previous")),
    GhostMutant(Ghost.EXPECTED, "never cleared", "C5", AT_ONCE, True, expects_for_ever),
    *(
        GhostMutant(Ghost.EXPECTED, f"{expectation.name} never set", claim_id, scope, False,
                    expects_nothing_of(expectation), expectation != Expectation.TRIED)
        for expectation, claim_id, scope in (
            (Expectation.MARKED, "C17", OLD),
            (Expectation.TRIED, "C4", OLD),
            (Expectation.ACCEPTED, "C5", ANY),
            (Expectation.REFUSED, "C6", OLD),
            (Expectation.SELECTED, "C23", ANY),
            (Expectation.CHANGED, "C26", FAILING),
            (Expectation.SPOILT, "C6", FAILING_PLAIN),
        )
    ),
)  # fmt: skip


def mutated(right: DeviceModel, change: Change) -> DeviceModel:
    """Return the model with a ghost that is kept wrong by every action."""
    changed = (replace(action, then=change(right.scope, right.device, action.then)) for action in right.actions)
    return DeviceModel(right.scope, right.device, right.fields, tuple(changed))


def is_kept_in(model: DeviceModel, claim: DeviceClaim) -> bool:
    """Tell whether every reachable state of a model keeps a claim."""
    steps = Stepper(model)
    kept = claim.kept_in(model)
    return all(steps.value(kept, state) for state in DeviceSearch(steps))


def without_cuts(model: DeviceModel) -> DeviceModel:
    """Return the model of a device whose power never fails."""
    left = tuple(action for action in model.actions if action.kind is not Kind.CUT)
    return DeviceModel(model.scope, model.device, model.fields, left)


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: f"{mutant.ghost.name} {mutant.name}")
def test_ghost_that_is_kept_wrong_changes_a_verdict(mutant: GhostMutant) -> None:
    """The device does the same, and a claim that holds falls, or one that falls seems to hold."""
    right = device_model(replace(mutant.scope, ghosts=mutant.claim.ghosts))
    right = right if mutant.has_cuts else without_cuts(right)
    wrong = mutated(right, mutant.change)
    assert mutant.is_kept is is_kept_in(right, mutant.claim)
    assert mutant.is_kept is not is_kept_in(wrong, mutant.claim)


def test_every_ghost_has_a_mutant_that_never_sets_and_one_that_never_clears() -> None:
    """And every expectation one that never sets it."""
    named = {(mutant.ghost, mutant.name) for mutant in MUTANTS}
    assert {(ghost, name) for ghost in Ghost for name in ("never set", "never cleared")} <= named
    expectations = {f"{expectation.name} never set" for expectation in Expectation if expectation != Expectation.NONE}
    assert expectations <= {name for ghost, name in named if ghost is Ghost.EXPECTED}
