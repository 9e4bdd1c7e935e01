"""`otaproof check`: run an upgrade, pull the plug at every flash step, say what boots and what that breaks."""

import argparse
import json
from pathlib import Path

from rich.console import Console

from ...analysis.upgrade_check import Report, check_upgrade
from ...campaign.device_under_test import DEFAULT_CHUNK
from ...campaign.upgrade.cut_table import write_cut_table
from ...errors import InputError
from ...model.claims.claims import Verdict
from ...model.fault_model import FaultModel
from ...project.device_builder import build_device
from ...project.files import write_file
from ...project.inputs import Inputs
from ...project.resolve import resolve
from ..exit_code import ExitCode
from ..reports.check_report import as_json, print_board, print_report
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
    parser.add_argument(
        "subject", metavar="PROJECT", nargs="?", type=Path,
        help="directory of a project or a build (ESP-IDF, PlatformIO, Arduino, ESPHome), of the files of a release, or "
        "a dump of the whole flash",
    )  # fmt: skip
    device = parser.add_argument_group("the device")
    device.add_argument("--partitions", metavar="FILE", type=Path, help="partition table, CSV or binary")
    device.add_argument(
        "--running", metavar="FILE", type=Path, help="image that runs when the upgrade begins, or the folder of it"
    )
    device.add_argument(
        "--update", metavar="FILE", type=Path, help="image that the upgrade brings, or the folder of it"
    )
    device.add_argument("--bootloader", metavar="FILE", type=Path, help="image of the bootloader")
    device.add_argument("--image-size", metavar="SIZE", help="make the images that are not given, such as 1.2M")
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
    resolved = resolve(_inputs(options))
    device = build_device(resolved, options.chunk)
    rested_on = (*resolved.values_for_check(), *device.values)
    not_modelled = (f"{value.name}: {value.value}" for value in resolved.settings.not_modelled)
    notes = [*not_modelled, *resolved.warnings, *device.notes]
    text = Console(stderr=options.json, highlight=False)
    print_board(text, device.world, rested_on, notes)
    report = check_upgrade(
        device.world, FaultModel[options.faults], options.seed, rested_on, tuple(notes), options.proofs, progress_bar
    )
    if options.cuts is not None:
        _write_cuts(options.cuts, report)
    if options.out is not None:
        write_file(options.out, (json.dumps(as_json(report), indent=2) + "\n").encode())
    if options.json:
        print(json.dumps(as_json(report), indent=2))
    else:
        print_report(text, report)
    return exit_code(report)


def exit_code(report: Report) -> ExitCode:
    """Return what the verdicts come to."""
    verdicts = {result.verdict for result in report.claims}
    if Verdict.VIOLATED in verdicts:
        return ExitCode.VIOLATED
    return ExitCode.INCONCLUSIVE if Verdict.INCONCLUSIVE in verdicts else ExitCode.HOLDS


def _inputs(options: argparse.Namespace) -> Inputs:
    """Return what the command line says of the device."""
    return Inputs(
        subject=options.subject,
        partitions=options.partitions,
        running=options.running,
        update=options.update,
        bootloader=options.bootloader,
        otadata=options.otadata,
        flash=options.flash,
        image_size=options.image_size,
        rollback=options.rollback,
        anti_rollback=options.anti_rollback,
        app_release=options.idf,
        bootloader_release=options.bootloader_idf,
        chip=options.chip,
        table_offset=options.table_offset,
        options=tuple(options.config),
        efuse_version=options.efuse,
    )


def _check_options(options: argparse.Namespace) -> None:
    """Refuse numbers out of range, and output that has no place to go, before any work."""
    if not 1 <= options.chunk <= 1 << 24:
        raise InputError(f"--chunk: {options.chunk} bytes; want 1 … 16777216")
    if options.seed < 0:
        raise InputError(f"--seed: {options.seed}; want 0 or more")
    for argument, path in (("--out", options.out), ("--cuts", options.cuts)):
        if path is not None and not path.parent.is_dir():
            raise InputError(f"{argument}: {path.parent} is no directory; create it first")
    if options.cuts is not None and not options.cuts.name.endswith((".csv", ".csv.gz")):
        raise InputError(f"--cuts: {options.cuts.name} must end in .csv or .csv.gz")


def _write_cuts(path: Path, report: Report) -> None:
    try:
        write_cut_table(path, report.world, report.upgrade)
    except OSError as error:
        raise InputError(f"--cuts: {path}: cannot be written: {error.strerror or error}") from None
