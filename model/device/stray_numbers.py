"""Stray numbers: a cut that leaves a right check word on a number that was never written.

A tear only sets bits, in the number and in its check word. Some of the numbers that come of it fit what has come of the
check word, by chance. What is known of them is proved over the bytes (proofs/bytes/): prefixes and whole bytes (F1, F2)
leave none that flash can live to see; single bits (F3) can leave one of almost every number. A stray number is greater
than the one that was there, and greater than any number that the model tells from others by its value. With an even
number of slots some slots cannot be named by it: bits that are set stay set.

Numbers.RANKED has an action for each slot, state word and order beside the other record. Numbers.EXACT has one action
for each phase, and reads the inputs `chance`, `chance_slot` and `chance_word` of the state.
"""

from dataclasses import dataclass, replace
from enum import Enum
from itertools import product

from ..fault_model import FaultModel
from ..terms.terms import Bool, Num, all_of, any_of, fact, number
from .action import Action, Actions, Kind
from .device_parts import other_record, record_in, with_record
from .record_tears import MORE_BITS
from .records import TOP, Check, Numbers, Record, Word, either
from .state import Device, Phase, Scope, Task

SOURCE = "IDF-OTADATA-REWRITE"


class StrayOrder(Enum):
    """How a stray number compares with that of the other record, or with what a tear has left of it."""

    GREATER = "greater"
    """Or the other record has none."""
    EQUAL = "equal"
    LOWER = "lower"


@dataclass(frozen=True, slots=True)
class Stray:
    """One stray record that a cut can leave, as an action of Numbers.RANKED names it."""

    phase: Phase
    order: StrayOrder
    slot: int
    word: Word

    @property
    def name(self) -> str:
        """The name of the action."""
        return f"{exact_name(self.phase)}_{self.order.value}_{self.slot}_{self.word.name.lower()}"


def exact_name(phase: Phase) -> str:
    """Return the name of the one action for a phase that Numbers.EXACT has."""
    return f"cut_in_{phase.name.lower()}_strays"


def stray_named(name: str) -> Stray | None:
    """Return the stray of an action of Numbers.RANKED; None for any other action."""
    for phase in Phase:
        if name.startswith(f"{exact_name(phase)}_"):
            order, slot, word = name.removeprefix(f"{exact_name(phase)}_").split("_", 2)
            return Stray(phase, StrayOrder(order), int(slot), Word[word.upper()])
    return None


def is_stray(device: Device, stray: Stray) -> Bool:
    """Tell whether the inputs of Numbers.EXACT, at the cut, are those of this stray."""
    other = other_record(device)
    in_order = {
        StrayOrder.GREATER: other.seq < device.chance,
        StrayOrder.EQUAL: other.seq == device.chance,
        StrayOrder.LOWER: device.chance < other.seq,
    }[stray.order]
    return in_order & (device.chance_slot == stray.slot) & (device.chance_word == stray.word)


def stray_cuts(scope: Scope, device: Device, off: Device, tasks: dict[Phase, tuple[Task, ...]]) -> Actions:
    """Yield the cuts that leave a stray number.

    off: the device without power. tasks: by phase, those in which a record is erased or programmed."""
    for phase, during in tasks.items():
        if scope.numbers is Numbers.EXACT:
            yield _any_stray(scope, device, off, phase, during)
            continue
        for order, slot, word in product(StrayOrder, range(scope.slots), Word):
            yield _stray_cut(scope, device, off, Stray(phase, order, slot, word), during)


def can_name(scope: Scope, old: Num, slot: int) -> Bool:
    """Tell whether a number that names slot `old` can become one that names `slot` by setting bits."""
    # Of a number that names a slot, as many low bits are known as 2 divides the number of slots.
    rest = 0 if scope.counts else (scope.slots & -scope.slots) - 1
    if rest == 0:
        return fact(True)
    return old.is_in(*(s for s in range(scope.slots) if (s + 1) & (slot + 1) & rest == (s + 1) & rest))


def _can_read(old: Record, word: Word) -> Bool:
    """Tell whether the state word can read as that once it is torn."""
    return old.word.is_in(*(before for before in Word if word in MORE_BITS[before]))


def _stray_cut(scope: Scope, device: Device, off: Device, stray: Stray, tasks: tuple[Task, ...]) -> Action:
    old = record_in(device, device.sector)
    other = other_record(device)
    has_number = old.check != Check.EMPTY
    fits = (device.phase == stray.phase) & has_number & _can_read(old, stray.word)
    fits = fits & can_name(scope, old.slot, stray.slot)
    above, above_all = number(scope.slots + 1), number(2 * scope.slots + 2)
    seq, others = above_all, other
    if stray.order is not StrayOrder.GREATER:
        fits = fits & (other.seq > scope.slots) & (old.seq < other.seq)
    if stray.order is StrayOrder.EQUAL:
        fits, seq = fits & (other.slot == stray.slot), other.seq
    elif stray.order is StrayOrder.LOWER:
        seq, others = above, replace(other, seq=above_all)
    record = Record(number(Check.RIGHT, 2), number(stray.word, 3), number(stray.slot), seq)
    is_second = device.sector == 1
    records = either(is_second, others, record), either(is_second, record, others)
    return Action(stray.name, tasks, fits, replace(off, records=records), Kind.CUT, SOURCE, FaultModel.F3)


def _any_stray(scope: Scope, device: Device, off: Device, phase: Phase, tasks: tuple[Task, ...]) -> Action:
    old = record_in(device, device.sector)
    other = other_record(device)
    chance = device.chance
    is_above = (chance > scope.slots) & (chance < TOP)
    is_one_number = chance == other.seq
    fits_slot = any_of((device.chance_slot == slot) & can_name(scope, old.slot, slot) for slot in range(scope.slots))
    fits_word = any_of((device.chance_word == word) & _can_read(old, word) for word in Word)
    when = all_of(
        (
            device.phase == phase,
            is_above,
            device.chance_slot < device.slot_count,
            fits_slot,
            fits_word,
            old.check != Check.EMPTY,
            chance > old.seq,
            is_one_number.implies(device.chance_slot == other.slot),
        )
    )
    record = Record(number(Check.RIGHT, 2), device.chance_word, device.chance_slot, chance)
    records = with_record(device, device.sector, record)
    return Action(exact_name(phase), tasks, when, replace(off, records=records), Kind.CUT, SOURCE, FaultModel.F3)
