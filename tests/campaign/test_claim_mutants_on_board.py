"""Wrong boards: for each claim one that breaks it, and the check that notices.

A mutant is the simulated board with one function replaced. A history shows it to the claim monitor, or an upgrade of a
small device to the sweep. The board as it is keeps the claim in the same place, so the mutant alone is to blame.
"""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import pytest

from otaproof.campaign.history.claim_monitor import ClaimMonitor
from otaproof.campaign.history.history import History, SmallDevice, SmallImage, upgrade
from otaproof.campaign.history.player import Player
from otaproof.campaign.history.step import (
    ACCEPT,
    COMMENCE,
    COMPLETE,
    POWER_ON,
    ROLLBACK,
    RUNNING,
    Step,
    StepCut,
    StepName,
)
from otaproof.campaign.upgrade.future_oracle import FutureOracle
from otaproof.campaign.upgrade.script import Scenario, first_step_of_interest, script_of
from otaproof.campaign.upgrade.sweep import sweep
from otaproof.campaign.upgrade.uncut_run import play_script
from otaproof.impl import bootloader
from otaproof.impl.app import esp_ota_select
from otaproof.impl.app.esp_ota import EspOta
from otaproof.impl.app.esp_ota_select import OtaSelection
from otaproof.impl.bootloader import Bootloader
from otaproof.impl.chip.cells import SECTOR_SIZE
from otaproof.impl.chip.efuse import Efuse
from otaproof.impl.chip.torn_operations import Torn
from otaproof.impl.esp_err import EspErr, OtaError
from otaproof.impl.otadata import ENTRY_SIZE, EntryPair, active_otadata, encode_entry, is_initial
from otaproof.impl.program_end import Restart
from otaproof.model.claims.claims import CLAIMS
from otaproof.model.claims.cut_claims import CUT_CLAIMS
from otaproof.model.config import Config, Release, ResetReason
from otaproof.model.fault_model import FaultModel
from otaproof.model.ota_state import OtaImgState

Patch = pytest.MonkeyPatch
RESTART = Step(StepName.RESET, ResetReason.SOFTWARE)
OFF = Step(StepName.POWER_OFF)
STAY = Step(StepName.COMPLETE)
"""complete() without an argument: it does not restart."""


def started(
    *,
    release: Release = Release.V6_1,
    rollback: bool = True,
    anti_rollback: bool = False,
    slots: int = 2,
    has_factory: bool = False,
    images: tuple[SmallImage, ...] = tuple(SmallImage(seed) for seed in range(1, 6)),
) -> History:
    """Return a device that has been switched on, with an image in factory, else in ota_0, and images to go to."""
    config = Config(rollback=rollback, anti_rollback=anti_rollback, app_release=release, bootloader_release=release)
    place = "factory" if has_factory else "ota_0"
    device = SmallDevice(config, tuple(range(slots)), has_factory, ((place, 0),))
    return History(device, images).then(POWER_ON)


def written(image: int) -> tuple[Step, ...]:
    """Return the steps that bring an image, and stop there."""
    return upgrade(image)[:-1]


def accepted(image: int) -> tuple[Step, ...]:
    """Return a whole upgrade, accepted."""
    return (*upgrade(image), RESTART, ACCEPT)


def cut(step: Step, op: int, torn: str = "after") -> Step:
    """Return the step with the power failing in one of its operations."""
    return replace(step, cut=StepCut(op, Torn.parse(torn)))


def set_boot(label: str) -> Step:
    """Return the call of esp_ota_set_boot_partition()."""
    return Step(StepName.SET_BOOT, label=label)


# Bootloaders.


def no_fallback(patch: Patch) -> None:
    """Only the selected partition is tried."""
    patch.setattr(bootloader, "fallback_order", lambda start, count: iter([start]))


def starts_the_slot_after(patch: Patch) -> None:
    """The number names the slot after the right one."""
    real = bootloader.slot_of_seq
    patch.setattr(bootloader, "slot_of_seq", lambda seq, count: (real(seq, count) + 1) % count)


def verifies_nothing(patch: Patch) -> None:
    """Whatever the selected slot holds is started."""
    patch.setattr(Bootloader, "_is_loadable", lambda self, partition, mode: True)


def aborts_nothing(patch: Patch) -> None:
    """What was under test is tried again and again."""
    patch.setattr(Bootloader, "_abort_pending", lambda self, otadata, entries: entries)


def forgives(patch: Patch) -> None:
    """What is ABORTED is NEW again at the next boot."""
    real = Bootloader._abort_pending

    def abort(self: Bootloader, otadata: Any, entries: EntryPair) -> EntryPair:
        after = list(real(self, otadata, entries))
        for number, entry in enumerate(entries):
            if entry.ota_state == OtaImgState.ABORTED:
                after[number] = replace(entry, ota_state=OtaImgState.NEW)
                self._write_entry(otadata, number, encode_entry(after[number]))
        return EntryPair(*after)

    patch.setattr(Bootloader, "_abort_pending", abort)


def starts_what_it_aborts(patch: Patch) -> None:
    """ABORTED is written, and the entries are used as they were."""
    real = Bootloader._abort_pending

    def abort(self: Bootloader, otadata: Any, entries: EntryPair) -> EntryPair:
        real(self, otadata, entries)
        return entries

    patch.setattr(Bootloader, "_abort_pending", abort)


def takes_invalid_for_bootable(patch: Patch) -> None:
    """Only ABORTED keeps an entry from being selected."""

    def select(entries: EntryPair) -> int | None:
        lenient = (
            replace(e, ota_state=OtaImgState.VALID) if e.ota_state == OtaImgState.INVALID else e for e in entries
        )
        return active_otadata(EntryPair(*lenient))

    patch.setattr(bootloader, "active_otadata", select)


def accepts_by_itself(patch: Patch) -> None:
    """NEW becomes VALID, not PENDING_VERIFY."""
    real = bootloader.encode_entry

    def encode(entry: Any) -> bytes:
        is_pending = entry.ota_state == OtaImgState.PENDING_VERIFY
        return real(replace(entry, ota_state=OtaImgState.VALID) if is_pending else entry)

    patch.setattr(bootloader, "encode_entry", encode)


def rewrites_always(patch: Patch) -> None:
    """The entry that decides is written at every boot."""
    real = Bootloader._note_selected

    def note(self: Bootloader, state: Any, entries: EntryPair, active: int, index: int) -> None:
        real(self, state, entries, active, index)
        if entries[active].ota_state == OtaImgState.VALID:
            self._write_entry(state.otadata, active, encode_entry(entries[active]))

    patch.setattr(Bootloader, "_note_selected", note)


def allows_old_versions(patch: Patch) -> None:
    """The secure version is not compared, neither by the bootloader nor by the application."""
    real = bootloader.verify_image
    patch.setattr(Efuse, "is_secure_version_allowed", lambda self, version: True)
    patch.setattr(bootloader, "verify_image", lambda *arguments: real(*arguments[:5]))


def burns_what_it_is_given(patch: Patch) -> None:
    """The eFuse takes any version, a lower one too."""

    def update(self: Efuse, version: int) -> None:
        self.burns.append(0)
        self.bits = (1 << version) - 1

    patch.setattr(Efuse, "update_secure_version", update)
    allows_old_versions(patch)


# Applications.


def wipes_what_runs(patch: Patch) -> None:
    """commence() erases the first sector of the running slot as well, and puts it back."""
    real = EspOta._erase_for

    def erase(self: EspOta, target: Any, size: int) -> None:
        kept = self.partitions.read(self._running, 0, SECTOR_SIZE)
        self.partitions.erase_range(self._running, 0, SECTOR_SIZE)
        self.partitions.write(self._running, 0, kept)
        real(self, target, size)

    patch.setattr(EspOta, "_erase_for", erase)


def wipes_what_runs_for_its_version(patch: Patch) -> None:
    """complete() of an image that is too old erases the wrong slot."""
    real = OtaSelection._set_boot_partition

    def set_boot_partition(self: OtaSelection, partition: Any) -> None:
        try:
            real(self, partition)
        except OtaError:
            self.partitions.erase_range(self._running, 0, SECTOR_SIZE)
            raise

    patch.setattr(OtaSelection, "_set_boot_partition", set_boot_partition)


def accept_refuses(patch: Patch) -> None:
    """accept() writes INVALID."""

    def mark(self: OtaSelection) -> None:
        otadata, active = self._read_active()
        self._rewrite_entry(otadata, active, otadata.entries[active].ota_seq, OtaImgState.INVALID)

    patch.setattr(OtaSelection, "esp_ota_mark_app_valid_cancel_rollback", mark)


def accept_does_nothing(patch: Patch) -> None:
    """accept() returns at once."""
    patch.setattr(OtaSelection, "esp_ota_mark_app_valid_cancel_rollback", lambda self: None)


def failed_complete_forgets(patch: Patch) -> None:
    """complete() of an image that does not verify erases the entry that decides."""
    real = EspOta.esp_ota_end

    def end(self: EspOta, handle: int) -> None:
        try:
            real(self, handle)
        except OtaError:
            otadata, active = self._read_active()
            self.partitions.erase_range(otadata.partition, SECTOR_SIZE * active, SECTOR_SIZE)
            raise

    patch.setattr(EspOta, "esp_ota_end", end)


def rejecting_forgets(patch: Patch) -> None:
    """complete() of an image that is too old erases the entry that decides."""
    real = OtaSelection._set_boot_partition

    def set_boot_partition(self: OtaSelection, partition: Any) -> None:
        try:
            real(self, partition)
        except OtaError:
            otadata, active = self._read_active()
            self.partitions.erase_range(otadata.partition, SECTOR_SIZE * active, SECTOR_SIZE)
            raise

    patch.setattr(OtaSelection, "_set_boot_partition", set_boot_partition)


def rollback_returns(patch: Patch) -> None:
    """rollback() does not restart."""
    patch.setattr(
        OtaSelection,
        "esp_ota_mark_app_invalid_rollback_and_reboot",
        lambda self: self.esp_ota_mark_app_invalid_rollback(),
    )


def rollback_writes_first(patch: Patch) -> None:
    """rollback() erases the entry and then finds that there is nothing to go back to."""
    real = OtaSelection.esp_ota_mark_app_invalid_rollback_and_reboot

    def mark(self: OtaSelection) -> None:
        if not self.esp_ota_check_rollback_is_possible():
            otadata, active = self._read_active()
            self.partitions.erase_range(otadata.partition, SECTOR_SIZE * active, SECTOR_SIZE)
            raise OtaError(EspErr.OTA_ROLLBACK_FAILED)
        real(self)

    patch.setattr(OtaSelection, "esp_ota_mark_app_invalid_rollback_and_reboot", mark)


def rollback_changes_nothing(patch: Patch) -> None:
    """rollback() restarts, and has refused nothing."""

    def mark(self: OtaSelection) -> None:
        raise Restart

    patch.setattr(OtaSelection, "esp_ota_mark_app_invalid_rollback_and_reboot", mark)


def rollback_forgets_all(patch: Patch) -> None:
    """rollback() erases otadata: ota_0 starts, whatever ran before."""

    def mark(self: OtaSelection) -> None:
        otadata, _ = self._read_active()
        self.partitions.erase_range(otadata.partition, 0, 2 * SECTOR_SIZE)
        raise Restart

    patch.setattr(OtaSelection, "esp_ota_mark_app_invalid_rollback_and_reboot", mark)


def complete_erases_both(patch: Patch) -> None:
    """complete() erases both entries before it writes the new one."""

    def rewrite(self: OtaSelection, slot: int) -> None:
        otadata = self._read_otadata()
        assert otadata is not None
        number, seq = esp_ota_select.select_rewrite(
            otadata.entries, slot, self.esp_ota_get_app_partition_count(), self.rules.same_slot_in_place
        )
        self.partitions.erase_range(otadata.partition, 0, 2 * SECTOR_SIZE)
        self._rewrite_entry(otadata, number, seq, OtaImgState.NEW if self.config.rollback else OtaImgState.UNDEFINED)

    patch.setattr(OtaSelection, "_rewrite_ota_data", rewrite)


def complete_marks_nothing(patch: Patch) -> None:
    """The switch reports success, and has written nothing."""
    patch.setattr(OtaSelection, "_rewrite_ota_data", lambda self, slot: None)


def switch_ignores_factory(patch: Patch) -> None:
    """esp_ota_set_boot_partition() of factory reports success, and has erased nothing."""
    real = OtaSelection._set_boot_partition

    def set_boot_partition(self: OtaSelection, partition: Any) -> None:
        if not partition.is_factory:
            real(self, partition)

    patch.setattr(OtaSelection, "_set_boot_partition", set_boot_partition)


def switch_ignores_ota_0(patch: Patch) -> None:
    """esp_ota_set_boot_partition() of ota_0 reports success, and has written nothing."""
    real = OtaSelection._rewrite_ota_data

    def rewrite(self: OtaSelection, slot: int) -> None:
        if slot != 0:
            real(self, slot)

    patch.setattr(OtaSelection, "_rewrite_ota_data", rewrite)


def rewrites_the_other_entry(patch: Patch) -> None:
    """From 6.0 on too, the running slot's number goes into the other entry."""
    real = esp_ota_select.select_rewrite
    patch.setattr(esp_ota_select, "select_rewrite", lambda entries, slot, count, _: real(entries, slot, count, False))


def adds_a_lap(patch: Patch) -> None:
    """The next number is one lap of the slots too high."""
    real = esp_ota_select.next_seq
    patch.setattr(esp_ota_select, "next_seq", lambda now, slot, count: real(now, slot, count) + count)


def keeps_the_spare(patch: Patch) -> None:
    """commence() leaves the entry of the slot that it wipes."""
    patch.setattr(EspOta, "_invalidate_inactive_entry", lambda self: None)


def erases_the_active_entry(patch: Patch) -> None:
    """commence() erases the entry that decides."""

    def invalidate(self: EspOta) -> None:
        with suppress(OtaError):
            otadata, active = self._read_active()
            self.partitions.erase_range(otadata.partition, SECTOR_SIZE * active, SECTOR_SIZE)

    patch.setattr(EspOta, "_invalidate_inactive_entry", invalidate)


def write_marks(patch: Patch) -> None:
    """The slot is marked with the first bytes that are written to it."""
    real = EspOta.esp_ota_write

    def write(self: EspOta, handle: int, data: bytes | None) -> None:
        real(self, handle, data)
        session = self._find(handle)
        if session is not None and session.wrote_size == len(data or b""):
            self._rewrite_ota_data(session.final.slot)

    patch.setattr(EspOta, "esp_ota_write", write)


def commence_refuses(patch: Patch) -> None:
    """commence() takes every image for one under test."""

    def check(self: EspOta) -> None:
        raise OtaError(EspErr.OTA_ROLLBACK_INVALID_STATE)

    patch.setattr(EspOta, "_check_accepted", check)


def next_is_what_runs(patch: Patch) -> None:
    """info() names what runs as next."""
    patch.setattr(OtaSelection, "esp_ota_get_boot_partition", lambda self: self._running)


def running_is_what_is_next(patch: Patch) -> None:
    """info() names what is selected as running."""
    patch.setattr(OtaSelection, "esp_ota_get_running_partition", lambda self: self.esp_ota_get_boot_partition())


def calls_all_valid(patch: Patch) -> None:
    """info() calls valid what is under test."""
    real = OtaSelection.esp_ota_get_state_partition

    def get(self: OtaSelection, partition: Any) -> int:
        state = real(self, partition)
        return OtaImgState.VALID if state == OtaImgState.PENDING_VERIFY else state

    patch.setattr(OtaSelection, "esp_ota_get_state_partition", get)


@dataclass(frozen=True)
class Mutant:
    """A wrong board, the claim that it breaks, and a history in which this shows."""

    claim_id: str
    make: Callable[[Patch], None]
    history: History

    def __str__(self) -> str:
        """Name it in the test's id."""
        return f"{self.claim_id}-{self.make.__name__}"


TOO_OLD = (SmallImage(1, secure_version=1), SmallImage(2, secure_version=1), SmallImage(3))
BROKEN = (SmallImage(1), SmallImage(2), SmallImage(3, flipped=700))
VERSIONED = (SmallImage(1), SmallImage(2, secure_version=1), SmallImage(3))
"""A device of version 0, an update of version 1, one of version 0."""
FIELD = started(slots=3).then(*accepted(1))
"""ota_1 of three runs, accepted; ota_0 is still there."""

MUTANTS: tuple[Mutant, ...] = (
    Mutant("C1", no_fallback, started(release=Release.V5_1).then(*written(1), STAY, COMMENCE, RESTART)),
    Mutant("C1", verifies_nothing, started(release=Release.V5_1).then(*written(1), STAY, COMMENCE, RESTART)),
    Mutant("C2", starts_the_slot_after, started().then(*written(1), RESTART)),
    Mutant("C3", wipes_what_runs, started().then(*written(1))),
    Mutant("C3", wipes_what_runs_for_its_version, started(anti_rollback=True, images=TOO_OLD).then(*upgrade(2))),
    Mutant("C4", aborts_nothing, started().then(*upgrade(1), RESTART, RESTART)),
    Mutant("C4", complete_marks_nothing, started().then(*upgrade(1), RESTART)),
    Mutant("C5", accept_refuses, started().then(*accepted(1), POWER_ON)),
    Mutant("C5", failed_complete_forgets, started(slots=3, images=BROKEN).then(*accepted(1), *upgrade(2), POWER_ON)),
    Mutant(
        "C5",
        rejecting_forgets,
        started(slots=3, anti_rollback=True, images=TOO_OLD).then(*accepted(1), *upgrade(2), RESTART),
    ),
    Mutant("C6", rollback_returns, started().then(*accepted(1), ROLLBACK)),
    Mutant("C6", rollback_writes_first, started().then(ROLLBACK)),
    Mutant("C6", rollback_changes_nothing, started().then(*accepted(1), ROLLBACK, RESTART)),
    Mutant("C7", complete_erases_both, FIELD.then(*written(2), cut(COMPLETE, 1), POWER_ON)),
    Mutant(
        "C8", allows_old_versions, started(anti_rollback=True, images=VERSIONED).then(*accepted(1), ROLLBACK, RESTART)
    ),
    Mutant(
        "C8",
        burns_what_it_is_given,
        started(anti_rollback=True, images=VERSIONED).then(*accepted(1), *upgrade(2), RESTART, ACCEPT),
    ),
    Mutant("C10", next_is_what_runs, started().then(*written(1), STAY)),
    Mutant("C10", running_is_what_is_next, started().then(*written(1), STAY)),
    Mutant("C11", rewrites_the_other_entry, started().then(*upgrade(1), RESTART, set_boot(RUNNING))),
    Mutant("C12", adds_a_lap, started().then(*upgrade(1))),
    Mutant("C13", accepts_by_itself, started().then(*upgrade(1), RESTART)),
    Mutant("C14", keeps_the_spare, started().then(*accepted(1), *written(2)[:-1], cut(set_boot(RUNNING), 0))),
    Mutant("C15", commence_refuses, started()),
    Mutant("C16", forgives, started().then(*upgrade(1), RESTART, OFF)),
    Mutant("C17", complete_marks_nothing, started(rollback=False).then(*upgrade(1), RESTART)),
    Mutant("C18", starts_what_it_aborts, started().then(*upgrade(1), RESTART, RESTART)),
    Mutant("C18", takes_invalid_for_bootable, started().then(*accepted(1), ROLLBACK, RESTART)),
    Mutant("C18", forgives, started().then(*upgrade(1), RESTART, RESTART, RESTART)),
    Mutant("C19", calls_all_valid, started().then(*upgrade(1), RESTART)),
    Mutant("C20", accept_does_nothing, started(rollback=False).then(*accepted(1))),
    Mutant("C21", erases_the_active_entry, FIELD.then(COMMENCE)),
    Mutant("C21", write_marks, started(rollback=False).then(*written(1))),
    Mutant("C22", rollback_forgets_all, FIELD.then(*accepted(2), ROLLBACK, RESTART)),
    Mutant("C23", switch_ignores_factory, started(has_factory=True).then(*accepted(1), set_boot("factory"), RESTART)),
    Mutant("C23", switch_ignores_ota_0, started(slots=3).then(*accepted(1), set_boot("ota_0"), RESTART)),
    Mutant("C24", rewrites_always, started()),
    Mutant("C25", aborts_nothing, started().then(*upgrade(1), RESTART)),
)


def broken_in(history: History) -> Iterator[str]:
    """Yield the ids of the claims that break, step by step."""
    monitor = ClaimMonitor(Player(history.dut))
    for step in history.steps:
        yield from (broken.claim_id for broken in monitor.play(step)[1])


@pytest.mark.parametrize("mutant", MUTANTS, ids=str)
def test_monitor_kills_the_mutant(mutant: Mutant, monkeypatch: Patch) -> None:
    """The board as it is keeps the claim in that history; the mutant does not."""
    assert mutant.claim_id not in set(broken_in(mutant.history))
    mutant.make(monkeypatch)
    assert mutant.claim_id in set(broken_in(mutant.history))


def test_every_claim_of_a_history_has_a_mutant() -> None:
    """C9 is the sweep's alone."""
    assert [known.id for known in CLAIMS if known.id != "C9"] == list(dict.fromkeys(m.claim_id for m in MUTANTS))


# The sweep: mutants of the board in an upgrade of a small device, and what one power cut brings to light.


def refuses_what_is_torn(patch: Patch) -> None:
    """Nothing boots while an entry is neither blank nor whole."""
    real = Bootloader._select

    def select(self: Bootloader, state: Any) -> Any:
        entries = self._read_otadata(state.otadata)
        is_torn = any(is_initial(entry) and encode_entry(entry) != b"\xff" * ENTRY_SIZE for entry in entries)
        return None if is_torn else real(self, state)

    patch.setattr(Bootloader, "_select", select)


def commence_wants_whole_entries(patch: Patch) -> None:
    """No upgrade begins while an entry is neither blank nor whole."""
    real = EspOta.esp_ota_begin

    def begin(self: EspOta, *arguments: Any) -> int:
        otadata = self._read_otadata()
        assert otadata is not None
        if any(is_initial(entry) and encode_entry(entry) != b"\xff" * ENTRY_SIZE for entry in otadata.entries):
            raise OtaError(EspErr.OTA_SELECT_INFO_INVALID)
        return real(self, *arguments)

    patch.setattr(EspOta, "esp_ota_begin", begin)


def writes_nothing_to_slots(patch: Patch) -> None:
    """commence() and write() report success; the image that lies in the slot is marked again."""
    patch.setattr(EspOta, "_erase_for", lambda self, target, size: None)

    def write(self: EspOta, handle: int, data: bytes | None) -> None:
        session = self._find(handle)
        assert session is not None
        session.wrote_size += len(data or b"")

    patch.setattr(EspOta, "esp_ota_write", write)


def next_is_the_other_entry(patch: Patch) -> None:
    """info() names the slot of the older entry as next."""
    real = OtaSelection.esp_ota_get_boot_partition

    def get(self: OtaSelection) -> Any:
        otadata, active = self._read_active()
        other = otadata.entries[active ^ 1]
        return real(self) if is_initial(other) else self._find_slot((other.ota_seq - 1) % 2)

    patch.setattr(OtaSelection, "esp_ota_get_boot_partition", get)


@dataclass(frozen=True)
class SweepMutant:
    """A wrong board, the claim of a sweep that it breaks, and the upgrade in which this shows."""

    claim_id: str
    make: Callable[[Patch], None]
    device: History
    scenario: Scenario = Scenario.UPGRADE
    faults: FaultModel = FaultModel.F0

    def __str__(self) -> str:
        """Name it in the test's id."""
        return f"{self.claim_id}-{self.make.__name__}"

    def broken(self) -> int:
        """Return at how many cut points and resets the sweep finds the claim broken."""
        made = self.device.dut
        dut = replace(made, update=made.images[1], chunk=len(made.images[1].contents))
        run = play_script(dut, script_of(self.scenario, dut))
        first = first_step_of_interest(self.scenario, dut)
        found = sweep(dut, run, FutureOracle(dut), self.faults, 0, first)
        stretches = (*found.stretches, *found.resets)
        return sum(stretch.count for stretch in stretches if self.claim_id in stretch.broken)


FULL = started(rollback=False)
FULL = replace(FULL, device=replace(FULL.device, holds=(("ota_0", 0), ("ota_1", 2))))
"""A device with an image in each slot."""
SECURE = (SmallImage(1), SmallImage(2, secure_version=1))
AGAIN = Scenario.UPGRADE_AGAIN
SWEEP_MUTANTS: tuple[SweepMutant, ...] = (
    SweepMutant("C1", refuses_what_is_torn, started(), faults=FaultModel.F1),
    SweepMutant("C2", starts_the_slot_after, started(rollback=False)),
    SweepMutant("C3", wipes_what_runs, started()),
    SweepMutant("C4", aborts_nothing, started()),
    SweepMutant("C5", accept_refuses, started()),
    SweepMutant("C6", rollback_returns, started(), Scenario.UPGRADE),
    SweepMutant("C6", rollback_changes_nothing, started(rollback=False)),
    SweepMutant("C7", complete_erases_both, started(slots=3), AGAIN),
    SweepMutant("C8", allows_old_versions, started(anti_rollback=True, images=SECURE)),
    SweepMutant("C9", commence_wants_whole_entries, started(), faults=FaultModel.F1),
    SweepMutant("C9", accept_does_nothing, started(rollback=False)),
    SweepMutant("C9", writes_nothing_to_slots, FULL),
    SweepMutant("C10", next_is_the_other_entry, started()),
    SweepMutant("C17", complete_marks_nothing, started(rollback=False)),
    SweepMutant("C18", starts_what_it_aborts, started()),
    SweepMutant("C18", takes_invalid_for_bootable, started()),
    SweepMutant("C19", calls_all_valid, started()),
    SweepMutant("C20", accept_does_nothing, started(rollback=False)),
    SweepMutant("C21", erases_the_active_entry, started(slots=3), AGAIN),
    SweepMutant("C21", write_marks, started(rollback=False)),
    SweepMutant("C22", rollback_forgets_all, started(slots=3), AGAIN),
    SweepMutant("C24", rewrites_always, started()),
    SweepMutant("C25", aborts_nothing, started()),
)


@pytest.mark.parametrize("mutant", SWEEP_MUTANTS, ids=str)
def test_sweep_kills_the_mutant(mutant: SweepMutant, monkeypatch: Patch) -> None:
    """The board as it is keeps the claim in that upgrade, wherever it is cut; the mutant does not.

    C4 is broken where the note of a try is rewritten; the mutant breaks it elsewhere as well."""
    before = mutant.broken()
    assert (before > 0) == (mutant.claim_id == "C4")
    mutant.make(monkeypatch)
    assert before < mutant.broken()


def test_every_claim_of_a_sweep_has_a_mutant() -> None:
    """None is forgotten when one is added."""
    assert [known.id for known in CUT_CLAIMS] == list(dict.fromkeys(mutant.claim_id for mutant in SWEEP_MUTANTS))
