"""One walk over a directed acyclic graph such as a term: each node once, its arguments before it.

Every reading of the model that gives the nodes of a term a value (a text, a number, a formula of a solver) walks by
this function. Terms can be deep, so it does not call itself.
"""

from collections.abc import Callable, Hashable, Sequence
from typing import TypeVar

from .terms import Term

Node = TypeVar("Node", bound=Hashable)
Value = TypeVar("Value")


def walk(
    root: Node,
    arguments: Callable[[Node], Sequence[Node]],
    visit: Callable[[Node, list[Value]], Value],
    done: dict[Node, Value],
) -> Value:
    """Return the value of a node; `done` has the values that are known already, and takes in those that are found.

    arguments: of a node, in order; visit: from a node and the values of its arguments to its own value."""
    stack = [(root, False)]
    while stack:
        node, is_ready = stack.pop()
        if node in done:
            continue
        children = arguments(node)
        if is_ready:
            done[node] = visit(node, [done[child] for child in children])
        else:
            stack.append((node, True))
            stack += [(child, False) for child in reversed(children) if child not in done]
    return done[root]


def arguments_of(term: Term) -> list[Term]:
    """Return the arguments of a term that are terms: all but those of a constant or a field."""
    return [arg for arg in term.args if isinstance(arg, Term)]
