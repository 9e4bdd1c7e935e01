"""Machine words: a Python int where the value is known, else a z3 bit-vector."""

from collections.abc import Callable
from typing import Any

import z3

Word = Any
"""An int, which is an unsigned number, or a z3 bit-vector."""
MASK = 0xFFFFFFFF
REMAINDER = z3.Function("rem", z3.BitVecSort(32), z3.BitVecSort(32), z3.BitVecSort(32))
"""Stands for the unsigned remainder of words that are not both known: what is proved with it holds for any function."""


def simplified(term: Any) -> Word:
    """Return the word that a bit-vector is: an int where it is a constant."""
    term = z3.simplify(term)
    return term.as_long() if z3.is_bv_value(term) else term


def as_bits(word: Word, bits: int = 32) -> Any:
    """Return a word as a z3 bit-vector of that width."""
    return z3.BitVecVal(word, bits) if isinstance(word, int) else word


def added(word: Word, number: int) -> Word:
    """Return a 32-bit word plus a number, modulo 2^32."""
    return (word + number) & MASK if isinstance(word, int) else simplified(word + number)


def remainder(dividend: Any, divisor: Any) -> Any:
    """Return the remainder of two bit-vectors; of words that are not both known it is left open."""
    dividend, divisor = z3.simplify(dividend), z3.simplify(divisor)
    if dividend.size() != 32 or (z3.is_bv_value(dividend) and z3.is_bv_value(divisor)):
        return z3.URem(dividend, divisor)
    return REMAINDER(dividend, divisor)


def bit(condition: Any, bits: int = 32) -> Any:
    """Return 1 where a condition holds, else 0."""
    return z3.If(condition, z3.BitVecVal(1, bits), z3.BitVecVal(0, bits))


def anything(bits: int = 32) -> Any:
    """Return a word of which nothing is known, a new one each time."""
    return z3.FreshConst(z3.BitVecSort(bits))


def known_or(word: Word, known: Callable[[int], int], term: Callable[[Any], Any]) -> Word:
    """Return what the one function makes of an int, or the other of a bit-vector."""
    return known(word) if isinstance(word, int) else simplified(term(word))
