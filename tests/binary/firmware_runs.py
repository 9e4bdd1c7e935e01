"""Runs of a bootloader of our own beside impl's, by what a fault is about, up to the first difference."""

from collections.abc import Iterator
from itertools import chain, islice
from typing import Any

from firmware_faults import Subject
from otaproof.binary.emulator.boot_bench import BootBench
from otaproof.binary.emulator.boot_cases import BootCase, boot_cases, has_slots, random_boots, version_cases, wake_ups
from otaproof.binary.emulator.comparison import UNDISTURBED, Disturbance, compare, failing_operations
from otaproof.binary.emulator.otadata_pairs import classes, random_pairs, writing_pairs
from otaproof.binary.emulator.program import BootloaderProgram
from otaproof.binary.emulator.selection_bench import SelectionBench
from otaproof.binary.emulator.trials import waking_config
from otaproof.model.config import Config

Run = tuple[Any, Any, Disturbance]
"""Bench, case, and what disturbs it."""


def differs(program: BootloaderProgram, subject: Subject, config: Config, every: int) -> bool:
    """Tell whether the program parts from impl in a run of a subject; of what is not random, one in `every` is run."""
    return any(compare(bench, case, what) is not None for bench, case, what in _runs(program, subject, config, every))


def _runs(program: BootloaderProgram, subject: Subject, config: Config, every: int) -> Iterator[Run]:
    if subject is Subject.WAKE_UP:
        bench = BootBench(program, waking_config(program, config))
        return ((bench, case, UNDISTURBED) for case in islice(wake_ups(), 0, None, every))
    if subject is Subject.SELECTION and not config.anti_rollback:
        return _selections(SelectionBench(program, config), every)
    return _boots(program, config, every)


def _selections(bench: SelectionBench, every: int) -> Iterator[Run]:
    yield from ((bench, pair, UNDISTURBED) for pair in chain(random_pairs(1, 1_000), islice(classes(), 0, None, every)))
    for pair in islice(writing_pairs(), 0, None, every):
        yield from ((bench, pair, failure) for failure in failing_operations(bench, pair))


def _boots(program: BootloaderProgram, config: Config, every: int) -> Iterator[Run]:
    bench = BootBench(program, config)
    kinds = (boot_cases(), version_cases()) if config.anti_rollback else (boot_cases(),)
    for cases in (random_boots(1, 100), *(islice(cases, 0, None, every) for cases in kinds)):
        yield from ((bench, case, UNDISTURBED) for case in cases if _has_meaning(case, program, config))


def _has_meaning(case: BootCase, program: BootloaderProgram, config: Config) -> bool:
    """Tell whether impl says what the C code of this configuration does: of no slot or no size, it may differ."""
    has_divisor = has_slots(case) or program.traps_division_by_zero
    return not config.anti_rollback or (has_divisor and all(partition.size for partition in case.apps))
