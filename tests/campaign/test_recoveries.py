"""More power failures than one: what follows is what a real one finds, and what only two failures break is found."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import NoReturn

import pytest

from otaproof.analysis import upgrade_check
from otaproof.analysis.upgrade_check import check_upgrade, token_of
from otaproof.campaign.device_under_test import DeviceUnderTest
from otaproof.campaign.history.player import Moment, Player
from otaproof.campaign.history.step import POWER_ON, StepCut
from otaproof.campaign.upgrade.future_oracle import FutureOracle, observe
from otaproof.campaign.upgrade.recovery_oracle import CutAgain, RecoveredFuture, RecoveryOracle
from otaproof.campaign.upgrade.script import Scenario, script_of
from otaproof.campaign.upgrade.uncut_run import play_script
from otaproof.campaign.upgrade.upgrade_replay import replay
from otaproof.campaign.upgrade.upgrade_token import decode_token, encode_token
from otaproof.campaign.workers import INTERRUPTED
from otaproof.cli.main import main
from otaproof.impl.board import App, Board
from otaproof.impl.chip.cells import SECTOR_SIZE, Cells
from otaproof.impl.chip.torn_operations import Torn, TornKind
from otaproof.impl.otadata import ENTRY_SIZE, decode_entry, is_crc_right
from otaproof.model.claims.claims import Verdict
from otaproof.model.config import Pin, Release, ResetReason
from otaproof.model.fault_model import FaultModel
from report_project import FILES, made_in
from worlds import small_world

OPTIONS = [{"rollback": True}, {"rollback": False}, {"rollback": True, "anti_rollback": True}]


def first_cuts(world: DeviceUnderTest, scenario: Scenario, random: Random) -> Iterator[Moment]:
    """Yield what random cuts leave of a scenario, half of them in otadata."""
    steps = script_of(scenario, world)
    run = play_script(world, steps)
    places = [(played.number, number, op) for played in run.played for number, op in enumerate(played.ops)]
    in_records = [place for place in places if world.is_in_otadata(place[2].address)]
    for _ in range(10):
        step, number, op = random.choice(random.choice([places, in_records]))
        player = Player(world)
        for earlier in steps[:step]:
            player.play(earlier)
        word = "partial" if op.length == SECTOR_SIZE else "prefix"
        torn = Torn.parse(random.choice(["before", "after", f"{word}:{random.randrange(1, op.length)}"]))
        player.play(replace(steps[step], cut=StepCut(number, torn)))
        yield player.moment


def played_again(
    world: DeviceUnderTest, left: Moment, random: Random, times: int
) -> tuple[list[StepCut | None], Moment]:
    """Cut some power-ons at random; return the cuts, and what they leave."""
    cuts: list[StepCut | None] = []
    for _ in range(times):
        ops = Player(world, left).play(POWER_ON).ops
        cut = None
        if ops and random.random() < 0.9:
            number = random.randrange(len(ops))
            word = "partial" if ops[number].length == SECTOR_SIZE else "prefix"
            text = random.choice(["after", f"{word}:{random.randrange(1, ops[number].length)}"])
            cut = StepCut(number, Torn.parse(text))
        player = Player(world, left)
        player.play(replace(POWER_ON, cut=cut))
        cuts.append(cut)
        left = player.moment
    return cuts, left


def followed(found: RecoveredFuture, cuts: list[StepCut | None]) -> RecoveredFuture:
    """Return what an oracle has told of these cuts."""
    for cut in cuts:
        (entry,) = [again for again in found.again if covers(again, cut)]
        found = entry.then
    return found


def covers(again: CutAgain, cut: StepCut | None) -> bool:
    """Tell whether cut points in a row have this one among them."""
    if cut is None or again.cut is None:
        return cut is again.cut
    first, torn = again.cut.torn, cut.torn
    if first is None or torn is None or (again.cut.op, first.kind) != (cut.op, torn.kind):
        return False
    if torn.kind in (TornKind.PREFIX, TornKind.PARTIAL):
        return first.length <= torn.length < first.length + again.count
    return True


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("scenario", list(Scenario))
@pytest.mark.parametrize("again", [1, 2])
def test_oracle_tells_what_a_real_recovery_comes_to(again: int, scenario: Scenario, options: dict[str, bool]) -> None:
    """Random cuts, played for real from a copy of the flash: the same future, whatever was merged."""
    world, random = small_world(**options), Random(again)
    oracle = RecoveryOracle(FutureOracle(world), FaultModel.F1, 0, again)
    for left in first_cuts(world, scenario, random):
        cuts, last = played_again(world, left, random, again)
        copied = Moment(Cells.from_bytes(last.cells.to_bytes()), last.efuse_bits)
        assert observe(world, copied) == followed(oracle.tell(left).future, cuts).future


def test_ways_are_counted(small: DeviceUnderTest) -> None:
    """Each cut point of each power-on, and again of each that follows."""
    oracle = RecoveryOracle(FutureOracle(small), FaultModel.F1, 0, 2)
    run = play_script(small, script_of(Scenario.UPGRADE, small))
    marked = next(played for played in run.played if played.step.name.value == "complete").after
    found = oracle.tell(marked).future
    # The note of the try: an erase of a sector, and a program of an entry; before the first, nothing has happened.
    assert (1 + SECTOR_SIZE - 1 + 1) + (1 + ENTRY_SIZE - 1 + 1) + 1 - 1 == sum(cut.count for cut in found.again)
    assert found.count == sum(cut.count * (1 + sum(more.count for more in cut.then.again)) for cut in found.again)


@pytest.fixture
def small() -> DeviceUnderTest:
    """Return a world of two slots with rollback."""
    return small_world(Release.V5_1, rollback=True)


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.thorough
def test_further_failures_break_nothing_more(options: dict[str, bool]) -> None:
    """The bootloader writes so little that a second and a third failure do no harm which one does not do."""
    report = check_upgrade(small_world(**options), FaultModel.F1, 0, with_proofs=False, depth=3)
    assert sum(found.ways for found in report.recoveries.values()) > 10**10
    assert not any(result.shortest is not None and result.shortest.again for result in report.claims)
    alone = check_upgrade(small_world(**options), FaultModel.F1, 0, with_proofs=False)
    assert [(one.verdict, one.violations) for one in alone.claims] == [(r.verdict, r.violations) for r in report.claims]


PowerOn = Callable[[Board, ResetReason, Pin | None], App | None]


def with_repair(power_on: PowerOn) -> PowerOn:
    """Return a power-on that first copies a whole record over a torn one, and erases the whole one before that."""

    def repairing(self: Board, reason: ResetReason = ResetReason.POWER_ON, pin: Pin | None = None) -> App | None:
        self.flash.power_on()
        sectors = [0xD000, 0xE000]
        entries = [self.flash.read(sector, ENTRY_SIZE) for sector in sectors]
        whole = [is_crc_right(decode_entry(entry)) for entry in entries]
        blank = [entry == b"\xff" * ENTRY_SIZE for entry in entries]
        if sum(whole) == 1 and not any(blank):
            good = whole.index(True)
            self.flash.erase(sectors[good], SECTOR_SIZE)
            self.flash.erase(sectors[1 - good], SECTOR_SIZE)
            self.flash.program(sectors[1 - good], entries[good])
        return power_on(self, reason, pin)

    return repairing


def test_bootloader_that_two_failures_break_is_found(small: DeviceUnderTest, monkeypatch: pytest.MonkeyPatch) -> None:
    """It repairs a torn record in the wrong order, so that a failure in the repair loses both records."""
    monkeypatch.setattr(Board, "power_on", with_repair(Board.power_on))
    one = {r.claim.id for r in check_upgrade(small, FaultModel.F1, 0, with_proofs=False).claims if r.shortest}
    report = check_upgrade(small, FaultModel.F1, 0, with_proofs=False, depth=2)
    broken = {r.claim.id: r for r in report.claims if r.verdict is Verdict.VIOLATED and r.claim.id not in one}
    assert broken
    for claim_id, result in broken.items():
        assert result.shortest is not None and 1 == len(result.shortest.again)
        assert "again in the power-on that follows" in str(result.shortest)
        token = decode_token(token_of(report, claim_id, result.shortest))
        assert token == decode_token(encode_token(token))
        assert not replay(token, small).is_claim_kept


def test_interrupt_between_the_sweeps_keeps_what_one_cut_breaks(
    small: DeviceUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was to be decided with further cuts is inconclusive; no proof is begun."""

    def interrupted(*_: object) -> NoReturn:
        raise KeyboardInterrupt

    monkeypatch.setattr(upgrade_check, "sweep_recoveries", interrupted)
    report = check_upgrade(small, FaultModel.F1, 0, depth=2)
    verdicts = {result.verdict for result in report.claims}
    assert not report.is_complete and [INTERRUPTED] * 2 == [report.ended_by, report.proofs]
    assert Verdict.VIOLATED in verdicts and Verdict.INCONCLUSIVE in verdicts and Verdict.HOLDS not in verdicts


def test_check_tells_how_deep_it_went(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As text and as JSON; what it does not go with is refused."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    made_in(tmp_path)
    assert 1 == main(["check", *FILES, "--no-proofs", "--depth", "2"])
    assert "up to 2 power failures in a row" in capsys.readouterr().out
    assert 1 == main(["check", *FILES, "--no-proofs", "--depth", "2", "--json", "--report", "page"])
    result = json.loads(capsys.readouterr().out)
    assert f"{result['sweep']['ways_again']:,} more ways to fail" in (tmp_path / "page/index.html").read_text("utf-8")
    assert 2 == result["sweep"]["depth"] and result["sweep"]["ways_again"] > 10**6
    assert {1} == {claim["fewest_cuts"] for claim in result["claims"] if claim["verdict"] == "violated"}
    assert 2 == main(["check", *FILES, "--faults", "F4", "--depth", "2"])
    assert "--depth: goes with" in capsys.readouterr().err
