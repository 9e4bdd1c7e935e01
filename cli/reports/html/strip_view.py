"""How a page draws time: rows of bars whose places are shares of the width, so that they fit any screen to scale."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from ....analysis.results.timeline_result import DangerousSpan, ScenarioTimeline, StartsName, TimedWait, TimeSpan

LANES: dict[StartsName, str] = {
    "old": "old image",
    "new": "new image",
    "other": "another image",
    "nothing": "nothing",
}
"""What can start, in the order of the rows."""
_LETTER = 7.2
"""Pixels for a letter of a label, with some space beside it."""
_ROOMS = {3: 345, 6: 560, 9: 860}
"""By the class of a label, the pixels of the row from which on it is shown; the narrowest is that of a phone."""
_TICKS = 5
_STEPS = (1, 2, 5)
_WAIT = 0.06
"""Width of the time between two calls, of which nobody knows how long it is, as a share of the time to scale."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A part of a row; places in percent of the width."""

    x: str
    width: str
    middle: str
    tip: str = ""
    label: str = ""
    room: int = 99
    """The class of its label: how wide a page has to be for it, in hundreds of pixels; 99 for never."""
    is_wait: bool = False
    """Between two calls, and not to scale."""


@dataclass(frozen=True, slots=True)
class StripRow:
    """A row of bars."""

    kind: str
    """The class of its bars."""
    name: str
    note: str
    """What is to be said of it in small print; empty for nothing."""
    bars: tuple[Bar, ...]


@dataclass(frozen=True, slots=True)
class TimeStrip:
    """A time, drawn to scale."""

    title: str
    note: str
    calls: tuple[Bar, ...]
    waits: tuple[Bar, ...]
    lanes: tuple[StripRow, ...]
    dangers: tuple[StripRow, ...]
    ticks: tuple[tuple[str, str], ...]
    """(place, text)"""


Piece = TimeSpan | TimedWait


class _Scale:
    """Pieces of time, laid end to end; those between calls all have one width."""

    def __init__(self, pieces: Sequence[Piece]) -> None:
        self.pieces = pieces
        self.time = sum(piece.length for piece in pieces if isinstance(piece, TimeSpan))
        self.width = sum(map(self._width, pieces))

    def _width(self, piece: Piece) -> float:
        return piece.length if isinstance(piece, TimeSpan) else _WAIT * self.time

    def placed(self) -> Iterator[tuple[float, Piece]]:
        """Yield each piece with its place."""
        at = 0.0
        for piece in self.pieces:
            yield at, piece
            at += self._width(piece)

    def bars(self, span: TimeSpan, tip: str) -> Iterator[Bar]:
        """Yield where the pieces show a span."""
        for at, piece in self.placed():
            if isinstance(piece, TimeSpan):
                start, end = max(span.start, piece.start), min(span.end, piece.end)
                if start < end:
                    yield self.bar(at + start - piece.start, end - start, tip)

    def waits(self, is_meant: "Sequence[TimedWait]", what: str) -> Iterator[Bar]:
        """Yield those of the times between calls that are meant."""
        for at, piece in self.placed():
            if isinstance(piece, TimedWait) and piece in is_meant:
                tip = f"{what} between the return of {piece.call}() and the next call"
                yield self.bar(at, self._width(piece), tip, is_wait=True)

    def bar(self, at: float, length: float, tip: str, label: str = "", is_wait: bool = False) -> Bar:
        """Return the bar of a part of the width."""
        share = length / self.width
        return Bar(
            x=_percent(at / self.width),
            width=_percent(share),
            middle=_percent((at + length / 2) / self.width),
            tip=tip,
            label=label,
            room=_room(share, label),
            is_wait=is_wait,
        )

    def calls(self) -> Iterator[Bar]:
        """Yield a labelled bar for each call."""
        spans = [(at, piece) for at, piece in self.placed() if isinstance(piece, TimeSpan)]
        for name, group in groupby(spans, key=lambda item: getattr(item[1], "call", "")):
            found = list(group)
            length = sum(piece.length for _, piece in found)
            yield self.bar(found[0][0], length, f"{name}(): {time_words(length)}", f"{name}()")


def whole_strip(timeline: ScenarioTimeline) -> TimeStrip:
    """Return the whole of a scenario."""
    scale = _Scale([TimeSpan(start=0, end=timeline.milliseconds)])
    calls = [
        scale.bar(call.start, call.length, f"{call.name}(): {time_words(call.length)}", f"{call.name}()")
        for call in timeline.calls
    ]
    note = f"{time_words(timeline.milliseconds)} of flash operations, to scale"
    return _strip(timeline, scale, calls, "All flash operations", note, _ticks(scale.width))


def record_strip(timeline: ScenarioTimeline) -> TimeStrip | None:
    """Return the operations on otadata alone, to their own scale, with the times between; None where there are none."""
    pieces: list[Piece] = []
    for call, group in groupby(timeline.records, key=lambda record: record.call):
        found = list(group)
        pieces += found
        pieces += [wait for wait in timeline.waits if wait.call == call and wait.at == found[-1].end][:1]
    if not pieces:
        return None
    scale = _Scale(pieces)
    factor = timeline.milliseconds / scale.width
    note = f"{time_words(scale.time)}{f', {factor:,.0f} times as large' if factor > 1.5 else ''}; "
    note += "grey between calls, where time is not to scale"
    return _strip(timeline, scale, scale.calls(), "Writes of otadata", note, ())


def danger_time(timeline: ScenarioTimeline) -> float:
    """Return the milliseconds in which a power failure breaks any claim."""
    end, total = 0.0, 0.0
    for span in sorted(timeline.dangers, key=lambda span: span.start):
        total += max(0.0, span.end - max(span.start, end))
        end = max(end, span.end)
    return total


def _strip(
    timeline: ScenarioTimeline,
    scale: _Scale,
    calls: Iterable[Bar],
    title: str,
    note: str,
    ticks: Iterable[tuple[str, str]],
) -> TimeStrip:
    waits = tuple(scale.waits(timeline.waits, ""))
    return TimeStrip(
        title,
        note,
        tuple(calls),
        waits,
        tuple(_lanes(timeline, scale)),
        tuple(row for row in _dangers(timeline, scale) if row.bars),
        tuple(ticks),
    )


def _lanes(timeline: ScenarioTimeline, scale: _Scale) -> Iterator[StripRow]:
    partitions = {"old": timeline.previous, "new": timeline.target}
    for kind, name in LANES.items():
        spans = [span for span in timeline.boots if span.starts == kind]
        waits = [wait for wait in timeline.waits if wait.starts == kind]
        bars = [bar for span in spans for bar in scale.bars(span, f"{name} starts: {_span_text(span, span.call)}")]
        bars += scale.waits(waits, f"{name} starts")
        if bars or kind in partitions:
            yield StripRow(kind, name, partitions.get(kind, ""), tuple(bars))


def _dangers(timeline: ScenarioTimeline, scale: _Scale) -> Iterator[StripRow]:
    claims = {span.claim for span in timeline.dangers} | {claim for wait in timeline.waits for claim in wait.broken}
    for claim in sorted(claims, key=lambda name: int(name[1:])):
        spans = [span for span in timeline.dangers if span.claim == claim]
        waits = [wait for wait in timeline.waits if claim in wait.broken]
        bars = [bar for span in spans for bar in scale.bars(span, _danger_text(span))]
        bars += scale.waits(waits, f"{claim} is broken")
        is_whole = not any(isinstance(piece, TimedWait) for piece in scale.pieces)
        if is_whole:
            bars += [scale.bar(wait.at, 0, f"{claim} is broken after {wait.call}() has returned") for wait in waits]
        told = [time_words(sum(span.length for span in spans))] if spans else []
        told += [f"after {call}()" for call in dict.fromkeys(wait.call for wait in waits)]
        yield StripRow("danger", claim, ", ".join(told), tuple(bars))


def _danger_text(span: DangerousSpan) -> str:
    return f"{span.claim} is broken: {_span_text(span, span.call)}"


def _span_text(span: TimeSpan, call: str) -> str:
    return f"{time_words(span.length)} in {call}(), from {time_words(span.start)}"


def _ticks(length: float) -> Iterator[tuple[str, str]]:
    """Yield round times along the axis."""
    size = 1e-4
    while not any(length / (size * step) <= _TICKS for step in _STEPS):
        size *= 10
    step = next(size * step for step in _STEPS if length / (size * step) <= _TICKS)
    for number in range(int(length / step) + 1):
        yield _percent(number * step / length), time_words(number * step)


def time_words(milliseconds: float) -> str:
    """Return a time in words."""
    if milliseconds >= 1000:
        return f"{milliseconds / 1000:,.2f}".rstrip("0").rstrip(".") + " s"
    text = f"{milliseconds:.1f}" if milliseconds >= 1 else f"{milliseconds:.2g}"
    return f"{text.rstrip('0').rstrip('.') if '.' in text else text} ms"


def _room(share: float, label: str) -> int:
    """Return how wide a page has to be for a label to fit into a share of it, in hundreds of pixels; 99 for never."""
    if not label or share <= 0:
        return 99
    wanted = len(label) * _LETTER / share
    return next((hundreds for hundreds, pixels in _ROOMS.items() if wanted <= pixels), 99)


def _percent(share: float) -> str:
    return f"{100 * share:.4f}".rstrip("0").rstrip(".") + "%"
