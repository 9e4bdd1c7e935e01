"""The stated invariants: facts that were thought of because the claims rest on them.

None of them is trusted. The prover drops those that a world does not keep, so each is stated once for all worlds, in
the words that fit the worlds where it matters. What is left proves the claims, or does not.

Facts about records (record_invariants.py) are stated of a device as it lies there. While a record is rewritten, a cut
can take that record away, so many of them are stated of the device without it as well: "…, torn". Facts about what
goes on (task_invariants.py, call_invariants.py) say what the bootloader or a call has found out before it goes on.
"""

from dataclasses import dataclass
from functools import cache

from ..model.device import Device, Scope
from ..model.device_claims import Statement
from ..model.flash_steps import ERASES, REWRITES
from ..model.terms import Bool
from .call_invariants import CALL_FACTS
from .invariant_words import torn
from .record_invariants import RECORD_FACTS, TORN_RECORD_FACTS
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
    return (*whole, *(Invariant(f"{fact.__name__}_torn", _when_torn(fact)) for fact in TORN_RECORD_FACTS))


def _when_torn(fact: Statement) -> Statement:
    """Return the fact of what a cut leaves where it takes away the record that is being rewritten or erased."""

    def is_kept(scope: Scope, device: Device) -> Bool:
        return device.task.is_in(*REWRITES, *ERASES).implies(fact(scope, torn(device)))

    return is_kept
