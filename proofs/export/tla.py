"""The device model as a TLA+ module: one operator for each action, which says of every field what becomes of it.

The text is for readers first: values have the names that the model gives them, what is used more than once is an
operator of its own, and the claims are invariants with their titles. TLC reads it too, and counts the states that we
count. It is made anew from the model, in an order that depends on nothing else.

A field with names is a string in TLA+, a number a natural one; sums wrap as in the model, so they are taken modulo a
power of two.
"""

import textwrap
from collections.abc import Iterable, Iterator
from itertools import count, islice

from ...model.claims.state_claims import DEVICE_CLAIMS, DeviceClaim
from ...model.config import Config
from ...model.device.action import Action
from ...model.device.model import DeviceModel, Field, device_model
from ...model.device.state import Ghost, Scope, Usage
from ...model.device.term_names import ENUMS, PLACES, concepts
from ...model.fault_model import FaultModel
from ...model.terms.terms import Op, Term, uses_of
from ...model.terms.walker import arguments_of, walk
from ...model.terms.writer import Syntax, atom, infix, shaped

MODULE = "OtaDevice"
LINE = 118
"""Longest line, where words allow."""
SHARED_LENGTH = 36
"""What is used more than once gets a name of its own if its text is longer than this."""
PART_LENGTH = 96
"""Any part longer than this gets a name."""

_PLACE = "place"

TLA: Syntax = {
    Op.FIELD: atom,
    Op.NOT: shaped("~{0}"),
    Op.AND: infix(" /\\ "),
    Op.OR: infix(" \\/ "),
    Op.EQUAL: infix(" = "),
    Op.LESS: infix(" < "),
    Op.PLUS: shaped("(({0} + {1}) % {modulus})"),
    Op.MINUS: shaped("(({0} + {modulus} - {1}) % {modulus})"),
    Op.CHOOSE: shaped("(IF {0} THEN {1} ELSE {2})"),
}
"""How a term reads in TLA+, but for constants, which go by the names of their kind."""


def tla(model: DeviceModel, module: str = MODULE) -> str:
    """Return the model as the text of a TLA+ module, with every claim whose ghost variables it has."""
    writer = _TlaWriter(model)
    actions = [list(writer.action_lines(action)) for action in model.actions]
    claims = [list(writer.claim_lines(claim)) for claim in stated_claims(model.scope)]
    parts = [
        [f"{f' MODULE {module} ':-^{LINE}}"],
        _header(model.scope),
        ["EXTENDS Naturals"],
        ["VARIABLES", *_comma_lines(field.name for field in model.fields)],
        ["vars == <<", *_comma_lines(field.name for field in model.fields), ">>"],
        [f"FACTORY == {model.scope.factory}", f"NOWHERE == {model.scope.nowhere}"],
        *(_set_lines(name) for name in dict.fromkeys(_kind_of_field(f.name) for f in model.fields) if name in ENUMS),
        ["TypeOK =="] + [f"    /\\ {field.name} \\in {_range(field)}" for field in model.fields],
        ["Init =="] + [f"    /\\ {field.name} = {writer.constant(field.initial, field)}" for field in model.fields],
        *actions,
        ["Next =="] + [f"    \\/ {action.name}" for action in model.actions],
        ["Spec == Init /\\ [][Next]_vars"],
        *claims,
        ["=" * LINE],
    ]
    return "\n\n".join("\n".join(part) for part in parts if part) + "\n"


def tlc_config(claims: Iterable[DeviceClaim] = ()) -> str:
    """Return the text of the file that tells TLC what to check; our models do stop, in no state they should."""
    names = ["TypeOK", *(invariant_name(claim) for claim in claims)]
    return "\n".join(["SPECIFICATION Spec", *(f"INVARIANT {name}" for name in names), ""])


def stated_claims(scope: Scope) -> tuple[DeviceClaim, ...]:
    """Return the claims that a model of the scope can state."""
    return tuple(c for c in DEVICE_CLAIMS if c.applies_to(scope) and c.ghosts <= scope.ghosts)


def invariant_name(claim: DeviceClaim) -> str:
    """Return the name of the operator that states a claim."""
    return f"{claim.claim.id}_{claim.claim.name}"


def sample_scope() -> Scope:
    """Return the scope of the module in docs/: NodeMCU's release, rollback on, calls as documented, no C7."""
    ghosts = frozenset(Ghost) - {Ghost.CHOICE}
    return Scope(Config(rollback=True), faults=FaultModel.F1, usage=Usage.RESTART_AT_ONCE, ghosts=ghosts)


class _TlaWriter:
    """Writes terms; a part that gets a name of its own is defined before the operator that has it first."""

    def __init__(self, model: DeviceModel) -> None:
        self.model = model
        self._definitions: list[str] = []
        self._owner = ""
        self._texts: dict[tuple[Term, str], str] = {}
        known = [concept for concept in reversed(list(concepts(model.scope, model.device))) if concept.identifier]
        self._concepts = {concept.term: concept.identifier for concept in known}
        self._places = {concept.term for concept in known if concept.is_place}
        self._taken = {field.name for field in model.fields} | {action.name for action in model.actions}
        self._uses = uses_of(self._roots())

    def _roots(self) -> list[Term]:
        effects = [term for action in self.model.actions for term in self.model.effects[action.name].values()]
        claims: list[Term] = [c.kept_in(self.model) for c in stated_claims(self.model.scope)]
        return [*(action.when for action in self.model.actions), *effects, *claims]

    def constant(self, value: int, field: Field) -> str:
        """Return a value of a field."""
        if field.bits == 0:
            return str(bool(value)).upper()
        return self._number(value, _kind_of_field(field.name))

    def action_lines(self, action: Action) -> Iterator[str]:
        """Yield the operator of an action: when it can be taken, then what becomes of every field."""
        self._owner = action.name
        effects = self.model.effects[action.name]
        lines = [_task_text(action)]
        if action.when.value is None:
            parts = action.when.args if action.when.op is Op.AND else (action.when,)
            lines += [self.text(part) for part in parts if isinstance(part, Term)]
        lines += [f"{name}' = {self.text(term, _kind_of_field(name))}" for name, term in effects.items()]
        weakest = "" if action.weakest is None else f", from {action.weakest.name} on"
        yield from self._new_definitions()
        yield f"(* {action.kind.value.capitalize()}{weakest}. Source: {action.source}. *)"
        yield f"{action.name} =="
        for line in lines:
            yield from _wrapped(f"    /\\ {_bare(line)}", indent=" " * 12)
        unchanged = [field.name for field in self.model.fields if field.name not in effects]
        if unchanged:
            yield from _wrapped(f"    /\\ UNCHANGED <<{', '.join(unchanged)}>>", indent=" " * 12)

    def claim_lines(self, claim: DeviceClaim) -> Iterator[str]:
        """Yield the operator of a claim."""
        self._owner = claim.claim.id
        kept = self.text(claim.kept_in(self.model))
        yield from self._new_definitions()
        yield from _wrapped(f"(* {claim.claim.id}: {claim.claim.title} Source: {claim.claim.source}. *)", indent="   ")
        yield f"{invariant_name(claim)} =="
        yield from _wrapped(f"    {_bare(kept)}", indent="    ")

    def _new_definitions(self) -> Iterator[str]:
        """Yield the definitions that the last texts brought, with an empty line after them."""
        if self._definitions:
            yield from self._definitions
            yield ""
        self._definitions = []

    def text(self, term: Term, kind: str = "") -> str:
        """Return a term, of which parts may be names; kind: what a number that stands alone is a value of."""
        return walk((term, kind), self._args, self._visit, self._texts)

    def _visit(self, pair: tuple[Term, str], args: list[str]) -> str:
        return self._named(*pair, self._written(*pair, args))

    def _args(self, pair: tuple[Term, str]) -> list[tuple[Term, str]]:
        """Return the arguments of a node with its kind, each with its own."""
        node, kind = pair
        args = arguments_of(node)
        match node.op:
            case Op.CHOOSE:
                return [(args[0], ""), (args[1], kind), (args[2], kind)]
            case Op.EQUAL | Op.LESS:
                shared = self._kind(args[0]) or self._kind(args[1])
                return [(arg, shared) for arg in args]
            case _:
                return [(arg, self._kind(arg)) for arg in args]

    def _kind(self, term: Term) -> str:
        """Return what the numbers of a term are values of; "" for plain numbers, and for constants."""
        if term in self._places:
            return _PLACE
        if term.op is Op.FIELD:
            return _kind_of_field(str(term.args[0]))
        if term.op is Op.CHOOSE:
            _, then, otherwise = term.args
            assert isinstance(then, Term) and isinstance(otherwise, Term)
            return self._kind(then) or self._kind(otherwise)
        return ""

    def _written(self, node: Term, kind: str, args: list[str]) -> str:
        match node.op:
            case Op.VALUE:
                return str(bool(node.value)).upper() if node.bits == 0 else self._number(node.value or 0, kind)
            case Op.NOT:
                inner = node.args[0]
                assert isinstance(inner, Term)
                if inner.op is Op.EQUAL and inner not in self._concepts and args[0].startswith("("):
                    return "({} # {})".format(*(self._texts[pair] for pair in self._args((inner, ""))))
            case Op.CHOOSE:
                args = [_bare(arg) for arg in args]
        return TLA[node.op](node, args)

    def _number(self, value: int, kind: str) -> str:
        if kind == _PLACE:
            scope = self.model.scope
            return {scope.nowhere: "NOWHERE", scope.factory: "FACTORY"}.get(value, str(value))
        return f'"{ENUMS[kind](value).name}"' if kind else str(value)

    def _named(self, node: Term, kind: str, text: str) -> str:
        """Return the text, or the name of a definition that has it."""
        if node.op in (Op.FIELD, Op.VALUE):
            return text
        name = self._concepts.get(node, "")
        is_long = len(text) > PART_LENGTH or (self._uses[node] > 1 and len(text) > SHARED_LENGTH)
        if not name and not (is_long and node.op is not Op.NOT):
            return text
        numbered = (f"{self._owner}_{place}" for place in count(1))
        name = next(n for n in (name, *islice(numbered, len(self._taken) + 1)) if n and n not in self._taken)
        self._taken.add(name)
        self._definitions += _wrapped(f"{name} == {_bare(text)}", indent="    ")
        return name


def _kind_of_field(name: str) -> str:
    last = name.rsplit("_", 1)[-1]
    if name in PLACES or (name.startswith("record") and last == "slot"):
        return _PLACE
    return last if last in ENUMS else ""


def _range(field: Field) -> str:
    if field.bits == 0:
        return "BOOLEAN"
    kind = _kind_of_field(field.name)
    if kind in ENUMS:
        return _set_name(kind)
    return "0 .. NOWHERE" if kind == _PLACE else f"0 .. {(1 << field.bits) - 1}"


def _set_name(kind: str) -> str:
    return f"{kind.capitalize()}s"


def _set_lines(kind: str) -> list[str]:
    return [f"{_set_name(kind)} == {{", *_comma_lines(f'"{value.name}"' for value in ENUMS[kind]), "}"]


def _task_text(action: Action) -> str:
    if len(action.tasks) == 1:
        return f'task = "{action.tasks[0].name}"'
    return "task \\in {" + ", ".join(f'"{task.name}"' for task in action.tasks) + "}"


def _header(scope: Scope) -> list[str]:
    config = scope.config
    facts = [
        f"{scope.slots} OTA slots",
        "a factory partition" if scope.has_factory else "no factory partition",
        f"rollback {'on' if config.rollback else 'off'}",
        f"anti-rollback {'on' if config.anti_rollback else 'off'}",
        f"release rules {config.app_release.label}",
        f"cuts as in {scope.faults.name}",
        f"{scope.usage.value} usage",
    ]
    return [
        *textwrap.wrap(f"(* {', '.join(facts)}.", LINE, subsequent_indent="   "),
        "   Made from the device model by proofs/export/tla.py; see docs/reading-the-model.md. *)",
    ]


def _comma_lines(names: Iterable[str], indent: str = "    ") -> list[str]:
    """Return the names with commas between them, in lines."""
    lines: list[str] = []
    words = list(names)
    for place, name in enumerate(words):
        word = name if place == len(words) - 1 else f"{name},"
        if lines and len(lines[-1]) + 1 + len(word) <= LINE:
            lines[-1] += f" {word}"
        else:
            lines.append(indent + word)
    return lines


def _wrapped(line: str, indent: str) -> list[str]:
    """Return a line in several, none of which begins with an operator: a column of those means a list to TLA+."""
    first, *words = line.lstrip().split(" ")
    lines = [line[: len(line) - len(line.lstrip())] + first]
    for word in words:
        is_operator = word in ("/\\", "\\/")
        if len(lines[-1]) + 1 + len(word) > LINE - 3 and not is_operator:
            lines.append(indent + word)
        else:
            lines[-1] += f" {word}"
    return lines


def _bare(text: str) -> str:
    """Return the text without brackets around the whole of it."""
    if not text.startswith("("):
        return text
    depth = 0
    for place, character in enumerate(text):
        depth += {"(": 1, ")": -1}.get(character, 0)
        if depth == 0:
            return text[1:-1] if place == len(text) - 1 else text
    return text


if __name__ == "__main__":
    print(tla(device_model(sample_scope())), end="")
