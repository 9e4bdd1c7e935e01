"""Whether a command searches for how a device came to what it holds."""

from dataclasses import dataclass
from typing import Annotated

from cyclopts import Parameter

from .groups import HISTORY
from .values import above_zero


@Parameter(name="*", group=HISTORY)
@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryOptions:
    """Whether and how long to search."""

    history: Annotated[bool, Parameter(negative="--no-history")] = True
    """Search the shortest history that leads here."""
    seconds: Annotated[float, Parameter(validator=above_zero, metavar="N")] = 60
    """Time for that search."""
