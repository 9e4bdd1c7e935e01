"""`otaproof diagram NAME`: a picture of the model or of a trace."""

import argparse
import sys
from pathlib import Path

from ...diagrams.catalogue import CATALOGUE, OF_TOKEN, Diagram, diagram_of
from ...diagrams.render import NoRenderer, RenderFailed, draw, find_renderer
from ...errors import InputError
from ...project.files import write_file
from ..exit_code import ExitCode

ALL = "all"
_ENDINGS = {"dot": "dot", "mermaid": "mmd", "svg": "svg", "png": "png"}
_USUAL = ("dot", "mermaid", "svg")


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the sub-command."""
    parser = subparsers.add_parser(
        "diagram",
        help="draw the model, or a trace",
        description="Writes pictures that are read from the model: DOT and Mermaid text, SVG, and PNG.",
        epilog="Names: " + ", ".join([*CATALOGUE, ALL]) + ". "
        "Exit codes: 0 all is written, 2 bad usage or bad token, 3 the texts are written, but a picture is missing, "
        "as no program draws DOT here.",
    )
    parser.add_argument("name", metavar="NAME", choices=[*CATALOGUE, ALL], help="a diagram, or all of them")
    parser.add_argument(
        "--format",
        choices=list(_ENDINGS),
        action="append",
        help="what to write (repeatable; default: dot, mermaid and svg)",
    )
    parser.add_argument("--out", metavar="DIR", type=Path, default=Path(), help="where to write it (default: here)")
    parser.add_argument(
        "--token",
        metavar="TOKEN",
        help="the replay token that is drawn by: " + ", ".join(OF_TOKEN) + " (default: a sample)",
    )
    parser.add_argument(
        "--renderer",
        metavar="PROGRAM",
        help="the program that draws DOT text (default: dot, else graphviz-pure)",
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Write the diagrams; return INCONCLUSIVE when a picture is missing."""
    names = list(CATALOGUE) if options.name == ALL else [options.name]
    if options.token is not None and not set(names) & set(OF_TOKEN):
        raise InputError(f"--token: {options.name} is not of a token; these are: {', '.join(OF_TOKEN)}")
    renderer = find_renderer(options.renderer)
    if options.renderer is not None and renderer is None:
        raise InputError(f"--renderer: {options.renderer}: no such program")
    _make_directory(options.out)
    missing: list[str] = []
    for name in names:
        diagram = diagram_of(name, options.token)
        for form in options.format or _USUAL:
            if form == "mermaid" and not diagram.mermaid():
                if options.name != ALL and options.format is not None:
                    raise InputError(f"--format mermaid: {name} is drawn to scale, and has no Mermaid text")
                continue
            path = options.out / f"{name}.{_ENDINGS[form]}"
            try:
                write_file(path, contents(diagram, form, renderer))
            except NoRenderer as error:
                missing.append(path.name)
                reason = str(error)
                continue
            except RenderFailed as error:
                raise InputError(str(error)) from None
            print(path)
    if missing:
        print(f"otaproof: {', '.join(missing)}: {reason}", file=sys.stderr)
    return ExitCode.INCONCLUSIVE if missing else ExitCode.HOLDS


def contents(diagram: Diagram, form: str, renderer: str | None) -> bytes:
    """Return what the file of a diagram holds."""
    match form:
        case "dot":
            return diagram.dot().encode()
        case "mermaid":
            return diagram.mermaid().encode()
        case _:
            return draw(diagram, form, renderer)


def _make_directory(path: Path) -> None:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{path}: cannot be made: {error.strerror or error}") from None
