"""What a power cut leaves of the flash operation it interrupts.

Six fault models, each a superset of the one before:

    F0  nothing torn: the operation took effect or it did not
    F1  a prefix is programmed or erased, byte by byte (4-byte words are among them)
    F2  any subset of the bytes of the page or sector in progress
    F3  any subset of the bits on their way: when programming, bits that should clear may not have;
        when erasing, bits that should set may not have
    F4  such bits may stay undecided: each read finds them done or not, until the sector is erased (undecided_cells.py)
    F5  other bytes of the sector in progress change as well: a program clears bits of them; of a sector whose erase
        is cut, each bit may be 0 or 1, since chips program a sector before they erase it

F0 and F1 can be enumerated. The others are sampled by a seed; `can_program_leave` and `can_erase_leave`
tell exactly what F2 and F3 admit, and what each reading under F4 is. A tear is written as in the recorded vectors:

    before  after  prefix:N (program: N bytes done)  partial:N (erase: N bytes done; partial is partial:2048)
    bytes:P.S  bits:P.S  (page P of a program, or P = 0 of an erase; pattern number S)
    unstable:P.S  disturb:P.S  (the same, under F4 and F5)
    mask:HEX  (bit for bit, for what no pattern leaves: 1 where a program does nothing yet, or an erase is done)

Pages before the one in progress are whole, pages after it untouched, whatever the model.
"""

import hashlib
from dataclasses import dataclass
from enum import Enum

from ...model.fault_model import FaultModel
from .cells import ERASED_SECTOR, PAGE_SIZE, SECTOR_SIZE, and_bytes, is_erased


class TornKind(Enum):
    """The ways to tear an operation, by the word that names them."""

    BEFORE = "before"
    AFTER = "after"
    PREFIX = "prefix"
    PARTIAL = "partial"
    BYTES = "bytes"
    BITS = "bits"
    UNSTABLE = "unstable"
    DISTURB = "disturb"
    MASK = "mask"


@dataclass(frozen=True, slots=True)
class Torn:
    """One way to tear one operation."""

    kind: TornKind
    length: int = 0
    """PREFIX and PARTIAL: bytes that took effect."""
    page: int = 0
    """PATTERN_KINDS: which page of the program is in progress, from 0."""
    pattern: int = 0
    """PATTERN_KINDS: number of the pseudo-random pattern."""
    mask: bytes = b""
    """MASK: ones where a program does nothing yet, or an erase is done; zeros from its end on."""

    @classmethod
    def parse(cls, text: str) -> "Torn":
        """Return the tear that `text` names; raises ValueError with the allowed forms."""
        word, _, rest = text.partition(":")
        try:
            kind = TornKind(word)
            if kind in (TornKind.BEFORE, TornKind.AFTER) and not rest:
                return cls(kind)
            if kind is TornKind.PARTIAL and not rest:
                return cls(kind, length=SECTOR_SIZE // 2)
            if kind in (TornKind.PREFIX, TornKind.PARTIAL) and rest.isdecimal():
                return cls(kind, length=int(rest))
            if kind in PATTERN_KINDS:
                page, pattern = rest.split(".")
                if page.isdecimal() and pattern.isdecimal():
                    return cls(kind, page=int(page), pattern=int(pattern))
            if kind is TornKind.MASK and 0 < len(rest) <= 2 * PAGE_SIZE:
                return cls(kind, mask=bytes.fromhex(rest))
        except ValueError:
            pass
        raise ValueError(
            f"{text!r} is no tear; want before, after, prefix:N, partial[:N], mask:HEX, or one of bytes, bits, "
            "unstable and disturb with :PAGE.N"
        )

    def __str__(self) -> str:
        """Write the tear as the recorded vectors do."""
        if self.kind in (TornKind.BEFORE, TornKind.AFTER):
            return str(self.kind.value)
        if self.kind in (TornKind.PREFIX, TornKind.PARTIAL):
            return f"{self.kind.value}:{self.length}"
        if self.kind is TornKind.MASK:
            return f"{self.kind.value}:{self.mask.hex()}"
        return f"{self.kind.value}:{self.page}.{self.pattern}"

    @property
    def weakest_model(self) -> FaultModel:
        """The smallest fault model that admits this tear."""
        match self.kind:
            case TornKind.BEFORE | TornKind.AFTER:
                return FaultModel.F0
            case TornKind.PREFIX | TornKind.PARTIAL:
                return FaultModel.F1
            case TornKind.BYTES:
                return FaultModel.F2
            case TornKind.BITS:
                return FaultModel.F3
            case TornKind.UNSTABLE:
                return FaultModel.F4
            case TornKind.DISTURB:
                return FaultModel.F5
            case TornKind.MASK:
                return FaultModel.F2 if set(self.mask) <= {0x00, 0xFF} else FaultModel.F3

    def erased(self, old: bytes) -> bytes:
        """Return what a torn erase leaves of the sector `old` (4096 bytes); prefix:N acts as after.

        UNSTABLE: what the bits are that are decided; the others are here as they were."""
        match self.kind:
            case TornKind.BEFORE:
                return old
            case TornKind.AFTER | TornKind.PREFIX:
                return ERASED_SECTOR
            case TornKind.PARTIAL:
                return ERASED_SECTOR[: self.length] + old[self.length :]
            case TornKind.BYTES | TornKind.BITS | TornKind.MASK | TornKind.UNSTABLE:
                return _or_bytes(old, self._mask(SECTOR_SIZE))
            case TornKind.DISTURB:
                cleared, set_bits = disturbed_erase_masks(self.pattern, SECTOR_SIZE)
                return _or_bytes(and_bytes(old, _not_bytes(cleared)), set_bits)

    def programmed(self, old: bytes, data: bytes, address: int) -> bytes:
        """Return what a torn program of `data` at `address` leaves over `old`; partial acts as after.

        old, data: of one length, the bytes before and the bytes asked for. UNSTABLE: see erased().
        """
        match self.kind:
            case TornKind.BEFORE:
                return old
            case TornKind.AFTER | TornKind.PARTIAL:
                return and_bytes(old, data)
            case TornKind.PREFIX:
                return and_bytes(old[: self.length], data[: self.length]) + old[self.length :]
            case _:
                start, end = page_bounds(address, len(data), self.page)
                undone = self._mask(end - start)
                undone = _not_bytes(undone) if self.kind is TornKind.UNSTABLE else undone
                torn = and_bytes(old[start:end], _or_bytes(data[start:end], undone))
                return and_bytes(old[:start], data[:start]) + torn + old[end:]

    def _mask(self, size: int) -> bytes:
        """Return the pattern: ones where a program does nothing yet, or an erase is already done."""
        if self.kind is TornKind.MASK:
            return self.mask[:size].ljust(size, b"\0")
        if self.kind is TornKind.UNSTABLE:
            return settled_mask(self.page, self.pattern, size)
        return pattern_mask(self.kind is TornKind.BYTES, self.page, self.pattern, size)


PATTERN_KINDS = (TornKind.BYTES, TornKind.BITS, TornKind.UNSTABLE, TornKind.DISTURB)
"""Those that a page and the number of a pattern tell."""
BEFORE = Torn(TornKind.BEFORE)
AFTER = Torn(TornKind.AFTER)


def page_bounds(address: int, length: int, page: int) -> tuple[int, int]:
    """Return start and end, as offsets into the data, of page number `page` of a program at `address`.

    Raises ValueError when the program touches fewer pages.
    """
    start = max(0, page * PAGE_SIZE - address % PAGE_SIZE)
    end = min(length, (page + 1) * PAGE_SIZE - address % PAGE_SIZE)
    if start >= end:
        raise ValueError(f"a program of {length} bytes at 0x{address:x} has no page {page}")
    return start, end


def page_count(address: int, length: int) -> int:
    """Return how many pages a program of `length` bytes at `address` touches."""
    return 0 if length == 0 else (address % PAGE_SIZE + length - 1) // PAGE_SIZE + 1


ONE_UNIT_PATTERNS = 256
"""Pattern numbers below this mark one unit (bit or byte) alone; as many more mark all units but one."""


_WHOLE_BYTES = bytes([0x00, 0xFF] * 128)
"""By a random byte, whether a byte is marked."""


def pattern_mask(whole_bytes: bool, page: int, pattern: int, size: int) -> bytes:
    """Return `size` bytes of pattern number `pattern`: the same on every machine and in every run.

    A unit is a byte when `whole_bytes`, else a bit. Patterns 0 … 255 mark one unit, patterns 256 … 511 all units
    but one, in the order of the units; the others mark units at random, a half of them on average when
    pattern % 4 is 0, a quarter for 1, three quarters for 2, one in sixteen for 3.
    """
    if pattern < 2 * ONE_UNIT_PATTERNS:
        unit = pattern % ONE_UNIT_PATTERNS % (size if whole_bytes else 8 * size)
        one = 0xFF << 8 * unit if whole_bytes else 1 << unit
        everything = (1 << 8 * size) - 1
        return (one if pattern < ONE_UNIT_PATTERNS else everything ^ one).to_bytes(size, "little")
    streams = hashlib.shake_128(f"{whole_bytes}/{page}/{pattern}".encode()).digest(4 * size)
    first, second, third, fourth = (
        int.from_bytes(streams[at : at + size], "little") for at in range(0, 4 * size, size)
    )
    mask = (first, first & second, first | second, first & second & third & fourth)[pattern % 4]
    mask_bytes = mask.to_bytes(size, "little")
    if whole_bytes:
        return mask_bytes.translate(_WHOLE_BYTES)
    return mask_bytes


def can_program_leave(after: bytes, over: bytes, record: bytes, model: FaultModel) -> bool:
    """Tell whether a cut while `record` is programmed over `over` can leave `after`, under `model`.

    All three have one length and lie in one page, as the 32 bytes of an otadata entry do.
    """
    done = and_bytes(over, record)
    if after in (over, done):
        return True
    match model:
        case FaultModel.F0:
            return False
        case FaultModel.F1:
            return any(after == done[:length] + over[length:] for length in range(len(over)))
        case FaultModel.F2:
            return all(a in (d, o) for a, d, o in zip(after, done, over, strict=True))
        case _:
            # What one reading finds, from F4 on.
            return all(a & d == d and a | o == o for a, d, o in zip(after, done, over, strict=True))


def can_erase_leave(after: bytes, over: bytes, model: FaultModel) -> bool:
    """Tell whether a cut while the sector that begins with `over` is erased can leave `after`, under `model`."""
    if after == over or is_erased(after):
        return True
    match model:
        case FaultModel.F0:
            return False
        case FaultModel.F1:
            return any(after == b"\xff" * length + over[length:] for length in range(len(over)))
        case FaultModel.F2:
            return all(a in (0xFF, o) for a, o in zip(after, over, strict=True))
        case FaultModel.F5:
            return True
        case _:
            return all(a & o == o for a, o in zip(after, over, strict=True))


def settled_mask(page: int, pattern: int, size: int) -> bytes:
    """Return which bits on their way an unstable tear has settled as done; see undecided_mask().

    Of those that are decided, about half are done and the others are not begun."""
    done, _ = _settled(page, pattern, size)
    return done


def undecided_mask(page: int, pattern: int, size: int) -> bytes:
    """Return which bits on their way an unstable tear leaves undecided.

    All of them for the patterns that are schedules (see reading_mask) and when pattern % 4 is 0; else a half, a quarter
    or one in eight on average."""
    _, undecided = _settled(page, pattern, size)
    return undecided


def reading_mask(torn: Torn, reading: int, size: int) -> bytes:
    """Return which undecided bits are found done by read number `reading` of their sector, from 0.

    Patterns 0 … 255 are schedules of eight reads, which then begin again: all undecided bits are done where the bit of
    that number is 1, none where it is 0. Under the others each bit goes its own way at each read."""
    if torn.pattern < SCHEDULES:
        return (b"\xff" if torn.pattern >> reading % 8 & 1 else b"\0") * size
    return hashlib.shake_128(f"unstable/{torn.page}/{torn.pattern}/{reading}".encode()).digest(size)


SCHEDULES = 256
"""Patterns of unstable tears below this are schedules of whole readings."""


def _settled(page: int, pattern: int, size: int) -> tuple[bytes, bytes]:
    """Return the masks of an unstable tear: bits that are done, and bits that are undecided."""
    everything = b"\xff" * size
    if pattern < SCHEDULES or pattern % 4 == 0:
        return bytes(size), everything
    streams = hashlib.shake_128(f"settled/{page}/{pattern}".encode()).digest(4 * size)
    done, *chances = (streams[at : at + size] for at in range(0, 4 * size, size))
    undecided = everything
    for chance in chances[: pattern % 4]:
        undecided = and_bytes(undecided, chance)
    return and_bytes(done, _not_bytes(undecided)), undecided


def disturbed_erase_masks(pattern: int, size: int) -> tuple[bytes, bytes]:
    """Return which bits of a sector a disturbed erase clears, and which it then sets.

    Pattern 0: the sector is programmed, as chips do before they erase, and no more. Others: bits at random, the more of
    them cleared or set, the higher pattern % 4."""
    if pattern == 0:
        return b"\xff" * size, bytes(size)
    streams = hashlib.shake_128(f"disturb/{pattern}".encode()).digest(4 * size)
    first, second, third, fourth = (streams[at : at + size] for at in range(0, 4 * size, size))
    match pattern % 4:
        case 0:
            return and_bytes(and_bytes(first, second), and_bytes(third, fourth)), bytes(size)
        case 1:
            return and_bytes(first, second), and_bytes(third, fourth)
        case 2:
            return first, and_bytes(second, third)
        case _:
            return b"\xff" * size, first


def _not_bytes(mask: bytes) -> bytes:
    return bytes(byte ^ 0xFF for byte in mask)


def _or_bytes(left: bytes, right: bytes) -> bytes:
    both = int.from_bytes(left, "little") | int.from_bytes(right, "little")
    return both.to_bytes(len(left), "little")
