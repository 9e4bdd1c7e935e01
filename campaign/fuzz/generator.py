"""Random histories: a random device, and calls, resets and power cuts drawn one at a time, as the model stands.

What comes next is drawn from what the device is doing: a download goes on more often than not, a program that is gone
is started again. The model tells which operations a step will have, so that a cut always finds one. All draws come
from one random.Random: the same seed gives the same history on every machine.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import pairwise
from random import Random

from ...impl.chip.flash import FailureExtent
from ...impl.release_points import with_versions
from ...model.config import Config, Pin, Release, ResetReason, Selector, SkipValidation
from ...model.device.allowance import Allowance
from ...model.device.api_calls import RESUME_FROM
from ...model.device.end_numbers import BORDER, ERASED
from ...model.device.remedy_steps import is_restricted
from ...model.device.state import Scope, Task, Usage, why_left_out
from ...model.fault_model import MODELLED_FAULTS, FaultModel
from ...model.idf_version import IdfVersion
from ...model.remedies import Remedy
from ..history.history import IMAGE_SIZE, History, SmallDevice, SmallImage
from ..history.step import (
    ACCEPT,
    COMMENCE,
    ERASE_LAST_BOOT,
    ROLLBACK,
    RUNNING,
    Step,
    StepCut,
    StepFailure,
    StepName,
)
from ..lockstep.lockstep import Lockstep, scope_of_device
from ..lockstep.seen_operations import BURN, OpKind, SeenOp
from ..lockstep.step_maker import FLIPPED_HEADER_BYTE
from .drawn_tears import draw_tear
from .guide import Guide, site
from .planned_operations import planned_ops

MAX_CUTS = 3
MAX_STEPS = 36
BROKEN_BYTE = 600
"""Where a damaged image is damaged: behind its description."""
_SHORTEST_CHUNK = 40
"""Bytes of an image that hold the secure version of its description."""
_PAST_DESCRIPTION = 300
"""Bytes of an image that hold its header and its description, and a few more."""
_WRITERS = frozenset({Allowance.OTHER_WRITERS, Allowance.OTHER_RECORDS, Allowance.END_NUMBERS})
"""What lets other programs write."""
_RESETS = (ResetReason.SOFTWARE, ResetReason.DEEP_SLEEP, ResetReason.PANIC)
"""With the power on."""


_RESET_STEPS = tuple(Step(StepName.RESET, reason=reason) for reason in _RESETS)
_COMPLETES = tuple(Step(StepName.COMPLETE, argument=argument) for argument in (None, 1, 1, 0, "x", "1", True))
_POWER_OFF, _ABORT, _SWITCH = Step(StepName.POWER_OFF), Step(StepName.ABORT), Step(StepName.SWITCH)


@lru_cache(maxsize=64)
def set_boot(label: str) -> Step:
    """Return esp_ota_set_boot_partition of a label."""
    return Step(StepName.SET_BOOT, label=label)


@lru_cache(maxsize=4096)
def write(image: int, offset: int, length: int, name: StepName = StepName.WRITE) -> Step:
    """Return a write of a part of an image."""
    return Step(name, image=image, offset=offset, length=length)


@lru_cache(maxsize=4096)
def _resume(offset: int) -> Step:
    return Step(StepName.RESUME, offset=offset)


@dataclass(frozen=True, slots=True)
class Worlds:
    """Which devices are drawn: what is None is drawn anew for each run."""

    slots: int | None = None
    has_factory: bool | None = None
    rollback: bool | None = None
    anti_rollback: bool | None = None
    app_version: IdfVersion | None = None
    bootloader_version: IdfVersion | None = None
    faults: FaultModel = FaultModel.F3
    usage: Usage = Usage.ANY
    versions: int = 3
    allows: frozenset[Allowance] = frozenset()
    skips: frozenset[SkipValidation] = frozenset()
    """When the bootloader skips validation; at random in deep sleep, where nothing is said."""
    remedies: frozenset[Remedy] = frozenset()
    selector: Selector = Selector.ESP_IDF


def draw_scope(random: Random, worlds: Worlds) -> tuple[Config, Scope]:
    """Return a random build of bootloader and application, and its scope: slots, factory and all."""
    config = _draw_config(random, worlds)
    if Allowance.PINS in worlds.allows:
        config = replace(config, anti_rollback=False, factory_reset_erases_otadata=random.random() < 0.5)
    if worlds.skips:
        config = config.skipping(worlds.skips)
        config = replace(config, anti_rollback=config.anti_rollback and not why_left_out(config, worlds.allows))
    has_ends = Allowance.END_NUMBERS in worlds.allows
    slots = worlds.slots or (2 if has_ends else random.randint(1, 4))
    has_factory = random.random() < 0.4 if worlds.has_factory is None else worlds.has_factory
    config = replace(config, notes_in_place=Remedy.NOTE_IN_PLACE in worlds.remedies, selector=worlds.selector)
    device = SmallDevice(config, tuple(range(slots)), has_factory)
    faults = min(worlds.faults, FaultModel.F2 if has_ends else max(MODELLED_FAULTS))
    return config, scope_of_device(device, faults, worlds.usage, worlds.versions, worlds.allows, worlds.remedies)


def draw_history(random: Random, config: Config, scope: Scope) -> History:
    """Return a random device of that build, that nothing has happened to yet."""
    versions = range(scope.versions if config.anti_rollback else 1)
    # Image 0 is the first one of the device: the model gives it version 0.
    images = [SmallImage(seed=1)]
    images += [SmallImage(seed=2 + version, secure_version=version) for version in versions]
    images.append(SmallImage(seed=9, secure_version=random.choice(versions), flipped=BROKEN_BYTE))
    if scope.skips_validation and random.random() < 0.3:
        images[-1] = replace(images[-1], flipped=FLIPPED_HEADER_BYTE)
    holds = (("factory" if scope.has_factory else "ota_0", 0), *_extra(random, scope.slots))
    return History(SmallDevice(config, tuple(range(scope.slots)), scope.has_factory, holds), tuple(images))


def _extra(random: Random, slots: int) -> Iterator[tuple[str, int]]:
    """Yield the images that other slots were delivered with, seldom any."""
    for slot in range(1, slots):
        if random.random() < 0.1:
            yield f"ota_{slot}", 1


def _draw_config(random: Random, worlds: Worlds) -> Config:
    anti_rollback = random.random() < 0.3 if worlds.anti_rollback is None else worlds.anti_rollback
    if worlds.rollback is False and worlds.anti_rollback is None:
        anti_rollback = False
    rollback = random.random() < 0.7 if worlds.rollback is None else worlds.rollback
    app = worlds.app_version or random.choice(list(Release)).point
    bootloader = worlds.bootloader_version or random.choice(list(Release)).point
    plain = Config(
        rollback=rollback or anti_rollback,
        anti_rollback=anti_rollback,
        skip_validate_in_deep_sleep=random.random() < 0.2,
    )
    return with_versions(plain, app, bootloader)


@dataclass
class Drawer:
    """Draws the steps of one history, as it is played."""

    random: Random
    run: Lockstep
    cuts_left: int = MAX_CUTS
    guide: Guide | None = None
    """Steers it; None: nothing does."""
    sites: set[str] = field(default_factory=set)
    """Where the power was cut."""
    _download: list[Step] = field(default_factory=list)
    """What is left to do of the upgrade that goes on."""
    _last: Step | None = None
    _image: int = 1
    """The image that was downloaded last."""
    _end_of_download: int = 0
    """How much of it was written."""

    def steps(self) -> Iterator[Step]:
        """Yield steps; each has to be played before the next is drawn."""
        for _ in range(self._length()):
            if self.run.tracker.task is Task.STUCK:
                return
            step = self._draw()
            if step.name is StepName.RESET or step.cut is not None:
                self._download.clear()
            self._last = step
            yield step

    def _length(self) -> int:
        """Return how many steps are drawn at most."""
        return self.random.randint(4, MAX_STEPS)

    @property
    def _faults(self) -> FaultModel:
        return self.run.scope.faults

    def _ops(self, step: Step) -> list[SeenOp]:
        """Return the operations that a step will have."""
        return list(planned_ops(self.run, step))

    def _draw(self) -> Step:
        step = self._next_call() if self.run.is_running else self._restart()
        allows = self.run.scope.allows
        if allows and Allowance.PINS in allows and step.name is StepName.RESET and self.random.random() < 0.3:
            step = replace(step, pin=self.random.choice(list(Pin)))
        if allows and Allowance.FAILING_FLASH in allows and self.random.random() < 0.2:
            step = replace(step, failures=tuple(self._draw_failures(step)))
        if self.cuts_left and self.random.random() < 0.2:
            cut = self._draw_cut(step)
            if cut is not None:
                self.cuts_left -= 1
                return replace(step, cut=cut)
        return step

    def _restart(self) -> Step:
        """Return the reset that brings a program back, or a power failure before it."""
        if self.run.tracker.task is Task.OFF:
            if self.run.scope.allows & _WRITERS and self.random.random() < 0.3:
                return self._draw_tool()
            return Step(StepName.RESET)
        if self.random.random() < 0.1:
            return Step(StepName.POWER_OFF)
        return Step(StepName.RESET, reason=ResetReason.SOFTWARE)

    def _draw_tool(self) -> Step:
        """Return what a tool does while the device is off: a whole image, blank otadata, or a record."""
        allows = self.run.scope.allows & _WRITERS
        if Allowance.END_NUMBERS in allows and (len(allows) == 1 or self.random.random() < 0.5):
            return self._draw_record()
        if Allowance.OTHER_RECORDS in allows and (Allowance.OTHER_WRITERS not in allows or self.random.random() < 0.5):
            return self._draw_tool_of_records()
        if self.random.random() < 0.5:
            return Step(StepName.BLANK_OTADATA)
        image = self.random.randrange(len(self.run.history.images) - 1)
        return Step(StepName.FLASH_SLOT, image=image, label=f"ota_{self.random.randrange(self.run.scope.slots)}")

    def _draw_tool_of_records(self) -> Step:
        """Return an upload of Arduino, or a switch of otatool.py to a whole image; else nothing but a power-on."""
        upload = Step(StepName.UPLOAD, image=0)
        switches = (Step(StepName.OTATOOL, label=f"ota_{slot}") for slot in range(self.run.scope.slots))
        found = [step for step in switches if self.run.can_use(step)]
        return self.random.choice([upload, *found, *found])

    def _draw_record(self) -> Step:
        """Return a record at an end of the number range that selects a whole image; else nothing but a power-on."""
        numbers, sectors = [0, *range(BORDER + 1, ERASED)], range(2)
        steps = (Step(StepName.WRITE_RECORD, sector=sector, seq=seq) for seq in numbers for sector in sectors)
        found = [step for step in steps if self.run.can_use(step)]
        return self.random.choice(found) if found else Step(StepName.RESET)

    def _next_call(self) -> Step:
        if self._download and self.random.random() < 0.85:
            step = self._download.pop(0)
            if step.name is StepName.WRITE:
                self._end_of_download = step.offset + step.length
            return step
        choices = self._choices()
        weights = [weight for _, weight in choices]
        if self.guide is not None:
            weights = self.guide.weights([self._names(step) for step, _ in choices], weights)
        step = self.random.choices([step for step, _ in choices], weights)[0]
        if step.name in (StepName.COMMENCE, StepName.RESUME):
            self._download = list(self._draw_download(step.offset))
        return step

    def _names(self, step: Step) -> tuple[str, ...]:
        """Return the actions of the model that a call is one of; none for a reset."""
        return () if step.name in (StepName.RESET, StepName.POWER_OFF) else self.run.names_of(step)

    def _choices(self) -> list[tuple[Step, float]]:
        """Return what may come next, with its weight."""
        choices: list[tuple[Step, float]] = [(self.random.choice(_RESET_STEPS), 2.5), (_POWER_OFF, 1.0)]
        usage, scope = self.run.scope.usage, self.run.scope
        calls = [(COMMENCE, 6.0), (ACCEPT, 9.0 if self.run.tracker.can("accept") else 1.0), (ROLLBACK, 2.0)]
        if usage is Usage.ANY:
            calls += [(self.random.choice(_COMPLETES), 0.7), (self._odd_write(), 0.7), (set_boot(RUNNING), 0.7)]
            calls += [(set_boot("factory"), 1.0)] if scope.has_factory else []
            calls += self._esp_idf_calls() if scope.has_api_calls else ()
            if not scope.remedies:
                return choices + calls
        elif scope.erases_last_boot:
            calls.append((ERASE_LAST_BOOT, 4.0))
        for step, weight in calls:
            names = self.run.names_of(step)
            is_free = usage is Usage.ANY and not is_restricted(scope, names)
            if is_free or self.run.tracker.can(*names):
                choices.append((step, weight))
        return choices

    def _esp_idf_calls(self) -> list[tuple[Step, float]]:
        """Return calls of ESP-IDF's own, beside otaupgrade."""
        steps = [set_boot(f"ota_{self.random.randrange(self.run.scope.slots)}"), ERASE_LAST_BOOT, _ABORT]
        if self.run.history.device.config.app_release >= RESUME_FROM:
            steps.append(_resume(self.random.choice([0, self._end_of_download, IMAGE_SIZE])))
        can, names_of = self.run.tracker.can, self.run.names_of
        calls = [(step, 2.0 if can(*names_of(step)) else 0.3) for step in steps]
        calls.append((self._overwrite(), 3.0 if can("write_over") else 0.3))
        return [*calls, (_SWITCH, 6.0)] if self.run.player.other_handle is not None else calls

    def _overwrite(self) -> Step:
        """Return an esp_ota_write_with_offset behind the description of an image, or of all of one."""
        offset = self.random.choice([0, self.random.randrange(_PAST_DESCRIPTION, IMAGE_SIZE)])
        return write(self._draw_image(), offset, IMAGE_SIZE - offset, StepName.WRITE_AT)

    def _odd_write(self) -> Step:
        """Return a write() that belongs to no upgrade that is going on."""
        return write(self._draw_image(), 0, self.random.choice([1, 100, IMAGE_SIZE]))

    def _draw_image(self) -> int:
        """Return the number of an image; the last one is damaged."""
        last = len(self.run.history.images) - 1
        return last if self.random.random() < 0.15 else self.random.randrange(1, last)

    def _draw_download(self, resumed: int) -> Iterator[Step]:
        """Yield the writes of an image, whole, broken or cut short, and complete().

        resumed: how much of it is there."""
        if resumed:
            if resumed < IMAGE_SIZE:
                yield write(self._image, resumed, IMAGE_SIZE - resumed)
            restarts = self.run.scope.usage is Usage.RESTART_AT_ONCE
            yield Step(StepName.COMPLETE, argument=self.random.choice([1] if restarts else [None, 1]))
            return
        image = self._image = self._draw_image()
        end = self.random.randrange(2 * _SHORTEST_CHUNK, IMAGE_SIZE) if self.random.random() < 0.1 else IMAGE_SIZE
        inner = {self.random.randrange(_SHORTEST_CHUNK, end) for _ in range(self.random.choice([0, 1, 1, 2, 3]))}
        inner |= {self.random.randrange(1, 33)} if self.random.random() < 0.1 else set()
        bounds = [0, *sorted(at for at in inner if at < end), end]
        for start, stop in pairwise(bounds):
            yield write(image, start, stop - start)
        is_plain = self.run.scope.usage is Usage.RESTART_AT_ONCE or self.random.random() < 0.8
        yield Step(StepName.COMPLETE, argument=1 if is_plain else self.random.choice([None, 0, "x"]))

    def _draw_failures(self, step: Step) -> Iterator[StepFailure]:
        """Yield what fails in a step: one of its operations, or some of the bootloader's."""
        failures: dict[int, FailureExtent] = {}
        while len(ops := list(planned_ops(self.run, step, failures))) > max(failures, default=-1) + 1:
            number = self._draw_number(ops, max(failures, default=-1) + 1)
            is_burn = ops[number].kind is OpKind.BURN
            done = self.random.choice([d for d in FailureExtent if not is_burn or d is not FailureExtent.HALF])
            failures[number] = done
            yield StepFailure(0 if is_burn else number, done, is_burn)
            if step.name is not StepName.RESET or self.random.random() < 0.5:
                return

    def _draw_number(self, ops: Sequence[SeenOp], first: int = 0) -> int:
        """Return the number of an operation, from the first on.

        Most of a wipe is later sectors; what matters happens in its first one, and after its last."""
        return self.random.choice([first, self.random.randrange(first, len(ops)), len(ops) - 1])

    def _draw_cut(self, step: Step) -> StepCut | None:
        """Return a cut in one of the operations that the step will have; None when it will have none."""
        failures = {failure.op: failure.done for failure in step.failures}
        ops = list(planned_ops(self.run, step, failures))
        if len(ops) <= len(step.failures) or any(failure.is_burn for failure in step.failures):
            return None
        burns = [op for op in ops if op.kind is OpKind.BURN]
        flash_ops = ops[: len(ops) - len(burns)]
        if burns and (not flash_ops or self.random.random() < 0.4):
            return self._cut_burn(step)
        number = self._draw_cut_number(step, flash_ops)
        if number <= max(failures, default=-1):
            return None
        return self._cut(step, number, flash_ops[number], self.run.scope.faults)

    def _draw_cut_number(self, step: Step, ops: Sequence[SeenOp]) -> int:
        """Return the number of the operation to cut."""
        if self.guide is None:
            return self._draw_number(ops)
        numbers = [0, self.random.randrange(len(ops)), len(ops) - 1]
        weights = self.guide.weights([(site(step, ops[number]),) for number in numbers], [1.0] * len(numbers))
        return self.random.choices(numbers, weights)[0]

    def _cut(self, step: Step, number: int, op: SeenOp, faults: FaultModel) -> StepCut:
        """Return a cut in an operation."""
        weights = None
        if self.guide is not None:
            rungs = [rung for rung in FaultModel if rung <= faults]
            weights = self.guide.weights([(site(step, op, rung),) for rung in rungs], [1.0] * len(rungs))
        torn = draw_tear(self.random, faults, op, step, weights)
        self.sites |= {site(step, op), site(step, op, torn.weakest_model)}
        return StepCut(number, torn)

    def _cut_burn(self, step: Step) -> StepCut:
        self.sites.add(site(step, BURN))
        return StepCut(0, efuse_done=self._draw_burned())

    def _draw_burned(self) -> int:
        everything = (1 << 32) - 1
        if self.run.scope.faults is FaultModel.F0:
            return self.random.choice([0, everything])
        return self.random.randrange(1 << (self.run.scope.versions - 1))
