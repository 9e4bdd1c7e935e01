"""The calls of an upgrade, one by one, as the recorded vectors name them, and the scripts made of them."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from ...impl.app.otaupgrade import LuaError
from ...impl.board import App, Board
from ...impl.program_end import Panic, Restart
from ..device_under_test import World


class CallName(Enum):
    """The calls of a script."""

    POWER_ON = "power_on"
    COMMENCE = "commence"
    WRITE = "write"
    COMPLETE = "complete"
    ACCEPT = "accept"
    ROLLBACK = "rollback"


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a script."""

    index: int
    """Place in the script; 0 is the first power-on."""
    name: CallName
    offset: int = 0
    """WRITE: first byte of the image."""
    length: int = 0
    """WRITE: bytes of the image."""

    def __str__(self) -> str:
        """Name the call with what is written."""
        if self.name is CallName.WRITE:
            return f"write(bytes {self.offset} … {self.offset + self.length - 1})"
        return "complete(1)" if self.name is CallName.COMPLETE else f"{self.name.value}()"


class ScriptFailed(Exception):
    """A call of a script did not do what the script needs; the message says which and why."""


class Scenario(Enum):
    """The scripts that a check plays."""

    UPGRADE = "upgrade"
    """A whole upgrade, accepted: power_on, commence, write …, complete(1), power_on, accept, power_on."""
    UPGRADE_AGAIN = "upgrade-again"
    """After that a second upgrade, as in a device that has been in the field for a while."""
    ROLLBACK = "rollback"
    """After the first upgrade, rollback() and a power_on."""


def script_of(scenario: Scenario, world: World) -> tuple[Call, ...]:
    """Return the calls of a scenario, with the world's update and chunk size."""
    upgrade = [
        (CallName.COMMENCE, 0, 0),
        *((CallName.WRITE, at, length) for at, length in _chunks(world)),
        (CallName.COMPLETE, 0, 0),
        (CallName.POWER_ON, 0, 0),
        (CallName.ACCEPT, 0, 0),
        (CallName.POWER_ON, 0, 0),
    ]
    names = [(CallName.POWER_ON, 0, 0), *upgrade]
    if scenario is Scenario.UPGRADE_AGAIN:
        names += upgrade
    if scenario is Scenario.ROLLBACK:
        names += [(CallName.ROLLBACK, 0, 0), (CallName.POWER_ON, 0, 0)]
    return tuple(Call(index, name, offset, length) for index, (name, offset, length) in enumerate(names))


def first_call_of_interest(scenario: Scenario, world: World) -> int:
    """Return the number of the call from which on a scenario is more than the plain upgrade."""
    return 0 if scenario is Scenario.UPGRADE else len(script_of(Scenario.UPGRADE, world))


def _chunks(world: World) -> Iterator[tuple[int, int]]:
    """Yield (offset, length) of each write()."""
    size = len(world.update.contents)
    for at in range(0, size, world.chunk):
        yield at, min(world.chunk, size - at)


def play(call: Call, board: Board, app: App | None, world: World) -> App | None:
    """Make one call and return the application that runs after it, None when the device is off.

    Raises ScriptFailed when the call raises an error, or nothing boots; PowerCut passes through."""
    if call.name is CallName.POWER_ON:
        return boot(call, board)
    if app is None:
        raise ScriptFailed(f"call {call.index}, {call}: the device is off")
    try:
        match call.name:
            case CallName.COMMENCE:
                app.otaupgrade.commence()
            case CallName.WRITE:
                app.otaupgrade.write(world.update.contents[call.offset : call.offset + call.length])
            case CallName.COMPLETE:
                app.otaupgrade.complete(1)
            case CallName.ACCEPT:
                app.otaupgrade.accept()
            case CallName.ROLLBACK:
                app.otaupgrade.rollback()
    except Restart:
        return None
    except LuaError as error:
        raise ScriptFailed(f"call {call.index}, {call}: {error}") from None
    except Panic:
        raise ScriptFailed(f"call {call.index}, {call}: the application panics") from None
    return app


def boot(call: Call, board: Board) -> App:
    """Switch the board on; raises ScriptFailed when nothing boots."""
    try:
        app = board.power_on()
    except Panic:
        raise ScriptFailed(f"call {call.index}, {call}: the bootloader panics") from None
    if app is None:
        raise ScriptFailed(f"call {call.index}, {call}: nothing boots")
    return app
