"""Scripts on small devices, for the tests of the room lua."""

from dataclasses import replace

from otaproof.campaign.device_under_test import DeviceUnderTest, NamedImage
from otaproof.impl.chip.cells import Cells
from otaproof.impl.image.format import build_image
from otaproof.impl.partitions.partition import Partition
from otaproof.impl.partitions.table import encode_table
from otaproof.lua.lua_machine import LuaVersion
from otaproof.lua.script_run import ScriptOutcome, ScriptRun
from otaproof.lua.script_setup import ScriptLimits, ScriptSetup
from otaproof.lua.update_server import ServedFolder
from otaproof.model.config import Config

TABLE = (
    Partition("nvs", 1, 0x02, 0x9000, 0x4000),
    Partition("otadata", 1, 0x00, 0xD000, 0x2000),
    Partition("ota_0", 0, 0x10, 0x10000, 0x10000),
    Partition("ota_1", 0, 0x11, 0x20000, 0x10000),
)
QUICK = ScriptLimits(burst=2_000_000, instructions=20_000_000, boots=4, memory=1 << 20, seconds=20.0)


def device(size: int = 8192, rollback: bool = True) -> DeviceUnderTest:
    """Return a device that runs version 1.0, and whose update is 2.0."""
    old = build_image(size=size, version="1.0", project_name="NodeMCU", seed=1)
    new = build_image(size=size, version="2.0", project_name="NodeMCU", seed=2)
    cells = Cells.erased(0x40000).with_bytes(0x8000, encode_table(TABLE)).with_bytes(0x10000, old)
    images = (NamedImage("old", old, "1.0"), NamedImage("new", new, "2.0"))
    return DeviceUnderTest(Config(rollback=rollback), TABLE, cells, images, images[1])


def setup_of(script: str, version: LuaVersion = LuaVersion.LUA_51, dut: DeviceUnderTest | None = None) -> ScriptSetup:
    """Return the run of a script, with the update on the server."""
    world = dut or device()
    served = ServedFolder(update=world.update.contents, version=world.update.version)
    return ScriptSetup(world, script.encode("latin-1"), version=version, server=served, limits=QUICK)


def ran(setup: ScriptSetup) -> tuple[list[str], ScriptOutcome]:
    """Run to the end; return what the script printed, and what the device came to."""
    run = ScriptRun(setup)
    outcome = run.run()
    return [line.text for line in run.lines if line.kind == "print"], outcome


def printed(script: str, version: LuaVersion = LuaVersion.LUA_51, **changes: object) -> list[str]:
    """Run a script and return what it printed. changes: of its setup."""
    return ran(replace(setup_of(script, version), **changes))[0]  # type: ignore[arg-type]
