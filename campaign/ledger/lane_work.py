"""The unit of work of a campaign: some blocks of one lane, played anywhere, with a result that is small and plain."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from ..fuzz.corpus import Corpus, Kept
from ..fuzz.findings import BLOCK, Finding, Findings
from ..fuzz.fuzz_driver import run_for
from ..fuzz.guide import Guide
from ..history.history_token import HistoryToken, encode_history_token
from ..history.player import StepOutcome
from ..rare_collection import rarely_collecting
from .campaign_plan import CampaignPlan

SPAN = 1
"""Blocks of one lane that are played at once, and begun anew when the process is killed."""


@dataclass(frozen=True, slots=True)
class LaneWork:
    """Some blocks of a lane."""

    plan: CampaignPlan
    lane: int
    first: int
    """Number of the first block, within the lane."""
    blocks: int = SPAN
    seen: Mapping[str, int] = field(default_factory=dict)
    """By what the lane has come through, how many of its runs did."""
    kept: tuple[Kept, ...] = ()
    """The histories that the lane keeps, oldest first."""


@dataclass(frozen=True, slots=True, order=True)
class FoundKind:
    """The best history of a kind of findings."""

    claim_id: str
    """Or DIVERGENCE."""
    scope_class: str
    """What tells the devices of its kind apart, in words."""
    length: int
    """Steps of the history."""
    run: int
    """Number of the run that found it."""
    runs: int
    """How many runs found one of this kind."""
    first: int
    """Number of the first of them."""
    token: str
    """What `otaproof replay` plays it by."""
    text: str
    cause: str
    mutated: int = 0
    """How many of the runs began from a kept history."""

    @property
    def kind(self) -> tuple[str, str]:
        """What makes two of them the same kind."""
        return self.claim_id, self.scope_class

    @property
    def rank(self) -> tuple[int, int]:
        """Smaller is better: the shorter history, then the earlier run."""
        return self.length, self.run


@dataclass(frozen=True, slots=True)
class LaneResult:
    """What some blocks of a lane came to."""

    runs: int
    steps: int
    cuts: int
    left_out: Mapping[str, int] = field(default_factory=dict)
    found: tuple[FoundKind, ...] = ()
    covered: Mapping[str, tuple[int, int, int]] = field(default_factory=dict)
    """By what was come through of the model: how many runs did, the number of the first, and how many of them began
    from a kept history."""
    kept: tuple[Kept, ...] = ()
    """The histories that are to be kept, oldest first."""
    mutated: int = 0
    """Runs that began from a kept history."""


def play_lane(work: LaneWork) -> LaneResult:
    """Play the blocks; a pure function of the work."""
    with rarely_collecting():
        return _played(work)


def _played(work: LaneWork) -> LaneResult:
    findings = Findings()
    covered: dict[str, tuple[int, int, int]] = {}
    seen = Counter(work.seen)
    guide = Guide(seen) if work.plan.is_steered else None
    corpus = Corpus(work.kept, seen) if work.plan.is_steered else None
    kept: list[Kept] = []
    mutated = 0
    play = run_for(work.plan.worlds)
    for number in range(work.first, work.first + work.blocks):
        first = work.plan.block(work.lane, number) * BLOCK
        for index in range(first, first + BLOCK):
            result = play(work.plan.seed, index, work.plan.worlds, guide, corpus)
            findings.add(result)
            mutated += result.is_mutated
            for point in result.points:
                seen[point] += 1
                runs, first_run, begun = covered.get(point, (0, index, 0))
                covered[point] = runs + 1, first_run, begun + result.is_mutated
            if corpus is not None and result.kept is not None:
                corpus.add(result.kept)
                kept.append(result.kept)
    found = tuple(_found(finding, findings) for finding in findings.all())
    return LaneResult(
        findings.runs, findings.steps, findings.cuts, findings.left_out, found, covered, tuple(kept), mutated
    )


def _found(finding: Finding, findings: Findings) -> FoundKind:
    claim_id, scope_class = finding.key
    token = HistoryToken(claim_id, StepOutcome.CUT, None, finding.history)
    return FoundKind(
        claim_id,
        str(scope_class),
        len(finding.history.steps),
        finding.index,
        findings.found_in[finding.key],
        findings.first_in[finding.key],
        encode_history_token(token),
        finding.text,
        finding.cause,
        findings.mutated_in[finding.key],
    )
