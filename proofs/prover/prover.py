"""Every claim decided for one world, each verdict by two routes, with what the verdict rests on.

proved: the claim is among facts that hold at the start and that every step keeps, or follows from them over a few
steps; histories of any length, 32-bit numbers. z3 found them, and z3 and bitwuzla each confirm the written questions.
refuted: a way to a state that breaks the claim, walked in Python, and confirmed by both solvers with 32-bit numbers.
bounded: nothing broken as far as was looked, which is said. unknown: anything else, a disagreement above all.

A world small enough is searched as well, and has to agree. C9 asks for a way on from every state: it is proved by a
distance that some step always lowers (ranking.py), and refuted by a way into a dead end (dead_ends.py). C12 asks how
fast numbers grow (sequence_growth.py).
"""

import time
from collections.abc import Collection, Sequence
from dataclasses import replace

from ...model.claims.claims import claim as claim_with_id
from ...model.claims.state_claims import DeviceClaim
from ...model.device.model import device_model
from ...model.device.records import Numbers
from ...model.device.state import Scope
from ..explicit.explorer import claims_of
from ..explicit.vacuity import premise_depth
from .bmc import shortest_break
from .counterexamples import (
    SMALL,
    Counterexample,
    CounterexampleSearch,
    carried,
    confirmation,
    counterexamples_with_few_slots,
    search,
)
from .dead_ends import RECOVERY
from .decision import Decision, Effort, ProofVerdict, answers_of
from .houdini import Inductive, deeper
from .liveness import decide_recovery
from .proof_reuse import ProofReuse, exact_model, induct
from .sequence_growth import GROWTH, growth_condition, growth_detail

DEEPEST = 2
"""Steps over which a claim is tried that is not inductive by itself."""
NO_SEARCH = CounterexampleSearch({}, frozenset())
SEARCHED_SLOTS = 2
"""Slots of the biggest world that is searched also where induction has proved all."""


def decide(
    scope: Scope,
    claim_ids: Collection[str] | None = None,
    reuse: ProofReuse | None = None,
    effort: Effort | None = None,
) -> tuple[Decision, ...]:
    """Return what is found of each claim, in the order of the claims; all that apply unless some are named."""
    reuse, effort = reuse or ProofReuse(), effort or Effort()
    applying = claims_of(scope)
    asked = [c for c in applying if claim_ids is None or c.claim.id in claim_ids]
    is_recovery_asked = claim_ids is None or RECOVERY in claim_ids
    found: list[Decision] = []
    if asked or is_recovery_asked:
        found, inductive = _decide_states(scope, asked or applying, reuse, effort)
        found = found if asked else []
        if is_recovery_asked:
            found.append(decide_recovery(scope, inductive, reuse, effort))
    if claim_ids is None or GROWTH in claim_ids:
        found.append(_decide_growth(scope, effort))
    return tuple(sorted(found, key=lambda decision: int(decision.claim.id.removeprefix("C"))))


def _decide_states(
    scope: Scope, asked: Sequence[DeviceClaim], reuse: ProofReuse, effort: Effort
) -> tuple[list[Decision], Inductive]:
    started = time.perf_counter()
    searched = search(scope, asked) if effort.searches and scope.slots <= SEARCHED_SLOTS else NO_SEARCH
    reuse.ways += searched.ways.values()
    inductive, ways, last = _proofs_and_ways(scope, asked, reuse)
    last = replace(last, complete=last.complete | searched.complete)
    answers = answers_of(inductive.conditions, effort)
    shared = time.perf_counter() - started
    decisions = []
    for claim in asked:
        begun = time.perf_counter()
        id_ = claim.claim.id
        way = searched.ways.get(id_) or ways.get(id_)
        if id_ in inductive.facts:
            decision = _proved(scope, claim, inductive, answers, effort, way is not None)
        elif way is not None:
            decision = _refuted(scope, claim, way, effort)
        else:
            decision = _open(claim, inductive, effort, last)
        spent = shared / len(asked) + time.perf_counter() - begun
        decisions.append(replace(decision, seconds=spent))
    return decisions, inductive


def _proofs_and_ways(
    scope: Scope, asked: Sequence[DeviceClaim], reuse: ProofReuse
) -> tuple[Inductive, dict[str, Counterexample], CounterexampleSearch]:
    """Return what is inductive, how the rest is broken, and the search for what is neither.

    What is known from smaller worlds is tried first."""
    for proof in reuse.proofs_for(scope, asked):
        ways = _ways(scope, asked, proof, reuse) if reuse.is_of_one else _carried(scope, asked, proof, reuse)
        if not _undecided(asked, proof, ways):
            return proof, ways, NO_SEARCH
    inductive = reuse.noted(induct(scope, asked), asked)
    ways = _ways(scope, asked, inductive, reuse)
    rest = _undecided(asked, inductive, ways)
    if not rest:
        return inductive, ways, NO_SEARCH
    found = search(scope, rest, is_complete=scope.slots <= SEARCHED_SLOTS)
    reuse.ways += found.ways.values()
    return inductive, ways | found.ways, found


def _undecided(
    asked: Sequence[DeviceClaim], inductive: Inductive, ways: dict[str, Counterexample]
) -> list[DeviceClaim]:
    return [claim for claim in asked if claim.claim.id not in inductive.facts and claim.claim.id not in ways]


def _ways(
    scope: Scope, asked: Sequence[DeviceClaim], inductive: Inductive, reuse: ProofReuse
) -> dict[str, Counterexample]:
    """Return ways that break what is not inductive: those known, and if they do not do, those of small worlds."""
    ways = _carried(scope, asked, inductive, reuse)
    rest = _undecided(asked, inductive, ways)
    if rest and scope.slots > max(SMALL) and not reuse.is_full:
        reuse.ways += counterexamples_with_few_slots(scope, [claim.claim.id for claim in rest])
        reuse.is_full = True
        ways |= _carried(scope, rest, inductive, reuse)
    return ways


def _carried(
    scope: Scope, claims: Sequence[DeviceClaim], inductive: Inductive, reuse: ProofReuse
) -> dict[str, Counterexample]:
    rest = [claim for claim in claims if claim.claim.id not in inductive.facts]
    found = {claim.claim.id: carried(scope, claim, reuse.ways) for claim in rest}
    return {id_: way for id_, way in found.items() if way is not None}


def _proved(
    scope: Scope, claim: DeviceClaim, inductive: Inductive, answers: dict[str, str], effort: Effort, is_broken: bool
) -> Decision:
    is_agreed = not is_broken and set(answers.values()) == {"unsat"}
    names = tuple(name for name in inductive.facts if name != claim.claim.id)
    depth = premise_depth(scope, claim.claim.id) if effort.premises else None
    method = f"induction, k = 1, with {len(names)} facts{_counts_text(inductive.scope)}"
    if is_broken:
        method = "induction proves it, and the search of all states breaks it"
    elif not is_agreed:
        method = "induction, and a solver does not confirm it"
    elif depth is None and effort.premises:
        method += "; no state was met in which it has something to say"
    return Decision(
        claim.claim,
        ProofVerdict.PROVED if is_agreed else ProofVerdict.UNKNOWN,
        method,
        depth=1,
        answers=answers,
        facts=names,
        premise_depth=depth,
        conditions=inductive.conditions,
    )


def _counts_text(scope: Scope) -> str:
    """Return in words which numbers of slots were proved at once."""
    if len(scope.counts) < 2:
        return ""
    counts, kind = scope.counts, " even" if scope.counts[1] - scope.counts[0] == 2 else ""
    return f", for every{kind} number of slots from {counts[0]} to {counts[-1]}"


def _refuted(scope: Scope, claim: DeviceClaim, way: Counterexample, effort: Effort) -> Decision:
    condition = confirmation(scope, claim, way.actions)
    answers = answers_of([condition], effort)
    is_agreed = set(answers.values()) == {"sat"}
    method = "breadth-first search" if way.is_shortest else f"a way found with {way.slots} slots"
    method += ", 32-bit numbers confirmed" if is_agreed else ", and a solver does not confirm it"
    if is_agreed and effort.bmc_seconds:
        exact = device_model(replace(scope, ghosts=claim.ghosts, numbers=Numbers.EXACT))
        bounded = shortest_break(exact, claim.is_kept(exact.scope, exact.device), len(way.actions), effort.bmc_seconds)
        is_agreed = not bounded.is_broken or bounded.depth == len(way.actions) or not way.is_shortest
        method += f"; bounded model checking: none shorter than {bounded.depth + (not bounded.is_broken)}"
    return Decision(
        claim.claim,
        ProofVerdict.REFUTED if is_agreed else ProofVerdict.UNKNOWN,
        method,
        depth=len(way.actions),
        is_shortest=way.is_shortest,
        actions=way.actions,
        answers=answers,
        conditions=(condition,),
    )


def _open(claim: DeviceClaim, inductive: Inductive, effort: Effort, found: CounterexampleSearch) -> Decision:
    """Return what is found of a claim that is not inductive, and that no way is known to break."""
    model = exact_model(inductive.scope)
    fact = claim.is_kept(model.scope, model.device)
    for k in range(2, DEEPEST + 1):
        conditions = deeper(model, inductive.facts.values(), fact, claim.claim.id, k)
        if conditions is not None:
            said = answers_of([*inductive.conditions, *conditions], effort)
            is_agreed = set(said.values()) == {"unsat"}
            return Decision(
                claim.claim,
                ProofVerdict.PROVED if is_agreed else ProofVerdict.UNKNOWN,
                f"induction, k = {k}, with {len(inductive.facts)} facts",
                depth=k,
                answers=said,
                facts=tuple(inductive.facts),
                conditions=(*inductive.conditions, *conditions),
            )
    if claim.claim.id in found.complete:
        return Decision(
            claim.claim, ProofVerdict.BOUNDED, "no state of a complete search breaks it; no induction found"
        )
    method = f"no history of up to {found.depth} steps breaks it, {found.states:,} states; no induction found"
    return Decision(claim.claim, ProofVerdict.BOUNDED, method, depth=found.depth)


def _decide_growth(scope: Scope, effort: Effort) -> Decision:
    started = time.perf_counter()
    condition = growth_condition(scope)
    answers = answers_of([condition], effort)
    is_agreed = set(answers.values()) == {"unsat"}
    return Decision(
        claim_with_id(GROWTH),
        ProofVerdict.PROVED if is_agreed else ProofVerdict.UNKNOWN,
        growth_detail(scope),
        answers=answers,
        conditions=(condition,),
        seconds=time.perf_counter() - started,
    )
