"""The result of `otaproof binary prove`."""

from dataclasses import dataclass, replace
from typing import Literal

from ...binary.application.call_example import CallInputs
from ...binary.application.call_outcome import CallEnd
from ...binary.recovery.recovered_program import RecoveredProgram
from ...binary.theorems.counterexample import TheoremCounterexample
from ...binary.theorems.deeds import Deed
from ...binary.theorems.fallback_inputs import FallbackInputs
from ...binary.theorems.image_versions import ImageVersion
from ...binary.theorems.proof import ConfigVerdict, ProgramProof, TheoremProof
from ...binary.theorems.selection_inputs import SelectionInputs
from ...binary.theorems.table_inputs import TableInputs
from ...binary.theorems.wake_inputs import WakeInputs
from ...impl.partitions.partition import AppSubtype
from .result_parts import CommandResult

VerdictName = Literal["proved", "refuted", "undecided"]
ArchitectureName = Literal["RISC-V", "Xtensa"]


@dataclass(frozen=True, slots=True, kw_only=True)
class BinaryAct:
    """One thing that is done."""

    kind: Literal["erase", "program", "check", "load", "start", "burn"]
    """An erase of sectors, a program, the check of an image, its loading without a check, its start, or a burn of the
    eFuse's secure version."""
    address: int
    """In flash, in bytes; of the partition, for an image; of a burn, the secure version."""
    size: int
    """Bytes that are erased; else 0."""
    data: str
    """The bytes that are programmed, as hex; else empty."""
    fails: bool
    """It returns an error; of a check or a load, the image does not pass."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BinaryDeed:
    """What code or impl does."""

    boot_index: int | None
    """What a selection returns: a slot's number, -1 for factory, -99 for none. Of the loading of a partition table: 1
    where it is taken, 0 where it is refused. Null for what returns neither."""
    has_initial_contents: bool
    """A selection notes that otadata was never written."""
    acts: tuple[BinaryAct, ...]
    """In order."""
    table_words: tuple[int, ...]
    """Of a partition table that is taken: where it was read, then offset and size of otadata, factory, test and slots 0
    to 15, then the count of slots."""
    end: Literal["returns", "restarts", "panics"] | None
    """How a call of an application ends; null for a bootloader."""
    code: int | None
    """The esp_err_t, or the number of slots, that a call returns."""
    state: int | None
    """What it leaves where the caller wants a state."""


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
    """Of a selection, a wake-up and a call: both otadata records, 32 bytes each, as hex."""
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
    app_subtypes: tuple[int, ...]
    """Of a call: the app partitions in the partition table."""
    otadata: bool
    """There is an otadata partition; false where the table itself is the input."""
    reset_reason: int | None
    """Of a wake-up: what esp_rom_get_reset_reason returns."""
    retained: tuple[int, int] | None
    """Of a wake-up: offset and size of the partition that RTC memory has kept; null for none."""
    asked: tuple[int, int] | None
    """Of a call: type and subtype of the partition that it is given; null for NULL."""
    running_subtype: int | None
    """Of a call: the subtype of the partition that runs, where it counts; else null."""
    linked_version: int | None
    """Of a call: the secure version that the running image was linked with; null without anti-rollback."""
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
        paths={code.semantics.value: len(code.exploration.paths) for code in proof.codes},
        seconds=round(proof.seconds, 2),
    )


def _config(item: ConfigVerdict) -> BinaryConfigVerdict:
    return BinaryConfigVerdict(
        rollback=item.config.rollback,
        anti_rollback=item.config.anti_rollback,
        verdict=item.verdict.value,
        detail=item.detail,
        releases=tuple(release.label for release in sorted({build.release for build in item.builds})),
        example=None if item.example is None else _example(item.example),
    )


def _example(example: TheoremCounterexample) -> BinaryExample:
    plain = BinaryExample(
        records=(),
        start_index=None,
        app_count=0,
        factory=False,
        table="",
        flash_size=None,
        efuse_version=None,
        versions=(),
        app_subtypes=(),
        otadata=False,
        reset_reason=None,
        retained=None,
        asked=None,
        running_subtype=None,
        linked_version=None,
        failing=example.failing,
        code=_deed(example.code, example.inputs),
        impl=_deed(example.impl, example.inputs),
    )
    match example.inputs:
        case SelectionInputs() as inputs:
            return replace(
                plain,
                records=_hex(inputs.records),
                app_count=inputs.app_count,
                factory=inputs.has_factory,
                otadata=inputs.otadata_offset != 0,
                efuse_version=inputs.efuse_version if inputs.versions else None,
                versions=_versions(inputs.versions),
            )
        case FallbackInputs() as inputs:
            return replace(
                plain,
                start_index=inputs.start_index,
                app_count=inputs.app_count,
                factory=inputs.has_factory,
                otadata=inputs.otadata_offset != 0,
                efuse_version=inputs.efuse_version if inputs.versions else None,
                versions=_versions(inputs.versions),
            )
        case TableInputs() as inputs:
            return replace(plain, table=inputs.rows.hex(), flash_size=inputs.flash_size)
        case WakeInputs() as inputs:
            return replace(
                plain,
                records=_hex(inputs.records),
                app_count=len(inputs.slots),
                factory=inputs.factory is not None,
                otadata=inputs.otadata is not None,
                reset_reason=inputs.reset_reason,
                retained=None if inputs.retained is None else (inputs.retained.offset, inputs.retained.size),
            )
        case CallInputs() as inputs:
            subtypes = tuple(app.subtype for app in inputs.apps)
            return replace(
                plain,
                records=_hex(inputs.records),
                app_count=inputs.app_count,
                factory=AppSubtype.FACTORY in subtypes,
                app_subtypes=subtypes,
                otadata=inputs.otadata is not None,
                asked=None if inputs.asked is None else (inputs.asked.type, inputs.asked.subtype),
                running_subtype=inputs.running_subtype if inputs.versions else None,
                linked_version=inputs.linked_version if inputs.versions else None,
                efuse_version=inputs.efuse_version if inputs.versions else None,
                versions=_versions(inputs.versions),
            )
    raise AssertionError(example.inputs)


def _hex(records: tuple[bytes, bytes]) -> tuple[str, ...]:
    return tuple(record.hex() for record in records)


def _versions(versions: tuple[ImageVersion, ...]) -> tuple[BinaryVersion, ...]:
    return tuple(
        BinaryVersion(offset=item.offset, version=item.version if item.is_described else None) for item in versions
    )


def _deed(deed: Deed, inputs: object) -> BinaryDeed:
    acts = (
        BinaryAct(kind=act.kind.value, address=act.address, size=act.size, data=act.data.hex(), fails=act.fails)
        for act in deed.acts
    )
    is_call, has_result = isinstance(inputs, CallInputs), isinstance(inputs, SelectionInputs | TableInputs)
    code, state = deed.words if is_call and deed.result == CallEnd.RETURNS else (None, None)
    return BinaryDeed(
        boot_index=deed.result if has_result else None,
        has_initial_contents=deed.noted,
        acts=tuple(acts),
        table_words=deed.words if isinstance(inputs, TableInputs) else (),
        end=_END_NAMES[CallEnd(deed.result)] if is_call else None,
        code=code,
        state=state,
    )


_END_NAMES: dict[CallEnd, Literal["returns", "restarts", "panics"]] = {
    CallEnd.RETURNS: "returns",
    CallEnd.RESTARTS: "restarts",
    CallEnd.PANICS: "panics",
}
