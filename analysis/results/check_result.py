"""The result of `otaproof check`."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from ...campaign.device_under_test import DeviceUnderTest
from ...campaign.explain.found_images import read_images
from ...campaign.upgrade.claim_results import ClaimResult
from ...campaign.upgrade.flash_time import DangerousTime, dangerous_times
from ...campaign.upgrade.upgrade_replay import replay
from ...campaign.upgrade.upgrade_token import decode_token
from ...campaign.upgrade.wear import wear_of
from ...impl.chip.worn_flash import ENDURANCE
from ...model.claims.claims import Verdict
from ...model.claims.own_claim import sweep_claims
from ...model.device.state import Scope
from ...model.fault_model import MODELLED_FAULTS, FaultModel
from ...model.remedies import Remedy
from ..broken_claim import broken_by_cut
from ..model_verdicts import Proofs, scope_of_world
from ..upgrade_check import SAMPLED_FROM, CheckReport, token_of
from .ageing_result import CheckedAgeing, checked_ageing
from .by_id import ById, by_id
from .policy_result import CheckedPolicy
from .result_parts import (
    FaultName,
    JudgedClaim,
    ModelResult,
    PartitionEntry,
    RemedyName,
    SelectorName,
    SettingEntry,
    fault_name,
    judgement,
    left_out_entries,
    partition_entries,
    setting_entries,
)
from .run_difference import RunDifference, run_difference

if TYPE_CHECKING:
    from ..bootloader_check import BootloaderFindings


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceConfig:
    """The configuration of the device that was checked."""

    rollback: bool
    """App rollback is on in both builds."""
    anti_rollback: bool
    """Anti-rollback is on in both builds."""
    idf: str
    """ESP-IDF release whose rules the application follows."""
    bootloader_idf: str
    """ESP-IDF release whose rules the bootloader follows."""
    chip: str
    """IDF_TARGET."""
    table_offset: int
    """Of the partition table in flash, in bytes."""
    chunk: int
    """Bytes for each write()."""
    updater: str
    """The library that brings updates, as --updater names it."""
    selector: SelectorName
    """What keeps otadata, as --selector names it."""
    remedies: tuple[RemedyName, ...]
    """What the application keeps to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UpgradeWear:
    """How upgrades wear the flash."""

    upgrades: int
    """Upgrades in a row whose erases are counted."""
    erases: int
    """Erases of sectors in them."""
    address: int
    """Of the sector that is erased most often."""
    erases_of_worst: int
    """How often it is, in those upgrades."""
    endurance: int
    """Erases that a sector is made for, by data sheets."""
    most_upgrades: int
    """Upgrades until that sector has had so many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedUpgrade:
    """The upgrade that was cut everywhere."""

    previous: str
    """Label of the partition that runs when it begins."""
    target: str
    """Label of the partition that it goes to."""
    micro_steps: int
    """Flash micro-steps: sector erases, and programs within a page."""
    bytes: int
    """Size of the new image."""
    wear: UpgradeWear | None
    """What upgrades wear; null where they erase nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScenarioSweep:
    """What was decided of one scenario."""

    cuts: int
    """Cut points decided."""
    distinct_states: int
    """Distinct states of the device after them, each played once."""
    complete: bool
    """Every cut point was decided."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckSweep:
    """How the cut points were decided."""

    faults: FaultName
    """The fault model."""
    sampled: bool
    """Under this fault model torn bytes are sampled, so that a claim holds for the samples only."""
    seed: int
    """Chooses the samples."""
    cuts: int
    """Cut points of the plain upgrade."""
    distinct_states: int
    """Distinct states after them."""
    seconds: float
    """For everything."""
    complete: bool
    """Every cut point of every scenario was decided."""
    scenarios: dict[str, ScenarioSweep]
    """By the name of the scenario."""
    depth: int
    """Power failures in a row: one in the update, the others in the power-ons that follow."""
    ways_again: int
    """Ways to fail more than once that were decided, of all scenarios; 0 at depth 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryVerdict:
    """The verdict on a claim for every history of the device model."""

    verdict: str
    """proved, refuted, bounded or unknown."""
    method: str
    """How it was decided."""
    depth: int | None
    """Refuted: steps of the trace. Proved: k of the induction."""
    possibly_vacuous: bool
    """Proved, and a short search met no state in which the premise is true: the claim may hold for nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DangerousWindow:
    """When a power failure breaks a claim, in time: by typical values of data sheets, for the tears of F1."""

    scenario: str
    """The scenario where that is longest."""
    milliseconds: float
    """Of its flash operations, those in which it does; 0 where it does between operations alone."""
    of_milliseconds: float
    """What all its flash operations take."""
    after: tuple[str, ...]
    """Calls after whose return it does too, until the next call."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedClaim(JudgedClaim):
    """One claim and what was found of it: violated by these images, or refuted for every history."""

    id: str
    """Such as C1."""
    name: str
    """The promise as a name."""
    title: str
    """The promise as a sentence."""
    verdict: Literal["holds", "violated", "not applicable", "inconclusive"]
    """For the images given."""
    violations: int
    """Cut points and resets between calls that break it; where it takes more than one cut, the ways to fail."""
    fewest_cuts: int | None
    """Violated: how often the power fails in a row, at least, inside a flash operation or between calls."""
    window: DangerousWindow | None
    """Violated: when; null where the claim holds, and where none of the cuts that break it has a place in time."""
    weakest_fault: FaultName | None
    """Violated: the weakest fault model that breaks it."""
    where: str | None
    """Violated: where the power is cut, of the first of those."""
    scenario: str | None
    """Violated: the scenario of that cut."""
    then: str | None
    """Violated: the event after that cut which the claim rules out."""
    token: str | None
    """Violated: what `otaproof replay` plays that cut by."""
    proof: HistoryVerdict | None
    """The verdict for every history of a device so configured; null where there is none."""

    @property
    def how_often(self) -> str:
        """Violated: in how many places, in words."""
        if self.fewest_cuts == 1:
            return f"at {self.violations:,} cut points"
        return f"by {self.fewest_cuts} power failures in a row, in {self.violations:,} ways"


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedBootloader:
    """What a bootloader's own machine code does with the states that the power cuts leave."""

    file: str
    """The ELF file."""
    sha256: str
    """Of the file, in hex."""
    boots: int
    """Power-ons made by it and by the simulated bootloader."""
    cuts: int
    """Cut points and resets between calls with a power-on after them that differs."""
    where: str | None
    """Where the power is cut, of the first of those."""
    scenario: str | None
    """The scenario of that cut."""
    program: str | None
    """What the program does in the power-on where the two first differ."""
    simulated: str | None
    """What the simulated bootloader does there."""
    difference: RunDifference | None
    """The same with images that are made for it, as simple as it gets; null where those do not show it."""
    fault: str
    """Why the program could not be run on; empty where it could."""
    verdict: Literal["no difference", "differs", "inconclusive"]
    """A difference counts more than what could not be run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult(ModelResult):
    """What `otaproof check` found of one upgrade."""

    command: Literal["check"] = "check"
    """The command that made the result."""
    config: DeviceConfig
    """The configuration of the device."""
    settings: tuple[SettingEntry, ...]
    """Every value that the result rests on, with its origin."""
    notes: tuple[str, ...]
    """What is not modelled or was left out, a sentence each."""
    layout: tuple[PartitionEntry, ...]
    """The partition table."""
    images: dict[str, str | None]
    """By the label of the app partition, the image that it holds at the start; null for none."""
    damaged: dict[str, str]
    """By the label of the app partition, what it holds at the start, where that is neither blank nor a whole image."""
    upgrade: CheckedUpgrade
    """The upgrade."""
    interrupted: bool
    """It ended before all was decided: what was decided until then is here."""
    ended_by: str = ""
    """What ended it then."""
    sweep: CheckSweep
    """The cut points."""
    proofs: str | None
    """The device model of `claims[].proof` in a line; null where nothing was asked of it."""
    no_proofs: str | None
    """Why nothing was asked of the device model."""
    claims: ById[CheckedClaim]
    """Each claim, in the order of the ids."""
    bootloader: CheckedBootloader | None
    """What the machine code of a bootloader does in the same power-ons; null where none was given."""
    ageing: CheckedAgeing | None = None
    """What update after update does to flash that wears out; null where it was not asked for."""
    policy: CheckedPolicy | None = None
    """What the project's policy makes of the violations; null where there is none."""

    @property
    def violated(self) -> dict[str, FaultModel]:
        """By the id of a claim that is violated, the weakest fault model that breaks it."""
        return {claim.id: FaultModel[claim.weakest_fault] for claim in self.claims if claim.weakest_fault is not None}

    def __post_init__(self) -> None:
        """Check that there are proofs, or a reason for none."""
        assert (self.proofs is None) != (self.no_proofs is None)


def check_result(report: CheckReport, bootloader: "BootloaderFindings | None" = None) -> CheckResult:
    """Return all that a check found; bootloader: what came of the power-ons by one's machine code."""
    world = report.world
    has_proofs = isinstance(report.proofs, Proofs)
    scope = scope_of_world(world, FaultModel.F1)
    mended = scope if isinstance(scope, Scope) else None
    times = dangerous_times(report.sweeps)
    return CheckResult(
        config=device_config(world),
        settings=setting_entries(report.settings),
        notes=report.notes,
        layout=partition_entries(world.table),
        images={p.label: _image_name(report, p.label) for p in world.table if p.is_app},
        damaged={
            found.label: found.flaw
            for found in read_images(world.cells, world.table, world.config, world.efuse_bits)
            if found.flaw is not None
        },
        upgrade=CheckedUpgrade(
            previous=report.setting.previous,
            target=report.setting.target,
            micro_steps=report.micro_steps,
            bytes=len(world.update.contents),
            wear=_wear(report),
        ),
        interrupted=bool(report.ended_by),
        ended_by=report.ended_by,
        sweep=_sweep(report),
        proofs=report.proofs.title if isinstance(report.proofs, Proofs) else None,
        no_proofs=None if isinstance(report.proofs, Proofs) else report.proofs,
        claims=by_id(_claim(report, result, mended, times.get(result.claim.id)) for result in report.claims),
        bootloader=None if bootloader is None else _bootloader(report, bootloader),
        ageing=None if report.ageing is None else checked_ageing(report.ageing),
        **left_out_entries(has_proofs, is_by_turns=world.config.is_by_turns),
    )


def device_config(device: DeviceUnderTest) -> DeviceConfig:
    """Return the configuration of a device as a result has it."""
    config = device.config
    return DeviceConfig(
        rollback=config.rollback,
        anti_rollback=config.anti_rollback,
        idf=config.app_name,
        bootloader_idf=config.bootloader_name,
        chip=config.chip.value,
        table_offset=config.table_offset,
        chunk=device.chunk,
        updater=config.updater.value,
        selector=config.selector.value,
        remedies=tuple(remedy.value for remedy in Remedy if remedy in device.remedies),
    )


def _wear(report: CheckReport) -> UpgradeWear | None:
    wear = wear_of(report.runs)
    if wear is None:
        return None
    return UpgradeWear(
        upgrades=wear.upgrades,
        erases=wear.erases,
        address=wear.address,
        erases_of_worst=wear.of_worst,
        endurance=ENDURANCE,
        most_upgrades=wear.most_upgrades,
    )


def _image_name(report: CheckReport, label: str) -> str | None:
    image = report.world.image_in(report.world.cells, report.world.partition(label))
    return None if image is None else image.name


def _sweep(report: CheckReport) -> CheckSweep:
    return CheckSweep(
        faults=fault_name(report.faults.name),
        sampled=report.faults >= SAMPLED_FROM,
        seed=report.seed,
        cuts=report.upgrade.cuts,
        distinct_states=report.upgrade.distinct_futures,
        seconds=round(report.seconds, 3),
        complete=report.is_complete,
        scenarios={
            name: ScenarioSweep(cuts=found.cuts, distinct_states=found.distinct_futures, complete=found.is_complete)
            for name, found in report.sweeps.items()
        },
        depth=report.depth,
        ways_again=sum(found.ways for found in report.recoveries.values()),
    )


def _claim(report: CheckReport, result: ClaimResult, scope: Scope | None, time: DangerousTime | None) -> CheckedClaim:
    shortest, claim = result.shortest, result.claim
    token = None if shortest is None else token_of(report, claim.id, shortest)
    proof = _proof(report, claim.id)
    # Releases and fixes are those of the device model, which ends with F3.
    is_modelled = shortest is not None and shortest.weakest_fault in MODELLED_FAULTS
    is_broken = is_modelled or (proof is not None and proof.verdict == "refuted")
    return CheckedClaim(
        id=claim.id,
        name=claim.name,
        title=claim.title,
        verdict=_VERDICTS[result.verdict],
        violations=result.violations,
        fewest_cuts=None if shortest is None else 1 + len(shortest.again),
        window=None if time is None else _window(time),
        weakest_fault=None if shortest is None else fault_name(shortest.weakest_fault.name),
        where=None if shortest is None else str(shortest),
        scenario=None if shortest is None else shortest.scenario,
        then=None if token is None else _then(report, claim.id, token),
        token=token,
        proof=proof,
        **judgement(claim.id, scope, is_broken, report.own),
    )


def _window(time: DangerousTime) -> DangerousWindow:
    return DangerousWindow(
        scenario=time.scenario,
        milliseconds=round(time.seconds * 1000, 3),
        of_milliseconds=round(time.of * 1000, 3),
        after=time.waits,
    )


_VERDICTS: dict[Verdict, Literal["holds", "violated", "not applicable", "inconclusive"]] = {
    Verdict.HOLDS: "holds",
    Verdict.VIOLATED: "violated",
    Verdict.NOT_APPLICABLE: "not applicable",
    Verdict.INCONCLUSIVE: "inconclusive",
}


def _then(report: CheckReport, claim_id: str, token: str) -> str:
    """Return what breaks the claim, as the replay of the token shows it."""
    played = replay(decode_token(token), report.world, sweep_claims(report.own))
    return broken_by_cut(claim_id, played.observation)


def _bootloader(report: CheckReport, found: "BootloaderFindings") -> CheckedBootloader:
    first, difference, simplest = found.first, found.difference, found.simplest
    return CheckedBootloader(
        file=found.elf.name,
        sha256=found.elf.digest,
        boots=found.boots,
        cuts=found.cuts,
        where=None if first is None else str(first),
        scenario=None if first is None else first.scenario,
        program=None if difference is None else difference.emulated,
        simulated=None if difference is None else difference.simulated,
        difference=None if simplest is None else run_difference(simplest, report.world.config),
        fault=found.fault,
        verdict="differs" if difference is not None else "inconclusive" if found.fault else "no difference",
    )


def _proof(report: CheckReport, claim_id: str) -> HistoryVerdict | None:
    found = report.proofs.verdicts.get(claim_id) if isinstance(report.proofs, Proofs) else None
    if found is None:
        return None
    is_vacuous = found.is_possibly_vacuous
    return HistoryVerdict(verdict=found.verdict, method=found.method, depth=found.depth, possibly_vacuous=is_vacuous)
