"""What a fuzz comes to: each finding with its token, and whether the board alone confirms it."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from ..campaign.fuzz.findings import DIVERGENCE, Finding, Findings
from ..campaign.fuzz.fuzz_driver import Fuzz, Limits
from ..campaign.fuzz.generator import Worlds
from ..campaign.fuzz.next_effect import played_on
from ..campaign.history.history_replay import replay_history
from ..campaign.history.history_token import HistoryToken, encode_history_token
from ..campaign.history.player import StepOutcome
from ..errors import InputError
from ..impl.program_end import Panic


@dataclass(frozen=True, slots=True)
class ConfirmedFinding:
    """A finding and its replay."""

    finding: Finding
    token: str
    is_confirmed: bool
    """A replay on the board alone, which does not ask the model, breaks the claim as well."""
    broken_by: str
    """The event at its end that the claim rules out, or what board and model each did."""


@dataclass(frozen=True, slots=True)
class FuzzReport:
    """What a fuzz came to."""

    seed: int
    worlds: Worlds
    findings: Findings
    reported: tuple[ConfirmedFinding, ...]
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
    found, reported = tuple(fuzz.reported()), list[ConfirmedFinding]()
    try:
        for finding in found:
            reported.append(confirmed(finding))
    except KeyboardInterrupt:
        fuzz.ended_by = "interrupted"
        reported += [_open(finding) for finding in found[len(reported) :]]
    return FuzzReport(seed, worlds, fuzz.findings, tuple(reported), fuzz.ended_by, seconds)


def _open(finding: Finding) -> ConfirmedFinding:
    """Return a finding that was not replayed."""
    return ConfirmedFinding(finding, _open_token(finding), False, "")


def confirmed(finding: Finding) -> ConfirmedFinding:
    """Return a finding with its token, and whether the board alone shows it.

    Of a claim about what a step does, the history goes on with the step that shows it."""
    if finding.claim_id == DIVERGENCE:
        # What the board does is not beyond doubt, so the token does not say how it ends.
        return ConfirmedFinding(finding, _open_token(finding), True, finding.text)
    try:
        played = replay_history(finding.history)
        history = played_on(finding) if played.breaks(finding.claim_id) is None else None
        if history is not None:
            finding, played = replace(finding, history=history), replay_history(history)
    except (InputError, Panic):
        return _open(finding)
    token = HistoryToken(finding.claim_id, played.outcome, played.running, finding.history)
    broken = played.breaks(finding.claim_id)
    return ConfirmedFinding(
        finding, encode_history_token(token), broken is not None, "" if broken is None else broken.text
    )


def _open_token(finding: Finding) -> str:
    """Return a token that does not say how the history ends."""
    return encode_history_token(HistoryToken(finding.claim_id, StepOutcome.CUT, None, finding.history))
