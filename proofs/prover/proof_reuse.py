"""What worlds of one configuration teach each other, from few slots to many: facts that hold, and ways that broke.

What is inductive with some slots mostly is with any more of them. So where many worlds are asked for, the facts of one
are asked of all that come after it at once: the number of slots is a constant that is left open, and one induction
proves a claim for all of them. With an even number the sector of a record tells whether its slot is even; where that
is needed, the even numbers are asked by themselves.

A claim that is kept mostly rests on no ghost but its own: what nothing kept reads is left out of the model, which makes
the questions smaller. Both are guesses; the solvers decide.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from ...model.claims.state_claims import DeviceClaim
from ...model.device.model import DeviceModel, device_model
from ...model.device.records import Numbers
from ...model.device.state import Ghost, Scope
from ...model.terms.terms import Bool, fields_of
from ..invariants.invariant_catalogue import invariants
from ..invariants.record_invariants import COUNT_FACTS
from .counterexamples import Counterexample
from .houdini import Inductive, inductive_facts

OF_IMAGES = frozenset({Ghost.FINISHED, Ghost.EARNED})
"""Ghosts that tell of images, on which facts about other things rest."""
FEWEST = 3
"""Slots from which on worlds are alike; with two, each slot is the one after the other."""


@dataclass
class ProofReuse:
    """All that is known of a configuration so far."""

    most_slots: int = 0
    """Slots of the biggest world that will be asked for; 0 where there is but one."""
    ways: list[Counterexample] = field(default_factory=list)
    is_full: bool = False
    """The small worlds were searched: their ways are known."""
    has_dead_end: bool = False
    """In the last world there was a state from which no upgrade can be completed."""
    proofs: list[Inductive] = field(default_factory=list)
    """For several numbers of slots each, the latest last."""

    @property
    def is_of_one(self) -> bool:
        """There is but one world."""
        return self.most_slots == 0

    def proofs_for(self, scope: Scope, claims: Sequence[DeviceClaim]) -> Iterator[Inductive]:
        """Yield what holds in a world by what smaller ones taught, the latest first; or else by what they teach now."""
        if not self.is_of_one:
            yield from (proof for proof in reversed(self.proofs) if scope.slots in proof.scope.counts)
            return
        for slots in (FEWEST, FEWEST + 1):
            if slots < scope.slots and (slots - scope.slots) % _step(slots) == 0:
                yield restated(induct(replace(scope, slots=slots), claims), claims, scope.slots)

    def noted(self, inductive: Inductive, claims: Sequence[DeviceClaim]) -> Inductive:
        """Take down what holds in one world and also in those to come; return it if no claim is lost, else as given."""
        slots = inductive.scope.slots
        if not FEWEST <= slots < self.most_slots:
            return inductive
        counts = tuple(range(slots, self.most_slots + 1, _step(slots)))
        proof = restated(inductive, claims, max(counts), counts)
        self.proofs.append(proof)
        ids = {claim.claim.id for claim in claims}
        return proof if ids & set(inductive.facts) <= set(proof.facts) else inductive


def exact_model(scope: Scope, ghosts: frozenset[Ghost] = frozenset(Ghost)) -> DeviceModel:
    """Return the model of a world with what claims speak of, and 32-bit numbers."""
    return device_model(replace(scope, ghosts=ghosts, numbers=Numbers.EXACT))


def candidate_facts(model: DeviceModel, claims: Iterable[DeviceClaim]) -> dict[str, Bool]:
    """Return the claims and the stated invariants, by name."""
    found = {claim.claim.id: claim.is_kept(model.scope, model.device) for claim in claims}
    return found | {item.name: item.is_kept(model.scope, model.device) for item in invariants()}


def induct(scope: Scope, claims: Iterable[DeviceClaim]) -> Inductive:
    """Return the facts, claims among them, that hold in every state."""
    model = exact_model(scope)
    return inductive_facts(model, candidate_facts(model, claims))


def restated(
    inductive: Inductive, claims: Sequence[DeviceClaim], slots: int, counts: tuple[int, ...] = ()
) -> Inductive:
    """Return what of an induction holds with so many slots, or with each of these numbers of them, and as few ghosts as
    were found to do for the claims."""
    inductive = _leanest(inductive, claims)
    model = device_model(replace(inductive.scope, slots=slots, counts=counts))
    about_count = {fact.__name__ for fact in COUNT_FACTS}
    # An invariant that went without saying there was not found there, and may be hard to keep here.
    found = {name for name, fact in inductive.facts.items() if fact.value is None}
    wanted = about_count | found | ({claim.claim.id for claim in claims} & set(inductive.facts))
    facts = {name: fact for name, fact in candidate_facts(model, claims).items() if name in wanted}
    return inductive_facts(model, facts, inductive.core | about_count)


def _leanest(inductive: Inductive, claims: Sequence[DeviceClaim]) -> Inductive:
    """Return an induction that keeps the same claims, with as few ghosts as were found to do."""
    kept = [claim for claim in claims if claim.claim.id in inductive.facts]
    ids = {claim.claim.id for claim in kept}
    for ghosts in _fewer_ghosts(kept):
        found = _without_ghosts(inductive, ghosts, kept)
        if ids <= set(found.facts):
            return found
    return inductive


def _step(slots: int) -> int:
    """Return after how many slots there is another world to which the facts of this one may apply."""
    return 1 if slots % 2 else 2


def _without_ghosts(inductive: Inductive, ghosts: frozenset[Ghost], claims: Sequence[DeviceClaim]) -> Inductive:
    """Return what is left of an induction in a model with these ghosts alone, of facts that read no other ones."""
    model = device_model(replace(inductive.scope, ghosts=ghosts))
    fields = {field.name for field in model.fields}
    readable = {name for name, fact in inductive.facts.items() if fields_of(fact) <= fields}
    return inductive_facts(model, {n: fact for n, fact in candidate_facts(model, claims).items() if n in readable})


def _fewer_ghosts(claims: Iterable[DeviceClaim]) -> Iterator[frozenset[Ghost]]:
    read = frozenset(ghost for claim in claims for ghost in claim.ghosts)
    for ghosts in (read, read | OF_IMAGES):
        if ghosts < frozenset(Ghost):
            yield ghosts
