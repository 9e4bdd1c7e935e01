"""The steps of a history that the actions of a trace are: calls and resets, with the operations that fail in them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from ...impl.chip.cells import SECTOR_SIZE
from ...impl.chip.flash import FailureExtent
from ...model.config import Pin, ResetReason
from ...model.device.action import Action, Kind
from ...model.device.by_turns.turns_calls import DESIGN
from ...model.device.by_turns.turns_failures import ENDED_BY_FIRST_PROGRAM, HAPPENS
from ...model.device.failing_steps import RAISING
from ...model.device.flash_steps import WIPES
from ...model.device.state import Scope, Task
from ...model.device.stepper import State, Stepper
from ..history.history import SLOT_SIZE
from ..history.step import Step, StepFailure, StepName
from .step_maker import StepMaker

SLOT_SECTORS = SLOT_SIZE // SECTOR_SIZE
_WIPES = frozenset(f"{task.name.lower()}_erases" for task in WIPES)
_EXTENTS = {extent.value: extent for extent in FailureExtent} | {"done": FailureExtent.ALL}


@dataclass(slots=True)
class Segment:
    """The actions that are one step of a history."""

    step: Step
    before: tuple[Step, ...] = ()
    """What the board does before it, and the model need not see."""
    actions: list[Action] = field(default_factory=list)
    states: list[State] = field(default_factory=list)
    """The state after each of the actions."""

    @property
    def raises(self) -> bool:
        """The call raises an error."""
        last = self.actions[-1]
        passes_on = last.kind is Kind.FAILURE and last.tasks[0] in RAISING and not _happens(last)
        first = self.actions[0].name
        return passes_on or first == "complete_fails" or (first.startswith("set_boot_") and first.endswith("_rejects"))

    def add(self, action: Action, after: State) -> None:
        """Go on with an action; one that fails is an operation of the step that fails."""
        if action.kind is Kind.FAILURE:
            number = 0 if is_burn(action) else sum(map(flash_ops, (*self.actions, action))) - 1
            failure = StepFailure(number, _extent_of(action), is_burn(action))
            self.step = replace(self.step, failures=(*self.step.failures, failure))
        self.actions.append(action)
        self.states.append(after)


def _extent_of(action: Action) -> FailureExtent:
    """Return how much of an operation that fails has taken effect."""
    if action.name.startswith("write_") or (action.name.endswith(ENDED_BY_FIRST_PROGRAM) and action.source == DESIGN):
        return FailureExtent.ALL
    return _EXTENTS[action.name.rpartition("_")[2]]


def _happens(action: Action) -> bool:
    """Tell whether an update by turns has happened although its last operation fails: the second program."""
    return action.source == DESIGN and action.name.endswith(HAPPENS)


def segments(scope: Scope, model: Stepper, action_names: Sequence[str]) -> Iterator[Segment]:
    """Yield the steps that the actions of a trace are."""
    by_name = {action.name: action for action in model.model.actions}
    state = model.initial
    current: Segment | None = None
    steps = StepMaker(scope, model, action_names)
    for name in action_names:
        action = by_name.get(name)
        after = None if action is None else model.step(state, name)
        if action is None or after is None:
            raise ValueError(f"action {name} cannot be taken here; the scope has another, or the trace is cut short")
        *prelude, begun = steps.steps(name, state)
        begun = begun or _resets_by_itself(action, model.as_dict(state), current)
        if begun is not None:
            if current is not None:
                yield current
            current = Segment(begun, tuple(step for step in prelude if step is not None))
        assert current is not None
        if action.kind is Kind.PIN:
            current.step = replace(current.step, pin=Pin[name.removeprefix("hold_").upper()])
        current.add(action, after)
        state = after
    if current is not None:
        yield current


def _resets_by_itself(action: Action, before: dict[str, int], current: Segment | None) -> Step | None:
    """Return the step that begins without a call, if one does: a call has restarted the chip, or the power fails."""
    task = before["task"]
    is_anew = current is not None and current.step.pin is Pin.TEST_APP and not before["pin"]
    if task == Task.SELECT and (current is None or current.step.name is not StepName.RESET or is_anew):
        # Or a bootloader has reset that found no test app.
        return Step(StepName.POWER_OFF) if action.kind is Kind.CUT else Step(StepName.RESET, ResetReason.SOFTWARE)
    is_step_over = task in (Task.OFF, Task.RUN, Task.STARTED, Task.STUCK)
    return Step(StepName.POWER_OFF) if action.kind is Kind.CUT and is_step_over else None


def flash_ops(action: Action) -> int:
    """Return how many flash operations an action is that is not cut."""
    if action.name.startswith("write_"):
        return 1
    if action.kind is Kind.FAILURE:
        return 0 if is_burn(action) else 1 + _happens(action)
    if action.kind is Kind.WRITER:
        records = 0 if action.name.startswith("tool_flashes_") else 3 if action.name.startswith("tool_uploads_") else 2
        return records + (SLOT_SECTORS + 1 if action.name.startswith(("tool_flashes_", "tool_uploads_")) else 0)
    if action.kind is not Kind.FLASH or not action.name.endswith(("_erases", "_programs")):
        return 0
    if action.name in _WIPES:
        return SLOT_SECTORS
    # By turns, the check word is programmed by itself.
    return 2 if action.source == DESIGN and action.name.endswith("_programs") else 1


def is_burn(action: Action) -> bool:
    """Tell whether an action is a burn of the eFuse that is not cut."""
    return action.kind in (Kind.FLASH, Kind.FAILURE) and action.name.startswith("burn")
