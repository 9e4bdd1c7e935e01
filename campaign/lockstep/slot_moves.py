"""How each slot stood to a call or a reset, and whether the life-cycle table allows where it went.

What info() says of a slot is the state word of the first record that names it, seen through the abstraction; the
table's Situation is made of the two records, never of the device model. So table and model are independent.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import NamedTuple

from ...model.config import Config
from ...model.device.records import Check, Word
from ...model.fault_model import FaultModel
from ...model.slot.life_cycle import Event, allowed_rows, whole_row
from ...model.slot.situation import Place, Situation, State
from .abstraction import Stored
from .record_view import RecordView

READINGS: dict[Word, State] = {
    Word.NEW: State.NEW,
    Word.PENDING_VERIFY: State.TESTING,
    Word.VALID: State.VALID,
    Word.INVALID: State.INVALID,
    Word.ABORTED: State.ABORTED,
    Word.UNDEFINED: State.UNDEFINED,
}
_REFUSED = (Word.INVALID, Word.ABORTED)


@dataclass(frozen=True, slots=True)
class BeforeMove:
    """A device just before something happens to its slots."""

    config: Config
    has_factory: bool
    stored: Stored
    running: int | None
    """The slot whose image runs; None: factory, or the device is off."""


@dataclass(frozen=True, slots=True)
class Move:
    """What happened."""

    event: Event
    is_refused: bool
    cut: FaultModel | None
    """The fault model of the cut that ended it; None: it was not cut."""
    starts: tuple[int | None, ...]
    """A reset: the slots one of which was started; a cut does not tell which."""
    target: int | None = None
    """esp_ota_set_boot_partition: the slot that it was asked for."""
    has_flash_error: bool = False
    """An operation of it failed and returned."""


def forbidden_moves(before: BeforeMove, move: Move, after: Stored) -> Iterator[str]:
    """Yield, for each slot that went where the table has no row to, a line that says so."""
    seen = _seen(before, move)
    for slot in range(len(before.stored.slots)):
        moved_to, _ = reported(after.records, slot)
        found = [_situation(before, slot, move, started, seen) for started in move.starts]
        if not any(is_allowed(state, moved_to, situation, move) for state, situation in found):
            state, situation = found[0]
            yield f"ota_{slot}, {move.event.value}: no row from {state.value} to {moved_to.value}: {situation}"


def reported(records: Sequence[RecordView], slot: int) -> tuple[State, State]:
    """Return what info() says of a slot, and what the second record that names it says: none without one."""
    found = [READINGS[records[index].word] for index in _naming(records, slot)]
    first, second, *_ = [*found, State.NONE, State.NONE]
    return first, second


@lru_cache(maxsize=1 << 15)
def is_allowed(state: State, moved_to: State, situation: Situation, move: Move) -> bool:
    """Tell whether a row leads there; with a cut or a failed operation, also one that it makes."""
    if move.cut is not None or move.has_flash_error:
        return bool(allowed_rows(state, move.event, moved_to, situation, move.cut, move.has_flash_error))
    return whole_row(state, move.event, situation).state_after(state, situation.hidden) is moved_to


class _SeenBefore(NamedTuple):
    """What is so whichever slot is asked about."""

    active: int | None
    """The record that decides, as the application sees it."""
    chosen: int | None
    """The same, as the bootloader sees it."""
    target: int
    is_fresh: bool


def _seen(before: BeforeMove, move: Move) -> _SeenBefore:
    records = before.stored.records
    target = 0 if before.running is None else (before.running + 1) % len(before.stored.slots)
    looked_at = _aborted(records) if before.config.rollback else records
    return _SeenBefore(
        _selected(records),
        _chosen(before, looked_at),
        target if move.target is None else move.target,
        _is_fresh(before, looked_at),
    )


def _situation(
    before: BeforeMove, slot: int, move: Move, started: int | None, seen: _SeenBefore
) -> tuple[State, Situation]:
    records, config, active, target = before.stored.records, before.config, seen.active, seen.target
    naming = _naming(records, slot)
    state, hidden = reported(records, slot)
    return state, Situation(
        config=config,
        place=_place(naming, active),
        in_first_sector=naming[:1] == [0],
        hidden=hidden,
        is_running=slot == before.running,
        is_target=slot == target,
        target_is_selected=active is not None and records[active].slot == target,
        is_refused=move.is_refused,
        is_chosen=bool(naming) and seen.chosen == naming[0],
        is_fresh=seen.is_fresh,
        is_started=slot == started,
    )


def _naming(records: Sequence[RecordView], slot: int) -> list[int]:
    fitting = [record.is_right or record.fits_though_empty for record in records]
    return [index for index in (0, 1) if fitting[index] and records[index].slot == slot]


def _place(naming: list[int], active: int | None) -> Place:
    if not naming:
        return Place.ABSENT
    if active is None:
        return Place.REJECTED
    return Place.SELECTED if active == naming[0] else Place.SPARE


def _selected(records: Sequence[RecordView]) -> int | None:
    """Return which record decides what boots, as the application sees it."""
    return _newest(records, [_is_bootable(record) for record in records])


def _chosen(before: BeforeMove, records: Sequence[RecordView]) -> int | None:
    """Return which record decides, as the bootloader sees it: with anti-rollback it looks at the slot as well."""
    if not before.config.anti_rollback:
        return _selected(records)
    slots, efuse = before.stored.slots, before.stored.burned.bit_count()
    is_allowed = [slots[r.slot].has_description and slots[r.slot].version >= efuse for r in records]
    return _newest(records, [_is_bootable(r) and ok for r, ok in zip(records, is_allowed, strict=True)])


def _newest(records: Sequence[RecordView], usable: list[bool]) -> int | None:
    found = [index for index in (0, 1) if usable[index]]
    return max(found, key=lambda index: (records[index].seq, -index), default=None)


def _is_bootable(record: RecordView) -> bool:
    return record.is_right and record.word not in _REFUSED


def _aborted(records: Sequence[RecordView]) -> tuple[RecordView, ...]:
    """The bootloader begins by aborting what was under test, whatever its check word."""
    return tuple(replace(r, word=Word.ABORTED) if r.word is Word.PENDING_VERIFY else r for r in records)


def _is_fresh(before: BeforeMove, records: Sequence[RecordView]) -> bool:
    """Tell whether the bootloader will write the first record for what it starts."""
    if any(record.is_right for record in records):
        return False
    if before.config.anti_rollback:
        return True
    return not before.has_factory and all(r.check is Check.EMPTY or r.word in _REFUSED for r in records)
