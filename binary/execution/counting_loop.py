"""Loops that count, taken as a whole: while a bound is above start + k * step, or not below it, go on with k + 1.

How often such a loop turns is an open function of bound, start and step, so that two loops with the same three words
turn equally often, whatever their code looks like. That a piece of machine code is such a loop is shown by induction:
one turn is followed from a state in which k may be anything. That the loop ends is not shown.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import z3

from ...proofs.smt.first_solver import check
from .machine_state import ExecutionStopped, ForkingBranch, MachineState, NeedsNumber
from .words import anything, as_bits, simplified


@dataclass(frozen=True, slots=True)
class LoopOrder:
    """How a loop compares its bound with what it counts."""

    holds: Callable[[Any, Any], Any]
    """The formula that a loop of this order goes on."""
    turns: z3.FuncDeclRef
    """Bound, start and step: for how many k from 0 on, without a gap, it goes on at start + k * step."""
    found: z3.FuncDeclRef
    """Bound, start and step: start + k * step for the first k for which it does not."""


def _order(name: str, holds: Callable[[Any, Any], Any]) -> LoopOrder:
    words = (z3.BitVecSort(32),) * 4
    return LoopOrder(holds, z3.Function(f"turns_{name}", *words), z3.Function(f"found_{name}", *words))


ABOVE = _order("above", z3.UGT)
"""The bound is above, as numbers without a sign: the order of ESP-IDF's search for the next number."""
ORDERS = (
    ABOVE,
    _order("not_below", z3.UGE),
    _order("signed_above", lambda bound, word: bound > word),
    _order("signed_not_below", lambda bound, word: bound >= word),
)
EFFORT = (1_000_000,)
"""What z3 may spend to recognise the test of a loop."""


FollowTurn = Callable[[MachineState, bool], Any]
"""Carry out the branch at pc, as taken or not, and all up to the same branch; return the formula that it is taken.

Raises ExecutionStopped and NeedsNumber where there is no such turn, or another branch in it."""


def meanings(terms: Sequence[Any]) -> list[Any]:
    """Return what the open functions in some terms are by their meaning, as far as their first two turns tell."""
    return [fact for order, words in _loops(terms) for fact in _meaning(order, *words)]


def ends_soon(terms: Sequence[Any]) -> list[Any]:
    """Return when each loop in some terms ends within the turns of which `meanings` tells."""
    return [z3.Not(order.holds(bound, start + 2 * step)) for order, (bound, start, step) in _loops(terms)]


def _meaning(order: LoopOrder, bound: Any, start: Any, step: Any) -> Iterator[Any]:
    yield order.found(bound, start, step) == z3.simplify(start + step * order.turns(bound, start, step))
    for _ in range(3):
        following = z3.simplify(start + step)
        after = z3.If(order.holds(bound, start), order.found(bound, following, step), start)
        yield order.found(bound, start, step) == after
        start = following


def _loops(terms: Sequence[Any]) -> list[tuple[LoopOrder, tuple[Any, ...]]]:
    """Return the order and the three words of each loop in some terms."""
    found: dict[tuple[Any, ...], tuple[LoopOrder, tuple[Any, ...]]] = {}
    seen, work = set(), list(terms)
    while work:
        term = work.pop()
        if term.get_id() in seen:
            continue
        seen.add(term.get_id())
        work += term.children()
        for order in ORDERS:
            if z3.is_app(term) and (term.decl().eq(order.turns) or term.decl().eq(order.found)):
                words = tuple(term.children())
                found[order.turns.name(), *(word.get_id() for word in words)] = order, words
    return list(found.values())


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
    order, (bound, start, step) = test
    left = _at(first, second, steps, lost, order.turns(bound, start, step))
    for number, of_register in counted.items():
        if _is_same(as_bits(of_register), step):
            ahead = as_bits(before.registers[number]) - start
            left.registers[number] = simplified(order.found(bound, start, step) + ahead)
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


def _test(
    before: MachineState, steps: Mapping[int, Any], counted: Mapping[int, Any], turn: Any, stays: Any
) -> tuple[LoopOrder, tuple[Any, Any, Any]] | None:
    """Return the order of the loop, and bound, start and step of it: of a register that stays and one that counts."""
    bounds = [as_bits(word) for number, word in enumerate(before.registers) if number not in steps]
    triples = [
        (bound, as_bits(before.registers[number]), as_bits(step))
        for number, step in counted.items()
        for bound in bounds
    ]
    for is_always in (_is_plainly_true, _is_always):
        for order, (bound, start, step) in product(ORDERS, triples):
            if is_always(stays == order.holds(bound, start + turn * step)):
                return order, (bound, start, step)
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
    return bool(check(z3.Solver(), z3.Not(formula), effort=EFFORT) == z3.unsat)
