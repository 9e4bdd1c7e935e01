"""`otaproof fuzz`: random histories on board and device model in lock step, and what they break."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from ..exit_code import ExitCode
from ..options.drawn_device import DrawnDevice
from ..options.epilogue import epilogue
from ..options.groups import OUTPUT, SEARCH
from ..options.values import OutFile, ReportFolder, above_zero, within

if TYPE_CHECKING:
    from ...analysis.results.fuzz_result import FuzzResult
    from ...campaign.fuzz.fuzz_driver import Limits

DEFAULT_RUNS = 1000
EPILOGUE = epilogue(
    "otaproof fuzz --seed 7 --runs 2000",
    "otaproof fuzz --minutes 30 --jobs 2 --out findings.jsonl",
    "otaproof fuzz --slots 2 --rollback --idf 5.5 --usage restart-at-once",
    codes={
        0: "nothing found",
        1: "a claim is violated, or board and model diverge",
        2: "bad usage",
        3: "ended too soon: interrupted, or a process was killed",
    },
)


@Parameter(name="*", group=SEARCH)
@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """How much to run."""

    seed: Annotated[int, Parameter(validator=within(0), metavar="N")] = 0
    """The same seed finds the same."""
    runs: Annotated[int | None, Parameter(validator=within(1), metavar="N")] = None
    """Histories to play (default: 1000, and with --minutes no limit)."""
    minutes: Annotated[float | None, Parameter(validator=above_zero, metavar="M")] = None
    """How long to go on, instead of --runs or as a second limit."""
    jobs: Annotated[int, Parameter(validator=within(1, 1024), metavar="N")] = 1
    """Processes to run in."""

    def limits(self) -> "Limits":
        """Return when to stop."""
        from ...campaign.fuzz.fuzz_driver import Limits

        if self.minutes is None:
            return Limits(DEFAULT_RUNS if self.runs is None else self.runs)
        return Limits(self.runs, 60 * self.minutes)


@Parameter(name="*", group=OUTPUT)
@dataclass(frozen=True, slots=True, kw_only=True)
class FindingsOutput:
    """Where the findings go."""

    json: bool = False
    """Print one JSON object instead of text."""
    out: OutFile = None
    """Write the findings to a file, a JSON object a line."""
    report: ReportFolder = None
    """Write a page for people, DIR/index.html: for each claim the shortest history that breaks it, step by step."""

    def give_page(self, result: "FuzzResult") -> None:
        """Write the page, if it is asked for."""
        from ...analysis.results.fuzz_dossier import fuzz_dossier
        from ..command_line import command_line
        from ..reports.html.fuzz_page import fuzz_page
        from ..reports.html.page import write_page

        if self.report is not None:
            write_page(self.report, fuzz_page(fuzz_dossier(result, command_line())))


def fuzz(
    *,
    device: DrawnDevice = DrawnDevice(),
    runs: RunOptions = RunOptions(),
    output: FindingsOutput = FindingsOutput(),
) -> ExitCode:
    """Play random histories with power cuts, board and model in lock step.

    Draws random devices and histories with up to three power cuts, plays them on the simulated board, and lets the
    device model and the life-cycle table follow every operation. Prints where the three diverge and which claims are
    violated: each once for a kind of device, with its history shrunk.
    """
    from ...analysis.fuzz_findings import fuzz_devices
    from ...analysis.results.fuzz_result import fuzz_result
    from ...output_file import write_file
    from ..json_text import json_line, json_text
    from ..reports.fuzz_report import print_fuzz
    from ..reports.progress_bar import fuzz_progress
    from ..terminal import terminal

    worlds = device.worlds()
    with fuzz_progress() as progress:
        report = fuzz_devices(runs.seed, worlds, runs.limits(), runs.jobs, progress)
    result = fuzz_result(report)
    if output.out is not None:
        write_file(output.out, "".join(json_line(finding) for finding in result.findings).encode())
    output.give_page(result)
    if output.json:
        print(json_text(result), end="")
    else:
        print_fuzz(terminal(), result)
    if report.ended_by:
        return ExitCode.INCONCLUSIVE
    return ExitCode.VIOLATED if report.reported else ExitCode.HOLDS
