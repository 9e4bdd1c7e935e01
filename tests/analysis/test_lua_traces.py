"""Histories as Lua scripts, played by `otaproof run` as their comments say."""

import json
import shlex
from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("lupa")

from otaproof.analysis.lua_trace import lua_files
from otaproof.campaign.history.history import History
from otaproof.campaign.history.known_case import KnownCase
from otaproof.campaign.history.known_cases import KNOWN_CASES, known_case
from otaproof.campaign.history.step import ACCEPT, COMPLETE, StepCut, StepFailure, StepName
from otaproof.cli.main import main
from otaproof.impl.chip.flash import FailureExtent
from otaproof.impl.chip.torn_operations import Torn
from otaproof.model.config import Config

NOT_ATOMIC = known_case("accept-is-not-atomic")


def written(history: History, claim_id: str, folder: Path) -> str:
    """Write a script and what it is run with; return the script."""
    files = dict(lua_files(history, claim_id, ["What happens."], "Made by a test.", f"test_{claim_id.lower()}.py"))
    for name, contents in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(contents)
    return files["trace.lua"].decode()


def commands(script: str) -> list[list[str]]:
    """Return the commands in the comment of a script."""
    lines = [line.removeprefix("--").strip() for line in script.splitlines()]
    return [shlex.split(line)[1:] for line in lines if line.startswith("otaproof run trace.lua")]


def is_playable(case: KnownCase) -> bool:
    """Tell whether `run` can play a case."""
    script = dict(lua_files(case.history, case.claim_id or "C1", [], "", "test.py"))["trace.lua"].decode()
    return bool(commands(script))


def only(history: History, name: StepName, **changes: object) -> History:
    """Return a history whose last step of that name is another."""
    at = max(number for number, step in enumerate(history.steps) if step.name is name)
    step = replace(history.steps[at], **changes)  # type: ignore[arg-type]
    return replace(history, steps=(*history.steps[:at], step, *history.steps[at + 1 :]))


@pytest.mark.parametrize("case", [case for case in KNOWN_CASES if is_playable(case)], ids=lambda case: case.name)
def test_run_comes_to_what_the_history_comes_to(
    case: KnownCase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With --cut, where the history has one: the same partition runs in the end, or none."""
    monkeypatch.chdir(tmp_path)
    play, *_ = commands(written(case.history, case.claim_id or "C1", tmp_path))
    main([*play, "--json"])
    outcome = json.loads(capsys.readouterr().out)["outcome"]
    assert case.running == outcome["running"]
    boots = sum(step.name is StepName.RESET for step in case.history.steps)
    assert boots == outcome["boots"]


@pytest.mark.parametrize(
    "name", ["accept-is-not-atomic", "trial-is-lost", "completed-twice", "accept-after-a-fallback", "table-with-a-gap"]
)
def test_sweep_of_the_script_finds_the_claim_that_the_history_breaks(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Under the fault model of the history."""
    monkeypatch.chdir(tmp_path)
    case = known_case(name)
    *_, sweep = commands(written(case.history, case.claim_id or "", tmp_path))
    assert "--sweep" in sweep
    assert 1 == main([*sweep, "--json"])
    verdicts = {claim["id"]: claim["verdict"] for claim in json.loads(capsys.readouterr().out)["sweep"]["claims"]}
    assert "violated" == verdicts[case.claim_id]


@pytest.mark.parametrize(
    ("history", "told"),
    [
        (known_case("both-records-lost").history, "the power fails 2 times, and --cut makes it fail once"),
        (known_case("same-slot-in-place").history, "esp_ota_set_boot_partition(running) is no call of otaupgrade"),
        (known_case("too-old-image-is-wiped").history, "the device has eFuse bits"),
        (
            only(NOT_ATOMIC.history, StepName.ACCEPT, cut=None, failures=(StepFailure(0, FailureExtent.ALL),)),
            "in accept(), operation 0 fails, all of it done",
        ),
        (
            replace(NOT_ATOMIC.history, device=replace(NOT_ATOMIC.history.device, config=Config(chip_revision=301))),
            "the device has chip_revision",
        ),
    ],
)
def test_what_run_cannot_play_is_told_in_the_comment(history: History, told: str, tmp_path: Path) -> None:
    """With the reason, and what plays it instead."""
    script = written(history, "C7", tmp_path)
    assert [] == commands(script)
    assert f"-- otaproof run cannot play it: {told}" in script
    assert "-- otaproof replay plays the token in test_c7.py." in script


def test_claims_of_histories_and_samples_are_told(tmp_path: Path) -> None:
    """The sweep judges no C13; its cuts of F2 are samples."""
    script = written(known_case("accept-before-the-first-boot").history, "C13", tmp_path)
    assert "-- It judges no C13: otaproof replay does, of the token in test_c13.py." in script
    script = written(known_case("torn-new-is-never-tested").history, "C4", tmp_path)
    assert "-- Cuts of F2 are sampled there, so this one may not be among them." in script


def test_text_that_complete_is_given_stays_one_value(tmp_path: Path) -> None:
    """Whatever it is, in a campaign that somebody else made."""
    steps = [
        replace(step, argument='"]] os.exit() --') if step == COMPLETE else step for step in NOT_ATOMIC.history.steps
    ]
    script = written(replace(NOT_ATOMIC.history, steps=(*steps[:5],)), "C7", tmp_path)
    (line,) = (line for line in script.splitlines() if "complete(" in line and not line.startswith("--"))
    assert line.startswith('  function() otaupgrade.complete("\\034\\093\\093\\032\\111')


def test_cut_in_the_bootloader_is_that_of_a_boot(tmp_path: Path) -> None:
    """Boots are counted among the calls of a run."""
    play, *_ = commands(written(known_case("trial-is-lost").history, "C4", tmp_path))
    assert "5:0:after" == play[play.index("--cut") + 1]
    cut = replace(ACCEPT, cut=StepCut(0, Torn.parse("before")))
    play, *_ = commands(written(only(NOT_ATOMIC.history, StepName.ACCEPT, cut=cut.cut), "C7", tmp_path))
    assert "6:0:before" == play[play.index("--cut") + 1]
