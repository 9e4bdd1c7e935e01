"""A slot of no whole sectors, which generators before 5.3 take: what an update of such a device comes to."""

from pathlib import Path

import pytest

from otaproof.analysis.upgrade_check import check_upgrade
from otaproof.errors import InputError
from otaproof.model.claims.claims import Verdict
from otaproof.model.fault_model import FaultModel
from otaproof.model.writers import Updater
from otaproof.project.device_builder import DeviceToCheck, build_device
from otaproof.project.inputs import Inputs
from otaproof.project.resolve import resolve

CSV = "otadata,data,ota,0xd000,0x2000\napp0,app,ota_0,0x10000,0xf4240\napp1,app,ota_1,0x110000,0xf4240\n"


def device(folder: Path, updater: Updater | None) -> DeviceToCheck:
    """Return a device with such slots."""
    table = folder / "slots.csv"
    table.write_text(CSV, encoding="utf-8")
    return build_device(resolve(Inputs(partitions=table, image_size="60K", updater=updater, app_release="5.1")), 4096)


def test_update_is_played_as_one_that_erases_as_data_comes_where_nobody_says(tmp_path: Path) -> None:
    """And that is told, with the reason."""
    built = device(tmp_path, None)
    assert Updater.HTTPS_OTA is built.world.config.updater
    assert [
        "'app0' has 0xf4240 bytes, no whole sectors: esp_ota_begin without the size of the image cannot erase it"
    ] == [note for note in built.notes if "sectors" in note]
    report = check_upgrade(built.world, FaultModel.F0, seed=0, with_proofs=False)
    assert Verdict.HOLDS is next(result.verdict for result in report.claims if result.claim.id == "C1")


def test_update_that_erases_the_whole_slot_does_not_begin(tmp_path: Path) -> None:
    """One line says why, and what would."""
    world = device(tmp_path, Updater.ESP_IDF).world
    with pytest.raises(InputError, match=r"commence\(\): .*0xf4240 bytes, no whole sectors.*--updater esphome"):
        check_upgrade(world, FaultModel.F0, seed=0, with_proofs=False)
