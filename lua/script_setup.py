"""What a run of scripts starts from: the device, its scripts, the language, what is around it, and what it gets."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..campaign.device_under_test import DeviceUnderTest
from .device_files import Contents
from .lua_machine import LuaVersion
from .update_server import ServedFolder


@dataclass(frozen=True, slots=True)
class ScriptLimits:
    """What a run gets."""

    hours: float = 24.0
    """Of simulated time, at most."""
    quiet_hours: float | None = None
    """The device is at rest once flash and files have stayed as they are for so long; None: when the time is up."""
    boots: int = 30
    """At most."""
    burst: int = 20_000_000
    """Instructions of one callback until the watchdog resets the chip."""
    instructions: int = 500_000_000
    """Of the whole run."""
    memory: int = 4 << 20
    """Bytes of the heap of Lua."""
    seconds: float = 60.0
    """Of real time, as the last resort."""
    has_watchdog: bool = True


@dataclass(frozen=True, slots=True)
class ScriptSetup:
    """The device, its scripts, and what is around it."""

    dut: DeviceUnderTest
    script: bytes
    """What each image runs as init.lua."""
    name: str = "init.lua"
    scripts: Mapping[str, bytes] = field(default_factory=dict)
    """By the label of a partition or the version of an image, another script for it."""
    version: LuaVersion = LuaVersion.LUA_51
    server: ServedFolder = field(default_factory=ServedFolder)
    limits: ScriptLimits = field(default_factory=ScriptLimits)
    offline: str | None = None
    """The name of the image that reaches no server; None: each does."""
    files: Contents = ()
    """What the file system holds at first."""
