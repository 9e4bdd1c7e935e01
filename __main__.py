"""`otaproof`, and `python -m otaproof`: an interrupt is told in one line, from the first import on.

SIGTERM and SIGHUP do what SIGINT does: what was found is kept and told.
"""

import signal
import sys


def main() -> int:
    """Run the command and return its exit code."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    try:
        from .cli.main import main as command

        return command()
    except KeyboardInterrupt:
        print("otaproof: interrupted", file=sys.stderr)
        return 3


if __name__ == "__main__":
    sys.exit(main())
