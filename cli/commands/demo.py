"""`otaproof demo`: the check of the shipped example, and what to try next."""

import argparse
from pathlib import Path
from tempfile import TemporaryDirectory

from ...examples.shipped_example import copy_example
from ..exit_code import ExitCode
from . import check

_NAME = "two-slot"
"""Of the project's folder, where nobody names one."""
_NEXT = """
What next

  otaproof replay TOKEN          play a power cut step by step; TOKEN is in a `replay:` line above
  otaproof check PROJECT         the same check for your own ESP-IDF project
  otaproof doctor PROJECT        what in its options and partition table can go wrong in an update
  otaproof explain DUMP          what a flash dump boots, and how it came to that
  otaproof conform               the simulator beside recordings of ESP-IDF's own code
  otaproof diagram all           pictures of the life cycle and of the boot decision
  otaproof prove                 each claim for every history; needs pip install 'otaproof[prove]'
  otaproof COMMAND --help        all that a command can do
"""


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the sub-command."""
    parser = subparsers.add_parser(
        "demo",
        help="check the example project that comes with otaproof, and say what to try next",
        description=(
            "Makes the example project, a device with two OTA slots and app rollback, and checks an update of it: cuts "
            "the power at every flash step, and says what that breaks."
        ),
        epilog="Exit codes: 0 the check ran, whatever it found; 2 bad usage or input.",
    )
    parser.add_argument(
        "folder", metavar="FOLDER", nargs="?", type=Path, help="new folder to keep the project in (a temporary one)"
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Check the example; what it finds is no failure of the demo."""
    if options.folder is not None:
        _check(options.folder)
        print(f"\nThe project is in {options.folder}: otaproof check {options.folder} checks it again.")
    else:
        with TemporaryDirectory() as folder:
            _check(Path(folder) / _NAME)
    print(_NEXT, end="")
    return ExitCode.HOLDS


def _check(folder: Path) -> None:
    copy_example(folder)
    parser = argparse.ArgumentParser()
    check.add_parser(parser.add_subparsers())
    print(f"$ otaproof check {folder}\n", flush=True)
    check.run(parser.parse_args(["check", str(folder)]))
