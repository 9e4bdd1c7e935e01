"""A drawing to scale: boxes, texts and lines at places of ours, as SVG of our own and as DOT text with pinned places.

The SVG is ours alone, so it is the same on every machine. The DOT text serves to draw the same as PNG: Graphviz, with
the layout "nop2", moves nothing. Lengths are points; y grows downwards.
"""

from dataclasses import dataclass, field
from enum import Enum

import graphviz

from .palette import FONT, FONTS, GROUND, INK, style_sheet

_DASHES = {"solid": "", "dashed": "6 4", "dotted": "1.5 3.5"}
_WIDTH_OF_LETTER = 0.56
"""Of the size of the font: a little more than letters need on average."""


class Anchor(Enum):
    """Where a text stands; the values are SVG's and Graphviz's."""

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
    """What a pointer that rests on it is told."""


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
    """In letters of one width."""


@dataclass(frozen=True, slots=True)
class Rule:
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
    """A drawing, with what it says for those who do not see it."""

    name: str
    title: str
    description: str
    width: float
    height: float
    items: tuple[Box | Text | Rule, ...]
    mermaid_text: str = field(default="")
    """The same for Mermaid, where that can say it."""

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
            f'<title id="title">{escaped(self.title)}</title>',
            f'<desc id="desc">{escaped(self.description)}</desc>',
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
        # A ground of the drawing's size keeps the margins.
        ground = Box(0, 0, self.width, self.height, GROUND, GROUND)
        for number, item in enumerate((ground, *self.items)):
            self._add(graph, f"i{number}", item)
        text: str = graph.source
        return text

    def _add(self, graph: graphviz.Digraph, name: str, item: Box | Text | Rule) -> None:
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
            label = f"<B>{escaped(item.text)}</B>" if item.is_bold else escaped(item.text)
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


def escaped(text: str) -> str:
    """Return a text as XML wants it."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")


def _svg_item(item: Box | Text | Rule) -> str:
    if isinstance(item, Box):
        tip = f"<title>{escaped(item.tip)}</title>" if item.tip else ""
        return (
            f'<rect x="{_number(item.x)}" y="{_number(item.y)}" width="{_number(item.width)}" '
            f'height="{_number(item.height)}" fill="{item.fill}" stroke="{item.line}">{tip}</rect>'
        )
    if isinstance(item, Text):
        extra = ' font-weight="bold"' if item.is_bold else ""
        extra += ' font-family="Menlo,Consolas,Liberation Mono,monospace"' if item.is_fixed else ""
        return (
            f'<text x="{_number(item.x)}" y="{_number(item.y)}" dy="0.35em" font-size="{_number(item.size)}" '
            f'fill="{item.colour}" text-anchor="{item.anchor.value[0]}"{extra}>{escaped(item.text)}</text>'
        )
    dashes = f' stroke-dasharray="{_DASHES[item.style]}"' if _DASHES[item.style] else ""
    line = (
        f'<path d="M{_number(item.x1)} {_number(item.y1)}L{_number(item.x2)} {_number(item.y2)}" fill="none" '
        f'stroke="{item.colour}" stroke-width="{_number(item.width)}"{dashes}/>'
    )
    return line + (_arrow_head(item) if item.has_arrow else "")


def _arrow_head(rule: Rule) -> str:
    length = ((rule.x2 - rule.x1) ** 2 + (rule.y2 - rule.y1) ** 2) ** 0.5 or 1
    dx, dy = (rule.x2 - rule.x1) / length, (rule.y2 - rule.y1) / length
    base_x, base_y = rule.x2 - 8 * dx, rule.y2 - 8 * dy
    corners = (
        (rule.x2, rule.y2),
        (base_x - 3.2 * dy, base_y + 3.2 * dx),
        (base_x + 3.2 * dy, base_y - 3.2 * dx),
    )
    points = " ".join(f"{_number(x)},{_number(y)}" for x, y in corners)
    return f'<polygon points="{points}" fill="{rule.colour}" stroke="{rule.colour}"/>'


def _number(value: float) -> str:
    """Return a length with at most two places, and none that say nothing."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


def _inches(points: float) -> str:
    return f"{points / 72:.4f}"
