"""Clause learning: where the stated invariants do not prove a claim that holds, find clauses that do.

With few slots every reachable state is known. While the claims and clauses found so far are not inductive, z3 gives a
state in which all of them hold and from which one step breaks one: a state that is not reachable. Its atoms (atoms.py)
that never hold together in a reachable state make a clause that rules it out, and as few of them are taken as will do.
So each clause holds in every reachable state with those few slots; whether it does with more of them is for the prover
to find out. Nothing here is trusted, and no proof runs this: what was learned is written down in learned_clauses.json.
"""

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import z3
from numpy.typing import NDArray

from ...model.device.model import DeviceModel, device_model
from ...model.device.records import Numbers
from ...model.device.state import Scope
from ...model.device.stepper import State, Stepper
from ...model.terms.terms import Bool, Op, Term, all_of
from ...model.terms.walker import arguments_of, walk
from ..explicit.compiled.compiled_search import CompiledSearch
from ..explicit.explorer import MEMORY
from ..invariants.atoms import atoms
from ..smt.smtlib import Question, any_text
from .houdini import state_in_solution

Clause = tuple[tuple[str, bool], ...]
"""Atoms by name, and whether each holds, that never come together."""
Column = NDArray[np.int64]
_TRIES = 6
"""Orders in which atoms are dropped from a state; the shortest clause is taken."""


def clause_term(clause: Clause, known: Mapping[str, Bool]) -> Bool:
    """Return the fact that the atoms do not come together."""
    return ~all_of(known[name] if holds else ~known[name] for name, holds in clause)


class ReachableAtoms:
    """The atoms of every reachable state of a scope, as bits by atom."""

    def __init__(self, scope: Scope) -> None:
        """Search the scope; raise ValueError where it does not fit."""
        ranked = replace(scope, numbers=Numbers.RANKED)
        self.model = device_model(ranked)
        search = CompiledSearch(ranked)
        if not search.run(1, MEMORY).is_complete:
            raise ValueError("too many reachable states")
        words = search.stores[0].order[: search.stores[0].known].copy()
        self.states = words.size
        self._columns = _columns(self.model, search, words)
        self._done: dict[Term, Column] = {}
        known = atoms(ranked, self.model.device)
        packed = {name: np.packbits(self.holds(atom)) for name, atom in known.items()}
        self.tail = np.packbits(np.ones(self.states, np.uint8))
        constant = (np.zeros_like(self.tail).tobytes(), self.tail.tobytes())
        self.bits = {name: bits for name, bits in packed.items() if bits.tobytes() not in constant}
        self.constant = {name: bool(bits[0] >> 7) for name, bits in packed.items() if name not in self.bits}
        """Atoms that are the same in every reachable state, and what they are."""
        self._done.clear()

    def holds(self, term: Term) -> NDArray[np.uint8]:
        """Return in which states a fact holds."""
        return np.asarray(self._value(term), np.uint8)

    def _value(self, term: Term) -> Column:
        def visit(node: Term, args: list[Column]) -> Column:
            if node.op is Op.VALUE:
                return np.full(self.states, node.value or 0, np.int64)
            if node.op is Op.FIELD:
                return self._columns[str(node.args[0])]
            return _MEANINGS[node.op](args) & ((1 << node.bits) - 1 if node.bits else 1)

        return walk(term, arguments_of, visit, self._done)

    def of(self, name: str, holds: bool) -> NDArray[np.uint8]:
        """Return the states in which an atom holds, or does not."""
        if name in self.constant:
            return self.tail if self.constant[name] == holds else np.zeros_like(self.tail)
        return self.bits[name] if holds else ~self.bits[name] & self.tail


_MEANINGS = {
    Op.NOT: lambda a: 1 - a[0],
    Op.AND: np.minimum.reduce,
    Op.OR: np.maximum.reduce,
    Op.EQUAL: lambda a: (a[0] == a[1]).astype(np.int64),
    Op.LESS: lambda a: (a[0] < a[1]).astype(np.int64),
    Op.PLUS: lambda a: a[0] + a[1],
    Op.MINUS: lambda a: a[0] - a[1],
    Op.CHOOSE: lambda a: np.where(a[0] != 0, a[1], a[2]),
}


def _columns(model: DeviceModel, search: CompiledSearch, words: Column) -> dict[str, Column]:
    layout = search.layout
    flipped = words ^ layout.packed(tuple(0 for _ in model.fields))
    return {
        field.name: flipped >> layout.positions[field.name] & ((1 << layout.widths[field.name]) - 1)
        for field in model.fields
    }


@dataclass
class Learned:
    """What was found."""

    clauses: list[Clause]
    is_inductive: bool
    """With the clauses, what was wanted is inductive."""


class Learner:
    """Learns clauses for one scope from the reachable states of it, or of others that are alike but for the slots."""

    def __init__(self, scope: Scope, reachable: Sequence[ReachableAtoms]) -> None:
        """Take the scope in which the clauses shall be inductive, and states in which they have to hold."""
        self.model = device_model(replace(scope, numbers=Numbers.EXACT))
        self.reachable = reachable
        self.atoms = atoms(self.model.scope, self.model.device)
        self.seen: list[State] = []
        """The unreachable states that were ruled out, in order."""
        self._steps = Stepper(self.model)
        self._random = random.Random(1)

    def learn(
        self, known: Iterable[Bool], wanted: Iterable[Bool], clauses: Iterable[Clause] = (), most: int = 600
    ) -> Learned:
        """Return clauses with which what is wanted is inductive, given what is known to hold in every state."""
        search = _StepSearch(self.model, known)
        for term in wanted:
            search.require(term)
        found = list(clauses)
        for clause in found:
            search.require(clause_term(clause, self.atoms))
        while len(found) < most:
            state = search.state_before_a_break()
            if state is None:
                return Learned(found, search.is_decided)
            self.seen.append(state)
            clause = self.clause_without(state)
            if clause is None:
                return Learned(found, False)
            found.append(clause)
            search.require(clause_term(clause, self.atoms))
        return Learned(found, False)

    def clause_without(self, state: State) -> Clause | None:
        """Return a short clause that rules a state out and no reachable one; None where the atoms cannot tell it."""
        literals = [
            (name, bool(self._steps.value(atom, state)))
            for name, atom in self.atoms.items()
            if any(name in known.bits or name in known.constant for known in self.reachable)
        ]
        found = [clause for _ in range(_TRIES) if (clause := self._covered(literals)) is not None]
        return min(found, key=lambda clause: (len(clause), -self._weight(clause)), default=None)

    def _weight(self, clause: Clause) -> int:
        """Return how many states the atoms of a clause hold in: the more, the more the clause may rule out."""
        return sum(_count(known.of(*literal)) for known in self.reachable for literal in clause)

    def _covered(self, literals: Sequence[tuple[str, bool]]) -> Clause | None:
        """Return few of the literals that never come together, the first one picked at random."""
        picked = [self._random.choice(literals)]
        left = [known.of(*picked[0]) for known in self.reachable]
        while any(map(_count, left)):
            best = min(literals, key=lambda literal: sum(map(_count, self._both(left, literal))))
            after = self._both(left, best)
            if sum(map(_count, after)) == sum(map(_count, left)):
                return None
            picked.append(best)
            left = after
        for literal in list(picked):
            rest = [other for other in picked if other != literal]
            if rest and not any(_count(_all(known, rest)) for known in self.reachable):
                picked = rest
        return tuple(picked)

    def _both(self, left: Sequence[NDArray[np.uint8]], literal: tuple[str, bool]) -> list[NDArray[np.uint8]]:
        return [bits & known.of(*literal) for bits, known in zip(left, self.reachable, strict=True)]


def _all(known: ReachableAtoms, literals: Iterable[tuple[str, bool]]) -> NDArray[np.uint8]:
    bits = known.tail
    for literal in literals:
        bits = bits & known.of(*literal)
    return bits


def _count(bits: NDArray[np.uint8]) -> int:
    """Return how many bits are set; a sum of bytes would not do."""
    return int(_ONES[bits].sum())


_ONES = np.array([value.bit_count() for value in range(256)], np.uint8).astype(np.int64)


class _StepSearch:
    """Looks for a step that leads from a state in which all that is required holds to one in which some does not."""

    def __init__(self, model: DeviceModel, known: Iterable[Bool]) -> None:
        self._model = model
        self._question = Question(model, 2)
        for invariant in known:
            self._question.require(self._question.term(invariant))
            self._question.require(self._question.term(invariant, 1))
        self._question.require_step()
        self._solver = z3.SolverFor("QF_BV")
        self._broken: list[str] = []
        self.is_decided = True

    def require(self, term: Bool) -> None:
        """Require one more fact."""
        self._question.require(self._question.term(term))
        name = self._question.declare_fact(f"breaks.{len(self._broken)}")
        self._question.require(f"(=> {name} (not {self._question.term(term, 1)}))")
        self._broken.append(name)

    def state_before_a_break(self) -> State | None:
        """Return the state before such a step; None where there is none, or z3 does not know."""
        some = self._question.declare_fact(f"some_break.{len(self._broken)}")
        self._question.require(f"(=> {some} {any_text(self._broken)})")
        self._solver.from_string(self._question.new_text())
        answer = self._solver.check(z3.Bool(some))
        if answer != z3.sat:
            self.is_decided = answer == z3.unsat
            return None
        return state_in_solution(self._model, self._solver.model(), 0)
