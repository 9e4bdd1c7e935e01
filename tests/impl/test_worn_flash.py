"""A chip that ages: it counts erases, and bits get stuck past its endurance."""

import pytest

from otaproof.impl.app.otaupgrade import LuaError
from otaproof.impl.board import Board
from otaproof.impl.chip.cells import ERASED_SECTOR, SECTOR_SIZE, Cells
from otaproof.impl.chip.efuse import Efuse
from otaproof.impl.chip.flash import PlannedCut
from otaproof.impl.chip.torn_operations import Torn
from otaproof.impl.chip.worn_flash import WornFlash
from otaproof.impl.program_end import PowerCut
from worlds import small_world


def worn(erases: int, endurance: int = 3) -> WornFlash:
    """Return a chip of two sectors whose first one was erased so often."""
    flash = WornFlash(Cells.erased(2 * SECTOR_SIZE), endurance)
    for _ in range(erases):
        flash.erase_sector(0)
    return flash


@pytest.mark.parametrize(("erases", "stuck"), [(3, 0), (4, 1), (6, 3)])
def test_each_erase_past_the_endurance_leaves_a_stuck_bit(erases: int, stuck: int) -> None:
    """And the other sectors are as good as new."""
    flash = worn(erases)
    zeros = sum(8 - byte.bit_count() for byte in flash.cells.sector(0))
    assert (stuck, ERASED_SECTOR) == (zeros, flash.cells.sector(1))
    assert {0: erases} == flash.erases


def test_a_stuck_bit_stays_whatever_is_programmed() -> None:
    """It reads 0, where the image has a 1."""
    flash = worn(4)
    before = flash.read(0, SECTOR_SIZE)
    flash.program(0, ERASED_SECTOR)
    assert before == flash.read(0, SECTOR_SIZE)


def test_an_erase_that_the_power_cuts_wears_too() -> None:
    """Its pulses were given."""
    flash = worn(3)
    flash.plan_cut(PlannedCut(0, Torn.parse("before")))
    with pytest.raises(PowerCut):
        flash.erase_sector(0)
    assert 4 == flash.erases[0]


def test_a_worn_slot_is_no_update() -> None:
    """complete() verifies what can be read, and the device stays with the image that runs."""
    world = small_world(rollback=True)
    board = Board(WornFlash(world.cells, endurance=0), Efuse(0), world.config)
    app = board.power_on()
    assert app is not None
    for number in range(400):
        app.otaupgrade.commence()
        app.otaupgrade.write(world.update.contents)
        try:
            app.otaupgrade.complete(None)
        except LuaError:
            break
        assert number < 399
    restarted = board.power_on()
    assert restarted is not None
    assert "ota_0" == restarted.running.label
