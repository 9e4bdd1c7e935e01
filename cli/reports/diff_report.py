"""What `otaproof diff` prints: causes, their consequences, what lies outside the model, and claims; text or JSON."""

import json
from collections.abc import Sequence
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from rich.console import Console

from ...campaign.history.history_replay import HistoryStep, replay_history
from ...campaign.lockstep.board_difference import decode_pair
from ...campaign.upgrade.upgrade_replay import describe_ops
from ...model.device.state import Scope
from ...proofs.explicit.product_search import Behaviour, Given, Observed
from ..exit_code import ExitCode
from ..options.scope_options import scope_title

if TYPE_CHECKING:
    from ..commands.diff import Confirmed, DiffReport

_CALLS = {
    "restart": "restart",
    "wake": "wake from deep sleep",
    "power_on": "power_on()",
    "power_off": "power off",
    "set_boot_running": "esp_ota_set_boot_partition(running)",
    "set_boot_factory": "esp_ota_set_boot_partition(factory)",
    "write_rest": "write(rest)",
    "write_rest_broken": "write(rest, damaged)",
}
_SUBJECTS = {
    Observed.RESULT: "{} is",
    Observed.OPERATIONS: "flash operations of {}",
    Observed.BOOT_OPERATIONS: "flash operations of the boot after {}",
    Observed.BOOTS: "what boots after {}",
    Observed.ROLLBACK: "rollback() after {} is",
    Observed.NEXT: "info() says boots next, after {}",
    Observed.STATES: "info() says of the slots, after {}",
}
_OTHERS = (("the active entry", "the other entry"), ("NEW", "UNDEFINED"))
"""What can stand for each other in operations that are the same for the rest."""


def call_text(name: str) -> str:
    """Return an input as an application would write it."""
    if name.startswith("write_first"):
        version = name.rpartition("_version_")[2] if "_version_" in name else ""
        return f"write(first part of version {version})" if version else "write(first part)"
    return _CALLS.get(name, f"{name}()")


def inputs_text(trace: Sequence[Given]) -> str:
    """Return a sequence of inputs in one line."""
    return ", ".join(_given_text(given) for given in trace)


def _given_text(given: Given) -> str:
    text = call_text(given.name)
    if given.cut is None:
        return text
    left = given.cut.action.removeprefix("cut_").removeprefix("in_").replace("_", " ")
    where = "the boot after it" if given.cut.is_in_boot and given.name not in ("power_on", "restart", "wake") else "it"
    after = f" after {given.cut.ops} operation{'s' if given.cut.ops > 1 else ''}" if given.cut.ops else ""
    return f"{text} [power cut in {where}{after}: {left}]"


def subject(behaviour: Behaviour) -> str:
    """Return what is observed."""
    return _SUBJECTS[behaviour.observed].format(call_text(behaviour.call))


def cause_title(behaviour: Behaviour) -> str:
    """Return a cause in a line, as far as it can be said for both sides at once."""
    call = call_text(behaviour.call)
    if behaviour.observed is Observed.RESULT:
        refused = behaviour.left if behaviour.left == "refused" else behaviour.right
        others = sum(given.name == behaviour.call for given in behaviour.trace[:-1])
        return f"{'another ' if others else ''}{call} is {refused}, or not"
    if behaviour.observed in (Observed.OPERATIONS, Observed.BOOT_OPERATIONS):
        left, right = behaviour.left.split("; "), behaviour.right.split("; ")
        more = [part for part in right if part not in left], [part for part in left if part not in right]
        if not more[0] or not more[1]:
            return f"{call} {' and '.join(more[0] or more[1])}, or not"
        for one, other in _OTHERS:
            if behaviour.left.replace(one, other) == behaviour.right.replace(one, other):
                return f"{call} writes {one}, or {other}"
    return subject(behaviour)


def print_report(console: Console, report: "DiffReport") -> None:
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


def _print_cause(console: Console, report: "DiffReport", item: "Confirmed", width: int) -> None:
    console.print(f"[bold]{cause_title(item.behaviour)}[/]")
    _print_item(console, report, item, width, "  ")


def _print_consequence(console: Console, report: "DiffReport", item: "Confirmed", width: int) -> None:
    console.print(f"    so: {subject(item.behaviour)}", markup=False)
    _print_item(console, report, item, width, "      ")


def _print_item(console: Console, report: "DiffReport", item: "Confirmed", width: int, indent: str) -> None:
    behaviour = item.behaviour
    for name, text in zip(report.names, (behaviour.left, behaviour.right), strict=True):
        console.print(f"{indent}{name:{width}}  {text}", markup=False)
    console.print(f"{indent}inputs: {inputs_text(behaviour.trace)}", markup=False)
    if not item.shown.are_tears_alike:
        console.print(f"{indent}(the cut tears the two in other ways, to the same effect)", markup=False)
    console.print(f"{indent}replay: otaproof diff --replay {item.shown.token}", markup=False)


def _print_beyond(console: Console, report: "DiffReport", width: int) -> None:
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


def _print_claims(console: Console, report: "DiffReport") -> None:
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


def as_json(report: "DiffReport") -> dict[str, Any]:
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


def _behaviour_json(number: int, item: "Confirmed") -> dict[str, Any]:
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


def _step_text(step: HistoryStep | None) -> str:
    if step is None:
        return "(nothing more)"
    return f"{step.text}; flash: {describe_ops(step.ops)}" if step.ops else step.text
