"""The `otaproof` command: one sub-command per intention, one table of exit codes.

0 all holds, 1 a claim is violated (or a vector disagrees), 2 bad usage or bad input, 3 inconclusive, 70 a bug in
otaproof. Commands are imported when the parser is built, so that a broken one is told as such a bug.
"""

import argparse
import importlib
import io
import os
import sys
import traceback
from collections.abc import Sequence

from .. import __version__
from ..analysis.solvers import INSTALL, is_solver_missing
from ..errors import InputError
from ..impl.partitions.table import TableError
from .exit_code import ExitCode

COMMANDS = (
    *("check", "doctor", "explain", "outcomes", "explore", "diff"),
    *("prove", "fuzz", "replay", "conform", "diagram", "demo"),
)
"""Modules of this room with `add_parser`, in the order of `--help`."""
TRACEBACK, TRACEBACK_ENVIRONMENT = "--traceback", "OTAPROOF_TRACEBACK"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code; every error is one line on stderr."""
    given = sys.argv[1:] if arguments is None else list(arguments)
    try:
        return _run([argument for argument in given if argument != TRACEBACK])
    except BrokenPipeError:
        # The reader of our output has gone; there is nobody left to tell.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.INCONCLUSIVE
    except KeyboardInterrupt:
        print("otaproof: interrupted", file=sys.stderr)
        return ExitCode.INCONCLUSIVE
    except Exception as error:
        return _internal_error(error, shows_where=TRACEBACK in given)


def _run(arguments: Sequence[str]) -> int:
    """Run the command; expected errors are told, all others raised."""
    asked = next((word for word in arguments if not word.startswith("-")), None)
    try:
        options = build_parser(asked).parse_args(arguments)
    except ModuleNotFoundError as error:
        return _missing(error, asked)
    if isinstance(sys.stdout, io.TextIOWrapper):
        # Names from flash can be any bytes, and not every terminal has every character.
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        code = int(options.run(options))
        sys.stdout.flush()
    except (InputError, TableError) as error:
        print(f"otaproof: {error}", file=sys.stderr)
        return ExitCode.BAD_INPUT
    except ModuleNotFoundError as error:
        return _missing(error, asked)
    return code


def _missing(error: ModuleNotFoundError, command: str | None) -> ExitCode:
    """Tell that a command needs the solvers; raises the error again where it is another module that is missing."""
    if not is_solver_missing(error):
        raise error
    print(f"otaproof {command}: needs the solvers: {INSTALL}", file=sys.stderr)
    return ExitCode.BAD_INPUT


def _internal_error(error: Exception, shows_where: bool) -> ExitCode:
    """Tell of an error that nobody expected: in one line, before it the traceback where that is asked for."""
    if shows_where or os.environ.get(TRACEBACK_ENVIRONMENT, "") not in ("", "0"):
        traceback.print_exception(error)
    message = " ".join(str(error).split())
    print(
        f"otaproof: internal error: {type(error).__name__}: {message}; please report it, with the command line "
        f"({TRACEBACK} or {TRACEBACK_ENVIRONMENT}=1 shows where)",
        file=sys.stderr,
    )
    return ExitCode.INTERNAL_ERROR


def build_parser(asked: str | None = None) -> argparse.ArgumentParser:
    """Return the parser of the command line: with the sub-command that is asked for, or with every one."""
    parser = argparse.ArgumentParser(
        prog="otaproof",
        description="What boots when the power fails inside an ESP32 OTA update?",
        epilog="Exit codes: 0 all holds, 1 a claim is violated, 2 bad usage or input, 3 inconclusive, 70 internal "
        "error: a bug in otaproof.",
    )
    parser.add_argument("--version", action="version", version=f"otaproof {__version__}")
    parser.add_argument(
        TRACEBACK, action="store_true", help=f"show where an internal error arose (as {TRACEBACK_ENVIRONMENT}=1)"
    )
    subparsers = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    for name in (asked,) if asked in COMMANDS else COMMANDS:
        try:
            importlib.import_module(f".commands.{name}", __package__).add_parser(subparsers)
        except ModuleNotFoundError as error:
            if name == asked or not is_solver_missing(error):
                raise
            subparsers.add_parser(name, help=f"needs the solvers: {INSTALL}")
    return parser


if __name__ == "__main__":
    sys.exit(main())
