"""The device under test: what a board holds before its first power-on, and the image that an upgrade brings."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache

from ..impl.board import Board
from ..impl.chip.cells import SECTOR_SIZE, Cells, split_by_sector
from ..impl.chip.efuse import Efuse
from ..impl.chip.flash import NorFlash, Strictness
from ..impl.otadata import ENTRY_SIZE
from ..impl.partitions.partition import Partition
from ..model.config import Config
from ..model.remedies import Remedy

DEFAULT_CHUNK = 4096
"""Bytes handed to each write()."""


@dataclass(frozen=True, slots=True)
class NamedImage:
    """An image file that the campaign knows."""

    name: str
    contents: bytes
    version: str = ""
    secure_version: int = 0
    is_damaged: bool = False
    """It does not verify, and is not to."""


NO_IMAGE = NamedImage("no image", b"")
"""The update of a device that no script upgrades."""


@dataclass(frozen=True)
class DeviceUnderTest:
    """One device, and the images that are known; history/history.py makes small ones."""

    config: Config
    table: tuple[Partition, ...]
    cells: Cells
    """The flash before the first power-on: partition table, otadata, images."""
    images: tuple[NamedImage, ...] = ()
    """Every whole image that can be recognised by its bytes; the update is among them."""
    update: NamedImage = NO_IMAGE
    """What an upgrade writes."""
    efuse_bits: int = 0
    chunk: int = DEFAULT_CHUNK
    strictness: Strictness = Strictness.STRICT
    remedies: frozenset[Remedy] = frozenset()
    """What its application keeps to."""
    _by_label: dict[str, Partition] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Index the table by label."""
        object.__setattr__(self, "_by_label", {partition.label: partition for partition in self.table})

    def keeping_to(self, remedies: frozenset[Remedy]) -> "DeviceUnderTest":
        """Return the device with these remedies, a patch of its bootloader among them."""
        config = replace(self.config, notes_in_place=Remedy.NOTE_IN_PLACE in remedies)
        return replace(self, config=config, remedies=remedies)

    def image(self, number: int | None) -> NamedImage:
        """Return a known image by its number; None: the update."""
        return self.update if number is None else self.images[number]

    def partition(self, label: str) -> Partition:
        """Return the partition with that label."""
        return self._by_label[label]

    @cached_property
    def otadata(self) -> Partition | None:
        """The otadata partition that the bootloader uses: the last one of the table."""
        return next((p for p in reversed(self.table) if p.is_otadata), None)

    @cached_property
    def slot_labels(self) -> dict[int, str]:
        """The labels of the OTA slots, by their numbers."""
        return {partition.slot: partition.label for partition in self.table if partition.is_ota_slot}

    def board(self, cells: Cells | None = None, efuse_bits: int | None = None) -> Board:
        """Return the board, switched off, holding `cells` (None: those before the first power-on)."""
        flash = NorFlash(self.cells if cells is None else cells, self.strictness)
        bits = self.efuse_bits if efuse_bits is None else efuse_bits
        return Board(flash, Efuse(bits, self.config.secure_version_bits), self.config)

    def entries(self, cells: Cells) -> tuple[bytes, bytes] | None:
        """Return the 32 bytes of each otadata entry in `cells`; None without otadata."""
        if self.otadata is None:
            return None
        start = self.otadata.offset
        return cells.read(start, ENTRY_SIZE), cells.read(start + SECTOR_SIZE, ENTRY_SIZE)

    def is_in_otadata(self, address: int) -> bool:
        """Tell whether an address lies in the otadata partition."""
        return self.otadata is not None and self.otadata.offset <= address < self.otadata.end

    def image_in(self, cells: Cells, partition: Partition) -> NamedImage | None:
        """Return the known image that lies whole at the start of a partition, or None."""
        return self.image_found(partition, lambda question: question.ask(cells))

    def image_found(self, partition: Partition, ask: "Callable[[Holds], object]") -> NamedImage | None:
        """Return the same as `image_in`, going by what `ask` answers."""
        for image in self.images:
            if len(image.contents) <= partition.size and ask(Holds(partition.offset, image.contents)):
                return image
        return None


@dataclass(frozen=True, slots=True)
class Holds:
    """The question whether the bytes of an image lie at an address; two with one address and image are equal."""

    address: int
    contents: bytes

    @property
    def length(self) -> int:
        """Bytes asked about."""
        return len(self.contents)

    def ask(self, cells: Cells) -> bool:
        """Answer it; sectors that are shared compare by identity."""
        skip = self.address % SECTOR_SIZE
        head, *whole, tail = _pieces(skip, self.contents)
        sectors = cells.sectors(self.address, self.length)
        if len(sectors) == 1:
            return sectors[0].startswith(self.contents, skip)
        return sectors[1:-1] == tuple(whole) and sectors[0].endswith(head) and sectors[-1].startswith(tail)


@lru_cache(maxsize=64)
def _pieces(skip: int, contents: bytes) -> tuple[bytes, ...]:
    """Return what each sector holds of contents that begin `skip` bytes into the first one; at least two pieces."""
    pieces = [piece for _, _, piece in split_by_sector(skip, contents)]
    return tuple(pieces) if len(pieces) > 1 else (contents, b"")
