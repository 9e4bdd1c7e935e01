"""Every decided cut point as a row of a CSV file, counted and named as the recorded vectors do.

Columns: call_index (0 is the first power-on), call, op (counted from 0 within the call), torn, address,
otadata_0, otadata_1 (the entries in hex before the boot; empty without otadata), booted (label; empty when
nothing boots), verdict ("ok", or the ids of the violated claims).
"""

import csv
import gzip
import io
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from ...impl.chip.cells import Cells
from ..device_under_test import World
from .sweep import Stretch, SweepResult, torn_cells
from .uncut_run import PlayedCall, Setting

COLUMNS = ("call_index", "call", "op", "torn", "address", "otadata_0", "otadata_1", "booted", "verdict")


def write_cut_table(path: Path, world: World, setting: Setting, result: SweepResult) -> int:
    """Write the rows of a sweep to `path` (.csv or .csv.gz) and return how many there are.

    The file appears whole or not at all; raises OSError where it cannot be written."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    os.close(handle)
    try:
        with _open_text(Path(temporary), is_packed=path.suffix == ".gz") as stream:
            writer = csv.writer(stream, lineterminator="\n")
            writer.writerow(COLUMNS)
            count = 0
            for row in cut_rows(world, setting, result):
                writer.writerow(row)
                count += 1
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    return count


def cut_rows(world: World, setting: Setting, result: SweepResult) -> Iterator[tuple[int | str, ...]]:
    """Yield the rows of a sweep in order."""
    played = {call.call.index: call for call in setting.calls}
    for stretch in result.stretches:
        yield from _stretch_rows(world, played[stretch.call.index], stretch)


def _stretch_rows(world: World, played: PlayedCall, stretch: Stretch) -> Iterator[tuple[int | str, ...]]:
    head = stretch.call.index, stretch.call.name.value, stretch.op_index
    tail = stretch.known.future.boot.partition or "", " ".join(stretch.broken) or "ok"
    if stretch.op is None:
        yield (*head, f"efuse:0x{stretch.efuse_done:x}", "", *_entries(world, played.end), *tail)
        return
    address = stretch.op.address
    is_in_otadata = world.is_in_otadata(address)
    entries = _entries(world, played.before_op[stretch.op_index])
    for torn in stretch.tears():
        if is_in_otadata:
            entries = _entries(world, torn_cells(played, stretch.op_index, torn))
        yield (*head, str(torn), address, *entries, *tail)


def _entries(world: World, cells: Cells) -> tuple[str, str]:
    first, second = world.entries(cells) or (b"", b"")
    return first.hex(), second.hex()


def _open_text(path: Path, is_packed: bool) -> io.TextIOBase:
    if is_packed:
        return io.TextIOWrapper(gzip.GzipFile(path, "wb", compresslevel=1, mtime=0), encoding="ascii", newline="")
    return path.open("w", encoding="ascii", newline="")
