"""Give partition tables to ESP-IDF's own generator, version by version, and to the reader here: do they make the same?

    python docs/compare_tables.py CHECKOUT [TAG ...] [--tables TAG]

CHECKOUT is a clone, bare or not. The tables are the CSVs of these versions whose name has "partition" in it, and one
made up for each rule of impl/partitions/generator_rules.py. gen_esp32part.py of each version runs in a process of its
own, in a temporary directory. Without tags: all releases, betas and release branches from 3.3 on, and master. Exit code
1: a table is accepted by one of the two alone, or they make other bytes of it. docs/releases.md has the counts.
"""

import argparse
import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from read_releases import git, sources_of, tags_of

from otaproof.impl.partitions.csv_format import CsvPlaces, parse_csv
from otaproof.impl.partitions.table import TableError, encode_table
from otaproof.impl.release_points import read_point
from otaproof.model.idf_version import IdfVersion

_GENERATOR = "components/partition_table/gen_esp32part.py"
_TABLE_NAME = re.compile(r".*partition[^/]*\.csv")
_PLACES = CsvPlaces(0x8000, 0x1000, 0x3F0000)
_RUNNER = """
import io, json, sys
from unittest.mock import MagicMock

# What the newest one prints with, and takes its command line with.
for name in ("rich_click", "esp_pylib", "esp_pylib.cli_options", "esp_pylib.cli_types", "esp_pylib.logger"):
    sys.modules[name] = MagicMock()
import gen_esp32part as generator


def made(raw):
    try:
        if hasattr(generator.PartitionTable, "from_file"):
            table, _ = generator.PartitionTable.from_file(io.BytesIO(raw))
        else:
            table = generator.PartitionTable.from_csv(raw.decode())
        table.verify()
        return table.to_binary().hex()
    except Exception:
        return None


given = json.load(sys.stdin)
vars(generator).update(given["places"])
answers = [made(bytes.fromhex(table)) for table in given["tables"]]
sys.__stdout__.write("\\n" + json.dumps(answers))
"""
MADE_UP: Mapping[str, bytes] = {
    "names_efuse": b"e,data,efuse,,0x2000\n",
    "wants_one_otadata": b"o,data,ota,,0x3000\n",
    "knows_undefined": b"a,data,,,0x2000\n",
    "aligns_data_to_sectors": b"a,data,fat,,0x1004\nb,0x40,0,,0x1000\n",
    "names_littlefs": b"l,data,littlefs,,0x10000\n",
    "knows_readonly": b"f,data,fat,,0x10000,readonly\n",
    "wants_whole_app_sectors": b"a,app,ota_0,,0x10400\n",
    "names_table_and_bootloader": b"b,bootloader,ota,0x20000,0x7000\n",
    "reads_byte_order_mark": b"\xef\xbb\xbf# Name\nf,data,fat,,0x10000\n",
    "places_table_and_bootloader": b"b,2,0,N/A,N/A\nt,3,0,N/A,N/A\n",
    "knows_tee": b"t,data,tee_ota,,0x2000\n",
    "wants_small_nvs_readonly": b"n,data,nvs,,0x2000\n",
}
"""By the name of the rule: a table of which the versions that have it make something else than those before."""


@dataclass(frozen=True, slots=True)
class TableComparison:
    """What became of the tables under one version."""

    tag: str
    alike: int
    """Tables of which both make the same bytes."""
    refused: int
    """Tables that both refuse."""
    differ: tuple[str, ...]
    """Names of the others, with who accepts them."""


def compare(tag: str, generator: str, tables: Mapping[str, bytes]) -> TableComparison:
    """Return what a generator, of which this is the text, and the reader here make of tables; both by name."""
    theirs = generated(generator, tuple(tables.values()))
    ours = [encoded(raw, read_point(tag)) for raw in tables.values()]
    pairs = list(zip(tables, theirs, ours, strict=True))
    return TableComparison(
        tag,
        alike=sum(left is not None and left == right for _, left, right in pairs),
        refused=sum(left is right is None for _, left, right in pairs),
        differ=tuple(f"{name}: {_difference(left, right)}" for name, left, right in pairs if left != right),
    )


def _difference(theirs: bytes | None, ours: bytes | None) -> str:
    if theirs is not None and ours is not None:
        return "other bytes"
    return "accepted here alone" if theirs is None else "refused here alone"


@cache
def generated(generator: str, tables: tuple[bytes, ...]) -> list[bytes | None]:
    """Return what the generator of this text makes of tables, None of those that it refuses; many tags share one."""
    with tempfile.TemporaryDirectory() as directory:
        Path(directory, "gen_esp32part.py").write_text(generator)
        Path(directory, "run.py").write_text(_RUNNER)
        places = {
            "offset_part_table": _PLACES.table_offset,
            "primary_bootloader_offset": _PLACES.bootloader_offset,
            "recovery_bootloader_offset": _PLACES.recovery_offset,
        }
        given = json.dumps({"places": places, "tables": [table.hex() for table in tables]})
        command = [sys.executable, "run.py"]
        ran = subprocess.run(command, input=given, cwd=directory, env={}, capture_output=True, text=True, check=True)
    made: list[str | None] = json.loads(ran.stdout.splitlines()[-1])
    return [None if each is None else bytes.fromhex(each) for each in made]


def encoded(raw: bytes, version: IdfVersion) -> bytes | None:
    """Return what the reader here makes of a table by the rules of a version, None of one that it refuses."""
    try:
        return encode_table(parse_csv(raw, replace(_PLACES, version=version)))
    except TableError:
        return None


def tables_of(checkout: Path, tags: Iterable[str]) -> dict[str, bytes]:
    """Return the partition tables of these versions, each once, by where the first one has it."""
    found: dict[str, str] = {}
    for tag in tags:
        for line in git(checkout, "ls-tree", "-r", tag).stdout.splitlines():
            head, path = line.split("\t")
            if _TABLE_NAME.fullmatch(path):
                found.setdefault(head.split()[2], f"{tag}:{path}")
    return {name: _blob(checkout, blob) for blob, name in found.items()}


def _blob(checkout: Path, blob: str) -> bytes:
    return subprocess.run(["git", "-C", checkout, "cat-file", "blob", blob], capture_output=True, check=True).stdout


def comparisons(checkout: Path, tags: Iterable[str], tables: Mapping[str, bytes]) -> Iterator[TableComparison]:
    """Yield what became of the tables under each version that has a generator."""
    for tag in tags:
        generator = sources_of(checkout, tag)(_GENERATOR)
        if generator is not None:
            yield compare(tag, generator, tables)


def report(compared: Iterable[TableComparison]) -> int:
    """Print a line for each version, with what differs; return the exit code."""
    count = alike = refused = differ = 0
    for found in compared:
        count, alike, refused = count + 1, alike + found.alike, refused + found.refused
        differ += len(found.differ)
        print(f"{found.tag:14} {found.alike} made alike, {found.refused} refused by both, {len(found.differ)} differ")
        for line in found.differ:
            print(f"    {line}")
    print(f"{count} versions: {alike} tables made alike, {refused} refused by both, {differ} differ")
    return int(differ > 0)


def main() -> int:
    """Do what the options say; return the exit code."""
    parser = argparse.ArgumentParser(description="Compare ESP-IDF's generators of partition tables with the one here.")
    parser.add_argument("checkout", type=Path, metavar="CHECKOUT", help="a clone of espressif/esp-idf")
    parser.add_argument("tags", nargs="*", metavar="TAG", help="tags or branches (default: all from 3.3 on)")
    parser.add_argument("--tables", metavar="TAG", help="take the tables of this version alone, and none made up")
    given = parser.parse_args()
    tags = given.tags or sorted(tags_of(given.checkout), key=read_point)
    tables = tables_of(given.checkout, tags if given.tables is None else [given.tables])
    if given.tables is None:
        tables |= {f"made up for {name}": raw for name, raw in MADE_UP.items()}
    print(f"{len(tables)} tables")
    return report(comparisons(given.checkout, tags, tables))


if __name__ == "__main__":
    sys.exit(main())
