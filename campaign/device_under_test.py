"""The device under test: what a board holds before its first power-on, and the image that an upgrade brings."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from typing import Literal

from ..impl.board import Board
from ..impl.chip.cells import SECTOR_SIZE, Cells, split_by_sector
from ..impl.chip.efuse import Efuse
from ..impl.chip.flash import Strictness
from ..impl.chip.growing_prefix import GrowingPrefix, Piece
from ..impl.chip.undecided_flash import flash_of
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
        flash = flash_of(self.cells if cells is None else cells, self.strictness)
        bits = self.efuse_bits if efuse_bits is None else efuse_bits
        return Board(flash, Efuse(bits, self.config.secure_version_bits), self.config)

    def entries(self, cells: Cells) -> tuple[bytes, bytes] | None:
        """Return the 32 bytes of each otadata entry in `cells`; None without otadata."""
        if self.otadata is None:
            return None
        start = self.otadata.offset
        return cells.read(start, ENTRY_SIZE), cells.read(start + SECTOR_SIZE, ENTRY_SIZE)

    def is_of_entry(self, address: int, length: int) -> bool:
        """Tell whether an operation there rewrites an otadata entry."""
        return self.is_in_otadata(address) and length in (ENTRY_SIZE, SECTOR_SIZE)

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
    def pieces(self) -> tuple[Piece, ...]:
        """What is asked about."""
        return ((self.address, len(self.contents)),)

    def ask(self, cells: Cells) -> bool:
        """Answer it; sectors that are shared compare by identity."""
        skip = self.address % SECTOR_SIZE
        head, whole, tail = _pieces(skip, self.contents)
        sectors = cells.sectors(self.address, len(self.contents))
        if len(sectors) == 1:
            return sectors[0].startswith(self.contents, skip)
        return sectors[1:-1] == whole and sectors[0].endswith(head) and sectors[-1].startswith(tail)

    def steady_until(self, growing: GrowingPrefix) -> int:
        """Return up to how many bytes of a torn operation an image that is not there cannot come to be there."""
        if self.ask(growing.cells):
            return growing.until_it_reaches(self.pieces)
        first = max(self.address, growing.address + growing.done)
        length = min(self.address + len(self.contents), growing.address + growing.last) - first
        wanted = self.contents[first - self.address :][: max(length, 0)]
        if length <= 0 or not self.ask(growing.cells.with_bytes(first, wanted)):
            return growing.last
        # It is there once the bytes that are still wrong are done, as long as none is done that is wrong then.
        still_wrong = length - _alike(growing.cells.read(first, length), wanted, "little")
        if still_wrong > _alike(growing.after.read(first, length), wanted, "big"):
            return growing.last
        return first - growing.address + still_wrong - 1


def _alike(one: bytes, other: bytes, order: Literal["little", "big"]) -> int:
    """Return how many bytes of two texts of one length are the same at their begin ("big"), or at their end."""
    differ = int.from_bytes(one, order) ^ int.from_bytes(other, order)
    return len(one) - (differ.bit_length() + 7) // 8


@lru_cache(maxsize=64)
def _pieces(skip: int, contents: bytes) -> tuple[bytes, tuple[bytes, ...], bytes]:
    """Return what each sector holds of contents that begin `skip` bytes into the first: that one, more, the last."""
    pieces = [piece for _, _, piece in split_by_sector(skip, contents)]
    return (pieces[0], tuple(pieces[1:-1]), pieces[-1]) if len(pieces) > 1 else (contents, (), b"")
