"""A run of scripts on a device: boot after boot, event after event, until it comes to rest.

A boot starts the script of the partition that boots. Its program ends with a reset of the chip, and the next boot
follows. The device is at rest when nothing is pending, when it sleeps for good, or when for some time neither flash nor
files have changed. Time is simulated, so a day of timers takes what its callbacks take.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Literal

from ..campaign.device_under_test import NamedImage
from ..campaign.history.player import Moment, Played, StepOutcome
from ..campaign.history.step import Step, StepName
from ..impl.chip.flash import ReadTracker
from ..model.config import ResetReason
from .device_files import Contents, DeviceFiles
from .event_queue import EventQueue
from .host_calls import EffortSpent, HostCalls, ProgramEndedByCall, ScriptEnd
from .lua_machine import LuaMachine, Value
from .script_player import ScriptCut, ScriptPlayer
from .script_setup import ScriptSetup

HOUR = 3_600_000_000
"""Microseconds."""
_LONGEST_LINE = 1000
_MOST_LINES = 5000


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What outlives a reset beside flash and eFuse."""

    files: Contents
    faults_left: int
    """Network faults that have not happened."""


class RestKind(Enum):
    """Why a run ended."""

    NOTHING_PENDING = "nothing is pending"
    ASLEEP = "it sleeps for good"
    QUIET = "nothing changes any more"
    TIME_UP = "the simulated time is up"
    NOTHING_BOOTS = "nothing boots"
    RESTARTS = "it restarts again and again"
    EFFORT_SPENT = "it ran out of instructions or time"
    HUNG = "a call never ends"


@dataclass(frozen=True, slots=True)
class ScriptOutcome:
    """What a device comes to."""

    rest: RestKind
    running: str | None
    """Label of what runs at rest, or ran last; None where nothing does."""
    image: str | None
    """The image that runs; None for none that is known, whole."""
    state: str | None
    """What info() says of it."""
    next_running: str | None
    """What the next power-on starts."""
    next_image: str | None
    """The image that this starts."""
    boots: int
    errors: int
    """Errors that no script caught."""


LineKind = Literal["boot", "print", "call", "note"]


@dataclass(frozen=True, slots=True)
class ScriptLine:
    """What a run tells."""

    kind: LineKind
    text: str


@dataclass(frozen=True, slots=True)
class ScriptCall:
    """A call or a boot, with what was around it."""

    played: Played
    around: Surroundings


class ScriptRun:
    """Runs scripts on one device."""

    def __init__(
        self,
        setup: ScriptSetup,
        moment: Moment | None = None,
        around: Surroundings | None = None,
        tracker: ReadTracker | None = None,
        tells: bool = True,
        cut: ScriptCut | None = None,
    ) -> None:
        """Take a device that is switched off. moment, around: what it holds; tracker: notes what is read of that.

        tells: lines are kept. cut: where the power fails."""
        self.setup = setup
        self.player = ScriptPlayer(setup.dut, moment)
        self.player.board.flash.tracker = tracker
        self.player.cut = cut
        self.files = DeviceFiles(setup.files if around is None else around.files)
        self.faults_left = len(setup.server.faults) if around is None else around.faults_left
        self.queue = EventQueue()
        self.errors = 0
        self.lines: list[ScriptLine] = []
        self.calls: list[ScriptCall] = []
        self.file_states: list[ScriptCall] = []
        """After each change of files, the last call before it with the files as they are then."""
        self.restarts_at: int | None = None
        self.is_online = True
        self._tells = tells
        self._machine: LuaMachine | None = None
        self._spent = 0
        self._changed_at = 0
        self._until = time.monotonic() + setup.limits.seconds
        self._panics = 0
        self._boots = 0
        self._open_line = ""
        self._last: tuple[str | None, NamedImage | None] = (None, None)

    # ---- what the host's functions ask for

    def spend(self, instructions: int) -> None:
        """Count instructions; raises EffortSpent."""
        self._spent += instructions
        if self._spent > self.setup.limits.instructions or time.monotonic() > self._until:
            raise EffortSpent

    def check_time(self) -> None:
        """Raise ScriptEnd when the simulated time is up within a callback."""
        if self.queue.now >= self._horizon:
            raise ScriptEnd(ResetReason.POWER_ON, None)

    def print(self, text: bytes, ends_line: bool = True) -> None:
        """Take what a script prints. ends_line: what follows is in another line."""
        *lines, self._open_line = (self._open_line + text.decode("utf-8", "replace")).split("\n")
        if ends_line:
            lines, self._open_line = [*lines, self._open_line], ""
        for line in lines:
            self.tell(line.removesuffix("\r"), "print")
        self._open_line = self._open_line[:_LONGEST_LINE]

    def tell(self, text: str, kind: LineKind = "note") -> None:
        """Keep a line, if lines are kept."""
        if self._tells and len(self.lines) < _MOST_LINES:
            self.lines.append(ScriptLine(kind, text[:_LONGEST_LINE]))
        elif self._tells and len(self.lines) == _MOST_LINES:
            self.lines.append(ScriptLine("note", "more lines are left out"))

    def note(self, played: Played) -> None:
        """Keep a call."""
        if played.before != played.after:
            self._changed_at = self.queue.now
        self.calls.append(ScriptCall(played, self.around))
        cut = self.player.cut
        if cut is not None and cut.cut is None and not cut.is_of_files and cut.call == played.number:
            self._lose_power()

    def _lose_power(self) -> None:
        self.player.cut = None
        raise ProgramEndedByCall(StepOutcome.CUT)

    def changing_files(self, change: Callable[[DeviceFiles], bool]) -> bool:
        """Change the files, and keep how they are after it."""
        before = self.files.changes
        result = change(self.files)
        if self.files.changes != before:
            self._changed_at = self.queue.now
            if self.calls:
                self.file_states.append(ScriptCall(self.calls[-1].played, self.around))
            cut = self.player.cut
            if cut is not None and cut.is_of_files and cut.call == len(self.file_states) - 1:
                self._lose_power()
        return result

    def restart_later(self, microseconds: int | None) -> None:
        """Plan a restart, as the first error does; None: plan none."""
        if microseconds is None:
            self.restarts_at = None
        elif self.restarts_at is None or microseconds != 2_000_000:
            self.restarts_at = self.queue.now + microseconds

    def heap_left(self) -> int:
        """Return the bytes of the heap that are free."""
        used = 0 if self._machine is None else self._machine.memory_used
        return max(self.setup.limits.memory - used, 0)

    @property
    def around(self) -> Surroundings:
        """What outlives a reset now."""
        return Surroundings(self.files.contents, self.faults_left)

    # ---- the run

    def run(self) -> ScriptOutcome:
        """Run from the power-on until the device is at rest."""
        reason, sleeps = ResetReason.POWER_ON, 0
        while True:
            self._boots += 1
            rest = self._boot(reason)
            if rest is None:
                end = self._run_app(reason) if self.player.app is not None else ScriptEnd(ResetReason.POWER_ON)
                if isinstance(end, RestKind):
                    rest = end
                elif end.sleeps is None:
                    rest = RestKind.ASLEEP if end.reason is ResetReason.DEEP_SLEEP else RestKind.TIME_UP
                else:
                    reason, sleeps = end.reason, end.sleeps
                    self._panics = self._panics + 1 if reason is ResetReason.PANIC else 0
                    self.queue.now += sleeps
                    rest = self._stops_between_boots()
            if rest is not None:
                return self._outcome(rest)

    @property
    def _horizon(self) -> int:
        limits = self.setup.limits
        end = int(limits.hours * HOUR)
        if limits.quiet_hours is None:
            return end
        return min(end, self._changed_at + int(limits.quiet_hours * HOUR))

    def _stops_between_boots(self) -> RestKind | None:
        if self.queue.now >= self._horizon:
            return self._why_over()
        return RestKind.RESTARTS if self._boots >= self.setup.limits.boots else None

    def _why_over(self) -> RestKind:
        is_time_up = self.queue.now >= int(self.setup.limits.hours * HOUR)
        return RestKind.TIME_UP if is_time_up else RestKind.QUIET

    def _boot(self, reason: ResetReason) -> RestKind | None:
        played = self.player.play(Step(StepName.RESET, reason))
        try:
            self.note(played)
        except ProgramEndedByCall:
            self.player.app = None
        is_lost = self.player.app is None and played.outcome is StepOutcome.RETURNED
        if is_lost or played.outcome is StepOutcome.CUT:
            self.tell(f"boot {self._boots} ({reason.value}): THE POWER FAILS", "boot")
            return None
        if played.outcome is not StepOutcome.RETURNED:
            self.tell(f"boot {self._boots} ({reason.value}): nothing boots", "boot")
            return RestKind.NOTHING_BOOTS
        return None

    def _run_app(self, reason: ResetReason) -> "ScriptEnd | RestKind":
        """Run the script of what has booted, until its program ends or the device is at rest."""
        setup, label = self.setup, self.player.running or ""
        image = self._image_running()
        version = "" if image is None else image.version
        self.is_online = image is None or image.name != setup.offline
        self._last = label, image
        self.restarts_at = None
        self.queue = EventQueue(self.queue.now)
        self.tell(f"boot {self._boots} ({reason.value}): {label} runs{f', {version}' if version else ''}", "boot")
        script = setup.scripts.get(label, setup.scripts.get(version, setup.script))
        try:
            self._machine = self._made(reason)
            self._machine.start(script, setup.name)
            return self._handle_events()
        except ScriptEnd as end:
            return end
        except ProgramEndedByCall as end:
            if end.outcome is StepOutcome.CUT:
                self.tell(f"call {self.calls[-1].played.number}, {self.calls[-1].played.step}: THE POWER FAILS", "call")
                return ScriptEnd(ResetReason.POWER_ON)
            if end.outcome is StepOutcome.HUNG:
                return RestKind.HUNG
            is_panic = end.outcome is StepOutcome.PANICKED
            return ScriptEnd(ResetReason.PANIC if is_panic else ResetReason.SOFTWARE)
        except EffortSpent:
            return RestKind.EFFORT_SPENT
        finally:
            self._machine = None
            if self._open_line:
                self.print(b"")

    def _made(self, reason: ResetReason) -> LuaMachine:
        limits, dut = self.setup.limits, self.setup.dut
        device: dict[str, Value] = {"chip": dut.config.chip.value.encode(), "is_online": self.is_online}
        calls = HostCalls(self, reason, self._panics)
        return LuaMachine(self.setup.version, limits.memory, limits.burst, calls.functions(), device)

    def _handle_events(self) -> "ScriptEnd | RestKind":
        machine = self._machine
        assert machine is not None
        while True:
            if self.restarts_at is not None and (self.queue.is_empty or self.queue.next_due > self.restarts_at):
                self.queue.now = max(self.queue.now, self.restarts_at)
                return ScriptEnd(ResetReason.SOFTWARE)
            if self.queue.is_empty:
                return RestKind.NOTHING_PENDING
            if self.queue.next_due > self._horizon:
                self.queue.now = self._horizon
                return self._why_over()
            machine.dispatch(self.queue.take())
            if time.monotonic() > self._until:
                return RestKind.EFFORT_SPENT

    def _image_running(self) -> NamedImage | None:
        app = self.player.app
        return None if app is None else self.setup.dut.image_found(app.running, self.player.board.flash.ask)

    def _outcome(self, rest: RestKind) -> ScriptOutcome:
        app = self.player.app
        running, image = self.player.running, self._image_running()
        if rest is RestKind.RESTARTS:
            running, image = self._last
        state = None
        if app is not None:
            told = app.otaupgrade.info().slots.get(app.running.label, {}).get("state")
            state = told if isinstance(told, str) else None
        later = self.player.fork_off()
        later.play(Step(StepName.RESET))
        next_app = later.app
        next_image = None if next_app is None else self.setup.dut.image_found(next_app.running, later.board.flash.ask)
        return ScriptOutcome(
            rest,
            running,
            None if image is None else image.name,
            state,
            later.running,
            None if next_image is None else next_image.name,
            self._boots,
            self.errors,
        )
