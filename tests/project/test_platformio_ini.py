"""What platformio.ini says of a project that was not built yet."""

from pathlib import Path

import pytest

from otaproof.errors import InputError
from otaproof.model.config import Chip
from otaproof.model.writers import Updater
from otaproof.project.device_builder import table_of
from otaproof.project.inputs import Inputs
from otaproof.project.platformio_ini import read_platformio
from otaproof.project.project_files import ProjectFiles
from otaproof.project.resolve import Resolved, resolve

CSV = "otadata,data,ota,0xe000,0x2000\napp0,app,ota_0,0x10000,1M\napp1,app,ota_1,,1M\n"
NODE = "[env:node]\nplatform = espressif32\nboard = esp32-s3-devkitc-1\n"

CHOSEN = "CONFIG_ESPTOOLPY_FLASHSIZE"


def project(folder: Path, ini: str, **files: str) -> Path:
    """Return a directory with that platformio.ini and other files."""
    for name, text in {"platformio.ini": ini, "slots.csv": CSV, **files}.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def resolved(folder: Path, ini: str, **files: str) -> Resolved:
    """Return what is meant by it."""
    return resolve(Inputs(project(folder, ini, **files)))


def test_framework_table_flash_and_chip_are_read(tmp_path: Path) -> None:
    """Each value says where it is from."""
    ini = f"{NODE}framework = arduino\nboard_build.partitions = slots.csv\nboard_upload.flash_size = 8MB\n"
    found = resolved(tmp_path, ini)
    assert (Updater.ARDUINO, Chip.ESP32S3, (8 << 20, CHOSEN)) == (
        found.config.updater,
        found.config.chip,
        found.flash_size,
    )
    assert ["otadata", "app0", "app1"] == [partition.label for partition in table_of(found)]
    assert f"{tmp_path}/platformio.ini [env:node] board" == found.value("CONFIG_IDF_TARGET").origin.text
    assert not found.has_options


@pytest.mark.parametrize(
    ("framework", "options", "rollback"),
    [
        ("arduino", {}, True),
        ("espidf", {}, False),
        ("arduino, espidf", {}, False),
        ("arduino", {"sdkconfig": 'CONFIG_IDF_TARGET="esp32s3"\n'}, False),
    ],
)
def test_published_libraries_of_arduino_have_rollback(
    framework: str, options: dict[str, str], rollback: bool, tmp_path: Path
) -> None:
    """Where a project builds them itself, its options decide; an argument goes over both."""
    ini = f"{NODE}framework = {framework}\nboard_build.partitions = slots.csv\n"
    assert rollback is resolved(tmp_path, ini, **options).config.rollback
    assert not resolve(Inputs(tmp_path, rollback=False)).config.rollback


@pytest.mark.parametrize(
    ("board", "chip"),
    [
        ("esp32dev", "esp32"),
        ("esp32cam", "esp32"),
        ("esp32s3box", "esp32s3"),
        ("seeed_xiao_esp32c3", "esp32c3"),
        ("esp32-c61-devkitc1", "esp32c61"),
        ("esp32-h21-devkit", None),
        ("heltec_wifi_lora_32_V3", None),
    ],
)
def test_chip_is_told_by_the_name_of_the_board_that_has_it(board: str, chip: str | None, tmp_path: Path) -> None:
    """Else it is assumed, and said to be."""
    found = resolved(tmp_path, f"[env:node]\nboard = {board}\nboard_build.partitions = slots.csv\n")
    value = found.value("CONFIG_IDF_TARGET")
    assert (chip or "esp32", chip is None) == (value.value, value.origin.assumed)


def test_options_of_esp_idf_are_read_beside_it(tmp_path: Path) -> None:
    """Its framework is ESP-IDF; flash is as PlatformIO writes it, and an argument goes over both."""
    ini = f"{NODE}framework = espidf\nboard_upload.flash_size = 16MB\nboard_build.partitions = slots.csv\n"
    options = {"sdkconfig.defaults": "CONFIG_BOOTLOADER_APP_ROLLBACK_ENABLE=y\nCONFIG_ESPTOOLPY_FLASHSIZE_4MB=y\n"}
    found = resolved(tmp_path, ini, **options)
    assert (True, Updater.ESP_IDF, (16 << 20, CHOSEN)) == (
        found.config.rollback,
        found.config.updater,
        found.flash_size,
    )
    assert (4 << 20, CHOSEN) == resolve(Inputs(tmp_path, flash_size="4MB")).flash_size
    assert 3 == len(table_of(found))


def test_own_sdkconfig_of_the_environment_goes_before_the_other(tmp_path: Path) -> None:
    """As PlatformIO names it."""
    on, off = "CONFIG_BOOTLOADER_APP_ROLLBACK_ENABLE=y\n", "# CONFIG_BOOTLOADER_APP_ROLLBACK_ENABLE is not set\n"
    ini = f"{NODE}framework = espidf\nboard_build.partitions = slots.csv\n"
    assert resolved(tmp_path, ini, **{"sdkconfig.node": on, "sdkconfig": off}).config.rollback


@pytest.mark.parametrize(
    "ini",
    [
        "[env]\nboard_build.partitions = slots.csv\n" + NODE,
        "[common]\ntable = slots.csv\n" + NODE + "board_build.partitions = ${common.table} ; ours\n",
        "[base]\nboard_build.partitions = slots.csv\n" + NODE + "extends = base\n",
        "[base]\nextends = env:node\nboard_build.partitions = slots.csv\n" + NODE + "extends = base, base\n",
        "[platformio]\ndefault_envs = node\n"
        + NODE
        + "board_build.partitions = slots.csv\n[env:x]\nboard = esp32dev\n",
        NODE + "board_build.partitions = slots.csv\n[env:host]\nplatform = native\n",
    ],
)
def test_value_is_found_wherever_platformio_takes_it_from(ini: str, tmp_path: Path) -> None:
    """The common section, a reference, what is extended, the default environment, the only one for this family."""
    assert tmp_path / "slots.csv" == read_platformio(ProjectFiles(project(tmp_path, ini))).table


def test_environments_lie_in_further_files_too(tmp_path: Path) -> None:
    """As extra_configs names them; one that leads out of the project is passed over."""
    base = {"base.ini": "[base]\nframework = arduino\nboard_build.partitions = slots.csv\n"}
    ini = "[platformio]\nextra_configs =\n  *.ini\n  ../*.ini\n  /etc/*.ini\n" + NODE + "extends = base\n"
    (tmp_path / "in").mkdir()
    (tmp_path / "out.ini").write_text("[env:other]\nboard = esp32dev\n", encoding="utf-8")
    found = resolved(tmp_path / "in", ini, **base)
    assert (Updater.ARDUINO, 3) == (found.config.updater, len(table_of(found)))


@pytest.mark.parametrize(
    ("ini", "told"),
    [
        (NODE + "framework = arduino\n", "without board_build.partitions the board chooses a table"),
        (NODE + "board_build.partitions = min_spiffs.csv\n", "min_spiffs.csv here; give the table with --partitions"),
        (NODE + "extends = base_of_another_file\n", "without board_build.partitions env:node and no framework"),
        (NODE + "[env:b]\nboard = esp32dev\n", "environments that differ in board: node, b; build one"),
        ("".join(f"[env:e{number}]\nboard = b{number}\n" for number in range(9)), "e0, e1, e2, e3, e4 and 4 more;"),
        ("[env:node\n", "correct it, or give --partitions"),
        (NODE + "board_build.partitions = ${a.b}\n[a]\nb = ${a.b}${a.b}\n", "board_build.partitions: no "),
    ],
)
def test_what_is_missing_is_one_line(ini: str, told: str, tmp_path: Path) -> None:
    """And names what to do."""
    with pytest.raises(InputError) as refused:
        table_of(resolved(tmp_path, ini))
    assert told in str(refused.value)
    assert "\n" not in str(refused.value)
