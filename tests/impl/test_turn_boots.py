"""What a power-on does by turns: the rules of selector/DESIGN.md, one by one, and those of secure versions."""

from dataclasses import replace

import pytest
from small_boards import IMAGE, SLOT_SIZE, Outline
from turn_boards import (
    BLANK,
    FACTORY,
    FACTORY_TWO,
    NEW,
    PLAIN,
    ROLLBACK,
    SELECTED,
    THREE,
    TRIED,
    TWO,
    VALID,
    Said,
    board_of,
    entry,
    label_of,
    record,
    records_of,
    said_by,
    started,
)
from turn_calls import accept, partition, said, set_boot

from otaproof.impl.board import Board
from otaproof.impl.chip.cells import Cells, is_erased
from otaproof.impl.chip.efuse import Efuse
from otaproof.impl.esp_err import EspErr
from otaproof.impl.image.format import build_image
from otaproof.impl.partitions.partition import Partition
from otaproof.impl.partitions.table import encode_table
from otaproof.model.config import Chip, Pin, Release, ResetReason

PENDING, VALID_STATE, ABORTED, UNDEFINED = 1, 2, 4, 0xFFFFFFFF


# The bootloader.


@pytest.mark.parametrize(
    ("outline", "broken", "label", "after"),
    [
        (TWO, (), "ota_0", Said(VALID, 0)),
        (TWO, (0,), "ota_1", Said(VALID, 1)),
        (FACTORY_TWO, (), "factory", Said(VALID, FACTORY)),
    ],
)
def test_first_boot_writes_down_what_it_starts(
    outline: Outline, broken: tuple[int, ...], label: str, after: Said
) -> None:
    """The first that loads, from factory or slot 0; the second boot writes nothing."""
    board = board_of(outline, ROLLBACK, broken=broken)
    assert label == label_of(board.power_on())
    assert after == said_by(board.flash.cells)
    board.flash.take_ops()
    assert label == label_of(board.power_on())
    assert [] == board.flash.take_ops()


@pytest.mark.parametrize(
    ("before", "broken", "label", "after"),
    [
        (Said(NEW, 1, 0), (), "ota_1", Said(TRIED, 0, 1)),
        (Said(NEW, 1, 0), (1,), "ota_0", Said(TRIED, 0, 1)),
        (Said(NEW, 1), (), "ota_1", Said(TRIED, 1, 1)),
        (Said(NEW, 1), (1,), "ota_0", Said(TRIED, 1, 1)),
        (Said(NEW, 2, 1), (2, 1), "ota_0", Said(TRIED, 1, 2)),
        (Said(TRIED, 0, 1), (), "ota_0", None),
        (Said(TRIED, 0, 1), (0,), "ota_1", None),
        (Said(TRIED, 2, 0), (2,), "ota_1", None),
        (Said(VALID, 2, 0), (), "ota_2", None),
        (Said(VALID, 2, 0), (2,), "ota_0", None),
        (Said(VALID, 2), (2,), "ota_1", None),
        (Said(SELECTED, 2, 0), (2,), "ota_0", None),
        (Said(VALID, 1), (1, 0), "ota_2", None),
    ],
)
def test_what_a_state_starts(before: Said, broken: tuple[int, ...], label: str, after: Said | None) -> None:
    """A try is noted first; what was accepted has another beside it; then the order of ESP-IDF."""
    board = board_of(THREE, ROLLBACK, record(4, before.kind, before.current, before.other), broken=broken)
    assert label == label_of(board.power_on())
    assert (after or before) == said_by(board.flash.cells)


def test_without_rollback_nothing_is_a_try() -> None:
    """A record of a build with rollback is started, and left as it is."""
    board = board_of(TWO, PLAIN, record(4, NEW, 1, 0))
    assert "ota_1" == label_of(board.power_on())
    assert [] == board.flash.take_ops()


def test_record_that_decides_is_left_alone() -> None:
    """The note of a try lies in the other sector, and its number is the next that names its slot."""
    before = record(6, NEW, 1, 0)
    board = board_of(TWO, ROLLBACK, BLANK, before)
    board.power_on()
    assert (record(7, TRIED, 0, 1), before) == records_of(board.flash.cells)
    assert ["e@d000+1000", "p@d000+1c", "p@d01c+4"] == [
        f"{op.kind.value}@{op.address:x}+{op.length:x}" for op in board.flash.take_ops()
    ]


def test_test_app_comes_last_and_notes_nothing() -> None:
    """As for ESP-IDF: when nothing else loads, or by its pin."""
    table = (*TWO.table, Partition("test", 0, 0x20, 3 * SLOT_SIZE, SLOT_SIZE))
    cells = Cells.erased(4 * SLOT_SIZE).with_bytes(0x8000, encode_table(table)).with_bytes(3 * SLOT_SIZE, IMAGE)
    board = Board.of_cells(cells, ROLLBACK)
    assert "test" == label_of(board.power_on())
    assert [] == board.flash.take_ops()
    assert "test" == label_of(board.power_on(pin=Pin.TEST_APP))


def test_factory_reset_begins_anew() -> None:
    """Its pin erases otadata, and factory is written down."""
    board = board_of(FACTORY_TWO, replace(ROLLBACK, factory_reset_erases_otadata=True), record(4, VALID, 1, 0))
    assert "factory" == label_of(board.power_on(pin=Pin.FACTORY_RESET))
    assert Said(VALID, FACTORY) == said_by(board.flash.cells)


def test_chip_without_rtc_memory_wakes_by_the_record() -> None:
    """What is selected is started unchecked; what is for a try, or not by turns, is booted as ever."""
    config = replace(
        ROLLBACK,
        skip_validate_in_deep_sleep=True,
        chip=Chip.ESP32C2,
        chip_revision=0,
        app_release=Release.V5_5,
        bootloader_release=Release.V5_5,
    )
    image = build_image(Chip.ESP32C2, size=1200)

    def wakes(first: bytes) -> tuple[str | None, bool]:
        board = board_of(TWO, config, first)
        for at in (SLOT_SIZE, 2 * SLOT_SIZE):
            board.flash.cells = board.flash.cells.with_bytes(at, bytes(SLOT_SIZE)).with_bytes(at, image)
        return label_of(board.power_on(ResetReason.DEEP_SLEEP)), bool(board.flash.take_ops())

    assert ("ota_1", False) == wakes(record(4, VALID, 1, 0))
    assert ("ota_1", True) == wakes(record(4, NEW, 1, 0))
    assert ("ota_1", True) == wakes(entry(2, VALID_STATE))


# Secure versions.

ANTI = replace(ROLLBACK, anti_rollback=True)


def with_versions(versions: tuple[int, ...], first: bytes, burned: int) -> Board:
    """Return a board whose slots hold images of these secure versions."""
    board = board_of(Outline(len(versions), False), ANTI, first)
    board.efuse = Efuse.of_version(burned)
    for slot, version in enumerate(versions):
        image = build_image(size=1000, version="1.0.0", seed=1, secure_version=version)
        board.flash.cells = board.flash.cells.with_bytes((slot + 1) * SLOT_SIZE, image)
    return board


def test_version_is_burned_once_its_image_is_accepted() -> None:
    """Not by a try; by accepting it, or by the next boot where that was cut."""
    board = with_versions((0, 1), record(4, NEW, 1, 0), 0)
    app = started(board)
    assert ("ota_1", 0) == (label_of(app), board.efuse.secure_version)
    assert EspErr.OK == accept(app)
    assert 1 == board.efuse.secure_version
    board = with_versions((0, 1), record(4, VALID, 1, 0), 0)
    board.power_on()
    assert 1 == board.efuse.secure_version


def test_image_of_an_old_version_is_not_started() -> None:
    """Nor is one gone back to; and what a fallback starts burns nothing."""
    board = with_versions((0, 1), record(4, NEW, 0, 1), 1)
    assert "ota_1" == label_of(board.power_on())
    board = with_versions((0, 1, 2), record(4, VALID, 0, 2), 1)
    app = started(board)
    assert ("ota_2", 1) == (label_of(app), board.efuse.secure_version)
    board = with_versions((0, 1), record(4, TRIED, 0, 1), 0)
    board.efuse = Efuse.of_version(1)
    assert not started(board).ota.esp_ota_check_rollback_is_possible()


def test_first_boot_burns() -> None:
    """As ESP-IDF's does."""
    board = with_versions((1, 0), BLANK, 0)
    board.power_on()
    assert 1 == board.efuse.secure_version


def test_old_version_is_erased_and_not_selected() -> None:
    """As ESP-IDF's call does it; on trial nothing is erased."""
    board = with_versions((1, 0), record(4, VALID, 0), 1)
    app = started(board)
    assert EspErr.OTA_SMALL_SEC_VER == set_boot(app, 1)
    assert is_erased(app.partitions.read(partition(app, 1), 0, 64))
    assert Said(VALID, 0) == said(app)
    board = with_versions((0, 1, 0), record(4, TRIED, 0, 1), 1)
    app = started(board)
    assert ("ota_1", EspErr.OTA_ROLLBACK_INVALID_STATE) == (label_of(app), set_boot(app, 2))
    assert not is_erased(app.partitions.read(partition(app, 2), 0, 64))


def test_without_otadata_all_is_as_for_esp_idf() -> None:
    """The bootloader starts factory, and the calls say that there is nothing to do it with."""
    table = tuple(each for each in FACTORY_TWO.table if each.label != "otadata")
    cells = FACTORY_TWO.cells().with_bytes(0x8000, encode_table(table))
    app = started(Board.of_cells(cells, ROLLBACK))
    assert ("factory", EspErr.NOT_FOUND) == (label_of(app), set_boot(app, 1))
