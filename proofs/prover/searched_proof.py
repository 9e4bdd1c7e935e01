"""A claim that a search of all states proves, and the questions that let the search speak of 32-bit numbers.

The search goes through the model with ranked numbers. That it tells all that 32-bit numbers tell is asked of every
action, of the start and of the claim (ranking_quotient.py), from states of which an induction has proved what is
assumed. That the boot choice is what the boot actions do is asked as of any other proof.
"""

from collections.abc import Iterable
from dataclasses import replace
from functools import lru_cache

from ...model.claims.claims import Claim
from ...model.claims.state_claims import DeviceClaim
from ...model.device.state import Ghost, Scope
from ..refinement.ranking_quotient import RankingQuotient, quotient
from ..smt.verification_condition import Condition
from .decision import Decision, Effort, ProofVerdict, answers_of
from .houdini import Inductive

METHOD = "search of all reachable states, with ranked numbers; not inductive"


def decide_searched(scope: Scope, claim: DeviceClaim, inductive: Inductive, effort: Effort) -> Decision:
    """Return what is found of a claim that a search of all reachable states has not refuted."""
    proved = frozenset(inductive.invariants)
    of_claim = (_quotient(scope, proved).claim_condition(claim),)
    return confirmed_search(scope, claim.claim, METHOD, inductive, effort, of_claim)


def confirmed_search(
    scope: Scope, claim: Claim, method: str, inductive: Inductive, effort: Effort, of_claim: Iterable[Condition] = ()
) -> Decision:
    """Return that a search of all states proves a claim, if every solver confirms what it rests on."""
    conditions = (*inductive.conditions, *_of_steps(scope, frozenset(inductive.invariants)), *of_claim)
    unmet = [c.name for c in conditions if not all(c.is_met(solver) for solver in effort.solvers)]
    return Decision(
        claim,
        ProofVerdict.UNKNOWN if unmet else ProofVerdict.PROVED,
        f"{method}; not confirmed by every solver: {unmet[0]}" if unmet else method,
        answers=answers_of((condition for condition in conditions if condition.needs == "unsat"), effort),
        conditions=conditions,
        is_searched=True,
    )


@lru_cache(maxsize=1)
def _of_steps(scope: Scope, proved: frozenset[str]) -> tuple[Condition, ...]:
    """Return the questions of a scope that speak of no claim; the same objects each time, so each is asked once."""
    return tuple(_quotient(scope, proved).step_conditions())


def _quotient(scope: Scope, proved: frozenset[str]) -> RankingQuotient:
    return replace(quotient(replace(scope, ghosts=frozenset(Ghost))), proved=proved)
