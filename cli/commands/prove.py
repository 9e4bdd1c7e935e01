"""`otaproof prove`: every claim proved or refuted by solvers, for histories of any length and 32-bit numbers."""

import argparse
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from rich.console import Console

from ...analysis.proof_runs import ConfigurationProof, decide_configuration, decide_family
from ...analysis.results.prove_result import prove_result
from ...campaign.workers import WorkerDied, in_fresh_processes
from ...errors import InputError
from ...model.claims.claims import CLAIMS, claim
from ...model.device.state import Usage
from ...model.fault_model import FaultModel
from ...project.files import write_file
from ...proofs.prover.configurations import families
from ...proofs.prover.decision import Effort, Verdict
from ...proofs.smt.verification_condition import Condition, Solver
from ..exit_code import ExitCode
from ..options.scope_options import add_scope_options, scope_of
from ..reports.json_text import json_text
from ..reports.prove_report import print_configuration, print_family, print_left_out, print_summary


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the sub-command."""
    parser = subparsers.add_parser(
        "prove",
        help="prove or refute every claim with z3 and bitwuzla, for histories of any length",
        description=(
            "Decides each claim for a device: by induction over all histories and all 32-bit numbers, or by a way to a "
            "state that breaks it, which the board replays. z3 and bitwuzla both have to agree. Without --usage, "
            "proper use and any use of the calls are decided one after the other."
        ),
        epilog="Exit codes: 0 all claims hold, 1 one is violated, 2 bad usage or input, 3 not all are decided.",
    )
    add_scope_options(parser)
    proving = parser.add_argument_group("the proofs")
    proving.add_argument(
        "--claim", metavar="ID", action="append", default=[], help="decide this claim alone (repeatable)"
    )
    proving.add_argument(
        "--all", action="store_true", help="rollback, anti-rollback, factory, all releases, 2 to 16 slots"
    )
    proving.add_argument(
        "--solver", choices=[solver.value for solver in Solver], help="confirm by this solver alone (by both)"
    )
    proving.add_argument(
        "--bmc",
        metavar="SECONDS",
        type=float,
        default=0.0,
        help="let z3 look so long for a shorter way to break a refuted claim (0)",
    )
    proving.add_argument("--smt2", metavar="DIR", type=Path, help="write every question that a verdict rests on")
    proving.add_argument("--jobs", metavar="N", type=int, default=2, help="processes to run in (2)")
    output = parser.add_argument_group("the output")
    output.add_argument("--json", action="store_true", help="print one JSON object instead of text")
    output.add_argument("--out", metavar="FILE", type=Path, help="write the JSON object to a file as well")
    parser.set_defaults(run=run, usage=None)


def run(options: argparse.Namespace) -> int:
    """Decide; return the exit code of the verdicts."""
    claims = _claims(options)
    _check_options(options)
    effort = Effort(
        solvers=tuple(Solver) if options.solver is None else (Solver(options.solver),), bmc_seconds=options.bmc
    )
    text = Console(stderr=options.json, highlight=False, soft_wrap=True)
    started = time.perf_counter()
    found: list[ConfigurationProof] = []
    ended_by = ""
    try:
        for told in _all(text, options, claims, effort) if options.all else _one(text, options, claims, effort):
            found += told
            for configuration in told if options.smt2 is not None else ():
                _write_questions(options.smt2, configuration)
    except (KeyboardInterrupt, WorkerDied) as error:
        ended_by = str(error) or "interrupted"
        text.print(f"\n[bold yellow]{ended_by}[/]: partial results follow")
    print_summary(text, found, time.perf_counter() - started)
    print_left_out(text, found)
    answer = json_text(prove_result(found))
    if options.out is not None:
        write_file(options.out, answer.encode())
    if options.json:
        print(answer, end="")
    return ExitCode.INCONCLUSIVE if ended_by else exit_code(found)


def exit_code(found: list[ConfigurationProof]) -> ExitCode:
    """Return what the verdicts come to; a refutation that the board does not replay is no verdict."""
    rows = [row for configuration in found for row in configuration.rows]
    if any(row.divergence is not None or row.decision.verdict is Verdict.UNKNOWN for row in rows):
        return ExitCode.INCONCLUSIVE
    verdicts = {row.decision.verdict for row in rows}
    if Verdict.REFUTED in verdicts:
        return ExitCode.VIOLATED
    return ExitCode.INCONCLUSIVE if Verdict.BOUNDED in verdicts else ExitCode.HOLDS


def _one(
    text: Console, options: argparse.Namespace, claims: frozenset[str] | None, effort: Effort
) -> Iterator[list[ConfigurationProof]]:
    """Decide the configuration of the command line, for one usage or for both."""
    usages = [usage.value for usage in Usage] if options.usage is None else [options.usage]
    scopes = [scope_of(argparse.Namespace(**{**vars(options), "usage": usage})) for usage in usages]
    decided = partial(decide_configuration, claims=claims, effort=effort)
    is_alone = options.jobs == 1 or len(scopes) == 1
    found = map(decided, scopes) if is_alone else in_fresh_processes(decided, scopes, options.jobs)
    for number, configuration in enumerate(found):
        print_configuration(text, configuration, is_first=number == 0)
        yield [configuration]


def _all(
    text: Console, options: argparse.Namespace, claims: frozenset[str] | None, effort: Effort
) -> Iterator[list[ConfigurationProof]]:
    """Decide every configuration, families of them in parallel."""
    usages = tuple(Usage) if options.usage is None else (Usage(options.usage),)
    asked = families(FaultModel[options.faults], usages, options.versions)
    decided = in_fresh_processes(partial(decide_family, claims=claims, effort=effort), asked, options.jobs)
    for number, configurations in enumerate(decided, 1):
        print_family(text, configurations, f"{number}/{len(asked)}")
        yield configurations


def _claims(options: argparse.Namespace) -> frozenset[str] | None:
    """Return the ids of the claims that are asked for; None for all."""
    known = {item.id for item in CLAIMS}
    for id_ in options.claim:
        if id_ not in known:
            raise InputError(f"--claim: {id_!r} is none of {', '.join(item.id for item in CLAIMS)}")
        if not options.all and not claim(id_).applies_to(scope_of(_with_usage(options)).config):
            raise InputError(f"--claim: {id_} says nothing of a device without what it needs: {claim(id_).title}")
    return frozenset(options.claim) or None


def _with_usage(options: argparse.Namespace) -> argparse.Namespace:
    return argparse.Namespace(**{**vars(options), "usage": options.usage or Usage.PROPER.value})


def _check_options(options: argparse.Namespace) -> None:
    """Refuse what cannot work before any work."""
    scope_of(_with_usage(options))
    if options.jobs < 1:
        raise InputError(f"--jobs: {options.jobs}; want 1 or more")
    if options.bmc < 0:
        raise InputError(f"--bmc: {options.bmc} seconds; want 0 or more")
    if options.out is not None and not options.out.parent.is_dir():
        raise InputError(f"--out: {options.out.parent} is no directory; create it first")
    if options.smt2 is not None:
        try:
            options.smt2.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(f"--smt2: {options.smt2}: {error.strerror or error}") from None


def _write_questions(directory: Path, configuration: ConfigurationProof) -> None:
    """Write each question once, under a name that says what it asks; its first line says the answer it needs."""
    folder = directory / configuration.name
    folder.mkdir(exist_ok=True)
    questions: dict[str, Condition] = {}
    for row in configuration.rows:
        questions |= {condition.name: condition for condition in row.decision.conditions}
    for name, condition in questions.items():
        text = f"; {configuration.title}: {name}, needs {condition.needs}\n{condition.text}"
        write_file(folder / f"{name}.smt2", text.encode())
