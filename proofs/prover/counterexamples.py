"""Counterexamples: traces to states that break a claim, searched for with few slots and carried over to more.

Breadth-first search finds a shortest trace. A trace found with few slots mostly is one with more of them too, by the
same actions, or with an upgrade repeated more often: it is replayed there, and counts if it ends in a state that breaks
the claim; it need not be a shortest one then. It is replayed with 32-bit numbers, unless it leaves stray numbers, which
the replay would have to know. The solvers confirm each with 32-bit numbers: the actions are fixed, strays are free.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from ...model.claims.state_claims import DeviceClaim
from ...model.device.model import DeviceModel, device_model
from ...model.device.records import Numbers
from ...model.device.search import follow
from ...model.device.state import Ghost, Scope
from ...model.device.stepper import stepper
from ...model.device.stray_numbers import exact_name, is_stray, stray_named
from ...model.fault_model import FaultModel
from ...model.terms.terms import Bool
from ..explicit.explorer import SMALL_WORLD, explore, with_ghosts_of
from ..smt.smtlib import Question
from ..smt.verification_condition import Condition

SMALL = (2, 3)
"""Numbers of slots with which counterexamples are searched for that more slots have too."""
SHORTEST_UPGRADE = 5
"""Actions of a stretch that is worth repeating."""
SMALL_MEMORY = 64 << 20
"""Bytes that a search may use that is not to be complete: some millions of states, seconds."""


@dataclass(frozen=True, slots=True)
class Counterexample:
    """A trace to a state that breaks a claim."""

    claim_id: str
    actions: tuple[str, ...]
    is_shortest: bool
    """No shorter one exists: all shorter histories were searched."""
    slots: int
    """Number of OTA slots with which it was found."""


_SOON = 5_000
"""States in which Python looks for counterexamples where it is known not to find all states."""


@dataclass(frozen=True, slots=True)
class CounterexampleSearch:
    """What a search for counterexamples came to."""

    found: dict[str, Counterexample]
    """By claim id."""
    complete: frozenset[str]
    """Claims that were checked in every reachable state."""
    states: int = 0
    """Of the biggest search."""
    depth: int = 0
    """Steps up to which all histories were searched, for every claim."""


def find_counterexamples(
    scope: Scope, claims: Iterable[DeviceClaim], memory: int = SMALL_MEMORY
) -> CounterexampleSearch:
    """Return shortest counterexamples, each group of claims with the same ghost variables searched by itself.

    memory: bytes that each search may use; where that is not enough, it is not complete."""
    groups: dict[frozenset[object], list[DeviceClaim]] = {}
    for claim in claims:
        groups.setdefault(frozenset(claim.ghosts), []).append(claim)
    found: dict[str, Counterexample] = {}
    complete: set[str] = set()
    states, depths = 0, []
    big: list[frozenset[object]] = []
    for ghosts, group in groups.items():
        ranked = replace(with_ghosts_of(scope, group), numbers=Numbers.RANKED)
        # With more ghost variables there are no fewer states.
        small = _SOON if any(known <= ghosts for known in big) else SMALL_WORLD
        explored = explore(ranked, group, memory=memory, until_broken=True, small=small)
        big += [ghosts] if explored.states > SMALL_WORLD else []
        for claim in group:
            trace = explored.violations.get(claim.claim.id)
            if trace is not None:
                actions = weakened(scope, claim, trace.actions)
                found[claim.claim.id] = Counterexample(claim.claim.id, actions, True, scope.slots)
        complete |= set(explored.claims) if explored.is_complete else set()
        states = max(states, explored.states)
        depths.append(max(0, explored.depth - 1))
    return CounterexampleSearch(found, frozenset(complete), states, min(depths, default=0))


def weakened(scope: Scope, claim: DeviceClaim, actions: tuple[str, ...]) -> tuple[str, ...]:
    """Return the trace with each cut replaced by one that tears nothing, where the claim is broken all the same."""
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
    """Tell whether the actions can be taken one after the other in this scope, and break the claim at their end."""
    # With all ghost variables, so that one stepper serves all claims.
    numbers = Numbers.EXACT if is_exact(actions) else Numbers.RANKED
    steps = stepper(replace(scope, ghosts=frozenset(Ghost), numbers=numbers))
    state = follow(steps, actions)
    return state is not None and not steps.value(claim.kept_in(steps.model), state)


def is_exact(actions: Iterable[str]) -> bool:
    """Tell whether the names of the actions say all that happens, 32-bit numbers included: no cut leaves a stray."""
    return not any(map(stray_named, actions))


def carried_over(scope: Scope, claim: DeviceClaim, known: Iterable[Counterexample]) -> Counterexample | None:
    """Return a counterexample in this scope: a known one, or one with a stretch of it repeated more often."""
    mine = [counterexample for counterexample in known if counterexample.claim_id == claim.claim.id]
    for counterexample in mine:
        if breaks(scope, claim, counterexample.actions):
            is_of_scope = counterexample.slots == scope.slots
            return counterexample if is_of_scope else replace(counterexample, is_shortest=False)
    for counterexample in mine:
        for actions in _stretched(counterexample.actions, scope.slots - counterexample.slots):
            if breaks(scope, claim, actions):
                return replace(counterexample, actions=actions, is_shortest=False)
    return None


def _stretched(actions: tuple[str, ...], more: int) -> Iterator[tuple[str, ...]]:
    """Yield the traces in which a stretch that comes twice in a row is repeated `more` times: an upgrade per slot."""
    if more <= 0:
        return
    known: set[tuple[str, ...]] = set()
    for length in range(SHORTEST_UPGRADE, len(actions) // 2 + 1):
        for start in range(len(actions) - 2 * length + 1):
            stretch = actions[start : start + length]
            longer = actions[:start] + stretch * more + actions[start:]
            if stretch == actions[start + length : start + 2 * length] and longer not in known:
                known.add(longer)
                yield longer


def counterexamples_with_few_slots(scope: Scope, claims: Iterable[DeviceClaim]) -> list[Counterexample]:
    """Return counterexamples to the claims in the same configuration with few slots."""
    wanted = {claim.claim.id: claim for claim in claims}
    found: list[Counterexample] = []
    for slots in SMALL:
        if slots >= scope.slots or not wanted:
            break
        small = replace(scope, slots=slots)
        here = find_counterexamples(small, [claim for claim in wanted.values() if claim.applies_to(small)]).found
        found += here.values()
        wanted = {id_: claim for id_, claim in wanted.items() if id_ not in here}
    return found


def trace_condition(model: DeviceModel, actions: Sequence[str], goal: Bool, name: str) -> Condition:
    """Return the question whether the actions lead, one after the other, to where the goal does not hold."""
    question = Question(model, len(actions) + 1)
    question.require_start()
    for at, action in enumerate(actions):
        stray = stray_named(action)
        if stray is None:
            question.require_action(action, at)
        else:
            question.require_action(exact_name(stray.phase), at)
            question.require_all([is_stray(model.device, stray)], at)
    question.require_all([~goal], len(actions))
    return Condition(name, question.text(), "sat", question.in_terms())


def confirmation(scope: Scope, claim: DeviceClaim, actions: Sequence[str]) -> Condition:
    """Return the question whether the actions break the claim with 32-bit numbers."""
    exact = replace(with_ghosts_of(scope, [claim]), numbers=Numbers.EXACT)
    model = device_model(exact)
    return trace_condition(model, actions, claim.kept_in(model), f"{claim.claim.id}_refuted")
