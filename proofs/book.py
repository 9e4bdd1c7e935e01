"""What worlds of one configuration teach each other, from few slots to many: facts that held, and ways that broke.

What was inductive with some slots mostly is with more of them, with the same core. And a claim that is kept there
mostly rests on no ghost but its own: what nothing kept reads is left out of the model, which makes the questions
smaller. Both are guesses; the solvers decide. Even and odd numbers of slots are taught apart, since with an even one
the sector of a record tells whether its slot is even.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from ..model.device import Ghost, Scope
from ..model.device_claims import DeviceClaim
from ..model.device_model import DeviceModel, device_model
from ..model.records import Numbers
from ..model.terms import Bool, fields_of
from .induction import Inductive, inductive_facts
from .invariants import invariants
from .refutation import Way

OF_IMAGES = frozenset({Ghost.FINISHED, Ghost.EARNED})
"""Ghosts that tell of images, on which facts about other things rest."""


@dataclass(frozen=True, slots=True)
class Lesson:
    """What was inductive in a world."""

    facts: frozenset[str]
    """Names, claims among them."""
    core: frozenset[str]
    """Names of those from which the others follow."""
    ghosts: frozenset[Ghost]
    """What the model of that world had to have."""

    @classmethod
    def of(cls, inductive: Inductive, ghosts: frozenset[Ghost] = frozenset(Ghost)) -> "Lesson":
        """Return what the facts of an induction teach."""
        return cls(frozenset(inductive.facts), inductive.core, ghosts)


@dataclass
class Book:
    """All that is known of a configuration so far."""

    ways: list[Way] = field(default_factory=list)
    is_full: bool = False
    """The small worlds were searched: their ways are known."""
    has_dead_end: bool = False
    """In the last world there was a state from which no upgrade can be completed."""
    _lessons: dict[bool, Lesson] = field(default_factory=dict)

    def lesson_for(self, scope: Scope) -> Lesson | None:
        """Return the last lesson of a world with such a number of slots, or else the last of all."""
        is_even = scope.slots % 2 == 0
        return self._lessons.get(is_even, self._lessons.get(not is_even))

    def note(self, scope: Scope, lesson: Lesson) -> None:
        """Take a lesson down."""
        self._lessons[scope.slots % 2 == 0] = lesson


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


def induct_by(lesson: Lesson, scope: Scope, claims: Iterable[DeviceClaim]) -> Inductive:
    """Return the same, of what the lesson names."""
    kept = [claim for claim in claims if claim.claim.id in lesson.facts]
    model = exact_model(scope, lesson.ghosts)
    fields = {field.name for field in model.fields}
    said = candidate_facts(exact_model(scope), kept)
    readable = {name for name, fact in said.items() if name in lesson.facts and fields_of(fact) <= fields}
    candidates = {name: fact for name, fact in candidate_facts(model, kept).items() if name in readable}
    return inductive_facts(model, candidates, lesson.core)


def learned(scope: Scope, claims: Sequence[DeviceClaim], inductive: Inductive) -> tuple[Inductive, Lesson]:
    """Return an induction that keeps the same claims, with as few ghosts as were found to do, and what it teaches."""
    kept = [claim for claim in claims if claim.claim.id in inductive.facts]
    ids = {claim.claim.id for claim in kept}
    for ghosts in _fewer_ghosts(kept):
        found = induct_by(Lesson(frozenset(inductive.facts), frozenset(), ghosts), scope, kept)
        if ids <= set(found.facts):
            return found, Lesson.of(found, ghosts)
    return inductive, Lesson.of(inductive)


def _fewer_ghosts(claims: Iterable[DeviceClaim]) -> Iterator[frozenset[Ghost]]:
    read = frozenset(ghost for claim in claims for ghost in claim.ghosts)
    for ghosts in (read, read | OF_IMAGES):
        if ghosts < frozenset(Ghost):
            yield ghosts
