"""One slot of a device as the life-cycle table speaks of it: the device model and life_cycle.py on one page.

The table of life_cycle.py asks questions about a Situation; here each of them is answered by a term over the device. So
one definition serves the search, which computes it in every reachable state, and the solver, which takes it for all.
proofs/refinement/device_refines_slot.py then shows that no step of the device moves a slot but along a row.

The target of a call is the slot that it marks: for commence() and complete() the next one round, for
esp_ota_set_boot_partition(running) the running one.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace

from ..config import Config
from ..device.records import Records, Word, active, reported_word
from ..device.selection import aborted, boot_choice, next_update_slot, select
from ..device.state import Device, Scope
from ..terms.terms import Bool, Num, Term, choose, first_of, number
from .situation import Place, Situation, State

STATES: dict[int, State] = {
    Word.NEW: State.NEW,
    Word.PENDING_VERIFY: State.TESTING,
    Word.VALID: State.VALID,
    Word.INVALID: State.INVALID,
    Word.ABORTED: State.ABORTED,
    Word.UNDEFINED: State.UNDEFINED,
    len(Word): State.NONE,
}
"""What info() says of a slot, by the number that stands for it in terms: that of the word, and one more for none."""
PLACES: tuple[Place, ...] = (Place.ABSENT, Place.SELECTED, Place.SPARE, Place.REJECTED)
"""Where the reported record is, by the number that stands for it in terms."""


@dataclass(frozen=True, slots=True)
class SlotView:
    """What may be asked of one slot, named as in Situation."""

    state: Num
    """Number in STATES."""
    place: Num
    """Number in PLACES."""
    in_first_sector: Bool
    hidden: Num
    """Number in STATES."""
    is_running: Bool
    is_target: Bool
    target_is_selected: Bool
    is_chosen: Bool
    is_fresh: Bool
    is_started: Bool

    def terms(self) -> Iterator[Term]:
        """Yield the answers, in the order of `situation_of`."""
        yield from (getattr(self, part.name) for part in fields(self))


def slot_state(records: Records, slot: Num | int) -> Num:
    """Return what info() says of a slot: a number in STATES. Source: IDF-OTA-GET-STATE."""
    is_named, word = reported_word(records, slot)
    return choose(is_named, word, number(len(Word)))


def slot_view(scope: Scope, device: Device, slot: Num | int, target: Num | None = None) -> SlotView:
    """Return the answers for a slot, before something happens to it; target: None for the next one round."""
    target = next_update_slot(device) if target is None else target
    records = device.records
    first, second = (record.names(slot) for record in records)
    chosen = active(records)
    is_selected = (first & chosen.is_first) | (~first & second & chosen.is_second)
    place = first_of(
        (
            (~(first | second), number(0)),
            (~chosen.is_some, number(PLACES.index(Place.REJECTED))),
            (is_selected, number(PLACES.index(Place.SELECTED))),
        ),
        number(PLACES.index(Place.SPARE)),
    )
    rested = replace(device, records=aborted(scope, records))
    selection = select(scope, rested)
    return SlotView(
        state=slot_state(records, slot),
        place=place,
        in_first_sector=first,
        hidden=choose(first & second, records[1].word, number(len(Word))),
        is_running=device.running == slot,
        is_target=target == slot,
        target_is_selected=chosen.is_some & (chosen.of(records).slot == target),
        is_chosen=(first & selection.active.is_first) | (~first & second & selection.active.is_second),
        is_fresh=selection.is_fresh,
        is_started=boot_choice(scope, device) == slot,
    )


def situation_of(config: Config, values: Sequence[int], is_refused: bool = False) -> tuple[State, Situation]:
    """Return the state of a slot and how it stands to what happens, from the values of its view."""
    state, place, in_first, hidden, running, target, target_selected, is_chosen, is_fresh, is_started = values
    return STATES[state], Situation(
        config=config,
        place=PLACES[place],
        in_first_sector=bool(in_first),
        hidden=STATES[hidden],
        is_running=bool(running),
        is_target=bool(target),
        target_is_selected=bool(target_selected),
        is_refused=is_refused,
        is_chosen=bool(is_chosen),
        is_fresh=bool(is_fresh),
        is_started=bool(is_started),
    )
