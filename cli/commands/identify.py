"""`otaproof identify`: which release a bootloader or an application is of, with which options, and how sure that is."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from ..exit_code import ExitCode
from ..options.epilogue import epilogue
from ..options.groups import ARGUMENTS
from ..options.output_options import OutputOptions

EPILOGUE = epilogue(
    "otaproof identify bootloader.bin",
    "otaproof identify dump.bin --json",
    "otaproof identify build/bootloader/bootloader.elf",
    codes={
        0: "at least one part was identified",
        2: "bad usage or bad input",
    },
)
_FILE = "A bootloader.bin, an application, a merged file, a dump of the whole flash, or an ELF file."
ImageFile = Annotated[Path, Parameter(name="FILE", group=ARGUMENTS, help=_FILE)]


def identify(file: ImageFile, /, *, output: OutputOptions = OutputOptions()) -> ExitCode:
    """Say of which release a bootloader is, and which options it has.

    Each part of the file is named, with its ESP-IDF release and, of a bootloader, whether it has rollback and
    anti-rollback and when it skips validation. Each answer is stated by the part itself, or follows from evidence in
    it, or cannot be told; nothing is guessed. Where what reads machine code is installed, a bootloader's own code is
    run to see whether it has rollback.
    """
    from ...analysis.identification import identify_file
    from ...analysis.results.identify_result import identify_result
    from ..reports.identify_report import print_identify

    result = identify_result(str(file), identify_file(file))
    output.give(result, lambda: print_identify(output.console(), result))
    return ExitCode.HOLDS
