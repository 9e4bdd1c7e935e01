"""Proof reuse: invariants and counterexamples carried across slot counts, from few slots to many.

What is inductive with some slots mostly is with any more of them. So where many slot counts are asked for, the
invariants of one are tried for all that follow at once: the number of slots is an open constant, and one induction
proves a claim for all of them. With an even number the sector of a record tells whether its slot is even; where that
is needed, the even numbers are proved by themselves.

A proof mostly needs only the ghost variables (history variables) that its claims read. Others are left out of the model
by cone-of-influence reduction, which makes the questions smaller. Both are guesses; the solvers decide.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from ...model.claims.model_digest import model_digest
from ...model.claims.state_claims import DEVICE_CLAIMS, DeviceClaim
from ...model.device.model import DeviceModel, device_model
from ...model.device.records import Numbers
from ...model.device.state import Ghost, Scope
from ...model.terms.terms import Bool, fields_of
from ..explicit.explorer import claims_of
from ..invariants.invariant_catalogue import invariants_of
from ..invariants.record_invariants import COUNT_INVARIANTS
from .counterexamples import Counterexample
from .found_invariants import found_before
from .houdini import Inductive, confirmed_invariants, inductive_invariants

OF_IMAGES = frozenset({Ghost.FINISHED, Ghost.EARNED})
"""Ghost variables about images, on which invariants about other things rest."""
FEWEST = 3
"""Number of slots from which on scopes are alike; with two, each slot is the one after the other."""


@dataclass
class ProofReuse:
    """What is known of a configuration so far."""

    most_slots: int = 0
    """The greatest slot count that will be asked for; 0 where there is but one."""
    counterexamples: list[Counterexample] = field(default_factory=list)
    has_searched_few_slots: bool = False
    """The counterexamples with few slots are known."""
    open_claims: set[str] = field(default_factory=set)
    """Claims for which, with some slot count, neither an induction nor a counterexample was found."""
    has_deadlock: bool = False
    """With the last slot count there was a state from which no upgrade can be completed."""
    proofs: list[Inductive] = field(default_factory=list)
    """Each for several slot counts, the latest last."""

    @property
    def is_single(self) -> bool:
        """There is but one slot count."""
        return self.most_slots == 0

    def proofs_for(self, scope: Scope, claims: Sequence[DeviceClaim]) -> Iterator[Inductive]:
        """Yield invariants of a scope that come from fewer slots, the latest first; made now where none are known."""
        if not self.is_single:
            yield from (proof for proof in reversed(self.proofs) if scope.slots in proof.scope.counts)
            return
        for slots in (FEWEST, FEWEST + 1):
            if slots < scope.slots and (slots - scope.slots) % _step(slots) == 0:
                yield restated(induct(replace(scope, slots=slots), claims), claims, scope.slots)

    def generalised(self, inductive: Inductive, claims: Sequence[DeviceClaim]) -> Inductive:
        """Note what also holds with more slots; return that if it proves the same claims, else what was given."""
        slots = inductive.scope.slots
        if not FEWEST <= slots < self.most_slots:
            return inductive
        counts = tuple(range(slots, self.most_slots + 1, _step(slots)))
        proof = restated(inductive, claims, max(counts), counts)
        self.proofs.append(proof)
        ids = {claim.claim.id for claim in claims}
        return proof if ids & set(inductive.invariants) <= set(proof.invariants) else inductive


def exact_model(scope: Scope, ghosts: frozenset[Ghost] = frozenset(Ghost)) -> DeviceModel:
    """Return the model of a scope with these ghost variables, and 32-bit numbers."""
    return device_model(replace(scope, ghosts=ghosts, numbers=Numbers.EXACT))


def candidate_invariants(model: DeviceModel, claims: Iterable[DeviceClaim]) -> dict[str, Bool]:
    """Return the claims and the stated invariants, by name.

    All claims of the scope are among them, as one may rest on others: so it is decided alike alone and beside them."""
    found = {claim.claim.id: claim.kept_in(model) for claim in (*claims_of(model.scope), *claims)}
    return found | {item.name: item.is_kept(model.scope, model.device) for item in invariants_of(model.scope)}


def induct(scope: Scope, claims: Iterable[DeviceClaim]) -> Inductive:
    """Return the inductive invariants of a scope, claims among them: those found before, where they are confirmed.

    A claim of the user's own is put beside those that were found before."""
    model, claims = exact_model(scope), tuple(claims)
    found = _found_before(model)
    if found is None:
        return inductive_invariants(model, candidate_invariants(model, claims))
    own = {claim.claim.id: claim.kept_in(model) for claim in claims if claim not in DEVICE_CLAIMS}
    return inductive_invariants(model, {**found.invariants, **own}, found.core) if own else found


def all_candidates(scope: Scope) -> tuple[str, dict[str, Bool]]:
    """Return all candidates of a scope, and the digest by which those that hold are kept: of model, claims and those
    that are not true or false of every state by themselves."""
    model = exact_model(scope)
    candidates = candidate_invariants(model, claims_of(scope))
    open_ones = {name: term for name, term in candidates.items() if term.value is None}
    return model_digest(scope, open_ones), candidates


def _found_before(model: DeviceModel) -> Inductive | None:
    digest, candidates = all_candidates(model.scope)
    earlier = found_before(digest)
    if earlier is None:
        return None
    found = {name: term for name, term in candidates.items() if name in earlier.names}
    return confirmed_invariants(model, found, earlier.core)


def restated(
    inductive: Inductive, claims: Sequence[DeviceClaim], slots: int, counts: tuple[int, ...] = ()
) -> Inductive:
    """Return which invariants hold with so many slots, or with each of these numbers of them.

    Ghost variables that the claims do not need are left out."""
    inductive = _leanest(inductive, claims)
    model = device_model(replace(inductive.scope, slots=slots, counts=counts))
    about_count = {invariant.__name__ for invariant in COUNT_INVARIANTS}
    # An invariant that was trivially true there was not found there, and may be hard to preserve here.
    found = {name for name, invariant in inductive.invariants.items() if invariant.value is None}
    wanted = about_count | found | ({claim.claim.id for claim in claims} & set(inductive.invariants))
    candidates = {name: term for name, term in candidate_invariants(model, claims).items() if name in wanted}
    return inductive_invariants(model, candidates, inductive.core | about_count)


def _leanest(inductive: Inductive, claims: Sequence[DeviceClaim]) -> Inductive:
    """Return an induction that proves the same claims, with as few ghost variables as were found to suffice."""
    proved = [claim for claim in claims if claim.claim.id in inductive.invariants]
    ids = {claim.claim.id for claim in proved}
    for ghosts in _fewer_ghosts(proved):
        found = _reduced(inductive, ghosts, proved)
        if ids <= set(found.invariants):
            return found
    return inductive


def _step(slots: int) -> int:
    """Return the distance to the next slot count to which the invariants of this one may apply."""
    return 1 if slots % 2 else 2


def _reduced(inductive: Inductive, ghosts: frozenset[Ghost], claims: Sequence[DeviceClaim]) -> Inductive:
    """Return the invariants that are left in a model with these ghost variables alone, of those that read no others."""
    model = device_model(replace(inductive.scope, ghosts=ghosts))
    fields = {field.name for field in model.fields}
    readable = {name for name, invariant in inductive.invariants.items() if fields_of(invariant) <= fields}
    candidates = {n: term for n, term in candidate_invariants(model, claims).items() if n in readable}
    return inductive_invariants(model, candidates)


def _fewer_ghosts(claims: Iterable[DeviceClaim]) -> Iterator[frozenset[Ghost]]:
    read = frozenset(ghost for claim in claims for ghost in claim.ghosts)
    for ghosts in (read, read | OF_IMAGES):
        if ghosts < frozenset(Ghost):
            yield ghosts
