"""The corpus of a lane: the histories that came through something which no earlier run of it came through.

Later runs begin from one of them, changed (mutation.py). Each is kept up to the step that brought the last new thing,
and what is drawn behind it begins there. One whose new thing few runs have come through since is taken more often.
"""

from collections.abc import Hashable, Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from functools import lru_cache
from random import Random

from ..history.history import History
from ..history.history_token import HistoryToken, decode_history_token, encode_history_token
from ..history.player import StepOutcome
from ..history.step import Step

MOST_KEPT = 200
"""So many histories of a lane are kept, the newest ones: what is new late is what few runs come to. Few lanes have as
many, as each history has to bring something new."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A history that is kept."""

    run: int
    """Number of the run that played it."""
    points: tuple[str, ...]
    """What it was the first to come through."""
    token: str
    """What `otaproof replay` plays it by."""


class Corpus:
    """What a lane keeps, as its runs are played."""

    def __init__(self, kept: Iterable[Kept], seen: Mapping[str, int]) -> None:
        """Take what was kept before, oldest first, and how many runs came through what, which may grow."""
        self._kept = list(kept)
        self._seen = seen

    def __len__(self) -> int:
        """Return how many histories are kept."""
        return len(self._kept)

    def add(self, kept: Kept) -> None:
        """Keep a history; the oldest one goes where there are too many."""
        self._kept = [*self._kept, kept][-MOST_KEPT:]

    def is_new(self, point: str) -> bool:
        """Tell whether no run came through it before."""
        return point not in self._seen

    def draw(self, random: Random, count: int) -> list[tuple[Step, ...]]:
        """Return the steps of so many kept histories, which may be the same."""
        weights = [self._weight(kept) for kept in self._kept]
        return [_steps_of(kept.token) for kept in random.choices(self._kept, weights, k=count)]

    def _weight(self, kept: Kept) -> float:
        return 1 / (1 + min((self._seen.get(point, 0) for point in kept.points), default=0))


class NewsWatch:
    """Watches a run for what no earlier run of its lane came through."""

    def __init__(self, corpus: Corpus | None) -> None:
        """Begin before the first step; None: nothing is kept."""
        self._corpus = corpus
        self._steps = 0
        """The number of the step that brought the last new thing."""
        self._known: set[Hashable] = set()

    def look(self, number: int, *found: AbstractSet[Hashable]) -> None:
        """Take all that the run came through up to a step."""
        if self._corpus is None or sum(map(len, found)) == len(self._known):
            return
        items = set[Hashable]().union(*found) - self._known
        self._known |= items
        if any(self._corpus.is_new(str(item)) for item in items):
            self._steps = number

    def kept(self, index: int, history: History, points: Iterable[str]) -> Kept | None:
        """Return what is to be kept of a run that is over; None: nothing. points: all that it came through."""
        if self._corpus is None or not self._steps:
            return None
        token = token_of(replace(history, steps=history.steps[: self._steps]))
        return Kept(index, tuple(sorted(filter(self._corpus.is_new, points))), token)


def token_of(history: History) -> str:
    """Return the token of a history that is kept."""
    return encode_history_token(HistoryToken("", StepOutcome.CUT, None, history))


@lru_cache(maxsize=4096)
def _steps_of(token: str) -> tuple[Step, ...]:
    return decode_history_token(token).history.steps
