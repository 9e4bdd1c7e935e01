"""`otaproof conform`: recorded vectors replayed on the board."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from ..exit_code import ExitCode
from ..options.epilogue import epilogue
from ..options.groups import ARGUMENTS, INPUTS
from ..options.output_options import OutputOptions

EPILOGUE = epilogue(
    "otaproof conform",
    "otaproof conform tests/data/vectors",
    "otaproof conform tests/data/vectors/pins.jsonl.gz --json",
    codes={
        0: "all vectors agree",
        1: "some do not",
        2: "bad usage or bad input",
    },
)
_VECTORS = "A .jsonl or .jsonl.gz file, or a directory of them (default: the sample that comes with otaproof)."
Vectors = Annotated[Path, Parameter(name="FILE", group=ARGUMENTS, help=_VECTORS)]


_OUTSIDE = "Follow links in a directory of vectors that lead out of it."
Outside = Annotated[bool, Parameter(group=INPUTS, help=_OUTSIDE)]


def conform(*files: Vectors, outside: Outside = False, output: OutputOptions = OutputOptions()) -> ExitCode:
    """Replay vectors recorded from ESP-IDF's own code.

    Replays vectors that were recorded from ESP-IDF's and NodeMCU's own code on the simulated board, and compares every
    field: results, error texts, flash operations, otadata, states, digests, eFuse. layouts*.json, images*.json and
    images/ are looked for beside each file.
    """
    from ...analysis.conformance_run import replay_files
    from ...analysis.results.conform_result import conform_result
    from ...examples.shipped_example import VECTORS
    from ..reports.conform_report import print_conform
    from ..terminal import status_line

    with status_line("replaying") as tell:
        # The sample is ours, wherever an editable install keeps it.
        report = replay_files(files or (VECTORS,), lambda path: tell(f"replaying {path.name}"), outside or not files)
    result = conform_result(report.vectors, report.mismatches)
    output.give(result, lambda: print_conform(output.console(), result))
    return ExitCode.VIOLATED if report.mismatches else ExitCode.HOLDS
