"""Every decided cut point of a session as a row of a CSV file.

Columns: call_index (0 is esp_ota_begin), call, op (counted from 0 within the call), torn, address, bytes_done (empty
for a sampled pattern), start (runs, no_bootloader …: the names of StartKind), partition (label; empty when nothing
runs), table and bootloader (old, new or other; empty where the session brings none, or none runs), verdict ("ok" or
"brick").
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from ..csv_file import write_csv
from .brick_window import CutRun, SessionSweep
from .settled_start import Version

SESSION_COLUMNS = (
    "call_index",
    "call",
    "op",
    "torn",
    "address",
    "bytes_done",
    "start",
    "partition",
    "table",
    "bootloader",
    "verdict",
)


def write_session_cut_table(path: Path, sweep: SessionSweep) -> int:
    """Write the rows of a sweep to `path` (.csv or .csv.gz) and return how many there are.

    The file appears whole or not at all; raises InputError where it cannot be written."""
    return write_csv(path, SESSION_COLUMNS, (row for run in sweep.runs for row in _rows(run)))


def _rows(run: CutRun) -> Iterator[tuple[int | str, ...]]:
    first, start = run.first, run.start
    what = (start.kind.name.lower(), start.partition or "", _name(start.table), _name(start.bootloader))
    for step in range(run.count):
        cut = replace(first, torn=replace(first.torn, length=first.torn.length + step))
        done = "" if cut.done is None else cut.done
        verdict = "brick" if start.is_brick else "ok"
        yield (cut.call, cut.name, cut.op_index, str(cut.torn), cut.op.address, done, *what, verdict)


def _name(version: Version | None) -> str:
    return "" if version is None else version.value
