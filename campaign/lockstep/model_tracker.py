"""The model tracker: the device model follows what a device did, by calls, flash operations and cuts.

Whoever watches a device (a board that runs, or a recording) says what happened, and what lies in flash and eFuse after
it, through the abstraction. The tracker takes the actions of the model that this can have been; when there is none,
device and model diverge, and that is an error of one of them.

The state stays one state. A cut leaves what the model's cuts can leave and the bytes tell which of them it was; what
bytes do not tell, whether an image that does not verify is PARTIAL or BROKEN, the tracker chooses by what it saw.
"""

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping

from ...impl.chip.flash import FailureExtent
from ...model.config import Pin
from ...model.device.action import Action, Kind
from ...model.device.failing_steps import RAISING
from ...model.device.state import Content, Scope, Task
from ...model.device.stepper import State, Stepper
from ...model.fault_model import FaultModel
from .abstraction import Program, Stored, state_of, unlike_parts
from .coverage import Coverage, Covered, ScopeCoverage, covered
from .divergence import Divergence, OutOfModel
from .known_model import Followed, KnownModel, KnownState, Mode, known_model
from .seen_operations import OpKind, SeenOp, begins_record, parts_of


class ModelTracker:
    """The model, and where it has got to."""

    def __init__(self, scope: Scope, stored: Stored, asks_claims: bool = True) -> None:
        """Begin with a device that is switched off and holds this; the scope says which ghosts it carries."""
        self._asks_claims = asks_claims
        self.scope = scope
        self.model: KnownModel = known_model(scope)
        self.known: KnownState = self.model.known(state_of(self.model.stepper, stored))
        """The state that it has got to."""
        self.violated: set[str] = set()
        """Ids of the claims that were broken since the last `take_violated`."""
        self.covered: set[Covered] = set()
        """What was taken of the model."""
        self.reached: set[int] = {self.known.number}
        """The numbers of the states that it came through."""
        self._has_wiped: int | None = None
        """The slot whose first sector this step has erased."""
        self._is_booting = False
        self._pin: Pin | None = None
        """What is held at the reset that goes on."""
        self.has_raised = False
        """A failed operation has made the call of this step raise an error."""
        self._is_astray = False
        """An operation on the slot of the upgrade has failed, and the slot was not wiped since."""
        self.look_at_claims()

    @property
    def task(self) -> Task:
        """What goes on."""
        return self.known.task

    @property
    def stepper(self) -> Stepper:
        """The model."""
        return self.model.stepper

    @property
    def state(self) -> State:
        """Where it has got to."""
        return self.known.state

    @property
    def stored(self) -> Stored:
        """What flash and eFuse should hold."""
        return self.known.stored

    @property
    def coverage(self) -> Coverage:
        """What was come through of the model."""
        return Coverage({self.scope: ScopeCoverage(self.model.extent, set(self.covered), set(self.reached))})

    @property
    def taken(self) -> set[str]:
        """Names of the actions that were taken."""
        return {taken.action for taken in self.covered if not taken.is_premise}

    def take_violated(self) -> frozenset[str]:
        """Return the claims that were broken since the last call."""
        violated, self.violated = self.violated, set()
        return frozenset(violated)

    @property
    def mode(self) -> Mode:
        """What decides, beside the state, how the model follows."""
        return self._has_wiped, self._is_booting, self._pin, self.has_raised, self._is_astray

    @mode.setter
    def mode(self, mode: Mode) -> None:
        self._has_wiped, self._is_booting, self._pin, self.has_raised, self._is_astray = mode

    def followed(self, follow: Callable[[], object], seen: object) -> Followed:
        """Follow a step and return what that came to; seen: all that it depends on, beside state and mode."""
        so_far = self.violated, self.covered, self.reached
        self.violated, self.covered, self.reached = set(), set(), set()
        try:
            follow()
            found = frozenset(self.covered), frozenset(self.reached), frozenset(self.violated)
            return Followed(self.known, self.mode, *found, seen)
        finally:
            self.violated, self.covered, self.reached = (
                so_far[0] | self.violated,
                so_far[1] | self.covered,
                so_far[2] | self.reached,
            )

    def follow_again(self, followed: Followed) -> None:
        """Come to the same, from the same state and mode."""
        self.known, self.mode = followed.known, followed.mode
        self.violated |= followed.violated
        self.covered |= followed.covered
        self.reached |= followed.reached

    def can(self, *names: str) -> bool:
        """Tell whether one of these actions is possible now."""
        return not self.known.moves.keys().isdisjoint(names)

    def planned_call(self, *names: str) -> tuple[SeenOp, ...]:
        """Return the operations that a call would have if the power stays."""
        return self._planned(lambda: self.begin_call(*names), {}, names)

    def planned_boot(
        self,
        is_power_on: bool,
        wakes: bool = False,
        pin: Pin | None = None,
        failures: Mapping[int, FailureExtent] | None = None,
    ) -> tuple[SeenOp, ...]:
        """Return the operations that a reset would have if the power stays; failures: by number, those that fail."""
        asked = (is_power_on, wakes, pin, *(failures or {}).items())
        return self._planned(lambda: self.begin_reset(is_power_on, wakes, pin), failures or {}, asked)

    def begin_call(self, *names: str) -> str | None:
        """Make a call: take the one of these actions that is possible; None: the call is refused."""
        self._has_wiped, self._is_booting, self.has_raised = None, False, False
        if self.task is not Task.RUN:
            raise Divergence(f"a call while the model is at {self.task.name}")
        name = next((name for name in self.known.moves if name in names), None)
        if name is not None:
            self._take(name)
        return name

    def use_tool(self, name: str, after: Stored) -> None:
        """Let another program write: take this action."""
        self._take(name)
        self._compare(after)

    def begin_write(self) -> None:
        """Make a call of write(): what it programs tells what it does."""
        self._has_wiped, self._is_booting, self.has_raised = None, False, False

    def begin_reset(self, is_power_on: bool, wakes: bool = False, pin: Pin | None = None) -> None:
        """Reset the device; is_power_on: its power was gone. wakes: from deep sleep, by the fast path."""
        self._pin = pin
        self._has_wiped, self._is_booting, self.has_raised = None, True, False
        if is_power_on and self.task is not Task.OFF:
            self._take("cut")
        if self.task is Task.OFF:
            self._take("power_on")
        elif wakes:
            self._take("wake")
        elif self.task is Task.RUN:
            self._take("restart")
        elif self.task is Task.STUCK:
            raise OutOfModel("a reset of a device that resets for ever")
        if pin is not None:
            self._take("hold_factory_reset" if pin is Pin.FACTORY_RESET else "hold_test_app")

    def op(
        self, op: SeenOp, after: Stored | None, reaches_end: bool = False, fails: FailureExtent | None = None
    ) -> None:
        """Follow an operation that is not cut. after: what is stored then, None where nobody looked.

        reaches_end: it programs the last bytes of an image. fails: it returns an error, and so much of it was done; of
        the first erase of a slot, it or a later one."""
        if op.slot is not None and op.slot == self._has_wiped and op.kind is OpKind.ERASE and not op.is_first_sector:
            # A later sector of a wipe is no step of the model.
            if after is not self.known.stored:
                self._compare(after)
            return
        self._decide()
        if self._is_of_slot_data(op):
            self._follow_data(op, after, reaches_end, fails)
        elif not begins_record(op, self.known.due_op):
            if op != self.known.due_op:
                raise Divergence(f"the device: {op}; the model at {self.task.name}: {self.known.due_op or 'nothing'}")
            if fails is not None:
                self._fail(op, fails)
            else:
                self._go(*next(pair for pair in self.known.moves.values() if pair[0].kind is Kind.FLASH))
                self._is_astray = self._is_astray and op.slot is None
            self._has_wiped = op.slot if op.slot is not None else self._has_wiped
        self._compare(after)

    def _fail(self, op: SeenOp, done: FailureExtent) -> None:
        """Take the action in which the operation that is due fails."""
        self.has_raised = self.has_raised or self.task in RAISING
        self._is_astray = self._is_astray or op.slot is not None
        is_none = done is FailureExtent.NONE
        ending = {
            OpKind.ERASE: f"erase_fails_{'none' if is_none else 'done'}",
            OpKind.PROGRAM: f"program_fails_{done.value}",
            OpKind.BURN: f"fails_{'none' if is_none else 'all'}",
        }[op.kind]
        self._take(f"{self.task.name.lower()}_{ending}")

    def cut(self, op: SeenOp | None, after: Stored, fault: FaultModel) -> None:
        """Follow a power cut inside an operation (None: between two steps) that left `after`."""
        self._decide()
        if op is None:
            starts: Iterable[tuple[str, ...]] = [()]
        elif self._is_of_slot_data(op):
            starts = self._writes()
        elif op == self.known.due_op or begins_record(op, self.known.due_op):
            starts = [()]
        else:
            raise Divergence(f"the device: {op}; the model at {self.task.name}: {self.known.due_op or 'nothing'}")
        begin = self.known
        for names in starts:
            for action, left in self._after(begin, names).cuts:
                if action.weakest is not None and action.weakest <= fault and self.model.stored(left) == after:
                    # What write() did before the cut was never there for a call to see.
                    self._go(action, left)
                    return
        self._refuse_mended(after)
        if op is not None and op.slot is not None:
            self._refuse_astray()
        cut = f"a cut of {fault.name} in {op or 'no operation'} at {self.task.name}"
        raise Divergence(f"{cut} left {after}", cause=cut)

    def end_call(self, after: Stored | None, program: Program | None, has_ended: bool = False) -> None:
        """The call has returned, or raised an error, and nothing is left to do for it.

        program: what runs, None where nobody looked. has_ended: the call has ended the program; a reset follows."""
        due = self.known.due_op
        if due is not None and not self._is_booting:
            raise Divergence(f"the device has done with its call; the model goes on with {due} ({self.task.name})")
        self._compare(after)
        expected = self.known.program
        if program is not None and program != expected:
            raise Divergence(f"the device runs {program}, the model {expected}")
        if has_ended and self.task is Task.RUN:
            self._take("restart")

    def end_boot(self, running: int | None, after: Stored | None) -> None:
        """The bootloader has started the image at a place; None: it found nothing to start."""
        self._decide()
        due = self.known.due_op
        if due is not None:
            raise Divergence(f"the device has booted; the model goes on with {due} ({self.task.name})")
        self._compare(after)
        if self.task is Task.SELECT and running is None:
            return
        place = self.scope.nowhere if running is None else running
        expected = self.known["running"]
        if place != expected:
            raise Divergence(f"the device starts place {place}, the model place {expected}")
        if self.task is Task.STARTED:
            self._take("image_begins")
        elif running is not None:
            raise Divergence(f"the device has started place {place}; the model is at {self.task.name}")

    def _planned(
        self, begin: Callable[[], object], failures: Mapping[int, FailureExtent], asked: Hashable
    ) -> tuple[SeenOp, ...]:
        """Return the operations that come after a beginning; asked: what tells beginning and failures from others."""
        key = self.known, self.mode, asked
        planned = self.model.planned.get(key)
        if planned is None:
            known, violated, is_astray = self.known, set(self.violated), self._is_astray
            taken, reached = set(self.covered), set(self.reached)
            begin()
            ops = tuple(self._ops_to_come(failures))
            self.known, self.violated, self._is_astray = known, violated, is_astray
            self.covered, self.reached = taken, reached
            planned = self.model.planned[key] = ops, self.mode
        self.mode = planned[1]
        return planned[0]

    def _ops_to_come(self, failures: Mapping[int, FailureExtent]) -> Iterator[SeenOp]:
        """Yield the operations of what was begun, and follow them."""
        self._decide()
        number = 0
        while (op := self.known.due_op) is not None:
            yield from parts_of(op)
            self.op(op, None, fails=failures.get(number))
            self._decide()
            number += 1

    def _is_of_slot_data(self, op: SeenOp) -> bool:
        """Tell whether it is no step of the model by itself: a part of an image, or a later sector of a wipe."""
        if op.slot is None:
            return False
        return op.kind is OpKind.PROGRAM or (not op.is_first_sector and op.slot == self._has_wiped)

    def _follow_data(self, op: SeenOp, after: Stored | None, reaches_end: bool, fails: FailureExtent | None) -> None:
        """Take the actions of write(), if what lies in the slot tells of any."""
        if after is None:
            return
        begin, suffix = self.known, "" if fails is None else "_fails"
        self.has_raised = self.has_raised or fails is not None
        for names in self._writes(suffix):
            state = self._after(begin, names)
            if state.stored == after:
                is_whole = reaches_end and fails in (None, FailureExtent.ALL)
                broken = f"write_rest_broken{suffix}"
                for name in (*names, *((broken,) if is_whole and broken in state.moves else ())):
                    self._take(name)
                self._is_astray = self._is_astray or fails is not None
                return
        self._refuse_mended(after)
        self._refuse_astray()
        raise Divergence(f"the device: {op} leaves {after}; the model: {begin.stored}", cause=f"data: {op}")

    def _refuse_mended(self, after: Stored) -> None:
        """Refuse an image that was written over, or torn, and is made whole again without an erase."""
        known = self.known
        broken = [slot for slot in range(self.scope.slots) if known[f"slot{slot}_content"] == Content.BROKEN]
        loadable = (slot for slot in broken if not known.get(f"slot{slot}_is_loadable"))
        if any(after.slots[slot].verifies for slot in broken) or any(after.slots[slot].loads for slot in loadable):
            raise OutOfModel("a damaged image is made whole without an erase")

    def _refuse_astray(self) -> None:
        if self._is_astray:
            raise OutOfModel("what is written over what a failed operation left changes the description")

    def _writes(self, suffix: str = "") -> Iterator[tuple[str, ...]]:
        """Yield what a write() can be: nothing, the first part of an image, the rest of it or its headers, both, the
        same again, or another image over it. suffix: of the names of writes that fail."""
        if suffix or "write_again" not in self.known.moves:
            yield ()
        later = (f"write_rest{suffix}", "write_headers")
        for name, (_, state) in self.known.moves.items():
            if not name.startswith("write_") or self.task is not Task.RUN:
                continue
            if name in ("write_again", "write_over") or ("_fails" in name) == bool(suffix):
                yield (name,)
                yield from ((name, part) for part in later if part in self.model.known(state).moves)

    def _decide(self) -> None:
        """Let the bootloader decide, up to its next operation or to the start of an image."""
        while self._is_booting and self.task is Task.SELECT and not self._resets_anew:
            (action, state), *others = [pair for pair in self.known.moves.values() if pair[0].kind is Kind.BOOT]
            if others:
                raise Divergence(f"the model cannot decide between {action.name} and {others[0][0].name}")
            self._go(action, state)

    @property
    def _resets_anew(self) -> bool:
        """The bootloader has found no test app to start."""
        return self._pin is Pin.TEST_APP and not self.known["pin"]

    def _compare(self, after: Stored | None) -> None:
        expected = self.known.stored
        # What equals is one object, mostly.
        if after is not None and expected is not after and expected != after:
            where = f"stored at {self.task.name}: {', '.join(unlike_parts(after, expected))}"
            raise Divergence(f"the device holds {after}; the model at {self.task.name} {expected}", cause=where)

    def _take(self, name: str) -> None:
        found = self.known.moves.get(name)
        if found is None:
            found = next((pair for pair in self.known.cuts if pair[0].name == name), None)
        if found is None:
            raise Divergence(f"the model cannot {name} at {self.task.name}")
        self._go(*found)

    def _go(self, action: Action, after: State) -> None:
        known = self.known
        state = self.known = self.model.known(after)
        self.covered.add(covered(action, known.task))
        self.reached.add(state.number)
        if state.task is not Task.RUN:
            # A program between two calls is looked at once its call has returned: nobody sees it before.
            self.look_at_claims()

    def _after(self, known: KnownState, names: tuple[str, ...]) -> KnownState:
        """Return the state after these actions."""
        for name in names:
            known = self.model.known(known.moves[name][1])
        return known

    def look_at_claims(self) -> None:
        """Note which claims the present state breaks, and of which it meets the premise."""
        if self._asks_claims:
            violated, met = self.known.judged
            self.violated |= violated
            self.covered |= met
