"""Lines for people on standard error, whatever becomes of it."""

import sys
from contextlib import suppress

from ..bounded_input import shown


def tell(text: str) -> None:
    """Print a line on stderr, if that takes one: what a command answers does not depend on it."""
    with suppress(OSError):
        print(shown(text), file=sys.stderr)
