"""`otaproof campaign run`: begin a campaign of random runs that is kept in a file."""

from dataclasses import dataclass
from typing import Annotated

from cyclopts import Parameter

from ...errors import InputError
from ..exit_code import ExitCode
from ..options.campaign_options import CODES, CampaignFile, EffortOptions, Runs, code_of
from ..options.drawn_device import DrawnDevice
from ..options.epilogue import epilogue
from ..options.groups import SEARCH
from ..options.output_options import OutputOptions
from ..options.values import within

DEFAULT_RUNS = 100_000
EPILOGUE = epilogue(
    "otaproof campaign run night.db --runs 1000000 --jobs 8",
    "otaproof campaign run part2.db --seed 7 --shard 2/8",
    "otaproof campaign run mine.db --slots 2 --rollback --idf 5.5 --minutes 30",
    codes=CODES,
)


@Parameter(name="*", group=SEARCH)
@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignSize:
    """What is played."""

    seed: Annotated[int, Parameter(validator=within(0), metavar="N")] = 0
    """The same seed finds the same."""
    runs: Runs = None
    """Histories to play, of all shards together (default: 100000)."""
    steer: Annotated[bool, Parameter(negative="--no-steer")] = True
    """Draw more of what was seldom come through, and change histories that came to something new; --no-steer plays
    those of otaproof fuzz."""
    shard: Annotated[str, Parameter(metavar="K/N")] = "1/1"
    """Play the K-th of N parts; otaproof campaign merge puts them together."""


def campaign_run(
    file: CampaignFile,
    /,
    *,
    device: DrawnDevice = DrawnDevice(),
    size: CampaignSize = CampaignSize(),
    effort: EffortOptions = EffortOptions(),
    output: OutputOptions = OutputOptions(),
) -> ExitCode:
    """Begin a campaign: random histories, kept in a file.

    Plays random histories as otaproof fuzz does, and keeps in a file what they came to. The process can be ended, or
    killed, at any moment: otaproof campaign resume goes on, and comes to the same as if nothing had happened. What is
    found depends on seed and options alone, not on the number of processes, shards or machines.
    """
    from ...analysis.campaigns import begin_campaign
    from ...campaign.ledger.campaign_plan import CampaignPlan, Shard
    from ..reports.campaign_progress import campaign_progress
    from ..reports.campaign_report import print_campaign

    try:
        shard = Shard.parse(size.shard)
    except ValueError as error:
        raise InputError(f"--shard: {error}") from None
    plan, runs = CampaignPlan(size.seed, device.worlds(), is_steered=size.steer), size.runs or DEFAULT_RUNS
    with campaign_progress() as progress:
        result = begin_campaign(file, plan, runs, shard, effort.effort(), progress)
    output.give(result, lambda: print_campaign(output.console(), result))
    return code_of(result)
