"""Delta debugging: from a finding to one with a history from which nothing can be left out.

A smaller history is taken only if it shows the same: the same claim is broken, or board and model part in the same call
and in the same way (Finding.cause). With two faults in the board, a history that began with one never ends with the
other.

Whatever is tried goes from later steps to earlier ones, so the result depends on the history alone.
"""

from collections.abc import Iterator
from dataclasses import replace

from ...impl.chip.flash import PlanNotReached
from ...impl.chip.torn_operations import AFTER, BEFORE
from ...model.config import ResetReason
from ...model.device.state import Task
from ..history.step import Step, StepName
from ..lockstep.divergence import Divergence, OutOfModel
from ..lockstep.lockstep import Lockstep
from .board_runs import shortened_on_board, simpler_tears
from .findings import DIVERGENCE, Finding, cause_in


def shrunk(finding: Finding) -> Finding:
    """Return the finding with a history from which nothing can be left out: no step, no cut, no tear."""
    best = shortened(finding)
    if best is None:
        return finding
    for width in (8, 4, 2):
        best = _without_steps(best, width)
    best = _without_single_steps(best)
    while True:
        simpler = _first_simpler(best)
        if simpler is None:
            return best
        best = _without_single_steps(simpler)


def _without_single_steps(finding: Finding) -> Finding:
    """Return the finding without steps, until none can be left out by itself."""
    while (fewer := _without_steps(finding, 1)) is not finding:
        finding = fewer
    return finding


def _without_steps(finding: Finding, width: int) -> Finding:
    """Return the finding without as many groups of so many steps as can be left out, from the end to the start."""
    start = len(finding.history.steps) - width
    while start >= 0:
        steps = finding.history.steps
        smaller = _with_steps(finding, steps[:start] + steps[start + width :])
        finding = finding if smaller is None else smaller
        start = min(start - 1, len(finding.history.steps) - width)
    return finding


def _first_simpler(finding: Finding) -> Finding | None:
    steps = finding.history.steps
    for number in reversed(range(len(steps))):
        for step in _simpler(steps[number]):
            simpler = _with_steps(finding, (*steps[:number], step, *steps[number + 1 :]))
            if simpler is not None:
                return simpler
    return None


def _with_steps(finding: Finding, steps: tuple[Step, ...]) -> Finding | None:
    return shortened(replace(finding, history=replace(finding.history, steps=steps)))


def shortened(finding: Finding) -> Finding | None:
    """Return the finding with its history ended where it shows; None where it does not, or another comes first."""
    if finding.is_on_board:
        return shortened_on_board(finding)
    lockstep = Lockstep(replace(finding.history, steps=()), finding.scope)
    for number, step in enumerate(finding.history.steps, 1):
        text = ""
        if step.call_name == "power_on" and lockstep.tracker.task is not Task.OFF:
            return None  # it would hide a power failure in the step; that is to be seen
        try:
            is_broken = finding.claim_id in lockstep.step(step)
        except OutOfModel:
            return None
        except Divergence as why:
            if (finding.claim_id, finding.cause) != (DIVERGENCE, cause_in(step, why)):
                return None
            is_broken, text = True, str(why)
        except PlanNotReached:
            return None
        if is_broken:
            return replace(finding, history=replace(finding.history, steps=finding.history.steps[:number]), text=text)
    return None


def _simpler(step: Step) -> Iterator[Step]:
    """Yield the step without its cut, with a cut that tears nothing, with a simpler reason or argument."""
    yield from simpler_tears(step)
    if step.cut is not None:
        yield replace(step, cut=None)
        if step.cut.torn not in (None, BEFORE, AFTER):
            yield from (replace(step, cut=replace(step.cut, torn=torn)) for torn in (BEFORE, AFTER))
    if step.name is StepName.RESET and step.reason in (ResetReason.PANIC, ResetReason.DEEP_SLEEP):
        yield replace(step, reason=ResetReason.SOFTWARE)
    if step.name is StepName.COMPLETE and step.argument not in (1, None):
        yield replace(step, argument=1)
