"""The table of what calls and power-ons cost in otadata: ESP-IDF's code by release, and otadata by turns.

Each row is played on the board; the operations on slots are the same for all and are left out.
"""

import re
from collections.abc import Iterator
from dataclasses import replace

from otaproof.campaign.history.history import IMAGE_SIZE, OTADATA, History, SmallDevice, SmallImage
from otaproof.campaign.history.player import Played, Player
from otaproof.campaign.history.step import ACCEPT, COMMENCE, POWER_ON, ROLLBACK, Step, StepName
from otaproof.impl.chip.cells import SECTOR_SIZE
from otaproof.impl.chip.flash import FlashOpKind
from otaproof.impl.chip.flash_timing import operation_time
from otaproof.model.config import Config, Release, ResetReason, Selector

from .spec_page import table

_PART = re.compile(r"(<!-- costs: table -->\n\n).*?(\n\n<!-- end of costs -->)", re.DOTALL)
_COMPLETE = Step(StepName.COMPLETE)
_RESTART = Step(StepName.RESET, ResetReason.SOFTWARE)
_WRITES = tuple(Step(StepName.WRITE, image=number, length=IMAGE_SIZE) for number in range(4))
_STEPS: tuple[tuple[str, Step], ...] = (
    ("first power-on of all", POWER_ON),
    ("commence(), first update", COMMENCE),
    ("", _WRITES[1]),
    ("complete()", _COMPLETE),
    ("power-on, new image", _RESTART),
    ("accept()", ACCEPT),
    ("power-on, accepted image", POWER_ON),
    ("commence(), later update", COMMENCE),
    ("", _WRITES[2]),
    ("", _COMPLETE),
    ("", _RESTART),
    ("power-on after a try that was not accepted", POWER_ON),
    ("", COMMENCE),
    ("", _WRITES[3]),
    ("", _COMPLETE),
    ("", _RESTART),
    ("rollback() on trial", ROLLBACK),
    ("power-on after it", _RESTART),
)
"""What is played, and the row that it makes."""
_UPGRADE = ("commence(), later update", "complete()", "power-on, new image", "accept()")
"""The rows of one update that is accepted."""


def with_costs(page: str) -> str:
    """Return a page with the table up to date; one without it as it is."""
    return _PART.sub(lambda match: f"{match[1]}{costs_table()}{match[2]}", page)


def costs_table() -> str:
    """Return the table."""
    plain = Config(rollback=True)
    devices = {
        release.label: replace(plain, app_release=release, bootloader_release=release)
        for release in (Release.V5_1, Release.V5_5, Release.V6_1)
    }
    devices["by turns"] = replace(plain, selector=Selector.BY_TURNS)
    costs = {name: dict(_played(config)) for name, config in devices.items()}
    rows = [[row, *(_cell([found[row]]) for found in costs.values())] for row, _ in _STEPS if row]
    total = ["an update that is accepted", *(_cell([found[row] for row in _UPGRADE]) for found in costs.values())]
    return table(["rollback on, two slots", *costs], [*rows, total])


def _played(config: Config) -> Iterator[tuple[str, Played]]:
    images = tuple(SmallImage(number + 1) for number in range(4))
    player = Player(History(SmallDevice(config), images).dut)
    for row, step in _STEPS:
        played = player.play(step)
        if row:
            yield row, played


def _cell(steps: list[Played]) -> str:
    """Return erases, programs and time of the operations on otadata."""
    ops = [op for played in steps for op in played.ops if OTADATA <= op.address < OTADATA + 2 * SECTOR_SIZE]
    erases = sum(op.kind is FlashOpKind.ERASE for op in ops)
    programs = len(ops) - erases
    if not ops:
        return "-"
    told = " ".join(f"{count} {letter}" for count, letter in ((erases, "E"), (programs, "P")) if count)
    return f"{told}, {1000 * sum(map(operation_time, ops)):.1f} ms"
