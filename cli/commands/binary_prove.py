"""`otaproof binary prove`: does the machine code of a bootloader select as impl's bootloader does, for all inputs?"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from ...errors import InputError
from ..exit_code import ExitCode
from ..options.epilogue import epilogue
from ..options.groups import ARGUMENTS, DEVICE, OUTPUT
from ..options.output_options import OutputOptions
from ..options.values import AntiRollback, AnyRelease, File, Rollback

if TYPE_CHECKING:
    from ...binary.elf_file import BootloaderElf
    from ...binary.theorems.proof import BootloaderProof
    from ...binary.theorems.question import TheoremVerdict
    from ...model.config import Config
    from ...project.sdkconfig import Option

EPILOGUE = epilogue(
    "otaproof binary prove build/bootloader/bootloader.elf",
    "otaproof binary prove bootloader.elf --sdkconfig sdkconfig --json",
    "otaproof binary prove bootloader.elf --rollback --smt2 questions",
    "otaproof binary prove build/app.elf",
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
    """App rollback; what neither an option nor --sdkconfig says is found out by trying."""
    anti_rollback: Annotated[bool | None, AntiRollback] = None
    """Anti-rollback, which needs rollback."""
    sdkconfig: File = None
    """Options of the bootloader's build: its sdkconfig, sdkconfig.h or sdkconfig.json."""
    idf: AnyRelease = None
    """ESP-IDF release whose rules the code is to follow, such as 5.1."""
    table: bool = False
    """Prove the loading of the partition table at 0x8000 too, by the rules of --idf."""

    def configs(self) -> "tuple[Config, ...]":
        """Return what to compare the code with; raises InputError."""
        from ...binary.theorems.proof import BUILD_OPTIONS
        from ...model.config import Release
        from ...project.sdkconfig_file import read_options

        rollback, anti_rollback = self.rollback, self.anti_rollback
        if self.sdkconfig is not None:
            options = read_options(self.sdkconfig).options
            rollback = _said(rollback, options, "BOOTLOADER_APP_ROLLBACK_ENABLE")
            anti_rollback = _said(anti_rollback, options, "BOOTLOADER_APP_ANTI_ROLLBACK")
        asked = tuple(
            replace(config, bootloader_release=self.idf or Release.V5_1)
            for config in BUILD_OPTIONS
            if rollback in (None, config.rollback) and anti_rollback in (None, config.anti_rollback)
        )
        if not asked:
            raise InputError("anti-rollback needs rollback")
        return asked

    def app_builds(self) -> "tuple[Config, ...]":
        """Return what to compare the code of an application with; raises InputError."""
        from ...binary.application.call_proof import APPLICATION_BUILDS

        asked = {config.rollback for config in self.configs()}
        builds = (config for config in APPLICATION_BUILDS if config.rollback in asked)
        releases = (replace(config, app_release=self.idf or config.app_release) for config in builds)
        return tuple(dict.fromkeys(releases))


@Parameter(name="*", group=OUTPUT)
@dataclass(frozen=True, slots=True, kw_only=True)
class BinaryOutput(OutputOptions):
    """Text or JSON, and the questions."""

    smt2: Annotated[Path | None, Parameter(metavar="DIR")] = None
    """Write every question that the verdict rests on, as SMT-LIB."""


def binary_prove(
    file: Annotated[
        Path,
        Parameter(
            name="FILE", group=ARGUMENTS, help="The ELF file of a bootloader or an application, with its symbols."
        ),
    ],
    /,
    *,
    build: BinaryBuild = BinaryBuild(),
    output: BinaryOutput = BinaryOutput(),
) -> ExitCode:
    """Prove that a bootloader's machine code selects as ESP-IDF's rules say.

    Follows every path of the selection of the boot partition, and of the choice among the images, in your
    bootloader.elf: for all contents of both otadata records and any failing flash operation. Compares what the code
    does with the bootloader of otaproof's board. Two solvers decide; where the code differs, an example shows it.

    Of an application it is the esp_ota_* functions that read and rewrite otadata, compared with those of the board.
    """
    from ...analysis.results.binary_prove_result import binary_prove_result
    from ...binary.elf_file import ProgramKind, read_bootloader_elf
    from ...binary.theorems.proof import prove_bootloader
    from ...output_file import make_directory
    from ..reports.binary_prove_report import print_proof
    from ..reports.progress_bar import step_progress

    configs = build.configs()
    elf = read_bootloader_elf(file)
    if output.smt2 is not None:
        make_directory(output.smt2)
    if elf.kind is ProgramKind.APPLICATION:
        return _prove_application(elf, build, output)
    with step_progress("binary prove") as tell:
        found = prove_bootloader(elf, configs, tell, build.table)
    if output.smt2 is not None:
        _write_questions(output.smt2, elf.name, _questions(found))
    output.give(binary_prove_result(found), lambda: print_proof(output.console(), found))
    return exit_code(found.verdict)


def _prove_application(elf: "BootloaderElf", build: BinaryBuild, output: BinaryOutput) -> ExitCode:
    """Do for an application what binary_prove does for a bootloader."""
    from ...analysis.results.application_prove_result import application_prove_result
    from ...binary.application.call_proof import prove_application, smt_texts
    from ..reports.application_prove_report import print_application
    from ..reports.progress_bar import step_progress

    with step_progress("binary prove") as tell:
        found = prove_application(elf, build.app_builds(), tell)
    if output.smt2 is not None:
        _write_questions(output.smt2, elf.name, smt_texts(found))
    output.give(application_prove_result(found), lambda: print_application(output.console(), found))
    return exit_code(found.verdict)


def exit_code(verdict: "TheoremVerdict") -> ExitCode:
    """Return what the verdict comes to."""
    from ...binary.theorems.question import TheoremVerdict

    codes = {TheoremVerdict.PROVED: ExitCode.HOLDS, TheoremVerdict.REFUTED: ExitCode.VIOLATED}
    return codes.get(verdict, ExitCode.INCONCLUSIVE)


def _said(asked: bool | None, options: "Mapping[str, Option]", name: str) -> bool:
    """Return what the command line says of an option, or else the sdkconfig."""
    option = options.get(name)
    return asked if asked is not None else option is not None and option.raw in ("y", "1")


def _questions(found: "BootloaderProof") -> Iterator[tuple[str, str]]:
    from ...binary.theorems.proof import config_text

    for proof in found.theorems:
        for item in proof.verdicts:
            for run in item.runs:
                options = config_text(item.config).replace(" ", "-")
                yield f"{proof.theorem.name}-{options}-{run.semantics.value}", run.answer.text


def _write_questions(directory: Path, file: str, questions: Iterable[tuple[str, str]]) -> None:
    from ...output_file import write_file

    for name, text in questions:
        needs = 'needs "unsat" for a proof; "sat" where the code differs'
        write_file(directory / f"{name}.smt2", f"; {file}: {name}, {needs}\n{text}".encode())
