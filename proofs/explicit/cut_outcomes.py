"""Is it power-safe? What boots after a power cut inside each call, set against what would have booted without it.

A call begins in a state of the device model and ends, when nothing disturbs it, in another one. What the next power-on
starts is `old` before it and `new` after it. A cut leaves a third state; what starts from there is one of the two, or a
third place, or nothing. All of that is decided for *every* reachable state from which the call can begin, and of every
cut in it, so each cell of the table is an exact set: no history, of any length, adds to it or could be left out.

A trace to an outcome is one with the fewest cuts and, of those, one with the fewest steps.

Left out: a cut inside the power-on that follows a cut is a cut inside `power_on`, with a row of its own. write() is one
step of the model: what a torn one leaves is a partial or a broken image, which is where it began or ends.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import Enum

from ...model.device.action import Kind
from ...model.device.search import DeviceSearch
from ...model.device.selection import boot_choice
from ...model.device.state import Scope, Task
from ...model.device.stepper import State, Stepper, stepper
from ...model.fault_model import FaultModel


class Outcome(Enum):
    """What starts at the next power-on that is not cut, after a cut inside a call."""

    SAME = "same"
    """What would have started before the call, and would after it: the two are one."""
    OLD = "old"
    """What would have started before the call, and would not after it."""
    NEW = "new"
    """What starts after the whole call, and would not have before it."""
    THIRD = "THIRD"
    """Another place than either."""
    BRICK = "BRICK"
    """Nothing, though something would have started before the call."""

    @property
    def is_safe(self) -> bool:
        """It is as before the call or as after it."""
        return self not in (Outcome.THIRD, Outcome.BRICK)


class Call(Enum):
    """What a cut can fall into: the calls of otaupgrade, those of ESP-IDF that change flash, and the boot."""

    POWER_ON = "power_on"
    COMMENCE = "commence"
    WRITE = "write"
    COMPLETE = "complete"
    ACCEPT = "accept"
    ROLLBACK = "rollback"
    SET_BOOT_RUNNING = "set_boot_running"
    SET_BOOT_FACTORY = "set_boot_factory"
    SET_BOOT_OTHER = "set_boot_ota"
    """esp_ota_set_boot_partition of an OTA slot that does not run."""
    ERASE_LAST_BOOT = "erase_last_boot"

    def is_begun_by(self, action: str) -> bool:
        """Tell whether an action is the call's first step; complete_fails, for one, is complete()'s."""
        return action == self.value or action.startswith(f"{self.value}_")


BEGINS = frozenset({Task.OFF, Task.RUN})
"""Tasks in which calls begin: the power-on in OFF, any other between calls."""
ENDS: Mapping[Call, frozenset[Task]] = {
    call: frozenset({Task.RUN, Task.STUCK} if call is Call.POWER_ON else {Task.RUN, Task.SELECT}) for call in Call
}
"""Tasks in which a call has ended: the image runs, or nothing was found; the call has returned, or restarts."""
NO_SUCH_CALL = "–"
"""The usage has no such call, or it is never possible."""


@dataclass(frozen=True, slots=True)
class Example:
    """A trace to an outcome."""

    actions: tuple[str, ...]
    """Names of the actions from a device as it left the factory, the cut last."""
    cuts: int
    """How many of them are power cuts."""
    old: int
    """Place that would have started before the call that is cut."""
    new: int
    """Place that starts after it."""
    found: int
    """Place that starts after the cut."""


@dataclass(frozen=True, slots=True)
class Cell:
    """The outcomes of one call under one fault model."""

    call: Call
    faults: FaultModel
    starts: int
    """Reachable states in which the call begins."""
    examples: Mapping[Outcome, Example]
    """Every outcome there is, with a shortest trace to it."""

    @property
    def outcomes(self) -> tuple[Outcome, ...]:
        """The outcomes, the safe ones first."""
        return tuple(outcome for outcome in Outcome if outcome in self.examples)

    @property
    def is_safe(self) -> bool:
        """Whatever the cut, it is as if the call had not begun or had ended."""
        return all(outcome.is_safe for outcome in self.examples)

    def __str__(self) -> str:
        """Return the outcomes in words; "same" goes without saying where "old" or "new" stands."""
        shown = [outcome for outcome in self.outcomes if outcome is not Outcome.SAME]
        is_change_shown = Outcome.OLD in shown or Outcome.NEW in shown
        return ", ".join(o.value for o in (shown if is_change_shown else self.outcomes)) or NO_SUCH_CALL


def outcome_of(old: int, new: int, found: int, nowhere: int) -> Outcome:
    """Return what it means that `found` starts after a cut, and not `old` or `new`."""
    if found == old:
        return Outcome.SAME if old == new else Outcome.OLD
    if found == nowhere:
        return Outcome.BRICK
    return Outcome.NEW if found == new else Outcome.THIRD


def outcomes(scope: Scope) -> tuple[Cell, ...]:
    """Return the exact outcomes of every call in a scope, under the scope's own fault model."""
    search = OutcomeSearch(stepper(replace(scope, ghosts=frozenset())))
    return tuple(search.cell(call) for call in Call)


class OutcomeSearch:
    """Every reachable state of one model, each with a trace to it that has the fewest cuts, then the fewest steps."""

    def __init__(self, steps: Stepper) -> None:
        """Search them all."""
        self.steps = steps
        self.scope = steps.model.scope
        self.names = tuple(action.name for action in steps.model.actions)
        self.is_cut = tuple(action.kind is Kind.CUT for action in steps.model.actions)
        self._task = steps.names.index("task")
        self._choice_term = boot_choice(self.scope, steps.model.device)
        self._choices: dict[State, int] = {}
        self.search = DeviceSearch(steps, is_costly=lambda action, before: self.is_cut[action])
        for _ in self.search:
            pass

    def task(self, state: State) -> Task:
        """Return what is going on in a state."""
        return Task(state[self._task])

    def choice(self, state: State) -> int:
        """Return the place that the next power-on starts."""
        known = self._choices.get(state)
        if known is None:
            known = self._choices[state] = self.steps.value(self._choice_term, state)
        return known

    def chain(self, call: Call, state: State) -> list[State]:
        """Return the states that an undisturbed call passes from a state after its first step to its end."""
        passed = [state]
        while self.task(passed[-1]) not in ENDS[call]:
            (after,) = (after for number, after in self.steps.successors(passed[-1]) if not self.is_cut[number])
            passed.append(after)
        return passed

    def begun(self, call: Call) -> Iterator[tuple[State, list[State]]]:
        """Yield each state in which the call begins, with the chain of states after that."""
        for state in self.search.order:
            if self.task(state) in BEGINS:
                for number, after in self.steps.successors(state):
                    if call.is_begun_by(self.names[number]):
                        yield state, self.chain(call, after)

    def cell(self, call: Call) -> Cell:
        """Return what a cut in the call can lead to."""
        starts: set[State] = set()
        shortest: dict[Outcome, tuple[tuple[int, int], list[State]]] = {}
        for start, passed in self.begun(call):
            starts.add(start)
            old, new = self.choice(start), self.choice(passed[-1])
            place = self.search.numbers[start]
            for done, state in enumerate((start, *passed)):
                length = (self.search.costs[place] + 1, self.search.depths[place] + done + 1)
                for left in self.left_by_cuts(state):
                    outcome = outcome_of(old, new, self.choice(left), self.scope.nowhere)
                    if outcome not in shortest or length < shortest[outcome][0]:
                        shortest[outcome] = length, [start, *passed[:done], left, passed[-1]]
        examples = {outcome: self._example(states) for outcome, (_, states) in shortest.items()}
        return Cell(call, self.scope.faults, len(starts), examples)

    def left_by_cuts(self, state: State) -> list[State]:
        """Return what power cuts in a state leave; without power, the state itself."""
        if self.task(state) is Task.OFF:
            return [state]
        return [after for number, after in self.steps.successors(state) if self.is_cut[number]]

    def _example(self, states: list[State]) -> Example:
        """Return the example that goes to the first state, through the others but the last, where no cut leads to."""
        start, *passed, whole = states
        names = list(self.search.trace(self.search.numbers[start]).actions)
        for before, after in zip((start, *passed), passed, strict=False):
            if before != after:
                names.append(self._action_between(before, after))
        cuts = sum(self.is_cut[self.names.index(name)] for name in names)
        return Example(tuple(names), cuts, self.choice(start), self.choice(whole), self.choice(passed[-1]))

    def _action_between(self, before: State, after: State) -> str:
        return next(self.names[number] for number, state in self.steps.successors(before) if state == after)
