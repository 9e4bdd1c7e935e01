"""The recordings by id, with the file and the release of each."""

import gzip
import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from .spec_page import ROOT

DATA = (Path("tests/data/vectors"), Path("tests/data/vectors-2026-11"))


@dataclass(frozen=True, slots=True)
class Recorded:
    """One recording."""

    id: str
    file: str
    release: str
    family: str


def recorded_files() -> list[Path]:
    """Return the files of all recordings, in order."""
    return sorted(path for folder in DATA for path in (ROOT / folder).glob("*.jsonl.gz"))


@lru_cache(maxsize=1)
def recordings() -> dict[str, Recorded]:
    """Return all recordings by id."""
    found = {}
    for path in recorded_files():
        for line in gzip.decompress(path.read_bytes()).splitlines():
            head = json.loads(line)
            release = str(head["idf"]).split("-g", maxsplit=1)[0]
            found[head["id"]] = Recorded(head["id"], path.name, release, head["family"])
    return found


def recording(vector_id: str) -> str:
    """Return a recording in words, such as "s0160 (v5.1.3)"; raises KeyError for an unknown id."""
    known = recordings()[vector_id]
    return f"`{known.id}` ({known.release}, {known.file.split('.')[0]})"
