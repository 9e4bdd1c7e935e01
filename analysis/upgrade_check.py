"""One upgrade checked: every scenario played, cut everywhere, and judged by every claim."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass, field

from ..campaign.device_under_test import DeviceUnderTest
from ..campaign.upgrade.ageing import AgeingReport, age
from ..campaign.upgrade.claim_results import ClaimResult, Violation, claim_results, kept_by_one_cut
from ..campaign.upgrade.dealt_sweep import dealt_sweep
from ..campaign.upgrade.future_oracle import FutureOracle
from ..campaign.upgrade.recovery_oracle import RecoveryOracle
from ..campaign.upgrade.recovery_sweep import RecoverySweep, sweep_recoveries
from ..campaign.upgrade.script import Scenario, ScriptFailed, first_step_of_interest, only_slot, script_of
from ..campaign.upgrade.sweep import Progress, SweepResult, sweep
from ..campaign.upgrade.uncut_run import UncutRun, play_script
from ..campaign.upgrade.upgrade_token import encode_token, make_token
from ..campaign.workers import INTERRUPTED
from ..errors import InputError
from ..impl.chip.cells import SECTOR_SIZE
from ..model.claims.cut_claims import CutClaim
from ..model.claims.own_claim import OwnClaim, distinct, sweep_claims
from ..model.fault_model import FaultModel
from ..model.writers import Updater
from ..project.option_reader import ConfigValue
from .model_verdicts import Proofs, prove_for

SAMPLED_FROM = FaultModel.F2
"""From this fault model on a claim that holds held for the samples, not for every tear."""
AGEING = "stuck bits"
"""What the wearing out of flash is watched as."""


@dataclass(frozen=True, slots=True)
class CheckReport:
    """All that a check found."""

    world: DeviceUnderTest
    settings: tuple[ConfigValue, ...]
    """Every value that the check rests on."""
    notes: tuple[str, ...]
    """What the check does not model or had to leave out, a line each."""
    setting: UncutRun
    faults: FaultModel
    seed: int
    sweeps: dict[str, SweepResult]
    """By the name of the scenario, the plain upgrade first."""
    claims: list[ClaimResult]
    seconds: float
    proofs: Proofs | str
    """What is proved of a device like this one, or why nothing is."""
    runs: dict[str, UncutRun]
    """What was cut, by the name of the scenario."""
    depth: int = 1
    """Power failures in a row: one in the update, the others in the power-ons that follow."""
    recoveries: dict[str, RecoverySweep] = field(default_factory=dict)
    """What was decided with more than one, by the name of the scenario."""
    own: tuple[OwnClaim, ...] = ()
    """Claims of the user's own that were asked too."""
    ageing: AgeingReport | None = None
    """What wears out, where that was asked."""

    @property
    def ended_by(self) -> str:
        """What ended it before all was decided, if anything did: an interrupt, or the death of a process."""
        named = _named_end(self.sweeps, self.ageing)
        return named or ("" if self.is_complete and self.proofs != INTERRUPTED else INTERRUPTED)

    @property
    def is_complete(self) -> bool:
        """Every cut point of every scenario was decided, with all further cuts, and all that wears out was played."""
        parts = (*self.sweeps.values(), *self.recoveries.values(), *([self.ageing] if self.ageing else ()))
        return all(found.is_complete for found in parts)

    @property
    def upgrade(self) -> SweepResult:
        """The sweep of the plain upgrade."""
        return self.sweeps[Scenario.UPGRADE.value]

    @property
    def micro_steps(self) -> int:
        """Flash micro-steps of the plain upgrade."""
        return sum(op.micro_step_count for played in self.setting.played for op in played.ops)


def _named_end(sweeps: dict[str, SweepResult], ageing: AgeingReport | None) -> str:
    parts = (*sweeps.values(), *(() if ageing is None else (ageing,)))
    return next((found.ended_by for found in parts if found.ended_by), "")


def _unwatched(done: int, total: int) -> None:
    """Take no notice of how far a sweep is."""


def token_of(report: CheckReport, claim_id: str, violation: Violation) -> str:
    """Return the replay token of a violation."""
    return encode_token(make_token(report.world, claim_id, Scenario(violation.scenario), violation.cut_point))


def _why_not(world: DeviceUnderTest) -> str:
    """Say what of the table keeps an update from going through, where that is known."""
    slots = sorted(partition.slot for partition in world.table if partition.is_ota_slot)
    if slots != list(range(len(slots))):
        named = ", ".join(f"ota_{slot}" for slot in slots)
        return f"; the numbers of the OTA slots have a gap ({named}): number them from 0 up"
    odd = next((partition for partition in world.table if partition.is_ota_slot and partition.size % SECTOR_SIZE), None)
    if odd is None or world.config.updater is not Updater.ESP_IDF:
        return ""
    return (
        f"; {odd.label} has 0x{odd.size:x} bytes, no whole sectors, which esp_ota_begin without the size of the image "
        "cannot erase; for an application that passes it: --updater esphome, or https-ota, arduino"
    )


def _taken_to_be_so(world: DeviceUnderTest) -> Iterator[str]:
    """Yield what the scenarios have the application do that no file says."""
    slot = only_slot(world)
    if slot is not None:
        yield (
            f"{slot!r} is the only OTA slot, and what runs from it cannot update itself: it is taken to select factory "
            "(esp_ota_set_boot_partition) and to restart before a further update"
        )


def check_upgrade(
    world: DeviceUnderTest,
    faults: FaultModel,
    seed: int,
    settings: tuple[ConfigValue, ...] = (),
    notes: tuple[str, ...] = (),
    with_proofs: bool = True,
    decides: bool = True,
    watch: Callable[[str], AbstractContextManager[Progress]] = lambda name: nullcontext(_unwatched),
    oracle: FutureOracle | None = None,
    depth: int = 1,
    own: Iterable[OwnClaim] = (),
    endurance: int | None = None,
    jobs: int = 1,
) -> CheckReport:
    """Play and sweep every scenario.

    decides: what is proved of every history is decided, where it is not shipped. watch: gives, for the name of a
    scenario, what follows its sweep. oracle: tells the futures of the world (None: one that knows nothing yet).
    depth: how often the power fails in a row, at most; above 1 up to F3. own: claims of the user's own, asked too.
    endurance: erases that a sector takes; update after update wears the flash out then. jobs: processes that decide
    sweeps from F2 on, unless an oracle is given, and wear the flash out; what is found does not depend on how many.
    Raises InputError for an upgrade that does not go through even without a power cut. An interrupt ends it with what
    was decided until then; before that, with KeyboardInterrupt. The death of a process ends it so too."""
    started = time.perf_counter()
    own = distinct(own)
    claims = sweep_claims(own)
    told_by = jobs if oracle is None else 1
    oracle = oracle or FutureOracle(world)
    runs, sweeps, left_out = _sweep_all(oracle, faults, seed, watch, claims, told_by)
    recoveries: dict[str, RecoverySweep] = {}
    with suppress(KeyboardInterrupt):
        _decide_recoveries(recoveries, oracle, runs, sweeps, faults, seed, depth, watch, claims)
    is_whole = all(s.is_complete for s in sweeps.values()) and all(r.is_complete for r in recoveries.values())
    ageing = None
    if is_whole and endurance is not None:
        with watch(AGEING) as progress:
            ageing = age(world, endurance, progress, jobs)
        is_whole = ageing.is_complete
    return CheckReport(
        world,
        settings,
        (*notes, *left_out, *_taken_to_be_so(world)),
        next(iter(runs.values())),
        faults,
        seed,
        sweeps,
        claim_results(world, sweeps, recoveries, claims),
        time.perf_counter() - started,
        _proofs(world, faults, "" if is_whole else _named_end(sweeps, ageing) or INTERRUPTED, decides)
        if with_proofs
        else "not asked for",
        runs,
        depth,
        recoveries,
        own,
        ageing,
    )


def _sweep_all(
    oracle: FutureOracle,
    faults: FaultModel,
    seed: int,
    watch: Callable[[str], AbstractContextManager[Progress]],
    claims: Sequence[CutClaim],
    jobs: int,
) -> tuple[dict[str, UncutRun], dict[str, SweepResult], list[str]]:
    """Play and sweep the scenarios; return what was cut, what came of it, and a line for each that cannot be played.

    Raises InputError where the plain upgrade cannot; an interrupt before the first sweep ends it."""
    world = oracle.dut
    runs: dict[str, UncutRun] = {}
    sweeps: dict[str, SweepResult] = {}
    left_out: list[str] = []
    try:
        with dealt_sweep(oracle, faults, seed, jobs) as told:
            for scenario in Scenario:
                try:
                    setting = play_script(world, script_of(scenario, world))
                except ScriptFailed as error:
                    if not runs:
                        raise InputError(
                            f"the upgrade does not go through even without a power cut: {error}{_why_not(world)}"
                        ) from None
                    left_out.append(f"scenario {scenario.value} left out: {error}")
                    continue
                runs[scenario.value] = setting
                first = first_step_of_interest(scenario, world)
                with watch(scenario.value) as progress:
                    found = sweep(world, setting, oracle, faults, seed, first, progress, claims, told)
                sweeps[scenario.value] = found
                if not found.is_complete:
                    break
    except KeyboardInterrupt:
        if not sweeps:
            raise
        # Between two scenarios: what comes after the last one was not looked at.
        last = sweeps[next(reversed(sweeps))]
        last.ended_by = last.ended_by or INTERRUPTED
    return runs, sweeps, left_out


def _decide_recoveries(
    found: dict[str, RecoverySweep],
    oracle: FutureOracle,
    runs: dict[str, UncutRun],
    sweeps: dict[str, SweepResult],
    faults: FaultModel,
    seed: int,
    depth: int,
    watch: Callable[[str], AbstractContextManager[Progress]],
    claims: Sequence[CutClaim],
) -> None:
    """Decide the claims that one cut does not break with further cuts, in each scenario, once all are swept whole.

    An interrupt leaves those that are not decided as incomplete."""
    if depth == 1 or not all(swept.is_complete for swept in sweeps.values()):
        return
    found |= {name: RecoverySweep(is_complete=False) for name in sweeps}
    world, recoveries = oracle.dut, RecoveryOracle(oracle, faults, seed, depth - 1)
    kept = kept_by_one_cut(world, sweeps, claims)
    for name, swept in sweeps.items():
        first = first_step_of_interest(Scenario(name), world)
        with watch(f"{name}, again") as progress:
            found[name] = sweep_recoveries(
                world, runs[name], oracle, recoveries, faults, seed, kept, first, swept.cuts, progress, claims
            )
        if not found[name].is_complete:
            return


def _proofs(world: DeviceUnderTest, faults: FaultModel, ended_by: str, decides: bool) -> Proofs | str:
    """Return what is proved, unless something has ended the check, or an interrupt comes."""
    try:
        return ended_by or prove_for(world, faults, decides)
    except KeyboardInterrupt:
        return INTERRUPTED
