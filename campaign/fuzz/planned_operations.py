"""The operations that a step will have, as the device model has it, before it is played."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import islice

from ...impl.chip.flash import FailureExtent
from ...model.config import ResetReason
from ..history.step import TOOL_STEPS, Step, StepName
from ..lockstep.lockstep import Lockstep
from ..lockstep.model_tracker import ModelTracker
from ..lockstep.seen_operations import OpKind, SeenOp


def planned_ops(run: Lockstep, step: Step, failures: Mapping[int, FailureExtent] | None = None) -> Iterable[SeenOp]:
    """Return the operations that a step will have, as the model has it; failures: by number, those that fail.

    A call of the application does nothing more once an operation has failed."""
    ops = _planned(run, step, failures or {})
    return islice(ops, max(failures) + 1) if failures and step.name is not StepName.RESET else ops


def _planned(run: Lockstep, step: Step, failures: Mapping[int, FailureExtent]) -> Iterable[SeenOp]:
    tracker = run.tracker
    match step.name:
        case StepName.RESET:
            is_power_on, wakes = step.reason is ResetReason.POWER_ON, run.takes_fast_path(step)
            return tracker.planned_boot(is_power_on, wakes, run.held_pin(step), failures)
        case name if name is StepName.POWER_OFF or name in TOOL_STEPS:
            return ()
        case StepName.WRITE | StepName.WRITE_AT:
            return (SeenOp(OpKind.PROGRAM, slot=0),) if run.takes(step) else ()
        case _:
            return _with_whole_wipes(tracker, run.names_of(step), run)


def _with_whole_wipes(tracker: ModelTracker, names: tuple[str, ...], run: Lockstep) -> Iterator[SeenOp]:
    """Yield what a call will do; the wipe of a slot erases all of its sectors."""
    for op in tracker.planned_call(*names):
        yield op
        if op.slot is not None:
            _, size = run.places.slots[op.slot]
            yield from (replace(op, is_first_sector=False) for _ in range(size // 0x1000 - 1))
