"""The model tracker: the device model follows what a device did, by calls, flash operations and cuts.

Whoever watches a device (a board that runs, or a recording) says what happened, and what lies in flash and eFuse after
it, through the abstraction. The tracker takes the actions of the model that this can have been; when there is none,
device and model diverge, and that is an error of one of them.

The state stays one state. A cut leaves what the model's cuts can leave and the bytes tell which of them it was; what
bytes do not tell, whether an image that does not verify is PARTIAL or BROKEN, the tracker chooses by what it saw.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache

from ...impl.chip.flash import FailureExtent
from ...model.claims.state_claims import DEVICE_CLAIMS
from ...model.config import Pin
from ...model.device.action import Action, Kind
from ...model.device.failing_steps import RAISING
from ...model.device.flash_steps import BURNS, ERASES, REWRITES, WIPES, wiped_slot
from ...model.device.model import device_model
from ...model.device.state import Content, Scope, Task
from ...model.device.stepper import State, Stepper
from ...model.fault_model import FaultModel
from ...model.terms.terms import Bool
from .abstraction import Program, Stored, program_in_state, state_of, stored_in_state, unlike_parts
from .divergence import Divergence, OutOfModel
from .seen_operations import BURN, OpKind, SeenOp


class ModelTracker:
    """The model, and where it has got to."""

    def __init__(self, scope: Scope, stored: Stored, asks_claims: bool = True) -> None:
        """Begin with a device that is switched off and holds this; the scope says which ghosts it carries."""
        self._asks_claims = asks_claims
        self.scope = scope
        self.stepper = _stepper(scope)
        self.state = state_of(self.stepper, stored)
        self.violated: set[str] = set()
        """Ids of the claims that were broken since the last `take_violated`."""
        self.taken: set[str] = set()
        """Names of the actions that were taken."""
        self._task = self.stepper.names.index("task")
        self._wiped_slot = wiped_slot(scope, self.stepper.model.device)
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
        return Task(self.state[self._task])

    @property
    def stored(self) -> Stored:
        """What flash and eFuse should hold."""
        return stored_in_state(self.stepper, self.state)

    def take_violated(self) -> frozenset[str]:
        """Return the claims that were broken since the last call."""
        violated, self.violated = self.violated, set()
        return frozenset(violated)

    def can(self, *names: str) -> bool:
        """Tell whether one of these actions is possible now."""
        return any(action.name in names for action, _ in self._successors())

    def planned_call(self, *names: str) -> list[SeenOp]:
        """Return the operations that a call would have if the power stays."""
        return self._planned(lambda: self.begin_call(*names), {})

    def planned_boot(
        self,
        is_power_on: bool,
        wakes: bool = False,
        pin: Pin | None = None,
        failures: Mapping[int, FailureExtent] | None = None,
    ) -> list[SeenOp]:
        """Return the operations that a reset would have if the power stays; failures: by number, those that fail."""
        return self._planned(lambda: self.begin_reset(is_power_on, wakes, pin), failures or {})

    def begin_call(self, *names: str) -> str | None:
        """Make a call: take the one of these actions that is possible; None: the call is refused."""
        self._has_wiped, self._is_booting, self.has_raised = None, False, False
        if self.task is not Task.RUN:
            raise Divergence(f"a call while the model is at {self.task.name}")
        possible = [action for action, _ in self._successors() if action.name in names]
        if not possible:
            return None
        self._take(possible[0].name)
        return possible[0].name

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
        self._decide()
        if self._is_of_slot_data(op):
            self._follow_data(op, after, reaches_end, fails)
        else:
            if op != self._due_op():
                raise Divergence(f"the device: {op}; the model at {self.task.name}: {self._due_op() or 'nothing'}")
            if fails is not None:
                self._fail(op, fails)
            else:
                self._go(*next(pair for pair in self._successors() if pair[0].kind is Kind.FLASH))
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
        elif op == self._due_op():
            starts = [()]
        else:
            raise Divergence(f"the device: {op}; the model at {self.task.name}: {self._due_op() or 'nothing'}")
        begin = self.state
        for names in starts:
            state = self._after(begin, names)
            for action, left in self._successors(state):
                if action.kind is not Kind.CUT or action.weakest is None or action.weakest > fault:
                    continue
                if stored_in_state(self.stepper, left) == after:
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
        due = self._due_op()
        if due is not None and not self._is_booting:
            raise Divergence(f"the device has done with its call; the model goes on with {due} ({self.task.name})")
        self._compare(after)
        expected = program_in_state(self.stepper, self.state)
        if program is not None and program != expected:
            raise Divergence(f"the device runs {program}, the model {expected}")
        if has_ended and self.task is Task.RUN:
            self._take("restart")

    def end_boot(self, running: int | None, after: Stored | None) -> None:
        """The bootloader has started the image at a place; None: it found nothing to start."""
        self._decide()
        due = self._due_op()
        if due is not None:
            raise Divergence(f"the device has booted; the model goes on with {due} ({self.task.name})")
        self._compare(after)
        if self.task is Task.SELECT and running is None:
            return
        place = self.scope.nowhere if running is None else running
        expected = self.stepper.as_dict(self.state)["running"]
        if place != expected:
            raise Divergence(f"the device starts place {place}, the model place {expected}")
        if self.task is Task.STARTED:
            self._take("image_begins")
        elif running is not None:
            raise Divergence(f"the device has started place {place}; the model is at {self.task.name}")

    def _planned(self, begin: Callable[[], object], failures: Mapping[int, FailureExtent]) -> list[SeenOp]:
        state, violated, taken = self.state, set(self.violated), set(self.taken)
        is_astray = self._is_astray
        begin()
        ops: list[SeenOp] = []
        self._decide()
        while (op := self._due_op()) is not None:
            ops.append(op)
            self.op(op, None, fails=failures.get(len(ops) - 1))
            self._decide()
        self.state, self.violated, self.taken, self._is_astray = state, violated, taken, is_astray
        return ops

    def _is_of_slot_data(self, op: SeenOp) -> bool:
        """Tell whether it is no step of the model by itself: a part of an image, or a later sector of a wipe."""
        if op.slot is None:
            return False
        return op.kind is OpKind.PROGRAM or (not op.is_first_sector and op.slot == self._has_wiped)

    def _follow_data(self, op: SeenOp, after: Stored | None, reaches_end: bool, fails: FailureExtent | None) -> None:
        """Take the actions of write(), if what lies in the slot tells of any."""
        if op.kind is OpKind.ERASE or after is None:
            return
        begin, suffix = self.state, "" if fails is None else "_fails"
        self.has_raised = self.has_raised or fails is not None
        for names in self._writes(suffix):
            state = self._after(begin, names)
            if stored_in_state(self.stepper, state) == after:
                is_whole = reaches_end and fails in (None, FailureExtent.ALL)
                broken = f"write_rest_broken{suffix}"
                for name in (*names, *((broken,) if is_whole and self._is_possible(state, broken) else ())):
                    self._take(name)
                self._is_astray = self._is_astray or fails is not None
                return
        self._refuse_mended(after)
        self._refuse_astray()
        expected = stored_in_state(self.stepper, begin)
        raise Divergence(f"the device: {op} leaves {after}; the model: {expected}", cause=f"data: {op}")

    def _refuse_mended(self, after: Stored) -> None:
        """Refuse an image that was written over, or torn, and is made whole again without an erase."""
        fields = self.stepper.as_dict(self.state)
        broken = [slot for slot in range(self.scope.slots) if fields[f"slot{slot}_content"] == Content.BROKEN]
        loadable = (slot for slot in broken if not fields.get(f"slot{slot}_is_loadable", 0))
        if any(after.slots[slot].verifies for slot in broken) or any(after.slots[slot].loads for slot in loadable):
            raise OutOfModel("a damaged image is made whole without an erase")

    def _refuse_astray(self) -> None:
        if self._is_astray:
            raise OutOfModel("what is written over what a failed operation left changes the description")

    def _writes(self, suffix: str = "") -> Iterator[tuple[str, ...]]:
        """Yield what a write() can be: nothing, the first part of an image, the rest of it or its headers, both, the
        same again, or another image over it. suffix: of the names of writes that fail."""
        if suffix or not self._is_possible(self.state, "write_again"):
            yield ()
        later = (f"write_rest{suffix}", "write_headers")
        for action, state in self._successors():
            name = action.name
            if not name.startswith("write_") or self.task is not Task.RUN:
                continue
            if name in ("write_again", "write_over") or ("_fails" in name) == bool(suffix):
                yield (name,)
                yield from ((name, part) for part in later if self._is_possible(state, part))

    def _is_possible(self, state: State, name: str) -> bool:
        return any(action.name == name for action, _ in self._successors(state))

    def _after(self, state: State, names: tuple[str, ...]) -> State:
        for name in names:
            state = next(after for action, after in self._successors(state) if action.name == name)
        return state

    def _decide(self) -> None:
        """Let the bootloader decide, up to its next operation or to the start of an image."""
        while self._is_booting and self.task is Task.SELECT and not self._resets_anew:
            (action, state), *others = [pair for pair in self._successors() if pair[0].kind is Kind.BOOT]
            if others:
                raise Divergence(f"the model cannot decide between {action.name} and {others[0][0].name}")
            self._go(action, state)

    @property
    def _resets_anew(self) -> bool:
        """The bootloader has found no test app to start."""
        return self._pin is Pin.TEST_APP and not self.stepper.as_dict(self.state)["pin"]

    def _due_op(self) -> SeenOp | None:
        """Return the operation that the model does next, if it is to do one."""
        fields = self.stepper.as_dict(self.state)
        task, sector = self.task, fields["sector"]
        if task is Task.TRY and self.scope.is_patched:
            return SeenOp(OpKind.PROGRAM, record=sector)
        if task in REWRITES:
            return SeenOp(OpKind.PROGRAM if fields["phase"] else OpKind.ERASE, record=sector)
        if task in ERASES:
            return SeenOp(OpKind.ERASE, record=sector)
        if task in WIPES:
            slot = self.stepper.value(self._wiped_slot, self.state)
            return SeenOp(OpKind.ERASE, slot=slot, is_first_sector=True)
        return BURN if task in BURNS else None

    def _compare(self, after: Stored | None) -> None:
        expected = self.stored
        if after is not None and expected != after:
            where = f"stored at {self.task.name}: {', '.join(unlike_parts(after, expected))}"
            raise Divergence(f"the device holds {after}; the model at {self.task.name} {expected}", cause=where)

    def _successors(self, state: State | None = None) -> list[tuple[Action, State]]:
        actions = self.stepper.model.actions
        found = self.stepper.successors(self.state if state is None else state)
        return [(actions[number], after) for number, after in found]

    def _take(self, name: str) -> None:
        for action, state in self._successors():
            if action.name == name:
                self._go(action, state)
                return
        raise Divergence(f"the model cannot {name} at {self.task.name}")

    def _go(self, action: Action, state: State) -> None:
        self.state = state
        self.taken.add(action.name)
        if self.task is not Task.RUN:
            # A program between two calls is looked at once its call has returned: nobody sees it before.
            self.look_at_claims()

    def look_at_claims(self) -> None:
        """Note which claims the present state breaks."""
        if self._asks_claims:
            self.violated |= _violated_claims(self.stepper, self.state)


@lru_cache(maxsize=1024)
def _stepper(scope: Scope) -> Stepper:
    """Return the stepper of a scope; random histories go through a few hundred scopes, again and again."""
    return Stepper(device_model(scope))


@lru_cache(maxsize=1 << 16)
def _violated_claims(model: Stepper, state: State) -> frozenset[str]:
    """Return the ids of the claims that a state breaks."""
    return frozenset(claim_id for claim_id, is_kept in _claim_terms(model) if not model.value(is_kept, state))


@lru_cache(maxsize=1024)
def _claim_terms(model: Stepper) -> tuple[tuple[str, Bool], ...]:
    """Return the claims by their ids; those whose ghosts the model lacks are left out."""
    scope = model.model.scope
    return tuple(
        (item.claim.id, item.kept_in(model.model))
        for item in DEVICE_CLAIMS
        if item.ghosts <= scope.ghosts and item.applies_to(scope)
    )
