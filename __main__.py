"""`otaproof`, and `python -m otaproof`: an interrupt is told in one line, from the first import on."""

import sys

from .interrupts import CODE, Interrupts


def main() -> int:
    """Run the command and return its exit code."""
    interrupts = Interrupts()
    try:
        interrupts.begin()
        from .cli.main import main as command

        return command()
    except KeyboardInterrupt:
        print("otaproof: interrupted", file=sys.stderr)
        return CODE
    finally:
        interrupts.end()


if __name__ == "__main__":
    sys.exit(main())
