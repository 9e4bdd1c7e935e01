"""`otaproof doctor`: what is wrong with the OTA configuration of a project, and what to do about it.

Exit codes: 0 no error and no warning; 1 an error or a warning; 2 bad usage or bad input, told in one line;
3 no error and no warning in what there is to see, but options or partition table are not there to be seen.
Notes never count, nor do rules that are ignored. SARIF and JSON are written whatever the code, except 2.
"""

import argparse
import json
from pathlib import Path

from rich.console import Console

from ...analysis.results.doctor_result import doctor_result
from ...errors import InputError
from ...model.config import Release
from ...project.doctor.diagnosis import RULES, Diagnosis, diagnose
from ...project.doctor.load import Given, load_subject
from ...project.doctor.rule import Severity
from ...project.doctor.subject import Need
from ...project.files import write_file
from ...project.sdkconfig import Option, Sdkconfig, given_options
from ..exit_code import ExitCode
from ..reports.doctor_report import print_diagnosis, print_rules
from ..reports.json_text import json_text
from ..reports.sarif import as_sarif

_ACCEPTS = {"yes": True, "no": False, "unknown": None}


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the sub-command."""
    parser = subparsers.add_parser(
        "doctor",
        help="look for what is wrong with the OTA configuration of a project",
        description=(
            "Looks at options, partition table and images of an ESP-IDF or NodeMCU project, or at the files of a "
            "release, and says what does not work in an update, why, and what to do."
        ),
        epilog="Exit codes: 0 no error or warning, 1 an error or a warning, 2 bad usage or input, 3 options or "
        "partition table are not known and nothing else was found.",
    )
    parser.add_argument(
        "project", metavar="PROJECT", nargs="?", type=Path,
        help="directory of a project, or one with bootloader.bin, partitions.bin and firmware.bin",
    )  # fmt: skip
    files = parser.add_argument_group("files, in place of those of the project")
    files.add_argument("--partitions", metavar="FILE", type=Path, help="partition table, CSV or binary")
    files.add_argument("--running", metavar="FILE", type=Path, help="image of the application")
    files.add_argument("--bootloader", metavar="FILE", type=Path, help="image of the bootloader")
    files.add_argument(
        "--sdkconfig", metavar="FILE", type=Path, action="append", default=[],
        help="a further fragment of options, read after the project's (repeatable)",
    )  # fmt: skip
    files.add_argument(
        "--bootloader-sdkconfig", metavar="FILE", type=Path,
        help="options of the bootloader: its sdkconfig, sdkconfig.h or sdkconfig.json",
    )  # fmt: skip
    config = parser.add_argument_group("what no file tells")
    config.add_argument(
        "--accepts", choices=_ACCEPTS, default="unknown",
        help="whether the application accepts itself after an update; unknown: look for the call in the sources",
    )  # fmt: skip
    config.add_argument("--rollback", action=argparse.BooleanOptionalAction, help="app rollback in the application")
    config.add_argument("--idf", metavar="RELEASE", help="ESP-IDF release of the application, such as 5.1")
    config.add_argument("--bootloader-idf", metavar="RELEASE", help="ESP-IDF release of the bootloader (as --idf)")
    config.add_argument(
        "--config", metavar="CONFIG_X=V", action="append", default=[], help="any other sdkconfig option (repeatable)"
    )
    output = parser.add_argument_group("the output")
    output.add_argument("--ignore", metavar="D01,…", action="append", default=[], help="rules to leave out")
    output.add_argument("--notes", action="store_true", help="explain notes as errors and warnings are")
    output.add_argument("--rules", action="store_true", help="print every rule, and look at nothing")
    output.add_argument("--json", action="store_true", help="print one JSON object instead of text")
    output.add_argument("--sarif", metavar="FILE", type=Path, help="write SARIF 2.1.0 to a file as well")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Look, print, and return the exit code of what was found."""
    text = Console(highlight=False, emoji=False)
    if options.rules:
        print_rules(text)
        return ExitCode.HOLDS
    ignored = _ignored(options.ignore)
    if options.sarif is not None and not options.sarif.parent.is_dir():
        raise InputError(f"--sarif: {options.sarif.parent} is no directory; create it first")
    diagnosis = diagnose(load_subject(_given(options)), ignored)
    if options.sarif is not None:
        write_file(options.sarif, (json.dumps(as_sarif(diagnosis), indent=2) + "\n").encode())
    if options.json:
        print(json_text(doctor_result(diagnosis)), end="")
    else:
        print_diagnosis(text, diagnosis, options.notes)
    return exit_code(diagnosis)


def exit_code(diagnosis: Diagnosis) -> ExitCode:
    """Return what the findings come to."""
    if diagnosis.count(Severity.ERROR) or diagnosis.count(Severity.WARNING):
        return ExitCode.VIOLATED
    if {Need.OPTIONS, Need.TABLE} & diagnosis.subject.missing:
        return ExitCode.INCONCLUSIVE
    return ExitCode.HOLDS


def _given(options: argparse.Namespace) -> Given:
    said: list[Sdkconfig] = []
    if options.rollback is not None:
        value, argument = ("y", "--rollback") if options.rollback else ("n", "--no-rollback")
        said.append(given_options([f"CONFIG_BOOTLOADER_APP_ROLLBACK_ENABLE={value}"], argument))
    if options.config:
        said.append(given_options(options.config, "--config"))
    if options.project is None and options.partitions is None and options.running is None and not options.sdkconfig:
        raise InputError("nothing to look at: name a project, --partitions, --running or --sdkconfig")
    return Given(
        directory=options.project,
        running=options.running,
        bootloader=options.bootloader,
        table=options.partitions,
        bootloader_sdkconfig=options.bootloader_sdkconfig,
        fragments=tuple(options.sdkconfig),
        options=tuple(said),
        app_release=_release("--idf", options.idf),
        bootloader_release=_release("--bootloader-idf", options.bootloader_idf),
        accepts=_ACCEPTS[options.accepts],
    )


def _ignored(arguments: list[str]) -> frozenset[str]:
    """Return the ids to leave out; raises InputError for one that is no rule."""
    ids = [part.strip().upper() for argument in arguments for part in argument.split(",") if part.strip()]
    known = {rule.id for rule in RULES}
    for rule_id in ids:
        if rule_id not in known:
            raise InputError(f"--ignore: {rule_id} is no rule; want {RULES[0].id} … {RULES[-1].id}, see --rules")
    return frozenset(ids)


def _release(argument: str, text: str | None) -> Option | None:
    if text is None:
        return None
    try:
        Release.parse(text)
    except ValueError as error:
        raise InputError(f"{argument}: {error}") from None
    return Option("ESP-IDF release", text, argument)
