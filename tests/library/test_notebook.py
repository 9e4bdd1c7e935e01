"""The notebook of the examples runs to its end, and shows what it says."""

import importlib.util
from typing import Any

import pytest

from otaproof.campaign.history.history_replay import replay_history
from otaproof.campaign.history.history_token import decode_history_token
from places import ROOT

NOTEBOOK = ROOT / "examples/notebook/lost_update.py"


@pytest.fixture(scope="module")
def ran() -> tuple[tuple[Any, ...], dict[str, Any]]:
    """What each cell shows, and the names that they define."""
    pytest.importorskip("marimo")
    spec = importlib.util.spec_from_file_location("lost_update_notebook", NOTEBOOK)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    outputs, names = module.app.run()
    return outputs, dict(names)


@pytest.mark.thorough
def test_every_part_is_shown_with_its_pictures(ran: tuple[tuple[Any, ...], dict[str, Any]]) -> None:
    """The model, the proof, the counterexample, the cut, the remedy, a claim of one's own; three of them drawn."""
    shown = [output.text for output in ran[0] if output is not None]
    parts = ("The model", "The proof", "The counterexample", "The cut", "The remedy", "A claim of your own")
    assert len(parts) == len(shown)
    assert all(f">{part}</h2>" in text for part, text in zip(parts, shown, strict=True))
    assert [True, False, True, True, False, False] == ["<svg" in text for text in shown]


def test_verdicts_are_those_that_the_text_speaks_of(ran: tuple[tuple[Any, ...], dict[str, Any]]) -> None:
    """C1 is proved, C17 refuted, and proved with the patch."""
    names = ran[1]
    assert ["proved", "refuted"] == [claim.verdict for claim in names["proof"].claims]
    assert "proved" == names["mended"].claims["C17"].verdict
    assert "refuted" == names["own_proof"].claims["X1"].verdict


def test_cut_that_is_found_loses_the_update_and_the_patch_mends_it(ran: tuple[tuple[Any, ...], dict[str, Any]]) -> None:
    """The board plays its token: the old image runs, and no record speaks of the new one."""
    names = ran[1]
    played = replay_history(decode_history_token(names["lost"]).history)
    assert "ota_0" == played.running and played.breaks("C17") is not None
    assert (None, True) == (names["found"], names["decided"].cuts > 0)
