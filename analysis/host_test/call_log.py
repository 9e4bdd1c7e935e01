"""The functions of esp_ota_ops that the application of a history calls, with what they return and what they leave.

The same calls as the player makes, noted where otaupgrade calls esp_ota_*().
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

from ...campaign.history.history import History
from ...campaign.history.player import Played, Player
from ...campaign.history.step import Step
from ...impl.app.esp_ota import EspOta
from ...impl.app.otaupgrade import OtaUpgrade
from ...impl.board import App
from ...impl.esp_err import EspErr, OtaError
from ...impl.partitions.partition import Partition
from ...impl.program_end import ProgramEnd
from ...model.config import Config

Argument = Partition | int | bytes | bool | None
VERIFIES = (
    "esp_ota_end",
    "esp_ota_set_boot_partition",
    "esp_ota_mark_app_invalid_rollback_and_reboot",
)
"""The functions that ask whether an image is whole."""
LOGGED = (
    *VERIFIES,
    "esp_ota_get_next_update_partition",
    "esp_ota_begin",
    "esp_ota_resume",
    "esp_ota_write",
    "esp_ota_write_with_offset",
    "esp_ota_abort",
    "esp_ota_mark_app_valid_cancel_rollback",
    "esp_ota_erase_last_boot_app_partition",
)
"""The functions that otaupgrade and the steps of a history call, but those of info()."""


@dataclass(frozen=True)
class OtaCall:
    """One call, to its end."""

    name: str
    arguments: tuple[Argument, ...]
    first_op: int
    """How many flash operations the step has made before it."""
    whole: tuple[str, ...]
    """Labels of the partitions in which it finds a whole image, where it asks."""
    result: Partition | int | None
    """The partition or the handle that it returns."""
    error: EspErr
    """What it returns; OK where it does not return."""
    end: str = ""
    """Name of the class of the end, where the program ends in it."""
    entries: tuple[bytes, bytes] | None = None
    """Both records of otadata after it."""


@dataclass(frozen=True)
class LoggedStep:
    """A step, and the calls that it comes to."""

    played: Played
    calls: tuple[OtaCall, ...]

    @property
    def told(self) -> tuple[object, ...]:
        """All that a test expects of it."""
        return self.played.outcome, self.played.running, self.calls, self.played.after.cells.to_bytes()


class LoggedOta(EspOta):
    """The calls of one run of an application, noted as they end."""

    def __init__(self, app: App, player: "LoggingPlayer", config: Config) -> None:
        """Take the place of the calls of an application that has just started."""
        super().__init__(app.partitions, player.board.efuse, config, app.running, app.ota._linked_version)
        self._player = player
        self._is_within = False

    def noted(self, name: str, call: Callable[[], Partition | int | None], arguments: tuple[Argument, ...]) -> object:
        """Make a call; note it where no other one makes it."""
        if self._is_within:
            return call()
        flash = self._player.board.flash
        whole = tuple(p.label for p in self.partitions.table if p.is_app and self._is_image_valid(p))
        started = partial(OtaCall, name, arguments, len(flash.ops), whole if name in VERIFIES else ())
        self._is_within = True
        try:
            result = call()
            self._player.note(started(result, EspErr.OK))
            return result
        except OtaError as error:
            self._player.note(started(error.handle, error.code))
            raise
        except ProgramEnd as end:
            self._player.note(started(None, EspErr.OK, type(end).__name__))
            raise
        finally:
            self._is_within = False


def _logged(name: str) -> Callable[..., object]:
    original = getattr(EspOta, name)

    def call(self: LoggedOta, *arguments: Argument) -> object:
        return self.noted(name, partial(original, self, *arguments), arguments)

    return call


for _name in LOGGED:
    setattr(LoggedOta, _name, _logged(_name))


def logged_steps(history: History) -> list[LoggedStep]:
    """Return the steps of a history, played."""
    player = LoggingPlayer(history)
    return [player.play_logged(step) for step in history.steps]


class LoggingPlayer(Player):
    """A player whose applications note their calls."""

    def __init__(self, history: History) -> None:
        """Take the device of a history, switched off."""
        super().__init__(history.dut)
        self._calls: list[OtaCall] = []

    def note(self, call: OtaCall) -> None:
        """Keep a call, with what it leaves in otadata."""
        entries = self.dut.entries(self.board.flash.cells)
        self._calls.append(replace(call, entries=entries))

    def play_whole(self, step: Step) -> LoggedStep:
        """Play a step without its cut."""
        return self.play_logged(replace(step, cut=None))

    def play_logged(self, step: Step) -> LoggedStep:
        """Play a step."""
        self._calls = []
        played = super().play(step)
        if self.app is not None and not isinstance(self.app.ota, LoggedOta):
            self.app.ota = LoggedOta(self.app, self, self.dut.config)
            self.app.otaupgrade = OtaUpgrade(self.app.ota)
        return LoggedStep(played, tuple(self._calls))
