"""The decisions of the implementation, run unchanged on all otadata at once, equal what the facts say they are.

impl's functions are explored on two entries whose sequence numbers, state words and check words may be anything. Each
is then equal to a formula written from ESP-IDF's code alone (the sources that it cites), for every value of those six
words.

What a function calls is left open: `crc`, `slot_of` and `next_seq` are any functions from words to words, so the
equalities hold for the real ones too, and for every slot count at once. slot_of_seq and next_seq have equalities of
their own, for each slot count; what the CRC does is in crc_lemmas. Numbers within reach of 2^32 are left out of
next_seq here and met one by one in seq_lemmas.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import z3

from ...impl import bootloader, otadata
from ...impl.app import esp_ota_select
from ...impl.app.esp_ota_select import select_rewrite
from ...impl.bootloader import (
    FACTORY_INDEX,
    SlotSelection,
    fallback_order,
    select_boot_partition,
    select_with_anti_rollback,
)
from ...impl.otadata import EntryPair, SelectEntry
from ...impl.program_end import Panic
from ..smt.lemma import Lemma, Result, Verdict, prove_always, prove_each
from .symbolic_execution import SymBool, SymWord, bits_of, explore

MAX_SLOTS = 16
"""ota_0 … ota_15."""
ALL_COUNTS = range(1, MAX_SLOTS + 1)
LOGIC = "QF_UFBV"
_WORD_SORT = z3.BitVecSort(32)
CRC = z3.Function("crc", _WORD_SORT, _WORD_SORT)
"""Stands for ota_select_crc."""
SLOT_OF = z3.Function("slot_of", _WORD_SORT, _WORD_SORT, _WORD_SORT)
"""Stands for slot_of_seq: number, slot count."""
NEXT_SEQ = z3.Function("next_seq", _WORD_SORT, _WORD_SORT, _WORD_SORT, _WORD_SORT)
"""Stands for next_seq: number, slot, slot count."""
NEVER = z3.BoolVal(False)
NONE = -1
"""How "no entry" is written in formulas."""


def _number(value: int) -> Any:
    return z3.BitVecVal(value, 32)


@dataclass(frozen=True, slots=True)
class EntryTerms:
    """One entry as z3 words, and what ESP-IDF's code says of it."""

    seq: Any
    state: Any
    crc: Any

    @classmethod
    def free(cls, number: int) -> "EntryTerms":
        """Return entry `number` with nothing known of it."""
        return cls(*(z3.BitVec(f"{word}{number}", 32) for word in ("seq", "state", "crc")))

    @property
    def is_empty(self) -> Any:
        """Its number is that of erased flash."""
        return self.seq == 0xFFFFFFFF

    @property
    def is_right(self) -> Any:
        """Its check word fits."""
        return self.crc == CRC(self.seq)

    @property
    def is_given_up(self) -> Any:
        """It says INVALID or ABORTED."""
        return z3.Or(self.state == 3, self.state == 4)

    @property
    def is_invalid(self) -> Any:
        """The check word plays no part. Source: IDF-OTADATA-INVALID."""
        return z3.Or(self.is_empty, self.is_given_up)

    @property
    def is_valid(self) -> Any:
        """It may be booted by. Source: IDF-OTADATA-VALID."""
        return z3.And(z3.Not(self.is_invalid), self.is_right)

    @property
    def is_initial(self) -> Any:
        """Empty, or its check word is wrong. Source: IDF-BOOT-SELECT."""
        return z3.Or(self.is_empty, z3.Not(self.is_right))

    def as_impl(self) -> SelectEntry:
        """Return the entry that impl's functions are run on."""
        words = (SymWord.free(str(term)) for term in (self.seq, self.state, self.crc))
        return SelectEntry(*words)  # type: ignore[arg-type]  # symbolic words behave as the numbers they stand for


FIRST, SECOND = EntryTerms.free(0), EntryTerms.free(1)


def entries() -> EntryPair:
    """Return both entries as impl sees them."""
    return EntryPair(FIRST.as_impl(), SECOND.as_impl())


def newest_of(is_first_usable: Any, is_second_usable: Any, newest: bool = True) -> Any:
    """Of two usable entries the one with the greater (smaller) number, the first of equal ones.

    Source: IDF-OTADATA-ACTIVE."""
    is_first_better = z3.UGE(FIRST.seq, SECOND.seq) if newest else z3.ULE(FIRST.seq, SECOND.seq)
    both = z3.If(is_first_better, _number(0), _number(1))
    one = z3.If(is_first_usable, _number(0), z3.If(is_second_usable, _number(1), _number(NONE)))
    return z3.If(z3.And(is_first_usable, is_second_usable), both, one)


ACTIVE = newest_of(FIRST.is_valid, SECOND.is_valid)
"""The entry that decides, or NONE."""


SLOT_COUNT, SLOT = z3.BitVecs("slot_count slot", 32)
ACTIVE_SEQ = z3.If(ACTIVE == 0, FIRST.seq, SECOND.seq)


@contextmanager
def open_calls() -> Iterator[None]:
    """Let CRC, SLOT_OF and NEXT_SEQ stand for impl's functions, for a while."""
    stand_ins = (
        (otadata, "ota_select_crc", CRC),
        (bootloader, "slot_of_seq", SLOT_OF),
        (esp_ota_select, "slot_of_seq", SLOT_OF),
        (esp_ota_select, "next_seq", NEXT_SEQ),
    )
    with ExitStack() as stack:
        for module, name, function in stand_ins:
            stack.callback(setattr, module, name, getattr(module, name))
            setattr(module, name, _on_words(function))
        yield


def _on_words(function: Any) -> Callable[..., SymWord]:
    return lambda *words: SymWord(z3.ZeroExt(1, function(*map(bits_of, words))), 0, 0xFFFFFFFF)


def prove_equal(
    function: Callable[[], Any],
    view: Callable[[Any], Any],
    formula: Any,
    given: Any = True,
    panics: Any = NEVER,
) -> Result:
    """Return whether impl's function, seen through `view`, equals the formula wherever `given` holds.

    panics: the formula of the values for which the C code traps instead."""
    with open_calls():
        paths = explore(function, given, raises=(Panic,))
    is_complete = prove_always(z3.Or(*(path.condition for path in paths)), [given], LOGIC)
    if not is_complete.holds:
        return is_complete
    for path in paths:
        seen = z3.BoolVal(True) if path.raised else _all_equal(view(path.result), formula)
        result = prove_always(z3.And(panics if path.raised else z3.Not(panics), seen), [path.condition], LOGIC)
        if not result.holds:
            return result
    return Result(Verdict.HOLDS, f"{len(paths)} paths; z3, bitwuzla")


def _all_equal(left: tuple[Any, ...], right: tuple[Any, ...]) -> Any:
    return z3.And(*(a == b for a, b in zip(left, right, strict=True)))


def view_truth(value: Any) -> tuple[Any]:
    """Show a truth, forked on already or not."""
    return (value.term if isinstance(value, SymBool) else z3.BoolVal(bool(value)),)


def view_entry_number(value: int | None) -> tuple[Any]:
    """Show which entry, or none."""
    return (_number(NONE if value is None else value),)


def view_words(value: Any) -> tuple[Any, ...]:
    """Show a word, or several."""
    return tuple(map(bits_of, value if isinstance(value, tuple) else (value,)))


def view_selection(value: SlotSelection) -> tuple[Any, ...]:
    """Show what the bootloader selects."""
    active = NONE if value.active is None else value.active
    return bits_of(value.index), _number(active), *view_truth(value.has_initial_contents)


def selection_formula(has_factory: bool) -> tuple[Any, ...]:
    """What is selected without anti-rollback, as index, entry, "nothing was ever written". Source: IDF-BOOT-SELECT."""
    none_bootable = z3.Or(SLOT_COUNT == 0, z3.And(FIRST.is_invalid, SECOND.is_invalid))
    default = _number(FACTORY_INDEX if has_factory else 0)
    is_initial = z3.And(none_bootable, not has_factory, FIRST.is_initial, SECOND.is_initial)
    index = z3.If(ACTIVE == NONE, _number(FACTORY_INDEX), SLOT_OF(ACTIVE_SEQ, SLOT_COUNT))
    return z3.If(none_bootable, default, index), z3.If(none_bootable, _number(NONE), ACTIVE), is_initial


ALLOWED = z3.Function("version_allowed", _WORD_SORT, z3.BoolSort())
"""Whether the version in a slot is allowed, by slot number."""


def anti_rollback_formula() -> tuple[Any, ...]:
    """What is selected with anti-rollback, as index, entry, "nothing was ever written". Source: IDF-BOOT-SELECT."""
    is_initial = z3.And(FIRST.is_initial, SECOND.is_initial)
    usable = (z3.And(entry.is_valid, ALLOWED(SLOT_OF(entry.seq, SLOT_COUNT))) for entry in (FIRST, SECOND))
    active = z3.If(is_initial, _number(NONE), newest_of(*usable))
    seq = z3.If(active == 0, FIRST.seq, SECOND.seq)
    return z3.If(active == NONE, _number(FACTORY_INDEX), SLOT_OF(seq, SLOT_COUNT)), active, is_initial


def rewrite_formula(same_slot_in_place: bool) -> tuple[Any, ...]:
    """Which entry is rewritten, and with which number. Source: IDF-OTA-SET-BOOT."""
    is_in_place = z3.And(same_slot_in_place, SLOT_OF(ACTIVE_SEQ, SLOT_COUNT) == SLOT)
    number = z3.If(ACTIVE == NONE, _number(0), z3.If(is_in_place, ACTIVE, 1 - ACTIVE))
    seq = z3.If(is_in_place, ACTIVE_SEQ, NEXT_SEQ(ACTIVE_SEQ, SLOT, SLOT_COUNT))
    return number, z3.If(ACTIVE == NONE, SLOT + 1, seq)


def next_formula(current: Any, slot: Any, slot_count: int) -> Any:
    """The smallest number from `current` on that names the slot, while no sum wraps. Source: IDF-OTA-SET-BOOT."""
    count = z3.BitVecVal(slot_count, 32)
    return current + z3.URem(slot + count - z3.URem(current - 1, count), count)


def prove_select_boot_partition() -> Result:
    """Compare for all slot counts, with and without factory."""
    return prove_each(
        (
            f"factory: {factory}",
            prove_equal(
                partial(select_boot_partition, entries(), _free("slot_count"), factory),
                view_selection,
                selection_formula(factory),
            ),
        )
        for factory in (False, True)
    )


def prove_select_with_anti_rollback() -> Result:
    """Compare for all slot counts; without slots a look at one traps."""

    def allowed(slot: Any) -> Any:
        return SymBool(ALLOWED(bits_of(slot)))

    return prove_equal(
        lambda: select_with_anti_rollback(entries(), _free("slot_count"), allowed),
        view_selection,
        anti_rollback_formula(),
        panics=z3.And(SLOT_COUNT == 0, z3.Or(FIRST.is_valid, SECOND.is_valid)),
    )


def prove_select_rewrite() -> Result:
    """Compare for all slots and slot counts, and both rules for the running slot."""
    return prove_each(
        (
            f"in place: {in_place}",
            prove_equal(
                partial(select_rewrite, entries(), _free("slot"), _free("slot_count"), in_place),
                view_words,
                rewrite_formula(in_place),
            ),
        )
        for in_place in (False, True)
    )


def prove_slot_of_seq(counts: Iterable[int] = ALL_COUNTS) -> Result:
    """Compare for each slot count."""
    return prove_each(
        (
            f"{n} slots",
            prove_equal(
                partial(otadata.slot_of_seq, _free("seq0"), n),
                view_words,
                (z3.URem(FIRST.seq - 1, z3.BitVecVal(n, 32)),),
            ),
        )
        for n in counts
    )


def prove_next_seq(counts: Iterable[int] = ALL_COUNTS) -> Result:
    """Compare for each slot count and all slots at once, for numbers from 1 that no search can take past the top."""
    return prove_each(
        (
            f"{n} slots",
            prove_equal(
                partial(otadata.next_seq, _free("seq0"), _free("slot"), n),
                view_words,
                (next_formula(FIRST.seq, SLOT, n),),
                given=z3.And(z3.ULT(SLOT, n), FIRST.seq != 0, z3.ULT(FIRST.seq, -MAX_SLOTS)),
            ),
        )
        for n in counts
    )


def prove_fallback_order() -> Result:
    """Compare for each slot count and each index that a selection can start from."""
    for count in range(MAX_SLOTS + 1):
        for start in range(FACTORY_INDEX, max(count, 1)):
            below = sorted((index for index in range(FACTORY_INDEX, 256) if index <= start), reverse=True)
            above = [index for index in range(256) if start < index < count]
            if below + above != list(fallback_order(start, count)):
                return Result(Verdict.REFUTED, f"app_count={count} start_index={start}")
    return Result(Verdict.HOLDS, "each slot count and start index")


def _free(name: str) -> Any:
    return SymWord.free(name)


_PATHS = "every path of impl's own function over symbolic words; z3, then bitwuzla"


def equality(name: str, sentence: str, prove: Callable[[], Result], method: str = _PATHS) -> Lemma:
    """Return the lemma that impl's function of that name does what the sentence says."""
    return Lemma(name, sentence, method, prove)


def _of_entry(function: Callable[[SelectEntry], bool], formula: Any) -> Callable[[], Result]:
    return lambda: prove_equal(lambda: function(FIRST.as_impl()), view_truth, (formula,))


def _select_otadata(newest: bool) -> Result:
    usable = z3.Bools("usable0 usable1")

    def select() -> int | None:
        return otadata.select_otadata(entries(), tuple(map(SymBool, usable)), newest)  # type: ignore[arg-type]

    return prove_equal(select, view_entry_number, (newest_of(usable[0], usable[1], newest),))


EQUALITIES: tuple[Lemma, ...] = (
    equality(
        "is_crc_right",
        "the check word fits when it is the CRC of the number, and nothing else is looked at",
        _of_entry(otadata.is_crc_right, FIRST.is_right),
    ),
    equality(
        "is_select_invalid",
        "invalid is: empty, INVALID or ABORTED, whatever the check word",
        _of_entry(otadata.is_select_invalid, FIRST.is_invalid),
    ),
    equality(
        "is_select_valid",
        "valid is: not invalid, and the check word is right",
        _of_entry(otadata.is_select_valid, FIRST.is_valid),
    ),
    equality(
        "is_initial",
        "never written is: empty, or the check word is wrong",
        _of_entry(otadata.is_initial, FIRST.is_initial),
    ),
    equality(
        "is_rejected",
        "rejected is: written, with INVALID or ABORTED",
        _of_entry(otadata.is_rejected, z3.And(z3.Not(FIRST.is_initial), FIRST.is_given_up)),
    ),
    equality(
        "select_otadata_newest",
        "of two usable entries the greater number wins, the first entry on a tie",
        lambda: _select_otadata(newest=True),
    ),
    equality(
        "select_otadata_oldest",
        "of two usable entries the smaller number wins, the first entry on a tie",
        lambda: _select_otadata(newest=False),
    ),
    equality(
        "active_otadata",
        "the active entry is the newest valid one",
        lambda: prove_equal(lambda: otadata.active_otadata(entries()), view_entry_number, (ACTIVE,)),
    ),
    equality(
        "slot_of_seq",
        "a number names slot (number - 1) mod slots, unsigned, for 1 to 16 slots",
        prove_slot_of_seq,
    ),
    equality(
        "select_boot_partition",
        "without anti-rollback: the active entry's slot, else factory or the first slot",
        prove_select_boot_partition,
    ),
    equality(
        "select_with_anti_rollback",
        "with anti-rollback: the newest valid entry whose slot is allowed, else factory",
        prove_select_with_anti_rollback,
    ),
    equality(
        "next_seq",
        "the next number is the current one plus the way round to the slot, for 1 to 16 slots",
        prove_next_seq,
    ),
    equality(
        "select_rewrite",
        "set_boot rewrites the other entry with the next number, or the active one in place",
        prove_select_rewrite,
    ),
    equality(
        "fallback_order",
        "from the selected index down to factory, then the slots above it, for 0 to 16 slots",
        prove_fallback_order,
        "each slot count and start index, run",
    ),
)
