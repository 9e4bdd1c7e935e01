"""Random histories under F4 and F5, on the board alone: the device model ends with F3, so nothing is compared with it.

The steps are drawn as for a lock step. Which operations a step will have is tried out on a copy of the board; what is
documented is decided by what the board says, and the claims by the monitor of histories.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from random import Random

from ...impl.chip.flash import FailureExtent, FlashMisuse, FlashOpKind, PlanNotReached
from ...model.config import ResetReason
from ...model.device.state import Scope, Task, Usage
from ...model.fault_model import FaultModel
from ..history.claim_monitor import ClaimMonitor
from ..history.handles import is_open
from ..history.history import History
from ..history.monitor_memory import is_accept_due
from ..history.player import Played, Player, StepOutcome
from ..history.step import Step, StepCut, StepFailure, StepName
from ..lockstep.coverage import Coverage
from ..lockstep.lockstep import places_of
from ..lockstep.seen_operations import BURN, OpKind, SeenOp, seen_op
from ..lockstep.step_in_model import action_names
from .corpus import Corpus, NewsWatch
from .findings import BLOCK, DIVERGENCE, Finding, RunResult, scope_of_block
from .generator import Drawer, Worlds, draw_history
from .guide import Guide
from .mutation import MutantDrawer, script_of

_LIARS = 0.15
"""How often an operation of a step fails or lies, under F5."""


class BoardTask:
    """What a device is doing, as far as the generator asks."""

    def __init__(self, player: Player, usage: Usage) -> None:
        """Watch a device that is switched off."""
        self.task = Task.OFF
        self._player, self._usage = player, usage

    def note(self, played: Played) -> None:
        """Take a step that was played."""
        ends = {StepOutcome.CUT: Task.OFF, StepOutcome.NOTHING_BOOTS: Task.STUCK, StepOutcome.RETURNED: Task.RUN}
        self.task = ends.get(played.outcome, Task.SELECT if self._player.app is None else Task.RUN)

    def can(self, *names: str) -> bool:
        """Tell whether one of these calls is documented now."""
        app = self._player.app
        if app is None:
            return False
        if "accept" in names:
            return is_accept_due(self._player.dut, self._player.moment, app)
        return "commence" not in names or not is_open(app)


class BoardRun:
    """One device, on the board alone; it stands where the generator wants a lock step."""

    def __init__(self, history: History, scope: Scope, faults: FaultModel) -> None:
        """Begin before the first step of the history, which may be empty."""
        self.history, self.scope, self.faults = history, scope, faults
        self.player = Player(history.dut)
        self.tracker = BoardTask(self.player, scope.usage)
        self._monitor = ClaimMonitor(self.player)
        self._places = places_of(history.device)

    @property
    def is_running(self) -> bool:
        """An application runs."""
        return self.player.app is not None

    def names_of(self, step: Step) -> tuple[str, ...]:
        """Return what the model would call a step."""
        return action_names(step, self.player.running)

    def step(self, step: Step) -> frozenset[str]:
        """Play a step, and return the ids of the claims that it broke."""
        played, broken = self._monitor.play(step)
        self.tracker.note(played)
        return frozenset(found.claim_id for found in broken)

    def planned_ops(self, step: Step) -> list[SeenOp]:
        """Return the operations that a step will have."""
        try:
            played = self.player.fork().play(replace(step, cut=None, failures=()))
        except FlashMisuse:
            return []
        kinds = {FlashOpKind.ERASE: OpKind.ERASE, FlashOpKind.PROGRAM: OpKind.PROGRAM}
        return [
            *(seen_op(self._places, kinds[op.kind], op.address) for op in played.ops),
            *(BURN for _ in played.burns),
        ]


@dataclass
class BoardDrawer(Drawer):
    """Draws the steps of one history that is played on the board alone."""

    board: BoardRun | None = None

    @property
    def _faults(self) -> FaultModel:
        assert self.board is not None
        return self.board.faults

    def _ops(self, step: Step) -> list[SeenOp]:
        assert self.board is not None
        return self.board.planned_ops(step)

    def _draw(self) -> Step:
        step = super()._draw()
        assert self.board is not None
        if self.board.faults < FaultModel.F5 or self.random.random() >= _LIARS or step.cut is not None:
            return step
        return replace(step, failures=tuple(self._draw_failures(step)))

    def _draw_failures(self, step: Step) -> Iterator[StepFailure]:
        ops = [op for op in self._ops(step) if op.kind is not OpKind.BURN]
        if ops:
            done = self.random.choice([FailureExtent.NONE, FailureExtent.HALF])
            yield StepFailure(self._draw_number(ops), done, is_silent=self.random.random() < 0.7)

    def _draw_cut(self, step: Step) -> StepCut | None:
        assert self.board is not None
        ops = self._ops(step)
        flash_ops = [op for op in ops if op.kind is not OpKind.BURN]
        if len(flash_ops) < len(ops) and (not flash_ops or self.random.random() < 0.4):
            return self._cut_burn(step)
        if not flash_ops:
            return None
        number = self._draw_cut_number(step, flash_ops)
        return self._cut(step, number, flash_ops[number], self.board.faults)


@dataclass
class MutantBoardDrawer(MutantDrawer, BoardDrawer):
    """Draws the steps of one that begins from a changed history."""


def run_on_board(
    seed: int, index: int, worlds: Worlds, guide: Guide | None = None, corpus: Corpus | None = None
) -> RunResult:
    """Make and play history number `index` of a seed; the same on every machine, with the same guide and corpus."""
    config, scope = scope_of_block(seed, index // BLOCK, worlds)
    random = Random(f"otaproof {seed} {index}")
    history = draw_history(random, config, scope)
    run = BoardRun(history, scope, worlds.faults)
    played: list[Step] = []
    findings: dict[str, Finding] = {}
    script = script_of(random, corpus)
    is_mutated = bool(script)
    drawer = MutantBoardDrawer(random, run, guide=guide, board=run, script=script)  # type: ignore[arg-type]
    watch = NewsWatch(corpus)
    for step in drawer.steps():
        played.append(step)
        try:
            broken = run.step(step)
        except PlanNotReached as why:
            so_far, text = replace(history, steps=tuple(played)), f"a planned fault never came: {why}"
            findings[DIVERGENCE] = Finding(DIVERGENCE, scope, so_far, index, text, step.name.value, is_on_board=True)
            break
        for claim_id in sorted(broken):
            so_far = replace(history, steps=tuple(played))
            findings.setdefault(claim_id, Finding(claim_id, scope, so_far, index, is_on_board=True))
        watch.look(len(played), drawer.sites)
    cuts = sum(step.cut is not None or step.name is StepName.POWER_OFF for step in played)
    kept = watch.kept(index, replace(history, steps=tuple(played)), drawer.sites)
    found, sites = tuple(findings.values()), frozenset(drawer.sites)
    return RunResult(index, len(played), cuts, found, None, Coverage(), sites, is_mutated, kept)


def shortened_on_board(finding: Finding) -> Finding | None:
    """Return the finding with its history ended where it shows; None where it does not."""
    run = BoardRun(replace(finding.history, steps=()), finding.scope, FaultModel.F5)
    for number, step in enumerate(finding.history.steps, 1):
        if not _can_be(step, run):
            return None
        try:
            is_broken = finding.claim_id in run.step(step)
        except (PlanNotReached, FlashMisuse):
            return None
        if is_broken:
            return replace(finding, history=replace(finding.history, steps=finding.history.steps[:number]))
    return None


def _can_be(step: Step, run: BoardRun) -> bool:
    """Tell whether a device can come to a step: it is off where the power comes back, and on for all else."""
    if step.name is not StepName.RESET:
        return run.is_running or step.name is StepName.POWER_OFF
    is_power_on = step.call_name == "power_on"
    is_asleep = step.reason is ResetReason.DEEP_SLEEP
    return (run.tracker.task is Task.OFF) is is_power_on and (run.is_running or not is_asleep)


def simpler_tears(step: Step) -> Iterator[Step]:
    """Yield the step with a cut of a weaker fault model, for one of F4 or F5, and without what fails."""
    if step.failures:
        yield replace(step, failures=())
    cut = step.cut
    if cut is None or cut.torn is None or cut.torn.weakest_model < FaultModel.F4:
        return
    for text in ("prefix:16", "prefix:4", "partial:16", f"bytes:0.{cut.torn.pattern}", f"bits:0.{cut.torn.pattern}"):
        yield replace(step, cut=replace(cut, torn=cut.torn.parse(text)))
