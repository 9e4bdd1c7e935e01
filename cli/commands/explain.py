"""`otaproof explain`: what a flash holds, what boots, what the calls would do now, and how it came to this."""

from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from ...model.config import Selector
from ..exit_code import ExitCode
from ..options.build_options import BuildOptions
from ..options.epilogue import epilogue
from ..options.groups import ARGUMENTS, DEVICE, INPUTS
from ..options.history_options import HistoryOptions
from ..options.output_options import OutputOptions
from ..options.values import File

if TYPE_CHECKING:
    from ...analysis.history_search import Case
    from ...project.inputs import Inputs

EPILOGUE = epilogue(
    "otaproof explain dump.bin",
    "otaproof explain --otadata otadata.bin --partitions table.csv --idf 5.1,5.5",
    "otaproof explain dump.bin --no-history --json",
    codes={
        0: "what otadata selects boots",
        1: "nothing boots, or an image that otadata does not select",
        2: "bad usage or bad input",
        3: "inconclusive: it boots under some of the rules looked at, and not under others",
    },
    names_calls=True,
)
USAGE = "otaproof explain [OPTIONS] [DUMP]"
_DUMP = "Whole flash, as esptool read-flash writes it, or the directory of what is flashed."
Dump = Annotated[Path | None, Parameter(name="DUMP", group=ARGUMENTS, help=_DUMP)]


@Parameter(name="*", group=INPUTS)
@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainInputs:
    """What to decode, in place of a dump, and under which rules."""

    otadata: File = None
    """Otadata partition alone, 8192 bytes."""
    partitions: File = None
    """With --otadata: partition table, CSV or binary."""
    idf: Annotated[tuple[str, ...], Parameter(metavar="RELEASES", group=DEVICE)] = ()
    """ESP-IDF releases of the application, such as 5.1,5.5; repeatable (default: as its image says, else all)."""
    selector: Annotated[Selector | None, Parameter(group=DEVICE)] = None
    """What keeps otadata in bootloader and application: ESP-IDF's code, or its replacement of selector/, by-turns
    (default: by-turns where otadata has a record of it that is whole)."""
    efuse: Annotated[int, Parameter(metavar="N", group=DEVICE)] = 0
    """Secure version in the eFuse."""

    def inputs(self, subject: Path | None, build: BuildOptions) -> "Inputs":
        """Return all that the command line says of the device, but for the releases."""
        return replace(
            build.inputs(),
            subject=subject,
            otadata=self.otadata,
            partitions=self.partitions,
            efuse_version=self.efuse,
            file_options=frozenset(known.name for known in fields(self)),
        )


def explain(
    dump: Dump = None,
    /,
    *,
    files: ExplainInputs = ExplainInputs(),
    build: BuildOptions = BuildOptions(),
    history: HistoryOptions = HistoryOptions(),
    output: OutputOptions = OutputOptions(),
) -> ExitCode:
    """Decode a flash dump or an otadata partition: what boots, and why.

    Prints what the otadata entries say and what is wrong with them, what boots at the next power-on and at the one
    after, what is written to flash then, what accept(), rollback() and commence() would do now, and the shortest
    history that leads here.
    """
    from ...analysis.history_search import explain_cases
    from ...analysis.results.explain_result import explain_result
    from ...project.flash_dump import load
    from ..reports.explain_report import print_report

    loaded = load(files.inputs(dump, build), list(files.idf) or None, files.selector)
    cases = explain_cases(loaded, history.seconds if history.history else None)
    output.give(explain_result(loaded, cases), lambda: print_report(output.console(), loaded, cases))
    return exit_code(cases)


def exit_code(cases: "list[Case]") -> ExitCode:
    """Return what the cases come to."""
    good = {case.answer.is_good for case in cases}
    if len(good) > 1:
        return ExitCode.INCONCLUSIVE
    return ExitCode.HOLDS if good == {True} else ExitCode.VIOLATED
