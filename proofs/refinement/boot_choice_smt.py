"""The boot choice is what the boot actions do: a question to both solvers, from every state without power.

Claims and outcome tables ask what the next power-on starts as a function of the device: boot_choice() and
device_after_boot(). The bootloader of the model is a chain of actions, with a flash operation in each. Here the chain
is followed symbolically from power_on to its end, on every path, by the effects of the actions themselves. There the
functions and the chain must agree on the place that starts, both records, the eFuse, and that all else is as it was.

The state before need not be reached. All that is known of it is what PREMISES say, which are invariants: the prover
shows that every history keeps them. What a scope allows besides does not happen in such a power-on: no operation fails,
and no pin is held.
"""

from collections.abc import Iterable
from dataclasses import replace
from functools import partial

from ...model.config import Config
from ...model.device.allowance import Failed, HeldPin
from ...model.device.model import DeviceModel, device_model
from ...model.device.records import Numbers
from ...model.device.scope_text import scope_title
from ...model.device.selection import boot_choice, device_after_boot
from ...model.device.state import Phase, Scope, Task
from ...model.terms.terms import Bool, Num, all_of, any_of, number
from ..explicit.cut_outcomes import Call
from ..invariants.mishap_invariants import pin_counts_in_the_bootloader_alone, records_are_in_flash
from ..invariants.record_invariants import slots_of_records_are_in_range, versions_are_in_range
from ..invariants.task_invariants import only_rewrites_program
from ..invariants.turns_invariants import TURNS_PREMISES
from ..smt.lemma import Lemma, Result, prove_condition, prove_each
from ..smt.smtlib import Question
from ..smt.verification_condition import Condition
from .outcomes_smt import CallPath, Values, paths
from .term_states import is_same_state

PREMISES = (
    only_rewrites_program,
    *TURNS_PREMISES,
    slots_of_records_are_in_range,
    versions_are_in_range,
    pin_counts_in_the_bootloader_alone,
    records_are_in_flash,
)
"""No sector lies blank but while a record is rewritten; records name slots, and images have versions, that exist;
without power no pin counts, and the records are what flash holds."""
BEFORE: Values = {
    "task": number(Task.OFF, 5),
    "phase": number(Phase.ERASE, 1),
    "pin": number(HeldPin.NONE, 2),
    "first_failed": number(Failed.NOT, 2),
    "second_failed": number(Failed.NOT, 2),
}
"""What the premises say of some fields before a power-on; a model has those of its scope."""
OF_THE_PROGRAM = ("task", "phase", "sector", "session", "is_power_on")
"""Fields that live in RAM and processor, of which the functions say nothing; what runs is asked for."""


def premises_of(model: DeviceModel) -> dict[str, Bool]:
    """Return the premises by name, those left out that are true of every state by themselves."""
    found = {premise.__name__: premise(model.scope, model.device) for premise in PREMISES}
    return {name: term for name, term in found.items() if term.value is None}


def boot_condition(model: DeviceModel, premises: Iterable[Bool]) -> Condition:
    """Return the question whether some power-on does otherwise than the functions say; it needs "unsat".

    model: best without ghost variables (history variables), which no boot reads. premises: what is known of the state
    before; PREMISES, where they are proved."""
    chosen = boot_choice(model.scope, model.device)
    after = dict(device_after_boot(model.scope, model.device).terms()) | {"running": chosen}
    said = {field.name: after[field.name] for field in model.fields if field.name not in OF_THE_PROGRAM}
    found = boot_paths(model)
    agrees = (path.when.implies(_ends_as_said(model, path, said, chosen)) for path in found)
    ends = any_of(path.when for path in found)
    question = Question(model)
    question.require_all((*premises, model.device.task == Task.OFF, ~(ends & all_of(agrees))))
    return Condition("boot_choice", question.text(), "unsat", question.in_terms())


def boot_paths(model: DeviceModel) -> tuple[CallPath, ...]:
    """Return every path from power_on to an image that runs, or to none that can."""
    return tuple(paths(model, Call.POWER_ON, BEFORE))


def _ends_as_said(model: DeviceModel, path: CallPath, said: Values, chosen: Num) -> Bool:
    """Return that a path ends in the state that is said, and finds nothing exactly if nothing is chosen."""
    end = dict(model.device.terms()) | path.states[-1]
    task = end["task"]
    assert isinstance(task, Num)
    is_stuck, is_nothing = task == Task.STUCK, chosen == model.scope.nowhere
    return is_stuck.same_as(is_nothing) & is_same_state(said, end)


def prove_boot_choice(scopes: Iterable[Scope]) -> Result:
    """Return whether the boot choice is what the boot actions do, in each of the scopes."""
    return prove_each((scope_title(scope), prove_condition(boot_question(scope))) for scope in scopes)


def boot_question(scope: Scope) -> Condition:
    """Return the question for a scope, with all of the premises and 32-bit numbers."""
    model = device_model(replace(scope, ghosts=frozenset(), numbers=Numbers.EXACT))
    return boot_condition(model, premises_of(model).values())


_SCOPES = tuple(
    Scope(Config(rollback=has_rollback, anti_rollback=has_anti_rollback), 3, has_factory)
    for has_rollback, has_anti_rollback in ((False, False), (True, False), (True, True))
    for has_factory in (False, True)
)
LEMMAS: tuple[Lemma, ...] = (
    Lemma(
        "boot_choice_is_what_the_boot_does",
        "from any state without power, the bootloader's actions start the place that boot_choice() says, and leave "
        "records and eFuse as device_after_boot() says",
        "z3 and bitwuzla, every path of the actions of the device model; part of each proof of `otaproof prove`",
        partial(prove_boot_choice, _SCOPES),
    ),
)
