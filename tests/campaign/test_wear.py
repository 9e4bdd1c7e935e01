"""What an upgrade wears."""

from collections import Counter

from otaproof.campaign.upgrade.script import Scenario, script_of
from otaproof.campaign.upgrade.uncut_run import UncutRun, play_script
from otaproof.campaign.upgrade.wear import wear_of
from otaproof.impl.chip.worn_flash import WornFlash
from worlds import small_world


def run_of(scenario: Scenario) -> UncutRun:
    """Return a scenario of a small device with rollback on, played without a cut."""
    world = small_world(rollback=True)
    return play_script(world, script_of(scenario, world))


def test_wear_is_that_of_two_upgrades() -> None:
    """Each erases its slot of 16 sectors, and records: by complete(), the try, accept() and, from the second on,
    commence(); the otadata sectors take turns."""
    wear = wear_of({scenario.value: run_of(scenario) for scenario in (Scenario.UPGRADE, Scenario.UPGRADE_AGAIN)})
    assert wear is not None
    assert (2, 0xD000) == (wear.upgrades, wear.address)
    assert 100_000 * 2 // wear.of_worst == wear.most_upgrades


def test_wear_agrees_with_a_chip_that_counts() -> None:
    """Erase by erase, for a plain upgrade."""
    run = run_of(Scenario.UPGRADE)
    wear = wear_of({Scenario.UPGRADE.value: run})
    world = small_world(rollback=True)
    flash = WornFlash(world.cells)
    before: Counter[int] = Counter()
    for played in run.played:
        if played.number == run.upgrade_start:
            before = flash.erases.copy()
        for op in played.ops:
            if op.kind.value == "e":
                flash.erase_sector(op.address)
    erased = flash.erases - before
    assert wear is not None
    assert (erased.total(), max(erased.values())) == (wear.erases, wear.of_worst)
