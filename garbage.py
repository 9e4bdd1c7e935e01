"""When Python looks for garbage in circles: seldom, in a process that is ours."""

import gc

_OBJECTS = 50_000
"""Made and not freed since it looked last; Python's own number is 700, which costs random histories a fifth of their
time, as models are many small objects that stay."""


def collect_seldom() -> None:
    """Have this process look for circles less often; what is in none is freed at once all the same."""
    gc.set_threshold(_OBJECTS, 10, 10)
