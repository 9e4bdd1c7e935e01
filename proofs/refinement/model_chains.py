"""What a call of the device model does to flash and eFuse, as chains of its micro-steps.

From a device that is about to begin a call, the model's own actions are put one after another: guard and effects of
each, with the fields replaced by what they have become. Power cuts and failing operations are left out. Where the next
task or sector depends on the state, the chain forks, so on each chain tasks and sectors are known, and the rest are
terms over the fields of the device before the call. Nothing is said here of what a call does: all of it comes from the
actions.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from ...model.device.action import Action, Kind
from ...model.device.flash_steps import BURNS, ERASES, REWRITES, WIPES, wiped_slot
from ...model.device.model import DeviceModel
from ...model.device.records import Record
from ...model.device.state import Phase, Task
from ...model.terms.terms import Bool, Num, Op, Term, fact, number, replaced

CONTROL = ("task", "sector")
"""Fields that have to be known for a chain to go on."""
OTHER = "other_session"
"""A field that no chain reads, and not every release has: whether a handle is open beside the session."""
ONWARD = (Kind.BOOT, Kind.FLASH)
"""The kinds of actions with which a call or a boot goes on: nothing is cut, fails, or comes from outside."""


@dataclass(frozen=True, slots=True)
class ErasesSector:
    """A sector of otadata is erased."""

    sector: int


@dataclass(frozen=True, slots=True)
class ProgramsRecord:
    """A record is programmed into a sector of otadata."""

    sector: int
    task: Task
    record: Record


@dataclass(frozen=True, slots=True)
class WipesSlot:
    """A slot is erased."""

    slot: int


@dataclass(frozen=True, slots=True)
class BurnsBits:
    """The eFuse is burned."""

    before: Num
    after: Num


Operation = ErasesSector | ProgramsRecord | WipesSlot | BurnsBits
Fields = Mapping[str, Term]
Followed = tuple[Bool, tuple[Operation, ...], Fields]
"""When a chain is taken, what it does, and the device after it."""


@dataclass(frozen=True, slots=True)
class Chain:
    """One way that a call can go."""

    first: str
    """The action that it begins with."""
    condition: Bool
    """Over the fields before the call."""
    operations: tuple[Operation, ...]
    task: Task
    """What comes next."""
    running: Num
    """The place that runs then."""


def chains(model: DeviceModel, begin: Fields, first: Iterable[str], ends: Iterable[Task]) -> Iterator[Chain]:
    """Yield every chain from a device with these fields known that begins with one of the actions named `first`.

    ends: the tasks with which the call is over."""
    follower = _Follower(model, frozenset(ends))
    names = frozenset(first)
    before = {**dict(model.device.terms()), **begin}
    for action in model.actions:
        if action.name in names:
            for condition, operations, after in follower.take(action, before, fact(True), ()):
                yield Chain(action.name, condition, operations, Task(_number(after["task"])), _num(after["running"]))


def terms_of_chains(model: DeviceModel, first: Iterable[str], ends: Iterable[Task]) -> tuple[object, ...]:
    """Return what two models have in common exactly if these chains are made of the same actions in both.

    By identity: equal terms are one object."""
    names, over = list(first), frozenset(ends)
    for name in names:
        task = model.effects[name].get("task")
        tasks = set() if task is None else _values(_num(task)) - over
        onward = (a.name for a in model.actions if tasks & {*a.tasks} and a.kind in ONWARD)
        names += [other for other in onward if other not in names]
    actions = (action for action in model.actions if action.name in names)
    return tuple(
        (
            action.name,
            id(model.guard(action)),
            *((n, id(t)) for n, t in model.effects[action.name].items() if n != OTHER),
        )
        for action in actions
    )


class _Follower:
    """Puts actions one after another."""

    def __init__(self, model: DeviceModel, ends: frozenset[Task]) -> None:
        self._model = model
        self._ends = ends

    def take(self, action: Action, before: Fields, condition: Bool, done: tuple[Operation, ...]) -> Iterator[Followed]:
        """Yield the chains that go on with an action."""
        values = dict(before)
        condition = condition & replaced(self._model.guard(action), values)
        if condition.value == 0:
            return
        effects = self._model.effects[action.name]
        after = {**before, **{name: replaced(term, values) for name, term in effects.items()}}
        for is_done, operations in self._operations(action, before, after):
            for known, decided in _decided(after, CONTROL):
                yield from self._go_on(decided, condition & is_done & known, (*done, *operations))

    def _go_on(self, state: Fields, condition: Bool, done: tuple[Operation, ...]) -> Iterator[Followed]:
        task = Task(_number(state["task"]))
        if task in self._ends:
            yield condition, done, state
            return
        for action in self._model.actions:
            if action.kind in ONWARD:
                yield from self.take(action, state, condition, done)

    def _operations(
        self, action: Action, before: Fields, after: Fields
    ) -> Iterator[tuple[Bool, tuple[Operation, ...]]]:
        """Yield what an action can do to flash or eFuse, at most one thing, and when it does that."""
        task, sector = action.tasks[0], _number(before["sector"])
        if action.kind is not Kind.FLASH:
            yield fact(True), ()
        elif task in REWRITES and before["phase"].value == Phase.PROGRAM:
            yield fact(True), (ProgramsRecord(sector, task, _record(before, sector)),)
        elif task in REWRITES or task in ERASES:
            yield fact(True), (ErasesSector(sector),)
        elif task in WIPES:
            slot = _num(replaced(wiped_slot(self._model.scope, self._model.device), dict(before)))
            for value in _values(slot) & set(range(self._model.scope.slots)):
                yield slot == value, (WipesSlot(value),)
        elif task in BURNS:
            yield fact(True), (BurnsBits(_num(before["burned"]), _num(after["burned"])),)
        else:
            raise ValueError(f"{action.name}: a flash operation that chains do not know")


def _decided(state: Fields, names: tuple[str, ...]) -> Iterator[tuple[Bool, Fields]]:
    """Yield the state with each possible value of the fields, and when they have it."""
    if not names:
        yield fact(True), state
        return
    name, *rest = names
    term = _num(state[name])
    for value in sorted(_values(term)):
        known = term == value
        if known.value != 0:
            for condition, decided in _decided({**state, name: number(value, term.bits)}, tuple(rest)):
                yield known & condition, decided


def _values(term: Num) -> set[int]:
    """Return the values that a choice between constants can have."""
    if term.value is not None:
        return {term.value}
    if term.op is not Op.CHOOSE:
        return set(range(1 << term.bits))
    _, then, otherwise = term.args
    assert isinstance(then, Num) and isinstance(otherwise, Num)
    return _values(then) | _values(otherwise)


def _record(state: Fields, sector: int) -> Record:
    return Record(*(state[f"record{sector}_{part}"] for part in ("check", "word", "slot", "seq")))  # type: ignore[arg-type]


def _num(term: Term) -> Num:
    assert isinstance(term, Num)
    return term


def _number(term: Term) -> int:
    if term.value is None:
        raise ValueError(f"{term!r} is not known on this chain")
    return term.value
