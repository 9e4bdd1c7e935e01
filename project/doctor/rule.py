"""What a rule of `otaproof doctor` is: a function that looks, and a row that says what is wrong, why, and what to do.

A rule never decides alone whether it can be decided: it names what it needs to see, and where that is missing
the report says so instead of calling the project sound.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum

from ..lenient_table import TableRow
from .subject import Need, Subject


class Severity(Enum):
    """How bad a finding is; the values are the levels of SARIF."""

    ERROR = "error"
    """The device cannot update, or an update can cost it its life."""
    WARNING = "warning"
    """A protection is missing, is ignored, or does not do what it seems to."""
    NOTE = "note"
    """Nothing to change, but to be known."""


@dataclass(frozen=True, slots=True)
class Location:
    """Where something is written."""

    file: str
    """A file, an argument of the command line, or words for what no file says."""
    line: int | None = None
    """Counted from 1; None where a file has no lines, or the whole is meant."""

    def __str__(self) -> str:
        """Say it as compilers do."""
        return self.file if self.line is None else f"{self.file}:{self.line}"

    @classmethod
    def parse(cls, text: str) -> "Location":
        """Return the location that "file:line", or a file alone, names."""
        match = re.fullmatch(r"(.+):(\d+)", text)
        return cls(match[1], int(match[2])) if match else cls(text)


@dataclass(frozen=True, slots=True)
class RuleFinding:
    """One thing that is wrong at one place."""

    place: Location
    what: str
    """What was found, in one line."""


FindInSubject = Callable[[Subject], Iterator[RuleFinding]]
"""Looks at a subject and yields what is wrong."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One thing to look for; called with a subject, it yields what it finds."""

    id: str
    """D01 …; never used again for something else."""
    severity: Severity
    title: str
    reason: str
    """What happens on the device."""
    remedy: str
    source: str
    """Id in docs/sources.toml, or file and symbol of ESP-IDF."""
    needs: tuple[Need, ...]
    """What the rule has to see."""
    find: FindInSubject
    claim: str = ""
    """Id of the claim that a power cut then breaks, where there is one: what Subject.trace_of says has the trace."""

    def __call__(self, subject: Subject) -> Iterator[RuleFinding]:
        """Yield what it finds."""
        return self.find(subject)


def rule(
    id_: str,
    severity: Severity,
    *,
    title: str,
    reason: str,
    remedy: str,
    source: str,
    needs: tuple[Need, ...],
    claim: str = "",
) -> Callable[[FindInSubject], Rule]:
    """Make a rule of the function that looks for it; the arguments are the fields of Rule."""
    return lambda find: Rule(id_, severity, title, reason, remedy, source, needs, find, claim)


def at(text: str, what: str) -> RuleFinding:
    """Return a finding at a place such as "sdkconfig:3"."""
    return RuleFinding(Location.parse(text), what)


def at_release(subject: Subject, what: str) -> RuleFinding:
    """Return a finding where the release of the application is named."""
    text, _, place = (subject.release_text or "").partition(" in ")
    return at(place or "--idf", f"ESP-IDF {text}: {what}")


def quoted(row: TableRow) -> str:
    """Return the name of a partition as findings show it."""
    return repr(row.partition.label)
