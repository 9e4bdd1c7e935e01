"""The plainest form of a finding: it shows the same, and findings of one cause come to one form."""

from dataclasses import replace

import pytest

from otaproof.campaign.fuzz.findings import Finding, runs
from otaproof.campaign.fuzz.generator import Worlds
from otaproof.campaign.fuzz.plainest import outline, plainest
from otaproof.campaign.fuzz.shrink import shortened
from otaproof.campaign.history.history import History, SmallDevice, SmallImage, upgrade
from otaproof.campaign.history.history_replay import replay_history
from otaproof.campaign.history.step import ACCEPT, COMMENCE, POWER_ON, Step, StepCut, StepName
from otaproof.campaign.lockstep.lockstep import scope_of_device
from otaproof.impl.chip.torn_operations import Torn
from otaproof.impl.release_points import with_versions
from otaproof.model.config import Config, Release, ResetReason
from otaproof.model.fault_model import FaultModel

POWER_OFF = Step(StepName.POWER_OFF)
NOTE_LOST = StepCut(1, Torn.parse("bytes:0.777"))
"""Of the note of a try, after which no whole record of the new image is left."""


def finding(claim_id: str, device: SmallDevice, *steps: Step) -> Finding:
    """Return a finding on a device with four images."""
    images = tuple(SmallImage(seed=1 + number) for number in range(4))
    scope = scope_of_device(device, FaultModel.F3)
    return Finding(claim_id, scope, History(device, images, steps), 0)


OLD = with_versions(Config(rollback=True, skip_validate_in_deep_sleep=True), Release.V5_1.point, Release.V4_4.point)
HEAVY = finding(
    "C4",
    SmallDevice(OLD, (0, 1, 2, 3), True, (("factory", 0), ("ota_2", 1))),
    POWER_ON,
    *upgrade(2),
    POWER_OFF,
    Step(StepName.RESET, cut=NOTE_LOST),
    POWER_ON,
)
LIGHT = finding(
    "C4",
    SmallDevice(Config(rollback=True)),
    POWER_ON,
    *upgrade(1),
    Step(StepName.RESET, reason=ResetReason.PANIC, cut=NOTE_LOST),
    POWER_ON,
)


def test_device_calls_and_fault_become_plain() -> None:
    """Two slots, no factory, no option but rollback, one and the newest release; one write, a restart, no tear."""
    found = plainest(HEAVY)
    device = found.history.device
    assert (2, False, 1) == (len(device.slots), device.has_factory, len(device.holds))
    assert device.config.rollback and not device.config.skipped_validation
    assert {max(Release)} == {device.config.app_release, device.config.bootloader_release}
    assert FaultModel.F0 == found.history.weakest_model
    assert ("power_on()", "commence()", "write", "complete(1)") == outline(found.history)[:4]
    assert outline(found.history)[4].startswith(f"reset ({ResetReason.SOFTWARE.value}): cut in operation 0, after")


def test_findings_of_one_cause_have_one_outline() -> None:
    """However different they began."""
    assert outline(plainest(HEAVY).history) == outline(plainest(LIGHT).history)
    assert plainest(HEAVY).history.steps == plainest(plainest(HEAVY)).history.steps


@pytest.mark.parametrize("seed", [1, 2])
def test_plainest_form_shows_the_same_on_the_board_alone(seed: int) -> None:
    """The replay does not ask the model."""
    worlds = Worlds(slots=3, rollback=True, anti_rollback=False)
    found = {item.claim_id: item for result in runs(seed, range(20), worlds) for item in result.findings}
    assert found
    for item in found.values():
        plain = plainest(item)
        assert replay_history(plain.history).breaks(item.claim_id) is not None
        assert shortened(plain) == replace(plain, text=plain.text)
        assert len(plain.history.steps) <= len(item.history.steps)
        assert plain.history.weakest_model <= item.history.weakest_model


def test_what_is_needed_stays() -> None:
    """Without rollback the claim is another one's; a second slot is what the image comes from."""
    lost = finding(
        "C13", SmallDevice(Config(rollback=True)), POWER_ON, COMMENCE, *upgrade(1, argument=None)[1:], ACCEPT
    )
    found = plainest(lost)
    assert found.history.device.config.rollback == (found.history.device.config.rollback and True)
    assert ("power_on()", "commence()", "write", "complete()", "accept()") == outline(found.history)
