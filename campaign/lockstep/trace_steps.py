"""The steps of a history that the actions of a trace begin, and the images that they write."""

from collections.abc import Iterator, Sequence

from ...model.config import ResetReason
from ...model.device.action import Action, Kind
from ...model.device.state import Scope, Usage
from ..history.history import FIRST_PART, IMAGE_SIZE, SmallImage
from ..history.step import Step, StepName

FLIPPED_BYTE = 700
"""The byte in which a damaged image differs: in its last part."""


def begun_step(scope: Scope, action: Action, writes: int) -> Step | None:
    """Return the step that an action begins; None when it goes on with one."""
    name = action.name
    if action.kind is Kind.RESET:
        reasons = {"power_on": ResetReason.POWER_ON, "wake": ResetReason.DEEP_SLEEP}
        return Step(StepName.RESET, reasons.get(name, ResetReason.SOFTWARE))
    if name.startswith("write_first"):
        return Step(StepName.WRITE, image=writes + 1, offset=0, length=FIRST_PART)
    if name.startswith("write_rest"):
        return Step(StepName.WRITE, image=writes + 1, offset=FIRST_PART, length=IMAGE_SIZE - FIRST_PART)
    if action.kind is not Kind.CALL:
        return None
    if name.startswith("complete"):
        return Step(StepName.COMPLETE, argument=1 if scope.usage is Usage.RESTART_AT_ONCE else None)
    if name.startswith("set_boot"):
        return Step(StepName.SET_BOOT, label=name.removeprefix("set_boot_"))
    return Step({"commence": StepName.COMMENCE, "rollback": StepName.ROLLBACK}.get(name, StepName.ACCEPT))


def images_of(action_names: Sequence[str]) -> Iterator[SmallImage]:
    """Yield the image of the device, then one for each write_first of the trace."""
    yield SmallImage(1)
    firsts = [index for index, name in enumerate(action_names) if name.startswith("write_first")]
    for number, start in enumerate(firsts):
        rest = next((name for name in action_names[start + 1 :] if name.startswith("write_")), "")
        version = int(action_names[start].rpartition("_version_")[2] or 0) if "_version_" in action_names[start] else 0
        flipped = FLIPPED_BYTE if rest == "write_rest_broken" else None
        yield SmallImage(number + 2, secure_version=version, flipped=flipped)
