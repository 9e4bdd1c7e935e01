"""What lies in a flash where no bootloader looks for it, and what it takes the flash for, told line by line."""

from collections.abc import Iterator

from ..impl.chip.cells import SECTOR_SIZE, Cells
from ..impl.partitions.partition import Partition
from .flash_parts import TABLES_BELOW, decoded_table
from .flash_reading import FlashReading


def flash_oddities(flash: FlashReading) -> Iterator[str]:
    """Yield a line for each thing that is odd about a flash."""
    for offset in flash.stray:
        yield f"an application lies at 0x{offset:x}{_inside(flash.table, offset)}, where no app partition begins: " + (
            f"the bootloader does not find it; it looks at {_beginnings(flash.table)}"
        )
    used = int(flash.table_offset.raw, 16)
    for offset in _tables(flash.cells):
        if offset != used:
            same = "the same" if decoded_table(_head(flash.cells), offset) == flash.table else "another"
            yield (
                f"a second whole partition table, {same}, lies at 0x{offset:x}: the bootloader reads the one at the "
                f"offset that it was built with; if that is 0x{offset:x}, say --table-offset 0x{offset:x}"
            )
    if flash.header_size is not None:
        end = max((partition.end for partition in flash.table), default=0)
        yield (
            f"the header of the bootloader says {flash.header_size >> 20} MB of flash, and the partition table ends at "
            f"0x{end:x}: the bootloader refuses the table as a whole"
        )


def seen_cells(flash: FlashReading) -> Cells:
    """Return the flash as its bootloader takes it to be: no larger than its own header says, where that matters."""
    if flash.header_size is None:
        return flash.cells
    return Cells.from_bytes(flash.cells.read(0, flash.header_size))


def _head(cells: Cells) -> bytes:
    return cells.read(0, min(cells.size, TABLES_BELOW))


def _tables(cells: Cells) -> Iterator[int]:
    head = _head(cells)
    return (offset for offset in range(0, len(head), SECTOR_SIZE) if decoded_table(head, offset))


def _inside(table: tuple[Partition, ...], offset: int) -> str:
    inside = next((p for p in table if p.offset <= offset < p.end), None)
    return "" if inside is None else f", inside {inside.label}"


def _beginnings(table: tuple[Partition, ...]) -> str:
    apps = sorted((p for p in table if p.is_app), key=lambda app: app.offset)
    return ", ".join(f"0x{app.offset:x} ({app.label})" for app in apps) or "no place, since there is no app partition"
