"""`otaproof fuzz`: random histories on board and device model in lock step, and what they break."""

import argparse
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from ...campaign.fuzz.findings import DIVERGENCE, Finding, Findings, scope_class
from ...campaign.fuzz.fuzz_driver import Fuzz, Limits
from ...campaign.fuzz.generator import MAX_CUTS, Worlds
from ...campaign.history.history_replay import replay_history
from ...campaign.history.history_token import HistoryToken, encode_history_token
from ...campaign.history.player import StepOutcome
from ...errors import InputError
from ...impl.program_end import Panic
from ...model.claims.claims import claim
from ...model.config import Release
from ...model.device.state import Usage
from ...model.fault_model import FaultModel
from ...project.files import write_file
from ..exit_code import ExitCode

DEFAULT_RUNS = 1000
Progress = Callable[[Findings], None]


@dataclass(frozen=True, slots=True)
class Reported:
    """A finding, as it is told."""

    finding: Finding
    token: str
    is_confirmed: bool
    """A replay on the board alone, which does not ask the model, breaks the claim as well."""


@dataclass(frozen=True, slots=True)
class Report:
    """What a fuzz came to."""

    seed: int
    worlds: Worlds
    findings: Findings
    reported: tuple[Reported, ...]
    ended_by: str
    """What ended it too soon, if anything did."""
    seconds: float
    """Of the runs, without the making small."""

    @property
    def exit_code(self) -> ExitCode:
        """Interrupted, or something was found, or nothing was."""
        if self.ended_by:
            return ExitCode.INCONCLUSIVE
        return ExitCode.VIOLATED if self.reported else ExitCode.HOLDS


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
        reported = tuple(_reported(finding) for finding in fuzz.reported())
    report = Report(options.seed, worlds, fuzz.findings, reported, fuzz.ended_by, seconds)
    if options.out is not None:
        lines = (json.dumps(_finding_as_json(item)) + "\n" for item in report.reported)
        write_file(options.out, "".join(lines).encode())
    if options.json:
        print(json.dumps(_as_json(report), indent=2))
    else:
        _print(report)
    return report.exit_code


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


def _reported(finding: Finding) -> Reported:
    if finding.claim_id == DIVERGENCE:
        # What the board does is not beyond doubt, so the token does not say how it ends.
        token = HistoryToken(DIVERGENCE, StepOutcome.CUT, None, finding.history)
        return Reported(finding, encode_history_token(token), is_confirmed=True)
    try:
        played = replay_history(finding.history)
    except (InputError, Panic):
        token = HistoryToken(finding.claim_id, StepOutcome.CUT, None, finding.history)
        return Reported(finding, encode_history_token(token), is_confirmed=False)
    token = HistoryToken(finding.claim_id, played.outcome, played.running, finding.history)
    return Reported(finding, encode_history_token(token), played.breaks(finding.claim_id) is not None)


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


def _print(report: Report) -> None:
    for item in report.reported:
        finding = item.finding
        found_in = f"{scope_class(finding.scope)}, run {finding.index}"
        if finding.claim_id == DIVERGENCE:
            print(f"DIVERGENCE  {found_in}")
            print(f"     {finding.text}")
        else:
            known = claim(finding.claim_id)
            print(f"{known.id} {known.name}  {found_in}")
            if not item.is_confirmed:
                print("     the replay on the board alone does not show it: model and board judge it differently")
        for number, step in enumerate(finding.history.steps, 1):
            print(f"{number:5}  {step}{f': THE POWER FAILS ({step.cut})' if step.cut is not None else ''}")
        print(f"     otaproof replay {item.token}")
        print()
    findings = report.findings
    print(
        f"seed {report.seed}, faults {report.worlds.faults.name}, {report.worlds.usage.value} usage: "
        f"{findings.runs:,} runs of {findings.steps:,} steps with {findings.cuts:,} power cuts "
        f"in {report.seconds:.0f} s, {_rate(findings, report.seconds)}"
    )
    for reason, count in sorted(findings.left_out.items()):
        print(f"{count:,} runs ended early: {reason}, which the model leaves out")
    claims = len(report.reported) - findings.divergences
    print(f"{claims} kinds of violated claims, {findings.divergences} divergences of board and model")
    if report.ended_by:
        print(f"{report.ended_by}; this is what was found so far")


def _as_json(report: Report) -> dict[str, Any]:
    findings = report.findings
    return {
        "seed": report.seed,
        "faults": report.worlds.faults.name,
        "usage": report.worlds.usage.value,
        "runs": findings.runs,
        "steps": findings.steps,
        "cuts": findings.cuts,
        "seconds": round(report.seconds, 3),
        "interrupted": bool(report.ended_by),
        "left_out": findings.left_out,
        "divergences": findings.divergences,
        "findings": [_finding_as_json(item) for item in report.reported],
    }


def _finding_as_json(item: Reported) -> dict[str, Any]:
    finding, config = item.finding, item.finding.history.device.config
    return {
        "claim": finding.claim_id,
        "confirmed": item.is_confirmed,
        "run": finding.index,
        "device": {
            "slots": finding.scope.slots,
            "factory": finding.scope.has_factory,
            "rollback": config.rollback,
            "anti_rollback": config.anti_rollback,
            "idf": config.app_release.label,
            "bootloader_idf": config.bootloader_release.label,
        },
        "faults": finding.history.weakest_model.name,
        "steps": [str(step) if step.cut is None else f"{step}: cut in {step.cut}" for step in finding.history.steps],
        "text": finding.text,
        "token": item.token,
    }
