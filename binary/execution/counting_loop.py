"""Loops that count, taken as a whole: while a bound is above start + k * step, go on with k + 1.

How often such a loop turns is an open function of bound, start and step, so that two loops with the same three words
turn equally often, whatever their code looks like. That a piece of machine code is such a loop is shown by induction:
one turn is followed from a state in which k may be anything. That the loop ends is not shown.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import z3

from .machine_state import ExecutionStopped, ForkingBranch, MachineState, NeedsNumber
from .words import anything, as_bits, simplified

_WORDS = (z3.BitVecSort(32),) * 4
TURNS = z3.Function("turns", *_WORDS)
"""Bound, start and step: for how many k from 0 on, without a gap, the bound is above start + k * step."""
FOUND = z3.Function("found", *_WORDS)
"""Bound, start and step: start + k * step for the first k for which the bound is not above it."""
TIME_LIMIT_MS = 1_000
"""How long z3 may take to recognise the test of a loop."""


FollowTurn = Callable[[MachineState, bool], Any]
"""Carry out the branch at pc, as taken or not, and all up to the same branch; return the formula that it is taken.

Raises ExecutionStopped and NeedsNumber where there is no such turn, or another branch in it."""


def meaning_of_loop(bound: Any, start: Any, step: Any) -> Iterator[Any]:
    """Yield what FOUND is by its meaning: how it follows from TURNS, and from itself one turn and two turns later."""
    yield FOUND(bound, start, step) == z3.simplify(start + step * TURNS(bound, start, step))
    for _ in range(2):
        following = z3.simplify(start + step)
        yield FOUND(bound, start, step) == z3.If(z3.UGT(bound, start), FOUND(bound, following, step), start)
        start = following


def left_loop(first: ForkingBranch, second: MachineState, follow: FollowTurn) -> MachineState | None:
    """Return the machine at the last test of a loop whose test was met twice; None where it is none that counts.

    first: the test as it was met first. second: the machine as it meets it again."""
    before = first.state
    if before.events != second.events or before.frames != second.frames or before.memory != second.memory:
        return None
    steps = {
        number: simplified(as_bits(after) - as_bits(word))
        for number, (word, after) in enumerate(zip(before.registers, second.registers, strict=True))
        if not _is_same(word, after)
    }
    turn = z3.FreshConst(z3.BitVecSort(32), "turn")
    try:
        condition, lost = _followed(first, second, steps, turn, follow)
    except (ExecutionStopped, NeedsNumber):
        return None
    counted = {number: step for number, step in steps.items() if number not in lost}
    test = _test(before, steps, counted, turn, condition if first.is_taken else z3.Not(condition))
    if test is None:
        return None
    left = _at(first, second, steps, lost, TURNS(*test))
    for number, step in counted.items():
        if _is_same(as_bits(step), test[2]):
            ahead = as_bits(before.registers[number]) - test[1]
            left.registers[number] = simplified(FOUND(*test) + ahead)
    return left


def _followed(
    first: ForkingBranch, second: MachineState, steps: Mapping[int, Any], turn: Any, follow: FollowTurn
) -> tuple[Any, frozenset[int]]:
    """Return when the branch is taken in any turn, and the registers that do not change by the same step each turn."""
    lost: frozenset[int] = frozenset()
    while True:
        state = _at(first, second, steps, lost, turn)
        condition = follow(state, first.is_taken)
        expected = _at(first, second, steps, lost, turn + 1)
        changed = frozenset(
            number
            for number, (word, wanted) in enumerate(zip(state.registers, expected.registers, strict=True))
            if number not in lost and not _is_same(word, wanted)
        )
        if state.events != second.events or state.frames != second.frames or state.memory != second.memory:
            raise ExecutionStopped("a turn that does more than count")
        if not changed:
            return condition, lost
        if not changed <= steps.keys():
            raise ExecutionStopped("a register that keeps its value in one turn, and not in each")
        lost |= changed


def _at(
    first: ForkingBranch, second: MachineState, steps: Mapping[int, Any], lost: frozenset[int], turn: Any
) -> MachineState:
    """Return the machine at the test after that many turns; nothing is known of the lost registers."""
    state = second.fork()
    for number, step in steps.items():
        start = as_bits(first.state.registers[number])
        state.registers[number] = anything() if number in lost else simplified(start + turn * as_bits(step))
    for name in [name for name, word in second.others.items() if not _is_same(first.state.others.get(name), word)]:
        del state.others[name]
    return state


def _test(before: MachineState, steps: Mapping[int, Any], counted: Mapping[int, Any], turn: Any, stays: Any) -> Any:
    """Return bound, start and step of the loop, of a register that stays and one that counts; None where none fit."""
    bounds = [as_bits(word) for number, word in enumerate(before.registers) if number not in steps]
    triples = [
        (bound, as_bits(before.registers[number]), as_bits(step))
        for number, step in counted.items()
        for bound in bounds
    ]
    for is_always in (_is_plainly_true, _is_always):
        for bound, start, step in triples:
            if is_always(stays == z3.UGT(bound, start + turn * step)):
                return bound, start, step
    return None


def _is_same(word: Any, other: Any) -> bool:
    if not isinstance(word, z3.ExprRef) or not isinstance(other, z3.ExprRef):
        return isinstance(word, int) and isinstance(other, int) and word == other
    if word.sort() != other.sort():
        return False
    # As sums of monomials, n * k + n and n * (k + 1) are one term.
    return bool(word.eq(other)) or z3.simplify(word - other, som=True).eq(z3.BitVecVal(0, word.size()))


def _is_plainly_true(formula: Any) -> bool:
    return bool(z3.is_true(z3.simplify(formula)))


def _is_always(formula: Any) -> bool:
    solver = z3.Solver()
    solver.set("timeout", TIME_LIMIT_MS)
    return bool(solver.check(z3.Not(formula)) == z3.unsat)
