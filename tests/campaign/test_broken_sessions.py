"""Wrong implementations of sessions, each with the sentence about sessions that it breaks.

Every sentence holds for the board, and a wrong board is caught by the one that is named beside it.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

import pytest

from otaproof.campaign.unsafe_update.session import SessionDevice
from otaproof.impl.app.esp_ota import OTA_SIZE_UNKNOWN, EspOta, Session
from otaproof.impl.app.esp_partition import EspPartitions
from otaproof.impl.board import App
from otaproof.impl.chip.cells import SECTOR_SIZE
from otaproof.impl.chip.flash import FlashOp
from otaproof.impl.esp_err import EspErr, OtaError
from otaproof.impl.image.format import build_image
from otaproof.impl.partitions.partition import Partition, PartitionType
from otaproof.model.config import Release
from unsafe_updates import bootloader_device, table_device

Check = Callable[[], None]


@dataclass(frozen=True)
class Begun:
    """A session that was begun, and its final partition named."""

    app: App
    handle: int
    staging: Partition
    final: Partition

    def bring(self, data: bytes) -> EspErr:
        """Write and end; return the error of the end."""
        self.app.ota.esp_ota_write(self.handle, data)
        self.app.partitions.flash.take_ops()
        return error_of(lambda: self.app.ota.esp_ota_end(self.handle))

    @property
    def ops_in_final(self) -> list[tuple[str, int, int]]:
        """The flash operations of the end in the final partition: kind, offset, length."""
        return [
            (op.kind.value, op.address - self.final.offset, op.length)
            for op in self.app.partitions.flash.ops
            if _is_in(op, self.final)
        ]

    def holds(self, partition: Partition) -> bytes:
        """Return what lies in a partition."""
        return self.app.partitions.read(partition, 0, partition.size)


def _is_in(op: FlashOp, partition: Partition) -> bool:
    return partition.offset <= op.address < partition.end


def error_of(call: Callable[[], object]) -> EspErr:
    """Return the error of a call; OK for none."""
    try:
        call()
    except OtaError as error:
        return error.code
    return EspErr.OK


def begin(device: SessionDevice, *, with_copy: bool = True) -> Begun:
    """Begin the session of a device."""
    app = device.dut.board().power_on()
    assert app is not None
    staging = app.ota.esp_ota_get_next_update_partition()
    assert staging is not None
    handle = app.ota.esp_ota_begin(staging, OTA_SIZE_UNKNOWN)
    final = app.partitions.register_external(device.final)
    app.ota.esp_ota_set_final_partition(handle, final, finalize_with_copy=with_copy)
    return Begun(app, handle, staging, final)


def damaged(data: bytes, at: int) -> bytes:
    """Return data with a bit of one byte turned."""
    at %= len(data)
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


def end_copies_what_was_written() -> None:
    """The final partition holds the update, and erased bytes behind it."""
    for device in (bootloader_device(), table_device()):
        begun = begin(device)
        assert EspErr.OK == begun.bring(device.new)
        assert device.new.ljust(begun.final.size, b"\xff") == begun.holds(begun.final)


def copy_erases_all_of_the_final_partition_first() -> None:
    """Every sector, then a program for each: also of those that the update does not reach."""
    device = bootloader_device()
    begun = begin(device)
    begun.bring(device.new)
    sectors = range(0, begun.final.size, SECTOR_SIZE)
    wanted = [(kind, at, SECTOR_SIZE) for kind in "ep" for at in sectors]
    assert wanted == begun.ops_in_final and len(sectors) > 1


def copy_of_5_5_programs_all_at_once() -> None:
    """It maps the source; 6.0 reads it sector by sector."""
    device = bootloader_device(Release.V5_5)
    begun = begin(device)
    begun.bring(device.new)
    programs = [op for op in begun.ops_in_final if op[0] == "p"]
    assert [("p", 0, begun.final.size)] == programs


def damaged_update_leaves_the_final_partition_alone() -> None:
    """Verification comes before the copy."""
    for device, at in ((bootloader_device(), 40), (table_device(), 40)):
        begun = begin(device)
        before = begun.holds(begun.final)
        assert EspErr.OTA_VALIDATE_FAILED == begun.bring(damaged(device.new, at))
        assert (before, []) == (begun.holds(begun.final), begun.ops_in_final)


def without_the_flag_nothing_is_copied() -> None:
    """The application calls esp_partition_copy itself then."""
    device = table_device()
    begun = begin(device, with_copy=False)
    assert EspErr.OK == begun.bring(device.new)
    assert [] == begun.ops_in_final


def handle_is_closed_whatever_comes_of_the_end() -> None:
    """A second end does not find it."""
    device = table_device()
    for data, first in ((device.new, EspErr.OK), (damaged(device.new, 40), EspErr.OTA_VALIDATE_FAILED)):
        begun = begin(device)
        assert first == begun.bring(data)
        assert EspErr.NOT_FOUND == error_of(partial(begun.app.ota.esp_ota_end, begun.handle))


def final_partition_is_named_before_data() -> None:
    """Once a byte was written it is too late."""
    device = table_device()
    begun = begin(device)
    begun.app.ota.esp_ota_write(begun.handle, device.new[:32])
    again = error_of(lambda: begun.app.ota.esp_ota_set_final_partition(begun.handle, begun.final, True))
    assert EspErr.INVALID_STATE == again


def final_partition_decides_what_comes_first() -> None:
    """The magic of a partition table in an app slot, and no image."""
    for device, wrong in ((table_device(), b"\xe9\x01"), (bootloader_device(), b"\xaa\x50")):
        begun = begin(device)
        write = partial(begun.app.ota.esp_ota_write, begun.handle)
        assert EspErr.OTA_VALIDATE_FAILED == error_of(partial(write, wrong))
        assert EspErr.OK == error_of(partial(write, device.new))


def bootloader_is_verified_without_its_hash() -> None:
    """Its header may have been changed as it was flashed."""
    device = bootloader_device()
    assert EspErr.OK == begin(device).bring(damaged(device.new, -1))


def copy_that_does_not_fit_erases_nothing() -> None:
    """The sizes are looked at first."""
    registry = begin(table_device()).app.partitions
    small = Partition("small", PartitionType.DATA, 0x40, 0xF000, SECTOR_SIZE)
    large = Partition("large", PartitionType.DATA, 0x41, 0x20000, 2 * SECTOR_SIZE)
    for target, source in ((large, small), (small, large)):
        registry.flash.take_ops()
        assert EspErr.INVALID_SIZE == error_of(partial(registry.copy, target, source, large.size))
        assert [] == registry.flash.take_ops()


def _switch_to_image_with_a_wrong_hash(begun: Begun) -> EspErr:
    """Write it into the slot that the session used, and select it."""
    ota, image = begun.app.ota, damaged(build_image(size=1200, seed=9), 1200 - 1)
    handle = ota.esp_ota_begin(begun.staging, OTA_SIZE_UNKNOWN)
    ota.esp_ota_write(handle, image)
    ota.esp_ota_abort(handle)
    return error_of(lambda: ota.esp_ota_set_boot_partition(begun.staging))


def hashes_are_compared_again_after_the_end() -> None:
    """Whatever comes of it."""
    device = bootloader_device()
    for data in (device.new, damaged(device.new, 40)):
        begun = begin(device)
        begun.bring(data)
        assert EspErr.OTA_VALIDATE_FAILED == _switch_to_image_with_a_wrong_hash(begun)


def abort_leaves_hashes_of_the_slot_uncompared() -> None:
    """As in ESP-IDF (R34): a damaged image is taken for whole until the next restart."""
    begun = begin(bootloader_device())
    begun.app.ota.esp_ota_abort(begun.handle)
    assert EspErr.OK == _switch_to_image_with_a_wrong_hash(begun)


def other_sessions_leave_hashes_compared() -> None:
    """One for a partition table says nothing of where a bootloader lies."""
    begun = begin(table_device())
    begun.app.ota.esp_ota_abort(begun.handle)
    assert EspErr.OTA_VALIDATE_FAILED == _switch_to_image_with_a_wrong_hash(begun)


SENTENCES: tuple[Check, ...] = (
    end_copies_what_was_written,
    copy_erases_all_of_the_final_partition_first,
    copy_of_5_5_programs_all_at_once,
    damaged_update_leaves_the_final_partition_alone,
    without_the_flag_nothing_is_copied,
    handle_is_closed_whatever_comes_of_the_end,
    final_partition_is_named_before_data,
    final_partition_decides_what_comes_first,
    bootloader_is_verified_without_its_hash,
    copy_that_does_not_fit_erases_nothing,
    hashes_are_compared_again_after_the_end,
    abort_leaves_hashes_of_the_slot_uncompared,
    other_sessions_leave_hashes_compared,
)
END, ABORT, SET_FINAL = EspOta.esp_ota_end, EspOta.esp_ota_abort, EspOta.esp_ota_set_final_partition
COPY, EXPECT = EspPartitions.copy, EspOta._expect_bootloader


def forgets_the_erase(registry: EspPartitions, target: Partition, source: Partition, length: int) -> None:
    """A copy over what lies there."""
    for at in range(0, length, SECTOR_SIZE):
        registry.write(target, at, registry.read(source, at, min(SECTOR_SIZE, length - at)))


def erases_as_it_goes(registry: EspPartitions, target: Partition, source: Partition, length: int) -> None:
    """A sector at a time, erased and programmed."""
    for at in range(0, length, SECTOR_SIZE):
        registry.erase_range(target, at, SECTOR_SIZE)
        registry.write(target, at, registry.read(source, at, min(SECTOR_SIZE, length - at)))


def copies_one_sector_at_most(registry: EspPartitions, target: Partition, source: Partition, length: int) -> None:
    """The rest stays as it was."""
    COPY(registry, target, source, min(length, SECTOR_SIZE))


def erases_before_it_measures(registry: EspPartitions, target: Partition, source: Partition, length: int) -> None:
    """What does not fit is found out too late."""
    with suppress(OtaError):
        registry.erase_range(target, 0, SECTOR_SIZE)
    COPY(registry, target, source, length)


def copies_before_verification(ota: EspOta, handle: int) -> None:
    """And verifies what is in use by then."""
    session = ota._find(handle)
    if session is not None and session.finalize_with_copy:
        ota.partitions.copy(session.final, session.staging, session.final.size)
    END(ota, handle)


def copies_without_the_flag(ota: EspOta, handle: int) -> None:
    """Whenever another partition is the final one."""
    session = ota._find(handle)
    if session is not None:
        session.finalize_with_copy = session.final is not session.staging
    END(ota, handle)


def never_copies(ota: EspOta, handle: int) -> None:
    """The flag is forgotten."""
    session = ota._find(handle)
    if session is not None:
        session.finalize_with_copy = False
    END(ota, handle)


def leaves_the_bootloader_offset(ota: EspOta, handle: int) -> None:
    """It outlives its session, as after an abort."""
    offset = ota._bootloader_offset
    try:
        END(ota, handle)
    finally:
        ota._bootloader_offset = offset


def keeps_a_failed_session_open(ota: EspOta, handle: int) -> None:
    """Only a session that goes through is closed."""
    session = ota._find(handle)
    try:
        END(ota, handle)
    except OtaError:
        if session is not None:
            ota._sessions.insert(0, session)
        raise


def abort_resets_the_bootloader_offset(ota: EspOta, handle: int) -> None:
    """What ESP-IDF should do, and does not."""
    ABORT(ota, handle)
    ota._bootloader_offset = 0x1000


def takes_it_at_any_time(ota: EspOta, handle: int, final: Partition, finalize_with_copy: bool) -> None:
    """Data or no data."""
    session = ota._find(handle)
    if session is not None:
        session.is_resumed = True
    SET_FINAL(ota, handle, final, finalize_with_copy)


def forgets_what_the_data_is_for(ota: EspOta, handle: int, final: Partition, finalize_with_copy: bool) -> None:
    """It is verified as what the slot is for."""
    SET_FINAL(ota, handle, final, finalize_with_copy)
    session = ota._find(handle)
    assert session is not None
    session.final = session.staging


def expects_one_in_every_session(ota: EspOta, final: Partition, staging: Partition) -> None:
    """Also in one for a partition table."""
    ota._bootloader_offset = staging.offset


def expects_one_in_its_final_place(ota: EspOta, final: Partition, staging: Partition) -> None:
    """So the download is verified as an application's image."""
    EXPECT(ota, final, final)


def verifies_nothing(ota: EspOta, session: Session) -> bool:
    """Every download is right."""
    return True


def takes_any_first_chunk(ota: EspOta, final: Partition, data: bytes) -> bool:
    """It is left to the end."""
    return True


MUTANTS: tuple[tuple[type, str, Callable[..., object], Check], ...] = (
    # owner, name of what is replaced, by what, the sentence that catches it
    (EspPartitions, "copy", forgets_the_erase, end_copies_what_was_written),
    (EspPartitions, "copy", erases_as_it_goes, copy_erases_all_of_the_final_partition_first),
    (EspPartitions, "copy", erases_as_it_goes, copy_of_5_5_programs_all_at_once),
    (EspPartitions, "copy", copies_one_sector_at_most, copy_erases_all_of_the_final_partition_first),
    (EspPartitions, "copy", erases_before_it_measures, copy_that_does_not_fit_erases_nothing),
    (EspOta, "esp_ota_end", copies_before_verification, damaged_update_leaves_the_final_partition_alone),
    (EspOta, "esp_ota_end", copies_without_the_flag, without_the_flag_nothing_is_copied),
    (EspOta, "esp_ota_end", never_copies, end_copies_what_was_written),
    (EspOta, "esp_ota_end", leaves_the_bootloader_offset, hashes_are_compared_again_after_the_end),
    (EspOta, "esp_ota_end", keeps_a_failed_session_open, handle_is_closed_whatever_comes_of_the_end),
    (EspOta, "esp_ota_abort", abort_resets_the_bootloader_offset, abort_leaves_hashes_of_the_slot_uncompared),
    (EspOta, "esp_ota_set_final_partition", takes_it_at_any_time, final_partition_is_named_before_data),
    (EspOta, "esp_ota_set_final_partition", forgets_what_the_data_is_for, end_copies_what_was_written),
    (EspOta, "_expect_bootloader", expects_one_in_every_session, other_sessions_leave_hashes_compared),
    (EspOta, "_expect_bootloader", expects_one_in_its_final_place, bootloader_is_verified_without_its_hash),
    (EspOta, "_is_download_valid", verifies_nothing, damaged_update_leaves_the_final_partition_alone),
    (EspOta, "_is_first_chunk_plausible", takes_any_first_chunk, final_partition_decides_what_comes_first),
)


@pytest.mark.parametrize("sentence", SENTENCES, ids=lambda sentence: sentence.__name__)
def test_sentence_about_sessions_holds(sentence: Check) -> None:
    """For the board as it is."""
    sentence()


@pytest.mark.parametrize(
    ("owner", "name", "wrong", "caught_by"), MUTANTS, ids=[f"{m[2].__name__}-{m[3].__name__}" for m in MUTANTS]
)
def test_broken_session_is_caught_by_its_sentence(
    owner: type, name: str, wrong: Callable[..., object], caught_by: Check, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A board that does one thing otherwise."""
    monkeypatch.setattr(owner, name, wrong)
    with pytest.raises((AssertionError, OtaError)):
        caught_by()


def test_every_sentence_catches_something() -> None:
    """One that catches nothing would say nothing."""
    assert set(SENTENCES) == {caught_by for *_, caught_by in MUTANTS}
