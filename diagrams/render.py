"""Render DOT text: find a renderer, run it, and give its SVG a title, a description and dark colours."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

from .catalogue import Diagram
from .drawing.canvas import Drawing
from .drawing.escapes import xml_text
from .drawing.palette import FONTS, style_sheet

PROGRAMS = ("dot", "graphviz-pure")
"""Tried in this order: the system's Graphviz, then the wheel of otaproof[diagrams]."""
ADVICE = "no renderer for DOT found; pip install 'otaproof[diagrams]', or install Graphviz (apt install graphviz)"
_LONGEST_SECONDS = 60


class NoRenderer(Exception):
    """No renderer was found."""


class RenderFailed(Exception):
    """The renderer failed; the message is the renderer's."""


def find_renderer(name: str | None = None) -> str | None:
    """Return the path of the named renderer, or of the first known one; None when there is none.

    The directory of the running interpreter is searched too, so that a virtual environment need not be active."""
    beside = str(Path(sys.executable).parent)
    for program in (name,) if name is not None else PROGRAMS:
        found = shutil.which(program) or shutil.which(program, path=beside)
        if found is not None:
            return found
    return None


def draw(diagram: Diagram, form: str, renderer: str | None) -> bytes:
    """Return a diagram as svg or png; raises NoRenderer where a renderer is needed and missing."""
    if form == "svg" and isinstance(diagram, Drawing):
        return diagram.svg().encode()
    if renderer is None:
        raise NoRenderer(ADVICE)
    picture = _run(renderer, diagram.dot(), form)
    return _dressed(picture.decode(), diagram).encode() if form == "svg" else picture


def _run(renderer: str, text: str, form: str) -> bytes:
    options = [f"-T{form}"] if form == "svg" else [f"-T{form}", "-Gdpi=144"]
    try:
        run = subprocess.run(
            [renderer, *options], input=text.encode(), capture_output=True, timeout=_LONGEST_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise RenderFailed(f"{renderer}: {error}") from None
    # Graphviz warns about fonts and still draws, so only its exit code counts.
    if run.returncode != 0:
        raise RenderFailed(f"{renderer}: {run.stderr.decode(errors='replace').strip().splitlines()[-1:]}")
    return run.stdout


def _dressed(svg: str, diagram: Diagram) -> str:
    """Return Graphviz's SVG with title, description and dark colours, without what differs between versions."""
    svg = re.sub(r"<!--.*?-->\s*|<!DOCTYPE.*?>\s*|<\?xml.*?\?>\s*", "", svg, flags=re.DOTALL)
    svg = svg.replace('font-family="Helvetica,sans-Serif"', f'font-family="{FONTS}"')
    svg = svg.replace('stroke="transparent"', 'stroke="none"').replace(' xml:space="preserve"', "")
    head, _, body = svg.partition(">")
    width, height = re.findall(r'(?:width|height)="([\d.]+)pt"', head)
    box = re.search(r'viewBox="([^"]*)"', head)
    assert box is not None, "Graphviz writes a viewBox"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="{width}" '
        f'height="{height}" viewBox="{box[1]}" role="img" aria-labelledby="title desc" '
        f'style="max-width:100%;height:auto">\n'
        f'<title id="title">{xml_text(diagram.title)}</title>\n<desc id="desc">{xml_text(diagram.description)}</desc>\n'
        f"<style>{style_sheet()}</style>{body}"
    )
