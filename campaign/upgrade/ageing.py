"""What a device does when its flash wears out: update after update on a chip whose sectors take few erases.

Nothing is cut here. First the updates are played on a chip that counts erases, until every sector that they erase had
more of them than it is made for. Then on one whose sectors all age alike. Then each sector alone is worn out: the
update that erases it once too often is played anew with one bit of the sector stuck at 0, and further updates after it.
Of a sector of otadata each bit of the record is stuck once; of a slot some sectors are, each by a bit that the image
sets.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from math import lcm

from ...impl.chip.cells import SECTOR_SIZE, Cells
from ...impl.chip.worn_cells import Ageing, WornCells, worn_cells
from ...impl.otadata import ENTRY_SIZE
from ...impl.partitions.partition import Partition
from ..device_under_test import DeviceUnderTest
from ..history.player import Moment
from ..rare_collection import rarely_collecting
from ..workers import INTERRUPTED, WorkerDied, mapped
from .updates_in_a_row import Sign, UpdatesInARow

_COUNTS_ONLY = 1 << 62
"""Erases that no chip of a check comes to."""
_AFTERMATH = 100
"""Updates after the last sector is worn out, at most, until a chip whose sectors all age shows it."""

_BITS_OF_A_WORK = 8
"""Bits of a sector that a process takes at once."""


@dataclass(frozen=True, slots=True)
class WornSector:
    """A sector that updates erase."""

    address: int
    partition: str
    erases: int
    """In the updates of a cycle."""
    worn_in: int
    """Number of the update that erases it once more than it is made for."""


@dataclass(frozen=True, slots=True)
class StuckBit:
    """What a device does from then on when the first erase too many leaves one bit of one sector stuck at 0."""

    sector: WornSector
    bit: int
    """Bit 0 is the lowest of the first byte of the sector."""
    signs: tuple[Sign, ...]
    """What goes wrong, but for claims that updates break on any chip."""
    failed: int
    """Updates that did not go through."""
    updates: int
    """How many were played from then on."""
    is_for_ever: bool
    """The last update left flash as an earlier one did, so that all further ones do the same."""
    runs: str | None
    """The partition that runs after the last one."""

    @property
    def claims(self) -> tuple[str, ...]:
        """The claims that break."""
        return tuple(sorted({sign.claim_id for sign in self.signs if sign.claim_id}, key=lambda name: int(name[1:])))


@dataclass(slots=True)
class AgeingReport:
    """What wears out, and what comes of it."""

    endurance: int
    """Erases that a sector takes without harm."""
    cycle: int
    """Updates after which slots and sectors of otadata have had as many turns as each other."""
    sectors: tuple[WornSector, ...] = ()
    """Those that updates erase, the first that is worn out first."""
    always: frozenset[str] = frozenset()
    """Claims that these updates break on a chip that does not age."""
    together: tuple[Sign, ...] = ()
    """What goes wrong first where all sectors age, each erase too many leaving one more bit stuck; and what follows."""
    together_updates: int = 0
    """How many updates were played for that."""
    together_runs: str | None = None
    """The partition that runs after them."""
    stuck: list[StuckBit] = field(default_factory=list)
    """What one bit comes to, each sector alone."""
    is_complete: bool = False
    """All was played."""
    ended_by: str = ""
    """What ended it too soon, if anything did."""


Progress = Callable[[int, int], None]
"""Is told how many plays are done, and of how many."""


def age(
    dut: DeviceUnderTest, endurance: int, progress: Progress = lambda done, total: None, jobs: int = 1
) -> AgeingReport:
    """Wear a device out by updates; an interrupt ends it with what was found until then, and so does the death of a
    process.

    dut: one whose update goes through, again and again. endurance: erases that a sector takes without harm. jobs:
    processes that play stuck bits."""
    report = AgeingReport(endurance, lcm(2, max(1, len(dut.slot_labels))))
    try:
        with rarely_collecting():
            before = _count(dut, report)
            _age_together(dut, report)
            count = sum(len(bits) for _, bits in _places(dut, report))
            progress(0, count)
            for stuck in mapped(_with_stuck_bits, _works(dut, report, before, jobs), jobs):
                report.stuck += stuck
                progress(len(report.stuck), count)
    except (KeyboardInterrupt, WorkerDied) as error:
        report.ended_by = str(error) or INTERRUPTED
        return report
    report.is_complete = True
    return report


@dataclass(frozen=True, slots=True)
class _StuckBitWork:
    """Bits of one sector, each to be stuck alone."""

    dut: DeviceUnderTest
    endurance: int
    cycle: int
    always: frozenset[str]
    before: Moment
    """What was there before the update that wears the sector out."""
    sector: WornSector
    bits: tuple[int, ...]


def _places(dut: DeviceUnderTest, report: AgeingReport) -> Iterator[tuple[WornSector, tuple[int, ...]]]:
    return ((sector, tuple(_bits(dut, report, sector))) for sector in report.sectors)


def _works(dut: DeviceUnderTest, report: AgeingReport, before: list[Moment], jobs: int) -> Iterator[_StuckBitWork]:
    """Yield all that is to be played; what another process gets is worth the way."""
    size = 1 if jobs == 1 else _BITS_OF_A_WORK
    for sector, bits in _places(dut, report):
        at = before[sector.worn_in - 1]
        for first in range(0, len(bits), size):
            some = bits[first : first + size]
            yield _StuckBitWork(dut, report.endurance, report.cycle, report.always, at, sector, some)


def _with_stuck_bits(work: _StuckBitWork) -> list[StuckBit]:
    with rarely_collecting():
        return [_with_stuck_bit(work, bit) for bit in work.bits]


def _count(dut: DeviceUnderTest, report: AgeingReport) -> list[Moment]:
    """Play updates until each sector that they erase is worn out; return what was there before each of them."""
    row = UpdatesInARow(replace(dut, cells=worn_cells(dut.cells, Ageing(_COUNTS_ONLY), {})))
    before: list[Moment] = []
    worn: dict[int, int] = {}
    while True:
        before.append(row.player.moment)
        row.update()
        erases = row.cells.erases
        for index, count in erases.items():
            if count > report.endurance:
                worn.setdefault(index, len(before))
        if len(before) <= report.cycle:
            continue
        earlier = before[-report.cycle].cells
        assert isinstance(earlier, WornCells)
        cycle = {index: erases[index] - earlier.erases.get(index, 0) for index in erases}
        if all(index in worn for index, count in cycle.items() if count):
            break
    found = (
        WornSector(index * SECTOR_SIZE, _label(dut, index), cycle[index], update) for index, update in worn.items()
    )
    report.sectors = tuple(sorted(found, key=lambda sector: (sector.worn_in, sector.address)))
    report.always = frozenset(sign.claim_id for sign in row.signs if sign.claim_id)
    return before


def _age_together(dut: DeviceUnderTest, report: AgeingReport) -> None:
    """Play updates on a chip whose sectors all age, until one shows it, and a cycle more."""
    if not report.sectors:
        return
    row = UpdatesInARow(replace(dut, cells=worn_cells(dut.cells, Ageing(report.endurance), {})))
    last = report.sectors[-1].worn_in + _AFTERMATH
    signs: tuple[Sign, ...] = ()
    while row.next_update <= last:
        row.update()
        signs = _of_ageing(row, report.always)
        if signs:
            last = min(last, signs[0].update + report.cycle)
    report.together, report.together_updates, report.together_runs = signs, row.next_update - 1, row.player.running


def _with_stuck_bit(work: _StuckBitWork, bit: int) -> StuckBit:
    """Play the update that wears a sector out with one bit of it stuck, and as many more as make a cycle."""
    before, sector = work.before, work.sector
    index = sector.address // SECTOR_SIZE
    assert isinstance(before.cells, WornCells)
    ageing = Ageing(work.endurance, frozenset({index}), bit)
    cells = worn_cells(before.cells, ageing, {index: before.cells.erases.get(index, 0)})
    row = UpdatesInARow(replace(work.dut, cells=cells, efuse_bits=before.efuse_bits), sector.worn_in)
    left: set[Cells] = set()
    is_for_ever = False
    for _ in range(1 + work.cycle):
        row.update()
        held = row.cells.as_new()
        is_for_ever = held in left
        if is_for_ever:
            break
        left.add(held)
    updates = row.next_update - sector.worn_in
    signs = _of_ageing(row, work.always)
    return StuckBit(sector, bit, signs, row.failed, updates, is_for_ever, row.player.running)


def _of_ageing(row: UpdatesInARow, always: frozenset[str]) -> tuple[Sign, ...]:
    return tuple(sign for sign in row.signs if sign.claim_id not in always)


def _label(dut: DeviceUnderTest, index: int) -> str:
    address = index * SECTOR_SIZE
    return next((held.label for held in dut.table if held.offset <= address < held.end), "")


def _bits(dut: DeviceUnderTest, report: AgeingReport, sector: WornSector) -> Iterator[int]:
    """Yield the bits of a sector that are to be stuck."""
    if dut.is_in_otadata(sector.address):
        yield from range(8 * ENTRY_SIZE)
        return
    if not sector.partition:
        return
    partition = dut.partition(sector.partition)
    if sector.address in _sectors_to_play(dut, report, partition):
        start = sector.address - partition.offset
        held = int.from_bytes(dut.update.contents[start : start + SECTOR_SIZE], "little")
        yield max((held & -held).bit_length() - 1, 0)


def _sectors_to_play(dut: DeviceUnderTest, report: AgeingReport, slot: Partition) -> set[int]:
    """Return where those sectors of a slot begin that are worn out one by one: the first, the middle and the last of
    the image, and the next one, which it leaves blank."""
    last = (len(dut.update.contents) - 1) // SECTOR_SIZE
    erased = {sector.address for sector in report.sectors}
    return {slot.offset + SECTOR_SIZE * number for number in (0, last // 2, last, last + 1)} & erased
