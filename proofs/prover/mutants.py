"""Devices with one thing wrong: each breaks a claim that the right device keeps, so the claims can fail.

A mutant is the device model with some actions changed. Its claim is proved of the model as it is; of the mutant the
search finds a counterexample, which both solvers confirm with 32-bit numbers.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from ...model.claims.state_claims import DEVICE_CLAIMS, DeviceClaim
from ...model.config import Config, Release
from ...model.device.model import DeviceModel, device_model
from ...model.device.records import Numbers, Word
from ...model.device.search import DeviceSearch
from ...model.device.state import Scope, Usage
from ...model.device.stepper import Stepper
from ...model.fault_model import FaultModel
from ...model.remedies import Remedy
from ..smt.verification_condition import Condition
from .counterexamples import trace_condition
from .mutant_changes import (
    Change,
    active_sector,
    always_between_calls,
    clears_efuse,
    commences_on_itself,
    commences_under_test,
    erases_both,
    forgets_records,
    in_sector,
    keeps_spare,
    leaves_blank,
    leaves_other_pending,
    marks_unverified,
    names_next,
    names_running,
    never,
    other_sector,
    programs,
    starts_without_looking,
    wipes_running,
    writes_running,
)

_MOST_STATES = 400_000
_AT_ONCE = Scope(Config(rollback=True), 3, faults=FaultModel.F0, usage=Usage.RESTART_AT_ONCE)
_AT_ONCE_5_5 = replace(_AT_ONCE, config=Config(rollback=True, app_release=Release.V5_5))
_AT_ONCE_5_5_TWO = replace(_AT_ONCE_5_5, slots=2)
_PLAIN = replace(_AT_ONCE, config=Config())
_ANY = Scope(Config(rollback=True), 2, faults=FaultModel.F0)
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
    forgets: frozenset[Remedy] = frozenset()
    """Remedies of the scope that it does not keep to."""

    @property
    def claim(self) -> DeviceClaim:
        """The claim that it breaks."""
        return next(item for item in DEVICE_CLAIMS if item.claim.id == self.killed_by)

    def model(self, numbers: Numbers) -> DeviceModel:
        """Return the model with the thing wrong, and the ghost variables of the claim."""
        scope = replace(self.scope, remedies=self.scope.remedies - self.forgets)
        right = device_model(replace(scope, ghosts=self.claim.ghosts, numbers=numbers))
        return with_changes(right, self.changes)


def with_changes(right: DeviceModel, changes: Mapping[str, Change]) -> DeviceModel:
    """Return the model with some actions changed, by name; raises ValueError for an action that it has not."""
    unknown = set(changes) - {action.name for action in right.actions}
    if unknown:
        raise ValueError(f"there is no {', '.join(sorted(unknown))} to change")
    changed = (
        changes[action.name](right.scope, right.device, action) if action.name in changes else action
        for action in right.actions
    )
    return DeviceModel(right.scope, right.device, right.fields, tuple(a for a in changed if a is not None))


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


MUTANTS: tuple[Mutant, ...] = (
    Mutant(
        "boot_starts_unverified",
        "the bootloader starts what the record names without a look at the image",
        "C1",
        _ANY,
        {"boot_starts": starts_without_looking},
    ),
    Mutant(
        "boot_ignores_the_efuse",
        "the bootloader starts what the record names, whatever its secure version",
        "C8",
        _ANY_BURNING,
        {"boot_starts": starts_without_looking},
    ),
    Mutant(
        "fresh_record_names_another_slot",
        "the first record names the slot after the one that starts",
        "C2",
        _AT_ONCE,
        {"fresh_erases": names_next},
    ),
    Mutant(
        "abort_forgives",
        "the bootloader makes VALID of what was under test, not ABORTED",
        "C13",
        _AT_ONCE,
        {"abort_erases": programs(Word.VALID)},
    ),
    Mutant(
        "try_forgets",
        "the bootloader leaves NEW what it tries, not PENDING_VERIFY",
        "C16",
        _AT_ONCE,
        {"try_erases": programs(Word.NEW)},
    ),
    Mutant(
        "commence_under_test",
        "commence() is not refused while the image is under test",
        "C11",
        _AT_ONCE,
        {"commence": commences_under_test},
    ),
    Mutant(
        "commence_on_itself",
        "commence() is not refused where there is no other slot",
        "C3",
        _ANY_ONE_SLOT,
        {"commence": commences_on_itself},
    ),
    Mutant(
        "commence_wipes_what_runs",
        "commence() wipes the running slot, not the one after",
        "C10",
        _AT_ONCE,
        {"commence_erases": wipes_running},
    ),
    Mutant(
        "commence_keeps_the_spare",
        "commence() leaves the record that names the wiped slot",
        "C2",
        _AT_ONCE_5_5_TWO,
        {"commence_erases": keeps_spare},
    ),
    Mutant(
        "commence_erases_the_active",
        "commence() erases the record that decides, not the spare",
        "C5",
        _AT_ONCE_5_5,
        {"commence_erases": in_sector(active_sector)},
    ),
    Mutant(
        "complete_forgets_to_verify",
        "complete() marks what was written, whole or not",
        "C14",
        _AT_ONCE,
        {"complete": marks_unverified},
    ),
    Mutant(
        "complete_rewrites_the_active",
        "complete() rewrites the record that decides, not the other",
        "C7",
        _AT_ONCE,
        {"complete": in_sector(active_sector)},
    ),
    Mutant(
        "complete_erases_both",
        "complete() erases both records before it writes one",
        "C7",
        _AT_ONCE,
        {"complete_erases": erases_both},
    ),
    Mutant(
        "complete_names_what_runs",
        "complete() marks the running slot, not the new one",
        "C6",
        _AT_ONCE,
        {"complete_erases": names_running},
    ),
    Mutant(
        "complete_accepts",
        "complete() writes VALID, not NEW",
        "C13",
        _AT_ONCE,
        {"complete_erases": programs(Word.VALID)},
    ),
    Mutant(
        "accept_forgets",
        "accept() leaves PENDING_VERIFY what it accepts",
        "C5",
        _AT_ONCE,
        {"accept_erases": programs(Word.PENDING_VERIFY)},
    ),
    Mutant(
        "accept_takes_the_other_record",
        "accept() rewrites the record that does not decide",
        "C11",
        _AT_ONCE,
        {"accept": in_sector(other_sector)},
    ),
    Mutant(
        "rollback_without_another_image",
        "rollback() is not refused where nothing else can start",
        "C6",
        _AT_ONCE,
        {"rollback": always_between_calls},
    ),
    Mutant(
        "rollback_takes_the_other_record",
        "rollback() refuses the image that does not run",
        "C6",
        _AT_ONCE,
        {"rollback": in_sector(other_sector)},
    ),
    Mutant(
        "write_goes_to_what_runs",
        "write() writes into the running slot",
        "C3",
        _AT_ONCE,
        {"write_first": writes_running},
    ),
    Mutant(
        "commence_clears_the_efuse",
        "commence() makes the secure version of the eFuse 0 again",
        "C8",
        _ANY_BURNING,
        {"commence": clears_efuse},
    ),
    Mutant(
        "failed_complete_forgets_the_records",
        "complete() erases otadata where the image does not verify",
        "C5",
        _AT_ONCE,
        {"complete_fails": forgets_records},
    ),
    Mutant(
        "complete_marks_nothing",
        "complete() returns, and its record is not there",
        "C17",
        _PLAIN,
        {"complete_programs": leaves_blank},
    ),
    Mutant(
        "rollback_forgives",
        "rollback() writes VALID, not INVALID",
        "C18",
        _AT_ONCE,
        {"rollback_erases": programs(Word.VALID)},
    ),
    Mutant(
        "complete_marks_what_runs_twice",
        "complete() writes a second record of the running slot",
        "C19",
        _AT_ONCE,
        {"complete_erases": names_running},
    ),
    Mutant(
        "accept_says_nothing",
        "accept() writes UNDEFINED, not VALID",
        "C20",
        _AT_ONCE,
        {"accept_erases": programs(Word.UNDEFINED)},
    ),
    Mutant(
        "write_forgets_the_records",
        "write() of the last part erases otadata",
        "C21",
        _AT_ONCE,
        {"write_rest": forgets_records},
    ),
    Mutant(
        "rollback_forgets_the_way_back",
        "rollback() erases the record of the image before, too",
        "C22",
        _AT_ONCE,
        {"rollback_erases": erases_both},
    ),
    Mutant(
        "accept_puts_the_other_image_under_test",
        "accept() makes PENDING_VERIFY of the record that does not decide",
        "C24",
        _AT_ONCE,
        {"accept_programs": leaves_other_pending},
    ),
    Mutant(
        "abort_accepts",
        "the bootloader makes VALID of what was under test, from 5.5 on",
        "C25",
        _AT_ONCE_5_5,
        {"abort_erases": programs(Word.VALID)},
    ),
    Mutant(
        "set_boot_selects_the_next",
        "esp_ota_set_boot_partition() of the running slot selects the slot after",
        "C23",
        replace(_ANY, config=Config()),
        {"set_boot_erases": names_next},
    ),
    Mutant(
        "boot_tries_the_other_record",
        "the bootloader puts the record under test that does not decide",
        "C15",
        _AT_ONCE,
        {"boot_tries_new": in_sector(other_sector)},
    ),
    Mutant(
        "commence_is_refused",
        "commence() always raises an error",
        "C15",
        _AT_ONCE,
        {"commence": never},
    ),
)
"""All mutants. C4 has none: no device keeps it."""
