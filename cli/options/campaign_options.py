"""The options that the commands of `otaproof campaign` share."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from .groups import ARGUMENTS, SEARCH
from .values import above_zero, within

if TYPE_CHECKING:
    from ...analysis.campaigns import CampaignEffort
    from ...analysis.results.campaign_result import CampaignResult
    from ..exit_code import ExitCode

_FILE = "The campaign's file: an SQLite database."
CampaignFile = Annotated[Path, Parameter(name="FILE", group=ARGUMENTS, help=_FILE)]
Runs = Annotated[int | None, Parameter(validator=within(1, 10**12), metavar="N", group=SEARCH)]
CODES = {
    0: "nothing found so far",
    1: "a claim is violated, or board and model diverge",
    2: "bad usage or bad input",
    3: "ended too soon: interrupted, or a process was killed",
}
"""What the commands that play runs come to."""


@Parameter(name="*", group=SEARCH)
@dataclass(frozen=True, slots=True, kw_only=True)
class EffortOptions:
    """With what to play, and how long."""

    minutes: Annotated[float | None, Parameter(validator=above_zero, metavar="M")] = None
    """How long to go on (default: until all runs are made)."""
    jobs: Annotated[int, Parameter(validator=within(1, 1024), metavar="N")] = 1
    """Processes to run in."""
    dask: Annotated[str, Parameter(metavar="ADDRESS", show_default=False)] = ""
    """Have the workers of a Dask cluster play: the address of its scheduler, such as tcp://host:8786."""

    def effort(self) -> "CampaignEffort":
        """Return what is asked for."""
        from ...analysis.campaigns import CampaignEffort

        return CampaignEffort(self.jobs, self.dask, None if self.minutes is None else 60 * self.minutes)


def code_of(result: "CampaignResult") -> "ExitCode":
    """Return the exit code of a part of a campaign."""
    from ..exit_code import ExitCode

    if result.ended_by:
        return ExitCode.INCONCLUSIVE
    return ExitCode.VIOLATED if result.fails else ExitCode.HOLDS
