"""The board against recorded behaviour, and the replayer itself: that it sees every difference there can be."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from otaproof.campaign.conform import Mismatch, replay_vector
from otaproof.campaign.vectors import Recording, parse_vector, read_vectors

DATA = Path(__file__).parent / "data" / "vectors"
SHARED = Path(__file__).parents[2] / "shared" / "vectors"

VECTOR_COUNTS = {
    "api.jsonl.gz": 420,
    "boot.jsonl.gz": 3500,
    "cuts2.jsonl.gz": 300,
    "flash-errors.jsonl.gz": 210,
    "pins.jsonl.gz": 60,
    "releases-boot.jsonl.gz": 400,
    "releases-sessions.jsonl.gz": 150,
    "sessions.jsonl.gz": 1426,
    "torn-boot.jsonl.gz": 1500,
}
"""How many vectors each file holds, counted by `zcat FILE | wc -l`."""


def load(file_name: str, vector_id: str) -> dict[str, Any]:
    """Return a recorded vector, to be altered."""
    lines = gzip.decompress((DATA / file_name).read_bytes()).splitlines()
    return next(record for line in lines if (record := json.loads(line))["id"] == vector_id)


def replay(record: dict[str, Any]) -> Mismatch | None:
    """Return the first difference of an altered vector."""
    return replay_vector(parse_vector(record, Recording(DATA), "here"))


@pytest.mark.parametrize("file_name", sorted(VECTOR_COUNTS))
def test_board_does_all_that_was_recorded(file_name: str) -> None:
    """Every field of every vector agrees: results, error texts, operations, otadata, states, digests, eFuse."""
    outcomes = [replay_vector(vector) for vector in read_vectors(DATA / file_name)]
    differences = [mismatch for mismatch in outcomes if mismatch is not None]
    assert (VECTOR_COUNTS[file_name], []) == (len(outcomes), differences)


def test_every_recorded_file_is_replayed() -> None:
    """A file that is added must be counted above."""
    assert sorted(VECTOR_COUNTS) == sorted(path.name for path in DATA.glob("*.jsonl*"))


@pytest.mark.skipif(not SHARED.is_dir(), reason="the recordings are not beside the repository")
def test_recordings_are_unchanged() -> None:
    """What lies in tests/data is what was recorded, byte for byte."""
    differing = [
        path.name
        for path in sorted(SHARED.iterdir())
        if path.is_file() and path.name != "README.md" and path.read_bytes() != (DATA / path.name).read_bytes()
    ]
    assert [] == differing


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("booted", "ota_1"),
        ("booted", None),
        ("panic", True),
        ("ops", []),
        ("ops", [["e", 57344], ["p", 57344, 32]]),
        ("otadata_after", ["ff" * 32, "ff" * 32]),
        ("efuse_after", 1),
    ],
)
def test_altered_outcome_of_a_boot_is_reported(field: str, value: object) -> None:
    """Of a boot that starts ota_0 and writes entry 0, every field is compared."""
    record = load("boot.jsonl.gz", "b00001") | {field: value}
    mismatch = replay(record)
    assert mismatch is not None
    assert ("b00001", record["family"], None, field, value) == (
        mismatch.id,
        mismatch.family,
        mismatch.step,
        mismatch.field,
        mismatch.expected,
    )


def alter_at(record: dict[str, Any], path: tuple[str | int, ...], value: object) -> None:
    """Put `value` where the path leads."""
    *way, last = path
    place: Any = record
    for key in way:
        place = place[key]
    place[last] = value
