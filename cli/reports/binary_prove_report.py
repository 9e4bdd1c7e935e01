"""What `otaproof binary prove` prints: verdict, theorem, what it rests on, figures, and where the code differs, how."""

from collections.abc import Iterable

from rich.console import Console

from ...binary.theorems.counterexample import Counterexample, Deed, OperationBytes
from ...binary.theorems.expected_selection import INVALID_INDEX
from ...binary.theorems.proof import ConfigVerdict, SelectionProof, config_text
from ...binary.theorems.question import Verdict
from ...binary.theorems.theorem_text import ASSUMPTIONS, SELECTION_THEOREM
from ...impl.bootloader import FACTORY_INDEX
from ...model.config import Release
from .entry_view import entry_lines
from .report_page import WRONG, ReportPage

_STYLES = {Verdict.PROVED: "bold green", Verdict.REFUTED: "bold red", Verdict.UNDECIDED: "bold yellow"}


def print_selection(console: Console, found: SelectionProof) -> None:
    """Print it."""
    page = ReportPage(console)
    elf = found.elf
    page.whole(f"{elf.name}: {elf.architecture.value}", 0, "bold")
    page.whole(f"sha256 {elf.digest}", 0, "dim")
    page.title("Selection of the boot partition")
    for item in found.verdicts:
        page.item(f"{item.verdict.value:9}", _verdict_text(item), 2, _STYLES[item.verdict])
    if found.followed.example is not None:
        _print_example(page, found.followed.example, found.followed)
    page.title("The theorem")
    page.line(SELECTION_THEOREM)
    page.title("What it rests on")
    hooks = sorted({name for code in found.codes for name in code.hooks})
    for sentence in (*ASSUMPTIONS[:-1], f"{ASSUMPTIONS[-1]}: {', '.join(hooks) or 'none'}."):
        page.item("-", sentence)
    page.blank()
    page.line(_figures(found), 0)
    page.line(_summary(found), 0, style=_STYLES[found.verdict])


def _verdict_text(item: ConfigVerdict) -> str:
    text = config_text(item.config)
    if item.verdict is Verdict.PROVED:
        return f"{text}: does what impl's bootloader does, by the rules of ESP-IDF {_releases(item.releases)}"
    if item.verdict is Verdict.REFUTED:
        return f"{text}: differs from what impl's bootloader does"
    return f"{text}: {item.detail}"


def _releases(releases: tuple[Release, ...]) -> str:
    labels = [release.label for release in releases]
    return f"{labels[0]} to {labels[-1]}" if len(labels) > 1 else "".join(labels)


def _print_example(page: ReportPage, example: Counterexample, item: ConfigVerdict) -> None:
    page.title(f"Where it differs from impl ({config_text(item.config)})")
    page.line(f"Partition table: {_table_text(example)}.")
    if example.failing:
        page.line(f"Flash operations that fail: {', '.join(map(str, example.failing))}.")
    for fields, meaning in entry_lines(example.records, example.app_count):
        page.whole(fields)
        page.line(meaning, 14)
    _print_deed(page, f"{WRONG} code", example.code)
    _print_deed(page, "  impl", example.impl)
    if not example.code.keeps_frame:
        page.item(WRONG, "The code changes a register or a field of bootloader_state_t that it has to leave alone.")


def _table_text(example: Counterexample) -> str:
    factory = f"factory at 0x{example.factory_offset:x}" if example.factory_offset else "no factory"
    otadata = f"otadata at 0x{example.otadata_offset:x}, 0x{example.otadata_size:x} bytes"
    return f"{example.app_count} OTA slots, {factory}, {otadata if example.otadata_offset else 'no otadata'}"


def _print_deed(page: ReportPage, who: str, deed: Deed) -> None:
    page.item(f"{who}:", "; ".join(_deed_parts(deed)))


def _deed_parts(deed: Deed) -> Iterable[str]:
    yield from (_operation_text(number, operation) for number, operation in enumerate(deed.operations))
    names = {FACTORY_INDEX: "selects factory", INVALID_INDEX: "selects nothing (INVALID_INDEX)"}
    yield names.get(deed.result, f"selects ota_{deed.result}")
    if deed.noted:
        yield "notes that otadata was never written"


def _operation_text(number: int, operation: OperationBytes) -> str:
    fails = " (fails)" if operation.fails else ""
    if operation.data is None:
        return f"erases 0x{operation.address:x}{fails}"
    words = [operation.data[at : at + 4].hex() for at in (0, 24, 28)]
    told = f"seq {words[0]} state {words[1]} crc {words[2]}" if len(operation.data) == 32 else operation.data.hex()
    return f"programs 0x{operation.address:x} with {told}{fails}"


def _figures(found: SelectionProof) -> str:
    paths = ", ".join(f"{len(code.exploration.paths)} paths ({code.semantics.value})" for code in found.codes)
    impl = ", ".join(str(item.impl_paths) for item in found.verdicts)
    return f"{paths or 'no path'} of the machine code, against {impl} paths of impl; {found.seconds:.1f} s"


def _summary(found: SelectionProof) -> str:
    item = found.followed
    match found.verdict:
        case Verdict.PROVED:
            return f"proved, {config_text(item.config)}: every path is covered; {item.detail} agree"
        case Verdict.REFUTED:
            return "refuted: the code differs with every configuration that was tried"
    return f"undecided: {item.detail}"
