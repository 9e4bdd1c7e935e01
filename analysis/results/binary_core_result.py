"""The result of `otaproof binary prove --core`."""

from dataclasses import dataclass
from typing import Literal

from ...binary.by_turns.core_proof import SENTENCES, CoreBuild, CoreFunction, CoreProof
from .binary_prove_result import ArchitectureName, VerdictName
from .result_parts import CommandResult


@dataclass(frozen=True, slots=True, kw_only=True)
class BinaryCoreFunction:
    """What is known of one function, for one build."""

    name: str
    """As in selector/otadata_by_turns.h."""
    sentence: str
    """What of it is proved equal to the device model."""
    verdict: VerdictName
    """Whether the code does what the model does, for all inputs."""
    detail: str
    """Who says so, or why nobody does."""
    example: str | None
    """Inputs for which the code differs, or null."""
    paths: dict[str, int]
    """Paths of the machine code, by semantics."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BinaryCoreBuild:
    """The functions, compared for one kind of device."""

    rollback: bool
    """App rollback is on."""
    slots: int
    """OTA slots."""
    factory: bool
    """There is a factory partition."""
    functions: tuple[BinaryCoreFunction, ...]
    """Those that the file has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BinaryCoreResult(CommandResult):
    """What `otaproof binary prove --core` found."""

    command: Literal["binary-prove"] = "binary-prove"
    """The command that made the result."""
    file: str
    """The file."""
    sha256: str
    """Its digest."""
    architecture: ArchitectureName
    """Its instruction set."""
    verdict: VerdictName
    """Proved where every function is, for every build."""
    builds: tuple[BinaryCoreBuild, ...]
    """What was compared, for each kind of device."""
    absent: tuple[str, ...]
    """Functions that the file has not, of which nothing is said."""
    seconds: float
    """How long it took."""


def binary_core_result(found: CoreProof) -> BinaryCoreResult:
    """Return all that is known of a core."""
    return BinaryCoreResult(
        file=found.elf.name,
        sha256=found.elf.digest,
        architecture=found.elf.architecture.value,
        verdict=found.verdict.value,
        builds=tuple(_build(build, functions) for build, functions in found.functions.items()),
        absent=found.absent,
        seconds=round(found.seconds, 2),
    )


def _build(build: CoreBuild, functions: tuple[CoreFunction, ...]) -> BinaryCoreBuild:
    told = tuple(
        BinaryCoreFunction(
            name=item.name,
            sentence=SENTENCES[item.name],
            verdict=item.verdict.value,
            detail=item.detail,
            example=item.example,
            paths=item.paths,
        )
        for item in functions
    )
    return BinaryCoreBuild(rollback=build.rollback, slots=build.slots, factory=build.has_factory, functions=told)
