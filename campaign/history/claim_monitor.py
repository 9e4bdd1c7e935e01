"""Which claims a history breaks, in the board's own terms: what boots, what info() says, what was verified, and when.

Nothing here asks the device model. A monitor looks at every step as it is played, remembers what no program knows
(monitor_memory.py), and tries out on copies of the board what would come next. C9 cannot be decided from one history;
of C12 only the bound is, which each upgrade has to keep.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from ...impl.board import App
from ...impl.bootloader import select_boot_partition, select_with_anti_rollback
from ...impl.chip.cells import SECTOR_SIZE, Cells
from ...impl.esp_err import EspErr
from ...impl.image.format import APP_DESC_MAGIC, read_app_desc
from ...impl.otadata import EntryPair, SelectEntry, encode_entry, is_crc_right, slot_of_seq
from ...impl.partitions.partition import Partition
from ...model.claims.claims import claim
from ...model.claims.observation import NEW, TESTING, VALID
from ...model.config import Pin, ResetReason
from ...model.ota_state import OtaImgState, api_name
from ..device_under_test import Holds
from .history import BLANK_ENTRY
from .monitor_memory import Due, Expected, Memory, Noticed, is_accept_due, marks_nothing, target_of
from .player import Moment, Played, Player, StepOutcome
from .step import ACCEPT, COMMENCE, POWER_ON, TOOL_STEPS, UPGRADE_STEPS, WRITE_STEPS, Step, StepName
from .turn_notes import given_tried, turn_entries
from .whole_images import verifies
from .whole_records import deciding_note, deciding_number, entries_in, notes_in

_DOWNLOAD = (StepName.COMMENCE, *WRITE_STEPS)
_CLAIMS_OF = {
    Due.MARKED: ("C17", "C4"),
    Due.TRIED: ("C4",),
    Due.ACCEPTED: ("C5",),
    Due.SELECTED: ("C23",),
}
"""What is broken when something else starts than has to."""
_CLAIMS_OF_ERRORS = {Due.CHANGED: "C26", Due.SPOILT: "C6"}
"""What is broken by a call that raised an error."""


@dataclass(frozen=True, slots=True)
class BrokenClaim:
    """A claim that is broken after a step, and how that shows."""

    claim_id: str
    text: str


class ClaimMonitor:
    """Looks at the steps of one history as they are played."""

    def __init__(self, player: Player) -> None:
        """Watch a player that has not played yet."""
        self._player = player
        self._dut = player.dut
        self._anti = self._dut.config.anti_rollback
        apps = (partition for partition in self._dut.table if partition.is_app)
        self._memory = Memory(self._dut, frozenset(p.label for p in apps if self._verifies(player.moment.cells, p)))
        self._choices: tuple[str | None, str | None] | None = None
        """What may start after the cut that is open."""
        self._powered_on: dict[Moment, tuple[Played, Moment]] = {}
        """By what flash and eFuse held, the power-on that came of it, and what they held then: reads count too."""

    def play(self, step: Step) -> tuple[Played, tuple[BrokenClaim, ...]]:
        """Play a step and return it, with the claims that are broken now.

        What the monitor reads is no read of the device: the chip is then as it was, undecided bits and all."""
        ran, seen = self._player.app, self._player.board.flash.cells
        self._forget_by_pin(step)
        old_choices = self._open_choices(step)
        is_due = step.name is StepName.ACCEPT and ran is not None and is_accept_due(self._dut, self._player.moment, ran)
        self._player.board.flash.cells = seen
        played = self._player.play(step)
        seen = self._player.board.flash.cells
        expected = self._memory.expected
        self._memory.take(played, ran, Noticed(is_due, self._has_damaged(played), self._error_of(played)))
        broken = [*self._broken_by_step(played, ran)]
        if step.name is StepName.RESET:
            broken += self._broken_by_start(played, expected)
        broken += _broken_by_errors(*([expected] if step.name is StepName.RESET else []), self._memory.expected)
        if step.name in TOOL_STEPS:
            old_choices = None
        self._choices = old_choices if self._is_window_open(played) else None
        if step.name is StepName.RESET and played.outcome is StepOutcome.CUT and given_tried(self._dut, played):
            # A try that is noted whole has come.
            self._choices = None
        broken += self._broken_now(played)
        self._player.board.flash.cells = seen
        applicable = [found for found in broken if claim(found.claim_id).applies_to(self._dut.config)]
        return played, tuple(applicable)

    def _forget_by_pin(self, step: Step) -> None:
        """Forget what was expected of a reset: a pin asks for another start."""
        if step.pin is None or step.reason is ResetReason.DEEP_SLEEP:
            return
        self._choices = None
        if step.pin is Pin.FACTORY_RESET and self._dut.config.factory_reset_clears_otadata:
            self._memory.expected = None

    def _open_choices(self, step: Step) -> tuple[str | None, str | None] | None:
        """Return what may start if the power fails in this step: as before it, or as it is to make it."""
        is_restart = step.name is StepName.RESET and step.reason is not ResetReason.POWER_ON
        if self._choices is not None or step.cut is None or step.pin is not None or is_restart:
            # What a restart may choose was settled by the call that asked for it.
            return self._choices
        before, app = self._boots(self._player.moment), self._player.app
        if step.name is StepName.COMMENCE:
            return before, before
        whole = self._player.fork().play(replace(step, cut=None, failures=()))
        if app is not None and marks_nothing(self._dut, whole, app):
            return before, before
        return before, self._boots(whole.after)

    @staticmethod
    def _is_window_open(played: Played) -> bool:
        """Tell whether a cut is still to be answered for: until something starts, or fails to."""
        return played.outcome in (StepOutcome.CUT, StepOutcome.NOBODY)

    def _broken_by_step(self, played: Played, ran: App | None) -> Iterator[BrokenClaim]:
        """Yield what the step itself has broken."""
        step = played.step
        before, after = (self._burned(moment) for moment in (played.before, played.after))
        if after < before:
            yield BrokenClaim("C8", f"{step} takes the eFuse from {before} to {after}")
        if ran is None:
            return
        if step.name in UPGRADE_STEPS and played.touches(ran.running):
            yield BrokenClaim("C3", f"{step} writes {ran.running.label}, which runs")
        if step.name is StepName.ROLLBACK and played.outcome is StepOutcome.RETURNED:
            yield BrokenClaim("C6", "rollback() returned")
        if step.name in _DOWNLOAD and played.ops and not self._writes_over(played, ran):
            old, new = (self._boots(moment) or "nothing" for moment in (played.before, played.after))
            if old != new:
                yield BrokenClaim("C21", f"{step} makes {new} boot; before it was {old}")
        if step.name in (StepName.COMPLETE, StepName.SET_BOOT):
            yield from self._broken_growth(played)

    def _broken_growth(self, played: Played) -> Iterator[BrokenClaim]:
        before, after = (deciding_number(self._dut, moment.cells.read) for moment in (played.before, played.after))
        count = sum(partition.is_ota_slot for partition in self._dut.table)
        most = count - (not self._dut.config.is_by_turns)
        highest = count if before is None else before + most
        if after is not None and after > highest and played.outcome is not StepOutcome.CUT:
            yield BrokenClaim("C12", f"{played.step} makes the number that decides {after}; it was {before or 'none'}")

    def _error_of(self, played: Played) -> Expected | None:
        """Return what a call broke that raised an error: rollback() must change nothing, the others not the choice."""
        name, before, after = played.step.name, played.before, played.after
        if played.ran is None or played.outcome is not StepOutcome.RAISED or before == after:
            return None
        if name is StepName.ROLLBACK:
            return Expected(Due.SPOILT, "rollback() raised an error, and flash has changed")
        was, boots = self._boots(before), self._boots(after)
        if was == boots or name not in (StepName.COMMENCE, StepName.ACCEPT, StepName.SET_BOOT):
            return None
        what = f"{boots or 'nothing'} boots next, before it was {was or 'nothing'}"
        return Expected(Due.CHANGED, f"{played.step} raised an error; {what}")

    def _broken_by_start(self, played: Played, expected: Expected | None) -> Iterator[BrokenClaim]:
        """Yield what a reset has broken by what it starts; expected: what had to start."""
        if played.outcome is StepOutcome.NOTHING_BOOTS and played.step.pin is Pin.TEST_APP:
            # There is no test app; what comes next is a reset without the pin.
            return
        label = played.running
        is_stuck = played.outcome in (StepOutcome.NOTHING_BOOTS, StepOutcome.PANICKED)
        if is_stuck:
            yield BrokenClaim("C1", "nothing boots")
        if is_stuck or played.outcome is StepOutcome.RETURNED:
            yield from _broken_expectation(label, expected)
            if self._choices is not None and label not in self._choices:
                before, after = (choice or "nothing" for choice in self._choices)
                what = label or "nothing"
                yield BrokenClaim("C7", f"{what} boots; before the call it would have been {before}, after it {after}")
        if played.outcome is not StepOutcome.RETURNED or label is None:
            return
        slot = self._dut.partition(label)
        if not self._holds_whole_image(played.after.cells, slot):
            yield BrokenClaim("C1", f"{label} boots, which holds no whole image")
            if expected is not None and expected.due is Due.REFUSED:
                yield BrokenClaim("C6", f"after rollback() {label} boots, which holds no whole image")
        if slot.is_ota_slot and label not in self._memory.finished:
            yield BrokenClaim("C2", f"{label} boots; complete() has never verified what it holds")
        if label in self._memory.rejected:
            yield BrokenClaim("C18", f"{label} boots, which was rejected and not written anew")

    def _broken_now(self, played: Played) -> Iterator[BrokenClaim]:
        """Yield what is broken in the state that the step has left."""
        app, moment = self._player.app, self._player.moment
        if app is None and played.outcome in (StepOutcome.RESTARTED, StepOutcome.NOTHING_BOOTS):
            return
        later = self._power_ons(moment)
        yield from self._broken_records(moment)
        if app is None:
            yield from self._broken_while_off(moment, later)
        else:
            yield from self._broken_info(app, moment, later[0])
            yield from self._broken_while_running(app, moment)
        starts = [start.running for start in later[:2]]
        earned = {*self._memory.earned, self._memory.accepted_at_start(later[0])} - {None}
        if earned.isdisjoint(starts):
            first, second = (label or "nothing" for label in starts)
            told = f"{first} and {second}, none of them ever accepted" if any(starts) else "nothing"
            yield BrokenClaim("C25", f"the next power-ons start {told}")

    def _broken_info(self, app: App, moment: Moment, next_start: Played) -> Iterator[BrokenClaim]:
        """Yield what info() tells amiss; next_start: the power-on that comes next when no call is made."""
        info, running = app.otaupgrade.info(), app.running.label
        state = info.slots.get(running, {}).get("state")
        told = f"info() calls {running} {state}" if state else f"info() tells no state of {running}"
        if info.running != running:
            yield BrokenClaim("C10", f"info() says that {info.running} runs, and {running} does")
        if state != TESTING and info.next != next_start.running:
            yield BrokenClaim("C10", f"info() says {info.next} is next, and {next_start.running or 'nothing'} boots")
        for label, slot in info.slots.items():
            is_whole = self._verifies(moment.cells, self._dut.partition(label))
            if slot.get("state") == VALID and is_whole and label not in self._memory.earned:
                yield BrokenClaim("C13", f"info() calls {label} valid; it never called accept() under test")
        note, expected = deciding_note(self._dut, moment.cells.read), self._memory.expected
        if note is not None and note.partition == running and note.state != state:
            yield BrokenClaim("C19", f"{told}; the record that decides says {note.state}")
        is_accepted = expected is not None and (expected.due, expected.place) == (Due.ACCEPTED, running)
        if is_accepted and app.running.is_ota_slot and state != VALID:
            yield BrokenClaim("C20", f"{told}, which was accepted")
        is_tried_out = note is None or note.state not in (NEW, TESTING)
        if info.next == running and state != TESTING and is_tried_out and (next_start.ops or next_start.burns):
            yield BrokenClaim("C24", f"{running} is selected and not under test, and the next power-on writes")

    def _broken_while_running(self, app: App, moment: Moment) -> Iterator[BrokenClaim]:
        if self._anti:
            version, burned = self._version(app.running), self._burned(moment)
            if version < burned:
                yield BrokenClaim("C8", f"{app.running.label} runs with version {version}; the eFuse has {burned}")
        error = self._lock_out(self._player)
        if error is not None:
            other = self._player.fork()
            other.play(ACCEPT)
            if self._lock_out(other) is not None:
                yield BrokenClaim("C15", f"commence(): “{error}”, also after accept()")

    @staticmethod
    def _lock_out(player: Player) -> str | None:
        """Return why no upgrade can begin; None where one can, or is in progress already."""
        played = player.fork().play(COMMENCE)
        return None if played.code is EspErr.OTA_ALREADY_IN_PROGRESS else played.error

    def _broken_records(self, moment: Moment) -> Iterator[BrokenClaim]:
        if self._dut.config.is_by_turns:
            yield from self._broken_turns(moment)
            return
        pair = self._entries(moment.cells)
        count = sum(partition.is_ota_slot for partition in self._dut.table)
        if pair is None or not all(map(is_crc_right, pair)) or not all(entry.ota_seq != 0xFFFFFFFF for entry in pair):
            return
        first, second = pair
        same = slot_of_seq(first.ota_seq, count) == slot_of_seq(second.ota_seq, count)
        if not same or api_name(first.ota_state) == api_name(second.ota_state):
            return
        by_first, by_second = (
            self._boots(Moment(self._with_entries(moment.cells, entries), moment.efuse_bits))
            for entries in ((encode_entry(first), BLANK_ENTRY), (BLANK_ENTRY, encode_entry(second)))
        )
        if by_first != by_second:
            yield BrokenClaim("C11", f"by the first record alone {by_first} boots, by the second {by_second}")

    def _broken_turns(self, moment: Moment) -> Iterator[BrokenClaim]:
        """Yield what is broken where two records by turns name one slot with different states."""
        raw, notes = turn_entries(self._dut, moment.cells.read), notes_in(self._dut, moment.cells.read)
        first, second = notes
        if raw is None or first is None or second is None or first.partition != second.partition:
            return
        alone = ((raw[0], BLANK_ENTRY), (BLANK_ENTRY, raw[1]))
        starts = [self._boots(Moment(self._with_entries(moment.cells, pair), moment.efuse_bits)) for pair in alone]
        if first.state != second.state and starts[0] != starts[1]:
            yield BrokenClaim("C11", f"by the first record alone {starts[0]} boots, by the second {starts[1]}")

    def _broken_while_off(self, moment: Moment, later: list[Played]) -> Iterator[BrokenClaim]:
        label = self._decides(moment)
        if label is not None and not self._verifies(moment.cells, self._dut.partition(label)):
            yield BrokenClaim("C14", f"the record that decides names {label}, which holds no whole image")
        second, third = (start.running for start in later[1:3])
        if second != third:
            yield BrokenClaim(
                "C16", f"the second power-on starts {second or 'nothing'}, the third {third or 'nothing'}"
            )

    def _decides(self, moment: Moment) -> str | None:
        """Return the label that the deciding record names once the bootloader has aborted what was under test."""
        if self._dut.config.is_by_turns:
            note = deciding_note(self._dut, moment.cells.read)
            return None if note is None else note.partition
        pair = self._entries(moment.cells)
        if pair is None:
            return None
        if self._dut.config.rollback:
            pair = EntryPair(*(_aborted(entry) for entry in pair))
        slots = {p.slot: p for p in self._dut.table if p.is_ota_slot}
        if self._anti:
            burned = self._burned(moment)

            def is_allowed(slot: int) -> bool:
                return slot in slots and burned <= self._version(slots[slot], moment.cells, missing=-1)

            selection = select_with_anti_rollback(pair, len(slots), is_allowed)
        else:
            has_factory = any(p.is_factory for p in self._dut.table)
            selection = select_boot_partition(pair, len(slots), has_factory)
        return None if selection.active is None or selection.index not in slots else slots[selection.index].label

    def _burned(self, moment: Moment) -> int:
        """Return the secure version in the eFuse."""
        return self._dut.board(moment.cells, moment.efuse_bits).efuse.secure_version

    def _version(self, slot: Partition, cells: Cells | None = None, missing: int = 0) -> int:
        flash = self._dut.board(self._player.moment.cells if cells is None else cells).flash
        desc = read_app_desc(flash, slot.offset)
        return desc.secure_version if desc.magic_word == APP_DESC_MAGIC else missing

    def _entries(self, cells: Cells) -> EntryPair | None:
        return entries_in(self._dut, cells.read)

    def _with_entries(self, cells: Cells, entries: tuple[bytes, bytes]) -> Cells:
        assert self._dut.otadata is not None
        start = self._dut.otadata.offset
        cells = cells.with_bytes(start, b"\xff" * 2 * SECTOR_SIZE)
        return cells.with_bytes(start, entries[0]).with_bytes(start + SECTOR_SIZE, entries[1])

    def _writes_over(self, played: Played, ran: App) -> bool:
        """Tell whether a write goes to a slot with a whole image, which is no part of a download."""
        target = target_of(ran) if played.step.name in WRITE_STEPS else None
        return target is not None and self._verifies(played.before.cells, self._dut.partition(target))

    def _has_damaged(self, played: Played) -> bool:
        """Tell whether a write has damaged an image that was whole."""
        if played.step.name not in WRITE_STEPS:
            return False
        apps = (partition for partition in self._dut.table if partition.is_app and played.touches(partition))
        before, after = played.before.cells, played.after.cells
        return any(self._verifies(before, app) and not self._verifies(after, app) for app in apps)

    def _verifies(self, cells: Cells, partition: Partition) -> bool:
        return verifies(self._dut, cells, partition)

    def _holds_whole_image(self, cells: Cells, partition: Partition) -> bool:
        """Tell whether an image lies there as it was built, by its bytes; whatever verification makes of it."""
        # What a file has over a multiple of 16 bytes follows the image.
        images = (i.contents[: len(i.contents) // 16 * 16] for i in self._dut.images if not i.is_damaged)
        return any(len(image) <= partition.size and Holds(partition.offset, image).ask(cells) for image in images)

    def _power_ons(self, moment: Moment) -> list[Played]:
        """Return the next power-ons from there when no call is made: as many as the claims speak of."""
        found: list[Played] = []
        for _ in range(3 if self._player.app is None else 2):
            played, moment = self._power_on(moment)
            found.append(played)
        return found

    def _boots(self, moment: Moment) -> str | None:
        """Return what a power-on starts from there."""
        played, _ = self._power_on(moment)
        return played.running

    def _power_on(self, moment: Moment) -> tuple[Played, Moment]:
        found = self._powered_on.get(moment)
        if found is None:
            player = Player(self._dut, moment)
            found = self._powered_on[moment] = player.play(POWER_ON), player.moment
        return found


def _broken_by_errors(*expected: Expected | None) -> Iterator[BrokenClaim]:
    """Yield what a call broke that raised an error, while nothing else is expected since."""
    found = {each for each in expected if each is not None and each.due in _CLAIMS_OF_ERRORS}
    yield from (BrokenClaim(_CLAIMS_OF_ERRORS[each.due], each.place) for each in found)


def _broken_expectation(label: str | None, expected: Expected | None) -> Iterator[BrokenClaim]:
    """Yield what is broken when a partition, or nothing, starts where something was expected."""
    if expected is None or expected.due in _CLAIMS_OF_ERRORS:
        return
    what = label or "nothing"
    if expected.due is not Due.REFUSED:
        if label != expected.place:
            yield from (BrokenClaim(found, f"{what} boots, not {expected.place}") for found in _CLAIMS_OF[expected.due])
        return
    if label is None:
        yield BrokenClaim("C6", "after rollback() nothing boots")
    if label == expected.place:
        yield BrokenClaim("C6", f"{label} boots, which rollback() has refused")
    if expected.previous is not None and label != expected.previous:
        yield BrokenClaim("C22", f"after rollback() {what} boots, not {expected.previous}")


def _aborted(entry: SelectEntry) -> SelectEntry:
    if entry.ota_state != OtaImgState.PENDING_VERIFY:
        return entry
    return SelectEntry(entry.ota_seq, OtaImgState.ABORTED, entry.crc, entry.seq_label)
