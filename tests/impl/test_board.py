"""The board where the recordings do not reach: deep sleep, skipped validation, odd tables, volatile state."""

from dataclasses import replace

import pytest

from otaproof.impl.app.esp_ota import OTA_SIZE_UNKNOWN
from otaproof.impl.app.otaupgrade import LuaError
from otaproof.impl.board import App, Board
from otaproof.impl.chip.cells import SECTOR_SIZE, Cells
from otaproof.impl.chip.chips import CHIPS
from otaproof.impl.esp_err import EspErr, OtaError
from otaproof.impl.image.format import (
    AppDesc,
    build_image,
    decode_app_desc,
    decode_header,
    encode_app_desc,
    encode_image,
)
from otaproof.impl.otadata import encode_entry, make_entry
from otaproof.impl.partitions.partition import Partition
from otaproof.impl.partitions.table import encode_table
from otaproof.impl.program_end import Panic, Restart
from otaproof.model.config import Chip, Config, Release, ResetReason
from otaproof.model.ota_state import OtaImgState
from worlds import small_world

IMAGE = build_image(size=1200, version="1.0.0", seed=1)
UPDATE = build_image(size=1200, version="1.1.0", seed=2)
OTADATA = Partition("otadata", 1, 0x00, 0xD000, 0x2000)


def board_with(
    table: tuple[Partition, ...],
    images: dict[str, bytes],
    entries: tuple[tuple[int, OtaImgState] | None, ...] = (None, None),
    config: Config | None = None,
) -> Board:
    """Return a board with this table, images by label and (number, state) of the otadata entries."""
    config = config or Config()
    cells = Cells.erased(0x400000).with_bytes(config.table_offset, encode_table(table))
    for partition in table:
        if partition.label in images:
            cells = cells.with_bytes(partition.offset, images[partition.label])
    for number, entry in enumerate(entries):
        if entry is not None:
            cells = cells.with_bytes(OTADATA.offset + SECTOR_SIZE * number, encode_entry(make_entry(*entry)))
    return Board.of_cells(cells, config)


def slot(number: int, place: int | None = None) -> Partition:
    """Return OTA slot `number`, 64 KiB, at place 1, 2, … of the flash."""
    return Partition(f"ota_{number}", 0, 0x10 + number, 0x10000 * (1 + (number if place is None else place)), 0x10000)


TWO_SLOTS = (OTADATA, slot(0), slot(1))


def booted(app: App | None) -> str | None:
    """Return the label of what runs."""
    return None if app is None else app.running.label


def run_upgrade(app: App) -> None:
    """Bring the update and restart."""
    app.otaupgrade.commence()
    app.otaupgrade.write(UPDATE)
    with pytest.raises(Restart):
        app.otaupgrade.complete(1)


def test_ram_does_not_survive_a_reset() -> None:
    """The session is gone: write() says so, although the slot still holds what was written."""
    board = board_with(TWO_SLOTS, {"ota_0": IMAGE})
    app = board.power_on()
    assert app is not None
    app.otaupgrade.commence()
    app.otaupgrade.write(UPDATE[:600])
    again = board.power_on(ResetReason.SOFTWARE)
    assert again is not None
    with pytest.raises(LuaError, match=r"use otaupgrade\.commence"):
        again.otaupgrade.write(UPDATE[600:])
    with pytest.raises(LuaError, match="no upgrade in progress"):
        again.otaupgrade.complete(1)


def test_flash_image_file_holds_all_of_the_board() -> None:
    """What esptool read-flash would give is enough to go on from."""
    board = board_with(TWO_SLOTS, {"ota_0": IMAGE}, config=Config(rollback=True))
    app = board.power_on()
    assert app is not None
    run_upgrade(app)
    dump = board.flash.cells.to_bytes()
    assert "ota_1" == booted(Board.of_cells(Cells.from_bytes(dump), Config(rollback=True)).power_on())


def test_wake_up_from_deep_sleep_bypasses_the_selection() -> None:
    """K20: with SKIP_VALIDATE_IN_DEEP_SLEEP an image under test sleeps and wakes without being aborted."""
    config = Config(rollback=True, skip_validate_in_deep_sleep=True)
    board = board_with(TWO_SLOTS, {"ota_0": IMAGE}, config=config)
    app = board.power_on()
    assert app is not None
    run_upgrade(app)
    assert ["ota_1", "ota_1", "ota_0"] == [
        booted(board.power_on(reason))
        for reason in (ResetReason.SOFTWARE, ResetReason.DEEP_SLEEP, ResetReason.POWER_ON)
    ]


def test_chip_without_rtc_memory_wakes_by_otadata() -> None:
    """The esp32c2 reads otadata instead, and writes nothing."""
    config = Config(
        rollback=True,
        skip_validate_in_deep_sleep=True,
        chip=Chip.ESP32C2,
        chip_revision=0,
        app_release=Release.V5_5,
        bootloader_release=Release.V5_5,
    )
    image = build_image(Chip.ESP32C2, size=1200)
    entries = ((1, OtaImgState.VALID), (2, OtaImgState.PENDING_VERIFY))
    board = board_with(TWO_SLOTS, {"ota_0": image, "ota_1": image}, entries, config)
    assert "ota_1" == booted(board.power_on(ResetReason.DEEP_SLEEP))
    assert [] == board.flash.ops


def test_validation_is_skipped_on_power_on_only() -> None:
    """CONFIG_BOOTLOADER_SKIP_VALIDATE_ON_POWER_ON: a damaged image starts, until a software reset."""
    damaged = IMAGE[:400] + bytes(100) + IMAGE[500:]
    board = board_with(TWO_SLOTS, {"ota_0": damaged, "ota_1": IMAGE}, config=Config(skip_validate_on_power_on=True))
    assert "ota_0" == booted(board.power_on())
    assert "ota_1" == booted(board.power_on(ResetReason.SOFTWARE))


def test_gap_in_the_slots_makes_bootloader_and_application_count_differently() -> None:
    """K13: of {ota_0, ota_2} the bootloader counts two, the application one: number 2 means no slot and slot 0."""
    table = (OTADATA, slot(0), slot(2))
    board = board_with(table, {"ota_0": IMAGE, "ota_2": IMAGE}, ((1, OtaImgState.VALID), (2, OtaImgState.VALID)))
    app = board.power_on()
    assert app is not None
    assert "ota_0" == app.running.label
    assert 1 == app.ota.esp_ota_get_app_partition_count()
    run_upgrade(app)
    assert "ota_0" == booted(board.power_on()), "complete() could not mark ota_2 and did not say so"


def test_valid_entry_without_slots_traps_with_anti_rollback() -> None:
    """K14: the bootloader divides by the number of slots, which is 0."""
    table = (OTADATA, Partition("factory", 0, 0x00, 0x10000, 0x10000))
    board = board_with(
        table, {"factory": IMAGE}, ((1, OtaImgState.VALID), None), Config(rollback=True, anti_rollback=True)
    )
    with pytest.raises(Panic):
        board.power_on()


@pytest.mark.parametrize("chip", Chip)
def test_valid_entry_without_slots_falls_back_where_a_division_by_zero_does_not_trap(chip: Chip) -> None:
    """K14 again: on RISC-V the remainder is the dividend, which names no slot; the bootloader goes on to factory."""
    config = Config(rollback=True, anti_rollback=True, chip=chip, bootloader_release=Release.V6_1)
    table = (OTADATA, Partition("factory", 0, 0x00, 0x10000, 0x10000))
    image = build_image(chip, size=1200, version="1.0.0", seed=1)
    board = board_with(table, {"factory": image}, ((1, OtaImgState.VALID), None), config)
    if chip in (Chip.ESP32, Chip.ESP32S2, Chip.ESP32S3):
        with pytest.raises(Panic):
            board.power_on()
    else:
        assert "factory" == booted(board.power_on())


@pytest.mark.parametrize("chip", Chip)
@pytest.mark.parametrize("count", [1, 2, 3])
def test_image_without_two_mapped_segments_restarts_for_ever_where_code_and_data_share_a_window(
    chip: Chip, count: int
) -> None:
    """The image passes verification everywhere, and the whole image in ota_0 never runs."""
    traits = CHIPS[chip]
    whole = build_image(chip, size=1200, version="1.0.0", seed=1)
    places = [traits.drom[0], traits.irom[0] + 0x100000, traits.irom[0] + 0x200000][:count]
    segments, position = [], 24
    for place in places:
        segments.append((place + position + 8, whole[32:288]))
        position += 8 + 256
    board = board_with(
        TWO_SLOTS,
        {"ota_0": whole, "ota_1": encode_image(chip, segments)},
        ((2, OtaImgState.VALID), None),
        Config(chip=chip, bootloader_release=Release.V6_1),
    )
    is_shared = chip in (Chip.ESP32C5, Chip.ESP32C6, Chip.ESP32C61, Chip.ESP32H2, Chip.ESP32P4)
    for _ in range(3):
        if is_shared and count != 2:
            with pytest.raises(Panic):
                board.power_on()
        else:
            assert "ota_1" == booted(board.power_on())


@pytest.mark.parametrize("release", Release)
def test_application_below_the_efuse_does_not_start_from_5_5_on(release: Release) -> None:
    """A bootloader of 4.4 that wakes up does not ask for the version; the start code of a newer application does."""
    config = Config(
        rollback=True,
        anti_rollback=True,
        skip_validate_in_deep_sleep=True,
        app_release=release,
        bootloader_release=Release.V4_4,
    )
    board = board_with(TWO_SLOTS, {"ota_0": IMAGE}, ((1, OtaImgState.VALID), None), config)
    assert "ota_0" == booted(board.power_on())
    board.efuse.update_secure_version(1)
    if release >= Release.V5_5:
        with pytest.raises(Panic):
            board.power_on(ResetReason.DEEP_SLEEP)
    else:
        assert "ota_0" == booted(board.power_on(ResetReason.DEEP_SLEEP))


def _spi_mode(image: bytes, mode: int) -> AppDesc:
    return replace(decode_app_desc(image[32:288]), spi_flash_mode=mode)


@pytest.mark.parametrize(
    ("type_", "changes", "modes", "expected"),
    [
        (0, {}, (0, 0), None),
        (0, {}, (2, 0), None),
        (0, {}, (2, 2), None),
        (0, {}, (2, 1), EspErr.OTA_SPI_MODE_MISMATCH),
        (2, {}, (2, 1), None),
        (1, {}, (2, 2), EspErr.INVALID_ARG),
        (0, {"chip_id": 5}, (2, 2), EspErr.INVALID_VERSION),
        (0, {"min_chip_rev_full": 301}, (2, 2), EspErr.INVALID_VERSION),
        (0, {"max_chip_rev_full": 299}, (2, 2), EspErr.INVALID_VERSION),
        (2, {"max_chip_rev_full": 299}, (2, 2), None),
    ],
)
def test_validity_of_an_image_is_told_by_its_head(
    type_: int, changes: dict[str, int], modes: tuple[int, int], expected: EspErr | None
) -> None:
    """Chip and revision as in verification; SPI modes differ only where both images name one."""
    running = IMAGE[:32] + encode_app_desc(_spi_mode(IMAGE, modes[0])) + IMAGE[288:]
    config = Config(app_release=Release.V6_1, skip_validate_always=True)
    app = board_with(TWO_SLOTS, {"ota_0": running}, config=config).power_on()
    assert app is not None
    header = replace(decode_header(UPDATE[:24]), **changes)  # type: ignore[arg-type]  # all fields named here are numbers
    found: EspErr | None = None
    try:
        app.ota.esp_ota_check_image_validity(type_, header, _spi_mode(UPDATE, modes[1]))
    except OtaError as error:
        found = error.code
    assert expected == found
    with pytest.raises(OtaError, match="ESP_ERR_INVALID_ARG"):
        app.ota.esp_ota_check_image_validity(type_, None, None)


def test_factory_at_offset_0_counts_as_none() -> None:
    """The C code asks for its offset: a fresh device starts ota_0, and writes that down."""
    table = (OTADATA, Partition("factory", 0, 0x00, 0, 0x8000), slot(0), slot(1))
    board = board_with(table, {"factory": IMAGE, "ota_0": IMAGE})
    assert "ota_0" == booted(board.power_on())
    assert encode_entry(make_entry(1, OtaImgState.VALID)) == board.flash.read(OTADATA.offset, 32)


def test_otadata_at_offset_0_counts_as_none() -> None:
    """Its records are not looked at, and factory starts."""
    table = (replace(OTADATA, offset=0), Partition("factory", 0, 0x00, 0x10000, 0x10000), slot(0, 2))
    board = board_with(table, {"factory": IMAGE, "ota_0": IMAGE})
    assert "factory" == booted(board.power_on())


def test_table_without_otadata_boots_factory_and_never_an_update() -> None:
    """R1: complete() restarts having written nothing."""
    table = (Partition("factory", 0, 0x00, 0x10000, 0x10000), slot(0, 1), slot(1, 2))
    board = board_with(table, {"factory": IMAGE})
    app = board.power_on()
    assert app is not None
    assert app.otaupgrade.info().next is None
    run_upgrade(app)
    assert "factory" == booted(board.power_on())


def test_otadata_of_one_sector_boots_nothing() -> None:
    """The bootloader resets for ever."""
    table = (replace(OTADATA, size=0x1000), slot(0), slot(1))
    assert board_with(table, {"ota_0": IMAGE}).power_on() is None


def test_slots_in_odd_order_are_found_by_number() -> None:
    """The order of the table does not matter."""
    table = (slot(1, 0), OTADATA, slot(0, 1))
    board = board_with(table, {"ota_0": IMAGE, "ota_1": IMAGE}, ((1, OtaImgState.VALID), None))
    app = board.power_on()
    assert app is not None
    assert ("ota_0", 0x20000) == (app.running.label, app.running.offset)


def test_read_only_slot_refuses_from_5_5_on() -> None:
    """The flag is honoured by the partition functions."""
    table = (OTADATA, slot(0), replace(slot(1), readonly=True))
    codes = []
    for release in (Release.V5_1, Release.V5_5):
        app = board_with(table, {"ota_0": IMAGE}, config=Config(app_release=release)).power_on()
        assert app is not None
        try:
            app.ota.esp_ota_begin(app.partitions.table[2], OTA_SIZE_UNKNOWN)
            codes.append(EspErr.OK)
        except OtaError as error:
            codes.append(error.code)
    assert [EspErr.OK, EspErr.NOT_ALLOWED] == codes


def test_five_slots_are_visited_in_turn() -> None:
    """Each upgrade goes to the next one, and after the last to the first."""
    table = (OTADATA, *(slot(number) for number in range(5)))
    board = board_with(table, {"ota_0": IMAGE})
    visited = []
    for _ in range(6):
        app = board.power_on()
        assert app is not None
        visited.append(app.running.label)
        run_upgrade(app)
    assert ["ota_0", "ota_1", "ota_2", "ota_3", "ota_4", "ota_0"] == visited


def test_new_application_on_an_old_bootloader_keeps_its_own_rules() -> None:
    """6.1 on 4.4: a second commence() is refused by the application's rules."""
    config = Config(app_release=Release.V6_1, bootloader_release=Release.V4_4)
    app = small_world(Release.V4_4).board().power_on()
    assert app is not None
    app.otaupgrade.commence()
    app.otaupgrade.commence()
    app = board_with(TWO_SLOTS, {"ota_0": IMAGE}, config=config).power_on()
    assert app is not None
    app.otaupgrade.commence()
    with pytest.raises(LuaError, match="ota error"):
        app.otaupgrade.commence()
