"""Steps: the calls of an application and the resets of the chip, each perhaps cut by a power failure.

A script of `check` and a history are both sequences of steps. A step may carry a power cut: inside one of its flash
operations, or inside the burn of eFuse bits. Before that, some of its operations may fail and return an error.
"""

from dataclasses import dataclass
from enum import Enum

from ...impl.chip.flash import FailureExtent
from ...impl.chip.torn_operations import Torn
from ...model.call_names import ESP_IDF_FUNCTIONS
from ...model.config import Pin, ResetReason
from ...model.fault_model import FaultModel
from ...model.ota_state import OtaImgState, state_name

RUNNING = "running"
"""SET_BOOT: the label of whatever runs."""


class StepName(Enum):
    """The calls of an application, and the resets."""

    # By identity, which is faster than by name.
    __hash__ = object.__hash__

    RESET = "reset"
    """The chip is reset, or the power comes back; the bootloader runs."""
    POWER_OFF = "power_off"
    """The power fails between two calls."""
    COMMENCE = "commence"
    WRITE = "write"
    COMPLETE = "complete"
    ACCEPT = "accept"
    ROLLBACK = "rollback"
    SET_BOOT = "set_boot"
    """esp_ota_set_boot_partition, of a label."""
    RESUME = "resume"
    """esp_ota_resume of the slot that commence() takes, at an offset; from 5.5 on."""
    ABORT = "abort"
    """esp_ota_abort of the handle that write() uses."""
    SWITCH = "switch"
    """The application goes on with its other handle; before 6.1 it can have two on one slot."""
    WRITE_AT = "write_at"
    """esp_ota_write_with_offset through the handle that write() uses."""
    ERASE_LAST_BOOT = "erase_last_boot"
    """esp_ota_erase_last_boot_app_partition."""
    BLANK_OTADATA = "blank_otadata"
    """A tool erases otadata, while the chip waits for it."""
    FLASH_SLOT = "flash_slot"
    """A tool writes a whole image into a slot, of a label."""
    WRITE_RECORD = "write_record"
    """Another program writes an otadata record: a sequence number, its check word, a state word."""
    UPLOAD = "upload"
    """An upload by cable from Arduino: boot_app0.bin over otadata, and a whole image into the factory partition, else
    into ota_0."""
    OTATOOL = "otatool"
    """otatool.py switches to a slot, of a label."""


TOOL_STEPS = (
    StepName.BLANK_OTADATA,
    StepName.FLASH_SLOT,
    StepName.WRITE_RECORD,
    StepName.UPLOAD,
    StepName.OTATOOL,
)
"""What other programs do; the device is off before it and after it."""
UPGRADE_STEPS = (StepName.COMMENCE, StepName.WRITE, StepName.COMPLETE)
"""The calls that bring a new image."""
WRITE_STEPS = (StepName.WRITE, StepName.WRITE_AT)
"""The calls that write a piece of an image."""


@dataclass(frozen=True, slots=True)
class StepCut:
    """Where the power fails within a step: in a flash operation, or in a burn of the eFuse."""

    op: int
    """Number of the flash operation within the step, or of the burn."""
    torn: Torn | None = None
    """What is left of the flash operation; None when a burn is cut."""
    efuse_done: int | None = None
    """Bits of the burn that take effect; None when a flash operation is cut."""

    def __post_init__(self) -> None:
        """Refuse a cut of both, or of neither."""
        if (self.torn is None) == (self.efuse_done is None):
            raise ValueError("a cut is in a flash operation or in an eFuse burn")

    def __str__(self) -> str:
        """Say where it is, and what it leaves."""
        if self.torn is None:
            which = f" {self.op}" if self.op else ""
            return f"eFuse burn{which}, bits done 0x{self.efuse_done or 0:x}"
        return f"operation {self.op}, {self.torn}"

    @property
    def weakest_model(self) -> FaultModel:
        """The smallest fault model that admits this cut."""
        return FaultModel.F0 if self.torn is None else self.torn.weakest_model


@dataclass(frozen=True, slots=True)
class StepFailure:
    """A flash operation of a step, or a burn of the eFuse, that returns an error; or a flash operation that lies."""

    op: int
    """Number of the flash operation within the step, or of the burn."""
    done: FailureExtent
    """How much of it takes effect; of a burn none or all."""
    is_burn: bool = False
    is_silent: bool = False
    """It lies: it reports success, with none of it done, or half."""

    def __post_init__(self) -> None:
        """Refuse half a burn, and lies that are none or are of a burn."""
        if self.is_silent and (self.is_burn or self.done is FailureExtent.ALL):
            raise ValueError("a flash operation lies with none or half of it done")
        if self.is_burn and self.done is FailureExtent.HALF:
            raise ValueError("half of a burn is none of the failures")

    def __str__(self) -> str:
        """Say where it is, and what it leaves."""
        if self.is_silent:
            return f"operation {self.op} reports success, {self.done.value} of it done"
        return f"{'eFuse burn' if self.is_burn else 'operation'} {self.op} fails, {self.done.value} of it done"


@dataclass(frozen=True, slots=True)
class Step:
    """One call, or one reset."""

    name: StepName
    reason: ResetReason = ResetReason.POWER_ON
    """RESET: what reset the chip."""
    pin: Pin | None = None
    """RESET: the pin that is held."""
    image: int | None = 0
    """WRITE, WRITE_AT, FLASH_SLOT, UPLOAD: number of the image among those that the device knows; None: the update."""
    offset: int = 0
    """WRITE: first byte of the image. WRITE_AT: the same, and where in the slot it goes. RESUME: where to go on."""
    length: int = 0
    """WRITE, WRITE_AT: how many bytes; what lies beyond the image's end is not written. COMMENCE: the size of the
    image, for a library that is told; 0 where it is not known."""
    argument: str | int | float | bool | None = None
    """COMPLETE: the Lua value that is given; None is nil."""
    label: str = ""
    """SET_BOOT, FLASH_SLOT, OTATOOL: a partition; SET_BOOT also "running"."""
    sector: int = 0
    """WRITE_RECORD: that of otadata, 0 or 1."""
    seq: int = 0
    """WRITE_RECORD: the sequence number."""
    state: int = OtaImgState.UNDEFINED
    """WRITE_RECORD: the state word."""
    cut: StepCut | None = None
    failures: tuple[StepFailure, ...] = ()

    @property
    def call_name(self) -> str:
        """The name that recordings and claims have for it: "power_on" for the return of the power."""
        is_power_on = self.name is StepName.RESET and self.reason is ResetReason.POWER_ON
        return "power_on" if is_power_on else self.name.value

    def asked_for(self, running: str | None) -> str:
        """SET_BOOT: return the label of the partition that is asked for while `running` runs."""
        return (running or "") if self.label == RUNNING else self.label

    def __str__(self) -> str:
        """Write the call as an application would."""
        match self.name:
            case StepName.RESET:
                held = "" if self.pin is None else f", {self.pin.value} pin held"
                name = "power_on()" if self.reason is ResetReason.POWER_ON else f"reset ({self.reason.value})"
                return f"{name}{held}"
            case StepName.POWER_OFF:
                return "the power fails between calls"
            case StepName.WRITE | StepName.WRITE_AT:
                image = "" if self.image is None else f"image {self.image}, "
                return f"{self._function}({image}bytes {self.offset} … {self.offset + self.length - 1})"
            case StepName.COMPLETE:
                return f"complete({_lua_text(self.argument)})"
            case StepName.BLANK_OTADATA:
                return "a tool blanks otadata"
            case StepName.FLASH_SLOT:
                return f"a tool flashes {self.label} with image {self.image}"
            case StepName.WRITE_RECORD:
                state = "" if self.state == OtaImgState.UNDEFINED else f", state {state_name(self.state)},"
                return f"another program writes a record of number 0x{self.seq:X}{state} into sector {self.sector}"
            case StepName.UPLOAD:
                return f"an upload by cable writes boot_app0.bin over otadata, and flashes image {self.image}"
            case StepName.OTATOOL:
                return f"otatool.py switches to {self.label}"
            case StepName.SET_BOOT:
                return f"{self._function}({self.label})"
            case StepName.RESUME:
                return f"{self._function}(at byte {self.offset})"
            case StepName.SWITCH:
                return "the application goes on with its other handle"
            case _:
                return f"{self._function}()"

    @property
    def _function(self) -> str:
        return ESP_IDF_FUNCTIONS.get(self.name.value, self.name.value)


POWER_ON = Step(StepName.RESET)
"""The power comes back."""
COMMENCE, ACCEPT, ROLLBACK = Step(StepName.COMMENCE), Step(StepName.ACCEPT), Step(StepName.ROLLBACK)
ERASE_LAST_BOOT = Step(StepName.ERASE_LAST_BOOT)
COMPLETE = Step(StepName.COMPLETE, argument=1)
"""complete(1): it marks the image and restarts."""


def _lua_text(argument: str | int | float | bool | None) -> str:
    if argument is None:
        return ""
    return f'"{argument}"' if isinstance(argument, str) else str(argument).lower()
