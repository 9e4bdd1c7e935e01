"""The result of `otaproof run`."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from ...campaign.upgrade.claim_results import ClaimResult
from ...campaign.upgrade.upgrade_replay import replay
from ...campaign.upgrade.upgrade_token import decode_token
from ...lua.script_run import RestKind, ScriptLine, ScriptOutcome, ScriptRun
from ...lua.script_sweep import GoalSweep, MissedGoal
from ...model.claims.claims import Verdict
from ...model.device.state import Scope
from ...model.fault_model import MODELLED_FAULTS, FaultModel
from ..broken_claim import broken_by_cut
from ..model_verdicts import scope_of_world
from ..script_check import ScriptReport, ScriptSweepReport, script_token
from .check_result import DeviceConfig, device_config
from .result_parts import (
    CommandResult,
    FaultName,
    JudgedClaim,
    PartitionEntry,
    SettingEntry,
    fault_name,
    judgement,
    partition_entries,
    setting_entries,
)

VerdictName = Literal["holds", "violated", "not applicable", "inconclusive"]
_STORY = 12
"""Lines of the run after a cut that a result has, at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptLineEntry:
    """A line of a run."""

    kind: Literal["boot", "print", "call", "note"]
    """A boot, what the script prints, a call that ends the program, or a remark."""
    text: str
    """The line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptOutcomeEntry:
    """What a device came to."""

    rest: str
    """Why the run ended."""
    running: str | None
    """Label of what runs, or ran last; null for nothing."""
    image: str | None
    """The image that runs; null for none that is known, whole."""
    state: str | None
    """What info() says of it."""
    next_running: str | None
    """What the next power-on starts."""
    next_image: str | None
    """The image that this starts."""
    boots: int
    """Boots until then."""
    errors: int
    """Errors that no script caught."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MissedGoalEntry:
    """A power cut after which a goal is not reached."""

    where: str
    """Where the power is cut."""
    cut: str | None
    """The same for `otaproof run --cut`; null without a cut."""
    weakest_fault: FaultName
    """The weakest fault model that has the cut."""
    problem: str
    """What comes of it."""
    fix: str
    """What a script does about it."""
    outcome: ScriptOutcomeEntry
    """Where the device is at rest then."""
    story: tuple[ScriptLineEntry, ...]
    """The last lines of the run with this cut."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptGoalEntry:
    """A goal of the script."""

    id: str
    """Such as G1."""
    title: str
    """The goal as a sentence."""
    verdict: VerdictName
    """For this script, cut everywhere."""
    cuts: int
    """Cut points decided, and resets between calls."""
    missed: int
    """How many of them miss the goal."""
    undecided: int
    """How many of them ran out of instructions or time."""
    distinct_runs: int
    """Runs that were played to decide them."""
    fewest_boots: int
    """Boots after a cut until the device is at rest, at least."""
    most_boots: int
    """The same, at most."""
    first: MissedGoalEntry | None
    """Violated: the first cut under the weakest fault model."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptClaim(JudgedClaim):
    """A claim, judged for the calls of the script."""

    id: str
    """Such as C1."""
    name: str
    """The promise as a name."""
    title: str
    """The promise as a sentence."""
    verdict: VerdictName
    """For the calls that the script makes."""
    of_any_update: bool
    """Violated: the plain upgrade of `otaproof check` breaks it too on this device, so it is not the script's."""
    violations: int
    """Cut points and resets between calls that break it."""
    weakest_fault: FaultName | None
    """Violated: the weakest fault model that breaks it."""
    where: str | None
    """Violated: where the power is cut, of the first of those."""
    then: str | None
    """Violated: the event after that cut which the claim rules out; null where there is no token."""
    token: str | None
    """Violated: what `otaproof replay` plays that cut by; null where the script wrote what no known image has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptSweepEntry:
    """What power cuts everywhere in the run came to."""

    faults: FaultName
    """The fault model."""
    seed: int
    """Chooses the samples."""
    complete: bool
    """Every cut point was decided."""
    goals: tuple[ScriptGoalEntry, ...]
    """What the script is for."""
    claims: tuple[ScriptClaim, ...]
    """Each claim; none where the script begins no update."""
    later_updates: int
    """Updates of the run, after the first four, in which cuts are judged by the goals alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptResult(CommandResult):
    """What `otaproof run` saw."""

    command: Literal["run"] = "run"
    """The command that made the result."""
    script: str
    """The script's file."""
    lua: Literal["5.1", "5.3"]
    """The language."""
    config: DeviceConfig
    """The configuration of the device."""
    layout: tuple[PartitionEntry, ...]
    """The partition table."""
    settings: tuple[SettingEntry, ...]
    """Every value that the result rests on, with its origin."""
    notes: tuple[str, ...]
    """What is not simulated or was left out, a sentence each."""
    cut: str | None
    """Where the power failed in the run, as --cut names it."""
    lines: tuple[ScriptLineEntry, ...]
    """What the run told: boots, and what the script prints."""
    outcome: ScriptOutcomeEntry
    """What the device came to."""
    calls: int
    """Boots and calls of otaupgrade."""
    sweep: ScriptSweepEntry | None
    """The power cuts; null where they were not asked for."""
    seconds: float
    """For everything."""

    @property
    def is_violated(self) -> bool:
        """The script missed a goal, broke a claim that the plain upgrade keeps, or did not end well by itself."""
        if self.sweep is None:
            return self.outcome.errors > 0 or self.outcome.rest in _BAD_ENDS
        has_missed = any(goal.verdict == "violated" for goal in self.sweep.goals)
        return has_missed or any(claim.verdict == "violated" and not claim.of_any_update for claim in self.sweep.claims)

    @property
    def is_inconclusive(self) -> bool:
        """Not all was decided."""
        if self.sweep is None:
            return self.outcome.rest == RestKind.EFFORT_SPENT.value
        return not self.sweep.complete or any(goal.verdict == "inconclusive" for goal in self.sweep.goals)


_BAD_ENDS = {kind.value for kind in (RestKind.RESTARTS, RestKind.NOTHING_BOOTS, RestKind.HUNG)}


def script_result(report: ScriptReport, script: str) -> ScriptResult:
    """Return all that a run of a script came to. script: the name of its file."""
    version: Literal["5.1", "5.3"] = "5.1" if report.setup.version.value == "5.1" else "5.3"
    return ScriptResult(
        script=script,
        lua=version,
        config=device_config(report.setup.dut),
        layout=partition_entries(report.setup.dut.table),
        settings=setting_entries(report.settings),
        notes=report.notes,
        cut=None if report.cut is None else str(report.cut),
        lines=_lines(report.lines),
        outcome=_outcome(report.outcome),
        calls=report.calls,
        sweep=None if report.sweep is None else _sweep(report, report.sweep),
        seconds=round(report.seconds, 3),
    )


def _lines(lines: Iterable[ScriptLine]) -> tuple[ScriptLineEntry, ...]:
    return tuple(ScriptLineEntry(kind=line.kind, text=line.text) for line in lines)


def _outcome(outcome: ScriptOutcome) -> ScriptOutcomeEntry:
    return ScriptOutcomeEntry(
        rest=outcome.rest.value,
        running=outcome.running,
        image=outcome.image,
        state=outcome.state,
        next_running=outcome.next_running,
        next_image=outcome.next_image,
        boots=outcome.boots,
        errors=outcome.errors,
    )


def _sweep(report: ScriptReport, swept: ScriptSweepReport) -> ScriptSweepEntry:
    scope = scope_of_world(report.setup.dut, FaultModel.F1)
    modelled = scope if isinstance(scope, Scope) else None
    return ScriptSweepEntry(
        faults=fault_name(swept.faults.name),
        seed=swept.seed,
        complete=swept.is_complete,
        goals=tuple(_goal(report, goal) for goal in swept.goals),
        claims=tuple(_claim(report, swept, result, modelled) for result in swept.claims),
        later_updates=swept.later_updates,
    )


def _goal(report: ScriptReport, swept: GoalSweep) -> ScriptGoalEntry:
    verdict: VerdictName = "holds"
    if swept.undecided or not swept.is_complete:
        verdict = "inconclusive"
    if swept.first is not None:
        verdict = "violated"
    return ScriptGoalEntry(
        id=swept.goal.id.value,
        title=swept.goal.title,
        verdict=verdict,
        cuts=swept.cuts,
        missed=swept.missed,
        undecided=swept.undecided,
        distinct_runs=swept.distinct,
        fewest_boots=min(swept.boots, default=0),
        most_boots=max(swept.boots, default=0),
        first=None if swept.first is None else _missed(report, swept, swept.first),
    )


def _missed(report: ScriptReport, swept: GoalSweep, missed: MissedGoal) -> MissedGoalEntry:
    run = ScriptRun(swept.goal.setup(report.setup), cut=missed.cut)
    run.run()
    begin = next((n for n, line in enumerate(run.lines) if "THE POWER FAILS" in line.text), 0)
    return MissedGoalEntry(
        where=missed.where,
        cut=None if missed.cut is None else str(missed.cut),
        weakest_fault=fault_name(missed.weakest_fault.name),
        problem=missed.problem,
        fix=missed.mend,
        outcome=_outcome(missed.outcome),
        story=_lines(run.lines[begin:][:_STORY]),
    )


def _claim(report: ScriptReport, swept: ScriptSweepReport, result: ClaimResult, scope: Scope | None) -> ScriptClaim:
    claim, shortest = result.claim, result.shortest
    token = None if shortest is None else script_token(report, claim.id, shortest)
    is_modelled = shortest is not None and shortest.weakest_fault in MODELLED_FAULTS
    return ScriptClaim(
        id=claim.id,
        name=claim.name,
        title=claim.title,
        verdict=_VERDICTS[result.verdict],
        of_any_update=shortest is not None and claim.id in swept.plain,
        violations=result.violations,
        weakest_fault=None if shortest is None else fault_name(shortest.weakest_fault.name),
        where=None if shortest is None else str(shortest),
        then=None if token is None else _then(report, claim.id, token),
        token=token,
        **judgement(claim.id, scope, is_modelled),
    )


def _then(report: ScriptReport, claim_id: str, token: str) -> str:
    return broken_by_cut(claim_id, replay(decode_token(token), report.setup.dut).observation)


_VERDICTS: dict[Verdict, VerdictName] = {
    Verdict.HOLDS: "holds",
    Verdict.VIOLATED: "violated",
    Verdict.NOT_APPLICABLE: "not applicable",
    Verdict.INCONCLUSIVE: "inconclusive",
}
