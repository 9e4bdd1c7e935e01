"""Terms as text: a table for each language of what an operation reads there, and one writer for all of them."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from .terms import Op, Term, nodes_of, uses_of
from .walker import arguments_of, walk

Handler = Callable[[Term, Sequence[str]], str]
"""From a term and the texts of its arguments to its text."""
Syntax = Mapping[Op, Handler]
"""A language: how each operation is written."""


def atom(term: Term, args: Sequence[str]) -> str:
    """Return a constant or a field as it is."""
    return str(term.args[0])


def shaped(text: str) -> Handler:
    """Return a handler that fills in a format: {0}, {1}, … are the arguments, {modulus} is 2^bits, {mask} one less."""
    return lambda term, args: text.format(*args, modulus=1 << term.bits, mask=(1 << term.bits) - 1)


def infix(symbol: str) -> Handler:
    """Return a handler that puts a symbol between the arguments, and brackets around all."""
    return lambda term, args: f"({symbol.join(args)})"


class Writer:
    """Writes terms in a language; what is used more than once is assigned to a local variable first."""

    def __init__(
        self,
        syntax: Syntax,
        terms: Iterable[Term] = (),
        prefix: str = "t",
        names: Mapping[Term, str] | None = None,
        assigns_all: bool = False,
    ) -> None:
        """Look at the terms that will be written.

        prefix: of the variables, which are numbered; names: those of terms that are assigned already. assigns_all:
        every one of the terms gets a variable, however plain it is."""
        terms = list(terms)
        uses = uses_of(terms)
        self.names: dict[Term, str] = dict(names or {})
        self._shared = {t for t, count in uses.items() if count > 1 and t.op not in (Op.FIELD, Op.VALUE)}
        self._shared |= set(terms) if assigns_all else set()
        self._syntax = syntax
        self._prefix = prefix
        self._texts = dict(self.names)

    def assignments(self, terms: Iterable[Term]) -> Iterator[tuple[str, str]]:
        """Yield (variable, text) for the shared parts of the terms that have no variable yet."""
        for node in nodes_of(terms):
            if node in self._shared and node not in self.names:
                text = self.text(node)
                self._texts[node] = self.names[node] = f"{self._prefix}{len(self.names)}"
                yield self.names[node], text

    def text(self, term: Term) -> str:
        """Return the term in the language."""
        return walk(term, arguments_of, self._written, self._texts)

    def _written(self, term: Term, args: Sequence[str]) -> str:
        return self._syntax[term.op](term, args)
