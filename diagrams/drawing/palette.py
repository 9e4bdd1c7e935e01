"""The colours of every picture by meaning: Okabe and Ito's palette, distinct for every kind of colour vision.

A picture has its own background, and a style sheet that replaces every light colour with a dark one when the reader's
system is dark. Colour never carries meaning alone: line styles and labels repeat it.
"""

from dataclasses import dataclass
from enum import Enum

GROUND = "#ffffff"
INK = "#1b1f24"
FAINT = "#5a636d"
FONT = "Helvetica"
FONTS = "Helvetica,Arial,Liberation Sans,sans-serif"
"""Fonts with the same letter widths come first, so that text fits as measured."""


@dataclass(frozen=True, slots=True)
class Colours:
    """The colours of outline, fill and text."""

    line: str
    fill: str
    text: str


class Tone(Enum):
    """The meaning of a box or a line."""

    PLAIN = Colours("#6e7781", "#f1f4f7", INK)
    """No special meaning."""
    BLUE = Colours("#0072b2", "#dceffa", "#005a8e")
    """Documented use; the old image."""
    GREEN = Colours("#009e73", "#d6f1e8", "#00684b")
    """Success; the new image."""
    ORANGE = Colours("#e69f00", "#fdf0d5", "#7d5600")
    """A flash operation."""
    RED = Colours("#d55e00", "#fbe1d1", "#9c4400")
    """A power cut; neither image."""
    PURPLE = Colours("#cc79a7", "#f8e6f0", "#8f3c6a")
    """Calls out of order."""

    @property
    def colours(self) -> Colours:
        """The colours on a light page."""
        return self.value


_DARK: dict[Tone, Colours] = {
    Tone.PLAIN: Colours("#8b949e", "#262c34", "#e6edf3"),
    Tone.BLUE: Colours("#56b4e9", "#0d3048", "#8fd0f5"),
    Tone.GREEN: Colours("#2fc396", "#0b3529", "#6fe0bd"),
    Tone.ORANGE: Colours("#e6a41a", "#42310b", "#f5c869"),
    Tone.RED: Colours("#ee7c2b", "#4a250d", "#ffab70"),
    Tone.PURPLE: Colours("#d98cb7", "#42263a", "#f0b6d5"),
}

DARK: dict[str, str] = {
    GROUND: "#12171e",
    INK: "#e6edf3",
    FAINT: "#a3adb8",
    **{
        light: dark
        for tone in Tone
        for light, dark in (
            (tone.colours.line, _DARK[tone].line),
            (tone.colours.fill, _DARK[tone].fill),
            (tone.colours.text, _DARK[tone].text),
        )
    },
}
"""The dark colour that replaces each light one."""


def style_sheet() -> str:
    """Return the CSS that gives an SVG file its dark colours."""
    rules = "".join(
        f'[{attribute}="{light}"]{{{attribute}:{dark}}}'
        for light, dark in sorted(DARK.items())
        for attribute in ("fill", "stroke")
    )
    return f"@media (prefers-color-scheme:dark){{{rules}}}"
