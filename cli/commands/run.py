"""`otaproof run SCRIPT.lua`: a NodeMCU script on the simulated board, and what power cuts make of it."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from ...errors import InputError
from ...model.fault_model import FaultModel
from ..exit_code import ExitCode
from ..options.build_options import BuildFiles, BuildOptions, Project
from ..options.device_options import AnyPlayedFaults
from ..options.epilogue import epilogue
from ..options.groups import ARGUMENTS, CUTS, DEVICE, INPUTS, OUTPUT
from ..options.output_options import OutputOptions
from ..options.values import Count, File, ReportFolder, above_zero, within

if TYPE_CHECKING:
    from ...analysis.results.script_result import ScriptResult
    from ...analysis.script_check import ScriptReport
    from ...campaign.device_under_test import DeviceUnderTest
    from ...lua.script_setup import ScriptLimits, ScriptSetup
    from ...model.config import Config
    from ...project.inputs import Inputs

EPILOGUE = epilogue(
    "otaproof run init.lua",
    "otaproof run init.lua --sweep",
    "otaproof run init.lua --serve firmware --net truncate:30000",
    "otaproof run init.lua --sweep --report page",
    "otaproof run init.lua --script-for 2.0=next.lua --bad-update",
    "otaproof run init.lua examples/two-slot --lua 5.3 --sweep --faults F2",
    codes={
        0: "the script came to rest; with --sweep, each goal and claim holds, or what breaks it breaks any update",
        1: "an error, or restarts without an end; with --sweep, a goal or a claim is violated",
        2: "bad usage or bad input",
        3: "inconclusive: the script ran out of instructions or time, or an interrupt came",
    },
    names_calls=True,
)
USAGE = "otaproof run [OPTIONS] SCRIPT [PROJECT]"
_SCRIPT = "The script that each image runs as init.lua."
Script = Annotated[Path, Parameter(name="SCRIPT", group=ARGUMENTS, help=_SCRIPT)]


@Parameter(name="*", group=INPUTS)
@dataclass(frozen=True, slots=True, kw_only=True)
class RunInputs(BuildFiles):
    """The device, the scripts, and what is around them."""

    update: File = None
    """Image that the server has (default: the one image in --serve, else one that is made)."""
    image_size: Annotated[str | None, Parameter(metavar="SIZE")] = None
    """Make the images that are not given (default: 96K, where no project or image is given)."""
    otadata: File = None
    """Otadata partition, 8192 bytes (default: blank)."""
    flash: Annotated[Path | None, Parameter(metavar="DUMP")] = None
    """Dump of the whole flash."""
    serve: Annotated[Path | None, Parameter(metavar="DIR")] = None
    """Folder that the server has, under any host name (default: the update for *.bin, its version for *.txt, its
    digest for *.sha256)."""
    files: Annotated[Path | None, Parameter(metavar="DIR")] = None
    """Folder of files that lie in the device's file system."""
    script_for: Annotated[tuple[str, ...], Parameter(metavar="LABEL=FILE")] = ()
    """Another script for a partition, or for a version of the image that runs (repeatable)."""

    def inputs(self, project: Path | None, build: BuildOptions) -> "Inputs":
        """Return all that the command line says of the device; without any of it, the shipped example."""
        from ...examples.shipped_example import PROJECT
        from ...lua.served_files import only_image

        is_given = any(value is not None for value in (project, self.partitions, self.flash))
        update = self.update
        if update is None and self.serve is not None:
            update = only_image(self.serve)
        named = self.named(project, build)
        if not is_given:
            example = (PROJECT / "sdkconfig", *named.fragments)
            named = replace(named, partitions=PROJECT / "partitions.csv", fragments=example)
        return replace(
            named,
            update=update,
            otadata=self.otadata,
            flash=self.flash,
            image_size=self.image_size or (None if is_given else "96K"),
        )


@Parameter(name="*", group=DEVICE)
@dataclass(frozen=True, slots=True, kw_only=True)
class AroundOptions:
    """Language and limits."""

    lua: Literal["5.1", "5.3"] = "5.1"
    """The language of the build."""
    net: Annotated[tuple[str, ...], Parameter(metavar="FAULT")] = ()
    """What happens to the first download: truncate:BYTES, stall:BYTES, damage:BYTE, duplicate:BYTE, status:CODE; with
    :always to every one (repeatable)."""
    bad_update: bool = False
    """The new image reaches no server."""
    hours: Annotated[float, Parameter(validator=above_zero, metavar="N")] = 24.0
    """Simulated hours that the run gets."""
    boots: Count = 30
    """Boots that the run gets."""
    watchdog: Annotated[bool, Parameter(negative="--no-watchdog")] = True
    """A callback that never returns resets the chip."""
    memory_limit: Annotated[int, Parameter(validator=within(64, 1 << 18), metavar="KIB")] = 4096
    """Heap of Lua."""
    step_limit: Annotated[int, Parameter(validator=within(1, 1 << 20), metavar="MILLIONS")] = 500
    """Instructions of the whole run."""
    time_limit: Annotated[float, Parameter(validator=above_zero, metavar="SECONDS")] = 60.0
    """Real time of a run, as the last resort."""

    def limits(self) -> "ScriptLimits":
        """Return the limits of a run."""
        from ...lua.script_setup import ScriptLimits

        return ScriptLimits(
            hours=self.hours,
            boots=self.boots,
            instructions=self.step_limit * 1_000_000,
            memory=self.memory_limit << 10,
            seconds=self.time_limit,
            has_watchdog=self.watchdog,
        )


@Parameter(name="*", group=CUTS)
@dataclass(frozen=True, slots=True, kw_only=True)
class RunCuts:
    """Where the power fails."""

    sweep: bool = False
    """Cut the power at every flash step and after every call, run the scripts on, and judge goals and claims."""
    faults: AnyPlayedFaults = None
    """What a power cut may leave of a flash operation, F0 to F5 (default: any prefix, F1)."""
    seed: Annotated[int, Parameter(validator=within(0), metavar="N")] = 0
    """Chooses the samples of F2 to F5."""
    cut: Annotated[str | None, Parameter(metavar="CUT")] = None
    """Cut the power once, where a report of --sweep says."""

    def fault_model(self) -> FaultModel | None:
        """Return what cuts may leave; None where none are asked for."""
        if self.sweep:
            return FaultModel.F1 if self.faults is None else self.faults
        if self.faults is not None:
            raise InputError("--faults: goes with --sweep")
        return None


@Parameter(name="*", group=OUTPUT)
@dataclass(frozen=True, slots=True, kw_only=True)
class RunOutput(OutputOptions):
    """Text or JSON, and a page."""

    report: ReportFolder = None
    """Write a page for people, DIR/index.html: the goals, what breaks each claim, step by step."""


def run(
    script: Script,
    project: Project = None,
    /,
    *,
    files: RunInputs = RunInputs(),
    build: BuildOptions = BuildOptions(),
    around: AroundOptions = AroundOptions(),
    cuts: RunCuts = RunCuts(),
    output: RunOutput = RunOutput(),
) -> ExitCode:
    """Run a NodeMCU upgrade script on the simulated board, and cut its power.

    Runs a Lua script unchanged, with otaupgrade, node, file, http, net, tmr and other modules of NodeMCU, on a board
    that behaves byte for byte as ESP-IDF; each reset starts the script of the image that boots. Nothing outside is
    reached: server, files and time are simulated. --sweep tells whether the script is safe.
    """
    from ...analysis.results.script_result import script_result
    from ...analysis.script_check import run_script
    from ...lua.script_player import ScriptCut
    from ...project.device_builder import build_device
    from ...project.input_files import input_files
    from ...project.resolve import resolve
    from ..command_line import command_line
    from ..reports.progress_bar import progress_bar
    from ..reports.script_report import print_script

    faults = cuts.fault_model()
    if cuts.sweep and cuts.cut is not None:
        raise InputError("--cut: goes without --sweep")
    resolved = resolve(files.inputs(project, build))
    device = build_device(resolved, 4096)
    _require_otaupgrade(device.world.config, build)
    report = run_script(
        _setup(script, files, around, device.world),
        (*resolved.values_for_check(), *device.values),
        (*resolved.notes, *device.notes),
        None if cuts.cut is None else ScriptCut.parse(cuts.cut),
        faults,
        cuts.seed,
        progress_bar,
    )
    result = script_result(report, str(script))
    again = _without(command_line(), ("--sweep", "--json"), ("--faults", "--seed", "--out", "--report"))
    output.give(result, lambda: print_script(output.console(), result, again))
    if output.report is not None:
        _give_page(output.report, report, result, (("script", script), *input_files(resolved)))
    if result.is_violated:
        return ExitCode.VIOLATED
    return ExitCode.INCONCLUSIVE if result.is_inconclusive else ExitCode.HOLDS


def _require_otaupgrade(config: "Config", build: BuildOptions) -> None:
    """Refuse a device that brings updates by another library than the script's."""
    from ...model.writers import Updater

    if config.updater is Updater.ESP_IDF:
        return
    if build.updater is not None:
        raise InputError("--updater: a NodeMCU script brings updates by otaupgrade: say esp-idf")
    raise InputError(
        f"--updater: what runs is taken to bring updates by {config.updates.title}; a NodeMCU script brings them by "
        "otaupgrade: add --updater esp-idf"
    )


def _setup(script: Path, files: RunInputs, around: AroundOptions, dut: "DeviceUnderTest") -> "ScriptSetup":
    """Return what a run begins with."""
    from ...lua.lua_machine import LuaVersion
    from ...lua.script_setup import ScriptSetup
    from ...lua.served_files import device_files, read_script, scripts_by_label, served
    from ...lua.update_server import PlannedFault

    return ScriptSetup(
        dut,
        read_script(script),
        script.name,
        scripts_by_label(files.script_for, dut),
        LuaVersion(around.lua),
        served(files.serve, dut.update, tuple(map(PlannedFault.parse, around.net))),
        around.limits(),
        dut.update.name if around.bad_update else None,
        device_files(files.files),
    )


def _give_page(
    folder: Path, report: "ScriptReport", result: "ScriptResult", inputs: tuple[tuple[str, Path], ...]
) -> None:
    from ...analysis.results.script_dossier import script_dossier
    from ..command_line import command_line
    from ..reports.html.page import write_page
    from ..reports.html.script_page import script_page

    write_page(folder, script_page(script_dossier(report, result, inputs, command_line())))


def _without(words: tuple[str, ...], flags: tuple[str, ...], options: tuple[str, ...]) -> tuple[str, ...]:
    """Return the words of a command line without some flags, and without some options and their values."""
    kept: list[str] = []
    is_value = False
    for word in words:
        if not is_value and word not in flags and not word.startswith(tuple(f"{option}=" for option in options)):
            is_value = word in options
            if not is_value:
                kept.append(word)
        else:
            is_value = False
    return tuple(kept)
