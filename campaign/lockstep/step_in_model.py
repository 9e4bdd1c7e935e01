"""What a step of a history is in the model: its actions, how a call that takes one may end, which operations fail."""

from collections.abc import Sequence
from functools import lru_cache

from ...impl.chip.flash import FailureExtent
from ..history.player import StepOutcome
from ..history.step import WRITE_STEPS, Step, StepName
from .seen_operations import OpKind, SeenOp

_ACTIONS: dict[StepName, tuple[str, ...]] = {
    StepName.COMMENCE: ("commence",),
    StepName.COMPLETE: ("complete", "complete_rejects", "complete_fails"),
    StepName.ACCEPT: ("accept", "accept_again"),
    StepName.ROLLBACK: ("rollback",),
    StepName.RESUME: ("session_resume",),
    StepName.ABORT: ("session_abort",),
    StepName.SWITCH: ("session_switch",),
    StepName.ERASE_LAST_BOOT: ("erase_last_boot",),
}
_ACTIONS_BY_TURNS = _ACTIONS | {
    StepName.COMMENCE: ("commence", "commence_of_named"),
    StepName.ERASE_LAST_BOOT: ("erase_last_boot", "erase_last_boot_kept"),
}


def action_names(step: Step, running: str | None, is_by_turns: bool = False) -> tuple[str, ...]:
    """Return the actions of the model one of which a call is, when it is not refused. running: a label."""
    if step.name is not StepName.SET_BOOT:
        return (_ACTIONS_BY_TURNS if is_by_turns else _ACTIONS).get(step.name, ())
    # By turns, to ask for what runs is nothing by itself.
    return _set_boot_names(step.asked_for(running), None if is_by_turns else running)


@lru_cache(maxsize=256)
def _set_boot_names(label: str, running: str | None) -> tuple[str, ...]:
    if label not in ("factory", running):
        return (f"set_boot_{label}", f"set_boot_{label}_rejects")
    return ("set_boot_factory",) if label == "factory" else ("set_boot_running",)


def failed_ops(step: Step, ops: Sequence[SeenOp], flash_ops: int) -> dict[int, FailureExtent]:
    """Return the operations that fail, by their number; of the erase of a slot, the first tells of a later one."""
    fails = {failure.op + flash_ops * failure.is_burn: failure.done for failure in step.failures}
    later = [number for number in fails if number < len(ops) and ops[number].slot is not None]
    for number in later:
        first = next((n for n in range(number) if ops[n].slot == ops[number].slot and ops[n].is_first_sector), None)
        if first is not None and ops[number].kind is OpKind.ERASE:
            fails[first] = FailureExtent.ALL
    return fails


def allowed_outcomes(step: Step, began: str | None) -> tuple[StepOutcome, ...]:
    """Return how a call may end for which the model took that action; None: it refused."""
    match began:
        case None if step.name in (*WRITE_STEPS, StepName.SWITCH):
            return (StepOutcome.RETURNED, StepOutcome.RAISED)
        case "session_abort" if step.name is StepName.COMPLETE:
            return (StepOutcome.RAISED,)
        case _ if began is not None and step.name is StepName.SET_BOOT and began.endswith("_rejects"):
            return (StepOutcome.RAISED,)
        case None | "complete_fails":
            # The C code asserts that an image has a description, where it wants to know its version.
            return (StepOutcome.RAISED, StepOutcome.PANICKED)
        case "complete" | "complete_rejects":
            return (_outcome_of_argument(step.argument),)
        case "rollback":
            return (StepOutcome.RESTARTED,)
        case _:
            return (StepOutcome.RETURNED,)


def _outcome_of_argument(argument: str | int | float | bool | None) -> StepOutcome:
    """Return how complete() ends once it has switched: by what luaL_optint makes of its argument."""
    if argument is None:
        return StepOutcome.RETURNED
    if isinstance(argument, bool):
        return StepOutcome.RAISED
    try:
        return StepOutcome.RESTARTED if int(float(argument)) else StepOutcome.RETURNED
    except ValueError:
        return StepOutcome.RAISED
