"""An annotated hex view of the otadata entries."""

from collections.abc import Iterator

from ...campaign.explain.turn_words import whole_record_text
from ...impl.by_turns.turn_record import TurnPlaces
from ...impl.otadata import SEQ_EMPTY, decode_entry, is_crc_right, is_select_valid, slot_of_seq
from ...model.ota_state import OtaImgState, api_name


def entry_lines(
    raw_entries: tuple[bytes, bytes], slot_count: int, notes_in_place: bool = False
) -> Iterator[tuple[str, str]]:
    """Yield, for each of the two entries, its 32 bytes by field, and what they say.

    notes_in_place: to a device that notes a try in the label."""
    for number, raw in enumerate(raw_entries):
        seq, label, state, crc = raw[:4].hex(), raw[4:24].hex(), raw[24:28].hex(), raw[28:].hex()
        label = label.replace("ff" * 20, "ff×20").replace("ff" * 19, "ff×19 ")
        middle = f"label {label}" if _by_turns(raw, slot_count) is None else f"what {raw[4:8].hex()}"
        fields = f"otadata[{number}]  seq {seq}  {middle}  state {state}  crc {crc}"
        yield fields, entry_meaning(raw, slot_count, notes_in_place)


def entry_meaning(raw: bytes, slot_count: int, notes_in_place: bool = False) -> str:
    """Return what the 32 bytes of an entry say; notes_in_place: to a device that notes a try in the label."""
    by_turns = _by_turns(raw, slot_count)
    if by_turns is not None:
        return by_turns
    entry = decode_entry(raw, notes_in_place)
    noted = ", noted in the label" if entry.ota_state != decode_entry(raw).ota_state else ""
    if entry.ota_seq == SEQ_EMPTY and entry.crc == 0xFFFFFFFF and entry.ota_state == OtaImgState.UNDEFINED:
        return "blank"
    if entry.ota_seq == SEQ_EMPTY:
        return "empty: no sequence number"
    slot = f"ota_{slot_of_seq(entry.ota_seq, slot_count)}" if slot_count else "no slot"
    try:
        state = OtaImgState(entry.ota_state).name
    except ValueError:
        state = f"state 0x{entry.ota_state:08x} (reads {api_name(entry.ota_state)!r})"
    if not is_crc_right(entry):
        return f"number {entry.ota_seq} ({slot}), {state}, check word wrong: not bootable"
    bootable = "bootable" if is_select_valid(entry) else "not bootable"
    return f"number {entry.ota_seq} ({slot}), {state}{noted}: {bootable}"


def _by_turns(raw: bytes, slot_count: int) -> str | None:
    """Return what a whole record by turns says; only a device with a factory partition has one that names it."""
    return whole_record_text(raw, TurnPlaces(slot_count, has_factory=True))
