"""`otaproof campaign export`: what a campaign found, as files to take along."""

from collections import Counter
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from ..exit_code import ExitCode
from ..options.campaign_options import CampaignFile
from ..options.epilogue import epilogue
from ..options.groups import ARGUMENTS, OUTPUT, SEARCH
from ..options.values import Count

EPILOGUE = epilogue(
    "otaproof campaign export night.db found",
    "otaproof campaign export night.db found --lua",
    codes={
        0: "the files are there",
        2: "bad usage or bad input",
        3: "ended too soon: interrupted, or a process was killed; nothing was written",
    },
)
_FOLDER = "The directory that gets a directory for each cause."
Folder = Annotated[Path, Parameter(name="DIR", group=ARGUMENTS, help=_FOLDER)]


def campaign_export(
    file: CampaignFile,
    folder: Folder,
    /,
    *,
    jobs: Annotated[Count, Parameter(group=SEARCH)] = 1,
    lua: Annotated[bool, Parameter(group=OUTPUT, negative="")] = False,
) -> ExitCode:
    """Write what a campaign found as files to take along.

    For each cause, and each claim that it breaks, a directory with a test for pytest, which fails as long as the
    claim is violated; host_test, a project of ESP-IDF for target linux that makes the same calls and expects the
    same otadata, where ESP-IDF's emulated flash can fail as the history does; the flash that the history leaves,
    for otaproof explain; and the history as a sequence diagram, SVG and Mermaid.

    Parameters
    ----------
    jobs
        Processes to run in.
    lua
        Write the calls as a Lua script too, with the line by which otaproof run plays it.
    """
    from ...analysis.campaign_causes import campaign_causes
    from ...analysis.cause_files import cause_files
    from ...analysis.lua_trace import require_lua
    from ...diagrams.pictures.trace_drawing import trace_drawing
    from ...output_file import make_directory, write_file
    from ..reports.progress_bar import step_progress
    from ..standard_error import tell
    from ..terminal import terminal

    if lua:
        require_lua()
    make_directory(folder)
    with step_progress("campaign export") as progress:
        result = campaign_causes(file, jobs, progress)
    if result.ended_by:
        tell(f"{result.ended_by}; nothing was written")
        return ExitCode.INCONCLUSIVE
    if not result.causes:
        terminal().print(f"{file}: nothing was found, so there is nothing to write")
    tests: Counter[str] = Counter()
    shown = ((number, cause.title, found) for number, cause in enumerate(result.causes, 1) for found in cause.shown)
    for number, title, found in shown:
        home = folder / f"{number:02}-{found.claim}"
        drawing = trace_drawing(found.token)
        pictures = (("trace.svg", drawing.svg().encode()), ("trace.mmd", drawing.mermaid().encode()))
        tests[found.claim] += 1
        made = cause_files(found, lua, tests[found.claim])
        for name, contents in (*made.files, *pictures):
            make_directory((home / name).parent)
            write_file(home / name, contents)
        terminal().print(f"{home}: {title}", soft_wrap=True)
        for line in made.without:
            terminal().print(f"  {line}", soft_wrap=True)
    return ExitCode.HOLDS
