"""The results of `otaproof campaign`: how far one is, and what it found."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from ...campaign.fuzz.findings import DIVERGENCE
from ...campaign.fuzz.generator import Worlds
from ...campaign.ledger.lane_work import FoundKind
from ...campaign.ledger.ledger import Ledger, Mutation
from ...model.claims.claims import claim
from ...model.config import Selector
from ...model.fault_model import MODELLED_FAULTS
from ..untried_claims import untried_claims
from .fuzz_result import FuzzFinding
from .result_parts import CommandResult, FaultName, UsageName, fault_name

CampaignAction = Literal["run", "resume", "status", "merge"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignKind:
    """The findings of one claim on one kind of device."""

    claim: str
    """Id of the claim; "divergence" where board and model do not agree."""
    devices: str
    """The kind of device, in words."""
    runs: int
    """How many runs found one."""
    first_run: int
    """Number of the first of them."""
    run: int
    """Number of the run that found the shortest."""
    steps: int
    """Steps of the shortest, as it was found."""
    token: str
    """What `otaproof replay` plays it by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UntriedEntry:
    """A claim that all runs together say nothing about: none met its premise."""

    claim: str
    """Its id."""
    name: str
    """Its name."""
    depth: int | None
    """In how few steps its premise can be met on one of the devices that were drawn; null where a short search does not
    meet it either."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MutationEntry:
    """What came of the runs of a steered campaign that began from a kept history, changed."""

    kept: int
    """Histories that are kept: each came through something that no earlier run of its lane came through."""
    runs: int
    """Runs that began from one; the others were drawn from their first step on."""
    covered: int
    """Of what was covered, what only such runs came through."""
    covered_by_others: int
    """What only the others came through."""
    found: int
    """Of the findings, by claim and kind of device, those that only such runs made."""
    found_by_others: int
    """Those that only the others made."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SittingEntry:
    """A process that played runs."""

    began: float
    """Seconds since 1970."""
    seconds: float
    """From its start to its last result."""
    runs: int
    """Runs that it played."""
    steps: int
    """Steps of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignState(CommandResult):
    """How far a campaign is."""

    file: str
    """Its file."""
    seed: int
    """The same seed and devices come to the same."""
    devices: str
    """Which devices are drawn, in words."""
    faults: FaultName
    """The fault model."""
    compared: bool
    """The device model followed each step. It has F0 … F3: what is played under F4 and F5 is not compared with it."""
    usage: UsageName
    """How the calls are used."""
    shard: str
    """Which part of the campaign this file is to play: "1/1" is all of it."""
    version: str
    """The version of otaproof that plays it."""
    planned_runs: int
    """Histories to play in all, those of other shards included."""
    complete: bool
    """All runs of the shard are made."""
    runs: int
    """Histories played."""
    steps: int
    """Steps of them."""
    cuts: int
    """Power cuts among them."""
    left_out: dict[str, int]
    """By what is outside the scope of the model, the runs that ended early for it."""
    divergences: int
    """Kinds of devices on which board and model do not agree, which is a bug in otaproof."""
    found: tuple[CampaignKind, ...]
    """Claim by claim and kind of device, divergences first."""
    covered: int
    """Actions of the model, premises of claims, cuts in it, and sites of power cuts (call, operation, fault model)
    that were come through; of the model none where nothing was compared with it."""
    newest_cover: int | None
    """Number of the run that was the first to come through the last of them; null where there are none."""
    mutation: MutationEntry
    """What the mutation of kept histories came to; no run began from one where the draw is not steered."""
    untried: tuple[UntriedEntry, ...]
    """Of a whole campaign whose runs are all made, the claims whose premise no run met; above F3 nothing tells."""
    fingerprint: str
    """A digest of all that was found: the same for the same runs, whoever played them in whatever order."""
    sittings: tuple[SittingEntry, ...]
    """The processes that played runs, oldest first."""

    @property
    def fails(self) -> bool:
        """Something was found, or a claim that could have been tried was not."""
        return bool(self.found) or any(entry.depth is not None for entry in self.untried)


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignResult(CampaignState):
    """What a part of a campaign came to."""

    command: Literal["campaign"] = "campaign"
    """The command that made the result."""
    action: CampaignAction
    """Its second word."""
    ended_by: str = ""
    """What ended the command too soon, if anything did."""
    shared: bool = False
    """Another process goes on with some of its runs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CauseEntry:
    """The findings of one cause: in their plainest histories the same fault, or the same calls without one."""

    title: str
    """What happens, in a sentence without its full stop."""
    known_cases: tuple[str, ...]
    """Names of the cases that are instances of it."""
    claims: tuple[str, ...]
    """Ids of the claims that it breaks."""
    runs: int
    """Runs that found it, each counted once for each claim."""
    runs_by_claim: dict[str, dict[FaultName, int]]
    """By the id of each of its claims, and the weakest fault model that has the plainest history, how many runs found
    it."""
    kinds: int
    """Kinds of devices and claims that come to it."""
    histories: int
    """Plainest histories that they come to, those that differ in more than images and writes."""
    plainest: FuzzFinding
    """The plainest of them."""
    others: tuple[FuzzFinding, ...]
    """For each other of its claims, the plainest history that breaks it."""

    @property
    def shown(self) -> tuple[FuzzFinding, ...]:
        """A history for each of its claims, the plainest first."""
        return self.plainest, *self.others


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignCauses(CampaignState):
    """What a campaign found, by cause."""

    command: Literal["campaign show"] = "campaign show"
    """The command that made the result."""
    causes: tuple[CauseEntry, ...]
    """Divergences first, then what most runs found."""
    cover_curve: tuple[int, ...]
    """Ascending, for all that was come through, the number of the first run that did."""
    never_covered: tuple[str, ...]
    """Actions of the models of its devices, premises of claims, and cuts by the task that they fall in, which no run
    came through."""
    ended_by: str = ""
    """What ended it too soon, if anything did: then some findings are as they were found."""


def campaign_result(
    ledger: Ledger, action: CampaignAction, ended_by: str = "", is_shared: bool = False
) -> CampaignResult:
    """Return how far a campaign is."""
    return CampaignResult(action=action, ended_by=ended_by, shared=is_shared, **_state(ledger))


def causes_result(
    ledger: Ledger, causes: Sequence[CauseEntry], never_covered: Sequence[str], ended_by: str
) -> CampaignCauses:
    """Return what a campaign found, by cause."""
    return CampaignCauses(
        causes=tuple(causes),
        cover_curve=tuple(sorted(first for _, first in ledger.covered().values())),
        never_covered=tuple(never_covered),
        ended_by=ended_by,
        **_state(ledger),
    )


def worlds_text(worlds: Worlds) -> str:
    """Say in a few words which devices are drawn."""
    return ", ".join(_world_words(worlds)) or "any device"


def _world_words(worlds: Worlds) -> Iterator[str]:
    if worlds.slots is not None:
        yield f"{worlds.slots} OTA slot{'' if worlds.slots == 1 else 's'}"
    for name, value in (
        ("factory", worlds.has_factory),
        ("rollback", worlds.rollback),
        ("anti-rollback", worlds.anti_rollback),
    ):
        if value is not None:
            yield name if value else f"no {name}"
    for name, version in (("release", worlds.app_version), ("bootloader", worlds.bootloader_version)):
        if version is not None:
            yield f"{name} {version.label}"
    if worlds.selector is not Selector.ESP_IDF:
        yield f"otadata {worlds.selector.value}"
    yield from sorted(skip.value for skip in worlds.skips)
    yield from sorted(remedy.value for remedy in worlds.remedies)


def _state(ledger: Ledger) -> dict[str, Any]:
    """Return the fields of CampaignState."""
    plan, totals, covered = ledger.plan, ledger.totals(), ledger.covered()
    found = sorted(ledger.found(), key=lambda kind: (kind.claim_id != DIVERGENCE, _claim_number(kind), kind))
    return {
        "file": str(ledger.path),
        "seed": plan.seed,
        "devices": worlds_text(plan.worlds),
        "faults": fault_name(plan.worlds.faults.name),
        "compared": plan.worlds.faults in MODELLED_FAULTS,
        "usage": plan.worlds.usage.value,
        "shard": str(ledger.shard),
        "version": ledger.version,
        "planned_runs": ledger.runs,
        "complete": all(blocks >= plan.blocks(lane, ledger.runs) for lane, blocks in ledger.blocks().items()),
        "runs": totals.runs,
        "steps": totals.steps,
        "cuts": totals.cuts,
        "left_out": ledger.left_out(),
        "divergences": sum(kind.claim_id == DIVERGENCE for kind in found),
        "found": tuple(map(_kind_entry, found)),
        "covered": len(covered),
        "newest_cover": max((first for _, first in covered.values()), default=None),
        "mutation": _mutation_entry(ledger.mutation()),
        "untried": tuple(
            UntriedEntry(claim=found.claim_id, name=claim(found.claim_id).name, depth=found.depth)
            for found in untried_claims(ledger)
        ),
        "fingerprint": ledger.fingerprint(),
        "sittings": tuple(
            SittingEntry(began=round(s.began, 3), seconds=round(s.ended - s.began, 3), runs=s.runs, steps=s.steps)
            for s in ledger.sittings()
        ),
    }


def _mutation_entry(mutation: Mutation) -> MutationEntry:
    return MutationEntry(
        kept=mutation.kept,
        runs=mutation.runs,
        covered=mutation.points,
        covered_by_others=mutation.points_of_drawn,
        found=mutation.kinds,
        found_by_others=mutation.kinds_of_drawn,
    )


def _claim_number(kind: FoundKind) -> int:
    return 0 if kind.claim_id == DIVERGENCE else int(kind.claim_id.removeprefix("C"))


def _kind_entry(kind: FoundKind) -> CampaignKind:
    return CampaignKind(
        claim=kind.claim_id,
        devices=kind.scope_class,
        runs=kind.runs,
        first_run=kind.first,
        run=kind.run,
        steps=kind.length,
        token=kind.token,
    )
