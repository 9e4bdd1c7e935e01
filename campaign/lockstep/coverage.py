"""What part of the models was come through: actions, for power cuts the task that each fell in, premises, and states.

A coverage is a set for each scope, so those of runs can be put together in any order, and sent between processes.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from ...model.claims.state_claims import DEVICE_CLAIMS, DeviceClaim
from ...model.device.action import Action, Kind
from ...model.device.model import DeviceModel
from ...model.device.state import Scope, Task


class Covered(NamedTuple):
    """An action that was taken, or the premise of a claim that was met."""

    action: str
    """Its name; of a premise, the id of the claim."""
    phase: str | None = None
    """A cut: the task that it fell in."""
    fault: str | None = None
    """A cut: the weakest fault model that has it."""
    is_premise: bool = False

    def __str__(self) -> str:
        """Write it in a few words."""
        if self.is_premise:
            return f"premise of {self.action}"
        return self.action if self.phase is None else f"{self.action} in {self.phase} ({self.fault})"


def premise_of(claim_id: str) -> Covered:
    """Return what it covers that the premise of a claim is met."""
    return Covered(claim_id, is_premise=True)


def covered(action: Action, task: Task) -> Covered:
    """Return what the taking of an action covers; task: what goes on before it."""
    if action.kind is not Kind.CUT or action.weakest is None:
        return Covered(action.name)
    return Covered(action.name, task.name.lower(), action.weakest.name)


class Extent(NamedTuple):
    """How much of a model there is to cover, or was covered."""

    actions: int
    """Actions other than cuts."""
    cuts: int
    """Pairs of a cut and a task that it can fall in."""
    premises: int = 0
    """Claims whose premise can be met, or was."""


def extent_of(found: Iterable[Covered]) -> Extent:
    """Return how much that is."""
    kinds = Counter("premise" if item.is_premise else "action" if item.phase is None else "cut" for item in found)
    return Extent(kinds["action"], kinds["cut"], kinds["premise"])


def coverable(model: DeviceModel) -> set[Covered]:
    """Return what can be covered at most: nobody has asked whether all of it can be reached."""
    actions = {covered(action, task) for action in model.actions for task in action.tasks}
    return actions | {premise_of(item.claim.id) for item in claims_at_stake(model.scope)}


def claims_at_stake(scope: Scope) -> list[DeviceClaim]:
    """Return the claims that the model of a scope can be asked about, with the ghost variables that it carries."""
    return [item for item in DEVICE_CLAIMS if item.ghosts <= scope.ghosts and item.applies_to(scope)]


def extent_of_model(model: DeviceModel) -> Extent:
    """Return how much can be covered at most."""
    return extent_of(coverable(model))


@dataclass
class ScopeCoverage:
    """What was come through of one model."""

    extent: Extent
    """How much there is to cover."""
    taken: set[Covered] = field(default_factory=set)
    states: set[int] = field(default_factory=set)
    """Each state as a number of 64 bits, its hash: the same in every process."""


@dataclass
class Coverage:
    """What was come through of the models of some scopes."""

    scopes: dict[Scope, ScopeCoverage] = field(default_factory=dict)

    def merge(self, other: "Coverage") -> None:
        """Take what another one has."""
        for scope, found in other.scopes.items():
            own = self.scopes.setdefault(scope, ScopeCoverage(found.extent))
            own.taken |= found.taken
            own.states |= found.states

    @property
    def states(self) -> int:
        """How many states were reached, those of each model by themselves."""
        return sum(len(own.states) for own in self.scopes.values())

    @property
    def extent(self) -> Extent:
        """How much there is to cover in these models."""
        return _sum(own.extent for own in self.scopes.values())

    @property
    def taken(self) -> Extent:
        """How much of that was covered."""
        return _sum(extent_of(own.taken) for own in self.scopes.values())


def _sum(extents: Iterable[Extent]) -> Extent:
    return Extent(*map(sum, zip(Extent(0, 0), *extents, strict=True)))
