"""The actions of the device model as a graph, read from its terms: which tasks can follow an action."""

from collections.abc import Iterator

from ...model.device.action import Action, Kind
from ...model.device.model import DeviceModel, device_model
from ...model.device.state import Scope, Task
from ...model.terms.terms import Op, Term

CALLS = (
    "commence",
    "write",
    "complete",
    "accept",
    "rollback",
    "power_on",
    "set_boot_running",
    "set_boot_factory",
)
"""What a program or a user starts. The names of the actions that begin a call start with the call's name."""


def constants_of(term: Term) -> Iterator[int]:
    """Yield each constant that a term can evaluate to through its `choose` branches, once, in their order."""
    found: dict[int, None] = {}
    open_ones = [term]
    while open_ones:
        part = open_ones.pop(0)
        if part.op is Op.CHOOSE:
            open_ones[:0] = [arg for arg in part.args[1:] if isinstance(arg, Term)]
        elif part.value is not None:
            found[part.value] = None
    yield from found


class ActionGraph:
    """The actions of one scope as a graph; power cuts are left out."""

    def __init__(self, scope: Scope) -> None:
        """Build the graph of a scope's device model."""
        self.model: DeviceModel = device_model(scope)
        self.actions = {action.name: action for action in self.model.actions if action.kind is not Kind.CUT}

    def begins(self, call: str) -> list[Action]:
        """Return the actions that begin a call."""
        longer = [other for other in CALLS if other != call and other.startswith(call)]
        return [
            action
            for name, action in self.actions.items()
            if (name == call or name.startswith(f"{call}_"))
            and not any(name.startswith(other) for other in longer)
            and action.kind in (Kind.CALL, Kind.RESET, Kind.FLASH)
            and not set(action.tasks) - {Task.OFF, Task.RUN}
        ]

    def next_tasks(self, action: Action) -> list[Task]:
        """Return the tasks that can follow an action."""
        return [Task(value) for value in constants_of(action.then.task)] or list(action.tasks)

    def steps_of(self, task: Task) -> list[Action]:
        """Return the flash operations of a task, in order."""
        return [
            a for a in self.actions.values() if a.kind is Kind.FLASH and a.tasks == (task,) and task is not Task.RUN
        ]

    def decisions_of(self, task: Task) -> list[Action]:
        """Return the decisions that the bootloader can take in a task."""
        return [a for a in self.actions.values() if a.kind is Kind.BOOT and task in a.tasks]

    def word_written(self, action: Action) -> int | None:
        """Return the state word that the task programs after its erase; None if it programs none."""
        word = self.model.effects[action.name].get("record0_word")
        is_rewrite = len(self.steps_of(action.tasks[0])) > 1
        return next(constants_of(word), None) if word is not None and is_rewrite else None
