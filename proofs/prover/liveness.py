"""C9, a liveness claim, decided for one scope: a ranking function proves it, a trace to a deadlock refutes it.

A deadlock here is a state from which no upgrade can be completed. The ranking function (ranking.py) serves any number
of slots. Deadlocks are searched for with few slots (dead_ends.py); a trace to one is replayed with more slots too, and
counts if no upgrade can be completed from its end there. With few slots, a proof and the search have to agree.
"""

import time
from dataclasses import replace
from functools import lru_cache

from ...model.claims.claims import claim as claim_with_id
from ...model.device.records import Numbers
from ...model.device.state import Scope
from ...model.terms.terms import Bool, fact
from ..smt.verification_condition import Condition, Solver
from .counterexamples import trace_condition
from .dead_ends import GHOSTS, RECOVERY, Recovery, leads_to_deadlock, recover
from .decision import Decision, Effort, ProofVerdict, answers_of
from .houdini import Inductive
from .proof_reuse import ProofReuse, exact_model
from .ranking import HIGHEST, ranking_condition
from .searched_proof import confirmed_search
from .turns_ranking import TURNS_HIGHEST

SEARCHED_SLOTS = 2
"""Slots of the biggest scope in which deadlocks are searched for also where the ranking function serves."""
RECOVERY_SLOTS = 3
"""Slots of the biggest scope in which they are searched for where it does not."""


def decide_recovery(scope: Scope, inductive: Inductive, reuse: ProofReuse, effort: Effort) -> Decision:
    """Return what is found of C9, given invariants of the scope."""
    started = time.perf_counter()
    # Where the last slot count had a deadlock, this one mostly has it, too.
    decision = _refuted(scope, _searched(scope), inductive, effort) if reuse.has_deadlock else None
    if decision is None or decision.verdict is not ProofVerdict.REFUTED:
        decision = _proved_or_refuted(scope, inductive, effort)
    reuse.has_deadlock = decision.verdict is ProofVerdict.REFUTED
    return replace(decision, seconds=time.perf_counter() - started)


def _proved_or_refuted(scope: Scope, inductive: Inductive, effort: Effort) -> Decision:
    condition = _ranking(inductive.scope, tuple(inductive.invariants.values()))
    if inductive.invariants and condition.is_met(Solver.Z3):
        is_searched = effort.searches and scope.slots <= SEARCHED_SLOTS
        return _proved(inductive, condition, effort, _searched(scope) if is_searched else None)
    return _refuted(scope, _searched(scope), inductive, effort)


def _proved(inductive: Inductive, condition: Condition, effort: Effort, found: Recovery | None) -> Decision:
    conditions = (*inductive.conditions, condition)
    answers = answers_of(conditions, effort)
    is_agreed = set(answers.values()) == {"unsat"} and (found is None or found.trace is None)
    highest = TURNS_HIGHEST if inductive.scope.is_by_turns else HIGHEST
    method = f"ranking function, at most {highest} steps, {len(inductive.invariants)} auxiliary invariants"
    return Decision(
        claim_with_id(RECOVERY),
        ProofVerdict.PROVED if is_agreed else ProofVerdict.UNKNOWN,
        method if is_agreed else f"{method}; not confirmed by every solver and the search",
        depth=1,
        answers=answers,
        invariants=tuple(inductive.invariants),
        conditions=conditions,
    )


def _refuted(scope: Scope, found: Recovery, inductive: Inductive, effort: Effort) -> Decision:
    """Return what is found where the ranking function fails: a trace to a deadlock, or how far was searched."""
    claim = claim_with_id(RECOVERY)
    if not found.is_complete:
        return Decision(claim, ProofVerdict.UNKNOWN, f"the search is not complete: {found.limit}")
    is_whole = found.scope.slots == scope.slots
    method = f"search of all {found.states:,} states" + ("" if is_whole else f" with {found.scope.slots} slots")
    if found.trace is None and is_whole:
        return confirmed_search(scope, claim, f"{method}: no deadlock", inductive, effort)
    if found.trace is None:
        return Decision(claim, ProofVerdict.BOUNDED, f"{method}: no deadlock")
    if not (is_whole or leads_to_deadlock(scope, found.trace.actions)):
        return Decision(claim, ProofVerdict.BOUNDED, f"{method}: a deadlock")
    actions = found.trace.actions
    condition = trace_condition(exact_model(scope), actions, fact(False), f"{RECOVERY}_refuted")
    answers = answers_of([condition], effort)
    is_agreed = set(answers.values()) == {"sat"}
    return Decision(
        claim,
        ProofVerdict.REFUTED if is_agreed else ProofVerdict.UNKNOWN,
        f"{method}, 32-bit numbers confirmed" if is_agreed else f"{method}, not confirmed by every solver",
        depth=len(actions),
        is_shortest=is_whole,
        actions=actions,
        answers=answers,
        conditions=(condition,),
    )


@lru_cache(maxsize=2)
def _ranking(scope: Scope, invariants: tuple[Bool, ...]) -> Condition:
    """Return the question of ranking.py, which slot counts of one induction share."""
    return ranking_condition(exact_model(scope), invariants)


def _searched(scope: Scope) -> Recovery:
    """Return what a search for deadlocks comes to, with as many slots or fewer."""
    slots = min(scope.slots, RECOVERY_SLOTS)
    return _recovery(replace(scope, slots=slots, ghosts=GHOSTS, numbers=Numbers.RANKED))


@lru_cache(maxsize=4)
def _recovery(scope: Scope) -> Recovery:
    return recover(scope)
