"""Subtypes of partitions that components of a project add: read from its CMake files, and told where they are not."""

from pathlib import Path

import pytest

from otaproof.errors import InputError
from otaproof.project.device_builder import table_of
from otaproof.project.inputs import Inputs
from otaproof.project.resolve import resolve

CSV = "otadata,data,ota,0xe000,0x2000\ncfg,data,{},,0x1000\napp0,app,ota_0,0x20000,1M\napp1,app,ota_1,,1M\n"
OPTIONS = 'CONFIG_PARTITION_TABLE_CUSTOM=y\nCONFIG_PARTITION_TABLE_CUSTOM_FILENAME="slots.csv"\n'


def project(folder: Path, subtype: str, place: str, cmake: str) -> Path:
    """Return a project with a table that names the subtype, and one CMake file."""
    files = {"sdkconfig.defaults": OPTIONS, "slots.csv": CSV.format(subtype), place: cmake}
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


@pytest.mark.parametrize("place", ["CMakeLists.txt", "components/cfg/project_include.cmake", "main/CMakeLists.txt"])
@pytest.mark.parametrize("value", ["0x41", "41"])
def test_subtype_of_a_component_is_known_by_its_name(place: str, value: str, tmp_path: Path) -> None:
    """Its number is hexadecimal, with or without 0x; other entries and types do not matter."""
    cmake = f'idf_build_set_property(\n  EXTRA_PARTITION_SUBTYPES "app, own, 0x40; data, Own_cfg, {value};x" APPEND)\n'
    table = table_of(resolve(Inputs(project(tmp_path, "own_cfg", place, cmake))))
    assert 0x41 == table[1].subtype


@pytest.mark.parametrize(
    "cmake",
    ["", "idf_build_set_property(EXTRA_PARTITION_SUBTYPES ${MINE} APPEND)\n", 'SUBTYPES "app, own_cfg, 0x41"'],
)
def test_subtype_that_no_file_adds_in_plain_words_is_told(cmake: str, tmp_path: Path) -> None:
    """One line says where names come from, and what helps."""
    with pytest.raises(InputError, match=r"'own_cfg' is not valid; .*EXTRA_PARTITION_SUBTYPES.*or its number$"):
        table_of(resolve(Inputs(project(tmp_path, "own_cfg", "CMakeLists.txt", cmake))))
