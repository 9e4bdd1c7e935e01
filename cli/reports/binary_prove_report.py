"""What `otaproof binary prove` prints: verdicts, where the code differs, the theorems, what they rest on, figures."""

from collections.abc import Iterator

from rich.console import Console

from ...binary.recovery.recovered_program import RecoveredProgram
from ...binary.theorems.counterexample import TheoremCounterexample, TheoremInputs
from ...binary.theorems.deeds import Act, Deed, DeedKind
from ...binary.theorems.expected_selection import INVALID_INDEX
from ...binary.theorems.fallback_inputs import FallbackInputs
from ...binary.theorems.proof import BootloaderProof, ConfigVerdict, TheoremProof, config_text
from ...binary.theorems.question import TheoremVerdict
from ...binary.theorems.selection_inputs import SelectionInputs
from ...binary.theorems.table_inputs import TABLE_PLACES, TableInputs
from ...impl.bootloader import FACTORY_INDEX
from ...impl.otadata import ENTRY_SIZE
from ...impl.partitions.table import ROW_SIZE
from ...model.config import Release
from .entry_view import entry_lines
from .recovery_report import print_recovery
from .report_page import WRONG, ReportPage

_STYLES = {
    TheoremVerdict.PROVED: "bold green",
    TheoremVerdict.REFUTED: "bold red",
    TheoremVerdict.UNDECIDED: "bold yellow",
}


def print_proof(console: Console, found: BootloaderProof) -> None:
    """Print it."""
    page = ReportPage(console)
    page.whole(f"{found.elf.name}: {found.elf.architecture.value}", 0, "bold")
    page.whole(f"sha256 {found.elf.digest}", 0, "dim")
    if isinstance(found.elf, RecoveredProgram):
        print_recovery(page, found.elf.recovery)
    for proof in found.theorems:
        _print_theorem(page, proof)
    page.blank()
    for proof in found.theorems:
        page.line(_figures(proof), 0)
    page.line(_summary(found), 0, style=_STYLES[found.verdict])


def _print_theorem(page: ReportPage, proof: TheoremProof) -> None:
    page.title(proof.theorem.title)
    for item in proof.verdicts:
        page.item(f"{item.verdict.value:9}", _verdict_text(item), 2, _STYLES[item.verdict])
    if proof.verdict is TheoremVerdict.REFUTED and proof.followed.example is not None:
        _print_example(page, proof.followed.example, proof.followed)
    page.line(f"Theorem: {proof.theorem.sentence(proof.followed.config)}")
    page.line("It rests on:")
    for sentence in proof.theorem.premises(proof.followed.config):
        page.item("-", sentence, 4)
    called = ", ".join(proof.hooks) or "none"
    page.item("-", f"Calls that were not followed, but taken to do what their names say: {called}.", 4)


def _verdict_text(item: ConfigVerdict) -> str:
    text = config_text(item.config)
    if item.verdict is TheoremVerdict.PROVED:
        return f"{text}: does what impl's bootloader does, by the rules of ESP-IDF {_releases(item.releases)}"
    if item.verdict is TheoremVerdict.REFUTED:
        return f"{text}: differs from what impl's bootloader does"
    return f"{text}: {item.detail}"


def _releases(releases: tuple[Release, ...]) -> str:
    labels = [release.label for release in releases]
    return f"{labels[0]} to {labels[-1]}" if len(labels) > 1 else "".join(labels)


def _print_example(page: ReportPage, example: TheoremCounterexample, item: ConfigVerdict) -> None:
    page.line(f"An example, {config_text(item.config)}:")
    inputs = example.inputs
    if isinstance(inputs, SelectionInputs):
        page.line(f"Partition table: {_table_text(inputs)}.", 4)
        for fields, meaning in entry_lines(inputs.records, inputs.app_count):
            page.whole(fields, 4)
            page.line(meaning, 16)
    elif isinstance(inputs, TableInputs):
        page.line(f"Flash of 0x{inputs.flash_size:x} bytes with the partition table:", 4)
        for start in range(0, len(inputs.rows), ROW_SIZE):
            page.whole(inputs.rows[start : start + ROW_SIZE].hex(), 4)
    else:
        page.line(_start_text(inputs), 4)
    if not isinstance(inputs, TableInputs) and inputs.versions:
        page.line(_versions_text(inputs), 4)
    if isinstance(inputs, SelectionInputs) and example.failing:
        page.line(f"Flash operations that fail: {', '.join(map(str, example.failing))}.", 4)
    page.item(f"{WRONG} code:", "; ".join(_deed_parts(example.code, inputs)), 4)
    page.item("  impl:", "; ".join(_deed_parts(example.impl, inputs)), 4)
    if not example.code.keeps_frame:
        page.item(WRONG, "The code changes a register or a field of bootloader_state_t that it has to leave alone.", 4)


def _table_text(inputs: SelectionInputs) -> str:
    factory = f"factory at 0x{inputs.factory_offset:x}" if inputs.has_factory else "no factory"
    otadata = f"otadata at 0x{inputs.otadata_offset:x}, 0x{inputs.otadata_size:x} bytes"
    return f"{inputs.app_count} OTA slots, {factory}, {otadata if inputs.otadata_offset else 'no otadata'}"


def _start_text(inputs: FallbackInputs) -> str:
    factory = "factory" if inputs.has_factory else "no factory"
    test = "no test app" if inputs.test is None else "a test app"
    fresh = "; otadata was never written" if inputs.is_fresh else ""
    return f"Start index {inputs.start_index}; {inputs.app_count} OTA slots, {factory}, {test}{fresh}."


def _versions_text(inputs: SelectionInputs | FallbackInputs) -> str:
    said = (
        f"0x{item.offset:x} " + (f"has {item.version}" if item.is_described else "has no description")
        for item in inputs.versions
    )
    return f"Secure versions: the eFuse holds {inputs.efuse_version}; the image at {', at '.join(said)}."


def _deed_parts(deed: Deed, inputs: TheoremInputs) -> Iterator[str]:
    yield from map(_act_text, deed.acts)
    if isinstance(inputs, FallbackInputs):
        if not deed.acts or deed.acts[-1].kind is not DeedKind.START:
            yield "resets"
        return
    if isinstance(inputs, TableInputs):
        yield from _known_parts(deed)
        return
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


def _act_text(act: Act) -> str:
    match act.kind:
        case DeedKind.CHECK:
            return f"checks the image at 0x{act.address:x}{' (it does not pass)' if act.fails else ''}"
        case DeedKind.START:
            return f"starts the image at 0x{act.address:x}"
        case DeedKind.BURN:
            told = f"burns secure version {act.address}"
        case DeedKind.ERASE:
            told = f"erases 0x{act.address:x}"
        case DeedKind.PROGRAM:
            told = f"programs 0x{act.address:x} with {_data_text(act.data)}"
    return f"{told}{' (fails)' if act.fails else ''}"


def _data_text(data: bytes) -> str:
    if len(data) != ENTRY_SIZE:
        return data.hex()
    return f"seq {data[:4].hex()} state {data[24:28].hex()} crc {data[28:].hex()}"


def _figures(proof: TheoremProof) -> str:
    paths = ", ".join(f"{len(code.exploration.paths)} paths ({code.semantics.value})" for code in proof.codes)
    impl = " and ".join(str(item.impl_paths) for item in proof.verdicts)
    name = proof.theorem.name
    return f"{name}: {paths or 'no path'} of the machine code, against {impl} paths of impl; {proof.seconds:.1f} s"


def _summary(found: BootloaderProof) -> str:
    match found.verdict:
        case TheoremVerdict.PROVED:
            return f"proved, {config_text(found.config)}: every path is covered; z3 and bitwuzla agree"
        case TheoremVerdict.REFUTED:
            return "refuted: the code differs with every configuration that was tried"
    return "undecided: not every theorem is decided"
