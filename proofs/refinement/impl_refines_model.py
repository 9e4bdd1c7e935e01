"""The decisions of the implementation equal those of the device model, for all otadata.

impl's own functions run unchanged on symbolic words (symbolic_execution.py); each result is set against the model's
term for it, read over the same words. What the words come to for the model is its abstraction, written here once more
as formulas: a number 0xFFFFFFFF is EMPTY, a check word that fits is RIGHT, a state word beyond ABORTED is UNDEFINED.

What both sides call is left open, as in symbolic_entries.py: which slot a number names, and the CRC. One thing is asked
of them: 0xFFFFFFFF does not come with a check word that fits. Erased flash has none, and no tear makes one.
"""

from collections.abc import Iterable
from dataclasses import fields, replace
from functools import partial
from types import SimpleNamespace
from typing import Any

import z3

from ...impl import otadata
from ...impl.app.esp_ota_select import OtaSelection, select_rewrite
from ...impl.bootloader import FACTORY_INDEX, fallback_order, select_boot_partition, select_with_anti_rollback
from ...model.config import Config, Release
from ...model.device import records as model
from ...model.device.calls import is_rollback_possible, record_for, rewrite_sector
from ...model.device.device_fields import device_of
from ...model.device.image_loading import fallback, is_version_allowed
from ...model.device.records import Check, Numbers, Word
from ...model.device.selection import select
from ...model.device.state import Scope
from ...model.terms.terms import Bool, Num, Term, num_field, number
from ..smt.lemma import Lemma, Result, prove_always, prove_each
from ..smt.z3_terms import Z3Reading
from .impl_decisions import ALLOWED, equality
from .symbolic_entries import (
    FIRST,
    NEXT_SEQ,
    SECOND,
    SLOT_OF,
    EntryTerms,
    entries,
    prove_equal,
    view_entry_number,
    view_selection,
    view_truth,
    view_words,
)
from .symbolic_execution import SymBool, SymWord, bits_of

COUNTS = (1, 2, 3, 4, 16)
"""Slot counts that are looked at; what depends on the count is the width of a slot and of a place."""
VERIFIES = z3.Function("verifies", z3.BitVecSort(32), z3.BoolSort())
"""Whether the image in a slot verifies, by slot number."""
SLOT = z3.BitVec("slot", 32)


class EntryView:
    """The model's device over the words that impl reads."""

    def __init__(self, scope: Scope) -> None:
        """Take a device of that scope; all but its records may be anything."""
        self.scope = replace(scope, numbers=Numbers.EXACT)
        self.device = device_of(self.scope)
        self._read = Z3Reading()
        self._known: dict[Term, Any] = {}
        self._words = [
            (self._read(getattr(record, field.name)), value)
            for record, entry in zip(self.device.records, (FIRST, SECOND), strict=True)
            for field in fields(record)
            if (value := self.abstract(entry, field.name, getattr(record, field.name).bits)) is not None
        ]

    def __call__(self, term: Term) -> Any:
        """Return the term as a formula over the words."""
        if term not in self._known:
            self._known[term] = z3.substitute(self._read(term), *self._words)
        return self._known[term]

    def word(self, term: Term) -> Any:
        """Return a number as a formula of 32 bits."""
        bits = self(term)
        return bits if bits.size() == 32 else z3.ZeroExt(32 - bits.size(), bits)

    @property
    def given(self) -> Any:
        """What is assumed of the open functions, and of the slots that have to be somewhere."""
        count = z3.BitVecVal(self.scope.slots, 32)
        facts = [z3.Implies(entry.is_empty, z3.Not(entry.is_right)) for entry in (FIRST, SECOND)]
        facts += [z3.ULT(SLOT_OF(entry.seq, count), count) for entry in (FIRST, SECOND)]
        for index, slot in enumerate(self.device.slots):
            here = z3.BitVecVal(index, 32)
            facts.append(VERIFIES(here) == self(slot.is_complete))
        return z3.And(*facts)

    def index_of(self, place: Term) -> Any:
        """Return the boot index of a place, as impl counts them."""
        word = self.word(place)
        return z3.If(word == self.scope.factory, z3.BitVecVal(FACTORY_INDEX, 32), word)

    def abstract(self, entry: EntryTerms, field: str, bits: int) -> Any:
        """Return what a field of the model's record is for an entry; None for a field that is a constant there."""
        slot = SLOT_OF(entry.seq, z3.BitVecVal(self.scope.slots, 32))
        match field:
            case "check":
                right = z3.If(entry.is_right, _bits(Check.RIGHT, 2), _bits(Check.WRONG, 2))
                return z3.If(entry.is_empty, _bits(Check.EMPTY, 2), right)
            case "word":
                is_named = z3.ULE(entry.state, Word.ABORTED)
                return z3.If(is_named, z3.Extract(2, 0, entry.state), _bits(Word.UNDEFINED, 3))
            case "other" | "is_tried":
                return None
            case "slot":
                return None if self.scope.slots == 1 else z3.If(entry.is_right, z3.Extract(bits - 1, 0, slot), 0)
            case _:
                return z3.If(entry.is_right, entry.seq, 0)


def _bits(value: int, width: int) -> Any:
    return z3.BitVecVal(value, width)


def scopes(**options: Any) -> Iterable[tuple[str, EntryView]]:
    """Yield a view for each slot count, with and without factory."""
    for slots in COUNTS:
        for has_factory in (False, True):
            scope = Scope(config=Config(**options), slots=slots, has_factory=has_factory)
            yield f"{slots} slots, factory: {has_factory}", EntryView(scope)


def prove_active() -> Result:
    """active_otadata against records.active."""

    def prove(view: EntryView) -> Result:
        chosen = model.active(view.device.records)
        formula = z3.If(view(chosen.is_first), 0, z3.If(view(chosen.is_second), 1, z3.BitVecVal(-1, 32)))
        return prove_equal(lambda: otadata.active_otadata(entries()), view_entry_number, (formula,), view.given)

    return prove_each((name, prove(view)) for name, view in scopes())


def prove_is_bootable() -> Result:
    """is_select_valid, is_select_invalid and is_initial against the properties of Record."""

    def prove(view: EntryView) -> Iterable[tuple[str, Result]]:
        record = view.device.records[0]
        for function, term in (
            (otadata.is_select_valid, record.is_bootable),
            (otadata.is_select_invalid, record.is_invalid),
            (otadata.is_initial, record.is_initial),
        ):
            run = partial(function, FIRST.as_impl())
            yield function.__name__, prove_equal(run, view_truth, (view(term),), view.given)

    return prove_each(prove(EntryView(Scope())))


def prove_select() -> Result:
    """select_boot_partition against selection.select, without anti-rollback."""

    def prove(view: EntryView) -> Result:
        scope = view.scope
        run = partial(select_boot_partition, entries(), scope.slots, scope.has_factory)
        return prove_equal(run, view_selection, _selection(view), view.given)

    return prove_each((name, prove(view)) for name, view in scopes(rollback=True))


def prove_select_with_anti_rollback() -> Result:
    """select_with_anti_rollback against selection.select, with it."""

    def prove(view: EntryView) -> Result:
        allowed = [
            ALLOWED(z3.BitVecVal(index, 32)) == view(slot.has_description & _is_allowed(view, slot.version))
            for index, slot in enumerate(view.device.slots)
        ]
        run = partial(
            select_with_anti_rollback,
            entries(),
            view.scope.slots,
            lambda slot: SymBool(ALLOWED(bits_of(slot))),  # type: ignore[arg-type,return-value]  # words stand for numbers
        )
        return prove_equal(run, view_selection, _selection(view), z3.And(view.given, *allowed))

    return prove_each((name, prove(view)) for name, view in scopes(rollback=True, anti_rollback=True))


def prove_rewrite() -> Result:
    """select_rewrite against calls.rewrite_sector and the number of calls.record_for."""

    def prove(view: EntryView) -> Result:
        scope = view.scope
        target = num_field("target", scope.slot_bits)
        to_target = (z3.BitVec("target", scope.slot_bits), z3.Extract(scope.slot_bits - 1, 0, SLOT))
        sector = z3.substitute(view.word(rewrite_sector(scope, view.device, target)), to_target)
        seq = z3.substitute(view.word(record_for(scope, view.device, target).seq), to_target)
        count = z3.BitVecVal(scope.slots, 32)
        steps = [
            NEXT_SEQ(entry.seq, SLOT, count) == entry.seq + z3.URem(SLOT + count - SLOT_OF(entry.seq, count), count)
            for entry in (FIRST, SECOND)
        ]
        given = z3.And(view.given, z3.ULT(SLOT, count), *steps)
        in_place = scope.config.app_release >= Release.V6_0
        run = partial(select_rewrite, entries(), _word("slot"), scope.slots, in_place)
        return prove_equal(run, view_words, (sector, seq), given)

    return prove_each(
        (f"{release.label}, {name}", prove(view))
        for release in (Release.V5_5, Release.V6_0)
        for name, view in scopes(rollback=True, app_release=release)
    )


def prove_rollback_is_possible() -> Result:
    """esp_ota_check_rollback_is_possible against the guard of rollback()."""

    def prove(view: EntryView) -> Result:
        run = partial(OtaSelection.esp_ota_check_rollback_is_possible, _selection_of(view))  # type: ignore[arg-type]
        formula = view(is_rollback_possible(view.scope, view.device))
        allowed = [
            ALLOWED(z3.BitVecVal(index, 32)) == view(_is_allowed(view, slot.version))
            for index, slot in enumerate(view.device.slots)
        ]
        return prove_equal(run, view_truth, (formula,), z3.And(view.given, *allowed))

    return prove_each(
        (f"anti-rollback: {anti}, {name}", prove(view))
        for anti in (False, True)
        for name, view in scopes(rollback=True, anti_rollback=anti)
    )


def prove_fallback() -> Result:
    """fallback_order, with whatever images pass, against selection.fallback; also where validation is skipped."""

    def prove(view: EntryView, start: int) -> Result:
        scope, device = view.scope, view.device
        place = scope.factory if start == FACTORY_INDEX else start
        expected: Any = _bits(scope.nowhere, 32)
        for index in reversed(list(fallback_order(start, scope.slots))):
            is_factory = index == FACTORY_INDEX
            passes = scope.has_factory if is_factory else view(device.slots[index].loads)
            expected = z3.If(passes, _bits(scope.factory if is_factory else index, 32), expected)
        term = fallback(scope, device, number(place, scope.place_bits))
        return prove_always(view.word(term) == expected)

    return prove_each(
        (f"skipped: {skips}, {name}, start {start}", prove(view, start))
        for skips in (False, True)
        for name, view in scopes(skip_validate_always=skips)
        for start in range(FACTORY_INDEX, view.scope.slots)
    )


def _selection(view: EntryView) -> tuple[Any, ...]:
    chosen = select(view.scope, view.device)
    active = z3.If(view(chosen.active.is_first), 0, z3.If(view(chosen.active.is_second), 1, z3.BitVecVal(-1, 32)))
    return view.index_of(chosen.start), active, view(chosen.is_fresh)


def _word(name: str) -> Any:
    return SymWord.free(name)


def _is_allowed(view: EntryView, version: Num) -> Bool:
    return is_version_allowed(view.scope, view.device, version)


def _read() -> SimpleNamespace:
    pair = entries()
    return SimpleNamespace(entries=pair, active=otadata.active_otadata(pair))


def _selection_of(view: EntryView) -> SimpleNamespace:
    """Return what the method reads of its object: entries, slots by number, images that verify."""
    factory = object()
    return SimpleNamespace(
        config=view.scope.config,
        partitions=SimpleNamespace(find_first=lambda *_: factory if view.scope.has_factory else None),
        esp_ota_get_app_partition_count=lambda: view.scope.slots,
        _read_otadata=_read,
        _find_slot=lambda slot: slot,
        _is_image_valid=lambda slot: True if slot is factory else SymBool(VERIFIES(bits_of(slot))),
        _is_version_allowed=lambda slot: SymBool(ALLOWED(bits_of(slot)) if view.scope.config.anti_rollback else True),
    )


MODEL_EQUALITIES: tuple[Lemma, ...] = (
    equality(
        "record", "impl and model agree on which entries count: bootable, invalid, never written", prove_is_bootable
    ),
    equality("active", "impl and model agree on the entry that decides", prove_active),
    equality("select", "impl and model agree on what the bootloader selects, without anti-rollback", prove_select),
    equality(
        "select_with_anti_rollback",
        "impl and model agree on what the bootloader selects, with anti-rollback",
        prove_select_with_anti_rollback,
    ),
    equality("fallback", "impl and model agree on the order in which partitions are tried", prove_fallback),
    equality("rewrite", "impl and model agree on which entry set_boot writes, with which number", prove_rewrite),
    equality(
        "rollback_is_possible",
        "impl and model agree on whether there is an image to roll back to",
        prove_rollback_is_possible,
    ),
)
"""What is shown, each for every value of the words and for the slot counts of COUNTS."""
