"""What the whole otadata records of a board say: which slot each names, which one decides, which images are rejected.

A record is whole when its check word fits its number; what a cut leaves of a record mostly is not.
"""

from collections.abc import Callable, Iterator

from ...impl.chip.cells import SECTOR_SIZE
from ...impl.otadata import ENTRY_SIZE, EntryPair, SelectEntry, active_otadata, decode_entry, is_initial, slot_of_seq
from ...model.claims.observation import Note, Notes
from ...model.ota_state import api_name
from ..device_under_test import DeviceUnderTest
from .player import Played, StepOutcome
from .step import StepName
from .turn_notes import deciding_turn_note, deciding_turn_number, given_up, turn_notes

Read = Callable[[int, int], bytes]
"""(address, length): the bytes that lie there; `read` of a chip or of its cells."""


def entries_in(dut: DeviceUnderTest, read: Read) -> EntryPair | None:
    """Return both entries; None for a device without otadata."""
    if dut.otadata is None:
        return None
    raw = (read(dut.otadata.offset + at, ENTRY_SIZE) for at in (0, SECTOR_SIZE))
    return EntryPair(*(decode_entry(entry, dut.config.notes_in_place) for entry in raw))


def notes_in(dut: DeviceUnderTest, read: Read) -> Notes:
    """Return what the whole records say, by sector."""
    if dut.config.is_by_turns:
        return turn_notes(dut, read)
    pair = entries_in(dut, read)
    if pair is None:
        return None, None
    return _note(dut, pair.first), _note(dut, pair.second)


def _note(dut: DeviceUnderTest, entry: SelectEntry) -> Note | None:
    slots = dut.slot_labels
    if not slots or is_initial(entry):
        return None
    return Note(slots.get(slot_of_seq(entry.ota_seq, len(slots))), entry.ota_seq, api_name(entry.ota_state))


def deciding_note(dut: DeviceUnderTest, read: Read) -> Note | None:
    """Return what the record says that decides: the newest that may boot; None without one."""
    if dut.config.is_by_turns:
        return deciding_turn_note(dut, read)
    pair = entries_in(dut, read)
    active = None if pair is None else active_otadata(pair)
    return None if pair is None or active is None else _note(dut, pair[active])


def deciding_number(dut: DeviceUnderTest, read: Read) -> int | None:
    """Return the number of the record that decides; None without one."""
    if dut.config.is_by_turns:
        return deciding_turn_number(dut, read)
    note = deciding_note(dut, read)
    return None if note is None else note.number


def newly_rejected(before: Notes, after: Notes) -> frozenset[str]:
    """Return the partitions whose record has become INVALID or ABORTED, whole.

    A number that was not there before is a stray: it names a slot by chance, and nobody has rejected that."""
    return frozenset(
        now.partition
        for was, now in zip(before, after, strict=True)
        if was is not None
        and now is not None
        and was != now
        and (was.number, now.is_rejected) == (now.number, True)
        and now.partition is not None
    )


def rejected_by(dut: DeviceUnderTest, before: Notes, played: Played, read: Read) -> frozenset[str]:
    """Return the partitions that a step has rejected. read: of what lies there after it."""
    if dut.config.is_by_turns:
        return given_up(dut, played, read)
    return newly_rejected(before, notes_in(dut, read))


def changed_partitions(dut: DeviceUnderTest, played: Played) -> Iterator[str]:
    """Yield the app partitions that hold something else after a step; a cut can come before anything took effect."""
    before, after = played.before.cells, played.after.cells
    for partition in dut.table:
        place = partition.offset, partition.size
        if partition.is_app and played.touches(partition) and not before.agrees(after, *place):
            yield partition.label


def rejected_after(dut: DeviceUnderTest, rejected: frozenset[str], played: Played) -> frozenset[str]:
    """Return the rejected partitions after a step, from those before it.

    A partition is rejected from when a record of it is INVALID or ABORTED, until it is written anew or
    esp_ota_set_boot_partition() is asked for it."""
    step = played.step
    excused = set(changed_partitions(dut, played))
    if step.name is StepName.SET_BOOT and played.outcome is not StepOutcome.RAISED:
        excused.add(step.asked_for(played.ran))
    excused |= {label for label in (selected_by_rollback(dut, played),) if label is not None}
    if dut.config.is_by_turns:
        return (rejected - excused) | given_up(dut, played, played.after.cells.read)
    before, after = (notes_in(dut, moment.cells.read) for moment in (played.before, played.after))
    return (rejected - excused) | newly_rejected(before, after)


def selected_by_rollback(dut: DeviceUnderTest, played: Played) -> str | None:
    """Return the partition that a rollback() has selected, which marks no record; None for any other step."""
    is_selection = played.step.name is StepName.ROLLBACK and dut.config.updates.rolls_back_by_selection
    if not is_selection or played.outcome is not StepOutcome.RESTARTED:
        return None
    note = deciding_note(dut, played.after.cells.read)
    return None if note is None else note.partition


def rejected_at_first(dut: DeviceUnderTest) -> frozenset[str]:
    """Return the partitions that a device calls INVALID or ABORTED before its first power-on."""
    notes = notes_in(dut, dut.cells.read)
    return frozenset(note.partition for note in notes if note is not None and note.is_rejected and note.partition)
