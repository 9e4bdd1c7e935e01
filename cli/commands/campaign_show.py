"""`otaproof campaign show`: what the findings of a campaign come from."""

from typing import Annotated

from cyclopts import Parameter

from ..exit_code import ExitCode
from ..options.campaign_options import CampaignFile
from ..options.epilogue import epilogue
from ..options.groups import OUTPUT, SEARCH
from ..options.output_options import OutputOptions
from ..options.values import Count, ReportFolder

EPILOGUE = epilogue(
    "otaproof campaign show night.db",
    "otaproof campaign show night.db --jobs 8 --json",
    codes={
        0: "nothing found so far",
        1: "a claim is violated, board and model diverge, or a claim was never tried",
        2: "bad usage or bad input",
        3: "ended too soon: interrupted, or a process was killed",
    },
)


def campaign_show(
    file: CampaignFile,
    /,
    *,
    jobs: Annotated[Count, Parameter(group=SEARCH)] = 1,
    report: Annotated[ReportFolder, Parameter(group=OUTPUT)] = None,
    output: OutputOptions = OutputOptions(),
) -> ExitCode:
    """Say what the findings of a campaign come from.

    Makes each finding as plain as it can be: the smallest device, the fewest calls, the weakest fault that shows the
    same. Findings that come to the same are one cause, and known ones are named.

    Parameters
    ----------
    jobs
        Processes to run in.
    report
        Write a page for people, DIR/index.html: how the campaign grew, and each cause step by step.
    """
    from ...analysis.campaign_causes import campaign_causes
    from ...analysis.results.campaign_dossier import campaign_dossier
    from ..command_line import command_line
    from ..reports.campaign_report import print_causes
    from ..reports.html.campaign_page import campaign_page
    from ..reports.html.page import write_page
    from ..reports.progress_bar import step_progress

    with step_progress("campaign show") as tell:
        result = campaign_causes(file, jobs, tell)
    if report is not None:
        write_page(report, campaign_page(campaign_dossier(result, command_line())))
    output.give(result, lambda: print_causes(output.console(), result))
    if result.ended_by:
        return ExitCode.INCONCLUSIVE
    return ExitCode.VIOLATED if result.fails else ExitCode.HOLDS
