"""What a claim monitor remembers of a history, and no program knows: what was verified, accepted, rejected, promised.

The facts are those that the claims speak of. They are taken from the steps as they are played, and from nothing else.
"""

from dataclasses import dataclass
from enum import Enum

from ...impl.board import App
from ...impl.esp_err import EspErr
from ...impl.otadata import active_otadata, slot_of_seq
from ...model.claims.observation import TESTING, VALID
from ...model.ota_state import OtaImgState
from ..device_under_test import DeviceUnderTest
from .player import Moment, Played, StepOutcome
from .step import TOOL_STEPS, WRITE_STEPS, Step, StepName
from .turn_notes import is_try_noted, is_turn_accept_due
from .whole_images import verifies
from .whole_records import (
    changed_partitions,
    deciding_note,
    entries_in,
    notes_in,
    rejected_after,
    rejected_at_first,
    selected_by_rollback,
)

_IMAGE_REFUSED = (EspErr.OTA_VALIDATE_FAILED, EspErr.INVALID_ARG)
"""The errors of complete() where it refuses what was written, or nothing was."""
_DOWNLOADS = (StepName.COMMENCE, StepName.RESUME, StepName.ERASE_LAST_BOOT)
"""Calls that begin a download, or take away an image that does not run: of what was expected, they leave that an
accepted image stays."""
_HANDLES = (*WRITE_STEPS, StepName.ABORT, StepName.SWITCH)
"""Calls that leave what is expected as it is, unless they damage an image."""


class Due(Enum):
    """Why something has to start next."""

    MARKED = "marked"
    """complete() has marked the new image, and no call was made since."""
    TRIED = "tried"
    """The new image has had its try and is not accepted: the one before it starts next."""
    ACCEPTED = "accepted"
    """accept() has returned: the image that ran stays."""
    REFUSED = "refused"
    """rollback() restarts: anything but the place starts next."""
    SELECTED = "selected"
    """esp_ota_set_boot_partition() has returned: the place that it was given starts next."""
    CHANGED = "changed"
    """A call has raised an error, and something else starts next because of it."""
    SPOILT = "spoilt"
    """rollback() has raised an error, and flash is not as it was."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What has to start next."""

    due: Due
    place: str
    """Label of a partition; CHANGED, SPOILT: what happened, in words."""
    previous: str | None = None
    """MARKED: what ran then. REFUSED: what ran when the image that is refused was marked, if it is still there."""
    number: int | None = None
    """MARKED, SELECTED: ota_seq of the record that was written."""


@dataclass(frozen=True, slots=True)
class Noticed:
    """What a monitor has noticed of a call, beside how it was played."""

    is_accept_due: bool
    """See is_accept_due(), before the call."""
    has_damaged: bool
    """An image that was whole is not any more, by a write."""
    error: Expected | None
    """The call has raised an error and broken something: CHANGED or SPOILT."""


class Memory:
    """The facts of one history, as its steps are played."""

    def __init__(self, dut: DeviceUnderTest, whole: frozenset[str]) -> None:
        """Begin before the first step; whole: the partitions that hold a whole image."""
        self._dut = dut
        self.finished = set(whole)
        """Labels of partitions whose image was provisioned, or passed complete()."""
        self.earned = set(whole)
        """Labels of partitions whose image was provisioned, or called accept() under test."""
        self.rejected = rejected_at_first(dut)
        """Labels of partitions that may not start; see whole_records.rejected_after()."""
        self.expected: Expected | None = None
        self._upgraded: tuple[str, str] | None = None
        """The last image that was marked and started, and what ran when it was marked; both still there."""

    def take(self, played: Played, ran: App | None, noticed: Noticed) -> None:
        """Remember a step; ran: the application that it began in."""
        self.rejected = rejected_after(self._dut, self.rejected, played)
        self._forget_wiped(set(changed_partitions(self._dut, played)))
        if ran is not None:
            verified = self._verified(played, ran) or selected_by_rollback(self._dut, played)
            self.finished |= {verified} if verified is not None else set()
        if played.step.name in TOOL_STEPS:
            self._take_tool(played.step)
        elif played.step.name is StepName.RESET:
            self._take_reset(played)
        elif played.step.name is StepName.POWER_OFF:
            self._lose_power(played)
        elif ran is not None and played.outcome not in (StepOutcome.PANICKED, StepOutcome.HUNG):
            self._take_call(played, ran, noticed)
            self.expected = noticed.error or self.expected

    def _verified(self, played: Played, ran: App) -> str | None:
        """Return the partition whose image the call has verified.

        esp_ota_end and esp_ota_set_boot_partition verify before they write; the latter erases a verified image whose
        secure version is too old, and raises an error. Libraries that write the last bytes of the image in complete()
        have it verified after that: there an image is finished once it lies there whole."""
        if played.outcome in (StepOutcome.NOBODY, StepOutcome.PANICKED, StepOutcome.HUNG):
            return None
        is_done, name = not _is_refused(played), played.step.name
        if name is StepName.COMPLETE:
            label = target_of(ran) if is_done else None
        elif name is StepName.SET_BOOT and (is_done or played.ops):
            label = played.step.asked_for(ran.running.label)
        else:
            return None
        if label is None:
            return None
        partition = self._dut.partition(label)
        may_be_part = played.touches(partition) or not self._dut.config.updates.calls_begin
        return label if not may_be_part or verifies(self._dut, played.after.cells, partition) else None

    def _forget_wiped(self, wiped: set[str]) -> None:
        self.finished -= wiped
        self.earned -= wiped
        if self._upgraded is not None and wiped & set(self._upgraded):
            self._upgraded = None

    def _take_tool(self, step: Step) -> None:
        """Expect nothing any more: whoever writes flash asks for another start. A flashed slot is provisioned."""
        self.expected = None
        vouched: set[str] = set()
        if step.name in (StepName.FLASH_SLOT, StepName.UPLOAD):
            home = "factory" if any(partition.is_factory for partition in self._dut.table) else "ota_0"
            vouched = {step.label or home}
            self._forget_wiped(vouched)
        # Whoever selects an image vouches for it.
        if step.name is StepName.WRITE_RECORD:
            vouched = {self._dut.slot_labels[slot_of_seq(step.seq, len(self._dut.slot_labels))]}
        if step.name is StepName.OTATOOL:
            vouched = {step.label}
        self.finished |= vouched
        self.earned |= vouched
        self.rejected -= vouched

    def _take_reset(self, played: Played) -> None:
        expected = self.expected
        accepted = self.accepted_at_start(played)
        if accepted is not None:
            self.earned.add(accepted)
        if played.outcome is StepOutcome.CUT:
            self._lose_power(played)
            return
        if played.outcome is StepOutcome.RETURNED and expected is not None:
            if expected.due is Due.MARKED and expected.place == played.running and expected.previous is not None:
                self._upgraded = expected.place, expected.previous
            self._end_try()
        if accepted is not None:
            self.expected = Expected(Due.ACCEPTED, accepted)

    def accepted_at_start(self, played: Played) -> str | None:
        """Return the image under test that a library has accepted at its start, perhaps with its last write."""
        if not self._dut.config.accepts_at_start or played.outcome not in (StepOutcome.RETURNED, StepOutcome.CUT):
            return None
        was, now = (deciding_note(self._dut, moment.cells.read) for moment in (played.before, played.after))
        is_accepted = now is not None and played.running in (None, now.partition) and now.state == VALID
        is_new = was is not None and now is not None and was.number == now.number and was.state != VALID
        return now.partition if now is not None and is_accepted and is_new else None

    def _lose_power(self, played: Played) -> None:
        """Expect nothing of a rollback() that did not get to restart; a try that is noted whole counts as a start."""
        expected = self.expected
        if expected is None:
            return
        if expected.due is Due.REFUSED:
            self.expected = None
        elif expected.due in (Due.MARKED, Due.SELECTED) and self._is_try_noted(expected, played):
            self._end_try()

    def _is_try_noted(self, expected: Expected, played: Played) -> bool:
        if self._dut.config.is_by_turns:
            return is_try_noted(self._dut, played.after.cells.read, expected.place)
        notes = notes_in(self._dut, played.after.cells.read)
        noted = (expected.place, expected.number, TESTING)
        return any(note is not None and (note.partition, note.number, note.state) == noted for note in notes)

    def _end_try(self) -> None:
        """Settle what was expected of the start that has been; with rollback, a new image has only one try."""
        expected = self.expected
        if expected is None or expected.due is Due.ACCEPTED:
            return
        is_tried = expected.due is Due.MARKED and expected.previous is not None and self._dut.config.rollback
        self.expected = Expected(Due.TRIED, expected.previous or "") if is_tried else None

    def _take_call(self, played: Played, ran: App, noticed: Noticed) -> None:
        step, running = played.step, ran.running.label
        if step.name is StepName.ACCEPT and self._dut.config.accepts_nothing:
            return
        if step.name is StepName.ACCEPT and noticed.is_accept_due and played.ops:
            # An eFuse burn that is refused makes accept() fail once all else is done.
            self.earned.add(running)
        if step.name in _HANDLES or (_is_refused(played) and not played.ops):
            if noticed.has_damaged or (step.name is StepName.COMPLETE and played.code in _IMAGE_REFUSED):
                self._expect_no_start()
            return
        if step.name in _DOWNLOADS or marks_nothing(self._dut, played, ran):
            self._expect_no_start()
            return
        self.expected = self._expected_of(played, ran)
        if step.name is StepName.COMPLETE and self.expected is not None:
            self.rejected -= {self.expected.place}

    def _expect_no_start(self) -> None:
        """Expect nothing any more, but that an accepted image stays."""
        if self.expected is not None and self.expected.due is not Due.ACCEPTED:
            self.expected = None

    def _expected_of(self, played: Played, ran: App) -> Expected | None:
        """Return what has to start next once a call has changed the choice."""
        name, outcome, running = played.step.name, played.outcome, ran.running.label
        if outcome is StepOutcome.CUT:
            return None
        decides = deciding_note(self._dut, played.after.cells.read)
        number = None if decides is None else decides.number
        if name is StepName.COMPLETE:
            target = target_of(ran)
            return None if target is None else Expected(Due.MARKED, target, running, number)
        if name is StepName.ACCEPT and outcome is StepOutcome.RETURNED:
            return Expected(Due.ACCEPTED, running)
        selected = selected_by_rollback(self._dut, played)
        if selected is not None:
            return Expected(Due.SELECTED, selected, number=number)
        if name is StepName.ROLLBACK and outcome is StepOutcome.RESTARTED:
            upgraded = self._upgraded
            return Expected(Due.REFUSED, running, upgraded[1] if upgraded and upgraded[0] == running else None)
        if name is StepName.SET_BOOT and outcome is StepOutcome.RETURNED:
            return Expected(Due.SELECTED, played.step.asked_for(running), number=number)
        return None


def target_of(app: App) -> str | None:
    """Return the partition that commence(), write() and complete() act on."""
    target = app.ota.esp_ota_get_next_update_partition()
    return None if target is None else target.label


def is_accept_due(dut: DeviceUnderTest, moment: Moment, app: App) -> bool:
    """Tell whether the running image is what accept() accepts now, and under test."""
    if dut.config.is_by_turns:
        return is_turn_accept_due(dut, moment.cells.read, app.running.label)
    pair = entries_in(dut, moment.cells.read)
    active = None if pair is None else active_otadata(pair)
    if pair is None or active is None or not app.running.is_ota_slot:
        return False
    entry, count = pair[active], app.ota.esp_ota_get_app_partition_count()
    if entry.ota_state == OtaImgState.VALID or slot_of_seq(entry.ota_seq, count) != app.running.slot:
        return False
    return not dut.config.rollback or entry.ota_state == OtaImgState.PENDING_VERIFY


def _is_refused(played: Played) -> bool:
    """Tell whether a call raised of its own: not by a failed operation, nor for an argument that complete() looks at
    once all else is done."""
    is_about_argument = played.step.name is StepName.COMPLETE and (played.error or "").startswith("bad argument")
    return played.outcome is StepOutcome.RAISED and not is_about_argument and not played.step.failures


def marks_nothing(dut: DeviceUnderTest, played: Played, ran: App) -> bool:
    """Tell whether complete() or esp_ota_set_boot_partition() fails, or wipes the image for its secure version."""
    name = played.step.name
    if name not in (StepName.COMPLETE, StepName.SET_BOOT):
        return False
    label = target_of(ran) if name is StepName.COMPLETE else played.step.asked_for(ran.running.label)
    return _is_refused(played) or any(
        # Some libraries have complete() write the last bytes of the image.
        played.touches(partition) and not verifies(dut, played.after.cells, partition)
        for partition in dut.table
        if partition.label == label
    )
