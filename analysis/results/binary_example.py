"""An example in the result of `otaproof binary prove`: inputs for which code differs from impl, and what each does."""

from dataclasses import dataclass
from functools import singledispatch
from typing import Any, Literal

from ...binary.application.call_example import CallInputs, SessionInputs
from ...binary.application.call_outcome import CallEnd
from ...binary.theorems.counterexample import TheoremCounterexample
from ...binary.theorems.deeds import Deed
from ...binary.theorems.fallback_inputs import FallbackInputs
from ...binary.theorems.image_versions import ImageVersion
from ...binary.theorems.selection_inputs import SelectionInputs
from ...binary.theorems.table_inputs import TableInputs
from ...binary.theorems.wake_inputs import WakeInputs
from ...impl.partitions.partition import AppSubtype, Partition


@dataclass(frozen=True, slots=True, kw_only=True)
class BinaryAct:
    """One thing that is done."""

    kind: Literal["erase", "program", "check", "load", "start", "burn", "place"]
    """An erase of sectors, a program, the check of an image, its loading without a check, its start, a burn of the
    eFuse's secure version, or a place where a bootloader is taken to lie from then on."""
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
    """What it leaves where the caller wants a state, or the handle of a session."""
    last_handle: int | None
    """The handle given out last, after a call that opens a session."""
    open_sessions: int | None
    """How many sessions are open after such a call."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BinarySession:
    """What a call that opens a session is given, and finds."""

    image_size: int
    """The argument, in bytes."""
    last_handle: int
    """The handle that was given out before."""
    asked_place: tuple[int, int] | None
    """Offset and size of the partition that it is given; null for NULL."""
    is_asked_there: bool
    """That partition is in the table, where it is no app partition."""


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
    session: BinarySession | None
    """Of a call that opens a session; else null."""
    failing: tuple[int, ...]
    """Numbers of the operations that return an error, from 0."""
    code: BinaryDeed
    """What the machine code does."""
    impl: BinaryDeed
    """What otaproof's bootloader does."""


_NOTHING: dict[str, Any] = {
    "records": (),
    "start_index": None,
    "app_count": 0,
    "factory": False,
    "table": "",
    "flash_size": None,
    "efuse_version": None,
    "versions": (),
    "app_subtypes": (),
    "otadata": False,
    "reset_reason": None,
    "retained": None,
    "asked": None,
    "running_subtype": None,
    "linked_version": None,
    "session": None,
}
"""The fields of inputs that do not have them."""


def binary_example(example: TheoremCounterexample) -> BinaryExample:
    """Return an example as the result has it."""
    return BinaryExample(
        **_NOTHING | _fields(example.inputs),
        failing=example.failing,
        code=_deed(example.code, example.inputs),
        impl=_deed(example.impl, example.inputs),
    )


@singledispatch
def _fields(inputs: object) -> dict[str, Any]:
    """Return the fields that inputs of a kind have."""
    raise AssertionError(inputs)


@_fields.register
def _selection_fields(inputs: SelectionInputs) -> dict[str, Any]:
    return {
        "records": _hex(inputs.records),
        "app_count": inputs.app_count,
        "factory": inputs.has_factory,
        "otadata": inputs.otadata_offset != 0,
        **_version_fields(inputs),
    }


@_fields.register
def _fallback_fields(inputs: FallbackInputs) -> dict[str, Any]:
    return {
        "start_index": inputs.start_index,
        "app_count": inputs.app_count,
        "factory": inputs.has_factory,
        "otadata": inputs.otadata_offset != 0,
        **_version_fields(inputs),
    }


@_fields.register
def _table_fields(inputs: TableInputs) -> dict[str, Any]:
    return {"table": inputs.rows.hex(), "flash_size": inputs.flash_size}


@_fields.register
def _wake_fields(inputs: WakeInputs) -> dict[str, Any]:
    return {
        "records": _hex(inputs.records),
        "app_count": len(inputs.slots),
        "factory": inputs.factory is not None,
        "otadata": inputs.otadata is not None,
        "reset_reason": inputs.reset_reason,
        "retained": None if inputs.retained is None else (inputs.retained.offset, inputs.retained.size),
    }


@_fields.register
def _call_fields(inputs: CallInputs) -> dict[str, Any]:
    subtypes, counts_running = tuple(app.subtype for app in inputs.apps), bool(inputs.versions or inputs.session)
    return {
        "records": _hex(inputs.records),
        "app_count": inputs.app_count,
        "factory": AppSubtype.FACTORY in subtypes,
        "app_subtypes": subtypes,
        "otadata": inputs.otadata is not None,
        "asked": None if inputs.asked is None else (inputs.asked.type, inputs.asked.subtype),
        "running_subtype": inputs.running_subtype if counts_running else None,
        "linked_version": inputs.linked_version if inputs.versions else None,
        "session": None if inputs.session is None else _session(inputs.session, inputs.asked),
        **_version_fields(inputs),
    }


def _session(session: SessionInputs, asked: Partition | None) -> BinarySession:
    return BinarySession(
        image_size=session.image_size,
        last_handle=session.last_handle,
        asked_place=None if asked is None else (asked.offset, asked.size),
        is_asked_there=session.is_asked_there,
    )


def _version_fields(inputs: SelectionInputs | FallbackInputs | CallInputs) -> dict[str, Any]:
    """Return those of secure versions, where these count."""
    return {"efuse_version": inputs.efuse_version, "versions": _versions(inputs.versions)} if inputs.versions else {}


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
    has_words = is_call and deed.result == CallEnd.RETURNS
    code, state, last_handle, sessions = deed.words if has_words else (None, None, None, None)
    opens = isinstance(inputs, CallInputs) and inputs.session is not None
    return BinaryDeed(
        boot_index=deed.result if has_result else None,
        has_initial_contents=deed.noted,
        acts=tuple(acts),
        table_words=deed.words if isinstance(inputs, TableInputs) else (),
        end=_END_NAMES[CallEnd(deed.result)] if is_call else None,
        code=code,
        state=state,
        last_handle=last_handle if opens else None,
        open_sessions=sessions if opens else None,
    )


_END_NAMES: dict[CallEnd, Literal["returns", "restarts", "panics"]] = {
    CallEnd.RETURNS: "returns",
    CallEnd.RESTARTS: "restarts",
    CallEnd.PANICS: "panics",
}
