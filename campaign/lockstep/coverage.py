"""What part of the models was taken: actions, and for power cuts the task in which each fell.

A coverage is a set for each scope, so coverages of runs can be put together in any order, and sent between processes.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from ...model.device.action import Action, Kind
from ...model.device.model import DeviceModel
from ...model.device.state import Scope, Task


class Covered(NamedTuple):
    """An action that was taken."""

    action: str
    """Its name."""
    phase: str | None = None
    """A cut: the task that it fell in."""
    fault: str | None = None
    """A cut: the weakest fault model that has it."""


def covered(action: Action, task: Task) -> Covered:
    """Return what the taking of an action covers; task: what goes on before it."""
    if action.kind is not Kind.CUT or action.weakest is None:
        return Covered(action.name)
    return Covered(action.name, task.name.lower(), action.weakest.name)


def coverable(model: DeviceModel) -> Iterator[Covered]:
    """Yield what can be covered in a model at most: nobody has asked whether all of it can be reached."""
    for action in model.actions:
        yield from {covered(action, task) for task in action.tasks}


@dataclass
class Coverage:
    """What was covered in each scope."""

    by_scope: dict[Scope, set[Covered]] = field(default_factory=dict)

    def add(self, scope: Scope, found: Iterable[Covered]) -> None:
        """Take what a run in a scope has covered."""
        self.by_scope.setdefault(scope, set()).update(found)

    def merge(self, other: "Coverage") -> None:
        """Take what another one has."""
        for scope, found in other.by_scope.items():
            self.add(scope, found)

    def __len__(self) -> int:
        """Return how much was covered."""
        return sum(map(len, self.by_scope.values()))
