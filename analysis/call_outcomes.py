"""What can boot after a power cut inside each call, for each usage and fault model; and what z3 makes of it."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from ..model.device.state import Scope, Usage
from ..model.fault_model import FaultModel
from ..proofs.explicit.cut_outcomes import Call, Cell, Outcome, outcomes
from ..proofs.refinement.outcomes_smt import possible_outcomes

Tables = dict[Usage, dict[FaultModel, tuple[Cell, ...]]]
Beyond = dict[tuple[Usage, FaultModel, Call], list[Outcome]]
"""Outcomes of well-formed states that no reachable state has."""


@dataclass(frozen=True, slots=True)
class CallOutcomes:
    """The tables of one device."""

    scope: Scope
    """With the strongest fault model."""
    tables: Tables
    seconds: float
    """For the tables."""
    beyond: Beyond | None
    """What z3 was asked; None where it was not."""

    @property
    def is_safe(self) -> bool:
        """Tell whether every cut leaves the old choice or the new one."""
        return all(cell.is_safe for table in self.tables.values() for column in table.values() for cell in column)


def call_outcomes(
    scope: Scope, usages: tuple[Usage, ...], cross_check: bool = False, tell: Callable[[str], None] = lambda text: None
) -> CallOutcomes:
    """Return the tables up to the fault model of the scope. tell: takes which column is being made."""
    columns = [faults for faults in FaultModel if faults <= scope.faults]
    started = time.perf_counter()
    tables: Tables = {}
    for usage in usages:
        tables[usage] = {}
        for faults in columns:
            tell(f"{usage.value}, {faults.name}")
            tables[usage][faults] = outcomes(replace(scope, usage=usage, faults=faults))
    seconds = time.perf_counter() - started
    return CallOutcomes(scope, tables, seconds, _beyond(scope, tables) if cross_check else None)


def cell_of(column: tuple[Cell, ...], call: Call) -> Cell:
    """Return the cell of a call."""
    return next(cell for cell in column if cell.call is call)


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
