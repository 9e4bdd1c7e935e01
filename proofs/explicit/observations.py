"""What a device makes of an input, and what can be observed of it: one side of a comparison of two.

An input is a call with its arguments, a reset, or the power going off; what follows is walked through to the next
moment at which the device rests: an application runs, nothing boots, or the power is off. On the way every place is
noted where the power can fail, by how many flash operations came before.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from ...model.device.action import Action, Kind
from ...model.device.flash_steps import WIPES, wiped_slot
from ...model.device.records import Check, Word, active, reported_word
from ...model.device.selection import boot_partition, next_update_slot
from ...model.device.state import Scope, Task, Usage
from ...model.device.stepper import State, stepper
from ...model.terms.terms import Num

REFUSED = "refused"
DONE = "done"
RESTARTS = "restarts"
POSSIBLE = "possible"
NOTHING = "nothing"
"""What boots where nothing does."""
POWER_OFF = "power_off"
WRITE_FIRST = "write_first"

_API_NAMES = {
    Word.NEW: "new",
    Word.PENDING_VERIFY: "testing",
    Word.VALID: "valid",
    Word.INVALID: "invalid",
    Word.ABORTED: "aborted",
    Word.UNDEFINED: "undefined",
}
"""What info() says of a state word. Source: NODEMCU-INFO."""
_ONE_CALL = {"complete_fails": "complete", "complete_rejects": "complete", "accept_again": "accept"}
"""Actions that are one call with others, by what they are called as an input."""
_REFUSABLE = (
    *("commence", "complete", "accept", "rollback"),
    *("session_resume", "session_abort", "erase_last_boot"),
)
"""Calls that the device refuses where its model, if it has them, has no action."""
_WIPES = frozenset(f"{task.name.lower()}_erases" for task in WIPES)
Operation = tuple[str, str, str, str]
"""A flash or eFuse operation by the part it plays: verb, entry, word written there, slot; "" for none."""


@dataclass(frozen=True, slots=True)
class InputCut:
    """A power cut in an input."""

    is_in_boot: bool
    """It is in the boot that a restart leads to, not in the call."""
    ops: int
    """Flash and eFuse operations of that part before it; the erase of a slot is one."""
    action: str
    """The model's name for what it leaves."""


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
    cuts: dict[InputCut, tuple[int, State]] = field(default_factory=dict)
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
        self._inputs = frozenset(_input_of(action) for action in self._free.model.actions)
        self._versions = 0 if scope.config.anti_rollback or not other.config.anti_rollback else other.versions
        self._wakes_by_restart = (
            other.config.skip_validate_in_deep_sleep and not scope.config.skip_validate_in_deep_sleep
        )
        self._place = {name: index for index, name in enumerate(self.steps.names)}
        device = self.steps.model.device
        chosen = active(device.records)
        self._is_first, self._is_second = chosen.is_first, chosen.is_second
        self._next = boot_partition(scope, device.records)
        self._target: Num = next_update_slot(device)
        self._wiped: Num = wiped_slot(scope, device)
        self._reported = [reported_word(device.records, slot, scope.last_number) for slot in range(scope.slots)]
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
        if name not in _REFUSABLE or name not in self._inputs:
            return False
        truly = self._truly.get(state)
        if truly is None:
            actions = self._free.model.actions
            fields = self.steps.as_dict(state)
            free = tuple(fields.get(name, 0) for name in self._free.names)
            truly = frozenset(_input_of(actions[number]) for number, _ in self._free.successors(free))
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
        response = Response(result=REFUSED if raises(action) else DONE)
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
                response.cuts.setdefault(InputCut(is_in_boot, ops, action.name), (len(response.actions), after))
            else:
                going_on.append((action, after))
        if len(going_on) != 1:
            raise AssertionError(f"{len(going_on)} steps lead on from {self.steps.as_dict(state)}")
        return going_on[0]

    def _operation(self, state: State, action: Action, after: State) -> "_Operation | None":
        """Return the flash or eFuse operation that an action is."""
        if action.kind is not Kind.FLASH:
            return None
        if action.name in _WIPES:
            return _Operation("erases", place=self.steps.value(self._wiped, state))
        if action.name.startswith("write_"):
            return _Operation("writes", place=self.steps.value(self._target, state))
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


def raises(action: Action) -> bool:
    """Tell whether a call that the model does not refuse raises an error all the same."""
    return action.name == "complete_fails" or (action.name.startswith("set_boot_") and action.name.endswith("_rejects"))


def _input_of(action: Action) -> str:
    if action.name.startswith("set_boot_"):
        return action.name.removesuffix("_rejects")
    return _ONE_CALL.get(action.name, action.name)


def actions_of(response: Response, cut: InputCut | None) -> tuple[str, ...]:
    """Return the actions of an input, up to its cut and with it if it has one."""
    if cut is None:
        return tuple(response.actions)
    return (*response.actions[: response.cuts[cut][0]], cut.action)


def operations_text(operations: Sequence[Operation]) -> str:
    """Return operations in words, by the part that they play."""
    return joined([operation_text(operation) for operation in operations])


def joined(parts: Sequence[str]) -> str:
    """Return texts of operations in one line."""
    return "; ".join(parts) or "no operation"
