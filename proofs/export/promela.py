"""The model as Promela text, for SPIN: the same fields, and one d_step for each action.

The fields are global variables with their first values, so SPIN starts in our first state; each turn of the one loop is
one action. What an action changes is computed into hidden variables first, which are no part of SPIN's state, and then
assigned at once: every effect reads the state before.

SPIN stores exactly our states. Of its transitions one is its own, the first state put into the store, so it counts one
more than we do: see spin.py. The text has to be compiled with `spin -o2`, or SPIN leaves out variables that are only
written.
"""

from collections.abc import Iterable

from ...model.device.action import Action
from ...model.device.model import DeviceModel, Field
from ...model.device.records import Numbers
from ...model.terms.terms import Bool, Num, Op, Term, nodes_of, uses_of

_SYMBOLS = {Op.AND: " && ", Op.OR: " || ", Op.EQUAL: " == ", Op.LESS: " < "}


def promela(model: DeviceModel, claim: Bool | None = None) -> str:
    """Return the model as Promela; with a claim, SPIN stops with an error in a state that breaks it.

    Raises ValueError for exact sequence numbers: Promela has no unsigned numbers of 32 bits."""
    if model.scope.numbers is Numbers.EXACT:
        raise ValueError("Promela has no unsigned numbers of 32 bits; use Numbers.RANKED")
    options = [_option(model, action) for action in model.actions]
    if claim is not None:
        options.append(["d_step {", f"  {_Writer([]).text(~claim)} ->", "  assert(false)", "}"])
    body = [f"  {':: ' if not place else '   '}{line}" for option in options for place, line in enumerate(option)]
    count = max((int(name[1:]) + 1 for option in options for name in _scratch_names(option)), default=0)
    return "\n".join(
        [
            "/* Made from the device model by proofs/export/promela.py. */",
            *(_declaration(field) for field in model.fields),
            *(f"hidden byte v{place};" for place in range(count)),
            "",
            "active proctype device() {",
            "  do",
            *body,
            "  od",
            "}",
            "",
        ]
    )


def _declaration(field: Field) -> str:
    return f"{'bit' if field.bits <= 1 else 'byte'} {field.name} = {field.initial};"


def _scratch_names(lines: Iterable[str]) -> list[str]:
    """Return the hidden variables that are assigned to."""
    return [line.split(" = ")[0].strip() for line in lines if line.strip().startswith("v") and " = " in line]


def _option(model: DeviceModel, action: Action) -> list[str]:
    """Return one option of the loop, in lines."""
    effects = model.effects[action.name]
    tasks = " || ".join(f"task == {int(task)}" for task in action.tasks)
    guard = tasks if action.when.value else f"({tasks}) && {_Writer([]).text(action.when)}"
    moving = {name: term for name, term in effects.items() if term.value is None}
    writer = _Writer(moving.values())
    lines = [*writer.lines(moving.values()), *(f"{name} = {writer.text(term)};" for name, term in moving.items())]
    lines += [f"{name} = {term.value};" for name, term in effects.items() if term.value is not None]
    return [f"d_step {{ /* {action.name} */", f"  ({guard}) ->", *(f"  {line}" for line in lines or ["skip"]), "}"]


class _Writer:
    """Writes terms as Promela: a hidden variable for what is used more than once, and for every result."""

    def __init__(self, results: Iterable[Term]) -> None:
        results = list(results)
        uses = uses_of(results)
        self._kept = {term for term, count in uses.items() if count > 1 and term.op not in (Op.FIELD, Op.VALUE)}
        self._kept |= set(results)
        self.names: dict[Term, str] = {}

    def lines(self, results: Iterable[Term]) -> list[str]:
        """Return assignments to the hidden variables."""
        lines = []
        for node in nodes_of(results):
            if node in self._kept:
                text = self.text(node)
                self.names[node] = f"v{len(self.names)}"
                lines.append(f"{self.names[node]} = {text};")
        return lines

    def text(self, term: Term) -> str:
        """Return the term as Promela."""
        if term in self.names:
            return self.names[term]
        if term.op in (Op.FIELD, Op.VALUE):
            return str(term.args[0])
        args = [self.text(arg) for arg in term.args if isinstance(arg, Term)]
        match term.op:
            case Op.NOT:
                return f"!({args[0]})"
            case Op.CHOOSE:
                return f"({args[0]} -> {args[1]} : {args[2]})"
            case Op.PLUS | Op.MINUS:
                assert isinstance(term, Num)
                symbol = "+" if term.op is Op.PLUS else "-"
                return f"(({args[0]} {symbol} {args[1]}) & {(1 << term.bits) - 1})"
            case _:
                return "(" + _SYMBOLS[term.op].join(args) + ")"
