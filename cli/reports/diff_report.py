"""What `otaproof diff` prints: causes, their consequences, what lies outside the model, and claims; text or JSON."""

import json
from itertools import zip_longest
from typing import Any

from rich.console import Console

from ...analysis.diff_text import cause_title, inputs_text, subject
from ...analysis.release_diff import Confirmed, DiffReport
from ...campaign.history.history_replay import replay_history
from ...campaign.history.replayed_step import ReplayedStep
from ...campaign.lockstep.board_difference import decode_pair
from ...campaign.operation_text import describe_ops
from ...model.device.scope_text import scope_title
from ...model.device.state import Scope
from ..exit_code import ExitCode


def print_report(console: Console, report: DiffReport) -> None:
    """Print it as text."""
    for name, scope in zip(report.names, (report.difference.left, report.difference.right), strict=True):
        console.print(f"{name}: {scope_title(scope)}", markup=False)
    console.print()
    width = max(map(len, report.names))
    if not report.confirmed:
        console.print("No input tells the two models apart.")
    for number, item in enumerate(report.confirmed):
        if item.behaviour.cause is None:
            _print_cause(console, report, item, width)
            for other in report.confirmed:
                if other.behaviour.cause == number:
                    _print_consequence(console, report, other, width)
            console.print()
    _print_beyond(console, report, width)
    _print_claims(console, report)
    found = report.difference
    console.print(
        f"{len(found.causes)} causes, {len(found.behaviours) - len(found.causes)} consequences, each shown by two "
        f"boards; {found.pairs:,} pairs of states, {found.parted:,} of them parted; {report.seconds:.1f} s"
    )
    if not found.is_complete:
        console.print("not complete: the pairs did not fit, there may be more; see --pairs and --follow")


def _print_cause(console: Console, report: DiffReport, item: Confirmed, width: int) -> None:
    console.print(f"[bold]{cause_title(item.behaviour)}[/]")
    _print_item(console, report, item, width, "  ")


def _print_consequence(console: Console, report: DiffReport, item: Confirmed, width: int) -> None:
    console.print(f"    so: {subject(item.behaviour)}", markup=False)
    _print_item(console, report, item, width, "      ")


def _print_item(console: Console, report: DiffReport, item: Confirmed, width: int, indent: str) -> None:
    behaviour = item.behaviour
    for name, text in zip(report.names, (behaviour.left, behaviour.right), strict=True):
        console.print(f"{indent}{name:{width}}  {text}", markup=False)
    console.print(f"{indent}inputs: {inputs_text(behaviour.trace)}", markup=False)
    if not item.shown.are_tears_alike:
        console.print(f"{indent}(the cut tears the two in other ways, to the same effect)", markup=False)
    console.print(f"{indent}replay: otaproof diff --replay {item.shown.token}", markup=False)


def _print_beyond(console: Console, report: DiffReport, width: int) -> None:
    if not report.probes and not report.calls:
        return
    console.print("[bold]On the board, the model aside[/]")
    for change in report.probes:
        console.print(f"  {change.probe.name}", markup=False)
        for name, text in zip(report.names, (change.left, change.right), strict=True):
            console.print(f"    {name:{width}}  {text}", markup=False)
        console.print(f"    script: {change.probe.script}", markup=False)
    for name, left, right in report.calls:
        console.print(f"  there is {name}(): {report.names[0]} {left}, {report.names[1]} {right}", markup=False)
    console.print()


def _print_claims(console: Console, report: DiffReport) -> None:
    claims = report.claims
    for change in claims.changes:
        holds, breaks = report.names if change.holds_left else reversed(report.names)
        console.print(
            f"[bold]{change.claim.id}[/] {change.claim.name}: holds with {holds}, [red]violated[/] with {breaks} after "
            f"{len(change.trace)} steps"
        )
        console.print(f"    {' '.join(change.trace.actions)}", markup=False)
        if change.token is not None:
            console.print(f"    replay: otaproof replay {change.token}", markup=False)
    if claims.same:
        console.print(f"claims with one verdict for both: {', '.join(claims.same)}", markup=False)
    if claims.open:
        console.print(f"claims that were not decided: {', '.join(claims.open)}", markup=False)


def as_json(report: DiffReport) -> dict[str, Any]:
    """Return it as one JSON object."""
    found = report.difference
    return {
        "left": _side_json(report.names[0], found.left),
        "right": _side_json(report.names[1], found.right),
        "complete": found.is_complete,
        "pairs": found.pairs,
        "parted": found.parted,
        "seconds": round(report.seconds, 3),
        "behaviours": [_behaviour_json(number, item) for number, item in enumerate(report.confirmed)],
        "board": [
            {
                "behaviour": change.probe.name,
                "rule": change.probe.rule,
                "script": change.probe.script,
                "left": change.left,
                "right": change.right,
            }
            for change in report.probes
        ],
        "calls": [{"call": name, "left": left, "right": right} for name, left, right in report.calls],
        "claims": {
            "changed": [
                {
                    "id": change.claim.id,
                    "name": change.claim.name,
                    "left": "holds" if change.holds_left else "violated",
                    "right": "violated" if change.holds_left else "holds",
                    "trace": list(change.trace.actions),
                    "token": change.token,
                }
                for change in report.claims.changes
            ],
            "same": list(report.claims.same),
            "undecided": list(report.claims.open),
        },
    }


def _side_json(name: str, scope: Scope) -> dict[str, str]:
    return {"name": name, "world": scope_title(scope)}


def _behaviour_json(number: int, item: Confirmed) -> dict[str, Any]:
    behaviour = item.behaviour
    return {
        "number": number,
        "title": cause_title(behaviour) if behaviour.cause is None else subject(behaviour),
        "call": behaviour.call,
        "observed": behaviour.observed.value,
        "cause": behaviour.cause,
        "left": behaviour.left,
        "right": behaviour.right,
        "seen": [behaviour.seen_left, behaviour.seen_right],
        "inputs": [
            {
                "input": given.name,
                "cut": None if given.cut is None else given.cut.action,
                "left": list(given.left),
                "right": list(given.right),
            }
            for given in behaviour.trace
        ],
        "same_tears": item.shown.are_tears_alike,
        "token": item.shown.token,
    }


def replay(console: Console, text: str, as_object: bool) -> ExitCode:
    """Play the two histories of a token and print them side by side; tell whether they differ."""
    tokens = decode_pair(text)
    played = [replay_history(token.history) for token in tokens]
    configs = [token.history.device.config for token in tokens]
    rows = list(zip_longest(played[0].steps, played[1].steps))
    differs = any(_step_text(left) != _step_text(right) for left, right in rows)
    if as_object:
        steps = [{"left": _step_text(left), "right": _step_text(right)} for left, right in rows]
        print(json.dumps({"differs": differs, "steps": steps}, indent=2))
        return ExitCode.VIOLATED if differs else ExitCode.HOLDS
    for mark, config in zip("<>", configs, strict=True):
        console.print(
            f"{mark} release rules {config.app_release.label}, bootloader {config.bootloader_release.label}, rollback "
            f"{'on' if config.rollback else 'off'}, anti-rollback {'on' if config.anti_rollback else 'off'}",
            markup=False,
        )
    for number, (left, right) in enumerate(rows, 1):
        mine, other = _step_text(left), _step_text(right)
        if mine == other:
            console.print(f"{number:3}   {mine}", markup=False)
            continue
        console.print(f"{number:3} < {mine}", markup=False)
        console.print(f"    > {other}", markup=False)
    console.print("the two differ" if differs else "the two do the same")
    return ExitCode.VIOLATED if differs else ExitCode.HOLDS


def _step_text(step: ReplayedStep | None) -> str:
    if step is None:
        return "(nothing more)"
    return f"{step.text}; flash: {describe_ops(step.ops)}" if step.ops else step.text
