"""The power-ons of a check, made by a bootloader's own machine code as well as by the simulated bootloader."""

from dataclasses import dataclass

from ..binary.elf_file import Architecture, BootloaderElf
from ..binary.emulator.boot_cases import BootCase
from ..binary.emulator.comparison import TrialDifference
from ..binary.emulator.program import XTENSA_CHIPS, BootloaderProgram
from ..binary.emulator.watched_device import (
    BootDifference,
    BootWatch,
    WatchedDevice,
    WatchingOracle,
    simplest_boot,
)
from ..campaign.device_under_test import DeviceUnderTest
from ..campaign.upgrade.claim_results import Violation, shortest_cut
from ..campaign.upgrade.sweep import Stretch, SweepResult
from ..errors import InputError


@dataclass(frozen=True, slots=True)
class BootloaderFindings:
    """What came of the power-ons."""

    elf: BootloaderElf
    boots: int
    """Power-ons compared."""
    fault: str
    """Why the program could not be run on; "": it could."""
    cuts: int
    """Cut points and resets that a power-on follows which differs."""
    first: Violation | None
    """Of those under the weakest fault model, the first."""
    difference: BootDifference | None
    """The first difference after it; None where none was found."""
    simplest: TrialDifference[BootCase] | None
    """The same on images that are made for it, as simple as it gets; None where those do not show it."""


class BootloaderCheck:
    """One bootloader and one device."""

    def __init__(self, elf: BootloaderElf, device: DeviceUnderTest) -> None:
        """Load the bootloader; raises InputError where it cannot be run, or is none of the device's chip."""
        self._elf, self._device = elf, device
        self._program = BootloaderProgram(elf)
        if (elf.architecture is Architecture.XTENSA) is not (device.config.chip in XTENSA_CHIPS):
            raise InputError(
                f"{elf.name}: {elf.architecture.value} code, but the device's chip is {device.config.chip.value}"
            )
        self._watch = BootWatch(self._program, device.config, device.cells.size)
        self.oracle = WatchingOracle(WatchedDevice.of(device, self._watch))
        """Tells the futures of the device, with every power-on of them made by both."""

    def findings(self, sweeps: dict[str, SweepResult]) -> BootloaderFindings:
        """Return what came of sweeps that went by the oracle."""
        cuts, first = shortest_cut(sweeps, self._differs)
        found = self._watch.differences[0] if self._watch.differences else None
        if first is not None:
            found = self.oracle.difference(first.stretch.known)
        simplest = None if found is None else simplest_boot(self._program, self._device, found)
        return BootloaderFindings(self._elf, self._watch.boots, self._watch.fault, cuts, first, found, simplest)

    def _differs(self, stretch: Stretch) -> bool:
        return self.oracle.difference(stretch.known) is not None
