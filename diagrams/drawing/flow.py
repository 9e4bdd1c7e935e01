"""A flow chart: boxes and arrows, as DOT text for Graphviz and as Mermaid text for Markdown pages.

Both texts keep the order of boxes and arrows, so equal models give equal texts.
"""

from dataclasses import dataclass, field
from enum import Enum

import graphviz

from .escapes import dot_text, mermaid_text, xml_text
from .palette import FAINT, FONT, GROUND, INK, Tone


class Shape(Enum):
    """The shape of a box; the value is Graphviz's name for it."""

    BOX = "box"
    STATE = "Mrecord"
    """A box with round corners."""
    POINT = "circle"
    """A small circle, where a flow begins or ends."""
    TEXT = "plain"


class LineStyle(Enum):
    """The style of an arrow; the value is Graphviz's name for it."""

    SOLID = "solid"
    DASHED = "dashed"
    DOTTED = "dotted"


_MERMAID_LINES = {LineStyle.SOLID: "-->", LineStyle.DASHED: "-.->", LineStyle.DOTTED: "-.->"}
_MERMAID_DASHES = {
    LineStyle.SOLID: "",
    LineStyle.DASHED: ",stroke-dasharray:6 4",
    LineStyle.DOTTED: ",stroke-dasharray:2 3",
}
_MERMAID_BOXES = {
    Shape.BOX: ('["', '"]'),
    Shape.STATE: ('("', '")'),
    Shape.POINT: ('(("', '"))'),
    Shape.TEXT: ('["', '"]'),
}


@dataclass(frozen=True, slots=True)
class Node:
    """A box."""

    name: str
    label: str
    """Lines are separated by line feeds; the first of several is bold."""
    shape: Shape = Shape.BOX
    tone: Tone = Tone.PLAIN


@dataclass(frozen=True, slots=True)
class Edge:
    """An arrow."""

    before: str
    after: str
    label: str = ""
    tone: Tone = Tone.PLAIN
    line: LineStyle = LineStyle.SOLID
    weight: int = 1
    """Graphviz's edge weight: heavier arrows are shorter and straighter."""


@dataclass(frozen=True, slots=True)
class Key:
    """An entry of the legend."""

    text: str
    tone: Tone
    line: LineStyle = LineStyle.SOLID


@dataclass(frozen=True, slots=True)
class Flow:
    """A flow chart."""

    name: str
    title: str
    description: str
    """The content in words, for readers who cannot see the picture."""
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    keys: tuple[Key, ...] = ()
    notes: tuple[str, ...] = ()
    """Lines below the picture."""
    is_sideways: bool = False
    """Drawn from left to right instead of top to bottom."""
    ranks: tuple[tuple[str, ...], ...] = field(default=())
    """Groups of boxes drawn side by side."""

    def dot(self) -> str:
        """Return the text for Graphviz."""
        graph = graphviz.Digraph(
            self.name,
            graph_attr={
                "bgcolor": GROUND,
                "fontcolor": INK,
                "fontname": FONT,
                "fontsize": "11",
                "label": self._caption(),
                "labelloc": "b",
                "nodesep": "0.35",
                "pad": "0.15",
                "rankdir": "LR" if self.is_sideways else "TB",
                "ranksep": "0.45",
                "tooltip": dot_text(self.title),
            },
            node_attr={"fontname": FONT, "fontsize": "12", "style": "filled", "penwidth": "1.4", "margin": "0.16,0.08"},
            edge_attr={"fontname": FONT, "fontsize": "10.5", "penwidth": "1.5", "arrowsize": "0.75"},
        )
        for node in self.nodes:
            graph.node(node.name, _dot_label(node), **_dot_node(node))
        for rank in self.ranks:
            with graph.subgraph(graph_attr={"rank": "same"}) as row:
                for name in rank:
                    row.node(name)
        for edge in self.edges:
            graph.edge(edge.before, edge.after, _edge_label(edge.label), **_dot_edge(edge))
        text: str = graph.source
        return text

    def mermaid(self) -> str:
        """Return the text for Mermaid."""
        lines = [
            f"flowchart {'LR' if self.is_sideways else 'TB'}",
            f"  accTitle: {mermaid_text(self.title)}",
            f"  accDescr: {mermaid_text(' '.join(self.description.split()))}",
        ]
        for node in self.nodes:
            opening, closing = _MERMAID_BOXES[node.shape]
            label = mermaid_text(node.label, "<br/>")
            lines.append(f"  {_mermaid_id(node.name)}{opening}{label}{closing}:::{node.tone.name.lower()}")
        for edge in self.edges:
            label = mermaid_text(edge.label, "<br/>")
            label = f'|"{label}"|' if label else ""
            arrow = _MERMAID_LINES[edge.line]
            lines.append(f"  {_mermaid_id(edge.before)} {arrow}{label} {_mermaid_id(edge.after)}")
        for tone in sorted({node.tone for node in self.nodes}, key=lambda tone: tone.name):
            colours = tone.colours
            lines.append(f"  classDef {tone.name.lower()} fill:{colours.fill},stroke:{colours.line},color:{INK}")
        kinds = sorted({(edge.tone.name, edge.line.name) for edge in self.edges})
        for tone_name, line_name in kinds:
            places = [
                str(place)
                for place, edge in enumerate(self.edges)
                if (edge.tone.name, edge.line.name) == (tone_name, line_name)
            ]
            dashes = _MERMAID_DASHES[LineStyle[line_name]]
            lines.append(f"  linkStyle {','.join(places)} stroke:{Tone[tone_name].colours.line}{dashes}")
        return "\n".join(lines) + "\n"

    def _caption(self) -> str:
        samples = {LineStyle.SOLID: "——", LineStyle.DASHED: "– – –", LineStyle.DOTTED: "· · · ·"}
        keys = "     ".join(
            f'<FONT COLOR="{key.tone.colours.text}"><B>{samples[key.line]}</B>&#160;&#160;{xml_text(key.text)}</FONT>'
            for key in self.keys
        )
        notes = [f'<FONT COLOR="{FAINT}">{xml_text(note)}</FONT>' for note in self.notes]
        lines = ([keys, ""] if keys and notes else [keys] if keys else []) + notes
        return f"<{'<BR/>'.join(['', *lines])}>" if lines else ""


def _dot_node(node: Node) -> dict[str, str]:
    colours = node.tone.colours
    attributes = {"shape": node.shape.value, "color": colours.line, "fillcolor": colours.fill, "fontcolor": INK}
    match node.shape:
        case Shape.STATE:
            return {**attributes, "shape": "box", "style": "filled,rounded"}
        case Shape.POINT:
            return {**attributes, "margin": "0.04"}
        case Shape.TEXT:
            attributes = {"shape": "plain", "margin": "0.05"}
            return {**attributes, "style": "", "fontcolor": colours.text}
        case _:
            return attributes


def _dot_edge(edge: Edge) -> dict[str, str]:
    colours = edge.tone.colours
    attributes = {"color": colours.line, "fontcolor": colours.text, "style": edge.line.value}
    return attributes if edge.weight == 1 else {**attributes, "weight": str(edge.weight)}


def _dot_label(node: Node) -> str:
    first, *others = node.label.split("\n")
    if not others:
        return f"<<B>{xml_text(first)}</B>>" if node.shape is not Shape.TEXT else dot_text(first)
    rest = "<BR/>".join(xml_text(line) for line in others)
    return f'<<B>{xml_text(first)}</B><BR/><FONT POINT-SIZE="10.5">{rest}</FONT>>'


def _edge_label(text: str) -> str:
    """Return a label with space around it, so that it does not touch its arrow."""
    return dot_text("\n".join(f" {line} " for line in text.split("\n"))) if text else ""


def _mermaid_id(name: str) -> str:
    # "end" and other keywords of Mermaid are not allowed as names.
    return "n_" + "".join(char if char.isalnum() else "_" for char in name)
