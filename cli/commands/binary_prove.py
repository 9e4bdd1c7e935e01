"""`otaproof binary prove`: does the machine code of a bootloader or an application do as impl does, for all inputs?"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from ...bounded_input import shown
from ...errors import InputError
from ...impl.release_points import class_of_app, class_of_bootloader
from ...model.config import Release
from ...model.idf_version import IdfVersion
from ..exit_code import ExitCode
from ..options.epilogue import epilogue
from ..options.groups import ARGUMENTS, DEVICE, OUTPUT
from ..options.output_options import OutputOptions
from ..options.values import AntiRollback, AnyRelease, Count, File, Rollback, within

if TYPE_CHECKING:
    from ...binary.by_turns.core_proof import CoreBuild
    from ...binary.theorems.question import TheoremVerdict
    from ...binary.theorems.theorem import Theorem
    from ...model.config import Config
    from ...project.sdkconfig import Option

EPILOGUE = epilogue(
    "otaproof binary prove build/bootloader/bootloader.elf",
    "otaproof binary prove bootloader.elf --sdkconfig sdkconfig --json",
    "otaproof binary prove bootloader.elf --rollback --smt2 questions",
    "otaproof binary prove build/app.elf",
    "otaproof binary prove bootloader.bin",
    "otaproof binary prove libapp_update.a",
    "otaproof binary prove otadata_by_turns.o --core --slots 3 --factory",
    codes={
        0: "proved",
        1: "refuted: the code differs, and an example says where",
        2: "bad usage or bad input",
        3: "undecided: a path cannot be followed, or a solver gave up",
    },
)
MOST_SLOTS = 16
"""OTA slots that a partition table can have."""
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
    """Prove the loading of the partition table too; which release's rules it follows is found out by trying."""
    table_offset: Annotated[str | None, Parameter(metavar="ADDRESS")] = None
    """Where the table has to be read, such as 0x8000 (default: as --sdkconfig says, else where the code reads it)."""

    core: bool = False
    """The file holds the core of the selector by turns: prove its functions equal to the device model."""
    slots: Annotated[int | None, Parameter(validator=within(1, MOST_SLOTS), metavar="N")] = None
    """With --core: OTA slots of the device (default: 2)."""
    factory: bool = False
    """With --core: the device has a factory partition."""

    def core_builds(self) -> "tuple[CoreBuild, ...]":
        """Return what to compare a core with; raises InputError for an option that does not go with it."""
        from ...binary.by_turns.core_proof import CoreBuild

        named = (
            ("--[no-]anti-rollback", self.anti_rollback is not None),
            ("--idf", self.idf is not None),
            ("--table", self.table),
            ("--table-offset", self.table_offset is not None),
        )
        for option, is_given in named:
            if is_given:
                raise InputError(f"{option} does not go with --core, where it changes nothing")
        rollbacks = {config.rollback for config in self.bootloader_configs()}
        return tuple(CoreBuild(rollback, self.slots or 2, self.factory) for rollback in sorted(rollbacks, reverse=True))

    def check(self) -> None:
        """Raise InputError for options of --core without it."""
        if not self.core and (self.slots is not None or self.factory):
            raise InputError("--slots and --factory need --core")

    def table_theorem(self) -> "Callable[[], Theorem] | None":
        """Return what returns the theorem of the partition table, if it is asked for; raises InputError."""
        from ...binary.theorems.table_theorem import table_at
        from ...project.sdkconfig_file import read_options

        if not self.table:
            if self.table_offset is not None:
                raise InputError("--table-offset needs --table")
            return None
        said, place = self.table_offset, "--table-offset"
        if said is None and self.sdkconfig is not None:
            option = read_options(self.sdkconfig).options.get("PARTITION_TABLE_OFFSET")
            said, place = None if option is None else option.raw, f"{self.sdkconfig}: CONFIG_PARTITION_TABLE_OFFSET"
        return partial(table_at, None if said is None else _address(said, place))

    def bootloader_configs(self) -> "tuple[Config, ...]":
        """Return what to compare the code of a bootloader with; raises InputError."""
        from ...binary.theorems.bootloader_proof import BOOTLOADER_BUILDS

        return self._asked(BOOTLOADER_BUILDS, class_of_bootloader)

    def app_configs(self) -> "tuple[Config, ...]":
        """Return what to compare the code of an application with; raises InputError."""
        from ...binary.application.application_proof import APPLICATION_BUILDS

        return self._asked(APPLICATION_BUILDS, class_of_app)

    def _asked(self, builds: "Iterable[Config]", class_of: Callable[[IdfVersion], Release]) -> "tuple[Config, ...]":
        """Return those of the builds that the options leave open, of the class that the release they name has in the
        model, where all that is asked of machine code goes by class."""
        from ...project.sdkconfig_file import read_options

        rollback, anti_rollback = self.rollback, self.anti_rollback
        if self.sdkconfig is not None:
            options = read_options(self.sdkconfig).options
            rollback = _said(rollback, options, "BOOTLOADER_APP_ROLLBACK_ENABLE")
            anti_rollback = _said(anti_rollback, options, "BOOTLOADER_APP_ANTI_ROLLBACK")
        if anti_rollback and rollback is False:
            raise InputError("anti-rollback needs rollback")
        release = None if self.idf is None else class_of(self.idf)
        of_release = (
            config if release is None else replace(config, bootloader_release=release, app_release=release)
            for config in builds
            if rollback in (None, config.rollback) and anti_rollback in (None, config.anti_rollback)
        )
        return tuple(dict.fromkeys(of_release))


@Parameter(name="*", group=OUTPUT)
@dataclass(frozen=True, slots=True, kw_only=True)
class BinaryOutput(OutputOptions):
    """Text or JSON, the questions, and processes."""

    smt2: Annotated[Path | None, Parameter(metavar="DIR")] = None
    """Write every question that the verdict rests on, as SMT-LIB."""
    jobs: Count = 2
    """Processes to run in: one for each theorem, at most; --core takes one."""


def binary_prove(
    file: Annotated[
        Path,
        Parameter(
            name="FILE",
            group=ARGUMENTS,
            help="An ELF file of a bootloader or an application, or an archive or object of one; a bootloader may have "
            "no symbols, or be an image or a flash dump.",
        ),
    ],
    /,
    *,
    build: BinaryBuild = BinaryBuild(),
    output: BinaryOutput = BinaryOutput(),
) -> ExitCode:
    """Prove that a bootloader's machine code selects as ESP-IDF's rules say.

    Follows every path of the selection of the boot partition, of the choice among the images, and of a wake-up from
    deep sleep, in your bootloader.elf: for all contents of both otadata records and any failing flash operation.
    Compares what the code does with the bootloader of otaproof's board. Two solvers decide; where the code differs, an
    example shows it.

    Of an application it is the esp_ota_* functions that read and rewrite otadata, compared with those of the board.

    With --core it is the core of selector/, which keeps otadata by turns, compared with the device model: each function
    for every state, and every place that runs or is asked for.
    """
    build.check()
    if build.core:
        return _prove_core(file, build, output)
    from ...analysis.results.binary_prove_result import binary_prove_result
    from ...binary.application.application_proof import prove_application
    from ...binary.recovery.program_file import read_program
    from ...binary.struct_layout import ProgramKind
    from ...binary.theorems.bootloader_proof import prove_bootloader
    from ...binary.theorems.proof import smt_texts
    from ...output_file import make_directory
    from ..reports.binary_prove_report import print_proof
    from ..reports.progress_bar import step_progress

    elf = read_program(file)
    is_application = elf.kind is ProgramKind.APPLICATION
    configs = build.app_configs() if is_application else build.bootloader_configs()
    if output.smt2 is not None:
        make_directory(output.smt2)
    with step_progress("binary prove") as tell:
        if is_application:
            found = prove_application(elf, configs, tell, output.jobs)
        else:
            found = prove_bootloader(elf, configs, tell, build.table_theorem(), output.jobs)
    if output.smt2 is not None:
        _write_questions(output.smt2, elf.name, smt_texts(found))
    output.give(binary_prove_result(found), lambda: print_proof(output.console(), found))
    return exit_code(found.verdict)


def _prove_core(file: Path, build: BinaryBuild, output: BinaryOutput) -> ExitCode:
    from ...analysis.results.binary_core_result import binary_core_result
    from ...binary.by_turns.core_proof import prove_whole_core, read_core
    from ...output_file import make_directory
    from ..reports.core_proof_report import print_core_proof
    from ..reports.progress_bar import step_progress

    builds, elf = build.core_builds(), read_core(file)
    if output.smt2 is not None:
        make_directory(output.smt2)
    with step_progress("binary prove") as tell:
        found = prove_whole_core(elf, builds, tell)
    if output.smt2 is not None:
        _write_questions(output.smt2, elf.name, found.questions())
    output.give(binary_core_result(found), lambda: print_core_proof(output.console(), found))
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


def _address(text: str, place: str) -> int:
    """Return a number of 32 bits; raises InputError at `place` for anything else."""
    try:
        address = int(text, 0)
    except ValueError:
        address = -1
    if not 0 <= address <= 0xFFFFFFFF:
        raise InputError(f"{place}: {text!r} is no address; want one such as 0x8000")
    return address


def _write_questions(directory: Path, file: str, questions: Iterable[tuple[str, str]]) -> None:
    from ...output_file import write_file

    for name, text in questions:
        needs = 'needs "unsat" for a proof; "sat" where the code differs'
        write_file(directory / f"{name}.smt2", f"; {shown(file)}: {name}, {needs}\n{text}".encode())
