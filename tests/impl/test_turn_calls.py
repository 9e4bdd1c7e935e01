"""What each call does by turns: the rules of selector/DESIGN.md, one by one."""

import itertools
from collections.abc import Callable
from dataclasses import replace

import pytest
from small_boards import IMAGE, OTADATA, SECTOR_SIZE, SLOT_SIZE, UPDATE
from turn_boards import (
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
    record,
    records_of,
)
from turn_calls import accept, begin, code_of, partition, running, said, set_boot

from otaproof.impl.app.esp_ota import OTA_WITH_SEQUENTIAL_WRITES
from otaproof.impl.board import App
from otaproof.impl.chip.cells import Cells, is_erased
from otaproof.impl.chip.efuse import Efuse
from otaproof.impl.chip.flash import NorFlash
from otaproof.impl.esp_err import EspErr
from otaproof.impl.partitions.partition import Partition
from otaproof.impl.partitions.table import encode_table
from otaproof.model.config import Config, Release

PENDING, VALID_STATE, ABORTED, UNDEFINED = 1, 2, 4, 0xFFFFFFFF


# What the application is told.


def test_boot_partition_is_the_current_one() -> None:
    """Whatever runs; factory too."""
    assert ["ota_2", "factory"] == [
        app.ota.esp_ota_get_boot_partition().label  # type: ignore[union-attr]
        for app in (running(Said(NEW, 2, 0), 0), running(Said(VALID, FACTORY), 0, outline=FACTORY_TWO))
    ]


@pytest.mark.parametrize(
    ("config", "state", "runs", "expected"),
    [
        (ROLLBACK, Said(NEW, 1, 0), 0, {0: 2, 1: 0}),
        (ROLLBACK, Said(NEW, 1, 0), 1, {0: 2, 1: PENDING}),
        (ROLLBACK, Said(TRIED, 0, 1), 1, {0: 2, 1: PENDING}),
        (ROLLBACK, Said(TRIED, 0, 1), 0, {0: 2, 1: ABORTED}),
        (ROLLBACK, Said(TRIED, 1, 1), 1, {1: PENDING}),
        (PLAIN, Said(TRIED, 0, 1), 1, {0: 2, 1: ABORTED}),
        (ROLLBACK, Said(VALID, 0, 2), 0, {0: 2, 2: 2}),
        (PLAIN, Said(SELECTED, 0, 2), 0, {0: UNDEFINED, 2: UNDEFINED}),
    ],
)
def test_states_of_slots(config: Config, state: Said, runs: int, expected: dict[int, int]) -> None:
    """What is on trial is PENDING_VERIFY, so that an application knows to accept itself; other slots are not found."""
    app = running(state, runs, config)
    for slot in range(3):
        if slot in expected:
            assert expected[slot] == app.ota.esp_ota_get_state_partition(partition(app, slot))
        else:
            assert EspErr.NOT_FOUND == code_of(lambda at=slot: app.ota.esp_ota_get_state_partition(partition(app, at)))  # type: ignore[misc]


def test_factory_has_no_state() -> None:
    """As for ESP-IDF."""
    app = running(Said(VALID, FACTORY), FACTORY, outline=FACTORY_TWO)
    asked = partition(app, FACTORY)
    assert EspErr.NOT_SUPPORTED == code_of(lambda: app.ota.esp_ota_get_state_partition(asked))
    assert EspErr.INVALID_ARG == code_of(lambda: app.ota.esp_ota_get_state_partition(None))


# Sessions.


@pytest.mark.parametrize(
    ("config", "state", "runs", "code", "after"),
    [
        (ROLLBACK, Said(TRIED, 0, 1), 1, EspErr.OTA_ROLLBACK_INVALID_STATE, None),
        (ROLLBACK, Said(NEW, 1, 0), 1, EspErr.OTA_ROLLBACK_INVALID_STATE, None),
        (ROLLBACK, Said(NEW, 2, 0), 0, EspErr.OK, Said(VALID, 0)),
        (ROLLBACK, Said(VALID, 0, 2), 0, EspErr.OK, Said(VALID, 0)),
        (ROLLBACK, Said(VALID, 2, 0), 0, EspErr.OK, Said(VALID, 0)),
        (ROLLBACK, Said(VALID, 0, 1), 0, EspErr.OK, None),
        (ROLLBACK, Said(TRIED, 0, 2), 0, EspErr.OK, None),
        (ROLLBACK, Said(NEW, 1, 2), 0, EspErr.OK, Said(NEW, 1)),
        (PLAIN, Said(SELECTED, 2, 0), 0, EspErr.OK, Said(SELECTED, 0)),
        (PLAIN, Said(SELECTED, 0, 2), 0, EspErr.OK, Said(SELECTED, 0)),
    ],
)
def test_begin_gives_the_slot_up(config: Config, state: Said, runs: int, code: EspErr, after: Said | None) -> None:
    """So that the record names no slot that is being written; on trial it refuses. Resume does the same."""
    app = running(state, runs, config)
    assert code == begin(app, 2)
    assert (after or state) == said(app)
    again = running(state, runs, config)
    resumed = partition(again, 2)
    assert code == code_of(lambda: again.ota.esp_ota_resume(resumed, OTA_WITH_SEQUENTIAL_WRITES, 0))
    assert (after or state) == said(again)
    assert (code is EspErr.OK) == is_erased(app.partitions.read(partition(app, 2), 0, 64))


def test_begin_writes_before_it_erases() -> None:
    """And the inactive record is not erased, which 5.5 does of itself."""
    config = replace(ROLLBACK, app_release=Release.V5_5)
    app = running(Said(VALID, 0, 2), 0, config)
    assert EspErr.OK == begin(app, 2)
    first, *others = app.partitions.flash.take_ops()
    assert OTADATA + SECTOR_SIZE == first.address
    assert all(op.address >= SLOT_SIZE for op in others[2:])
    assert record(4, VALID, 0, 2) == records_of(app.partitions.flash.cells)[0]


def test_begin_of_data_leaves_otadata_alone() -> None:
    """A partition that is no slot, which 5.5 takes."""
    app = running(Said(TRIED, 0, 1), 1, replace(ROLLBACK, app_release=Release.V5_5))
    nvs = app.partitions.table[0]
    assert EspErr.OK == code_of(lambda: app.ota.esp_ota_begin(nvs, 0))
    assert Said(TRIED, 0, 1) == said(app)


@pytest.mark.parametrize("at", [None, 600])
def test_write_refuses_a_slot_that_was_selected_since(at: int | None) -> None:
    """A session that is still open must not change what the next boot starts, or goes back to."""
    app = running(Said(VALID, 0), 0)
    slot = partition(app, 1)
    handle = app.ota.esp_ota_begin(slot, 0)
    app.ota.esp_ota_write(handle, UPDATE)
    assert EspErr.OK == set_boot(app, 1)

    def write() -> None:
        if at is None:
            app.ota.esp_ota_write(handle, b"\0")
        else:
            app.ota.esp_ota_write_with_offset(handle, b"\0", at)

    assert EspErr.INVALID_STATE == code_of(write)
    assert UPDATE == app.partitions.read(slot, 0, len(UPDATE))
    assert EspErr.OK == set_boot(app, 0)
    assert EspErr.OK == code_of(lambda: app.ota.esp_ota_write(handle, b"\0"))


def test_end_copies_over_no_slot_that_is_selected() -> None:
    """What the record names is left as it is, and the session ends."""
    app = running(Said(VALID, 0, 1), 0, outline=THREE)
    handle = app.ota.esp_ota_begin(partition(app, 2), 0)
    app.ota.esp_ota_set_final_partition(handle, partition(app, 1), True)
    app.ota.esp_ota_write(handle, UPDATE)
    app.partitions.flash.take_ops()
    assert EspErr.INVALID_STATE == code_of(lambda: app.ota.esp_ota_end(handle))
    assert [] == app.partitions.flash.take_ops()


# Selection.


@pytest.mark.parametrize(
    ("config", "state", "runs", "target", "code", "after"),
    [
        (ROLLBACK, Said(VALID, 0), 0, 1, EspErr.OK, Said(NEW, 1, 0)),
        (PLAIN, Said(VALID, 0), 0, 1, EspErr.OK, Said(SELECTED, 1, 0)),
        (ROLLBACK, Said(VALID, 0), 0, 0, EspErr.OK, None),
        (ROLLBACK, Said(NEW, 1, 0), 0, 0, EspErr.OK, Said(VALID, 0)),
        (PLAIN, Said(SELECTED, 1, 0), 0, 0, EspErr.OK, Said(SELECTED, 0)),
        (ROLLBACK, Said(NEW, 1, 0), 0, 1, EspErr.OK, None),
        (ROLLBACK, Said(NEW, 1, 0), 0, FACTORY, EspErr.OK, Said(VALID, FACTORY)),
        (PLAIN, Said(SELECTED, 1, 0), 1, FACTORY, EspErr.OK, Said(VALID, FACTORY)),
        (ROLLBACK, Said(VALID, FACTORY), FACTORY, 1, EspErr.OK, Said(NEW, 1, FACTORY)),
        (ROLLBACK, Said(TRIED, 0, 1), 1, 0, EspErr.OK, None),
        (ROLLBACK, Said(TRIED, 0, 1), 1, 1, EspErr.OTA_ROLLBACK_INVALID_STATE, None),
        (ROLLBACK, Said(TRIED, 0, 1), 1, FACTORY, EspErr.OTA_ROLLBACK_INVALID_STATE, None),
        (ROLLBACK, Said(NEW, 1, 0), 1, 1, EspErr.OTA_ROLLBACK_INVALID_STATE, None),
        (ROLLBACK, Said(NEW, 1, 0), 1, 0, EspErr.OTA_ROLLBACK_INVALID_STATE, None),
        (ROLLBACK, Said(TRIED, 0, 1), 0, 1, EspErr.OK, Said(NEW, 1, 0)),
        (PLAIN, Said(TRIED, 0, 1), 1, 1, EspErr.OK, Said(SELECTED, 1)),
    ],
)
def test_set_boot_partition(
    config: Config, state: Said, runs: int, target: int, code: EspErr, after: Said | None
) -> None:
    """Any slot and factory; on trial only what is selected anyhow."""
    app = running(state, runs, config, outline=FACTORY_TWO)
    assert code == set_boot(app, target)
    assert (after or state) == said(app)
    assert (after is None) == (not app.partitions.flash.take_ops())


def test_set_boot_partition_verifies_first() -> None:
    """Another image than a whole one is not selected; nor is the test app, which no record can name."""
    app = running(Said(VALID, 0), 0, broken=(1,))
    assert EspErr.OTA_VALIDATE_FAILED == set_boot(app, 1)
    test_app = Partition("test", 0, 0x20, 2 * SLOT_SIZE, SLOT_SIZE)
    assert EspErr.INVALID_ARG == code_of(lambda: app.ota.esp_ota_set_boot_partition_skip_validate(test_app))
    assert Said(VALID, 0) == said(app)


def test_test_app_selects_what_was_selected_to_go_back_to() -> None:
    """It is no place of a record itself; and so it can give up no slot that is selected."""
    table = (*THREE.table, Partition("test", 0, 0x20, 4 * SLOT_SIZE, SLOT_SIZE))
    cells = Cells.erased(5 * SLOT_SIZE).with_bytes(0x8000, encode_table(table))
    for number in range(1, 5):
        cells = cells.with_bytes(number * SLOT_SIZE, IMAGE)

    def tested(first: bytes) -> App:
        flash = NorFlash(cells.with_bytes(OTADATA, first))
        return App(flash, Efuse(), ROLLBACK, table[-1])

    for before, after in [
        (Said(VALID, 0, 2), Said(NEW, 1, 0)),
        (Said(NEW, 0, 2), Said(NEW, 1, 2)),
        (Said(NEW, 0, 1), Said(NEW, 1)),
    ]:
        app = tested(record(4, before.kind, before.current, before.other))
        assert EspErr.OK == set_boot(app, 1)
        assert after == said(app)
    app = tested(record(4, VALID, 0, 2))
    assert EspErr.INVALID_STATE == begin(app, 0)
    assert EspErr.FAIL == accept(app)
    assert not app.ota.esp_ota_check_rollback_is_possible()


# Acceptance and rollback.


@pytest.mark.parametrize(
    ("config", "state", "runs", "code", "after"),
    [
        (ROLLBACK, Said(TRIED, 0, 1), 1, EspErr.OK, Said(VALID, 1, 0)),
        (ROLLBACK, Said(TRIED, 1, 1), 1, EspErr.OK, Said(VALID, 1)),
        (ROLLBACK, Said(NEW, 1, 0), 1, EspErr.OK, Said(VALID, 1, 0)),
        (ROLLBACK, Said(NEW, 1), 1, EspErr.OK, Said(VALID, 1)),
        (ROLLBACK, Said(VALID, 1, 0), 1, EspErr.OK, None),
        (ROLLBACK, Said(TRIED, 1, 0), 1, EspErr.OK, None),
        (ROLLBACK, Said(NEW, 1, 0), 0, EspErr.FAIL, None),
        (ROLLBACK, Said(VALID, 1, 0), 0, EspErr.FAIL, None),
        (ROLLBACK, Said(TRIED, 1, 0), 2, EspErr.FAIL, None),
        (PLAIN, Said(SELECTED, 1, 0), 1, EspErr.OK, Said(VALID, 1, 0)),
        (PLAIN, Said(TRIED, 0, 1), 1, EspErr.FAIL, None),
    ],
)
def test_accepting(config: Config, state: Said, runs: int, code: EspErr, after: Said | None) -> None:
    """What is on trial becomes VALID, with the way back that it had."""
    app = running(state, runs, config)
    assert code == accept(app)
    assert (after or state) == said(app)


@pytest.mark.parametrize(
    ("config", "state", "runs", "broken", "after"),
    [
        (ROLLBACK, Said(TRIED, 0, 1), 1, (), Said(TRIED, 0, 1)),
        (ROLLBACK, Said(NEW, 1, 0), 1, (), Said(TRIED, 0, 1)),
        (ROLLBACK, Said(VALID, 1, 0), 1, (), Said(TRIED, 0, 1)),
        (PLAIN, Said(SELECTED, 1, 0), 1, (), Said(SELECTED, 0)),
        (ROLLBACK, Said(VALID, 1, 0), 1, (0,), None),
        (ROLLBACK, Said(TRIED, 0, 1), 1, (0,), None),
        (ROLLBACK, Said(TRIED, 1, 1), 1, (), None),
        (ROLLBACK, Said(VALID, 1), 1, (), None),
        (ROLLBACK, Said(TRIED, 0, 1), 0, (), None),
        (ROLLBACK, Said(NEW, 1, 0), 0, (), None),
        (ROLLBACK, Said(VALID, 1, 0), 0, (), None),
    ],
)
def test_rolling_back(config: Config, state: Said, runs: int, broken: tuple[int, ...], after: Said | None) -> None:
    """To another image that may run; where there is none it fails and changes nothing."""
    app = running(state, runs, config, broken=broken)
    assert (after is not None) == app.ota.esp_ota_check_rollback_is_possible()
    code = code_of(app.ota.esp_ota_mark_app_invalid_rollback)
    assert (EspErr.OTA_ROLLBACK_FAILED if after is None else EspErr.OK) == code
    assert (after or state) == said(app)


def test_last_invalid_partition_was_tried() -> None:
    """And is not what runs, and whole."""
    for state, runs, broken, expected in [
        (Said(TRIED, 0, 1), 0, (), "ota_1"),
        (Said(TRIED, 0, 1), 0, (1,), None),
        (Said(TRIED, 0, 1), 1, (), None),
        (Said(VALID, 0, 1), 0, (), None),
    ]:
        found = running(state, runs, broken=broken).ota.esp_ota_get_last_invalid_partition()
        assert expected == (None if found is None else found.label)


@pytest.mark.parametrize(
    ("state", "runs", "code", "after"),
    [
        (Said(VALID, 0, 1), 0, EspErr.OK, Said(VALID, 0)),
        (Said(TRIED, 0, 1), 0, EspErr.OK, Said(TRIED, 0, 1)),
        (Said(TRIED, 0, 1), 1, EspErr.FAIL, None),
        (Said(TRIED, 0, 0), 0, EspErr.FAIL, None),
        (Said(VALID, 0), 0, EspErr.FAIL, None),
        (Said(VALID, 0, FACTORY), 0, EspErr.FAIL, None),
        (Said(VALID, 1, 0), 0, EspErr.FAIL, None),
        (Said(NEW, 0, 1), 0, EspErr.FAIL, None),
    ],
)
def test_erasing_the_last_boot_partition(state: Said, runs: int, code: EspErr, after: Said | None) -> None:
    """The record lets go of it first; the other call leaves the image."""
    app = running(state, runs, outline=FACTORY_TWO)
    assert code == code_of(app.ota.esp_ota_erase_last_boot_app_partition)
    assert (after or state) == said(app)
    is_gone = is_erased(app.partitions.read(partition(app, 1), 0, 64))
    assert is_gone == (code is EspErr.OK)
    app = running(state, runs, outline=FACTORY_TWO)
    assert code == code_of(app.ota.esp_ota_invalidate_inactive_ota_data_slot)
    assert (after or state) == said(app)
    assert not is_erased(app.partitions.read(partition(app, 1), 0, 64))


# ESP-IDF's records.


def test_application_never_takes_over() -> None:
    """Without a whole record each call leaves what ESP-IDF's own leaves."""
    made: list[Callable[[App], EspErr]] = [accept, lambda app: set_boot(app, 0), lambda app: begin(app, 1)]
    for calls in itertools.permutations(made):
        left = []
        for config in (ROLLBACK, Config(rollback=True)):
            board = board_of(TWO, config, entry(1, VALID_STATE), entry(2, 0))
            app = App(board.flash, board.efuse, config, TWO.table[2])
            left.append(([call(app) for call in calls], board.flash.cells))
        assert left[0] == left[1]
