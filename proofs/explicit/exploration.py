"""What a search of everything reachable comes to, whichever reading searched."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass

from ...model.device.state import Scope
from ...model.device.stepper import State, Stepper

Progress = Callable[[int, float], None]
"""Told now and then: how many states are known, and after how many seconds of searching."""


@dataclass(frozen=True, slots=True)
class Trace:
    """A way from the first state to another one."""

    actions: tuple[str, ...]
    """Names of the actions, in order."""
    states: tuple[State, ...]
    """The states passed, the first and the last included: one more than actions."""

    def __len__(self) -> int:
        """Return the number of actions."""
        return len(self.actions)


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
    """By id of a claim that is broken, a shortest way to a state that breaks it."""
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


def trace_through(steps: Stepper, states: tuple[State, ...]) -> Trace:
    """Return the trace that passes these states, each step by the first action that makes it.

    Raises ValueError when no action leads from one to the next: the two readings differ."""
    names = []
    for before, after in itertools.pairwise(states):
        action = next((number for number, reached in steps.successors(before) if reached == after), None)
        if action is None:
            raise ValueError(f"no action leads from {steps.as_dict(before)} to {steps.as_dict(after)}")
        names.append(steps.model.actions[action].name)
    return Trace(tuple(names), states)
