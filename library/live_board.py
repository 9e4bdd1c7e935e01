"""A board that a test plays on, call by call; it keeps the history of what was done, for a token.

Each call does what ESP-IDF does, byte for byte, and raises CallFailed where that raises an error. The power can be cut
between two calls (`power_off`), in a call (`cut_in`), or everywhere (cut_block.py).
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from ..campaign.history.history import FIRST_PART, History
from ..campaign.history.history_replay import token_of
from ..campaign.history.history_token import encode_history_token
from ..campaign.history.player import Moment, Played, Player, StepOutcome
from ..campaign.history.step import (
    ACCEPT,
    COMMENCE,
    ERASE_LAST_BOOT,
    POWER_ON,
    ROLLBACK,
    RUNNING,
    Step,
    StepCut,
    StepName,
)
from ..errors import InputError
from ..impl.app.otaupgrade import Info
from ..impl.board import App
from ..impl.chip.flash import ReadTracker
from ..impl.chip.torn_operations import Torn
from ..model.config import ResetReason
from .ota_world import OtaWorld

_latest: "list[LiveBoard]" = []
"""The board that was played on last, if any: its history is what a failing test shows."""


class CallFailed(Exception):
    """A call raised an error, or there was nobody to make it; the message says which."""


class PowerFailed(BaseException):
    """The power has failed in a call; `with power_cuts:` ends the calls then."""


@dataclass(frozen=True, slots=True)
class PlannedFailure:
    """Where the power is to fail in a test: instead of a step, or in it."""

    step: int
    """Number of the step, counted in what is cut."""
    cut: StepCut | None
    """None: before it."""
    moment: Moment | None = None
    """What the cut leaves, where that is known; the step is not played then."""
    tracker: ReadTracker | None = None
    """Notes what is read of it."""
    instead_of: Step | None = None
    """The step as it was played without a cut."""


class LiveBoard:
    """A board with the power off, and nothing done to it."""

    def __init__(self, world: OtaWorld | None = None) -> None:
        """Take a device as it is delivered."""
        self.world = world or OtaWorld()
        self.begin()

    def begin(self, failure: PlannedFailure | None = None) -> None:
        """Be as delivered again. failure: where the power is to fail in what is cut."""
        self.history: History = self.world.history
        """Everything that was done."""
        self.played: list[Played] = []
        """The same, as it went; without the step in which the power failed."""
        self.is_cutting = False
        """The power may fail in what is played now."""
        self._player = Player(self.history.dut)
        self._failure = failure
        self._cuttable = 0
        _latest[:] = [self]

    # The calls of an application.

    def commence(self) -> None:
        """Begin an update: the target is erased."""
        self.call(COMMENCE)

    def write(self, image: int = 1, first: int = 0, last: int | None = None) -> None:
        """Write bytes `first` … `last` of an image, by default to its end."""
        end = len(self._player.dut.images[image].contents) if last is None else last + 1
        self.call(Step(StepName.WRITE, image=image, offset=first, length=end - first))

    def complete(self, argument: int | None = 1) -> None:
        """Verify the image and mark it; the device restarts then, with None it goes on."""
        self.call(Step(StepName.COMPLETE, argument=argument))

    def accept(self) -> None:
        """Keep the image that runs."""
        self.call(ACCEPT)

    def rollback(self) -> None:
        """Give the image that runs up; the device restarts."""
        self.call(ROLLBACK)

    def set_boot(self, label: str = RUNNING) -> None:
        """Call esp_ota_set_boot_partition, by default with what runs."""
        self.call(Step(StepName.SET_BOOT, label=label))

    def erase_last_boot(self) -> None:
        """Erase the image that ran before."""
        self.call(ERASE_LAST_BOOT)

    def download(self, image: int = 1) -> None:
        """Begin an update and write a whole image, in two pieces."""
        self.commence()
        self.write(image, 0, FIRST_PART - 1)
        self.write(image, FIRST_PART)

    def upgrade(self, image: int = 1) -> None:
        """Download an image, mark it, restart into it and accept it."""
        self.download(image)
        self.complete()
        self.restart()
        self.accept()

    # What happens to the chip.

    def power_on(self) -> None:
        """Let the power come back; `running` is None where nothing boots."""
        self.play(POWER_ON)

    def restart(self) -> None:
        """Restart by software, as complete() and rollback() end."""
        self.play(Step(StepName.RESET, ResetReason.SOFTWARE))

    def power_off(self) -> None:
        """Let the power fail between two calls."""
        self.play(Step(StepName.POWER_OFF))

    def cut_in(self, step: Step, place: int, torn: Torn) -> None:
        """Let the power fail in a flash operation of a step: in number `place`, modulo as many as it has.

        A step that writes nothing is played to its end, and the power fails after it."""
        count = len(self._player.fork().play(step).ops)
        self.play(replace(step, cut=StepCut(place % count, torn)) if count else step)
        if not count:
            self.power_off()

    # What a test looks at.

    @property
    def running(self) -> str | None:
        """Label of the partition that runs; None where nothing does."""
        return self._player.running

    @property
    def image(self) -> int | None:
        """Number of the whole image that runs; None where nothing runs, or no whole image of the world."""
        app = self._player.app
        return None if app is None else self._image_in(app)

    @property
    def state(self) -> str | None:
        """What info() says of the image that runs: "testing", "valid", …; None where no record names it."""
        return None if self.running is None else self.state_of(self.running)

    def state_of(self, label: str) -> str | None:
        """Return what info() says of a slot: "new", "testing", "valid", "aborted", …; None where no record names it."""
        found = self.info().slots.get(label, {}).get("state")
        return None if found is None else str(found)

    def info(self) -> Info:
        """Return what info() tells: what runs, what boots next, and the state of each slot."""
        return self._app("info()").otaupgrade.info()

    @property
    def token(self) -> str:
        """What `otaproof replay` plays all of it by; empty where nothing was done."""
        return encode_history_token(token_of(self.history, "")) if self.history.steps else ""

    # How steps are played.

    def call(self, step: Step) -> Played:
        """Make a call; raises CallFailed where it raises an error, or nothing runs that could make it."""
        self._app(str(step))
        played = self.play(step)
        if played.outcome in (StepOutcome.RAISED, StepOutcome.PANICKED, StepOutcome.HUNG):
            raise CallFailed(f"{step}: {played.error or played.outcome.value}")
        return played

    def play(self, step: Step) -> Played:
        """Play a step, and keep it; raises PowerFailed where the power is to fail in it."""
        if self.is_cutting:
            self._cuttable += 1
            if self._failure is not None and self._failure.step == self._cuttable - 1:
                self._fail_in(step, self._failure)
        played = self._player.play(step)
        self._keep(step)
        self.played.append(played)
        return played

    def _fail_in(self, step: Step, failure: PlannedFailure) -> None:
        """Let the power fail."""
        if step != failure.instead_of:
            raise InputError(f"power_cuts: the test makes other calls when it is run again: {step}")
        if failure.moment is not None:
            self._player = Player(self._player.dut, failure.moment)
            self._player.board.flash.tracker = failure.tracker
            raise PowerFailed
        last = Step(StepName.POWER_OFF) if failure.cut is None else replace(step, cut=failure.cut)
        self._player.play(last)
        self._keep(last)
        raise PowerFailed

    def _keep(self, step: Step) -> None:
        self.history = self.history.then(step)

    def _app(self, call: str) -> App:
        app = self._player.app
        if app is None:
            raise CallFailed(f"{call}: nothing runs; power_on() comes first")
        return app

    def _image_in(self, app: App) -> int | None:
        dut = self._player.dut
        found = dut.image_found(app.running, self._player.board.flash.ask)
        return None if found is None else dut.images.index(found)


def latest_board() -> LiveBoard | None:
    """Return the board that was played on last."""
    return _latest[-1] if _latest else None


def forget_boards() -> None:
    """Forget it."""
    _latest.clear()


Body = Callable[[], object]
"""A test: it plays on a board, and raises an exception where its property is broken."""
