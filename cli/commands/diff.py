"""`otaproof diff A B`: what two ESP-IDF releases, or two configurations, do differently in an update."""

import argparse
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from rich.console import Console

from ...analysis.release_matrix import matrix_of, probes_beyond
from ...campaign.conformance.release_probes import CALLS_SINCE, Probe, has_call
from ...campaign.lockstep.board_difference import Shown, show_difference
from ...campaign.lockstep.trace_replay import Divergence, token_of_trace
from ...errors import InputError
from ...model.claims.claims import Claim, claim
from ...model.claims.state_claims import DeviceClaim
from ...model.config import Release
from ...model.device.state import Scope
from ...proofs.explicit.exploration import Trace
from ...proofs.explicit.explorer import claims_of, explore
from ...proofs.explicit.product_search import MOST_PAIRS, Behaviour, Difference, find_differences
from ...proofs.prover.dead_ends import GHOSTS, RECOVERY, recover
from ..exit_code import ExitCode
from ..options.scope_options import add_scope_options, scope_of
from ..reports import diff_report

_SWITCHES = {
    "rollback": "rollback",
    "anti-rollback": "anti_rollback",
    "skip-validate-in-deep-sleep": "skip_validate_in_deep_sleep",
}
_VALUES = {"on": True, "off": False}


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the sub-command."""
    parser = subparsers.add_parser(
        "diff",
        help="say what two ESP-IDF releases, or two configurations, do differently",
        description=(
            "Gives two devices the same calls, resets and power cuts, in every order, and tells what they do "
            "differently, each with a shortest sequence of inputs, which two boards confirm. A and B: a release such "
            "as 5.1, or settings such as rollback=off, or several, joined by commas: 5.1,bootloader-idf=4.4. Settings: "
            "idf, bootloader-idf, rollback, anti-rollback, skip-validate-in-deep-sleep. What is not said there is as "
            "the options say. Not compared: how releases read partition tables and verify images."
        ),
        epilog="Exit codes: 0 no difference, 1 differences, 2 bad usage or input, 3 inconclusive.",
    )
    parser.add_argument("sides", metavar="A B", nargs="*", help="the two, such as 5.1 6.1, or rollback=off rollback=on")
    parser.add_argument("--matrix", action="store_true", help="tell all release rules apart, as one table")
    parser.add_argument("--replay", metavar="TOKEN", help="play the two histories of a difference, side by side")
    add_scope_options(parser)
    searching = parser.add_argument_group("the search")
    searching.add_argument(
        "--follow",
        metavar="N",
        type=int,
        help="inputs after a difference to look on for (any 2, proper 8)",
    )
    searching.add_argument(
        "--pairs", metavar="N", type=int, default=MOST_PAIRS, help=f"pairs of states to keep at most ({MOST_PAIRS})"
    )
    searching.add_argument(
        "--claims", metavar="IDS", default="all", help="claims to compare: such as C1,C2, or all, or none (all)"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of text")
    parser.set_defaults(run=run)


@dataclass(frozen=True, slots=True)
class Confirmed:
    """A behaviour, and the two boards that show it."""

    behaviour: Behaviour
    shown: Shown


@dataclass(frozen=True, slots=True)
class VerdictChange:
    """A claim that holds on one side only."""

    claim: Claim
    holds_left: bool
    trace: Trace
    """A shortest way to break it on the other side."""
    token: str | None
    """History token of that; None for C9, which no history shows."""


@dataclass(frozen=True, slots=True)
class Claims:
    """What became of the claims."""

    changes: tuple[VerdictChange, ...]
    same: tuple[str, ...]
    """Ids of those with one verdict on both sides."""
    open: tuple[str, ...]
    """Ids of those that were not decided."""


@dataclass(frozen=True, slots=True)
class ProbeChange:
    """What a probe sees, left and right."""

    probe: Probe
    left: str
    right: str


@dataclass(frozen=True, slots=True)
class DiffReport:
    """All that a comparison found."""

    names: tuple[str, str]
    """What the user calls the two sides."""
    difference: Difference
    confirmed: tuple[Confirmed, ...]
    probes: tuple[ProbeChange, ...]
    calls: tuple[tuple[str, str, str], ...]
    """(function, has it left, has it right)"""
    claims: Claims
    seconds: float

    @property
    def exit_code(self) -> ExitCode:
        """What it comes to."""
        if self.confirmed or self.probes or self.calls or self.claims.changes:
            return ExitCode.VIOLATED
        is_complete = self.difference.is_complete and not self.claims.open
        return ExitCode.HOLDS if is_complete else ExitCode.INCONCLUSIVE


def run(options: argparse.Namespace) -> int:
    """Compare, and print what differs; INCONCLUSIVE where a board does not show what the models say."""
    try:
        return _run(options)
    except Divergence as error:
        print(f"otaproof: model and board disagree, which is a bug in otaproof: {error}", file=sys.stderr)
        return ExitCode.INCONCLUSIVE


def _run(options: argparse.Namespace) -> int:
    if (options.follow is not None and options.follow < 0) or options.pairs < 1:
        raise InputError("--follow: want 0 or more; --pairs: want 1 or more")
    text = Console(soft_wrap=True, highlight=False)
    if options.replay is not None:
        if options.sides or options.matrix:
            raise InputError("--replay: the token says which two are compared; give nothing else")
        return diff_report.replay(text, options.replay, options.json)
    if options.matrix:
        if options.sides:
            raise InputError("--matrix: compares all release rules; give no A and B")
        matrix = matrix_of(_scope("", options), options.pairs)
        if options.json:
            print(json.dumps(matrix.as_json(), indent=2))
        else:
            matrix.print(text)
        return matrix.exit_code
    if len(options.sides) != 2:
        raise InputError(f"want two to compare, such as 5.1 6.1, not {len(options.sides)}; or --matrix")
    report = compare(
        (options.sides[0], options.sides[1]),
        (_scope(options.sides[0], options), _scope(options.sides[1], options)),
        most=options.pairs,
        follow=options.follow,
        claims=options.claims,
    )
    if options.json:
        print(json.dumps(diff_report.as_json(report), indent=2))
    else:
        diff_report.print_report(text, report)
    return report.exit_code


def compare(
    names: tuple[str, str],
    scopes: tuple[Scope, Scope],
    most: int = MOST_PAIRS,
    follow: int | None = None,
    claims: str = "all",
) -> DiffReport:
    """Return what two devices do differently; raises Divergence where a board does not show it."""
    started = time.perf_counter()
    asked = _asked(claims, scopes)
    difference = find_differences(*scopes, most, follow)
    confirmed = tuple(Confirmed(behaviour, shown(difference, behaviour)) for behaviour in difference.behaviours)
    return DiffReport(
        names=names,
        difference=difference,
        confirmed=confirmed,
        probes=_probe_changes(*scopes),
        calls=_call_changes(*scopes),
        claims=_compare_claims(scopes, asked),
        seconds=time.perf_counter() - started,
    )


def shown(difference: Difference, behaviour: Behaviour) -> Shown:
    """Return two boards that show a behaviour; raises Divergence when they do not."""
    return show_difference(
        difference.left,
        difference.right,
        [(given.name, given.left, given.right) for given in behaviour.trace],
        behaviour.observed.value,
        (behaviour.seen_left, behaviour.seen_right),
    )


def _scope(side: str, options: argparse.Namespace) -> Scope:
    """Return the scope of a side: what it says, and for all else what the options say."""
    values = vars(options).copy()
    switches: dict[str, bool] = {}
    for part in filter(None, (part.strip() for part in side.split(","))):
        name, is_setting, value = part.partition("=")
        if not is_setting:
            values["idf"] = part
        elif name in ("idf", "bootloader-idf"):
            values[name.replace("-", "_")] = value
        elif name in _SWITCHES and value in _VALUES:
            switches[_SWITCHES[name]] = _VALUES[value]
        elif name in _SWITCHES:
            raise InputError(f"{part}: want {name}=on or {name}=off")
        else:
            raise InputError(f"{part}: unknown setting; known: idf, bootloader-idf, {', '.join(_SWITCHES)}")
    sleeps = switches.pop("skip_validate_in_deep_sleep", False)
    scope = scope_of(argparse.Namespace(**{**values, **switches}))
    return replace(scope, config=replace(scope.config, skip_validate_in_deep_sleep=sleeps))


def _probe_changes(left: Scope, right: Scope) -> tuple[ProbeChange, ...]:
    """Return what the probes see, of those for which both configurations have what they need."""
    seen = [
        ProbeChange(probe, probe.observe(left.config.app_release), probe.observe(right.config.app_release))
        for probe in probes_beyond(left)
        if probe.applies_to(right.config)
    ]
    return tuple(change for change in seen if change.left != change.right)


def _call_changes(left: Scope, right: Scope) -> tuple[tuple[str, str, str], ...]:
    releases: tuple[Release, Release] = (left.config.app_release, right.config.app_release)
    rows = [(name, has_call(name, releases[0]), has_call(name, releases[1])) for name in CALLS_SINCE]
    return tuple(row for row in rows if row[1] != row[2])


def _asked(text: str, scopes: tuple[Scope, Scope]) -> tuple[str, ...]:
    """Return the ids of the claims to compare: of those that speak of both configurations."""
    both = [item.claim.id for item in claims_of(scopes[0]) if item in claims_of(scopes[1])]
    known = (*both, RECOVERY)
    if text == "all":
        return known
    if text == "none":
        return ()
    asked = tuple(part.strip() for part in text.split(","))
    for part in asked:
        if part not in known:
            raise InputError(f"--claims: {part!r} is none of {', '.join(known)}, all and none")
    return asked


def _compare_claims(scopes: tuple[Scope, Scope], asked: Sequence[str]) -> Claims:
    verdicts = [_verdicts(scope, asked) for scope in scopes]
    changes: list[VerdictChange] = []
    same: list[str] = []
    undecided: list[str] = []
    for claim_id in asked:
        left, right = (verdict[claim_id] for verdict in verdicts)
        if left is None or right is None:
            undecided.append(claim_id)
        elif isinstance(left, Trace) == isinstance(right, Trace):
            same.append(claim_id)
        else:
            trace = left if isinstance(left, Trace) else right
            assert isinstance(trace, Trace)
            scope = scopes[0] if trace is left else scopes[1]
            changes.append(VerdictChange(claim(claim_id), trace is right, trace, _token(scope, claim_id, trace)))
    return Claims(tuple(changes), tuple(same), tuple(undecided))


def _token(scope: Scope, claim_id: str, trace: Trace) -> str | None:
    return None if claim_id == RECOVERY else token_of_trace(scope, trace.actions, claim_id)


def _verdicts(scope: Scope, asked: Sequence[str]) -> dict[str, Trace | bool | None]:
    """Return, by id, True for a claim that holds, a trace for one that does not, None for one not decided."""
    groups: dict[frozenset[Any], list[DeviceClaim]] = {}
    for item in claims_of(scope):
        if item.claim.id in asked:
            groups.setdefault(item.ghosts, []).append(item)
    found: dict[str, Trace | bool | None] = {}
    for ghosts, group in groups.items():
        search = explore(replace(scope, ghosts=ghosts), group)
        for item in group:
            found[item.claim.id] = search.violations.get(item.claim.id) or (True if search.is_complete else None)
    if RECOVERY in asked:
        recovery = recover(replace(scope, ghosts=GHOSTS))
        found[RECOVERY] = recovery.trace or (True if recovery.is_complete else None)
    return found
