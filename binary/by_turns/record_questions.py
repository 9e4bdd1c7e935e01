"""What is asked of the functions of the core that read and write records: by turns, and those of ESP-IDF."""

from collections.abc import Iterator
from typing import Any

import z3

from ...model.device.by_turns.turns_takeover import taken_over
from ...model.device.logical_state import record_of
from ...model.device.records import Check, Record, Word
from ...model.device.state import Scope
from ...model.terms.terms import num_field, number
from ..execution.words import REMAINDER
from .core_question import At, CoreQuestion, laid_out
from .core_state import FACTORY, IMAGE_STATES, MARK, NO_PLACE, SELECTED, CoreDevice, word

SEQ_LIMIT = 0xFFFFFFC0
NOTHING = 0


def record_questions(subject: CoreDevice) -> Iterator[CoreQuestion]:
    """Yield what is asked of the functions that take records: their bytes, which decides, the next number."""
    names = ("seq", "what", "not_seq", "not_what", "not_state", "not_crc", "state", "crc")
    record = [z3.BitVec(f"record.{name}", 32) for name in names]
    at = laid_out(record)
    check_word, slots = z3.BitVec("check_word", 32), subject.scope.slots
    has_factory = word(subject.scope.has_factory)
    whole = z3.If(_is_whole(subject, record, check_word), record[1], word(NOTHING))
    yield CoreQuestion("obt_read", (At(0), check_word, word(slots), has_factory), whole, memory=at)
    seq, value = z3.BitVec("seq", 32), z3.BitVec("what", 32)
    state = _image_state_of(value)
    filled = (seq, value, ~seq, ~value, ~state, ~check_word, state, check_word)
    blank = laid_out([word(0)] * 8)
    yield CoreQuestion("obt_fill", (At(0), seq, value, check_word), None, memory=blank, left=laid_out(filled))
    yield from _of_deciding()
    yield from _of_numbers(subject)
    yield _of_takeover(subject)


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


def _of_deciding() -> Iterator[CoreQuestion]:
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
    yield CoreQuestion("obt_decide", (At(0), At(64), At(72)), None, memory=memory, left=left)
    what, sector = z3.BitVec("what", 32), z3.BitVec("sector", 32)
    turn = {0: what, 4: sector, 8: word(0)}
    to_write = z3.If(what == NOTHING, word(0), sector ^ 1)
    yield CoreQuestion("obt_sector_to_write", (At(0),), to_write, (z3.ULE(sector, 1),), memory=turn)


def _of_numbers(subject: CoreDevice) -> Iterator[CoreQuestion]:
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
    yield CoreQuestion("obt_next_seq", (At(0), what, slots), following, tuple(facts), memory=memory)


def _of_takeover(subject: CoreDevice) -> CoreQuestion:
    """What any two records of ESP-IDF stand for: with a bootable one the state, which sector stays, and its number."""
    scope, slots = subject.scope, word(subject.scope.slots)
    first, second = (_FoundRecord(scope, index) for index in range(2))
    found = taken_over(scope, (first.record, second.record))
    is_some, sector = subject.formula(found.is_some), subject.formula(found.stays)
    left = {
        72: z3.If(is_some, subject.what(found.record), word(NOTHING)),
        76: z3.ZeroExt(32 - sector.size(), sector),
        80: z3.If(is_some, subject.formula(found.record.seq), word(0)),
    }
    check_words = {64: first.check_word, 68: second.check_word}
    memory = laid_out((*first.words, *second.words)) | check_words | {72: word(0), 76: word(0), 80: word(0)}
    arguments = (At(0), At(64), slots, word(scope.has_factory), word(scope.config.rollback), At(72))
    given = (*first.given(subject), *second.given(subject))
    return CoreQuestion("obt_take_over", arguments, None, given, memory, left)


class _FoundRecord:
    """Any 32 bytes, and what the model sees of them as a record of ESP-IDF."""

    def __init__(self, scope: Scope, index: int) -> None:
        """Take the number of the sector."""
        self.words = [z3.BitVec(f"found{index}.{position}", 32) for position in range(8)]
        self.check_word = z3.BitVec(f"found{index}.check_word", 32)
        name = f"found{index}"
        slot = num_field(f"{name}_slot", scope.slot_bits)
        seq = num_field(f"{name}_seq", scope.seq_bits)
        self.record = Record(num_field(f"{name}_check", 2), num_field(f"{name}_word", 3), slot, seq)

    def given(self, subject: CoreDevice) -> tuple[Any, ...]:
        """Return that the record is what the bytes say."""
        seq, state, crc = self.words[0], self.words[6], self.words[7]
        check, name, slot = (subject.formula(part) for part in (self.record.check, self.record.word, self.record.slot))
        is_right = z3.If(crc == self.check_word, word(Check.RIGHT), word(Check.WRONG))
        of_state = word(Word.UNDEFINED)
        for known, value in IMAGE_STATES.items():
            of_state = z3.If(state == value, word(known), of_state)
        return (
            z3.ZeroExt(30, check) == z3.If(seq == 0xFFFFFFFF, word(Check.EMPTY), is_right),
            z3.ZeroExt(29, name) == of_state,
            z3.ZeroExt(32 - slot.size(), slot) == REMAINDER(seq - 1, word(subject.scope.slots)),
            z3.ULT(z3.ZeroExt(32 - slot.size(), slot), subject.scope.slots),
            subject.formula(self.record.seq) == seq,
        )
