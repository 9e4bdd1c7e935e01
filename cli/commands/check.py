"""`otaproof check`: run an upgrade, pull the plug at every flash step, say what boots and what that breaks."""

import argparse
from pathlib import Path

from rich.console import Console

from ...analysis.results.check_result import check_result
from ...analysis.upgrade_check import CheckReport, check_upgrade
from ...campaign.device_under_test import DEFAULT_CHUNK
from ...campaign.upgrade.cut_table import write_cut_table
from ...errors import InputError
from ...impl.chip.chips import CHIPS
from ...model.claims.claims import Verdict
from ...model.config import Release
from ...model.fault_model import FaultModel
from ...project.device_builder import DeviceFiles, build_device
from ...project.files import read_table, write_file
from ...project.image_evidence import release_hints, target_hint
from ...project.option_reader import Setting
from ...project.project import Project, load_project, project_table, stale_table_note
from ...project.sdkconfig import Option, Sdkconfig, given_options
from ...project.settings import ReleaseHints, Settings, read_settings
from ..exit_code import ExitCode
from ..reports.check_report import print_check
from ..reports.json_text import json_text
from ..reports.progress_bar import progress_bar


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the sub-command."""
    parser = subparsers.add_parser(
        "check",
        help="cut the power at every flash step of an upgrade and check every claim",
        description=(
            "Runs an upgrade on a simulated board that behaves byte for byte as ESP-IDF, cuts the power at every "
            "flash step in every way the fault model admits, boots, and checks what is promised."
        ),
        epilog="Exit codes: 0 all claims hold, 1 one is violated, 2 bad usage or input, 3 inconclusive.",
    )
    parser.add_argument("project", metavar="PROJECT", nargs="?", type=Path, help="directory of an ESP-IDF project")
    device = parser.add_argument_group("the device")
    device.add_argument("--partitions", metavar="FILE", type=Path, help="partition table, CSV or binary")
    device.add_argument("--running", metavar="FILE", type=Path, help="image that runs when the upgrade begins")
    device.add_argument("--update", metavar="FILE", type=Path, help="image that the upgrade brings")
    device.add_argument("--otadata", metavar="FILE", type=Path, help="otadata partition, 8192 bytes; blank otherwise")
    device.add_argument("--flash", metavar="DUMP", type=Path, help="whole flash, as esptool read-flash writes it")
    device.add_argument("--efuse", metavar="N", type=int, default=0, help="secure version in the eFuse (0)")
    config = parser.add_argument_group("its configuration")
    config.add_argument("--rollback", action=argparse.BooleanOptionalAction, help="app rollback in both builds")
    config.add_argument("--anti-rollback", action=argparse.BooleanOptionalAction, help="anti-rollback in both builds")
    config.add_argument("--idf", metavar="RELEASE", help="ESP-IDF release of the application, such as 5.1")
    config.add_argument("--bootloader-idf", metavar="RELEASE", help="ESP-IDF release of the bootloader (as --idf)")
    config.add_argument("--chip", metavar="NAME", help="IDF_TARGET, such as esp32s3")
    config.add_argument("--table-offset", metavar="ADDRESS", help="offset of the partition table, such as 0x8000")
    config.add_argument(
        "--config", metavar="CONFIG_X=V", action="append", default=[], help="any other sdkconfig option (repeatable)"
    )
    sweeping = parser.add_argument_group("the sweep")
    sweeping.add_argument("--chunk", metavar="BYTES", type=int, default=DEFAULT_CHUNK, help="bytes for each write()")
    sweeping.add_argument(
        "--faults", choices=[model.name for model in FaultModel], default="F1", help="how a cut can damage (F1)"
    )
    sweeping.add_argument("--seed", metavar="N", type=int, default=0, help="chooses the samples of F2 and F3 (0)")
    sweeping.add_argument(
        "--proofs",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="say as well what is proved of a device like this one (on)",
    )
    output = parser.add_argument_group("the output")
    output.add_argument("--json", action="store_true", help="print one JSON object instead of text")
    output.add_argument("--out", metavar="FILE", type=Path, help="write the JSON object to a file as well")
    output.add_argument("--cuts", metavar="FILE", type=Path, help="write every cut point, .csv or .csv.gz")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Check; return the exit code of the verdicts."""
    _check_options(options)
    settings, files, notes = _inputs(options)
    is_size_chosen = not any(_is_free_flash_size(setting) for setting in settings.settings)
    device = build_device(settings.config, settings.flash_size if is_size_chosen else None, files)
    chosen = [setting for setting in settings.settings if _matters(setting, options)]
    rested_on = (*chosen, *device.settings)
    notes = [*(f"{setting.name}: {setting.value}" for setting in settings.not_modelled), *notes]
    report = check_upgrade(
        device.world, FaultModel[options.faults], options.seed, rested_on, tuple(notes), options.proofs, progress_bar
    )
    result = check_result(report)
    if options.cuts is not None:
        _write_cuts(options.cuts, report)
    if options.out is not None:
        write_file(options.out, json_text(result).encode())
    if options.json:
        print(json_text(result), end="")
    else:
        print_check(Console(highlight=False), result)
    return exit_code(report)


def exit_code(report: CheckReport) -> ExitCode:
    """Return what the verdicts come to."""
    verdicts = {result.verdict for result in report.claims}
    if Verdict.VIOLATED in verdicts:
        return ExitCode.VIOLATED
    return ExitCode.INCONCLUSIVE if Verdict.INCONCLUSIVE in verdicts else ExitCode.HOLDS


def _inputs(options: argparse.Namespace) -> tuple[Settings, DeviceFiles, list[str]]:
    """Return the configuration, the files and notes on them, the command line going before the project."""
    project = None if options.project is None else load_project(options.project, options.running, options.update)
    running = options.running or (project.running if project else None)
    said = Sdkconfig() if project is None else project.sdkconfig
    settings = read_settings(_target(running).overlaid(said, *_given(options)), _hints(options, project))
    notes: list[str] = []
    files = DeviceFiles(
        table=None,
        running=running,
        update=options.update or (project.update if project else None),
        otadata=options.otadata or (project.otadata if project else None),
        dump=options.flash,
        chunk=options.chunk,
        efuse_version=options.efuse,
    )
    config = settings.config
    if options.flash is not None:
        return settings, files, notes
    if options.partitions is not None:
        files.table = read_table(options.partitions, config.table_offset, CHIPS[config.chip].bootloader_offset)
    elif project is not None:
        files.table = project_table(project, settings)
        note = stale_table_note(project, settings, files.table)
        notes += [] if note is None else [note]
    else:
        raise InputError("no partition table: give a project, --partitions or --flash")
    return settings, files, notes


def _target(running: Path | None) -> Sdkconfig:
    """Return the chip that the running image is built for, to go by where nobody names one."""
    hint = None if running is None else target_hint(running)
    return Sdkconfig({} if hint is None else {hint.name: hint})


def _given(options: argparse.Namespace) -> list[Sdkconfig]:
    """Return what the command line says of options, by the argument that says it."""
    given = []
    for argument, name, value in (
        ("--rollback", "BOOTLOADER_APP_ROLLBACK_ENABLE", options.rollback),
        ("--anti-rollback", "BOOTLOADER_APP_ANTI_ROLLBACK", options.anti_rollback),
    ):
        if value is not None:
            given.append(given_options([f"CONFIG_{name}={'y' if value else 'n'}"], _spelled(argument, value)))
    if options.anti_rollback and options.rollback is None:
        given.insert(0, given_options(["CONFIG_BOOTLOADER_APP_ROLLBACK_ENABLE=y"], "--anti-rollback"))
    if options.chip is not None:
        given.append(given_options([f'CONFIG_IDF_TARGET="{options.chip}"'], "--chip"))
    if options.table_offset is not None:
        given.append(given_options([f"CONFIG_PARTITION_TABLE_OFFSET={options.table_offset}"], "--table-offset"))
    return [*given, given_options(options.config, "--config")]


def _hints(options: argparse.Namespace, project: Project | None) -> ReleaseHints:
    """Return what tells of the releases; without --bootloader-idf the bootloader is as old as the application."""
    found = ReleaseHints() if project is None else project.hints
    image = release_hints(options.running, None)
    app = () if options.idf is None else (_release("--idf", options.idf),)
    bootloader = app if options.bootloader_idf is None else (_release("--bootloader-idf", options.bootloader_idf),)
    return ReleaseHints((*app, *image.app, *found.app), (*bootloader, *found.bootloader, *image.bootloader))


def _release(argument: str, text: str) -> Option:
    try:
        Release.parse(text)
    except ValueError as error:
        raise InputError(f"{argument}: {error}") from None
    return Option("ESP-IDF release", text, argument)


def _spelled(argument: str, value: bool) -> str:
    return argument if value else f"--no-{argument.removeprefix('--')}"


def _is_free_flash_size(setting: Setting) -> bool:
    """Tell whether it is the flash size, and nobody chose it: then the table decides."""
    return setting.name == "CONFIG_ESPTOOLPY_FLASHSIZE" and setting.origin.assumed


def _matters(setting: Setting, options: argparse.Namespace) -> bool:
    """Tell whether the result of a check rests on a setting; files of the command line replace some."""
    if setting.name in ("CONFIG_BOOTLOADER_FACTORY_RESET", "CONFIG_BOOTLOADER_APP_TEST"):
        return False  # no pin is held in a check
    has_table = options.partitions is not None or options.flash is not None
    if has_table and setting.name in ("partition table", "CONFIG_PARTITION_TABLE_CUSTOM_FILENAME"):
        return False
    return not _is_free_flash_size(setting)


def _check_options(options: argparse.Namespace) -> None:
    """Refuse numbers out of range, and output that has no place to go, before any work."""
    if not 1 <= options.chunk <= 1 << 24:
        raise InputError(f"--chunk: {options.chunk} bytes; want 1 … 16777216")
    if options.seed < 0:
        raise InputError(f"--seed: {options.seed}; want 0 or more")
    if not 0 <= options.efuse <= 32:
        raise InputError(f"--efuse: {options.efuse}; want 0 … 32")
    for argument, path in (("--out", options.out), ("--cuts", options.cuts)):
        if path is not None and not path.parent.is_dir():
            raise InputError(f"{argument}: {path.parent} is no directory; create it first")
    if options.cuts is not None and not options.cuts.name.endswith((".csv", ".csv.gz")):
        raise InputError(f"--cuts: {options.cuts.name} must end in .csv or .csv.gz")


def _write_cuts(path: Path, report: CheckReport) -> None:
    try:
        write_cut_table(path, report.world, report.setting, report.upgrade)
    except OSError as error:
        raise InputError(f"--cuts: {path}: cannot be written: {error.strerror or error}") from None
