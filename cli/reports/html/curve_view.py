"""How a page draws what grows with the runs: a line of steps in a frame of its own."""

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 360, 120
"""Of the frame, in units of the drawing."""


@dataclass(frozen=True, slots=True)
class Curve:
    """How many of something there are after so many runs."""

    title: str
    path: str
    """The line, as SVG has it."""
    most: int
    """How many there are at the end."""
    runs: int
    newest: int | None
    """Number of the run that brought the last of them."""


def curve(title: str, first_runs: Sequence[int], runs: int) -> Curve:
    """Return the curve of things of which each is known from one run on. first_runs: their numbers, ascending."""
    most = len(first_runs)
    places = [(WIDTH * run / max(runs, 1), HEIGHT * (1 - (number + 1) / most)) for number, run in enumerate(first_runs)]
    path = f"M0 {HEIGHT}" + "".join(f"H{x:.1f}V{y:.1f}" for x, y in places) + f"H{WIDTH}"
    return Curve(title, path, most, runs, first_runs[-1] if first_runs else None)
