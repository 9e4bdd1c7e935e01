"""`otaproof check`: an upgrade with the power cut at every flash step, what boots, and what that breaks."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from ...errors import InputError
from ...model.config import Selector
from ...model.fault_model import MODELLED_FAULTS
from ...model.remedies import Remedy
from ...project.check_policy import CheckPolicy, FailOn, baseline_text
from ..exit_code import ExitCode
from ..options.build_options import BuildFiles, BuildOptions, Project
from ..options.epilogue import epilogue
from ..options.file_options import FileOptions
from ..options.groups import DEVICE, INPUTS, OUTPUT
from ..options.output_options import ClaimReviewOptions, OutputOptions
from ..options.sweep_options import SweepOptions
from ..options.values import File, OutFile, is_elf
from ..standard_error import tell

if TYPE_CHECKING:
    from ...analysis.bootloader_check import BootloaderCheck
    from ...analysis.results.check_result import CheckResult
    from ...analysis.upgrade_check import CheckReport
    from ...campaign.device_under_test import DeviceUnderTest
    from ...project.inputs import Inputs
    from ...project.option_reader import ConfigValue
    from ...project.resolve import Resolved

FILE_OPTIONS = FileOptions
_OF_APPLICATIONS = "--policy, --fail-on, --write-baseline, --sarif, --junit, --github, --report"
EPILOGUE = epilogue(
    "otaproof check path/to/project",
    "otaproof check --flash dump.bin --update build/app.bin --idf 5.1",
    "otaproof check --partitions partitions.csv --image-size 1.2M --rollback",
    "otaproof check --remedy restart-at-once --remedy erase-last-boot",
    "otaproof check --endurance 10",
    "otaproof check --fast",
    "otaproof check --bootloader build/bootloader/bootloader.elf",
    "otaproof check . --fail-on new --sarif check.sarif --report page",
    "otaproof check --update-kind partition-table --update new.csv",
    codes={
        0: "all claims hold, or no violation is one that the policy fails on",
        1: "a claim is violated, or a cut leaves a brick",
        2: "bad usage or bad input",
        3: "inconclusive: not all was decided",
    },
    names_calls=True,
)
USAGE = "otaproof check [OPTIONS] [PROJECT]"


class UpdateChoice(Enum):
    """What an update brings."""

    APP = "app"
    BOOTLOADER = "bootloader"
    PARTITION_TABLE = "partition-table"


@Parameter(name="*", group=INPUTS)
@dataclass(frozen=True, slots=True, kw_only=True)
class CheckInputs(BuildFiles):
    """Files, in place of those of the project, and what else the device holds."""

    update: File = None
    """Image that the upgrade brings, or the directory that holds it; or the bootloader, or the partition table."""
    update_kind: Annotated[UpdateChoice, Parameter(group=DEVICE)] = UpdateChoice.APP
    """What the update brings. For a bootloader and a partition table: between which cuts a device becomes a brick."""
    image_size: Annotated[str | None, Parameter(metavar="SIZE")] = None
    """Make the images that are not given, such as 1.2M."""
    otadata: File = None
    """Otadata partition, 8192 bytes (default: blank)."""
    flash: Annotated[Path | None, Parameter(metavar="DUMP")] = None
    """Dump of the whole flash, as esptool read-flash writes it."""
    efuse: Annotated[int, Parameter(metavar="N", group=DEVICE)] = 0
    """Secure version in the eFuse."""
    selector: Annotated[Selector, Parameter(group=DEVICE)] = Selector.ESP_IDF
    """What keeps otadata in bootloader and application: ESP-IDF's code, or its replacement of selector/ (by-turns)."""
    bootloader: File = None
    """Image of the bootloader; or its ELF file, with symbols and debug information: then its machine code makes every
    power-on as well."""

    @property
    def machine_code(self) -> Path | None:
        """The bootloader's ELF file, where one was given."""
        return self.bootloader if self.bootloader is not None and is_elf(self.bootloader) else None

    def inputs(self, subject: Path | None, build: BuildOptions) -> "Inputs":
        """Return all that the command line says of the device."""
        return replace(
            self.named(subject, build),
            bootloader=None if self.machine_code else self.bootloader,
            update=self.update,
            otadata=self.otadata,
            flash=self.flash,
            image_size=self.image_size,
            efuse_version=self.efuse,
            selector=self.selector,
        )


@Parameter(name="*", group=OUTPUT)
@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyOptions:
    """Which violations count."""

    policy: File = None
    """File of options, of what is accepted, and of when to fail (default: otaproof.toml of the project, or its
    pyproject.toml)."""
    fail_on: FailOn | None = None
    """Fail on each violation that is not accepted (violated), on those that are not in the baseline either (new), or on
    none (never); default: as the policy says, else violated."""
    write_baseline: OutFile = None
    """Write the violations, accepted ones left out, as a baseline."""

    @property
    def is_given(self) -> bool:
        """An option was given."""
        return any(option is not None for option in (self.policy, self.fail_on, self.write_baseline))

    def read(self, told: FileOptions) -> "CheckPolicy":
        """Return the policy; raises InputError."""
        policy = told.policy(self.write_baseline is not None)
        return policy if self.fail_on is None else replace(policy, fail_on=self.fail_on)

    def notes(self, policy: "CheckPolicy", told: FileOptions) -> Iterator[str]:
        """Yield what is to be said of the options themselves."""
        if policy.fail_on is FailOn.NEW and not told.has_baseline:
            name = f"{told.file}: fail-on" if self.fail_on is None else "--fail-on"
            yield (
                f"{name} new: no baseline is named, so each violation that is not accepted counts as new; "
                '--write-baseline FILE makes one, and baseline = "FILE" in otaproof.toml names it'
            )

    def judged(self, result: "CheckResult", policy: "CheckPolicy", file: Path | None) -> "CheckResult":
        """Return the result with what the policy makes of it, where a file or an option asks for one."""
        from ...analysis.results.policy_result import checked_policy

        if file is None and not self.is_given:
            return result
        return replace(result, policy=checked_policy(policy, None if file is None else str(file), result.violated))

    def give_baseline(self, result: "CheckResult", policy: "CheckPolicy") -> None:
        """Write the baseline, if it is asked for."""
        from ...output_file import write_file

        if self.write_baseline is not None:
            others = {claim: weakest for claim, weakest in result.violated.items() if claim not in policy.accepted}
            write_file(self.write_baseline, baseline_text(others).encode())


def check(
    project: Project = None,
    /,
    *,
    files: CheckInputs = CheckInputs(),
    build: BuildOptions = BuildOptions(),
    sweep: SweepOptions = SweepOptions(),
    policy: PolicyOptions = PolicyOptions(),
    output: ClaimReviewOptions = ClaimReviewOptions(),
    told: Annotated[FileOptions, Parameter(parse=False)] = FileOptions(),
) -> ExitCode:
    """Cut the power at every step of an upgrade and check every claim.

    Runs an upgrade on a simulated board that behaves byte for byte as ESP-IDF, cuts the power at every flash step in
    every way that the fault model admits, boots, and checks what is promised.
    """
    from ...analysis.results.check_result import check_result
    from ...analysis.upgrade_check import check_upgrade
    from ...campaign.upgrade.cut_table import write_cut_table
    from ...project.device_builder import build_device
    from ...project.resolve import resolve
    from ..reports.progress_bar import progress_bar

    _check_sweep(files, sweep)
    _check_told(files, told)
    inputs = replace(files.inputs(project, build), names=told.names)
    if files.update_kind is not UpdateChoice.APP:
        if policy.is_given or output.is_for_others:
            raise InputError(f"{_OF_APPLICATIONS}: go with --update-kind app alone")
        return _check_session(files, inputs, sweep, output, tuple(told.values()))
    decided = policy.read(told)
    resolved = resolve(inputs)
    device = build_device(resolved, sweep.chunk)
    rested_on = (*told.values(), *resolved.values_for_check(), *device.values)
    not_modelled = (f"{value.name}: {value.value}" for value in resolved.settings.not_modelled)
    notes = [*policy.notes(decided, told), *sweep.left_out(), *not_modelled, *resolved.notes, *device.notes]
    watched = None if files.machine_code is None else _watched(files.machine_code, device.world)
    report = check_upgrade(
        device.world.keeping_to(sweep.remedy),
        sweep.fault_model,
        sweep.seed,
        rested_on,
        tuple(notes),
        sweep.proofs,
        not sweep.fast,
        progress_bar,
        None if watched is None else watched.oracle,
        sweep.depth,
        endurance=sweep.endurance,
        jobs=sweep.jobs,
    )
    is_cut_short = bool(report.ended_by) or not _is_written(
        sweep.cuts, lambda path: write_cut_table(path, report.world, report.upgrade)
    )
    result = check_result(report, None if watched is None else watched.findings(report.sweeps))
    result = policy.judged(result, decided, told.file)
    if is_cut_short:
        _tell_cut_short(report.ended_by, sweep.cuts, policy.write_baseline)
    if not is_cut_short:
        policy.give_baseline(result, decided)
    _give(result, output, project or files.partitions or Path())
    if output.report is not None:
        _give_page(output.report, report, result, resolved, told.file, files.machine_code)
    return ExitCode.INCONCLUSIVE if is_cut_short else exit_code(result)


def _give(result: "CheckResult", output: ClaimReviewOptions, subject: Path) -> None:
    """Print and write the result; subject: the file or directory on which SARIF shows violations."""
    from ..reports.check_report import check_title, print_check
    from ..reports.check_sarif import check_sarif
    from ..reports.junit import check_junit
    from ..reports.policy_report import verdict_line
    from ..reports.review import annotate, give_junit, sarif_of, text_page

    log = sarif_of(output, lambda: check_sarif(result, subject))
    give_junit(output, lambda: check_junit(result))
    with text_page(output):
        output.give(result, lambda: print_check(output.console(), result))
    annotate(output, log, verdict_line(result), (f"{check_title(result)}.", *result.notes))


def _give_page(
    folder: Path,
    report: "CheckReport",
    result: "CheckResult",
    resolved: "Resolved",
    policy: Path | None,
    machine_code: Path | None,
) -> None:
    """Write the page of a check."""
    from ...analysis.results.check_dossier import check_dossier
    from ...project.input_files import input_files
    from ..command_line import command_line
    from ..reports.html.check_page import check_page
    from ..reports.html.page import write_page

    more = (("policy", policy), ("bootloader's ELF file", machine_code))
    inputs = (*input_files(resolved), *((name, path) for name, path in more if path is not None))
    write_page(folder, check_page(check_dossier(report, result, inputs, command_line())))


def _check_sweep(files: CheckInputs, sweep: SweepOptions) -> None:
    """Refuse remedies that cannot be played here, and two fault models."""
    if sweep.fast and sweep.faults is not None:
        raise InputError("--fast: checks under F0; leave --faults out")
    if sweep.fault_model not in MODELLED_FAULTS:
        if files.update_kind is not UpdateChoice.APP:
            raise InputError(f"--faults: {sweep.fault_model.name} goes with --update-kind app alone; say F3")
        if files.machine_code is not None:
            raise InputError(f"--faults: {sweep.fault_model.name} goes with the simulated bootloader alone; say F3")
    if sweep.depth > 1 and (sweep.fault_model not in MODELLED_FAULTS or files.machine_code is not None):
        raise InputError("--depth: goes with the simulated bootloader, and with F0 to F3, alone")
    if Remedy.FLAG_DOWNLOAD in sweep.remedy:
        raise InputError("--remedy: flag-download keeps its flag in NVS, which the board of check has not")
    given = (
        ("remedy", sweep.remedy),
        ("fast", sweep.fast),
        ("depth", sweep.depth > 1),
        ("endurance", sweep.endurance is not None),
        ("jobs", sweep.jobs > 1),
    )
    for name, is_given in given:
        if is_given and files.update_kind is not UpdateChoice.APP:
            raise InputError(f"--{name}: goes with --update-kind app alone")
    if sweep.jobs > 1 and files.machine_code is not None:
        raise InputError("--jobs: goes with the simulated bootloader alone")
    if sweep.remedy and files.machine_code is not None:
        raise InputError("--remedy: goes with the simulated bootloader alone")
    if files.selector is not Selector.ESP_IDF:
        name = f"--selector {files.selector.value}"
        if files.update_kind is not UpdateChoice.APP or files.machine_code is not None:
            raise InputError(f"{name}: goes with --update-kind app and the simulated bootloader alone")
        if sweep.remedy:
            raise InputError(f"{name}: asks nothing of the application; leave --remedy out")


def _check_told(files: CheckInputs, told: FileOptions) -> None:
    """Refuse machine code that a project's own file names: whoever runs it says so."""
    if files.machine_code is not None and "bootloader" in told.names:
        raise InputError(f"{told.names['bootloader']}: is an ELF file; its machine code runs with --bootloader alone")


def _check_session(
    files: CheckInputs,
    inputs: "Inputs",
    sweep: SweepOptions,
    output: OutputOptions,
    rested_on: "tuple[ConfigValue, ...]",
) -> ExitCode:
    """Check an update of a bootloader or a partition table."""
    from ...analysis.results.session_result import session_result
    from ...analysis.session_check import check_session
    from ...campaign.unsafe_update.session import UpdateKind
    from ...campaign.unsafe_update.session_cut_table import write_session_cut_table
    from ...project.device_builder import build_device
    from ...project.resolve import resolve
    from ...project.session_builder import build_session
    from ..reports.progress_bar import progress_bar
    from ..reports.session_report import print_session

    if files.machine_code is not None:
        raise InputError("--bootloader with an ELF file: goes with --update-kind app alone")
    resolved = resolve(replace(inputs, update=None))
    built = build_device(resolved, sweep.chunk)
    built.notes.extend(f"{value.name}: {value.value}" for value in resolved.settings.not_modelled)
    built.notes.extend(resolved.notes)
    built.values[:0] = (*rested_on, *resolved.values_for_check())
    session = build_session(resolved, built, UpdateKind(files.update_kind.value), inputs.update)
    report = check_session(session, sweep.fault_model, sweep.seed, progress_bar)
    is_cut_short = not report.sweep.is_complete or not _is_written(
        sweep.cuts, lambda path: write_session_cut_table(path, report.sweep)
    )
    result = session_result(report)
    if is_cut_short:
        _tell_cut_short("", sweep.cuts)
    output.give(result, lambda: print_session(output.console(), result))
    if is_cut_short:
        return ExitCode.INCONCLUSIVE
    return ExitCode.VIOLATED if result.verdict == "brick window" else ExitCode.HOLDS


def exit_code(result: "CheckResult") -> ExitCode:
    """Return what the verdicts come to, the bootloader's among them, and what the policy makes of violations."""
    verdicts: set[str] = {claim.verdict for claim in result.claims}
    if result.bootloader is not None:
        verdicts.add(result.bootloader.verdict)
    counts = {"differs"} if result.policy is not None else {"differs", "violated"}
    if not verdicts.isdisjoint(counts) or (result.policy is not None and result.policy.failing):
        return ExitCode.VIOLATED
    return ExitCode.INCONCLUSIVE if "inconclusive" in verdicts else ExitCode.HOLDS


def _watched(elf: Path, device: "DeviceUnderTest") -> "BootloaderCheck":
    """Return what makes the power-ons of a device by the machine code of an ELF file too."""
    from ...analysis.bootloader_check import BootloaderCheck
    from ...binary.recovery.program_file import read_program

    return BootloaderCheck(read_program(elf), device)


def _is_written(path: Path | None, write: Callable[[Path], int]) -> bool:
    """Write every cut point where a file is asked for, unless an interrupt comes: half of them would pass for all."""
    try:
        if path is not None:
            write(path)
    except KeyboardInterrupt:
        return False
    return True


def _tell_cut_short(ended_by: str, *whole: Path | None) -> None:
    """Say on stderr what ended the check too soon (""; an interrupt), and what that cost.

    whole: what is written of a whole sweep alone."""
    from ...campaign.workers import INTERRUPTED

    unwritten = "".join(f", and {file} is not written" for file in whole if file is not None)
    tell(f"otaproof check: {ended_by or INTERRUPTED}: partial results follow{unwritten}")
