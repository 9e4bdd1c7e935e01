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
from ...model.terms.terms import Bool, Op
from ...model.terms.writer import Syntax, Writer, atom, infix, shaped

PROMELA: Syntax = {
    Op.VALUE: atom,
    Op.FIELD: atom,
    Op.NOT: shaped("!({0})"),
    Op.AND: infix(" && "),
    Op.OR: infix(" || "),
    Op.EQUAL: infix(" == "),
    Op.LESS: infix(" < "),
    Op.PLUS: shaped("(({0} + {1}) & {mask})"),
    Op.MINUS: shaped("(({0} - {1}) & {mask})"),
    Op.CHOOSE: shaped("({0} -> {1} : {2})"),
}
"""How a term reads in Promela."""


def promela(model: DeviceModel, claim: Bool | None = None) -> str:
    """Return the model as Promela; with a claim, SPIN stops with an error in a state that breaks it.

    Raises ValueError for exact sequence numbers: Promela has no unsigned numbers of 32 bits."""
    if model.scope.numbers is Numbers.EXACT:
        raise ValueError("Promela has no unsigned numbers of 32 bits; use Numbers.RANKED")
    options = [_option(model, action) for action in model.actions]
    if claim is not None:
        options.append(["d_step {", f"  {Writer(PROMELA).text(~claim)} ->", "  assert(false)", "}"])
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
    guard = tasks if action.when.value else f"({tasks}) && {Writer(PROMELA).text(action.when)}"
    moving = {name: term for name, term in effects.items() if term.value is None}
    # A hidden variable for every result: all of them read the state before.
    writer = Writer(PROMELA, moving.values(), "v", assigns_all=True)
    lines = [f"{name} = {text};" for name, text in writer.assignments(moving.values())]
    lines += [f"{name} = {writer.text(term)};" for name, term in moving.items()]
    lines += [f"{name} = {term.value};" for name, term in effects.items() if term.value is not None]
    return [f"d_step {{ /* {action.name} */", f"  ({guard}) ->", *(f"  {line}" for line in lines or ["skip"]), "}"]
