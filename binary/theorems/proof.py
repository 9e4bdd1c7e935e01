"""Proves or refutes the theorems of a bootloader's file, by every semantics of its processor, against several options.

The file does not say with which options it was built. Where the user does not either, each is tried until one is
proved, and the verdict says which one the code follows. Two semantics that disagree are a bug of ours, and nothing is
proved then.
"""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from ...model.config import Config, Release
from ..elf_file import BootloaderElf
from ..execution.machine_state import ExecutionStopped
from .boot_inputs import ENCRYPTED
from .counterexample import TheoremCounterexample
from .expected_selection import ExpectedSide
from .fallback_theorem import FALLBACK
from .machine_setup import Semantics, semantics_for
from .model_reader import ModelReader
from .outcome import differing
from .question import TheoremAnswer, TheoremVerdict, decide, find_example
from .selection_theorem import SELECTION
from .table_theorem import TABLE
from .theorem import Theorem, TheoremCode
from .version_hooks import EFUSE_HOOKS

Progress = Callable[[str], None]
ANTI_ROLLBACK = Config(rollback=True, anti_rollback=True)
BUILD_OPTIONS = (Config(rollback=True), Config(), ANTI_ROLLBACK)
"""What is tried where nobody says how the file was built."""
RELEASE_FIELDS = frozenset({"bootloader_release", "app_release"})


@dataclass(frozen=True, slots=True)
class SemanticsRun:
    """What one semantics found of one configuration."""

    semantics: Semantics
    answer: TheoremAnswer


@dataclass(frozen=True, slots=True)
class ConfigVerdict:
    """Whether the code does what impl does with one configuration."""

    config: Config
    verdict: TheoremVerdict
    detail: str
    """Who says so, or why nobody does."""
    releases: tuple[Release, ...] = ()
    """The releases for which impl's bootloader does the same."""
    runs: tuple[SemanticsRun, ...] = ()
    impl_paths: int = 0
    codes: tuple[TheoremCode, ...] = ()
    """The paths of the machine code that were compared."""
    example: TheoremCounterexample | None = None
    """Inputs for which the code differs."""


@dataclass(frozen=True, slots=True)
class TheoremProof:
    """What is known of one theorem of a file."""

    theorem: Theorem
    verdicts: tuple[ConfigVerdict, ...]
    seconds: float

    @property
    def verdict(self) -> TheoremVerdict:
        """Proved for one configuration, refuted for all of them, or neither."""
        return self.followed.verdict if self.followed.verdict is TheoremVerdict.PROVED else _worst(self.verdicts)

    @property
    def followed(self) -> ConfigVerdict:
        """The configuration that is proved; else the one that the code comes closest to, by what it calls."""
        called = {name for item in self.verdicts for code in item.codes for name in code.hooks}
        has_versions, writes = bool(called & set(EFUSE_HOOKS)), "bootloader_flash_write" in called

        def distance(item: ConfigVerdict) -> tuple[bool, bool, bool]:
            config = item.config
            is_proved = item.verdict is TheoremVerdict.PROVED
            return not is_proved, config.anti_rollback is not has_versions, config.rollback is not writes

        return min(self.verdicts, key=distance)

    @property
    def codes(self) -> tuple[TheoremCode, ...]:
        """The paths that were compared with the configuration that the code follows."""
        return self.followed.codes

    @property
    def hooks(self) -> tuple[str, ...]:
        """Functions that were called on some path, and taken to do what their names say."""
        return tuple(sorted({name for code in self.codes for name in code.hooks}))


@dataclass(frozen=True, slots=True)
class BootloaderProof:
    """What is known of a file."""

    elf: BootloaderElf
    theorems: tuple[TheoremProof, ...]

    @property
    def verdict(self) -> TheoremVerdict:
        """Proved where every theorem is; refuted where one is."""
        found = {proof.verdict for proof in self.theorems}
        if TheoremVerdict.REFUTED in found:
            return TheoremVerdict.REFUTED
        return TheoremVerdict.PROVED if found == {TheoremVerdict.PROVED} else TheoremVerdict.UNDECIDED

    @property
    def config(self) -> Config:
        """The configuration that the code follows, or comes closest to."""
        return self.theorems[0].followed.config

    @property
    def seconds(self) -> float:
        """How long it took."""
        return sum(proof.seconds for proof in self.theorems)


def prove_bootloader(
    elf: BootloaderElf,
    configs: Iterable[Config] = BUILD_OPTIONS,
    progress: Progress = lambda text: None,
    with_table: bool = False,
) -> BootloaderProof:
    """Prove the theorems: the selection for one of the configurations, the others for that one. Raises InputError.

    with_table: the loading of the partition table too, by the rules of the configurations' release."""
    selection = prove_theorem(SELECTION, elf, tuple(configs), progress)
    others = (FALLBACK, TABLE) if with_table else (FALLBACK,)
    proofs = (prove_theorem(theorem, elf, (selection.followed.config,), progress) for theorem in others)
    return BootloaderProof(elf, (selection, *proofs))


def prove_theorem(
    theorem: Theorem, elf: BootloaderElf, configs: tuple[Config, ...], progress: Progress = lambda text: None
) -> TheoremProof:
    """Prove one theorem for one of the configurations, the first that it can be. Raises InputError."""
    started = time.perf_counter()
    attempt = _Attempt(theorem, elf, progress)
    verdicts: list[ConfigVerdict] = []
    for config in configs:
        verdicts.append(attempt.verdict(config))
        if verdicts[-1].verdict is TheoremVerdict.PROVED:
            break
    return TheoremProof(theorem, tuple(verdicts), time.perf_counter() - started)


class _Attempt:
    """One theorem of a file; the machine code is followed once for all configurations with the same premises."""

    def __init__(self, theorem: Theorem, elf: BootloaderElf, progress: Progress) -> None:
        """Nothing is followed yet."""
        self._theorem = theorem
        self._elf = elf
        self._progress = progress
        self._codes: dict[tuple[Any, ...], tuple[TheoremCode, ...] | str] = {}

    def verdict(self, config: Config) -> ConfigVerdict:
        """Return what is known for a configuration."""
        codes = self._followed(config)
        if isinstance(codes, str):
            return self._refuted_by_versions(config) or ConfigVerdict(config, TheoremVerdict.UNDECIDED, codes)
        return self._compared(codes, config)

    def _refuted_by_versions(self, config: Config) -> ConfigVerdict | None:
        """Return a refutation under the premises of anti-rollback, where the code can be followed under those only."""
        codes = self._followed(ANTI_ROLLBACK)
        if isinstance(codes, str):
            return None
        found = self._compared(codes, config)
        return found if found.verdict is TheoremVerdict.REFUTED else None

    def _compared(self, codes: tuple[TheoremCode, ...], config: Config) -> ConfigVerdict:
        self._progress(f"{self._theorem.name}: comparing it with impl ({config_text(config)})")
        return _decide(self._theorem, codes, expected(self._theorem, config))

    def _followed(self, config: Config) -> tuple[TheoremCode, ...] | str:
        """Return all paths under the premises of a configuration, by every semantics; text where some stop."""
        given = self._theorem.given(config)
        if given not in self._codes:
            self._codes[given] = self._explored(given)
        return self._codes[given]

    def _explored(self, given: tuple[Any, ...]) -> tuple[TheoremCode, ...] | str:
        codes = []
        for semantics in semantics_for(self._elf):
            self._progress(f"{self._theorem.name}: following the machine code ({semantics.value})")
            try:
                codes.append(self._theorem.explore(self._elf, semantics, given))
            except ExecutionStopped as error:
                return f"{semantics.value}: {error}"
        return tuple(codes)


@cache
def expected(theorem: Theorem, config: Config) -> ExpectedSide:
    """Return what impl does with a configuration."""
    return theorem.expected(config)


def config_text(config: Config) -> str:
    """Return a configuration in a few words."""
    if config.anti_rollback:
        return "anti-rollback on"
    return "rollback on" if config.rollback else "rollback off"


def _decide(theorem: Theorem, codes: tuple[TheoremCode, ...], expectation: ExpectedSide) -> ConfigVerdict:
    given = theorem.given(expectation.config)
    differences = [differing(code.outcomes, expectation.outcomes, ENCRYPTED, theorem.is_by_case) for code in codes]
    runs = tuple(
        SemanticsRun(code.semantics, decide(differs, given)) for code, differs in zip(codes, differences, strict=True)
    )
    verdict, detail = _joined(runs)
    reads_release = RELEASE_FIELDS & expectation.read
    found = ConfigVerdict(
        expectation.config,
        verdict,
        detail,
        (expectation.config.bootloader_release,) if reads_release else tuple(Release),
        runs,
        expectation.path_count,
        codes,
    )
    if verdict is not TheoremVerdict.REFUTED:
        return found
    example = _example(theorem, codes[0], differences[0], expectation)
    if isinstance(example, str):
        return replace(found, verdict=TheoremVerdict.UNDECIDED, detail=example)
    return replace(found, example=example)


def _joined(runs: tuple[SemanticsRun, ...]) -> tuple[TheoremVerdict, str]:
    """Return what the semantics say together."""
    found = {run.answer.verdict for run in runs}
    if len(found) == 1:
        return runs[0].answer.verdict, runs[0].answer.detail
    undecided = [run for run in runs if run.answer.verdict is TheoremVerdict.UNDECIDED]
    if undecided:
        return TheoremVerdict.UNDECIDED, f"{undecided[0].semantics.value}: {undecided[0].answer.detail}"
    said = ", ".join(f"{run.semantics.value} says {run.answer.verdict.value}" for run in runs)
    return TheoremVerdict.UNDECIDED, f"the two semantics disagree, which is a bug of otaproof: {said}"


def _example(
    theorem: Theorem, code: TheoremCode, differs: object, expectation: ExpectedSide
) -> TheoremCounterexample | str:
    """Return inputs for which the code differs; text where none is found, or impl does not do what is said of it."""
    config = expectation.config
    model = find_example(differs, theorem.given(config), theorem.wishes(config))
    if model is None:
        return "it differs for some check word, but no inputs were found for which it does with the true CRC-32"
    reader = ModelReader(model)
    example = TheoremCounterexample(
        theorem.inputs(reader, config), reader.failing(), reader.deed(code.outcomes), reader.deed(expectation.outcomes)
    )
    if theorem.played(example.inputs, example.failing, config) != example.impl:
        return "impl does not do on the simulated flash what its formula says, which is a bug of otaproof"
    return example


def _worst(verdicts: tuple[ConfigVerdict, ...]) -> TheoremVerdict:
    is_refuted = all(item.verdict is TheoremVerdict.REFUTED for item in verdicts)
    return TheoremVerdict.REFUTED if is_refuted else TheoremVerdict.UNDECIDED
