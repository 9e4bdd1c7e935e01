"""The ends of the range of sequence numbers, where a scope allows them: number 0, and the last ones there are.

A record with number 0 and a right check word counts; it is the oldest there can be, and names the last slot. The last
number of all, 0xFFFFFFFF, reads as erased, whoever programs it; esp_ota_get_state_partition alone goes by the check
word. With two OTA slots the next number is the same one or the one after it, so none wraps: 0xFFFFFFFF is the last that
is ever written. With three slots the C code's search for the next number wraps and finds one that names another slot;
with four or more it can go on for ever. These are left out, and so are stray numbers (F3), which can be among the last.

Numbers.EXACT has these numbers as they are. Numbers.RANKED has four bits: number 0 and the last numbers stay what they
are, modulo 2^4; 1 … n, "above" and "above that" lie between them. The number just below the last ones becomes one of
them by the next upgrade, and no rank tells when: that one is left out.
"""

from collections.abc import Iterator
from dataclasses import replace

from ..fault_model import FaultModel
from ..terms.terms import Bool, choose, fact, number
from .record_tears import Torn
from .records import Check, Record, Word, either
from .state import Device, Phase, Scope

LAST = 3
"""How many numbers below the erased one are told by their value: the last of each slot, and one more."""
ERASED = 0xFFFFFFFF
"""The number that reads as erased."""
FITTING = "fitting"
"""What the name of a cut says of a record that reads as erased, and whose check word fits."""
BORDER = ERASED - LAST - 1
"""The number just below the last ones."""


def erased_number(scope: Scope) -> int:
    """Return the number that reads as erased, as the scope keeps numbers."""
    return (1 << scope.seq_bits) - 1


def first_of_last(scope: Scope) -> int:
    """Return the smallest of the last numbers, as the scope keeps numbers."""
    return erased_number(scope) - LAST


def end_values(scope: Scope) -> Iterator[tuple[str, int]]:
    """Yield each number at an end: in hexadecimal, and as the scope keeps it."""
    yield "0", 0
    for below in range(LAST, 0, -1):
        yield f"{ERASED - below:x}", erased_number(scope) - below


def slot_named(scope: Scope, value: int) -> int:
    """Return the slot that a number at an end names, however the scope keeps it: two slots divide either range."""
    return (value - 1) % scope.slots


def as_it_reads(scope: Scope, record: Record) -> Record:
    """Return a record that is to be programmed as it will read: the last number reads as erased, though it stays."""
    if not scope.has_end_numbers:
        return record
    return replace(record, check=choose(record.seq == erased_number(scope), number(Check.EMPTY, 2), record.check))


def fits_though_erased(scope: Scope, record: Record) -> Bool:
    """The number of a record is the last one, and its check word fits it."""
    return (record.check == Check.EMPTY) & (record.seq == erased_number(scope))


def fitting_words(scope: Scope) -> tuple[Word, ...]:
    """Return the state words that a record with the last number can have: what a switch writes, or nothing."""
    return (Word.NEW, Word.UNDEFINED) if scope.config.rollback else (Word.UNDEFINED,)


def fitting_record(scope: Scope, word: Word) -> Record:
    """Return the record with the last number and a check word that fits."""
    slot = number(slot_named(scope, erased_number(scope)))
    return Record(number(Check.EMPTY, 2), number(word, 3), slot, number(erased_number(scope), scope.seq_bits))


def stays_fitting(scope: Scope, phase: Phase, old: Record, word: Word) -> Bool:
    """Tell whether a cut can leave a record with the last number, its check word and that state word.

    A prefix tears the state word before the check word: an erase can blank it alone, a program cannot leave it out."""
    is_torn_alone = scope.faults >= (FaultModel.F1 if phase is Phase.ERASE else FaultModel.F2)
    same = old.word == word
    return fits_though_erased(scope, old) & (same | fact(is_torn_alone and word is Word.UNDEFINED))


def loses_its_check_word(scope: Scope, phase: Phase) -> bool:
    """Tell whether a cut can leave the last number and the state word of a record, without the check word."""
    return scope.faults >= (FaultModel.F2 if phase is Phase.ERASE else FaultModel.F1)


def never_fails_its_check(scope: Scope, phase: Phase, old: Record, word: Word) -> Bool:
    """Tell whether no prefix leaves a wrong check word and that state word of a record whose check word fits.

    An erase takes the lowest byte of the number first, in which alone the last numbers differ from the erased one. The
    check word of number 0 is there before the state word is."""
    if scope.faults > FaultModel.F1:
        return fact(False)
    if phase is Phase.ERASE:
        return old.is_right & (old.seq >= first_of_last(scope))
    return fact(word is not Word.UNDEFINED) & looks_written(old)


def is_on_the_border(device: Device) -> Bool:
    """A number is the one just below the last ones; with 32-bit numbers."""
    return (device.records[0].seq == BORDER) | (device.records[1].seq == BORDER)


def is_left_before_check(scope: Scope, phase: Phase, left: Torn) -> bool:
    """Tell whether a cut can leave that of a record of number 0 between its number and its state word."""
    is_torn = phase is Phase.PROGRAM and left == (Check.RIGHT, Word.UNDEFINED)
    return is_torn and scope.has_end_numbers and scope.faults >= FaultModel.F1


def number_alone(scope: Scope, record: Record) -> Record:
    """Return what a record reads as of which the number alone is programmed."""
    check = choose(record.check == Check.EMPTY, number(Check.EMPTY, 2), number(Check.WRONG, 2))
    half = Record(check, number(Word.UNDEFINED, 3), number(0), number(0))
    if not scope.has_end_numbers:
        return half
    return either(looks_written(record), replace(record, word=number(Word.UNDEFINED, 3)), half)


def looks_written(record: Record) -> Bool:
    """Its check word fits before it is there: number 0 has that of erased flash. Source: proofs/bytes/crc_lemmas.py."""
    return record.is_right & (record.seq == 0)
