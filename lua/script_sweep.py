"""Cuts the power at every micro-step of a script's run, lets the scripts go on, and judges their goals.

The run is played once and taken down call by call. A cut leaves a state of flash and files; from there the scripts run
again, to the end. States that agree in all that such a run reads of them come to the same (campaign/cuts), so most cuts
cost nothing. Files are part of the state: a file that was written is there, whole.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from ..campaign.cut_points import burn_tears
from ..campaign.cuts.operation_cuts import OperationCuts, decide_operation
from ..campaign.cuts.state_oracle import StateOracle
from ..campaign.device_under_test import DeviceUnderTest
from ..campaign.history.player import Moment
from ..campaign.history.step import StepCut, StepName
from ..campaign.upgrade.uncut_run import UncutRun
from ..impl.chip.flash import ReadTracker
from ..impl.chip.torn_operations import Torn
from ..model.fault_model import FaultModel
from .script_goals import ScriptGoal
from .script_player import ScriptCut
from .script_run import ScriptCall, ScriptOutcome, ScriptRun, Surroundings
from .script_setup import ScriptSetup

Progress = Callable[[int, int], None]
"""Called with the cut points decided so far, and with how many there are in all."""
QUIET_HOURS = 2.0
"""How long flash and files stay as they are until a device counts as at rest, after a cut."""
_FUTURE_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class MissedGoal:
    """A cut after which a goal is not reached."""

    where: str
    """The call, the operation and what is left of it, in words."""
    cut: ScriptCut | None
    """None: it is not reached without a cut either."""
    weakest_fault: FaultModel
    problem: str
    mend: str
    """What a script does about it."""
    outcome: ScriptOutcome


@dataclass(slots=True)
class GoalSweep:
    """What was decided of one goal."""

    goal: ScriptGoal
    cuts: int = 0
    """Cut points decided, and resets between calls."""
    missed: int = 0
    """How many of them miss the goal."""
    first: MissedGoal | None = None
    """Of those under the weakest fault model, the first."""
    undecided: int = 0
    """Cut points whose run ended too soon."""
    distinct: int = 0
    """Runs that were played."""
    boots: Counter[int] = field(default_factory=Counter)
    """Boots after the cut until the device is at rest, and how often."""
    is_complete: bool = True


def uncut_runs(dut: DeviceUnderTest, calls: list[ScriptCall]) -> Iterator[tuple[UncutRun, int]]:
    """Yield each upgrade of a run as a sweep of claims takes it, and the number of the first call to cut."""
    played = tuple(call.played for call in calls)
    starts = [one.number for one in played if one.step.name is StepName.COMMENCE and one.ran is not None]
    for number, start in enumerate(starts):
        first = start if number else 0
        end = starts[number + 1] if number + 1 < len(starts) else len(played)
        begin = played[start]
        target = next((p.label for p in dut.table if p.is_app and begin.touches(p)), None)
        if target is None:
            continue
        provisioned = frozenset(
            partition.label
            for partition in dut.table
            if partition.is_app and dut.image_in(begin.before.cells, partition) is not None
        )
        yield UncutRun(played[:end], start, begin.ran or "", target, provisioned), first


def sweep_goal(
    setup: ScriptSetup,
    goal: ScriptGoal,
    faults: FaultModel,
    seed: int,
    progress: Progress = lambda done, total: None,
) -> GoalSweep:
    """Run the scripts, cut everywhere, and judge the goal. An interrupt ends it with what was decided."""
    setup = goal.setup(setup)
    run = ScriptRun(setup, tells=False)
    uncut = run.run()
    sweeper = _GoalSweeper(setup, goal, faults, seed)
    if sweeper.judge(uncut, None, "without a power cut", FaultModel.F0, 1) is not None:
        return sweeper.result
    total = sum(sweeper.count(call) for call in run.calls)
    try:
        for call in run.calls:
            sweeper.cut_call(call)
            progress(sweeper.result.cuts, total)
        for number, state in enumerate(run.file_states):
            sweeper.reset_after_files(number, state)
    except KeyboardInterrupt:
        sweeper.result.is_complete = False
    return sweeper.result


class _GoalSweeper:
    """Decides the cut points of one run."""

    def __init__(self, setup: ScriptSetup, goal: ScriptGoal, faults: FaultModel, seed: int) -> None:
        limits = replace(setup.limits, quiet_hours=QUIET_HOURS, seconds=_FUTURE_SECONDS)
        self._setup = replace(setup, limits=limits)
        self._goal = goal
        self._faults = faults
        self._seed = seed
        self._oracles: dict[Surroundings, StateOracle[ScriptOutcome]] = {}
        self.result = GoalSweep(goal)

    def count(self, call: ScriptCall) -> int:
        """Return how many cut points a call has."""
        return (
            1 + sum(self._cuts(call, number).count for number in range(len(call.played.ops))) + len(self._burns(call))
        )

    def cut_call(self, call: ScriptCall) -> None:
        """Decide every cut in a call, and a reset after it."""
        played, oracle = call.played, self._oracle(call.around)
        for op_index in range(len(played.ops)):
            for tears in decide_operation(oracle, played, op_index, self._cuts(call, op_index)):
                cut = ScriptCut(played.number, StepCut(op_index, tears.torn))
                where = f"cut inside call {played.number}, {played.step}, operation {op_index}, {tears.torn}"
                self.judge(tears.known.future, cut, where, _weakest(tears.torn), tears.count)
        for done in self._burns(call):
            cut = ScriptCut(played.number, StepCut(0, efuse_done=done))
            known = oracle.tell(Moment(played.after.cells, played.before.efuse_bits | done))
            where = f"cut inside call {played.number}, {played.step}, eFuse burn, bits done 0x{done:x}"
            self.judge(known.future, cut, where, FaultModel.F0, 1)
        known = oracle.tell(played.after)
        where = f"reset after call {played.number}, {played.step}, returned"
        self.judge(known.future, ScriptCut(played.number), where, FaultModel.F0, 1)

    def reset_after_files(self, number: int, state: ScriptCall) -> None:
        """Decide a reset after a change of files."""
        known = self._oracle(state.around).tell(state.played.after)
        where = f"reset after change {number} of files, after call {state.played.number}, {state.played.step}"
        self.judge(known.future, ScriptCut(number, is_of_files=True), where, FaultModel.F0, 1)

    def judge(
        self, outcome: ScriptOutcome, cut: ScriptCut | None, where: str, weakest: FaultModel, count: int
    ) -> str | None:
        """Count cut points that come to an outcome; return what keeps the goal from being reached."""
        result = self.result
        result.cuts += count
        result.boots[outcome.boots] += count
        result.distinct = sum(oracle.played for oracle in self._oracles.values())
        if self._goal.is_undecided(outcome):
            result.undecided += count
            return None
        problem = self._goal.problem(outcome, self._setup.dut.update.name)
        if problem is not None:
            result.missed += count
            if result.first is None or weakest < result.first.weakest_fault:
                mend = self._goal.mend(outcome, self._setup.dut.update.name)
                result.first = MissedGoal(where, cut, weakest, problem, mend, outcome)
        return problem

    def _cuts(self, call: ScriptCall, op_index: int) -> OperationCuts:
        op = call.played.ops[op_index]
        return OperationCuts(op, self._faults, self._seed, self._setup.dut.is_of_entry(op.address, op.length))

    def _burns(self, call: ScriptCall) -> list[int]:
        played = call.played
        return burn_tears(played.after.efuse_bits & ~played.before.efuse_bits, self._faults)

    def _oracle(self, around: Surroundings) -> StateOracle[ScriptOutcome]:
        """Return what tells the outcomes of states with these files."""
        if around not in self._oracles:

            def play(moment: Moment, tracker: ReadTracker) -> ScriptOutcome:
                return ScriptRun(self._setup, moment, around, tracker, tells=False).run()

            self._oracles[around] = StateOracle(play)
        return self._oracles[around]


def _weakest(torn: Torn) -> FaultModel:
    return torn.weakest_model
