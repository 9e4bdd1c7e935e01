"""Whether a guard of the life-cycle table can hold at all in a build: the arrows that a diagram draws.

A guard is asked with a situation of which nothing is decided yet. Whenever it asks for a fact, the search goes on once
for each value that the fact can have; facts that it never asks for cost nothing.
"""

from collections.abc import Iterator
from typing import cast

from ...model.config import Config, Release
from ...model.slot.situation import Guard, Place, Situation, State

_RELEASES = (Release.V5_1, Release.V5_5, Release.V6_0)
"""One of each set of rules that guards tell apart."""


def can_hold(guard: Guard, rollback: bool) -> bool:
    """Tell whether there is a situation, in a build with or without rollback, in which the guard holds."""
    return any(answer for answer in _answers(guard, rollback))


def _answers(guard: Guard, rollback: bool) -> Iterator[bool]:
    """Yield the guard's answer for every combination of the facts that it asks for."""
    open_ones: list[dict[str, object]] = [{}]
    while open_ones:
        asked = _Asked(rollback, open_ones.pop())
        # A stand-in, since a Situation has a value for every fact from the start.
        answer = guard.holds(cast(Situation, asked))
        open_ones.extend(asked.other_ways)
        yield answer


class _Asked:
    """A situation that decides each fact when it is first asked for, and notes the other ways to decide."""

    def __init__(self, rollback: bool, known: dict[str, object]) -> None:
        self._rollback = rollback
        self._known = dict(known)
        self.other_ways: list[dict[str, object]] = []

    def __getattr__(self, name: str) -> object:
        return self._decided(name, self._values(name))

    def _decided(self, name: str, values: tuple[object, ...]) -> object:
        if name not in self._known:
            self.other_ways.extend({**self._known, name: value} for value in values[1:])
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
