"""What `otaproof releases` prints: rules by program, what each release changed, or the rules of some versions."""

from collections.abc import Sequence

from rich.console import Console

from ...analysis.results.releases_result import ProgramName, ReleasesResult
from .report_page import ReportPage

_OF: dict[ProgramName, str] = {
    "application": "Rules of the application",
    "bootloader": "Rules of the bootloader",
    "both": "Rules of either, each by its own version: how it reads images and partition tables",
}
_SOURCES = {
    "recorded": "recorded from its own code",
    "read": "not recorded, read in the sources of its branch",
    "newer": "newer than all of its branch that was read: the rules of the newest one",
}


def print_releases(console: Console, result: ReleasesResult) -> None:
    """Print each rule with its versions, then each release with what it changed."""
    page = ReportPage(console)
    for of, title in _OF.items():
        page.title(title)
        for rule in result.rules:
            if rule.of == of:
                page.line(f"{rule.name}: {rule.meaning}")
                page.line(rule.versions, indent=4, style="dim")
    page.title("What each release changed for OTA: + begins, - ends")
    width = max(len(change.version) for change in result.changes)
    for change in result.changes:
        marks = [*(f"+{name}" for name in change.begins), *(f"-{name}" for name in change.ends)]
        page.item(f"{change.version:{width}}  {change.of:11}", " ".join(marks))
    page.blank()
    page.line("otaproof releases 5.1.4 lists the rules of a version, otaproof diff 5.1.3 5.1.4 shows two at work.", 0)


def print_versions(console: Console, result: ReleasesResult) -> None:
    """Print the rules of each version, by program."""
    page = ReportPage(console)
    for version in result.versions:
        page.title(f"{version.version}: {_SOURCES[version.source]}")
        model = f"application {version.application_class}, bootloader {version.bootloader_class}"
        page.line(f"In the device model it is of the class {model}.")
        for title, names in (
            ("Application", version.application),
            ("Bootloader", version.bootloader),
            ("Partition tables", version.generator),
        ):
            page.line(f"{title}:")
            _rules(page, result, names)


def _rules(page: ReportPage, result: ReleasesResult, names: Sequence[str]) -> None:
    for rule in result.rules:
        if rule.name in names:
            page.item("-", rule.meaning, 4)
