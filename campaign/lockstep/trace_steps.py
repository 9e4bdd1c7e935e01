"""The steps of a history that the actions of a trace are: calls and resets, with the operations that fail in them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from ...impl.chip.cells import SECTOR_SIZE
from ...impl.chip.flash import FailureExtent
from ...model.config import Pin, Release, ResetReason
from ...model.device.action import Action, Kind
from ...model.device.failing_steps import RAISING
from ...model.device.state import Scope, Task, Usage
from ...model.device.stepper import State, Stepper
from ..history.history import FIRST_PART, IMAGE_SIZE, SLOT_SIZE, SmallImage
from ..history.step import Step, StepFailure, StepName

FLIPPED_BYTE = 700
"""The byte in which a damaged image differs: in its last part."""
SLOT_SECTORS = SLOT_SIZE // SECTOR_SIZE
_OVER = "write_over"
_FLASHES = "tool_flashes_ota_"
_EXTENTS = {extent.value: extent for extent in FailureExtent} | {"done": FailureExtent.ALL}


@dataclass(slots=True)
class Segment:
    """The actions that are one step of a history."""

    step: Step
    actions: list[Action] = field(default_factory=list)
    states: list[State] = field(default_factory=list)
    """The state after each of the actions."""

    @property
    def raises(self) -> bool:
        """The call raises an error."""
        last = self.actions[-1]
        passes_on = last.kind is Kind.FAILURE and last.tasks[0] in RAISING
        return passes_on or self.actions[0].name == "complete_fails"

    def add(self, action: Action, after: State) -> None:
        """Go on with an action; one that fails is an operation of the step that fails."""
        if action.kind is Kind.FAILURE:
            number = 0 if is_burn(action) else sum(map(flash_ops, self.actions))
            extent = FailureExtent.ALL if action.name.startswith("write_") else _EXTENTS[action.name.rpartition("_")[2]]
            failure = StepFailure(number, extent, is_burn(action))
            self.step = replace(self.step, failures=(*self.step.failures, failure))
        self.actions.append(action)
        self.states.append(after)


@dataclass(slots=True)
class _Download:
    """Where in which image the next write() goes on."""

    image: int = 0
    """Number of the last image that was begun; 0 is the one of the device."""
    position: int = 0
    """Of the session, in bytes."""
    begun: dict[int, int] = field(default_factory=dict)
    """By slot, the image that lies there."""

    def step(self, name: str, target: int) -> Step:
        """Return the step that a write is, and go on behind it."""
        start, end = self.position, FIRST_PART if name.startswith("write_first") else IMAGE_SIZE
        if name == "write_again":
            end = start + 1
        if name.startswith("write_first") or name == _OVER:
            self.image += 1
            self.begun[target] = self.image
        self.position = start if "_fails" in name else end
        return Step(StepName.WRITE, image=self.begun.get(target, 0), offset=start, length=end - start)

    def tool(self, name: str) -> Step:
        """Return the step that a tool takes."""
        if not name.startswith(_FLASHES):
            return Step(StepName.BLANK_OTADATA)
        slot = int(name.removeprefix(_FLASHES).partition("_")[0])
        self.image += 1
        self.begun[slot] = self.image
        return Step(StepName.FLASH_SLOT, image=self.image, label=f"ota_{slot}")


def segments(scope: Scope, model: Stepper, action_names: Sequence[str]) -> Iterator[Segment]:
    """Yield the steps that the actions of a trace are."""
    by_name = {action.name: action for action in model.model.actions}
    state = model.initial
    current: Segment | None = None
    download = _Download()
    for name in action_names:
        action = by_name.get(name)
        after = None if action is None else model.step(state, name)
        if action is None or after is None:
            raise ValueError(f"action {name} cannot be taken here; the scope has another, or the trace is cut short")
        begun = _begun_step(scope, action, model.as_dict(state), download, current)
        if begun is not None:
            if current is not None:
                yield current
            current = Segment(begun)
        assert current is not None
        if action.kind is Kind.PIN:
            current.step = replace(current.step, pin=Pin[name.removeprefix("hold_").upper()])
        if name == "commence_erases" or (name.startswith("commence_erase") and _begins_anyway(scope)):
            download.position = 0
        current.add(action, after)
        state = after
    if current is not None:
        yield current


def _begins_anyway(scope: Scope) -> bool:
    """Tell whether esp_ota_begin has a session although its erase fails."""
    return scope.config.app_release >= Release.V5_5


def _begun_step(
    scope: Scope, action: Action, before: dict[str, int], download: _Download, current: Segment | None
) -> Step | None:
    """Return the step that an action begins; None when it goes on with one."""
    name, task = action.name, before["task"]
    if action.kind is Kind.RESET:
        reasons = {"power_on": ResetReason.POWER_ON, "wake": ResetReason.DEEP_SLEEP}
        return Step(StepName.RESET, reasons.get(name, ResetReason.SOFTWARE))
    if action.kind is Kind.WRITER:
        return download.tool(name)
    if name.startswith("write_"):
        running = before["running"]
        return download.step(name, running + 1 if running < scope.slots - 1 else 0)
    if action.kind is Kind.CALL:
        return _call(scope, name)
    is_anew = current is not None and current.step.pin is Pin.TEST_APP and not before["pin"]
    if task == Task.SELECT and (current is None or current.step.name is not StepName.RESET or is_anew):
        # A call has restarted the chip, or a bootloader that found no test app.
        return Step(StepName.POWER_OFF) if action.kind is Kind.CUT else Step(StepName.RESET, ResetReason.SOFTWARE)
    is_step_over = task in (Task.OFF, Task.RUN, Task.STARTED, Task.STUCK)
    return Step(StepName.POWER_OFF) if action.kind is Kind.CUT and is_step_over else None


def _call(scope: Scope, name: str) -> Step:
    if name.startswith("complete"):
        return Step(StepName.COMPLETE, argument=1 if scope.usage is Usage.RESTART_AT_ONCE else None)
    if name.startswith("set_boot"):
        return Step(StepName.SET_BOOT, label=name.removeprefix("set_boot_"))
    return Step({"commence": StepName.COMMENCE, "rollback": StepName.ROLLBACK}.get(name, StepName.ACCEPT))


def images_of(action_names: Sequence[str]) -> Iterator[SmallImage]:
    """Yield the image of the device, then one for each that the trace begins to write."""
    yield SmallImage(1)
    begun = [index for index, name in enumerate(action_names) if name.startswith(("write_first", _OVER, _FLASHES))]
    for number, start in enumerate(begun):
        name = action_names[start]
        later = action_names[start + 1 :]
        rest = next((other for other in later if other.startswith(("write_rest", "write_first"))), "")
        version = int(name.rpartition("_version_")[2]) if "_version_" in name else 0
        # Programmed over another image, it takes no bit of that one's secure version.
        version = 3 if name == _OVER else version
        is_damaged = name.startswith("write_first") and rest.startswith("write_rest_broken")
        flipped = FLIPPED_BYTE if is_damaged else None
        yield SmallImage(number + 2, secure_version=version, flipped=flipped)


def flash_ops(action: Action) -> int:
    """Return how many flash operations an action is that is not cut."""
    if action.name.startswith("write_"):
        return 1
    if action.kind is Kind.FAILURE:
        return 0 if is_burn(action) else 1
    if action.kind is Kind.WRITER:
        return SLOT_SECTORS + 1 if action.name.startswith(_FLASHES) else 2
    if action.kind is not Kind.FLASH or not action.name.endswith(("_erases", "_programs")):
        return 0
    return SLOT_SECTORS if action.name in ("commence_erases", "reject_erases") else 1


def is_burn(action: Action) -> bool:
    """Tell whether an action is a burn of the eFuse that is not cut."""
    return action.kind in (Kind.FLASH, Kind.FAILURE) and action.name.startswith("burn")
