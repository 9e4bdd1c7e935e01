"""Every claim decided for one scope, each verdict by two routes, with what the verdict rests on.

proved: the claim is one of a set of invariants that hold at the start and that every step preserves, or follows from
them by k-induction; for histories of any length, with 32-bit numbers. z3 found the invariants; z3 and bitwuzla each
confirm the written questions.
refuted: a trace to a state that breaks the claim, replayed in Python and confirmed by both solvers with 32-bit numbers.
bounded: nothing breaks the claim as far as was searched; the method says how far. unknown: anything else, above all a
disagreement.

A scope with few slots is searched as well, and has to agree. With many slots, a trace that was found with fewer is
replayed in Python with 32-bit numbers; both solvers confirm it with few. What is open with few slots stays open with
more, unless an induction or a trace of few slots decides it. C9 asks for a way on from every state: a ranking function
proves it (ranking.py), a trace to a deadlock refutes it (dead_ends.py). C12 bounds how fast numbers grow
(sequence_growth.py). Claims ask for the boot choice as a function of the device: that it is what the boot actions do is
one more question of each proof (boot_choice_smt.py).
"""

import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from ...model.claims.claims import CLAIMS
from ...model.claims.state_claims import DeviceClaim
from ...model.device.model import device_model
from ...model.device.records import Numbers
from ...model.device.state import Scope
from ..explicit.explorer import MEMORY, claims_of
from ..explicit.vacuity import depth_of_premise, has_premise
from ..refinement.boot_choice_smt import boot_condition, premises_of
from .bmc import shortest_break
from .counterexamples import (
    SMALL,
    SMALL_MEMORY,
    Counterexample,
    CounterexampleSearch,
    breaks,
    carried_over,
    confirmation,
    counterexamples_with_few_slots,
    find_counterexamples,
    is_exact,
)
from .dead_ends import RECOVERY
from .decision import Decision, Effort, ProofVerdict, answers_of
from .houdini import Inductive, k_induction
from .liveness import decide_recovery
from .proof_reuse import FEWEST, ProofReuse, exact_model, induct
from .searched_proof import decide_searched
from .sequence_growth import GROWTH, decide_growth

DEEPEST = 2
"""The greatest k that is tried for a claim that is not inductive by itself."""
NO_SEARCH = CounterexampleSearch({}, frozenset())
SEARCHED_SLOTS = 2
"""Slots of the biggest scope that is searched to its end also where induction has proved everything."""
COMPLETELY_SEARCHED_SLOTS = 3
"""Slots of the biggest scope that is searched to its end for what is neither inductive nor refuted."""
FEW_STATES_MEMORY = 14 << 20
"""Bytes for a search for what was open with fewer slots, too: some 20,000 states."""


@dataclass(frozen=True, slots=True)
class _ProofEvidence:
    """What is known of the claims of a scope."""

    inductive: Inductive
    counterexamples: dict[str, Counterexample]
    """By id of the claims that are not inductive."""
    search: CounterexampleSearch
    """For the claims that are neither proved nor refuted."""
    stuck: frozenset[str] = frozenset()
    """Claims that were open with fewer slots, too: no new induction was tried."""


def decide(
    scope: Scope,
    claim_ids: Collection[str] | None = None,
    reuse: ProofReuse | None = None,
    effort: Effort | None = None,
    own: Sequence[DeviceClaim] = (),
) -> tuple[Decision, ...]:
    """Return what is found of each claim, in the order of the claims; of all that apply unless some are named.

    own: claims of the user's own, decided too, after the others."""
    reuse, effort = reuse or ProofReuse(), effort or Effort()
    applying = claims_of(scope)
    wanted = [*(c for c in applying if claim_ids is None or c.claim.id in claim_ids), *own]
    is_recovery_wanted = claim_ids is None or RECOVERY in claim_ids
    found: list[Decision] = []
    if wanted or is_recovery_wanted:
        found, inductive = _decide_states(scope, wanted or applying, reuse, effort)
        found = found if wanted else []
        if is_recovery_wanted:
            found.append(decide_recovery(scope, inductive, reuse, effort))
    if claim_ids is None or GROWTH in claim_ids:
        found.append(decide_growth(scope, effort, reuse.most_slots))
    place = {claim.id: number for number, claim in enumerate((*CLAIMS, *(item.claim for item in own)))}
    return tuple(sorted(found, key=lambda decision: place[decision.claim.id]))


def _decide_states(
    scope: Scope, claims: Sequence[DeviceClaim], reuse: ProofReuse, effort: Effort
) -> tuple[list[Decision], Inductive]:
    started = time.perf_counter()
    is_searched = effort.searches and scope.slots <= SEARCHED_SLOTS
    searched = find_counterexamples(scope, claims, MEMORY) if is_searched else NO_SEARCH
    reuse.counterexamples += searched.found.values()
    evidence = _evidence(scope, claims, reuse, searched)
    inductive = _with_boot_choice(scope, evidence.inductive) if effort.asks_boot_choice else evidence.inductive
    last = replace(evidence.search, complete=evidence.search.complete | searched.complete)
    answers = answers_of(inductive.conditions, effort)
    shared = time.perf_counter() - started
    decisions = []
    for claim in claims:
        begun = time.perf_counter()
        id_ = claim.claim.id
        counterexample = searched.found.get(id_) or evidence.counterexamples.get(id_)
        if id_ in inductive.invariants:
            decision = _proved(claim, inductive, answers, counterexample is not None)
        elif counterexample is not None:
            decision = _refuted(scope, claim, counterexample, effort)
        else:
            decision = _open(scope, claim, inductive, effort, last, deepest=1 if id_ in evidence.stuck else DEEPEST)
        if effort.checks_vacuity and decision.verdict is ProofVerdict.PROVED and has_premise(claim):
            decision = _with_premise(scope, claim, decision)
        spent = shared / len(claims) + time.perf_counter() - begun
        decisions.append(replace(decision, seconds=spent))
    return decisions, inductive


def _with_boot_choice(scope: Scope, inductive: Inductive) -> Inductive:
    """Return the induction with one more question: whether the boot choice is what the boot actions do.

    Claims speak of the boot choice; what is known of the state before a boot is what the induction has proved."""
    model = exact_model(scope, frozenset())
    proved = (term for name, term in premises_of(model).items() if name in inductive.invariants)
    return replace(inductive, conditions=(*inductive.conditions, boot_condition(model, proved)))


def _evidence(
    scope: Scope, claims: Sequence[DeviceClaim], reuse: ProofReuse, searched: CounterexampleSearch
) -> _ProofEvidence:
    """Return what is inductive, what refutes the rest, and a search for what is neither.

    What is known from scopes with fewer slots is tried first. searched: what is known from a search of this scope."""
    for proof in reuse.proofs_for(scope, claims):
        known = _counterexamples if reuse.is_single else _known_counterexamples
        found = known(scope, claims, proof, reuse)
        rest = _undecided(claims, proof, found)
        if not rest:
            return _ProofEvidence(proof, found, NO_SEARCH)
        stuck = frozenset(claim.claim.id for claim in rest)
        if scope.slots > FEWEST + 1 and stuck <= reuse.open_claims:
            return _ProofEvidence(proof, found, find_counterexamples(scope, rest, FEW_STATES_MEMORY), stuck)
    inductive = reuse.generalised(induct(scope, claims), claims)
    found = _counterexamples(scope, claims, inductive, reuse)
    rest = _undecided(claims, inductive, found)
    if not rest or searched.states:
        return _ProofEvidence(inductive, found, searched)
    memory = MEMORY if scope.slots <= COMPLETELY_SEARCHED_SLOTS else SMALL_MEMORY
    search = find_counterexamples(scope, rest, memory)
    reuse.counterexamples += search.found.values()
    reuse.open_claims |= {claim.claim.id for claim in rest} - search.found.keys()
    return _ProofEvidence(inductive, found | search.found, search)


def _undecided(
    claims: Sequence[DeviceClaim], inductive: Inductive, found: dict[str, Counterexample]
) -> list[DeviceClaim]:
    return [claim for claim in claims if claim.claim.id not in inductive.invariants and claim.claim.id not in found]


def _counterexamples(
    scope: Scope, claims: Sequence[DeviceClaim], inductive: Inductive, reuse: ProofReuse
) -> dict[str, Counterexample]:
    """Return what refutes the claims that are not inductive: known traces, else those of scopes with few slots."""
    found = _known_counterexamples(scope, claims, inductive, reuse)
    rest = _undecided(claims, inductive, found)
    if rest and reuse.is_single and scope.slots > max(SMALL) and not reuse.has_searched_few_slots:
        reuse.counterexamples += counterexamples_with_few_slots(scope, rest)
        reuse.has_searched_few_slots = True
        found |= _known_counterexamples(scope, rest, inductive, reuse)
    return found


def _known_counterexamples(
    scope: Scope, claims: Sequence[DeviceClaim], inductive: Inductive, reuse: ProofReuse
) -> dict[str, Counterexample]:
    rest = [claim for claim in claims if claim.claim.id not in inductive.invariants]
    found = {claim.claim.id: carried_over(scope, claim, reuse.counterexamples) for claim in rest}
    return {id_: counterexample for id_, counterexample in found.items() if counterexample is not None}


def _with_premise(scope: Scope, claim: DeviceClaim, proved: Decision) -> Decision:
    """Return a proof with the steps to a state in which the premise holds, or that the claim may be vacuous."""
    depth = depth_of_premise(scope, claim)
    if depth is not None:
        return replace(proved, premise_depth=depth)
    method = f"{proved.method}; possibly vacuous: the premise was never reached"
    return replace(proved, method=method, is_possibly_vacuous=True)


def _proved(claim: DeviceClaim, inductive: Inductive, answers: dict[str, str], is_broken: bool) -> Decision:
    is_agreed = not is_broken and set(answers.values()) == {"unsat"}
    names = tuple(name for name in inductive.invariants if name != claim.claim.id)
    method = f"k-induction (k = 1), {len(names)} auxiliary invariants{_counts_text(inductive.scope)}"
    if is_broken:
        method = "contradiction: k-induction (k = 1) proves it, and explicit search refutes it"
    elif not is_agreed:
        method = "k-induction (k = 1), not confirmed by every solver"
    return Decision(
        claim.claim,
        ProofVerdict.PROVED if is_agreed else ProofVerdict.UNKNOWN,
        method,
        depth=1,
        answers=answers,
        invariants=names,
        conditions=inductive.conditions,
    )


def _counts_text(scope: Scope) -> str:
    """Return in words for which numbers of slots the proof holds; nothing where it is for one."""
    if len(scope.counts) < 2:
        return ""
    counts, kind = scope.counts, " even" if scope.counts[1] - scope.counts[0] == 2 else ""
    return f", for every{kind} number of slots from {counts[0]} to {counts[-1]}"


def _refuted(scope: Scope, claim: DeviceClaim, counterexample: Counterexample, effort: Effort) -> Decision:
    actions, is_shortest = counterexample.actions, counterexample.is_shortest
    carried = f"counterexample carried over from {counterexample.slots} slots"
    method = "breadth-first search" if is_shortest else carried
    if not effort.solves_traces and is_exact(actions):
        is_replayed = breaks(scope, claim, actions)
        return Decision(
            claim.claim,
            ProofVerdict.REFUTED if is_replayed else ProofVerdict.UNKNOWN,
            f"{method}, {'' if is_replayed else 'not '}replayed with 32-bit numbers",
            depth=len(actions),
            is_shortest=is_shortest,
            actions=actions,
        )
    condition = confirmation(scope, claim, actions)
    answers = answers_of([condition], effort)
    is_agreed = set(answers.values()) == {"sat"}
    method += ", 32-bit numbers confirmed" if is_agreed else ", not confirmed by every solver"
    if is_agreed and effort.bmc_seconds:
        exact = device_model(replace(scope, ghosts=claim.ghosts, numbers=Numbers.EXACT))
        bounded = shortest_break(exact, claim.kept_in(exact), len(actions), effort.bmc_seconds)
        is_agreed = not bounded.is_broken or bounded.depth == len(actions) or not is_shortest
        method += f"; bounded model checking: none shorter than {bounded.depth + (not bounded.is_broken)}"
    return Decision(
        claim.claim,
        ProofVerdict.REFUTED if is_agreed else ProofVerdict.UNKNOWN,
        method,
        depth=len(actions),
        is_shortest=is_shortest,
        actions=actions,
        answers=answers,
        conditions=(condition,),
    )


def _open(
    scope: Scope, claim: DeviceClaim, inductive: Inductive, effort: Effort, found: CounterexampleSearch, deepest: int
) -> Decision:
    """Return what is found of a claim that is not inductive, and for which no counterexample is known.

    deepest: the greatest k of the k-induction."""
    if claim.claim.id in found.complete:
        return decide_searched(scope, claim, inductive, effort)
    model = exact_model(inductive.scope)
    kept = claim.kept_in(model)
    for k in range(2, deepest + 1):
        conditions = k_induction(model, inductive.invariants.values(), kept, claim.claim.id, k)
        if conditions is not None:
            answers = answers_of([*inductive.conditions, *conditions], effort)
            is_agreed = set(answers.values()) == {"unsat"}
            return Decision(
                claim.claim,
                ProofVerdict.PROVED if is_agreed else ProofVerdict.UNKNOWN,
                f"k-induction (k = {k}), {len(inductive.invariants)} auxiliary invariants",
                depth=k,
                answers=answers,
                invariants=tuple(inductive.invariants),
                conditions=(*inductive.conditions, *conditions),
            )
    method = f"holds in all histories of up to {found.depth} steps, {found.states:,} states; not inductive"
    return Decision(claim.claim, ProofVerdict.BOUNDED, method, depth=found.depth)
