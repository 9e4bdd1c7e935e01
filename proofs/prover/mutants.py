"""Devices with one thing wrong: each breaks a claim that the right device keeps, so the claims can fail.

A mutant is the device model with some actions changed. Its claim is proved of the model as it is; of the mutant the
search finds a counterexample, which both solvers confirm with 32-bit numbers.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from ...model.claims.state_claims import DEVICE_CLAIMS, DeviceClaim
from ...model.config import Config, Release
from ...model.device.action import Action
from ...model.device.calls import has_next_number
from ...model.device.device_parts import record_in, slot_at, with_record, with_slot
from ...model.device.model import DeviceModel, device_model
from ...model.device.records import BLANK, Numbers, Word, active
from ...model.device.search import DeviceSearch
from ...model.device.selection import is_version_allowed, next_update_slot
from ...model.device.state import Content, Device, Scope, Slot, Task, Usage
from ...model.device.stepper import Stepper
from ...model.fault_model import FaultModel
from ...model.terms.terms import Num, choose, fact, number
from ..smt.verification_condition import Condition
from .counterexamples import trace_condition

Change = Callable[[Scope, Device, Action], Action | None]
"""From an action to what the mutant does instead; None: it never does it."""

_MOST_STATES = 400_000
_PROPER = Scope(Config(rollback=True), 3, faults=FaultModel.F0, usage=Usage.RESTART_AT_ONCE)
_PROPER_5_5 = replace(_PROPER, config=Config(rollback=True, app_release=Release.V5_5))
_PROPER_5_5_TWO = replace(_PROPER_5_5, slots=2)
_ANY = Scope(Config(rollback=True), 2, faults=FaultModel.F0)
_ANY_6_0 = replace(_ANY, config=Config(rollback=True, app_release=Release.V6_0))
_ANY_ONE_SLOT = replace(_ANY, slots=1)
_ANY_BURNING = Scope(Config(rollback=True, anti_rollback=True), 2, faults=FaultModel.F0, versions=2)


@dataclass(frozen=True, slots=True)
class Mutant:
    """One thing wrong."""

    name: str
    sentence: str
    """What it does wrong."""
    killed_by: str
    """Id of the claim that it breaks."""
    scope: Scope
    """Scope in which the claim holds of the model as it is."""
    changes: Mapping[str, Change]
    """By name of the action that is changed."""

    @property
    def claim(self) -> DeviceClaim:
        """The claim that it breaks."""
        return next(item for item in DEVICE_CLAIMS if item.claim.id == self.killed_by)

    def model(self, numbers: Numbers) -> DeviceModel:
        """Return the model with the thing wrong, and the ghost variables of the claim."""
        right = device_model(replace(self.scope, ghosts=self.claim.ghosts, numbers=numbers))
        unknown = set(self.changes) - {action.name for action in right.actions}
        if unknown:
            raise ValueError(f"{self.name} changes {', '.join(sorted(unknown))}, which the model has not")
        changed = (self._changed(right, action) for action in right.actions)
        return DeviceModel(right.scope, right.device, right.fields, tuple(a for a in changed if a is not None))

    def _changed(self, right: DeviceModel, action: Action) -> Action | None:
        change = self.changes.get(action.name)
        return action if change is None else change(right.scope, right.device, action)


def shortest_counterexample(mutant: Mutant) -> tuple[str, ...] | None:
    """Return the actions of a shortest trace on which the mutant breaks its claim; None when it does not."""
    model = mutant.model(Numbers.RANKED)
    steps = Stepper(model)
    kept = mutant.claim.kept_in(model)
    trace = DeviceSearch(steps).first(lambda state: not steps.value(kept, state), _MOST_STATES)
    return None if trace is None else trace.actions


def breaking_condition(mutant: Mutant, actions: tuple[str, ...]) -> Condition:
    """Return the question whether the trace breaks the claim with 32-bit numbers, too."""
    model = mutant.model(Numbers.EXACT)
    return trace_condition(model, actions, mutant.claim.kept_in(model), mutant.name)


def _programs(word: Word) -> Change:
    """The record gets another state word."""

    def change(scope: Scope, device: Device, action: Action) -> Action:
        record = replace(record_in(action.then, device.sector), word=number(word, 3))
        return replace(action, then=replace(action.then, records=with_record(action.then, device.sector, record)))

    return change


def _in_sector(sector: Callable[[Device], Num]) -> Change:
    """Another sector is rewritten."""
    return lambda scope, device, action: replace(action, then=replace(action.then, sector=sector(device)))


def _active_sector(device: Device) -> Num:
    return active(device.records).sector


def _other_sector(device: Device) -> Num:
    return active(device.records).other_sector


def _always_between_calls(scope: Scope, device: Device, action: Action) -> Action:
    return replace(action, when=fact(True))


def _commences_under_test(scope: Scope, device: Device, action: Action) -> Action:
    return replace(action, when=~device.session & (next_update_slot(device) != device.running))


def _commences_on_itself(scope: Scope, device: Device, action: Action) -> Action:
    return replace(action, when=~device.session)


def _wipes_running(scope: Scope, device: Device, action: Action) -> Action:
    empty = Slot(number(Content.EMPTY, 2), number(0), fact(False), fact(False), fact(False))
    return replace(action, then=replace(action.then, slots=with_slot(device, device.running, empty)))


def _marks_unverified(scope: Scope, device: Device, action: Action) -> Action:
    target = slot_at(device, next_update_slot(device))
    return replace(
        action,
        when=device.session
        & target.has_description
        & has_next_number(scope, device)
        & is_version_allowed(scope, device, target.version),
    )


def _names_running(scope: Scope, device: Device, action: Action) -> Action:
    record = replace(record_in(action.then, device.sector), slot=device.running)
    return replace(action, then=replace(action.then, records=with_record(action.then, device.sector, record)))


def _erases_both(scope: Scope, device: Device, action: Action) -> Action:
    other = choose(device.sector == 0, number(1), number(0))
    records = with_record(action.then, other, BLANK)
    return replace(action, then=replace(action.then, records=records))


def _starts_without_looking(scope: Scope, device: Device, action: Action) -> Action:
    chosen = active(device.records)
    place = choose(chosen.is_some, chosen.of(device.records).slot, number(0))
    return replace(action, then=replace(action.then, task=number(Task.STARTED), running=place))


def _names_next(scope: Scope, device: Device, action: Action) -> Action:
    record = replace(record_in(action.then, device.sector), slot=next_update_slot(device))
    return replace(action, then=replace(action.then, records=with_record(action.then, device.sector, record)))


def _keeps_spare(scope: Scope, device: Device, action: Action) -> Action:
    nowhere = number(scope.nowhere)
    done = replace(action.then, task=number(Task.RUN), sector=number(0), old_choice=nowhere, new_choice=nowhere)
    return replace(action, then=done)


MUTANTS: tuple[Mutant, ...] = (
    Mutant(
        "boot_starts_unverified",
        "the bootloader starts what the record names without a look at the image",
        "C1",
        _ANY,
        {"boot_starts": _starts_without_looking},
    ),
    Mutant(
        "boot_ignores_the_efuse",
        "the bootloader starts what the record names, whatever its secure version",
        "C8",
        _ANY_BURNING,
        {"boot_starts": _starts_without_looking},
    ),
    Mutant(
        "fresh_record_names_another_slot",
        "the first record names the slot after the one that starts",
        "C2",
        _PROPER,
        {"fresh_erases": _names_next},
    ),
    Mutant(
        "abort_forgives",
        "the bootloader makes VALID of what was under test, not ABORTED",
        "C13",
        _PROPER,
        {"abort_erases": _programs(Word.VALID)},
    ),
    Mutant(
        "try_forgets",
        "the bootloader leaves NEW what it tries, not PENDING_VERIFY",
        "C16",
        _PROPER,
        {"try_erases": _programs(Word.NEW)},
    ),
    Mutant(
        "commence_under_test",
        "commence() is not refused while the image is under test",
        "C11",
        _PROPER,
        {"commence": _commences_under_test},
    ),
    Mutant(
        "commence_on_itself",
        "commence() is not refused where there is no other slot",
        "C3",
        _ANY_ONE_SLOT,
        {"commence": _commences_on_itself},
    ),
    Mutant(
        "commence_wipes_what_runs",
        "commence() wipes the running slot, not the one after",
        "C10",
        _PROPER,
        {"commence_erases": _wipes_running},
    ),
    Mutant(
        "commence_keeps_the_spare",
        "commence() leaves the record that names the wiped slot",
        "C2",
        _PROPER_5_5_TWO,
        {"commence_erases": _keeps_spare},
    ),
    Mutant(
        "commence_erases_the_active",
        "commence() erases the record that decides, not the spare",
        "C5",
        _PROPER_5_5,
        {"commence_erases": _in_sector(_active_sector)},
    ),
    Mutant(
        "complete_forgets_to_verify",
        "complete() marks what was written, whole or not",
        "C14",
        _PROPER,
        {"complete": _marks_unverified},
    ),
    Mutant(
        "complete_rewrites_the_active",
        "complete() rewrites the record that decides, not the other",
        "C7",
        _PROPER,
        {"complete": _in_sector(_active_sector)},
    ),
    Mutant(
        "complete_erases_both",
        "complete() erases both records before it writes one",
        "C7",
        _PROPER,
        {"complete_erases": _erases_both},
    ),
    Mutant(
        "complete_names_what_runs",
        "complete() marks the running slot, not the new one",
        "C6",
        _PROPER,
        {"complete_erases": _names_running},
    ),
    Mutant(
        "complete_accepts",
        "complete() writes VALID, not NEW",
        "C13",
        _PROPER,
        {"complete_erases": _programs(Word.VALID)},
    ),
    Mutant(
        "accept_forgets",
        "accept() leaves PENDING_VERIFY what it accepts",
        "C5",
        _PROPER,
        {"accept_erases": _programs(Word.PENDING_VERIFY)},
    ),
    Mutant(
        "accept_takes_the_other_record",
        "accept() rewrites the record that does not decide",
        "C11",
        _PROPER,
        {"accept": _in_sector(_other_sector)},
    ),
    Mutant(
        "rollback_without_another_image",
        "rollback() is not refused where nothing else can start",
        "C6",
        _PROPER,
        {"rollback": _always_between_calls},
    ),
    Mutant(
        "rollback_takes_the_other_record",
        "rollback() refuses the image that does not run",
        "C6",
        _PROPER,
        {"rollback": _in_sector(_other_sector)},
    ),
    Mutant(
        "set_boot_takes_the_other_record",
        "esp_ota_set_boot_partition() writes a second record of the running slot, as before 6.0",
        "C15",
        _ANY_6_0,
        {"set_boot_running": _in_sector(_other_sector)},
    ),
)
"""All mutants. C4 has none: no device keeps it."""
