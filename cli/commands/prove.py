"""`otaproof prove`: every claim proved or refuted by solvers, for histories of any length and 32-bit numbers."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from ...errors import InputError
from ...model.fault_model import FaultModel
from ..exit_code import ExitCode
from ..options.device_options import USAGES, DeviceOptions, Faults, ModelledFault, UsageName
from ..options.epilogue import epilogue
from ..options.groups import DEVICE, OUTPUT, SEARCH
from ..options.output_options import ClaimReviewOptions
from ..options.values import MOST_SECONDS, Allowances, Count, Skips, within

if TYPE_CHECKING:
    from rich.console import Console

    from ...analysis.proof_runs import ConfigurationProof
    from ...analysis.results.prove_result import ProveResult
    from ...model.device.state import Scope
    from ...proofs.prover.configurations import Family
    from ...proofs.prover.decision import Effort

EPILOGUE = epilogue(
    "otaproof prove --usage restart-at-once",
    "otaproof prove --claim C4 --claim C9 --slots 3 --idf 6.1",
    "otaproof prove --claim C2 --remedy restart-at-once --idf 5.5",
    "otaproof prove --all --usage restart-at-once --out verdicts.json",
    "otaproof prove --usage documented --sarif prove.sarif --junit prove.xml",
    "otaproof prove --claim C17 --no-rollback --allow failing-flash",
    codes={
        0: "all claims hold",
        1: "a claim is violated",
        2: "bad usage or bad input",
        3: "inconclusive: not all claims are decided, or board and model differ",
    },
)


@Parameter(name="*", group=SEARCH)
@dataclass(frozen=True, slots=True, kw_only=True)
class ProofOptions:
    """What to prove, and with how much effort."""

    faults: Annotated[Faults, Parameter(group=DEVICE)] = ModelledFault.F1
    """What a power cut may leave of a flash operation: all or nothing (F0), any prefix (F1), any bytes (F2), any bits
    (F3)."""
    usage: Annotated[UsageName | None, Parameter(group=DEVICE)] = None
    """As documented, the same with a restart as soon as an update is complete, or in any order. Without it: each; with
    --all or --remedy, as documented."""
    allow: Annotated[Allowances, Parameter(group=DEVICE)] = frozenset()
    """What may happen beyond calls, resets and power cuts: flash operations that return an error (failing-flash), the
    pins of factory reset and test app (pins), tools that blank otadata or flash a slot (other-writers), uploads of
    Arduino and switches of otatool.py (other-records), records whose number is 0 or one of the last (end-numbers)."""
    skip_validate: Annotated[Skips, Parameter(group=DEVICE)] = frozenset()
    """When the bootloader starts an image without validation, as CONFIG_BOOTLOADER_SKIP_VALIDATE_… has it: always,
    on-power-on, in-deep-sleep."""
    claim: Annotated[tuple[str, ...], Parameter(metavar="ID")] = ()
    """Decide this claim alone, such as C4, or C4,C9 (repeatable)."""
    all: bool = False
    """Decide all configurations: rollback, anti-rollback, factory, all releases, 2 and 3 OTA slots."""
    most_slots: Annotated[int, Parameter(validator=within(2, 16), metavar="N")] = 3
    """With --all: OTA slots of the largest devices, up to 16. With 2 and 3 every claim is decided; with more, some
    stay bounded."""
    solver: Literal["z3", "bitwuzla"] | None = None
    """Confirm by this solver alone (default: by both)."""
    bmc: Annotated[float, Parameter(validator=within(0, MOST_SECONDS), metavar="SECONDS")] = 0
    """Let z3 look so long for a shorter counterexample to each refuted claim."""
    smt2: Annotated[Path | None, Parameter(metavar="DIR")] = None
    """Write every question that a verdict rests on, as SMT-LIB."""
    certificates: Annotated[Path | None, Parameter(metavar="DIR")] = None
    """Have a SAT solver refute every question that a proof rests on, and write clauses and refutation, for other
    programs to check."""
    jobs: Count = 2
    """Processes to run in."""
    dask: Annotated[str, Parameter(metavar="ADDRESS", show_default=False)] = ""
    """With --all: have the workers of a Dask cluster decide, each of one thread: the address of its scheduler."""

    @property
    def claims(self) -> frozenset[str]:
        """The ids to decide; none for all."""
        return frozenset(part.strip().upper() for text in self.claim for part in text.split(","))

    def usages(self, device: DeviceOptions) -> tuple[UsageName, ...]:
        """Return the usages to decide, in order."""
        return USAGES[:1] if self.all and self.usage is None else device.usages(self.usage)

    def scopes(self, device: DeviceOptions) -> "list[Scope]":
        """Return the scopes to decide, one for each usage."""
        return [device.scope(self.faults, usage, self.allow, self.skip_validate) for usage in self.usages(device)]


@Parameter(name="*", group=OUTPUT)
@dataclass(frozen=True, slots=True, kw_only=True)
class ProofOutput(ClaimReviewOptions):
    """Text or JSON, and files for other programs."""

    identifiers: bool = False
    """Print the actions of each trace by their names in the model, too."""

    def give_page(self, found: "list[ConfigurationProof]", result: "ProveResult", ended_by: str) -> None:
        """Write the page, if it is asked for."""
        from ...analysis.results.prove_dossier import prove_dossier
        from ..command_line import command_line
        from ..reports.html.page import write_page
        from ..reports.html.prove_page import prove_page

        if self.report is not None:
            write_page(self.report, prove_page(prove_dossier(found, result, command_line()), ended_by))


def prove(
    *,
    device: DeviceOptions = DeviceOptions(),
    options: ProofOptions = ProofOptions(),
    output: ProofOutput = ProofOutput(),
) -> ExitCode:
    """Prove or refute every claim, for histories of any length.

    Decides each claim for a device: by induction over all histories and all 32-bit sequence numbers, or by a
    counterexample, which the simulated board replays. z3 and bitwuzla both have to agree.
    """
    from ...proofs.prover.decision import Effort
    from ...proofs.smt.verification_condition import Solver
    from ..reports.prove_junit import prove_junit
    from ..reports.prove_report import tally
    from ..reports.prove_sarif import prove_sarif
    from ..reports.review import annotate, give_junit, sarif_of, text_page

    _check(device, options)
    if options.all and output.report is not None:
        raise InputError("--report: is a page of one device; leave --all out, or write --out FILE")
    effort = Effort(
        solvers=tuple(Solver) if options.solver is None else (Solver(options.solver),), bmc_seconds=options.bmc
    )
    started = time.perf_counter()
    with text_page(output):
        found, is_whole = _decided(device, options, effort, output, started)
    give_junit(output, lambda: prove_junit(found))
    annotate(output, sarif_of(output, lambda: prove_sarif(found)), tally(found))
    return exit_code(found) if is_whole else ExitCode.INCONCLUSIVE


def _decided(
    device: DeviceOptions, options: ProofOptions, effort: "Effort", output: ProofOutput, started: float
) -> "tuple[list[ConfigurationProof], bool]":
    """Decide and print what is asked for; return it, and whether that is all."""
    from ...analysis.question_files import write_questions
    from ...analysis.results.prove_result import prove_result
    from ...campaign.workers import WorkerDied
    from ..reports import prove_report

    text = output.console(wraps=False)
    found: list[ConfigurationProof] = []
    ended_by = ""
    try:
        one_or_all = (
            _all(text, device, options, effort)
            if options.all
            else _one(text, device, options, effort, output.identifiers)
        )
        for decided in one_or_all:
            found += decided
            for configuration in decided if options.smt2 is not None else ():
                assert options.smt2 is not None
                write_questions(options.smt2, configuration)
    except (KeyboardInterrupt, WorkerDied) as error:
        ended_by = str(error) or "interrupted"
        text.print(f"\n{ended_by}: partial results follow", style="bold yellow")
    prove_report.print_summary(text, found, time.perf_counter() - started)
    prove_report.print_left_out(text, found)
    if options.certificates is not None:
        _give_certificates(text, options.certificates, found)
    result = prove_result(found)
    output.give_page(found, result, ended_by)
    output.give(result, lambda: None)
    return found, not ended_by


def exit_code(found: "list[ConfigurationProof]") -> ExitCode:
    """Return what the verdicts come to; a refutation that the board does not replay is no verdict.

    Neither is a proof of which a question is satisfiable as clauses."""
    from ...proofs.prover.decision import ProofVerdict

    rows = [row for configuration in found for row in configuration.rows]
    certificates = [question for configuration in found for question in configuration.certificates.values()]
    if any(question.outcome == "satisfiable" for question in certificates):
        return ExitCode.INCONCLUSIVE
    if any(row.divergence is not None or row.decision.verdict is ProofVerdict.UNKNOWN for row in rows):
        return ExitCode.INCONCLUSIVE
    verdicts = {row.decision.verdict for row in rows}
    if ProofVerdict.REFUTED in verdicts:
        return ExitCode.VIOLATED
    return ExitCode.INCONCLUSIVE if ProofVerdict.BOUNDED in verdicts else ExitCode.HOLDS


def _one(
    text: "Console", device: DeviceOptions, options: ProofOptions, effort: "Effort", shows_identifiers: bool
) -> "Iterator[list[ConfigurationProof]]":
    """Decide the configuration of the command line, for one usage or for both."""
    from ...analysis.proof_runs import decide_configuration
    from ...campaign.workers import in_fresh_processes
    from ..reports.prove_report import print_configuration

    scopes = [
        device.scope(options.faults, usage, options.allow, options.skip_validate) for usage in options.usages(device)
    ]
    decide = partial(decide_configuration, claims=options.claims or None, effort=effort)
    if options.certificates is not None:
        from ...analysis.certificate_files import certified_configuration

        decide = partial(certified_configuration, directory=options.certificates, **decide.keywords)
    is_alone = options.jobs == 1 or len(scopes) == 1
    decided = map(decide, scopes) if is_alone else in_fresh_processes(decide, scopes, options.jobs)
    for number, configuration in enumerate(decided):
        print_configuration(text, configuration, number == 0, shows_identifiers)
        yield [configuration]


def _all(
    text: "Console", device: DeviceOptions, options: ProofOptions, effort: "Effort"
) -> "Iterator[list[ConfigurationProof]]":
    """Decide every configuration, families of them in parallel."""
    from ...analysis.cluster import in_fresh_processes_or_on_dask
    from ...analysis.proof_runs import decide_family
    from ...model.device.state import Usage
    from ...proofs.prover.configurations import families
    from ..reports.prove_report import print_family

    asked: list[Family] = []
    usages = tuple(map(Usage, options.usages(device)))

    def each() -> "Iterator[Family]":
        """Yield the families as they are found: the first are decided while the others are looked for."""
        faults = FaultModel(options.faults)
        for family in families(faults, usages, device.versions, options.allow, options.skip_validate, device.selector):
            asked.append(family)
            yield family

    decide = partial(decide_family, claims=options.claims or None, effort=effort, most_slots=options.most_slots)
    if options.certificates is not None:
        from ...analysis.certificate_files import certified_family

        decide = partial(certified_family, directory=options.certificates, **decide.keywords)
    decided = in_fresh_processes_or_on_dask(decide, each(), options.jobs, options.dask)
    for number, configurations in enumerate(decided, 1):
        print_family(text, configurations, f"{number}/{len(asked)}")
        yield configurations


def _give_certificates(text: "Console", directory: Path, found: "list[ConfigurationProof]") -> None:
    from ...analysis.certificate_files import write_guide
    from ...analysis.results.certificates_result import certificates_result
    from ..json_text import json_text
    from ..reports.certificates_report import print_certificates

    manifest = certificates_result(found)
    write_guide(directory, found, json_text(manifest))
    print_certificates(text, manifest, directory)


def _check(device: DeviceOptions, options: ProofOptions) -> None:
    """Refuse what cannot work before any work; make the directories of --smt2 and --certificates."""
    from ...analysis.solvers import INSTALL_SAT, have_sat_solver
    from ...model.claims.claims import CLAIMS, claim
    from ...model.claims.silent_claims import unmet_needs
    from ...model.device.allowance import Allowance
    from ...output_file import make_directory

    if options.dask and not options.all:
        raise InputError("--dask: goes with --all alone")
    if options.dask and options.certificates is not None:
        raise InputError("--dask: writes no certificates, as its workers may be other machines; leave it out")
    if options.all and device.remedy:
        raise InputError("--all: decides what is documented, without remedies; docs/spec/remedies.md has the others")
    if options.all and Allowance.END_NUMBERS in options.allow:
        raise InputError("--all: the ends of the number range are modelled with 2 OTA slots alone")
    scopes = [
        device.scope(options.faults, usage, options.allow, options.skip_validate) for usage in options.usages(device)
    ]
    known = [item.id for item in CLAIMS]
    for id_ in sorted(options.claims):
        if id_ not in known:
            raise InputError(f"--claim: {id_!r} is none of {', '.join(known)}")
        unmet = [unmet_needs(claim(id_), scope, of_any_build=options.all) for scope in scopes]
        if all(unmet):
            raise InputError(f"--claim: {id_} needs {' and '.join(unmet[0])}")
    if options.certificates is not None and not have_sat_solver():
        raise InputError(f"--certificates: needs a SAT solver: {INSTALL_SAT}")
    for directory in (options.smt2, options.certificates):
        if directory is not None:
            make_directory(directory)
