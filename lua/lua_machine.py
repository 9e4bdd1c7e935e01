"""A Lua machine for scripts of strangers: Lua 5.1 or 5.3 through lupa, with nothing of this process in reach.

What keeps a script in: the globals are cleared but for what is named here; each function of the host is wrapped in one
of Lua, so that no script holds a value of Python; only texts are loaded, no bytecode; a hook counts instructions, in
every coroutine; and the memory of the machine is bounded. The chunks of prelude/ do it, in the machine itself.
"""

import importlib
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from pathlib import Path
from types import ModuleType
from typing import Any

from ..impl.app.otaupgrade import LuaError
from ..interrupts import await_raised, is_stopping

Value = bytes | int | float | bool | None
"""What crosses between a script and the host: a Lua value that is no table and no function."""


@dataclass(frozen=True, slots=True)
class ForeignValue:
    """A Lua value that does not cross: a table, a function, a thread."""

    kind: str


HostFunction = Callable[..., tuple[Value, ...]]
"""A function that a script can call; it raises LuaError, or what ends the program."""
PRELUDES = ("sandbox", "patterns", "device_modules", "file_modules", "net_modules")
_PLAIN = (bytes, int, float, type(None))
_STEP = 1000
"""Instructions between two looks at what was used."""
KEPT = (
    *("_G", "_VERSION", "assert", "collectgarbage", "error", "ipairs", "load", "loadstring", "next", "pairs", "pcall"),
    *("rawequal", "rawget", "rawlen", "rawset", "select", "setmetatable", "getmetatable", "tonumber", "tostring"),
    *("type", "unpack", "xpcall", "getfenv", "setfenv", "coroutine", "math", "string", "table", "utf8", "debug"),
)
"""Globals of Lua that stay, some of them in a bounded form."""
_ABSENT = (
    "ads1115 adc apa102 bme280 bthci can coap cron dac dht ds18b20 enduser_setup eromfs espnow eth gdbstub heaptrace "
    "httpd i2c i2s ledc mcpwm mdns mqtt ow perf pipe pixbuf pulsecnt pwm pwm2 qrcodegen rmt rotary rtcfifo rtcmem "
    "sdmmc sigma_delta sntp sodium softuart spi struct touch u8g2 ucg websocket wps"
)
ABSENT = tuple(_ABSENT.split())
"""Modules of NodeMCU that are not simulated: what is asked of them fails by name."""


class LuaVersion(Enum):
    """The two languages of NodeMCU."""

    LUA_51 = "5.1"
    LUA_53 = "5.3"


@lru_cache
def _chunk(name: str) -> bytes:
    return (Path(__file__).parent / "prelude" / f"{name}.lua").read_bytes()


def load_lupa(version: LuaVersion) -> ModuleType:
    """Return the library of that language; raises ModuleNotFoundError where lupa is not installed."""
    return importlib.import_module(f"lupa.lua{version.value.replace('.', '')}")


def _refuse(*_: object) -> None:
    raise AttributeError("a script has no access to the host")


class LuaMachine:
    """One Lua state: what runs between two resets of the chip."""

    def __init__(
        self,
        version: LuaVersion,
        memory: int,
        burst: int,
        host: Mapping[str, HostFunction],
        device: Mapping[str, Value],
    ) -> None:
        """Make the machine. memory: bytes of its heap at most; burst: instructions of one event before the watchdog.

        host: the functions that preludes call; device: what they have to know of it. Raises ModuleNotFoundError where
        lupa is not installed."""
        self.end: BaseException | None = None
        """What ended the program: a reset of the chip, or an error of the host."""
        self._lupa = load_lupa(version)
        # The bytes of the libraries and of the modules are not the script's.
        self._runtime: Any = self._lupa.LuaRuntime(
            encoding=None,
            register_eval=False,
            register_builtins=False,
            attribute_filter=_refuse,
            unpack_returned_tuples=True,
            max_memory=memory,
        )
        self._runtime.set_max_memory(0)
        self._start, self._dispatch = self._prepare(host, device, burst, memory)
        self._runtime.set_max_memory(self._runtime.get_memory_used(total=True) + memory)
        self._base = self._used

    @property
    def _used(self) -> int:
        return int(self._runtime.get_memory_used(total=True) or 0)

    @property
    def memory_used(self) -> int:
        """Bytes of the heap that the script has taken."""
        return max(self._used - self._base, 0)

    def start(self, text: bytes, name: str) -> None:
        """Run a script."""
        self._call(self._start, text, b"@" + name.encode())

    def dispatch(self, event: int) -> None:
        """Call what the script has for an event."""
        self._call(self._dispatch, event)

    def _call(self, function: Callable[..., object], *arguments: Value) -> None:
        # All that a script does runs protected: what comes out is a lack of memory for what is around it.
        with suppress(self._lupa.LuaError):
            function(*arguments)
        if isinstance(self.end, KeyboardInterrupt):
            await_raised()
        if self.end is not None:
            raise self.end

    def _prepare(
        self, host: Mapping[str, HostFunction], device: Mapping[str, Value], burst: int, memory: int
    ) -> tuple[Callable[..., object], Callable[..., object]]:
        """Run the preludes, set the modules, and clear the globals."""
        runtime, tables = self._runtime, self._runtime.table_from
        functions = tables({name.encode(): self._guarded(function) for name, function in host.items()})
        known = tables({name.encode(): value for name, value in device.items()})
        kit, entry = self._run("sandbox", functions, _STEP, burst, memory)
        self._run("patterns", kit)
        globals_ = runtime.globals()
        modules: dict[bytes, object] = {}
        for name in PRELUDES[2:]:
            modules |= dict(self._run(name, kit, functions, known).items())
        modules[b"node"][b"compile"] = modules.pop(b"compile")  # type: ignore[index]
        absent = {name.encode(): kit[b"absent"](name.encode()) for name in ABSENT}
        keep = {name.encode(): True for name in KEPT}
        entry[b"close"](tables(keep))
        for module, value in {**absent, **modules}.items():
            globals_[module] = value
        return entry[b"start"], entry[b"dispatch"]

    def _kind_of(self, value: object) -> str:
        return str(self._lupa.lua_type(value) or "userdata")

    def _run(self, prelude: str, *arguments: object) -> Any:
        return self._runtime.compile(_chunk(prelude), name=f"={prelude}".encode())(*arguments)

    def _guarded(self, function: HostFunction) -> Callable[..., tuple[Value, ...]]:
        """Return what the preludes call: how it ended comes first, and nothing is raised through Lua."""

        # An interrupt that is raised in here would be an error of Lua, which a script can catch; see interrupts.py.
        def called_by_lua(*arguments: object) -> tuple[Value, ...]:
            try:
                if self.end is None and is_stopping():
                    self.end = KeyboardInterrupt()
                if self.end is not None:
                    return (-2,)
                plain = (
                    value if isinstance(value, _PLAIN) else ForeignValue(self._kind_of(value)) for value in arguments
                )
                results = function(*plain)
            except LuaError as error:
                return -1, str(error).encode("latin-1", "replace")
            except BaseException as end:
                self.end = end
                return (-2,)
            return (len(results), *results)

        return called_by_lua
