"""`otaproof diff A B`: what two ESP-IDF releases, or two configurations, do differently in an update."""

import argparse
import json
import sys
from dataclasses import replace

from rich.console import Console

from ...analysis.release_diff import DiffReport, compare
from ...analysis.release_matrix import Matrix, matrix_of
from ...campaign.lockstep.divergence import Divergence
from ...errors import InputError
from ...model.device.state import Scope
from ...proofs.explicit.product_search import MOST_PAIRS
from ..exit_code import ExitCode
from ..options.scope_options import add_scope_options, scope_of
from ..reports import diff_report, matrix_report

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
            print(json.dumps(matrix_report.as_json(matrix), indent=2))
        else:
            matrix_report.print_matrix(text, matrix)
        return exit_code(matrix)
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
    return exit_code(report)


def exit_code(found: DiffReport | Matrix) -> ExitCode:
    """Return what a comparison comes to."""
    if found.differs:
        return ExitCode.VIOLATED
    return ExitCode.HOLDS if found.is_complete else ExitCode.INCONCLUSIVE


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
