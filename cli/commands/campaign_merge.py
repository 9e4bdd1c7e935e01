"""`otaproof campaign merge`: put the shards of a campaign together."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from ..exit_code import ExitCode
from ..options.campaign_options import CampaignFile, code_of
from ..options.epilogue import epilogue
from ..options.groups import ARGUMENTS
from ..options.output_options import OutputOptions

USAGE = "otaproof campaign merge [OPTIONS] FILE PARTS..."
EPILOGUE = epilogue(
    "otaproof campaign merge all.db part1.db part2.db part3.db part4.db",
    codes={
        0: "nothing found so far",
        1: "a claim is violated, board and model diverge, or a claim was never tried",
        2: "bad usage or bad input, or files of several campaigns",
    },
)
Parts = Annotated[
    Path,
    Parameter(name="PARTS", group=ARGUMENTS, negative="", help="The files to put together: one or more."),
]


def campaign_merge(file: CampaignFile, /, *parts: Parts, output: OutputOptions = OutputOptions()) -> ExitCode:
    """Put the shards of a campaign together in a new file.

    Files that hold the same runs may overlap: what was played twice counts once.
    """
    from ...analysis.campaigns import merge_campaigns
    from ..reports.campaign_report import print_campaign

    result = merge_campaigns(file, parts)
    output.give(result, lambda: print_campaign(output.console(), result))
    return code_of(result)
