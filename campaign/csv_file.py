"""Rows as a CSV file, packed or not: the same rows make the same bytes."""

import csv
import gzip
import io
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from ..output_file import output_file


def write_csv(path: Path, columns: Sequence[str], rows: Iterable[Sequence[int | str]]) -> int:
    """Write rows below their columns to `path` (.csv or .csv.gz) and return how many there are.

    The file appears whole or not at all; raises InputError where it cannot be written."""
    count = 0
    with output_file(path) as file, _text_in(file, is_packed=path.suffix == ".gz") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(columns)
        for row in rows:
            writer.writerow(row)
            count += 1
    return count


@contextmanager
def _text_in(file: BinaryIO, is_packed: bool) -> Iterator[io.TextIOBase]:
    """Yield a text stream into a file; packed, with a header that says neither name nor time."""
    packed = gzip.GzipFile("", "wb", compresslevel=1, fileobj=file, mtime=0) if is_packed else file
    stream = io.TextIOWrapper(packed, encoding="utf-8", newline="")
    yield stream
    stream.flush()
    stream.detach()
    if is_packed:
        packed.close()
