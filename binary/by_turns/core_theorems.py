"""Each function of the C core against the model: for every state, and every place that runs and is asked for.

A theorem runs the machine code of one function on all of its paths, and asks the solver whether some input gives
another word than the model's terms do. What the model has as a record to come is, in the core, the state word of that
record.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import z3

from ...model.device.by_turns.turns_calls import coming_record, way_back
from ...model.device.calls import told_word
from ...model.device.image_loading import is_slot, passes
from ...model.device.logical_state import first_record, is_on_trial, starting_place, tried_record
from ...model.device.records import BLANK, Word
from ...model.device.selection import next_update_slot
from ...model.device.state import Device, Task
from ...model.terms.terms import fact
from ...proofs.smt.first_solver import check
from ..elf_file import BootloaderElf
from ..execution.machine_state import ExecutionStopped, MachineState
from ..execution.words import as_bits
from ..theorems.machine_setup import Machine, Semantics, machine_for
from ..theorems.question import TheoremVerdict, decide
from .core_question import At, CoreQuestion
from .core_state import FACTORY, NO_PLACE, CoreDevice, core_device, whole_slots, word
from .record_questions import NOTHING, record_questions

OK, FAIL, INVALID_STATE, NOT_FOUND = 0, 0xFFFFFFFF, 0x103, 0x105
ROLLBACK_FAILED, ROLLBACK_INVALID_STATE = 0x1505, 0x1506
"""Errors of ESP-IDF. Source: selector/otadata_by_turns.h."""
_ORDER = "obt_candidate"


@dataclass(frozen=True, slots=True)
class CoreTheorem:
    """What was asked of one function, and what came of it."""

    function: str
    verdict: TheoremVerdict
    detail: str
    """Who says so, or why nobody does."""
    paths: int = 0
    example: str | None = None
    """Inputs for which code and model differ; None where there are none, or none was found."""
    question: str = ""
    """As SMT-LIB, "unsat" is what proves; empty where the paths could not be followed."""

    @property
    def is_proved(self) -> bool:
        """The machine code does what the model says, for every input."""
        return self.verdict is TheoremVerdict.PROVED


def prove_core(
    elf: BootloaderElf, rollback: bool, slots: int, has_factory: bool, semantics: Semantics
) -> Iterator[CoreTheorem]:
    """Yield a theorem for each function that the file has, and two for the order of trying."""
    subject = core_device(rollback, slots, has_factory)
    for question in (*_questions(subject), *record_questions(subject)):
        if elf.has_code(question.function):
            machine = machine_for(elf, question.function)
            yield _followed(question.function, partial(_decided, machine, subject, question, semantics))
    if not elf.has_code(_ORDER):
        return
    machine = machine_for(elf, _ORDER)
    for what, device, given in (
        (subject.held, subject.device, subject.given),
        (word(NOTHING), replace(subject.device, records=(BLANK, BLANK)), ()),
    ):
        yield _followed(_ORDER, partial(_ordered, machine, subject, what, device, given, semantics))


def _followed(function: str, prove: Callable[[], CoreTheorem]) -> CoreTheorem:
    """Return a theorem, undecided where a path of the code cannot be followed."""
    try:
        return prove()
    except ExecutionStopped as stopped:
        return CoreTheorem(function, TheoremVerdict.UNDECIDED, str(stopped))


def _theorem(function: str, paths: int, differs: Any, given: tuple[Any, ...]) -> CoreTheorem:
    """Return what both solvers say, with an example where the code differs."""
    answer = decide(differs, given)
    example = None
    if answer.verdict is TheoremVerdict.REFUTED:
        solver = z3.Solver()
        solver.add(*given, differs)
        example = _example(solver.model()) if check(solver) == z3.sat else None
    return CoreTheorem(function, answer.verdict, answer.detail, paths, example, answer.text)


def _decided(machine: Machine, subject: CoreDevice, question: CoreQuestion, semantics: Semantics) -> CoreTheorem:
    given = (*subject.given, *question.given)
    room = machine.arguments
    start = machine.entry(*(room + item.offset if isinstance(item, At) else item for item in question.arguments))
    for offset, value in (question.memory or {}).items():
        start.store(room + offset, value, 4)
    found = machine.explore(start, {}, semantics, given)
    wrong = [z3.And(path.condition, z3.Not(_is_right(machine, question, path))) for path in found.paths]
    return _theorem(question.function, len(found.paths), z3.Or(*wrong, _left_out(found.paths)), given)


def _left_out(paths: tuple[MachineState, ...]) -> Any:
    """Return that no path is taken."""
    return z3.Not(z3.Or(*(path.condition for path in paths)))


def _is_right(machine: Machine, question: CoreQuestion, path: Any) -> Any:
    parts = list(machine.returns_properly(path))
    if question.expected is not None:
        result = as_bits(machine.convention.result(path))
        parts.append(result == question.expected)
    for offset, value in (question.left or {}).items():
        parts.append(as_bits(path.load(machine.arguments + offset, 4)) == value)
    return z3.And(*parts)


def _example(model: Any) -> str:
    named = (f"{name} = {model[name]}" for name in model.decls() if not str(name).startswith(("path", "register")))
    # As texts: values of one name and two widths cannot be compared.
    return ", ".join(sorted(named))


def _bit(condition: Any) -> Any:
    return z3.If(condition, word(1), word(0))


def _questions(subject: CoreDevice) -> Iterator[CoreQuestion]:
    """Yield what is asked of the functions that take a state word."""
    scope, device, state = subject.scope, subject.device, subject.state
    formula, what = subject.formula, subject.held
    running, asked = subject.place(device.running), subject.place(subject.asked)
    rollback = word(scope.config.rollback)
    trial = formula(is_on_trial(scope, device))

    def coming(task: Task, of: Any = device) -> Any:
        return subject.what(coming_record(scope, of, task))

    yield CoreQuestion("obt_is_on_trial", (what, running, rollback), _bit(trial))
    yield CoreQuestion("obt_image_state", (what,), subject.image_state(device.records[0].word))
    yield CoreQuestion("obt_first", (asked,), subject.what(first_record(scope, device, subject.asked)))
    yield CoreQuestion("obt_boot", (what, rollback), _of_boot(subject))
    burns = state.selects(subject.asked) & (state.word == Word.VALID) & ~state.is_tried
    yield CoreQuestion("obt_burns", (what, asked), _bit(formula(burns)))
    named, told = told_word(scope, device, subject.asked)
    told_state = z3.If(formula(named), subject.image_state(told), word(NOT_FOUND))
    # ESP-IDF asks for the state of OTA slots alone.
    yield CoreQuestion(
        "obt_slot_state", (what, running, asked, rollback), told_state, (formula(is_slot(scope, subject.asked)),)
    )
    target = next_update_slot(device)
    keeps = formula(state.keeps(target))
    unnamed = z3.If(trial, word(ROLLBACK_INVALID_STATE), z3.If(keeps, coming(Task.UNNAME), what))
    other_slot = (formula(target != device.running),)
    yield CoreQuestion("obt_begin", (what, running, subject.place(target), rollback), unnamed, other_slot)
    yield CoreQuestion("obt_write", (what, subject.place(target)), z3.If(keeps, word(INVALID_STATE), word(OK)))
    yield CoreQuestion("obt_set_boot", (what, running, asked, rollback), _of_set_boot(subject, trial))
    yield CoreQuestion("obt_accept", (what, running, rollback), _of_accept(subject, trial))
    whole = tuple(whole_slots(subject))
    back = way_back(scope, device)
    yield CoreQuestion("obt_way_back", (what, running, rollback), subject.place(back), whole)
    is_noted = z3.And(trial, formula(state.is_tried))
    refused = z3.If(is_noted, what, coming(Task.ROLLBACK))
    refused = z3.If(formula(back == scope.nowhere), word(ROLLBACK_FAILED), refused)
    yield CoreQuestion("obt_refuse", (what, running, rollback), refused, whole)
    is_other = is_slot(scope, state.other) & (state.other != device.running) & state.selects(device.running)
    asked_other = replace(device, asked=state.other)
    forgotten = z3.If(formula(state.is_tried), what, coming(Task.FORGET_LAST, asked_other))
    is_known = formula(is_other & (state.is_tried | state.has_way_back))
    is_refused = formula(state.is_tried & (state.other != device.running))
    yield CoreQuestion(
        "obt_last_refused", (what, running), z3.If(is_refused, subject.place(state.other), word(NO_PLACE))
    )
    yield CoreQuestion("obt_forget_last", (what, running), z3.If(is_known, forgotten, word(FAIL)))


def _of_boot(subject: CoreDevice) -> Any:
    tries = subject.state.is_new & fact(subject.scope.config.rollback)
    return z3.If(subject.formula(tries), subject.what(tried_record(subject.scope, subject.device)), subject.held)


def _of_set_boot(subject: CoreDevice, trial: Any) -> Any:
    state, device = subject.state, replace(subject.device, asked=subject.asked)
    is_selected = subject.formula(state.selects(subject.asked))
    is_tried = subject.formula(state.is_tried)
    selected = subject.what(coming_record(subject.scope, device, Task.SET_BOOT))
    on_trial = z3.If(z3.And(is_selected, is_tried), subject.held, word(ROLLBACK_INVALID_STATE))
    return z3.If(trial, on_trial, z3.If(is_selected, subject.held, selected))


def _of_accept(subject: CoreDevice, trial: Any) -> Any:
    state, device = subject.state, subject.device
    is_selected = subject.formula(state.is_selected & (state.current == device.running))
    is_accepted = subject.formula(state.selects(device.running) & (state.word == Word.VALID))
    accepted = subject.what(coming_record(subject.scope, device, Task.ACCEPT))
    return z3.If(z3.Or(trial, is_selected), accepted, z3.If(is_accepted, subject.held, word(FAIL)))


def _ordered(
    machine: Machine, subject: CoreDevice, what: Any, device: Device, given: tuple[Any, ...], semantics: Semantics
) -> CoreTheorem:
    """Return that the first candidate whose image loads is what the model starts."""
    scope = subject.scope
    starts, paths, left_out = word(NO_PLACE), 0, []
    for number_tried in reversed(range(scope.slots + 4)):
        start = machine.entry(what, number_tried, word(scope.slots), word(scope.has_factory))
        found = machine.explore(start, {}, semantics, given)
        place = word(NO_PLACE)
        for path in found.paths:
            place = z3.If(path.condition, as_bits(machine.convention.result(path)), place)
        starts, paths = z3.If(_loads(subject, place), place, starts), paths + len(found.paths)
        left_out.append(_left_out(found.paths))
    differs = starts != subject.place(starting_place(scope, device))
    return _theorem(_ORDER, paths, z3.Or(differs, *left_out), given)


def _loads(subject: CoreDevice, place: Any) -> Any:
    """Return that the image at a place loads, the factory's always."""
    slots = [
        z3.And(place == index, subject.formula(passes(subject.scope, subject.device, slot)))
        for index, slot in enumerate(subject.device.slots)
    ]
    return z3.Or(*slots, z3.And(place == FACTORY, bool(subject.scope.has_factory)))
