"""A drawing to scale: boxes, texts and strokes at fixed coordinates, written as SVG and as DOT text.

The SVG is written without Graphviz, so it is the same on every machine. The DOT text pins every coordinate (layout
"nop2") and serves to render the same drawing as PNG. Lengths are points; y grows downwards.
"""

from dataclasses import dataclass, field
from enum import Enum

import graphviz

from .escapes import xml_text
from .palette import FONT, FONTS, GROUND, INK, style_sheet

_DASHES = {"solid": "", "dashed": "6 4", "dotted": "1.5 3.5"}
_WIDTH_OF_LETTER = 0.56
"""Width of a letter as a fraction of the font size; a little above the average."""


class Anchor(Enum):
    """Which point of a text its coordinates give; the values are the names in SVG and in Graphviz."""

    START = ("start", "LEFT")
    MIDDLE = ("middle", "CENTER")
    END = ("end", "RIGHT")


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle."""

    x: float
    y: float
    width: float
    height: float
    fill: str
    line: str
    tip: str = ""
    """The tooltip."""


@dataclass(frozen=True, slots=True)
class Text:
    """One line of text; y is its middle."""

    x: float
    y: float
    text: str
    size: float = 11
    colour: str = INK
    anchor: Anchor = Anchor.START
    is_bold: bool = False
    is_fixed: bool = False
    """Monospaced."""


@dataclass(frozen=True, slots=True)
class Stroke:
    """A straight line."""

    x1: float
    y1: float
    x2: float
    y2: float
    colour: str
    style: str = "solid"
    has_arrow: bool = False
    width: float = 1.4


@dataclass(frozen=True, slots=True)
class Drawing:
    """A drawing, with a description for readers who cannot see it."""

    name: str
    title: str
    description: str
    width: float
    height: float
    items: tuple[Box | Text | Stroke, ...]
    mermaid_text: str = field(default="")
    """The same as Mermaid text; empty where Mermaid cannot draw it."""

    def mermaid(self) -> str:
        """Return the text for Mermaid; empty for a drawing to scale."""
        return self.mermaid_text

    def svg(self) -> str:
        """Return the SVG file."""
        width, height = _number(self.width), _number(self.height)
        lines = [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
            f'viewBox="0 0 {width} {height}" role="img" aria-labelledby="title desc" '
            f'style="max-width:100%;height:auto" font-family="{FONTS}">',
            f'<title id="title">{xml_text(self.title)}</title>',
            f'<desc id="desc">{xml_text(self.description)}</desc>',
            f"<style>{style_sheet()}</style>",
            f'<rect width="{width}" height="{height}" rx="6" fill="{GROUND}"/>',
            *(_svg_item(item) for item in self.items),
            "</svg>",
        ]
        return "\n".join(lines) + "\n"

    def dot(self) -> str:
        """Return the text for Graphviz."""
        graph = graphviz.Digraph(
            self.name,
            graph_attr={
                "bgcolor": GROUND,
                "layout": "nop2",
                "pad": "0",
                "bb": f"0,0,{_number(self.width)},{_number(self.height)}",
            },
            node_attr={"fontname": FONT, "fixedsize": "true", "label": "", "margin": "0", "shape": "box"},
            edge_attr={"fontname": FONT, "arrowsize": "0.7"},
        )
        # A background of the drawing's size keeps the margins.
        ground = Box(0, 0, self.width, self.height, GROUND, GROUND)
        for number, item in enumerate((ground, *self.items)):
            self._add(graph, f"i{number}", item)
        text: str = graph.source
        return text

    def _add(self, graph: graphviz.Digraph, name: str, item: Box | Text | Stroke) -> None:
        def place(x: float, y: float) -> str:
            return f"{_number(x)},{_number(self.height - y)}"

        if isinstance(item, Box):
            graph.node(
                name,
                pos=place(item.x + item.width / 2, item.y + item.height / 2),
                width=_inches(item.width),
                height=_inches(item.height),
                style="filled",
                fillcolor=item.fill,
                color=item.line,
            )
        elif isinstance(item, Text):
            width = len(item.text) * item.size * (0.62 if item.is_fixed else _WIDTH_OF_LETTER) + item.size
            label = f"<B>{xml_text(item.text)}</B>" if item.is_bold else xml_text(item.text)
            middle = {
                Anchor.START: item.x + width / 2,
                Anchor.MIDDLE: item.x,
                Anchor.END: item.x - width / 2,
            }
            graph.node(
                name,
                f'<<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="0"><TR>'
                f'<TD WIDTH="{width:.0f}" ALIGN="{item.anchor.value[1]}">{label}</TD></TR></TABLE>>',
                pos=place(middle[item.anchor], item.y),
                width=_inches(width + 20),
                height=_inches(item.size * 1.6),
                shape="plain",
                fontcolor=item.colour,
                fontsize=_number(item.size),
                fontname="Courier" if item.is_fixed else FONT,
            )
        else:
            ends = ((item.x1, item.y1), (item.x2, item.y2))
            for end, (x, y) in zip("ab", ends, strict=True):
                graph.node(name + end, pos=place(x, y), shape="point", width="0.001", style="invis")
            length = ((item.x2 - item.x1) ** 2 + (item.y2 - item.y1) ** 2) ** 0.5 or 1
            share = 1 - (7 / length if item.has_arrow else 0)
            tip = (item.x1 + (item.x2 - item.x1) * share, item.y1 + (item.y2 - item.y1) * share)
            path = " ".join(place(*end) for end in (ends[0], ends[0], tip, tip))
            graph.edge(
                name + "a",
                name + "b",
                pos=f"e,{place(*ends[1])} {path}" if item.has_arrow else path,
                color=item.colour,
                style=item.style,
                arrowhead="normal" if item.has_arrow else "none",
                penwidth=_number(item.width),
            )


def _svg_item(item: Box | Text | Stroke) -> str:
    if isinstance(item, Box):
        tip = f"<title>{xml_text(item.tip)}</title>" if item.tip else ""
        return (
            f'<rect x="{_number(item.x)}" y="{_number(item.y)}" width="{_number(item.width)}" '
            f'height="{_number(item.height)}" fill="{item.fill}" stroke="{item.line}">{tip}</rect>'
        )
    if isinstance(item, Text):
        extra = ' font-weight="bold"' if item.is_bold else ""
        extra += ' font-family="Menlo,Consolas,Liberation Mono,monospace"' if item.is_fixed else ""
        return (
            f'<text x="{_number(item.x)}" y="{_number(item.y)}" dy="0.35em" font-size="{_number(item.size)}" '
            f'fill="{item.colour}" text-anchor="{item.anchor.value[0]}"{extra}>{xml_text(item.text)}</text>'
        )
    dashes = f' stroke-dasharray="{_DASHES[item.style]}"' if _DASHES[item.style] else ""
    line = (
        f'<path d="M{_number(item.x1)} {_number(item.y1)}L{_number(item.x2)} {_number(item.y2)}" fill="none" '
        f'stroke="{item.colour}" stroke-width="{_number(item.width)}"{dashes}/>'
    )
    return line + (_arrow_head(item) if item.has_arrow else "")


def _arrow_head(stroke: Stroke) -> str:
    length = ((stroke.x2 - stroke.x1) ** 2 + (stroke.y2 - stroke.y1) ** 2) ** 0.5 or 1
    dx, dy = (stroke.x2 - stroke.x1) / length, (stroke.y2 - stroke.y1) / length
    base_x, base_y = stroke.x2 - 8 * dx, stroke.y2 - 8 * dy
    corners = (
        (stroke.x2, stroke.y2),
        (base_x - 3.2 * dy, base_y + 3.2 * dx),
        (base_x + 3.2 * dy, base_y - 3.2 * dx),
    )
    points = " ".join(f"{_number(x)},{_number(y)}" for x, y in corners)
    return f'<polygon points="{points}" fill="{stroke.colour}" stroke="{stroke.colour}"/>'


def _number(value: float) -> str:
    """Return a length with at most two decimals and no trailing zeros."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


def _inches(points: float) -> str:
    return f"{points / 72:.4f}"
