"""`otaproof mend`: the command lines that make a device boot again, each way played on the board first."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from ..exit_code import ExitCode
from ..options.build_options import BuildOptions
from ..options.epilogue import epilogue
from ..options.groups import ARGUMENTS, DEVICE, OUTPUT
from ..options.history_options import HistoryOptions
from ..options.output_options import OutputOptions

EPILOGUE = epilogue(
    "otaproof mend dump.bin",
    "otaproof mend dump.bin --boot ota_1 --files mended",
    "otaproof mend dump.bin --idf 5.5 --rollback --no-history --json",
    codes={
        0: "it boots as it is, or the commands that mend it are told",
        1: "nothing mends it without a new image, or nothing is known to",
        2: "bad usage or bad input",
    },
)
USAGE = "otaproof mend [OPTIONS] DUMP"
_DUMP = "Whole flash, as esptool read-flash writes it."
Dump = Annotated[Path, Parameter(name="DUMP", group=ARGUMENTS, help=_DUMP)]


@Parameter(name="*", group=DEVICE)
@dataclass(frozen=True, slots=True, kw_only=True)
class MendOptions:
    """What shall boot, and under which rules."""

    boot: Annotated[str | None, Parameter(metavar="LABEL")] = None
    """The app partition that shall boot (default: what boots already, else what otadata names, else a whole image)."""
    idf: Annotated[tuple[str, ...], Parameter(metavar="RELEASES")] = ()
    """ESP-IDF releases of the application, such as 5.1,5.5; repeatable (default: every known one)."""
    efuse: Annotated[int, Parameter(metavar="N")] = 0
    """Secure version in the eFuse."""
    files: Annotated[Path | None, Parameter(metavar="DIR", group=OUTPUT)] = None
    """Write the files that the command lines flash into this directory."""


def mend(
    dump: Dump,
    /,
    *,
    device: MendOptions = MendOptions(),
    build: BuildOptions = BuildOptions(),
    history: HistoryOptions = HistoryOptions(),
    output: OutputOptions = OutputOptions(),
) -> ExitCode:
    """Say what makes a device boot again, and what it boots then.

    Prints what boots as it is and how it came to that, then the command lines that mend it: which bytes go where. What
    they leave is played on the simulated board, under all rules that were looked at, before it is told.
    """
    from ...analysis.history_search import explain_cases
    from ...analysis.mend_search import find_mend
    from ...analysis.results.mend_result import mend_result
    from ...output_file import make_directory, write_file
    from ...project.flash_dump import load_dump
    from ..reports.mend_report import print_mend

    loaded = load_dump(build.inputs(), dump, list(device.idf) or None, device.efuse)
    mending = find_mend(loaded, device.boot, device.files)
    cases = explain_cases(loaded, history.seconds if history.history else None)
    if device.files is not None and mending.files:
        make_directory(device.files)
        for name, contents in mending.files.items():
            write_file(device.files / name, contents)
    result = mend_result(loaded, cases, mending)
    output.give(result, lambda: print_mend(output.console(), result, cases, has_files=device.files is not None))
    is_mended = result.verdict in ("nothing to mend", "can be mended")
    return ExitCode.HOLDS if is_mended else ExitCode.VIOLATED
