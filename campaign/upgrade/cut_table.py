"""Every decided cut point as a row of a CSV file, counted and named as the recorded vectors do.

Columns: call_index (0 is the first power-on), call, op (counted from 0 within the call), torn, address,
otadata_0, otadata_1 (the entries in hex before the boot; empty without otadata), booted (label; empty when
nothing boots), verdict ("ok", or the ids of the violated claims).
"""

from collections.abc import Iterator
from pathlib import Path

from ...impl.chip.cells import Cells
from ..csv_file import write_csv
from ..cuts.operation_cuts import torn_cells
from ..device_under_test import DeviceUnderTest
from .sweep import Stretch, SweepResult

COLUMNS = ("call_index", "call", "op", "torn", "address", "otadata_0", "otadata_1", "booted", "verdict")


def write_cut_table(path: Path, dut: DeviceUnderTest, result: SweepResult) -> int:
    """Write the rows of a sweep to `path` (.csv or .csv.gz) and return how many there are.

    The file appears whole or not at all; raises InputError where it cannot be written."""
    return write_csv(path, COLUMNS, cut_rows(dut, result))


def cut_rows(dut: DeviceUnderTest, result: SweepResult) -> Iterator[tuple[int | str, ...]]:
    """Yield the rows of a sweep in order."""
    for stretch in result.stretches:
        yield from _stretch_rows(dut, stretch)


def _stretch_rows(dut: DeviceUnderTest, stretch: Stretch) -> Iterator[tuple[int | str, ...]]:
    played = stretch.played
    head = played.number, played.step.call_name, stretch.op_index
    tail = stretch.known.future.boot.partition or "", " ".join(stretch.broken) or "ok"
    if stretch.op is None:
        yield (*head, f"efuse:0x{stretch.efuse_done:x}", "", *_entries(dut, played.after.cells), *tail)
        return
    address = stretch.op.address
    is_in_otadata = dut.is_in_otadata(address)
    entries = _entries(dut, played.moments[stretch.op_index].cells)
    for torn in stretch.tears():
        if is_in_otadata:
            entries = _entries(dut, torn_cells(played, stretch.op_index, torn))
        yield (*head, str(torn), address, *entries, *tail)


def _entries(dut: DeviceUnderTest, cells: Cells) -> tuple[str, str]:
    first, second = dut.entries(cells) or (b"", b"")
    return first.hex(), second.hex()
