"""The secure version in the eFuse, for every field and every torn burn: it never goes down, but a gap can stop it.

The version is the number of burned bits. A burn to version v sets the bits from the present version b up to v, and is
refused whole when one of them is burned already. As long as the burned bits are the lowest ones, that never happens. A
power cut inside a burn can set any of its bits; where it leaves a gap, every later burn past the gap is refused, for
ever: the chip then keeps accepting images that are too old.

    field 0000 0011, burn to 5 cut   ->  0001 0011: version 3; to 5 it would burn bits 3 and 4, and 4 is burned
                                     ->  0000 0111: version 3, no gap; the next burn to 5 heals it

Proved for fields of 32 bits, of which shorter ones are those with no bit above their size. Counting bits is hard for
solvers, so they are given three laws of it, which are proved bit by bit first. impl's Efuse is compared with the
formulas on every field of 5 bits. Left out: eFuse coding schemes, and burns by other programs.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from itertools import product
from typing import Any

import z3

from ...impl.chip.efuse import Efuse
from ...impl.esp_err import OtaError
from ...impl.program_end import PowerCut
from ..smt.lemma import Lemma, LemmaVerdict, Result, find_witness, prove_always

BITS = 32
"""The widest secure-version field, that of the ESP32."""
SMALL_BITS = 5
"""Fields of this size are compared with impl one by one."""


def lowest(count: Any) -> Any:
    """Return the word with so many of its lowest bits set; all of them for as many as it has, or more."""
    return z3.If(z3.UGE(count, BITS), WHOLE, (z3.BitVecVal(1, BITS) << count) - 1)


def wanted(burned_count: Any, version: Any) -> Any:
    """Return the bits that an update burns, where so many are burned already; none for a lower version."""
    return lowest(version) & ~lowest(burned_count)


def is_refused(field: Any, burned_count: Any, version: Any) -> Any:
    """Return whether that update is refused for a bit that is burned already."""
    return wanted(burned_count, version) & field != 0


def is_gapless(bits: Any) -> Any:
    """Return whether the burned bits are the lowest ones."""
    return bits & (bits + 1) == 0


def burn(field: Any, burned_count: Any, version: Any, done: Any) -> Any:
    """Return the field after an update of which only the bits of mask `done` took effect; WHOLE for all of it."""
    is_accepted = z3.Not(is_refused(field, burned_count, version))
    return z3.If(is_accepted, field | (wanted(burned_count, version) & done), field)


Burn = Callable[[Any, Any, Any, Any], Any]
WHOLE = z3.BitVecVal(-1, BITS)
FIELD, DONE, OTHER_DONE = z3.BitVecs("field done other_done", BITS)
VERSION, OTHER = z3.BitVecs("version other_version", BITS)
COUNT = z3.Function("count", z3.BitVecSort(BITS), z3.BitVecSort(BITS))
"""The number of bits that are set; known by its laws only."""
LOGIC = "QF_UFBV"


def laws(*words: Any) -> list[Any]:
    """Return the laws of counting, for the words given and the lowest bits of their numbers: prove_counting_laws."""
    counts = [COUNT(word) for word in words]
    pairs = [(a, b) for a in words for b in words if a is not b]
    return [
        *(z3.ULE(count, BITS) for count in counts),
        *((COUNT(word) == BITS) == (word == WHOLE) for word in words),
        *(z3.Implies(a & b == a, z3.ULE(COUNT(a), COUNT(b))) for a, b in pairs),
        *(z3.Implies(z3.And(a & b == a, COUNT(a) == COUNT(b)), a == b) for a, b in pairs),
    ]


def burn_laws(field: Any, version: Any) -> list[Any]:
    """Return the law of disjoint words for a whole burn: the counts of field and burned bits add up."""
    count = COUNT(field)
    bits = wanted(count, version)
    is_clean = z3.And(z3.UGE(version, count), bits & field == 0)
    return [z3.Implies(is_clean, COUNT(field | bits) == count + (version - count)), z3.ULE(count, BITS)]


def prove_counting_laws() -> Result:
    """Show the laws of one bit, carry them over to words twice as long, and count the lowest bits of each version.

    One bit is its own count. Fields without gap are the lowest bits of some version, and no others."""
    for a in (0, 1):
        for b in (0, 1):
            if (a & b == a and a > b) or (a & b == 0 and (a | b) != a + b):
                return Result(LemmaVerdict.REFUTED, f"a={a} b={b}")
    # Two words and their union, in halves: what holds of the counts of halves holds of the sums.
    low, high, other_low, other_high, both_low, both_high = z3.Ints("low high other_low other_high both_low both_high")
    steps = [
        ([low <= other_low, high <= other_high], low + high <= other_low + other_high),
        (
            [low <= other_low, high <= other_high, low + high == other_low + other_high],
            z3.And(low == other_low, high == other_high),
        ),
        (
            [both_low == low + other_low, both_high == high + other_high],
            both_low + both_high == (low + high) + (other_low + other_high),
        ),
    ]
    for given, claim in steps:
        witness = find_witness([*given, z3.Not(claim)])
        if isinstance(witness, dict) or witness.verdict is LemmaVerdict.UNKNOWN:
            return Result(LemmaVerdict.REFUTED, str(witness))
    gapless = z3.Or(*(FIELD == lowest(z3.BitVecVal(count, BITS)) for count in range(BITS + 1)))
    has_form = prove_always(is_gapless(FIELD) == gapless)
    if not has_form.holds:
        return has_form
    for version in range(BITS + 1):
        for count in range(version + 1):
            if _value(wanted(z3.BitVecVal(count, BITS), z3.BitVecVal(version, BITS))).bit_count() != version - count:
                return Result(LemmaVerdict.REFUTED, f"count={count} version={version}")
    return Result(LemmaVerdict.HOLDS, f"one bit, doubled to {BITS}")


def _prove(claim: Any, given: Sequence[Any]) -> Result:
    return prove_always(claim, [z3.ULE(VERSION, BITS), z3.ULE(OTHER, BITS), *given], LOGIC)


def prove_never_goes_down(rule: Burn = burn) -> Result:
    """Ask for any update, whole or torn."""
    after = rule(FIELD, COUNT(FIELD), VERSION, DONE)
    return _prove(z3.And(after & FIELD == FIELD, z3.UGE(COUNT(after), COUNT(FIELD))), laws(FIELD, after))


def prove_whole_burn_reaches_version(rule: Burn = burn) -> Result:
    """Ask for a whole burn that is not refused."""
    after = rule(FIELD, COUNT(FIELD), VERSION, WHOLE)
    is_asked = z3.And(z3.UGE(VERSION, COUNT(FIELD)), z3.Not(is_refused(FIELD, COUNT(FIELD), VERSION)))
    return _prove(COUNT(after) == VERSION, [is_asked, *burn_laws(FIELD, VERSION)])


def _between(after: Any, version: Any) -> Any:
    return z3.And(z3.UGE(COUNT(after), COUNT(FIELD)), z3.ULE(COUNT(after), version))


def prove_torn_burn_lies_between(rule: Burn = burn) -> Result:
    """Ask for a torn burn that is not refused, or is."""
    after = rule(FIELD, COUNT(FIELD), VERSION, DONE)
    whole = FIELD | wanted(COUNT(FIELD), VERSION)
    given = [z3.UGE(VERSION, COUNT(FIELD)), *laws(FIELD, after, whole), *burn_laws(FIELD, VERSION)]
    return _prove(_between(after, VERSION), given)


def _lowest_laws(*words: Any) -> list[Any]:
    """Return that the lowest bits are as many as they say, for the counts of these words."""
    of_counts = [COUNT(lowest(COUNT(word))) == COUNT(word) for word in words]
    return [*of_counts, *laws(*words, *(lowest(COUNT(word)) for word in words))]


def prove_gapless_is_never_refused() -> Result:
    """Ask for fields whose burned bits are the lowest ones."""
    given = [is_gapless(FIELD), *gapless_laws(FIELD)]
    return _prove(z3.Not(is_refused(FIELD, COUNT(FIELD), VERSION)), given)


def gapless_laws(field: Any) -> list[Any]:
    """Return that a field without gap is the lowest bits of its count, and only such a field is."""
    return [is_gapless(field) == (field == lowest(COUNT(field)))]


def prove_gap_refuses() -> Result:
    """Ask which versions are refused, and when none is."""
    above = FIELD & ~lowest(COUNT(FIELD))
    is_past = lowest(VERSION) & above != 0
    given = [*gapless_laws(FIELD), *_lowest_laws(FIELD)]
    claim = z3.And(
        is_refused(FIELD, COUNT(FIELD), VERSION) == is_past,
        (above == 0) == is_gapless(FIELD),
    )
    return _prove(claim, given)


def prove_torn_burn_heals(rule: Burn = burn) -> Result:
    """Ask whether the same burn, made again, reaches the version."""
    after = rule(FIELD, COUNT(FIELD), VERSION, DONE)
    again = rule(after, COUNT(after), VERSION, WHOLE)
    whole = FIELD | wanted(COUNT(FIELD), VERSION)
    given = [
        is_gapless(FIELD),
        z3.UGE(VERSION, COUNT(FIELD)),
        *(law for field in (FIELD, after) for law in gapless_laws(field)),
        *laws(FIELD, after, whole),
        *(law for field in (FIELD, after) for law in burn_laws(field, VERSION)),
        *_lowest_laws(after),
    ]
    return _prove((COUNT(again) == VERSION) == z3.Or(is_gapless(after), COUNT(after) == VERSION), given)


def prove_refused_for_ever(rule: Burn = burn) -> Result:
    """Ask for any update between, whole or torn, to any other version."""
    after = rule(FIELD, COUNT(FIELD), OTHER, OTHER_DONE)
    whole = FIELD | wanted(COUNT(FIELD), OTHER)
    given = [is_refused(FIELD, COUNT(FIELD), VERSION), *laws(FIELD, after, whole), *burn_laws(FIELD, OTHER)]
    return _prove(is_refused(after, COUNT(after), VERSION), given)


def prove_impl_burns_so(rule: Burn = burn) -> Result:
    """Compare impl's Efuse, field by field, version by version and mask by mask."""
    fields = range(1 << SMALL_BITS)
    for field, version in product(fields, range(SMALL_BITS + 1)):
        before, count, asked = (z3.BitVecVal(value, BITS) for value in (field, field.bit_count(), version))
        burning = _value(rule(before, count, asked, WHOLE)) & ~field
        for done in fields:
            efuse = Efuse(field, SMALL_BITS)
            efuse.plan_cut(0, done)
            with suppress(PowerCut, OtaError):
                efuse.update_secure_version(version)
            if efuse.bits != field | burning & done:
                return Result(LemmaVerdict.REFUTED, f"field=0b{field:b} version={version} done=0b{done:b}")
    return Result(LemmaVerdict.HOLDS, f"{len(fields) ** 2 * (SMALL_BITS + 1)} burns of fields of {SMALL_BITS} bits")


def count_healing(burning: int) -> tuple[int, int]:
    """Return how many outcomes of a cut in a burn of so many bits heal, and how many there are."""
    outcomes = range(1 << burning)
    return sum(done & (done + 1) == 0 for done in outcomes), len(outcomes)


def _value(term: Any) -> int:
    return int(z3.simplify(term).as_long())


_BOTH = "z3, then bitwuzla, over all fields of 32 bits, versions and masks"
LEMMAS: tuple[Lemma, ...] = (
    Lemma(
        "counting_laws",
        "more bits count more, bits of disjoint words add up, and the lowest bits are as many as they say",
        "one bit by cases, twice as many by linear arithmetic, each pair of versions run",
        prove_counting_laws,
    ),
    Lemma("version_never_goes_down", "no update, whole or torn, lowers the version", _BOTH, prove_never_goes_down),
    Lemma(
        "whole_burn_reaches_version",
        "a whole burn that is not refused makes the version the one asked for",
        _BOTH,
        prove_whole_burn_reaches_version,
    ),
    Lemma(
        "torn_burn_lies_between",
        "a torn burn leaves the version between the old one and the one asked for",
        _BOTH,
        prove_torn_burn_lies_between,
    ),
    Lemma(
        "gapless_is_never_refused",
        "while the burned bits are the lowest ones, no burn is refused",
        _BOTH,
        prove_gapless_is_never_refused,
    ),
    Lemma(
        "gap_refuses",
        "with a gap, a version is refused exactly if it lies past the lowest burned bit from the present version up",
        _BOTH,
        prove_gap_refuses,
    ),
    Lemma(
        "torn_burn_heals",
        "after a torn burn the same burn works exactly if the bits that took are the lowest ones, or all",
        _BOTH,
        prove_torn_burn_heals,
    ),
    Lemma(
        "refused_for_ever",
        "a version that is refused once is refused after every other update, whole or torn",
        _BOTH,
        prove_refused_for_ever,
    ),
    Lemma(
        "impl_burns_so",
        "impl's Efuse does what the formulas say",
        "every field of 5 bits, version and mask, run",
        prove_impl_burns_so,
    ),
)
