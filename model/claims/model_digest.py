"""A digest of what the prover decides for a scope: the device model, the claims and what else is asked, as terms.

Two scopes with one digest are one model with the same claims, so a verdict for one is a verdict for the other. The
digest goes by terms alone: fields count by their place and width, actions by guard and effects. Names, order of the
actions, files and docstrings do not matter. C9 and C12 are not claims about one state; of them the digest has what
they ask about, which is the model.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import replace

from ..device.model import DeviceModel, device_model
from ..device.records import Numbers
from ..device.state import Ghost, Scope
from ..terms.terms import Op, Term, nodes_of
from .claims import CLAIMS
from .state_claims import DEVICE_CLAIMS

DIGITS = 24
"""Length of a digest in hexadecimal digits."""


def model_digest(scope: Scope, also: Mapping[str, Term] | None = None) -> str:
    """Return the digest of a scope, with 32-bit sequence numbers and all that claims speak of.

    also: by name, further terms of that model."""
    also = also or {}
    model = device_model(replace(scope, ghosts=frozenset(Ghost), numbers=Numbers.EXACT))
    kept = {c.claim.id: c.kept_in(model) for c in DEVICE_CLAIMS if c.applies_to(model.scope)}
    guards = [model.guard(action) for action in model.actions]
    effects = [model.effects[action.name] for action in model.actions]
    changes = (term for effect in effects for term in effect.values())
    digests = _term_digests(model, (*guards, *changes, *kept.values(), *also.values()))
    place = {field.name: str(number) for number, field in enumerate(model.fields)}
    actions = sorted(
        _digest(digests[guard], *sorted(f"{place[name]}:{digests[term]}" for name, term in effect.items()))
        for guard, effect in zip(guards, effects, strict=True)
    )
    fields = (f"{field.bits}:{model.starts(field)}" for field in model.fields)
    claims = (f"{claim.id}:{digests[kept[claim.id]] if claim.id in kept else ''}" for claim in CLAIMS)
    named = (f"{name}:{digests[term]}" for name, term in sorted(also.items()))
    return _digest(*fields, *actions, *claims, *named)[:DIGITS]


_IN_ANY_ORDER = (Op.AND, Op.OR, Op.EQUAL)


def _term_digests(model: DeviceModel, terms: Iterable[Term]) -> dict[Term, str]:
    """Return the digest of every node: of its operation, width and arguments, in any order where none counts."""
    place = {field.name: str(number) for number, field in enumerate(model.fields)}
    found: dict[Term, str] = {}
    for node in nodes_of(terms):
        args = (place[str(node.args[0])],) if node.op is Op.FIELD else node.args
        texts = [found[arg] if isinstance(arg, Term) else str(arg) for arg in args]
        found[node] = _digest(node.op.value, str(node.bits), *(sorted(texts) if node.op in _IN_ANY_ORDER else texts))
    return found


def _digest(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
