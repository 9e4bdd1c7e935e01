"""`otaproof fuzz`: a seed finds the same, whoever makes the runs; findings are small, and replay on the board."""

import json
import pickle
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any, NoReturn

import pytest

from otaproof.analysis import fuzz_findings
from otaproof.campaign.fuzz import fuzz_driver
from otaproof.campaign.fuzz.findings import (
    BLOCK,
    DIVERGENCE,
    Finding,
    Findings,
    RunResult,
    cause_in,
    run,
    runs,
)
from otaproof.campaign.fuzz.fuzz_driver import Fuzz, Limits, blocks
from otaproof.campaign.fuzz.generator import MAX_CUTS, Worlds, draw_scope
from otaproof.campaign.fuzz.shrink import shortened, shrunk
from otaproof.campaign.history.history_replay import replay_history
from otaproof.campaign.history.history_token import decode_history_token
from otaproof.campaign.history.step import Step, StepName
from otaproof.campaign.lockstep.divergence import Divergence
from otaproof.campaign.lockstep.lockstep import play_in_lockstep
from otaproof.campaign.lockstep.replayed_divergence import divergence_in
from otaproof.campaign.workers import WorkerDied
from otaproof.cli.main import main
from otaproof.impl.app.esp_ota import EspOta
from otaproof.impl.bootloader import Bootloader
from otaproof.model.config import Release
from otaproof.model.device.state import Usage
from otaproof.model.fault_model import MODELLED_FAULTS, FaultModel

WORLDS = Worlds(slots=2, has_factory=False, rollback=True, anti_rollback=False, app_version=Release.V5_1.point)
OPTIONS = ["--slots", "2", "--no-factory", "--rollback", "--no-anti-rollback", "--idf", "5.1"]


@pytest.fixture(scope="module")
def results() -> list[RunResult]:
    """Some runs of one world."""
    return list(runs(5, range(120), WORLDS))


def found_by(results: list[RunResult]) -> list[Finding]:
    """Return what results come to."""
    findings = Findings()
    for result in results:
        findings.add(result)
    return findings.all()


def test_run_is_a_function_of_seed_and_index(results: list[RunResult]) -> None:
    """Made again, alone, it is the same."""
    assert results[73] == run(5, 73, WORLDS)


def test_seeds_and_indices_differ(results: list[RunResult]) -> None:
    """No two of the histories are the same."""
    others = list(runs(6, range(40), WORLDS))
    assert 40 < len({(result.steps, result.cuts, result.findings) for result in [*results, *others]})


def test_results_can_be_sent_to_another_process(results: list[RunResult]) -> None:
    """Pickled and back."""
    assert results == pickle.loads(pickle.dumps(results))


def test_findings_do_not_depend_on_the_order_of_results(results: list[RunResult]) -> None:
    """Processes may finish in any order."""
    shuffled = list(results)
    Random(1).shuffle(shuffled)
    assert found_by(results) == found_by(shuffled)
    assert found_by(results)


def test_histories_have_at_most_three_cuts_in_operations() -> None:
    """As the options say; the power may fail between calls as well."""
    for result in runs(9, range(60), replace(WORLDS, slots=3)):
        for finding in result.findings:
            assert MAX_CUTS >= sum(step.cut is not None for step in finding.history.steps)


@pytest.mark.parametrize("faults", MODELLED_FAULTS)
def test_cuts_stay_in_their_fault_model(faults: FaultModel) -> None:
    """Each cut of each history."""
    for result in runs(3, range(40), replace(WORLDS, faults=faults)):
        assert result.left_out is None
        for finding in result.findings:
            assert finding.claim_id != DIVERGENCE
            assert finding.history.weakest_model <= faults


def test_proper_usage_makes_no_call_out_of_order() -> None:
    """complete(1) alone, nothing refused, no esp_ota_set_boot_partition."""
    worlds = replace(WORLDS, usage=Usage.RESTART_AT_ONCE, faults=FaultModel.F3)
    for result in runs(4, range(60), worlds):
        for finding in result.findings:
            assert finding.claim_id != DIVERGENCE
            completes = [step for step in finding.history.steps if step.name is StepName.COMPLETE]
            assert {1} >= {step.argument for step in completes}
            assert StepName.SET_BOOT not in {step.name for step in finding.history.steps}


def test_bootloader_and_application_have_releases_of_their_own() -> None:
    """Older bootloaders under newer applications are drawn, and newer ones, with every option that is drawn."""
    configs = [draw_scope(Random(index), Worlds())[0] for index in range(600)]
    pairs = {(config.app_release, config.bootloader_release) for config in configs}
    assert {(app, bootloader) for app in Release for bootloader in Release} == pairs
    old_under_new = [c for c in configs if c.bootloader_release < c.app_release]
    assert any(c.anti_rollback and c.skip_validate_in_deep_sleep for c in old_under_new)


@pytest.mark.parametrize("bootloader_release", [Release.V4_4, Release.V5_5, Release.V6_2_DEV])
@pytest.mark.parametrize("app_release", [Release.V4_4, Release.V5_5, Release.V6_0, Release.V6_2_DEV])
def test_no_pair_of_releases_makes_board_and_model_diverge(app_release: Release, bootloader_release: Release) -> None:
    """With anti-rollback, and the fast path out of deep sleep where it is drawn."""
    worlds = Worlds(anti_rollback=True, app_version=app_release.point, bootloader_version=bootloader_release.point)
    for result in runs(11, range(3 * BLOCK), worlds):
        assert DIVERGENCE not in {finding.claim_id for finding in result.findings}


def test_shrunk_finding_breaks_its_claim_on_the_board_alone(results: list[RunResult]) -> None:
    """The replay, which does not ask the model, says the same; and no step can be left out."""
    for finding in found_by(results):
        small = shrunk(finding)
        assert len(small.history.steps) <= len(finding.history.steps)
        assert replay_history(small.history).breaks(small.claim_id) is not None
        steps = small.history.steps
        for number in range(len(steps)):
            fewer = replace(small.history, steps=steps[:number] + steps[number + 1 :])
            assert shortened(replace(small, history=fewer)) is None


def test_history_that_breaks_nothing_has_no_shorter_form(results: list[RunResult]) -> None:
    """A finding is never made up."""
    finding = found_by(results)[0]
    nothing = replace(finding, history=replace(finding.history, steps=(Step(StepName.RESET),)))
    assert shortened(nothing) is None
    assert nothing == shrunk(nothing)


def test_smaller_history_shows_the_divergence_that_it_began_with(monkeypatch: pytest.MonkeyPatch) -> None:
    """With two faults planted in the board, each history keeps its own, and it is there when the token is played."""
    monkeypatch.setattr(Bootloader, "_abort_pending", lambda self, otadata, entries: entries)
    monkeypatch.setattr(EspOta, "_invalidate_inactive_entry", lambda self: None)
    made = [finding for result in runs(2, range(30), WORLDS) for finding in result.findings]
    found = [finding for finding in made if finding.claim_id == DIVERGENCE]
    assert len({finding.cause for finding in found}) > 1
    for finding in found:
        small = shrunk(finding)
        assert finding.cause == small.cause
        assert len(small.history.steps) <= len(finding.history.steps)
        with pytest.raises(Divergence) as parted:
            list(play_in_lockstep(small.history, small.scope))
        assert small.cause == cause_in(small.history.steps[-1], parted.value)
        assert small.text == str(parted.value) == divergence_in(small.history)


def test_blocks_cover_every_run_once() -> None:
    """The last one is as short as it has to be."""
    work = list(blocks(1, 2 * BLOCK + 3, WORLDS))
    assert list(range(2 * BLOCK + 3)) == [index for block in work for index in range(block.first, block.past)]


def test_two_processes_find_what_one_finds() -> None:
    """Down to the tokens."""
    found = []
    for jobs in (1, 2):
        fuzz = Fuzz(5, WORLDS, Limits(2 * BLOCK), jobs)
        fuzz.run(lambda result: None)
        found.append((fuzz.findings.runs, list(fuzz.reported())))
    assert found[0] == found[1]
    assert 2 * BLOCK == found[0][0]


@pytest.mark.parametrize("jobs", [1, 2])
def test_interrupt_keeps_what_was_found(jobs: int) -> None:
    """The runs whose results have come count."""
    fuzz = Fuzz(5, WORLDS, Limits(40 * BLOCK), jobs)

    def interrupt(result: RunResult) -> None:
        if result.index == 2 * BLOCK - 1:
            raise KeyboardInterrupt

    fuzz.run(interrupt)
    assert (2 * BLOCK, "interrupted") == (fuzz.findings.runs, fuzz.ended_by)


def call(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    """Return exit code and output of the command."""
    code = main(["fuzz", *arguments])
    return code, capsys.readouterr().out


def as_json(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, dict[str, Any]]:
    """Return exit code and JSON output of the command."""
    code, output = call(capsys, "--json", *arguments)
    return code, json.loads(output)


def test_broken_claims_are_a_result_and_exit_code_1(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """ESP-IDF breaks some; each has a token that replays to it."""
    out = tmp_path / "findings.jsonl"
    code, report = as_json(capsys, "--seed", "5", "--runs", "60", "--out", str(out), *OPTIONS)
    assert (1, 0, 60, False) == (code, report["divergences"], report["runs"], report["interrupted"])
    assert report["findings"] == [json.loads(line) for line in out.read_text().splitlines()]
    for finding in report["findings"]:
        token = decode_history_token(finding["token"])
        assert finding["claim"] == token.shows
        assert main(["replay", finding["token"]]) == 1
    assert all(finding["confirmed"] for finding in report["findings"])


def test_output_is_the_same_every_time(capsys: pytest.CaptureFixture[str]) -> None:
    """But for the time it took."""
    outputs = [as_json(capsys, "--seed", "8", "--runs", "30")[1] for _ in range(2)]
    for output in outputs:
        del output["seconds"]
    assert outputs[0] == outputs[1]


def test_no_finding_is_exit_code_0(capsys: pytest.CaptureFixture[str]) -> None:
    """Documented calls, cuts that tear nothing, two slots, a few runs."""
    code, output = call(capsys, "--runs", "3", "--usage", "restart-at-once", "--faults", "F0", *OPTIONS[:-1], "6.1")
    assert 0 == code
    assert "0 violated claims" in output and "0 divergences of board and model" in " ".join(output.split())


def test_divergence_is_loud(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """A bootloader that does not abort: told first, with its token, and exit code 1."""
    monkeypatch.setattr(Bootloader, "_abort_pending", lambda self, otadata, entries: entries)
    code, output = call(capsys, "--runs", "40", *OPTIONS)
    assert 1 == code
    assert output.index("DIVERGENCE of board and model") < output.index(" violated (")
    assert "otaproof replay oth1." in output
    assert "1 divergence of board and model" in " ".join(output.split())


def test_minutes_end_the_runs(capsys: pytest.CaptureFixture[str]) -> None:
    """At the end of a block; what was made is told."""
    code, report = as_json(capsys, "--minutes", "0.001", *OPTIONS)
    assert code in (0, 1)
    assert 0 == report["runs"] % BLOCK and report["runs"] > 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--runs", "0"], "--runs: 0; want 1 or more"),
        (["--seed", "-1"], "--seed: -1; want 0 or more"),
        (["--minutes", "0"], "--minutes: 0.0; want more than 0"),
        (["--minutes", "nan"], "--minutes: nan; want more than 0"),
        (["--jobs", "0"], "--jobs: 0; want 1 … 1024"),
        (["--slots", "17"], "--slots: 17; want 1 … 16"),
        (["--versions", "5"], "--versions: 5; want 2 … 4"),
        (["--idf", "3.2"], "--idf: ESP-IDF 3.2 is older than 3.3, the oldest release whose rules are known"),
        (["--anti-rollback", "--no-rollback"], "--anti-rollback needs rollback"),
        (["--out", "/nowhere/file"], "--out: /nowhere is no directory"),
    ],
)
def test_bad_argument_is_one_line(arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 2, before any run."""
    assert 2 == main(["fuzz", *arguments])
    error = capsys.readouterr().err
    assert error.startswith(f"otaproof fuzz: {message}")
    assert 1 == error.count("\n")


def test_findings_stay_where_a_worker_dies_while_they_are_made_small(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was made small until then, the rest as it was found, and why."""
    fuzz = Fuzz(5, WORLDS, Limits(runs=2 * BLOCK))
    fuzz.run(lambda result: None)
    found = fuzz.findings.all()
    assert len(found) > 1

    def dies(finding: Finding) -> Finding:
        if finding is found[1]:
            raise WorkerDied
        return finding

    monkeypatch.setattr(fuzz_driver, "shrunk", dies)
    assert found == list(fuzz.reported())
    assert "killed" in fuzz.ended_by


def test_interrupt_while_findings_are_made_small_keeps_them(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is told, with exit code 3, and so it is where they are replayed."""
    _, whole = as_json(capsys, "--runs", "40", "--seed", "5", *OPTIONS)

    def interrupted(given: object) -> NoReturn:
        raise KeyboardInterrupt

    for module, name in ((fuzz_driver, "shrunk"), (fuzz_findings, "replay_history")):
        with monkeypatch.context() as patched:
            patched.setattr(module, name, interrupted)
            code, report = as_json(capsys, "--runs", "40", "--seed", "5", *OPTIONS)
        assert (3, True) == (code, report["interrupted"])
        assert [one["claim"] for one in whole["findings"]] == [one["claim"] for one in report["findings"]]


def test_nothing_is_made_small_after_an_interrupt(monkeypatch: pytest.MonkeyPatch) -> None:
    """That would take longer than whoever interrupts waits."""
    fuzz = Fuzz(5, WORLDS, Limits(runs=2 * BLOCK))
    fuzz.run(lambda result: None)
    fuzz.ended_by = "interrupted"
    monkeypatch.setattr(fuzz_driver, "shrunk", lambda finding: pytest.fail("is made small"))
    assert fuzz.findings.all() == list(fuzz.reported())


def test_interrupted_command_reports_and_has_exit_code_3(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was found so far, and that it is not all."""

    def interrupted(work: fuzz_driver.Work) -> list[RunResult]:
        if work.first == 2 * BLOCK:
            raise KeyboardInterrupt
        return real(work)

    real = fuzz_driver.run_block
    monkeypatch.setattr(fuzz_driver, "run_block", interrupted)
    code, output = call(capsys, "--runs", "1000", "--seed", "5", *OPTIONS)
    assert 3 == code
    assert "interrupted; partial results" in output
    assert "otaproof replay oth1." in output
