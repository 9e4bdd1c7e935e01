"""The table of the known cases, a row for each, with a token that shows it."""

from collections.abc import Iterable
from dataclasses import dataclass

from .history_token import encode_history_token
from .known_cases import KNOWN_CASES


@dataclass(frozen=True, slots=True)
class CaseRow:
    """One row of the table of cases."""

    name: str
    title: str
    facts: str
    fault: str
    """Number of cuts and weakest fault model, such as "2 × F0"; "none" without a cut."""
    releases: str
    claim_id: str
    token: str


def case_rows() -> Iterable[CaseRow]:
    """Yield the table, a row for each case."""
    for case in KNOWN_CASES:
        until = "" if case.until is None else case.until.label
        yield CaseRow(
            case.name,
            case.title,
            ", ".join(case.facts),
            f"{case.cuts} × {case.fault.name}" if case.cuts else "none",
            f"{case.since.label} – {until}" if until else f"{case.since.label} –",
            case.claim_id or "",
            encode_history_token(case.token()),
        )
