"""How a command gives its findings to code hosts and build servers, beside the text for people."""

import json
import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, TextIO

from ...output_file import write_file
from ..options.output_options import ClaimReviewOptions, ReviewOptions
from .github import annotations, append_summary, summary, without_commands


def text_page(asked: ReviewOptions) -> AbstractContextManager[None]:
    """Return what stands around the text: on GitHub, nothing in it is a command."""
    return without_commands(_stream(asked)) if asked.github else nullcontext()


def sarif_of(asked: ReviewOptions, make: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Return what was found as SARIF, and write it where a file is asked for; empty where nobody asks."""
    if asked.sarif is None and not asked.github:
        return {}
    log = make()
    if asked.sarif is not None:
        write_file(asked.sarif, (json.dumps(log, indent=2) + "\n").encode())
    return log


def give_junit(asked: ClaimReviewOptions, make: Callable[[], bytes]) -> None:
    """Write JUnit XML, if it is asked for."""
    if asked.junit is not None:
        write_file(asked.junit, make())


def annotate(asked: ReviewOptions, log: dict[str, Any], verdict: str, lines: Sequence[str] = ()) -> None:
    """Tell GitHub of a log, once the text is printed.

    verdict: what came of it, in a line; lines: more for the summary of a job."""
    if asked.github:
        for line in annotations(log):
            print(line, file=_stream(asked), flush=True)
        append_summary(summary(log, verdict, lines))


def _stream(asked: ReviewOptions) -> TextIO:
    """Return where text goes."""
    return sys.stderr if asked.json else sys.stdout
