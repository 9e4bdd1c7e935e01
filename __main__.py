"""`otaproof`, and `python -m otaproof`: an interrupt is told in one line, from the first import on."""

import sys


def main() -> int:
    """Run the command and return its exit code."""
    try:
        from .cli.main import main as command

        return command()
    except KeyboardInterrupt:
        print("otaproof: interrupted", file=sys.stderr)
        return 3


if __name__ == "__main__":
    sys.exit(main())
