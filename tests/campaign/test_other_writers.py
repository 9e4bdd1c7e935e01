"""Tools that blank otadata or flash a slot: model and board agree, and what they break is a theorem."""

from dataclasses import replace

import pytest
from model_traces import breaking_trace, first_takes, history_in

from otaproof.campaign.fuzz.findings import DIVERGENCE, run
from otaproof.campaign.fuzz.generator import Worlds
from otaproof.campaign.history.history_replay import replay_history
from otaproof.campaign.history.history_token import HistoryToken, decode_history_token, encode_history_token
from otaproof.campaign.history.player import Player, StepOutcome
from otaproof.campaign.history.step import POWER_ON, Step, StepName
from otaproof.campaign.lockstep.trace_replay import confirm
from otaproof.errors import InputError
from otaproof.model.claims.left_out import LEFT_OUT, left_out
from otaproof.model.config import Config, Release
from otaproof.model.device.action import Kind
from otaproof.model.device.allowance import Allowance
from otaproof.model.device.state import Ghost, Scope, Usage
from otaproof.model.device.stepper import stepper
from otaproof.model.fault_model import FaultModel

WRITERS = frozenset({Allowance.OTHER_WRITERS})
CONFIG = Config(rollback=True, app_release=Release.V6_1, bootloader_release=Release.V6_1)
SCOPE = Scope(CONFIG, faults=FaultModel.F0, usage=Usage.RESTART_AT_ONCE, ghosts=frozenset(Ghost), allows=WRITERS)
BLANKED = Step(StepName.BLANK_OTADATA)
FLASHED = Step(StepName.FLASH_SLOT, image=1, label="ota_1")


BROKEN = ("C2", "C13")


@pytest.mark.parametrize("claim_id", BROKEN)
def test_blank_otadata_breaks_what_holds_without_tools(claim_id: str) -> None:
    """The first slot starts and is called valid, though its download never finished; the board confirms it."""
    assert breaking_trace(replace(SCOPE, allows=frozenset()), claim_id) is None
    trace = breaking_trace(SCOPE, claim_id)
    assert trace is not None
    assert "tool_blanks_otadata" in trace
    assert confirm(SCOPE, trace, claim_id).is_confirmed


def test_what_is_left_out_says_what_it_breaks() -> None:
    """No more and no less than the theorems above; where it is allowed, it is not left out."""
    (row,) = (row for row in LEFT_OUT if row.allowance is Allowance.OTHER_WRITERS)
    assert BROKEN == row.breaks
    assert row in list(left_out(FaultModel.F3, Usage.ANY))
    assert row not in list(left_out(FaultModel.F3, Usage.ANY, WRITERS))


SCOPES = {
    "any usage": replace(SCOPE, usage=Usage.ANY),
    "anti-rollback": replace(SCOPE, config=replace(CONFIG, anti_rollback=True), usage=Usage.ANY, versions=2),
    "factory": replace(SCOPE, config=Config(), has_factory=True),
}


@pytest.mark.parametrize("name", SCOPES)
def test_board_goes_the_way_of_every_tool(name: str) -> None:
    """Each is taken at the end of a shortest trace."""
    taken = first_takes(SCOPES[name])
    tools = {action.name for action in stepper(SCOPES[name]).model.actions if action.kind is Kind.WRITER}
    assert len(tools) == 1 + 2 * (2 if name == "anti-rollback" else 1)
    for action in tools:
        assert confirm(SCOPES[name], taken[action], "C1").divergence is None, action


def diverges() -> bool:
    """Tell whether random histories with tools show a divergence."""
    worlds = Worlds(allows=WRITERS)
    return any(finding.claim_id == DIVERGENCE for index in range(75) for finding in run(6, index, worlds).findings)


def test_the_board_as_it_is_does_not_diverge() -> None:
    """What the mutant below is measured against."""
    assert not diverges()


def test_tool_that_writes_nothing_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """Board and model part at its first use."""
    monkeypatch.setattr(Player, "_use_tool", lambda self, step: setattr(self, "app", None))
    assert diverges()


def test_token_keeps_tools_and_replay_tells_them() -> None:
    """The slot and the image."""
    with_tools = history_in(SCOPE, BLANKED, FLASHED, POWER_ON)
    token = HistoryToken("", StepOutcome.RETURNED, "ota_0", with_tools)
    assert token == decode_history_token(encode_history_token(token))
    texts = [step.text for step in replay_history(with_tools).steps]
    assert ["a tool blanks otadata: ok", "a tool flashes ota_1 with image 1: ok"] == texts[1:3]


def test_token_of_a_slot_that_is_missing_is_refused() -> None:
    """In one line."""
    token = HistoryToken("", StepOutcome.RETURNED, None, history_in(SCOPE, replace(FLASHED, label="ota_7")))
    with pytest.raises(InputError):
        decode_history_token(encode_history_token(token))
