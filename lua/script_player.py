"""The player of a script's calls: the steps of histories, with the arguments that the script gives, whatever they are.

A write that goes on with a known image is the step that a history has for it. Any other data has none, so that what
follows cannot be put in a token.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from ..campaign.device_under_test import DeviceUnderTest
from ..campaign.history.player import Moment, Played, Player
from ..campaign.history.step import COMMENCE, Step, StepCut, StepName
from ..errors import InputError
from ..impl.app.otaupgrade import LuaValue
from ..impl.board import App
from ..impl.chip.torn_operations import Torn


@dataclass(frozen=True, slots=True)
class ScriptCut:
    """Where the power fails in a run: in a flash operation of a call, or after a call, or after a change of files."""

    call: int
    """Number of the call, or of the change of files."""
    cut: StepCut | None = None
    """None: once the call has returned."""
    is_of_files: bool = False

    @classmethod
    def parse(cls, text: str) -> "ScriptCut":
        """Return the cut that a text names, as str() writes it; raises InputError for none."""
        call, _, rest = text.partition(":")
        op, _, torn = rest.partition(":")
        try:
            if call.startswith("files") and not rest:
                return cls(int(call.removeprefix("files")), is_of_files=True)
            if not rest:
                return cls(int(call))
            if op == "burn":
                return cls(int(call), StepCut(0, efuse_done=int(torn, 16)))
            return cls(int(call), StepCut(int(op), Torn.parse(torn)))
        except ValueError:
            raise InputError(f"--cut: {text[:40]!r}; want what a report has, such as 7:3:prefix:12 or 7") from None

    def __str__(self) -> str:
        """Return the text for --cut."""
        if self.cut is None:
            return f"files{self.call}" if self.is_of_files else str(self.call)
        if self.cut.torn is None:
            return f"{self.call}:burn:{self.cut.efuse_done or 0:x}"
        return f"{self.call}:{self.cut.op}:{self.cut.torn}"


class ScriptPlayer(Player):
    """Plays the calls of otaupgrade as a script makes them."""

    def __init__(self, dut: DeviceUnderTest, moment: Moment | None = None) -> None:
        """Take a device that is switched off; moment: as Player has it."""
        super().__init__(dut, moment)
        self.knows_all = True
        """Every write so far went on with an image that the device knows."""
        self.cut: ScriptCut | None = None
        """Where the power is to fail; taken once it has."""
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

    def play(self, step: Step) -> Played:
        """Play a step, cut where it is planned."""
        planned = self.cut
        if planned is not None and planned.cut is not None and planned.call == self._played:
            self.cut = None
            step = replace(step, cut=planned.cut)
        return super().play(step)

    def _call_of(self, step: Step, app: App) -> Callable[[], object]:
        if step.name is StepName.WRITE:
            return lambda: app.otaupgrade.write(*self._arguments)
        if step.name is StepName.COMPLETE:
            return lambda: app.otaupgrade.complete(*self._arguments)
        return super()._call_of(step, app)
