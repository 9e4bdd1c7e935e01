"""`otaproof campaign status`: how far a campaign is."""

from ..exit_code import ExitCode
from ..options.campaign_options import CampaignFile, code_of
from ..options.epilogue import epilogue
from ..options.output_options import OutputOptions

EPILOGUE = epilogue(
    "otaproof campaign status night.db",
    codes={
        0: "nothing found so far",
        1: "a claim is violated, board and model diverge, or a claim was never tried",
        2: "bad usage or bad input",
    },
)


def campaign_status(file: CampaignFile, /, *, output: OutputOptions = OutputOptions()) -> ExitCode:
    """Say how far a campaign is, and what it found."""
    from ...analysis.campaigns import campaign_status as status
    from ..reports.campaign_report import print_campaign

    result = status(file)
    output.give(result, lambda: print_campaign(output.console(), result))
    return code_of(result)
