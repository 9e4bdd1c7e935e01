"""Which directories are recognised, and what is taken from each."""

import json
import re
from pathlib import Path

import pytest

from otaproof.errors import InputError
from otaproof.impl.image.format import build_image
from otaproof.impl.partitions.csv_format import parse_csv
from otaproof.impl.partitions.table import encode_table
from otaproof.model.config import Release
from otaproof.project.device_builder import build_device, image_size, table_of
from otaproof.project.doctor.diagnosis import diagnose
from otaproof.project.doctor.load import load_subject
from otaproof.project.image_evidence import ROLLBACK
from otaproof.project.inputs import Inputs
from otaproof.project.project import Project
from otaproof.project.recognise import recognise
from otaproof.project.resolve import resolve

CSV = "otadata,data,ota,0xd000,0x2000\nota_0,app,ota_0,0x10000,64K\nota_1,app,ota_1,,64K\n"
TABLE = encode_table(parse_csv(CSV.encode()))


def write(path: Path, contents: bytes | str) -> Path:
    """Return a file, written, and its directory."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(contents if isinstance(contents, bytes) else contents.encode())
    return path


def environment(directory: Path) -> Path:
    """Return what PlatformIO leaves for an environment."""
    write(directory / "firmware.bin", build_image())
    write(directory / "bootloader.bin", build_image())
    write(directory / "partitions.bin", TABLE)
    write(directory / "firmware.elf", b"\x7fELF")
    return directory


def arduino_build(directory: Path, sketch: str = "Blink") -> Path:
    """Return what Arduino exports for a board."""
    write(directory / f"{sketch}.ino.bin", build_image())
    write(directory / f"{sketch}.ino.bootloader.bin", build_image())
    write(directory / f"{sketch}.ino.merged.bin", build_image())
    write(directory / f"{sketch}.ino.partitions.bin", TABLE)
    return directory


def names(project: Project) -> tuple[str | None, ...]:
    """Return the names of application, bootloader and table."""
    return tuple(None if path is None else path.name for path in (project.running, project.bootloader, project.table))


RELEASE = ("firmware.bin", "bootloader.bin", "partitions.bin")
ARDUINO = ("Blink.ino.bin", "Blink.ino.bootloader.bin", "Blink.ino.partitions.bin")


def test_platformio_root_leads_to_its_only_environment(tmp_path: Path) -> None:
    """Where the application and the table were built; an environment of unit tests has neither."""
    write(tmp_path / "platformio.ini", "[env:esp32dev]\n")
    build = environment(tmp_path / ".pio/build/esp32dev")
    write(tmp_path / ".pio/build/native/program", b"\x7fELF")
    project = recognise(tmp_path)
    assert (build, "PlatformIO environment esp32dev", RELEASE) == (project.build, project.kind, names(project))
    assert project == recognise(build)


def test_several_environments_are_listed(tmp_path: Path) -> None:
    """In one line, each as it is to be named."""
    write(tmp_path / "platformio.ini", "")
    first, second = (environment(tmp_path / ".pio/build" / name) for name in ("one", "two"))
    with pytest.raises(InputError, match=re.escape(f"several environments of PlatformIO; name one: {first}, {second}")):
        recognise(tmp_path)


def test_options_of_an_environment_are_those_of_its_framework(tmp_path: Path) -> None:
    """sdkconfig.ENV, over sdkconfig.defaults; the table is the one that was built."""
    write(tmp_path / "platformio.ini", "")
    environment(tmp_path / ".pio/build/esp32dev")
    write(tmp_path / "sdkconfig.defaults", f"CONFIG_{ROLLBACK}=n\nCONFIG_BOOTLOADER_WDT_ENABLE=y\n")
    full = write(tmp_path / "sdkconfig.esp32dev", f"CONFIG_{ROLLBACK}=y\nCONFIG_PARTITION_TABLE_TWO_OTA=y\n")
    resolved = resolve(Inputs(tmp_path))
    assert (True, f"{full}:1") == (resolved.config.rollback, str(resolved.value(f"CONFIG_{ROLLBACK}").origin))
    assert ["otadata", "ota_0", "ota_1"] == [partition.label for partition in table_of(resolved)]


def test_project_of_two_tools_is_platformio_s_once_that_has_built_it(tmp_path: Path) -> None:
    """Before, idf.py's files are all there is."""
    write(tmp_path / "platformio.ini", "")
    write(tmp_path / "sdkconfig.defaults", "")
    assert "ESP-IDF project" == recognise(tmp_path).kind
    write(tmp_path / "platformio.ini", "[env:a]\nboard = esp32dev\n[env:b]\nboard = esp32-c3-devkitm-1\n")
    assert "ESP-IDF project" == recognise(tmp_path).kind
    environment(tmp_path / ".pio/build/esp32dev")
    assert "PlatformIO environment esp32dev" == recognise(tmp_path).kind


def test_platformio_project_that_was_never_built_says_how(tmp_path: Path) -> None:
    """Without an environment there is nothing to look at; platformio.ini of one is."""
    write(tmp_path / "platformio.ini", "[env]\nframework = arduino\n[env:uno]\nplatform = atmelavr\n")
    with pytest.raises(InputError, match=r"no environment for espressif32; name a build, or give --partitions$"):
        recognise(tmp_path)


def test_esphome_is_known_from_its_root_to_its_environment(tmp_path: Path) -> None:
    """Its generated project is one of PlatformIO."""
    write(tmp_path / "lamp.yaml", "esphome:\n")
    generated = tmp_path / ".esphome/build/lamp"
    write(generated / "platformio.ini", "")
    write(generated / "sdkconfig.lamp", f"CONFIG_{ROLLBACK}=y\n")
    build = environment(generated / ".pioenvs/lamp")
    found = [recognise(where) for where in (tmp_path, generated, build)]
    assert [RELEASE] * 3 == [names(project) for project in found]
    assert [build] * 3 == [project.build for project in found]
    assert resolve(Inputs(tmp_path)).config.rollback


def test_several_devices_of_esphome_are_listed(tmp_path: Path) -> None:
    """One directory of YAML often has many."""
    for name in ("lamp", "plug"):
        environment(tmp_path / f".esphome/build/{name}/.pioenvs/{name}")
    with pytest.raises(InputError, match=r"several devices of ESPHome; name one: .*build/lamp, .*build/plug$"):
        recognise(tmp_path)


def test_arduino_is_known_as_sketch_and_as_build(tmp_path: Path) -> None:
    """The sketch is called as its directory."""
    sketch = tmp_path / "Blink"
    write(sketch / "Blink.ino", "void setup() {}\n")
    build = arduino_build(sketch / "build/esp32.esp32.esp32")
    assert [ARDUINO, ARDUINO] == [names(recognise(where)) for where in (sketch, build)]
    assert (sketch, None) == (recognise(sketch).sources, recognise(build).sources)


def test_several_boards_of_a_sketch_are_listed(tmp_path: Path) -> None:
    """One build for each."""
    sketch = tmp_path / "Blink"
    write(sketch / "Blink.ino", "")
    for board in ("esp32.esp32.esp32", "esp32.esp32.esp32s3"):
        arduino_build(sketch / "build" / board)
    with pytest.raises(InputError, match=r"several builds of the sketch; name one: .*esp32, .*esp32s3$"):
        recognise(sketch)


def test_sdkconfig_beside_an_arduino_build_is_that_of_the_libraries(tmp_path: Path) -> None:
    """Rollback is as they were built; flash size and table are the sketch's."""
    build = arduino_build(tmp_path / "esp32.esp32.esp32")
    text = f"CONFIG_{ROLLBACK}=y\nCONFIG_ESPTOOLPY_FLASHSIZE_2MB=y\nCONFIG_PARTITION_TABLE_SINGLE_APP=y\n"
    write(build / "sdkconfig", text)
    resolved = resolve(Inputs(build))
    assert (True, None) == (resolved.config.rollback, resolved.flash_size)
    assert 2 == sum(partition.is_ota_slot for partition in table_of(resolved))


@pytest.mark.parametrize("table", ["partitions.bin", "partition-table.bin"])
def test_files_of_a_release_are_known_by_their_names(table: str, tmp_path: Path) -> None:
    """The application by the usual one, else as the only image that is none of the others."""
    write(tmp_path / "my-project.bin", build_image())
    write(tmp_path / "bootloader.bin", build_image())
    write(tmp_path / table, TABLE)
    assert ("my-project.bin", "bootloader.bin", table) == names(recognise(tmp_path))


def test_idf_build_leads_to_its_project(tmp_path: Path) -> None:
    """Whatever the build directory is called."""
    write(tmp_path / "sdkconfig", f"CONFIG_{ROLLBACK}=y\n")
    build = tmp_path / "build_s3"
    write(build / "app.bin", build_image())
    write(build / "project_description.json", json.dumps({"app_bin": "app.bin", "git_revision": "v5.5"}))
    project = recognise(build)
    assert (tmp_path, build / "app.bin", build) == (project.directory, project.running, project.build)
    assert resolve(Inputs(build)).config.rollback


def test_idf_build_without_its_project_has_the_options_of_the_build(tmp_path: Path) -> None:
    """As CI jobs keep it."""
    build = tmp_path / "artifact"
    write(build / "app.bin", build_image())
    write(build / "flasher_args.json", json.dumps({"app": {"file": "app.bin"}}))
    write(build / "config/sdkconfig.json", json.dumps({ROLLBACK: True, "IDF_TARGET": "esp32"}))
    write(build / "partition_table/partition-table.bin", TABLE)
    resolved = resolve(Inputs(build))
    assert (True, True) == (resolved.config.rollback, resolved.has_options)
    assert 3 == len(table_of(resolved))


def test_nothing_that_is_known_is_told_with_what_was_looked_for(tmp_path: Path) -> None:
    """In one line, tool by tool."""
    with pytest.raises(InputError) as error:
        recognise(tmp_path)
    line = str(error.value)
    assert all(tool in line for tool in ("ESP-IDF", "PlatformIO", "Arduino", "ESPHome", "release")) and "\n" not in line


def test_folder_of_a_release_is_an_update(tmp_path: Path) -> None:
    """And the one that runs."""
    first, second = environment(tmp_path / "v1"), environment(tmp_path / "v2")
    write(second / "firmware.bin", build_image(version="2.0.0", seed=2))
    world = build_device(resolve(Inputs(first, update=second)), 4096).world
    assert {"v1/firmware.bin", "v2/firmware.bin"} == {image.name for image in world.images}
    assert "v2/firmware.bin" == world.update.name
    with pytest.raises(InputError, match=r"nor firmware.bin or partitions.bin"):
        resolve(Inputs(first, update=tmp_path))


def test_images_of_a_size_are_made_for_a_table(tmp_path: Path) -> None:
    """A build is not needed to check a table."""
    table = write(tmp_path / "table.csv", CSV)
    world = build_device(resolve(Inputs(partitions=table, image_size="40K", chip="esp32s3")), 4096).world
    assert [40 << 10, 40 << 10] == [len(image.contents) for image in world.images]
    assert len({image.contents for image in world.images}) == 2


@pytest.mark.parametrize(("text", "size"), [("1.2M", 1258291), ("900k", 921600), ("65536", 65536)])
def test_size_of_an_image_is_written_as_in_a_table(text: str, size: int) -> None:
    """Or with a fraction."""
    assert size == image_size(text)


@pytest.mark.parametrize("text", ["banana", "", "1e9", "0", "-4K", "1G", "300M", "9" * 5000])
def test_size_that_is_none_is_refused(text: str) -> None:
    """In one short line."""
    with pytest.raises(InputError, match=r"^--image-size: .{0,30}; want a size such as 1.2M"):
        image_size(text)


def test_release_of_the_build_counts_where_no_image_tells(tmp_path: Path) -> None:
    """A build that was cleaned keeps its description."""
    write(tmp_path / "sdkconfig", "")
    write(tmp_path / "build/project_description.json", json.dumps({"git_revision": "v6.0.1"}))
    assert resolve(Inputs(tmp_path)).config.app_release is Release.V6_0


def test_name_that_no_file_system_takes_is_no_file(tmp_path: Path) -> None:
    """And not a crash."""
    name = "a" * 300
    lines = f'CONFIG_PARTITION_TABLE_CUSTOM=y\nCONFIG_PARTITION_TABLE_CUSTOM_FILENAME="{name}"\n'
    write(tmp_path / "sdkconfig", lines)
    with pytest.raises(InputError, match=r"no such file, but .*sdkconfig:2 names it"):
        table_of(resolve(Inputs(tmp_path)))


def test_directory_whose_options_are_all_in_fragments_is_a_project(tmp_path: Path) -> None:
    """The table that a fragment names lies in it."""
    write(tmp_path / "slots.csv", CSV)
    text = 'CONFIG_PARTITION_TABLE_CUSTOM=y\nCONFIG_PARTITION_TABLE_CUSTOM_FILENAME="slots.csv"\n'
    fragment = write(tmp_path / "boards/sdkconfig.ota", text)
    assert 3 == len(table_of(resolve(Inputs(tmp_path, fragments=(fragment,)))))


def test_default_flash_size_does_not_count_for_an_arduino_build(tmp_path: Path) -> None:
    """The sdkconfig of the libraries knows nothing of the sketch's board."""
    build = arduino_build(tmp_path / "board")
    write(build / "sdkconfig", f"CONFIG_{ROLLBACK}=y\n")
    large = parse_csv((CSV + "disk,data,fat,,3M\n").encode())
    write(build / "Blink.ino.partitions.bin", encode_table(large))
    found = {rule.id for rule, _ in diagnose(load_subject(Inputs(build))).found}
    assert "D52" not in found and "D20" in found
