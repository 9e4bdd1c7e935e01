"""Recorded vectors replayed on the board, file by file."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..campaign.conformance.vector_replay import Mismatch, replay_vector
from ..campaign.conformance.vectors import list_vector_files, read_vectors
from ..errors import InputError


@dataclass(frozen=True, slots=True)
class ConformanceReport:
    """How many vectors there are, and which of them disagree."""

    vectors: Counter[str]
    """By family."""
    mismatches: list[Mismatch]


def replay_files(
    paths: Sequence[Path], watch: Callable[[Path], None] = lambda path: None, follows_outside: bool = False
) -> ConformanceReport:
    """Replay every vector of the files, and of the files in directories; `watch` is called before each file.

    follows_outside: whether links in their directories may lead out of these. Raises InputError where there is no
    vector."""
    report = ConformanceReport(Counter(), [])
    for path in list_vector_files(list(paths), follows_outside):
        watch(path)
        for vector in read_vectors(path, follows_outside):
            report.vectors[vector.family] += 1
            mismatch = replay_vector(vector)
            if mismatch is not None:
                report.mismatches.append(mismatch)
    if not report.vectors:
        raise InputError(f"{paths[0]}: holds no vector")
    return report
