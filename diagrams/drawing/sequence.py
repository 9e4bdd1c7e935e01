"""A sequence diagram of calls between components, as a drawing and as Mermaid text."""

from collections.abc import Iterator
from dataclasses import dataclass

from .canvas import Anchor, Box, Drawing, Stroke, Text
from .escapes import mermaid_text
from .palette import FAINT, INK, Tone

LANES = ("application", "otaupgrade", "esp_ota", "flash", "bootloader")
_X = dict(zip(LANES, (76.0, 216.0, 376.0, 570.0, 716.0), strict=True))
_TOP, _STEP, _WIDTH = 84.0, 26.0, 792.0


@dataclass(frozen=True, slots=True)
class Message:
    """An arrow between two lanes."""

    source: str
    goal: str
    text: str
    is_answer: bool = False


@dataclass(frozen=True, slots=True)
class Remark:
    """A bar across all lanes."""

    text: str
    tone: Tone = Tone.PLAIN


@dataclass(frozen=True, slots=True)
class Sequence:
    """Messages and remarks in the order of time."""

    name: str
    title: str
    description: str
    events: tuple[Message | Remark, ...]

    def drawing(self) -> Drawing:
        """Return the drawing, with its Mermaid text."""
        end = _TOP + _STEP * len(self.events)
        items: list[Box | Text | Stroke] = [Text(16, 22, self.title, 15, is_bold=True)]
        for lane in LANES:
            plain = Tone.PLAIN.colours
            items.append(Stroke(_X[lane], 62, _X[lane], end, plain.line, "dotted", width=1))
            items.append(Box(_X[lane] - 52, 40, 104, 24, plain.fill, plain.line))
            items.append(Text(_X[lane], 52, lane, 11.5, INK, Anchor.MIDDLE, is_bold=True))
        for place, event in enumerate(self.events):
            y = _TOP + _STEP * place
            items += _message_items(event, y) if isinstance(event, Message) else _remark_items(event, y)
        return Drawing(self.name, self.title, self.description, _WIDTH, end + 10, tuple(items), self._mermaid())

    def _mermaid(self) -> str:
        lines = [
            "sequenceDiagram",
            f"  accTitle: {mermaid_text(self.title)}",
            f"  accDescr: {mermaid_text(self.description)}",
            *(f"  participant {lane}" for lane in LANES),
        ]
        for event in self.events:
            if isinstance(event, Message):
                arrow = "-->>" if event.is_answer else "->>"
                lines.append(f"  {event.source}{arrow}{event.goal}: {mermaid_text(event.text)}")
            else:
                lines.append(f"  Note over {LANES[0]},{LANES[-1]}: {mermaid_text(event.text)}")
        return "\n".join(lines) + "\n"


def _message_items(message: Message, y: float) -> Iterator[Text | Stroke]:
    start, end = _X[message.source], _X[message.goal]
    tone = Tone.ORANGE if "flash" in (message.source, message.goal) else Tone.BLUE
    colours = tone.colours
    style = "dashed" if message.is_answer else "solid"
    yield Stroke(start, y + 8, end, y + 8, colours.line, style, has_arrow=True)
    text = FAINT if message.is_answer else colours.text
    yield Text((start + end) / 2, y, _short(message.text, abs(end - start)), 9.5, text, Anchor.MIDDLE)


def _remark_items(remark: Remark, y: float) -> Iterator[Box | Text]:
    colours = remark.tone.colours
    left, right = _X[LANES[0]] - 52, _X[LANES[-1]] + 52
    yield Box(left, y - 9, right - left, 19, colours.fill, colours.line)
    yield Text((left + right) / 2, y + 0.5, _short(remark.text, right - left), 10, colours.text, Anchor.MIDDLE)


def _short(text: str, width: float) -> str:
    """Return the text, shortened to fit at about five points a letter."""
    room = int(max(width, 150) / 4.9)
    return text if len(text) <= room else text[: room - 1] + "…"
