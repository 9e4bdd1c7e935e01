"""How `--help` looks: names on the left, what they mean on the right, no boxes; it reads well at 80 columns."""

import textwrap
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cyclopts.help import HelpEntry, HelpPanel
    from rich.console import Console, ConsoleOptions

_LEFT = 24
"""Columns for the names of options; a longer one has a line of its own."""
_NARROWEST, _WIDEST = 60, 100
_SHORT_CHOICES = 20
"""Choices that are not longer stand in place of a name for the value."""


class TwoColumns:
    """Renders each part of a help page, as cyclopts asks for it."""

    def __call__(self, console: "Console", options: "ConsoleOptions", panel: "HelpPanel") -> None:
        """Print one group of options, arguments or commands."""
        if not panel.entries:
            return
        _print(console, "")
        _print(console, f"{panel.title}:", "bold")
        rows = [(_label(entry), _meaning(entry, console)) for entry in panel.entries]
        left = max(len(label) for label, _ in rows) if panel.format == "command" else _LEFT
        for label, meaning in rows:
            _print_row(console, left, label, meaning)

    def render_usage(self, console: "Console", options: "ConsoleOptions", usage: Any) -> None:
        """Print the line that says in which order all is given."""
        _print(console, f"Usage: {_plain(usage, console).strip().removeprefix('Usage: ')}")

    def render_description(self, console: "Console", options: "ConsoleOptions", description: Any) -> None:
        """Print the docstring of a command, its paragraphs filled anew."""
        for paragraph in _plain(description, console).split("\n\n"):
            _print(console, "")
            _print(console, textwrap.fill(" ".join(paragraph.split()), _width(console)))


def _label(entry: "HelpEntry") -> str:
    names = [*entry.positive_names, *entry.positive_shorts]
    if entry.positional_label:
        return entry.positional_label
    if entry.metavar and names:
        names[-1] += f" {_value_name(entry)}"
    if [name.replace("--no-", "--", 1) for name in entry.negative_names] == names:
        return names[0].replace("--", "--[no-]", 1)
    return ", ".join([*names, *entry.negative_names])


def _value_name(entry: "HelpEntry") -> str:
    return _short_choices(entry) or str(entry.metavar)


def _short_choices(entry: "HelpEntry") -> str:
    """Return the choices, where they are few; "" otherwise."""
    text = "|".join(entry.choices or ())
    return text if len(text) <= _SHORT_CHOICES else ""


def _meaning(entry: "HelpEntry", console: "Console") -> str:
    parts = [_plain(entry.description, console)]
    if entry.choices and not _short_choices(entry):
        parts.append(f"One of: {', '.join(entry.choices)}.")
    meaning, default = " ".join(parts), _default(entry)
    return f"{meaning.removesuffix('.')} (default: {default})." if default else meaning


def _default(entry: "HelpEntry") -> str:
    """Return the default, where that says something: not for a switch that has no opposite, nor for an empty one."""
    if entry.default in ("True", "False"):
        return {"True": "on", "False": "off"}[entry.default] if entry.negative_names else ""
    return "" if entry.default in (None, "()", "''", '""') else str(entry.default)


def _print_row(console: "Console", left: int, label: str, meaning: str) -> None:
    lines = textwrap.wrap(" ".join(meaning.split()), _width(console) - left - 4, break_on_hyphens=False)
    if len(label) > left or not lines:
        _print(console, f"  {label}", "cyan")
    else:
        _print(console, f"  {label:{left}}  ", "cyan", end="")
        _print(console, lines.pop(0))
    for line in lines:
        _print(console, " " * (left + 4) + line)


def _print(console: "Console", text: str, style: str = "", end: str = "\n") -> None:
    console.print(text, style=style, end=end, markup=False, highlight=False, soft_wrap=True)


def _plain(renderable: Any, console: "Console") -> str:
    """Return the text of what cyclopts renders, in lines as long as they come."""
    if renderable is None or isinstance(renderable, str):
        return renderable or ""
    with console.capture() as captured:
        console.print(renderable, soft_wrap=True)
    return captured.get().rstrip()


def _width(console: "Console") -> int:
    return max(_NARROWEST, min(console.width, _WIDEST))
