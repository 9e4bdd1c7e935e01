"""What otadata says that is kept by turns: the whole records, the one that decides, what was given up."""

from collections.abc import Callable

from ...impl.by_turns.turn_record import FACTORY_PLACE, Turn, TurnKind, TurnPlaces, TurnState, decide, decode_record
from ...impl.chip.cells import SECTOR_SIZE
from ...impl.otadata import ENTRY_SIZE
from ...model.claims.observation import Note, Notes
from ...model.ota_state import api_name
from ..device_under_test import DeviceUnderTest
from .player import Played, StepOutcome
from .step import StepName

Read = Callable[[int, int], bytes]
"""(address, length): the bytes that lie there."""


def turn_entries(dut: DeviceUnderTest, read: Read) -> tuple[bytes, bytes] | None:
    """Return the bytes of both records; None for a device without otadata."""
    if dut.otadata is None:
        return None
    first, second = (read(dut.otadata.offset + at, ENTRY_SIZE) for at in (0, SECTOR_SIZE))
    return first, second


def deciding_turn(dut: DeviceUnderTest, read: Read) -> Turn | None:
    """Return what the record says that decides; None where none is whole."""
    raw = turn_entries(dut, read)
    return None if raw is None else decide(raw, _places(dut))


def deciding_turn_number(dut: DeviceUnderTest, read: Read) -> int | None:
    """Return the number of the record that decides, also where it selects factory; None without one."""
    turn = deciding_turn(dut, read)
    return None if turn is None else turn.seq


def turn_label(dut: DeviceUnderTest, place: int) -> str | None:
    """Return the label of a place; None for none, and for factory."""
    return dut.slot_labels.get(place)


def turn_notes(dut: DeviceUnderTest, read: Read) -> Notes:
    """Return what the whole records say, by sector; one that selects factory names no partition."""
    raw = turn_entries(dut, read)
    if raw is None:
        return None, None
    first, second = (_note(dut, entry) for entry in raw)
    return first, second


def deciding_turn_note(dut: DeviceUnderTest, read: Read) -> Note | None:
    """Return what the record says that decides; None without one, or where it selects factory."""
    turn = deciding_turn(dut, read)
    if turn is None or turn.state.current == FACTORY_PLACE:
        return None
    return _note_of(dut, turn.seq, turn.state)


def given_up(dut: DeviceUnderTest, played: Played, read: Read) -> frozenset[str]:
    """Return the partition that a step has given up: what was tried and does not run, or what rollback() refuses.

    A start gives it up, and a rollback() whose record is whole. read: of what lies there after the step."""
    turn = deciding_turn(dut, read)
    if turn is None or turn.state.kind is not TurnKind.TRIED or turn.state.other == turn.state.current:
        return frozenset()
    label = turn_label(dut, turn.state.other)
    starts = played.step.name is StepName.RESET and played.outcome is StepOutcome.RETURNED and played.running != label
    refuses = played.step.name is StepName.ROLLBACK and played.ran == label and played.outcome is not StepOutcome.RAISED
    return frozenset({label}) if label is not None and (starts or refuses) else frozenset()


def is_try_noted(dut: DeviceUnderTest, read: Read, label: str) -> bool:
    """Tell whether the try of a partition is noted."""
    turn = deciding_turn(dut, read)
    return turn is not None and turn.state.kind is TurnKind.TRIED and turn_label(dut, turn.state.other) == label


def given_tried(dut: DeviceUnderTest, played: Played) -> bool:
    """Tell whether a power-on has noted a try."""
    if not dut.config.is_by_turns:
        return False
    before, after = (deciding_turn(dut, moment.cells.read) for moment in (played.before, played.after))
    if after is None or after.state.kind is not TurnKind.TRIED:
        return False
    return before is None or before.state != after.state


def is_turn_accept_due(dut: DeviceUnderTest, read: Read, running: str) -> bool:
    """Tell whether accept() accepts what runs now: on trial, or without rollback selected."""
    turn = deciding_turn(dut, read)
    if turn is None:
        return False
    current, other = (turn_label(dut, place) for place in (turn.state.current, turn.state.other))
    if not dut.config.rollback:
        return turn.state.kind is TurnKind.SELECTED and current == running
    is_new = turn.state.kind is TurnKind.NEW and current == running
    return is_new or (turn.state.kind is TurnKind.TRIED and other == running)


def _places(dut: DeviceUnderTest) -> TurnPlaces:
    return TurnPlaces(len(dut.slot_labels), any(partition.is_factory for partition in dut.table))


def _note(dut: DeviceUnderTest, entry: bytes) -> Note | None:
    whole = decode_record(entry, _places(dut))
    if whole is None:
        return None
    return _note_of(dut, *whole)


def _note_of(dut: DeviceUnderTest, seq: int, state: TurnState) -> Note:
    tried = turn_label(dut, state.other) if state.kind is TurnKind.TRIED else None
    return Note(turn_label(dut, state.current), seq, api_name(state.image_state), tried)


def tried_by(notes: Notes) -> str | None:
    """Return the partition that was tried by the note that decides."""
    newest = max((note for note in notes if note is not None), key=lambda note: note.number, default=None)
    return None if newest is None else newest.tried
