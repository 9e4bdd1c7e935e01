"""What the doctor says will happen does happen, on the simulated board.

Rules whose trace `otaproof check` has (D14, D20, D32), and those that tests/impl/test_board.py and the recordings show
already (D22, D46, D60), are not played again here.
"""

from dataclasses import replace

import pytest

from otaproof.impl.app.otaupgrade import LuaError
from otaproof.impl.board import App, Board
from otaproof.impl.chip.cells import SECTOR_SIZE, Cells
from otaproof.impl.esp_err import OtaError
from otaproof.impl.image.format import build_image
from otaproof.impl.otadata import encode_entry, make_entry
from otaproof.impl.partitions.partition import Partition
from otaproof.impl.partitions.table import encode_table
from otaproof.impl.program_end import Restart
from otaproof.impl.release_points import read_point, with_versions
from otaproof.model.config import Config, Pin, Release, ResetReason
from otaproof.model.ota_state import OtaImgState

IMAGE, UPDATE = build_image(size=1200, version="1", seed=1), build_image(size=1200, version="2", seed=2)
BROKEN = IMAGE[:600] + bytes(100) + IMAGE[700:]
OTADATA = Partition("otadata", 1, 0x00, 0xD000, 0x2000)
FACTORY = Partition("factory", 0, 0x00, 0x10000, 0x10000)
OTA_0, OTA_1 = Partition("ota_0", 0, 0x10, 0x20000, 0x10000), Partition("ota_1", 0, 0x11, 0x30000, 0x10000)
ROLLBACK = Config(rollback=True)


def make_board(
    table: tuple[Partition, ...],
    images: dict[str, bytes],
    config: Config,
    entries: tuple[tuple[int, OtaImgState], ...] = (),
) -> Board:
    """Return a board with this table, images by label, and the first otadata entries."""
    cells = Cells.erased(0x100000).with_bytes(config.table_offset, encode_table(table))
    for partition in table:
        cells = cells.with_bytes(partition.offset, images.get(partition.label, b""))
    for number, entry in enumerate(entries):
        cells = cells.with_bytes(OTADATA.offset + SECTOR_SIZE * number, encode_entry(make_entry(*entry)))
    return Board.of_cells(cells, config)


def start(board: Board, reason: ResetReason = ResetReason.POWER_ON, pin: Pin | None = None) -> App:
    """Return the application that starts."""
    app = board.power_on(reason, pin)
    assert app is not None
    return app


def booted(app: App | None) -> str | None:
    """Return the label of what runs."""
    return None if app is None else app.running.label


def upgrade(app: App) -> None:
    """Bring the update and restart."""
    app.otaupgrade.commence()
    app.otaupgrade.write(UPDATE)
    with pytest.raises(Restart):
        app.otaupgrade.complete(1)


@pytest.mark.parametrize("rollback_in_app", [True, False], ids=["D10", "D11"])
def test_rollback_in_one_build_alone_undoes_nothing(rollback_in_app: bool) -> None:
    """D10, D11: an image that never accepts itself boots again and again."""
    board = make_board((OTADATA, OTA_0, OTA_1), {"ota_0": IMAGE}, Config(rollback=rollback_in_app))
    upgrade(start(board))
    board.config = Config(rollback=not rollback_in_app)
    assert ["ota_1"] * 3 == [booted(board.power_on()) for _ in range(3)]


def test_image_that_never_accepts_is_undone_and_cannot_update() -> None:
    """D15: the first restart ends it, and until then the next update is refused."""
    board = make_board((OTADATA, OTA_0, OTA_1), {"ota_0": IMAGE}, ROLLBACK)
    upgrade(start(board))
    app = start(board)
    with pytest.raises(LuaError):
        app.otaupgrade.commence()
    assert ("ota_1", "ota_0") == (app.running.label, booted(board.power_on()))


def test_skipped_validation_starts_what_is_damaged() -> None:
    """D21: with validation the other slot boots."""
    images, entries = {"ota_0": IMAGE, "ota_1": BROKEN}, ((2, OtaImgState.VALID),)
    boards = [
        make_board((OTADATA, OTA_0, OTA_1), images, Config(skip_validate_always=skips), entries)
        for skips in (False, True)
    ]
    assert ["ota_0", "ota_1"] == [booted(board.power_on()) for board in boards]


def test_factory_reset_ends_a_trial_that_never_began() -> None:
    """D27: the update is marked, the pin is held, and the update never runs."""
    board = make_board((OTADATA, OTA_0, OTA_1), {"ota_0": IMAGE}, replace(ROLLBACK, factory_reset_list="nvs"))
    upgrade(start(board))
    held = booted(board.power_on(ResetReason.SOFTWARE, Pin.FACTORY_RESET))
    assert ("ota_0", "ota_0") == (held, booted(board.power_on()))


def test_only_slot_cannot_be_replaced_while_it_runs() -> None:
    """D42: the first update goes from factory to ota_0, the second nowhere."""
    board = make_board((OTADATA, FACTORY, OTA_0), {"factory": IMAGE}, Config())
    upgrade(start(board))
    app = start(board)
    assert "ota_0" == app.running.label
    with pytest.raises(LuaError):
        app.otaupgrade.commence()


def test_without_otadata_an_update_never_starts() -> None:
    """D43: and complete() restarts as if all were well."""
    board = make_board((FACTORY, OTA_0, OTA_1), {"factory": IMAGE}, Config())
    upgrade(start(board))
    assert "factory" == booted(board.power_on())


def test_otadata_that_is_too_small_boots_nothing() -> None:
    """D44: the bootloader resets for ever."""
    board = make_board((replace(OTADATA, size=0x1000), OTA_0, OTA_1), {"ota_0": IMAGE}, Config())
    assert [None, None] == [board.power_on(), board.power_on()]


def test_of_two_partitions_of_one_subtype_each_side_takes_another() -> None:
    """D47: the update goes to the first, the last is what the bootloader starts."""
    again = replace(OTA_1, label="again", offset=0x40000)
    board = make_board((OTADATA, OTA_0, OTA_1, again), {"ota_0": IMAGE, "again": IMAGE}, Config())
    app = start(board)
    target = app.ota.esp_ota_get_next_update_partition()
    assert target is not None and "ota_1" == target.label
    board.flash = make_board(
        (OTADATA, OTA_0, OTA_1, again), {"ota_0": IMAGE, "again": IMAGE}, Config(), ((2, OtaImgState.VALID),)
    ).flash
    assert "again" == booted(board.power_on())


def test_version_that_does_not_fit_is_refused_by_accept_alone() -> None:
    """D24, D76: the image is VALID all the same."""
    image = build_image(size=1200, version="2", seed=2, secure_version=17)
    config = Config(rollback=True, anti_rollback=True, secure_version_bits=16)
    board = make_board((OTADATA, OTA_0, OTA_1), {"ota_0": image, "ota_1": image}, config, ((1, OtaImgState.NEW),))
    app = start(board)
    with pytest.raises(LuaError, match="accept failed"):
        app.otaupgrade.accept()
    assert OtaImgState.VALID == app.ota.esp_ota_get_state_partition(app.running)
    assert 0 == board.efuse.secure_version


def test_damaged_version_locks_every_other_image_out() -> None:
    """D26: the bootloader burns what the description of a damaged image says."""
    high = build_image(size=1200, version="9", seed=9, secure_version=9)
    config = Config(rollback=True, anti_rollback=True)
    damaged = high[:600] + bytes(100) + high[700:]
    images = {"ota_0": IMAGE, "ota_1": damaged}
    board = make_board((OTADATA, OTA_0, OTA_1), images, config, ((1, OtaImgState.VALID), (2, OtaImgState.VALID)))
    assert (None, 9) == (board.power_on(), board.efuse.secure_version)


@pytest.mark.parametrize("has_factory", [False, True])
def test_factory_reset_without_factory_app_boots_what_was_undone(has_factory: bool) -> None:
    """D62: an ABORTED ota_0 starts, and is VALID from then on."""
    config = replace(ROLLBACK, factory_reset_erases_otadata=True)
    table = (OTADATA, FACTORY, OTA_0, OTA_1) if has_factory else (OTADATA, OTA_0, OTA_1)
    entries = ((3, OtaImgState.ABORTED), (2, OtaImgState.VALID))
    board = make_board(table, {"factory": IMAGE, "ota_0": UPDATE, "ota_1": IMAGE}, config, entries)
    assert "ota_1" == booted(board.power_on())
    app = start(board, ResetReason.SOFTWARE, Pin.FACTORY_RESET)
    assert ("factory" if has_factory else "ota_0") == app.running.label
    if not has_factory:
        assert OtaImgState.VALID == app.ota.esp_ota_get_state_partition(app.running)


def test_test_pin_without_test_app_boots_nothing() -> None:
    """D65: for as long as it is held."""
    board = make_board((OTADATA, OTA_0, OTA_1), {"ota_0": IMAGE}, Config())
    assert (None, "ota_0") == (booted(board.power_on(pin=Pin.TEST_APP)), booted(board.power_on()))


def test_test_app_starts_without_its_pin_when_nothing_else_passes() -> None:
    """D66: the last resort."""
    test_app = Partition("test", 0, 0x20, 0x40000, 0x10000)
    board = make_board((OTADATA, OTA_0, OTA_1, test_app), {"ota_0": BROKEN, "test": IMAGE}, Config())
    assert "test" == booted(board.power_on())


def test_damaged_image_leads_down_to_factory() -> None:
    """D67: the good image above it is passed by."""
    images, entries = {"factory": IMAGE, "ota_0": BROKEN, "ota_1": IMAGE}, ((3, OtaImgState.VALID),)
    board = make_board((OTADATA, FACTORY, OTA_0, OTA_1), images, Config(), entries)
    assert "factory" == booted(board.power_on())


def test_rejected_first_slot_boots_when_no_entry_counts() -> None:
    """D68: and accept() fails."""
    entries = ((1, OtaImgState.ABORTED), (2, OtaImgState.INVALID))
    board = make_board((OTADATA, OTA_0, OTA_1), {"ota_0": IMAGE, "ota_1": IMAGE}, ROLLBACK, entries)
    app = start(board)
    assert "ota_0" == app.running.label
    with pytest.raises(LuaError):
        app.otaupgrade.accept()


@pytest.mark.parametrize(("release", "is_kept"), [(Release.V5_1, True), (Release.V5_5, False)])
def test_from_5_5_beginning_an_update_gives_up_the_way_back(release: Release, is_kept: bool) -> None:
    """D33: with a factory app and two slots, rollback() leads to factory instead of the image that ran before."""
    config = Config(rollback=True, app_release=release, bootloader_release=release)
    ota_2 = Partition("ota_2", 0, 0x12, 0x40000, 0x10000)
    entries = ((1, OtaImgState.VALID), (2, OtaImgState.VALID))
    board = make_board((OTADATA, OTA_0, OTA_1, ota_2), {"ota_0": IMAGE, "ota_1": IMAGE}, config, entries)
    app = start(board)
    app.otaupgrade.commence()
    assert is_kept == app.ota.esp_ota_check_rollback_is_possible()


@pytest.mark.parametrize(("release", "is_kept"), [(Release.V5_1, False), (Release.V6_0, True)])
def test_before_6_0_marking_the_selected_slot_again_loses_the_other_entry(release: Release, is_kept: bool) -> None:
    """D34: both entries name the running slot then."""
    config = Config(app_release=release, bootloader_release=release)
    entries = ((1, OtaImgState.VALID), (2, OtaImgState.VALID))
    board = make_board((OTADATA, OTA_0, OTA_1), {"ota_0": IMAGE, "ota_1": IMAGE}, config, entries)
    app = start(board)
    app.ota.esp_ota_set_boot_partition(app.running)
    raw = board.flash.cells.read(OTADATA.offset, 4)
    assert is_kept == (raw == (1).to_bytes(4, "little"))


@pytest.mark.parametrize(("release", "is_refused"), [(Release.V6_0, False), (Release.V6_1, True)])
def test_from_6_1_an_open_session_blocks_the_next(release: Release, is_refused: bool) -> None:
    """D35: until it is closed."""
    config = Config(app_release=release, bootloader_release=release)
    app = start(make_board((OTADATA, OTA_0, OTA_1), {"ota_0": IMAGE}, config))
    app.otaupgrade.commence()
    if not is_refused:
        app.otaupgrade.commence()
        return
    with pytest.raises(LuaError):
        app.otaupgrade.commence()


@pytest.mark.parametrize(("version", "is_refused"), [("5.1.7", False), ("5.2.0", True)])
def test_read_only_slot_cannot_be_updated_from_5_2_on(version: str, is_refused: bool) -> None:
    """D56: the error comes with the first erase."""
    config = with_versions(Config(), read_point(version), read_point(version))
    app = start(make_board((OTADATA, OTA_0, replace(OTA_1, readonly=True)), {"ota_0": IMAGE}, config))
    if not is_refused:
        app.otaupgrade.commence()
        return
    with pytest.raises((LuaError, OtaError)):
        app.otaupgrade.commence()


def test_table_beyond_the_flash_boots_nothing() -> None:
    """D52: the bootloader refuses the table as a whole."""
    far = Partition("disk", 1, 0x81, 0x100000, 0x10000)
    board = make_board((OTADATA, OTA_0, OTA_1), {"ota_0": IMAGE}, Config())
    cells = board.flash.cells.with_bytes(0x8000, b"\xff" * 0xC00)
    cells = cells.with_bytes(0x8000, encode_table((OTADATA, OTA_0, OTA_1, far)))
    assert None is Board.of_cells(cells, Config()).power_on()
