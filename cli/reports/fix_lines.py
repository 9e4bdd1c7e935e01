"""How reports print, below what breaks a claim, how bad that is, who else does so, and what mends it."""

from ...analysis.results.result_parts import FixEntry, JudgedClaim, ReleaseSpread
from .report_page import ReportPage


def print_judgement(page: ReportPage, claim_id: str, judged: JudgedClaim, indent: int = 2) -> None:
    """Print the severity, the releases that do the same, and the remedies where they were looked for."""
    page.line(f"severity: {judged.severity}", indent)
    if judged.releases is not None:
        page.item("seen in:", releases_words(judged.releases), indent)
    if judged.fixes is not None:
        page.item("fix:", fix_words(claim_id, judged.fixes), indent)


def releases_words(spread: ReleaseSpread) -> str:
    """Return in words which releases violate a claim."""
    if not spread.proved:
        return f"every release of ESP-IDF from {spread.violated[0]} on, used as documented"
    return f"ESP-IDF {', '.join(spread.violated)}, used as documented; not in {', '.join(spread.proved)}"


def fix_words(claim_id: str, fixes: tuple[FixEntry, ...], names_page: bool = True) -> str:
    """Return what mends a claim, in words. names_page: say what tells more."""
    if not fixes:
        return f"none of the remedies that otaproof knows mends {claim_id}"
    more = f"; see otaproof claim {claim_id}" if names_page else ""
    return f"{'; or '.join(map(_fix, fixes))} (proved{more})"


def _fix(fix: FixEntry) -> str:
    vacuous = "" if fix.reaches_premise else ", possibly vacuous"
    breaks = f", which breaks {', '.join(fix.breaks)}" if fix.breaks else ""
    return f"{' and '.join(fix.remedies)}{vacuous}{breaks}"
