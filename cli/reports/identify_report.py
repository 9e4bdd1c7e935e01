"""What `otaproof identify` prints: part by part what it tells, how sure that is, and why."""

from rich.console import Console

from ...analysis.results.identify_result import IdentifyResult
from .report_page import ReportPage


def print_identify(console: Console, result: IdentifyResult) -> None:
    """Print each part, and below it a line for each fact."""
    page = ReportPage(console)
    for part in result.parts:
        chip = "" if part.chip is None else f", {part.chip}"
        page.title(f"{part.kind} at 0x{part.offset:x} of {result.file}, {part.size:,} bytes{chip}")
        width = max((len(fact.name) for fact in part.facts), default=0)
        for fact in part.facts:
            value = f"{fact.value} ({fact.sureness}: {fact.why})" if fact.value else f"{fact.sureness}: {fact.why}"
            page.item(f"{fact.name:{width}} ", value)
