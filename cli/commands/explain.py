"""`otaproof explain`: what a flash holds, what boots, what the calls would do now, and how it came to this."""

import argparse
from pathlib import Path

from rich.console import Console

from ...analysis.history_search import Case, explain_cases
from ...analysis.results.explain_result import explain_result
from ...errors import InputError
from ...model.config import Release
from ...project.files import write_file
from ...project.flash_dump import Given, load
from ..exit_code import ExitCode
from ..reports.explain_report import print_report
from ..reports.json_text import json_text


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the sub-command."""
    parser = subparsers.add_parser(
        "explain",
        help="decode a flash dump or an otadata partition: what boots, why, and how it came to this",
        description=(
            "Decodes a dump of the whole flash, or an otadata partition: what its entries say and what is wrong with "
            "them, what boots at the next power-on and at the one after, what is written, what accept(), rollback() "
            "and commence() would do now, and the shortest history that leads here."
        ),
        epilog=(
            "Exit codes: 0 what otadata selects boots; 1 nothing boots, or an image that otadata does not select; "
            "2 bad usage or input; 3 inconclusive: it boots under some of the rules looked at, and not under others."
        ),
    )
    parser.add_argument(
        "dump", metavar="DUMP", nargs="?", type=Path, help="whole flash, as esptool read-flash writes it"
    )
    parser.add_argument("--otadata", metavar="FILE", type=Path, help="otadata partition alone, 8192 bytes")
    parser.add_argument(
        "--partitions", metavar="FILE", type=Path, help="with --otadata: partition table, CSV or binary"
    )
    config = parser.add_argument_group("the builds")
    config.add_argument(
        "--idf",
        metavar="RELEASES",
        action="append",
        help="ESP-IDF releases of the application, such as 5.1,5.5 (repeatable; every rule set known)",
    )
    config.add_argument("--bootloader-idf", metavar="RELEASE", help="ESP-IDF release of the bootloader (as --idf)")
    config.add_argument("--rollback", action=argparse.BooleanOptionalAction, help="app rollback in both builds")
    config.add_argument("--anti-rollback", action="store_true", help="anti-rollback, too")
    config.add_argument("--efuse", metavar="N", type=int, default=0, help="secure version in the eFuse (0)")
    config.add_argument("--chip", metavar="NAME", help="IDF_TARGET, such as esp32s3 (as the images say)")
    config.add_argument("--table-offset", metavar="ADDRESS", help="offset of the partition table, such as 0x8000")
    history = parser.add_argument_group("the history")
    history.add_argument(
        "--history", action=argparse.BooleanOptionalAction, default=True, help="search how it came to this (on)"
    )
    history.add_argument("--seconds", metavar="N", type=float, default=60, help="time for that search (60)")
    output = parser.add_argument_group("the output")
    output.add_argument("--json", action="store_true", help="print one JSON object instead of text")
    output.add_argument("--out", metavar="FILE", type=Path, help="write the JSON object to a file as well")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Explain; return what boots as an exit code."""
    given, releases = _given(options), _releases(options.idf)
    loaded = load(given)
    cases = explain_cases(loaded, releases, options.seconds if options.history else None)
    if options.out is not None:
        write_file(options.out, json_text(explain_result(loaded, cases)).encode())
    if options.json:
        print(json_text(explain_result(loaded, cases)), end="")
    else:
        print_report(Console(highlight=False), loaded, cases)
    return exit_code(cases)


def exit_code(cases: list[Case]) -> ExitCode:
    """Return what the cases come to."""
    good = {case.answer.is_good for case in cases}
    if len(good) > 1:
        return ExitCode.INCONCLUSIVE
    return ExitCode.HOLDS if good == {True} else ExitCode.VIOLATED


def _given(options: argparse.Namespace) -> Given:
    if not 0 <= options.efuse <= 32:
        raise InputError(f"--efuse: {options.efuse}; want 0 … 32")
    if not options.seconds > 0:
        raise InputError(f"--seconds: {options.seconds}; want more than 0")
    if options.anti_rollback and options.rollback is False:
        raise InputError("--anti-rollback needs rollback; leave --no-rollback out")
    if options.out is not None and not options.out.parent.is_dir():
        raise InputError(f"--out: {options.out.parent} is no directory; create it first")
    bootloader = None if options.bootloader_idf is None else _release("--bootloader-idf", options.bootloader_idf)
    return Given(
        options.dump,
        options.otadata,
        options.partitions,
        options.rollback,
        options.anti_rollback,
        options.efuse,
        options.chip,
        options.table_offset,
        bootloader,
    )


def _releases(given: list[str] | None) -> tuple[Release, ...]:
    if given is None:
        return tuple(Release)
    names = [name.strip() for text in given for name in text.split(",") if name.strip()]
    if not names:
        raise InputError("--idf: names no release; want one such as 5.1, or several: 5.1,5.5")
    return tuple(sorted({_release("--idf", name) for name in names}))


def _release(argument: str, text: str) -> Release:
    try:
        return Release.parse(text)
    except ValueError as error:
        raise InputError(f"{argument}: {error}") from None
