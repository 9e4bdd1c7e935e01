"""Uploads of Arduino and switches of otatool.py: model and board agree, and what they break is a theorem."""

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
from otaproof.model.claims.left_out import LEFT_OUT
from otaproof.model.config import Config, Release
from otaproof.model.device.action import Kind
from otaproof.model.device.allowance import Allowance
from otaproof.model.device.state import Ghost, Scope, Usage
from otaproof.model.device.stepper import stepper
from otaproof.model.fault_model import FaultModel
from otaproof.proofs.explicit.explorer import claims_of

RECORDS = frozenset({Allowance.OTHER_RECORDS})
CONFIG = Config(rollback=True, app_release=Release.V6_1, bootloader_release=Release.V6_1)
SCOPE = Scope(CONFIG, faults=FaultModel.F0, usage=Usage.RESTART_AT_ONCE, ghosts=frozenset(Ghost), allows=RECORDS)
UPLOADED = Step(StepName.UPLOAD, image=1)
SWITCHED = Step(StepName.OTATOOL, label="ota_1")
(ROW,) = (row for row in LEFT_OUT if row.allowance is Allowance.OTHER_RECORDS)


@pytest.mark.parametrize("claim_id", [claim.claim.id for claim in claims_of(SCOPE)])
def test_records_by_tools_break_what_their_row_says(claim_id: str) -> None:
    """No more and no less than without tools; the board confirms each trace."""
    trace = breaking_trace(SCOPE, claim_id)
    is_of_tools = trace is not None and breaking_trace(replace(SCOPE, allows=frozenset()), claim_id) is None
    assert is_of_tools is (claim_id in ROW.breaks)
    if trace is not None:
        assert confirm(SCOPE, trace, claim_id).is_confirmed


SCOPES = {
    "any usage": replace(SCOPE, usage=Usage.ANY),
    "anti-rollback": replace(SCOPE, config=replace(CONFIG, anti_rollback=True), versions=2),
    "factory": replace(SCOPE, config=Config(), has_factory=True),
    "three slots": replace(SCOPE, slots=3, config=Config()),
}


@pytest.mark.parametrize("name", SCOPES)
def test_board_goes_the_way_of_every_tool(name: str) -> None:
    """Each is taken at the end of a shortest trace."""
    scope = SCOPES[name]
    taken = first_takes(scope)
    tools = {action.name for action in stepper(scope).model.actions if action.kind is Kind.WRITER}
    assert len(tools) == scope.slots + (2 if name == "anti-rollback" else 1)
    for action in tools:
        assert confirm(scope, taken[action], "C1").divergence is None, action


def diverges() -> bool:
    """Tell whether random histories with these tools show a divergence."""
    worlds = Worlds(allows=RECORDS | {Allowance.OTHER_WRITERS})
    return any(finding.claim_id == DIVERGENCE for index in range(75) for finding in run(6, index, worlds).findings)


def test_the_board_as_it_is_does_not_diverge() -> None:
    """What the mutant below is measured against."""
    assert not diverges()


def test_otatool_that_takes_the_state_away_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """The model keeps the state word that it finds."""
    write = Player._write_record
    plain = Step(StepName.WRITE_RECORD).state
    monkeypatch.setattr(
        Player, "_write_record", lambda self, otadata, record: write(self, otadata, replace(record, state=plain))
    )
    assert diverges()


def test_token_keeps_tools_and_replay_tells_them() -> None:
    """The slot and the image."""
    with_tools = history_in(SCOPE, UPLOADED, SWITCHED, POWER_ON)
    token = HistoryToken("", StepOutcome.RETURNED, "ota_0", with_tools)
    assert token == decode_history_token(encode_history_token(token))
    texts = [step.text for step in replay_history(with_tools).steps]
    upload = "an upload by cable writes boot_app0.bin over otadata, and flashes image 1: ok"
    assert [upload, "otatool.py switches to ota_1: ok"] == texts[1:3]


def test_record_with_a_state_of_its_own_is_kept_by_a_token() -> None:
    """As NuttX and esp-hal write it."""
    record = Step(StepName.WRITE_RECORD, sector=1, seq=2, state=2)
    token = HistoryToken("", StepOutcome.RETURNED, "ota_0", history_in(SCOPE, record, POWER_ON))
    assert token == decode_history_token(encode_history_token(token))
    assert "another program writes a record of number 0x2, state VALID, into sector 1" == str(record)


def test_token_of_a_slot_that_is_missing_is_refused() -> None:
    """In one line."""
    token = HistoryToken("", StepOutcome.RETURNED, None, history_in(SCOPE, replace(SWITCHED, label="ota_7")))
    with pytest.raises(InputError):
        decode_history_token(encode_history_token(token))
