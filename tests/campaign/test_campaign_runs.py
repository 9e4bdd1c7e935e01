"""Campaigns: what is found depends on plan and runs alone, however often the processes that play it are killed."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import Executor, Future
from dataclasses import replace
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import Any

import pytest

from otaproof.campaign.fuzz.findings import BLOCK, DIVERGENCE, Findings, runs
from otaproof.campaign.fuzz.generator import Worlds
from otaproof.campaign.fuzz.guide import Guide
from otaproof.campaign.ledger import lane_dealing
from otaproof.campaign.ledger import ledger as ledger_file
from otaproof.campaign.ledger.campaign_file import connection
from otaproof.campaign.ledger.campaign_plan import ALL, LANES, CampaignPlan, Shard
from otaproof.campaign.ledger.lane_dealing import CampaignRun
from otaproof.campaign.ledger.lane_work import FoundKind, LaneResult, LaneWork, play_lane
from otaproof.campaign.ledger.ledger import Ledger
from otaproof.campaign.workers import executor_of
from otaproof.errors import InputError
from otaproof.model.config import Release
from otaproof.model.fault_model import FaultModel
from otaproof.model.remedies import Remedy

WORLDS = Worlds(slots=2, has_factory=False, rollback=True, anti_rollback=False, app_version=Release.V5_1.point)
PLAN = CampaignPlan(3, WORLDS, lanes=3)
RUNS = 6 * BLOCK


def played(path: Path, shard: Shard = ALL, plan: CampaignPlan = PLAN, runs: int = RUNS) -> str:
    """Play a new campaign in this process, and return its fingerprint."""
    with Ledger.create(path, plan, runs, shard) as ledger, executor_of(1) as executor:
        CampaignRun(ledger, 1).run(executor)
        return ledger.fingerprint()


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """Return a campaign that was played at one go, and its fingerprint."""
    path = tmp_path_factory.mktemp("campaign") / "whole.db"
    return path, played(path)


def test_campaign_that_is_not_steered_finds_what_a_fuzz_finds(tmp_path: Path) -> None:
    """The same kinds, the same shortest histories, as often."""
    path = tmp_path / "plain.db"
    played(path, plan=replace(PLAN, is_steered=False))
    findings = Findings()
    for result in runs(PLAN.seed, range(RUNS), WORLDS):
        findings.add(result)
    expected = {
        (
            finding.claim_id,
            str(finding.key[1]),
            len(finding.history.steps),
            finding.index,
            findings.found_in[finding.key],
            findings.first_in[finding.key],
        )
        for finding in findings.all()
    }
    with Ledger.open(path) as ledger:
        found = {
            (kind.claim_id, kind.scope_class, kind.length, kind.run, kind.runs, kind.first) for kind in ledger.found()
        }
        assert expected == found
        assert (findings.runs, findings.steps, findings.cuts) == (RUNS, ledger.totals().steps, ledger.totals().cuts)


def test_choices_that_were_seldom_taken_weigh_more() -> None:
    """None is ruled out, and what comes through nothing keeps its weight."""
    guide = Guide({"often": 10_000, "seldom": 3, "sometimes": 99})
    weights = guide.weights(
        [("often",), ("sometimes",), ("seldom", "often"), ("never",), ()], [1.0, 1.0, 1.0, 1.0, 2.0]
    )
    assert 0 < weights[0] < weights[1] < weights[2] <= weights[3] and 2.0 == weights[4]
    assert [3.0, 3.0] == Guide({}).weights([("one",), ("other",)], [3.0, 3.0])


def test_steered_runs_come_through_more() -> None:
    """As many runs of one lane, with and without."""
    covered = [play_lane(LaneWork(replace(PLAN, is_steered=steered), 0, 0, 12)).covered for steered in (False, True)]
    assert len(covered[0]) < len(covered[1])


def test_steering_is_a_function_of_the_lane_alone() -> None:
    """Two blocks at once, or one after the other with what was seen in between."""
    both, first = play_lane(LaneWork(PLAN, 1, 0, 2)), play_lane(LaneWork(PLAN, 1, 0, 1))
    seen = {point: runs for point, (runs, *_) in first.covered.items()}
    second = play_lane(LaneWork(PLAN, 1, 1, 1, seen, first.kept))
    assert (both.runs, both.steps, both.cuts, both.mutated) == tuple(
        getattr(first, name) + getattr(second, name) for name in ("runs", "steps", "cuts", "mutated")
    )
    assert both.kept == first.kept + second.kept and second.kept
    assert both.covered.keys() == first.covered.keys() | second.covered.keys()
    assert second != play_lane(LaneWork(PLAN, 1, 1, 1, seen))


class Shuffled(Executor):
    """Gives back what was given last before what was given first."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> "Future[Any]":
        """Do it when somebody waits for it."""
        future: Future[Any] = Future()
        self.waiting.append(lambda: future.set_result(fn(*args, **kwargs)))
        Random(len(self.waiting)).shuffle(self.waiting)
        if len(self.waiting) > 4:
            self.waiting.pop()()
        return future

    def __init__(self) -> None:
        """Nothing waits."""
        self.waiting: list[Callable[[], None]] = []


def test_order_of_results_does_not_matter(
    whole: tuple[Path, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of many lanes under way, any may come back first."""
    executor = Shuffled()

    def wait(pending: dict[Any, Any], **_: Any) -> tuple[set[Any], None]:
        while not any(future.done() for future in pending):
            executor.waiting.pop()()
        return {future for future in pending if future.done()}, None

    monkeypatch.setattr(lane_dealing, "wait", wait)
    with Ledger.create(tmp_path / "shuffled.db", PLAN, RUNS) as ledger:
        CampaignRun(ledger, 7).run(executor)
        assert whole[1] == ledger.fingerprint()


@pytest.mark.parametrize("count", [2, 3])
def test_shards_merged_are_the_whole(whole: tuple[Path, str], tmp_path: Path, count: int) -> None:
    """Whatever their number, and their order; one that is merged twice counts once."""
    paths = [tmp_path / f"{number}.db" for number in range(count)]
    prints = {played(path, Shard(number, count)) for number, path in enumerate(paths, 1)}
    assert count == len(prints | {whole[1]}) - 1
    with Ledger.create(tmp_path / "merged.db", PLAN, RUNS) as merged:
        for path in [*reversed(paths), paths[0]]:
            with Ledger.open(path) as other:
                merged.merge(other)
        assert whole[1] == merged.fingerprint()
        assert all(blocks == PLAN.blocks(lane, RUNS) for lane, blocks in merged.blocks().items())


def test_longer_lanes_win_a_merge(whole: tuple[Path, str], tmp_path: Path) -> None:
    """Merged into a copy that got less far, or the other way round."""
    short = tmp_path / "short.db"
    played(short, runs=RUNS // 2)
    for first, second in ((whole[0], short), (short, whole[0])):
        with Ledger.create(tmp_path / f"{first.stem}.merged.db", PLAN, 1) as merged:
            for path in (first, second):
                with Ledger.open(path) as other:
                    merged.merge(other)
            assert (whole[1], RUNS) == (merged.fingerprint(), merged.runs)


def test_campaign_goes_on_to_more_runs(whole: tuple[Path, str], tmp_path: Path) -> None:
    """And comes to what it would have come to at once."""
    path = tmp_path / "short.db"
    played(path, runs=RUNS // 3)
    with Ledger.open(path) as ledger, executor_of(1) as executor:
        ledger.extend(RUNS)
        CampaignRun(ledger, 3).run(executor)
        assert whole[1] == ledger.fingerprint()


def test_work_is_added_once(whole: tuple[Path, str], tmp_path: Path) -> None:
    """Twice the same block, or one that is not the next, changes nothing."""
    work, result = LaneWork(PLAN, 2, 0, 1), play_lane(LaneWork(PLAN, 2, 0, 1))
    with Ledger.create(tmp_path / "once.db", PLAN, RUNS) as ledger:
        assert not ledger.add(LaneWork(PLAN, 2, 1, 1), result)
        assert ledger.add(work, result)
        before = ledger.fingerprint(), ledger.totals()
        assert not ledger.add(work, result)
        assert before == (ledger.fingerprint(), ledger.totals())
        assert BLOCK == ledger.totals().runs


def test_sitting_begins_when_the_file_is_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The time of its first piece counts: steps in no time would be told of a process that was killed early."""
    clock = iter((100.0, 107.0, 109.0))
    monkeypatch.setattr(ledger_file, "time", SimpleNamespace(time=lambda: next(clock)))
    with Ledger.create(tmp_path / "sitting.db", PLAN, RUNS) as ledger:
        for number in range(2):
            assert ledger.add(LaneWork(PLAN, 0, number), LaneResult(BLOCK, 5, 0))
        assert [(100.0, 109.0, 10)] == [(s.began, s.ended, s.steps) for s in ledger.sittings()]


def killed(path: Path, random: Random, kills: int) -> int:
    """Go on with a campaign in a child that is killed at a random moment, so often or until all is played.

    The first live for a moment only, the last for up to half a second. Return how many were killed."""
    for count in range(kills):
        child = os.fork()
        if not child:
            with Ledger.open(path) as ledger, executor_of(1) as executor:
                CampaignRun(ledger, 1).run(executor)
            os._exit(0)
        time.sleep(random.uniform(0, 0.5 * (count + 1) / kills))
        os.kill(child, signal.SIGKILL)
        if not os.waitpid(child, 0)[1]:
            return count
    return kills


@pytest.mark.skipif(not hasattr(os, "fork"), reason="children are forked")
@pytest.mark.parametrize(
    ("kills", "runs"), [(40, RUNS), pytest.param(1000, 300 * BLOCK, marks=pytest.mark.slow, id="thousand")]
)
def test_killed_campaign_ends_with_the_same_findings(tmp_path: Path, kills: int, runs: int) -> None:
    """kill -9 at random moments; what is left is played at last."""
    expected = played(tmp_path / "whole.db", runs=runs)
    path = tmp_path / "killed.db"
    with Ledger.create(path, PLAN, runs):
        pass
    assert killed(path, Random(5), kills)
    with Ledger.open(path) as ledger, executor_of(1) as executor:
        CampaignRun(ledger, 1).run(executor)
        assert (runs, expected) == (ledger.totals().runs, ledger.fingerprint())
        assert not ledger.owners()


def test_two_processes_share_a_file(whole: tuple[Path, str], tmp_path: Path) -> None:
    """Each plays lanes that the other has not taken; one that comes when all are taken plays none."""
    path = tmp_path / "shared.db"
    with Ledger.create(path, PLAN, RUNS) as first, Ledger.open(path) as second, executor_of(1) as executor:
        mine = first.take(range(0, PLAN.lanes, 2), f"elsewhere {os.getpid()}")
        part = CampaignRun(second, 1)
        part.run(executor)
        assert part.is_shared and not part.is_complete
        assert not any(second.blocks()[lane] for lane in mine)
        assert second.totals().runs
        first.release(f"elsewhere {os.getpid()}")
        part = CampaignRun(first, 1)
        part.run(executor)
        assert part.is_complete and not part.is_shared
        assert whole[1] == first.fingerprint()


def test_lanes_of_a_process_that_is_gone_are_free(tmp_path: Path) -> None:
    """It cannot have released them."""
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    with Ledger.create(tmp_path / "gone.db", PLAN, BLOCK) as ledger, executor_of(1) as executor:
        ledger.take(range(PLAN.lanes), f"{os.uname().nodename} {gone.pid}")
        CampaignRun(ledger, 1).run(executor)
        assert BLOCK == ledger.totals().runs


def test_divergence_ends_a_campaign(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing that comes after it can be relied on."""
    diverged = FoundKind(DIVERGENCE, "any", 1, 0, 1, 0, "oth1.", "", "")
    monkeypatch.setattr(lane_dealing, "play_lane", lambda work: LaneResult(BLOCK, 1, 0, {}, (diverged,)))
    with Ledger.create(tmp_path / "diverged.db", PLAN, RUNS) as ledger, executor_of(1) as executor:
        part = CampaignRun(ledger, 1)
        part.run(executor)
        assert "bug in otaproof" in part.ended_by
        assert BLOCK == ledger.totals().runs


def test_interrupt_keeps_what_was_added(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The interrupted piece is played anew later."""

    def interrupted(work: LaneWork) -> LaneResult:
        if work.lane == 1:
            signal.raise_signal(signal.SIGINT)
        return play_lane(work)

    monkeypatch.setattr(lane_dealing, "play_lane", interrupted)
    with Ledger.create(tmp_path / "interrupted.db", PLAN, RUNS) as ledger, executor_of(1) as executor:
        part = CampaignRun(ledger, 1)
        part.run(executor)
        assert ("interrupted", 1) == (part.ended_by, sum(map(bool, ledger.blocks().values())))
        assert not ledger.owners()


@pytest.mark.parametrize(
    "other", [CampaignPlan(4, WORLDS, 3), CampaignPlan(3, Worlds(slots=3), 3), CampaignPlan(3, WORLDS)]
)
def test_other_campaigns_are_not_merged(whole: tuple[Path, str], tmp_path: Path, other: CampaignPlan) -> None:
    """Of another seed, of other devices, or dealt otherwise."""
    with (
        Ledger.create(tmp_path / "other.db", other, RUNS) as merged,
        Ledger.open(whole[0]) as ledger,
        pytest.raises(InputError, match="another campaign than"),
    ):
        merged.merge(ledger)


@pytest.mark.parametrize(
    "worlds",
    [
        Worlds(),
        WORLDS,
        Worlds(faults=FaultModel.F1, remedies=frozenset({Remedy.ERASE_LAST_BOOT, Remedy.NOTE_IN_PLACE})),
    ],
)
def test_plan_is_read_as_it_was_written(worlds: Worlds) -> None:
    """With all that worlds say."""
    plan = CampaignPlan(7, worlds)
    assert plan == CampaignPlan.from_json(plan.to_json())
    assert plan.to_json() == CampaignPlan.from_json(plan.to_json()).to_json()


@pytest.mark.parametrize("text", ["", "0/2", "3/2", "1/65", "1", "a/b", "-1/2", "1/2/3"])
def test_what_is_no_shard_is_refused(text: str) -> None:
    """In one line."""
    with pytest.raises(ValueError, match=r"is no shard; want K/N"):
        Shard.parse(text)


def test_shards_have_each_lane_once() -> None:
    """For any number of them."""
    for count in (1, 2, 5, LANES):
        lanes = [lane for number in range(1, count + 1) for lane in Shard(number, count).lanes(CampaignPlan(0))]
        assert list(range(LANES)) == sorted(lanes)


def changed(statement: str) -> Callable[[Path], None]:
    """Return what changes a campaign's file."""

    def change(path: Path) -> None:
        with sqlite3.connect(path) as db:
            db.execute(statement)
        db.close()

    return change


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda path: path.write_bytes(b"x" * 4096), "no campaign: file is not a database"),
        (lambda path: path.write_bytes(b""), "no campaign of this version"),
        (lambda path: path.write_bytes(path.read_bytes()[:9000]), "no campaign|malformed|damaged"),
        (changed("CREATE TABLE other (x)"), "no campaign of this version"),
        (changed("CREATE TRIGGER t AFTER INSERT ON lanes BEGIN DELETE FROM found; END"), "no campaign of this version"),
        (changed("PRAGMA user_version = 99"), "no campaign of this version"),
        (changed("DROP TABLE kept"), "no campaign of this version"),
        (changed("UPDATE campaign SET plan = '{}'"), "cannot be read"),
        (changed("UPDATE campaign SET plan = replace(plan, '\"slots\": 2', '\"slots\": 200')"), "cannot be read"),
        (changed("UPDATE campaign SET shard = '9/2'"), "cannot be read"),
        (changed("DELETE FROM campaign"), "cannot be read"),
        (changed("INSERT INTO lanes VALUES (3, 1, 1, 1, 1, 0)"), "damaged"),
        (changed("UPDATE found SET claim = 'C99' WHERE claim = 'C6'"), "claims that there are not"),
    ],
)
def test_file_that_is_no_campaign_is_refused(
    whole: tuple[Path, str], tmp_path: Path, spoil: Callable[[Path], None], told: str
) -> None:
    """In one line that names it."""
    path = tmp_path / "spoiled.db"
    path.write_bytes(whole[0].read_bytes())
    spoil(path)
    with pytest.raises(InputError, match=told) as error, Ledger.open(path):
        pass
    assert str(error.value).startswith(str(path))


def test_file_that_cannot_be_written_says_what_to_do(tmp_path: Path) -> None:
    """A file in WAL mode is not read either where SQLite can lay no file beside it."""
    with pytest.raises(InputError, match="copy it to a folder of your own"), connection(tmp_path / "kept.db") as db:
        db.execute("PRAGMA query_only = ON")
        db.execute("CREATE TABLE told (line TEXT)")


def test_file_that_another_process_has_just_begun_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two begin one campaign at once, and the second looked before the first had made its file."""
    path, plan = tmp_path / "both.db", CampaignPlan(1, Worlds())
    monkeypatch.setattr(Path, "exists", lambda *_, **__: False)
    with Ledger.create(path, plan, BLOCK):
        with pytest.raises(InputError, match="is there already"), Ledger.create(path, plan, BLOCK):
            pytest.fail("it was begun twice")
        assert path.is_file()
