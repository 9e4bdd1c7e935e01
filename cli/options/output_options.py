"""How a command gives its result: as text or as one JSON object, printed or in a file."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cyclopts import Parameter

from .groups import OUTPUT
from .values import OutFile, ReportFolder

if TYPE_CHECKING:
    from rich.console import Console

    from ...analysis.results.result_parts import CommandResult


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
        from ..terminal import terminal

        return terminal(stderr=self.json, wraps=wraps)

    def give(self, result: "CommandResult", print_text: Callable[[], None]) -> None:
        """Write the result to the file, if there is one, and print it or the text."""
        from ..json_text import json_text

        if self.out is not None:
            from ...output_file import write_file

            write_file(self.out, json_text(result).encode())
        if self.json:
            print(json_text(result), end="")
        else:
            print_text()


@Parameter(name="*", group=OUTPUT)
@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewOptions(OutputOptions):
    """Text or JSON, and what code hosts show."""

    sarif: OutFile = None
    """Write SARIF 2.1.0 to a file as well."""
    github: bool = False
    """For GitHub Actions: print annotations after the text, and append to the summary of the job."""


@Parameter(name="*", group=OUTPUT)
@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimReviewOptions(ReviewOptions):
    """The same, what build servers show of claims, and a page."""

    junit: OutFile = None
    """Write JUnit XML to a file as well, with a test for each claim."""
    report: ReportFolder = None
    """Write a page for people, DIR/index.html: verdicts, fixes, what breaks each claim, step by step."""

    @property
    def is_for_others(self) -> bool:
        """Something is asked for beside text and JSON."""
        return self.github or any(file is not None for file in (self.sarif, self.junit, self.report))


@Parameter(name="*", group=OUTPUT)
@dataclass(frozen=True, slots=True, kw_only=True)
class TraceOutputOptions(OutputOptions):
    """Text or JSON, of traces of the model."""

    identifiers: bool = False
    """Print the actions of each trace by their names in the model, too."""
