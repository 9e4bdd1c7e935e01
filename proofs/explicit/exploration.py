"""What a search of everything reachable comes to, whichever reading searched."""

from collections.abc import Callable
from dataclasses import dataclass

from ...model.device.search import Trace
from ...model.device.state import Scope

ALL_BROKEN = "all claims are broken"
"""Why a search ended that was to look for counterexamples alone."""
Progress = Callable[[int, float], None]
"""Called now and then with the number of states known and the seconds spent searching."""


@dataclass(frozen=True, slots=True)
class Exploration:
    """What a search came to."""

    scope: Scope
    claims: tuple[str, ...]
    """Ids of the claims that were looked at."""
    states: int
    transitions: int
    """(state, action) pairs of the states that were looked at; two actions to one state are two."""
    depth: int
    """Steps to the states farthest from the start."""
    is_complete: bool
    """Everything was looked at; if not, `violations` is right, but no claim holds."""
    seconds: float
    """Spent searching."""
    compile_seconds: float
    """Spent before that on making or loading compiled code."""
    violations: dict[str, Trace]
    """By id of a claim that is broken, a shortest trace to a state that breaks it."""
    reading: str
    """"python" or "compiled"."""
    threads: int = 1
    limit: str = ""
    """What stopped a search that is not complete."""

    @property
    def rate(self) -> float:
        """States found in a second."""
        return self.states / self.seconds if self.seconds else 0.0

    def holds(self, claim_id: str) -> bool:
        """Tell whether the claim was looked at in every state and never broken."""
        return self.is_complete and claim_id in self.claims and claim_id not in self.violations
