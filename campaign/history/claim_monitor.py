"""Which claims a history breaks, in the board's own terms: what boots, what info() says, what was verified, and when.

Nothing here asks the device model. A monitor looks at every step as it is played, remembers what no program knows
(which image was provisioned, passed complete(), called accept() under test), and tries out on copies of the board what
would come next. C9 and C12 cannot be decided from one history.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from ...impl.board import App
from ...impl.bootloader import select_boot_partition, select_with_anti_rollback
from ...impl.chip.cells import SECTOR_SIZE, Cells
from ...impl.image.format import APP_DESC_MAGIC, read_app_desc
from ...impl.image.verify import ImageInvalid, VerifyMode, verify_image
from ...impl.otadata import (
    EntryPair,
    SelectEntry,
    active_otadata,
    decode_entry,
    encode_entry,
    is_crc_right,
    slot_of_seq,
)
from ...impl.partitions.partition import Partition
from ...impl.program_end import Panic
from ...model.config import Pin, ResetReason
from ...model.ota_state import OtaImgState, api_name
from ..device_under_test import DeviceUnderTest
from .history import BLANK_ENTRY, OTADATA
from .player import Moment, Played, Player, StepOutcome
from .step import ACCEPT, COMMENCE, POWER_ON, TOOL_STEPS, UPGRADE_STEPS, Step, StepName

_IN_PROGRESS = "ota error"
"""What commence() says of a session that is open already: no lock-out."""
_COMPLETE_FAILED = ("validation failed", "empty firmware image")
"""What complete() says of an image that it refuses."""


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
        whole = {p.label for p in self._dut.table if p.is_app and self._verifies(player.moment.cells, p)}
        self._finished: set[str] = set(whole)
        """Labels of partitions whose image was provisioned, or passed complete()."""
        self._earned: set[str] = set(whole)
        """Labels of partitions whose image was provisioned, or called accept() under test."""
        self._must_start: tuple[str, str] | None = None
        """(claim, label) of what has to start next."""
        self._previous: str | None = None
        """What ran when complete() marked the image that has to start next."""
        self._must_go: str | None = None
        """What may not start next: rollback() has refused it."""
        self._choices: tuple[str | None, str | None] | None = None
        """What may start after the cut that is open."""
        self._by_error: BrokenClaim | None = None
        """What a call broke that raised an error, while nothing else is expected since."""

    def play(self, step: Step) -> tuple[Played, tuple[BrokenClaim, ...]]:
        """Play a step and return it, with the claims that are broken now."""
        ran = self._player.app
        self._forget_by_pin(step)
        old_choices = self._open_choices(step)
        due = self._is_accept_due(ran) if step.name is StepName.ACCEPT and ran is not None else False
        played = self._player.play(step)
        broken = list(self._broken_by_step(played, ran))
        open_error = self._by_error if step.name is StepName.RESET else None
        self._remember(played, ran, due)
        self._by_error = self._broken_by_error(played, ran) or self._by_error
        broken += [error for error in (open_error or self._by_error,) if error is not None]
        self._choices = old_choices if self._is_window_open(played) else None
        broken += self._broken_now(played)
        return played, tuple(broken)

    def _forget_by_pin(self, step: Step) -> None:
        """Forget what was expected of a reset: a pin asks for another start."""
        if step.pin is None or step.reason is ResetReason.DEEP_SLEEP:
            return
        self._choices = None
        if step.pin is Pin.FACTORY_RESET and self._dut.config.factory_reset_clears_otadata:
            self._expect_nothing()

    def _open_choices(self, step: Step) -> tuple[str | None, str | None] | None:
        """Return what may start if the power fails in this step: as before it, or as after it."""
        is_restart = step.name is StepName.RESET and step.reason is not ResetReason.POWER_ON
        if self._choices is not None or step.cut is None or step.pin is not None or is_restart:
            # What a restart may choose was settled by the call that asked for it.
            return self._choices
        end = self._player.fork().play(replace(step, cut=None, failures=()))
        return self._boots(self._player.moment), self._boots(end.after)

    @staticmethod
    def _is_window_open(played: Played) -> bool:
        """Tell whether a cut is still to be answered for: until something starts, or fails to."""
        return played.outcome in (StepOutcome.CUT, StepOutcome.NOBODY)

    def _broken_by_step(self, played: Played, ran: App | None) -> Iterator[BrokenClaim]:
        step = played.step
        if step.name is StepName.RESET:
            yield from self._broken_by_start(played)
        if ran is None:
            return
        if step.name in UPGRADE_STEPS and played.touches(ran.running):
            yield BrokenClaim("C3", f"{step} writes {ran.running.label}, which runs")
        if step.name is StepName.ROLLBACK and played.outcome is StepOutcome.RETURNED:
            yield BrokenClaim("C6", "rollback() returned")

    def _broken_by_error(self, played: Played, ran: App | None) -> BrokenClaim | None:
        """Return what a call broke that raised an error: rollback() must change nothing, the others not the choice."""
        name, before, after = played.step.name, played.before, played.after
        if ran is None or played.outcome is not StepOutcome.RAISED or before == after:
            return None
        if name is StepName.ROLLBACK:
            return BrokenClaim("C6", "rollback() raised an error, and flash has changed")
        was, boots = self._boots(before), self._boots(after)
        if was == boots or name not in (StepName.COMMENCE, StepName.ACCEPT, StepName.SET_BOOT):
            return None
        return BrokenClaim(
            "C26", f"{played.step} raised an error; {boots or 'nothing'} boots next, before it was {was or 'nothing'}"
        )

    def _broken_by_start(self, played: Played) -> Iterator[BrokenClaim]:
        if played.outcome is StepOutcome.NOTHING_BOOTS and played.step.pin is Pin.TEST_APP:
            # There is no test app; what comes next is a reset without the pin.
            return
        if played.outcome in (StepOutcome.NOTHING_BOOTS, StepOutcome.PANICKED):
            yield BrokenClaim("C1", "nothing boots")
            if self._must_go is not None:
                yield BrokenClaim("C6", "after rollback() nothing boots")
        if played.outcome is not StepOutcome.RETURNED or played.running is None:
            return
        label = played.running
        slot = self._dut.partition(label)
        if slot.is_ota_slot and label not in self._finished:
            yield BrokenClaim("C2", f"{label} boots; complete() has never verified what it holds")
        if self._must_start is not None and self._must_start[1] != label:
            yield BrokenClaim(self._must_start[0], f"{label} boots, not {self._must_start[1]}")
        if self._must_go == label:
            yield BrokenClaim("C6", f"{label} boots, which rollback() has refused")
        if self._choices is not None and label not in self._choices:
            before, after = (choice or "nothing" for choice in self._choices)
            yield BrokenClaim("C7", f"{label} boots; before the call it would have been {before}, after it {after}")
        if self._anti:
            version, burned = self._version(slot), self._player.board.efuse.secure_version
            if version < burned:
                yield BrokenClaim("C8", f"{label} runs with secure version {version}; the eFuse has {burned}")

    def _broken_now(self, played: Played) -> Iterator[BrokenClaim]:
        app = self._player.app
        moment = self._player.moment
        if app is not None:
            yield from self._broken_while_running(app, moment)
        if app is None and played.outcome in (StepOutcome.RESTARTED, StepOutcome.NOTHING_BOOTS):
            return
        yield from self._broken_records(moment)
        if app is None:
            yield from self._broken_while_off(moment)

    def _broken_while_running(self, app: App, moment: Moment) -> Iterator[BrokenClaim]:
        info = app.otaupgrade.info()
        is_under_test = info.slots.get(app.running.label, {}).get("state") == "testing"
        if not is_under_test:
            boots = self._boots(moment)
            if info.next != boots:
                yield BrokenClaim("C10", f"info() says {info.next} is next, and {boots or 'nothing'} boots")
        for label, slot in info.slots.items():
            is_whole = self._verifies(moment.cells, self._dut.partition(label))
            if slot.get("state") == "valid" and is_whole and label not in self._earned:
                yield BrokenClaim("C13", f"info() calls {label} valid; it never called accept() under test")
        error = self._commence_error(self._player)
        if error not in (None, _IN_PROGRESS):
            other = self._player.fork()
            other.play(ACCEPT)
            if self._commence_error(other) not in (None, _IN_PROGRESS):
                yield BrokenClaim("C15", f"commence(): “{error}”, also after accept()")

    @staticmethod
    def _commence_error(player: Player) -> str | None:
        return player.fork().play(COMMENCE).error

    def _broken_records(self, moment: Moment) -> Iterator[BrokenClaim]:
        pair = self._entries(moment.cells)
        count = sum(partition.is_ota_slot for partition in self._dut.table)
        if not all(map(is_crc_right, pair)) or not all(entry.ota_seq != 0xFFFFFFFF for entry in pair):
            return
        first, second = pair
        same = slot_of_seq(first.ota_seq, count) == slot_of_seq(second.ota_seq, count)
        if not same or api_name(first.ota_state) == api_name(second.ota_state):
            return
        by_first, by_second = (
            self._boots(Moment(_with_entries(moment.cells, entries), moment.efuse_bits))
            for entries in ((encode_entry(first), BLANK_ENTRY), (BLANK_ENTRY, encode_entry(second)))
        )
        if by_first != by_second:
            yield BrokenClaim("C11", f"by the first record alone {by_first} boots, by the second {by_second}")

    def _broken_while_off(self, moment: Moment) -> Iterator[BrokenClaim]:
        label = self._decides(moment)
        if label is not None and not self._verifies(moment.cells, self._dut.partition(label)):
            yield BrokenClaim("C14", f"the record that decides names {label}, which holds no whole image")
        player = Player(self._dut, moment)
        _, second, third = (player.play(POWER_ON).running for _ in range(3))
        if second != third:
            yield BrokenClaim(
                "C16", f"the second power-on starts {second or 'nothing'}, the third {third or 'nothing'}"
            )

    def _remember(self, played: Played, ran: App | None, is_accept_due: bool) -> None:
        step, outcome = played.step, played.outcome
        if step.name in TOOL_STEPS:
            self._expect_nothing()
            self._choices = None
            provisioned = {step.label} - {""}
            self._finished |= provisioned
            self._earned |= provisioned
            return
        if step.name is StepName.RESET:
            if outcome is StepOutcome.RETURNED:
                self._remember_start()
            elif outcome is StepOutcome.CUT:
                self._must_go = None
            return
        if step.name is StepName.POWER_OFF:
            self._must_go = None
            return
        if ran is None or outcome in (StepOutcome.NOBODY, StepOutcome.PANICKED, StepOutcome.HUNG):
            return
        is_refused = outcome is StepOutcome.RAISED and not _is_about_argument(played) and not step.failures
        if step.name is StepName.COMPLETE and not is_refused:
            self._finished |= {target.label for target in (self._target(ran),) if target is not None}
        self._forget_wiped(played)
        if step.name is StepName.ACCEPT and is_accept_due and played.ops:
            # An eFuse burn that is refused makes accept() fail once all else is done.
            self._earned.add(ran.running.label)
        if is_refused:
            # A call that is refused changes nothing; complete() of an image that does not verify ends the session.
            if played.error in _COMPLETE_FAILED:
                self._expect_nothing()
            return
        if step.name is StepName.COMMENCE:
            if self._must_start is None or self._must_start[0] != "C5":
                self._expect_nothing()
            return
        if step.name is StepName.WRITE:
            return
        self._expect_nothing()
        if step.name is StepName.ACCEPT:
            self._must_start = ("C5", ran.running.label) if outcome is StepOutcome.RETURNED else None
        if step.name is StepName.COMPLETE and outcome is not StepOutcome.CUT:
            self._remember_marked(played, ran)
        if step.name is StepName.ROLLBACK and outcome is StepOutcome.RESTARTED:
            self._must_go = ran.running.label

    def _remember_marked(self, played: Played, ran: App) -> None:
        """Expect the new image next, unless complete() has wiped it for its secure version."""
        target = self._target(ran)
        if target is not None and not played.touches(target):
            self._must_start, self._previous = ("C4", target.label), ran.running.label

    @staticmethod
    def _target(app: App) -> Partition | None:
        """Return the partition that commence(), write() and complete() act on."""
        return app.ota.esp_ota_get_next_update_partition()

    def _expect_nothing(self) -> None:
        self._must_start, self._previous, self._must_go, self._by_error = None, None, None, None

    def _remember_start(self) -> None:
        self._must_go, self._by_error = None, None
        if self._must_start is not None and self._must_start[0] == "C4":
            is_tried = self._previous is not None and self._dut.config.rollback
            self._must_start = ("C4", self._previous or "") if is_tried else None
            self._previous = None

    def _forget_wiped(self, played: Played) -> None:
        """Forget what was known of the slots that an operation of the step has touched."""
        before, after = played.before.cells, played.after.cells
        for partition in self._dut.table:
            # A cut can come before anything took effect.
            if partition.is_app and before.read(partition.offset, partition.size) != after.read(
                partition.offset, partition.size
            ):
                self._finished.discard(partition.label)
                self._earned.discard(partition.label)

    def _is_accept_due(self, app: App) -> bool:
        """Tell whether the running image is what accept() accepts now, and under test."""
        pair = self._entries(self._player.moment.cells)
        active = active_otadata(pair)
        count = app.ota.esp_ota_get_app_partition_count()
        if active is None or not app.running.is_ota_slot:
            return False
        entry = pair[active]
        if entry.ota_state == OtaImgState.VALID or slot_of_seq(entry.ota_seq, count) != app.running.slot:
            return False
        return not self._dut.config.rollback or entry.ota_state == OtaImgState.PENDING_VERIFY

    def _decides(self, moment: Moment) -> str | None:
        """Return the label that the deciding record names once the bootloader has aborted what was under test."""
        pair = self._entries(moment.cells)
        if self._dut.config.rollback:
            pair = EntryPair(*(_aborted(entry) for entry in pair))
        slots = {p.slot: p for p in self._dut.table if p.is_ota_slot}
        if self._anti:
            burned = moment.efuse_bits.bit_count()

            def is_allowed(slot: int) -> bool:
                return slot in slots and burned <= self._version(slots[slot], moment.cells, missing=-1)

            selection = select_with_anti_rollback(pair, len(slots), is_allowed)
        else:
            has_factory = any(p.is_factory for p in self._dut.table)
            selection = select_boot_partition(pair, len(slots), has_factory)
        return None if selection.active is None or selection.index not in slots else slots[selection.index].label

    def _version(self, slot: Partition, cells: Cells | None = None, missing: int = 0) -> int:
        flash = self._dut.board(self._player.moment.cells if cells is None else cells).flash
        desc = read_app_desc(flash, slot.offset)
        return desc.secure_version if desc.magic_word == APP_DESC_MAGIC else missing

    def _entries(self, cells: Cells) -> EntryPair:
        raw = self._dut.entries(cells) or (BLANK_ENTRY, BLANK_ENTRY)
        return EntryPair(*map(decode_entry, raw))

    def _verifies(self, cells: Cells, partition: Partition) -> bool:
        return verifies(self._dut, cells, partition)

    def _boots(self, moment: Moment) -> str | None:
        """Return what a power-on starts from there."""
        return Player(self._dut, moment).play(POWER_ON).running


def verifies(dut: DeviceUnderTest, cells: Cells, partition: Partition) -> bool:
    """Tell whether a whole image lies in a partition."""
    flash = dut.board(cells).flash
    try:
        verify_image(flash, partition.offset, partition.size, dut.config, VerifyMode.APP)
    except (ImageInvalid, Panic):
        return False
    return True


def _is_about_argument(played: Played) -> bool:
    """Tell whether complete() raised for its argument, which it looks at once all else is done."""
    return played.step.name is StepName.COMPLETE and (played.error or "").startswith("bad argument")


def _aborted(entry: SelectEntry) -> SelectEntry:
    if entry.ota_state != OtaImgState.PENDING_VERIFY:
        return entry
    return SelectEntry(entry.ota_seq, OtaImgState.ABORTED, entry.crc, entry.seq_label)


def _with_entries(cells: Cells, entries: tuple[bytes, bytes]) -> Cells:
    cells = cells.with_bytes(OTADATA, b"\xff" * 2 * SECTOR_SIZE)
    return cells.with_bytes(OTADATA, entries[0]).with_bytes(OTADATA + SECTOR_SIZE, entries[1])
