"""Findings of claims about what a step does: the history that the model ends before it goes on with it on the board."""

from dataclasses import replace

import pytest

from otaproof.analysis.fuzz_findings import confirmed
from otaproof.campaign.fuzz.findings import Finding
from otaproof.campaign.fuzz.next_effect import played_on
from otaproof.campaign.history.history import IMAGE_SIZE, History, SmallDevice, SmallImage, upgrade
from otaproof.campaign.history.history_replay import replay_history
from otaproof.campaign.history.step import ACCEPT, COMMENCE, POWER_ON, Step, StepName
from otaproof.campaign.lockstep.lockstep import Lockstep, scope_of_device
from otaproof.impl.chip.torn_operations import TornKind
from otaproof.model.config import Config, Release, ResetReason
from otaproof.model.fault_model import FaultModel

RESTART = Step(StepName.RESET, ResetReason.SOFTWARE)
CONFIG = Config(rollback=True, app_release=Release.V5_5, bootloader_release=Release.V5_5)
IMAGES = (SmallImage(1), SmallImage(2))
ACCEPTED = (POWER_ON, *upgrade(1), RESTART, ACCEPT)


def finding_of(slots: int, *steps: Step) -> Finding:
    """Return the finding of a history that ends where the model first breaks C21."""
    device = SmallDevice(CONFIG, tuple(range(slots)), False, (("ota_0", 0),))
    history = History(device, IMAGES).then(*steps)
    scope = scope_of_device(device, FaultModel.F3)
    lockstep = Lockstep(replace(history, steps=()), scope)
    assert ["C21" in lockstep.step(step) for step in history.steps] == [*(False for _ in steps[1:]), True]
    assert replay_history(history).breaks("C21") is None
    return Finding("C21", scope, history, 0)


def test_cut_that_the_call_can_have_is_made() -> None:
    """commence() erases the spare record, and what the erase leaves of it can name another slot with a right check."""
    found = confirmed(finding_of(4, *ACCEPTED, COMMENCE))
    assert found.is_confirmed and "commence() makes ota_0 boot; before it was ota_1" == found.broken_by
    cut = found.finding.history.steps[-1].cut
    assert cut is not None and cut.torn is not None and TornKind.MASK is cut.torn.kind
    assert FaultModel.F3 is cut.weakest_model


def test_upgrade_writes_on() -> None:
    """The image that is whole then lies in a slot that a record of another image has marked."""
    gone = Step(StepName.ERASE_LAST_BOOT)
    resumed = Step(StepName.RESUME, offset=0)
    part = Step(StepName.WRITE, image=1, offset=0, length=433)
    found = confirmed(finding_of(2, POWER_ON, *upgrade(1), RESTART, gone, resumed, part))
    assert found.is_confirmed
    last = found.finding.history.steps[-1]
    assert (StepName.WRITE, 433, IMAGE_SIZE - 433) == (last.name, last.offset, last.length)


@pytest.mark.parametrize("change", [{"claim_id": "C4"}, {"is_on_board": True}])
def test_other_findings_end_where_they_end(change: dict[str, object]) -> None:
    """Claims about states are broken in one; of the board alone the model says nothing."""
    finding = finding_of(4, *ACCEPTED, COMMENCE)
    assert played_on(replace(finding, **change)) is None  # type: ignore[arg-type]  # of the fields
