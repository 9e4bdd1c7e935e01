"""`otaproof fuzz`: random histories on board and device model in lock step, and what they break."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from ...errors import InputError
from ...model.fault_model import MODELLED_FAULTS, FaultModel
from ...model.remedies import Remedy
from ..exit_code import ExitCode
from ..options.device_options import PlayedFaults, UsageName
from ..options.epilogue import epilogue
from ..options.groups import DEVICE, OUTPUT, SEARCH
from ..options.values import (
    AntiRollback,
    AnyRelease,
    OutFile,
    Remedies,
    ReportFolder,
    Rollback,
    Skips,
    above_zero,
    within,
)

if TYPE_CHECKING:
    from ...analysis.results.fuzz_result import FuzzResult
    from ...campaign.fuzz.fuzz_driver import Limits
    from ...campaign.fuzz.generator import Worlds

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


@Parameter(name="*", group=DEVICE)
@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnDevice:
    """Which devices to draw: what is left unsaid is drawn at random, anew for every few runs."""

    slots: Annotated[int | None, Parameter(validator=within(1, 16), metavar="N")] = None
    """OTA slots, 1 to 16 (default: random)."""
    factory: Annotated[bool | None, Parameter(negative="--no-factory")] = None
    """A factory partition with an image (default: random)."""
    rollback: Annotated[bool | None, Rollback] = None
    """App rollback, in bootloader and application (default: random)."""
    anti_rollback: Annotated[bool | None, AntiRollback] = None
    """Anti-rollback, in bootloader and application (default: random)."""
    skip_validate: Skips = frozenset()
    """When the bootloader starts an image without validation, as CONFIG_BOOTLOADER_SKIP_VALIDATE_… has it: always,
    on-power-on, in-deep-sleep (default: never, or at random in-deep-sleep)."""
    versions: Annotated[int, Parameter(validator=within(2, 4), metavar="N")] = 3
    """Secure versions that images can have, 2 to 4."""
    idf: AnyRelease = None
    """ESP-IDF release of the application (default: random)."""
    bootloader_idf: AnyRelease = None
    """ESP-IDF release of the bootloader (default: random)."""
    faults: PlayedFaults = FaultModel.F3
    """What a power cut may leave of a flash operation: all or nothing (F0), any prefix (F1), any bytes (F2), any bits
    (F3), bits that read otherwise each time (F4); and what a bad chip does (F5). F4 and F5 are played on the board
    alone."""
    usage: UsageName = "any"
    """The calls as documented (documented), the same with a restart as soon as an update is complete (restart-at-once),
    or in any order (any)."""
    remedy: Remedies = frozenset()
    """What the application or the bootloader does so that more claims hold, such as restart-at-once (repeatable)."""

    def worlds(self) -> "Worlds":
        """Return the devices to draw; raise InputError where there is none."""
        from ...campaign.fuzz.generator import Worlds
        from ...model.config import Config
        from ...model.device.state import Usage, why_left_out

        if self.anti_rollback and self.rollback is False:
            raise InputError("--anti-rollback needs rollback, and --no-rollback rules it out")
        if Remedy.NOTE_IN_PLACE in self.remedy and self.faults > FaultModel.F1:
            raise InputError("--remedy: note-in-place is modelled up to F1; say --faults F1")
        if self.remedy - {Remedy.RESTART_AT_ONCE} and self.faults not in MODELLED_FAULTS:
            raise InputError("--remedy: the device model draws what a remedy allows, and has F0 … F3; say --faults F3")
        if Remedy.RESTART_AT_ONCE in self.remedy and self.usage == "any":
            raise InputError("restart-at-once goes with documented usage, not with any")
        if self.anti_rollback:
            built = Config(rollback=True, anti_rollback=True).skipping(self.skip_validate)
            if why := why_left_out(built, frozenset()):
                raise InputError(why)
        return Worlds(
            slots=self.slots,
            has_factory=self.factory,
            rollback=self.rollback,
            anti_rollback=self.anti_rollback,
            skips=self.skip_validate,
            app_version=self.idf,
            bootloader_version=self.bootloader_idf,
            faults=self.faults,
            usage=Usage(self.usage),
            remedies=self.remedy,
            versions=self.versions,
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
