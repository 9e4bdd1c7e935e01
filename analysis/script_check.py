"""A Lua script run on a device, and swept: does every power cut end well, and which promises does it break?"""

import time
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

from ..campaign.history.step import Step
from ..campaign.upgrade.claim_results import ClaimResult, Violation, claim_results
from ..campaign.upgrade.future_oracle import FutureOracle
from ..campaign.upgrade.script import Scenario, ScriptFailed, first_step_of_interest, script_of
from ..campaign.upgrade.sweep import Progress, SweepResult, sweep
from ..campaign.upgrade.uncut_run import play_script
from ..campaign.upgrade.upgrade_token import encode_token, make_token
from ..errors import InputError
from ..impl.chip.flash import PlanNotReached
from ..lua.script_goals import GOALS
from ..lua.script_player import ScriptCut
from ..lua.script_run import ScriptLine, ScriptOutcome, ScriptRun
from ..lua.script_setup import ScriptSetup
from ..lua.script_sweep import GoalSweep, sweep_goal, uncut_runs
from ..model.claims.claims import Verdict
from ..model.fault_model import FaultModel
from ..project.option_reader import ConfigValue

_MOST_UPGRADES = 4
"""Upgrades of one run whose cuts are judged by the claims: a script that goes round and round has more."""


@dataclass(frozen=True, slots=True)
class ScriptReport:
    """What a run of a script came to."""

    setup: ScriptSetup
    settings: tuple[ConfigValue, ...]
    notes: tuple[str, ...]
    lines: tuple[ScriptLine, ...]
    outcome: ScriptOutcome
    cut: ScriptCut | None
    """Where the power failed; None: nowhere."""
    calls: int
    """Boots and calls of otaupgrade."""
    knows_all: bool
    """All data that was written is of images that are known."""
    sweep: "ScriptSweepReport | None"
    seconds: float


@dataclass(frozen=True, slots=True)
class ScriptSweepReport:
    """What the cuts of a run came to."""

    faults: FaultModel
    seed: int
    goals: tuple[GoalSweep, ...]
    sweeps: dict[str, SweepResult]
    """Of the claims, by the name of the upgrade in the run."""
    claims: tuple[ClaimResult, ...]
    """None where the run begins no update."""
    steps: dict[str, tuple[Step, ...]]
    """The calls up to the end of each upgrade."""
    later_updates: int
    """Updates of the run after those: the goals alone judge what a cut in them comes to."""
    plain: frozenset[str]
    """Claims that the plain upgrade of `check` breaks as well on this device."""
    is_complete: bool
    """Every cut point was decided; else an interrupt has ended it, and what comes after that was not begun."""


Watch = Callable[[str], AbstractContextManager[Progress]]


def _unwatched(name: str) -> AbstractContextManager[Progress]:
    return nullcontext(lambda done, total: None)


def run_script(
    setup: ScriptSetup,
    settings: tuple[ConfigValue, ...] = (),
    notes: tuple[str, ...] = (),
    cut: ScriptCut | None = None,
    faults: FaultModel | None = None,
    seed: int = 0,
    watch: Watch = _unwatched,
) -> ScriptReport:
    """Run a script, once; faults: then cut the power everywhere, with what that fault model leaves.

    cut: where the power fails in the first run. Raises InputError for one that never comes."""
    started = time.perf_counter()
    run = ScriptRun(setup, cut=cut)
    try:
        outcome = run.run()
    except PlanNotReached:
        raise InputError(f"--cut: {cut}: the run has no such place") from None
    if cut is not None and run.player.cut is not None:
        raise InputError(f"--cut: {cut}: the run has no such place")
    swept = None if faults is None else _sweep(setup, run, faults, seed, watch)
    return ScriptReport(
        setup,
        settings,
        notes,
        tuple(run.lines),
        outcome,
        cut,
        len(run.calls),
        run.player.knows_all,
        swept,
        time.perf_counter() - started,
    )


def _sweep(setup: ScriptSetup, run: ScriptRun, faults: FaultModel, seed: int, watch: Watch) -> ScriptSweepReport:
    """Decide goals and claims."""
    goals, sweeps, steps = list[GoalSweep](), dict[str, SweepResult](), dict[str, tuple[Step, ...]]()
    dut, plain, is_complete = setup.dut, frozenset[str](), True
    oracle = FutureOracle(dut)
    updates = list(uncut_runs(dut, run.calls))
    for goal in GOALS:
        if is_complete and goal.applies_to(dut.config):
            with watch(goal.id.value) as progress:
                goals.append(sweep_goal(setup, goal, faults, seed, progress))
            is_complete = goals[-1].is_complete
    for number, (uncut, first) in enumerate(updates[:_MOST_UPGRADES] if is_complete else (), 1):
        name = f"upgrade {number}"
        with watch(name) as progress:
            sweeps[name] = sweep(dut, uncut, oracle, faults, seed, first, progress)
        steps[name] = tuple(played.step for played in uncut.played)
        is_complete = sweeps[name].is_complete
        if not is_complete:
            break
    claims = tuple(claim_results(dut, sweeps)) if sweeps else ()
    broken = _violated(claims)
    for scenario in (Scenario.UPGRADE, Scenario.UPGRADE_AGAIN):
        if is_complete and not broken <= plain:
            more = _plain(setup, scenario, faults, seed, oracle)
            plain, is_complete = plain | (more or frozenset()), more is not None
    later = max(len(updates) - _MOST_UPGRADES, 0)
    return ScriptSweepReport(faults, seed, tuple(goals), sweeps, claims, steps, later, plain, is_complete)


def _plain(
    setup: ScriptSetup, scenario: Scenario, faults: FaultModel, seed: int, oracle: FutureOracle
) -> frozenset[str] | None:
    """Return the claims that a plain upgrade of a device breaks, with whatever application; None: interrupted."""
    try:
        uncut = play_script(setup.dut, script_of(scenario, setup.dut))
    except ScriptFailed:
        return frozenset()
    first = first_step_of_interest(scenario, setup.dut)
    result = sweep(setup.dut, uncut, oracle, faults, seed, first)
    return _violated(claim_results(setup.dut, {scenario.value: result})) if result.is_complete else None


def _violated(results: Iterable[ClaimResult]) -> frozenset[str]:
    return frozenset(result.claim.id for result in results if result.verdict is Verdict.VIOLATED)


def script_token(report: ScriptReport, claim_id: str, violation: Violation) -> str | None:
    """Return the replay token of a claim that a cut breaks; None where the script wrote what no image has."""
    if report.sweep is None or not report.knows_all:
        return None
    steps = report.sweep.steps[violation.scenario]
    return encode_token(make_token(report.setup.dut, claim_id, steps, violation.cut_point))
