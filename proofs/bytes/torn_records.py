"""What a cut can make of an otadata record: every tear of its 32 bytes falls into a few declared readings.

A model without bytes sees a record as two facts. Its check: EMPTY (the number is that of erased flash), RIGHT or WRONG
(the check word). Its state word: one of the five that mean something, or any other, UNDEFINED.
model/device/record_tears.py declares what a record can read as when the power fails while it is programmed over erased
flash, or while it is erased.

A STRAY record passes its check with a number that was never written. A RIGHT record can become one, and so can a WRONG
one, which an earlier tear has left: single bits (F3) suffice. stray_lemmas.py tells which numbers and slots they have.

The declaration is proved by z3 and bitwuzla over all numbers, state words, check words and tears at once. There the
CRC is any function that is one-to-one and gives FFFFFFFF for 0 alone, as crc_lemmas shows of the real one. It is exact:
each reading is reached by a real record, found below by search.

Premises: the number is not 0, whose check word is already there in erased flash. Under F1 and F2 a WRONG record is what
tears of whole bytes have left of a RIGHT one, however many, and its number, as that of a RIGHT record at F2, is none of
the 317 in crc_lemmas.byte_tears(), of which 59,481,463 is the smallest. Left out: the label; nobody reads it.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from functools import partial
from itertools import combinations, product
from typing import Any

import z3

from ...impl.chip.torn_operations import can_erase_leave, can_program_leave
from ...impl.otadata import ENTRY_SIZE, SEQ_EMPTY, SelectEntry, encode_entry, is_crc_right, make_entry, ota_select_crc
from ...model.device import records
from ...model.device.record_tears import erased_tears, programmed_tears
from ...model.fault_model import MODELLED_FAULTS, FaultModel
from ...model.ota_state import OtaImgState
from ..smt.lemma import Lemma, LemmaVerdict, Result, prove_always, prove_each
from .crc_lemmas import bit_tears

F0, F1, F2, F3 = MODELLED_FAULTS


class RecordOperation(Enum):
    """Which operation on the record is cut."""

    PROGRAM = "program"
    """Over erased flash."""
    ERASE = "erase"


class TornCheck(Enum):
    """What number and check word of a record say."""

    EMPTY = "empty"
    WRONG = "wrong"
    RIGHT = "right"
    STRAY = "stray"
    """Only of a torn record: RIGHT, with a number that was never written."""


Word = OtaImgState
"""What the state word says; UNDEFINED is any but the other five."""
Reading = tuple[TornCheck, Word]


@dataclass(frozen=True, slots=True)
class Tears:
    """What a cut can make of a record."""

    readings: frozenset[Reading]
    """With the number and, if RIGHT, the check word that were written; the untorn outcomes are among them."""
    stray_words: frozenset[Word]
    """The state words of STRAY records; none where there are no such records."""

    @property
    def has_strays(self) -> bool:
        """Whether the cut can make a record that passes with what was never written."""
        return bool(self.stray_words)

    def __contains__(self, reading: Reading) -> bool:
        """Tell whether the cut can make this of the record."""
        check, word = reading
        return word in self.stray_words if check is TornCheck.STRAY else reading in self.readings


def tears(kind: RecordOperation, check: TornCheck, word: Word, fault: FaultModel) -> Tears:
    """Return what a cut can make of a record (EMPTY, WRONG or RIGHT) that is being programmed, or erased."""
    model_tears = programmed_tears if kind is RecordOperation.PROGRAM else erased_tears
    left = model_tears(records.Check[check.name], records.Word[word.name], fault)
    readings: frozenset[Reading] = frozenset((TornCheck[torn.name], OtaImgState[read.name]) for torn, read in left)
    has_strays = fault is F3 and check is not TornCheck.EMPTY
    return Tears(readings, frozenset(read for _, read in readings) if has_strays else frozenset())


Declaration = Callable[[RecordOperation, TornCheck, Word, FaultModel], Tears]
Case = tuple[RecordOperation, TornCheck, Word, FaultModel]
CASES: tuple[Case, ...] = tuple(
    product(RecordOperation, (TornCheck.EMPTY, TornCheck.WRONG, TornCheck.RIGHT), Word, MODELLED_FAULTS)
)


def case_name(case: Case) -> str:
    """Return a case as text."""
    kind, check, word, fault = case
    return f"{kind.value} of {check.name} {word.name} under {fault.name}"


@dataclass(frozen=True, slots=True)
class RecordTerms:
    """Number, state word and check word as z3 words."""

    number: Any
    word: Any
    check_word: Any

    def reads_word(self, word: Word) -> Any:
        """Return whether the state word says this."""
        if word is not Word.UNDEFINED:
            return self.word == int(word)
        return z3.And(*(self.word != int(known) for known in Word if known is not Word.UNDEFINED))


OLD = RecordTerms(*z3.BitVecs("number word check_word", 32))
LOST = z3.BitVec("lost", 96)
"""Which bits of number, word and check word (lowest bits first) read as ones: one of these is torn."""
NEW = RecordTerms(
    OLD.number | z3.Extract(31, 0, LOST), OLD.word | z3.Extract(63, 32, LOST), OLD.check_word | z3.Extract(95, 64, LOST)
)
WRITTEN = z3.BitVec("written", 32)
"""The number of the RIGHT record that tears have made a WRONG one of."""
LOST_BEFORE = z3.BitVec("lost_before", 96)
"""Which bits of it read as ones since then."""
RIGHT_WRITTEN, RIGHT_OLD, RIGHT_NEW = z3.BitVecs("crc_of_written crc_of_number crc_of_torn_number", 32)
_CRCS = ((WRITTEN, RIGHT_WRITTEN), (OLD.number, RIGHT_OLD), (NEW.number, RIGHT_NEW))
CRC_FACTS = (
    *((a == b) == (right_a == right_b) for (a, right_a), (b, right_b) in combinations(_CRCS, 2)),
    *((number == 0) == (right == SEQ_EMPTY) for number, right in _CRCS),
)
"""What the lemmas crc_is_a_bijection and only_zero_looks_unwritten say of these numbers."""


def are_bytes(lost: Any) -> Any:
    """Return whether a mask is made of whole bytes."""
    by_byte = (z3.Extract(8 * place + 7, 8 * place, lost) for place in range(lost.size() // 8))
    return z3.And(*(z3.Or(byte == 0, byte == 0xFF) for byte in by_byte))


def possible_losses(kind: RecordOperation, fault: FaultModel) -> Any:
    """Return the formula of the bits that a cut of the operation can leave as ones."""
    if fault is F0:
        return z3.Or(LOST == 0, LOST == -1)
    if fault is F1:
        masks = [(1 << 8 * length) - 1 for length in range(13)]
        return z3.Or(*(LOST == (mask if kind is RecordOperation.ERASE else ~mask) for mask in masks))
    if fault is F2:
        return are_bytes(LOST)
    return z3.BoolVal(True)


def torn_before(fault: FaultModel) -> list[Any]:
    """Return that the WRONG record is what tears of whole bytes have left of a RIGHT one; nothing under F0 and F3.

    That number is none of those whose byte tears pass, and the second tear makes another byte tear of it."""
    if fault not in (F1, F2):
        return []
    passes_as_another = z3.And(WRITTEN != NEW.number, NEW.check_word == RIGHT_NEW)
    return [
        are_bytes(LOST_BEFORE),
        OLD.number == WRITTEN | z3.Extract(31, 0, LOST_BEFORE),
        OLD.check_word == RIGHT_WRITTEN | z3.Extract(95, 64, LOST_BEFORE),
        z3.Implies(are_bytes(LOST_BEFORE | LOST), z3.Not(passes_as_another)),
    ]


def premise_of(check: TornCheck, word: Word, fault: FaultModel) -> list[Any]:
    """Return what is known of the record, of the CRC, and of byte tears."""
    passes_as_another = z3.And(OLD.number != NEW.number, NEW.check_word == RIGHT_NEW)
    is_written = (OLD.number != SEQ_EMPTY, OLD.number != 0)
    of_check = {
        TornCheck.EMPTY: (OLD.number == SEQ_EMPTY,),
        TornCheck.WRONG: (*is_written, OLD.check_word != RIGHT_OLD, *torn_before(fault)),
        TornCheck.RIGHT: (*is_written, OLD.check_word == RIGHT_OLD),
    }[check]
    of_bytes = [z3.Not(passes_as_another)] if (check, fault) == (TornCheck.RIGHT, F2) else []
    return [*CRC_FACTS, *of_check, *of_bytes, OLD.reads_word(word)]


def reads_check(old: TornCheck, new: TornCheck) -> Any:
    """Return whether the torn record says `new`, when the record said `old`."""
    is_empty, passes = NEW.number == SEQ_EMPTY, NEW.check_word == RIGHT_NEW
    is_as_written = z3.And(OLD.number == NEW.number, old is TornCheck.RIGHT)
    return {
        TornCheck.EMPTY: is_empty,
        TornCheck.WRONG: z3.And(z3.Not(is_empty), z3.Not(passes)),
        TornCheck.RIGHT: z3.And(z3.Not(is_empty), passes, is_as_written),
        TornCheck.STRAY: z3.And(z3.Not(is_empty), passes, z3.Not(is_as_written)),
    }[new]


def prove_declared(case: Case, declared: Declaration = tears) -> Result:
    """Return whether every tear of every record of the case is declared."""
    kind, check, word, fault = case
    allowed = declared(*case)
    claim = z3.Or(
        *(
            z3.And(reads_check(check, new), NEW.reads_word(read))
            for new, read in product(TornCheck, Word)
            if (new, read) in allowed
        )
    )
    return prove_always(claim, [*premise_of(check, word, fault), possible_losses(kind, fault)])


def prove_reached(case: Case, declared: Declaration = tears) -> Result:
    """Return whether every declared reading is met, by a real record and a tear of its bytes that impl admits."""
    kind, check, word, fault = case
    reached = {
        reading_of(record, torn)
        for record in samples(check, word)
        for torn in torn_samples(record)
        if is_left(kind, record, torn, fault)
    }
    missing = {reading for reading in product(TornCheck, Word) if reading in declared(*case)} - reached
    if missing:
        return Result(LemmaVerdict.REFUTED, "reading=" + ", ".join(sorted(f"{c.name} {w.name}" for c, w in missing)))
    return Result(LemmaVerdict.HOLDS, f"{len(reached)} readings")


def is_left(kind: RecordOperation, record: SelectEntry, torn: SelectEntry, fault: FaultModel) -> bool:
    """Tell by the bytes whether a cut can leave this of the record."""
    before, after = encode_entry(record), encode_entry(torn)
    if kind is RecordOperation.ERASE:
        return can_erase_leave(after, before, fault)
    return can_program_leave(after, b"\xff" * ENTRY_SIZE, before, fault)


def reading_of(record: SelectEntry, torn: SelectEntry) -> Reading:
    """Return what a torn record reads as."""
    word = Word(torn.ota_state) if torn.ota_state in tuple(Word) else Word.UNDEFINED
    if torn.ota_seq == SEQ_EMPTY:
        return TornCheck.EMPTY, word
    if not is_crc_right(torn):
        return TornCheck.WRONG, word
    is_as_written = is_crc_right(record) and record.ota_seq == torn.ota_seq
    return TornCheck.RIGHT if is_as_written else TornCheck.STRAY, word


def samples(check: TornCheck, word: Word) -> Iterator[SelectEntry]:
    """Yield records of the class, torn ones for WRONG; strays come from them."""
    if check is TornCheck.EMPTY:
        yield SelectEntry(SEQ_EMPTY, word, ota_select_crc(SEQ_EMPTY))
    elif check is TornCheck.RIGHT:
        yield make_entry(1, word)
    else:
        # The second one has the number of a stray, and its check word lacks bits.
        yield SelectEntry(1, word, ota_select_crc(1) | 0xFF000000)
        yield SelectEntry(1 | bit_tears(1)[0], word, ota_select_crc(1))


def torn_samples(record: SelectEntry) -> Iterator[SelectEntry]:
    """Yield the record with some bits set: those of prefixes and suffixes, single bytes, and bits picked to fit."""
    numbers = {record.ota_seq | mask for mask in (0, 0xFF, 0xFFFFFF00, SEQ_EMPTY, bit_tears(1)[0])}
    words = {record.ota_state | more for more in (0, 0xFF, SEQ_EMPTY, *Word)}
    for number, word in product(numbers, words):
        check_words = {record.crc | mask for mask in (0, 0xFF000000, SEQ_EMPTY)}
        if ota_select_crc(number) & record.crc == record.crc:
            check_words.add(ota_select_crc(number))
        yield from (SelectEntry(number, word, check_word) for check_word in check_words)


def prove_case_by_case(prove: Callable[[Case], Result], fault: FaultModel | None = None) -> Result:
    """Return the result of all cases, or of those of one fault model."""
    cases = (case for case in CASES if fault in (None, case[3]))
    return prove_each((case_name(case), prove(case)) for case in cases)


def prove_strays_are_greater(check: TornCheck | None = None) -> Result:
    """Ask both solvers of the worst model: of a RIGHT record, and of a WRONG one that tears have left of a number."""
    premises = {
        TornCheck.RIGHT: [OLD.number != 0, OLD.check_word == RIGHT_OLD, WRITTEN == OLD.number],
        TornCheck.WRONG: [
            WRITTEN != 0,
            OLD.check_word != RIGHT_OLD,
            OLD.number & WRITTEN == WRITTEN,
            OLD.check_word & RIGHT_WRITTEN == RIGHT_WRITTEN,
        ],
    }
    cases = premises if check is None else [check]
    return prove_each(
        (
            case.name,
            prove_always(
                z3.UGT(NEW.number, WRITTEN), [*CRC_FACTS, *premises[case], reads_check(case, TornCheck.STRAY)]
            ),
        )
        for case in cases
    )


LEMMAS: tuple[Lemma, ...] = (
    *(
        Lemma(
            f"tears_under_{fault.name}_are_declared",
            f"{fault.name}: every tear of a program or an erase of a record falls into the declared readings",
            "z3, then bitwuzla, over all numbers, words, check words and tears of each case",
            partial(prove_case_by_case, prove_declared, fault),
        )
        for fault in MODELLED_FAULTS
    ),
    Lemma(
        "declared_tears_are_met",
        "no reading is declared for nothing",
        "a record and a tear of its bytes for each, admitted by impl/chip/torn_operations.py",
        partial(prove_case_by_case, prove_reached),
    ),
    Lemma(
        "strays_are_greater",
        "a stray has a greater number than the record that was written there, torn once or several times",
        "z3, then bitwuzla, over all numbers and tears",
        prove_strays_are_greater,
    ),
)
