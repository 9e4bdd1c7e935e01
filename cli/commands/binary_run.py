"""`otaproof binary run`: a bootloader's own machine code on the simulated flash, beside the simulated bootloader."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from ...errors import InputError
from ...impl.release_points import with_versions
from ...model.config import Config
from ...model.fault_model import FaultModel
from ..exit_code import ExitCode
from ..options.device_options import Faults, ModelledFault
from ..options.epilogue import epilogue
from ..options.groups import ARGUMENTS, CUTS, DEVICE, SEARCH
from ..options.output_options import OutputOptions
from ..options.values import Count, ReleaseName, Rollback, within

if TYPE_CHECKING:
    from ...analysis.results.binary_run_result import BinaryRunResult
    from ...binary.elf_file import BootloaderElf
    from ...binary.emulator.program import BootloaderProgram

EPILOGUE = epilogue(
    "otaproof binary run build/bootloader/bootloader.elf",
    "otaproof binary run bootloader.elf --pairs 1000000 --seed 7 --faults F3 --json",
    "otaproof binary run bootloader.elf --no-rollback --idf 4.4",
    codes={
        0: "no run differs",
        1: "a run differs",
        2: "bad usage or bad input, or code that cannot be run",
        3: "inconclusive: no run differs, but not all could be run, or an interrupt ended them",
    },
)
_FILE = "The bootloader's ELF file, with symbols and debug information."
Elf = Annotated[Path, Parameter(name="FILE", group=ARGUMENTS, help=_FILE)]


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class BinaryRunOptions:
    """How the bootloader was built, and how much is run."""

    rollback: Annotated[bool | None, Rollback, Parameter(group=DEVICE)] = None
    """CONFIG_BOOTLOADER_APP_ROLLBACK_ENABLE (default, for both: what the program fits best)."""
    anti_rollback: Annotated[bool, Parameter(group=DEVICE)] = False
    """CONFIG_BOOTLOADER_APP_ANTI_ROLLBACK, with rollback."""
    idf: Annotated[ReleaseName, Parameter(group=DEVICE)] = Config().app_point
    """ESP-IDF release whose rules the simulated bootloader follows."""
    faults: Annotated[Faults, Parameter(group=CUTS)] = ModelledFault.F1
    """What a power cut may leave of a flash operation: all or nothing (F0), any prefix (F1), any bytes (F2), any bits
    (F3)."""
    pairs: Annotated[int, Parameter(validator=within(0), metavar="N", group=SEARCH)] = 20_000
    """Random pairs of otadata records, and one boot of a random partition table for each 20 of them."""
    seed: Annotated[int, Parameter(validator=within(0), metavar="N", group=SEARCH)] = 0
    """Chooses them, and the samples of F2 and F3."""
    every: Annotated[Count, Parameter(group=SEARCH)] = 1
    """Run one in N of all that is not random, for a quick look."""
    jobs: Annotated[Count, Parameter(group=SEARCH)] = 2
    """Processes to run in; what is found does not depend on their number."""

    def config(self, base: Config) -> Config:
        """Return the configuration that is asked for; raises InputError."""
        if self.anti_rollback and self.rollback is False:
            raise InputError("--anti-rollback: goes with rollback on")
        rollback = self.anti_rollback or bool(self.rollback)
        return replace(base, rollback=rollback, anti_rollback=self.anti_rollback)


def binary_run(
    file: Elf, /, *, options: BinaryRunOptions = BinaryRunOptions(), output: OutputOptions = OutputOptions()
) -> ExitCode:
    """Run a bootloader's machine code beside the simulated bootloader.

    Runs the functions of a bootloader's ELF file in an emulated core, on the simulated flash, and the simulated
    bootloader on another: on every class of pairs of otadata records, on random pairs, and in whole boots from the
    partition table to the image that is started, after power-on and, where the program has the fast path, out of deep
    sleep; with flash operations that fail, and with a power cut in every one of them. After each flash operation the
    flash is compared, at the end what is selected or started.
    """
    from ...binary.emulator.program import BootloaderProgram
    from ...binary.recovery.program_file import read_program
    from ..reports.binary_run_report import print_binary_run

    elf = read_program(file)
    result = _tried(elf, BootloaderProgram(elf), options)
    output.give(result, lambda: print_binary_run(output.console(), result))
    return {
        "no difference": ExitCode.HOLDS,
        "differs": ExitCode.VIOLATED,
        "inconclusive": ExitCode.INCONCLUSIVE,
    }[result.verdict]


def _tried(elf: "BootloaderElf", program: "BootloaderProgram", options: BinaryRunOptions) -> "BinaryRunResult":
    from ...analysis.results.binary_run_result import binary_run_result
    from ...binary.emulator.trials import TrialPlan, fitting_config, trials
    from ..reports.progress_bar import phase_progress

    config = with_versions(Config(chip=program.chip), options.idf, options.idf)
    plan = TrialPlan(options.pairs, options.seed, FaultModel(options.faults), options.every)
    with phase_progress() as progress:
        if options.rollback is None and not options.anti_rollback:
            config = fitting_config(program, config)
        else:
            config = options.config(config)
        phases = list(trials(program, config, plan, options.jobs, progress))
    is_chosen = options.rollback is not None or options.anti_rollback
    return binary_run_result(elf, config, is_chosen, plan, phases)
