"""What the modules of a script call of the device: flash by otaupgrade, files, time, the server, hashes.

A function returns a tuple of results. It raises LuaError for what the script is to see as an error, and ProgramEnd for
what ends the program, be it a power cut or a restart that the script asked for.
"""

import base64
import binascii
import hashlib
import hmac
import math
from collections.abc import Callable
from typing import Protocol, TypeVar

from ..campaign.history.player import Played, StepOutcome
from ..campaign.history.step import ACCEPT, ROLLBACK
from ..impl.app.otaupgrade import LuaError
from ..impl.program_end import ProgramEnd
from ..model.config import ResetReason
from .device_files import ROOM, DeviceFiles
from .event_queue import EventQueue
from .lua_machine import ForeignValue, HostFunction, LuaVersion, Value
from .script_player import ScriptPlayer
from .script_setup import ScriptSetup
from .update_server import ServerAnswer, answer

_MOST_OPEN = 256
"""Hashes and answers that are open at once."""
_RESET_CODES = {
    ResetReason.POWER_ON: (1, 8),
    ResetReason.SOFTWARE: (2, 19),
    ResetReason.PANIC: (2, 19),
    ResetReason.DEEP_SLEEP: (3, 12),
}
"""node.bootreason(): the raw code, and the reset cause of the ROM plus 7. Source: NodeMCU components/modules/node.c."""


class ScriptEnd(ProgramEnd):
    """The script's program is over: by a reset, or by sleep."""

    def __init__(self, reason: ResetReason, sleeps: int | None = 0) -> None:
        """Take what resets the chip. sleeps: microseconds until then; None: nothing does."""
        super().__init__()
        self.reason = reason
        self.sleeps = sleeps


class ProgramEndedByCall(ProgramEnd):
    """A call of otaupgrade ended the program, as its outcome says."""

    def __init__(self, outcome: StepOutcome) -> None:
        """Take the outcome."""
        super().__init__()
        self.outcome = outcome


class EffortSpent(ProgramEnd):
    """A script had all the instructions, or the time, that it gets."""


class _Digest(Protocol):
    def update(self, data: bytes, /) -> None: ...

    def digest(self) -> bytes: ...


class HostedRun(Protocol):
    """The run that the functions serve."""

    player: ScriptPlayer
    files: DeviceFiles
    queue: EventQueue
    errors: int
    faults_left: int
    is_online: bool

    @property
    def setup(self) -> ScriptSetup:
        """What it started from."""

    def spend(self, instructions: int) -> None:
        """Count instructions; raises EffortSpent."""

    def check_time(self) -> None:
        """Raise ScriptEnd when the simulated time is up."""

    def print(self, text: bytes, ends_line: bool = True) -> None:
        """Take what a script prints. ends_line: what follows is in another line."""

    def tell(self, text: str) -> None:
        """Keep a remark."""

    def note(self, played: Played) -> None:
        """Keep a call."""

    def changing_files(self, change: Callable[[DeviceFiles], bool]) -> bool:
        """Change the files."""

    def restart_later(self, microseconds: int | None) -> None:
        """Plan a restart."""

    def heap_left(self) -> int:
        """Return the bytes of the heap that are free."""


class HostCalls:
    """The functions of one boot."""

    def __init__(self, run: HostedRun, reason: ResetReason, panics: int) -> None:
        """Serve a run. reason: what reset the chip; panics: in a row, before this boot."""
        self._run = run
        self._reason = reason
        self._panics = panics
        self._hashes: dict[int, _Digest] = {}
        self._answers: dict[int, ServerAnswer] = {}
        self._number = 0

    def functions(self) -> dict[str, HostFunction]:
        """Return the functions by the names that the preludes have for them."""
        names = (
            *("tick", "watchdog", "failed", "schedule", "cancel", "print", "write", "now", "clock", "wait", "heap"),
            *("restart", "restart_later", "deep_sleep", "boot_reason", "software_watchdog", "bits"),
            *("ota_commence", "ota_write", "ota_complete", "ota_accept", "ota_rollback", "ota_info"),
            *("file_get", "file_put", "file_remove", "file_rename", "file_list", "file_format", "file_space"),
            *("hash_new", "hash_update", "hash_finalize", "from_hex", "to_base64", "from_base64"),
            *("fetch", "fetch_raw", "read_body"),
        )
        return {name: getattr(self, f"_{name}") for name in names}

    # ---- the program itself

    def _tick(self, instructions: int) -> tuple[Value, ...]:
        self._run.spend(instructions)
        return (0,)

    def _watchdog(self) -> tuple[Value, ...]:
        if not self._run.setup.limits.has_watchdog:
            raise EffortSpent
        self._run.tell("the watchdog resets the chip: a callback never returned")
        raise ScriptEnd(ResetReason.PANIC)

    def _failed(self) -> tuple[Value, ...]:
        self._run.errors += 1
        return ()

    def _schedule(self, microseconds: float) -> tuple[Value, ...]:
        return (self._run.queue.schedule(int(microseconds)),)

    def _cancel(self, number: int) -> tuple[Value, ...]:
        self._run.queue.cancel(number)
        return ()

    def _print(self, text: bytes) -> tuple[Value, ...]:
        self._run.print(text)
        return ()

    def _write(self, text: bytes) -> tuple[Value, ...]:
        self._run.print(text, ends_line=False)
        return ()

    def _now(self) -> tuple[Value, ...]:
        return (self._run.queue.now - self._run.queue.started,)

    def _clock(self) -> tuple[Value, ...]:
        return (self._run.queue.now,)

    def _wait(self, microseconds: Value) -> tuple[Value, ...]:
        self._run.queue.now += max(_whole(microseconds), 0)
        self._run.check_time()
        return ()

    def _heap(self) -> tuple[Value, ...]:
        return (self._run.heap_left(),)

    def _restart(self) -> tuple[Value, ...]:
        raise ScriptEnd(ResetReason.SOFTWARE)

    def _restart_later(self) -> tuple[Value, ...]:
        self._run.errors += 1
        self._run.restart_later(2_000_000)
        return ()

    def _deep_sleep(self, microseconds: Value) -> tuple[Value, ...]:
        asked = _whole(microseconds)
        raise ScriptEnd(ResetReason.DEEP_SLEEP, None if asked <= 0 else asked)

    def _boot_reason(self) -> tuple[Value, ...]:
        raw, cause = _RESET_CODES[self._reason]
        return (raw, cause, self._panics) if cause == 19 else (raw, cause)

    def _software_watchdog(self, seconds: Value) -> tuple[Value, ...]:
        self._run.restart_later(None if _whole(seconds) < 0 else _whole(seconds) * 1_000_000)
        return ()

    @staticmethod
    def _bits(name: bytes, one: Value, other: Value) -> tuple[Value, ...]:
        a, b = _whole(one) & 0xFFFFFFFF, _whole(other)
        signed = a - (1 << 32) if a >> 31 else a
        value = {
            b"and": lambda: a & b,
            b"or": lambda: a | b,
            b"xor": lambda: a ^ b,
            b"lshift": lambda: a << (b & 31),
            b"rshift": lambda: a >> (b & 31),
            b"arshift": lambda: signed >> (b & 31),
        }[name]() & 0xFFFFFFFF
        return (value - (1 << 32) if value >> 31 else value,)

    # ---- otaupgrade

    def _ota_commence(self, *_: Value) -> tuple[Value, ...]:
        return self._called(self._run.player.commence())

    def _ota_write(self, *arguments: Value) -> tuple[Value, ...]:
        if arguments and isinstance(arguments[0], int | float) and not isinstance(arguments[0], bool):
            arguments = (_text_of_number(arguments[0], self._run.setup.version),)
        return self._called_with(self._run.player.write, arguments)

    def _ota_complete(self, *arguments: Value) -> tuple[Value, ...]:
        # Lua 5.3 refuses a fraction where 5.1 cuts it off: after all is done, as for any other argument.
        is_fraction = self._run.setup.version is LuaVersion.LUA_53 and arguments and _is_fraction(arguments[0])
        try:
            return self._called_with(self._run.player.complete, (b"",) if is_fraction else arguments)
        except LuaError as error:
            if is_fraction and str(error).startswith("bad argument"):
                text = "bad argument #1 to '?' (number has no integer representation)"
                raise LuaError(text) from None
            raise

    def _ota_accept(self, *_: Value) -> tuple[Value, ...]:
        return self._called(self._run.player.play(ACCEPT))

    def _ota_rollback(self, *_: Value) -> tuple[Value, ...]:
        return self._called(self._run.player.play(ROLLBACK))

    def _ota_info(self) -> tuple[Value, ...]:
        app = self._run.player.app
        assert app is not None
        info = app.otaupgrade.info()
        found: list[Value] = [_text(info.running), _text(info.next)]
        for label, slot in info.slots.items():
            found += [b"", _text(label)]
            for key, value in slot.items():
                found += [key.encode(), _text(value) if isinstance(value, str) else value]
        return tuple(found)

    def _called_with(
        self, play: Callable[[tuple[Value, ...]], Played], arguments: tuple[Value | ForeignValue, ...]
    ) -> tuple[Value, ...]:
        """Make a call; what is neither a string nor a number is refused as a boolean is, by its own name."""
        plain = tuple(value for value in arguments if not isinstance(value, ForeignValue))
        foreign = arguments[0] if arguments and isinstance(arguments[0], ForeignValue) else None
        try:
            return self._called(play(plain if foreign is None else (True,)))
        except LuaError as error:
            if foreign is None:
                raise
            raise LuaError(str(error).replace("got boolean", f"got {foreign.kind}")) from None

    def _called(self, played: Played) -> tuple[Value, ...]:
        """Take a call down; raise what it raised, or that the program is over."""
        self._run.note(played)
        if played.outcome is StepOutcome.RAISED:
            raise LuaError(played.error or "", played.code)
        if played.outcome is not StepOutcome.RETURNED:
            raise ProgramEndedByCall(played.outcome)
        return ()

    # ---- files

    def _file_get(self, name: bytes) -> tuple[Value, ...]:
        return (self._run.files.get(name),)

    def _file_put(self, name: bytes, contents: bytes) -> tuple[Value, ...]:
        return (self._run.changing_files(lambda files: files.put(name, contents)),)

    def _file_remove(self, name: bytes) -> tuple[Value, ...]:
        self._run.changing_files(lambda files: files.remove(name))
        return ()

    def _file_rename(self, old: bytes, new: bytes) -> tuple[Value, ...]:
        return (self._run.changing_files(lambda files: files.rename(old, new)),)

    def _file_list(self) -> tuple[Value, ...]:
        return tuple(value for pair in self._run.files.sizes() for value in pair)

    def _file_format(self) -> tuple[Value, ...]:
        self._run.changing_files(DeviceFiles.format)
        return ()

    def _file_space(self) -> tuple[Value, ...]:
        used = self._run.files.used
        return ROOM - used, used, ROOM

    # ---- hashes and texts

    def _hash_new(self, algorithm: bytes, key: bytes, is_keyed: bool) -> tuple[Value, ...]:
        name = algorithm.decode("latin-1").lower()
        if name not in ("md5", "sha1", "sha224", "sha256", "sha384", "sha512"):
            return (-1,)
        return (_opened(self._hashes, self._next(), hmac.new(key, digestmod=name) if is_keyed else hashlib.new(name)),)

    def _hash_update(self, number: int, data: bytes) -> tuple[Value, ...]:
        _found(self._hashes, number).update(data)
        return ()

    def _hash_finalize(self, number: int) -> tuple[Value, ...]:
        digest = _found(self._hashes, number).digest()
        del self._hashes[number]
        return (digest,)

    @staticmethod
    def _from_hex(text: Value) -> tuple[Value, ...]:
        return (_decoded(text, binascii.unhexlify, "hex"),)

    @staticmethod
    def _to_base64(data: Value) -> tuple[Value, ...]:
        return (base64.b64encode(_bytes(data)),)

    @staticmethod
    def _from_base64(text: Value) -> tuple[Value, ...]:
        return (_decoded(text, lambda data: base64.b64decode(data, validate=True), "base64"),)

    # ---- the server

    def _fetch(self, method: bytes, url: bytes, headers: bytes, body: bytes) -> tuple[Value, ...]:
        found = self._asked(method, url, headers)
        if found is None:
            return (-1,)
        lines = "".join(f"{name}: {value}\r\n" for name, value in found.headers.items())
        return _opened(self._answers, self._next(), found), found.status, lines.encode()

    def _fetch_raw(self, method: bytes, url: bytes, headers: bytes, body: bytes) -> tuple[Value, ...]:
        found = self._asked(method, url, headers)
        if found is None:
            return (-1,)
        head = len(found.raw()) - len(found.body)
        found.stalls_at = None if found.stalls_at is None else found.stalls_at + head
        found.body = found.raw()
        return (_opened(self._answers, self._next(), found),)

    def _asked(self, method: bytes, url: bytes, headers: bytes) -> ServerAnswer | None:
        run = self._run
        if not run.is_online:
            return None
        lines = (line.partition(":") for line in headers.decode("latin-1").splitlines())
        asked = {name.strip().lower(): value.strip() for name, _, value in lines}
        found = answer(run.setup.server, method.decode("latin-1"), url.decode("latin-1"), asked, run.faults_left > 0)
        if found.is_faulty:
            run.faults_left = 0
        return found

    def _read_body(self, number: int, size: int) -> tuple[Value, ...]:
        piece, is_stalled = _found(self._answers, number).read(max(1, min(_whole(size), 1 << 16)))
        if piece is None:
            self._answers.pop(number, None)
        return piece, (b"stalled" if is_stalled else b"")

    def _next(self) -> int:
        self._number += 1
        return self._number


_T = TypeVar("_T")


def _opened(table: dict[int, _T], number: int, thing: _T) -> int:
    """Keep something under a number; of too many the oldest is closed."""
    if len(table) >= _MOST_OPEN:
        del table[next(iter(table))]
    table[number] = thing
    return number


def _found(table: dict[int, _T], number: int) -> _T:
    if number not in table:
        raise LuaError("it is closed")
    return table[number]


def _bytes(value: Value) -> bytes:
    if isinstance(value, bytes):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return b"%.14g" % value
    raise LuaError("bad argument #1 to '?' (string expected)")


def _decoded(text: Value, decode: Callable[[bytes], bytes], kind: str) -> bytes:
    try:
        return decode(_bytes(text))
    except ValueError:
        raise LuaError(f"Invalid {kind} string") from None


def _text(value: str | None) -> Value:
    return None if value is None else value.encode("latin-1", "replace")


def _whole(value: Value) -> int:
    """Return a number of Lua as a whole one; anything that is none is an error of the script."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise LuaError("bad argument #1 to '?' (number expected)")
    try:
        return max(-(1 << 62), min(int(value), 1 << 62))
    except (OverflowError, ValueError):
        return 0


def _is_fraction(value: Value) -> bool:
    """Tell whether an argument is a number, or a numeral, that is not whole."""
    try:
        number = float(value) if isinstance(value, bytes | float) else 0.0
    except ValueError:
        return False
    return not math.isfinite(number) or number != int(number)


def _text_of_number(value: float, version: LuaVersion) -> bytes:
    """Return a number as Lua makes a string of it: 5.3 tells whole floats from integers."""
    text = b"%.14g" % value
    is_whole_float = version is LuaVersion.LUA_53 and isinstance(value, float) and text.lstrip(b"-").isdigit()
    return text + b".0" if is_whole_float else text
