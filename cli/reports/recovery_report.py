"""What was found in a bootloader without symbols, and how it is known."""

from ...binary.recovery.recovered_program import RecoveredNames
from .report_page import ReportPage


def print_recovery(page: ReportPage, found: RecoveredNames) -> None:
    """Print it."""
    page.title(f"No symbols: what was found in this {found.chip.value} bootloader")
    for item in found.found:
        page.item(f"0x{item.address:08x}", f"{item.name}, {item.how}", 2)
    for name, reason in found.missing.items():
        page.item("cannot tell", f"{name}: {reason}", 2, "bold yellow")
