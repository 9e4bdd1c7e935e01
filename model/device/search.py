"""Breadth-first search of a transition system, and the trace to whatever it finds.

One search serves all that is asked of a device model in Python: every reachable state, or a shortest trace to a state
that is wanted, by steps alone or by costly steps first (0-1 breadth-first search: what n costly steps lead to is
searched before what n + 1 do, and within that by steps). States may be anything that can be hashed, such as pairs of
states of two devices. proofs/explicit/compiled/ does the same in machine code, for big models.

A trace by steps alone is the canonical one: of the shortest, the first by the numbers of its actions. For the states
of a level stand in `order` as their canonical traces do, each is expanded by its actions in order, and what is found
first stays.
"""

from collections import deque
from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

from .action import MISHAPS, Action
from .stepper import State, Stepper

Node = TypeVar("Node", bound=Hashable)
Label = TypeVar("Label")


@dataclass(frozen=True, slots=True)
class Trace:
    """The actions that lead from one state to another, and the states on the way."""

    actions: tuple[str, ...]
    """Names of the actions, in order."""
    states: tuple[State, ...]
    """The states passed, the first and the last included: one more than actions."""

    def __len__(self) -> int:
        """Return the number of actions."""
        return len(self.actions)


class Search(Generic[Node, Label]):
    """The states found so far, in the order in which they are looked at, and how each was found first.

    Iterating yields the states, nearest first; a state is expanded when the iteration goes on after it. All lists have
    one item for each state of `order`."""

    def __init__(
        self,
        successors: Callable[[Node], Iterable[tuple[Label, Node]]],
        start: Node,
        is_costly: Callable[[Label, Node], bool] | None = None,
    ) -> None:
        """Begin with the first state alone.

        successors: from a state to (label of the step, state after it). is_costly: whether a step is costly, by its
        label and the state before it; without, all steps are alike."""
        self._successors = successors
        self._is_costly = is_costly
        self.order: list[Node] = []
        self.numbers: dict[Node, int] = {}
        """By state, its place in `order`."""
        self.parents: list[int] = []
        """Place of the state from which each was found; -1 for the first."""
        self.labels: list[Label | None] = []
        """The step by which each was found; None for the first."""
        self.depths: list[int] = []
        """How many steps lead to each."""
        self.costs: list[int] = []
        """How many of them are costly."""
        self.transitions = 0
        """(state, step) pairs of the states that were expanded."""
        self.add(start, -1, None, 0)

    def __iter__(self) -> Iterator[Node]:
        """Yield the states, nearest first, until nothing new is found."""
        return self._by_steps() if self._is_costly is None else self._by_cost(self._is_costly)

    def add(self, node: Node, parent: int, label: Label | None, depth: int, cost: int = 0) -> None:
        """Note a state that is not known yet."""
        self.numbers[node] = len(self.order)
        self.order.append(node)
        self.parents.append(parent)
        self.labels.append(label)
        self.depths.append(depth)
        self.costs.append(cost)

    def places_to(self, place: int) -> list[int]:
        """Return the places of the states that lead to one, the first and that one included."""
        places = [place]
        while self.parents[places[-1]] >= 0:
            places.append(self.parents[places[-1]])
        return places[::-1]

    def _by_steps(self) -> Iterator[Node]:
        for place, node in enumerate(self.order):  # which grows
            yield node
            depth = self.depths[place] + 1
            for label, after in self._successors(node):
                self.transitions += 1
                if after not in self.numbers:
                    self.add(after, place, label, depth)

    def _by_cost(self, is_costly: Callable[[Label, Node], bool]) -> Iterator[Node]:
        yield self.order[0]
        place, cost = 0, 0
        # What waits, nearest first: found at the same cost, and found by a costly step from the cost before.
        same: deque[tuple[int, Label, int, Node]] = deque()
        dearer: deque[tuple[int, Label, int, Node]] = deque()
        entered: deque[tuple[int, Label, int, Node]] = deque()
        while True:
            node, depth = self.order[place], self.depths[place] + 1
            for label, after in self._successors(node):
                self.transitions += 1
                if after not in self.numbers:
                    (dearer if is_costly(label, node) else same).append((place, label, depth, after))
            while True:
                if not same and not entered:
                    entered, dearer, cost = dearer, deque(), cost + 1
                    if not entered:
                        return
                is_entered = bool(entered) and (not same or entered[0][2] <= same[0][2])
                parent, label, depth, after = (entered if is_entered else same).popleft()
                if after not in self.numbers:
                    break
            place = len(self.order)
            self.add(after, parent, label, depth, cost)
            yield after


class DeviceSearch(Search[State, int]):
    """A search of the states of one device model; the label of a step is the number of its action."""

    def __init__(
        self,
        steps: Stepper,
        start: State | None = None,
        may_take: Callable[[Action], bool] | None = None,
        is_costly: Callable[[int, State], bool] | None = None,
    ) -> None:
        """Begin with a state: None for a device as it leaves the factory. may_take: which actions count."""
        self.steps = steps
        successors: Callable[[State], Iterable[tuple[int, State]]] = steps.successors
        if may_take is not None:
            taken = [may_take(action) for action in steps.model.actions]

            def successors(state: State) -> Iterable[tuple[int, State]]:
                return [step for step in steps.successors(state) if taken[step[0]]]

        super().__init__(successors, steps.initial if start is None else start, is_costly)

    def trace(self, place: int) -> Trace:
        """Return the trace to the state at a place."""
        places = self.places_to(place)
        labels = (self.labels[at] for at in places[1:])
        names = tuple(self.steps.model.actions[label].name for label in labels if label is not None)
        return Trace(names, tuple(self.order[at] for at in places))

    def first(self, is_wanted: Callable[[State], bool], most: int) -> Trace | None:
        """Return a trace to the first state that is wanted; None when there is none, or `most` states were found."""
        for place, state in enumerate(self):
            if is_wanted(state):
                return self.trace(place)
            if len(self.order) > most:
                return None
        return None


def is_no_cut(action: Action) -> bool:
    """Tell whether an action is something else than a power cut, or an operation that fails."""
    return action.kind not in MISHAPS


def reachable(steps: Stepper) -> list[State]:
    """Return every state that the device comes to, nearest first."""
    return list(DeviceSearch(steps))


def follow(steps: Stepper, actions: Iterable[str]) -> State | None:
    """Return the state after these actions, from the first state on; None when one of them cannot be taken."""
    state: State | None = steps.initial
    for name in actions:
        state = None if state is None else steps.step(state, name)
    return state
