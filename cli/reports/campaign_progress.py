"""How far a campaign is, on stderr: a line that changes where that is a terminal, else a line for what is new."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ...campaign.ledger.ledger import Ledger, Totals
from ..standard_error import tell
from ..terminal import status_line, terminal

_EVERY = 60.0
"""Seconds between two lines of a process without a terminal."""


@contextmanager
def campaign_progress() -> Iterator[Callable[[Ledger], None]]:
    """Give a function that tells how far a campaign is."""
    if not terminal(stderr=True).is_terminal:
        yield _Lines().tell
        return
    first: list[tuple[float, Totals]] = []
    with status_line("…") as tell:

        def told(ledger: Ledger) -> None:
            totals = ledger.totals()
            if not first:
                first.append((time.monotonic(), totals))
            tell(_progress_text(ledger, totals, *first[0]))

        yield told


class _Lines:
    """Prints a line for each finding that is the first of its claim, and one for each minute."""

    def __init__(self) -> None:
        self._known: set[str] | None = None
        self._began, self._told = time.monotonic(), time.monotonic()
        self._first: Totals | None = None

    def tell(self, ledger: Ledger) -> None:
        """Print what is new."""
        totals, found = ledger.totals(), ledger.claims_found()
        self._first = self._first or totals
        for claim_id in sorted(found - (self._known or set())) if self._known is not None else ():
            tell(f"otaproof: note: found {claim_id}, after {totals.runs:,} runs")
        self._known = found
        if time.monotonic() - self._told >= _EVERY:
            self._told = time.monotonic()
            tell(f"otaproof: note: {_progress_text(ledger, totals, self._began, self._first)}")


def _progress_text(ledger: Ledger, totals: Totals, began: float, first: Totals) -> str:
    seconds = time.monotonic() - began
    runs = totals.runs - first.runs
    left = ledger.shard_runs - totals.runs
    rate = f", {(totals.steps - first.steps) / seconds:,.0f} steps/s" if seconds >= 1 and runs else ""
    end = f", {left / runs * seconds / 60:,.0f} min left" if seconds >= 1 and runs and left > 0 else ""
    return f"{totals.runs:,} of {ledger.shard_runs:,} runs{rate}, {len(ledger.claims_found())} claims violated{end}"
