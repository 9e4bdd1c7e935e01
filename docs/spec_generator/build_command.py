"""The command line that docs/build_spec.py and docs/build_readme.py share: write, or with `--check` only compare."""

import argparse
from collections.abc import Callable, Sequence


def parser_of(what: str) -> argparse.ArgumentParser:
    """Return a parser with the option `--check`."""
    parser = argparse.ArgumentParser(description=f"Write {what}.")
    parser.add_argument("--check", action="store_true", help="write nothing; exit with 1 if anything is out of date")
    return parser


def build(is_check: bool, differences: Callable[[], Sequence[str]], write: Callable[[], None]) -> int:
    """Write, or print the differences; return the exit code, which is 1 if a check finds a difference."""
    if not is_check:
        write()
        return 0
    found = differences()
    print(*found, sep="\n", end="\n" if found else "")
    return int(bool(found))
