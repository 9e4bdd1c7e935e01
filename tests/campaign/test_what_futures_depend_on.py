"""Decision 0005 put to the test: a future depends on the bytes that were read and the answers that were given.

Every byte that the tracker does not name is replaced by noise, and the future is played again: nothing may change. A
tracker that forgets something is found out in this way, so the test can fail.
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from random import Random

import pytest

from otaproof.campaign.cuts.state_oracle import Known, Reliance, reliance_of
from otaproof.campaign.device_under_test import DeviceUnderTest
from otaproof.campaign.history.history import IMAGE_SIZE, History, SmallDevice, SmallImage, upgrade
from otaproof.campaign.history.player import Moment, Player
from otaproof.campaign.history.step import ACCEPT, COMMENCE, POWER_ON, ROLLBACK, RUNNING, Step, StepCut, StepName
from otaproof.campaign.upgrade.future_oracle import FutureOracle, observe
from otaproof.campaign.upgrade.script import Scenario, first_step_of_interest, script_of
from otaproof.campaign.upgrade.sweep import sweep
from otaproof.campaign.upgrade.uncut_run import play_script
from otaproof.impl.chip.cells import SECTOR_SIZE, Cells
from otaproof.impl.chip.flash import FlashMisuse, FlashOpKind, Query, ReadTracker, Strictness
from otaproof.impl.chip.torn_operations import Torn
from otaproof.model.claims.observation import Future
from otaproof.model.config import Config, Release
from otaproof.model.fault_model import FaultModel
from worlds import small_world

BUILDS = [
    (release, options)
    for release in (Release.V5_1, Release.V6_1)
    for options in ({"rollback": False}, {"rollback": True}, {"rollback": True, "anti_rollback": True})
]
PREFIXES = (SECTOR_SIZE, 4 * SECTOR_SIZE)
"""Bytes of a range that is asked about that stay as they are, where its answer hangs on them."""


class RecordingOracle(FutureOracle):
    """Keeps the states whose futures it has played: the others were told from these."""

    def __init__(self, dut: DeviceUnderTest) -> None:
        """Have none yet."""
        super().__init__(dut)
        self.met: list[tuple[Moment, Known[Future]]] = []

    def tell(self, moment: Moment) -> Known[Future]:
        """Tell, and keep what is new."""
        before = self.played
        known = super().tell(moment)
        if self.played > before:
            self.met.append((moment, known))
        return known


def tainted(moment: Moment, reliance: Reliance, random: Random) -> Moment:
    """Return the state with noise in all that a future does not depend on: what was read and the answers stay."""
    kept = [(sector * SECTOR_SIZE + start, end - start) for sector, start, end in reliance.ranges]
    cells = noisy(moment.cells, kept, random)
    for length in (*PREFIXES, moment.cells.size):
        changed = [query for query in reliance.queries if query.ask(cells) != query.ask(moment.cells)]
        kept += [(address, min(length, size)) for query in changed for address, size in query.pieces]
        cells = noisy(moment.cells, kept, random)
    while changed := [query for query in reliance.queries if query.ask(cells) != query.ask(moment.cells)]:
        kept += [piece for query in changed for piece in query.pieces]
        cells = noisy(moment.cells, kept, random)
    return Moment(cells, moment.efuse_bits)


def noisy(cells: Cells, kept: list[tuple[int, int]], random: Random) -> Cells:
    """Return noise, with those (address, length) as they are."""
    noise = Cells.from_bytes(random.randbytes(cells.size))
    for address, length in kept:
        noise = noise.with_bytes(address, cells.read(address, length))
    return noise


def assert_nothing_changes(oracle: RecordingOracle, every: int = 1) -> None:
    """Taint every `every`-th state that the oracle has played, and play it again."""
    random = Random(1)
    assert oracle.met
    for moment, known in oracle.met[::every]:
        noise = tainted(moment, known.reliance, random)
        assert known.answers == known.reliance.answers(noise)
        assert known.future == observe(oracle.dut, noise)


@pytest.mark.parametrize("scenario", list(Scenario))
@pytest.mark.parametrize(("release", "options"), BUILDS, ids=str)
def test_bytes_that_are_not_tracked_change_no_future_of_a_scenario(
    release: Release, options: dict[str, bool], scenario: Scenario
) -> None:
    """Every 9th of the states that a sweep under F1 plays."""
    oracle = swept(small_world(release, **options), scenario, FaultModel.F1)
    assert_nothing_changes(oracle, every=9)


def test_reliance_knows_what_a_stretch_of_flash_touches() -> None:
    """As a look at every single byte has it."""
    ranges = ((0, 0, 4), (0, 6, 7), (0, 4000, 4096), (1, 0, 4096), (3, 5, 9))
    reliance = Reliance(ranges, ())
    relied = {sector * SECTOR_SIZE + at for sector, first, last in ranges for at in range(first, last)}
    random = Random(4)
    stretches = [(random.randrange(4 * SECTOR_SIZE), random.choice((1, 2, 50, 5000))) for _ in range(2000)]
    stretches += [(address, 1) for address in range(12)]
    for address, length in stretches:
        assert reliance.includes(address, length) == bool(relied & set(range(address, address + length)))


def test_answers_are_the_bytes_of_each_range() -> None:
    """In the order of the ranges, whether or not whole sectors are read together."""
    sectors = ((2, 0, 4096), (3, 0, 4096), (4, 0, 4096), (6, 0, 4096))
    ranges = ((0, 0, 4), (0, 6, 7), (0, 4000, 4096), (1, 5, 4096), *sectors, (7, 0, 9), (8, 0, 4096))
    cells = Cells.from_bytes(Random(3).randbytes(10 * SECTOR_SIZE))
    read = tuple(cells.read(sector * SECTOR_SIZE + first, last - first) for sector, first, last in ranges)
    assert (7, *read) == Reliance(ranges, ()).answers(Moment(cells, 7))


def test_noise_reaches_all_but_a_few_sectors() -> None:
    """Otherwise the tests here would show little: the table and two small images lie in three sectors of 48."""
    oracle = swept(small_world(rollback=True), Scenario.UPGRADE, FaultModel.F0)
    for moment, known in oracle.met:
        noise = tainted(moment, known.reliance, Random(1)).cells
        places = range(0, noise.size, SECTOR_SIZE)
        untouched = [at for at in places if noise.read(at, SECTOR_SIZE) == moment.cells.read(at, SECTOR_SIZE)]
        assert (48, True) == (len(places), len(untouched) <= 3)


def swept(dut: DeviceUnderTest, scenario: Scenario, faults: FaultModel) -> RecordingOracle:
    """Return the oracle of a sweep."""
    oracle = RecordingOracle(dut)
    sweep(dut, play_script(dut, script_of(scenario, dut)), oracle, faults, 0, first_step_of_interest(scenario, dut))
    return oracle


@pytest.mark.parametrize("seed", range(12))
def test_bytes_that_are_not_tracked_change_no_future_of_a_random_history(seed: int) -> None:
    """Calls in any order, torn in any way, on devices of two and three slots, with and without factory."""
    random = Random(seed)
    oracle = RecordingOracle(random_device(random))
    for moment in random_life(oracle.dut, random):
        oracle.tell(moment)
    assert_nothing_changes(oracle)


def random_device(random: Random) -> DeviceUnderTest:
    """Return a small device of any build."""
    rollback, anti = random.choice([(False, False), (True, False), (True, True)])
    release = random.choice(list(Release))
    config = Config(rollback=rollback, anti_rollback=anti, app_release=release, bootloader_release=release)
    images = (SmallImage(1), SmallImage(2, secure_version=random.randrange(2)), SmallImage(3, flipped=700))
    has_factory = random.random() < 0.5
    place = "factory" if has_factory else "ota_0"
    device = SmallDevice(config, tuple(range(random.choice([2, 3]))), has_factory, ((place, 0),))
    made = History(device, images).dut
    return replace(made, update=made.images[1], strictness=Strictness.CHIP)


def random_life(dut: DeviceUnderTest, random: Random) -> Iterator[Moment]:
    """Yield what the device holds after each step of a history."""
    player = Player(dut)
    for _ in range(25):
        steps = [POWER_ON] if player.app is None else random.choice(CALLS)
        for step in steps:
            player.play(random_cut(player, step, random))
            yield player.moment


CALLS: list[tuple[Step, ...]] = [
    upgrade(1),
    upgrade(1, argument=None),
    upgrade(2),
    (COMMENCE, Step(StepName.WRITE, image=1, offset=0, length=IMAGE_SIZE // 2)),
    (ACCEPT,),
    (ACCEPT,),
    (ROLLBACK,),
    (POWER_ON,),
    (Step(StepName.SET_BOOT, label=RUNNING),),
]


def random_cut(player: Player, step: Step, random: Random) -> Step:
    """Return the step, seldom cut in one of the operations that it has."""
    ops = player.fork().play(step).ops if random.random() < 0.25 else ()
    if not ops:
        return step
    number = random.choice([0, random.randrange(len(ops)), len(ops) - 1])
    prefix = "partial" if ops[number].kind is FlashOpKind.ERASE else "prefix"
    torn = random.choice(
        ["before", "after", f"{prefix}:{random.randrange(1, 32)}", f"bytes:0.{random.randrange(500)}", "bits:0.200"]
    )
    return replace(step, cut=StepCut(number, Torn.parse(torn)))


class DropsTheSecondEntry(ReadTracker):
    """Forgets that the second entry of otadata was read."""

    def note_read(self, address: int, length: int) -> None:
        """Note all else."""
        if address // SECTOR_SIZE != 0xE:
            super().note_read(address, length)


class DropsTheLastByte(ReadTracker):
    """Notes one byte less of each read."""

    def note_read(self, address: int, length: int) -> None:
        """Note the rest."""
        super().note_read(address, length - 1)


class DropsAnswers(ReadTracker):
    """Forgets what was asked."""

    def note_answer(self, query: Query, answer: object) -> None:
        """Note nothing."""


class RenewsAll(ReadTracker):
    """Takes the whole chip for erased after the first erase."""

    def note_erased(self, index: int) -> None:
        """Note every sector."""
        for sector in range(0x100):
            super().note_erased(sector)


class ForksToNowhere(ReadTracker):
    """What the other ways to go on learn is lost."""

    def fork(self) -> ReadTracker:
        """Return a tracker that tells nobody."""
        return ReadTracker()


@pytest.mark.parametrize(
    "wrong", [DropsTheSecondEntry, DropsTheLastByte, DropsAnswers, RenewsAll, ForksToNowhere], ids=lambda w: w.__name__
)
def test_tracker_that_forgets_is_found_out(wrong: type[ReadTracker]) -> None:
    """Some state has another future with noise in what the wrong tracker does not name."""
    oracle = swept(small_world(rollback=True), Scenario.UPGRADE, FaultModel.F0)
    assert any(differs_with_noise(oracle.dut, moment, wrong()) for moment, _ in oracle.met)
    assert not any(differs_with_noise(oracle.dut, moment, ReadTracker()) for moment, _ in oracle.met[::4])


def differs_with_noise(dut: DeviceUnderTest, moment: Moment, tracker: ReadTracker) -> bool:
    """Tell whether noise changes the future of a state, or makes the program do what none does."""
    future = observe(dut, moment, tracker)
    noise = tainted(moment, reliance_of(tracker), Random(2))
    with suppress(FlashMisuse):
        return future != observe(dut, noise)
    return True
