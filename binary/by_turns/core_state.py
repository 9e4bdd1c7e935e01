"""The logical state as the C core holds it in a word, and as the device model has it: the same in both, as formulas.

The device has one right record and a blank one, so that the right one decides; which of two decides is a theorem of its
own. Places are numbers of the model: slots, factory, nowhere.
"""

from dataclasses import dataclass, replace
from typing import Any

import z3

from ...model.config import Config, Selector
from ...model.device.calls import has_next_number
from ...model.device.device_fields import device_of
from ...model.device.logical_state import LogicalState, logical_state
from ...model.device.records import BLANK, Check, Numbers, Record, Word
from ...model.device.state import Content, Device, Scope, Usage
from ...model.fault_model import FaultModel
from ...model.terms.terms import Num, Term, num_field
from ...proofs.smt.z3_terms import Z3Reading

NEW, TRIED, VALID, SELECTED = 1, 2, 3, 4
"""Kinds of the core. Source: selector/otadata_by_turns.h."""
MARK = 0xB7
FACTORY, NO_PLACE = 16, 31
IMAGE_STATES = {
    Word.NEW: 0,
    Word.PENDING_VERIFY: 1,
    Word.VALID: 2,
    Word.INVALID: 3,
    Word.ABORTED: 4,
    Word.UNDEFINED: 0xFFFFFFFF,
}
"""State words of ESP-IDF."""


def word(value: int) -> Any:
    """Return a 32-bit constant."""
    return z3.BitVecVal(value, 32)


@dataclass(frozen=True)
class CoreDevice:
    """A device of the model, and the words in which the core is told of it."""

    scope: Scope
    device: Device
    asked: Num
    """A place that a call is asked for: any but nowhere."""
    read: Z3Reading

    @property
    def state(self) -> LogicalState:
        """The state that the record holds."""
        return logical_state(self.scope, self.device.records)

    def formula(self, term: Term) -> Any:
        """Return a term of the model as a formula."""
        return self.read(term)

    def place(self, term: Num) -> Any:
        """Return a place as the core numbers it."""
        place = self._wide(term)
        slot_or_none = z3.If(place == self.scope.nowhere, word(NO_PLACE), place)
        return z3.If(place == self.scope.factory, word(FACTORY), slot_or_none)

    def what(self, record: Record) -> Any:
        """Return the state word of a record."""
        state = logical_state(self.scope, (record, BLANK))
        kind = z3.If(
            self.read(record.is_tried),
            word(TRIED),
            z3.If(
                self.read(state.word == Word.NEW),
                word(NEW),
                z3.If(self.read(state.word == Word.VALID), word(VALID), word(SELECTED)),
            ),
        )
        current, other = self.place(state.current), self.place(state.other)
        return kind | other << 8 | current << 16 | word(MARK << 24)

    @property
    def held(self) -> Any:
        """The state word of the record that decides."""
        return self.what(self.device.records[0])

    def image_state(self, term: Num) -> Any:
        """Return a state word of the model as ESP-IDF has it."""
        found = word(IMAGE_STATES[Word.UNDEFINED])
        for name, value in IMAGE_STATES.items():
            found = z3.If(self.read(term == name), word(value), found)
        return found

    @property
    def given(self) -> tuple[Any, ...]:
        """What is assumed: a record that is well formed, an image that runs, and numbers far from the end."""
        scope, device, record = self.scope, self.device, self.device.records[0]
        rollback = scope.config.rollback
        words = (Word.NEW, Word.VALID) if rollback else (Word.UNDEFINED, Word.VALID)
        named = words + ((Word.ABORTED,) if scope.has_factory else ())
        is_tried = record.word.is_in(Word.VALID, Word.ABORTED)
        facts = (
            record.check == Check.RIGHT,
            record.word.is_in(*named),
            record.slot < scope.slots,
            record.seq != 0,
            has_next_number(scope, device),
            ~record.is_tried | (is_tried & (record.other != scope.nowhere)),
            record.is_tried | (record.other != self.state.current),
        )
        places = (self.device.running, self.asked, record.other)
        ranges = [z3.ULE(self._wide(place), scope.nowhere) for place in places]
        ranges += [] if scope.has_factory else [self._wide(place) != scope.factory for place in places]
        some = [self._wide(place) != scope.nowhere for place in places[:2]]
        plain = [] if rollback else [z3.Not(self.read(record.is_tried))]
        return (*map(self.read, facts), *ranges, *some, *plain)

    def _wide(self, term: Num) -> Any:
        bits = self.read(term)
        return z3.ZeroExt(32 - bits.size(), bits)


def core_device(rollback: bool, slots: int, has_factory: bool) -> CoreDevice:
    """Return the device of which theorems speak; every slot holds an image that verifies, or any content."""
    config = Config(rollback=rollback, selector=Selector.BY_TURNS)
    scope = Scope(config, slots, has_factory, FaultModel.F0, Usage.ANY, numbers=Numbers.EXACT)
    device = device_of(scope)
    device = replace(device, records=(device.records[0], BLANK))
    return CoreDevice(scope, device, num_field("asked_place", scope.place_bits), Z3Reading())


def whole_slots(subject: CoreDevice) -> list[Any]:
    """Return that every slot holds a whole image."""
    return [subject.formula(slot.content == Content.COMPLETE) for slot in subject.device.slots]
