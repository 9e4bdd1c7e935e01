"""Random histories in lock step, many of them, and what they break.

`run` is a pure function of (seed, index, worlds): it makes one history, plays it, and returns what it broke. Runs know
nothing of each other, so they can be dealt out to threads, processes or machines in any order; `Findings` takes their
results in any order and comes to the same. Of the histories that break one claim in one class of scopes it keeps the
shortest, of equally long ones that of the first run.

Two kinds of findings: a broken claim says something about ESP-IDF, a divergence (board, device model and life-cycle
table do not agree) says that one of the three is wrong.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import lru_cache
from random import Random

from ...impl.chip.flash import PlanNotReached
from ...model.config import Config
from ...model.device.state import Scope
from ..history.history import History
from ..history.step import Step, StepName
from ..lockstep.coverage import Coverage
from ..lockstep.divergence import Divergence, OutOfModel
from ..lockstep.lockstep import Lockstep
from ..lockstep.replayed_divergence import first_divergence
from .corpus import Corpus, Kept, NewsWatch
from .generator import Worlds, draw_history, draw_scope
from .guide import Guide
from .mutation import MutantDrawer, script_of

DIVERGENCE = "divergence"
"""Stands for the id of a claim where board, model and table do not agree."""
BLOCK = 25
"""So many runs in a row share one build of the software: to compile its model takes longer than they do."""


@dataclass(frozen=True, slots=True)
class ScopeClass:
    """What tells scopes apart, as far as findings go."""

    build: str
    rules: str
    """Release rules of the application."""
    slots: str
    has_factory: bool

    def __str__(self) -> str:
        """Say it in one line."""
        return f"{self.build}, rules {self.rules}, {self.slots}{', factory' if self.has_factory else ''}"


@dataclass(frozen=True, slots=True)
class Finding:
    """A history that breaks a claim, or on which board and model diverge."""

    claim_id: str
    """Or DIVERGENCE."""
    scope: Scope
    history: History
    index: int
    """Number of the run."""
    text: str = ""
    """DIVERGENCE: what each did."""
    cause: str = ""
    """DIVERGENCE: in which call they parted, and how, in words that stay when the history is made smaller."""
    is_on_board: bool = False
    """It was played on the board alone."""

    @property
    def key(self) -> tuple[str, ScopeClass]:
        """What makes two findings the same."""
        return self.claim_id, scope_class(self.scope)

    @property
    def rank(self) -> tuple[int, int]:
        """Smaller is better: the shorter history, then the earlier run."""
        return len(self.history.steps), self.index


@dataclass(frozen=True, slots=True)
class RunResult:
    """What one run came to."""

    index: int
    steps: int
    """Steps played."""
    cuts: int
    """Power cuts among them, those between two steps included."""
    findings: tuple[Finding, ...]
    left_out: str | None
    """Why the run ended early: what happened is left out of the model; None: it did not."""
    coverage: Coverage
    """What it came through of the model."""
    sites: frozenset[str] = frozenset()
    """Where the power was cut in it; see guide.py."""
    is_mutated: bool = False
    """It began from a kept history; see corpus.py."""
    kept: Kept | None = None
    """Its history, where that is to be kept."""

    @property
    def points(self) -> set[str]:
        """All that it came through: of the model, and the sites of its cuts."""
        return points_of(self.coverage, self.sites)


@dataclass
class Findings:
    """The results of runs, put together; the order in which they come does not matter."""

    runs: int = 0
    steps: int = 0
    cuts: int = 0
    left_out: dict[str, int] = field(default_factory=dict)
    found_in: Counter[tuple[str, ScopeClass]] = field(default_factory=Counter)
    """By kind, how many runs found it."""
    mutated_in: Counter[tuple[str, ScopeClass]] = field(default_factory=Counter)
    """By kind, how many of them began from a kept history."""
    first_in: dict[tuple[str, ScopeClass], int] = field(default_factory=dict)
    """By kind, the number of the first run that found it."""
    coverage: Coverage = field(default_factory=Coverage)
    _best: dict[tuple[str, ScopeClass], Finding] = field(default_factory=dict)

    def add(self, result: RunResult) -> list[Finding]:
        """Take a result; return those of its findings that are the first of their kind."""
        self.runs += 1
        self.steps += result.steps
        self.cuts += result.cuts
        self.coverage.merge(result.coverage)
        if result.left_out is not None:
            self.left_out[result.left_out] = self.left_out.get(result.left_out, 0) + 1
        fresh = []
        for finding in result.findings:
            self.found_in[finding.key] += 1
            self.mutated_in[finding.key] += result.is_mutated
            self.first_in[finding.key] = min(finding.index, self.first_in.get(finding.key, finding.index))
            known = self._best.get(finding.key)
            if known is None:
                fresh.append(finding)
            if known is None or finding.rank < known.rank:
                self._best[finding.key] = finding
        return fresh

    def __len__(self) -> int:
        """Return how many kinds of findings there are."""
        return len(self._best)

    @property
    def divergences(self) -> int:
        """How many of them are divergences."""
        return sum(finding.claim_id == DIVERGENCE for finding in self._best.values())

    def all(self) -> list[Finding]:
        """Return the best of each kind: divergences first, then by claim and scope."""
        return sorted(self._best.values(), key=_order)


def points_of(coverage: Coverage, sites: Iterable[str]) -> set[str]:
    """Return what a run came through: of the model, and the sites of its cuts."""
    return {str(item) for own in coverage.scopes.values() for item in own.taken} | set(sites)


def cause_in(step: Step, why: Divergence) -> str:
    """Return the cause of a divergence in a step."""
    return f"{step.name.value}: {why.cause}"


def _order(finding: Finding) -> tuple[bool, int, str]:
    claim_id, found_in = finding.key
    return claim_id != DIVERGENCE, int(claim_id.removeprefix("C")) if claim_id != DIVERGENCE else 0, str(found_in)


def scope_class(scope: Scope) -> ScopeClass:
    """Return the class of a scope."""
    config = scope.config
    build = "anti-rollback" if config.anti_rollback else "rollback on" if config.rollback else "rollback off"
    slots = "1 slot" if scope.slots == 1 else "2 slots" if scope.slots == 2 else "3 or more slots"
    build += ", validation skipped" if scope.skips_validation else ""
    build += ", otadata by turns" if scope.is_by_turns else ""
    return ScopeClass(build, config.app_release.label, slots, scope.has_factory)


@lru_cache(maxsize=4)
def scope_of_block(seed: int, block: int, worlds: Worlds) -> tuple[Config, Scope]:
    """Return the build and the scope that the runs of a block share."""
    return draw_scope(Random(f"otaproof {seed} block {block}"), worlds)


def run(seed: int, index: int, worlds: Worlds, guide: Guide | None = None, corpus: Corpus | None = None) -> RunResult:
    """Make and play history number `index` of a seed; the same on every machine, with the same guide and corpus."""
    config, scope = scope_of_block(seed, index // BLOCK, worlds)
    random = Random(f"otaproof {seed} {index}")
    history = draw_history(random, config, scope)
    lockstep = Lockstep(history, scope)
    script = script_of(random, corpus)
    is_mutated = bool(script)
    drawer = MutantDrawer(random, lockstep, guide=guide, script=script)
    watch = NewsWatch(corpus)
    findings: dict[str, Finding] = {}
    played: list[Step] = []
    left_out = None

    def note(claim_id: str, text: str = "", cause: str = "") -> None:
        if claim_id not in findings:
            findings[claim_id] = Finding(claim_id, scope, so_far(), index, text, cause)

    def so_far() -> History:
        return replace(history, steps=tuple(played))

    try:
        for step in drawer.steps():
            played.append(step)
            for claim_id in sorted(lockstep.step(step)):
                note(claim_id)
            watch.look(len(played), lockstep.tracker.covered, drawer.sites)
    except OutOfModel as why:
        left_out = str(why)
    except Divergence as why:
        note(DIVERGENCE, str(why), cause_in(played[-1], why))
    except PlanNotReached as why:
        # Played to its end, the step shows what the board leaves out, and the history can be played again.
        cut_short, played[-1] = played[-1], replace(played[-1], cut=None, failures=())
        parted = first_divergence(so_far(), scope)
        if parted is not None:
            note(DIVERGENCE, str(parted), cause_in(played[-1], parted))
        played[-1] = cut_short
        note(DIVERGENCE, f"the model has an operation that the board has not: {why}")
    cuts = sum(step.cut is not None or step.name is StepName.POWER_OFF for step in played)
    coverage, sites = lockstep.tracker.coverage, frozenset(drawer.sites)
    found = tuple(findings.values())
    kept = watch.kept(index, so_far(), points_of(coverage, sites))
    return RunResult(index, len(played), cuts, found, left_out, coverage, sites, is_mutated, kept)


def runs(seed: int, indices: Iterable[int], worlds: Worlds) -> Iterator[RunResult]:
    """Yield the results of these runs."""
    for index in indices:
        yield run(seed, index, worlds)
