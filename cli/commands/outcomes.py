"""`otaproof outcomes`: is it power-safe? For each call and fault model, all that can boot after a cut inside it."""

import argparse
import time
from dataclasses import replace
from typing import Any

from rich.console import Console

from ...analysis.results.outcomes_result import outcomes_result
from ...model.device.state import Scope, Usage
from ...model.fault_model import FaultModel
from ...proofs.explicit.cut_outcomes import Call, Cell, Outcome, outcomes
from ...proofs.refinement.outcomes_smt import possible_outcomes
from ..exit_code import ExitCode
from ..options.scope_options import add_scope_options, scope_of
from ..reports.json_text import json_text
from ..reports.outcomes_report import print_outcomes

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
    beyond = _beyond(scope, tables) if options.cross_check else None
    result = outcomes_result(scope, tables, beyond)
    if options.json:
        print(json_text(result), end="")
    else:
        titles = {usage: replace(scope, usage=usage) for usage in usages}
        print_outcomes(Console(highlight=False), titles, result, seconds)
    are_safe = all(cell.is_safe for table in tables.values() for column in table.values() for cell in column)
    return ExitCode.HOLDS if are_safe else ExitCode.VIOLATED


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
