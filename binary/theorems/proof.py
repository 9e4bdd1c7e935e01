"""Proves or refutes theorems of a file, by every semantics of its processor, against several builds.

The file does not say with which options it was built, nor of which release it is. What the user does not say either is
tried, and the verdict says which builds the code follows; builds that impl does not tell apart are one. Two semantics
that disagree are a bug of ours, and nothing is proved then.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from ...model.config import Config
from ..elf_file import BootloaderElf
from ..execution.machine_state import ExecutionStopped
from .boot_inputs import ENCRYPTED
from .counterexample import TheoremCounterexample
from .expected_side import ExpectedSide, ProgramBuild, build_of, with_options_of
from .machine_setup import Semantics, semantics_for
from .model_reader import ModelReader
from .outcome import differing, differing_in_place
from .question import TheoremAnswer, TheoremVerdict, decide, find_example
from .theorem import Theorem, TheoremCode

Progress = Callable[[str], None]
ANTI_ROLLBACK = Config(rollback=True, anti_rollback=True)


@dataclass(frozen=True, slots=True)
class SemanticsRun:
    """What one semantics found of one configuration."""

    semantics: Semantics
    answer: TheoremAnswer


@dataclass(frozen=True, slots=True)
class FollowedCode:
    """What is told of the paths that one semantics has."""

    semantics: Semantics
    path_count: int
    hooks: tuple[str, ...]
    """Names of the functions that hooks stood for on some path."""


@dataclass(frozen=True, slots=True)
class ConfigVerdict:
    """Whether the code does what impl does with one configuration."""

    config: Config
    verdict: TheoremVerdict
    detail: str
    """Who says so, or why nobody does."""
    builds: frozenset[ProgramBuild]
    """Those in which impl does the same; of what was not compared, those with the same options."""
    runs: tuple[SemanticsRun, ...] = ()
    impl_paths: int = 0
    codes: tuple[FollowedCode, ...] = ()
    """The machine code that was compared."""
    example: TheoremCounterexample | None = None
    """Inputs for which the code differs."""


@dataclass(frozen=True, slots=True)
class TheoremProof:
    """What is known of one theorem of a file."""

    theorem: Theorem
    verdicts: tuple[ConfigVerdict, ...]
    seconds: float
    ended_by: str = ""
    """Why it was not decided, where that lies neither in the code nor in the solvers: an interrupt."""

    @property
    def verdict(self) -> TheoremVerdict:
        """Proved for one configuration, refuted for all of them, or neither."""
        found = {item.verdict for item in self.verdicts}
        if TheoremVerdict.PROVED in found:
            return TheoremVerdict.PROVED
        return TheoremVerdict.REFUTED if found == {TheoremVerdict.REFUTED} else TheoremVerdict.UNDECIDED

    @property
    def followed(self) -> ConfigVerdict:
        """The configuration that is proved; else the one that the code comes closest to, by what it calls."""
        called = {name for item in self.verdicts for code in item.codes for name in code.hooks}

        def distance(item: ConfigVerdict) -> tuple[bool, int]:
            return item.verdict is not TheoremVerdict.PROVED, self.theorem.signs_against(item.config, called)

        return min(self.verdicts, key=distance)

    @property
    def builds(self) -> frozenset[ProgramBuild]:
        """The builds for which it is proved."""
        proved = (item.builds for item in self.verdicts if item.verdict is TheoremVerdict.PROVED)
        return frozenset().union(*proved)

    @property
    def codes(self) -> tuple[FollowedCode, ...]:
        """What was compared with the configuration that the code follows."""
        return self.followed.codes

    @property
    def hooks(self) -> tuple[str, ...]:
        """Functions that were called on some path, and taken to do what their names say."""
        return tuple(sorted({name for code in self.codes for name in code.hooks}))


@dataclass(frozen=True, slots=True)
class ProgramProof:
    """What is known of a file."""

    elf: BootloaderElf
    theorems: tuple[TheoremProof, ...]

    @property
    def builds(self) -> frozenset[ProgramBuild]:
        """The builds that all functions follow."""
        return frozenset.intersection(*(proof.builds for proof in self.theorems)) if self.theorems else frozenset()

    @property
    def verdict(self) -> TheoremVerdict:
        """Proved where every theorem is, all for one and the same build; refuted where one is, or there is no such."""
        found = {proof.verdict for proof in self.theorems}
        if found == {TheoremVerdict.PROVED}:
            return TheoremVerdict.PROVED if self.builds else TheoremVerdict.REFUTED
        return TheoremVerdict.REFUTED if TheoremVerdict.REFUTED in found else TheoremVerdict.UNDECIDED


def prove_theorem(
    theorem: Theorem,
    elf: BootloaderElf,
    configs: tuple[Config, ...],
    progress: Progress = lambda text: None,
    is_exhaustive: bool = False,
) -> TheoremProof:
    """Prove one theorem for one of the configurations, the first that it can be. Raises InputError.

    is_exhaustive: try the others too, as the code may follow several."""
    started = time.perf_counter()
    attempt = _Attempt(theorem, elf, progress)
    verdicts: list[ConfigVerdict] = []
    for config in configs:
        if any(build_of(config) in item.builds for item in verdicts):
            continue
        verdicts.append(attempt.verdict(config))
        if verdicts[-1].verdict is TheoremVerdict.PROVED and not is_exhaustive:
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
            undecided = ConfigVerdict(config, TheoremVerdict.UNDECIDED, codes, with_options_of(config))
            return self._refuted_by_versions(config) or undecided
        return self._compared(codes, config)

    def _refuted_by_versions(self, config: Config) -> ConfigVerdict | None:
        """Return a refutation under the premises of anti-rollback, where the code can be followed under those only."""
        codes = self._followed(ANTI_ROLLBACK)
        if isinstance(codes, str):
            return None
        found = self._compared(codes, config)
        return found if found.verdict is TheoremVerdict.REFUTED else None

    def _compared(self, codes: tuple[TheoremCode, ...], config: Config) -> ConfigVerdict:
        side = expected(self._theorem, self._theorem.refined(config, codes[0]))
        self._progress(f"{self._theorem.name}: comparing it with impl")
        return _decide(self._theorem, codes, side)

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


def _decide(theorem: Theorem, codes: tuple[TheoremCode, ...], side: ExpectedSide) -> ConfigVerdict:
    first, *others = codes
    differs = differing(first.outcomes, side.outcomes, ENCRYPTED, theorem.is_by_case)
    answer = _decided(theorem, differs, side)
    answers = [answer, *(_decided_by(theorem, code, first, answer, side) for code in others)]
    runs = tuple(SemanticsRun(code.semantics, answer) for code, answer in zip(codes, answers, strict=True))
    followed = tuple(FollowedCode(code.semantics, len(code.exploration.paths), code.hooks) for code in codes)
    found = ConfigVerdict(side.config, *_joined(runs), side.builds, runs, side.path_count, followed)
    if found.verdict is not TheoremVerdict.REFUTED:
        return found
    example = _example(theorem, first, differs, side)
    if isinstance(example, str):
        return replace(found, verdict=TheoremVerdict.UNDECIDED, detail=example)
    return replace(found, example=example)


def _decided(theorem: Theorem, differs: Any, side: ExpectedSide) -> TheoremAnswer:
    return decide(differs, (*theorem.given(side.config), *theorem.facts([differs])))


def _decided_by(
    theorem: Theorem, code: TheoremCode, first: TheoremCode, answer: TheoremAnswer, side: ExpectedSide
) -> TheoremAnswer:
    """Return the answer by a further semantics.

    Where what the first one finds is what impl does, it is enough that this one finds the same as the first."""
    if answer.verdict is TheoremVerdict.PROVED:
        same = _decided(theorem, differing_in_place(code.outcomes, first.outcomes, ENCRYPTED), side)
        if same.verdict is TheoremVerdict.PROVED:
            return same
    return _decided(theorem, differing(code.outcomes, side.outcomes, ENCRYPTED, theorem.is_by_case), side)


def _joined(runs: tuple[SemanticsRun, ...]) -> tuple[TheoremVerdict, str]:
    """Return what the semantics say together."""
    undecided = [run for run in runs if run.answer.verdict is TheoremVerdict.UNDECIDED]
    if undecided:
        return TheoremVerdict.UNDECIDED, f"{undecided[0].semantics.value}: {undecided[0].answer.detail}"
    if len({run.answer.verdict for run in runs}) == 1:
        return runs[0].answer.verdict, runs[0].answer.detail
    said = ", ".join(f"{run.semantics.value} says {run.answer.verdict.value}" for run in runs)
    return TheoremVerdict.UNDECIDED, f"the two semantics disagree, which is a bug of otaproof: {said}"


def _example(theorem: Theorem, code: TheoremCode, differs: Any, side: ExpectedSide) -> TheoremCounterexample | str:
    """Return inputs for which the code differs; text where none is found, or impl does not do what is said of it."""
    config = side.config
    told = [term for outcome in (*code.outcomes, *side.outcomes) for term in outcome.terms]
    given = (*theorem.given(config), *theorem.facts([differs, *told]), *theorem.example_facts([differs, *told]))
    model = find_example(differs, given, theorem.wishes(config), told)
    if model is None:
        return "it differs for some check word, but no inputs were found for which it does with the true CRC-32"
    reader = ModelReader(model)
    example = TheoremCounterexample(
        theorem.inputs(reader, config), reader.failing(), reader.deed(code.outcomes), reader.deed(side.outcomes)
    )
    if theorem.played(example.inputs, example.failing, config) != example.impl:
        return "impl does not do on the simulated flash what its formula says, which is a bug of otaproof"
    return example


def smt_texts(found: ProgramProof) -> Iterator[tuple[str, str]]:
    """Yield every question that the verdicts rest on, by name, as SMT-LIB."""
    for proof in found.theorems:
        for item in proof.verdicts:
            build = build_of(item.config)
            options = "anti-rollback" if build.anti_rollback else "rollback" if build.rollback else "no-rollback"
            for run in item.runs:
                yield f"{proof.theorem.name}-{build.release.label}-{options}-{run.semantics.value}", run.answer.text
