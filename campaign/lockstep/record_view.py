"""One otadata record as the device model sees it."""

from dataclasses import dataclass

from ...model.device.records import Check, Word


@dataclass(frozen=True, slots=True)
class RecordView:
    """One otadata record."""

    check: Check
    word: Word
    slot: int = 0
    """The slot that the number names; 0 unless the check word fits."""
    seq: int = 0
    """The number, as Numbers.RANKED keeps it; 0 unless the check word fits, and of 0xFFFFFFFF mostly."""
    other: int = 0
    """By turns: the other place that it names."""
    is_tried: bool = False
    """By turns: that one was tried."""

    @property
    def is_right(self) -> bool:
        """The check word fits the number."""
        return self.check is Check.RIGHT

    @property
    def fits_though_empty(self) -> bool:
        """The number is 0xFFFFFFFF, and the check word fits it."""
        return self.check is Check.EMPTY and self.seq != 0


BLANK_RECORD = RecordView(Check.EMPTY, Word.UNDEFINED)
