"""What `otaproof claim` prints."""

import textwrap

from rich.console import Console
from rich.text import Text

from ...analysis.results.claim_result import ClaimConfiguration, ClaimPage
from .fix_lines import fix_words
from .report_page import ReportPage

_NEEDS = {
    "rollback": "app rollback",
    "anti-rollback": "anti-rollback",
    "trial": "an application that does not accept every image as it starts",
}


def print_claim(console: Console, result: ClaimPage, shows_code: bool = False) -> None:
    """Print all about a claim; shows_code: with the C code of the remedies."""
    page = ReportPage(console)
    page.line(f"{result.id} {result.name}", indent=0, style="bold")
    page.line(result.title)
    if result.needs:
        page.line(f"It speaks of devices with {' and '.join(_NEEDS[name] for name in result.needs)}.")
    page.title(f"Where it is violated: {result.severity}")
    page.line(result.why)
    _print_configurations(page, result)
    if result.remedies:
        page.title("Remedies")
    for remedy in result.remedies:
        page.line(f"{remedy.name} ({remedy.kind})", style="bold")
        page.line(remedy.advice, 4)
        page.line(f"Cost: {remedy.cost}", 4)
        if shows_code and remedy.code is not None:
            page.blank()
            console.print(Text(textwrap.indent(remedy.code.rstrip(), "    ")), soft_wrap=True)
    page.title("More")
    if not shows_code and any(remedy.code is not None for remedy in result.remedies):
        page.command(f"otaproof claim {result.id} --code")
    page.command(result.prove)
    page.line(f"docs/spec/claims.md#{result.id.lower()}, docs/spec/remedies.md; promised by {result.source}")


def _print_configurations(page: ReportPage, result: ClaimPage) -> None:
    if all(found.verdict == "not applicable" for found in result.configurations):
        page.title("Two OTA slots, used as documented, power cuts of F1")
        page.line("not applicable: it says nothing of these. The command below decides it where it does.")
        return
    for has_factory, title in ((False, "Two OTA slots"), (True, "Two OTA slots and a factory partition")):
        page.title(f"{title}, used as documented, power cuts of F1")
        for found in result.configurations:
            if found.factory == has_factory:
                _print_configuration(page, result.id, found)


def _print_configuration(page: ReportPage, id_: str, found: ClaimConfiguration) -> None:
    verdict = found.verdict + (", possibly vacuous" if found.possibly_vacuous else "")
    page.line(f"rollback {'on' if found.rollback else 'off'}, {', '.join(found.releases)}: {verdict}")
    if found.fixes is not None:
        page.item("fix:", fix_words(id_, found.fixes, names_page=False), 4)
