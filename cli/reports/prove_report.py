"""What `otaproof prove` prints: a line for each claim, the way to each broken one; as text or as JSON."""

import textwrap
from collections import Counter
from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from ...analysis.proof_runs import Configuration, Row
from ...model.claims.left_out import left_out_line
from ...model.device.scope_text import title_of_any_slots
from ...model.device.state import Usage
from ...proofs.prover.decision import ProofVerdict
from .left_out_report import left_out_json

_STYLES = {
    ProofVerdict.PROVED: "green",
    ProofVerdict.REFUTED: "bold red",
    ProofVerdict.BOUNDED: "yellow",
    ProofVerdict.UNKNOWN: "bold yellow",
}
_WIDTH = 116


def print_configuration(console: Console, configuration: Configuration) -> None:
    """Print the world and its claims."""
    console.print(f"\n[bold]{configuration.title}[/bold]")
    table = Table(box=None, padding=(0, 1, 0, 1), header_style="bold")
    for name in ("claim", "verdict", "time", "how"):
        table.add_column(name, no_wrap=name != "how", overflow="fold", justify="right" if name == "time" else "left")
    for row in configuration.rows:
        decision = row.decision
        verdict = f"[{_STYLES[decision.verdict]}]{verdict_text(row)}[/]"
        table.add_row(decision.claim.id, verdict, f"{decision.seconds:.1f} s", decision.method)
    console.print(table)
    for row in configuration.rows:
        if row.decision.verdict is ProofVerdict.REFUTED:
            _print_way(console, row)


def print_family(console: Console, configurations: Sequence[Configuration], number: str) -> None:
    """Print worlds that differ in the number of slots alone: those of which the same was found in one line."""
    first = configurations[0]
    same = f" (= {', '.join(first.releases[1:])})" if first.releases[1:] else ""
    console.print(f"[bold]{number}  {title_of_any_slots(first.scope)}{same}[/bold]")
    slots_of: dict[str, list[int]] = {}
    for configuration in configurations:
        slots_of.setdefault(_short(configuration), []).append(configuration.scope.slots)
    for words, slots in slots_of.items():
        console.print(f"  {_counts(slots)} slots: {words}")


def verdict_text(row: Row) -> str:
    """Return the verdict with its depth."""
    decision = row.decision
    if row.divergence is not None:
        return "refuted, but not on the board"
    if decision.verdict is not ProofVerdict.REFUTED:
        return str(decision.verdict.value)
    return f"refuted at {decision.depth}" if decision.is_shortest else f"refuted at ≤ {decision.depth}"


def print_summary(console: Console, found: Sequence[Configuration], seconds: float) -> None:
    """Print how many verdicts of each kind there are, and what went wrong."""
    rows = [row for configuration in found for row in configuration.rows]
    counts = Counter(row.decision.verdict for row in rows)
    text = ", ".join(f"{counts[verdict]:,} {verdict.value}" for verdict in ProofVerdict if counts[verdict])
    console.print(f"\n{len(found):,} configurations, {len(rows):,} claims: {text}; {seconds:.1f} s")
    for configuration in found:
        for row in configuration.rows:
            name = f"{configuration.title}: {row.decision.claim.id}"
            if row.divergence is not None:
                console.print(f"[bold red]{name}: the board does otherwise[/]: {row.divergence}")
            elif row.decision.verdict is ProofVerdict.UNKNOWN:
                console.print(f"[bold yellow]{name} is undecided[/]: {row.decision.method}")


def print_left_out(console: Console, found: Sequence[Configuration]) -> None:
    """Print what the verdicts leave out, under the strongest fault model and the narrowest usage among them."""
    if not found:
        return
    usages = {configuration.scope.usage for configuration in found}
    faults = max(configuration.scope.faults for configuration in found)
    usage = Usage.PROPER if Usage.PROPER in usages else Usage.ANY
    console.print(left_out_line(faults, usage), markup=False)


def as_json(found: Sequence[Configuration]) -> dict[str, Any]:
    """Return all that was found as one JSON object."""
    configurations = [_configuration_json(configuration) for configuration in found]
    claims = configurations[0]["claims"] if configurations else []
    return {"configurations": configurations, "claims": claims, **left_out_json()}


def _configuration_json(configuration: Configuration) -> dict[str, Any]:
    scope, config = configuration.scope, configuration.scope.config
    return {
        "rollback": config.rollback,
        "anti_rollback": config.anti_rollback,
        "factory": scope.has_factory,
        "slots": scope.slots,
        "idf": config.app_release.label,
        "bootloader_idf": config.bootloader_release.label,
        "faults": scope.faults.name,
        "usage": scope.usage.value,
        "versions": scope.versions if config.anti_rollback else None,
        "same_model": list(configuration.releases),
        "claims": [_claim_json(row) for row in configuration.rows],
    }


def _claim_json(row: Row) -> dict[str, Any]:
    decision = row.decision
    return {
        "id": decision.claim.id,
        "name": decision.claim.name,
        "title": decision.claim.title,
        "verdict": decision.verdict.value,
        "method": decision.method,
        "depth": decision.depth,
        "is_shortest": decision.is_shortest if decision.verdict is ProofVerdict.REFUTED else None,
        "seconds": round(decision.seconds, 3),
        "solver": decision.answers.get("z3"),
        "second_solver": decision.answers.get("bitwuzla"),
        "token": row.token,
        "trace": list(decision.actions),
        "invariants": list(decision.invariants),
        "premise_depth": decision.premise_depth,
        "divergence": row.divergence,
    }


def _print_way(console: Console, row: Row) -> None:
    decision = row.decision
    console.print(f"\n[bold red]{decision.claim.id}[/] {decision.claim.title}")
    way = " → ".join(_runs(decision.actions))
    console.print(textwrap.indent(textwrap.fill(way, _WIDTH), "  "), markup=False)
    if row.divergence is not None:
        console.print(f"  [bold red]the board does otherwise[/]: {row.divergence}")
    elif row.token is not None:
        console.print(f"  replay: otaproof replay {row.token}", markup=False)


def _runs(actions: Sequence[str]) -> list[str]:
    """Return the actions without the flash operations that follow from them."""
    silent = ("_erases", "_programs", "_burns")
    return [name for name in actions if not name.endswith(silent) and not name.startswith("boot_")]


def _short(configuration: Configuration) -> str:
    """Return what was found of the claims, in one line."""
    by_verdict: dict[ProofVerdict, list[str]] = {verdict: [] for verdict in ProofVerdict}
    for row in configuration.rows:
        by_verdict[row.decision.verdict].append(_short_row(row))
    return "; ".join(
        f"[{_STYLES[verdict]}]{verdict.value}[/] {' '.join(words)}" for verdict, words in by_verdict.items() if words
    )


def _short_row(row: Row) -> str:
    decision = row.decision
    if decision.verdict is not ProofVerdict.REFUTED:
        return decision.claim.id
    return f"{decision.claim.id}({'' if decision.is_shortest else '≤'}{decision.depth})"


def _counts(slots: Sequence[int]) -> str:
    """Return numbers of slots as text, with stretches of three or more as first–last."""
    stretches: list[list[int]] = []
    for count in slots:
        if stretches and stretches[-1][-1] == count - 1:
            stretches[-1].append(count)
        else:
            stretches.append([count])
    parts = [f"{part[0]}–{part[-1]}" if len(part) > 2 else ", ".join(map(str, part)) for part in stretches]
    return ", ".join(parts)
