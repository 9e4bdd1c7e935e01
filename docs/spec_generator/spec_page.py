"""Markdown that reads well as text, on a code host, and as a page of the site: tables, anchors, links, code."""

import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent.parent
MADE = "<!-- Made by docs/build_spec.py from the model and the proofs: do not edit. -->"


@lru_cache(maxsize=1)
def sources() -> dict[str, Any]:
    """Return docs/sources.toml."""
    return tomllib.loads((ROOT / "docs" / "sources.toml").read_text(encoding="utf-8"))


def source_url(source_id: str) -> str:
    """Return the address of a source's file, at the commit that it is pinned to."""
    source = sources()["source"][source_id]
    pin = sources()["pin"][source["pin"]]
    return f"{pin['repository']}/blob/{pin['commit']}/{source['file']}"


def source_place(source_id: str) -> str:
    """Return what to look for in a source's file."""
    source = sources()["source"][source_id]
    return str(source.get("symbol") or f"section {source['section']}")


@dataclass(slots=True)
class SpecPage:
    """One page as it grows; the sources it cites are defined at its end."""

    name: str
    """File name without .md."""
    title: str
    parts: list[str] = field(default_factory=list)
    cited: set[str] = field(default_factory=set)

    def add(self, *parts: str) -> None:
        """Add paragraphs, tables or headings."""
        self.parts += parts

    def heading(self, text: str, level: int = 2) -> None:
        """Add a heading."""
        self.parts.append(f"{'#' * level} {text}")

    def table(self, headers: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
        """Add a table."""
        self.parts.append(table(headers, rows))

    def cite(self, source_id: str) -> str:
        """Return a link to a source."""
        self.cited.add(source_id)
        return f"[{source_id}]"

    @property
    def text(self) -> str:
        """The whole page."""
        definitions = [
            f'[{source_id}]: {source_url(source_id)} "{source_place(source_id)}"' for source_id in sorted(self.cited)
        ]
        parts = [MADE, f"# {self.title}", *self.parts, *(["\n".join(definitions)] if definitions else [])]
        return "\n\n".join(parts) + "\n"


def table(headers: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table; a bar in a cell is written so that it does not end the cell."""
    lines = [headers, ["---"] * len(headers), *rows]
    return "\n".join("| " + " | ".join(cell(text) for text in line) + " |" for line in lines)


def cell(text: str) -> str:
    """Return a text that can stand in a cell."""
    return " ".join(text.replace("|", "\\|").split())


def anchor(name: str) -> str:
    """Return a place that links can lead to."""
    return f'<a id="{name.lower()}"></a>'


def code(text: str) -> str:
    """Return a text as code."""
    return f"`{text}`"


def fenced(text: str, language: str = "text") -> str:
    """Return a block of code."""
    return f"```{language}\n{text.rstrip()}\n```"


def folded(title: str, text: str) -> str:
    """Return a block of preformatted text that opens at a click."""
    safe = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return f"<details><summary>{title}</summary>\n\n<pre>{safe}</pre>\n\n</details>"


def picture(name: str, title: str) -> str:
    """Return a committed picture."""
    return f"![{title}](../../diagrams/drawn/{name}.svg)"


def repo_file(path: str, title: str | None = None) -> str:
    """Return a link to a file of the repository."""
    if not (ROOT / path).exists():
        raise FileNotFoundError(path)
    return f"[{title or path}](../../{path})"


def first_line(text: str | None) -> str:
    """Return the first paragraph of a docstring, in one line."""
    return " ".join((text or "").split("\n\n")[0].split())
