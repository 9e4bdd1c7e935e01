"""C9 decided for one world: a distance that some step always lowers proves it, a way into a dead end refutes it.

The distance (ranking.py) is for any number of slots. Dead ends are searched for in the graph of a small world
(dead_ends.py); a way into one is gone in a bigger world too, and counts if no upgrade can be completed from its end
there. In a small world that is proved the search has to agree.
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
from .dead_ends import GHOSTS, RECOVERY, Recovery, leads_to_dead_end, recover
from .decision import Decision, Effort, ProofVerdict, answers_of
from .houdini import Inductive
from .proof_reuse import ProofReuse, exact_model
from .ranking import FARTHEST, progress_condition

RECOVERY_SLOTS = 2
"""Slots of the biggest world in which dead ends are searched for."""


def decide_recovery(scope: Scope, inductive: Inductive, reuse: ProofReuse, effort: Effort) -> Decision:
    """Return what is found of C9, given what holds in every state."""
    started = time.perf_counter()
    # Where the last world had a dead end, this one mostly has it, too.
    decision = _refuted(scope, _searched(scope), effort) if reuse.has_dead_end else None
    if decision is None or decision.verdict is not ProofVerdict.REFUTED:
        decision = _proved_or_refuted(scope, inductive, effort)
    reuse.has_dead_end = decision.verdict is ProofVerdict.REFUTED
    return replace(decision, seconds=time.perf_counter() - started)


def _proved_or_refuted(scope: Scope, inductive: Inductive, effort: Effort) -> Decision:
    condition = _progress(inductive.scope, tuple(inductive.facts.values()))
    if inductive.facts and condition.is_met(Solver.Z3):
        is_searched = effort.searches and scope.slots <= RECOVERY_SLOTS
        return _proved(inductive, condition, effort, _searched(scope) if is_searched else None)
    return _refuted(scope, _searched(scope), effort)


def _proved(inductive: Inductive, condition: Condition, effort: Effort, found: Recovery | None) -> Decision:
    conditions = (*inductive.conditions, condition)
    answers = answers_of(conditions, effort)
    is_agreed = set(answers.values()) == {"unsat"} and (found is None or found.trace is None)
    method = f"distance that some step always lowers, at most {FARTHEST}, with {len(inductive.facts)} facts"
    return Decision(
        claim_with_id(RECOVERY),
        ProofVerdict.PROVED if is_agreed else ProofVerdict.UNKNOWN,
        method if is_agreed else f"{method}; a solver or the search does not confirm it",
        depth=1,
        answers=answers,
        facts=tuple(inductive.facts),
        conditions=conditions,
    )


def _refuted(scope: Scope, found: Recovery, effort: Effort) -> Decision:
    """Return what is found where no distance was: a way into a dead end, or how far was looked."""
    claim = claim_with_id(RECOVERY)
    if not found.is_complete:
        return Decision(claim, ProofVerdict.UNKNOWN, f"the search is not complete: {found.limit}")
    is_whole = found.scope.slots == scope.slots
    method = f"search of all {found.states:,} states" + ("" if is_whole else f" with {found.scope.slots} slots")
    if found.trace is None:
        verdict = ProofVerdict.PROVED if is_whole else ProofVerdict.BOUNDED
        return Decision(claim, verdict, f"{method}: no dead end")
    if not (is_whole or leads_to_dead_end(scope, found.trace.actions)):
        return Decision(claim, ProofVerdict.BOUNDED, f"{method}: a dead end")
    actions = found.trace.actions
    condition = trace_condition(exact_model(scope), actions, fact(False), f"{RECOVERY}_refuted")
    answers = answers_of([condition], effort)
    is_agreed = set(answers.values()) == {"sat"}
    return Decision(
        claim,
        ProofVerdict.REFUTED if is_agreed else ProofVerdict.UNKNOWN,
        f"{method}, 32-bit numbers confirmed" if is_agreed else f"{method}, and a solver does not confirm it",
        depth=len(actions),
        is_shortest=is_whole,
        actions=actions,
        answers=answers,
        conditions=(condition,),
    )


@lru_cache(maxsize=2)
def _progress(scope: Scope, facts: tuple[Bool, ...]) -> Condition:
    """Return the question of ranking.py, which worlds of one induction share."""
    return progress_condition(exact_model(scope), facts)


def _searched(scope: Scope) -> Recovery:
    """Return what a search for dead ends comes to, in this world or in a smaller one."""
    slots = min(scope.slots, RECOVERY_SLOTS)
    return _recovery(replace(scope, slots=slots, ghosts=GHOSTS, numbers=Numbers.RANKED))


@lru_cache(maxsize=4)
def _recovery(scope: Scope) -> Recovery:
    return recover(scope)
