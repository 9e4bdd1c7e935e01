"""Runs that begin from a kept history, changed: cut off, with steps left out, repeated, drawn anew or put in, cut
elsewhere, or put together from two.

A changed history need not be one that a device can have. So its steps are fitted one at a time, as it is played: a call
of a device that is off waits for a reset, a cut falls in an operation that the step will have, and what cannot be made
now is left out.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from random import Random

from ...impl.chip.torn_operations import Torn, TornKind
from ...model.config import ResetReason
from ...model.device.allowance import Allowance
from ...model.device.api_calls import RESUME_FROM
from ...model.device.remedy_steps import is_restricted
from ...model.device.state import Task, Usage
from ...model.fault_model import FaultModel
from ..history.handles import has_written, is_open
from ..history.step import RUNNING, TOOL_STEPS, WRITE_STEPS, Step, StepCut, StepName
from ..lockstep.seen_operations import BURN, OpKind, SeenOp
from .corpus import Corpus
from .drawn_tears import most_programmed
from .generator import Drawer
from .guide import site

SHARE = 0.5
"""So many of the runs of a lane begin from a kept history, once there is one."""
MOST_STEPS = 72
"""A changed history has so many steps at most."""
_TAIL = 1, 16
"""So many steps are drawn behind it."""

_TORN_ANEW, _WHOLE, _CUT_OFF, _OTHERWISE = 0.65, 0.1, 0.1, 0.15
"""How often the last cut of a kept history is torn anew, nothing changes but what is drawn behind it, it is cut off, or
some of its steps change. Measured: see decision 56."""
_OF_ESP_IDF = (StepName.RESUME, StepName.ABORT, StepName.SWITCH, StepName.WRITE_AT)
"""Calls that not every device has."""


class CutIs(Enum):
    """What becomes of the cut of a step."""

    KEPT = "kept"
    DROPPED = "dropped"
    DRAWN = "drawn"
    TORN = "torn"
    """In the same operation, which is torn anew."""


@dataclass(frozen=True, slots=True)
class PlannedStep:
    """A step of a changed history."""

    step: Step | None
    """None: one that is drawn."""
    cut: CutIs = CutIs.KEPT


Script = list[PlannedStep]


def script_of(random: Random, corpus: Corpus | None) -> Script:
    """Return the changed history that a run is to begin from; empty where it is to be drawn."""
    if not corpus or random.random() >= SHARE:
        return []
    parent, other = corpus.draw(random, 2)
    return changed(random, parent, other)


def changed(random: Random, parent: Sequence[Step], other: Sequence[Step]) -> Script:
    """Return a history made from a kept one, and perhaps from the end of another one."""
    script = [PlannedStep(step) for step in parent]
    cuts = [number for number, step in enumerate(parent) if step.cut is not None]
    ways = [_TORN_ANEW if cuts else 0.0, _WHOLE, _CUT_OFF, _OTHERWISE]
    match random.choices(range(len(ways)), ways)[0]:
        case 0:
            return [*script[: cuts[-1]], replace(script[cuts[-1]], cut=CutIs.TORN)]
        case 1:
            return script
        case 2:
            return script[: random.randint(1, len(script))]
    for _ in range(random.choice([1, 1, 2, 3])):
        script = random.choice(_CHANGES)(random, script, other)
    return script[:MOST_STEPS]


def _without(random: Random, script: Script, other: Sequence[Step]) -> Script:
    at = random.randrange(len(script) + 1)
    return script[:at] + script[at + random.choice([1, 1, 2, 4]) :]


def _repeated(random: Random, script: Script, other: Sequence[Step]) -> Script:
    at, length = random.randrange(len(script) + 1), random.choice([1, 1, 2, 4, 8])
    return script[: at + length] + script[at:]


def _with_drawn(random: Random, script: Script, other: Sequence[Step]) -> Script:
    at = random.randrange(len(script) + 1)
    return [*script[:at], PlannedStep(None), *script[at + random.choice([0, 0, 1]) :]]


def _cut_elsewhere(random: Random, script: Script, other: Sequence[Step]) -> Script:
    if not script:
        return script
    cut = [number for number, planned in enumerate(script) if planned.step is not None and planned.step.cut is not None]
    at = random.choice(cut) if cut and random.random() < 0.5 else random.randrange(len(script))
    what = random.choice([CutIs.DROPPED, CutIs.DRAWN, CutIs.TORN, CutIs.TORN]) if at in cut else CutIs.DRAWN
    return [*script[:at], replace(script[at], cut=what), *script[at + 1 :]]


def _spliced(random: Random, script: Script, other: Sequence[Step]) -> Script:
    head = script[: random.randint(0, len(script))]
    return head + [PlannedStep(step) for step in other[random.randrange(len(other)) :]]


_CHANGES = (_without, _repeated, _with_drawn, _cut_elsewhere, _cut_elsewhere, _spliced)


@dataclass
class MutantDrawer(Drawer):
    """Draws the steps of a run that begins from a changed history."""

    script: Script = field(default_factory=list)
    """What is left of it."""

    def _length(self) -> int:
        if not self.script:
            return super()._length()
        return min(MOST_STEPS, len(self.script) + self.random.randint(*_TAIL))

    def _draw(self) -> Step:
        while self.script:
            planned = self.script[0]
            if planned.step is None:
                del self.script[0]
                return super()._draw()
            if not self.run.is_running and planned.step.name not in (StepName.RESET, StepName.POWER_OFF, *TOOL_STEPS):
                return self._restart()
            del self.script[0]
            step = self._fitted(planned)
            if step is not None:
                self._note(step)
                return step
        return super()._draw()

    def _note(self, step: Step) -> None:
        """Have what is drawn behind the script go on with its upgrade."""
        if step.name is StepName.WRITE and step.image is not None:
            self._image, self._end_of_download = step.image, step.offset + step.length
        elif step.name is StepName.COMMENCE:
            self._end_of_download = 0
        elif step.name is StepName.RESUME:
            self._end_of_download = step.offset
        is_upgrade = step.name in (StepName.COMMENCE, StepName.WRITE, StepName.RESUME)
        if is_upgrade and step.cut is None and not self.script:
            self._download = list(self._draw_download(self._end_of_download))

    def _fitted(self, planned: PlannedStep) -> Step | None:
        """Return a step as it can be made now; None where it cannot."""
        assert planned.step is not None
        step = replace(planned.step, cut=None, failures=())
        if step.name is StepName.RESET:
            step = self._fitted_reset(step)
        elif step.name in TOOL_STEPS:
            if not self._fits_tool(step):
                return None
        elif step.name is StepName.POWER_OFF:
            return None if self.run.tracker.task is Task.OFF else step
        else:
            if step.name in WRITE_STEPS:
                step = replace(step, image=min(step.image or 0, len(self.run.history.images) - 1))
            if not self._fits_call(step):
                return None
        if not planned.step.failures or not self._can_fail:
            return replace(step, cut=self._fitted_cut(step, planned))
        step = replace(step, failures=tuple(self._draw_failures(step)))
        return step if planned.step.cut is None else replace(step, cut=self._draw_cut(step))

    @property
    def _can_fail(self) -> bool:
        return Allowance.FAILING_FLASH in self.run.scope.allows or self._faults is FaultModel.F5

    def _fitted_reset(self, step: Step) -> Step:
        if Allowance.PINS not in self.run.scope.allows:
            step = replace(step, pin=None)
        if self.run.tracker.task is Task.OFF:
            return replace(step, reason=ResetReason.POWER_ON)
        if step.reason is ResetReason.POWER_ON or not self.run.is_running:
            return replace(step, reason=ResetReason.SOFTWARE)
        return step

    def _fits_tool(self, step: Step) -> bool:
        if self.run.tracker.task is not Task.OFF:
            return False
        is_writer = step.name in (StepName.FLASH_SLOT, StepName.BLANK_OTADATA)
        if is_writer and Allowance.OTHER_WRITERS not in self.run.scope.allows:
            return False
        labels = {f"ota_{slot}" for slot in range(self.run.scope.slots)}
        if step.name in (StepName.FLASH_SLOT, StepName.OTATOOL) and step.label not in labels:
            return False
        return (step.image or 0) < len(self.run.history.images) - 1 and self.run.can_use(step)

    def _fits_call(self, step: Step) -> bool:
        """Tell whether a call can be drawn of this device, as its use is."""
        scope, app = self.run.scope, self.run.player.app
        assert app is not None
        if step.name in _OF_ESP_IDF and not scope.has_api_calls:
            return False
        match step.name:
            case StepName.ERASE_LAST_BOOT if not scope.erases_last_boot:
                return False
            case StepName.SET_BOOT if step.label == "factory" and not scope.has_factory:
                return False
            case StepName.SET_BOOT if step.label not in (RUNNING, "factory"):
                if not scope.has_api_calls or int(step.label.removeprefix("ota_")) >= scope.slots:
                    return False
            case StepName.RESUME if self.run.history.device.config.app_release < RESUME_FROM:
                return False
            case StepName.SWITCH if self.run.player.other_handle is None:
                return False
            case StepName.WRITE if step.offset and (step.image, step.offset) != (self._image, self._end_of_download):
                return False
            case _:
                pass
        names = self.run.names_of(step)
        if scope.usage is Usage.ANY and not is_restricted(scope, names):
            return True
        if step.name is StepName.WRITE:
            return is_open(app) and has_written(app) is bool(step.offset)
        return self.run.tracker.can(*names)

    def _fitted_cut(self, step: Step, planned: PlannedStep) -> StepCut | None:
        assert planned.step is not None
        cut = planned.step.cut
        if planned.cut is CutIs.DROPPED or (cut is None and planned.cut is CutIs.KEPT):
            return None
        if cut is None or planned.cut is CutIs.DRAWN:
            return self._draw_cut(step)
        ops = self._ops(step)
        burns = [op for op in ops if op.kind is OpKind.BURN]
        if cut.torn is None:
            if not burns:
                return self._draw_cut(step)
            self.sites.add(site(step, BURN))
            return replace(cut, op=0)
        flash_ops = ops[: len(ops) - len(burns)]
        if cut.op >= len(flash_ops):
            return self._draw_cut(step)
        op, torn = flash_ops[cut.op], cut.torn
        if planned.cut is CutIs.TORN or torn.weakest_model > self._faults or not _fits(torn, op, step):
            return self._cut(step, cut.op, op, self._faults)
        self.sites |= {site(step, op), site(step, op, torn.weakest_model)}
        return cut


def _fits(torn: Torn, op: SeenOp, step: Step) -> bool:
    """Tell whether an operation can be torn so."""
    if torn.kind is TornKind.PARTIAL:
        return op.kind is OpKind.ERASE
    if torn.kind is TornKind.PREFIX:
        return op.kind is OpKind.PROGRAM and torn.length < most_programmed(op, step)
    return torn.kind is not TornKind.MASK
