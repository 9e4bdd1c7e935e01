"""Terms of the device model as readable text, with names for the terms that functions of the model compute.

`Vocabulary` looks terms up by identity, since equal terms are one object. Terms without a name are written with `and`,
`or`, `not`, `if … then … else`. In the long form a term that is used more than once gets a name.
"""

from collections import Counter
from collections.abc import Iterable
from enum import IntEnum

from otaproof.model.device.state import Device, Scope
from otaproof.model.device.term_names import PLACES, enum_of_field, named
from otaproof.model.terms.terms import Op, Term, nodes_of

_SYMBOLS = {Op.AND: " and ", Op.OR: " or ", Op.EQUAL: " is ", Op.LESS: " < ", Op.PLUS: " + ", Op.MINUS: " - "}


class Vocabulary:
    """Names for the parts of a model's terms."""

    def __init__(self, scope: Scope, device: Device) -> None:
        """Collect the terms that the functions of the model build."""
        self.scope = scope
        self.names: dict[Term, str] = {}
        self._places: set[Term] = {getattr(device, name) for name in PLACES}
        for concept in named(scope, device):
            if concept.phrase:
                self.names.setdefault(concept.term, concept.phrase)
                self._places |= {concept.term} if concept.is_place else set()
        self._conjunctions = sorted((t for t in self.names if t.op in (Op.AND, Op.OR)), key=lambda t: -len(t.args))

    def text(self, term: Term, names: dict[Term, str] | None = None, top: bool = True) -> str:
        """Return a term in words; names: names of parts that are written elsewhere."""
        known = (names or {}).get(term) or self.names.get(term)
        if known is not None:
            return known
        if term.op is Op.VALUE:
            return str(bool(term.args[0])).lower() if term.bits == 0 else str(term.args[0])
        if term.op is Op.FIELD:
            return str(term.args[0])
        args = [arg for arg in term.args if isinstance(arg, Term)]
        match term.op:
            case Op.NOT:
                if args[0].op is Op.EQUAL and args[0] not in self.names and args[0] not in (names or {}):
                    return self._equal(args[0], " is not ", names)
                return f"not {self.text(args[0], names, False)}"
            case Op.EQUAL:
                return self._equal(term, " is ", names)
            case Op.CHOOSE:
                enum = self.enum(term)
                then, otherwise = (self._value(arg, enum, names) for arg in args[1:])
                inner = f"if {self.text(args[0], names, False)} then {then} else {otherwise}"
                return inner if top else f"({inner})"
            case Op.AND | Op.OR:
                parts = [self.text(part, names, False) for part in self._grouped(term, args)]
                inner = _SYMBOLS[term.op].join(parts)
                return inner if top or len(parts) == 1 else f"({inner})"
            case _:
                inner = _SYMBOLS[term.op].join(self.text(arg, names, False) for arg in args)
                return inner if top else f"({inner})"

    def enum(self, term: Term) -> type[IntEnum] | None:
        """Return the enum of a term's values, derived from the fields that it can evaluate to."""
        if term.op is Op.FIELD:
            return enum_of_field(str(term.args[0]))
        if term.op is Op.CHOOSE:
            for arg in term.args[1:]:
                if isinstance(arg, Term) and (enum := self.enum(arg)) is not None:
                    return enum
        return None

    def value(self, field: str, term: Term, names: dict[Term, str] | None = None) -> str:
        """Return the new value of a field in words."""
        if field in PLACES and term.value is not None:
            return self.place(term.value)
        text = self._value(term, enum_of_field(field), names)
        is_whole = text.startswith("(if ") and text.endswith(")") and term not in self.names
        return text[1:-1] if is_whole else text

    def long_text(self, goals: Iterable[tuple[str, Term]]) -> str:
        """Return several terms in the long form, with a line for each part that is used more than once."""
        wanted = list(goals)
        uses: Counter[Term] = Counter(term for _, term in wanted)
        inner = [node for node in nodes_of([term for _, term in wanted])]
        for node in inner:
            if node not in self.names:
                uses.update(arg for arg in node.args if isinstance(arg, Term))
        names: dict[Term, str] = {}
        lines = []
        for node in inner:
            is_plain = node.op in (Op.FIELD, Op.VALUE) or node in self.names
            is_small = node.op in (Op.NOT, Op.EQUAL) and len(self.text(node, names)) < 40
            if uses[node] > 1 and not is_plain and not is_small:
                text = self.text(node, names)
                names[node] = f"t{len(names) + 1}"
                lines.append((names[node], text))
        lines += [(name, self.value(name, term, names)) for name, term in wanted]
        needed = _needed(lines, {name for name, _ in wanted})
        return "\n".join(f"{name} = {text}" for name, text in lines if name in needed)

    def _equal(self, term: Term, word: str, names: dict[Term, str] | None) -> str:
        left, right = (arg for arg in term.args if isinstance(arg, Term))
        if left in self._places and right.value is not None:
            return f"{self.text(left, names, False)}{word}{self.place(right.value)}"
        return f"{self.text(left, names, False)}{word}{self._value(right, self.enum(left), names)}"

    def place(self, value: int) -> str:
        """Return the name of a place."""
        names = {self.scope.nowhere: "nowhere", self.scope.factory: "factory"}
        return names.get(value, f"ota_{value}")

    def _value(self, term: Term, enum: type[IntEnum] | None, names: dict[Term, str] | None) -> str:
        if term.op is Op.VALUE and term.bits and enum is not None and term.value in list(enum):
            return enum(term.value).name
        if term.op is Op.CHOOSE and term not in self.names and term not in (names or {}):
            condition, then, otherwise = (arg for arg in term.args if isinstance(arg, Term))
            parts = (self._value(arg, enum, names) for arg in (then, otherwise))
            return "(if {} then {} else {})".format(self.text(condition, names, True), *parts)
        return self.text(term, names, False)

    def _grouped(self, term: Term, args: list[Term]) -> list[Term]:
        """Return the parts of a conjunction (or disjunction), with parts that have a common name merged."""
        left = list(args)
        found: list[Term] = []
        for known in self._conjunctions:
            if known.op is term.op and known is not term and set(known.args) <= set(left):
                left = [part for part in left if part not in known.args]
                found.append(known)
        return [*left, *found]


def _needed(lines: list[tuple[str, str]], wanted: set[str]) -> set[str]:
    """Return the names that the wanted lines use, directly or not."""
    needed = set(wanted)
    for name, text in reversed(lines):
        if name in needed:
            needed |= {word.strip("(),") for word in text.split()}
    return needed
