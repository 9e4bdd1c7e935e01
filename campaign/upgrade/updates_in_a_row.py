"""A device with a chip that ages, and the updates that it gets one after the other; no power is cut.

The application gives an update up when a call raises an error, and accepts what is due. Each update is written by one
write(): how a download is cut into calls makes no other erases.
"""

from dataclasses import dataclass, field, replace

from ...impl.chip.flash import Strictness
from ...impl.chip.worn_cells import WornCells
from ..device_under_test import DeviceUnderTest
from ..history.claim_monitor import ClaimMonitor
from ..history.monitor_memory import is_accept_due
from ..history.player import Played, Player, StepOutcome
from ..history.step import POWER_ON, UPGRADE_STEPS, Step, StepName
from .script import returns_to_factory, upgrade_of

_RESTARTS = 3
"""After a panic the chip restarts; after so many it is left at that."""
_PROBLEMS = {
    StepOutcome.NOTHING_BOOTS: "nothing boots",
    StepOutcome.PANICKED: "panic",
    StepOutcome.HUNG: "hang",
}


@dataclass(frozen=True, slots=True)
class Sign:
    """Something that goes wrong."""

    update: int
    """Number of the update, from 1 on."""
    call: str
    text: str
    claim_id: str = ""
    """The claim that it breaks; empty where a call fails, or the update does not come to run."""

    def __str__(self) -> str:
        """Say it on one line."""
        return f"update {self.update:,}, {self.call}(): {self.text}"


@dataclass(slots=True)
class UpdatesInARow:
    """A device that gets updates."""

    dut: DeviceUnderTest
    """What it holds when this begins, in WornCells."""
    next_update: int = 1
    """Number of the next update."""
    signs: list[Sign] = field(default_factory=list)
    """What has gone wrong: of a claim the first time that it breaks."""
    failed: int = 0
    """Updates that did not go through: a call failed, or the image does not run after them."""
    player: Player = field(init=False)
    _monitor: ClaimMonitor = field(init=False)

    def __post_init__(self) -> None:
        """Switch the device on."""
        self.dut = replace(self.dut, chunk=len(self.dut.update.contents), strictness=Strictness.CHIP)
        self.player = Player(self.dut)
        self._monitor = ClaimMonitor(self.player)
        self._play(POWER_ON)

    @property
    def cells(self) -> WornCells:
        """What the chip holds, and its age."""
        cells = self.player.board.flash.cells
        assert isinstance(cells, WornCells)
        return cells

    def update(self) -> None:
        """Play the next update."""
        known, target = len(self.signs), self._target()
        is_given_up = False
        for step in (*returns_to_factory(self.dut, self.player.running), *upgrade_of(self.dut)):
            if step != POWER_ON and (self.player.app is None or is_given_up):
                continue
            if step.name is StepName.ACCEPT and not self._accepts(target):
                continue
            is_given_up |= not self._play(step) and step.name in UPGRADE_STEPS
        has_failed = any(not sign.claim_id for sign in self.signs[known:])
        if not has_failed and (target is None or self.player.running != target):
            runs = self.player.running or "nothing"
            self.signs.append(Sign(self.next_update, POWER_ON.call_name, f"{runs} runs, not {target or 'the update'}"))
            has_failed = True
        self.failed += has_failed
        self.next_update += 1

    def _target(self) -> str | None:
        app = self.player.app
        partition = None if app is None else app.ota.esp_ota_get_next_update_partition()
        return None if partition is None else partition.label

    def _accepts(self, target: str | None) -> bool:
        app = self.player.app
        return app is not None and (app.running.label == target or is_accept_due(self.dut, self.player.moment, app))

    def _play(self, step: Step) -> bool:
        """Play a step, and note what goes wrong; tell whether it did what it is for."""
        played, broken = self._monitor.play(step)
        problem = _problem(played)
        if problem is not None:
            self.signs.append(Sign(self.next_update, step.call_name, problem))
        for _ in range(_RESTARTS):
            if played.outcome is not StepOutcome.PANICKED:
                break
            played, more = self._monitor.play(POWER_ON)
            broken = (*broken, *more)
        known = {sign.claim_id for sign in self.signs}
        first = {found.claim_id: found for found in reversed(broken) if found.claim_id not in known}
        self.signs += [Sign(self.next_update, step.call_name, first[name].text, name) for name in sorted(first)]
        return problem is None


def _problem(played: Played) -> str | None:
    """Return why a step did not do what it is for; None when it did."""
    if played.outcome is StepOutcome.RAISED:
        # Where there is no other image to erase, that call raises an error, and the application goes on.
        return None if played.step.name is StepName.ERASE_LAST_BOOT else played.error
    return _PROBLEMS.get(played.outcome)
