"""`otaproof doctor`: what is wrong with the OTA configuration of a project, and what to do about it.

Notes never count in the exit code, nor do rules that are ignored. SARIF and JSON are written whatever the code, but
for bad input.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from ...errors import InputError
from ..exit_code import ExitCode
from ..options.build_options import BuildFiles, BuildOptions, Project
from ..options.epilogue import epilogue
from ..options.groups import DEVICE, INPUTS, OUTPUT
from ..options.output_options import ReviewOptions
from ..options.values import File

if TYPE_CHECKING:
    from ...project.doctor.diagnosis import Diagnosis
    from ...project.inputs import Inputs

EPILOGUE = epilogue(
    "otaproof doctor examples/two-slot",
    "otaproof doctor . --bootloader-idf 4.4 --ignore D01,D02 --notes",
    "otaproof doctor --sdkconfig sdkconfig.defaults --partitions partitions.csv",
    "otaproof doctor . --sarif doctor.sarif",
    codes={
        0: "no error and no warning",
        1: "an error or a warning",
        2: "bad usage or bad input",
        3: "options or partition table are not known, and nothing else was found",
    },
)
USAGE = "otaproof doctor [OPTIONS] [PROJECT]"
_ACCEPTS = {"yes": True, "no": False, "unknown": None}


@Parameter(name="*", group=INPUTS)
@dataclass(frozen=True, slots=True, kw_only=True)
class DoctorInputs(BuildFiles):
    """Files, in place of those of the project, and what its sources do."""

    bootloader_sdkconfig: File = None
    """Options of the bootloader: its sdkconfig, sdkconfig.h or sdkconfig.json."""
    accepts: Annotated[Literal["yes", "no", "unknown"], Parameter(group=DEVICE)] = "unknown"
    """The application accepts itself after an update; unknown: look for the call in the sources."""

    def inputs(self, subject: Path | None, build: BuildOptions) -> "Inputs":
        """Return all that the command line says of the device."""
        return replace(self.named(subject, build), bootloader_sdkconfig=self.bootloader_sdkconfig)


@Parameter(name="*", group=OUTPUT)
@dataclass(frozen=True, slots=True, kw_only=True)
class DoctorOutput:
    """What to print of what is found."""

    ignore: Annotated[tuple[str, ...], Parameter(metavar="D01,…")] = ()
    """Rules to leave out (repeatable)."""
    notes: bool = False
    """Explain notes as errors and warnings are."""
    rules: bool = False
    """Print every rule, and look at nothing."""


def doctor(
    project: Project = None,
    /,
    *,
    files: DoctorInputs = DoctorInputs(),
    build: BuildOptions = BuildOptions(),
    findings: DoctorOutput = DoctorOutput(),
    output: ReviewOptions = ReviewOptions(),
) -> ExitCode:
    """Look for what is wrong with the OTA configuration of a project.

    Looks at options, partition table and images of a project, or at the files of a release, and says what does not
    work in an update, why, and what to do.
    """
    from ...analysis.results.doctor_result import doctor_result
    from ...project.doctor.diagnosis import diagnose
    from ...project.doctor.load import load_subject
    from ..reports.doctor_report import print_diagnosis, print_rules, summary
    from ..reports.doctor_sarif import doctor_sarif
    from ..reports.review import annotate, sarif_of, text_page
    from ..terminal import terminal

    text = terminal()
    if findings.rules:
        print_rules(text)
        return ExitCode.HOLDS
    ignored = _ignored(findings.ignore)
    diagnosis = diagnose(load_subject(files.inputs(project, build), _ACCEPTS[files.accepts]), ignored)
    log = sarif_of(output, lambda: doctor_sarif(diagnosis))
    with text_page(output):
        output.give(doctor_result(diagnosis), lambda: print_diagnosis(text, diagnosis, findings.notes))
    annotate(output, log, summary(diagnosis))
    return exit_code(diagnosis)


def exit_code(diagnosis: "Diagnosis") -> ExitCode:
    """Return what the findings come to."""
    from ...project.doctor.rule import Severity
    from ...project.doctor.subject import Need

    if diagnosis.count(Severity.ERROR) or diagnosis.count(Severity.WARNING):
        return ExitCode.VIOLATED
    if {Need.OPTIONS, Need.TABLE} & diagnosis.subject.missing:
        return ExitCode.INCONCLUSIVE
    return ExitCode.HOLDS


def _ignored(arguments: Iterable[str]) -> frozenset[str]:
    """Return the ids to leave out; raises InputError for one that is no rule."""
    from ...project.doctor.diagnosis import RULES

    ids = [part.strip().upper() for argument in arguments for part in argument.split(",") if part.strip()]
    known = {rule.id for rule in RULES}
    for rule_id in ids:
        if rule_id not in known:
            raise InputError(f"--ignore: {rule_id} is no rule; want {RULES[0].id} … {RULES[-1].id}, see --rules")
    return frozenset(ids)
