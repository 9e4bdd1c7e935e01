"""What `otaproof fuzz` prints: each finding with its history and token, and what was run."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console

from ...analysis.fuzz_findings import FuzzReport, ReportedFinding
from ...campaign.fuzz.findings import DIVERGENCE, Findings, scope_class
from ...model.claims.claims import claim


@contextmanager
def fuzz_progress() -> Iterator[Callable[[Findings], None]]:
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


def print_report(report: FuzzReport) -> None:
    """Print the findings, and what was run."""
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


def as_json(report: FuzzReport) -> dict[str, Any]:
    """Return what was found as one JSON object."""
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
        "findings": [finding_as_json(item) for item in report.reported],
    }


def finding_as_json(item: ReportedFinding) -> dict[str, Any]:
    """Return one finding as one JSON object."""
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
