"""Where two devices differ that are given the same inputs: other release rules, or another configuration.

The two are stepped in lock step, breadth first over pairs of states. An *input* is a call with its arguments, a reset,
or a power cut after the same number of flash operations of the same call or boot, leaving the same. After each input
what can be observed is compared: how the call ended, its flash operations, what boots, and what info() and rollback()
say of the device. What differs is told once for each call and kind of observation, with a shortest sequence of inputs.

A difference between two devices that were equal until then is a *cause*. All causes are found: every state that the two
reach together is looked at. Once they have parted, what differs is a *consequence* of the first cause on its way; these
are looked for so many inputs far, since in the end everything differs. Where there is no cause, nothing ever differs.

Where a model has no such action, the call counts as refused only if the device refuses it; what the model leaves out,
such as a write past the end, is not given.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum

from ..model.action import Action, Kind
from ..model.device import Ghost, Scope, Task, Usage
from ..model.records import Check, Word, active, reported_word
from ..model.selection import boot_partition, next_update_slot
from ..model.stepper import State, stepper
from ..model.terms import Num

REFUSED = "refused"
DONE = "done"
RESTARTS = "restarts"
POSSIBLE = "possible"
NOTHING = "nothing"
"""What boots where nothing does."""
POWER_OFF = "power_off"
WRITE_FIRST = "write_first"
MOST_PAIRS = 1_000_000
"""Pairs that a search may find unless told otherwise: about a gigabyte."""
FOLLOW = {Usage.ANY: 2, Usage.PROPER: 8}
"""How many inputs far consequences are looked for unless told otherwise; where anything goes, so does everything."""

_API_NAMES = {
    Word.NEW: "new",
    Word.PENDING_VERIFY: "testing",
    Word.VALID: "valid",
    Word.INVALID: "invalid",
    Word.ABORTED: "aborted",
    Word.UNDEFINED: "undefined",
}
"""What info() says of a state word. Source: NODEMCU-INFO."""
_PROGRESS_EVERY = 1 << 12
"""Pairs that are looked at from one report of progress to the next."""
_ONE_CALL = {"complete_fails": "complete", "complete_rejects": "complete", "accept_again": "accept"}
"""Actions that are one call with others, by what they are called as an input."""


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


Operation = tuple[str, str, str, str]
"""A flash or eFuse operation by the part it plays: verb, entry, word written there, slot; "" for none."""


@dataclass(frozen=True, slots=True)
class Cut:
    """A power cut in an input."""

    is_in_boot: bool
    """It is in the boot that a restart leads to, not in the call."""
    ops: int
    """Flash and eFuse operations of that part before it; the erase of a slot is one."""
    action: str
    """The model's name for what it leaves."""


@dataclass(frozen=True, slots=True)
class Given:
    """One input, and what each device makes of it."""

    name: str
    """Of the call or the reset; for write_first with the version of the image where one of the two has any."""
    left: tuple[str, ...]
    """Actions of the left model; none for a call that is refused."""
    right: tuple[str, ...]
    cut: Cut | None = None


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
    """All causes and consequences were looked for; if not, what is told is right, and there may be more."""
    seconds: float

    @property
    def causes(self) -> tuple[Behaviour, ...]:
        """The behaviours that are no consequences."""
        return tuple(behaviour for behaviour in self.behaviours if behaviour.cause is None)


@dataclass(slots=True)
class Response:
    """What one device makes of one input."""

    result: str = DONE
    ops: list[str] = field(default_factory=list)
    ops_by_role: list[Operation] = field(default_factory=list)
    boot_ops: list[str] = field(default_factory=list)
    boot_ops_by_role: list[Operation] = field(default_factory=list)
    boots: str | None = None
    after: State = ()
    actions: list[str] = field(default_factory=list)
    cuts: dict[Cut, tuple[int, State]] = field(default_factory=dict)
    """Where the power can fail: how many of the actions come before, and the state after."""


@dataclass(frozen=True, slots=True)
class View:
    """What a device at rest says of itself."""

    rollback: str
    next: str
    states: str


class Side:
    """One of the two devices: its inputs, what it makes of them, and what can be observed of it."""

    def __init__(self, scope: Scope, other: Scope) -> None:
        """Prepare; `other` is the scope of the device at its side, whose inputs it has to understand."""
        self.scope = scope
        self.steps = stepper(scope)
        self._free = stepper(replace(scope, usage=Usage.ANY))
        self._actions = self.steps.model.actions
        self._versions = 0 if scope.config.anti_rollback or not other.config.anti_rollback else other.versions
        self._wakes_by_restart = (
            other.config.skip_validate_in_deep_sleep and not scope.config.skip_validate_in_deep_sleep
        )
        self._place = {name: index for index, name in enumerate(self.steps.names)}
        device = self.steps.model.device
        chosen = active(device.records)
        self._is_first, self._is_second = chosen.is_first, chosen.is_second
        self._next = boot_partition(scope, device.records)
        self._target: Num = next_update_slot(scope, device.running)
        self._reported = [reported_word(device.records, slot) for slot in range(scope.slots)]
        self._responses: dict[State, dict[str, Response]] = {}
        self._views: dict[State, View | None] = {}
        self._truly: dict[State, frozenset[str]] = {}

    def value(self, state: State, name: str) -> int:
        """Return a field of a state."""
        return state[self._place[name]]

    def responses(self, state: State) -> dict[str, Response]:
        """Return what the device makes of each input that it can be given, refused calls left out."""
        known = self._responses.get(state)
        if known is None:
            known = dict(self._answers(state))
            self._responses[state] = known
        return known

    def refuses(self, state: State, name: str) -> bool:
        """Tell whether a call that is no action of the model here is one that the device refuses."""
        if self.value(state, "task") != Task.RUN:
            return False
        if name.startswith("write_"):
            return not self.value(state, "session")
        if name not in ("commence", "complete", "accept", "rollback"):
            return False
        truly = self._truly.get(state)
        if truly is None:
            actions = self._free.model.actions
            truly = frozenset(_input_of(actions[number]) for number, _ in self._free.successors(state))
            self._truly[state] = truly
        return name not in truly

    def view(self, state: State) -> View | None:
        """Return what a device says of itself; None unless an application runs."""
        if state not in self._views:
            self._views[state] = self._look(state) if self.value(state, "task") == Task.RUN else None
        return self._views[state]

    def _look(self, state: State) -> View:
        value = self.steps.value
        states = [
            f"ota_{slot} {_API_NAMES[Word(value(word, state))]}"
            for slot, (is_named, word) in enumerate(self._reported)
            if value(is_named, state)
        ]
        is_possible = any(self._actions[n].name == "rollback" for n, _ in self.steps.successors(state))
        return View(
            POSSIBLE if is_possible else REFUSED,
            self.place_name(value(self._next, state)),
            ", ".join(states) or "no state",
        )

    def place_name(self, place: int) -> str:
        """Return the label of a place."""
        if place == self.scope.nowhere:
            return NOTHING
        return "factory" if place == self.scope.factory else f"ota_{place}"

    def _answers(self, state: State) -> Iterator[tuple[str, Response]]:
        for number, after in self.steps.successors(state):
            action = self._actions[number]
            if action.kind is Kind.CUT:
                if action.name == "cut":
                    yield POWER_OFF, Response(after=after, actions=[action.name])
                continue
            response = self._walk(state, action, after)
            name = _input_of(action)
            if name == WRITE_FIRST and self._versions:
                yield from ((f"{name}_version_{version}", response) for version in range(self._versions))
                continue
            yield name, response
            if name == "restart" and self._wakes_by_restart:
                yield "wake", response

    def _walk(self, state: State, action: Action, after: State) -> Response:
        """Go on from an action until the device rests, and note where the power can fail on the way."""
        response = Response(result=REFUSED if action.name == "complete_fails" else DONE)
        start = state
        is_in_boot = action.kind is Kind.RESET
        while True:
            response.actions.append(action.name)
            operation = self._operation(state, action, after)
            if operation is not None:
                (response.boot_ops if is_in_boot else response.ops).append(self._by_number(operation))
                by_role = response.boot_ops_by_role if is_in_boot else response.ops_by_role
                by_role.append(self._by_role(operation, start))
            state = after
            task = self.value(state, "task")
            if task == Task.SELECT and not is_in_boot:
                is_in_boot, start, response.result = True, state, RESTARTS
            if task in (Task.RUN, Task.OFF, Task.STUCK):
                break
            ops = len(response.boot_ops if is_in_boot else response.ops)
            action, after = self._note_cuts(response, state, is_in_boot, ops)
        response.after = state
        if is_in_boot:
            place = self.value(state, "running") if task == Task.RUN else self.scope.nowhere
            response.boots = self.place_name(place)
        return response

    def _note_cuts(self, response: Response, state: State, is_in_boot: bool, ops: int) -> tuple[Action, State]:
        """Return the one step on; whatever else can happen here is a power cut."""
        going_on: list[tuple[Action, State]] = []
        for number, after in self.steps.successors(state):
            action = self._actions[number]
            if action.kind is Kind.CUT:
                response.cuts.setdefault(Cut(is_in_boot, ops, action.name), (len(response.actions), after))
            else:
                going_on.append((action, after))
        if len(going_on) != 1:
            raise AssertionError(f"{len(going_on)} ways on from {self.steps.as_dict(state)}")
        return going_on[0]

    def _operation(self, state: State, action: Action, after: State) -> "_Operation | None":
        """Return the flash or eFuse operation that an action is."""
        if action.kind is not Kind.FLASH:
            return None
        if action.name in ("commence_erases", "reject_erases") or action.name.startswith("write_"):
            verb = "erases" if action.name.endswith("_erases") else "writes"
            return _Operation(verb, place=self.steps.value(self._target, state))
        if action.name.endswith("_burns"):
            bits = self.value(after, "burned") & ~self.value(state, "burned")
            return _Operation("burns eFuse bits", bits=bits)
        sector = self.value(state, "sector")
        if action.name.endswith("_erases"):
            return _Operation("erases", entry=sector)
        word = Word(self.value(state, f"record{sector}_word"))
        is_right = self.value(state, f"record{sector}_check") == Check.RIGHT
        slot = state[self._place[f"record{sector}_slot"]] if f"record{sector}_slot" in self._place else 0
        return _Operation("writes", entry=sector, word=word.name, place=slot if is_right else None)

    def _by_number(self, operation: "_Operation") -> str:
        if operation.bits is not None:
            return f"{operation.verb} 0x{operation.bits:x}"
        entry = "" if operation.entry is None else f"entry {operation.entry}"
        place = "" if operation.place is None else self.place_name(operation.place)
        return operation_text((operation.verb, entry, operation.word, place))

    def _by_role(self, operation: "_Operation", start: State) -> Operation:
        return (
            operation.verb,
            "" if operation.entry is None else self._entry_role(operation.entry, start),
            operation.word,
            "" if operation.place is None else self._place_role(operation.place, start),
        )

    def _entry_role(self, entry: int, start: State) -> str:
        first, second = (self.steps.value(term, start) for term in (self._is_first, self._is_second))
        if not first and not second:
            return f"entry {entry}"
        return "the active entry" if entry == (0 if first else 1) else "the other entry"

    def _place_role(self, place: int, start: State) -> str:
        running = self.value(start, "running")
        if running == self.scope.nowhere:
            return "a slot"
        if place == running:
            return "the running slot"
        return "the next slot" if place == self.steps.value(self._target, start) else "a slot"


@dataclass(frozen=True, slots=True)
class _Operation:
    """A flash or eFuse operation."""

    verb: str
    entry: int | None = None
    """Of otadata."""
    word: str = ""
    """What is written into the entry."""
    place: int | None = None
    """The slot that is erased or written, or that the entry names."""
    bits: int | None = None
    """Of the eFuse that are burned."""


def operation_text(operation: Operation) -> str:
    """Return an operation in words."""
    verb, entry, word, place = operation
    if not entry:
        return f"{verb} {place}".rstrip()
    written = f": {word}{f' for {place}' if place else ''}" if word else ""
    return f"{verb} {entry}{written}"


def unlike(left: Sequence[Operation], right: Sequence[Operation]) -> tuple[object, object]:
    """Return what tells two sequences of operations apart, in the fewest words.

    Of equally many, the parts of operations that differ; else the operations that only one has, wherever they go."""
    if len(left) == len(right):
        parts = {
            (number, mine, other)
            for one, two in zip(left, right, strict=True)
            for number, (mine, other) in enumerate(zip(one, two, strict=True))
            if mine != other
        }
        return tuple(sorted(parts)), ()
    mine, other = (Counter((verb, bool(entry), word) for verb, entry, word, _ in ops) for ops in (left, right))
    return frozenset(mine - other), frozenset(other - mine)


def _input_of(action: Action) -> str:
    return _ONE_CALL.get(action.name, action.name)


@dataclass(frozen=True, slots=True)
class _Found:
    """How a pair was found."""

    parent: int
    name: str
    cut: Cut | None
    depth: int
    """Inputs up to here."""
    cause: int | None
    """Number of the behaviour in which the two parted first."""
    since: int
    """Inputs since then."""


class _Search:
    """A search over pairs."""

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
        self.order = [pair]
        self.known = {pair}
        self.found: list[_Found] = [_Found(-1, "", None, 0, None, 0)]
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
        while place < len(self.order):
            if len(self.order) > most:
                return False
            if self.found[place].cause is None:
                self.expand(place)
            place += 1
            if progress is not None and place % _PROGRESS_EVERY == 0:
                progress(len(self.order))
        return not follow or self._follow(most, follow, progress)

    def _follow(self, most: int, follow: int, progress: Callable[[int], None] | None) -> bool:
        """Go on from the pairs that have parted, the ones with the shortest trace first."""
        levels: dict[int, list[int]] = {}
        for place in self.parted:
            levels.setdefault(self.found[place].depth, []).append(place)
        while levels:
            depth = min(levels)
            for place in levels.pop(depth):
                if self.found[place].since > follow:
                    continue
                if len(self.order) > most:
                    return False
                first = len(self.order)
                self.expand(place)
                levels.setdefault(depth + 1, []).extend(range(first, len(self.order)))
                if progress is not None and place % _PROGRESS_EVERY == 0:
                    progress(len(self.order))
        return True

    def expand(self, place: int) -> None:
        """Give a pair every input that both can be given."""
        left, right = self.order[place]
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
        cause = self.found[place].cause
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

    def _add(self, place: int, name: str, cut: Cut | None, pair: tuple[State, State], cause: int | None) -> None:
        if pair in self.known:
            return
        before = self.found[place]
        has_parted = before.cause is not None or (cause is not None and not self.are_equal(*pair))
        if has_parted:
            self.parted.append(len(self.order))
        self.known.add(pair)
        self.order.append(pair)
        self.found.append(
            _Found(place, name, cut, before.depth + 1, cause if has_parted else None, before.since + has_parted)
        )

    def _differences(self, left: Response, right: Response) -> Iterator[tuple[Observed, str, str]]:
        """Yield what differs, first things first."""
        if left.result != right.result:
            yield Observed.RESULT, left.result, right.result
        elif left.ops != right.ops:
            yield Observed.OPERATIONS, _joined(left.ops), _joined(right.ops)
        if left.boots is not None and right.boots is not None:
            if left.boot_ops != right.boot_ops:
                yield Observed.BOOT_OPERATIONS, _joined(left.boot_ops), _joined(right.boot_ops)
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
        told = self._by_role(left, right, seen)
        key: tuple[object, ...]
        if cause is None:
            key = self._cause_key(name, left, right, seen)
        else:
            root = self.behaviours[cause]
            is_told = root.observed is observed and (observed is not Observed.RESULT or root.call == name)
            is_implied = observed is Observed.RESULT and name == "rollback"
            if is_told or is_implied or observed in (Observed.OPERATIONS, Observed.BOOT_OPERATIONS):
                return cause
            key = (cause, observed, name.partition("_")[0] if observed is Observed.RESULT else None)
        number = self._numbers.setdefault(key, len(self.behaviours))
        if number == len(self.behaviours):
            trace = (*self.trace(place), Given(name, tuple(left.actions), tuple(right.actions)))
            self.behaviours.append(Behaviour(name, observed, *told, seen_left, seen_right, trace, cause))
        return number

    @staticmethod
    def _cause_key(name: str, left: Response, right: Response, seen: tuple[Observed, str, str]) -> tuple[object, ...]:
        """Return what makes two causes the same one."""
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
                return _told(left.ops_by_role), _told(right.ops_by_role)
            case Observed.BOOT_OPERATIONS:
                return _told(left.boot_ops_by_role), _told(right.boot_ops_by_role)
            case _:
                return seen[1], seen[2]

    def trace(self, place: int) -> tuple[Given, ...]:
        """Return the inputs that lead to a pair."""
        inputs: list[Given] = []
        while self.found[place].parent >= 0:
            found = self.found[place]
            left, right = self.order[found.parent]
            mine = self._answer(self.left, left, found.name, self.left.responses(left))
            other = self._answer(self.right, right, found.name, self.right.responses(right))
            assert mine is not None and other is not None
            inputs.append(Given(found.name, _actions(mine, found.cut), _actions(other, found.cut), found.cut))
            place = found.parent
        return tuple(reversed(inputs))


def _actions(response: Response, cut: Cut | None) -> tuple[str, ...]:
    if cut is None:
        return tuple(response.actions)
    return (*response.actions[: response.cuts[cut][0]], cut.action)


def _told(operations: list[Operation]) -> str:
    return _joined([operation_text(operation) for operation in operations])


def _joined(parts: list[str]) -> str:
    return "; ".join(parts) or "no operation"


def find_differences(
    left: Scope,
    right: Scope,
    most: int = MOST_PAIRS,
    follow: int | None = None,
    progress: Callable[[int], None] | None = None,
) -> Difference:
    """Return what two devices do differently.

    most: pairs that may be found before it gives up. follow: inputs after a cause for which consequences are looked
    for; 0 for causes alone, None for as many as FOLLOW says. progress: told the number of pairs now and then. Raises ValueError for worlds of
    different shape."""
    for name in ("slots", "has_factory", "versions", "faults", "usage", "numbers"):
        if getattr(left, name) != getattr(right, name):
            raise ValueError(f"the two worlds have other {name}")
    nothing: frozenset[Ghost] = frozenset()
    left, right = replace(left, ghosts=nothing), replace(right, ghosts=nothing)
    started = time.perf_counter()
    search = _Search(left, right)
    is_complete = search.run(most, FOLLOW[left.usage] if follow is None else follow, progress)
    return Difference(
        left=left,
        right=right,
        behaviours=tuple(search.behaviours),
        pairs=len(search.order),
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
        actions.append(_actions(response, given.cut))
        state = response.after if given.cut is None else response.cuts[given.cut][1]
    return tuple(actions), response


def told(response: Response, observed: Observed) -> str | None:
    """Return one thing that can be observed of a response, in words that do not depend on the way there.

    None for what info() and rollback() say: that takes a board."""
    match observed:
        case Observed.RESULT:
            return response.result
        case Observed.OPERATIONS:
            return _told(response.ops_by_role)
        case Observed.BOOT_OPERATIONS:
            return _told(response.boot_ops_by_role)
        case _:
            return response.boots if observed is Observed.BOOTS else None
