"""What a power cut inside each flash and eFuse operation can leave.

Of a record that is rewritten: a tear of the old one, or of the new one. A slot is erased from its first sector on, and
that one alone matters: with it go header and description. The bits of an eFuse burn set one by one.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import product

from ..config import Release
from ..fault_model import MODELLED_FAULTS, FaultModel
from ..terms.terms import Bool, Num, any_of, choose, fact, number
from .action import Action, Actions, Kind
from .boot_steps import after_try, burned_for, without_program
from .device_parts import record_in, with_record, with_rejected, with_slot, without_origin
from .end_numbers import (
    FITTING,
    fits_though_erased,
    fitting_record,
    fitting_words,
    is_left_before_check,
    looks_written,
    loses_its_check_word,
    never_fails_its_check,
    stays_fitting,
)
from .flash_steps import BURNS, ERASES, REWRITES, RUINED, WIPED, WIPES, tasks_of, wiped, wiped_slot
from .record_tears import Torn, erased_tears, programmed_tears
from .records import Check, Record, Word
from .state import Device, Expectation, Phase, Scope, Task
from .stray_numbers import stray_cuts

IDLE = (Task.SELECT, Task.STUCK, Task.RUN)
"""Tasks with no operation in progress. An image that is started runs: a cut in between is one in RUN."""


def cuts(scope: Scope, device: Device) -> Actions:
    """Yield the ways in which the power can fail."""
    off = without_program(scope, device, Task.OFF)
    yield Action("cut", IDLE, fact(True), off, Kind.CUT, "IDF-OTA-SAFE-UPDATE", FaultModel.F0)
    for torn in torn_records(scope, device):
        yield Action(
            torn.name,
            torn.tasks,
            torn.when,
            _left(scope, device, off, torn),
            Kind.CUT,
            "IDF-OTADATA-REWRITE",
            torn.weakest,
        )
    if scope.has_strays:
        during = {Phase.ERASE: REWRITES + tasks_of(scope, ERASES), Phase.PROGRAM: REWRITES}
        yield from stray_cuts(scope, device, off, during)
    yield from _torn_wipes(scope, device, off)
    if scope.config.anti_rollback:
        yield from _torn_burns(scope, device, off)


def _left(scope: Scope, device: Device, off: Device, torn: "TornRecord") -> Device:
    """Return the device after a cut that left this record; a note that is whole counts, though nothing came of it."""
    left = replace(off, records=with_record(device, device.sector, torn.record))
    if torn.phase is not Phase.PROGRAM or torn.check is not Check.RIGHT:
        return left
    if torn.word is Word.PENDING_VERIFY:
        is_over = device.expectation.is_in(Expectation.MARKED, Expectation.SELECTED)
        return after_try(scope, left, (device.task == Task.TRY) & is_over)
    if torn.word in (Word.ABORTED, Word.INVALID):
        is_written = device.task == (Task.ABORT if torn.word is Word.ABORTED else Task.ROLLBACK)
        return replace(left, slots=with_rejected(left, torn.record.slot, fact(True), is_written))
    return left


@dataclass(frozen=True, slots=True)
class TornRecord:
    """One thing that a record which is being rewritten can read as after a cut."""

    phase: Phase
    tasks: tuple[Task, ...]
    check: Check
    word: Word
    when: Bool
    """The phase is this one, and the record can be torn to that."""
    record: Record
    weakest: FaultModel
    """The weakest fault model in which it can."""
    is_fitting: bool = False
    """The number is the last one, and the check word fits it; see end_numbers.py."""

    @property
    def name(self) -> str:
        """The name of the action."""
        check = FITTING if self.is_fitting else self.check.name.lower()
        return f"cut_in_{self.phase.name.lower()}_leaves_{check}_{self.word.name.lower()}"


def torn_records(scope: Scope, device: Device) -> Iterator[TornRecord]:
    """Yield all that the record which is being rewritten can read as after a cut."""
    for phase, tasks, tears in (
        (Phase.ERASE, REWRITES + tasks_of(scope, ERASES), erased_tears),
        (Phase.PROGRAM, REWRITES, programmed_tears),
    ):
        for left in product(Check, Word):
            yield _torn_record(scope, device, phase, tasks, tears, left)
        for word in fitting_words(scope) if scope.has_end_numbers else ():
            when = (device.phase == phase) & stays_fitting(scope, phase, record_in(device, device.sector), word)
            record = fitting_record(scope, word)
            yield TornRecord(phase, tasks, Check.EMPTY, word, when, record, FaultModel.F0, is_fitting=True)


def _torn_record(
    scope: Scope,
    device: Device,
    phase: Phase,
    tasks: tuple[Task, ...],
    tears: Callable[[Check, Word, FaultModel], frozenset[Torn]],
    left: Torn,
) -> TornRecord:
    old = record_in(device, device.sector)
    check, word = left
    causes = {
        (c, w): weakest
        for c, w in product(Check, Word)
        if (weakest := _weakest(tears, c, w, left)) is not None and weakest <= scope.faults
    }
    keeps = check is Check.RIGHT or (check is Check.WRONG and scope.has_strays)
    record = Record(
        number(check, 2), number(word, 3), old.slot if keeps else number(0), old.seq if keeps else number(0)
    )
    when = any_of((old.check == c) & (old.word == w) for c, w in sorted(causes))
    if is_left_before_check(scope, phase, left):
        when = when | looks_written(old)
    if scope.has_end_numbers and check is Check.EMPTY and word is not Word.UNDEFINED:
        when = when & (~fits_though_erased(scope, old) | fact(loses_its_check_word(scope, phase)))
    if scope.has_end_numbers and check is Check.WRONG:
        when = when & ~never_fails_its_check(scope, phase, old, word)
    return TornRecord(phase, tasks, check, word, (device.phase == phase) & when, record, min(causes.values()))


def _weakest(
    tears: Callable[[Check, Word, FaultModel], frozenset[Torn]], check: Check, word: Word, left: Torn
) -> FaultModel | None:
    return next((fault for fault in MODELLED_FAULTS if left in tears(check, word, fault)), None)


def _torn_wipes(scope: Scope, device: Device, off: Device) -> Actions:
    """Yield the cuts in the erase of a slot."""
    target = wiped_slot(scope, device)

    def cut(name: str, left: Device, when: Bool, weakest: FaultModel) -> Action:
        return Action(name, tasks_of(scope, WIPES), when, left, Kind.CUT, "IDF-OTA-BEGIN", weakest)

    yield cut("cut_before_wipe", off, fact(True), FaultModel.F0)
    yield cut("cut_after_wipe", wiped(scope, off, target), fact(True), FaultModel.F0)
    if scope.faults >= FaultModel.F1:
        has_description = any_of((target == i) & slot.has_description for i, slot in enumerate(device.slots))
        yield cut("cut_in_wipe", _ruined(scope, device, off, target), has_description, FaultModel.F1)
    if scope.skips_validation:
        yield from _wipes_with_headers(scope, device, off, cut)


def _ruined(scope: Scope, device: Device, off: Device, target: Num, is_loadable: bool = False) -> Device:
    """Return the device after a cut that left the description of a slot, and perhaps all headers."""
    ruined = tuple(
        replace(
            slot,
            content=choose(target == index, number(RUINED, 2), slot.content),
            is_finished=slot.is_finished & (target != index),
            is_earned=slot.is_earned & (target != index),
            is_rejected=slot.is_rejected & (target != index),
            is_loadable=choose(target == index, fact(is_loadable), slot.is_loadable),
        )
        for index, slot in enumerate(device.slots)
    )
    return without_origin(scope, replace(off, slots=ruined), target)


def _wipes_with_headers(scope: Scope, device: Device, off: Device, cut: Callable[..., Action]) -> Actions:
    """Yield the cuts after which an image does not verify, and loads where validation is skipped.

    Before 6.2, the bootloader then looks at no byte of the header but the number of segments, so the first byte may be
    gone. With other bytes gone than the first ones, the description may be: it matters with anti-rollback. It does as
    well on chips whose images name an MMU page size; the model has them start such an image all the same.
    Source: IDF-BOOT-SKIP."""
    target = wiped_slot(scope, device)
    slots = tuple(enumerate(device.slots))
    loads = any_of((target == i) & slot.loads for i, slot in slots)
    has_description = any_of((target == i) & slot.has_description for i, slot in slots)
    looks_at_magic = scope.config.bootloader_release >= Release.V6_2_DEV
    weakest = FaultModel.F2 if looks_at_magic else FaultModel.F1
    if scope.faults >= weakest:
        left = _ruined(scope, device, off, target, is_loadable=True)
        found = cut("cut_in_wipe_leaves_headers", left, loads & has_description, weakest)
        yield replace(found, source="IDF-BOOT-SKIP")
    if scope.faults >= FaultModel.F2 and not scope.config.anti_rollback:
        left = wiped(scope, off, target)
        headers = replace(WIPED, is_loadable=fact(True))
        left = replace(left, slots=with_slot(left, target, headers))
        yield replace(cut("cut_in_wipe_leaves_headers_alone", left, loads, FaultModel.F2), source="IDF-BOOT-SKIP")


def _torn_burns(scope: Scope, device: Device, off: Device) -> Actions:
    """Yield the cuts in a burn: any of the bits on their way may be set."""
    goal = burned_for(scope, device)
    rows = range(1 << (scope.versions - 1))
    for left in rows:
        causes = [
            (bits, end)
            for bits in rows
            for end in rows
            if bits | left == left and left | end == end and (scope.faults is not FaultModel.F0 or left in (bits, end))
        ]
        when = any_of((device.burned == bits) & (goal == end) for bits, end in causes)
        yield Action(
            f"cut_in_burn_leaves_{left:0{scope.versions - 1}b}",
            BURNS,
            when,
            replace(off, burned=number(left)),
            Kind.CUT,
            "IDF-EFUSE-UPDATE",
            FaultModel.F0,
        )
