"""The script that gives partition tables to ESP-IDF's own generators."""

import subprocess
from pathlib import Path

import pytest
from compare_tables import MADE_UP, compare, comparisons, encoded, generated, report, tables_of

from otaproof.impl.partitions.generator_rules import GENERATOR_RULES
from otaproof.impl.release_points import read_point

GENERATOR = """
offset_part_table = 0
class PartitionTable(list):
    @classmethod
    def from_csv(cls, text):
        print("noise")
        return cls(line.split(",") for line in text.splitlines())

    def verify(self):
        if any(row[0] == "bad" for row in self):
            raise RuntimeError("bad")

    def to_binary(self):
        return b"%d at %x" % (len(self), offset_part_table)
"""
"""Made up, with what the script calls."""
GOOD, BAD = b"nvs,data,nvs,,16K\n", b"bad,data,nvs,,16K\n"
NO_TABLE = b"one,two\n"


def test_a_generator_runs_by_itself_with_the_places_of_the_build() -> None:
    """What it refuses is None, whatever it prints."""
    assert [b"1 at 8000", None] == generated(GENERATOR, (GOOD, BAD))


def test_difference_says_who_accepts_a_table() -> None:
    """The made-up generator makes other bytes of a good table, refuses one and takes what is none."""
    found = compare("v5.1.3", GENERATOR, {"good": GOOD, "bad": BAD, "none": NO_TABLE})
    assert (0, 0) == (found.alike, found.refused)
    assert ("good: other bytes", "bad: accepted here alone", "none: refused here alone") == found.differ


def test_what_both_do_alike_is_counted() -> None:
    """By a generator that answers as the reader here does."""
    made = encoded(GOOD, read_point("v5.1.3"))
    text = GENERATOR.replace('b"%d at %x" % (len(self), offset_part_table)', repr(made))
    found = compare("v5.1.3", text, {"good": GOOD, "bad": b"bad,data\n"})
    assert (1, 1, ()) == (found.alike, found.refused, found.differ)


def test_tables_of_a_clone_are_found_by_name_and_each_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The second tag has the first one's table under another name; a version without generator is passed over."""

    def git(*arguments: str) -> None:
        command = ["git", "-C", str(tmp_path), "-c", "user.name=a", "-c", "user.email=a@b", *arguments]
        subprocess.run(command, check=True, capture_output=True)

    git("init", "-b", "trunk")
    (tmp_path / "partitions_one.csv").write_bytes(GOOD)
    (tmp_path / "other.csv").write_bytes(BAD)
    git("add", ".")
    git("commit", "-m", "one")
    git("tag", "v5.1.3")
    (tmp_path / "components/partition_table").mkdir(parents=True)
    (tmp_path / "components/partition_table/gen_esp32part.py").write_text(GENERATOR)
    (tmp_path / "my_partitions.csv").write_bytes(GOOD)
    git("add", ".")
    git("commit", "-m", "two")
    git("tag", "v5.1.4")
    tables = tables_of(tmp_path, ["v5.1.3", "v5.1.4"])
    assert {"v5.1.3:partitions_one.csv": GOOD} == tables
    assert 1 == report(comparisons(tmp_path, ["v5.1.3", "v5.1.4"], tables))
    assert "1 versions: 0 tables made alike, 0 refused by both, 1 differ\n" in capsys.readouterr().out


def test_a_table_is_made_up_for_every_rule_and_shows_it() -> None:
    """Under the first version that has it, something else becomes of it than under the one before."""
    assert {rule.name for rule in GENERATOR_RULES} == set(MADE_UP)
    before = {"3.3-beta2": "3.3-beta1", "4.1.3": "4.1.2", "5.0-beta1": "5.0-dev", "5.0.7": "5.0.6"}
    before |= {"5.4.2": "5.4.1"} | {f"5.{minor}-beta1": f"5.{minor}-dev" for minor in range(2, 6)}
    for rule in GENERATOR_RULES:
        since = rule.since[0]
        sides = [encoded(MADE_UP[rule.name], version) for version in (since, read_point(before[since.label]))]
        assert sides[0] != sides[1], rule.name
