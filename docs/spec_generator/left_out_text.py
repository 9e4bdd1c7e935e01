"""What the verdicts leave out, as Markdown: the whole table, a list, and a short paragraph.

A page written by hand has the list or the paragraph between `<!-- left-out: list -->` (or `sentence`) and
`<!-- end of left-out -->`.
"""

import re
import textwrap
from collections.abc import Iterable
from functools import partial

from otaproof.model.claims.left_out import LEFT_OUT, LEFT_OUT_OF_RESTART, LeftOut

from .spec_page import anchor, table

ALL = (*LEFT_OUT, *LEFT_OUT_OF_RESTART)
_BLOCK = re.compile(r"(<!-- left-out: (list|sentence) -->\n\n).*?(\n\n<!-- end of left-out -->)", re.DOTALL)
_CASE = re.compile(r"\bcase ([a-z]+(?:-[a-z]+)+)")
_FACT = re.compile(r"\b([RK]\d+)\b")
_WIDTH = 120


def left_out_note() -> str:
    """Return the introduction of the table."""
    return (
        f"{anchor('left-out')}Every verdict on these pages is about the device model. The table lists what the model "
        "leaves out, with the claims that are known to break if it is admitted. About all other claims nothing is "
        "known in these cases: a verdict does not cover them."
    )


def left_out_table() -> str:
    """Return the whole table, with links to cases and facts."""
    rows = ((f"**{row.name}**", _linked(row.text), _from(row), _breaks(row) or "–") for row in ALL)
    return table(("left out", "what it is, and what is known", "matters from", "known to break"), rows)


def left_out_sentence(page: str = "") -> str:
    """Return a paragraph with what is known to break a claim, and a link to the table on `page`."""
    known = [f"{row.name} ({', '.join(row.breaks)}{_at(row)})" for row in ALL if row.breaks]
    rest = ", ".join(row.name for row in ALL if not row.breaks)
    return (
        f"No verdict covers [what the model leaves out]({page}#left-out). Known to break claims: {', '.join(known)}. "
        f"Also left out: {rest}."
    )


def left_out_list() -> str:
    """Return every row as an item of a list, in lines of at most 120 characters."""
    wrap = partial(textwrap.fill, width=_WIDTH, subsequent_indent="  ", break_on_hyphens=False)
    return "\n".join(map(wrap, _items(ALL)))


def with_left_out(page: str) -> str:
    """Return a page written by hand with its blocks up to date."""
    return _BLOCK.sub(lambda match: f"{match[1]}{_made(match[2])}{match[3]}", page)


def _made(kind: str) -> str:
    return left_out_list() if kind == "list" else textwrap.fill(left_out_sentence("claims.md"), _WIDTH)


def _items(rows: Iterable[LeftOut]) -> Iterable[str]:
    for row in rows:
        breaks = f" (breaks {_breaks(row, links=False)}{_at(row)})" if row.breaks else ""
        yield f"* **{row.name}**{breaks}: {row.text}"


def _linked(text: str) -> str:
    text = _CASE.sub(r"case [\1](cases.md#\1)", text)
    return _FACT.sub(lambda match: f"[{match[1]}](cases.md#{match[1].lower()})", text)


def _breaks(row: LeftOut, links: bool = True) -> str:
    return ", ".join(f"[{claim}](#{claim.lower()})" if links else claim for claim in row.breaks)


def _from(row: LeftOut) -> str:
    return "no cut" if row.faults is None else row.faults.name


def _at(row: LeftOut) -> str:
    return "" if row.faults is None else f"; from {row.faults.name} on"
