"""The player of a script's calls: the steps of histories, with the arguments that the script gives, whatever they are.

A write that goes on with a known image is the step that a history has for it. Any other data has none, so that what
follows cannot be put in a token.
"""

from collections.abc import Callable

from ..campaign.device_under_test import DeviceUnderTest
from ..campaign.history.player import Moment, Played, Player
from ..campaign.history.step import COMMENCE, Step, StepName
from ..impl.app.otaupgrade import LuaValue
from ..impl.board import App


class ScriptPlayer(Player):
    """Plays the calls of otaupgrade as a script makes them."""

    def __init__(self, dut: DeviceUnderTest, moment: Moment | None = None) -> None:
        """Take a device that is switched off; moment: as Player has it."""
        super().__init__(dut, moment)
        self.knows_all = True
        """Every write so far went on with an image that the device knows."""
        self._arguments: tuple[LuaValue, ...] = ()
        self._written = 0
        self._sources: tuple[int, ...] = ()

    def commence(self) -> Played:
        """Play commence()."""
        self._written, self._sources = 0, tuple(range(len(self.dut.images)))
        return self.play(COMMENCE)

    def write(self, arguments: tuple[LuaValue, ...]) -> Played:
        """Play write() with these arguments."""
        data = arguments[0] if arguments and isinstance(arguments[0], bytes) else b""
        at, size = self._written, len(data)
        images = self.dut.images
        self._sources = tuple(n for n in self._sources if images[n].contents[at : at + size] == data)
        update = next((n for n, image in enumerate(images) if image is self.dut.update), None)
        if not self._sources or (data and not arguments):
            self.knows_all = False
        source = None if update in self._sources or not self._sources else self._sources[0]
        self._written += size
        self._arguments = arguments
        return self.play(Step(StepName.WRITE, image=source, offset=at, length=size))

    def complete(self, arguments: tuple[LuaValue, ...]) -> Played:
        """Play complete() with these arguments."""
        self._arguments = arguments
        value = arguments[0] if arguments else None
        told = value.decode("latin-1") if isinstance(value, bytes) else value
        return self.play(Step(StepName.COMPLETE, argument=told))

    def _call_of(self, step: Step, app: App) -> Callable[[], object]:
        if step.name is StepName.WRITE:
            return lambda: app.otaupgrade.write(*self._arguments)
        if step.name is StepName.COMPLETE:
            return lambda: app.otaupgrade.complete(*self._arguments)
        return super()._call_of(step, app)
