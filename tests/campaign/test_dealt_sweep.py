"""Sweeps and worn flash dealt to processes: what is found does not depend on how many there are, or on their end."""

import importlib
import json
import multiprocessing
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest

from otaproof.analysis.upgrade_check import check_upgrade
from otaproof.campaign.history.player import Moment
from otaproof.campaign.upgrade import ageing, dealt_sweep
from otaproof.campaign.upgrade.dealt_sweep import SweepWork
from otaproof.campaign.upgrade.future_oracle import FutureOracle
from otaproof.campaign.upgrade.script import Scenario, script_of
from otaproof.campaign.upgrade.sweep import Stretch, SweepResult, sweep
from otaproof.campaign.upgrade.uncut_run import play_script
from otaproof.campaign.workers import WorkerDied
from otaproof.cli.main import main
from otaproof.model.fault_model import FaultModel
from otaproof.model.writers import Updater
from report_project import FILES, made_in
from signal_trials import ELF
from worlds import small_world

SCENARIO = Scenario.UPGRADE
DYING = "--faults F0 --endurance 1 --jobs 2 --cuts cuts.csv --out out.json"
WORKERS = """
import os, signal
from otaproof.campaign.upgrade import ageing, dealt_sweep

decided_part, with_stuck_bits = dealt_sweep.decided_part, ageing._with_stuck_bits

def die_after_the_power_on(work):
    if work.step > 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return decided_part(work)

def die_of_the_ninth(work):
    if 64 in work.bits:
        os.kill(os.getpid(), signal.SIGKILL)
    return with_stuck_bits(work)
"""


@pytest.fixture
def mortal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """Return a module of functions that end their process, and that a new process can import."""
    (tmp_path / "mortal_workers.py").write_text(WORKERS)
    monkeypatch.syspath_prepend(tmp_path)
    yield importlib.import_module("mortal_workers")
    del sys.modules["mortal_workers"]


def swept(faults: FaultModel, jobs: int, last: int = 1 << 40) -> SweepResult:
    """Return the sweep of an upgrade by so many processes; an interrupt comes once so many cut points are decided."""
    world = small_world(rollback=True)
    oracle = FutureOracle(world)

    def progress(done: int, total: int) -> None:
        if done >= last:
            raise KeyboardInterrupt

    with dealt_sweep.dealt_sweep(oracle, faults, 0, jobs) as told:
        return sweep(world, play_script(world, script_of(SCENARIO, world)), oracle, faults, 0, 0, progress, told=told)


def seen(found: list[Stretch]) -> list[object]:
    """Return what a report has of stretches."""
    places = [(s.played.number, s.op_index, s.torn, s.count, s.efuse_done, s.lie) for s in found]
    return [*zip(places, ((s.known.future, s.broken) for s in found), strict=True)]


def all_seen(found: SweepResult) -> tuple[object, ...]:
    """Return what a report has of a sweep."""
    return found.cuts, found.distinct_futures, found.ended_by, *map(seen, (found.stretches, found.resets, found.lies))


def in_this_process(
    function: Callable[[SweepWork], bytes], given: Iterable[list[SweepWork]], jobs: int, ahead: int
) -> Iterator[list[bytes]]:
    """Yield what `in_lanes` does; the processes are made up, each with a memory of its own."""
    memories: list[list[dealt_sweep._Process]] = [[] for _ in range(jobs)]
    for row in given:
        decided = []
        for memory, work in zip(memories, row, strict=True):
            dealt_sweep._process[:] = memory
            decided.append(function(work))
            memory[:] = dealt_sweep._process
        yield decided
    assert all(memory[0].oracle.played > 100 for memory in memories)


@pytest.mark.parametrize("faults", [FaultModel.F2, pytest.param(FaultModel.F5, marks=pytest.mark.slow)])
def test_parts_put_together_are_the_whole(faults: FaultModel, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of three; under F5 futures of undecided bits are played each time, and each of them counts."""
    alone = all_seen(swept(faults, 1))
    monkeypatch.setattr(dealt_sweep, "in_lanes", in_this_process)
    assert alone == all_seen(swept(faults, 3))


@pytest.mark.slow
@pytest.mark.parametrize("faults", [FaultModel.F2, FaultModel.F4, FaultModel.F5], ids=lambda faults: faults.name)
@pytest.mark.parametrize("updater", list(Updater), ids=lambda updater: updater.value)
def test_parts_of_every_library_are_the_whole(
    updater: Updater, faults: FaultModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of two, without rollback: in each scenario, with what the ones before have left known."""
    world = small_world()
    world = replace(world, config=replace(world.config, updater=updater))
    alone = check_upgrade(world, faults, 3, with_proofs=False)
    monkeypatch.setattr(dealt_sweep, "in_lanes", in_this_process)
    dealt = check_upgrade(world, faults, 3, with_proofs=False, jobs=2)
    assert [*map(all_seen, alone.sweeps.values())] == [*map(all_seen, dealt.sweeps.values())]


def test_what_another_oracle_tells_counts_once() -> None:
    """As what is played here does; of undecided bits each time, as they are played each time."""
    world = small_world()
    mine, other = FutureOracle(world), FutureOracle(world)
    start = Moment(world.cells, 0)
    told = other.tell(start)
    kept = mine.take(told)
    assert (1, kept) == (mine.played, mine.take(FutureOracle(world).tell(start)))
    assert kept is mine.tell(start) and mine.played == 1
    undecided = other.tell_undecided(start)
    assert undecided is mine.take(undecided) is mine.take(undecided) and mine.played == 3


def reported(folder: Path, jobs: int, arguments: str, capsys: pytest.CaptureFixture[str]) -> dict[str, object]:
    """Return all that a check prints and writes, but for the seconds that it took, and for the number of processes."""
    options = f"{arguments} --jobs {jobs} --cuts {folder}/cuts.csv --report {folder}/page --out {folder}/out.json"
    code = main(["check", *FILES, "--no-proofs", *options.split()])
    text = re.sub(r"\d+\.\d s\b", "… s", capsys.readouterr().out)
    (page,) = (folder / "page").iterdir()
    shown = re.sub(r"--jobs \d|\d+\.\d s\b", "", page.read_text())
    found = json.loads((folder / "out.json").read_text())
    assert found["sweep"].pop("seconds") > 0
    return {"code": code, "text": text, "json": found, "cuts": (folder / "cuts.csv").read_bytes(), "page": shown}


@pytest.mark.parametrize(
    "arguments",
    [
        "--faults F2",
        pytest.param("--faults F1 --endurance 1", marks=pytest.mark.slow),
        pytest.param("--faults F3", marks=pytest.mark.slow),
        pytest.param("--faults F5", marks=pytest.mark.slow),
        pytest.param("--faults F3 --depth 2", marks=pytest.mark.thorough),
        pytest.param("--faults F2 --endurance 3 --chunk 700 --anti-rollback", marks=pytest.mark.slow),
    ],
)
def test_report_is_the_same_for_any_number_of_processes(
    arguments: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Text, JSON object, table of cuts, page and exit code."""
    monkeypatch.chdir(made_in(tmp_path))
    alone = reported(tmp_path, 1, arguments, capsys)
    assert alone["code"] == 1
    for jobs in (2, 3):
        assert alone == reported(tmp_path, jobs, arguments, capsys)


def test_interrupt_ends_the_processes_and_keeps_what_was_decided(monkeypatch: pytest.MonkeyPatch) -> None:
    """A part of what a sweep without one finds, in the same order; no process is left."""
    whole = swept(FaultModel.F2, 1)
    cut_short = swept(FaultModel.F2, 2, last=5000)
    assert "interrupted" == cut_short.ended_by
    assert 0 < len(cut_short.stretches) < len(whole.stretches)
    assert seen(cut_short.stretches) == seen(whole.stretches[: len(cut_short.stretches)])
    for child in multiprocessing.active_children():
        child.join(10)
    assert [] == multiprocessing.active_children()


def test_sweep_whose_process_is_killed_keeps_what_was_decided(
    mortal: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is told of as by the other commands."""
    whole = swept(FaultModel.F2, 1)
    monkeypatch.setattr(dealt_sweep, "decided_part", mortal.die_after_the_power_on)
    cut_short = swept(FaultModel.F2, 2)
    assert str(WorkerDied()) == cut_short.ended_by and not cut_short.is_complete
    assert 0 < len(cut_short.stretches) < len(whole.stretches)
    assert seen(cut_short.stretches) == seen(whole.stretches[: len(cut_short.stretches)])


def test_check_whose_process_is_killed_tells_what_was_found(
    mortal: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """While flash wears out: all is there but for stuck bits, nothing is proved, and the exit code is 3."""
    monkeypatch.chdir(made_in(tmp_path))
    monkeypatch.setattr(ageing, "_with_stuck_bits", mortal.die_of_the_ninth)
    assert 3 == main(["check", *FILES, *DYING.split()])
    said, found = capsys.readouterr(), json.loads((tmp_path / "out.json").read_text())
    died = str(WorkerDied())
    assert f"otaproof check: {died}: partial results follow, and cuts.csv is not written\n" == said.err
    assert (True, died, died) == (found["interrupted"], found["ended_by"], found["no_proofs"])
    assert not found["ageing"]["complete"]
    assert f"{died}: more bits would have been stuck" in " ".join(said.out.split())
    played = sorted(bit for stuck in found["ageing"]["stuck"] for bit in stuck["bits"])
    assert 8 <= len(played) <= 64 and played == [*range(len(played))]


@pytest.mark.parametrize("option", ["--update-kind bootloader --update new.bin", f"--bootloader {ELF}"])
def test_jobs_go_with_sweeps_of_the_simulated_bootloader(
    option: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Others are not dealt out, and nothing is passed over in silence."""
    monkeypatch.chdir(made_in(tmp_path))
    assert 2 == main(["check", "--partitions", "table.csv", "--running", "app.bin", "--jobs", "2", *option.split()])
    assert "otaproof check: --jobs: goes with" in capsys.readouterr().err
