"""The stated invariants: facts that were thought of because the claims rest on them.

None of them is trusted. The prover drops those that a world does not keep, so each is stated once for all worlds, in
the words that fit the worlds where it matters. What is left proves the claims, or does not.

Facts about records (record_invariants.py) are stated of a device as it lies there. While a record is rewritten, a cut
can take that record away, so many of them are stated of the device without it as well: "…, torn". Where a cut can leave
any bytes (F2, F3), they are stated of all that it may leave: "…, cut". Facts about what goes on (task_invariants.py,
call_invariants.py) say what the bootloader or a call has found out before it goes on.
"""

from dataclasses import dataclass
from functools import cache

from ..model.device import Device, Scope
from ..model.device_claims import Statement
from ..model.faults import FaultModel
from ..model.flash_steps import ERASES, REWRITES
from ..model.terms import Bool, all_of, fact
from .call_invariants import CALL_FACTS
from .invariant_words import left_by_cuts, torn
from .record_invariants import CUT_RECORD_FACTS, RECORD_FACTS, TORN_RECORD_FACTS
from .task_invariants import TASK_FACTS


@dataclass(frozen=True, slots=True)
class Invariant:
    """One stated fact."""

    name: str
    is_kept: Statement


@cache
def invariants() -> tuple[Invariant, ...]:
    """Return all stated invariants."""
    whole = (Invariant(fact.__name__, fact) for fact in (*RECORD_FACTS, *TASK_FACTS, *CALL_FACTS))
    torn_ones = (Invariant(f"{fact.__name__}_torn", _when_torn(fact)) for fact in TORN_RECORD_FACTS)
    cut_ones = (Invariant(f"{fact.__name__}_cut", _when_cut(fact)) for fact in CUT_RECORD_FACTS)
    return (*whole, *torn_ones, *cut_ones)


def _when_torn(statement: Statement) -> Statement:
    """Return the fact of what a cut leaves where it takes away the record that is being rewritten or erased."""

    def is_kept(scope: Scope, device: Device) -> Bool:
        return device.task.is_in(*REWRITES, *ERASES).implies(statement(scope, torn(device)))

    return is_kept


def _when_cut(statement: Statement) -> Statement:
    """Return the fact of whatever a cut leaves of the record that is being rewritten or erased."""

    def is_kept(scope: Scope, device: Device) -> Bool:
        if scope.faults < FaultModel.F2:
            return fact(True)
        return all_of(when.implies(statement(scope, left)) for when, left in left_by_cuts(scope, device))

    return is_kept
