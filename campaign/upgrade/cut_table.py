"""Every decided cut point as a row of a CSV file, counted and named as the recorded vectors do.

Columns: call_index (0 is the first power-on), call, op (counted from 0 within the call), torn, address,
otadata_0, otadata_1 (the entries in hex before the boot; empty without otadata), booted (label; empty when
nothing boots), verdict ("ok", or the ids of the violated claims).
"""

import csv
import gzip
import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from ...impl.chip.cells import Cells
from ...output_file import output_file
from ..cuts.operation_cuts import torn_cells
from ..device_under_test import DeviceUnderTest
from .sweep import Stretch, SweepResult

COLUMNS = ("call_index", "call", "op", "torn", "address", "otadata_0", "otadata_1", "booted", "verdict")


def write_cut_table(path: Path, dut: DeviceUnderTest, result: SweepResult) -> int:
    """Write the rows of a sweep to `path` (.csv or .csv.gz) and return how many there are.

    The file appears whole or not at all; raises InputError where it cannot be written."""
    count = 0
    with output_file(path) as file, _text_in(file, is_packed=path.suffix == ".gz") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(COLUMNS)
        for row in cut_rows(dut, result):
            writer.writerow(row)
            count += 1
    return count


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


@contextmanager
def _text_in(file: BinaryIO, is_packed: bool) -> Iterator[io.TextIOBase]:
    """Yield a text stream into a file; packed, with a header that says neither name nor time: same rows, same bytes."""
    packed = gzip.GzipFile("", "wb", compresslevel=1, fileobj=file, mtime=0) if is_packed else file
    stream = io.TextIOWrapper(packed, encoding="utf-8", newline="")
    yield stream
    stream.flush()
    stream.detach()
    if is_packed:
        packed.close()
