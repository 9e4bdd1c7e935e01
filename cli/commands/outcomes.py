"""`otaproof outcomes`: is it power-safe? For each call and fault model, all that can boot after a cut inside it."""

import argparse
import json
import time
from dataclasses import replace
from typing import Any

from rich.console import Console
from rich.table import Table

from ...model.claims.left_out import left_out_line
from ...model.device.scope_text import scope_title
from ...model.device.state import Scope, Usage
from ...model.fault_model import FaultModel
from ...proofs.explicit.cut_outcomes import Call, Cell, Example, Outcome, outcomes
from ...proofs.refinement.outcomes_smt import possible_outcomes
from ..exit_code import ExitCode
from ..options.scope_options import add_scope_options, scope_of
from ..reports.left_out_report import left_out_json

_STYLES = {Outcome.THIRD: "bold red", Outcome.BRICK: "bold white on red"}

Tables = dict[Usage, dict[FaultModel, tuple[Cell, ...]]]
Beyond = dict[tuple[Usage, FaultModel, Call], list[Outcome]]
"""Outcomes of well-formed states that no reachable state has."""


def add_parser(subparsers: Any) -> None:
    """Add the sub-command."""
    parser = subparsers.add_parser(
        "outcomes",
        help="say of every call what can boot after a power cut inside it",
        description="For each call and each fault model: the exact set of what the next power-on can start after a "
        "power cut inside the call, over every state that histories of any length lead to. old: as before the call; "
        "new: as after it; THIRD: neither; BRICK: nothing; same: old and new are one. "
        "Without --usage both usages are shown, without --faults all fault models.",
        epilog="Exit code 1 when a cell has THIRD or BRICK.",
    )
    add_scope_options(parser)
    parser.set_defaults(usage=None, faults=None)
    parser.add_argument(
        "--cross-check",
        action="store_true",
        help="ask z3 too: which outcomes does every well-formed state rule out, and which only the device's history?",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print the table of each usage, and below it the shortest way to each outcome that is not safe."""
    usages = list(Usage) if options.usage is None else [Usage(options.usage)]
    strongest = max(FaultModel) if options.faults is None else FaultModel[options.faults]
    scope = scope_of(argparse.Namespace(**{**vars(options), "usage": Usage.ANY.value, "faults": strongest.name}))
    columns = [faults for faults in FaultModel if faults <= strongest]
    started = time.perf_counter()
    tables: Tables = {
        usage: {faults: outcomes(replace(scope, usage=usage, faults=faults)) for faults in columns} for usage in usages
    }
    seconds = time.perf_counter() - started
    beyond = _beyond(scope, tables) if options.cross_check else {}
    if options.json:
        print(json.dumps(as_json(scope, tables, beyond), indent=2))
    else:
        console = Console(soft_wrap=True, highlight=False)
        _print(console, scope, tables, seconds)
        _print_beyond(console, beyond)
    are_safe = all(cell.is_safe for table in tables.values() for column in table.values() for cell in column)
    return ExitCode.HOLDS if are_safe else ExitCode.VIOLATED


def as_json(scope: Scope, tables: Tables, beyond: Beyond) -> dict[str, Any]:
    """Return the tables as one JSON object; with a cross-check, what only history rules out."""
    checked = {f"{u.value} {f.name} {c.value}": [o.value for o in more] for (u, f, c), more in beyond.items()}
    return {
        "slots": scope.slots,
        "factory": scope.has_factory,
        "rollback": scope.config.rollback,
        "anti_rollback": scope.config.anti_rollback,
        "idf": scope.config.app_release.label,
        "bootloader_idf": scope.config.bootloader_release.label,
        "usages": {
            usage.value: {
                call.value: {faults.name: _cell_json(scope, _cell(column, call)) for faults, column in table.items()}
                for call in Call
            }
            for usage, table in tables.items()
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


def _print(console: Console, scope: Scope, tables: Tables, seconds: float) -> None:
    for usage, table in tables.items():
        widest = table[max(table)]
        title = scope_title(replace(scope, usage=usage, faults=max(table)))
        console.print(f"[bold]Power cuts inside calls[/bold]  {title}")
        console.print(_table(table))
        for cell in widest:
            for outcome in (o for o in cell.outcomes if not o.is_safe):
                faults = next(f for f, column in table.items() if outcome in _cell(column, cell.call).examples)
                _print_example(console, scope, faults, outcome, _cell(table[faults], cell.call))
        console.print()
    console.print(f"every reachable state, upgrades without end, {seconds:.1f} s")
    usage = Usage.PROPER if Usage.PROPER in tables else Usage.ANY
    console.print(left_out_line(max(tables[usage]), usage), markup=False)


def _beyond(scope: Scope, tables: Tables) -> Beyond:
    """Ask z3 of every cell what well-formed states have beyond it."""
    found: Beyond = {}
    for usage, table in tables.items():
        for faults, column in table.items():
            for cell in column:
                possible = possible_outcomes(replace(scope, usage=usage, faults=faults), cell.call)
                if not set(cell.outcomes) <= possible:
                    raise AssertionError(f"z3 finds {possible} in {cell.call}, the search {cell.outcomes}")
                found[usage, faults, cell.call] = [o for o in Outcome if o in possible and o not in cell.outcomes]
    return found


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
        cells = [_cell(column, call) for column in columns.values()]
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


def _cell(column: tuple[Cell, ...], call: Call) -> Cell:
    return next(cell for cell in column if cell.call is call)
