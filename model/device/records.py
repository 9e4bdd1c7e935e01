"""The otadata record as the device model sees it, and the decisions that read two of them.

Of the 32 bytes four things matter: whether there is a number and whether its check word fits (Check), the state word
(Word), the slot that the number names, and the number itself, to compare. `proofs/bytes/torn_records.py` shows that
every tear of the bytes falls into these classes.
"""

from dataclasses import dataclass
from enum import Enum, IntEnum

from ..terms.terms import Bool, Num, choose, fact, number

TOP = (1 << 32) - 64
"""Sequence numbers from here on are out of the model: the next one might be 0xFFFFFFFF, or wrap. So is number 0, which
counts as 2^32: unless the number of slots divides that, the next number is not the one that next_seq() says. A scope
can allow both; see end_numbers.py."""


_NO_PLACE, _NOT_TRIED = number(0), fact(False)


class Check(IntEnum):
    """What the number and the check word of a record come to."""

    EMPTY = 0
    """The number is 0xFFFFFFFF, as in erased flash: no record."""
    WRONG = 1
    """There is a number, and the check word does not fit it."""
    RIGHT = 2
    """There is a number, and the check word fits it."""


class Word(IntEnum):
    """What a state word reads as: OtaImgState, with one value for all words that are none of the first five."""

    NEW = 0
    PENDING_VERIFY = 1
    VALID = 2
    INVALID = 3
    ABORTED = 4
    UNDEFINED = 5
    """0xFFFFFFFF, or any other word beyond 4: garbage is bootable."""


class Sector(IntEnum):
    """The two sectors of otadata; each holds one record."""

    FIRST = 0
    SECOND = 1


class Numbers(Enum):
    """How sequence numbers are kept."""

    RANKED = "ranked"
    """By what can be told of them: 1 … n as they are, any above as "above", or "above that". Finitely many, for any
    number of upgrades; nothing is lost (proofs/refinement/ranking_quotient.py)."""
    EXACT = "exact"
    """As they are: 32 bits."""


@dataclass(frozen=True, slots=True)
class Record:
    """One otadata record."""

    check: Num
    word: Num
    slot: Num
    """The slot that the number names; 0 unless the check word fits it. Where a cut can leave stray numbers, a record
    with a wrong check word keeps that of the number that was torn: the bits that it set stay set."""
    seq: Num
    """The number, with the same exception."""
    other: Num = _NO_PLACE
    """Kept by turns: the other place of the state; 0 unless the record is whole."""
    is_tried: Bool = _NOT_TRIED
    """Kept by turns: the other place was tried."""

    @property
    def is_right(self) -> Bool:
        """The check word fits the number."""
        return self.check == Check.RIGHT

    @property
    def is_under_test(self) -> Bool:
        """The state word is PENDING_VERIFY; nobody looks at the check word. Source: IDF-BOOT-SELECT."""
        return self.word == Word.PENDING_VERIFY

    @property
    def is_invalid(self) -> Bool:
        """Empty, INVALID or ABORTED; the check word does not matter. Source: IDF-OTADATA-INVALID."""
        return (self.check == Check.EMPTY) | self.word.is_in(Word.INVALID, Word.ABORTED)

    @property
    def is_bootable(self) -> Bool:
        """The bootloader may boot by it. Source: IDF-OTADATA-VALID."""
        return ~self.is_invalid & self.is_right

    @property
    def is_initial(self) -> Bool:
        """It counts as never written. Source: IDF-BOOT-SELECT."""
        return ~self.is_right

    def names(self, slot: Num | int) -> Bool:
        """Its check word is right, and its number names the slot."""
        return self.is_right & (self.slot == slot)


BLANK = Record(number(Check.EMPTY, 2), number(Word.UNDEFINED, 3), number(0), number(0))
"""The record of an erased sector."""

Records = tuple[Record, Record]


@dataclass(frozen=True, slots=True)
class Active:
    """Which of two records decides."""

    is_first: Bool
    is_second: Bool

    @property
    def is_some(self) -> Bool:
        """One of them does."""
        return self.is_first | self.is_second

    @property
    def sector(self) -> Num:
        """Where it is; FIRST when there is none."""
        return choose(self.is_second, number(Sector.SECOND), number(Sector.FIRST))

    @property
    def other_sector(self) -> Num:
        """The sector that is not its own; FIRST when there is none."""
        return choose(self.is_first, number(Sector.SECOND), number(Sector.FIRST))

    def of(self, records: Records) -> Record:
        """Return the record itself; the first when there is none."""
        return either(self.is_second, records[1], records[0])

    def other_of(self, records: Records) -> Record:
        """Return the one that does not decide; the first when there is none."""
        return either(self.is_first, records[1], records[0])


def either(condition: Bool, then: Record, otherwise: Record) -> Record:
    """Return one of two records."""
    return Record(
        choose(condition, then.check, otherwise.check),
        choose(condition, then.word, otherwise.word),
        choose(condition, then.slot, otherwise.slot),
        choose(condition, then.seq, otherwise.seq),
        choose(condition, then.other, otherwise.other),
        choose(condition, then.is_tried, otherwise.is_tried),
    )


def newest(records: Records, usable: tuple[Bool, Bool]) -> Active:
    """Return the usable record with the highest number, the first of equal ones. Source: IDF-OTADATA-ACTIVE."""
    first, second = usable
    is_first_newer = records[0].seq >= records[1].seq
    return Active(first & (~second | is_first_newer), second & ~(first & is_first_newer))


def active(records: Records) -> Active:
    """Return the newest bootable record. Source: IDF-OTADATA-ACTIVE."""
    return newest(records, (records[0].is_bootable, records[1].is_bootable))


def reported_word(records: Records, slot: Num | int, last: int | None = None) -> tuple[Bool, Num]:
    """Return whether a record names the slot, and the state word of the first that does.

    This is what info() reports; the newest is not asked for, nor whether a number reads as erased. last: that number,
    where a record can be given it. Source: IDF-OTA-GET-STATE."""
    first, second = (record.names(slot) for record in records)
    if last is not None:
        first, second = (
            is_named | ((record.seq == last) & (record.slot == slot))
            for is_named, record in zip((first, second), records, strict=True)
        )
    return first | second, choose(first, records[0].word, records[1].word)


def next_seq(current: Record, slot: Num, slot_count: Num | int) -> Num:
    """Return the smallest number, not below the current one, that names the slot. Source: IDF-OTA-SET-BOOT."""
    ahead = choose(slot >= current.slot, slot - current.slot, slot + number(slot_count, 5) - current.slot)
    return current.seq + ahead


def ranked(records: Records, slot_count: int, below: int | None = None) -> tuple[Num, Num]:
    """Return the numbers of two records as Numbers.RANKED keeps them; below: the first that keeps its value again."""
    above, above_that = number(slot_count + 1), number(slot_count + 2)
    is_above = [record.seq > slot_count for record in records]
    if below is not None:
        is_above = [mine & (record.seq < below) for mine, record in zip(is_above, records, strict=True)]
    both = is_above[0] & is_above[1]
    is_higher = (records[1].seq < records[0].seq, records[0].seq < records[1].seq)
    first, second = (
        choose(mine & both & higher, above_that, choose(mine, above, record.seq))
        for record, mine, higher in zip(records, is_above, is_higher, strict=True)
    )
    return first, second
