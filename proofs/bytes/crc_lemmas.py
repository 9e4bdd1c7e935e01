"""The check word as linear algebra: which damaged numbers still carry a right one, exactly and for all 2^32 of them.

The CRC-32 of a 4-byte number is affine over GF(2): crc(number) = M·number ^ crc(0), with M a 32 by 32 matrix of bits.
The matrix is read off the definition (division by the CRC polynomial, run on unknown bits), and impl's zlib is compared
with it. M has full rank, so two numbers never share a check word.

A tear only sets bits, whether it stops a program of erased flash or an erase: number' = number ^ d and check' =
check ^ e, where d and e have ones only where the number and its check word have zeros. The damaged pair passes when
M·d = e. So the tears of a given number that pass form a linear space, of bits (F3), or a few solutions of small linear
systems, of bytes (F2); of prefixes (F1) there are none.

Vectors of bits are ints. Left out: the state word, which the check word does not cover.
"""

from collections.abc import Iterator, Sequence
from functools import cache
from itertools import product
from typing import Any

import z3

from ...impl.otadata import ota_select_crc
from ..smt.lemma import Lemma, LemmaVerdict, Result, prove_always

BITS = 32
FULL = 0xFFFFFFFF
POLYNOMIAL = 0xEDB88320
"""Of CRC-32, lowest bit first."""
CRC_OF_0 = 0xFFFFFFFF
SAMPLES = 4096
"""Numbers, spread evenly over 2^32, for which zlib is compared with the matrix."""

Affine = tuple[int, ...]
"""Bits of a word, lowest first, each the XOR of some bits of the number (0 … 31) and perhaps of one (32)."""


def divided_by_polynomial(number: Affine) -> Affine:
    """Return the CRC-32 of 4 little-endian bytes, one bit at a time, on bits that are XORs of unknown ones.

    The register starts as impl's zlib has it for the value 0xFFFFFFFF: inverted to zeros, and inverted at the end."""
    register = list(number)
    for _ in range(BITS):
        lowest, *register = [*register, 0]
        register = [bit ^ (lowest if POLYNOMIAL >> place & 1 else 0) for place, bit in enumerate(register)]
    return tuple(bit ^ 1 << BITS for bit in register)


@cache
def columns() -> tuple[int, ...]:
    """Return M by columns: what each bit of the number changes in the check word."""
    rows = divided_by_polynomial(tuple(1 << place for place in range(BITS)))
    return tuple(sum((row >> bit & 1) << place for place, row in enumerate(rows)) for bit in range(BITS))


def changed_crc(difference: int) -> int:
    """Return M·difference: what the check word changes by when the number does."""
    result = 0
    for bit, column in enumerate(columns()):
        result ^= column if difference >> bit & 1 else 0
    return result


def crc_term(number: Any) -> Any:
    """Return the check word of a z3 word."""
    term = z3.BitVecVal(CRC_OF_0, BITS)
    for bit, column in enumerate(columns()):
        term = term ^ z3.If(z3.Extract(bit, bit, number) == 1, z3.BitVecVal(column, BITS), z3.BitVecVal(0, BITS))
    return term


def solutions(rows: Sequence[tuple[int, int]], unknowns: int = BITS) -> tuple[int, tuple[int, ...]] | None:
    """Return one solution and a basis of the differences of all, or None: rows are (coefficients, right side).

    By Gauss-Jordan elimination over GF(2)."""
    pivots: dict[int, tuple[int, int]] = {}
    for row in rows:
        coefficients, right = row
        for place, (pivot, value) in pivots.items():
            if coefficients >> place & 1:
                coefficients, right = coefficients ^ pivot, right ^ value
        if coefficients == 0:
            if right:
                return None
            continue
        place = coefficients.bit_length() - 1
        for other, (pivot, value) in pivots.items():
            if pivot >> place & 1:
                pivots[other] = pivot ^ coefficients, value ^ right
        pivots[place] = coefficients, right
    particular = sum(right << place for place, (_, right) in pivots.items())
    free = [place for place in range(unknowns) if place not in pivots]
    basis = (1 << f | sum(1 << place for place, (row, _) in pivots.items() if row >> f & 1) for f in free)
    return particular, tuple(basis)


def span(start: int, basis: Sequence[int]) -> Iterator[int]:
    """Yield `start` changed by every combination of the basis."""
    for choice in product((False, True), repeat=len(basis)):
        result = start
        for vector, is_in in zip(basis, choice, strict=True):
            result ^= vector if is_in else 0
        yield result


def matrix_rows() -> tuple[int, ...]:
    """Return M by rows: which bits of the number each bit of the check word is the XOR of."""
    return tuple(sum((column >> row & 1) << bit for bit, column in enumerate(columns())) for row in range(BITS))


@cache
def bit_tears(number: int) -> tuple[int, ...]:
    """Return a basis of the changes d of a number that a torn write (F3) can make with the check word still right.

    The number becomes number ^ d; its check word becomes the right one of that by setting bits alone."""
    check = ota_select_crc(number)
    kept = [(1 << bit, 0) for bit in range(BITS) if number >> bit & 1]
    unset = [(row, 0) for place, row in enumerate(matrix_rows()) if check >> place & 1]
    found = solutions([*kept, *unset])
    assert found is not None  # d = 0 always is one
    return found[1]


def masks_of_bytes() -> Iterator[int]:
    """Yield the 16 words that have some bytes all ones and the others zero."""
    for choice in product((0, 0xFF), repeat=4):
        yield int.from_bytes(bytes(choice), "little")


@cache
def byte_tears_of(a: int, b: int) -> frozenset[tuple[int, int]]:
    """Return the (number, damaged number) whose check word stays right when the bytes of two masks read FF.

    a, b: masks of the number and of its check word. The bits d that the number gained lie in a, and M·d is zero outside
    b; the damaged number is all ones in a, and its check word is all ones in b: two linear systems without a common
    unknown."""
    gains = solutions([(1 << bit, 0) for bit in _bits_of(~a)] + [(matrix_rows()[bit], 0) for bit in _bits_of(~b)])
    assert gains is not None  # no gain always is one
    if not gains[1]:
        return frozenset()
    ones = [(matrix_rows()[bit], 1 ^ (CRC_OF_0 >> bit & 1)) for bit in _bits_of(b)]
    damaged = solutions([(1 << bit, 1) for bit in _bits_of(a)] + ones)
    if damaged is None:
        return frozenset()
    return frozenset((after ^ gain, after) for after in span(*damaged) for gain in span(*gains) if gain)


@cache
def byte_tears() -> tuple[tuple[int, int], ...]:
    """Return every (number, damaged number) of which a torn write (F2) leaves a right check word, in order."""
    masks = tuple(masks_of_bytes())
    return tuple(sorted(frozenset().union(*(byte_tears_of(a, b) for a in masks for b in masks))))


def first_byte_tear() -> int:
    """Return the smallest number that a torn write of whole bytes can turn into another with a right check word."""
    return byte_tears()[0][0]


def prefix_masks() -> Iterator[tuple[int, int]]:
    """Yield the bytes of number and check word that read FF when a prefix of the record is programmed, then erased."""
    for length in range(4):
        later = FULL << 8 * length & FULL
        yield later, FULL
        yield 0, later
        yield FULL ^ later, 0
        yield FULL, FULL ^ later


def _bits_of(mask: int) -> Iterator[int]:
    return (bit for bit in range(BITS) if mask >> bit & 1)


def prove_affine() -> Result:
    """Compare zlib with the matrix, and the matrix with its definition on known bits."""
    step = (1 << BITS) // SAMPLES
    numbers = [0, FULL, *(1 << bit for bit in range(BITS)), *(step * i + i for i in range(SAMPLES))]
    for number in numbers:
        bits = divided_by_polynomial(tuple((number >> place & 1) << BITS for place in range(BITS)))
        defined = sum((bit >> BITS & 1) << place for place, bit in enumerate(bits))
        if not defined == changed_crc(number) ^ CRC_OF_0 == ota_select_crc(number):
            return Result(LemmaVerdict.REFUTED, f"number=0x{number:X}")
    return Result(LemmaVerdict.HOLDS, f"definition, matrix and zlib agree on {len(numbers)} numbers")


def prove_bijection() -> Result:
    """Count the pivots of the matrix."""
    found = solutions([(row, 0) for row in matrix_rows()])
    assert found is not None  # zero is one
    if found[1]:
        return Result(LemmaVerdict.REFUTED, f"number=0x{found[1][0]:X} has the check word of number=0x0")
    return Result(LemmaVerdict.HOLDS, f"rank {BITS}")


def prove_only_zero_looks_unwritten() -> Result:
    """Solve for the check word of erased flash."""
    found = solutions([(row, 1 ^ (CRC_OF_0 >> bit & 1)) for bit, row in enumerate(matrix_rows())])
    if found != (0, ()):
        return Result(LemmaVerdict.REFUTED, f"number=0x{found[0]:X}" if found else "no number=…")
    return Result(LemmaVerdict.HOLDS, "one solution")


def prove_no_prefix_passes() -> Result:
    """Ask of each prefix of a program or an erase."""
    for a, b in prefix_masks():
        for number, damaged in byte_tears_of(a, b):
            if damaged != FULL:
                return Result(LemmaVerdict.REFUTED, f"number=0x{number:X} damaged=0x{damaged:X}")
    return Result(LemmaVerdict.HOLDS, f"{len(list(prefix_masks()))} prefixes, all numbers")


def prove_byte_tears(below: int = 59_481_463, count: int = 317) -> Result:
    """Compare with what is claimed, and recompute each by zlib."""
    for number, damaged in byte_tears():
        pairs = ((number, damaged), (ota_select_crc(number), ota_select_crc(damaged)))
        bytes_of = (zip(a.to_bytes(4), b.to_bytes(4), strict=True) for a, b in pairs)
        if number == damaged or not all(after in (before, 0xFF) for pair in bytes_of for before, after in pair):
            return Result(LemmaVerdict.REFUTED, f"number=0x{number:X} damaged=0x{damaged:X} is no byte tear")
    if (below, count) != (first_byte_tear(), len(byte_tears())):
        return Result(LemmaVerdict.REFUTED, f"number={first_byte_tear()} is the first of {len(byte_tears())}")
    return Result(LemmaVerdict.HOLDS, f"{count} of 2^32 numbers, the smallest {below}")


def prove_byte_tears_by_solver(masks: Sequence[tuple[int, int]] | None = None) -> Result:
    """Ask z3 and bitwuzla, of pairs of masks, for a number below the smallest that linear algebra found."""
    number = z3.BitVec("number", BITS)
    every = [(a, b) for a in masks_of_bytes() for b in masks_of_bytes() if byte_tears_of(a, b)]
    for a, b in masks or every:
        passes = z3.And(number | a != number, crc_term(number | a) == crc_term(number) | b)
        smallest = min(byte_tears_of(a, b))[0]
        result = prove_always(z3.UGE(number, smallest), [passes])
        if not result.holds:
            return Result(result.verdict, f"masks 0x{a:08X} 0x{b:08X}: {result.detail}")
    return Result(LemmaVerdict.HOLDS, f"{len(masks or every)} pairs of masks")


def prove_bit_tears_of_1(dimension: int = 17) -> Result:
    """Count the patterns of number 1, and recompute each by zlib."""
    check = ota_select_crc(1)
    basis = bit_tears(1)
    for change in span(0, basis):
        damaged = 1 ^ change
        if damaged & 1 == 0 or ota_select_crc(damaged) & check != check:
            return Result(LemmaVerdict.REFUTED, f"damaged=0x{damaged:X}")
    if len(basis) != dimension:
        return Result(LemmaVerdict.REFUTED, f"dimension={len(basis)}")
    return Result(LemmaVerdict.HOLDS, f"2^{dimension} patterns, one of them the undamaged record")


def prove_damaged_is_greater() -> Result:
    """Ask both solvers."""
    number, gained = z3.BitVecs("number gained", BITS)
    return prove_always(z3.UGT(number | gained, number), [number | gained != number])


LEMMAS: tuple[Lemma, ...] = (
    Lemma(
        "crc_is_affine",
        "the check word is crc(0) XOR a matrix times the number, and zlib computes it",
        "the definition run on unknown bits; zlib on zero, each bit alone, and numbers spread over 2^32",
        prove_affine,
    ),
    Lemma(
        "crc_is_a_bijection",
        "no two of the 2^32 numbers share a check word",
        "rank of the matrix over GF(2)",
        prove_bijection,
    ),
    Lemma(
        "only_zero_looks_unwritten",
        "0 is the only number whose check word is FFFFFFFF, as erased flash has it",
        "linear system over GF(2)",
        prove_only_zero_looks_unwritten,
    ),
    Lemma(
        "no_prefix_passes",
        "F1: no prefix of a program or an erase turns a number into another one with a right check word",
        "two linear systems for each prefix",
        prove_no_prefix_passes,
    ),
    Lemma(
        "byte_tears_are_few",
        "F2: only 317 of 2^32 numbers can lose whole bytes and still pass, and none below 59,481,463",
        "two linear systems for each of 256 pairs of byte masks; each solution recomputed by zlib",
        prove_byte_tears,
    ),
    Lemma(
        "byte_tears_by_solver",
        "F2: for the byte masks that have solutions, no number smaller than those passes",
        "z3, then bitwuzla, on the check word as XORs",
        prove_byte_tears_by_solver,
    ),
    Lemma(
        "bit_tears_of_1",
        "F3: number 1 has 2^17 damaged forms that pass, itself among them",
        "kernel over GF(2); each of them recomputed by zlib",
        prove_bit_tears_of_1,
    ),
    Lemma(
        "damaged_is_greater",
        "a damaged number is greater than the one that was written, as tears only set bits",
        "z3, then bitwuzla",
        prove_damaged_is_greater,
    ),
)
