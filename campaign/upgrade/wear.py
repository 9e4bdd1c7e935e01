"""How an upgrade wears the flash: the erases of each sector, and how many upgrades the most worn one is made for."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from ...impl.chip.cells import SECTOR_SIZE
from ...impl.chip.flash import FlashOpKind
from ...impl.chip.worn_flash import ENDURANCE
from .script import Scenario
from .uncut_run import UncutRun


@dataclass(frozen=True, slots=True)
class Wear:
    """The erases of some upgrades in a row."""

    upgrades: int
    """How many: where a second one can follow, both are counted, since slots and records take turns."""
    erases: int
    """Of all sectors."""
    address: int
    """Where the sector begins that is erased most often."""
    of_worst: int
    """How often it is."""

    @property
    def most_upgrades(self) -> int:
        """How many upgrades that sector is made for."""
        return ENDURANCE * self.upgrades // self.of_worst


def wear_of(runs: Mapping[str, UncutRun]) -> Wear | None:
    """Return the wear of the upgrades of a check, resets between them included; None where nothing is erased.

    runs: by the name of the scenario."""
    twice = runs.get(Scenario.UPGRADE_AGAIN.value)
    run = runs[Scenario.UPGRADE.value] if twice is None else twice
    first = runs[Scenario.UPGRADE.value].upgrade_start
    ops = (op for played in run.played[first:] for op in played.ops)
    erased = Counter(op.address // SECTOR_SIZE for op in ops if op.kind is FlashOpKind.ERASE)
    if not erased:
        return None
    worst, count = min(erased.items(), key=lambda item: (-item[1], item[0]))
    return Wear(1 if twice is None else 2, erased.total(), worst * SECTOR_SIZE, count)
