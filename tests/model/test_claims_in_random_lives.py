"""Random lives with many power cuts: the claims that ESP-IDF keeps whatever its users do, and those it does not.

A life is a list of calls in any order, each perhaps cut in any operation with any tear, with resets between.
After every step the future is played from the flash as it is.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from otaproof.campaign.device_under_test import DeviceUnderTest
from otaproof.campaign.history.player import Moment, touches
from otaproof.campaign.upgrade.future_oracle import observe
from otaproof.impl.app.otaupgrade import LuaError
from otaproof.impl.board import App
from otaproof.impl.chip.flash import PlannedCut, PlanNotReached
from otaproof.impl.chip.torn_operations import Torn
from otaproof.impl.program_end import ProgramEnd
from otaproof.model.claims.observation import Future
from otaproof.model.config import Release
from worlds import small_world


@dataclass(frozen=True)
class Step:
    """One thing that happens: a call by its name, or a reset, perhaps cut."""

    name: str
    cut: PlannedCut | None


TEARS = st.one_of(
    st.sampled_from(["before", "after"]),
    st.integers(1, 40).map(lambda count: f"prefix:{count}"),
    st.integers(1, 40).map(lambda count: f"partial:{count}"),
    st.integers(0, 600).map(lambda number: f"bytes:0.{number}"),
    st.integers(0, 600).map(lambda number: f"bits:0.{number}"),
)
CUTS = st.builds(lambda op, torn: PlannedCut(op, Torn.parse(torn)), st.integers(0, 18), TEARS)
STEPS = st.builds(
    Step,
    st.sampled_from(["upgrade", "upgrade", "commence", "write", "complete", "accept", "accept", "rollback", "reset"]),
    st.one_of(st.none(), CUTS),
)
LIVES = st.lists(STEPS, min_size=1, max_size=14)


class Life:
    """One board, its application while it runs, and what its operations have touched."""

    def __init__(self, world: DeviceUnderTest) -> None:
        """Switch the board on for the first time."""
        self.world = world
        self.board = world.board()
        self.app: App | None = self.board.power_on()
        self.wrote_running = False

    def take(self, step: Step) -> None:
        """Let the step happen; a device that is off is switched on first."""
        if self.app is None or step.name == "reset":
            self._do(lambda: setattr(self, "app", self.board.power_on()), step.cut)
            return
        lua, update = self.app.otaupgrade, self.world.update.contents

        def upgrade() -> None:
            lua.commence()
            lua.write(update)
            lua.complete(1)

        calls: dict[str, Callable[[], object]] = {
            "upgrade": upgrade,
            "commence": lua.commence,
            "write": lambda: lua.write(update),
            "complete": lua.complete,
            "accept": lua.accept,
            "rollback": lua.rollback,
        }
        running = self.app.running
        self._do(calls[step.name], step.cut)
        if step.name in ("upgrade", "commence", "write", "complete"):
            self.wrote_running |= touches(self.board.flash.ops, running)

    def _do(self, action: Callable[[], object], cut: PlannedCut | None) -> None:
        self.board.flash.take_ops()
        if cut is not None:
            self.board.flash.plan_cut(cut)
        try:
            with suppress(LuaError):
                action()
        except ProgramEnd:
            self.app = None
        with suppress(PlanNotReached):
            self.board.flash.end_plan()

    def future(self) -> Future:
        """Return what follows from the flash as it is."""
        return observe(self.world, Moment(self.board.flash.cells, self.board.efuse.bits))


@pytest.mark.parametrize("release", list(Release), ids=lambda release: release.label)
@pytest.mark.parametrize("rollback", [True, False], ids=["rollback", "no rollback"])
@settings(max_examples=40)
@given(life=LIVES)
def test_some_whole_image_always_boots_and_the_running_one_is_never_written(
    release: Release, rollback: bool, life: list[Step]
) -> None:
    """C1 and C3, after any number of cuts and any misuse; and a further upgrade never writes the running image."""
    device = Life(small_world(release, rollback=rollback))
    for step in life:
        device.take(step)
        future = device.future()
        assert future.boot.image is not None
        assert not device.wrote_running
        assert future.upgrade is not None
        assert not future.upgrade.wrote_running


@pytest.mark.parametrize("release", list(Release), ids=lambda release: release.label)
@settings(max_examples=40)
@given(life=LIVES)
def test_secure_version_never_goes_down_and_old_images_never_run(release: Release, life: list[Step]) -> None:
    """C8, with anti-rollback: in whatever order the calls come."""
    device = Life(small_world(release, rollback=True, anti_rollback=True))
    version = device.board.efuse.secure_version
    for step in life:
        device.take(step)
        boot = device.future().boot
        assert version <= device.board.efuse.secure_version <= boot.efuse_version <= boot.secure_version
        version = device.board.efuse.secure_version


def test_rollback_can_boot_the_same_image_again() -> None:
    """C6 falls after a fallback, R11: the newer image is damaged and ota_0 runs; rollback() refuses the newer."""
    device = Life(small_world(Release.V5_1, rollback=False))
    for name in ("upgrade", "reset", "accept"):
        device.take(Step(name, None))
    cells = device.board.flash.cells
    broken = device.world.partition("ota_1").offset + 600
    device.board.flash.cells = cells.with_bytes(broken, bytes(16))
    future = device.future()
    assert future.rollback is not None
    assert future.rollback.boot is not None
    assert "ota_0" == future.boot.partition == future.rollback.boot.partition


def test_cut_in_a_late_accept_can_boot_an_image_that_was_never_marked() -> None:
    """C2 falls: the next download is written but not completed when accept() loses the newer entry, and the older
    one still names its slot."""
    device = Life(small_world(Release.V5_1, rollback=False))
    device.take(Step("upgrade", None))
    device.take(Step("reset", None))
    assert device.app is not None
    device.take(Step("commence", None))
    device.take(Step("write", None))
    device.take(Step("accept", PlannedCut(0, Torn.parse("after"))))
    future = device.future()
    assert ("ota_0", "update") == (future.boot.partition, future.boot.image)
