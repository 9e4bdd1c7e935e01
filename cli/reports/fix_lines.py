"""How reports print, below what breaks a claim, how bad that is and what mends it."""

from ...analysis.results.result_parts import FixEntries, FixEntry, SeverityName
from .report_page import ReportPage


def print_fix(page: ReportPage, claim_id: str, severity: SeverityName, fixes: FixEntries) -> None:
    """Print the severity, and the remedies where they were looked for."""
    page.line(f"severity: {severity}")
    if fixes is not None:
        page.item("fix:", fix_words(claim_id, fixes))


def fix_words(claim_id: str, fixes: tuple[FixEntry, ...], names_page: bool = True) -> str:
    """Return what mends a claim, in words. names_page: say what tells more."""
    if not fixes:
        return f"none of the remedies that otaproof knows mends {claim_id}"
    more = f"; see otaproof claim {claim_id}" if names_page else ""
    return f"{'; or '.join(map(_fix, fixes))} (proved{more})"


def _fix(fix: FixEntry) -> str:
    return f"{' and '.join(fix.remedies)}{'' if fix.reaches_premise else ', possibly vacuous'}"
