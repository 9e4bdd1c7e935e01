"""Proofs of several theorems of a file, each in a process of its own where there are several.

An interrupt, or the death of a process, leaves undecided what is not decided yet; what is decided stays.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from ...campaign.workers import WorkerDied, in_processes
from ...model.config import Config
from ..elf_file import BootloaderElf
from .expected_side import with_options_of
from .proof import ConfigVerdict, Progress, TheoremProof, prove_theorem
from .question import TheoremVerdict
from .theorem import Theorem


@dataclass(frozen=True, slots=True)
class TheoremTask:
    """One theorem, and what it is tried for."""

    find: Callable[[], Theorem]
    """Return the theorem; what passes between processes is this, and not the functions that a theorem consists of."""
    configs: tuple[Config, ...]
    is_exhaustive: bool = False
    """Try the others after one is proved too."""


def prove_tasks(
    elf: BootloaderElf, tasks: Sequence[TheoremTask], jobs: int = 1, progress: Progress = lambda text: None
) -> tuple[TheoremProof, ...]:
    """Return what is known of each theorem, in order. Raises InputError.

    jobs: how many processes; with 1 all is done in this one."""
    is_alone = jobs == 1 or len(tasks) == 1
    # Those that take longest are the last; with several processes they begin first.
    order = tasks if is_alone else tasks[::-1]
    found: list[TheoremProof] = []
    try:
        for proof in _one_by_one(elf, order, progress) if is_alone else _side_by_side(elf, order, jobs, progress):
            found.append(proof)
    except (KeyboardInterrupt, WorkerDied) as error:
        found += undecided(order[len(found) :], str(error) or "interrupted")
    return tuple(found if is_alone else found[::-1])


def _one_by_one(elf: BootloaderElf, tasks: Sequence[TheoremTask], progress: Progress) -> Iterator[TheoremProof]:
    for task in tasks:
        yield prove_theorem(task.find(), elf, task.configs, progress, task.is_exhaustive)


def _side_by_side(
    elf: BootloaderElf, tasks: Sequence[TheoremTask], jobs: int, progress: Progress
) -> Iterator[TheoremProof]:
    started = time.perf_counter()
    progress(f"{len(tasks)} theorems")
    made = in_processes(partial(_proved, elf), tasks, min(jobs, len(tasks)))
    for number, (task, (verdicts, seconds)) in enumerate(zip(tasks, made, strict=True), 1):
        progress(f"{number} of {len(tasks)} theorems, {time.perf_counter() - started:.0f} s")
        yield TheoremProof(task.find(), verdicts, seconds)


def _proved(elf: BootloaderElf, task: TheoremTask) -> tuple[tuple[ConfigVerdict, ...], float]:
    proof = prove_theorem(task.find(), elf, task.configs, is_exhaustive=task.is_exhaustive)
    return proof.verdicts, proof.seconds


def undecided(tasks: Sequence[TheoremTask], ended_by: str) -> tuple[TheoremProof, ...]:
    """Return what is known of theorems that nobody has come to."""

    def verdict(config: Config) -> ConfigVerdict:
        return ConfigVerdict(config, TheoremVerdict.UNDECIDED, ended_by, with_options_of(config))

    return tuple(TheoremProof(task.find(), tuple(map(verdict, task.configs)), 0.0, ended_by) for task in tasks)
