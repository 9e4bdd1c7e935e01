"""Whole calls of impl do to flash and eFuse what the device model's chains of micro-steps do, for all otadata.

Each call runs unchanged on a symbolic board (symbolic_board.py): two entries of any number, state word, label and check
word, slots of any content and version. Every path through it is set against every chain of the model's own actions
(model_chains.py, call_agreement.py): the same operations in the same order at the same addresses, the same bytes, the
same end. The paths leave nothing out: under the premises, the condition of one of them always holds. A call that the
model has no action for, since it is refused there, changes nothing and raises an error.

Premises, beside those of impl_refines_model.py. For calls that write a new number: the numbers of records with a right
check word lie from 1 to TOP - 1, which is `has_next_number` of the model. What runs, where it is a slot, holds an image
that verifies and whose version is allowed: the bootloader started it. A session that has written nothing has no image
that verifies. Secure versions are 0 … VERSIONS - 1. The lemma `open_functions` shows that impl's own functions are
among those that the open ones stand for.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import z3

from ...impl import otadata
from ...impl.app.otaupgrade import OtaUpgrade
from ...impl.board import App
from ...impl.partitions.partition import AppSubtype, PartitionType
from ...model.device.model import device_model
from ...model.device.state import Task
from ..smt.lemma import Lemma, Result, prove_always, prove_each
from . import impl_refines_model
from .call_agreement import Outcome, agreement
from .call_cases import Case, app_cases, app_outcome, boot_cases, boot_outcome, distance, has_room, slot_sectors
from .impl_decisions import equality
from .model_chains import Chain, chains
from .symbolic_board import symbolic_calls
from .symbolic_entries import LOGIC, word
from .symbolic_execution import Path, SymWord, bits_of, explored_paths

CALL_ENDS = (Task.RUN, Task.SELECT)
BOOT_ENDS = (Task.STARTED, Task.STUCK)
BOOT_ACTIONS = ("boot_aborts", "boot_tries_new", "boot_burns", "boot_starts")


@dataclass(frozen=True, slots=True)
class WholeCall:
    """One call: how impl is asked for it, and the actions with which the model begins it."""

    name: str
    sentence: str
    actions: tuple[str, ...]
    run: Callable[[App], None]
    needs_number: bool = False
    """It writes a record with a new number."""
    is_for: Callable[[Case], bool] = lambda case: True
    """Whether a case has the call."""

    def prove(self) -> Result:
        """Prove it in each case that has the call."""
        return prove_each((case.name, self.prove_in(case)) for case in app_cases() if self.is_for(case))

    def prove_in(self, case: Case) -> Result:
        """Prove it in one case."""
        run = partial(app_outcome, case, self.run)
        return prove_followed(case, run, case.given(self.needs_number), Task.RUN, self.actions, CALL_ENDS)


def prove_boot() -> Result:
    """Prove that the bootloader does what the model's does, in each of its cases."""
    return prove_each((case.name, prove_boot_in(case)) for case in boot_cases())


def prove_boot_in(case: Case) -> Result:
    """Prove it in one case."""
    run = partial(boot_outcome, case)
    return prove_followed(case, run, case.given(needs_number=False), Task.SELECT, BOOT_ACTIONS, BOOT_ENDS)


def prove_followed(
    case: Case, run: Callable[[], Outcome], given: Any, task: Task, actions: Iterable[str], ends: Iterable[Task]
) -> Result:
    """Prove that the paths leave nothing out, and that each does what the model's chains do."""
    with symbolic_calls():
        paths = explored_paths(run, given)
    found = list(chains(device_model(case.scope), case.fields(task), actions, ends))
    taken = [(case.view(chain.condition), chain) for chain in found]
    is_covered = z3.Or(*(path.condition for path in paths))
    result = prove_always(z3.And(is_covered, *(_is_followed(case, path, taken) for path in paths)), [given], LOGIC)
    if result.holds:
        return Result(result.verdict, f"{len(paths)} paths, {len(found)} chains; z3, bitwuzla")
    covered = prove_always(is_covered, [given], LOGIC)
    return result if covered.holds else Result(covered.verdict, f"a path is missing: {covered.detail}")


def _is_followed(case: Case, path: Path, taken: Sequence[tuple[Any, Chain]]) -> Any:
    """Return the formula that where impl takes the path, the model takes a chain, and only chains that do the same.

    taken: the chains, each with the formula of when the model takes it."""
    slots = slot_sectors(case.scope)
    outcome: Outcome = path.result
    same = (z3.Implies(condition, agreement(case.view, outcome, chain, slots)) for condition, chain in taken)
    is_taken = z3.Or(outcome.is_refusal, *(condition for condition, _ in taken))
    return z3.Implies(path.condition, z3.And(is_taken, *same))


def prove_open_functions() -> Result:
    """Prove of impl's slot_of_seq and next_seq what is asked of the functions that stand for them."""
    return prove_each((f"{count} slots", _prove_open_functions(count)) for count in impl_refines_model.COUNTS)


def _prove_open_functions(count: int) -> Result:
    def run() -> tuple[Any, ...]:
        seq, slot = SymWord.free("seq"), SymWord.free("slot")
        following = otadata.next_seq(seq, slot, count)  # type: ignore[arg-type]  # words stand for numbers
        named, then = otadata.slot_of_seq(seq, count), otadata.slot_of_seq(following, count)  # type: ignore[arg-type]
        return following, named, then, otadata.slot_of_seq(slot + 1, count)  # type: ignore[arg-type]

    seq, slot = z3.BitVecs("seq slot", 32)
    given = z3.And(has_room(seq), z3.ULT(slot, count))
    paths = explored_paths(run, given)
    facts = [z3.Or(*(path.condition for path in paths))]
    for path in paths:
        following, named, then, first = map(bits_of, path.result)
        is_next = following == seq + distance(named, slot, word(count))
        facts.append(z3.Implies(path.condition, z3.And(z3.ULT(named, count), is_next, then == slot, first == slot)))
    return prove_always(z3.And(*facts), [given])


def _is_run_from_slot(case: Case) -> bool:
    return case.running != case.scope.factory


def _set_boot_running(app: App) -> None:
    app.ota.esp_ota_set_boot_partition(app.running)


def _set_boot_factory(app: App) -> None:
    app.ota.esp_ota_set_boot_partition(app.partitions.find_first(PartitionType.APP, AppSubtype.FACTORY))


def _has_factory(case: Case) -> bool:
    return case.scope.has_factory


def _call(name: str) -> Callable[[App], None]:
    return lambda app: getattr(OtaUpgrade, name)(app.otaupgrade)


CALLS = (
    WholeCall(
        "commence",
        "commence(), with esp_ota_begin in it, erases the slot and the spare record as the model does",
        ("commence",),
        _call("commence"),
    ),
    WholeCall(
        "complete",
        "complete(), with esp_ota_end and esp_ota_set_boot_partition in it, writes the record that the model writes",
        ("complete_fails", "complete", "complete_rejects"),
        _call("complete"),
        needs_number=True,
    ),
    WholeCall(
        "accept",
        "accept(), which is esp_ota_mark_app_valid_cancel_rollback, writes and burns what the model does",
        ("accept", "accept_again"),
        _call("accept"),
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
        _set_boot_running,
        needs_number=True,
        is_for=_is_run_from_slot,
    ),
    WholeCall(
        "set_boot_factory",
        "esp_ota_set_boot_partition of factory erases both records as the model does",
        ("set_boot_factory",),
        _set_boot_factory,
        is_for=_has_factory,
    ),
)
METHOD = "every path of impl's own call on a symbolic board; z3, then bitwuzla"
WHOLE_CALLS: tuple[Lemma, ...] = (
    equality(
        "open_functions",
        "impl's slot_of_seq and next_seq are among the functions that the ones left open stand for",
        prove_open_functions,
    ),
    *(equality(call.name, call.sentence, call.prove, METHOD) for call in CALLS),
    equality(
        "boot",
        "the bootloader aborts, tries, burns and writes a first record as the model does, and starts the same place",
        prove_boot,
        METHOD,
    ),
)
"""What is shown, for the slot counts of impl_refines_model.COUNTS and all releases."""
