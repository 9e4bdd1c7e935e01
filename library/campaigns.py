"""Campaigns: random histories on the board against claims and model, kept in one file that is gone on with.

What is given last is told at the start, and after each addition, what there is so far.

    from pathlib import Path
    from otaproof.library.campaigns import CampaignEffort, CampaignPlan, Shard, begin_campaign

    plan, effort = CampaignPlan(seed=0), CampaignEffort(jobs=1)
    result = begin_campaign(Path("night.db"), plan, 100, Shard(), effort, lambda ledger: None)
"""

from ..analysis.campaigns import (
    CampaignEffort,
    begin_campaign,
    campaign_status,
    merge_campaigns,
    resume_campaign,
)
from ..analysis.results.campaign_result import CampaignResult
from ..campaign.ledger.campaign_plan import CampaignPlan, Shard
from ..campaign.ledger.ledger import Ledger

__all__ = [
    "CampaignEffort",
    "CampaignPlan",
    "CampaignResult",
    "Ledger",
    "Shard",
    "begin_campaign",
    "campaign_status",
    "merge_campaigns",
    "resume_campaign",
]
