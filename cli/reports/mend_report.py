"""What `otaproof mend` prints: what boots as it is and how it came to that, what to write, and what boots then."""

from collections.abc import Sequence

from rich.console import Console

from ...analysis.history_search import Case
from ...analysis.results.mend_result import MendedStretch, MendResult
from .explain_report import grouped, rules_text
from .report_page import ReportPage
from .settings_report import print_settings

_ESPTOOL_COMMANDS = ("erase-region", "write-flash")
"""What a mend may ask of esptool, as version 5 calls it."""


def print_mend(console: Console, result: MendResult, cases: Sequence[Case], has_files: bool) -> None:
    """Print all of it; has_files: what the commands write lies in files already."""
    page = ReportPage(console)
    page.title(result.source)
    _print_now(page, cases)
    for fault in result.faults:
        page.item("!", fault, style="yellow")
    page.title(f"{result.verdict[0].upper()}{result.verdict[1:]}")
    _print_mend(page, result, has_files)
    print_settings(page, result.settings, result.notes)


def _print_now(page: ReportPage, cases: Sequence[Case]) -> None:
    """Say what boots as it is, once for all rules that agree."""
    groups = grouped(cases, _told_now)
    for (boots, why, history), members in groups:
        if len(groups) > 1:
            page.line(f"{rules_text(members, cases)}:", style="cyan")
        page.line("nothing boots" if boots is None else f"{boots} boots", style="bold red" if boots is None else "bold")
        for clause in why:
            page.line(clause, indent=4)
        if history is not None:
            page.line(f"how it came to this: {history[0]}", indent=4)
            for number, sentence in enumerate(history[1], 1):
                page.line(f"{number}. {sentence}", indent=6, hang=3)


def _told_now(case: Case) -> tuple[str | None, tuple[str, ...], tuple[str, tuple[str, ...]] | None]:
    answer, found = case.answer, case.history
    history = None if found is None else (found.verdict, found.sentences)
    return answer.first.label, answer.why, history


def _print_mend(page: ReportPage, result: MendResult, has_files: bool) -> None:
    if result.boots is None:
        page.line(
            "No erase and no record makes an image of this flash boot, and no image in a slot of this table would."
        )
        return
    if not result.stretches:
        page.line(f"{result.boots} is selected, whole, and boots; --boot LABEL asks for another partition.")
        return
    for stretch in result.stretches:
        page.line(_stretch(stretch))
    for command in result.commands:
        page.command(command, 4)
    if result.instead is not None:
        which = "instead of the last of them" if len(result.commands) > 1 else "or"
        page.line(f"{which}, with ESP-IDF at hand: {result.instead}", indent=4)
    older = _older_names(result.commands)
    if older:
        what = "calls them" if len(older) > 1 else "calls it"
        page.line(f"esptool before version 5 {what} {' and '.join(older)}", indent=4, style="dim")
    if any(stretch.file for stretch in result.stretches) and not has_files:
        page.line("--files DIR writes the files that they name", indent=4)
    played = "with a stand-in for the new image, " if result.needs_image is not None else ""
    page.line(f"then {result.boots} boots, at the next power-on and at the one after: {played}played on the board")


def _older_names(commands: Sequence[str]) -> list[str]:
    """Return what esptool before version 5 calls the commands that are used."""
    used = (name for name in _ESPTOOL_COMMANDS if any(name in command.split() for command in commands))
    return [name.replace("-", "_") for name in used]


def _stretch(stretch: MendedStretch) -> str:
    end = stretch.address + stretch.length - 1
    done = "erased" if stretch.erase else "written"
    return f"0x{stretch.address:x} … 0x{end:x} {done}: {stretch.what}"
