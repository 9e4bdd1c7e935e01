"""The result of `otaproof binary prove`."""

from dataclasses import dataclass
from typing import Literal

from ...binary.recovery.recovered_program import RecoveredProgram
from ...binary.theorems.counterexample import TheoremCounterexample
from ...binary.theorems.deeds import Deed
from ...binary.theorems.fallback_inputs import FallbackInputs
from ...binary.theorems.proof import BootloaderProof, ConfigVerdict, TheoremProof
from ...binary.theorems.selection_inputs import SelectionInputs
from ...binary.theorems.table_inputs import TableInputs
from .result_parts import CommandResult

VerdictName = Literal["proved", "refuted", "undecided"]
ArchitectureName = Literal["RISC-V", "Xtensa"]


@dataclass(frozen=True, slots=True, kw_only=True)
class BinaryAct:
    """One thing that is done."""

    kind: Literal["erase", "program", "check", "start", "burn"]
    """An erase of a sector, a program, the check of an image, its start, or a burn of the eFuse's secure version."""
    address: int
    """In flash, in bytes; of the partition, for an image; of a burn, the secure version."""
    data: str
    """The bytes that are programmed, as hex; else empty."""
    fails: bool
    """It returns an error; of a check, the image does not pass."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BinaryDeed:
    """What code or impl does."""

    boot_index: int
    """What a selection returns: a slot's number, -1 for factory, -99 for none."""
    has_initial_contents: bool
    """A selection notes that otadata was never written."""
    acts: tuple[BinaryAct, ...]
    """In order."""
    table_words: tuple[int, ...]
    """Of a partition table that is taken: where it was read, then offset and size of otadata, factory, test and slots 0
    to 15, then the count of slots. boot_index is 1 where a table is taken, 0 where it is refused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BinaryVersion:
    """The secure version of an image."""

    offset: int
    """Of its partition, in flash."""
    version: int | None
    """Null where the image has no description."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BinaryExample:
    """Inputs for which the code differs."""

    records: tuple[str, ...]
    """Of a selection: both otadata records, 32 bytes each, as hex."""
    start_index: int | None
    """Of the choice among images: which is tried first."""
    app_count: int
    """OTA slots in the partition table; 0 where the table itself is the input."""
    factory: bool
    """There is a factory partition; false where the table itself is the input."""
    table: str
    """Of the loading of the partition table: its rows up to the end row, as hex; else empty."""
    flash_size: int | None
    """Of the loading of the partition table: bytes of the chip."""
    efuse_version: int | None
    """The secure version that the eFuse holds; null without anti-rollback."""
    versions: tuple[BinaryVersion, ...]
    """What the images' descriptions say, with anti-rollback."""
    failing: tuple[int, ...]
    """Numbers of the operations that return an error, from 0."""
    code: BinaryDeed
    """What the machine code does."""
    impl: BinaryDeed
    """What otaproof's bootloader does."""


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
    """ESP-IDF releases for which impl's bootloader does the same."""
    example: BinaryExample | None
    """Inputs for which a bootloader's code differs, or null; those of an application's are in `detail`."""


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
    """Proved where every theorem is, refuted where one is, or neither."""
    theorems: tuple[BinaryTheorem, ...]
    """The verdict on each theorem."""


def binary_prove_result(found: BootloaderProof) -> BinaryProveResult:
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
        paths={code.semantics.value: len(code.exploration.paths) for code in proof.codes},
        seconds=round(proof.seconds, 2),
    )


def _config(item: ConfigVerdict) -> BinaryConfigVerdict:
    return BinaryConfigVerdict(
        rollback=item.config.rollback,
        anti_rollback=item.config.anti_rollback,
        verdict=item.verdict.value,
        detail=item.detail,
        releases=tuple(release.label for release in item.releases),
        example=None if item.example is None else _example(item.example),
    )


def _example(example: TheoremCounterexample) -> BinaryExample:
    inputs = example.inputs
    versions = () if isinstance(inputs, TableInputs) else inputs.versions
    return BinaryExample(
        records=tuple(record.hex() for record in inputs.records) if isinstance(inputs, SelectionInputs) else (),
        start_index=inputs.start_index if isinstance(inputs, FallbackInputs) else None,
        app_count=0 if isinstance(inputs, TableInputs) else inputs.app_count,
        factory=not isinstance(inputs, TableInputs) and inputs.has_factory,
        table=inputs.rows.hex() if isinstance(inputs, TableInputs) else "",
        flash_size=inputs.flash_size if isinstance(inputs, TableInputs) else None,
        efuse_version=None if isinstance(inputs, TableInputs) or not versions else inputs.efuse_version,
        versions=tuple(
            BinaryVersion(offset=item.offset, version=item.version if item.is_described else None) for item in versions
        ),
        failing=example.failing,
        code=_deed(example.code),
        impl=_deed(example.impl),
    )


def _deed(deed: Deed) -> BinaryDeed:
    acts = (
        BinaryAct(kind=act.kind.value, address=act.address, data=act.data.hex(), fails=act.fails) for act in deed.acts
    )
    return BinaryDeed(boot_index=deed.result, has_initial_contents=deed.noted, acts=tuple(acts), table_words=deed.words)
