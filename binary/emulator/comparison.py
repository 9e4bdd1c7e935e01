"""One case run on both bootloaders, with a power cut or failing operations, and where they first differ.

Two outcomes are the same when the operations are (kind, place, length), the whole flash is after each of them, and the
ending is. After a power cut both boot once more from what it left.
"""

from abc import ABC, abstractmethod
from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

from ...campaign.cut_points import entry_tears
from ...impl.chip.cells import Cells
from ...impl.chip.efuse import Efuse
from ...impl.chip.flash import Failure, FailureExtent, FlashOp, FlashOpKind, NorFlash, PlannedCut, Strictness
from ...impl.chip.torn_operations import Torn
from ...model.fault_model import FaultModel
from .run_outcome import ChipMemory, RunOutcome, first_difference


@dataclass(frozen=True, slots=True)
class Disturbance:
    """What happens to the flash operations of a run."""

    cut: PlannedCut | None = None
    failures: tuple[Failure, ...] = ()

    def flash(self, cells: Cells) -> NorFlash:
        """Return a flash of these contents to which it will happen, and which takes snapshots."""
        flash = NorFlash(cells, Strictness.CHIP)
        flash.snapshots = []
        if self.cut is not None:
            flash.plan_cut(self.cut)
        if self.failures:
            flash.plan_failure(*self.failures)
        return flash

    def __str__(self) -> str:
        """Say it in one line; "" for none."""
        if self.cut is not None:
            return f"power cut in flash operation {self.cut.op + 1} ({self.cut.torn})"
        return ", ".join(f"flash operation {f.op + 1} fails, {f.done.value} of it done" for f in self.failures)


UNDISTURBED = Disturbance()


CaseT = TypeVar("CaseT", bound=Hashable)


class RunBench(ABC, Generic[CaseT]):
    """Both bootloaders, for one kind of cases."""

    @abstractmethod
    def cells(self, case: CaseT) -> Cells:
        """Return what the flash holds before the run."""

    @abstractmethod
    def efuse(self, case: CaseT) -> Efuse:
        """Return what the eFuse holds before the run."""

    def chip(self, case: CaseT, disturbance: "Disturbance") -> ChipMemory:
        """Return a chip as it is before the run, to whose flash the disturbance will happen."""
        return ChipMemory(disturbance.flash(self.cells(case)), self.efuse(case))

    @abstractmethod
    def emulate(self, case: CaseT, chip: ChipMemory) -> RunOutcome:
        """Run the program under test."""

    @abstractmethod
    def simulate(self, case: CaseT, chip: ChipMemory) -> RunOutcome:
        """Run `impl`'s bootloader."""

    @abstractmethod
    def simpler(self, case: CaseT) -> Iterator[CaseT]:
        """Yield cases that are simpler in one respect."""


@dataclass(frozen=True, slots=True)
class TrialDifference(Generic[CaseT]):
    """Where the two first differ in a case."""

    case: CaseT
    disturbance: Disturbance
    in_next_boot: bool
    """They differ in the boot after the power cut."""
    emulated: str
    """What the program under test does there."""
    simulated: str
    """What `impl`'s bootloader does there."""


def compare(
    bench: RunBench[CaseT], case: CaseT, disturbance: Disturbance = UNDISTURBED
) -> TrialDifference[CaseT] | None:
    """Return where the two first differ, or None. Raises CoreFault where the program cannot be run on."""
    emulated = bench.emulate(case, bench.chip(case, disturbance))
    simulated = bench.simulate(case, bench.chip(case, disturbance))
    found = first_difference(emulated, simulated)
    if found is not None:
        return TrialDifference(case, disturbance, False, *found)
    if disturbance.cut is None:
        return None
    found = first_difference(
        bench.emulate(case, _left_chip(bench.efuse(case), simulated)),
        bench.simulate(case, _left_chip(bench.efuse(case), simulated)),
    )
    return None if found is None else TrialDifference(case, disturbance, True, *found)


def _left_chip(efuse: Efuse, outcome: RunOutcome) -> ChipMemory:
    """Return the chip that a run has left; efuse: one of its kind."""
    efuse.bits = outcome.efuse_bits
    return ChipMemory(UNDISTURBED.flash(outcome.cells), efuse)


def power_cuts(bench: RunBench[CaseT], case: CaseT, faults: FaultModel, seed: int) -> Iterator[Disturbance]:
    """Yield the power cuts in each operation of a case; of all tears that leave the same, one.

    seed: chooses the random patterns of F2 and F3."""
    outcome = bench.simulate(case, bench.chip(case, UNDISTURBED))
    for number, op in enumerate(outcome.ops):
        before, after = (*outcome.before_ops, outcome.cells)[number : number + 2]
        seen: set[bytes] = set()
        for torn in entry_tears(op, faults, seed):
            left = _left(torn, op, before, after)
            if left not in seen:
                seen.add(left)
                yield Disturbance(PlannedCut(number, torn))


def _left(torn: Torn, op: FlashOp, before: Cells, after: Cells) -> bytes:
    """Return what a torn operation leaves of its range.

    What the whole operation leaves stands for the data it was given: programming either leaves the same."""
    old = before.read(op.address, op.length)
    if op.kind is FlashOpKind.ERASE:
        return torn.erased(old)
    return torn.programmed(old, after.read(op.address, op.length), op.address)


def failing_operations(bench: RunBench[CaseT], case: CaseT) -> Iterator[Disturbance]:
    """Yield failures of each operation of a case, and of all of them, each with nothing, half or all of it done."""
    count = len(bench.simulate(case, bench.chip(case, UNDISTURBED)).ops)
    for extent in FailureExtent:
        for number in range(count):
            yield Disturbance(failures=(Failure(number, extent),))
        if count > 1:
            yield Disturbance(failures=tuple(Failure(number, extent) for number in range(count)))


def simplest(bench: RunBench[CaseT], found: TrialDifference[CaseT]) -> TrialDifference[CaseT]:
    """Return a difference of a case that cannot be made simpler in one respect and still differ."""
    without = compare(bench, found.case, UNDISTURBED)
    best = without or found
    seen = {best.case}
    while True:
        for case in bench.simpler(best.case):
            if case not in seen:
                seen.add(case)
                smaller = compare(bench, case, best.disturbance)
                if smaller is not None:
                    best = smaller
                    break
        else:
            return best
