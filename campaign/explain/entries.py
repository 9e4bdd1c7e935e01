"""What an otadata entry says, field by field, and what is wrong with it: bad check word, torn record, odd numbers.

A torn record is recognised by trying which number and which state, programmed or erased up to some byte, leave these
32 bytes. Numbers close to that of the other entry are tried first, then small ones. It is a guess by the bytes alone;
the history that is searched for (history_target.py) says what the life cycle can leave behind.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from ...impl.by_turns.turn_record import FACTORY_PLACE, TurnPlaces, decode_record
from ...impl.otadata import (
    ENTRY_SIZE,
    SEQ_EMPTY,
    SelectEntry,
    decode_entry,
    encode_entry,
    is_crc_right,
    is_select_valid,
    make_entry,
    ota_select_crc,
    slot_of_seq,
)
from ...model.ota_state import OtaImgState, state_name
from .turn_words import plain_name, torn_record_text, whole_record_text

NEAR_TOP = 0xFFFFFFFF - 0x100
"""Numbers from here on are close to 0xFFFFFFFF, which means erased."""
_SMALL = 64
"""Numbers that are tried for a torn record whatever the other entry says."""
_FIELDS = ((0, 4, "number"), (4, 24, "label"), (24, 28, "state"), (28, 32, "check word"))
_NO_LABEL = b"\xff" * 20
_BLANK = b"\xff" * ENTRY_SIZE


@dataclass(frozen=True, slots=True)
class SlotNames:
    """What the numbers of entries lead to."""

    count: int
    """OTA slots as the bootloader counts them: rows of the table."""
    labels: Mapping[int, str]
    """By slot number, for the slots that the table has."""
    count_of_app: int
    """OTA slots as the application counts them: ota_0 on, without a gap."""
    factory: str | None = None
    """Label of the factory partition; None without one."""

    @property
    def places(self) -> TurnPlaces:
        """The places that a record by turns can name."""
        return TurnPlaces(self.count, self.factory is not None)

    def label_of(self, place: int) -> str | None:
        """Return the label of such a place; None where the table has none there."""
        return self.factory if place == FACTORY_PLACE else self.labels.get(place)

    def called(self, place: int) -> str:
        """Return what such a place is called."""
        return self.label_of(place) or plain_name(place)

    def of(self, ota_seq: int) -> str:
        """Return the slot that a number names, by its label."""
        if self.count == 0:
            return "no slot"
        slot = slot_of_seq(ota_seq, self.count)
        return self.labels.get(slot, f"ota_{slot}, which the table has not")


@dataclass(frozen=True, slots=True)
class EntryReading:
    """One entry, read."""

    number: int
    """0 or 1: its sector."""
    raw: bytes
    entry: SelectEntry
    is_bootable: bool
    names: str
    """Label of the partition that its number names; what is missing where there is none."""
    summary: str
    """What it says, in a few words."""
    problems: tuple[str, ...]
    """What is wrong with it, a sentence each."""
    is_by_turns: bool = False
    """It is a whole record by turns, of which ESP-IDF reads the number, the state and the check word alone."""

    @property
    def crc_wanted(self) -> int:
        """The check word that the number asks for."""
        return ota_select_crc(self.entry.ota_seq)

    @property
    def gives_up(self) -> bool:
        """It says that what it names was rejected, or came to nothing on trial."""
        is_read = is_crc_right(self.entry) and not self.is_by_turns
        return is_read and self.entry.ota_state in (OtaImgState.INVALID, OtaImgState.ABORTED)

    @property
    def state_name(self) -> str:
        """The state, by name where it has one."""
        return state_name(self.entry.ota_state)


def read_entries(sectors: tuple[bytes, bytes], names: SlotNames) -> tuple[EntryReading, EntryReading]:
    """Return what the two sectors of an otadata partition say."""
    first, second = (decode_entry(sector[:ENTRY_SIZE]) for sector in sectors)
    return _read_entry(0, sectors[0], second, names), _read_entry(1, sectors[1], first, names)


def summary_of(raw: bytes, names: SlotNames) -> str:
    """Return what 32 bytes say, in a few words."""
    entry = decode_entry(raw)
    if raw == _BLANK:
        return "blank"
    by_turns = whole_record_text(raw, names.places, names.called)
    if by_turns is not None:
        return by_turns
    if entry.ota_seq == SEQ_EMPTY:
        return "no number: counts as erased"
    said = f"number {number_text(entry.ota_seq)} → {names.of(entry.ota_seq)}, {state_name(entry.ota_state)}"
    if not is_crc_right(entry):
        return f"{said}, check word wrong"
    return said


def tear_of(raw: bytes, near: int) -> str | None:
    """Return what operation, stopped half way, would leave these 32 bytes; None when none is found.

    near: the number of the other entry, 0 without one."""
    candidates = [make_entry(seq, state) for seq in _numbers(near) for state in OtaImgState]
    whole = [(entry, encode_entry(entry)) for entry in candidates]
    for entry, record in whole:
        if (length := _programmed(raw, record)) is not None:
            return f"the program of number {entry.ota_seq} stopped after {_bytes(length)}{_state_in(raw, length)}"
    for entry, record in whole:
        if (length := _erased(raw, record)) is not None:
            state = f", {state_name(entry.ota_state)}" if length <= 27 else ""
            return f"the erase of number {entry.ota_seq}{state} stopped after {_bytes(length)}"
    for unit in ("bytes", "bits"):
        parts = [(entry, record) for entry, record in whole if _is_part(raw, record, unit)]
        if parts:
            entry, _ = min(parts, key=lambda part: _distance(raw, part[1]))
            return f"only some {unit} of number {entry.ota_seq}, {state_name(entry.ota_state)}, are there"
    return None


def _read_entry(number: int, sector: bytes, other: SelectEntry, names: SlotNames) -> EntryReading:
    raw = sector[:ENTRY_SIZE]
    entry = decode_entry(raw)
    near = other.ota_seq if is_crc_right(other) and other.ota_seq != SEQ_EMPTY else 0
    problems = (*_problems(raw, entry, near, names), *_rest_problems(sector))
    named = names.of(entry.ota_seq)
    is_by_turns = decode_record(raw, names.places) is not None
    summary = summary_of(raw, names)
    return EntryReading(number, raw, entry, is_select_valid(entry), named, summary, problems, is_by_turns)


def _problems(raw: bytes, entry: SelectEntry, near: int, names: SlotNames) -> Iterator[str]:
    if raw == _BLANK or decode_record(raw, names.places) is not None:
        return
    torn = torn_record_text(raw, names.places, names.called)
    if torn is not None:
        yield torn
        return
    if entry.ota_seq == SEQ_EMPTY and is_crc_right(entry):
        yield (
            "number 0xffffffff with its check word: what follows number 0xfffffffe, and it means erased "
            "(case sequence-number-wraps)"
        )
        return
    if entry.ota_seq == SEQ_EMPTY:
        yield f"the number is erased, what follows is not: {tear_of(raw, near) or _NO_TEAR}"
        return
    if not is_crc_right(entry):
        wanted = ota_select_crc(entry.ota_seq)
        yield f"check word 0x{entry.crc:08x}, the number asks for 0x{wanted:08x}: never bootable"
        yield f"torn: {tear_of(raw, near) or _NO_TEAR}"
        return
    if entry.seq_label != _NO_LABEL:
        yield "bytes 4 … 23, unused by ESP-IDF, are not blank"
    yield from _number_problems(entry, names)
    yield from _state_problems(entry)


_NO_TEAR = "no record that would be likely here, stopped at any byte, leaves this; other tools, or more than one fault"


def _number_problems(entry: SelectEntry, names: SlotNames) -> Iterator[str]:
    seq = entry.ota_seq
    if seq == 0:
        yield "number 0: no writer makes it; it counts as 2^32"
    if seq >= NEAR_TOP:
        yield (
            f"the number is {SEQ_EMPTY - seq} below 0xffffffff, which means erased: upgrades will soon be lost "
            f"(case sequence-number-wraps)"
        )
    if names.count == 0:
        yield "the table has no OTA slot that a number could name"
        return
    slot = slot_of_seq(seq, names.count)
    if slot not in names.labels:
        yield f"names slot {slot} of {names.count}, and the table has no ota_{slot}"
    if names.count_of_app not in (names.count, 0) and (of_app := slot_of_seq(seq, names.count_of_app)) != slot:
        yield (
            f"the bootloader counts {names.count} slots and takes it for ota_{slot}, the application counts "
            f"{names.count_of_app} without a gap and takes it for ota_{of_app}"
        )


def _state_problems(entry: SelectEntry) -> Iterator[str]:
    """Yield what is odd of a state word; the check word does not cover it."""
    word = entry.ota_state
    if word in set(OtaImgState):
        return
    raw = word.to_bytes(4, "little")
    sources = [
        (state, unit)
        for unit in ("bytes", "bits")
        for state in (s for s in OtaImgState if s is not OtaImgState.UNDEFINED)
        if _is_covered(raw, int(state).to_bytes(4, "little"), unit)
    ]
    torn = ""
    if sources:
        unit = sources[0][1]
        state = min((s for s, u in sources if u == unit), key=lambda s: (int(s) ^ word).bit_count())
        torn = f"; {state.name} with some {unit} not programmed, or erased, reads so"
    yield f"state 0x{word:08x} is none: it reads as UNDEFINED, so the entry boots without a test{torn}"


def _rest_problems(sector: bytes) -> Iterator[str]:
    rest = sector[ENTRY_SIZE:]
    strange = len(rest) - rest.count(0xFF)
    if strange:
        yield f"{strange} bytes behind the entry, in its sector, are not blank; nobody reads them"


def _numbers(near: int) -> Iterable[int]:
    """Yield the numbers worth trying, the likeliest first."""
    if near:
        yield from (n for d in range(1, 17) for n in (near + d, near - d) if 0 < n < SEQ_EMPTY)
        yield near
    yield from (n for n in range(1, _SMALL + 1) if abs(n - near) > 16 or not near)


def _programmed(raw: bytes, record: bytes) -> int | None:
    """Return after how many bytes the program of a record has stopped; None where it has not."""
    length = len(raw.rstrip(b"\xff"))
    is_begun = 0 < length < ENTRY_SIZE and raw[:length] == record[:length]
    # What is programmed as 0xFF reads the same as what is not reached; a whole record is not torn.
    return length if is_begun and raw != record else None


def _erased(raw: bytes, record: bytes) -> int | None:
    """Return after how many bytes the erase of a record has stopped; None where it has not."""
    length = len(raw) - len(raw.lstrip(b"\xff"))
    is_begun = 0 < length < ENTRY_SIZE and raw[length:] == record[length:]
    return length if is_begun and raw != record else None


def _is_part(raw: bytes, record: bytes, unit: str) -> bool:
    """Tell whether some bytes or bits of a record are there, the number or the check word being whole."""
    has_anchor = raw[:4] == record[:4] or raw[28:] == record[28:]
    return has_anchor and _is_covered(raw, record, unit)


def _is_covered(raw: bytes, record: bytes, unit: str) -> bool:
    if unit == "bytes":
        return all(byte in (0xFF, wanted) for byte, wanted in zip(raw, record, strict=True))
    return all(byte & wanted == wanted for byte, wanted in zip(raw, record, strict=True))


def _distance(raw: bytes, record: bytes) -> int:
    """Return in how many bits they differ."""
    return (int.from_bytes(raw, "little") ^ int.from_bytes(record, "little")).bit_count()


def _state_in(raw: bytes, length: int) -> str:
    """Return the state of a record that was programmed up to there, if it got that far."""
    return f", its state {state_name(int.from_bytes(raw[24:28], 'little'))}" if length > 24 else ""


def _bytes(length: int) -> str:
    field = next((name for start, end, name in _FIELDS if start < length < end), None)
    inside = "" if field is None else f" (inside its {field})"
    return f"{length} byte{'s' if length > 1 else ''}{inside}"


def number_text(seq: int) -> str:
    """Return a number: decimal unless it is large."""
    return str(seq) if seq < 0x10000 else f"0x{seq:08x}"
