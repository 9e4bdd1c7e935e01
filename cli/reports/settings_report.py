"""How text reports say what a result rests on: its settings with their origins, and notes."""

from collections.abc import Sequence

from ...analysis.results.result_parts import SettingEntry
from .report_page import ReportPage


def print_settings(page: ReportPage, settings: Sequence[SettingEntry], notes: Sequence[str]) -> None:
    """Print the values, first those that nobody chose, marked; then the notes."""
    page.title("Settings (? assumed)" if any(setting.assumed for setting in settings) else "Settings")
    for setting in sorted(settings, key=lambda setting: not setting.assumed):
        remark = f"; {setting.remark}" if setting.remark else ""
        text = f"{setting.name.removeprefix('CONFIG_')} = {setting.value} ({setting.origin}{remark})"
        page.item("?" if setting.assumed else " ", text, style="yellow" if setting.assumed else None)
    for note in notes:
        page.item("!", note, style="yellow")
