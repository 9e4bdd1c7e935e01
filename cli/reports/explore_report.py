"""What `otaproof explore` prints: the size of each search, and a line for each claim with its counterexample."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.table import Table

from ...analysis.claim_search import ClaimSearch, ExploredClaim, ghosts_title
from ...model.claims.left_out import left_out_line
from ...model.device.scope_text import scope_title
from ...proofs.explicit.exploration import Progress
from ...proofs.prover.dead_ends import Recovery
from .left_out_report import left_out_json


@contextmanager
def search_progress(name: str) -> Iterator[Progress]:
    """Give a function that tells how far the search is, in a line on stderr; without a terminal it does nothing."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda states, seconds: None
        return
    with console.status(f"{name}: …") as line:

        def tell(states: int, seconds: float) -> None:
            rate = states / seconds if seconds else 0.0
            line.update(f"{name}: {states:,} states, {seconds:.0f} s, {rate:,.0f}/s")

        yield tell


def print_report(text: Console, found: ClaimSearch) -> None:
    """Print what was found."""
    text.print(scope_title(found.scope), markup=False)
    text.print(_table(found))
    for search in found.searches:
        if not search.is_complete:
            text.print(f"not complete: {search.limit}", markup=False)
    if found.recovery is not None:
        text.print(_recovery_line(found.recovery), markup=False)
    for item in found.claims:
        text.print(f"{item.claim.id:4} {item.claim.name}: {_verdict_text(item)}", markup=False)
        if item.trace is not None:
            text.print(f"    {' '.join(item.trace.actions) or 'in the first state'}", markup=False)
    text.print(left_out_line(found.scope.faults, found.scope.usage), markup=False)


def _table(found: ClaimSearch) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("remembers")
    for column in ("states", "transitions", "depth", "seconds", "states/s", "compiled in"):
        table.add_column(column, justify="right")
    for search in found.searches:
        table.add_row(
            ghosts_title(search.scope.ghosts),
            f"{search.states:,}",
            f"{search.transitions:,}",
            f"{search.depth}",
            f"{search.seconds:.2f}",
            f"{search.rate:,.0f}",
            f"{search.compile_seconds:.1f} s" if search.reading == "compiled" else "–",
        )
    return table


def _recovery_line(recovery: Recovery) -> str:
    if not recovery.is_complete:
        return f"recovery: not complete: {recovery.limit}"
    return (
        f"recovery: {recovery.goals:,} of {recovery.states:,} states have just completed an upgrade, "
        f"{recovery.dead_ends:,} never can; {recovery.steps:,} steps without cuts, {recovery.seconds:.2f} s"
    )


def _verdict_text(item: ExploredClaim) -> str:
    return _verdict(item) if item.trace is None else f"violated after {len(item.trace)} steps"


def as_json(found: ClaimSearch) -> dict[str, object]:
    """Return what was found as one JSON object."""
    result: dict[str, object] = {
        "world": scope_title(found.scope),
        "searches": [
            {
                "remembers": sorted(ghost.value for ghost in search.scope.ghosts),
                "states": search.states,
                "transitions": search.transitions,
                "depth": search.depth,
                "complete": search.is_complete,
                "seconds": round(search.seconds, 3),
                "compile_seconds": round(search.compile_seconds, 3),
                "reading": search.reading,
                "threads": search.threads,
            }
            for search in found.searches
        ],
        "claims": [
            {
                "id": item.claim.id,
                "name": item.claim.name,
                "verdict": _verdict(item),
                "trace": None if item.trace is None else list(item.trace.actions),
            }
            for item in found.claims
        ],
        **left_out_json(),
    }
    recovery = found.recovery
    if recovery is not None:
        result["recovery"] = {
            "states": recovery.states,
            "steps": recovery.steps,
            "goals": recovery.goals,
            "dead_ends": recovery.dead_ends,
            "complete": recovery.is_complete,
            "seconds": round(recovery.seconds, 3),
        }
    return result


def _verdict(item: ExploredClaim) -> str:
    if item.trace is not None:
        return "violated"
    return "holds" if item.is_decided else "inconclusive"
