"""The effects of an action in words: which fields change, and their new values.

`sector` selects the record that an action rewrites, and the target selects the slot. An effect that is the same for
both records, or for all slots, is described once. Effects on sequence numbers say that the numbers are ranked again;
the long form has the terms.
"""

from collections.abc import Iterator

from otaproof.model.device.action import Action
from otaproof.model.device.model import DeviceModel
from otaproof.model.device.selection import next_update_slot
from otaproof.model.device.state import Device
from otaproof.model.terms.terms import Num, Op, Term

from .terms_text import Vocabulary

RANKED = "ranked again"


def effect_lines(model: DeviceModel, action: Action, words: Vocabulary) -> Iterator[tuple[str, str]]:
    """Yield each changed field with its new value."""
    effects = dict(model.effects[action.name])
    for name in ("check", "word", "slot"):
        new_value = _of_record(model, effects, name)
        if new_value is not None:
            new = words.value(f"record0_{name}", new_value)
            if new != f"the record being rewritten's {name}":
                yield f"the rewritten record's {name}", new
    if effects.pop("record0_seq", None) is not None or effects.pop("record1_seq", None) is not None:
        effects.pop("record1_seq", None)
        number = _new_number(model.device, action)
        numbered = "" if number is None else words.value("", number)
        rank = "as it was" if numbered == "the record being rewritten's number" else numbered
        yield "the rewritten record's number", f"{rank}, {RANKED}" if rank else RANKED
    for name in ("content", "version", "is_finished", "is_earned"):
        new_value = _of_target(model, effects, name)
        if new_value is not None:
            new = words.value(f"slot0_{name}", new_value)
            if new != f"the target's {name}":
                yield f"the target's {name}", new
    for name, term in effects.items():
        yield name, words.value(name, term)


def _of_record(model: DeviceModel, effects: dict[str, Term], name: str) -> Term | None:
    """Remove and return the new value of a field of the rewritten record; None if the two records differ."""
    fields = f"record0_{name}", f"record1_{name}"
    first, second = (effects.get(field) for field in fields)
    if not isinstance(first, Num) or not isinstance(second, Num):
        return None
    if first.op is not Op.CHOOSE or second.op is not Op.CHOOSE:
        return None
    is_second = model.device.sector == 1
    if first.args[0] is not is_second or second.args[0] is not is_second or first.args[2] is not second.args[1]:
        return None
    for field in fields:
        del effects[field]
    new_value = second.args[1]
    assert isinstance(new_value, Term)
    return new_value


def _of_target(model: DeviceModel, effects: dict[str, Term], name: str) -> Term | None:
    """Remove and return the new value of a field of the target; None if the slots differ."""
    target = next_update_slot(model.device)
    new_value: Term | None = None
    found = []
    for place in range(model.scope.slots):
        term = effects.get(f"slot{place}_{name}")
        if not isinstance(term, Num) or term.op is not Op.CHOOSE or term.args[0] is not (target == place):
            return None
        part = term.args[1]
        assert isinstance(part, Term)
        if new_value is not None and new_value is not part:
            return None
        new_value = part
        found.append(f"slot{place}_{name}")
    for field in found:
        del effects[field]
    return new_value


def _new_number(before: Device, action: Action) -> Num | None:
    """Return the new number of the rewritten record before numbers are ranked."""
    seq = action.then.records[1].seq
    if seq.op is Op.CHOOSE and seq.args[0] is (before.sector == 1):
        number = seq.args[1]
        return number if isinstance(number, Num) else None
    return None
