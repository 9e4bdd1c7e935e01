"""`otaproof outcomes`: is it power-safe? For each call and fault model, all that can boot after a cut inside it."""

from dataclasses import dataclass

from cyclopts import Parameter

from ...model.fault_model import MODELLED_FAULTS
from ..exit_code import ExitCode
from ..options.device_options import AnyFaults, DeviceOptions, UsageName
from ..options.epilogue import epilogue
from ..options.groups import SEARCH
from ..options.output_options import TraceOutputOptions

EPILOGUE = epilogue(
    "otaproof outcomes",
    "otaproof outcomes --usage restart-at-once --idf 6.1",
    "otaproof outcomes --slots 3 --factory --faults F1 --json",
    codes={
        0: "every cell is safe",
        1: "a cell has THIRD or BRICK",
        2: "bad usage or bad input",
    },
    names_calls=True,
)


@Parameter(name="*", group=SEARCH)
@dataclass(frozen=True, slots=True, kw_only=True)
class TableOptions:
    """Which tables to make."""

    faults: AnyFaults = None
    """The last column of the table: what a power cut may leave of a flash operation (default: F3)."""
    usage: UsageName | None = None
    """As documented, with nothing between complete() and the restart, or in any order; without it, a table for each,
    and with --remedy, as documented."""
    cross_check: bool = False
    """Ask z3 as well which outcomes every well-formed state rules out, and which only the history of the device."""


def outcomes(
    *,
    device: DeviceOptions = DeviceOptions(),
    table: TableOptions = TableOptions(),
    output: TraceOutputOptions = TraceOutputOptions(),
) -> ExitCode:
    """Say of every call what can boot after a power cut inside it.

    For each call and each fault model: the exact set of what the next power-on can start after a power cut inside the
    call, over every state that a history of any length can lead to. old: what it would have started before the call;
    new: what it would start after all of the call; same: old and new are one; THIRD: a third image; BRICK: nothing.
    Two OTA slots take seconds; each further one multiplies the states, most of all in any order.
    """
    from ...analysis.call_outcomes import call_outcomes
    from ...analysis.results.outcomes_result import outcomes_result
    from ...model.device.state import Usage
    from ..reports.outcomes_report import print_outcomes
    from ..reports.progress_bar import step_progress

    asked = device.usages(table.usage)
    scope = device.scope(max(MODELLED_FAULTS) if table.faults is None else table.faults, asked[-1])
    usages = (scope.usage,) if len(asked) == 1 else tuple(map(Usage, asked))
    with step_progress("outcomes") as tell:
        found = call_outcomes(scope, usages, table.cross_check, tell)
    result = outcomes_result(found)
    output.give(result, lambda: print_outcomes(output.console(), found, result, output.identifiers))
    return ExitCode.HOLDS if found.is_safe else ExitCode.VIOLATED
