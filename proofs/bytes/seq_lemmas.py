"""The rule of the next sequence number, for all 2^32 numbers and 1 to 16 slots.

A number names slot (number - 1) mod slots. To switch to a slot, the C code counts up from the current number to the
first that names it: next = current + way, where way = (slot - slot of current) mod slots is how many slots lie between.

While next stays below FFFFFFFF all is well; that is what is shown first, by z3 on integers and by bitwuzla on 40-bit
words, where nothing wraps. A number is written as slots * lap + slot + 1 there, which every number from 1 on is in one
way, so that no solver has to divide. That impl's next_seq computes the rule is in impl_decisions.py. Above, within 16
numbers of 2^32, impl's next_seq is run on every number: there the rule breaks in three ways.

Left out: number 0, from which only foreign tools start, but for the lemma that tells what it breaks.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from functools import partial
from math import gcd
from typing import Any

import z3

from ...impl.otadata import SEQ_EMPTY, WORD, next_seq, slot_of_seq
from ...impl.program_end import Hang
from ..refinement.impl_decisions import ALL_COUNTS, MAX_SLOTS
from ..smt.first_solver import check
from ..smt.lemma import Lemma, LemmaVerdict, Result, describe, prove_each
from ..smt.second_solver import ask_bitwuzla, script

EXACT_BITS = 40
"""Numbers, with all sums and differences of a few of them, are exact in so many bits."""
NextSeq = Callable[[int, int, int], int]
Advance = Callable[[Any, Any, int], Any]
Statement = Callable[..., tuple[list[Any], Any]]
"""From the values of some names to premise and claim."""


def number_of(lap: Any, slot: Any, count: int) -> Any:
    """Return the number that names the slot in that lap, both from 0 on."""
    return count * lap + slot + 1


def advance_between(here: Any, slot: Any, count: int) -> Any:
    """Return how many slots lie between two slots, as a term."""
    return z3.If(slot >= here, slot - here, slot - here + count)


def next_number(current: int, slot: int, count: int) -> int:
    """Return the number that the rule gives, were there no end to numbers."""
    return current + (slot + 1 - current) % count


def prove_exactly(statement: Statement, names: str) -> Result:
    """Return whether premise implies claim for all integers, by z3, and for all 40-bit words, by bitwuzla.

    statement: by operators that both kinds of numbers have; every value is kept from 0 to 2^32, so that words and
    integers compute the same."""
    integers = z3.Ints(names)
    given, claim = statement(*integers)
    solver = z3.Solver()
    solver.add(*given, *(z3.And(value >= 0, value <= WORD) for value in integers))
    if check(solver) != z3.sat:
        return Result(LemmaVerdict.VACUOUS, "no number meets the premise")
    solver.add(z3.Not(claim))
    answer = check(solver)
    if answer == z3.sat:
        model = solver.model()
        return Result(
            LemmaVerdict.REFUTED, describe({str(value): model.eval(value, True).as_long() for value in integers})
        )
    words = z3.BitVecs(names, EXACT_BITS)
    given, claim = statement(*words)
    bounds = [z3.And(value >= 0, value <= WORD) for value in words]
    second = ask_bitwuzla(script([*given, *bounds, z3.Not(claim)]))
    if (str(answer), second) != ("unsat", "unsat"):
        return Result(LemmaVerdict.UNKNOWN, f"z3 {answer}, bitwuzla {second}")
    return Result(LemmaVerdict.HOLDS, "z3 on integers, bitwuzla on words")


def _premise(lap: Any, here: Any, slot: Any, count: int, way: Advance) -> tuple[Any, Any, list[Any]]:
    """Return the current number, the next one, and that both are numbers and slots below their bounds."""
    current = number_of(lap, here, count)
    following = current + way(here, slot, count)
    return current, following, [lap <= WORD // count, here < count, slot < count, following < SEQ_EMPTY]


def prove_names_slot(counts: Iterable[int] = ALL_COUNTS, way: Advance = advance_between) -> Result:
    """The next number names the slot: it is of this lap, or of the next one when the slot lies behind."""

    def statement(n: int, lap: Any, here: Any, slot: Any) -> tuple[list[Any], Any]:
        _, following, given = _premise(lap, here, slot, n, way)
        this, later = number_of(lap, slot, n), number_of(lap + 1, slot, n)
        return given, following == z3.If(slot >= here, this, later)

    return prove_each((f"{n} slots", prove_exactly(partial(statement, n), "lap here slot")) for n in counts)


def prove_same_or_greater(counts: Iterable[int] = ALL_COUNTS, way: Advance = advance_between) -> Result:
    """It is the current one if that names the slot, else greater, by less than the number of slots."""

    def statement(n: int, lap: Any, here: Any, slot: Any) -> tuple[list[Any], Any]:
        current, following, given = _premise(lap, here, slot, n, way)
        is_near = z3.And(following >= current, following < current + n)
        return given, z3.And(is_near, (following == current) == (here == slot))

    return prove_each((f"{n} slots", prove_exactly(partial(statement, n), "lap here slot")) for n in counts)


def prove_smallest(counts: Iterable[int] = ALL_COUNTS, way: Advance = advance_between) -> Result:
    """No number between names the slot; with one slot there is none between."""

    def statement(n: int, lap: Any, here: Any, slot: Any, ahead: Any) -> tuple[list[Any], Any]:
        current, _, given = _premise(lap, here, slot, n, way)
        is_this_lap = here + ahead < n
        named = z3.If(is_this_lap, here + ahead, here + ahead - n)
        other = z3.If(is_this_lap, number_of(lap, named, n), number_of(lap + 1, named, n))
        is_named = z3.And(current + ahead == other, named >= 0, named < n)
        return [*given, ahead < way(here, slot, n)], z3.And(is_named, named != slot)

    return prove_each(
        (f"{n} slots", prove_exactly(partial(statement, n), "lap here slot ahead")) for n in counts if n > 1
    )


def outcome(current: int, slot: int, count: int, rule: NextSeq = next_seq) -> str:
    """Return what the search comes to: "right", "empty" (reads as erased), "other slot" or "hang"."""
    try:
        found = rule(current, slot, count)
    except Hang:
        return "hang"
    if found == SEQ_EMPTY:
        return "empty"
    return "right" if found == next_number(current, slot, count) else "other slot"


def expected_outcome(current: int, slot: int, count: int) -> str:
    """Return what the lemma says: right below FFFFFFFF; above it, what the numbers that are left can name.

    A wrapped search looks for other residues: those that differ by multiples of 2^32, which are, modulo the slot count,
    the multiples of the greatest power of two in it. It hangs when no number from `current` up has any of those."""
    exact = next_number(current, slot, count)
    if exact < SEQ_EMPTY:
        return "right"
    if exact == SEQ_EMPTY:
        return "empty"
    if next_number(current, slot, gcd(count, WORD)) >= WORD:
        return "hang"
    step = next(value for value in _wrapped(current, slot, count) if value < WORD)
    return "empty" if step == SEQ_EMPTY else "other slot"


def _wrapped(current: int, slot: int, count: int) -> Iterable[int]:
    """Yield, for each lap after a wrap, the first number from `current` on that has the residue looked for then."""
    return (current + (slot + 1 - lap * WORD - current) % count for lap in range(1, count))


def prove_breaks_at_the_top(rule: NextSeq = next_seq) -> Result:
    """Run every number within reach of the top, for every slot and slot count."""
    outcomes: Counter[str] = Counter()
    for count in ALL_COUNTS:
        for slot in range(count):
            for current in range(WORD - MAX_SLOTS - 1, SEQ_EMPTY):
                found = outcome(current, slot, count, rule)
                if found != expected_outcome(current, slot, count):
                    return Result(LemmaVerdict.REFUTED, f"current=0x{current:X} slot={slot} slots={count}: {found}")
                outcomes[found] += 1
    return Result(LemmaVerdict.HOLDS, ", ".join(f"{many} {name}" for name, many in sorted(outcomes.items())))


def prove_first_break(counts: Iterable[int] = ALL_COUNTS) -> Result:
    """From FFFFFFFF - slots + 1 on some slot cannot be reached, and below it every slot can."""
    for n in counts:
        first = SEQ_EMPTY - n + 1
        reached = (
            [next_number(first - 1, slot, n) for slot in range(n)],
            [next_number(first, slot, n) for slot in range(n)],
        )
        if max(reached[0]) >= SEQ_EMPTY or (max(reached[1]) != SEQ_EMPTY and first < SEQ_EMPTY):
            return Result(LemmaVerdict.REFUTED, f"current=0x{first:X} slots={n}")
    updates = (SEQ_EMPTY - 1) // (MAX_SLOTS - 1)
    return Result(LemmaVerdict.HOLDS, f"after {updates} switches at the earliest, with {MAX_SLOTS} slots")


def prove_zero_breaks(rule: NextSeq = next_seq) -> Result:
    """Run number 0 for every slot and slot count."""
    broken = []
    for n in ALL_COUNTS:
        for slot in range(n):
            is_right = slot_of_seq(rule(0, slot, n), n) == slot
            if is_right != (slot != n - 1 or WORD % n == 0):
                return Result(LemmaVerdict.REFUTED, f"current=0 slot={slot} slots={n}")
            broken += [] if is_right else [n]
    return Result(LemmaVerdict.HOLDS, f"breaks for {', '.join(map(str, broken))} slots")


_EXACT = "z3 on integers, bitwuzla on 40-bit words, for each slot count"
_RUN = "impl's function, run on each of them"
LEMMAS: tuple[Lemma, ...] = (
    Lemma("next_seq_names_the_slot", "below FFFFFFFF the next number names the slot", _EXACT, prove_names_slot),
    Lemma(
        "next_seq_is_the_same_or_greater",
        "it is the current number if that names the slot, else greater, by less than the slot count",
        _EXACT,
        prove_same_or_greater,
    ),
    Lemma("next_seq_is_the_smallest", "no number between the two names the slot", _EXACT, prove_smallest),
    Lemma(
        "next_seq_breaks_at_the_top",
        "where it would reach FFFFFFFF it reads as erased; beyond, it names another slot, is erased, or is never found",
        _RUN + ": the last 16 numbers, each slot of 1 to 16",
        prove_breaks_at_the_top,
    ),
    Lemma(
        "next_seq_is_safe_below_the_top",
        "every slot can be reached from numbers up to FFFFFFFF minus the slot count, and not from the one after",
        "the rule at both numbers, each slot count",
        prove_first_break,
    ),
    Lemma(
        "number_0_breaks_the_last_slot",
        "from number 0 the last slot is missed, unless the slot count is a power of two; others are reached",
        _RUN,
        prove_zero_breaks,
    ),
)
