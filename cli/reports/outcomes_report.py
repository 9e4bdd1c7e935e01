"""What `otaproof outcomes` prints: the table of each usage, and a trace to each outcome that is not safe."""

from dataclasses import replace

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ...analysis.call_outcomes import CallOutcomes
from ...analysis.results.outcomes_result import OutcomeCell, OutcomeExample, OutcomesResult
from ...model.device.scope_text import scope_title
from ...model.device.state import Usage
from ...model.fault_model import MODELLED_FAULTS
from ...proofs.explicit.cut_outcomes import NO_SUCH_CALL, Outcome
from .left_out_report import print_left_out
from .report_page import ReportPage

_STYLES = {"THIRD": "bold red", "BRICK": "bold white on red"}
_UNSAFE = tuple(outcome.value for outcome in Outcome if not outcome.is_safe)
_MEANINGS = (
    "What the next power-on can start after a power cut inside the call. old: what it starts before the call; new: "
    "what it starts after the call; same: old and new are one; THIRD: another image; BRICK: nothing."
)
Rows = dict[str, dict[str, OutcomeCell]]
"""By call and fault model."""


def print_outcomes(
    console: Console, found: CallOutcomes, result: OutcomesResult, shows_identifiers: bool = False
) -> None:
    """Print the tables; result: what was found, as its JSON has it."""
    titles = {usage: replace(found.scope, usage=usage) for usage in found.tables}
    page = ReportPage(console)
    page.calls()
    page.line(_MEANINGS, indent=0, style="dim")
    for usage, scope in titles.items():
        rows = result.usages[usage.value]
        page.title(f"Power cuts inside calls: {scope_title(scope)}")
        page.table(_table(rows))
        for call, cells in rows.items():
            for outcome in _UNSAFE:
                shown = next(
                    ((f, cell.examples[outcome]) for f, cell in cells.items() if outcome in cell.examples), None
                )
                if shown is not None:
                    _print_example(page, call, outcome, *shown, shows_identifiers)
    page.blank()
    page.line(f"Every reachable state, any number of upgrades; {found.seconds:.1f} s", indent=0)
    _print_cross_check(page, result)
    usage = Usage.RESTART_AT_ONCE if Usage.RESTART_AT_ONCE in titles else Usage.DOCUMENTED
    print_left_out(page, max(scope.faults for scope in titles.values()), usage)


def _table(rows: Rows) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 1), header_style="bold")
    table.add_column("cut inside", no_wrap=True)
    for faults in MODELLED_FAULTS:
        if any(faults.name in cells for cells in rows.values()):
            table.add_column(faults.name, overflow="fold")
    for call, cells in rows.items():
        table.add_row(call, *(_styled(cell) for cell in cells.values()))
    return table


def _styled(cell: OutcomeCell) -> Text:
    style = next((style for outcome, style in reversed(_STYLES.items()) if outcome in cell.outcomes), "")
    return Text(_words(cell), style)


def _words(cell: OutcomeCell) -> str:
    """Return the outcomes in words; "same" is left out where "old" or "new" stands."""
    told = [outcome for outcome in cell.outcomes if outcome != "same"]
    is_told = "old" in told or "new" in told
    return ", ".join(told if is_told else cell.outcomes) or NO_SUCH_CALL


def _print_example(
    page: ReportPage, call: str, outcome: str, faults: str, example: OutcomeExample, shows_identifiers: bool
) -> None:
    how_many = "1 cut" if example.cuts == 1 else f"{example.cuts} cuts"
    page.title(f"{outcome} in {call}, {faults}, {how_many}")
    page.steps(
        example.sentences,
        f"the next power-on starts {example.found}; before the call it starts {example.old}, after it {example.new}",
    )
    if shows_identifiers:
        page.identifiers(example.actions)


def _print_cross_check(page: ReportPage, result: OutcomesResult) -> None:
    if result.only_history_rules_out is None:
        return
    page.line(
        "Cross-check by z3: each outcome in the table is possible; each one that is not in it is impossible from any "
        "well-formed state, reachable or not, but for these, which only the device's history rules out:",
        indent=0,
    )
    for name, more in result.only_history_rules_out.items():
        if more:
            usage, faults, call = name.split(" ")
            page.line(f"{usage} usage, {faults}, {call}: {', '.join(more)}")
