"""The result of `otaproof binary prove`."""

from dataclasses import dataclass
from typing import Literal

from ...binary.recovery.recovered_program import RecoveredProgram
from ...binary.theorems.proof import ConfigVerdict, ProgramProof, TheoremProof
from .binary_example import BinaryExample, binary_example
from .result_parts import CommandResult

VerdictName = Literal["proved", "refuted", "undecided"]
ArchitectureName = Literal["RISC-V", "Xtensa"]


@dataclass(frozen=True, slots=True, kw_only=True)
class BinaryConfigVerdict:
    """The verdict for one configuration."""

    rollback: bool
    """App rollback is on."""
    anti_rollback: bool
    """Anti-rollback is on."""
    verdict: VerdictName
    """Whether the code does what impl does with it."""
    detail: str
    """Who says so, or why nobody does."""
    releases: tuple[str, ...]
    """ESP-IDF releases for which impl does the same."""
    example: BinaryExample | None
    """Inputs for which the code differs, or null."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BinaryTheorem:
    """What is known of one theorem."""

    name: str
    """The theorem in a word."""
    sentence: str
    """What is proved."""
    verdict: VerdictName
    """Proved for one configuration, refuted for all of them, or neither."""
    configurations: tuple[BinaryConfigVerdict, ...]
    """The verdict for each configuration that was tried."""
    assumptions: tuple[str, ...]
    """What the verdict rests on."""
    hooks: tuple[str, ...]
    """Functions that were called on some path, and taken to do what their names say."""
    paths: dict[str, int]
    """Paths of the machine code, by semantics."""
    seconds: float
    """How long it took."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BinaryFound:
    """A function or a variable that was found in a file without symbols."""

    name: str
    """Its name in ESP-IDF's sources."""
    address: int
    """In memory."""
    how: str
    """What was proved of it, or seen in a run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BinaryProveResult(CommandResult):
    """What `otaproof binary prove` found."""

    command: Literal["binary-prove"] = "binary-prove"
    """The command that made the result."""
    file: str
    """The file."""
    sha256: str
    """Its digest."""
    architecture: ArchitectureName
    """Its instruction set."""
    found: tuple[BinaryFound, ...] | None
    """What was found in a file without symbols; null for a file with symbols."""
    verdict: VerdictName
    """Proved where every theorem is, for one build; refuted where one is, or where there is no such build."""
    theorems: tuple[BinaryTheorem, ...]
    """The verdict on each theorem."""


def binary_prove_result(found: ProgramProof) -> BinaryProveResult:
    """Return all that is known of a file."""
    return BinaryProveResult(
        file=found.elf.name,
        sha256=found.elf.digest,
        architecture=found.elf.architecture.value,
        found=_recovered(found.elf) if isinstance(found.elf, RecoveredProgram) else None,
        verdict=found.verdict.value,
        theorems=tuple(map(_theorem, found.theorems)),
    )


def _recovered(program: RecoveredProgram) -> tuple[BinaryFound, ...]:
    found = program.recovery.found
    return tuple(BinaryFound(name=item.name, address=item.address, how=item.how) for item in found)


def _theorem(proof: TheoremProof) -> BinaryTheorem:
    return BinaryTheorem(
        name=proof.theorem.name,
        sentence=proof.theorem.sentence(proof.followed.config),
        verdict=proof.verdict.value,
        configurations=tuple(map(_config, proof.verdicts)),
        assumptions=proof.theorem.premises(proof.followed.config),
        hooks=proof.hooks,
        paths={code.semantics.value: code.path_count for code in proof.codes},
        seconds=round(proof.seconds, 2),
    )


def _config(item: ConfigVerdict) -> BinaryConfigVerdict:
    return BinaryConfigVerdict(
        rollback=item.config.rollback,
        anti_rollback=item.config.anti_rollback,
        verdict=item.verdict.value,
        detail=item.detail,
        releases=tuple(release.label for release in sorted({build.release for build in item.builds})),
        example=None if item.example is None else binary_example(item.example),
    )
