"""`otaproof fuzz`: random histories on board and device model in lock step, and what they break."""

import argparse
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

from ...analysis.fuzz_report import FuzzReport, confirmed
from ...analysis.results.fuzz_result import fuzz_result
from ...campaign.fuzz.findings import Findings
from ...campaign.fuzz.fuzz_driver import Fuzz, Limits
from ...campaign.fuzz.generator import MAX_CUTS, Worlds
from ...errors import InputError
from ...model.config import Release
from ...model.device.state import Usage
from ...model.fault_model import FaultModel
from ...project.files import write_file
from ..exit_code import ExitCode
from ..reports.fuzz_summary import print_fuzz
from ..reports.json_text import json_line, json_text

DEFAULT_RUNS = 1000
Progress = Callable[[Findings], None]


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the sub-command."""
    parser = subparsers.add_parser(
        "fuzz",
        help="random histories with up to three power cuts, board and model in lock step",
        description=(
            f"Draws random devices and histories with up to {MAX_CUTS} power cuts, plays them on the board, and lets "
            "the device model and the life-cycle table follow every operation. Tells where the three do not agree, "
            "and which claims are broken: each once for a kind of device, as a history made as short as it gets."
        ),
        epilog="Exit codes: 0 nothing found, 1 a claim is violated, or board and model diverge, 2 bad usage, "
        "3 ended too soon: interrupted, or a process was killed.",
    )
    running = parser.add_argument_group("the runs")
    running.add_argument("--seed", metavar="N", type=int, default=0, help="the same seed finds the same (0)")
    running.add_argument("--runs", metavar="N", type=int, help=f"histories to play ({DEFAULT_RUNS})")
    running.add_argument("--minutes", metavar="M", type=float, help="how long to go on, instead of or beside --runs")
    running.add_argument("--jobs", metavar="N", type=int, default=1, help="processes to run in (1)")
    _add_world_options(parser)
    output = parser.add_argument_group("the output")
    output.add_argument("--json", action="store_true", help="print one JSON object instead of text")
    output.add_argument("--out", metavar="FILE", type=Path, help="write the findings to a file, a JSON object a line")
    parser.set_defaults(run=run)


def _add_world_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of `otaproof explore`; here what is left unsaid of a device is drawn at random."""
    world = parser.add_argument_group("the world", "What is left unsaid is drawn at random, anew for every few runs.")
    world.add_argument("--slots", metavar="N", type=int, help="OTA slots, 1 … 16")
    world.add_argument("--factory", action=argparse.BooleanOptionalAction, help="a factory partition with an image")
    world.add_argument("--rollback", action=argparse.BooleanOptionalAction, help="app rollback in both builds")
    world.add_argument("--anti-rollback", action=argparse.BooleanOptionalAction, help="anti-rollback, too")
    world.add_argument("--versions", metavar="N", type=int, default=3, help="secure versions, 2 … 4 (3)")
    world.add_argument("--idf", metavar="RELEASE", help="ESP-IDF release of the application")
    world.add_argument("--bootloader-idf", metavar="RELEASE", help="ESP-IDF release of the bootloader")
    world.add_argument(
        "--faults", choices=[model.name for model in FaultModel], default="F3", help="how a cut can damage (F3)"
    )
    world.add_argument(
        "--usage", choices=[usage.value for usage in Usage], default="any", help="how the calls are used (any)"
    )


def run(options: argparse.Namespace) -> int:
    """Fuzz; return the exit code of what was found."""
    worlds, limits = _worlds(options), _limits(options)
    if options.out is not None and not options.out.parent.is_dir():
        raise InputError(f"--out: {options.out.parent} is no directory; create it first")
    fuzz = Fuzz(options.seed, worlds, limits, options.jobs)
    started = time.monotonic()
    with _progress() as progress:
        fuzz.run(lambda result: progress(fuzz.findings))
        seconds = time.monotonic() - started
        reported = confirmed(fuzz.reported())
    report = FuzzReport(options.seed, worlds, fuzz.findings, reported, fuzz.ended_by, seconds)
    result = fuzz_result(report)
    if options.out is not None:
        lines = (json_line(finding) for finding in result.findings)
        write_file(options.out, "".join(lines).encode())
    if options.json:
        print(json_text(result), end="")
    else:
        print_fuzz(Console(highlight=False), result)
    if result.interrupted:
        return ExitCode.INCONCLUSIVE
    return ExitCode.VIOLATED if result.findings else ExitCode.HOLDS


def _worlds(options: argparse.Namespace) -> Worlds:
    if options.slots is not None and not 1 <= options.slots <= 16:
        raise InputError(f"--slots: {options.slots}; want 1 … 16")
    if not 2 <= options.versions <= 4:
        raise InputError(f"--versions: {options.versions}; want 2 … 4")
    if options.anti_rollback and options.rollback is False:
        raise InputError("--anti-rollback needs rollback, and --no-rollback rules it out")
    return Worlds(
        slots=options.slots,
        has_factory=options.factory,
        rollback=options.rollback,
        anti_rollback=options.anti_rollback,
        app_release=_release("--idf", options.idf),
        bootloader_release=_release("--bootloader-idf", options.bootloader_idf),
        faults=FaultModel[options.faults],
        usage=Usage(options.usage),
        versions=options.versions,
    )


def _release(argument: str, text: str | None) -> Release | None:
    try:
        return None if text is None else Release.parse(text)
    except ValueError as error:
        raise InputError(f"{argument}: {error}") from None


def _limits(options: argparse.Namespace) -> Limits:
    if options.seed < 0:
        raise InputError(f"--seed: {options.seed}; want 0 or more")
    if options.runs is not None and options.runs < 1:
        raise InputError(f"--runs: {options.runs}; want 1 or more")
    if options.minutes is not None and not 0 < options.minutes < float("inf"):
        raise InputError(f"--minutes: {options.minutes}; want more than 0")
    if not 1 <= options.jobs <= 1024:
        raise InputError(f"--jobs: {options.jobs}; want 1 … 1024")
    if options.minutes is None:
        return Limits(DEFAULT_RUNS if options.runs is None else options.runs)
    return Limits(options.runs, 60 * options.minutes)


@contextmanager
def _progress() -> Iterator[Progress]:
    """Give a function that tells how far the runs are, in a line on stderr; without a terminal it does nothing."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda findings: None
        return
    started = time.monotonic()
    with console.status("…") as line:
        yield lambda findings: line.update(_progress_text(findings, time.monotonic() - started))


def _progress_text(findings: Findings, seconds: float) -> str:
    diverged = f", {findings.divergences} DIVERGENCES" if findings.divergences else ""
    return f"{findings.runs:,} runs, {_rate(findings, seconds)}, {len(findings)} findings{diverged}"


def _rate(findings: Findings, seconds: float) -> str:
    return f"{findings.runs / seconds:,.1f} runs/s" if seconds > 0 else "no time at all"
