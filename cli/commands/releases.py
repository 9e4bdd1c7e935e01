"""`otaproof releases`: the rules in which versions of ESP-IDF differ, and what each release changed for OTA."""

from typing import Annotated

from cyclopts import Parameter

from ..exit_code import ExitCode
from ..options.epilogue import epilogue
from ..options.groups import ARGUMENTS
from ..options.output_options import OutputOptions
from ..options.values import release_of

EPILOGUE = epilogue(
    "otaproof releases",
    "otaproof releases 5.1.3 5.1.4",
    "otaproof releases --json",
    codes={
        0: "the rules were told",
        2: "bad usage or bad input",
    },
)
_VERSION = "Version whose rules to list, such as 5.1.4, 6.1-beta1 or master (default: what each release changed)."
Versions = Annotated[str, Parameter(name="VERSION", group=ARGUMENTS, help=_VERSION)]


def releases(*versions: Versions, output: OutputOptions = OutputOptions()) -> ExitCode:
    """List the rules in which ESP-IDF releases differ.

    Without a version: every rule, with the versions that have it, and what each release changed for OTA, applications
    and bootloaders apart. A backport brings a rule to an older branch, so a greater number need not have it.
    """
    from ...analysis.results.releases_result import releases_result
    from ..reports.releases_report import print_releases, print_versions

    asked = [release_of(text, text) for text in versions]
    result = releases_result(asked)
    tell = print_versions if asked else print_releases
    output.give(result, lambda: tell(output.console(), result))
    return ExitCode.HOLDS
