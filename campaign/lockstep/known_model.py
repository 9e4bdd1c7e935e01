"""A device model and what is known of its states: whatever is asked of a state is computed once.

All that lock step asks of the model is a function of a state: what can be done there, what flash then holds, which
claims are broken, what info() has to say. Random histories come through the same states again and again, so the answers
are kept with the state. What is kept is bounded; to forget it changes no answer.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence, Sized
from dataclasses import dataclass, field
from functools import cached_property
from operator import itemgetter
from typing import NamedTuple

from ...impl.chip.flash import FlashOp, FlashOpKind
from ...model.claims.premises import PREMISES
from ...model.config import Config, Pin
from ...model.device.action import Action
from ...model.device.flash_steps import BURNS, ERASES, REWRITES, WIPES, wiped_slot
from ...model.device.model import device_model
from ...model.device.selection import boot_partition
from ...model.device.state import Scope, Task
from ...model.device.stepper import State, Stepper
from .abstraction import (
    ENTRY,
    Places,
    Program,
    Stored,
    StoredSlot,
    program_in_state,
    records_in_bytes,
    stored_in_state,
)
from .coverage import Covered, Extent, claims_at_stake, extent_of_model, premise_of
from .record_view import RecordView
from .seen_operations import BURN, OpKind, SeenOp, seen_op
from .slot_moves import reported
from .turn_answers import TurnAnswers

MOST_KNOWN = 150_000
"""States and steps that are kept in all, some hundred bytes each."""
_MODELS = 1024
"""Models that are kept; random histories go through a few hundred scopes, again and again."""
Mode = tuple[int | None, bool, Pin | None, bool, bool]
"""What a tracker knows beside the state of the model."""
Records = tuple[RecordView, RecordView]


def is_of_flash(name: str) -> bool:
    """Tell whether a field of the model says anything of what lies in flash and eFuse."""
    is_stored = name.startswith("record") or (name.startswith("slot") and name[4:5].isdigit())
    return is_stored or name in ("burned", "phase", "sector", "first_failed", "second_failed")


class Judged(NamedTuple):
    """What the claims say of a state."""

    violated: frozenset[str]
    """The ids of those that are broken."""
    met: frozenset[Covered]
    """The premises that are met."""


class KnownState:
    """A state of the model. Two of one model are equal exactly if they are one object, unless it forgot in between."""

    __slots__ = (
        "_cuts",
        "_due",
        "_judged",
        "_model",
        "_moves",
        "_program",
        "_said",
        "_stored",
        "number",
        "state",
        "task",
    )

    def __init__(self, model: "KnownModel", state: State) -> None:
        """Know nothing but the state yet."""
        self._model = model
        self.state = state
        self.number = hash(state)
        """Tells states of one model apart, in every process."""
        self.task = Task(state[model.place["task"]])
        self._moves: dict[str, tuple[Action, State]] | None = None
        self._cuts: list[tuple[Action, State]] | None = None
        self._due: SeenOp | bool | None = False
        self._program: Program | bool | None = False
        self._stored: Stored | None = None
        self._judged: Judged | None = None
        self._said: tuple[int, tuple[str, ...]] | None = None

    def __getitem__(self, name: str) -> int:
        """Return the value of a field."""
        return self.state[self._model.place[name]]

    def get(self, name: str) -> int:
        """Return the value of a field; 0 for one that the model has not."""
        place = self._model.place.get(name)
        return 0 if place is None else self.state[place]

    @property
    def moves(self) -> dict[str, tuple[Action, State]]:
        """The actions that can be taken, cuts left out, by name and in their order, each with the state after it."""
        if self._moves is None:
            found = self._model.after(self.state, are_cuts=False)
            self._moves = {action.name: (action, state) for action, state in found}
        return self._moves

    @property
    def cuts(self) -> list[tuple[Action, State]]:
        """The same of the cuts."""
        if self._cuts is None:
            self._cuts = self._model.after(self.state, are_cuts=True)
        return self._cuts

    @property
    def stored(self) -> Stored:
        """What flash and eFuse hold."""
        if self._stored is None:
            self._stored = self._model.stored(self.state)
        return self._stored

    @property
    def program(self) -> Program | None:
        """What runs."""
        if isinstance(self._program, bool):
            self._program = program_in_state(self._model.stepper, self.state)
        return self._program

    @property
    def judged(self) -> "Judged":
        """Which claims are broken here, and which have anything to say."""
        if self._judged is None:
            self._judged = self._model.judged(self.state)
        return self._judged

    @property
    def violated(self) -> frozenset[str]:
        """The ids of the claims that are broken here."""
        return self.judged.violated

    @property
    def said(self) -> tuple[int, tuple[str, ...]]:
        """What info() has to say: the place that boots next, and the state of each slot."""
        if self._said is None:
            self._said = self._model.said(self)
        return self._said

    @property
    def due_op(self) -> SeenOp | None:
        """The operation that the model does next, if it is to do one."""
        if isinstance(self._due, bool):
            self._due = self._model.due_op(self)
        return self._due


@dataclass(frozen=True, slots=True)
class Followed:
    """What it came to that a step was followed, or planned."""

    known: KnownState
    """Where the model has got to."""
    mode: Mode
    covered: frozenset[Covered]
    reached: frozenset[int]
    violated: frozenset[str]
    seen: object = None
    """What the device did, kept so that nothing else takes its identity."""


@dataclass
class KnownSteps:
    """Steps of boards that were compared with a model and with the life-cycle table; those that differ are not kept."""

    followed: dict[Hashable, Followed] = field(default_factory=dict)
    """By what a board did, and the state before it, what that came to in the model."""
    allowed: dict[Hashable, object] = field(default_factory=dict)
    """What slots did, and the table allows; with what gave the key its identities."""
    _ops: dict[tuple[FlashOpKind, int], SeenOp] = field(default_factory=dict)

    def __len__(self) -> int:
        """Return how much is kept."""
        return len(self.followed) + len(self.allowed)

    def seen_op(self, places: Places, op: FlashOp) -> SeenOp:
        """Return what the model sees of an operation; raises Divergence for one that it has not."""
        asked = op.kind, op.address
        seen = self._ops.get(asked)
        if seen is None:
            kind = OpKind.ERASE if op.kind is FlashOpKind.ERASE else OpKind.PROGRAM
            seen = self._ops[asked] = seen_op(places, kind, op.address)
        return seen


class KnownModel:
    """The model of a scope, and its states so far."""

    def __init__(self, scope: Scope) -> None:
        """Build the model; no state is known yet."""
        self.scope = scope
        self.stepper = Stepper(device_model(scope))
        self.place = {name: place for place, name in enumerate(self.stepper.names)}
        model = self.stepper.model
        self.turns = TurnAnswers(self.stepper) if scope.is_by_turns else None
        self._wiped_slot = wiped_slot(scope, model.device)
        self._selected = boot_partition(scope, model.device.records)
        self._claims = claims_at_stake(scope)
        self._ids = tuple(item.claim.id for item in self._claims)
        # Those of states alone come first.
        self._judged_ids = [item.claim.id for item in sorted(self._claims, key=lambda item: item.is_over_effects)]
        self._judges: dict[int, Callable[[State], tuple[int, ...]]] = {}
        self._judgements: dict[tuple[int, ...], Judged] = {}
        self._states: dict[State, KnownState] = {}
        self._of_flash = itemgetter(*(place for name, place in self.place.items() if is_of_flash(name)))
        self._stored_by_fields: dict[tuple[int, ...], Stored] = {}
        self._stored: dict[Stored, Stored] = {}
        self._records: dict[tuple[bytes, bytes], Records] = {}
        self._views: dict[Records, Records] = {}
        self._slots: dict[StoredSlot, StoredSlot] = {}
        self._seen: dict[tuple[int, ...], tuple[Stored, list[object]]] = {}
        """By the identities of its parts, which it keeps."""
        self.planned: dict[Hashable, tuple[tuple[SeenOp, ...], Mode]] = {}
        """The operations that are to come where a step begins, and the mode of the tracker that plans them."""
        self._steps: dict[tuple[Scope, Config], KnownSteps] = {}
        """By scope and configuration of a board that the model was compared with."""

    def __len__(self) -> int:
        """Return how much is kept."""
        kept: tuple[Sized, ...] = (self._states, self._seen, self._records, self.planned, *self._steps.values())
        return sum(map(len, kept))

    @cached_property
    def extent(self) -> Extent:
        """How much there is to cover."""
        return extent_of_model(self.stepper.model)

    def forget(self) -> None:
        """Forget all states and steps."""
        self._states.clear()
        for kept in (self._stored_by_fields, self._stored, self._records, self._views, self._slots, self._seen):
            kept.clear()
        self.planned.clear()
        self._steps.clear()

    def steps_of(self, scope: Scope, config: Config) -> KnownSteps:
        """Return the steps in which a board was compared with the model; scope, config: of the board."""
        return self._steps.setdefault((scope, config), KnownSteps())

    def known(self, state: State) -> KnownState:
        """Return what is known of a state."""
        found = self._states.get(state)
        if found is None:
            found = self._states[state] = KnownState(self, state)
        return found

    def stored(self, state: State) -> Stored:
        """Return what flash and eFuse hold in a state; it is a function of some of its fields."""
        fields = self._of_flash(state)
        found = self._stored_by_fields.get(fields)
        if found is None:
            found = self._stored_by_fields[fields] = self.interned(stored_in_state(self.stepper, state))
        return found

    def interned(self, stored: Stored) -> Stored:
        """Return the one object that equals this."""
        return self._stored.setdefault(stored, stored)

    def records_seen(self, first: bytes, second: bytes) -> Records:
        """Return the records at the start of two sectors; the same object for the same records."""
        key = first[:ENTRY], second[:ENTRY]
        found = self._records.get(key)
        if found is None:
            found = records_in_bytes(self.scope, *key)
            # Numbers above those of the slots are ranked, so what is another text can be the same records.
            found = self._records[key] = self._views.setdefault(found, found)
        return found

    def slot_seen(self, slot: StoredSlot) -> StoredSlot:
        """Return the one object that equals this."""
        return self._slots.setdefault(slot, slot)

    def seen(self, parts: Sequence[object]) -> Stored:
        """Return the one object with these parts: bits of the eFuse, records, and slots, as they were seen."""
        key = tuple(map(id, parts))
        found = self._seen.get(key)
        if found is None:
            burned, records, *slots = parts
            stored = self.interned(Stored(records, tuple(slots), burned))  # type: ignore[arg-type]  # see BoardView
            found = self._seen[key] = stored, [*parts]
        return found[0]

    def after(self, state: State, are_cuts: bool) -> list[tuple[Action, State]]:
        """Return the actions that can be taken, those that are cuts or those that are none."""
        actions = self.stepper.model.actions
        return [(actions[number], after) for number, after in self.stepper.part(state, are_cuts)]

    def judged(self, state: State) -> Judged:
        """Return which claims a state breaks, and of which it meets the premise.

        Claims whose ghost variables the model lacks are left out."""
        task = state[self.place["task"]]
        judge_effects = self._judges.get(task)
        if judge_effects is None:
            judge_effects = self._judges[task] = self._judge_of_effects(Task(task))
        found = self._judge(state) + judge_effects(state)
        judged = self._judgements.get(found)
        if judged is None:
            met, kept = found[: len(self._ids)], found[len(self._ids) :]
            judged = self._judgements[found] = Judged(
                frozenset(id_ for id_, is_kept in zip(self._judged_ids, kept, strict=True) if not is_kept),
                frozenset(premise_of(id_) for id_, is_met in zip(self._ids, met, strict=True) if is_met),
            )
        return judged

    @cached_property
    def _judge(self) -> Callable[[State], tuple[int, ...]]:
        """From a state, whether the premise of each claim is met, then whether each is kept that is of states alone."""
        model = self.stepper.model
        met = [PREMISES[id_][0](self.scope, model.device) for id_ in self._ids]
        return self.stepper.function([*met, *(c.kept_in(model) for c in self._claims if not c.is_over_effects)])

    def _judge_of_effects(self, task: Task) -> Callable[[State], tuple[int, ...]]:
        """From a state with that task, whether each claim is kept that is about what actions make of a state.

        Most of such a claim is about other tasks."""
        model = self.stepper.model.within(task)
        return self.stepper.function([c.kept_in(model) for c in self._claims if c.is_over_effects])

    def said(self, known: KnownState) -> tuple[int, tuple[str, ...]]:
        """Return what info() has to say."""
        if self.turns is not None:
            states = self.turns.told(known.state)
        else:
            states = tuple(reported(known.stored.records, slot)[0].value for slot in range(self.scope.slots))
        return self.stepper.value(self._selected, known.state), states

    def due_op(self, known: KnownState) -> SeenOp | None:
        """Return the operation that comes next, if one does."""
        task, sector = known.task, known["sector"]
        if task is Task.TRY and self.scope.is_patched:
            return SeenOp(OpKind.PROGRAM, record=sector)
        if task in (REWRITES if self.turns is None else self.turns.writes):
            kind = OpKind.PROGRAM if known["phase"] else OpKind.ERASE
            return SeenOp(kind, record=sector, is_check_word=self.turns is not None and kind is OpKind.PROGRAM)
        if task in ERASES:
            return SeenOp(OpKind.ERASE, record=sector)
        if task in WIPES:
            slot = self.stepper.value(self._wiped_slot, known.state)
            return SeenOp(OpKind.ERASE, slot=slot, is_first_sector=True)
        return BURN if task in BURNS else None


_models: OrderedDict[Scope, KnownModel] = OrderedDict()
_lengths: dict[Scope, int] = {}
"""How much each keeps, as far as it was counted."""


def known_model(scope: Scope) -> KnownModel:
    """Return the model of a scope, with what is known of it; what was not asked for longest is forgotten first."""
    last, found = next(reversed(_models.values()), None), _models.get(scope)
    if found is None:
        found = _models[scope] = KnownModel(scope)
    for model in (found if last is None else last, found):
        # The one that was asked for last has most probably grown, and no other one.
        _lengths[model.scope] = len(model)
    _models.move_to_end(scope)
    if len(_models) > _MODELS:
        gone, _ = _models.popitem(last=False)
        del _lengths[gone]
    if sum(_lengths.values()) > MOST_KNOWN:
        _forget_oldest()
    return found


def _forget_oldest() -> None:
    """Forget what was not asked for longest, until no more is kept than may be."""
    kept = sum(map(len, _models.values()))
    for scope, model in _models.items():
        if kept <= MOST_KNOWN:
            break
        kept -= len(model)
        model.forget()
        _lengths[scope] = 0


def forget_models() -> None:
    """Start from scratch."""
    _models.clear()
    _lengths.clear()


def forget_answers() -> None:
    """Keep the models, and nothing that was found out with them."""
    for scope, model in _models.items():
        model.forget()
        _lengths[scope] = 0
