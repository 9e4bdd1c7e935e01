"""What a project directory is taken for. Expected layouts are those that gen_esp32part.py makes of ESP-IDF's tables."""

import json
import re
from pathlib import Path

import pytest

from otaproof.errors import InputError
from otaproof.impl.image.format import build_image
from otaproof.impl.partitions.csv_format import CsvPlaces
from otaproof.impl.partitions.partition import Partition
from otaproof.impl.partitions.table import encode_table
from otaproof.model.config import Release
from otaproof.project.inputs import Inputs
from otaproof.project.project import Project, project_table, stale_table_note
from otaproof.project.recognise import recognise
from otaproof.project.resolve import resolve
from otaproof.project.sdkconfig import Sdkconfig
from otaproof.project.settings import Settings
from places import REAL

CSV = "otadata,data,ota,,0x2000\nota_0,app,ota_0,,1M\nota_1,app,ota_1,,1M\n"
EXAMPLES = REAL / "idf"


def make_project(directory: Path, *lines: str) -> Path:
    """Return the directory, with an sdkconfig of these lines in it."""
    write(directory, "sdkconfig", "\n".join(lines) + "\n")
    return directory


def write(directory: Path, name: str, contents: bytes | str) -> Path:
    """Return a file of the directory, written."""
    path = directory / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(contents if isinstance(contents, bytes) else contents.encode())
    return path


def raw(project: Project, name: str) -> tuple[str, str]:
    """Return an option's value, and the file that gave it."""
    option = options_of(project).options[name]
    return option.raw, Path(option.place.rpartition(":")[0]).name


def options_of(project: Project) -> Sdkconfig:
    """Return what the project's files of options say."""
    return Sdkconfig().overlaid(*(file.sdkconfig for file in project.option_files))


def settings_of(project: Project) -> Settings:
    """Return what the project's options mean."""
    return resolve(Inputs(project.directory)).settings


def places(table: tuple[Partition, ...]) -> list[tuple[str, int, int]]:
    """Return label, offset and size of each partition."""
    return [(partition.label, partition.offset, partition.size) for partition in table]


def table_of(project: Project) -> tuple[Partition, ...]:
    """Return the partition table that the project asks for."""
    resolved = resolve(Inputs(project.directory))
    return project_table(project, resolved.settings.table, resolved.places)


def test_directory_without_sdkconfig_is_no_project(tmp_path: Path) -> None:
    """A slip in the path, most often."""
    with pytest.raises(InputError, match=re.escape(f"{tmp_path}: neither sdkconfig nor sdkconfig.defaults")):
        recognise(tmp_path)


def test_missing_directory_is_named(tmp_path: Path) -> None:
    """And what is wanted."""
    with pytest.raises(InputError, match=r"nowhere: no such file or directory; name a project, a build or a dump"):
        recognise(tmp_path / "nowhere")


def test_sdkconfig_overrules_defaults_of_target_overrule_common_defaults(tmp_path: Path) -> None:
    """The order in which idf.py reads them."""
    write(tmp_path, "sdkconfig.defaults", 'CONFIG_IDF_TARGET="esp32s3"\nCONFIG_A=y\nCONFIG_B=y\nCONFIG_C=y\n')
    write(tmp_path, "sdkconfig.defaults.esp32s3", "CONFIG_B=n\nCONFIG_C=n\n")
    write(tmp_path, "sdkconfig", "# CONFIG_C is not set\nCONFIG_D=y\n")
    project = recognise(tmp_path)
    assert [
        ("y", "sdkconfig.defaults"),
        ("n", "sdkconfig.defaults.esp32s3"),
        ("n", "sdkconfig"),
        ("y", "sdkconfig"),
    ] == [raw(project, name) for name in "ABCD"]


def test_chosen_image_settles_which_of_several_runs(tmp_path: Path) -> None:
    """The advice that the error gives helps."""
    write(tmp_path, "sdkconfig", "CONFIG_A=y\n")
    first, second = (write(tmp_path, f"build/{name}.bin", b"\xe9" * 64) for name in ("a", "b"))
    with pytest.raises(InputError, match="choose one with --running"):
        recognise(tmp_path)
    assert [first, second] == [recognise(tmp_path, running).running for running in (first, second)]


def test_defaults_of_another_target_are_not_read(tmp_path: Path) -> None:
    """The sdkconfig names the target."""
    write(tmp_path, "sdkconfig.defaults", "CONFIG_A=y\n")
    write(tmp_path, "sdkconfig.defaults.esp32", "CONFIG_A=n\n")
    write(tmp_path, "sdkconfig", 'CONFIG_IDF_TARGET="esp32c3"\n')
    assert ("y", "sdkconfig.defaults") == raw(recognise(tmp_path), "A")


def test_defaults_alone_are_a_project(tmp_path: Path) -> None:
    """One that was never built."""
    write(tmp_path, "sdkconfig.defaults", "CONFIG_A=y\n")
    write(tmp_path, "sdkconfig.defaults.esp32", "CONFIG_A=n\n")
    assert ("n", "sdkconfig.defaults.esp32") == raw(recognise(tmp_path), "A")


def test_empty_sdkconfig_is_one(tmp_path: Path) -> None:
    """Everything is at its default then."""
    assert Sdkconfig() == options_of(recognise(make_project(tmp_path)))


def test_sdkconfig_that_is_no_text_is_an_error_at_its_line(tmp_path: Path) -> None:
    """File, line and byte."""
    write(tmp_path, "sdkconfig", b"CONFIG_A=y\n\xff\xfe")
    with pytest.raises(InputError, match=r"sdkconfig:2: byte 0xff is no UTF-8"):
        recognise(tmp_path)


@pytest.mark.parametrize(
    ("option", "expected"),
    [
        ("SINGLE_APP", [("nvs", 0x9000, 0x6000), ("phy_init", 0xF000, 0x1000), ("factory", 0x10000, 0x100000)]),
        ("SINGLE_APP_LARGE", [("nvs", 0x9000, 0x6000), ("phy_init", 0xF000, 0x1000), ("factory", 0x10000, 0x177000)]),
        (
            "TWO_OTA",
            [
                ("nvs", 0x9000, 0x4000),
                ("otadata", 0xD000, 0x2000),
                ("phy_init", 0xF000, 0x1000),
                ("factory", 0x10000, 0x100000),
                ("ota_0", 0x110000, 0x100000),
                ("ota_1", 0x210000, 0x100000),
            ],
        ),
        (
            "TWO_OTA_LARGE",
            [
                ("nvs", 0x9000, 0x6000),
                ("otadata", 0xF000, 0x2000),
                ("phy_init", 0x11000, 0x1000),
                ("ota_0", 0x20000, 0x1A9000),
                ("ota_1", 0x1D0000, 0x1A9000),
            ],
        ),
    ],
)
def test_table_of_esp_idf_has_esp_idf_s_layout(
    tmp_path: Path, option: str, expected: list[tuple[str, int, int]]
) -> None:
    """Offsets and sizes as in the table that the build prints."""
    assert expected == places(table_of(recognise(make_project(tmp_path, f"CONFIG_PARTITION_TABLE_{option}=y"))))


def test_core_dumps_in_flash_add_a_partition(tmp_path: Path) -> None:
    """Between factory and ota_0, which moves to the next 64 KiB."""
    project = recognise(
        make_project(tmp_path, "CONFIG_PARTITION_TABLE_TWO_OTA=y", "CONFIG_ESP_COREDUMP_ENABLE_TO_FLASH=y")
    )
    assert [("coredump", 0x110000, 0x10000), ("ota_0", 0x120000, 0x100000)] == places(table_of(project))[4:6]


def test_table_of_esp_idf_moves_with_its_offset(tmp_path: Path) -> None:
    """The first partition follows the table."""
    project = recognise(
        make_project(tmp_path, "CONFIG_PARTITION_TABLE_TWO_OTA=y", "CONFIG_PARTITION_TABLE_OFFSET=0xd000")
    )
    assert ("nvs", 0xE000, 0x4000) == places(table_of(project))[0]


def test_table_for_a_trusted_environment_is_refused(tmp_path: Path) -> None:
    """Its slots are not modelled."""
    project = recognise(make_project(tmp_path, "CONFIG_PARTITION_TABLE_TWO_OTA_TEE=y"))
    with pytest.raises(InputError, match=r"sdkconfig:1: ESP-IDF's table TWO_OTA_TEE is not known here; give --part"):
        table_of(project)


def test_custom_table_lies_relative_to_the_project(tmp_path: Path) -> None:
    """Wherever the command is run."""
    lines = ("CONFIG_PARTITION_TABLE_CUSTOM=y", 'CONFIG_PARTITION_TABLE_CUSTOM_FILENAME="tables/two.csv"')
    write(tmp_path, "tables/two.csv", CSV)
    assert [("otadata", 0x9000, 0x2000), ("ota_0", 0x10000, 0x100000), ("ota_1", 0x110000, 0x100000)] == places(
        table_of(recognise(make_project(tmp_path, *lines)))
    )


def test_missing_custom_table_is_told_with_who_names_it(tmp_path: Path) -> None:
    """File and line of the option."""
    lines = ("CONFIG_PARTITION_TABLE_CUSTOM=y", 'CONFIG_PARTITION_TABLE_CUSTOM_FILENAME="two.csv"')
    with pytest.raises(InputError, match=r"two.csv: no such file, but .*sdkconfig:2 names it"):
        table_of(recognise(make_project(tmp_path, *lines)))


def test_only_application_of_the_build_is_the_running_one(tmp_path: Path) -> None:
    """Bootloader, otadata and a file system lie beside it."""
    write(tmp_path, "build/app.bin", build_image())
    write(tmp_path, "build/bootloader.bin", build_image())
    write(tmp_path, "build/ota_data_initial.bin", b"\xff" * 0x2000)
    write(tmp_path, "build/storage.bin", b"\x00\x01spiffs")
    project = recognise(make_project(tmp_path))
    assert (tmp_path / "build/app.bin", tmp_path / "build/ota_data_initial.bin", None) == (
        project.running,
        project.otadata,
        project.update,
    )


def test_project_that_was_never_built_has_no_images(tmp_path: Path) -> None:
    """The command line must name them."""
    project = recognise(make_project(tmp_path))
    assert (None, None, None, None) == (project.running, project.update, project.otadata, project.built_table)


def test_several_applications_are_listed_with_the_option_that_chooses(tmp_path: Path) -> None:
    """No guess is made."""
    write(tmp_path, "build/a.bin", build_image())
    write(tmp_path, "build/b.bin", build_image())
    with pytest.raises(InputError, match=r"build: several images \(a.bin, b.bin\); choose one with --running"):
        recognise(make_project(tmp_path))


def test_several_updates_are_listed_with_the_option_that_chooses(tmp_path: Path) -> None:
    """The update may be a broken file on purpose, so all of them count."""
    write(tmp_path, "update/a.bin", build_image())
    write(tmp_path, "update/b.bin", b"text")
    with pytest.raises(InputError, match=r"update: several images \(a.bin, b.bin\); choose one with --update"):
        recognise(make_project(tmp_path))


@pytest.mark.parametrize(
    ("name", "description"),
    [
        ("project_description.json", {"app_bin": "b.bin"}),
        ("flasher_args.json", {"app": {"offset": "0x10000", "file": "b.bin", "encrypted": "false"}}),
    ],
)
def test_description_of_the_build_names_the_application(
    tmp_path: Path, name: str, description: dict[str, object]
) -> None:
    """Among several."""
    write(tmp_path, "build/a.bin", build_image())
    write(tmp_path, "build/b.bin", build_image())
    write(tmp_path, f"build/{name}", json.dumps(description))
    assert tmp_path / "build/b.bin" == recognise(make_project(tmp_path)).running


def test_description_that_is_no_json_is_an_error(tmp_path: Path) -> None:
    """A build that broke off."""
    write(tmp_path, "build/project_description.json", '{"app_bin": ')
    with pytest.raises(InputError, match=r"project_description.json: no JSON: .*; build the project again"):
        recognise(make_project(tmp_path))


def test_release_is_that_of_the_image_before_that_of_the_build(tmp_path: Path) -> None:
    """The image says v5.1.3; the tree may have been updated since."""
    write(tmp_path, "build/app.bin", build_image())
    write(tmp_path, "build/project_description.json", '{"app_bin": "app.bin", "git_revision": "v5.5"}')
    assert Release.V5_1 == settings_of(recognise(make_project(tmp_path))).config.app_release


def test_release_is_that_of_the_build_where_there_is_no_image(tmp_path: Path) -> None:
    """By git_revision of the build's description."""
    write(tmp_path, "build/project_description.json", '{"app_bin": "app.bin", "git_revision": "v5.5-dirty"}')
    assert Release.V5_5 == settings_of(recognise(make_project(tmp_path))).config.bootloader_release


def test_built_table_that_differs_is_noted(tmp_path: Path) -> None:
    """The CSV was edited after the build, so devices have another one."""
    write(tmp_path, "partitions.csv", CSV)
    built = (Partition("otadata", 1, 0, 0x9000, 0x2000), Partition("ota_0", 0, 0x10, 0x10000, 0x100000))
    write(tmp_path, "build/partition_table/partition-table.bin", encode_table(built))
    project = recognise(make_project(tmp_path, "CONFIG_PARTITION_TABLE_CUSTOM=y"))
    note = stale_table_note(project, CsvPlaces(), table_of(project))
    assert note is not None
    assert "partition-table.bin is another partition table than the project's" in note


def test_built_table_that_is_the_project_s_is_not_noted(tmp_path: Path) -> None:
    """Nothing to say."""
    write(tmp_path, "partitions.csv", CSV)
    project = recognise(make_project(tmp_path, "CONFIG_PARTITION_TABLE_CUSTOM=y"))
    write(tmp_path, "build/partition_table/partition-table.bin", encode_table(table_of(project)))
    project = recognise(tmp_path)
    assert None is stale_table_note(project, CsvPlaces(), table_of(project))


@pytest.mark.skipif(not EXAMPLES.is_dir(), reason="ESP-IDF's example configurations are not at hand")
def test_anti_rollback_example_of_esp_idf_is_understood(tmp_path: Path) -> None:
    """Its fragment over its defaults: custom table at 0xd000, 4 MB, both rollbacks on."""
    example = EXAMPLES / "advanced_https_ota"
    fragments = [example / "sdkconfig.defaults", example / "sdkconfig.ci.anti_rollback"]
    write(tmp_path, "sdkconfig", "".join(path.read_text() for path in fragments))
    write(tmp_path, "anti_rollback_partition.csv", (example / "anti_rollback_partition.csv").read_bytes())
    project = recognise(tmp_path)
    config = settings_of(project).config
    assert (True, True, 0xD000, 4 << 20, ("ota_1", 0x1A0000, 1500 << 10)) == (
        config.rollback,
        config.anti_rollback,
        config.table_offset,
        settings_of(project).flash_size,
        places(table_of(project))[-1],
    )


@pytest.mark.skipif(not EXAMPLES.is_dir(), reason="ESP-IDF's tables are not at hand")
@pytest.mark.parametrize(
    ("file", "lines"),
    [
        ("partitions_singleapp.csv", ["CONFIG_PARTITION_TABLE_SINGLE_APP=y"]),
        ("partitions_two_ota.csv", ["CONFIG_PARTITION_TABLE_TWO_OTA=y"]),
        ("partitions_two_ota_large.csv", ["CONFIG_PARTITION_TABLE_TWO_OTA_LARGE=y"]),
        (
            "partitions_two_ota_coredump.csv",
            ["CONFIG_PARTITION_TABLE_TWO_OTA=y", "CONFIG_ESP_COREDUMP_ENABLE_TO_FLASH=y"],
        ),
    ],
)
def test_built_in_table_is_the_one_of_esp_idf(tmp_path: Path, file: str, lines: list[str]) -> None:
    """Partition by partition."""
    write(tmp_path, "theirs.csv", (EXAMPLES / "partition_table" / file).read_bytes())
    custom = ["CONFIG_PARTITION_TABLE_CUSTOM=y", 'CONFIG_PARTITION_TABLE_CUSTOM_FILENAME="theirs.csv"']
    theirs = table_of(recognise(make_project(tmp_path, *custom)))
    assert theirs == table_of(recognise(make_project(tmp_path, *lines)))
