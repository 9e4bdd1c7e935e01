"""`otaproof binary prove`: does the machine code of a bootloader select as impl's bootloader does, for all inputs?"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from ...errors import InputError
from ..exit_code import ExitCode
from ..options.epilogue import epilogue
from ..options.groups import ARGUMENTS, DEVICE, OUTPUT
from ..options.output_options import OutputOptions
from ..options.values import AnyRelease, File, Rollback

if TYPE_CHECKING:
    from ...binary.theorems.proof import BootloaderProof
    from ...model.config import Config
    from ...project.sdkconfig import Option

EPILOGUE = epilogue(
    "otaproof binary prove build/bootloader/bootloader.elf",
    "otaproof binary prove bootloader.elf --sdkconfig sdkconfig --json",
    "otaproof binary prove bootloader.elf --rollback --smt2 questions",
    codes={
        0: "proved",
        1: "refuted: the code differs, and an example says where",
        2: "bad usage or bad input",
        3: "undecided: a path cannot be followed, or a solver gave up",
    },
)
USAGE = "otaproof binary prove [OPTIONS] FILE"


@Parameter(name="*", group=DEVICE)
@dataclass(frozen=True, slots=True, kw_only=True)
class BinaryBuild:
    """How the file was built."""

    rollback: Annotated[bool | None, Rollback] = None
    """App rollback; without it and --sdkconfig, both are tried."""
    sdkconfig: File = None
    """Options of the bootloader's build: its sdkconfig, sdkconfig.h or sdkconfig.json."""
    idf: AnyRelease = None
    """ESP-IDF release whose rules the code is to follow, such as 5.1."""

    def configs(self) -> "tuple[Config, ...]":
        """Return what to compare the code with; raises InputError."""
        from ...binary.theorems.proof import ROLLBACK_OPTIONS
        from ...model.config import Config, Release
        from ...project.sdkconfig_file import read_options

        rollback = self.rollback
        if self.sdkconfig is not None:
            options = read_options(self.sdkconfig).options
            if _is_on(options, "BOOTLOADER_APP_ANTI_ROLLBACK"):
                raise InputError(f"{self.sdkconfig}: anti-rollback is on, which `binary prove` does not look at")
            said = _is_on(options, "BOOTLOADER_APP_ROLLBACK_ENABLE")
            rollback = said if rollback is None else rollback
        release = self.idf or Release.V5_1
        asked = ROLLBACK_OPTIONS if rollback is None else (Config(rollback=rollback),)
        return tuple(Config(rollback=config.rollback, bootloader_release=release) for config in asked)


@Parameter(name="*", group=OUTPUT)
@dataclass(frozen=True, slots=True, kw_only=True)
class BinaryOutput(OutputOptions):
    """Text or JSON, and the questions."""

    smt2: Annotated[Path | None, Parameter(metavar="DIR")] = None
    """Write every question that the verdict rests on, as SMT-LIB."""


def binary_prove(
    file: Annotated[Path, Parameter(name="FILE", group=ARGUMENTS, help="The bootloader's ELF file, with its symbols.")],
    /,
    *,
    build: BinaryBuild = BinaryBuild(),
    output: BinaryOutput = BinaryOutput(),
) -> ExitCode:
    """Prove that a bootloader's machine code selects as ESP-IDF's rules say.

    Follows every path of the selection of the boot partition, and of the choice among the images, in your
    bootloader.elf: for all contents of both otadata records and any failing flash operation. Compares what the code
    does with the bootloader of otaproof's board. Two solvers decide; where the code differs, an example shows it.
    """
    from ...analysis.results.binary_prove_result import binary_prove_result
    from ...binary.elf_file import read_bootloader_elf
    from ...binary.theorems.proof import prove_bootloader
    from ..reports.binary_prove_report import print_proof
    from ..reports.progress_bar import step_progress

    configs = build.configs()
    elf = read_bootloader_elf(file)
    if output.smt2 is not None:
        _make_directory(output.smt2)
    with step_progress("binary prove") as tell:
        found = prove_bootloader(elf, configs, tell)
    if output.smt2 is not None:
        _write_questions(output.smt2, found)
    output.give(binary_prove_result(found), lambda: print_proof(output.console(), found))
    return exit_code(found)


def exit_code(found: "BootloaderProof") -> ExitCode:
    """Return what the verdict comes to."""
    from ...binary.theorems.question import TheoremVerdict

    codes = {TheoremVerdict.PROVED: ExitCode.HOLDS, TheoremVerdict.REFUTED: ExitCode.VIOLATED}
    return codes.get(found.verdict, ExitCode.INCONCLUSIVE)


def _is_on(options: "Mapping[str, Option]", name: str) -> bool:
    option = options.get(name)
    return option is not None and option.raw in ("y", "1")


def _make_directory(directory: Path) -> None:
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"--smt2: {directory}: {error.strerror or error}") from None


def _write_questions(directory: Path, found: "BootloaderProof") -> None:
    from ...output_file import write_file

    for proof in found.theorems:
        for item in proof.verdicts:
            for run in item.runs:
                rollback = "rollback" if item.config.rollback else "no-rollback"
                name = f"{proof.theorem.name}-{rollback}-{run.semantics.value}"
                needs = 'needs "unsat" for a proof; "sat" where the code differs'
                text = f"; {found.elf.name}: {name}, {needs}\n{run.answer.text}"
                write_file(directory / f"{name}.smt2", text.encode())
