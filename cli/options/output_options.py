"""How a command gives its result: as text or as one JSON object, printed or in a file."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cyclopts import Parameter

from .groups import OUTPUT
from .values import OutFile

if TYPE_CHECKING:
    from rich.console import Console


@Parameter(name="*", group=OUTPUT)
@dataclass(frozen=True, slots=True, kw_only=True)
class OutputOptions:
    """Text or JSON."""

    json: bool = False
    """Print one JSON object instead of text."""
    out: OutFile = None
    """Write the JSON object to a file as well."""

    def console(self, wraps: bool = True) -> "Console":
        """Return where text goes: to stderr if stdout is for JSON; without `wraps`, lines stay as long as they are."""
        from rich.console import Console

        return Console(stderr=self.json, highlight=False, soft_wrap=not wraps)

    def give(self, as_json: Callable[[], object], print_text: Callable[[], None]) -> None:
        """Write the JSON object to the file, if there is one, and print it or the text."""
        answer = json.dumps(as_json(), indent=2, default=str) + "\n" if self.json or self.out is not None else ""
        if self.out is not None:
            from ...project.files import write_file

            write_file(self.out, answer.encode())
        if self.json:
            print(answer, end="")
        else:
            print_text()
