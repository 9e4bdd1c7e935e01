"""What a history token is about: a named case, a claim, a divergence of board and model, or nothing but the history."""

from ..campaign.fuzz.findings import DIVERGENCE
from ..campaign.history.history_token import HistoryToken
from ..campaign.history.known_case import KnownCase
from ..campaign.history.known_cases import known_case
from ..errors import InputError
from ..model.claims.claims import claim


def case_of(token: HistoryToken) -> KnownCase | None:
    """Return the named case that a token shows, None for a claim, a divergence or nothing.

    Raises InputError for anything else."""
    if token.shows in ("", DIVERGENCE):
        return None
    try:
        return known_case(token.shows)
    except KeyError:
        pass
    try:
        claim(token.shows)
    except KeyError:
        raise InputError(f"token: shows {token.shows[:40]!r}, which this version does not know") from None
    return None


def claim_id_of(token: HistoryToken, case: KnownCase | None) -> str | None:
    """Return the claim that a token is about, if it is about one."""
    if case is not None:
        return case.claim_id
    return None if token.shows in ("", DIVERGENCE) else token.shows
