"""The `otaproof` command: one sub-command per intention, one table of exit codes.

0 all holds, 1 a claim is violated (or a vector disagrees), 2 bad usage or bad input, 3 inconclusive.
"""

import argparse
import io
import os
import sys
from collections.abc import Sequence

from .. import __version__
from ..errors import InputError
from ..impl.partitions.table import TableError
from .commands import check, conform, diagram, diff, doctor, explain, explore, fuzz, outcomes, prove, replay
from .exit_code import ExitCode


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code; every expected error is one line on stderr."""
    options = build_parser().parse_args(arguments)
    if isinstance(sys.stdout, io.TextIOWrapper):
        # Names from flash can be any bytes, and not every terminal has every character.
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        return int(options.run(options))
    except (InputError, TableError) as error:
        print(f"otaproof: {error}", file=sys.stderr)
        return ExitCode.BAD_INPUT
    except BrokenPipeError:
        # The reader of our output has gone; there is nobody left to tell.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.INCONCLUSIVE
    except KeyboardInterrupt:
        print("otaproof: interrupted", file=sys.stderr)
        return ExitCode.INCONCLUSIVE


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of the command line, with every sub-command."""
    parser = argparse.ArgumentParser(
        prog="otaproof",
        description="What boots when the power fails inside an ESP32 OTA update?",
        epilog="Exit codes: 0 all holds, 1 a claim is violated, 2 bad usage or input, 3 inconclusive.",
    )
    parser.add_argument("--version", action="version", version=f"otaproof {__version__}")
    subparsers = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    for command in (check, doctor, explain, outcomes, explore, diff, prove, fuzz, replay, conform, diagram):
        command.add_parser(subparsers)
    return parser


if __name__ == "__main__":
    sys.exit(main())
