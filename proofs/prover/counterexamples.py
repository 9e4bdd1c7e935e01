"""Ways to states that break a claim: searched for in small worlds, carried over to bigger ones, confirmed by solvers.

The breadth-first search finds a shortest way. A way found with few slots is mostly a way with more of them, by the same
actions, or with some upgrades more: it is walked there, and counts if the claim is broken at its end; it need not be a
shortest one then. Either way the solvers confirm that 32-bit numbers go along: the actions are fixed, the numbers free.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from ...model.claims.state_claims import DeviceClaim
from ...model.device.model import DeviceModel, device_model
from ...model.device.records import Numbers
from ...model.device.search import follow
from ...model.device.state import Ghost, Scope
from ...model.device.stepper import stepper
from ...model.fault_model import FaultModel
from ...model.terms.terms import Bool
from ..explicit.explorer import Reading, claims_of, explore, explore_in_python, with_ghosts_of
from ..smt.smtlib import Question, not_text
from ..smt.verification_condition import Condition

SMALL = (2, 3)
"""Slots of the worlds that are searched for ways that bigger worlds can go too."""
SHORTEST_UPGRADE = 5
"""Actions of a stretch that is worth going once more."""
MOST_STATES = 200_000
"""States that a search may find before it gives up."""


@dataclass(frozen=True, slots=True)
class Counterexample:
    """A way to a state that breaks a claim."""

    claim_id: str
    actions: tuple[str, ...]
    is_shortest: bool
    """No shorter one exists: the search went through all shorter ones."""
    slots: int
    """OTA slots of the world in which it was found."""


@dataclass(frozen=True, slots=True)
class CounterexampleSearch:
    """What a search for ways came to."""

    ways: dict[str, Counterexample]
    """By claim id."""
    complete: frozenset[str]
    """Claims that were looked at in every state that can be reached."""
    states: int = 0
    """Of the biggest search."""
    depth: int = 0
    """Steps of the longest histories of which all were looked at, for each claim."""


def search(scope: Scope, claims: Iterable[DeviceClaim], is_complete: bool = False) -> CounterexampleSearch:
    """Return shortest ways to states that break the claims, each group of claims with its ghosts searched by itself.

    is_complete: look at every state, by the compiled search, instead of the nearest MOST_STATES."""
    groups: dict[frozenset[object], list[DeviceClaim]] = {}
    for claim in claims:
        groups.setdefault(frozenset(claim.ghosts), []).append(claim)
    ways: dict[str, Counterexample] = {}
    complete: set[str] = set()
    states, depths = 0, []
    for group in groups.values():
        small = replace(with_ghosts_of(scope, group), numbers=Numbers.RANKED)
        found = (
            explore(small, group, reading=Reading.COMPILED)
            if is_complete
            else explore_in_python(small, group, most=MOST_STATES, until_broken=True)
        )
        for claim in group:
            trace = found.violations.get(claim.claim.id)
            if trace is not None:
                actions = weakened(scope, claim, trace.actions)
                ways[claim.claim.id] = Counterexample(claim.claim.id, actions, True, scope.slots)
        complete |= set(found.claims) if found.is_complete else set()
        states = max(states, found.states)
        depths.append(max(0, found.depth - 1))
    return CounterexampleSearch(ways, frozenset(complete), states, min(depths, default=0))


def weakened(scope: Scope, claim: DeviceClaim, actions: tuple[str, ...]) -> tuple[str, ...]:
    """Return the way with each cut replaced by one that tears nothing, where the claim is broken all the same."""
    whole = [
        action.name
        for action in device_model(scope).actions
        if action.weakest is FaultModel.F0 and action.name.endswith(("_leaves_empty_undefined", "_wipe"))
    ]
    for place, name in enumerate(actions):
        for other in whole if name.startswith("cut_") and name not in whole else ():
            tried = (*actions[:place], other, *actions[place + 1 :])
            if breaks(scope, claim, tried):
                actions = tried
                break
    return actions


def breaks(scope: Scope, claim: DeviceClaim, actions: Sequence[str]) -> bool:
    """Tell whether the actions can be taken one after the other in this world, and break the claim at their end."""
    # With all ghosts, so that one stepper serves all claims.
    ranked = replace(scope, ghosts=frozenset(Ghost), numbers=Numbers.RANKED)
    steps = stepper(ranked)
    state = follow(steps, actions)
    return state is not None and not steps.value(claim.is_kept(ranked, steps.model.device), state)


def carried(scope: Scope, claim: DeviceClaim, known: Iterable[Counterexample]) -> Counterexample | None:
    """Return a way that breaks the claim in this world: a known one, or one with a stretch of it gone more often."""
    mine = [way for way in known if way.claim_id == claim.claim.id]
    for way in mine:
        if breaks(scope, claim, way.actions):
            return way if way.slots == scope.slots else replace(way, is_shortest=False)
    for way in mine:
        for actions in _stretched(way.actions, scope.slots - way.slots):
            if breaks(scope, claim, actions):
                return replace(way, actions=actions, is_shortest=False)
    return None


def _stretched(actions: tuple[str, ...], more: int) -> Iterator[tuple[str, ...]]:
    """Yield the ways in which a stretch that is gone twice in a row is gone some more times: an upgrade for a slot."""
    if more <= 0:
        return
    told: set[tuple[str, ...]] = set()
    for length in range(SHORTEST_UPGRADE, len(actions) // 2 + 1):
        for start in range(len(actions) - 2 * length + 1):
            stretch = actions[start : start + length]
            longer = actions[:start] + stretch * more + actions[start:]
            if stretch == actions[start + length : start + 2 * length] and longer not in told:
                told.add(longer)
                yield longer


def counterexamples_with_few_slots(scope: Scope, claim_ids: Iterable[str]) -> list[Counterexample]:
    """Return the ways that break the claims in worlds of few slots, of the same configuration."""
    wanted = set(claim_ids)
    found: list[Counterexample] = []
    for slots in SMALL:
        if slots >= scope.slots or not wanted:
            break
        small = replace(scope, slots=slots)
        ways = search(small, [claim for claim in claims_of(small) if claim.claim.id in wanted]).ways
        found += ways.values()
        wanted -= set(ways)
    return found


def trace_condition(model: DeviceModel, actions: Sequence[str], goal: Bool, name: str) -> Condition:
    """Return the question whether the actions lead, one after the other, to where the fact does not hold."""
    question = Question(model, len(actions) + 1)
    question.require_start()
    for at, action in enumerate(actions):
        question.require(question.action(action, at))
    question.require(not_text(question.term(goal, len(actions))))
    return Condition(name, question.text(), "sat")


def confirmation(scope: Scope, claim: DeviceClaim, actions: Sequence[str]) -> Condition:
    """Return the question whether the actions break the claim with 32-bit numbers."""
    exact = replace(with_ghosts_of(scope, [claim]), numbers=Numbers.EXACT)
    model = device_model(exact)
    return trace_condition(model, actions, claim.is_kept(exact, model.device), f"{claim.claim.id}_refuted")
