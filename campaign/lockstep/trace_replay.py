"""From a trace of the device model to a history on the board, and the comparison of the two, step by step.

A trace is a list of action names. The actions between two calls of the application, or two resets, are one step of the
history; a cut becomes the operation in which it falls, and the first tear that leaves what the model says was left. The
board then plays the history, and after every operation what lies on flash, read the model's way, has to be what the
model says: the records, the slots, the eFuse, the place that runs, the session.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from ...impl.chip.cells import ERASED_SECTOR, SECTOR_SIZE
from ...impl.chip.flash import FailureExtent, FlashMisuse, PlanNotReached
from ...impl.chip.torn_operations import AFTER, BEFORE, Torn, TornKind
from ...impl.image.format import APP_DESC_MAGIC, APP_DESC_OFFSET, APP_DESC_SIZE, decode_app_desc
from ...impl.otadata import ENTRY_SIZE, decode_entry, slot_of_seq
from ...model.claims.state_claims import DEVICE_CLAIMS
from ...model.config import Pin
from ...model.device.action import Kind
from ...model.device.by_turns.turns_steps import is_kept_by_state
from ...model.device.flash_steps import ERASES
from ...model.device.records import Check, Numbers
from ...model.device.search import follow
from ...model.device.state import Content, Scope, Task
from ...model.device.stepper import State, stepper
from ...model.device.stray_numbers import Stray, stray_named
from ..history.claim_monitor import BrokenClaim, ClaimMonitor
from ..history.history import FIRST_PART, HEADERS_END, History, SmallDevice
from ..history.history_replay import token_of
from ..history.history_token import encode_history_token
from ..history.player import Moment, Played, Player, StepOutcome
from ..history.step import Step, StepCut, StepName
from ..history.whole_images import loads_unchecked, verifies
from .abstraction import in_flash, number_meant, ranks_of
from .divergence import Divergence
from .step_maker import images_of
from .torn_bytes import TURN_PROGRAMMED, classes_of, is_fitting, tear_named, torn_by_cut
from .trace_steps import Segment, flash_ops, is_burn, segments
from .turn_abstraction import turn_in_bytes


@dataclass(frozen=True)
class Confirmation:
    """What the board made of a trace."""

    history: History
    divergence: str | None
    """Where the board does otherwise than the model; None where they agree to the end."""
    broken: tuple[BrokenClaim, ...]
    """The claims that the board breaks after the last step."""
    claim_id: str

    @property
    def is_confirmed(self) -> bool:
        """The board does what the trace says, and breaks the claim at its end."""
        return self.divergence is None and any(broken.claim_id == self.claim_id for broken in self.broken)

    @property
    def text(self) -> str:
        """Say in one line what came of it."""
        if self.divergence is not None:
            return f"the board does otherwise: {self.divergence}"
        broken = [broken.text for broken in self.broken if broken.claim_id == self.claim_id]
        return broken[0] if broken else f"the board keeps {self.claim_id}"


def confirm(scope: Scope, action_names: Sequence[str], claim_id: str) -> Confirmation:
    """Play a trace on the board and compare; the claim has to be broken there too when it ends.

    A claim over effects is broken in the state before the step that breaks it: that step is played, too."""
    confirmation = _confirmed(scope, action_names, claim_id)
    if confirmation.is_confirmed or not any(c.is_over_effects for c in DEVICE_CLAIMS if c.claim.id == claim_id):
        return confirmation
    steps = stepper(scope)
    state = follow(steps, action_names)
    for number, _ in steps.successors(state) if state is not None else ():
        later = _confirmed(scope, (*action_names, steps.model.actions[number].name), claim_id)
        if later.is_confirmed:
            return later
    return confirmation


def _confirmed(scope: Scope, action_names: Sequence[str], claim_id: str) -> Confirmation:
    walker = TraceWalker(scope, action_names)
    divergence: str | None = None
    broken: tuple[BrokenClaim, ...] = ()
    try:
        for broken in walker.play():  # noqa: B007  # the last ones count
            pass
    except Divergence as error:
        divergence = str(error)
    return Confirmation(walker.history, divergence, broken, claim_id)


def token_of_trace(scope: Scope, action_names: Sequence[str], claim_id: str) -> str:
    """Return the history token of a trace that ends where a claim is broken.

    Raises Divergence when the board does otherwise or keeps the claim: a refutation that the board cannot replay is a
    bug in us."""
    confirmation = confirm(scope, action_names, claim_id)
    if not confirmation.is_confirmed:
        raise Divergence(confirmation.divergence or confirmation.text)
    return encode_history_token(token_of(confirmation.history, claim_id))


def token_of_history(scope: Scope, action_names: Sequence[str]) -> str:
    """Return the history token of a trace that is about no claim; raises Divergence when the board does otherwise."""
    confirmation = _confirmed(scope, action_names, "")
    if confirmation.divergence is not None:
        raise Divergence(confirmation.divergence)
    return encode_history_token(token_of(confirmation.history, ""))


def device_of_scope(scope: Scope) -> SmallDevice:
    """Return the device that the model of a scope begins with: an image in factory, else in ota_0."""
    return SmallDevice(
        replace(scope.config, notes_in_place=scope.is_patched),
        tuple(range(scope.slots)),
        scope.has_factory,
        (("factory" if scope.has_factory else "ota_0", 0),),
    )


_NEW_NUMBERS = tuple(f"{task.name.lower()}_erases" for task in (*ERASES, Task.COMPLETE, Task.SET_BOOT, Task.FRESH))
"""Actions after which a sector has no record, or one with another number."""


class TraceWalker:
    """Plays one trace on the board."""

    def __init__(self, scope: Scope, action_names: Sequence[str]) -> None:
        """Step the model through the trace; raises ValueError where an action cannot be taken."""
        self.scope = scope
        self._stepper = stepper(scope)
        self.segments = list(segments(scope, self._stepper, action_names))
        self._images = tuple(images_of(action_names, scope))
        self.history = History(device_of_scope(scope), self._images)
        self.player = Player(self.history.dut)
        self._monitor = ClaimMonitor(self.player)

    def play(self) -> Iterator[tuple[BrokenClaim, ...]]:
        """Yield the claims that are broken after each step; raises Divergence."""
        for number, segment in enumerate(self.segments):
            try:
                step = self._with_cut(segment)
                if step is None:
                    continue
                self.history = self.history.then(*segment.before, step)
                for early in segment.before:
                    self._monitor.play(early)
                played, broken = self._monitor.play(step)
            except (PlanNotReached, FlashMisuse) as error:
                # The board has fewer operations than the model, or one that no board has.
                raise Divergence(f"{segment.step}: {error}") from None
            is_last = number == len(self.segments) - 1
            self._compare(segment, played, is_last)
            yield broken

    def state_after(self, number: int) -> State:
        """Return the model's state after a segment."""
        return self.segments[number].states[-1]

    def _with_cut(self, segment: Segment) -> Step | None:
        """Return the step with the cut that the segment ends in; None for a boot that ends before it begins."""
        last = segment.actions[-1]
        if last.kind is not Kind.CUT or segment.step.name is StepName.POWER_OFF:
            return segment.step
        ops = sum(flash_ops(action) for action in segment.actions)
        if last.name == "cut":
            # The bootloader was between two operations.
            return _cut_after(segment, ops) if ops else Step(StepName.POWER_OFF)
        if last.name.startswith("cut_in_burn_leaves_"):
            return replace(segment.step, cut=StepCut(0, efuse_done=int(last.name.rpartition("_")[2], 2)))
        ops += last.name == TURN_PROGRAMMED
        return replace(segment.step, cut=StepCut(ops, tear_named(last) or self._torn(segment, ops)))

    def _strays_to_come(self, segment: Segment) -> Iterator[Stray]:
        """Yield the strays that later cuts make of the record which the cut at the end of the segment tears."""
        sector = self._value(segment.states[-2], "sector")
        before = segment.states[-1]
        for part in self.segments[self.segments.index(segment) + 1 :]:
            for action, state in zip(part.actions, part.states, strict=True):
                if self._value(before, "sector") == sector:
                    stray = stray_named(action.name)
                    if stray is not None:
                        yield stray
                    if action.name in _NEW_NUMBERS:
                        return
                before = state

    def _torn(self, segment: Segment, op: int) -> Torn:
        """Return the tear of operation `op` that leaves the classes which the last action names."""
        played = self.player.fork().play(segment.step)
        if op >= len(played.ops):
            raise Divergence(f"{segment.step}: has no operation {op}: {describe(played)}")
        cut = played.ops[op]
        name, moments = segment.actions[-1].name, played.moments[op : op + 2]
        to_come = tuple(self._strays_to_come(segment)) if self.scope.has_strays else ()
        found = torn_by_cut(name, cut, moments, self.scope.slots, self.scope.faults, to_come)
        if found is None:
            raise Divergence(f"{segment.step}: no tear of operation {op} is a {name}, within {self.scope.faults.name}")
        return found

    def _compare(self, segment: Segment, played: Played, is_last: bool) -> None:
        """Raise Divergence unless the board did what the actions of the segment say."""
        done = 0
        for action, state in zip(segment.actions, segment.states, strict=True):
            done += flash_ops(action) + is_burn(action)
            if action.kind is Kind.CUT:
                continue
            if done >= len(played.moments):
                raise Divergence(f"{segment.step}: {action.name}, but {describe(played)}")
            self._compare_moment(f"{segment.step}: after {action.name}", state, played.moments[done])
        state = segment.states[-1]
        task = self._value(state, "task")
        is_over = task in (Task.RUN, Task.STARTED, Task.STUCK, Task.OFF) or (
            task == Task.SELECT and (segment.step.name is not StepName.RESET or self._is_anew(segment))
        )
        if not is_over:
            if not is_last:
                raise Divergence(f"{segment.step}: the model is in the middle of it")
            return
        if task != Task.OFF and done + 1 != len(played.moments):
            raise Divergence(f"{segment.step}: {done} operations, but {describe(played)}")
        self._compare_moment(f"{segment.step}: at its end", state, played.after)
        self._compare_outcome(segment, played, task)

    def _is_anew(self, segment: Segment) -> bool:
        """Tell whether the bootloader has found no test app, and resets."""
        return segment.step.pin is Pin.TEST_APP and not self._value(segment.states[-1], "pin")

    def _compare_outcome(self, segment: Segment, played: Played, task: int) -> None:
        expected = {
            Task.OFF: (StepOutcome.RETURNED if segment.actions[-1].kind is Kind.WRITER else StepOutcome.CUT,),
            Task.SELECT: (StepOutcome.NOTHING_BOOTS if self._is_anew(segment) else StepOutcome.RESTARTED,),
            Task.STUCK: (StepOutcome.NOTHING_BOOTS,),
            Task.STARTED: (StepOutcome.RETURNED,),
            Task.RUN: (StepOutcome.RAISED,) if segment.raises else (StepOutcome.RETURNED,),
        }[Task(task)]
        if played.outcome not in expected:
            raise Divergence(f"{segment.step}: want {expected[0].value}, but {describe(played)}")
        state = segment.states[-1]
        place = self._value(state, "running")
        running = None if place == self.scope.nowhere else place_label(self.scope, place)
        is_running = task in (Task.RUN, Task.STARTED)
        if (running if is_running else None) != played.running:
            raise Divergence(f"{segment.step}: {running} should run, but {describe(played)}")
        if task == Task.RUN:
            probe = self.player.fork().play(Step(StepName.WRITE, length=1))
            has_session = probe.outcome is StepOutcome.RETURNED
            if has_session != (bool(self._value(state, "session")) and not self._is_refused(state)):
                raise Divergence(f"{segment.step}: a session is {'' if has_session else 'not '}open on the board")
            has_other = self.scope.has_two_handles and self.player.other_handle is not None
            if has_other != bool(self._stepper.as_dict(state).get("other_session", 0)):
                raise Divergence(f"{segment.step}: another handle is {'' if has_other else 'not '}open on the board")

    def _is_refused(self, state: State) -> bool:
        """Tell whether a session by turns takes no byte, as its slot was selected since."""
        if not self.scope.is_by_turns:
            return False
        return bool(self._stepper.value(is_kept_by_state(self.scope, self._stepper.model.device), state))

    def _compare_moment(self, where: str, state: State, moment: Moment) -> None:
        expected, seen = self._expected(state), self._seen(state, moment)
        different = [
            f"{name}: model {expected[name]}, board {seen[name]}" for name in expected if expected[name] != seen[name]
        ]
        if different:
            raise Divergence(f"{where}: {'; '.join(different)}")

    def _expected(self, state: State) -> dict[str, int]:
        """Return what the model says lies on flash, by the names of its fields."""
        fields = self._stepper.as_dict(state)
        names = [name for name in fields if name.startswith("record") or name == "burned"]
        names += [name for name in fields if name.endswith(("_content", "_version", "_is_loadable"))]
        expected = {name: value for name, value in in_flash(fields).items() if name in names}
        numbers = [self._number_of(expected[f"record{i}_check"], expected[f"record{i}_seq"]) for i in range(2)]
        # The model remembers a number that was torn, and ranks by what is coming; the flash does neither.
        expected["record0_seq"], expected["record1_seq"] = self._ranked(numbers)
        for index in range(2):
            is_torn = self.scope.has_strays and expected[f"record{index}_check"] == Check.WRONG
            if is_torn and f"record{index}_slot" in expected:
                expected[f"record{index}_slot"] = 0
        return expected

    def _seen(self, state: State, moment: Moment) -> dict[str, int]:
        """Return what lies on flash, read as the model reads it."""
        raw = self.history.dut.entries(moment.cells)
        assert raw is not None
        seen: dict[str, int] = {"burned": moment.efuse_bits} | self._seen_records(raw)
        for index in range(self.scope.slots):
            label = f"ota_{index}"
            content, version = content_of(self.history, moment, label)
            seen[f"slot{index}_content"], seen[f"slot{index}_version"] = content, version
            partition = self.history.dut.partition(label)
            loads = content is not Content.COMPLETE and loads_unchecked(self.history.dut, moment, partition)
            seen[f"slot{index}_is_loadable"] = loads
        return seen

    def _seen_records(self, raw: tuple[bytes, bytes]) -> dict[str, int]:
        seen: dict[str, int] = {}
        if self.scope.is_by_turns:
            views = [turn_in_bytes(self.scope, entry) for entry in raw]
            for index, view in enumerate(views):
                parts = {"check": view.check, "word": view.word, "slot": view.slot}
                parts |= {"other": view.other, "is_tried": view.is_tried}
                seen |= {f"record{index}_{part}": int(value) for part, value in parts.items()}
            seen["record0_seq"], seen["record1_seq"] = self._ranked([view.seq for view in views])
            return seen
        numbers = []
        for index, entry in enumerate(raw):
            check, word = classes_of(entry, self.scope.is_patched)
            has_number = check is Check.RIGHT or (self.scope.has_end_numbers and is_fitting(entry))
            number = decode_entry(entry).ota_seq if has_number else 0
            numbers.append(number)
            seen[f"record{index}_check"], seen[f"record{index}_word"] = check, word
            seen[f"record{index}_slot"] = slot_of_seq(number, self.scope.slots) if has_number else 0
        seen["record0_seq"], seen["record1_seq"] = self._ranked(numbers)
        return seen

    def _number_of(self, check: int, kept: int) -> int:
        """Return the number of a record in a state of the model; 0 unless its check word fits."""
        return number_meant(kept, self.scope) if check == Check.RIGHT or kept == self.scope.last_number else 0

    def _ranked(self, numbers: list[int]) -> tuple[int, int]:
        """Return two sequence numbers as the model keeps them; see Numbers.RANKED."""
        first, second = numbers
        return (first, second) if self.scope.numbers is Numbers.EXACT else ranks_of((first, second), self.scope)

    def _value(self, state: State, name: str) -> int:
        return self._stepper.as_dict(state)[name]


def _cut_after(segment: Segment, ops: int) -> Step:
    """Return the step cut after so many operations; where the last of them fails, that comes to a cut inside it."""
    step, torn = segment.step, AFTER
    if segment.actions[-2].kind is Kind.FAILURE:
        *failures, last = step.failures
        step = replace(step, failures=tuple(failures))
        half = Torn(TornKind.PREFIX, length=ENTRY_SIZE // 2)
        torn = {FailureExtent.NONE: BEFORE, FailureExtent.HALF: half, FailureExtent.ALL: AFTER}[last.done]
    return replace(step, cut=StepCut(ops - 1, torn))


def place_label(scope: Scope, place: int) -> str:
    """Return the label of a place that is somewhere."""
    return "factory" if place == scope.factory else f"ota_{place}"


def content_of(history: History, moment: Moment, label: str) -> tuple[Content, int]:
    """Return how the model reads a slot: what it holds, and the secure version of its description."""
    partition = history.dut.partition(label)
    start = moment.cells.read(partition.offset, SECTOR_SIZE)
    desc = decode_app_desc(start[APP_DESC_OFFSET : APP_DESC_OFFSET + APP_DESC_SIZE])
    if desc.magic_word != APP_DESC_MAGIC:
        return Content.EMPTY, 0
    if verifies(history.dut, moment.cells, partition):
        return Content.COMPLETE, desc.secure_version
    first_parts = {image.contents[:FIRST_PART] for image in history.dut.images}
    is_begun = start[:FIRST_PART] in first_parts and start[HEADERS_END:] == ERASED_SECTOR[HEADERS_END:]
    return (Content.PARTIAL if is_begun else Content.BROKEN), desc.secure_version


def describe(played: Played) -> str:
    """Return what a step came to, in a few words."""
    error = "" if played.error is None else f" “{played.error}”"
    running = "" if played.running is None else f", {played.running} runs"
    return f"the board: {played.outcome.value}{error}, {len(played.ops)} operations, {len(played.burns)} burns{running}"
