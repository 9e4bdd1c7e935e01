"""How a page draws time: rows of bars whose places are shares of the width, so that they fit any screen to scale."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from ....analysis.results.timeline_result import DangerousSpan, ScenarioTimeline, StartsName, TimeSpan

_LANES: dict[StartsName, str] = {
    "old": "old image",
    "new": "new image",
    "other": "another",
    "nothing": "nothing",
}
_TICKS = 5
_STEPS = (1, 2, 5)


@dataclass(frozen=True, slots=True)
class Bar:
    """A part of a row; places in percent of the width."""

    x: str
    width: str
    tip: str
    label: str = ""
    room: int = 0
    """The class of its label: how wide a page has to be for it, in hundreds of pixels; 0 for any."""
    middle: str = "0"


@dataclass(frozen=True, slots=True)
class Row:
    """A row of bars."""

    kind: str
    """The class of its bars."""
    name: str
    note: str
    """What is to be said of it in small print; empty for nothing."""
    bars: tuple[Bar, ...]


@dataclass(frozen=True, slots=True)
class Strip:
    """A time, drawn to scale."""

    title: str
    note: str
    calls: tuple[Bar, ...]
    lanes: tuple[Row, ...]
    dangers: tuple[Row, ...]
    ticks: tuple[tuple[str, str], ...]
    """(place, text)"""


class _Scale:
    """Places of moments: pieces of time, laid end to end."""

    def __init__(self, pieces: Sequence[TimeSpan]) -> None:
        self.pieces = pieces
        self.length = sum(piece.length for piece in pieces)

    def bars(self, span: TimeSpan, tip: str) -> Iterable[Bar]:
        """Yield where the pieces show a span."""
        at = 0.0
        for piece in self.pieces:
            start, end = max(span.start, piece.start), min(span.end, piece.end)
            if start < end or (span.start == span.end and piece.start <= span.start <= piece.end):
                yield self._bar(at + start - piece.start, end - start, tip)
                if span.start == span.end:
                    return
            at += piece.length

    def _bar(self, at: float, length: float, tip: str, label: str = "") -> Bar:
        share = length / self.length
        return Bar(
            _percent(at / self.length),
            _percent(share),
            tip,
            label,
            _room(share, label),
            _percent((at + length / 2) / self.length),
        )

    def calls(self, spans: Iterable[tuple[str, Sequence[TimeSpan]]]) -> Iterable[Bar]:
        """Yield a labelled bar for each group of spans in a row."""
        for name, group in spans:
            length = group[-1].end - group[0].start if len(self.pieces) == 1 else sum(s.length for s in group)
            at = sum(p.length for p in self.pieces if p.end <= group[0].start)
            at += group[0].start if len(self.pieces) == 1 else 0
            yield self._bar(at, length, f"{name}(): {time_words(length)}", f"{name}()")


def whole_strip(timeline: ScenarioTimeline) -> Strip:
    """Return the whole of a scenario."""
    scale = _Scale([TimeSpan(start=0, end=timeline.milliseconds)])
    calls = scale.calls([(call.name, [call]) for call in timeline.calls])
    return _strip(
        timeline, scale, calls, "All of it", f"{time_words(timeline.milliseconds)} of flash operations, to scale"
    )


def record_strip(timeline: ScenarioTimeline) -> Strip | None:
    """Return the operations on otadata alone, to their own scale; None where there are none."""
    if not timeline.records:
        return None
    scale = _Scale(timeline.records)
    grouped = [(call, list(group)) for call, group in groupby(timeline.records, key=lambda record: record.call)]
    factor = timeline.milliseconds / scale.length
    note = f"{time_words(scale.length)}, laid end to end"
    note += f", {factor:,.0f} times as large" if factor > 1.5 else ""
    return _strip(timeline, scale, scale.calls(grouped), "The writes of otadata alone", note)


def danger_time(timeline: ScenarioTimeline) -> float:
    """Return the milliseconds in which a power failure breaks any claim."""
    end, total = 0.0, 0.0
    for span in sorted(timeline.dangers, key=lambda span: span.start):
        total += max(0.0, span.end - max(span.start, end))
        end = max(end, span.end)
    return total


def _strip(timeline: ScenarioTimeline, scale: _Scale, calls: Iterable[Bar], title: str, note: str) -> Strip:
    partitions = {"old": timeline.previous, "new": timeline.target}
    lanes = []
    for kind, name in _LANES.items():
        found = [span for span in timeline.boots if span.starts == kind]
        bars = [bar for span in found for bar in scale.bars(span, f"{name} starts: {_span_text(span, span.call)}")]
        if found or kind in partitions:
            lanes.append(Row(kind, name, partitions.get(kind, ""), tuple(bars)))
    dangers = []
    for claim, group in groupby(timeline.dangers, key=lambda span: span.claim):
        spans = list(group)
        bars = [bar for span in spans for bar in scale.bars(span, _danger_text(span))]
        dangers.append(Row("danger", claim, time_words(sum(span.length for span in spans)), tuple(bars)))
    return Strip(title, note, tuple(calls), tuple(lanes), tuple(dangers), tuple(_ticks(scale.length)))


def _danger_text(span: DangerousSpan) -> str:
    if span.start == span.end:
        return f"{span.claim} is broken after {span.call}() has returned, until the next call"
    return f"{span.claim} is broken: {_span_text(span, span.call)}"


def _span_text(span: TimeSpan, call: str) -> str:
    return f"{time_words(span.length)} in {call}(), from {time_words(span.start)}"


def _ticks(length: float) -> Iterable[tuple[str, str]]:
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
    wanted = len(label) * 7.2 / share
    return next((hundreds for hundreds in (3, 6, 9) if wanted <= hundreds * 100 - 40), 99)


def _percent(share: float) -> str:
    return f"{100 * share:.4f}".rstrip("0").rstrip(".") + "%"
