"""`otaproof`, and `python -m otaproof`: an interrupt is told in one line, from the first import on."""

import os
import sys
from contextlib import suppress

from .interrupts import CODE, Interrupts


def main() -> int:
    """Run the command and return its exit code."""
    _open_standard_streams()
    interrupts = Interrupts()
    try:
        interrupts.begin()
        from .cli.main import main as command

        return command()
    except KeyboardInterrupt:
        with suppress(OSError):
            print("otaproof: interrupted", file=sys.stderr)
        return CODE
    finally:
        interrupts.end()


def _open_standard_streams() -> None:
    """Have descriptors 0 to 2 open, as /dev/null where they were closed: else a file that is opened would get one."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    sys.stdin = sys.stdin or os.fdopen(0)
    sys.stdout = sys.stdout or os.fdopen(1, "w")
    sys.stderr = sys.stderr or os.fdopen(2, "w")


if __name__ == "__main__":
    sys.exit(main())
