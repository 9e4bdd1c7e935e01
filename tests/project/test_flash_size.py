"""How large the flash is: one answer for `check` and `doctor`."""

import json
from pathlib import Path

import pytest
from bootloader_images import make_bootloader
from doctor_projects import TABLE

from otaproof.cli.main import main
from otaproof.model.config import Chip
from spec_generator.ship_it_page import PROJECT_FILES

OPTIONS = "CONFIG_PARTITION_TABLE_CUSTOM=y\n"
BEYOND_2_MB = TABLE + "disk, data, fat, , 2M\n"


def project(folder: Path, **files: str) -> Path:
    """Return a project with a table and options by default, and nothing built."""
    (folder / "CMakeLists.txt").write_text("include($ENV{IDF_PATH}/tools/cmake/project.cmake)\n")
    for name, text in files.items():
        (folder / name).write_text(text)
    return folder


def test_project_of_the_page_ship_it_like_this_has_no_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Its table and its options, as a reader takes them from the page, go together; and `check` plays it."""
    folder = str(project(tmp_path, **PROJECT_FILES))
    assert 0 == main(["doctor", folder, "--idf", "5.5", "--json"])
    report = json.loads(capsys.readouterr().out)
    assert [] == [found["rule"] for found in report["findings"] if found["severity"] == "error"]
    assert main(["check", folder, "--idf", "5.5", "--image-size", "40K", "--fast", "--json"]) in {0, 1}
    settings = {value["name"]: value["value"] for value in json.loads(capsys.readouterr().out)["settings"]}
    assert "4MB" == settings["CONFIG_ESPTOOLPY_FLASHSIZE"]


def test_size_that_nobody_chose_is_that_of_kconfig(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """idf.py takes 2 MB for a project whose defaults say nothing, and its build refuses a table beyond them."""
    files = {"partitions.csv": BEYOND_2_MB, "sdkconfig.defaults": OPTIONS}
    folder = str(project(tmp_path, **files))
    assert 1 == main(["doctor", folder, "--json"])
    found = json.loads(capsys.readouterr().out)["findings"]
    assert ["beyond the flash of 2 MB (Kconfig's default)"] == [
        finding["what"].split(", ")[1] for finding in found if finding["rule"] == "D52"
    ]
    assert 2 == main(["check", folder, "--image-size", "40K"])
    assert (
        "beyond the flash of 2 MB (Kconfig's default); choose CONFIG_ESPTOOLPY_FLASHSIZE_4MB" in capsys.readouterr().err
    )


def test_header_of_the_bootloader_goes_before_a_default(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An image tells what its build was configured for."""
    folder = project(tmp_path, **{"partitions.csv": BEYOND_2_MB, "sdkconfig.defaults": OPTIONS})
    bootloader = tmp_path / "bootloader.bin"
    bootloader.write_bytes(make_bootloader(Chip.ESP32, mebibytes=4))
    command = [str(folder), "--bootloader", str(bootloader)]
    main(["doctor", *command, "--json"])
    assert "D52" not in {found["rule"] for found in json.loads(capsys.readouterr().out)["findings"]}
    assert main(["check", *command, "--image-size", "40K", "--fast", "--json"]) in {0, 1}
    settings = {value["name"]: value["value"] for value in json.loads(capsys.readouterr().out)["settings"]}
    assert "4 MB" == settings["flash size"]
