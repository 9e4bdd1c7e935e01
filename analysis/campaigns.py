"""Campaigns: begun, gone on with, merged, and what they found by cause."""

from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from .. import __version__
from ..campaign.ledger.campaign_plan import ALL, CampaignPlan, Shard
from ..campaign.ledger.lane_dealing import CampaignRun
from ..campaign.ledger.ledger import Ledger
from ..errors import InputError
from .cluster import any_executor
from .results.campaign_result import CampaignAction, CampaignResult, campaign_result

Watch = Callable[[Ledger], None]
"""Is told at the start, and after each addition, what there is so far."""


@dataclass(frozen=True, slots=True)
class CampaignEffort:
    """With what, and how long."""

    jobs: int = 1
    """Processes of this machine."""
    dask: str = ""
    """Address of a Dask scheduler, whose workers do the work instead."""
    seconds: float | None = None
    """When to stop; None: when all runs are made."""


def begin_campaign(
    path: Path, plan: CampaignPlan, runs: int, shard: Shard, effort: CampaignEffort, watch: Watch
) -> CampaignResult:
    """Make the file of a campaign and play it; raises InputError where there is a file already."""
    with any_executor(effort.jobs, effort.dask) as dealt, Ledger.create(path, plan, runs, shard) as ledger:
        return _played(ledger, "run", dealt, effort.seconds, watch)


def resume_campaign(path: Path, runs: int | None, effort: CampaignEffort, watch: Watch) -> CampaignResult:
    """Go on with a campaign, to more runs where they are given; raises InputError."""
    with Ledger.open(path) as ledger:
        if ledger.version != __version__:
            raise InputError(f"{path}: begun with otaproof {ledger.version}, and this is {__version__}; begin anew")
        if runs is not None:
            ledger.extend(runs)
        with any_executor(effort.jobs, effort.dask) as dealt:
            return _played(ledger, "resume", dealt, effort.seconds, watch)


def campaign_status(path: Path) -> CampaignResult:
    """Return how far a campaign is; raises InputError."""
    with Ledger.open(path) as ledger:
        return campaign_result(ledger, "status")


def merge_campaigns(target: Path, paths: Sequence[Path]) -> CampaignResult:
    """Put shards of one campaign together in a new file, whole or not at all; raises InputError for files of several
    campaigns."""
    if not paths:
        raise InputError("name the files to put together behind the new one")
    with ExitStack() as stack:
        parts = [stack.enter_context(Ledger.open(path)) for path in paths]
        for part in parts:
            parts[0].check_same(part)
        merged = stack.enter_context(Ledger.create(target, parts[0].plan, parts[0].runs, ALL, is_whole=True))
        for part in parts:
            merged.merge(part)
        return campaign_result(merged, "merge")


def _played(
    ledger: Ledger, action: CampaignAction, dealt: tuple[Executor, int], seconds: float | None, watch: Watch
) -> CampaignResult:
    executor, ahead = dealt
    part = CampaignRun(ledger, ahead, seconds)
    part.run(executor, lambda: watch(ledger))
    return campaign_result(ledger, action, part.ended_by, part.is_shared)
