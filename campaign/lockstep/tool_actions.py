"""What other programs do to a device, in the model."""

from collections.abc import Callable, Sequence

from ...model.device.end_numbers import BORDER, ERASED
from ...model.device.records import Sector
from ...model.ota_state import OtaImgState
from ..history.history import SmallImage
from ..history.step import Step, StepName
from .divergence import OutOfModel


def tool_action(step: Step, can: Callable[[str], bool], images: Sequence[SmallImage], has_versions: bool) -> str:
    """Return the name of what a tool does, in the model; raise OutOfModel for what the model has not.

    can: tells whether an action can be taken now; images: those of the history."""
    if step.name is StepName.BLANK_OTADATA:
        return "tool_blanks_otadata"
    if step.name is StepName.WRITE_RECORD:
        if step.state != OtaImgState.UNDEFINED:
            raise OutOfModel("another program writes a record with a state word of its own")
        if BORDER >= step.seq > 0 or step.seq == ERASED:
            raise OutOfModel("another program writes a number that is at no end of the range")
        name = f"tool_writes_{step.seq:x}_in_{Sector(step.sector).name.lower()}"
        if not can(name):
            raise OutOfModel("another program selects a slot that holds no whole image")
        return name
    if step.name is StepName.OTATOOL:
        if not can(f"tool_switches_to_{step.label}"):
            raise OutOfModel("otatool.py selects a slot that holds no whole image")
        return f"tool_switches_to_{step.label}"
    suffix = f"_version_{images[step.image or 0].secure_version}" if has_versions else ""
    return f"tool_uploads_ota_0{suffix}" if step.name is StepName.UPLOAD else f"tool_flashes_{step.label}{suffix}"
