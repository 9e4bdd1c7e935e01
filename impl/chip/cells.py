"""The contents of a NOR flash chip as an immutable value.

Sectors are `bytes` objects of 4096 bytes, kept in blocks of 16 (64 KiB). A change makes a new sector, a new
block and a new list of blocks and shares everything else, so keeping a snapshot costs nothing, and two
states that came from one are told apart by identity, sector by sector.
"""

from collections.abc import Iterable
from functools import lru_cache
from itertools import chain

SECTOR_SIZE = 0x1000
"""Bytes erased at once: FLASH_SECTOR_SIZE, SPI_FLASH_SEC_SIZE."""
PAGE_SIZE = 0x100
"""Bytes that one page program of the chip can reach."""
ERASED_SECTOR = b"\xff" * SECTOR_SIZE

_SECTORS_PER_BLOCK = 16
_Block = tuple[bytes, ...]


class Cells:
    """What every cell of the chip holds. Equal when all bytes are equal; hashable."""

    __slots__ = ("_blocks", "size")

    def __init__(self, sectors: Iterable[bytes]) -> None:
        """Take the chip's sectors, 4096 bytes each, in ascending order."""
        all_sectors = tuple(sectors)
        if not all_sectors or any(len(sector) != SECTOR_SIZE for sector in all_sectors):
            raise ValueError(f"a flash is one or more sectors of {SECTOR_SIZE} bytes")
        self._blocks: tuple[_Block, ...] = tuple(
            all_sectors[start : start + _SECTORS_PER_BLOCK] for start in range(0, len(all_sectors), _SECTORS_PER_BLOCK)
        )
        self.size = len(all_sectors) * SECTOR_SIZE

    @classmethod
    def erased(cls, size: int) -> "Cells":
        """Return a chip of `size` bytes (a multiple of 4096), all 0xFF."""
        if size <= 0 or size % SECTOR_SIZE:
            raise ValueError(f"flash size 0x{size:x} is not a positive multiple of 0x{SECTOR_SIZE:x}")
        return cls([ERASED_SECTOR] * (size // SECTOR_SIZE))

    @classmethod
    def from_bytes(cls, contents: bytes) -> "Cells":
        """Return a chip that holds `contents`, whose length is a positive multiple of 4096."""
        if not contents or len(contents) % SECTOR_SIZE:
            raise ValueError(f"0x{len(contents):x} bytes are not whole sectors of 0x{SECTOR_SIZE:x}")
        sectors = (contents[at : at + SECTOR_SIZE] for at in range(0, len(contents), SECTOR_SIZE))
        return cls(ERASED_SECTOR if sector == ERASED_SECTOR else sector for sector in sectors)

    def to_bytes(self) -> bytes:
        """Return the whole chip, as `esptool read-flash` would."""
        return b"".join(sector for block in self._blocks for sector in block)

    def sector(self, index: int) -> bytes:
        """Return sector `index`, 0 … size/4096 - 1."""
        return self._blocks[index // _SECTORS_PER_BLOCK][index % _SECTORS_PER_BLOCK]

    def sectors(self, address: int, length: int) -> tuple[bytes, ...]:
        """Return the sectors that the range touches, in order; the range must lie on the chip.

        A whole block is the same object as long as none of its sectors changes."""
        first, last = address // SECTOR_SIZE, (address + length - 1) // SECTOR_SIZE
        first_block = first // _SECTORS_PER_BLOCK
        blocks = self._blocks[first_block : last // _SECTORS_PER_BLOCK + 1]
        start = first - first_block * _SECTORS_PER_BLOCK
        if start == 0 and len(blocks) == 1 and last - first + 1 == len(blocks[0]):
            return blocks[0]
        return tuple(chain.from_iterable(blocks))[start : start + last - first + 1]

    def read(self, address: int, length: int) -> bytes:
        """Return `length` bytes from `address`; past the end of the chip the address wraps to 0."""
        address %= self.size
        if length <= 0:
            return b""
        index, offset = divmod(address, SECTOR_SIZE)
        if offset + length <= SECTOR_SIZE:
            sector = self._blocks[index // _SECTORS_PER_BLOCK][index % _SECTORS_PER_BLOCK]
            return sector[offset : offset + length]
        if address + length <= self.size:
            return b"".join(self.sectors(address, length))[offset : offset + length]
        whole = self.to_bytes()
        head = whole[address:]
        rounds, rest = divmod(length - len(head), self.size)
        return head + whole * rounds + whole[:rest]

    def agrees(self, other: "Cells", address: int, length: int) -> bool:
        """Tell whether both chips, of one size, read the same there; sectors that are shared compare by identity."""
        if length <= 0 or address + length > self.size:
            return self.read(address, length) == other.read(address, length)
        start = address // SECTOR_SIZE * SECTOR_SIZE
        for ours, theirs in zip(self.sectors(address, length), other.sectors(address, length), strict=True):
            if ours is not theirs:
                within = slice(max(address - start, 0), min(address + length - start, SECTOR_SIZE))
                if ours[within] != theirs[within]:
                    return False
            start += SECTOR_SIZE
        return True

    def with_sector(self, index: int, contents: bytes) -> "Cells":
        """Return this chip with sector `index` replaced by `contents` (4096 bytes); itself where that is there."""
        at, within = divmod(index, _SECTORS_PER_BLOCK)
        block = self._blocks[at]
        if block[within] is contents:
            return self
        changed = Cells.__new__(Cells)
        changed._blocks = (
            *self._blocks[:at],
            (*block[:within], contents, *block[within + 1 :]),
            *self._blocks[at + 1 :],
        )
        changed.size = self.size
        return changed

    def with_bytes(self, address: int, contents: bytes) -> "Cells":
        """Return this chip with `contents` put at `address`, whatever was there: how a test or a tool sets it up."""
        if not 0 <= address <= self.size - len(contents):
            raise ValueError(f"0x{len(contents):x} bytes at 0x{address:x} do not fit 0x{self.size:x}")
        cells = self
        for index, offset, piece in split_by_sector(address, contents):
            old = cells.sector(index)
            cells = cells.with_sector(index, old[:offset] + piece + old[offset + len(piece) :])
        return cells

    def __eq__(self, other: object) -> bool:
        """Compare all cells; shared blocks compare by identity."""
        return isinstance(other, Cells) and self._blocks == other._blocks

    def __deepcopy__(self, memo: object) -> "Cells":
        """Return itself: nothing changes it."""
        return self

    def __hash__(self) -> int:
        """Hash all cells; each sector caches its own hash."""
        return hash(self._blocks)


def split_by_sector(address: int, contents: bytes) -> Iterable[tuple[int, int, bytes]]:
    """Yield (sector index, offset in it, bytes) for each sector that `contents` at `address` touches."""
    if not contents:
        return
    index, offset = divmod(address, SECTOR_SIZE)
    if offset + len(contents) <= SECTOR_SIZE:
        yield index, offset, contents
        return
    first, *others = _pieces(offset, contents)
    yield index, offset, first
    for number, piece in enumerate(others, index + 1):
        yield number, 0, piece


@lru_cache(maxsize=16)
def _pieces(offset: int, contents: bytes) -> tuple[bytes, ...]:
    # The same objects each time, so that sectors that an image has filled are told by identity.
    head = SECTOR_SIZE - offset
    return contents[:head], *(contents[at : at + SECTOR_SIZE] for at in range(head, len(contents), SECTOR_SIZE))


def is_erased(contents: bytes) -> bool:
    """Tell whether all bytes are 0xFF; quick for a sector or less."""
    length = len(contents)
    return contents == ERASED_SECTOR[:length] if length <= SECTOR_SIZE else contents.count(0xFF) == length


def and_bytes(old: bytes, new: bytes) -> bytes:
    """Return what programming `new` over `old` (of the same length) leaves: bits only go from 1 to 0."""
    if is_erased(old):
        return new
    both = int.from_bytes(old, "little") & int.from_bytes(new, "little")
    return both.to_bytes(len(old), "little")


def is_programmable(old: bytes, new: bytes) -> bool:
    """Tell whether programming `new` over `old` asks for no bit to go from 0 to 1."""
    if is_erased(old):
        return True
    return int.from_bytes(new, "little") & ~int.from_bytes(old, "little") == 0
