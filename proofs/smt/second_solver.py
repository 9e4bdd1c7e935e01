"""A second opinion: the question put to z3, as SMT-LIB text, and bitwuzla's answer to it.

z3 and bitwuzla share no code. What passes between them is text that any other solver reads too, so a claim that
matters is held twice: `script` writes the question down, `ask_bitwuzla` asks it again from the text alone.

Left out: models and proofs. A witness is found by z3 and then checked by running the code on it.
"""

import re
import time
from collections.abc import Iterator
from functools import partial
from typing import Any

import bitwuzla
import z3

from ...interrupts import are_taken, await_raised, is_stopping

if are_taken():
    # z3 takes SIGINT for the end of one question; the answer is "unknown" then, and the command goes on.
    z3.set_param("ctrl_c", False)
LOGIC = "QF_BV"
"""Bit-vectors without quantifiers: every question that this package puts to a solver."""
CPU_SECONDS = 120.0
"""Processor time that bitwuzla may take for one question; after it the answer is "unknown"."""


def script(formula: Any, logic: str = LOGIC) -> str:
    """Return the SMT-LIB text that asks whether the z3 formula, or all of a list of them, can be true.

    logic: QF_BV, or QF_UFBV when the formula has uninterpreted functions."""
    solver = z3.Solver()
    for part in formula if isinstance(formula, list | tuple) else [formula]:
        solver.add(_without_short_joins(part))
    return f"(set-logic {logic})\n" + _INTERNAL_DIVISION.sub(r"\1", _without_header(solver.to_smt2()))


def ask_bitwuzla(smt2_text: str, cpu_seconds: float = CPU_SECONDS) -> str:
    """Return bitwuzla's answer to one SMT-LIB question: "sat", "unsat" or "unknown".

    smt2_text: declarations and assertions, with or without the last (check-sat); commands are not obeyed.
    Raises ValueError when bitwuzla cannot read the text."""
    try:
        parser = bitwuzla.Parser(bitwuzla.TermManager(), bitwuzla.Options())
        parser.parse(smt2_text, True, False)
    except bitwuzla.BitwuzlaException as error:
        raise ValueError(str(error)) from error
    solver = parser.bitwuzla()
    # An interrupt that comes while a function is called back is lost, unless it is this one.
    solver.configure_terminator(partial(is_stopping, time.thread_time() + cpu_seconds))
    answer = solver.check_sat()
    await_raised()
    return _WORDS.get(answer, "unknown")


_INTERNAL_DIVISION = re.compile(r"\b(bv(?:udiv|urem|sdiv|srem|smod))_i\b")
"""z3's simplifier gives a division by what cannot be zero a name of its own; there the standard one is the same."""
_JOINS = (z3.Z3_OP_AND, z3.Z3_OP_OR)
_WORDS = {bitwuzla.Result.SAT: "sat", bitwuzla.Result.UNSAT: "unsat"}


def _without_short_joins(formula: Any) -> Any:
    """Return the formula without "and" and "or" of fewer than two parts, which z3 writes but SMT-LIB has not."""
    root = formula if z3.is_expr(formula) else z3.BoolVal(formula)
    if not _has_short_join(root):
        return root
    changed: dict[int, Any] = {}
    """By the id of a term that has one of these in it: the term without. The root keeps all ids their own."""
    for term, parts in _parts_first(root):
        new_parts = [changed.get(part.get_id(), part) for part in parts]
        if len(parts) < 2 and (z3.is_and(term) or z3.is_or(term)):
            changed[term.get_id()] = new_parts[0] if parts else z3.BoolVal(z3.is_and(term))
        elif any(new is not old for new, old in zip(new_parts, parts, strict=True)):
            changed[term.get_id()] = term.update(*new_parts)
    return changed.get(root.get_id(), root)


def _has_short_join(root: Any) -> bool:
    """Tell whether there is an "and" or "or" of fewer than two parts; asked of z3's own terms, which is quicker."""
    context, seen, stack = root.ctx_ref(), set[int](), [root.as_ast()]
    while stack:
        term = stack.pop()
        number = z3.Z3_get_ast_id(context, term)
        if number in seen or z3.Z3_get_ast_kind(context, term) != z3.Z3_APP_AST:
            continue
        seen.add(number)
        count = z3.Z3_get_app_num_args(context, term)
        if count < 2 and z3.Z3_get_decl_kind(context, z3.Z3_get_app_decl(context, term)) in _JOINS:
            return True
        stack += [z3.Z3_get_app_arg(context, term, place) for place in range(count)]
    return False


def _parts_first(root: Any) -> Iterator[tuple[Any, list[Any]]]:
    """Yield every term of a formula once, with its parts, which come before it."""
    seen: set[int] = set()
    stack: list[tuple[Any, list[Any] | None]] = [(root, None)]
    while stack:
        term, parts = stack.pop()
        if parts is not None:
            yield term, parts
        elif term.get_id() not in seen:
            seen.add(term.get_id())
            parts = term.children()
            stack.append((term, parts))
            stack += [(part, None) for part in parts]


def _without_header(text: str) -> str:
    """Return z3's script without its first lines, which name no logic and a status it does not know."""
    return "".join(line for line in text.splitlines(keepends=True) if not line.startswith((";", "(set-info")))
