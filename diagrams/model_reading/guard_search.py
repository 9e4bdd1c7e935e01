"""Decide whether a guard of the life-cycle table is satisfiable in a build; a diagram draws only such arrows.

The search evaluates the guard on a situation whose facts are undecided. When the guard reads a fact, the search
branches on every value of that fact. Facts that the guard never reads cost nothing.
"""

from collections.abc import Iterator
from typing import cast

from ...model.config import Config, Release
from ...model.slot.situation import Guard, Place, Situation, State

_RELEASES = (Release.V5_1, Release.V5_5, Release.V6_0)
"""One release for each set of rules that guards distinguish."""


def can_hold(guard: Guard, rollback: bool) -> bool:
    """Return whether some situation of a build, with or without rollback, satisfies the guard."""
    return any(answer for answer in _answers(guard, rollback))


def _answers(guard: Guard, rollback: bool) -> Iterator[bool]:
    """Yield the value of the guard for every combination of the facts that it reads."""
    open_ones: list[dict[str, object]] = [{}]
    while open_ones:
        situation = _UndecidedSituation(rollback, open_ones.pop())
        # A stand-in: a real Situation has a value for every fact from the start.
        answer = guard.holds(cast(Situation, situation))
        open_ones.extend(situation.branches)
        yield answer


class _UndecidedSituation:
    """A situation that decides each fact when it is first read, and records the other branches."""

    def __init__(self, rollback: bool, known: dict[str, object]) -> None:
        self._rollback = rollback
        self._known = dict(known)
        self.branches: list[dict[str, object]] = []

    def __getattr__(self, name: str) -> object:
        return self._decided(name, self._values(name))

    def _decided(self, name: str, values: tuple[object, ...]) -> object:
        if name not in self._known:
            self.branches.extend({**self._known, name: value} for value in values[1:])
            self._known[name] = values[0]
        return self._known[name]

    def _values(self, name: str) -> tuple[object, ...]:
        match name:
            case "config":
                return tuple(Config(rollback=self._rollback, app_release=release) for release in _RELEASES)
            case "place":
                return tuple(Place)
            case "hidden":
                return tuple(State)
            case _ if name in Situation.__slots__:
                return (False, True)
            case _:
                raise AttributeError(name)
