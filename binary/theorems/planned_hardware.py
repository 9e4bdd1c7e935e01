"""Simulated hardware on which impl plays a counterexample: what is done is noted, and what is to fail fails."""

from collections.abc import Collection

from ...impl.chip.cells import SECTOR_SIZE, Cells
from ...impl.chip.efuse import Efuse
from ...impl.chip.flash import NorFlash
from ...impl.esp_err import EspErr, OtaError
from ...impl.image.format import APP_DESC_MAGIC, APP_DESC_OFFSET, AppDesc, encode_app_desc
from ...impl.partitions.partition import DataSubtype, Partition, PartitionType
from .deeds import Act, DeedKind
from .image_versions import ImageVersion


class PlannedFlash(NorFlash):
    """A flash that notes what is done on it, checks of images too."""

    def __init__(self, cells: Cells, failing: Collection[int]) -> None:
        """Start powered, holding `cells`; failing: numbers of what returns an error and has no effect, from 0."""
        super().__init__(cells)
        self._failing = failing
        self.acts: tuple[Act, ...] = ()

    def erase_sector(self, address: int) -> None:
        """Erase a sector."""
        self.end(DeedKind.ERASE, address, size=SECTOR_SIZE)
        super().erase_sector(address)

    def program(self, address: int, data: bytes) -> None:
        """Program bytes."""
        self.end(DeedKind.PROGRAM, address, data)
        super().program(address, data)

    def fails(self, kind: DeedKind, address: int, data: bytes = b"", size: int = 0) -> bool:
        """Note what is done, and tell whether it fails."""
        is_failing = len(self.acts) in self._failing
        self.acts += (Act(kind, address, data, is_failing, size=size),)
        return is_failing

    def end(self, kind: DeedKind, address: int, data: bytes = b"", size: int = 0) -> None:
        """Note what is done; raises OtaError where it fails."""
        if self.fails(kind, address, data, size):
            raise OtaError(EspErr.FLASH_OP_FAIL)


class PlannedEfuse(Efuse):
    """An eFuse of any version, which notes on a flash what it is asked to burn."""

    def __init__(self, version: int, flash: PlannedFlash) -> None:
        """Hold a version."""
        self._version = version
        self._flash = flash

    @property
    def secure_version(self) -> int:
        """The version."""
        return self._version

    def update_secure_version(self, secure_version: int) -> None:
        """Note the burn."""
        self._flash.end(DeedKind.BURN, secure_version)


def cells_with(versions: Collection[ImageVersion], otadata_offset: int) -> Cells:
    """Return erased flash that reaches behind otadata and the images, with their descriptions in it."""
    descriptions = {
        item.offset + APP_DESC_OFFSET: encode_app_desc(AppDesc(APP_DESC_MAGIC, item.version, "", "", "", "", ""))
        for item in versions
        if item.is_described
    }
    ends = (address + len(raw) for address, raw in descriptions.items())
    size = max((otadata_offset + 2 * SECTOR_SIZE, *(item.offset + 2 * SECTOR_SIZE for item in versions), *ends))
    cells = Cells.erased((size + SECTOR_SIZE - 1) // SECTOR_SIZE * SECTOR_SIZE)
    for address, raw in descriptions.items():
        cells = cells.with_bytes(address, raw)
    return cells


def otadata_at(offset: int, size: int) -> Partition | None:
    """Return the otadata partition; offset and size: 0 where there is none."""
    return Partition("otadata", PartitionType.DATA, DataSubtype.OTA, offset, size) if offset or size else None


def app_at(subtype: int, offset: int, size: int) -> Partition:
    """Return the partition of an application."""
    return Partition("app", PartitionType.APP, subtype, offset, size)
