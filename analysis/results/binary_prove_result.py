"""The result of `otaproof binary prove`."""

from dataclasses import dataclass
from typing import Literal

from ...binary.theorems.counterexample import Counterexample, Deed
from ...binary.theorems.proof import ConfigVerdict, SelectionProof
from ...binary.theorems.theorem_text import ASSUMPTIONS, SELECTION_THEOREM
from .result_parts import CommandResult

VerdictName = Literal["proved", "refuted", "undecided"]


@dataclass(frozen=True, slots=True, kw_only=True)
class BinaryOperation:
    """A flash operation that is asked for."""

    address: int
    """In flash, in bytes."""
    program: str | None
    """The bytes that are programmed, as hex; null for an erase of the sector."""
    fails: bool
    """It returns an error."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BinaryDeed:
    """What code or impl does."""

    boot_index: int
    """What is returned: a slot's number, -1 for factory, -99 for none."""
    has_initial_contents: bool
    """It is noted that otadata was never written."""
    operations: tuple[BinaryOperation, ...]
    """In order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BinaryExample:
    """Inputs for which the code differs."""

    records: tuple[str, str]
    """Both otadata records, 32 bytes each, as hex."""
    app_count: int
    """OTA slots in the partition table."""
    factory_offset: int
    """0 where there is no factory partition."""
    otadata_offset: int
    """0 where there is no otadata partition."""
    otadata_size: int
    """In bytes."""
    failing_operations: tuple[int, ...]
    """Numbers of the flash operations that return an error, from 0."""
    code: BinaryDeed
    """What the machine code does."""
    impl: BinaryDeed
    """What otaproof's bootloader does, which ran with these records."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BinaryConfigVerdict:
    """The verdict for one configuration."""

    rollback: bool
    """App rollback is on."""
    verdict: VerdictName
    """Whether the code does what impl does with it."""
    detail: str
    """Who says so, or why nobody does."""
    releases: tuple[str, ...]
    """ESP-IDF releases for which impl's bootloader does the same."""
    example: BinaryExample | None
    """Inputs for which the code differs; null where it does not, or where none was found."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BinaryProveResult(CommandResult):
    """What `otaproof binary prove` found."""

    command: Literal["binary prove"] = "binary prove"
    """The command that made the result."""
    file: str
    """The ELF file."""
    sha256: str
    """Its digest."""
    architecture: Literal["RISC-V", "Xtensa"]
    """Its instruction set."""
    theorem: str
    """What is proved."""
    assumptions: tuple[str, ...]
    """What the verdict rests on."""
    hooks: tuple[str, ...]
    """Functions that were called on some path, and taken to do what their names say."""
    verdict: VerdictName
    """Proved for one configuration, refuted for all of them, or neither."""
    configurations: tuple[BinaryConfigVerdict, ...]
    """The verdict for each configuration that was tried."""
    paths: dict[str, int]
    """Paths of the machine code, by semantics."""
    seconds: float
    """How long it took."""


def binary_prove_result(found: SelectionProof) -> BinaryProveResult:
    """Return all that is known of a file."""
    names = {"RISC-V": "RISC-V", "Xtensa": "Xtensa"}
    return BinaryProveResult(
        file=found.elf.name,
        sha256=found.elf.digest,
        architecture=names[found.elf.architecture.value],  # type: ignore[arg-type]  # the two of the enum
        theorem=SELECTION_THEOREM,
        assumptions=ASSUMPTIONS,
        hooks=tuple(sorted({name for code in found.codes for name in code.hooks})),
        verdict=found.verdict.value,
        configurations=tuple(map(_config, found.verdicts)),
        paths={code.semantics.value: len(code.exploration.paths) for code in found.codes},
        seconds=round(found.seconds, 2),
    )


def _config(item: ConfigVerdict) -> BinaryConfigVerdict:
    return BinaryConfigVerdict(
        rollback=item.config.rollback,
        verdict=item.verdict.value,
        detail=item.detail,
        releases=tuple(release.label for release in item.releases),
        example=None if item.example is None else _example(item.example),
    )


def _example(example: Counterexample) -> BinaryExample:
    return BinaryExample(
        records=(example.records[0].hex(), example.records[1].hex()),
        app_count=example.app_count,
        factory_offset=example.factory_offset,
        otadata_offset=example.otadata_offset,
        otadata_size=example.otadata_size,
        failing_operations=example.failing,
        code=_deed(example.code),
        impl=_deed(example.impl),
    )


def _deed(deed: Deed) -> BinaryDeed:
    operations = (
        BinaryOperation(address=op.address, program=None if op.data is None else op.data.hex(), fails=op.fails)
        for op in deed.operations
    )
    return BinaryDeed(boot_index=deed.result, has_initial_contents=deed.noted, operations=tuple(operations))
