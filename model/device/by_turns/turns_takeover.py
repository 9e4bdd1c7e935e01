"""What ESP-IDF's records stand for, where none is whole by turns: the state that the bootloader begins with.

Source: selector/DESIGN.md, "Taking over".
"""

from dataclasses import dataclass

from ...terms.terms import Bool, Num, choose, fact, first_of, number
from ..records import Check, Record, Records, Word, active, either
from ..state import Scope


@dataclass(frozen=True, slots=True)
class Takeover:
    """The state that is written at the takeover."""

    is_some: Bool
    """A record is bootable; without one, the other parts say nothing."""
    record: Record
    """The state as a record by turns holds it; its number is the one that the new record's is above."""
    stays: Num
    """The sector that is left alone, by which an interrupted takeover begins anew."""


def taken_over(scope: Scope, records: Records) -> Takeover:
    """Return what two records of ESP-IDF stand for.

    An image that was under test is tried: ESP-IDF's bootloader would abort it at this boot. If another record is
    bootable, that one stays, else the tried image goes back to factory or to the first slot."""
    rollback, nowhere = fact(scope.config.rollback), number(scope.nowhere, scope.place_bits)
    decides = active(records)
    record, other = decides.of(records), decides.other_of(records)
    is_tried, is_new = (rollback & (record.word == word) for word in (Word.PENDING_VERIFY, Word.NEW))
    has_other = other.is_bootable & ~(rollback & other.is_under_test)
    home = number(scope.factory if scope.has_factory else 0, scope.place_bits)
    back = first_of(((has_other, other.slot), (is_tried | is_new, home)), nowhere)
    current = choose(is_tried, back, record.slot)
    accepted = fact(scope.config.rollback) | (record.word == Word.VALID)
    word = first_of(
        (
            (is_tried & (back == scope.factory), number(Word.ABORTED, 3)),
            (is_new, number(Word.NEW, 3)),
            (accepted, number(Word.VALID, 3)),
        ),
        number(Word.UNDEFINED, 3),
    )
    staying = either(is_tried & has_other, other, record)
    written = Record(
        number(Check.RIGHT, 2),
        word,
        current,
        staying.seq,
        choose(is_tried, record.slot, choose(back == record.slot, nowhere, back)),
        is_tried,
    )
    return Takeover(decides.is_some, written, choose(is_tried & has_other, decides.other_sector, decides.sector))
