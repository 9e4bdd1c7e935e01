"""A page of text that fits the terminal: wrapped sentences, and lines that must stay whole to be pasted."""

import textwrap
from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ...model.call_names import calls_text
from ...model.writers import Updater

_NARROWEST, _WIDEST = 60, 110
WRONG = "✗"
"""Marks what breaks a claim."""


class ReportPage:
    """Prints lines, wrapped at the width of the terminal; nothing in them is read as markup."""

    def __init__(self, console: Console) -> None:
        """Print on a console."""
        self.console = console
        self.width = max(_NARROWEST, min(console.width, _WIDEST))

    def blank(self) -> None:
        """Print an empty line."""
        self.console.print()

    def title(self, text: str) -> None:
        """Print the heading of a section, after an empty line."""
        self.blank()
        self.line(text, indent=0, style="bold")

    def line(self, text: str, indent: int = 2, hang: int = 2, style: str | None = None) -> None:
        """Print a text, its further lines indented by `hang` more."""
        self._print(text, " " * indent, " " * (indent + hang), style)

    def item(self, mark: str, text: str, indent: int = 2, style: str | None = None) -> None:
        """Print a text behind a mark, its further lines below its first word."""
        first = f"{' ' * indent}{mark} "
        self._print(text, first, " " * len(first), style)

    def whole(self, text: str, indent: int = 2, style: str | None = None) -> None:
        """Print a text that must not be broken."""
        self.console.print(" " * indent + text, style=style, markup=False, soft_wrap=True)

    def calls(self, updater: Updater = Updater.ESP_IDF) -> None:
        """Say what the calls of `otaupgrade` stand for, in a library that brings updates."""
        self.line(calls_text(updater), indent=0, style="dim")

    def steps(self, sentences: Sequence[str], broken_by: str | None = None, indent: int = 4) -> None:
        """Print a trace, sentence by sentence, and mark what breaks the claim: the event named, else the last step."""
        width = len(str(len(sentences)))
        for number, sentence in enumerate(sentences, 1):
            is_wrong = broken_by is None and number == len(sentences)
            mark = f"{WRONG if is_wrong else ' '} {number:{width}}."
            self.item(mark, sentence, indent - 2, "bold red" if is_wrong else None)
        if broken_by is not None:
            self.item(f"{WRONG} {' ' * width} ", broken_by, indent - 2, "bold red")

    def identifiers(self, actions: Iterable[str], indent: int = 4) -> None:
        """Print the identifiers of a trace in the device model."""
        self.line(f"model: {' → '.join(actions) or 'the first state'}", indent, style="dim")

    def command(self, text: str, indent: int = 2) -> None:
        """Print a command line to be pasted, whole."""
        self.whole(text, indent, "dim")

    def table(self, table: Table) -> None:
        """Print a table, its lines without the blanks that fill a column up."""
        for line in self.console.render_lines(table, self.console.options.update_width(self.width), pad=False):
            text = Text.assemble(*((part.text, part.style or "") for part in line))
            text.rstrip()
            self.console.print(text, soft_wrap=True)

    def counts(self, rows: Sequence[Sequence[str]], indent: int = 2) -> None:
        """Print rows in columns: the first to the left, the others to the right."""
        widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
        for row in rows:
            cells = [f"{row[0]:{widths[0]}}"]
            cells += [f"{cell:>{width}}" for cell, width in zip(row[1:], widths[1:], strict=True)]
            self.whole("  ".join(cells).rstrip(), indent)

    def _print(self, text: str, first: str, more: str, style: str | None) -> None:
        wrapped = textwrap.wrap(
            text,
            self.width,
            initial_indent=first,
            subsequent_indent=more,
            break_long_words=False,
            break_on_hyphens=False,
        )
        for part in wrapped or [first]:
            self.console.print(Text(part, style=style or ""), soft_wrap=True)


def counted(count: int, word: str) -> str:
    """Return a number with its word, in the plural but for 1."""
    return f"{count:,} {word}{'' if count == 1 else 's'}"
