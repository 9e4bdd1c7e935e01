"""`otaproof diagram NAME`: a picture of the model or of a trace."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from ...bounded_input import shown
from ...errors import InputError
from ..exit_code import ExitCode
from ..options.diagram_names import ALL, NAMES, OF_TOKEN
from ..options.epilogue import epilogue
from ..options.groups import ARGUMENTS, INPUTS, OUTPUT
from ..standard_error import tell

if TYPE_CHECKING:
    from ...diagrams.catalogue import Diagram

Form = Literal["dot", "mermaid", "svg", "png"]
_ENDINGS: dict[Form, str] = {"dot": "dot", "mermaid": "mmd", "svg": "svg", "png": "png"}
_USUAL: tuple[Form, ...] = ("dot", "mermaid", "svg")
EPILOGUE = epilogue(
    "otaproof diagram all --out pictures",
    "otaproof diagram call-complete --format svg",
    "otaproof diagram trace --format svg --format png --out pictures",
    codes={
        0: "all is written",
        2: "bad usage or bad token",
        3: "the texts are written, but a picture is missing, as no program draws DOT here",
    },
)


Name = Annotated[str, Parameter(name="NAME", group=ARGUMENTS, choices=(*NAMES, ALL), help="A diagram, or all of them.")]


@Parameter(name="*", group=OUTPUT)
@dataclass(frozen=True, slots=True, kw_only=True)
class DiagramOptions:
    """What to draw, how and where."""

    token: Annotated[str | None, Parameter(metavar="TOKEN", group=INPUTS)] = None
    """The replay token that partition-layout and trace draw (default: a sample)."""
    format: tuple[Form, ...] = ()
    """What to write, repeatable (default: dot, mermaid and svg)."""
    out: Annotated[Path, Parameter(metavar="DIR")] = Path()
    """Directory to write it to."""
    renderer: Annotated[str | None, Parameter(metavar="PROGRAM")] = None
    """The program that draws DOT text (default: dot, else graphviz-pure)."""


def diagram(name: Name, /, *, options: DiagramOptions = DiagramOptions()) -> ExitCode:
    """Draw the model, or a trace.

    Writes pictures that are read from the model: DOT and Mermaid text, SVG, and PNG.
    """
    from ...diagrams.catalogue import diagram_of
    from ...diagrams.render import NoRenderer, find_renderer
    from ...output_file import make_directory, write_file

    names = NAMES if name == ALL else (name,)
    if options.token is not None and not set(names) & set(OF_TOKEN):
        raise InputError(f"--token: {name} is not of a token; these are: {', '.join(OF_TOKEN)}")
    renderer = find_renderer(options.renderer)
    if options.renderer is not None and renderer is None:
        raise InputError(f"--renderer: {options.renderer}: no such program")
    make_directory(options.out)
    missing: list[str] = []
    reason = ""
    for each in names:
        drawn = diagram_of(each, options.token)
        for form in _forms(each, drawn, options, is_alone=name != ALL):
            path = options.out / f"{each}.{_ENDINGS[form]}"
            try:
                write_file(path, contents(drawn, form, renderer))
                print(shown(str(path)))
            except NoRenderer as error:
                missing.append(path.name)
                reason = str(error)
    if missing:
        tell(f"otaproof diagram: {', '.join(missing)}: {reason}")
    return ExitCode.INCONCLUSIVE if missing else ExitCode.HOLDS


def contents(diagram: "Diagram", form: str, renderer: str | None) -> bytes:
    """Return what the file of a diagram holds; raise NoRenderer where nothing can draw it."""
    from ...diagrams.render import RenderFailed, draw

    match form:
        case "dot":
            return diagram.dot().encode()
        case "mermaid":
            return diagram.mermaid().encode()
        case _:
            try:
                return draw(diagram, form, renderer)
            except RenderFailed as error:
                raise InputError(str(error)) from None


def _forms(name: str, drawn: "Diagram", options: DiagramOptions, is_alone: bool) -> tuple[Form, ...]:
    """Return what to write of a diagram: what is drawn to scale has no Mermaid text."""
    forms = options.format or _USUAL
    if drawn.mermaid():
        return forms
    if is_alone and "mermaid" in options.format:
        raise InputError(f"--format mermaid: {name} is drawn to scale, and has no Mermaid text")
    return tuple(form for form in forms if form != "mermaid")
