"""Whole calls of impl do to flash and eFuse what the device model's chains of micro-steps do, for all otadata.

Each call runs unchanged on a symbolic board (symbolic_board.py): two entries of any number, state word, label and check
word, slots of any content and version. Every path through it is set against every chain of the model's own actions
(model_chains.py, call_agreement.py): the same operations in the same order at the same addresses, the same bytes, the
same end. The paths leave nothing out: under the premises, the condition of one of them always holds. A call that the
model has no action for, since it is refused there, changes nothing and raises an error.

Premises, beside those of impl_refines_model.py. For calls that write a new number: the numbers of records with a right
check word lie from 1 to TOP - 1, which is `has_next_number` of the model. What runs, where it is a slot, holds an image
that verifies and whose version is allowed: the bootloader started it. A session that has written nothing has no image
that verifies. Secure versions are 0 … VERSIONS - 1, and factory's is 0. An image that verifies in the application
loads. The lemmas `open_functions` and `runs_whole` show what can be shown of these (call_premises.py).

Not every case is looked at with more than FEW_SLOTS slots (call_cases.py: places, scopes, most_boot_slots). write(),
restart and wake write no otadata and are no part of this.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import z3

from ...impl.app.esp_ota import OTA_SIZE_UNKNOWN
from ...impl.app.otaupgrade import OtaUpgrade
from ...impl.board import App
from ...impl.partitions.partition import AppSubtype, PartitionType
from ...model.config import Config, Release
from ...model.device.api_calls import RESUME_FROM
from ...model.device.model import device_model
from ...model.device.scope_text import scope_title
from ...model.device.state import Scope, Task
from ..smt.lemma import Lemma, LemmaVerdict, Result, prove_always, prove_each
from .call_agreement import Agreement, PathOutcome
from .call_cases import (
    EFUSE,
    FEW_SLOTS,
    SESSIONS,
    CallCase,
    alike,
    app_cases,
    app_outcome,
    boot_cases,
    boot_outcome,
    most_boot_slots,
    partition_at,
    scopes,
    slot_sectors,
)
from .call_premises import PREMISES
from .impl_decisions import MAX_SLOTS, equality
from .model_chains import Chain, chains, terms_of_chains
from .symbolic_board import symbolic_calls
from .symbolic_entries import LOGIC
from .symbolic_execution import Path, explored_paths

CALL_ENDS = (Task.RUN, Task.SELECT)
BOOT_ENDS = (Task.STARTED, Task.STUCK)
BOOT_ACTIONS = ("boot_aborts", "boot_tries_new", "boot_burns", "boot_starts")


@dataclass(frozen=True, slots=True)
class WholeCall:
    """One call: how impl is asked for it, and the actions with which the model begins it."""

    name: str
    sentence: str
    actions: tuple[str, ...]
    """With {slot} in place of the slot that is asked for."""
    run: Callable[[App, CallCase], None]
    rules: tuple[str, ...] = ()
    """The fields of AppRules that it reads; no path may read another."""
    unread: tuple[str, ...] = (SESSIONS,)
    """Attributes of EspOta that it does not read: no path may."""
    wrote: tuple[int, ...] = ()
    """Bytes that an upgrade in progress has written; each is looked at, and no upgrade."""
    needs_number: bool = False
    """It writes a record with a new number."""
    asks: Callable[[CallCase], Iterable[int | None]] = lambda case: (None,)
    """The slots that it is given in a case, each in turn; nothing where the case has no such call."""

    def names(self, scope: Scope) -> frozenset[str]:
        """Return the names of its actions, whichever slot it is given."""
        return frozenset(action.format(slot=slot) for action in self.actions for slot in range(scope.slots))

    def prove(self) -> Result:
        """Prove it in each case that has the call."""
        return prove_each((case.name, self.prove_in(case)) for case in self.cases())

    def cases(self) -> Iterator[CallCase]:
        """Yield the cases that have the call."""
        for case in app_cases(self.rules, self.unread, self.wrote):
            yield from (replace(case, asked=asked) for asked in self.asks(case))

    def prove_in(self, case: CallCase) -> Result:
        """Prove it in one case."""
        run = partial(app_outcome, case, lambda app: self.run(app, case), self.rules, self.unread)
        actions = [action.format(slot=case.asked) for action in self.actions]
        return prove_followed(case, run, case.given(self.needs_number), Task.RUN, actions, CALL_ENDS)


def prove_boot() -> Result:
    """Prove that the bootloader does what the model's does, in each of its cases."""
    return prove_each((case.name, prove_boot_in(case)) for case in boot_cases())


def prove_boot_in(case: CallCase) -> Result:
    """Prove it in one case."""
    run = partial(boot_outcome, case)
    return prove_followed(case, run, case.given(needs_number=False), Task.SELECT, BOOT_ACTIONS, BOOT_ENDS)


def prove_followed(
    case: CallCase, run: Callable[[], PathOutcome], given: Any, task: Task, actions: Iterable[str], ends: Iterable[Task]
) -> Result:
    """Prove that the paths leave nothing out, and that each does what the model's chains do."""
    with symbolic_calls():
        paths = explored_paths(run, given)
    found = list(chains(device_model(case.scope), case.fields(task), actions, ends))
    taken = [(case.view(chain.condition), chain) for chain in found]
    agreement = Agreement(case.view, slot_sectors(case.scope))
    is_covered = z3.Or(*(path.condition for path in paths))
    is_followed = (_is_followed(path, taken, agreement) for path in paths)
    result = prove_always(z3.And(is_covered, *is_followed), [given], LOGIC)
    if result.holds:
        return Result(result.verdict, f"{len(paths)} paths, {len(found)} chains; z3, bitwuzla")
    covered = prove_always(is_covered, [given], LOGIC)
    return result if covered.holds else Result(covered.verdict, f"a path is missing: {covered.detail}")


def _is_followed(path: Path, taken: Sequence[tuple[Any, Chain]], agreement: Agreement) -> Any:
    """Return the formula that where impl takes the path, the model takes a chain, and only chains that do the same.

    taken: the chains, each with the formula of when the model takes it."""
    outcome: PathOutcome = path.result
    is_taken = z3.Or(outcome.is_refusal, *(condition for condition, _ in taken))
    same = (z3.Implies(condition, agreement(outcome, chain)) for condition, chain in taken)
    return z3.Implies(path.condition, z3.And(is_taken, *same))


def prove_releases() -> Result:
    """Prove that a call's actions are the same for releases that its rules do not tell apart."""
    return prove_each(
        (f"{call.name}, {release.label}, {scope_title(scope)}", _has_same_chains(call, scope, release))
        for call in CALLS
        for scope in scopes(call.rules)
        for release in alike(scope.config.app_release, call.rules)
    )


def _has_same_chains(call: WholeCall, scope: Scope, release: Release) -> Result:
    other = replace(scope, config=replace(scope.config, app_release=release))
    one, another = (
        terms_of_chains(model, [action.name for action in model.actions if action.name in call.names(scope)], CALL_ENDS)
        for model in map(device_model, (scope, other))
    )
    return Result(LemmaVerdict.HOLDS if one == another else LemmaVerdict.REFUTED, "the actions differ")


def _set_boot(app: App, case: CallCase) -> None:
    app.ota.esp_ota_set_boot_partition(app.running if case.asked is None else partition_at(case.scope, case.asked))


def _other_slots(case: CallCase) -> Iterator[int]:
    """Yield the slots that do not run, or with many slots those beside the running one and the last."""
    near = {case.target, case.running + 1, case.running - 1, case.scope.slots - 1}
    slots = range(case.scope.slots)
    yield from (i for i in slots if i != case.running and (case.scope.slots <= FEW_SLOTS or i in near))


def _set_boot_factory(app: App, case: CallCase) -> None:
    app.ota.esp_ota_set_boot_partition(app.partitions.find_first(PartitionType.APP, AppSubtype.FACTORY))


def _resume(app: App, case: CallCase) -> None:
    app.ota.esp_ota_resume(app.ota.esp_ota_get_next_update_partition(), OTA_SIZE_UNKNOWN, 0)


def _call(name: str) -> Callable[[App, CallCase], None]:
    return lambda app, case: getattr(OtaUpgrade, name)(app.otaupgrade)


CALLS = (
    WholeCall(
        "commence",
        "commence(), with esp_ota_begin in it, erases the slot and the spare record as the model does",
        ("commence",),
        _call("commence"),
        rules=(
            "begin_takes_any_partition",
            "begin_gives_handle_first",
            "begin_erases_inactive_entry",
            "begin_refuses_second_session",
        ),
        unread=(EFUSE,),
        wrote=(1,),
    ),
    WholeCall(
        "complete",
        "complete(), with esp_ota_end and esp_ota_set_boot_partition in it, writes the record that the model writes",
        ("complete_fails", "complete", "complete_rejects"),
        _call("complete"),
        rules=("same_slot_in_place",),
        unread=(),
        wrote=(0, 1),
        needs_number=True,
    ),
    WholeCall(
        "accept",
        "accept(), which is esp_ota_mark_app_valid_cancel_rollback, writes and burns what the model does",
        ("accept", "accept_again"),
        _call("accept"),
        rules=("burns_version_of_linked_image",),
    ),
    WholeCall(
        "rollback",
        "rollback(), which is esp_ota_mark_app_invalid_rollback_and_reboot, writes what the model does",
        ("rollback",),
        _call("rollback"),
    ),
    WholeCall(
        "set_boot_running",
        "esp_ota_set_boot_partition of the running slot writes the record that the model writes",
        ("set_boot_running",),
        _set_boot,
        rules=("same_slot_in_place",),
        needs_number=True,
        asks=lambda case: () if case.running == case.scope.factory else (None,),
    ),
    WholeCall(
        "set_boot_other",
        "esp_ota_set_boot_partition of a slot that does not run writes the record that the model writes, or erases an "
        "image whose version is too old",
        ("set_boot_ota_{slot}", "set_boot_ota_{slot}_rejects"),
        _set_boot,
        rules=("same_slot_in_place",),
        needs_number=True,
        asks=_other_slots,
    ),
    WholeCall(
        "set_boot_factory",
        "esp_ota_set_boot_partition of factory erases both records as the model does",
        ("set_boot_factory",),
        _set_boot_factory,
        unread=(SESSIONS, EFUSE),
        asks=lambda case: (None,) if case.scope.has_factory else (),
    ),
    WholeCall(
        "erase_last_boot",
        "esp_ota_erase_last_boot_app_partition erases the slot of the record that does not decide, then the record, as "
        "the model does",
        ("erase_last_boot",),
        lambda app, case: app.ota.esp_ota_erase_last_boot_app_partition(),
        unread=(SESSIONS, EFUSE),
    ),
    WholeCall(
        "resume",
        "esp_ota_resume writes nothing, and is refused where the model refuses it",
        ("session_resume",),
        _resume,
        rules=("begin_takes_any_partition", "resume_refuses_pending", "begin_refuses_second_session"),
        unread=(EFUSE,),
        wrote=(1,),
        asks=lambda case: (None,) if case.scope.config.app_release >= RESUME_FROM else (),
    ),
    WholeCall(
        "abort",
        "esp_ota_abort writes nothing, and is refused without a session",
        ("session_abort",),
        lambda app, case: app.ota.esp_ota_abort(app.otaupgrade._handle or 0),
        unread=(EFUSE,),
        wrote=(1,),
    ),
)
METHOD = (
    f"every path of impl's own call on a symbolic board, with 1 to {FEW_SLOTS} slots, and with {MAX_SLOTS} from four "
    "places without anti-rollback; z3, then bitwuzla"
)
_ROLLBACK, _ANTI_ROLLBACK = (most_boot_slots(Config(rollback=True, anti_rollback=anti)) for anti in (False, True))
BOOT_METHOD = (
    f"every path of impl's own bootloader on a symbolic board, with up to {_ROLLBACK} slots, with anti-rollback "
    f"{_ANTI_ROLLBACK}, without rollback {MAX_SLOTS}; z3, then bitwuzla"
)
WHOLE_CALLS: tuple[Lemma, ...] = (
    *PREMISES,
    equality(
        "releases",
        "releases that the rules of a call do not tell apart have the same actions in the model",
        prove_releases,
        "the terms of the actions, which are one object where they are equal",
    ),
    *(equality(call.name, call.sentence, call.prove, METHOD) for call in CALLS),
    equality(
        "boot",
        "the bootloader aborts, tries, burns and writes a first record as the model does, and starts the same place",
        prove_boot,
        BOOT_METHOD,
    ),
)
"""What is shown, in the cases of call_cases.py; each stands for all releases that its rules do not tell apart."""
