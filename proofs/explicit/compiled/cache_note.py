"""Tells once that the cache of compiled searches is not used, or was damaged: compiling takes time."""

import sys
from functools import cache


@cache
def tell_once(reason: str) -> None:
    """Print a note on stderr, the first time that there is this reason for it."""
    print(f"otaproof: note: {reason}; searches are compiled anew", file=sys.stderr)
