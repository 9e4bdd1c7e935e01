"""The console of all text for people: what comes from files neither paints on the terminal nor is read as markup."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from rich.console import Console, ConsoleOptions, ConsoleRenderable, RenderHook, RenderResult
from rich.measure import Measurement
from rich.segment import Segment
from rich.text import Text

from ..bounded_input import shown


def terminal(stderr: bool = False, wraps: bool = True) -> Console:
    """Return a console; without `wraps`, lines stay as long as they are."""
    console = Console(stderr=stderr, markup=False, highlight=False, emoji=False, soft_wrap=not wraps)
    console.push_render_hook(_ControlCharacters())
    return console


@contextmanager
def status_line(first: str) -> Iterator[Callable[[str], None]]:
    """Show a line on stderr, and give a function that changes it; without a terminal both do nothing."""
    console = terminal(stderr=True)
    if not console.is_terminal:
        yield lambda text: None
        return
    # A live display is drawn behind the hook, and takes a plain string for markup.
    with console.status(Text(shown(first))) as line:
        yield lambda text: line.update(Text(shown(text)))


class _ControlCharacters(RenderHook):
    """Has control characters written out, in all that is printed."""

    def process_renderables(self, renderables: list[ConsoleRenderable]) -> list[ConsoleRenderable]:
        return [_WithoutControls(renderable) for renderable in renderables]


class _WithoutControls:
    """Something to print, without the control characters of its texts; those of the console itself stay."""

    def __init__(self, renderable: ConsoleRenderable) -> None:
        self.renderable = renderable

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield from _without_controls(console.render(self.renderable, options))

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        return Measurement.get(console, options, self.renderable)


def _without_controls(segments: Iterable[Segment]) -> Iterable[Segment]:
    for segment in segments:
        yield segment if segment.control else Segment(shown(segment.text, keeps_lines=True), segment.style)
