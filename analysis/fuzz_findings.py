"""What a fuzz comes to: each finding with its token, and whether the board alone confirms it."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from ..campaign.fuzz.findings import DIVERGENCE, Finding, Findings
from ..campaign.fuzz.fuzz_driver import Fuzz, Limits
from ..campaign.fuzz.generator import Worlds
from ..campaign.history.history import Outcome
from ..campaign.history.history_replay import replay_history
from ..campaign.history.history_token import HistoryToken, encode_history_token
from ..errors import InputError
from ..impl.program_end import Panic


@dataclass(frozen=True, slots=True)
class ReportedFinding:
    """A finding, as it is reported."""

    finding: Finding
    token: str
    is_confirmed: bool
    """A replay on the board alone, which does not ask the model, breaks the claim as well."""


@dataclass(frozen=True, slots=True)
class FuzzReport:
    """What a fuzz came to."""

    seed: int
    worlds: Worlds
    findings: Findings
    reported: tuple[ReportedFinding, ...]
    ended_by: str
    """What ended it too soon, if anything did."""
    seconds: float
    """Of the runs, without the shrinking."""


def fuzz_devices(
    seed: int, worlds: Worlds, limits: Limits, jobs: int, watch: Callable[[Findings], None] = lambda findings: None
) -> FuzzReport:
    """Play random histories until a limit; `watch` is told after every result what there is so far."""
    fuzz = Fuzz(seed, worlds, limits, jobs)
    started = time.monotonic()
    fuzz.run(lambda result: watch(fuzz.findings))
    seconds = time.monotonic() - started
    reported = tuple(_reported(finding) for finding in fuzz.reported())
    return FuzzReport(seed, worlds, fuzz.findings, reported, fuzz.ended_by, seconds)


def _reported(finding: Finding) -> ReportedFinding:
    if finding.claim_id == DIVERGENCE:
        # What the board does is not beyond doubt, so the token does not say how it ends.
        token = HistoryToken(DIVERGENCE, Outcome.CUT, None, finding.history)
        return ReportedFinding(finding, encode_history_token(token), is_confirmed=True)
    try:
        played = replay_history(finding.history)
    except (InputError, Panic):
        token = HistoryToken(finding.claim_id, Outcome.CUT, None, finding.history)
        return ReportedFinding(finding, encode_history_token(token), is_confirmed=False)
    token = HistoryToken(finding.claim_id, played.outcome, played.running, finding.history)
    return ReportedFinding(finding, encode_history_token(token), played.breaks(finding.claim_id) is not None)
