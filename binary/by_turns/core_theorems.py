"""Each function of the C core against the model: for every state, and every place that runs and is asked for.

A theorem runs the machine code of one function on all of its paths, and asks the solver whether some input gives
another word than the model's terms do. What the model has as a record to come is, in the core, the state word of that
record. The takeover of ESP-IDF's records is not in the model, so there is no theorem of obt_take_over.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import z3

from ...model.device.by_turns.turns_calls import coming_record, way_back
from ...model.device.calls import told_word
from ...model.device.image_loading import is_slot, passes
from ...model.device.logical_state import is_on_trial, record_of, starting_place, tried_record
from ...model.device.records import BLANK, Word
from ...model.device.selection import next_update_slot
from ...model.device.state import Device, Task
from ...model.terms.terms import fact, number
from ...proofs.smt.first_solver import check
from ..elf_file import BootloaderElf
from ..execution.machine_state import ExecutionStopped, MachineState
from ..execution.words import REMAINDER, as_bits
from ..theorems.machine_setup import Machine, Semantics, machine_for
from ..theorems.question import TheoremVerdict, decide
from .core_state import FACTORY, IMAGE_STATES, MARK, NO_PLACE, SELECTED, CoreDevice, core_device, whole_slots, word

OK, FAIL, INVALID_STATE, NOT_FOUND = 0, 0xFFFFFFFF, 0x103, 0x105
ROLLBACK_FAILED, ROLLBACK_INVALID_STATE = 0x1505, 0x1506
"""Errors of ESP-IDF. Source: selector/otadata_by_turns.h."""
SEQ_LIMIT = 0xFFFFFFC0
NOTHING = 0
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


@dataclass(frozen=True, slots=True)
class _At:
    """An argument that points into the room for what arguments point to."""

    offset: int


@dataclass(frozen=True, slots=True)
class _CoreQuestion:
    """A function, its arguments, and what it is to return."""

    function: str
    arguments: tuple[Any, ...]
    expected: Any
    given: tuple[Any, ...] = ()
    memory: Mapping[int, Any] | None = None
    """By offset in the room for arguments, 32-bit words."""
    left: Mapping[int, Any] | None = None
    """By offset, the words that are to be there afterwards; the result counts where `expected` is not None."""


def prove_core(
    elf: BootloaderElf, rollback: bool, slots: int, has_factory: bool, semantics: Semantics
) -> Iterator[CoreTheorem]:
    """Yield a theorem for each function that the file has, and two for the order of trying."""
    subject = core_device(rollback, slots, has_factory)
    for question in (*_questions(subject), *_record_questions(subject)):
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


def _decided(machine: Machine, subject: CoreDevice, question: _CoreQuestion, semantics: Semantics) -> CoreTheorem:
    given = (*subject.given, *question.given)
    room = machine.arguments
    start = machine.entry(*(room + item.offset if isinstance(item, _At) else item for item in question.arguments))
    for offset, value in (question.memory or {}).items():
        start.store(room + offset, value, 4)
    found = machine.explore(start, {}, semantics, given)
    wrong = [z3.And(path.condition, z3.Not(_is_right(machine, question, path))) for path in found.paths]
    return _theorem(question.function, len(found.paths), z3.Or(*wrong, _left_out(found.paths)), given)


def _left_out(paths: tuple[MachineState, ...]) -> Any:
    """Return that no path is taken."""
    return z3.Not(z3.Or(*(path.condition for path in paths)))


def _is_right(machine: Machine, question: _CoreQuestion, path: Any) -> Any:
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


def _questions(subject: CoreDevice) -> Iterator[_CoreQuestion]:
    """Yield what is asked of the functions that take a state word."""
    scope, device, state = subject.scope, subject.device, subject.state
    formula, what = subject.formula, subject.held
    running, asked = subject.place(device.running), subject.place(subject.asked)
    rollback = word(scope.config.rollback)
    trial = formula(is_on_trial(scope, device))

    def coming(task: Task, of: Any = device) -> Any:
        return subject.what(coming_record(scope, of, task))

    yield _CoreQuestion("obt_is_on_trial", (what, running, rollback), _bit(trial))
    yield _CoreQuestion("obt_image_state", (what,), subject.image_state(device.records[0].word))
    yield _CoreQuestion("obt_boot", (what, rollback), _of_boot(subject))
    burns = state.selects(subject.asked) & (state.word == Word.VALID) & ~state.is_tried
    yield _CoreQuestion("obt_burns", (what, asked), _bit(formula(burns)))
    named, told = told_word(scope, device, subject.asked)
    told_state = z3.If(formula(named), subject.image_state(told), word(NOT_FOUND))
    # ESP-IDF asks for the state of OTA slots alone.
    yield _CoreQuestion(
        "obt_slot_state", (what, running, asked, rollback), told_state, (formula(is_slot(scope, subject.asked)),)
    )
    target = next_update_slot(device)
    keeps = formula(state.keeps(target))
    unnamed = z3.If(trial, word(ROLLBACK_INVALID_STATE), z3.If(keeps, coming(Task.UNNAME), what))
    other_slot = (formula(target != device.running),)
    yield _CoreQuestion("obt_begin", (what, running, subject.place(target), rollback), unnamed, other_slot)
    yield _CoreQuestion("obt_write", (what, subject.place(target)), z3.If(keeps, word(INVALID_STATE), word(OK)))
    yield _CoreQuestion("obt_set_boot", (what, running, asked, rollback), _of_set_boot(subject, trial))
    yield _CoreQuestion("obt_accept", (what, running, rollback), _of_accept(subject, trial))
    whole = tuple(whole_slots(subject))
    back = way_back(scope, device)
    yield _CoreQuestion("obt_way_back", (what, running, rollback), subject.place(back), whole)
    is_noted = z3.And(trial, formula(state.is_tried))
    refused = z3.If(is_noted, what, coming(Task.ROLLBACK))
    refused = z3.If(formula(back == scope.nowhere), word(ROLLBACK_FAILED), refused)
    yield _CoreQuestion("obt_refuse", (what, running, rollback), refused, whole)
    is_other = is_slot(scope, state.other) & (state.other != device.running) & state.selects(device.running)
    asked_other = replace(device, asked=state.other)
    forgotten = z3.If(formula(state.is_tried), what, coming(Task.FORGET_LAST, asked_other))
    is_known = formula(is_other & (state.is_tried | state.has_way_back))
    yield _CoreQuestion("obt_forget_last", (what, running), z3.If(is_known, forgotten, word(FAIL)))


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


def _record_questions(subject: CoreDevice) -> Iterator[_CoreQuestion]:
    """Yield what is asked of the functions that take records: their bytes, which decides, the next number."""
    names = ("seq", "what", "not_seq", "not_what", "not_state", "not_crc", "state", "crc")
    record = [z3.BitVec(f"record.{name}", 32) for name in names]
    at = _laid_out(record)
    check_word, slots = z3.BitVec("check_word", 32), subject.scope.slots
    has_factory = word(subject.scope.has_factory)
    whole = z3.If(_is_whole(subject, record, check_word), record[1], word(NOTHING))
    yield _CoreQuestion("obt_read", (_At(0), check_word, word(slots), has_factory), whole, memory=at)
    seq, value = z3.BitVec("seq", 32), z3.BitVec("what", 32)
    state = _image_state_of(value)
    filled = (seq, value, ~seq, ~value, ~state, ~check_word, state, check_word)
    blank = _laid_out([word(0)] * 8)
    yield _CoreQuestion("obt_fill", (_At(0), seq, value, check_word), None, memory=blank, left=_laid_out(filled))
    yield from _of_deciding()
    yield from _of_numbers(subject)


def _laid_out(words: Iterable[Any]) -> dict[int, Any]:
    """Return words by their offsets in bytes, one after another."""
    return {4 * number: value for number, value in enumerate(words)}


def _image_state_of(what: Any) -> Any:
    kind, current = what & 0xFF, z3.LShR(what, 16) & 0xFF
    by_kind = z3.If(kind == SELECTED, word(IMAGE_STATES[Word.UNDEFINED]), word(IMAGE_STATES[Word.VALID]))
    by_kind = z3.If(kind == 1, word(IMAGE_STATES[Word.NEW]), by_kind)
    return z3.If(current == FACTORY, word(IMAGE_STATES[Word.ABORTED]), by_kind)


def _is_whole(subject: CoreDevice, record: list[Any], check_word: Any) -> Any:
    """Return that 32 bytes are a whole record, as DESIGN.md says it."""
    seq, what, not_seq, not_what, not_state, not_crc, state, crc = record
    pairs = ((seq, not_seq), (what, not_what), (state, not_state), (crc, not_crc))
    kind, other, current = what & 0xFF, z3.LShR(what, 8) & 0xFF, z3.LShR(what, 16) & 0xFF

    def is_place(place: Any) -> Any:
        is_slot_number = z3.ULT(place, subject.scope.slots)
        return z3.Or(is_slot_number, place == FACTORY) if subject.scope.has_factory else is_slot_number

    return z3.And(
        *(one ^ two == 0xFFFFFFFF for one, two in pairs),
        crc == check_word,
        z3.LShR(what, 24) == MARK,
        z3.And(z3.UGE(kind, 1), z3.ULE(kind, 4)),
        is_place(current),
        z3.Or(is_place(other), other == NO_PLACE),
        state == _image_state_of(what),
    )


def _of_deciding() -> Iterator[_CoreQuestion]:
    """The record with the higher number decides, the first of equal ones; an update goes to the other sector."""
    seqs = [z3.BitVec(f"record{number}.seq", 32) for number in range(2)]
    whats = [z3.BitVec(f"record{number}.what", 32) for number in range(2)]
    is_some = [what != NOTHING for what in whats]
    is_second = z3.And(is_some[1], z3.Or(z3.Not(is_some[0]), z3.ULT(seqs[0], seqs[1])))
    decides = z3.Or(*is_some)
    memory = {0: seqs[0], 32: seqs[1], 64: whats[0], 68: whats[1], 72: word(0), 76: word(0), 80: word(0)}
    chosen = z3.If(is_second, whats[1], whats[0])
    decisive = z3.If(decides, z3.If(is_second, seqs[1], seqs[0]), word(0))
    # Where none decides, the sector says nothing.
    left = {72: z3.If(decides, chosen, word(NOTHING)), 80: decisive}
    yield _CoreQuestion("obt_decide", (_At(0), _At(64), _At(72)), None, memory=memory, left=left)
    what, sector = z3.BitVec("what", 32), z3.BitVec("sector", 32)
    turn = {0: what, 4: sector, 8: word(0)}
    to_write = z3.If(what == NOTHING, word(0), sector ^ 1)
    yield _CoreQuestion("obt_sector_to_write", (_At(0),), to_write, (z3.ULE(sector, 1),), memory=turn)


def _of_numbers(subject: CoreDevice) -> Iterator[_CoreQuestion]:
    """The next number is that of the model's record, up to the limit; the remainder is that of the number's slot."""
    scope, device = subject.scope, subject.device
    record = device.records[0]
    seq, slots = subject.formula(record.seq), word(scope.slots)
    slot = subject.formula(record.slot)
    slot = z3.ZeroExt(32 - slot.size(), slot)
    # A number names the slot that is its remainder, less one.
    of_number = z3.If(slot + 1 == slots, word(0), slot + 1)
    facts = [REMAINDER(seq, slots) == of_number]
    facts += [REMAINDER(word(value), slots) == value % scope.slots for value in range(2 * scope.slots + 17)]
    coming = record_of(scope, device, Word.VALID, subject.asked, number(scope.nowhere))
    following = subject.formula(coming.seq)
    following = z3.If(z3.ULT(following, SEQ_LIMIT), following, word(0))
    what = word(MARK << 24 | 3 | NO_PLACE << 8) | subject.place(subject.asked) << 16
    memory = {0: subject.held, 4: word(0), 8: seq}
    yield _CoreQuestion("obt_next_seq", (_At(0), what, slots), following, tuple(facts), memory=memory)


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
