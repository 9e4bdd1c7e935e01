"""How a page is made: every text escaped, one style sheet, one script, and a policy that admits no other.

The policy (Content-Security-Policy) names both by their hashes. So a text of others that came through as markup could
load nothing and run nothing; and the page asks nothing of any network.
"""

from base64 import b64encode
from functools import lru_cache
from hashlib import sha256
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from ....bounded_input import shown
from ....diagrams.drawing.palette import DARK, FAINT, GROUND, INK, Tone, style_sheet
from ....output_file import make_directory, write_file
from ...options.values import PAGE_NAME

_HERE = Path(__file__).parent
_COLOURS = {"ground": GROUND, "ink": INK, "faint": FAINT} | {
    f"{tone.name.lower()}-{part}": getattr(tone.colours, part) for tone in Tone for part in ("line", "fill", "text")
}
"""By the names that the style sheet has for them, the colours of every picture."""


def render_page(template: str, **told: object) -> bytes:
    """Return the page that a template makes of what it is told; the same for the same."""
    style, script = _style(), _asset("page.js")
    policy = (
        f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )
    page = _environment().get_template(template)
    return page.render(**told, policy=policy, style=Markup(style), script=Markup(script)).encode()


def write_page(folder: Path, page: bytes) -> None:
    """Write a page into its folder, which is made if need be; raises InputError where it cannot be written."""
    make_directory(folder)
    write_file(folder / PAGE_NAME, page)


def html_text(value: object) -> object:
    """Return what a template prints: of a text, what shown() leaves of it; the template escapes it then."""
    return shown(value, keeps_lines=True) if isinstance(value, str) and not isinstance(value, Markup) else value


@lru_cache(maxsize=1)
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=html_text,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


@lru_cache(maxsize=1)
def _style() -> str:
    """Return the style sheet: the colours of the pictures as variables, in light and dark, and what uses them."""
    light = "".join(f"--{name}:{colour};" for name, colour in _COLOURS.items())
    dark = "".join(f"--{name}:{DARK[colour]};" for name, colour in _COLOURS.items())
    # A page on paper is a light one.
    drawings = style_sheet().replace("@media (", "@media screen and (")
    dark_colours = f"@media screen and (prefers-color-scheme:dark){{:root{{{dark}}}}}"
    return "\n".join((f":root{{{light}}}", dark_colours, drawings, _asset("page.css")))


def _asset(name: str) -> str:
    return (_HERE / "assets" / name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return f"sha256-{b64encode(sha256(text.encode()).digest()).decode()}"
