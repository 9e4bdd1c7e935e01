"""Proves or refutes a theorem of a bootloader's file, by every semantics of its processor and against several options.

The file does not say with which options it was built. Where the user does not either, each is tried, and the verdict
says which one the code follows. Two semantics that disagree are a bug of ours, and nothing is proved then.
"""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache

from ...model.config import Config, Release
from ..elf_file import BootloaderElf
from ..execution.machine_state import ExecutionStopped
from .counterexample import Counterexample, counterexample, plain_inputs
from .expected_selection import Expectation, expected_selection
from .machine_setup import Semantics, semantics_for
from .question import Answer, Verdict, decide, find_example
from .selection import GIVEN_OF_SELECTION, SelectionCode, explore_selection, selection_differs

Progress = Callable[[str], None]
ROLLBACK_OPTIONS = (Config(rollback=True), Config())
"""What is tried where nobody says how the file was built."""
RELEASE_FIELDS = frozenset({"bootloader_release", "app_release"})


@dataclass(frozen=True, slots=True)
class SemanticsRun:
    """What one semantics found of one configuration."""

    semantics: Semantics
    answer: Answer


@dataclass(frozen=True, slots=True)
class ConfigVerdict:
    """Whether the code does what impl does with one configuration."""

    config: Config
    verdict: Verdict
    detail: str
    """Who says so, or why nobody does."""
    releases: tuple[Release, ...]
    """The releases whose bootloader does the same, by impl's rules."""
    runs: tuple[SemanticsRun, ...]
    impl_paths: int
    example: Counterexample | None = None
    """Inputs for which the code differs."""


@dataclass(frozen=True, slots=True)
class SelectionProof:
    """What is known of the selection in a file."""

    elf: BootloaderElf
    verdicts: tuple[ConfigVerdict, ...]
    codes: tuple[SelectionCode, ...]
    seconds: float

    @property
    def verdict(self) -> Verdict:
        """Proved for one configuration, refuted for all of them, or neither."""
        found = {item.verdict for item in self.verdicts}
        if Verdict.PROVED in found:
            return Verdict.PROVED
        return Verdict.REFUTED if found == {Verdict.REFUTED} else Verdict.UNDECIDED

    @property
    def followed(self) -> ConfigVerdict:
        """The configuration that is proved; else the one that the code comes closest to, by whether it writes."""
        proved = [item for item in self.verdicts if item.verdict is Verdict.PROVED]
        writes = any(path.events for code in self.codes for path in code.exploration.paths)
        nearest = sorted(self.verdicts, key=lambda item: item.config.rollback is not writes)
        return (proved or nearest)[0]


@cache
def expected(config: Config) -> Expectation:
    """Return what impl does with a configuration."""
    return expected_selection(config)


def prove_selection(
    elf: BootloaderElf, configs: Iterable[Config] = ROLLBACK_OPTIONS, progress: Progress = lambda text: None
) -> SelectionProof:
    """Prove that the selection does what impl does, for one of the configurations. Raises InputError."""
    started = time.perf_counter()
    tried = tuple(configs)
    codes: list[SelectionCode] = []
    stopped = ""
    for semantics in semantics_for(elf):
        progress(f"following every path of the machine code ({semantics.value})")
        try:
            codes.append(explore_selection(elf, semantics))
        except ExecutionStopped as error:
            stopped = f"{semantics.value}: {error}"
    verdicts = tuple(_stopped(config, stopped) if stopped else _decide(config, codes, progress) for config in tried)
    return SelectionProof(elf, verdicts, tuple(codes), time.perf_counter() - started)


def _stopped(config: Config, why: str) -> ConfigVerdict:
    return ConfigVerdict(config, Verdict.UNDECIDED, why, (), (), 0)


def _decide(config: Config, codes: list[SelectionCode], progress: Progress) -> ConfigVerdict:
    progress(f"following every path of impl's bootloader ({config_text(config)})")
    expectation = expected(config)
    progress(f"comparing ({config_text(config)})")
    runs = tuple(SemanticsRun(code.semantics, _answer(code, expectation)) for code in codes)
    verdict, detail = _joined(runs)
    example = None
    if verdict is Verdict.REFUTED:
        found = _example(codes[0], expectation)
        verdict, detail, example = (
            (Verdict.UNDECIDED, found, None) if isinstance(found, str) else (verdict, detail, found)
        )
    releases = tuple(Release) if not RELEASE_FIELDS & expectation.read else (config.bootloader_release,)
    return ConfigVerdict(config, verdict, detail, releases, runs, expectation.path_count, example)


def _answer(code: SelectionCode, expectation: Expectation) -> Answer:
    return decide(selection_differs(code, expectation), GIVEN_OF_SELECTION)


def _joined(runs: tuple[SemanticsRun, ...]) -> tuple[Verdict, str]:
    """Return what the semantics say together."""
    found = {run.answer.verdict for run in runs}
    if len(found) == 1:
        return runs[0].answer.verdict, runs[0].answer.detail
    undecided = [run for run in runs if run.answer.verdict is Verdict.UNDECIDED]
    if undecided:
        return Verdict.UNDECIDED, f"{undecided[0].semantics.value}: {undecided[0].answer.detail}"
    said = ", ".join(f"{run.semantics.value} says {run.answer.verdict.value}" for run in runs)
    return Verdict.UNDECIDED, f"the two semantics disagree, which is a bug of otaproof: {said}"


def _example(code: SelectionCode, expectation: Expectation) -> Counterexample | str:
    differs = selection_differs(code, expectation)
    model = find_example(differs, GIVEN_OF_SELECTION, plain_inputs())
    if model is None:
        return "it differs for some check word, but none was found with which the true CRC-32 does"
    return counterexample(model, code.outcomes, expectation.outcomes, expectation.config)


def config_text(config: Config) -> str:
    """Return a configuration in a few words."""
    return "rollback on" if config.rollback else "rollback off"
