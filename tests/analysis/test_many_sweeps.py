"""The program behind `make sweeps`, on small images."""

from collections import Counter

import pytest

from otaproof.analysis import many_sweeps, upgrade_check
from otaproof.analysis.many_sweeps import Swept, SweptDevice, devices, row_of, sweep_of, total_of
from otaproof.analysis.model_verdicts import Proofs
from otaproof.analysis.shipped_verdicts import ModelVerdict
from otaproof.campaign.device_under_test import DeviceUnderTest
from otaproof.campaign.upgrade.upgrade_replay import Replay, replay
from otaproof.campaign.upgrade.upgrade_token import Token
from otaproof.model.config import Config, Release
from otaproof.model.writers import Updater

SMALL = 0x10000, 1_200


def swept(config: Config) -> Swept:
    """Sweep a small device with two slots."""
    return sweep_of(SMALL, SweptDevice("row", config))


def test_every_kind_is_there_once() -> None:
    """All releases, protections and libraries, in groups of a row each."""
    found = list(devices())
    assert len(found) == len({(one.config.app_release, one) for one in found}) == 207
    assert set(Release) == {one.config.app_release for one in found} == {one.config.bootloader_release for one in found}
    assert set(Updater) == {one.config.updater for one in found}
    assert {6, 15} == set(Counter(one.group for one in found).values())


@pytest.mark.parametrize("name", many_sweeps.PROTECTIONS)
def test_what_is_violated_is_refuted_by_the_model_too(name: str) -> None:
    """In the releases that such devices run."""
    found = [swept(one.config) for one in devices() if one.group == f"{name}, 2 slots"]
    assert all(one.is_complete and one.cuts > 100_000 and one.refuted for one in found)
    assert not any(one.on_board or one.unexplained for one in found)


def test_other_libraries_are_on_the_board_alone() -> None:
    """The device model has esp_ota_* as otaupgrade calls them."""
    found = swept(Config(updater=Updater.MICROPYTHON))
    assert found.on_board and not found.refuted and not found.unexplained


def test_a_proof_that_a_sweep_contradicts_is_unexplained(monkeypatch: pytest.MonkeyPatch) -> None:
    """So is one of the two wrong."""
    proved = dict.fromkeys((f"C{number}" for number in range(30)), ModelVerdict("proved", None, False, "k-induction"))
    monkeypatch.setattr(upgrade_check, "prove_for", lambda *_: Proofs("all proved", proved, is_shipped=True))
    found = swept(Config())
    assert found.unexplained and not found.refuted and not found.on_board


def test_a_device_of_the_model_without_a_verdict_is_unexplained(monkeypatch: pytest.MonkeyPatch) -> None:
    """Verdicts on each device with esp_ota_* ship; one that is missing is told, and not taken for another library."""
    monkeypatch.setattr(upgrade_check, "prove_for", lambda *_: "not shipped")
    found = swept(Config())
    assert found.unexplained and not found.refuted and not found.on_board


def test_a_replay_that_shows_nothing_is_unexplained(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sweep and the board do not agree then."""

    def keeping(token: Token, dut: DeviceUnderTest) -> Replay:
        played = replay(token, dut)
        return Replay(played.steps, played.cells, played.observation, is_claim_kept=True)

    monkeypatch.setattr(many_sweeps, "replay", keeping)
    assert swept(Config()).unexplained


def test_what_is_printed() -> None:
    """A row, and the total."""
    one = Swept(SweptDevice("rollback, 2 slots", Config()), 1_000_000, 40, True, ("C17", "C2"), ("C4",), ())
    assert "rollback, 2 slots                  2     2,000,000  C2 C4 C17" == row_of("rollback, 2 slots", [one, one])
    assert (
        "2,000,000 cut points of 2 devices: 80 distinct states, each played\n"
        "6 claims violated: 4 refuted by the device model as well, 2 on the\n"
        "board alone, as the model has not got the device, 0 unexplained"
    ) == total_of([one, one])
