"""An action: one named step of the device, with the condition under which it is taken and the device after it."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from ..fault_model import FaultModel
from ..terms.terms import Bool
from .state import Device, Task


class Kind(Enum):
    """What kind of step an action is."""

    CALL = "call"
    """The application calls; what it decides from RAM and a first look at flash. Nothing is written yet."""
    FLASH = "flash"
    """One flash or eFuse operation, whole."""
    BOOT = "boot"
    """The bootloader decides."""
    RESET = "reset"
    """A reset with power on, or the power coming back."""
    CUT = "cut"
    """The power fails, perhaps inside an operation."""
    FAILURE = "failure"
    """A flash or eFuse operation returns an error."""
    PIN = "pin"
    """A pin is held at a reset."""
    WRITER = "writer"
    """Another program writes flash, while no program of the device runs."""


MISHAPS = (Kind.CUT, Kind.FAILURE, Kind.PIN, Kind.WRITER)
"""What happens to a device although no program of its own does it."""


@dataclass(frozen=True, slots=True)
class Action:
    """One step. To read it: in one of these tasks, when this holds, the device can become that."""

    name: str
    tasks: tuple[Task, ...]
    when: Bool
    then: Device
    kind: Kind
    source: str
    """Id in docs/sources.toml."""
    weakest: FaultModel | None = None
    """CUT: the weakest fault model that has it."""


Actions = Iterator[Action]
