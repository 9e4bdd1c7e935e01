"""Several states of the machine as one: where they differ, words are z3 terms that ask which path was taken.

Merged are states at one place in the code, at one depth of calls, with the same events behind them. A byte that is not
known in one of them is not known afterwards.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import reduce
from typing import Any

import z3

from .machine_state import Frame, MachineState
from .words import Word, as_bits, simplified

IsSure = Callable[[Any], bool]
"""Tell whether a condition always holds."""


def merged_state(states: Sequence[MachineState], is_sure: IsSure) -> MachineState:
    """Return the state that is whichever of these; its guard is still that of the first."""
    if len(states) == 1:
        return states[0]
    common, rests = _factored([state.condition for state in states])
    any_rest = z3.Or(*rests)
    merged = states[0].fork()
    merged.condition = common if is_sure(any_rest) else z3.And(common, any_rest)

    def word(words: Sequence[Word], bits: int = 32) -> Word:
        return _choice(rests, words, bits)

    merged.registers = [word(words) for words in zip(*(state.registers for state in states), strict=True)]
    merged.frames = tuple(
        Frame(tuple(word(words) for words in zip(*(frame.registers for frame in frames), strict=True)))
        for frames in zip(*(state.frames for state in states), strict=True)
    )
    names = set.intersection(*(set(state.others) for state in states))
    merged.others = {name: _choice(rests, [state.others[name] for state in states]) for name in names}
    merged.memory = dict(_merged_memory(states, word))
    known = (set(state.known) for state in states)
    merged.known = {number: states[0].known[number] for number in set.intersection(*known) if _is_same(states, number)}
    merged.places = {}
    merged.steps = max(state.steps for state in states)
    return merged


def _is_same(states: Sequence[MachineState], number: int) -> bool:
    return len({state.known[number][1] for state in states}) == 1


def _factored(conditions: Sequence[Any]) -> tuple[Any, list[Any]]:
    """Return what conditions have in common, and what is left of each."""
    parts = [{part.get_id(): part for part in _conjuncts(condition)} for condition in conditions]
    shared = set.intersection(*map(set, parts))
    rests = [[part for number, part in found.items() if number not in shared] for found in parts]
    return z3.And(*(part for number, part in parts[0].items() if number in shared)), [z3.And(*rest) for rest in rests]


def _conjuncts(condition: Any) -> list[Any]:
    """Return the parts of nested conjunctions, in order."""
    found, work = [], [condition]
    while work:
        part = work.pop()
        if z3.is_and(part):
            work += reversed(part.children())
        elif not z3.is_true(part):
            found.append(part)
    return found


def _choice(rests: Sequence[Any], words: Sequence[Word], bits: int = 0) -> Word:
    """Return the word of the state whose condition holds; bits: the width of words that may be numbers."""
    first = words[0]
    if all(_is_equal(first, word) for word in words[1:]):
        return first
    width = bits or next(word.size() for word in words if not isinstance(word, int))
    by_word: list[tuple[Word, list[Any]]] = []
    for rest, word in zip(rests, words, strict=True):
        same = next((found for known, found in by_word if _is_equal(known, word)), None)
        if same is None:
            by_word.append((word, [rest]))
        else:
            same.append(rest)
    (last, _), *others = sorted(by_word, key=lambda item: -len(item[1]))
    return simplified(
        reduce(lambda term, item: z3.If(z3.Or(*item[1]), as_bits(item[0], width), term), others, as_bits(last, width))
    )


def _is_equal(one: Word, other: Word) -> bool:
    if isinstance(one, int) or isinstance(other, int):
        return isinstance(one, int) and isinstance(other, int) and one == other
    return bool(one.eq(other))


def _merged_memory(
    states: Sequence[MachineState], word: Callable[[Sequence[Word], int], Word]
) -> Iterator[tuple[int, Word]]:
    """Yield the bytes that every state knows; those of an aligned word are chosen as one."""
    first = states[0].memory
    stored: set[int] = set().union(*(state.memory for state in states))
    differing = set()
    for address in stored:
        byte = first.get(address)
        if byte is not None and all(state.memory.get(address) is byte for state in states):
            yield address, byte
        elif all(state.holds(address) for state in states):
            differing.add(address)
    for start in {address & ~3 for address in differing}:
        places = range(start, start + 4)
        if all(state.holds(place) for state in states for place in places):
            whole = word([state.load(start, 4) for state in states], 32)
            yield from ((start + offset, _byte_of(whole, offset)) for offset in range(4))
        else:
            yield from ((at, word([state.load(at, 1) for state in states], 8)) for at in places if at in differing)


def _byte_of(word: Word, offset: int) -> Word:
    """Return a byte; of a term, so that a load finds the term again."""
    return word >> 8 * offset & 0xFF if isinstance(word, int) else z3.Extract(8 * offset + 7, 8 * offset, word)
