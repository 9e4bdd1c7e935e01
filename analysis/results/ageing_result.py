"""What `otaproof check --endurance` found of flash that wears out."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby

from ...campaign.upgrade.ageing import AgeingReport, StuckBit, WornSector
from ...campaign.upgrade.updates_in_a_row import Sign
from ...impl.chip.cells import SECTOR_SIZE


@dataclass(frozen=True, slots=True, kw_only=True)
class WornRange:
    """Sectors in a row, of one partition, that updates wear alike."""

    address: int
    """Of the first."""
    sectors: int
    """How many."""
    partition: str
    """Label of the partition."""
    erases: int
    """Of each, in the updates of a cycle."""
    worn_in: int
    """Number of the update that erases each once more than it is made for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WearSign:
    """Something that goes wrong."""

    update: int
    """Number of the update, from 1 on."""
    call: str
    """The call or power-on in which it shows."""
    claim: str | None
    """Id of the claim that it breaks; null where a call fails, or the update does not come to run."""
    text: str
    """What it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StuckBits:
    """Bits of a sector with which the device does the same once one of them is stuck at 0."""

    address: int
    """Of the sector."""
    partition: str
    """Label of the partition."""
    bits: tuple[int, ...]
    """Their numbers; 0 is the lowest of the first byte of the sector."""
    claims: tuple[str, ...]
    """Ids of the claims that break."""
    failed: int
    """Updates that do not go through."""
    updates: int
    """How many were played, the one that wears the sector out first."""
    for_ever: bool
    """The last one left flash as an earlier one did: all further updates do the same."""
    runs: str | None
    """Label of the partition that runs after the last one; null for none."""
    signs: tuple[WearSign, ...]
    """What goes wrong with the first of the bits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedAgeing:
    """What wears out in update after update, and what the device does from then on."""

    endurance: int
    """Erases that a sector takes without harm."""
    cycle: int
    """Updates after which slots and sectors of otadata have had as many turns as each other."""
    worn: tuple[WornRange, ...]
    """What updates erase, the first that is worn out first."""
    claims_always: tuple[str, ...]
    """Ids of the claims that these updates break on flash that does not wear out; they are told of no further."""
    together: tuple[WearSign, ...]
    """What goes wrong first where every sector ages and each erase too many leaves one more bit stuck, and after it."""
    together_updates: int
    """How many updates were played for that."""
    together_runs: str | None
    """Label of the partition that runs after them; null for none."""
    stuck: tuple[StuckBits, ...]
    """What comes of one stuck bit, of one sector alone, from the update on that wears it out."""
    complete: bool
    """All of it was played."""


def checked_ageing(report: AgeingReport) -> CheckedAgeing:
    """Return what a result has of it."""
    return CheckedAgeing(
        endurance=report.endurance,
        cycle=report.cycle,
        worn=tuple(_ranges(report.sectors)),
        claims_always=tuple(sorted(report.always, key=lambda name: int(name[1:]))),
        together=tuple(map(_sign, report.together)),
        together_updates=report.together_updates,
        together_runs=report.together_runs,
        stuck=tuple(_stuck(report.stuck)),
        complete=report.is_complete,
    )


def _ranges(sectors: Iterable[WornSector]) -> Iterator[WornRange]:
    """Yield sectors that are side by side and wear alike as one."""
    ordered = sorted(enumerate(sorted(sectors, key=lambda sector: sector.address)), key=lambda item: item[1].worn_in)
    alike = groupby(
        ordered,
        lambda item: (item[1].worn_in, item[1].partition, item[1].erases, item[1].address - item[0] * SECTOR_SIZE),
    )
    for (worn_in, partition, erases, _), group in alike:
        found = [sector for _, sector in group]
        yield WornRange(
            address=found[0].address, sectors=len(found), partition=partition, erases=erases, worn_in=worn_in
        )


def _sign(sign: Sign) -> WearSign:
    return WearSign(update=sign.update, call=sign.call, claim=sign.claim_id or None, text=sign.text)


def _stuck(found: Iterable[StuckBit]) -> Iterator[StuckBits]:
    """Yield bits with the same consequences together, those of a sector that change nothing last."""
    alike: dict[tuple[object, ...], list[StuckBit]] = {}
    for stuck in found:
        key = stuck.sector, stuck.claims, stuck.failed, stuck.updates, stuck.is_for_ever, stuck.runs
        alike.setdefault(key, []).append(stuck)
    # The sort keeps the order of those that are alike in it.
    for bits in sorted(alike.values(), key=lambda bits: (_order(bits[0].sector), not bits[0].signs)):
        first = bits[0]
        yield StuckBits(
            address=first.sector.address,
            partition=first.sector.partition,
            bits=tuple(stuck.bit for stuck in bits),
            claims=first.claims,
            failed=first.failed,
            updates=first.updates,
            for_ever=first.is_for_ever,
            runs=first.runs,
            signs=tuple(map(_sign, first.signs)),
        )


def _order(sector: WornSector) -> tuple[int, int]:
    return sector.worn_in, sector.address
