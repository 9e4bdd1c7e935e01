"""What a record by turns says, in words: the one reading for all that show records. Source: selector/DESIGN.md."""

from collections.abc import Callable
from dataclasses import dataclass

from ...impl.bootloader import FACTORY_INDEX, fallback_order
from ...impl.by_turns.takeover import taken_over
from ...impl.by_turns.turn_bootloader import boot_order
from ...impl.by_turns.turn_record import (
    CHECK_WORD_AT,
    FACTORY_PLACE,
    NO_PLACE,
    Turn,
    TurnKind,
    TurnPlaces,
    TurnState,
    decide,
    decode_record,
    encode_record,
    sector_to_write,
)
from ...impl.otadata import EntryPair, decode_entry, is_select_valid

Called = Callable[[int], str]
"""What a place is called: an OTA slot by its number, FACTORY_PLACE."""


def plain_name(place: int) -> str:
    """Return what a place is called where no table gives labels."""
    return "factory" if place == FACTORY_PLACE else f"ota_{place}"


def whole_record_text(raw: bytes, places: TurnPlaces, called: Called = plain_name) -> str | None:
    """Return what the 32 bytes of a record by turns say, in a few words; None unless it is whole."""
    whole = decode_record(raw, places)
    return None if whole is None else f"number {whole[0]}, by turns {state_text(whole[1], called)}"


def state_text(state: TurnState, called: Called = plain_name) -> str:
    """Return what a logical state means for the next power-ons."""
    current, other = called(state.current), None if state.other == NO_PLACE else called(state.other)
    if state.kind is TurnKind.NEW:
        back = "" if other is None else f"; if it is not accepted then, {other} starts again"
        return f"NEW: {current} has its one try{back}"
    if state.kind is TurnKind.TRIED and other == current:
        return f"TRIED: {current} starts; it was tried and not accepted, with nothing to go back to"
    if state.kind is TurnKind.TRIED:
        tried = "" if other is None else f"; {other} was tried, and is not accepted so far"
        return f"TRIED: {current} starts{tried}"
    back = "" if other is None else f"; rollback may go to {other}"
    return f"{state.kind.name}: {current} starts{back}"


def torn_record_text(raw: bytes, places: TurnPlaces, called: Called = plain_name) -> str | None:
    """Return what a record by turns was to say whose program was cut before its check word; None for anything else."""
    seq, what = raw[:4], raw[4:8]
    kind, other, current, _ = what
    if kind not in list(TurnKind):
        return None
    record = encode_record(int.from_bytes(seq, "little"), TurnState(TurnKind(kind), current, other))
    if decode_record(record, places) is None or raw[:CHECK_WORD_AT] != record[:CHECK_WORD_AT]:
        return None
    said = whole_record_text(record, places, called)
    return f"a record by turns without its check word, whose program was cut, so it counts for nothing: {said}"


@dataclass(frozen=True, slots=True)
class TurnChoice:
    """What a bootloader by turns makes of two records, before it looks at any image."""

    selected: str | None
    """Label of the partition that it tries first; None where the table has none."""
    why: tuple[str, ...]
    """How that comes about, a clause each."""
    order: tuple[str, ...]
    """Labels of the partitions in the order of trying."""


def turn_choice(
    raws: tuple[bytes, bytes], places: TurnPlaces, rollback: bool, label_of: Callable[[int], str | None]
) -> TurnChoice:
    """Return it. label_of: the label of a place of the table; None where the table has none."""

    def called(place: int) -> str:
        return label_of(place) or plain_name(place)

    turn, why = _decided(raws, places, rollback, called)
    if turn is None:
        start = FACTORY_INDEX if places.has_factory else 0
        indices = tuple(fallback_order(start, places.slot_count))
    else:
        indices = boot_order(turn.state, places.slot_count)
        if turn.state.kind is TurnKind.NEW and rollback:
            back = turn.state.current if turn.state.other == NO_PLACE else turn.state.other
            tried = TurnState(TurnKind.TRIED, back, turn.state.current)
            why += (f"before the image starts, its try is noted: {state_text(tried, called)}",)
    labels = [label_of(FACTORY_PLACE if index == FACTORY_INDEX else index) for index in indices]
    if turn is None:
        first = labels[0] if labels else None
        why += (f"the first image that loads is started, from {first or 'ota_0'} on, and written down as VALID",)
    return TurnChoice(labels[0] if labels else None, why, tuple(label for label in labels if label is not None))


def _decided(
    raws: tuple[bytes, bytes], places: TurnPlaces, rollback: bool, called: Called
) -> tuple[Turn | None, tuple[str, ...]]:
    """Return what decides, with the takeover of ESP-IDF's records as one that is written first; and why."""
    whole = [decode_record(raw, places) for raw in raws]
    entries = EntryPair(*map(decode_entry, raws))
    turn = decide(raws, places)
    if turn is not None:
        first, second = whole
        rank = "the only whole record by turns"
        if first is not None and second is not None:
            rank = "the first of two equal numbers" if first[0] == second[0] else "the higher number"
        why = (f"entry {turn.sector} decides, {rank} ({turn.seq}): {state_text(turn.state, called)}",)
        return turn, why + tuple(
            f"entry {number} is one of ESP-IDF's: beside a whole record by turns it is not heard"
            for number, entry in enumerate(entries)
            if whole[number] is None and is_select_valid(entry)
        )
    turn = taken_over(entries, places, rollback)
    if turn is None:
        return None, ("no record is whole by turns, and none of ESP-IDF's is bootable, so otadata begins anew",)
    return turn, (
        f"no record is whole by turns: what ESP-IDF's records say is taken over and written as entry "
        f"{sector_to_write(turn)}: {state_text(turn.state, called)}",
    )
