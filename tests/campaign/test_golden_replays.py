"""Tokens that earlier versions printed still play and tell the same: kept texts, which no test makes anew.

What they call 6.1 is 6.1-beta1, and is called so now: the release does otherwise.
"""

import json
from typing import Any

import pytest

from otaproof.cli.main import main
from places import DATA

GOLDEN: list[dict[str, Any]] = json.loads((DATA / "golden_replays.json").read_text(encoding="utf-8"))
"""Each: the token, the exit code, and what `replay --json` printed, or the lines of `diff --replay` for a pair."""
PAIRS = [golden for golden in GOLDEN if "lines" in golden]
SINGLE = [golden for golden in GOLDEN if "replay" in golden]


def name_of(golden: dict[str, Any]) -> str:
    """Return the kind of a token and its first letters."""
    return str(golden["token"][:20])


def _step(step: dict[str, Any], kept: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of a step that the kept one has, as it has them; of its claims those that it names.

    There are more claims now, and C5 says that an accepted image starts, not only that no other does."""
    violated = [[item["claim"], item["text"]] for item in step["violated"]]
    step = {**step, "violated": [item for item in violated if item in kept.get("violated", [])]}
    return {name: step[name] for name in kept}


def test_every_kind_of_token_is_kept() -> None:
    """Upgrades, histories and pairs of histories."""
    assert {"otp1.", "oth1.", "otd1."} == {golden["token"][:5] for golden in GOLDEN}


@pytest.mark.parametrize("golden", SINGLE, ids=name_of)
def test_old_token_replays_as_it_did(golden: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    """Every step, every flash operation, every otadata entry, and the verdict."""
    assert golden["exit_code"] == main(["replay", "--json", golden["token"]])
    said, kept = json.loads(capsys.readouterr().out), golden["replay"]
    steps = zip(said["steps"], kept["steps"], strict=True)
    assert kept["steps"] == [_step(now, then) for now, then in steps]
    if said["kind"] == "history":
        names = ("shows", "confirmed", "outcome", "running")
        assert [kept[name] for name in names] == [said[name] for name in names]
    else:
        seen = (said["shows"], not said["confirmed"], said["running"], said["running_image"], said["then"])
        assert seen == (kept["claim"], kept["kept"], kept["booted"], kept["booted_image"], kept["then"])


@pytest.mark.parametrize("golden", PAIRS, ids=name_of)
def test_old_pair_of_histories_replays_as_it_did(golden: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    """Both boards, side by side."""
    assert golden["exit_code"] == main(["diff", "--replay", golden["token"]])
    assert " ".join(golden["lines"]).split() == capsys.readouterr().out.split()
