"""What a torn operation leaves of the whole chip: the bytes of its own, undecided bits, and disturbed neighbours."""

from .cells import PAGE_SIZE, SECTOR_SIZE, Cells, and_bytes, split_by_sector
from .torn_operations import ONE_UNIT_PATTERNS, Torn, TornKind, page_bounds, pattern_mask, undecided_mask
from .undecided_cells import UndecidedBits, UndecidedCells, settled_sector, undecided_in, with_undecided


def after_torn_erase(cells: Cells, index: int, torn: Torn) -> Cells:
    """Return the chip after an erase of sector `index` was torn."""
    old = settled_sector(cells, index)
    left = cells.with_sector(index, torn.erased(old))
    was = undecided_in(cells, index)
    if torn.kind is not TornKind.UNSTABLE and was is None:
        return left
    fresh = 0
    if torn.kind is TornKind.UNSTABLE:
        fresh = ~_number(old) & _number(undecided_mask(torn.page, torn.pattern, SECTOR_SIZE))
    # What the erase has come to is decided.
    return _with_bits(left, index, torn, fresh, was, _number(torn.erased(bytes(SECTOR_SIZE))))


def after_torn_program(cells: Cells, address: int, data: bytes, torn: Torn) -> Cells:
    """Return the chip after a program of `data` at `address` was torn."""
    undecided = isinstance(cells, UndecidedCells)
    old = (cells.settled if isinstance(cells, UndecidedCells) else cells).read(address, len(data))
    left = cells.with_bytes(address, torn.programmed(old, data, address))
    if torn.kind not in (TornKind.UNSTABLE, TornKind.DISTURB) and not undecided:
        return left
    start, end = page_bounds(address, len(data), torn.page)
    if torn.kind is TornKind.DISTURB:
        left = _disturbed(left, address, len(data), address + start, torn)
    done = torn.programmed(b"\xff" * len(data), data, address)
    for index, offset, piece in split_by_sector(address, data):
        at = index * SECTOR_SIZE + offset - address
        fresh = 0
        if torn.kind is TornKind.UNSTABLE and at <= start < at + len(piece):
            mask = _number(undecided_mask(torn.page, torn.pattern, end - start))
            on_their_way = _number(old[start:end]) & ~_number(data[start:end])
            fresh = (on_their_way & mask) << 8 * ((address + start) % SECTOR_SIZE)
        cleared = ~_number(done[at : at + len(piece)]) & ((1 << 8 * len(piece)) - 1)
        left = _with_bits(left, index, torn, fresh, undecided_in(cells, index), cleared << 8 * offset)
    return left


def _with_bits(left: Cells, index: int, torn: Torn, fresh: int, was: UndecidedBits | None, decided: int) -> Cells:
    """Return a chip with the bits undecided that the tear has left so, and those that it has not decided."""
    kept = 0 if was is None else was.bits & ~decided
    if fresh or was is None:
        return with_undecided(left, {index: UndecidedBits(fresh | kept, torn)})
    return with_undecided(left, {index: UndecidedBits(kept, was.torn, was.reads)})


def _disturbed(cells: Cells, address: int, length: int, in_progress: int, torn: Torn) -> Cells:
    """Return the chip with bits cleared in the sector in progress, outside of what the program was to write."""
    index = in_progress // SECTOR_SIZE
    sector, first = settled_sector(cells, index), index * SECTOR_SIZE
    size = SECTOR_SIZE if torn.pattern >= 2 * ONE_UNIT_PATTERNS else PAGE_SIZE
    kept = _number(pattern_mask(False, torn.page, torn.pattern ^ ONE_UNIT_PATTERNS, size).ljust(SECTOR_SIZE, b"\xff"))
    shift = 8 * (address - first)
    whole = (1 << 8 * length) - 1
    own = whole << shift if shift >= 0 else whole >> -shift
    mask = (kept | own) & ((1 << 8 * SECTOR_SIZE) - 1)
    return cells.with_sector(index, and_bytes(sector, mask.to_bytes(SECTOR_SIZE, "little")))


def _number(data: bytes) -> int:
    return int.from_bytes(data, "little")
