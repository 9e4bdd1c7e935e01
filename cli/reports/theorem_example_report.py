"""An example of `otaproof binary prove`: inputs for which the code differs from impl, and what each of the two does."""

from collections.abc import Iterator

from ...binary.application.call_example import CallInputs
from ...binary.application.call_outcome import CallEnd
from ...binary.theorems.counterexample import TheoremCounterexample
from ...binary.theorems.deeds import Act, Deed, DeedKind
from ...binary.theorems.expected_selection import INVALID_INDEX
from ...binary.theorems.fallback_inputs import FallbackInputs
from ...binary.theorems.image_versions import ImageVersion
from ...binary.theorems.selection_inputs import SelectionInputs
from ...binary.theorems.table_inputs import TABLE_PLACES, TableInputs
from ...binary.theorems.wake_inputs import WakeInputs
from ...impl.bootloader import FACTORY_INDEX
from ...impl.esp_err import EspErr
from ...impl.otadata import ENTRY_SIZE
from ...impl.partitions.partition import Partition
from ...impl.partitions.table import ROW_SIZE
from .entry_view import entry_lines
from .report_page import WRONG, ReportPage


def print_example(page: ReportPage, example: TheoremCounterexample) -> None:
    """Print it."""
    _print_inputs(page, example.inputs)
    if example.failing:
        page.line(f"Operations that fail: {', '.join(map(str, example.failing))}.", 4)
    page.item(f"{WRONG} code:", "; ".join(_deed_parts(example.code, example.inputs)), 4)
    page.item("  impl:", "; ".join(_deed_parts(example.impl, example.inputs)), 4)
    if not example.code.keeps_frame:
        page.item(WRONG, "The code changes a register or memory that it has to leave alone.", 4)


def _print_inputs(page: ReportPage, inputs: object) -> None:
    match inputs:
        case SelectionInputs():
            page.line(f"Partition table: {_table_text(inputs)}.", 4)
            _print_records(page, inputs.records, inputs.app_count)
            _print_versions(page, inputs.efuse_version, inputs.versions)
        case FallbackInputs():
            page.line(_start_text(inputs), 4)
            _print_versions(page, inputs.efuse_version, inputs.versions)
        case TableInputs():
            page.line(f"Flash of 0x{inputs.flash_size:x} bytes with the partition table:", 4)
            for start in range(0, len(inputs.rows), ROW_SIZE):
                page.whole(inputs.rows[start : start + ROW_SIZE].hex(), 4)
        case WakeInputs():
            page.line(_wake_text(inputs), 4)
            if not inputs.has_memory:
                _print_records(page, inputs.records, len(inputs.slots))
        case CallInputs():
            page.line(_call_text(inputs), 4)
            _print_records(page, inputs.records, inputs.app_count)
            if inputs.versions:
                page.line(
                    f"Running: subtype 0x{inputs.running_subtype:02x}, linked with version {inputs.linked_version}.", 4
                )
            _print_versions(page, inputs.efuse_version, inputs.versions)


def _print_records(page: ReportPage, records: tuple[bytes, bytes], app_count: int) -> None:
    for fields, meaning in entry_lines(records, app_count):
        page.whole(fields, 4)
        page.line(meaning, 16)


def _print_versions(page: ReportPage, efuse_version: int, versions: tuple[ImageVersion, ...]) -> None:
    if versions:
        said = (
            f"0x{item.offset:x} " + (f"has {item.version}" if item.is_described else "has no description")
            for item in versions
        )
        page.line(f"Secure versions: the eFuse holds {efuse_version}; the image at {', at '.join(said)}.", 4)


def _table_text(inputs: SelectionInputs) -> str:
    factory = _place_text("factory", inputs.factory_offset, inputs.factory_size)
    return (
        f"{inputs.app_count} OTA slots, {factory}, {_place_text('otadata', inputs.otadata_offset, inputs.otadata_size)}"
    )


def _place_text(name: str, offset: int, size: int) -> str:
    return f"{name} at 0x{offset:x}, 0x{size:x} bytes" if offset or size else f"no {name}"


def _start_text(inputs: FallbackInputs) -> str:
    factory = "factory" if inputs.has_factory else "no factory"
    test = "no test app" if inputs.test is None else "a test app"
    fresh = "; otadata was never written" if inputs.is_fresh else ""
    return f"Start index {inputs.start_index}; {inputs.app_count} OTA slots, {factory}, {test}{fresh}."


def _wake_text(inputs: WakeInputs) -> str:
    reason = f"Reset reason {inputs.reset_reason}"
    if inputs.has_memory:
        return f"{reason}; RTC memory has kept: {_partition_text('partition', inputs.retained)}."
    if not inputs.table_is_taken:
        return f"{reason}; the partition table is refused."
    places = (*inputs.slots, *filter(None, (inputs.factory, inputs.otadata)))
    told = ", ".join(_partition_text(f"0x{place.type:02x}/0x{place.subtype:02x}", place) for place in places)
    return f"{reason}; partitions by type and subtype: {told}."


def _partition_text(name: str, partition: Partition | None) -> str:
    return f"no {name}" if partition is None else _place_text(name, partition.offset, partition.size)


def _call_text(inputs: CallInputs) -> str:
    subtypes = " ".join(f"0x{app.subtype:02x}" for app in inputs.apps)
    otadata = "no otadata" if inputs.otadata is None else f"otadata at 0x{inputs.otadata.offset:x}"
    asked = inputs.asked
    given = "NULL" if asked is None else f"a partition of type 0x{asked.type:02x}, subtype 0x{asked.subtype:02x}"
    told = f"App partitions of subtypes {subtypes or '(none)'}, {otadata}; where a partition is asked for: {given}"
    session = inputs.session
    if session is None:
        return f"{told}."
    there = "in the table" if session.is_asked_there else "not in the table"
    other = "" if asked is None or asked.is_app else f" ({there})"
    place = "" if asked is None else f" at 0x{asked.offset:x}, 0x{asked.size:x} bytes{other}"
    running = f"subtype 0x{inputs.running_subtype:02x} runs"
    return f"{told}{place}; {running}; size 0x{session.image_size:x}, last handle {session.last_handle}."


def _deed_parts(deed: Deed, inputs: object) -> Iterator[str]:
    yield from map(_act_text, deed.acts)
    match inputs:
        case FallbackInputs():
            if not deed.acts or deed.acts[-1].kind is not DeedKind.START:
                yield "resets"
        case WakeInputs():
            if not deed.acts or deed.acts[-1].kind is not DeedKind.START:
                yield "returns"
        case TableInputs():
            yield from _known_parts(deed)
        case CallInputs():
            yield from _end_parts(deed, inputs)
        case _:
            names = {FACTORY_INDEX: "selects factory", INVALID_INDEX: "selects nothing (INVALID_INDEX)"}
            yield names.get(deed.result, f"selects ota_{deed.result}")
            if deed.noted:
                yield "notes that otadata was never written"


def _known_parts(deed: Deed) -> Iterator[str]:
    """Yield what is known of a partition table."""
    read_at, *places, app_count = deed.words
    yield f"{'takes' if deed.result else 'refuses'} the table at 0x{read_at:x}"
    if deed.result:
        for name, offset, size in zip(TABLE_PLACES, places[::2], places[1::2], strict=True):
            if offset or size:
                yield f"{name} at 0x{offset:x}, 0x{size:x} bytes"
        yield f"{app_count} OTA slots"


def _end_parts(deed: Deed, inputs: CallInputs) -> Iterator[str]:
    """Yield how a call ends."""
    if deed.result != CallEnd.RETURNS:
        yield CallEnd(deed.result).name.lower()
        return
    code, state, last_handle, sessions = deed.words
    names = {int(error) & 0xFFFFFFFF: error.code_name for error in EspErr}
    yield f"returns {names.get(code, hex(code))}"
    if state != inputs.state_before:
        yield f"leaves {'handle' if inputs.session else 'state'} 0x{state:x}"
    if inputs.session and (sessions or last_handle != inputs.session.last_handle):
        yield f"has {sessions} open, with handle 0x{last_handle:x} as the last"


def _act_text(act: Act) -> str:
    match act.kind:
        case DeedKind.CHECK:
            return f"checks the image at 0x{act.address:x}{' (it does not pass)' if act.fails else ''}"
        case DeedKind.LOAD:
            return f"loads the image at 0x{act.address:x} unchecked{' (it does not load)' if act.fails else ''}"
        case DeedKind.START:
            return f"starts the image at 0x{act.address:x}"
        case DeedKind.PLACE:
            return f"takes a bootloader to lie at 0x{act.address:x}"
        case DeedKind.BURN:
            told = f"burns secure version {act.address}"
        case DeedKind.ERASE:
            told = f"erases 0x{act.size:x} bytes at 0x{act.address:x}"
        case DeedKind.PROGRAM:
            told = f"programs 0x{act.address:x} with {_data_text(act.data)}"
    return f"{told}{' (fails)' if act.fails else ''}"


def _data_text(data: bytes) -> str:
    if len(data) != ENTRY_SIZE:
        return data.hex()
    return f"seq {data[:4].hex()} state {data[24:28].hex()} crc {data[28:].hex()}"
