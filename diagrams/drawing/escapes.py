"""Text of others in a picture: one function for each format, after which it is text and nothing else.

Control characters, bidirectional overrides and halves of surrogate pairs are written out in all of them, as on the
terminal; see bounded_input.shown().
"""

import graphviz

from ...bounded_input import shown

_XML = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;"})
_MERMAID = str.maketrans(
    {"&": "&amp;", "<": "&lt;", '"': "#quot;"} | {char: f"#{ord(char)};" for char in "#;%`\\"},
)
"""What begins an entity, a tag, a string, a statement, a directive or Markdown; a back quote also ends a code block."""


def xml_text(text: str) -> str:
    """Return a text as SVG and the HTML-like labels of Graphviz want it."""
    return shown(text, keeps_lines=True).translate(_XML)


def dot_text(text: str) -> str:
    """Return a plain-text label of Graphviz (not HTML-like) with its line breaks; the graphviz package quotes it."""
    return graphviz.escape(shown(text, keeps_lines=True)).replace("\n", "\\n") if text else ""


def mermaid_text(text: str, line_break: str = " ") -> str:
    """Return a text as Mermaid wants it, in quotes and behind a colon alike; on one line."""
    return shown(text, keeps_lines=True).translate(_MERMAID).replace("\n", line_break)
