"""The device model for one scope: its fields, where it starts, and every action.

What it leaves out, so that no claim is proved of it, is the table in left_out.py.
"""

from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from itertools import chain

from ..terms.terms import Bool, Op, Term, any_of, number
from .action import Action, Actions
from .api_calls import api_calls
from .boot_steps import boot_steps
from .by_turns.turns_failures import with_turns_failures
from .by_turns.turns_steps import turns_actions
from .calls import calls
from .device_fields import INPUTS, device_of, initial_device
from .end_numbers import first_of_last
from .failing_steps import with_failures
from .flash_steps import flash_steps
from .pin_steps import with_pins
from .power_cuts import cuts
from .records import Numbers, ranked
from .remedy_steps import with_remedies
from .state import Device, Scope, Task
from .writer_steps import other_writers

_RANKED_BY = ("record0_check", "record0_seq", "record1_check", "record1_seq")
"""A change of these can change how the numbers are ranked."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field of the state."""

    name: str
    bits: int
    """Width; 0 for a fact."""
    initial: int

    @property
    def is_input(self) -> bool:
        """No step determines it."""
        return self.name in INPUTS


@dataclass(frozen=True)
class DeviceModel:
    """What a reading of the model reads."""

    scope: Scope
    device: Device
    """The state as its own fields: what claims are written over."""
    fields: tuple[Field, ...]
    actions: tuple[Action, ...]

    @cached_property
    def effects(self) -> dict[str, dict[str, Term]]:
        """By action, the fields that it changes and what it makes of them."""
        return {action.name: self._changes(action) for action in self.actions}

    def starts(self, field: Field) -> tuple[int, ...]:
        """Return the values with which a history starts in a field; they go with any of those of the others."""
        return self.scope.counts if field.name == "slot_count" and self.scope.counts else (field.initial,)

    @cached_property
    def _before(self) -> dict[str, Term]:
        return {name: term for name, term in self.device.terms() if term.op is Op.FIELD}

    def guard(self, action: Action) -> Bool:
        """Return when the action can be taken, its tasks included."""
        return self.device.task.is_in(*action.tasks) & action.when

    def within(self, task: Task) -> "DeviceModel":
        """Return the model as it is in one task, which is certain there: the actions that can be taken in it."""
        actions = tuple(action for action in self.actions if task in action.tasks)
        return replace(self, device=replace(self.device, task=number(task)), actions=actions)

    def can_begin(self, task: Task) -> Bool:
        """Return when the application can begin a call that is this task; never, where the scope has none."""
        return any_of(
            self.guard(action) for action in self.actions if Task.RUN in action.tasks and action.then.task.value == task
        )

    def permits(self, task: Task) -> Bool:
        """Return when ESP-IDF lets the application begin a call that is this task.

        What a remedy of the scope forbids counts as permitted: that refusal is the application's own."""
        return self.permitted.can_begin(task)

    @property
    def permitted(self) -> "DeviceModel":
        """The model without the remedies of its scope: what ESP-IDF lets the application do."""
        return device_model(replace(self.scope, remedies=frozenset())) if self.scope.remedies else self

    def _changes(self, action: Action) -> dict[str, Term]:
        before, after = self._before, dict(action.then.terms())
        if self.scope.numbers is Numbers.RANKED and any(before[name] is not after[name] for name in _RANKED_BY):
            below = first_of_last(self.scope) if self.scope.has_end_numbers else None
            after["record0_seq"], after["record1_seq"] = ranked(action.then.records, self.scope.slots, below)
        return {name: after[name] for name, value in before.items() if after[name] is not value}


@lru_cache(maxsize=256)
def device_model(scope: Scope) -> DeviceModel:
    """Return the model of a scope; the same object each time, as long as it is in use."""
    return build_model(scope)


def build_model(scope: Scope) -> DeviceModel:
    """Return the model of a scope, built anew and kept nowhere."""
    device = device_of(scope)
    plain = turns_actions(scope, device) if scope.is_by_turns else _plain_actions(scope, device)
    remedied = with_remedies(scope, device, plain) if scope.remedies else plain
    failing = with_turns_failures if scope.is_by_turns else with_failures
    actions = (*with_pins(scope, device, failing(scope, device, remedied)), *other_writers(scope, device))
    start = dict(initial_device(scope).terms())
    fields = tuple(
        Field(name, term.bits, start[name].value or 0) for name, term in device.terms() if term.op is Op.FIELD
    )
    possible = tuple(action for action in actions if action.when.value != 0)
    return DeviceModel(scope, device, fields, possible)


def _plain_actions(scope: Scope, device: Device) -> Actions:
    """Yield the actions of ESP-IDF's code."""
    return chain(
        boot_steps(scope, device),
        calls(scope, device),
        api_calls(scope, device),
        flash_steps(scope, device),
        cuts(scope, device),
    )
