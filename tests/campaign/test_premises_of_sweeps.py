"""Each claim of a sweep says something: its premise is met by what sweeps observe, and not by all that they observe."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache

import pytest

from otaproof.campaign.device_under_test import DeviceUnderTest
from otaproof.campaign.history.history import History, SmallDevice, SmallImage
from otaproof.campaign.upgrade import sweep as sweep_module
from otaproof.campaign.upgrade.future_oracle import FutureOracle
from otaproof.campaign.upgrade.script import Scenario, first_step_of_interest, script_of
from otaproof.campaign.upgrade.uncut_run import play_script
from otaproof.model.claims.cut_claims import CUT_CLAIMS, CutClaim
from otaproof.model.claims.observation import Observation
from otaproof.model.config import Config
from otaproof.model.fault_model import FaultModel

BUILDS = (Config(), Config(rollback=True), Config(rollback=True, anti_rollback=True))
OF_EVERY_CUT = {"C3", "C10", "C19"}
"""A further upgrade is tried after each cut, and info() is asked of each image that starts. Without rollback nothing is
new or under test, so C24 speaks of every cut as well."""


def device(config: Config, version: int) -> DeviceUnderTest:
    """Return a device of secure version 0, and an update of that version."""
    made = History(SmallDevice(config), (SmallImage(1), SmallImage(2, secure_version=version))).dut
    return replace(made, update=made.images[1])


@cache
def observed(config: Config) -> tuple[Observation, ...]:
    """Return all that the sweeps of a device under F0 observe; there is no way back from an update of version 1."""
    seen: list[Observation] = []

    def note(observation: Observation, config: Config, claims: Sequence[CutClaim]) -> tuple[str, ...]:
        seen.append(observation)
        return ()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sweep_module, "broken_claims", note)
        for scenario, version in ((Scenario.UPGRADE, 1), (Scenario.ROLLBACK, 0)):
            dut = device(config, version)
            run = play_script(dut, script_of(scenario, dut))
            first = first_step_of_interest(scenario, dut)
            sweep_module.sweep(dut, run, FutureOracle(dut), FaultModel.F0, 0, first)
    return tuple(seen)


def cases() -> Iterator[tuple[Config, CutClaim]]:
    """Yield each claim with each build that it speaks of."""
    for config in BUILDS:
        for known in CUT_CLAIMS:
            if known.claim.applies_to(config):
                yield config, known


def name(case: object) -> str | None:
    """Name a part of a case."""
    if isinstance(case, Config):
        return f"rollback {case.rollback}, anti-rollback {case.anti_rollback}"
    return case.id if isinstance(case, CutClaim) else None


@pytest.mark.parametrize(("config", "known"), list(cases()), ids=name)
def test_premise_is_met_by_some_and_not_by_all(config: Config, known: CutClaim) -> None:
    """A claim whose premise any boot meets, or none, would say less than it seems to."""
    met = {known.is_due(observation) for observation in observed(config)}
    is_of_every_cut = known.id in OF_EVERY_CUT or (known.id == "C24" and not config.rollback)
    assert ({True} if is_of_every_cut else {True, False}) == met


@pytest.mark.parametrize("config", BUILDS, ids=name)
def test_what_is_said_of_every_cut_is_met_in_earnest(config: Config) -> None:
    """C3: the three calls have written; C10: an image not under test runs; C19: a record other than VALID decides."""
    seen = observed(config)
    calls = {after.call for after in seen if after.has_begun}
    states = {after.future.boot.state for after in seen if after.future.boot.deciding is not None}
    assert {"commence", "write", "complete"} <= calls
    assert {"valid", "testing" if config.rollback else "undefined"} <= states
    assert any(not after.future.boot.is_under_test for after in seen)


def test_rollback_restarts_and_refuses() -> None:
    """C6 and C22: both ends of rollback() are seen, and a rollback() that has been."""
    seen = observed(BUILDS[1])
    errors = {after.future.rollback.error for after in seen if after.future.rollback is not None}
    assert {None, "no other firmware to roll back to"} == errors
    assert any(after.is_rolled_back for after in seen)


def test_old_image_is_there_when_the_version_is_burned() -> None:
    """C8: the image of version 0 lies on the device that has burned version 1."""
    assert any(after.efuse_before == 1 and "ota_0" in after.finished for after in observed(BUILDS[2]))


def test_try_is_noted_and_not_made() -> None:
    """C4 and C17: of a marked image, the try still to come, the try noted before the image ran, and the try made."""
    tried = {(after.call, after.is_tried, after.is_between_calls) for after in observed(BUILDS[1]) if after.is_marked}
    assert {("complete", False, True), ("power_on", True, False), ("power_on", True, True)} <= tried
