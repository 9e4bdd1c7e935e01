"""Symbolic otadata entries: what impl's functions are run on, and how their results are compared with a formula.

What a function calls is left open: CRC, SLOT_OF and NEXT_SEQ stand for any functions from words to words, so what is
shown with them holds for the real ones too, and for every slot count at once.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import z3

from ...impl import bootloader, otadata
from ...impl.app import esp_ota_select
from ...impl.bootloader import SlotSelection
from ...impl.otadata import EntryPair, SelectEntry
from ...impl.program_end import Panic
from ..smt.lemma import LemmaVerdict, Result, prove_always
from .symbolic_execution import SymBool, SymWord, bits_of, explored_paths

LOGIC = "QF_UFBV"
WORD_SORT = z3.BitVecSort(32)
CRC = z3.Function("crc", WORD_SORT, WORD_SORT)
"""Stands for ota_select_crc."""
SLOT_OF = z3.Function("slot_of", WORD_SORT, WORD_SORT, WORD_SORT)
"""Stands for slot_of_seq: number, slot count."""
NEXT_SEQ = z3.Function("next_seq", WORD_SORT, WORD_SORT, WORD_SORT, WORD_SORT)
"""Stands for next_seq: number, slot, slot count."""
NEVER = z3.BoolVal(False)
NONE = -1
"""How "no entry" is written in formulas."""


def word(value: int) -> Any:
    """Return a constant word."""
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


@contextmanager
def open_calls() -> Iterator[None]:
    """Let CRC, SLOT_OF and NEXT_SEQ stand for impl's functions, for a while."""
    functions = (
        (otadata, "ota_select_crc", CRC),
        (esp_ota_select, "ota_select_crc", CRC),
        (bootloader, "slot_of_seq", SLOT_OF),
        (esp_ota_select, "slot_of_seq", SLOT_OF),
        (esp_ota_select, "next_seq", NEXT_SEQ),
    )
    with standing_in((module, name, _on_words(function)) for module, name, function in functions):
        yield


@contextmanager
def standing_in(stand_ins: Iterable[tuple[ModuleType, str, object]]) -> Iterator[None]:
    """Let other objects stand for what modules of impl call by these names, for a while."""
    with ExitStack() as stack:
        for module, name, stand_in in stand_ins:
            stack.callback(setattr, module, name, getattr(module, name))
            setattr(module, name, stand_in)
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
        paths = explored_paths(function, given, raises=(Panic,))
    is_complete = prove_always(z3.Or(*(path.condition for path in paths)), [given], LOGIC)
    if not is_complete.holds:
        return is_complete
    for path in paths:
        seen = z3.BoolVal(True) if path.raised else _all_equal(view(path.result), formula)
        result = prove_always(z3.And(panics if path.raised else z3.Not(panics), seen), [path.condition], LOGIC)
        if not result.holds:
            return result
    return Result(LemmaVerdict.HOLDS, f"{len(paths)} paths; z3, bitwuzla")


def _all_equal(left: tuple[Any, ...], right: tuple[Any, ...]) -> Any:
    return z3.And(*(a == b for a, b in zip(left, right, strict=True)))


def view_truth(value: Any) -> tuple[Any]:
    """Show a truth, forked on already or not."""
    return (value.term if isinstance(value, SymBool) else z3.BoolVal(bool(value)),)


def view_entry_number(value: int | None) -> tuple[Any]:
    """Show which entry, or none."""
    return (word(NONE if value is None else value),)


def view_words(value: Any) -> tuple[Any, ...]:
    """Show a word, or several."""
    return tuple(map(bits_of, value if isinstance(value, tuple) else (value,)))


def view_selection(value: SlotSelection) -> tuple[Any, ...]:
    """Show what the bootloader selects."""
    active = NONE if value.active is None else value.active
    return bits_of(value.index), word(active), *view_truth(value.has_initial_contents)
