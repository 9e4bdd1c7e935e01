"""Stray numbers: which sequence numbers a tear can leave with a right check word though they were never written.

A record in flash is always what was written there last, with some bits of its number and of its check word set: a tear
of the program leaves bits that should have become 0, a tear of an erase sets some before the others, and a sector is
erased whole before it is programmed again. So however often a record is torn, it is torn once, by the union of the bits
(torn_again_is_torn_once), and the linear algebra of crc_lemmas.py tells all that can come of it.

Whole bytes (F1, F2) leave no stray number that flash can live to see. Single bits (F3) can: of almost every number,
but only ten bits or more of them together. A stray number is greater than the one that was written (torn_records.py),
at least 638, and what it can say of the slot is bounded when the number of slots is a power of two.

Premises: the number that was written is not 0 (crc_lemmas.only_zero_looks_unwritten). How likely a stray number is:
stray_odds.py.
"""

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import combinations, islice

import z3

from ...impl.otadata import SEQ_EMPTY, WORD, ota_select_crc, slot_of_seq
from ...model.config import Config
from ...model.device.records import TOP
from ...model.device.state import Scope
from ...model.device.stray_numbers import can_name
from ...model.fault_model import FaultModel
from ...model.flash_endurance import highest_number
from ...model.terms.evaluate import evaluated
from ...model.terms.terms import number as constant
from ..refinement.impl_decisions import ALL_COUNTS, MAX_SLOTS
from ..smt.lemma import Lemma, LemmaVerdict, Result, prove_always, prove_each
from .crc_lemmas import BITS, CRC_OF_0, bit_tears, columns, first_byte_tear, matrix_rows, solutions, span
from .torn_records import are_bytes

SAMPLE = 256
"""Strays of one number that are looked at, and laps of a slot."""
StraySlots = Callable[[int, int], frozenset[int]]


def is_stray_of(stray: int, number: int) -> bool:
    """Tell whether a tear of a record with `number` can leave `stray` with a right check word."""
    return (
        SEQ_EMPTY != stray != number
        and stray & number == number
        and ota_select_crc(stray) & ota_select_crc(number) == ota_select_crc(number)
    )


def strays_of(number: int) -> Iterator[int]:
    """Yield every stray number that a tear of a record with `number` can leave."""
    return (stray for stray in span(number, bit_tears(number)) if is_stray_of(stray, number))


def numbers_before(stray: int) -> Iterator[int]:
    """Yield the numbers, from the greatest on, of which a tear can leave `stray`."""
    number = stray - 1 & stray
    while number:
        if is_stray_of(stray, number):
            yield number
        number = number - 1 & stray


def smallest_before(stray: int) -> int | None:
    """Return the smallest number of which a tear can leave `stray`, of all 2^32; None if there is none.

    The numbers whose check word has no bit that the stray's has not, and that have none themselves, are a solution
    of a linear system and the differences of all; the smallest has no leading bit of a difference."""
    check = ota_select_crc(stray)
    unset = [(row, CRC_OF_0 >> bit & 1) for bit, row in enumerate(matrix_rows()) if not check >> bit & 1]
    found = solutions([*unset, *((1 << bit, 0) for bit in range(BITS) if not stray >> bit & 1)])
    if found is None:
        return None
    smallest, basis = found
    leading: dict[int, int] = {}
    for vector in basis:
        rest = vector
        while pivot := leading.get(rest.bit_length()):
            rest ^= pivot
        leading[rest.bit_length()] = rest
    for place in sorted(leading, reverse=True):
        smallest ^= leading[place] if smallest >> place - 1 & 1 else 0
    return None if smallest == stray else smallest


def stray_slots(slot: int, slots: int) -> frozenset[int]:
    """Return the slots that a stray number can name, where the number that was written names `slot`.

    The lowest bits of a number tell its slot modulo the greatest power of two in the slot count, and bits that are set
    stay set. With an odd count it can be any slot."""
    lowest = (slots & -slots) - 1
    kept = slot + 1 & lowest
    return frozenset(other for other in range(slots) if other + 1 & kept == kept)


def model_slots(slot: int, slots: int) -> frozenset[int]:
    """Return the slots that the device model admits there."""
    scope = Scope(Config(), slots, faults=FaultModel.F3)
    return frozenset(other for other in range(slots) if evaluated(can_name(scope, constant(slot), other), {}))


def prove_torn_once(fault: FaultModel) -> Result:
    """Ask both solvers of two masks, one after the other, over the bytes of number, state word and check word."""
    written, first, second = z3.BitVecs("written first second", 3 * BITS)
    allowed = [are_bytes(first), are_bytes(second)] if fault < FaultModel.F3 else []
    is_one = are_bytes(first | second) if fault < FaultModel.F3 else z3.BoolVal(True)
    return prove_always(z3.And(written | first | second == written | (first | second), is_one), allowed)


def prove_none_of_bytes(highest: int = highest_number(MAX_SLOTS)) -> Result:
    """Compare the smallest number that whole bytes can damage unseen with the highest that upgrades write."""
    if first_byte_tear() <= highest:
        return Result(LemmaVerdict.REFUTED, f"number={first_byte_tear()}")
    return Result(LemmaVerdict.HOLDS, f"none below {first_byte_tear():,}; upgrades write none above {highest:,}")


def prove_slots(counts: Iterable[int] = ALL_COUNTS, declared: StraySlots = stray_slots) -> Result:
    """Ask both solvers of every number and every more of its bits, slot by slot; not where any slot is declared."""

    def cases() -> Iterator[tuple[str, Result]]:
        number, gained = z3.BitVecs("number gained", BITS)
        for n in counts:
            for slot in range(n):
                allowed = declared(slot, n)
                if allowed == frozenset(range(n)):
                    continue
                names = [z3.URem((number | gained) - 1, n) == other for other in sorted(allowed)]
                given = [number != 0, z3.URem(number - 1, n) == slot]
                yield f"{n} slots, from slot {slot}", prove_always(z3.Or(*names), given)

    return prove_each(cases())


def prove_slots_met(counts: Iterable[int] = ALL_COUNTS, declared: StraySlots = stray_slots) -> Result:
    """Look for a number and a stray of it, for every slot that is declared."""
    met = 0
    for n in counts:
        for slot in range(n):
            missing = declared(slot, n)
            for lap in range(SAMPLE):
                strays = islice(strays_of(n * lap + slot + 1), SAMPLE)
                missing -= {slot_of_seq(stray, n) for stray in strays}
                if not missing:
                    break
            if missing:
                return Result(LemmaVerdict.REFUTED, f"slots={n} from={slot} never={min(missing)}")
            met += len(declared(slot, n))
    return Result(LemmaVerdict.HOLDS, f"{met} pairs of slots")


def prove_model_admits(admitted: StraySlots = model_slots, counts: Iterable[int] = ALL_COUNTS) -> Result:
    """Compare slot by slot; the model tells numbers up to the slot count from others, and strays are none of them."""
    for n in counts:
        for slot in range(n):
            missing = stray_slots(slot, n) - admitted(slot, n)
            too_many = admitted(slot, n) - stray_slots(slot, n) if n & (n - 1) == 0 else frozenset[int]()
            for other in sorted(missing | too_many):
                said = "missing" if other in missing else "too many"
                return Result(LemmaVerdict.REFUTED, f"slots={n} from={slot} to={other}: {said}")
    return Result(LemmaVerdict.HOLDS, "1 to 16 slots")


def smallest_stray() -> tuple[int, tuple[int, ...]]:
    """Return the smallest stray there is, and the numbers that can leave it, the greatest first."""
    found = ((stray, tuple(numbers_before(stray))) for stray in range(1, WORD))
    return next((stray, numbers) for stray, numbers in found if numbers)


def prove_high(smallest: int = 638, of: tuple[int, ...] = (70,)) -> Result:
    """Try every number from 1 on, with all numbers that have no other bits."""
    stray, numbers = smallest_stray()
    if (smallest, of) != (stray, numbers):
        return Result(LemmaVerdict.REFUTED, f"stray={stray} number={numbers[0]}")
    return Result(LemmaVerdict.HOLDS, f"{smallest} of {', '.join(map(str, of))}")


def fewest_bits() -> tuple[int, int]:
    """Return in how many bits, at least, two numbers with their check words differ, and a change of the number.

    With fewer than ten bits, number or check word has at most four: all those changes are tried, from either side."""
    inverse = [solutions([(row, int(place == bit)) for place, row in enumerate(matrix_rows())]) for bit in range(BITS)]
    backwards = [found[0] for found in inverse if found is not None]
    best = (2 * BITS, 0)
    for count in range(1, 5):
        for bits in combinations(range(BITS), count):
            change = sum(1 << bit for bit in bits)
            forth, back = _xor(columns(), bits), _xor(backwards, bits)
            best = min(best, (count + forth.bit_count(), change), (count + back.bit_count(), back))
    return best


def _xor(words: Iterable[int], places: tuple[int, ...]) -> int:
    chosen = list(words)
    result = 0
    for place in places:
        result ^= chosen[place]
    return result


def prove_fewest_bits(fewest: int = 10) -> Result:
    """Try all small changes, and find a number that so few bits make a stray of."""
    found, change = fewest_bits()
    if found != fewest:
        return Result(LemmaVerdict.REFUTED, f"bits={found} change=0x{change:X}")
    number = _damaged_by(change)
    if number is None or not is_stray_of(number | change, number):
        return Result(LemmaVerdict.REFUTED, f"no number can gain 0x{change:X}")
    return Result(LemmaVerdict.HOLDS, f"{found} bits make 0x{number | change:X} of 0x{number:X}")


def _damaged_by(change: int) -> int | None:
    """Return a number that has none of these bits, and whose check word has none of those that they change there."""
    difference = _xor(columns(), tuple(bit for bit in range(BITS) if change >> bit & 1))
    numbers = [(1 << bit, 0) for bit in range(BITS) if change >> bit & 1]
    checks = [(row, CRC_OF_0 >> bit & 1) for bit, row in enumerate(matrix_rows()) if difference >> bit & 1]
    found = solutions([*numbers, *checks])
    return None if found is None else next((number for number in span(*found) if number), None)


def strays_near_the_top() -> dict[int, int]:
    """Return the strays among the numbers that the device model leaves out, each with the smallest that leaves it."""
    before = ((stray, smallest_before(stray)) for stray in range(TOP, SEQ_EMPTY))
    return {stray: number for stray, number in before if number is not None}


def prove_reach_the_top(first: int = 3_795, first_last: int = 10_064) -> Result:
    """Solve, for each number near the top, for the smallest number that it can be a stray of."""
    before = strays_near_the_top()
    smallest, last = min(before.values()), before[SEQ_EMPTY - 1]
    if (first, first_last) != (smallest, last):
        return Result(LemmaVerdict.REFUTED, f"number={smallest}, and {last} for 0xFFFFFFFE")
    if not last <= highest_number(2):
        return Result(LemmaVerdict.REFUTED, f"number={last} is out of reach")
    near = next(stray for stray, number in before.items() if number == first)
    return Result(LemmaVerdict.HOLDS, f"0x{near:X} of {first:,}, 0xFFFFFFFE of {last:,}")


_BOTH = "z3, then bitwuzla"
LEMMAS: tuple[Lemma, ...] = (
    *(
        Lemma(
            f"torn_again_is_torn_once_{fault.name}",
            f"{fault.name}: what several tears leave of a record, one tear of {what} leaves as well",
            f"{_BOTH}, over all records and pairs of masks",
            partial(prove_torn_once, fault),
        )
        for fault, what in ((FaultModel.F2, "whole bytes"), (FaultModel.F3, "single bits"))
    ),
    Lemma(
        "no_strays_of_bytes",
        "F0, F1, F2: no number that upgrades write within the endurance of flash can leave a stray, torn once or often",
        "the smallest of all byte tears (byte_tears_are_few), and the bound of C12 for 16 slots",
        prove_none_of_bytes,
    ),
    Lemma(
        "strays_name_declared_slots",
        "if the number that was written names slot s, a stray names a slot t with (t+1) & (s+1) = s+1, modulo the "
        "greatest power of two that divides the slot count: with two slots, slot 0 leaves slot 0; with three, any",
        f"{_BOTH}, over all numbers, for each slot and slot count",
        prove_slots,
    ),
    Lemma(
        "stray_slots_are_met",
        "each of these slots is named by a stray",
        "a number and a stray of it for each, by search",
        prove_slots_met,
    ),
    Lemma(
        "the_model_admits_these_slots",
        "the device model lets a stray name each of these slots, and with 1, 2, 4, 8 or 16 slots no other",
        "the model's terms, evaluated for each pair of slots",
        prove_model_admits,
    ),
    Lemma(
        "strays_are_high",
        "F3: the smallest stray number is 638, and only 70 can leave it; so every stray is far above any slot count",
        "every number up to 638, with every number below it that has no other bits",
        prove_high,
    ),
    Lemma(
        "a_stray_takes_ten_bits",
        "F3: fewer than ten torn bits never leave a stray, and ten can",
        "all changes of up to four bits of number or check word; one number found for ten",
        prove_fewest_bits,
    ),
    Lemma(
        "strays_reach_the_top",
        "F3: 3,795 is the smallest number that can leave one of the last 64 as a stray, and 10,064 the smallest that "
        "can leave 0xFFFFFFFE, after which the next number counts as erased",
        "a linear system over GF(2) for each of the last 64 numbers",
        prove_reach_the_top,
    ),
)
