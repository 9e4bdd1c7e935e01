"""What `otaproof check` prints: the board it built, the verdicts, the traces; as text or as JSON."""

import textwrap
from collections.abc import Iterable
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from ...analysis.model_verdicts import Proofs, proof_json, proof_text
from ...analysis.upgrade_check import SAMPLED_FROM, Report, token_of
from ...campaign.device_under_test import World
from ...campaign.upgrade.claim_results import ClaimResult, Violation
from ...campaign.upgrade.script import Scenario
from ...model.claims.claims import Verdict
from ...model.claims.left_out import left_out_line
from ...model.device.state import Usage
from ...project.option_reader import ConfigValue
from .left_out_report import left_out_json

_STYLES = {
    Verdict.HOLDS: "green",
    Verdict.VIOLATED: "bold red",
    Verdict.NOT_APPLICABLE: "dim",
    Verdict.INCONCLUSIVE: "yellow",
}
_VALUE_WIDTH = 24


def print_board(console: Console, world: World, settings: Iterable[ConfigValue], notes: Iterable[str]) -> None:
    """Say what board was built, and which value was assumed and why."""
    console.print("[bold]Board[/bold]")
    rows = [(s.name.removeprefix("CONFIG_"), s.value, str(s.origin), s.origin.assumed) for s in settings]
    for partition in world.table:
        if partition.is_app:
            image = world.image_in(world.cells, partition)
            held = "empty" if image is None else f"holds {image.name}"
            place = f"0x{partition.offset:x}, 0x{partition.size:x} bytes"
            rows.append((f"partition {partition.label}", held, place, False))
    name_width = max(len(name) for name, _, _, _ in rows)
    value_width = min(_VALUE_WIDTH, max(len(value) for _, value, _, _ in rows))
    for name, value, origin, is_assumed in rows:
        line = f"  {name:{name_width}}  {value:{value_width}}  {origin}"
        console.print(line, style="yellow" if is_assumed else None, markup=False, soft_wrap=True)
    for note in notes:
        console.print(f"  note: {note}", style="yellow", soft_wrap=True)


def print_report(console: Console, report: Report) -> None:
    """Print the sweep's numbers, a line for each claim, and the replay line of each violated one."""
    size = len(report.world.update.contents)
    console.print()
    console.print(
        f"[bold]Upgrade[/bold]  {report.setting.previous} → {report.setting.target}, {size:,} bytes in chunks of "
        f"{report.world.chunk:,}: {report.micro_steps:,} flash micro-steps",
        highlight=False,
    )
    for name, result in report.sweeps.items():
        state = "" if result.is_complete else "  [yellow]interrupted[/yellow]"
        console.print(
            f"  {name:14} {result.cuts:>12,} cut points decided, {result.distinct_futures:>6,} distinct states{state}",
            highlight=False,
        )
    console.print(f"  faults {report.faults.name}, seed {report.seed}, {report.seconds:.1f} s", highlight=False)
    console.print()
    console.print(_claims_table(report))
    if isinstance(report.proofs, Proofs):
        console.print(f"[dim] proved or refuted for every history of: {report.proofs.title}[/]", soft_wrap=True)
        left_out = left_out_line(report.faults, Usage.PROPER)
        console.print(f"[dim] {escape(left_out)}[/]", highlight=False, soft_wrap=True)
    else:
        console.print(f"[dim] no proofs: {escape(report.proofs)}[/]", soft_wrap=True)
    for found in report.claims:
        if found.shortest is not None:
            _print_trace(console, report, found, found.shortest)


def as_json(report: Report) -> dict[str, Any]:
    """Return the report as one JSON object."""
    world, config = report.world, report.world.config
    return {
        "config": {setting.name: setting.value for setting in report.settings}
        | {
            "rollback": config.rollback,
            "anti_rollback": config.anti_rollback,
            "idf": config.app_release.label,
            "bootloader_idf": config.bootloader_release.label,
            "chip": config.chip.value,
            "table_offset": config.table_offset,
            "chunk": world.chunk,
        },
        "assumed": {s.name: str(s.origin) for s in report.settings if s.origin.assumed},
        "notes": list(report.notes),
        "layout": [
            {"label": p.label, "type": p.type, "subtype": p.subtype, "offset": p.offset, "size": p.size}
            for p in world.table
        ],
        "upgrade": {
            "from": report.setting.previous,
            "to": report.setting.target,
            "micro_steps": report.micro_steps,
            "bytes": len(world.update.contents),
        },
        "sweep": {
            "faults": report.faults.name,
            "seed": report.seed,
            "cuts": report.upgrade.cuts,
            "distinct_states": report.upgrade.distinct_futures,
            "seconds": round(report.seconds, 3),
            "complete": all(result.is_complete for result in report.sweeps.values()),
            "scenarios": {
                name: {"cuts": result.cuts, "distinct_states": result.distinct_futures}
                for name, result in report.sweeps.items()
            },
        },
        "proofs": report.proofs.title if isinstance(report.proofs, Proofs) else None,
        **(left_out_json() if isinstance(report.proofs, Proofs) else {}),
        "claims": [_claim_json(report, result) for result in report.claims],
    }


def _claim_json(report: Report, result: ClaimResult) -> dict[str, Any]:
    shortest = result.shortest
    return {
        "id": result.claim.id,
        "name": result.claim.name,
        "title": result.claim.title,
        "verdict": result.verdict.value,
        "violations": result.violations,
        "weakest_fault": None if shortest is None else shortest.weakest_fault.name,
        "where": None if shortest is None else str(shortest),
        "scenario": None if shortest is None else shortest.scenario,
        "token": None if shortest is None else token_of(report, result.claim.id, shortest),
        "proof": proof_json(report.proofs, result.claim.id) if isinstance(report.proofs, Proofs) else None,
    }


def _claims_table(report: Report) -> Table:
    table = Table(box=None, padding=(0, 1, 0, 1), header_style="bold")
    table.add_column("claim", no_wrap=True)
    table.add_column("this device", no_wrap=True)
    if isinstance(report.proofs, Proofs):
        table.add_column("every history", no_wrap=True)
    table.add_column("promise", overflow="fold")
    for result in report.claims:
        verdict = f"[{_STYLES[result.verdict]}]{_verdict_text(report, result)}[/]"
        proof = [proof_text(report.proofs, result.claim.id)] if isinstance(report.proofs, Proofs) else []
        table.add_row(result.claim.id, verdict, *proof, result.claim.title)
    return table


def _verdict_text(report: Report, result: ClaimResult) -> str:
    if result.verdict is Verdict.HOLDS and report.faults >= SAMPLED_FROM:
        return "holds (sampled)"
    if result.shortest is not None:
        return f"violated ({result.shortest.weakest_fault.name})"
    return result.verdict.value


def _print_trace(console: Console, report: Report, result: ClaimResult, violation: Violation) -> None:
    console.print()
    how_often = "1 cut point" if result.violations == 1 else f"{result.violations:,} cut points"
    console.print(
        f"[bold red]{result.claim.id}[/] {result.claim.name}: violated at {how_often}; first: {violation}"
        + ("" if violation.scenario == Scenario.UPGRADE.value else f" (scenario {violation.scenario})"),
        highlight=False,
        soft_wrap=True,
    )
    boot = violation.stretch.known.future.boot
    booted = "nothing boots" if boot.partition is None else f"{boot.partition} boots"
    console.print(textwrap.indent(f"then {booted}", "  "), highlight=False)
    token = token_of(report, result.claim.id, violation)
    console.print(f"  replay: otaproof replay {token}", highlight=False, soft_wrap=True, markup=False)
