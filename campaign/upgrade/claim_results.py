"""What sweeps say of each claim: does it hold, else where first, and under how weak a fault model."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType

from ...impl.chip.flash import FlashOp, FlashOpKind
from ...impl.chip.torn_operations import AFTER, BEFORE, Torn, TornKind
from ...model.claims.claims import Claim, Verdict
from ...model.claims.cut_claims import CUT_CLAIMS, CutClaim
from ...model.fault_model import FaultModel
from ..cuts.state_oracle import Known, Reliance
from ..device_under_test import DeviceUnderTest
from ..history.step import StepName
from .recovery_sweep import RecoverySweep
from .sweep import Stretch, SweepResult
from .upgrade_token import Again, CutPoint


@dataclass(frozen=True, slots=True)
class Violation:
    """One cut point, or reset between calls, that breaks a claim."""

    scenario: str
    stretch: Stretch
    torn: Torn | None
    """The simplest tear of the stretch; None for a reset between calls or a cut in an eFuse burn."""
    is_between_calls: bool
    again: Again = ()
    """Where the power fails again, in the power-ons that follow."""

    @property
    def weakest_fault(self) -> FaultModel:
        """The smallest fault model under which this happens; a reset between calls tears nothing."""
        if self.stretch.lie is not None:
            return FaultModel.F5
        first = FaultModel.F0 if self.torn is None else self.torn.weakest_model
        return max([first, *(cut.weakest_model for cut in self.again if cut is not None)])

    @property
    def cut_point(self) -> CutPoint:
        """Where the power fails, as a token has it."""
        stretch = self.stretch
        is_burn = stretch.op is None and not self.is_between_calls
        done = stretch.efuse_done if is_burn else None
        return CutPoint(stretch.played.number, stretch.op_index, self.torn, done, stretch.lie, self.again)

    def __str__(self) -> str:
        """Say where the power goes."""
        further = ("after it" if cut is None else f"in {cut}" for cut in self.again)
        return "".join([self._first, *(f"; again in the power-on that follows, {where}" for where in further)])

    @property
    def _first(self) -> str:
        call = self.stretch.played.step
        if self.stretch.lie is not None and self.stretch.op is not None:
            did = {"none": "did nothing", "half": "did half"}[self.stretch.lie.value]
            what = f"operation {self.stretch.op_index} ({_name(self.stretch.op)}) reported success and {did}"
            return f"reset after {call} returned, of which {what}"
        if self.is_between_calls:
            return f"reset after {call} returned"
        if self.torn is None or self.stretch.op is None:
            return f"cut inside {call}, eFuse burn, bits done 0x{self.stretch.efuse_done:x}"
        return f"cut inside {call}, operation {self.stretch.op_index} ({_name(self.stretch.op)}), {self.torn}"


@dataclass(frozen=True, slots=True)
class ClaimResult:
    """What the sweeps of a check found of one claim."""

    claim: Claim
    verdict: Verdict
    violations: int
    """Cut points and resets that break it."""
    shortest: Violation | None
    """Of those under the weakest fault model, the first."""


def claim_results(
    dut: DeviceUnderTest,
    sweeps: dict[str, SweepResult],
    recoveries: Mapping[str, RecoverySweep] = MappingProxyType({}),
    claims: Sequence[CutClaim] = CUT_CLAIMS,
) -> list[ClaimResult]:
    """Return the verdict on every claim, in their order.

    Both by the name of the scenario. recoveries: what was decided with more than one cut. claims: those that were
    asked."""
    is_complete = all(r.is_complete for r in sweeps.values()) and all(r.is_complete for r in recoveries.values())
    results = []
    for claim in (known.claim for known in claims):
        if not claim.applies_to(dut.config):
            results.append(ClaimResult(claim, Verdict.NOT_APPLICABLE, 0, None))
            continue
        count, shortest = shortest_cut(sweeps, partial(_breaks, claim))
        if shortest is None:
            count, shortest = _of_recoveries(claim, recoveries)
        if shortest is not None:
            verdict = Verdict.VIOLATED
        else:
            verdict = Verdict.HOLDS if is_complete else Verdict.INCONCLUSIVE
        results.append(ClaimResult(claim, verdict, count, shortest))
    return results


def kept_by_one_cut(
    dut: DeviceUnderTest, sweeps: dict[str, SweepResult], claims: Sequence[CutClaim] = CUT_CLAIMS
) -> frozenset[str]:
    """Return the ids of the claims that no cut, reset or lie breaks."""
    return frozenset(
        found.claim.id for found in claim_results(dut, sweeps, claims=claims) if found.verdict is Verdict.HOLDS
    )


def _of_recoveries(claim: Claim, recoveries: Mapping[str, RecoverySweep]) -> tuple[int, Violation | None]:
    """Return how many ways to fail more than once break a claim, and the first with the fewest cuts."""
    count, best = 0, None
    for scenario, found in recoveries.items():
        count += found.violations.get(claim.id, 0)
        first = found.first.get(claim.id)
        if first is not None and (best is None or first.rank < best[1].rank):
            best = scenario, first
    if best is None:
        return count, None
    scenario, cut = best
    known = Known(cut.future, Reliance((), ()), ())
    stretch = Stretch(cut.played, cut.op_index, cut.torn, 1, cut.efuse_done, known, (claim.id,))
    return count, Violation(scenario, stretch, cut.torn, cut.is_between_calls, cut.again)


def _name(op: FlashOp) -> str:
    what = "erase of" if op.kind is FlashOpKind.ERASE else f"program of {op.length} bytes at"
    return f"{what} 0x{op.address:x}"


def _breaks(claim: Claim, stretch: Stretch) -> bool:
    return claim.id in stretch.broken


def shortest_cut(sweeps: dict[str, SweepResult], is_meant: Callable[[Stretch], bool]) -> tuple[int, Violation | None]:
    """Return how many cut points and resets are meant, and the first of those under the weakest fault model."""
    count, shortest, best = 0, None, None
    for order, (scenario, result) in enumerate(sweeps.items()):
        for is_between, stretches in ((False, result.stretches), (True, result.resets), (True, result.lies)):
            for stretch in filter(is_meant, stretches):
                count += stretch.count
                violation = Violation(scenario, stretch, _simplest(stretch), is_between)
                rank = _rank(violation, order)
                if best is None or rank < best:
                    best, shortest = rank, violation
    return count, shortest


def _rank(violation: Violation, scenario_order: int) -> tuple[int, ...]:
    """Order violations: weakest fault first, then the shorter scenario, the earlier call and operation.

    Calls are counted without repeating write(), so that the size of the image does not matter."""
    stretch = violation.stretch
    step = list(StepName).index(stretch.played.step.name)
    kind = 0 if violation.torn is None else list(TornKind).index(violation.torn.kind)
    return (violation.weakest_fault, scenario_order, stretch.played.number, step, stretch.op_index, kind)


def _simplest(stretch: Stretch) -> Torn | None:
    """Return the tear of a stretch that is easiest to tell: its first."""
    if stretch.torn in (BEFORE, AFTER, None):
        return stretch.torn
    return next(stretch.tears())
