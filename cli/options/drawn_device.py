"""The options that say which devices random histories are drawn on."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from ...errors import InputError
from ...model.config import Config, Selector
from ...model.fault_model import MODELLED_FAULTS, FaultModel
from ...model.remedies import Remedy
from .device_options import PlayedFaults, UsageName
from .groups import DEVICE
from .values import AntiRollback, AnyRelease, Remedies, Rollback, Skips, within

if TYPE_CHECKING:
    from ...campaign.fuzz.generator import Worlds


@Parameter(name="*", group=DEVICE)
@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnDevice:
    """Which devices to draw: what is left unsaid is drawn at random, anew for every few runs."""

    slots: Annotated[int | None, Parameter(validator=within(1, 16), metavar="N")] = None
    """OTA slots, 1 to 16 (default: random)."""
    factory: Annotated[bool | None, Parameter(negative="--no-factory")] = None
    """A factory partition with an image (default: random)."""
    rollback: Annotated[bool | None, Rollback] = None
    """App rollback, in bootloader and application (default: random)."""
    anti_rollback: Annotated[bool | None, AntiRollback] = None
    """Anti-rollback, in bootloader and application (default: random)."""
    skip_validate: Skips = frozenset()
    """When the bootloader starts an image without validation, as CONFIG_BOOTLOADER_SKIP_VALIDATE_… has it: always,
    on-power-on, in-deep-sleep (default: never, or at random in-deep-sleep)."""
    versions: Annotated[int, Parameter(validator=within(2, 4), metavar="N")] = 3
    """Secure versions that images can have, 2 to 4."""
    idf: AnyRelease = None
    """ESP-IDF release of the application (default: random)."""
    bootloader_idf: AnyRelease = None
    """ESP-IDF release of the bootloader (default: random)."""
    selector: Selector = Selector.ESP_IDF
    """What keeps otadata in bootloader and application: ESP-IDF's code, or its replacement of selector/ (by-turns)."""
    faults: PlayedFaults = FaultModel.F3
    """What a power cut may leave of a flash operation: all or nothing (F0), any prefix (F1), any bytes (F2), any bits
    (F3), bits that read otherwise each time (F4); and what a bad chip does (F5). F4 and F5 are played on the board
    alone."""
    usage: UsageName = "any"
    """The calls as documented (documented), the same with a restart as soon as an update is complete (restart-at-once),
    or in any order (any)."""
    remedy: Remedies = frozenset()
    """What the application or the bootloader does so that more claims hold, such as restart-at-once (repeatable)."""

    def worlds(self) -> "Worlds":
        """Return the devices to draw; raise InputError where there is none."""
        from ...campaign.fuzz.generator import Worlds
        from ...model.device.state import Usage, why_left_out, why_not_by_turns

        if self.anti_rollback and self.rollback is False:
            raise InputError("--anti-rollback needs rollback, and --no-rollback rules it out")
        if self.selector is Selector.BY_TURNS and (why := why_not_by_turns(Config(), frozenset(), self.remedy)):
            raise InputError(f"--remedy: {why}")
        if Remedy.NOTE_IN_PLACE in self.remedy and self.faults > FaultModel.F1:
            raise InputError("--remedy: note-in-place is modelled up to F1; say --faults F1")
        if self.remedy - {Remedy.RESTART_AT_ONCE} and self.faults not in MODELLED_FAULTS:
            raise InputError("--remedy: the device model draws what a remedy allows, and has F0 … F3; say --faults F3")
        if Remedy.RESTART_AT_ONCE in self.remedy and self.usage == "any":
            raise InputError("restart-at-once goes with documented usage, not with any")
        if self.anti_rollback:
            built = Config(rollback=True, anti_rollback=True).skipping(self.skip_validate)
            if why := why_left_out(built, frozenset()):
                raise InputError(why)
        return Worlds(
            slots=self.slots,
            has_factory=self.factory,
            rollback=self.rollback,
            anti_rollback=self.anti_rollback,
            skips=self.skip_validate,
            app_version=self.idf,
            bootloader_version=self.bootloader_idf,
            selector=self.selector,
            faults=self.faults,
            usage=Usage(self.usage),
            remedies=self.remedy,
            versions=self.versions,
        )
