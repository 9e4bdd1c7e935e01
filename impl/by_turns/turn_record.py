"""The record that is kept by turns: 32 bytes that say the whole logical state, each word beside its complement.

Sequence number, state and check word lie where ESP-IDF has them. The check word is programmed last and by itself, so a
record that was cut is none: by its complements it is not whole, and for ESP-IDF its check word is wrong.
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum

from ...model.ota_state import OtaImgState
from ..chip.cells import SECTOR_SIZE
from ..esp_err import EspErr, OtaError
from ..otadata import ENTRY_SIZE, ota_select_crc, slot_of_seq

FACTORY_PLACE = 16
"""The factory partition; OTA slots are 0 … 15."""
NO_PLACE = 31
"""Of `other`: none."""
CHECK_WORD_AT = 28
"""Where the check word lies."""
SEQ_LIMIT = 0xFFFFFFC0
"""No record with this number or a higher one is written."""
_MARK = 0xB7
_WORD = 0xFFFFFFFF
_LAYOUT = struct.Struct("<8I")


class TurnKind(IntEnum):
    """What `current` is to the next power-on."""

    NEW = 1
    """It has one try; one that fails goes back to `other`."""
    TRIED = 2
    """It is started; `other` was tried and is not accepted."""
    VALID = 3
    """It is started; `other` is where rollback may go."""
    SELECTED = 4
    """The same, set without rollback."""


@dataclass(frozen=True, slots=True)
class TurnState:
    """The logical state."""

    kind: TurnKind
    current: int
    """A slot or FACTORY_PLACE."""
    other: int
    """A slot, FACTORY_PLACE or NO_PLACE."""

    @property
    def image_state(self) -> int:
        """The state word of the record, which ESP-IDF reads too; it boots no slot by that of factory."""
        if self.current == FACTORY_PLACE:
            return OtaImgState.ABORTED
        return _IMAGE_STATES[self.kind]

    @property
    def keeps_other(self) -> bool:
        """Whether `other` holds an image that may still be wanted."""
        return self.kind is not TurnKind.TRIED


_IMAGE_STATES = {
    TurnKind.NEW: OtaImgState.NEW,
    TurnKind.TRIED: OtaImgState.VALID,
    TurnKind.VALID: OtaImgState.VALID,
    TurnKind.SELECTED: OtaImgState.UNDEFINED,
}


@dataclass(frozen=True, slots=True)
class TurnPlaces:
    """The places that a partition table has."""

    slot_count: int
    has_factory: bool

    def has(self, place: int) -> bool:
        """Tell whether there is a partition at the place."""
        return self.has_factory if place == FACTORY_PLACE else 0 <= place < min(self.slot_count, FACTORY_PLACE)


@dataclass(frozen=True, slots=True)
class Turn:
    """What otadata says, and the sector that says so."""

    state: TurnState
    sector: int | None
    """The sector that an update leaves alone; None: neither counts."""
    seq: int
    """The number that the next one is above."""


def decode_record(raw: bytes, places: TurnPlaces) -> tuple[int, TurnState] | None:
    """Return number and state of a record that is whole, else None."""
    seq, what, *complements, image_state, crc = _LAYOUT.unpack(raw)
    words = (seq, what, image_state, crc)
    if any(word ^ complement != _WORD for word, complement in zip(words, complements, strict=True)):
        return None
    kind, other, current, mark = what.to_bytes(4, "little")
    if crc != ota_select_crc(seq) or mark != _MARK or kind not in list(TurnKind):
        return None
    state = TurnState(TurnKind(kind), current, other)
    is_placed = places.has(current) and (other == NO_PLACE or places.has(other))
    return (seq, state) if is_placed and image_state == state.image_state else None


def encode_record(seq: int, state: TurnState) -> bytes:
    """Return the 32 bytes of a record."""
    what = int.from_bytes(bytes([state.kind, state.other, state.current, _MARK]), "little")
    words = (seq, what, state.image_state, ota_select_crc(seq))
    return _LAYOUT.pack(*words[:2], *(word ^ _WORD for word in words), *words[2:])


def decide(raws: tuple[bytes, bytes], places: TurnPlaces) -> Turn | None:
    """Return what the whole record with the higher number says; None without any."""
    found = [
        Turn(whole[1], sector, whole[0])
        for sector, raw in enumerate(raws)
        if (whole := decode_record(raw, places)) is not None
    ]
    return max(found, key=lambda turn: turn.seq, default=None)


def next_record(turn: Turn | None, state: TurnState, slot_count: int) -> bytes:
    """Return the record that makes `state` follow; raises OtaError(INVALID_STATE) at the end of the numbers."""
    above = 0 if turn is None else turn.seq
    seq = above + 1
    if state.current != FACTORY_PLACE:
        seq += (state.current - slot_of_seq(seq, slot_count)) % slot_count
    if seq >= SEQ_LIMIT:
        raise OtaError(EspErr.INVALID_STATE)
    return encode_record(seq, state)


def sector_to_write(turn: Turn | None) -> int:
    """Return the sector that does not decide."""
    return 0 if turn is None or turn.sector is None else turn.sector ^ 1


def store_record(
    record: bytes, erase: Callable[[], None], program: Callable[[int, bytes], None], read: Callable[[], bytes]
) -> None:
    """Erase the sector, program the record with its check word last, and read it back.

    Raises OtaError where the record is not there then, whatever the driver has said."""
    code = EspErr.FLASH_OP_FAIL
    try:
        erase()
        program(0, record[:CHECK_WORD_AT])
        program(CHECK_WORD_AT, record[CHECK_WORD_AT:])
    except OtaError as error:
        code = error.code
    if read() != record:
        raise OtaError(code)


def read_records(read: Callable[[int, int], bytes]) -> tuple[bytes, bytes]:
    """Return the bytes of both records. read: by offset in otadata, and length."""
    return read(0, ENTRY_SIZE), read(SECTOR_SIZE, ENTRY_SIZE)
