"""What a power cut can leave of a record whose sector is being erased or programmed: which classes, under which model.

The number lies first in the record, then the state word, then the check word, and a prefix tears them in that order. A
subset of bytes or bits tears each by itself. Only the state word can be torn unseen: the check word covers the number
alone. That every tear of the 32 bytes falls into these classes, and each class is met, is proved in
proofs/bytes/torn_records.py.

Left out: a torn number that fits its torn check word by chance, and so names any slot (proofs/bytes/crc_lemmas.py
counts them: none of a prefix, 1 in 2^15 for single bits of number 1).
"""

from ..fault_model import FaultModel
from .records import Check, Word

Torn = tuple[Check, Word]
"""What the record reads as; its number and slot are as they were if the check word is right."""

MORE_BITS: dict[Word, frozenset[Word]] = {
    Word.NEW: frozenset(Word),
    Word.PENDING_VERIFY: frozenset({Word.PENDING_VERIFY, Word.INVALID, Word.UNDEFINED}),
    Word.VALID: frozenset({Word.VALID, Word.INVALID, Word.UNDEFINED}),
    Word.INVALID: frozenset({Word.INVALID, Word.UNDEFINED}),
    Word.ABORTED: frozenset({Word.ABORTED, Word.UNDEFINED}),
    Word.UNDEFINED: frozenset({Word.UNDEFINED}),
}
"""What a state word can read as when some bits that should be 0 are 1: 0 can be anything, 1 and 2 can be 3."""

BLANK: Torn = (Check.EMPTY, Word.UNDEFINED)


def programmed_tears(check: Check, word: Word, fault: FaultModel) -> frozenset[Torn]:
    """Return what can be found where (check, word) was being programmed into an erased sector."""
    if fault is FaultModel.F0:
        return frozenset({BLANK, (check, word)})
    if fault is FaultModel.F1:
        begun = frozenset() if check is Check.EMPTY else frozenset({(Check.WRONG, Word.UNDEFINED), (Check.WRONG, word)})
        return frozenset({BLANK, (check, word)}) | begun
    return _independent(check, word, fault)


def erased_tears(check: Check, word: Word, fault: FaultModel) -> frozenset[Torn]:
    """Return what can be found where the sector of (check, word) was being erased."""
    if fault is FaultModel.F0:
        return frozenset({BLANK, (check, word)})
    if fault is FaultModel.F1:
        begun = frozenset() if check is Check.EMPTY else frozenset({(Check.WRONG, word)})
        return frozenset({BLANK, (check, word), (Check.EMPTY, word)}) | begun
    return _independent(check, word, fault)


def _independent(check: Check, word: Word, fault: FaultModel) -> frozenset[Torn]:
    """Number, state word and check word are torn each by itself."""
    checks = {Check.EMPTY} if check is Check.EMPTY else {Check.EMPTY, Check.WRONG, check}
    return frozenset((torn, read) for torn in checks for read in _torn_words(word, fault))


def _torn_words(word: Word, fault: FaultModel) -> frozenset[Word]:
    """Return what a state word, half programmed or half erased, can read as."""
    return MORE_BITS[word] if fault is FaultModel.F3 else frozenset({word, Word.UNDEFINED})
