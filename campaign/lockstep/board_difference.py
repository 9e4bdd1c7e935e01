"""Two boards that are given the same inputs, side by side.

This confirms what a search over two device models found: each input becomes steps of a history on either board, both
are played, and what they show has to differ as the models say. A difference that the boards do not show is a bug in us,
and raises Divergence.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ...impl.chip.cells import SECTOR_SIZE
from ...impl.chip.flash import FlashMisuse, FlashOpKind, PlanNotReached
from ...impl.chip.torn_operations import AFTER, Torn
from ...impl.otadata import ENTRY_SIZE, decode_entry, slot_of_seq
from ...model.config import ResetReason
from ...model.device.action import Action, Kind
from ...model.device.records import Check
from ...model.device.state import Scope, Task
from ...model.device.stepper import State, stepper
from ...model.device.stray_numbers import stray_named
from ..history.history import OTADATA, History
from ..history.history_token import HistoryToken, record_of_token, token_of_record
from ..history.player import Played, Player, StepOutcome
from ..history.step import Step, StepCut, StepName
from ..token_packing import compact_json, pack_token, unpack_token
from .divergence import Divergence
from .step_maker import StepMaker, images_of
from .torn_bytes import classes_of, is_left_by_cut, leaves, tear_named, torn_by_cut
from .trace_replay import device_of_scope, place_label
from .trace_steps import flash_ops

Move = tuple[str, Sequence[str], Sequence[str]]
"""An input, and the actions that each model makes of it; none for a call that is refused."""
PAIR_PREFIX = "otd1."
SHOWS = "difference"
"""What the history tokens of a difference show."""

_RESULTS = {StepOutcome.RETURNED: "done", StepOutcome.RAISED: "refused", StepOutcome.RESTARTED: "restarts"}


@dataclass(frozen=True, slots=True)
class Seen:
    """What is observed of one board after an input; None where nothing of the kind is to be observed."""

    result: str | None = None
    operations: str | None = None
    boot_operations: str | None = None
    boots: str | None = None
    rollback: str | None = None
    next: str | None = None
    states: str | None = None

    def of(self, observed: str) -> str | None:
        """Return one of them by its name, as the search over models has it."""
        found: str | None = getattr(self, observed.replace(" ", "_"))
        return found


@dataclass(frozen=True, slots=True)
class Shown:
    """What two boards made of the inputs."""

    left: History
    right: History
    seen: tuple[Seen, Seen]
    """After the last input."""
    are_tears_alike: bool
    """A cut tore both boards in the same way, not only to the same effect."""
    token: str
    """Both histories, for `otaproof diff --replay`."""


def show_difference(left: Scope, right: Scope, moves: Sequence[Move], observed: str, want: tuple[str, str]) -> Shown:
    """Play the inputs on two boards, and return what they show; raises Divergence unless it is what is wanted.

    observed: name of what differs after the last input; want: what is to be seen of it, left and right."""
    shown = play_both(left, right, moves)
    got = tuple(seen.of(observed) for seen in shown.seen)
    if got != want:
        raise Divergence(f"after {moves[-1][0]}, {observed}: the models say {want}, the boards show {got}")
    return shown


def play_both(left: Scope, right: Scope, moves: Sequence[Move]) -> Shown:
    """Play the inputs on two boards and return what is seen after the last one."""
    names = [name for name, _, _ in moves]
    images = tuple(images_of(names, left))
    sides = BoardSide(left, names), BoardSide(right, names)
    seen = Seen(), Seen()
    for name, mine, other in moves:
        first = sides[0].give(name, mine)
        seen = first, sides[1].give(name, other, sides[0].torn)
    histories = [History(device_of_scope(side.scope), images, tuple(side.steps)) for side in sides]
    are_alike = all(
        one.cut is None or two.cut is None or one.cut.torn == two.cut.torn
        for one, two in zip(sides[0].steps, sides[1].steps, strict=False)
    )
    ends = [
        HistoryToken(SHOWS, side.last.outcome, side.last.running, history)
        for side, history in zip(sides, histories, strict=True)
        if side.last is not None
    ]
    return Shown(histories[0], histories[1], seen, are_alike, encode_pair(ends[0], ends[1]))


class BoardSide:
    """One board, and the model that says where in a call the power fails."""

    def __init__(self, scope: Scope, inputs: Sequence[str]) -> None:
        """Take a board that is switched off; inputs: all that it will be given."""
        self.scope = scope
        self.steps: list[Step] = []
        self.torn: Torn | None = None
        """How the last cut tore a flash operation."""
        self.last: Played | None = None
        self._model = stepper(scope)
        self._actions = {action.name: action for action in self._model.model.actions}
        self._state: State = self._model.initial
        self._player = Player(History(device_of_scope(scope), tuple(images_of(inputs, scope))).dut)
        self._maker = StepMaker(scope, self._model, inputs)

    def give(self, name: str, actions: Sequence[str], torn: Torn | None = None) -> Seen:
        """Play an input and return what is seen then; torn: how to tear, where that comes to the same.

        Raises Divergence where the board cannot do what the actions say."""
        self.torn = None
        *early, step = self._steps_of(name)
        for other in early:
            self._play(other)
        if not actions:
            played = self._play(step)
            if played.outcome is not StepOutcome.RAISED or played.before.cells != played.after.cells:
                raise Divergence(f"{name}: the model refuses it, the board: {played.outcome.value}")
            return self._see(played, None)
        call: Played | None = None
        boot: Played | None = None
        for each, part in self._parts(step, actions):
            played = self._play(self._with_cut(each, part, torn))
            if each.name is StepName.RESET:
                boot = played
            else:
                call = played
        return self._see(call, boot)

    def _play(self, step: Step) -> Played:
        self.steps.append(step)
        try:
            self.last = self._player.play(step)
        except (PlanNotReached, FlashMisuse) as error:
            raise Divergence(f"{step}: {error}") from None
        return self.last

    def _parts(self, step: Step, names: Sequence[str]) -> Iterator[tuple[Step, list[tuple[Action, State]]]]:
        """Yield the steps that actions are, each with its actions and the state before each of them."""
        part: list[tuple[Action, State]] = []
        for action_name in names:
            action = self._actions[action_name]
            is_select = self._task == Task.SELECT
            if is_select and step.name is not StepName.RESET:
                yield step, part
                step = Step(StepName.RESET, ResetReason.SOFTWARE)
                part = []
            part.append((action, self._state))
            after = self._model.step(self._state, action_name)
            if after is None:
                raise ValueError(f"{action_name} cannot be taken here")
            self._state = after
        yield step, part

    @property
    def _task(self) -> int:
        return self._model.as_dict(self._state)["task"]

    def _steps_of(self, name: str) -> list[Step]:
        """Return the steps that an input is."""
        if name == "power_off":
            return [Step(StepName.POWER_OFF)]
        return [step for step in self._maker.steps(name, self._state) if step is not None]

    def _with_cut(self, step: Step, part: Sequence[tuple[Action, State]], torn: Torn | None) -> Step:
        last = part[-1][0]
        if last.kind is not Kind.CUT or step.name is StepName.POWER_OFF:
            return step
        ops = sum(flash_ops(action) for action, _ in part)
        if last.name == "cut":
            # The bootloader is between two operations.
            return replace(step, cut=StepCut(ops - 1, AFTER)) if ops else Step(StepName.POWER_OFF)
        if last.name.startswith("cut_in_burn_leaves_"):
            return replace(step, cut=StepCut(0, efuse_done=int(last.name.rpartition("_")[2], 2)))
        self.torn = tear_named(last) or self._tear(step, ops, last.name, torn)
        return replace(step, cut=StepCut(ops, self.torn))

    def _tear(self, step: Step, op: int, name: str, preferred: Torn | None) -> Torn:
        """Return a tear of operation `op` that leaves what the name of the cut says."""
        played = self._player.fork().play(step)
        if op >= len(played.ops):
            raise Divergence(f"{step}: has no operation {op}")
        moments = played.moments[op : op + 2]
        if preferred is not None and preferred.weakest_model <= self.scope.faults:
            before, after = (moment.cells.read(played.ops[op].address, ENTRY_SIZE) for moment in moments)
            left = leaves(preferred, played.ops[op].kind, before, after)
            if stray_named(name) is None and is_left_by_cut(name, left, before, after):
                return preferred
        found = torn_by_cut(name, played.ops[op], moments, self.scope.slots, self.scope.faults)
        if found is None:
            raise Divergence(f"{step}: no tear of operation {op} is a {name}")
        return found

    def _see(self, call: Played | None, boot: Played | None) -> Seen:
        seen = Seen()
        if call is not None and call.step.name is not StepName.POWER_OFF:
            result = _RESULTS.get(call.outcome, call.outcome.value)
            seen = replace(seen, result=result, operations=self._operations(call))
        if boot is not None:
            boots = "nothing" if boot.running is None else boot.running
            seen = replace(seen, boot_operations=self._operations(boot), boots=boots)
        app = self._player.app
        if app is None:
            return seen
        info = app.otaupgrade.info()
        is_possible = self._player.fork().play(Step(StepName.ROLLBACK)).outcome is StepOutcome.RESTARTED
        named = [f"{label} {slot['state']}" for label, slot in sorted(info.slots.items(), key=_slot_number) if slot]
        return replace(
            seen,
            rollback="possible" if is_possible else "refused",
            next=info.next,
            states=", ".join(named) or "no state",
        )

    def _operations(self, played: Played) -> str:
        """Return the operations of a step in words, the erase of a slot as one."""
        parts: list[str] = []
        for number, op in enumerate(played.ops):
            sector, is_entry = divmod(op.address - OTADATA, SECTOR_SIZE)[0], 0 <= op.address - OTADATA < 2 * SECTOR_SIZE
            is_erase = op.kind is FlashOpKind.ERASE
            if not is_entry:
                text = f"{'erases' if is_erase else 'writes'} {self._label_at(op.address)}"
                if not parts or parts[-1] != text:
                    parts.append(text)
            elif is_erase:
                parts.append(f"erases entry {sector}")
            else:
                entry = played.moments[number + 1].cells.read(OTADATA + sector * SECTOR_SIZE, ENTRY_SIZE)
                parts.append(f"writes entry {sector}: {self._entry_text(entry)}")
        parts += [f"burns eFuse bits 0x{bits:x}" for bits in played.burns]
        return "; ".join(parts) or "no operation"

    def _entry_text(self, raw: bytes) -> str:
        check, word = classes_of(raw)
        slot = slot_of_seq(decode_entry(raw).ota_seq, self.scope.slots)
        return f"{word.name} for {place_label(self.scope, slot)}" if check is Check.RIGHT else word.name

    def _label_at(self, address: int) -> str:
        return next(p.label for p in self._player.dut.table if p.offset <= address < p.end)


def _slot_number(item: tuple[str, object]) -> int:
    return int(item[0].rpartition("_")[2])


def encode_pair(left: HistoryToken, right: HistoryToken) -> str:
    """Return two histories as one line of text."""
    return pack_token(PAIR_PREFIX, [compact_json(record_of_token(token)) for token in (left, right)])


def decode_pair(text: str) -> tuple[HistoryToken, HistoryToken]:
    """Return the two histories that a text holds; raises InputError for anything else."""
    return unpack_token(PAIR_PREFIX, text, _pair)


def _pair(record: Any) -> tuple[HistoryToken, HistoryToken]:
    left, right = (token_of_record(json.loads(text)) for text in record)
    return left, right
