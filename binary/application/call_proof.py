"""Proves or refutes what the esp_ota_* functions of an application do, by every semantics and against several builds.

The file says neither whether rollback was on nor which release it was built with. Each build that impl tells apart for
a function is tried, and the verdict says which one the code follows.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache

from ...model.config import Config, Release
from ..elf_file import BootloaderElf
from ..execution.counting_loop import ends_soon, meanings
from ..execution.machine_state import ExecutionStopped
from ..theorems.boot_inputs import ENCRYPTED
from ..theorems.expected_selection import ExpectedSide
from ..theorems.machine_setup import Semantics, semantics_for
from ..theorems.outcome import differing
from ..theorems.question import TheoremAnswer, TheoremVerdict, decide, find_example
from ..theorems.theorem import TheoremCode
from .call_example import CallExample, read_example
from .call_inputs import plain_inputs
from .call_theorems import CALL_THEOREMS, CallTheorem, explore_call
from .expected_call import expected_call, releases_like

CallProgress = Callable[[str], None]
APPLICATION_BUILDS = tuple(
    Config(rollback=rollback, app_release=release)
    for release in (Release.V5_1, Release.V6_0)
    for rollback in (True, False)
)
"""What is tried where nobody says how the file was built: 6.0 changed esp_ota_set_boot_partition."""


@dataclass(frozen=True, slots=True)
class BuildVerdict:
    """Whether a function does what impl's does in one build."""

    config: Config
    verdict: TheoremVerdict
    detail: str
    """Who says so, or why nobody does."""
    releases: tuple[Release, ...] = ()
    """The releases for which impl does the same."""
    depends_on_rollback: bool = False
    """impl's call asks whether rollback is on."""
    answers: tuple[tuple[Semantics, TheoremAnswer], ...] = ()
    impl_paths: int = 0
    example: CallExample | None = None
    """Inputs for which the code differs."""


@dataclass(frozen=True, slots=True)
class CallProof:
    """What is known of one function of a file."""

    theorem: CallTheorem
    verdicts: tuple[BuildVerdict, ...]
    codes: tuple[TheoremCode, ...]
    seconds: float

    @property
    def followed(self) -> BuildVerdict:
        """The build that is proved; else the first one."""
        return next((item for item in self.verdicts if item.verdict is TheoremVerdict.PROVED), self.verdicts[0])

    @property
    def verdict(self) -> TheoremVerdict:
        """Proved for one build, refuted for all of them, or neither."""
        found = {item.verdict for item in self.verdicts}
        if TheoremVerdict.PROVED in found:
            return TheoremVerdict.PROVED
        return TheoremVerdict.REFUTED if found == {TheoremVerdict.REFUTED} else TheoremVerdict.UNDECIDED

    @property
    def builds(self) -> frozenset[tuple[bool, Release]]:
        """The builds for which it is proved: whether rollback is on, and the release."""
        proved = [item for item in self.verdicts if item.verdict is TheoremVerdict.PROVED]
        return frozenset(
            (rollback, release)
            for item in proved
            for rollback in ((item.config.rollback,) if item.depends_on_rollback else (True, False))
            for release in item.releases
        )

    @property
    def hooks(self) -> tuple[str, ...]:
        """Functions that were called on some path, and taken to do what their names say."""
        return tuple(sorted({name for code in self.codes for name in code.hooks}))


@dataclass(frozen=True, slots=True)
class ApplicationProof:
    """What is known of an application."""

    elf: BootloaderElf
    calls: tuple[CallProof, ...]

    @property
    def builds(self) -> frozenset[tuple[bool, Release]]:
        """The builds that all functions follow: whether rollback is on, and the release."""
        return frozenset.intersection(*(proof.builds for proof in self.calls)) if self.calls else frozenset()

    @property
    def verdict(self) -> TheoremVerdict:
        """Proved where every function follows one and the same build; refuted where there is none."""
        found = {proof.verdict for proof in self.calls}
        if found == {TheoremVerdict.PROVED}:
            return TheoremVerdict.PROVED if self.builds else TheoremVerdict.REFUTED
        return TheoremVerdict.REFUTED if TheoremVerdict.REFUTED in found else TheoremVerdict.UNDECIDED


def prove_application(
    elf: BootloaderElf,
    builds: Iterable[Config] = APPLICATION_BUILDS,
    progress: CallProgress = lambda text: None,
) -> ApplicationProof:
    """Prove every function of CALL_THEOREMS that the file has code of. Raises InputError."""
    builds = tuple(builds)
    return ApplicationProof(elf, tuple(prove_call(theorem, elf, builds, progress) for theorem in theorems_in(elf)))


def theorems_in(elf: BootloaderElf) -> Iterator[CallTheorem]:
    """Yield the theorems whose function has code in the file."""
    for theorem in CALL_THEOREMS:
        symbol = elf.find(theorem.function)
        if symbol is not None and elf.byte_at(symbol.address) is not None:
            yield theorem


def prove_call(
    theorem: CallTheorem,
    elf: BootloaderElf,
    builds: tuple[Config, ...],
    progress: CallProgress = lambda text: None,
) -> CallProof:
    """Prove one theorem for one of the builds. Raises InputError."""
    started = time.perf_counter()
    progress(f"{theorem.function}: following the machine code")
    codes: list[TheoremCode] = []
    stopped = ""
    for semantics in semantics_for(elf):
        try:
            codes.append(explore_call(theorem, elf, semantics))
        except ExecutionStopped as error:
            stopped = f"{semantics.value}: {error}"
    verdicts = tuple(
        BuildVerdict(side.config, TheoremVerdict.UNDECIDED, stopped) if stopped else _decided(theorem, codes, side)
        for side in _told_apart(theorem, builds)
    )
    return CallProof(theorem, verdicts, tuple(codes), time.perf_counter() - started)


def _told_apart(theorem: CallTheorem, builds: tuple[Config, ...]) -> Iterator[ExpectedSide]:
    """Yield what impl does in each build, but for builds that it does not tell from one before."""
    seen: list[ExpectedSide] = []
    for config in builds:
        if not any(_is_alike(side, config) for side in seen):
            seen.append(_expected(theorem.function, config))
            yield seen[-1]


def _is_alike(side: ExpectedSide, config: Config) -> bool:
    is_release = config.app_release in releases_like(side.config.app_release, side.read)
    return is_release and all(getattr(side.config, field) == getattr(config, field) for field in _fields(side))


def _fields(side: ExpectedSide) -> Iterator[str]:
    return (name for name in side.read if name in Config.__dataclass_fields__ and name != "app_release")


@cache
def _expected(function: str, config: Config) -> ExpectedSide:
    theorem = next(theorem for theorem in CALL_THEOREMS if theorem.function == function)
    return expected_call(theorem.run, theorem.given, config)


def _decided(theorem: CallTheorem, codes: list[TheoremCode], side: ExpectedSide) -> BuildVerdict:
    differences = [differing(code.outcomes, side.outcomes, ENCRYPTED) for code in codes]
    answers = tuple(
        (code.semantics, decide(differs, (*theorem.given, *meanings(differs))))
        for code, differs in zip(codes, differences, strict=True)
    )
    found = BuildVerdict(
        side.config,
        *_joined(answers),
        releases_like(side.config.app_release, side.read),
        "rollback" in side.read,
        answers,
        side.path_count,
    )
    if found.verdict is not TheoremVerdict.REFUTED:
        return found
    given = (*theorem.given, *meanings(differences[0]), *ends_soon(differences[0]))
    model = find_example(differences[0], given, plain_inputs())
    if model is None:
        missing = "it differs for some check word, but no inputs were found for which it does with the true CRC-32"
        return replace(found, verdict=TheoremVerdict.UNDECIDED, detail=missing)
    return replace(found, example=read_example(model, codes[0].outcomes, side.outcomes))


def _joined(answers: tuple[tuple[Semantics, TheoremAnswer], ...]) -> tuple[TheoremVerdict, str]:
    """Return what the semantics say together."""
    undecided = [(semantics, answer) for semantics, answer in answers if answer.verdict is TheoremVerdict.UNDECIDED]
    if undecided:
        semantics, answer = undecided[0]
        return TheoremVerdict.UNDECIDED, f"{semantics.value}: {answer.detail}"
    if len({answer.verdict for _, answer in answers}) == 1:
        return answers[0][1].verdict, answers[0][1].detail
    said = ", ".join(f"{semantics.value} says {answer.verdict.value}" for semantics, answer in answers)
    return TheoremVerdict.UNDECIDED, f"the two semantics disagree, which is a bug of otaproof: {said}"


PREMISES = (
    "The processor: instructions do what pypcode's description of it says; on RISC-V what our own decoder says gives "
    "the same verdict.",
    "The loader: memory is as the file has it.",
    "Anti-rollback is off.",
    "otadata has two sectors, begins at a sector in the first 256 MiB of flash, and mapping it succeeds.",
    "A call is given NULL or a partition whose type and subtype have 8 bits.",
    "esp_ota_get_app_partition_count, where another function calls it, does what its own theorem says.",
    "Check word and remainder may be any functions.",
    "The search for the next number ends; that impl's next_seq is what it finds is shown apart.",
)
"""What every verdict rests on."""


def calls_text(proof: CallProof) -> str:
    """Return which calls a verdict rests on besides."""
    called = ", ".join(proof.hooks) or "none"
    return f"Calls that were not followed, but taken to do what their names say: {called}."


def smt_texts(found: ApplicationProof) -> Iterator[tuple[str, str]]:
    """Yield every question that the verdicts rest on, by name, as SMT-LIB."""
    for proof in found.calls:
        for item in proof.verdicts:
            build = f"{item.config.app_release.label}-{'rollback' if item.config.rollback else 'no-rollback'}"
            for semantics, answer in item.answers:
                yield f"{proof.theorem.function}-{build}-{semantics.value}", answer.text


def build_text(item: BuildVerdict) -> str:
    """Return a build in a few words: what impl tells apart."""
    of = _releases_text(item.releases or (item.config.app_release,))
    return f"{of}, {_rollback_text({item.config.rollback})}" if item.depends_on_rollback else of


def builds_text(found: ApplicationProof) -> str:
    """Return the builds that all functions follow, in a few words."""
    releases = [release for release in Release if release in {of for _, of in found.builds}]
    return f"{_releases_text(releases)}, {_rollback_text({rollback for rollback, _ in found.builds})}"


def _releases_text(releases: Sequence[Release]) -> str:
    first, last = releases[0].label, releases[-1].label
    return f"ESP-IDF {first}" if first == last else f"ESP-IDF {first} to {last}"


def _rollback_text(found: set[bool]) -> str:
    return "rollback on or off" if len(found) > 1 else "rollback on" if True in found else "rollback off"
