"""Where two devices differ that are given the same inputs: other release rules, or another configuration.

The two are stepped in lock step, breadth first over pairs of states. An *input* is a call with its arguments, a reset,
or a power cut after the same number of flash operations of the same call or boot, leaving the same. After each input
what can be observed is compared: how the call ended, its flash operations, what boots, and what info() and rollback()
say of the device. What differs is reported once for each call and kind of observation, with a shortest sequence of
inputs.

A difference between two devices that were equal until then is a *cause*. All causes are found: every state that the two
reach together is looked at. Once they have parted, what differs is a *consequence* of the first cause on its way; these
are looked for so many inputs far, since in the end everything differs. Where there is no cause, nothing ever differs.

Where a model has no such action, the call counts as refused only if the device refuses it; what the model leaves out,
such as a write past the end, is not given.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from itertools import pairwise

from ...model.device.action import Kind
from ...model.device.search import Search
from ...model.device.state import Ghost, Scope, Usage
from ...model.device.stepper import State
from .observations import REFUSED, InputCut, Response, Side, actions_of, joined, operations_text, unlike

MOST_PAIRS = 1_000_000
"""Pairs that a search may find by default: about a gigabyte."""
FOLLOW = {Usage.ANY: 2, Usage.DOCUMENTED: 4, Usage.RESTART_AT_ONCE: 8}
"""For how many inputs consequences are looked for by default; in any usage, soon everything differs."""

_PROGRESS_EVERY = 1 << 12
"""Pairs that are looked at from one report of progress to the next."""


class Observed(Enum):
    """What is compared after an input; the first that differs names a cause."""

    RESULT = "result"
    """The call is refused, done, or done with a restart."""
    OPERATIONS = "operations"
    """Flash and eFuse operations of the call."""
    BOOT_OPERATIONS = "boot operations"
    """Those of the boot that comes of it."""
    BOOTS = "boots"
    """The place that starts."""
    ROLLBACK = "rollback"
    """Whether rollback() is possible now."""
    NEXT = "next"
    """What info() says boots next."""
    STATES = "states"
    """What info() says of each slot."""


@dataclass(frozen=True, slots=True)
class Given:
    """One input, and what each device makes of it."""

    name: str
    """Of the call or the reset; for write_first with the version of the image where one of the two has any."""
    left: tuple[str, ...]
    """Actions of the left model; none for a call that is refused."""
    right: tuple[str, ...]
    cut: InputCut | None = None


@dataclass(frozen=True, slots=True)
class Behaviour:
    """One thing that the two do differently."""

    call: str
    """Name of the input after which it is observed."""
    observed: Observed
    left: str
    """What is observed, in words that do not depend on the way there."""
    right: str
    seen_left: str
    """What is observed at the end of the trace: entries and places by their numbers."""
    seen_right: str
    trace: tuple[Given, ...]
    """A shortest sequence of inputs, the one that shows it included."""
    cause: int | None
    """Number of the behaviour that this is a consequence of; None for a cause."""


@dataclass(frozen=True, slots=True)
class Difference:
    """What a search came to."""

    left: Scope
    right: Scope
    behaviours: tuple[Behaviour, ...]
    pairs: int
    """Pairs of states found."""
    parted: int
    """Those of devices that have parted."""
    is_complete: bool
    """All causes and consequences were looked for; if not, what is reported is right, and there may be more."""
    seconds: float

    @property
    def causes(self) -> tuple[Behaviour, ...]:
        """The behaviours that are no consequences."""
        return tuple(behaviour for behaviour in self.behaviours if behaviour.cause is None)


@dataclass(frozen=True, slots=True)
class _Input:
    """The step by which a pair was found."""

    name: str
    cut: InputCut | None
    cause: int | None
    """Number of the behaviour in which the two parted first; None while they are equal."""
    since: int
    """Inputs since then."""


class _ProductSearch:
    """A search over pairs: of equal devices first, then of those that have parted.

    Which inputs follow depends on how a pair was found, so pairs are expanded here, and noted there."""

    def __init__(self, left: Scope, right: Scope) -> None:
        self.left, self.right = Side(left, right), Side(right, left)
        self._weakest = {
            action.name: action.weakest or 0
            for side in (self.left, self.right)
            for action in side.steps.model.actions
            if action.kind is Kind.CUT
        }
        names = [name for name in self.left.steps.names if name in self.right.steps.names]
        self._common = [tuple(side.steps.names.index(name) for name in names) for side in (self.left, self.right)]
        self._has_same_fields = self.left.steps.names == self.right.steps.names
        pair = self.left.steps.initial, self.right.steps.initial
        self.pairs: Search[tuple[State, State], _Input] = Search(lambda pair: (), pair)
        self.parted: list[int] = []
        """Numbers of the pairs of two devices that have parted."""
        self.behaviours: list[Behaviour] = []
        self._numbers: dict[tuple[object, ...], int] = {}

    def are_equal(self, left: State, right: State) -> bool:
        """Tell whether two states are the same, as far as both have the fields."""
        if self._has_same_fields:
            return left == right
        mine, other = self._common
        return all(left[i] == right[j] for i, j in zip(mine, other, strict=True))

    def run(self, most: int, follow: int, progress: Callable[[int], None] | None) -> bool:
        """Look at all pairs of equal devices, then at those that have parted; tell whether everything fitted."""
        place = 0
        while place < len(self.pairs.order):
            if len(self.pairs.order) > most:
                return False
            if self.cause(place) is None:
                self.expand(place)
            place += 1
            if progress is not None and place % _PROGRESS_EVERY == 0:
                progress(len(self.pairs.order))
        return not follow or self._follow(most, follow, progress)

    def _follow(self, most: int, follow: int, progress: Callable[[int], None] | None) -> bool:
        """Go on from the pairs that have parted, the ones with the shortest trace first."""
        levels: dict[int, list[int]] = {}
        for place in self.parted:
            levels.setdefault(self.pairs.depths[place], []).append(place)
        while levels:
            depth = min(levels)
            for place in levels.pop(depth):
                if self.since(place) > follow:
                    continue
                if len(self.pairs.order) > most:
                    return False
                first = len(self.pairs.order)
                self.expand(place)
                levels.setdefault(depth + 1, []).extend(range(first, len(self.pairs.order)))
                if progress is not None and place % _PROGRESS_EVERY == 0:
                    progress(len(self.pairs.order))
        return True

    def cause(self, place: int) -> int | None:
        """Return the number of the behaviour in which a pair parted; None where it has not."""
        found_by = self.pairs.labels[place]
        return None if found_by is None else found_by.cause

    def since(self, place: int) -> int:
        """Return how many inputs ago a pair parted."""
        found_by = self.pairs.labels[place]
        return 0 if found_by is None else found_by.since

    def expand(self, place: int) -> None:
        """Give a pair every input that both can be given."""
        left, right = self.pairs.order[place]
        mine, other = self.left.responses(left), self.right.responses(right)
        for name in [*mine, *(name for name in other if name not in mine)]:
            answers = self._answer(self.left, left, name, mine), self._answer(self.right, right, name, other)
            if answers[0] is not None and answers[1] is not None:
                self._compare(place, name, answers[0], answers[1])

    @staticmethod
    def _answer(side: Side, state: State, name: str, known: dict[str, Response]) -> Response | None:
        """Return what a side makes of an input; None where its model leaves that out."""
        if name in known:
            return known[name]
        return Response(result=REFUSED, after=state) if side.refuses(state, name) else None

    def _compare(self, place: int, name: str, left: Response, right: Response) -> None:
        cause = self.cause(place)
        differences = list(self._differences(left, right))
        if differences and cause is None:
            cause = self._report(place, name, left, right, differences[0], None)
        elif differences and cause is not None:
            again = self._numbers.get(self._cause_key(name, left, right, differences[0]))
            if again is not None and again != cause:
                # Another cause comes on top: what follows cannot be put down to one of them.
                return
        if cause is not None:
            for seen in differences:
                self._report(place, name, left, right, seen, cause)
        self._add(place, name, None, (left.after, right.after), cause)
        if not left.cuts or not right.cuts:
            return
        shared = [cut for cut in left.cuts if cut in right.cuts]
        for cut in sorted(shared, key=lambda one: (one.is_in_boot, one.ops, self._weakest[one.action])):
            self._add(place, name, cut, (left.cuts[cut][1], right.cuts[cut][1]), cause)

    def _add(self, place: int, name: str, cut: InputCut | None, pair: tuple[State, State], cause: int | None) -> None:
        if pair in self.pairs.numbers:
            return
        has_parted = self.cause(place) is not None or (cause is not None and not self.are_equal(*pair))
        if has_parted:
            self.parted.append(len(self.pairs.order))
        found_by = _Input(name, cut, cause if has_parted else None, self.since(place) + has_parted)
        self.pairs.add(pair, place, found_by, self.pairs.depths[place] + 1)

    def _differences(self, left: Response, right: Response) -> Iterator[tuple[Observed, str, str]]:
        """Yield what differs, first things first."""
        if left.result != right.result:
            yield Observed.RESULT, left.result, right.result
        elif left.ops != right.ops:
            yield Observed.OPERATIONS, joined(left.ops), joined(right.ops)
        if left.boots is not None and right.boots is not None:
            if left.boot_ops != right.boot_ops:
                yield Observed.BOOT_OPERATIONS, joined(left.boot_ops), joined(right.boot_ops)
            if left.boots != right.boots:
                yield Observed.BOOTS, left.boots, right.boots
        mine, other = self.left.view(left.after), self.right.view(right.after)
        if mine is None or other is None or (left.boots is None) != (right.boots is None):
            return
        if mine.rollback != other.rollback:
            yield Observed.ROLLBACK, mine.rollback, other.rollback
        if mine.next != other.next:
            yield Observed.NEXT, mine.next, other.next
        if mine.states != other.states:
            yield Observed.STATES, mine.states, other.states

    def _report(
        self,
        place: int,
        name: str,
        left: Response,
        right: Response,
        seen: tuple[Observed, str, str],
        cause: int | None,
    ) -> int:
        """Note a behaviour unless it is known; return its number."""
        observed, seen_left, seen_right = seen
        by_role = self._by_role(left, right, seen)
        key: tuple[object, ...]
        if cause is None:
            key = self._cause_key(name, left, right, seen)
        else:
            root = self.behaviours[cause]
            is_reported = root.observed is observed and (observed is not Observed.RESULT or root.call == name)
            is_implied = observed is Observed.RESULT and name == "rollback"
            if is_reported or is_implied or observed in (Observed.OPERATIONS, Observed.BOOT_OPERATIONS):
                return cause
            key = (cause, observed, name.partition("_")[0] if observed is Observed.RESULT else None)
        number = self._numbers.setdefault(key, len(self.behaviours))
        if number == len(self.behaviours):
            trace = (*self.trace(place), Given(name, tuple(left.actions), tuple(right.actions)))
            self.behaviours.append(Behaviour(name, observed, *by_role, seen_left, seen_right, trace, cause))
        return number

    @staticmethod
    def _cause_key(name: str, left: Response, right: Response, seen: tuple[Observed, str, str]) -> tuple[object, ...]:
        """Return what makes two causes the same one: which slot esp_ota_set_boot_partition is asked for does not."""
        name = name.rstrip("0123456789") if name.startswith("set_boot_ota_") else name
        match seen[0]:
            case Observed.RESULT:
                return name, *seen
            case Observed.OPERATIONS:
                return name, seen[0], unlike(left.ops_by_role, right.ops_by_role)
            case Observed.BOOT_OPERATIONS:
                return seen[0], unlike(left.boot_ops_by_role, right.boot_ops_by_role)
            case Observed.ROLLBACK:
                return seen
            case _:
                return (seen[0],)

    @staticmethod
    def _by_role(left: Response, right: Response, seen: tuple[Observed, str, str]) -> tuple[str, str]:
        match seen[0]:
            case Observed.OPERATIONS:
                return operations_text(left.ops_by_role), operations_text(right.ops_by_role)
            case Observed.BOOT_OPERATIONS:
                return operations_text(left.boot_ops_by_role), operations_text(right.boot_ops_by_role)
            case _:
                return seen[1], seen[2]

    def trace(self, place: int) -> tuple[Given, ...]:
        """Return the inputs that lead to a pair."""
        inputs: list[Given] = []
        for before, at in pairwise(self.pairs.places_to(place)):
            found_by, (left, right) = self.pairs.labels[at], self.pairs.order[before]
            assert found_by is not None
            name, cut = found_by.name, found_by.cut
            mine = self._answer(self.left, left, name, self.left.responses(left))
            other = self._answer(self.right, right, name, self.right.responses(right))
            assert mine is not None and other is not None
            inputs.append(Given(name, actions_of(mine, cut), actions_of(other, cut), cut))
        return tuple(inputs)


def find_differences(
    left: Scope,
    right: Scope,
    most: int = MOST_PAIRS,
    follow: int | None = None,
    progress: Callable[[int], None] | None = None,
) -> Difference:
    """Return what two devices do differently.

    most: pairs that may be found before it gives up. follow: inputs after a cause for which consequences are looked
    for; 0 for causes alone, None for as many as FOLLOW says. progress: called with the number of pairs now and then.
    Raises ValueError for scopes that differ in more than configuration."""
    for name in ("slots", "has_factory", "versions", "faults", "usage", "numbers"):
        if getattr(left, name) != getattr(right, name):
            raise ValueError(f"the two scopes differ in {name}")
    nothing: frozenset[Ghost] = frozenset()
    left, right = replace(left, ghosts=nothing), replace(right, ghosts=nothing)
    started = time.perf_counter()
    search = _ProductSearch(left, right)
    is_complete = search.run(most, FOLLOW[left.usage] if follow is None else follow, progress)
    return Difference(
        left=left,
        right=right,
        behaviours=tuple(search.behaviours),
        pairs=len(search.pairs.order),
        parted=len(search.parted),
        is_complete=is_complete,
        seconds=time.perf_counter() - started,
    )


def answers(scope: Scope, other: Scope, trace: Sequence[Given]) -> tuple[tuple[tuple[str, ...], ...], Response] | None:
    """Return what a third device makes of the inputs of a trace: its actions for each, and its last response.

    other: the device that the inputs were made for. None where an input cannot be given to it."""
    side = Side(replace(scope, ghosts=frozenset()), other)
    state = side.steps.initial
    actions: list[tuple[str, ...]] = []
    response = Response()
    for given in trace:
        known = side.responses(state).get(given.name)
        if known is None:
            if not side.refuses(state, given.name):
                return None
            known = Response(result=REFUSED, after=state)
        if given.cut is not None and given.cut not in known.cuts:
            return None
        response = known
        actions.append(actions_of(response, given.cut))
        state = response.after if given.cut is None else response.cuts[given.cut][1]
    return tuple(actions), response


def told(response: Response, observed: Observed) -> str | None:
    """Return one thing that can be observed of a response, in words that do not depend on the way there.

    None for what info() and rollback() say: that takes a board."""
    match observed:
        case Observed.RESULT:
            return response.result
        case Observed.OPERATIONS:
            return operations_text(response.ops_by_role)
        case Observed.BOOT_OPERATIONS:
            return operations_text(response.boot_ops_by_role)
        case _:
            return response.boots if observed is Observed.BOOTS else None
