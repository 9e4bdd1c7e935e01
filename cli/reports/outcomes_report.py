"""What `otaproof outcomes` prints: a table for each usage, and a shortest trace to each outcome that is not safe."""

from dataclasses import replace
from typing import Any

from rich.console import Console
from rich.table import Table

from ...analysis.call_outcomes import Beyond, CallOutcomes, cell_of
from ...model.claims.left_out import left_out_line
from ...model.device.scope_text import scope_title
from ...model.device.state import Scope, Usage
from ...model.fault_model import FaultModel
from ...proofs.explicit.cut_outcomes import Call, Cell, Example, Outcome
from .left_out_report import left_out_json

_STYLES = {Outcome.THIRD: "bold red", Outcome.BRICK: "bold white on red"}


def as_json(found: CallOutcomes) -> dict[str, Any]:
    """Return the tables as one JSON object; with a cross-check, what only history rules out."""
    scope = found.scope
    checked = {f"{u.value} {f.name} {c.value}": [o.value for o in more] for (u, f, c), more in found.beyond.items()}
    return {
        "slots": scope.slots,
        "factory": scope.has_factory,
        "rollback": scope.config.rollback,
        "anti_rollback": scope.config.anti_rollback,
        "idf": scope.config.app_release.label,
        "bootloader_idf": scope.config.bootloader_release.label,
        "usages": {
            usage.value: {
                call.value: {faults.name: _cell_json(scope, cell_of(column, call)) for faults, column in table.items()}
                for call in Call
            }
            for usage, table in found.tables.items()
        },
        **left_out_json(),
    } | ({"only_history_rules_out": checked} if checked else {})


def place_name(scope: Scope, place: int) -> str:
    """Return the label of a place."""
    if place == scope.nowhere:
        return "nothing"
    return "factory" if place == scope.factory else f"ota_{place}"


def _cell_json(scope: Scope, cell: Cell) -> dict[str, Any]:
    return {
        "starts": cell.starts,
        "outcomes": [outcome.value for outcome in cell.outcomes],
        "examples": {
            outcome.value: {
                "cuts": example.cuts,
                "actions": list(example.actions),
                "old": place_name(scope, example.old),
                "new": place_name(scope, example.new),
                "found": place_name(scope, example.found),
            }
            for outcome, example in sorted(cell.examples.items(), key=lambda item: item[0].value)
        },
    }


def print_report(console: Console, found: CallOutcomes) -> None:
    """Print the table of each usage, and below it the shortest trace to each outcome that is not safe."""
    scope = found.scope
    for usage, table in found.tables.items():
        widest = table[max(table)]
        title = scope_title(replace(scope, usage=usage, faults=max(table)))
        console.print(f"[bold]Power cuts inside calls[/bold]  {title}")
        console.print(_table(table))
        for cell in widest:
            for outcome in (o for o in cell.outcomes if not o.is_safe):
                faults = next(f for f, column in table.items() if outcome in cell_of(column, cell.call).examples)
                _print_example(console, scope, faults, outcome, cell_of(table[faults], cell.call))
        console.print()
    console.print(f"every reachable state, upgrades without end, {found.seconds:.1f} s")
    usage = Usage.PROPER if Usage.PROPER in found.tables else Usage.ANY
    console.print(left_out_line(max(found.tables[usage]), usage), markup=False)
    _print_beyond(console, found.beyond)


def _print_beyond(console: Console, beyond: Beyond) -> None:
    if not beyond:
        return
    console.print("Cross-check by z3: each outcome in the table is possible; each one that is not in it is impossible")
    console.print(
        "from any well-formed state, reached or not, but for these, which only the device's history rules out:"
    )
    for (usage, faults, call), more in beyond.items():
        if more:
            console.print(f"  {usage.value} usage, {faults.name}, {call.value}: {', '.join(o.value for o in more)}")


def _table(columns: dict[FaultModel, tuple[Cell, ...]]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 1), header_style="bold")
    table.add_column("cut inside", no_wrap=True)
    for faults in columns:
        table.add_column(faults.name, overflow="fold")
    for call in Call:
        cells = [cell_of(column, call) for column in columns.values()]
        table.add_row(call.value, *(_styled(cell) for cell in cells))
    return table


def _styled(cell: Cell) -> str:
    style = next((style for outcome, style in reversed(_STYLES.items()) if outcome in cell.examples), None)
    return f"[{style}]{cell}[/]" if style else str(cell)


def _print_example(console: Console, scope: Scope, faults: FaultModel, outcome: Outcome, cell: Cell) -> None:
    example: Example = cell.examples[outcome]
    how_many = "1 cut" if example.cuts == 1 else f"{example.cuts} cuts"
    places = [place_name(scope, place) for place in (example.old, example.new, example.found)]
    console.print(
        f"  [{_STYLES[outcome]}]{outcome.value}[/] in {cell.call.value}, {faults.name}, {how_many}: "
        f"old {places[0]}, new {places[1]}, boots {places[2]}"
    )
    console.print(f"    {' '.join(example.actions)}", markup=False)
