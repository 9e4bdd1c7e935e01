"""Pictures: the diagrams of `otaproof diagram` as SVG text, for notebooks and reports.

Those of a token and most others are drawn here; life cycles and flows need Graphviz, or the extra `diagrams`.

    from otaproof.library.boards import LiveBoard
    from otaproof.library.pictures import svg_of, svg_of_token

    board = LiveBoard()
    board.power_on()
    assert svg_of_token(board.token).startswith("<svg") and svg_of("otadata-record").startswith("<svg")
"""

from ..diagrams.catalogue import CATALOGUE, diagram_of
from ..diagrams.render import NoRenderer, RenderFailed, draw, find_renderer
from ..errors import InputError

__all__ = ["NoRenderer", "RenderFailed", "picture_names", "svg_of", "svg_of_token"]

_TRACE = "trace"


def picture_names() -> tuple[str, ...]:
    """Return the names of the diagrams, as `otaproof diagram` has them."""
    return tuple(name for name in CATALOGUE if name != _TRACE)


def svg_of(name: str) -> str:
    """Return a diagram; raises InputError for another name, NoRenderer where Graphviz is missing that it needs."""
    if name not in picture_names():
        raise InputError(f"picture: {name[:40]!r} is none of {', '.join(picture_names())}")
    return draw(diagram_of(name), "svg", find_renderer()).decode()


def svg_of_token(token: str) -> str:
    """Return what a token plays as a sequence diagram, a line for each message."""
    return draw(diagram_of(_TRACE, token), "svg", None).decode()
