"""What `otaproof diff --matrix` prints: a column for the rules of each release; text or JSON."""

import string
from typing import Any

from rich.console import Console

from ...analysis.release_matrix import Matrix
from ...model.config import Release
from ...model.device.scope_text import scope_title


def as_json(matrix: Matrix) -> dict[str, Any]:
    """Return it as one JSON object."""
    releases = [release.label for release in Release]
    return {
        "world": scope_title(matrix.scope),
        "complete": matrix.is_complete,
        "rows": [
            {
                "behaviour": row.title,
                "origin": row.origin,
                "how": row.how,
                "releases": dict(zip(releases, row.cells, strict=True)),
            }
            for row in matrix.rows
        ],
    }


def print_matrix(console: Console, matrix: Matrix) -> None:
    """Print it: a letter in each cell, and below the row what the letters stand for."""
    world = scope_title(matrix.scope).replace(f", release rules {matrix.scope.config.app_release.label}", "")
    console.print(f"release rules of application and bootloader; {world}", markup=False)
    width = max((len(row.title) for row in matrix.rows), default=0)
    console.print(f"[bold]{'':{width}}  {'  '.join(release.label for release in Release)}[/]")
    for row in matrix.rows:
        letters = dict(zip(dict.fromkeys(row.cells), string.ascii_lowercase, strict=False))
        cells = "  ".join(
            f"{letters[cell]:^{len(release.label)}}" for cell, release in zip(row.cells, Release, strict=True)
        )
        console.print(f"[bold]{row.title:{width}}[/]  {cells.rstrip()}")
        for cell, letter in letters.items():
            console.print(f"    {letter}  {cell}", markup=False)
    if not matrix.is_complete:
        console.print("not complete: a search did not fit; see --pairs", markup=False)
