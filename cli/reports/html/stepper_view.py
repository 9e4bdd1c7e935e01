"""How a page steps through a replay: its moments, the bytes that changed, and each slot in the drawn life cycle."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from markupsafe import Markup

from ....analysis.results.stepped_replay import ReplayMoment, SteppedRecord, SteppedReplay
from ....diagrams.pictures.drawn_life_cycle import DrawnLifeCycle, drawn_life_cycle
from ....diagrams.pictures.records_drawing import FIELDS
from ..entry_view import entry_meaning

_LETTER, _MARK = 7.4, 19.0
"""Width of a letter on a mark in the drawing, and height of the mark, in points."""


@dataclass(frozen=True, slots=True)
class BytesView:
    """Bytes of a field in a row that changed, or did not."""

    text: str
    is_changed: bool


@dataclass(frozen=True, slots=True)
class FieldView:
    """A field of a record."""

    name: str
    pieces: tuple[BytesView, ...]


@dataclass(frozen=True, slots=True)
class SteppedRecordView:
    """A record."""

    place: str
    fields: tuple[FieldView, ...]
    meaning: str
    decides: bool
    changed: int
    """How many of its bytes are others than a moment before."""


@dataclass(frozen=True, slots=True)
class SlotMark:
    """A slot at its state in the drawing; places in points."""

    label: str
    x: float
    y: float
    width: float
    height: float
    is_moved: bool
    """It was in another state a moment before."""


@dataclass(frozen=True, slots=True)
class MomentView:
    """A moment."""

    moment: ReplayMoment
    records: tuple[SteppedRecordView, ...]
    marks: tuple[SlotMark, ...]
    tone: str
    """The class of what boots."""
    boots: str
    """What boots, in words."""


@dataclass(frozen=True, slots=True)
class StepperView:
    """A replay."""

    replay: SteppedReplay
    moments: tuple[MomentView, ...]
    drawing: DrawnLifeCycle
    shapes: Markup
    """Of the drawing, as markup of our own."""


def stepper_of(replay: SteppedReplay) -> StepperView:
    """Return the view of a replay."""
    drawing = drawn_life_cycle(replay.rollback)
    pairs = pairwise((replay.moments[0], *replay.moments))
    moments = tuple(_moment(replay, before, moment, drawing) for before, moment in pairs)
    return StepperView(replay, moments, drawing, Markup(drawing.shapes))


def _moment(replay: SteppedReplay, before: ReplayMoment, moment: ReplayMoment, drawing: DrawnLifeCycle) -> MomentView:
    return MomentView(
        moment=moment,
        records=tuple(_record(replay, record) for record in moment.records),
        marks=tuple(_marks(before, moment, drawing)),
        tone=_tone(moment),
        boots=_boots(moment),
    )


def _boots(moment: ReplayMoment) -> str:
    if moment.boots is None:
        return "nothing boots"
    return f"{moment.boots} boots: {'no whole image' if moment.image is None else f'“{moment.image}”'}"


def _tone(moment: ReplayMoment) -> str:
    """Return the class of what boots, as the drawings colour partitions."""
    if moment.boots is None or moment.image is None:
        return "nothing"
    if moment.slot is None:
        return "other"
    return "new" if moment.slot % 2 else "old"


def _record(replay: SteppedReplay, record: SteppedRecord) -> SteppedRecordView:
    raw = bytes.fromhex(record.bytes)
    fields, at = [], 0
    for name, size, _ in FIELDS:
        fields.append(FieldView(name, tuple(_pieces(raw, at, at + size, frozenset(record.changed)))))
        at += size
    return SteppedRecordView(
        f"0x{record.address:x}",
        tuple(fields),
        entry_meaning(raw, replay.slots, replay.notes_in_place),
        record.decides,
        len(record.changed),
    )


def _pieces(raw: bytes, start: int, stop: int, changed: frozenset[int]) -> Iterator[BytesView]:
    """Yield the bytes of a field in runs of changed and unchanged ones; many equal ones as one and their count."""
    at = start
    while at < stop:
        end = at + 1
        while end < stop and (end in changed) == (at in changed):
            end += 1
        run = raw[at:end]
        is_one = len(run) > 4 and len(set(run)) == 1
        yield BytesView(f"{run[0]:02x} × {len(run)}" if is_one else run.hex(" "), at in changed)
        at = end


def _marks(before: ReplayMoment, moment: ReplayMoment, drawing: DrawnLifeCycle) -> Iterator[SlotMark]:
    """Yield a mark beside the box of each slot's state; slots of one state below one another."""
    taken: dict[str, int] = {}
    for was, part in zip(before.parts, moment.parts, strict=True):
        place = drawing.places.get(part.state or "")
        if place is None or part.state is None:
            continue
        row = taken.get(part.state, 0)
        taken[part.state] = row + 1
        is_moved = was.state != part.state
        label = f"→ {part.label}" if is_moved else part.label
        width = _LETTER * len(label) + 12
        x = min(place.x + place.width - 3, drawing.width - width - 2)
        y = place.y - 6 + row * (_MARK + 2)
        yield SlotMark(label, round(x, 1), round(y, 1), round(width, 1), _MARK, is_moved)
