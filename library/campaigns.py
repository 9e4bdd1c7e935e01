"""Campaigns: random histories on the board against claims and model, kept in one file that is gone on with.

from pathlib import Path
from otaproof.library.campaigns import CampaignEffort, CampaignPlan, Shard, begin_campaign

result = begin_campaign(Path("night.sqlite"), CampaignPlan(), 100, Shard(0, 1), CampaignEffort(), print)
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
