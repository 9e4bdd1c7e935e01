"""`otaproof campaign resume`: go on with a campaign."""

from ..exit_code import ExitCode
from ..options.campaign_options import CODES, CampaignFile, EffortOptions, Runs, code_of
from ..options.epilogue import epilogue
from ..options.output_options import OutputOptions

EPILOGUE = epilogue(
    "otaproof campaign resume night.db --jobs 8",
    "otaproof campaign resume night.db --runs 2000000 --minutes 60",
    codes=CODES,
)


def campaign_resume(
    file: CampaignFile,
    /,
    *,
    runs: Runs = None,
    effort: EffortOptions = EffortOptions(),
    output: OutputOptions = OutputOptions(),
) -> ExitCode:
    """Go on with a campaign.

    Plays what is left of the runs, whatever ended the campaign before. Several processes can go on with one file at a
    time.

    Parameters
    ----------
    runs
        Histories to play in all, where that is to be more than before.
    """
    from ...analysis.campaigns import resume_campaign
    from ..reports.campaign_progress import campaign_progress
    from ..reports.campaign_report import print_campaign

    with campaign_progress() as progress:
        result = resume_campaign(file, runs, effort.effort(), progress)
    output.give(result, lambda: print_campaign(output.console(), result))
    return code_of(result)
