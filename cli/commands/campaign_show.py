"""`otaproof campaign show`: what the findings of a campaign come from."""

from typing import Annotated

from cyclopts import Parameter

from ..exit_code import ExitCode
from ..options.campaign_options import CampaignFile
from ..options.epilogue import epilogue
from ..options.groups import SEARCH
from ..options.output_options import OutputOptions
from ..options.values import Count

EPILOGUE = epilogue(
    "otaproof campaign show night.db",
    "otaproof campaign show night.db --jobs 8 --json",
    codes={
        0: "nothing found so far",
        1: "a claim is violated, or board and model diverge",
        2: "bad usage or bad input",
        3: "ended too soon: interrupted, or a process was killed",
    },
)


def campaign_show(
    file: CampaignFile,
    /,
    *,
    jobs: Annotated[Count, Parameter(group=SEARCH)] = 1,
    output: OutputOptions = OutputOptions(),
) -> ExitCode:
    """Say what the findings of a campaign come from.

    Makes each finding as plain as it can be: the smallest device, the fewest calls, the weakest fault that shows the
    same. Findings that come to the same are one cause, and known ones are named.

    Parameters
    ----------
    jobs
        Processes to run in.
    """
    from ...analysis.campaign_causes import campaign_causes
    from ..reports.campaign_report import print_causes

    result = campaign_causes(file, jobs)
    output.give(result, lambda: print_causes(output.console(), result))
    if result.ended_by:
        return ExitCode.INCONCLUSIVE
    return ExitCode.VIOLATED if result.found else ExitCode.HOLDS
