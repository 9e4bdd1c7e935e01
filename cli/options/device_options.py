"""The options that say which device model a proof or a search is about."""

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Annotated, Literal, get_args

from cyclopts import Parameter

from ...errors import InputError
from ...impl.release_points import with_versions
from ...model.config import Config, Selector, SkipValidation
from ...model.device.allowance import Allowance
from ...model.fault_model import FaultModel
from .groups import DEVICE
from .values import AntiRollback, AnyRelease, ReleaseName, Remedies, Rollback

if TYPE_CHECKING:
    from ...model.device.state import Scope


class ModelledFault(IntEnum):
    """The fault models that the device model has, by the names and values of FaultModel."""

    F0 = FaultModel.F0
    F1 = FaultModel.F1
    F2 = FaultModel.F2
    F3 = FaultModel.F3


Faults = Annotated[ModelledFault, Parameter(name_transform=str)]
"""The fault models that the device model has."""
PlayedFaults = Annotated[FaultModel, Parameter(name_transform=str)]
"""All of them: the board plays each."""
UsageName = Literal["documented", "restart-at-once", "any"]
"""The values of Usage, which help does not import."""
USAGES: tuple[UsageName, ...] = get_args(UsageName)
AnyFaults = Annotated[ModelledFault | None, Parameter(name_transform=str)]
AnyPlayedFaults = Annotated[FaultModel | None, Parameter(name_transform=str)]


@Parameter(name="*", group=DEVICE)
@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceOptions:
    """A device: its slots, its configuration and its releases."""

    slots: Annotated[int, Parameter(metavar="N")] = 2
    """OTA slots, 1 to 16."""
    factory: bool = False
    """There is a factory partition, and it holds an image."""
    rollback: Annotated[bool, Rollback] = True
    """App rollback, in bootloader and application."""
    anti_rollback: Annotated[bool, AntiRollback] = False
    """Anti-rollback, in bootloader and application."""
    versions: Annotated[int, Parameter(metavar="N")] = 3
    """Secure versions that images can have, 2 to 4."""
    idf: ReleaseName = Config().app_point
    """ESP-IDF release of the application."""
    bootloader_idf: AnyRelease = None
    """ESP-IDF release of the bootloader (default: as --idf)."""
    selector: Selector = Selector.ESP_IDF
    """What keeps otadata in bootloader and application: ESP-IDF's code, or its replacement of selector/ (by-turns)."""
    remedy: Remedies = frozenset()
    """What the application or the bootloader does so that more claims hold, such as restart-at-once; otaproof claim C4
    names those that help (repeatable)."""

    def usages(self, asked: UsageName | None) -> tuple[UsageName, ...]:
        """Return the usages that are meant: the one asked for, else each; with a remedy, as documented."""
        if asked is not None:
            return (asked,)
        return USAGES[:1] if self.remedy else USAGES

    def config(self) -> Config:
        """Return the configuration; raise InputError for one that Kconfig cannot produce."""
        try:
            plain = Config(rollback=self.rollback, anti_rollback=self.anti_rollback, selector=self.selector)
        except ValueError as error:
            raise InputError(str(error)) from None
        return with_versions(plain, self.idf, self.bootloader_idf or self.idf)

    def scope(
        self,
        faults: FaultModel | ModelledFault,
        usage: UsageName,
        allows: frozenset[Allowance] = frozenset(),
        skips: frozenset[SkipValidation] = frozenset(),
    ) -> "Scope":
        """Return the scope, without ghosts; raise InputError for one that no device has.

        skips: when the bootloader skips validation."""
        from ...model.device.remedy_steps import remedied
        from ...model.device.state import Scope, Usage

        config = self.config().skipping(skips)
        try:
            plain = Scope(
                config=config,
                slots=self.slots,
                has_factory=self.factory,
                faults=FaultModel(faults),
                usage=Usage(usage),
                versions=self.versions,
                allows=allows,
            )
            return remedied(plain, self.remedy)
        except ValueError as error:
            raise InputError(str(error)) from None


@Parameter(name="*", group=DEVICE)
@dataclass(frozen=True, slots=True, kw_only=True)
class CutOptions:
    """How power cuts damage flash, and how the application uses the calls."""

    faults: Faults = ModelledFault.F1
    """What a power cut may leave of a flash operation: all or nothing (F0), any prefix (F1), any bytes (F2), any bits
    (F3)."""
    usage: UsageName = "any"
    """The calls as documented (documented), the same with a restart as soon as an update is complete (restart-at-once),
    or in any order (any)."""
