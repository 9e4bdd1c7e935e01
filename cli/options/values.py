"""Kinds of option values that several commands take, each with its check; what is wrong is a ValueError in one line."""

from collections.abc import Callable, Sequence
from enum import Enum
from pathlib import Path
from typing import Annotated, TypeVar

from cyclopts import Parameter, Token

from ...model.config import SkipValidation, release_name
from ...model.device.allowance import Allowance
from ...model.idf_version import IdfVersion
from ...model.remedies import Remedy
from ...output_file import folder_refusal, refusal
from ...project.release_text import read_release
from ..standard_error import tell

PAGE_NAME = "index.html"
"""The file of a report for people, in its folder."""
MOST_SECONDS = 1_000_000
"""Of a limit on the time of a solver, which counts milliseconds in 32 bits."""


def within(least: float, most: float = float("inf")) -> Callable[[object, float | None], None]:
    """Return a check that a number is in a range, both ends included."""
    wanted = f"{least} or more" if most == float("inf") else f"{least} … {most}"

    def check(_: object, value: float | None) -> None:
        if value is not None and not least <= value <= most:
            raise ValueError(f"{value}; want {wanted}")

    return check


def above_zero(_: object, value: float | None) -> None:
    """Refuse a number that is not above zero, and one that is not finite."""
    if value is not None and not 0 < value < float("inf"):
        raise ValueError(f"{value}; want more than 0")


def can_be_made(_: object, path: Path | None) -> None:
    """Refuse a file that cannot be written: told before the work, not after it."""
    reason = None if path is None else refusal(path)
    if reason is not None:
        raise ValueError(reason)


def can_hold_page(_: object, folder: Path | None) -> None:
    """Refuse a folder that cannot be made, or in which no page can be written: told before the work, not after it."""
    reason = None if folder is None else folder_refusal(folder, PAGE_NAME)
    if reason is not None:
        raise ValueError(reason)


def is_elf(path: Path) -> bool:
    """Tell whether a regular file can be read and begins as an ELF file does."""
    try:
        if not path.is_file():
            return False
        with path.open("rb") as file:
            return file.read(4) == b"\x7fELF"
    except OSError:
        return False


def release_of(text: str, place: str) -> IdfVersion:
    """Return the version that `text` names; tell of one that is newer than all known ones, or was not recorded.

    Raises InputError at `place` for no release, or one that is too old."""
    named = read_release(text, place)
    told = named.warning or named.note
    if told is not None:
        tell(f"otaproof: {place}: {told}")
    return named.version


def _release(_: object, tokens: Sequence[Token]) -> IdfVersion:
    return release_of(tokens[0].value, tokens[0].keyword or "release")


Named = TypeVar("Named", bound=Enum)


def _some_of(kind: type[Named]) -> Callable[[object, Sequence[Token]], frozenset[Named]]:
    """Return what reads names of a kind, joined by commas."""
    names = {member.value: member for member in kind}

    def read(_: object, tokens: Sequence[Token]) -> frozenset[Named]:
        asked = [name.strip() for token in tokens for name in token.value.split(",")]
        for name in asked:
            if name not in names:
                raise ValueError(f"{name!r}; want some of {', '.join(names)}")
        return frozenset(names[name] for name in asked)

    return read


Count = Annotated[int, Parameter(validator=within(1), metavar="N")]
File = Annotated[Path | None, Parameter(metavar="FILE")]
OutFile = Annotated[Path | None, Parameter(validator=can_be_made, metavar="FILE")]
ReportFolder = Annotated[Path | None, Parameter(validator=can_hold_page, metavar="DIR")]
ReleaseName = Annotated[
    IdfVersion,
    Parameter(converter=_release, metavar="RELEASE", n_tokens=1, accepts_keys=False, show_default=release_name),
]
Allowances = Annotated[
    frozenset[Allowance],
    Parameter(converter=_some_of(Allowance), metavar="NAMES", show_default=False, negative="", n_tokens=1),
]
Skips = Annotated[
    frozenset[SkipValidation],
    Parameter(converter=_some_of(SkipValidation), metavar="WHEN", show_default=False, negative="", n_tokens=1),
]
AnyRelease = Annotated[
    IdfVersion | None, Parameter(converter=_release, metavar="RELEASE", n_tokens=1, accepts_keys=False)
]
Remedies = Annotated[
    frozenset[Remedy],
    Parameter(converter=_some_of(Remedy), metavar="NAMES", show_default=False, negative="", n_tokens=1),
]
Rollback = Parameter(negative="--no-rollback")
AntiRollback = Parameter(negative="--no-anti-rollback")
