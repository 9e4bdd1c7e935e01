"""The selector laid out for an ESP-IDF project: what lies where, that it builds from there, and what is refused."""

import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from selector_core import WARNINGS
from selector_glue import STUBS, stub_headers

from places import ROOT

SCRIPT = ROOT / "selector/lay_out.py"
CMAKE_LISTS = "include($ENV{IDF_PATH}/tools/cmake/project.cmake)\nproject(meter)\n"
SDKCONFIG = """CONFIG_IDF_INIT_VERSION="5.5.1"
CONFIG_IDF_TARGET="esp32c3"
CONFIG_BOOTLOADER_APP_ROLLBACK_ENABLE=y
CONFIG_PARTITION_TABLE_TWO_OTA=y
"""
PARTS = {
    "bootloader_components/boot_by_turns": "boot_by_turns.c",
    "components/ota_by_turns": "ota_by_turns.c",
}
COMPILERS = {
    "cc": (),
    "riscv64-unknown-elf-gcc": ("-march=rv32imc", "-mabi=ilp32", "-ffreestanding"),
}


def make_project(folder: Path) -> Path:
    """Return a small project of ESP-IDF."""
    project = folder / "meter"
    (project / "main").mkdir(parents=True)
    (project / "CMakeLists.txt").write_text(CMAKE_LISTS)
    (project / "sdkconfig").write_text(SDKCONFIG)
    return project


def lay_out(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Run the command."""
    command = [sys.executable, str(SCRIPT), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def files_of(project: Path) -> dict[str, bytes]:
    """Return every file, by its path in the project."""
    return {path.relative_to(project).as_posix(): path.read_bytes() for path in project.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def laid_out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a project with the selector in it."""
    project = make_project(tmp_path_factory.mktemp("laid_out"))
    done = lay_out(project)
    assert (done.returncode, done.stderr) == (0, "")
    return project


def test_each_part_is_a_component(laid_out: Path) -> None:
    """With its own file, the core, and what CMake is told; all else is as it was."""
    core = {"CMakeLists.txt", "otadata_by_turns.c", "otadata_by_turns.h", "otadata_in_flash.h"}
    wanted = {f"{folder}/{name}" for folder, own in PARTS.items() for name in {own, *core}}
    assert set(files_of(laid_out)) == wanted | {"CMakeLists.txt", "sdkconfig"}
    assert (laid_out / "CMakeLists.txt").read_text() == CMAKE_LISTS


@pytest.mark.parametrize("folder", PARTS)
def test_the_linker_is_told_of_every_function_that_is_replaced(laid_out: Path, folder: str) -> None:
    """What is defined as __wrap_ and what --wrap names are the same."""
    lists = (laid_out / folder / "CMakeLists.txt").read_text()
    match = re.search(r"foreach\(function ([^)]*)\)", lists)
    assert match is not None
    source = (laid_out / folder / PARTS[folder]).read_text()
    defined = re.findall(r"^(?:REPLACES|ANSWERS)\([^,]+, (\w+),", source, re.MULTILINE)
    defined += re.findall(r"^\w[^\n;=]*?\b__wrap_(\w+)\([^;{]*\) \{", source, re.MULTILINE)
    assert sorted(match[1].split()) == sorted(defined)
    assert '"-Wl,--wrap=${function}" "-Wl,--undefined=__wrap_${function}"' in lists


@pytest.mark.parametrize("compiler", COMPILERS)
@pytest.mark.parametrize("folder", PARTS)
def test_a_component_builds_where_it_lies(laid_out: Path, folder: str, compiler: str, tmp_path: Path) -> None:
    """From the sources that its CMakeLists.txt names, without a warning."""
    if shutil.which(compiler) is None:
        pytest.skip(f"{compiler} is not found")
    stub_headers(tmp_path, ["ROLLBACK_ENABLE", "ANTI_ROLLBACK"])
    match = re.search(r'SRCS ((?:"[^"]*"\s*)+)', (laid_out / folder / "CMakeLists.txt").read_text())
    assert match is not None
    for name in re.findall(r'"([^"]*)"', match[1]):
        source = laid_out / folder / name
        command = [compiler, *COMPILERS[compiler], *WARNINGS, f"-I{tmp_path}", f"-I{STUBS}", "-c", str(source)]
        done = subprocess.run([*command, "-o", str(tmp_path / "o")], capture_output=True, text=True, check=False)
        assert done.stderr == ""


def test_laying_out_again_changes_nothing(laid_out: Path) -> None:
    """And says so."""
    before = files_of(laid_out)
    done = lay_out(laid_out)
    assert [line.split(":")[0] for line in done.stdout.splitlines()[:2]] == ["was there", "was there"]
    assert (done.returncode, files_of(laid_out)) == (0, before)


Change = Callable[[Path], object]


def write(name: str, text: str) -> Change:
    """Return what writes a file of a project."""

    def act(project: Path) -> None:
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_text(text)

    return act


def option(line: str) -> Change:
    """Return what adds lines to the sdkconfig."""
    return lambda project: (project / "sdkconfig").write_text(SDKCONFIG + line + "\n")


def table(*rows: str) -> Change:
    """Return what gives a project a partition table."""

    def act(project: Path) -> None:
        option("CONFIG_PARTITION_TABLE_CUSTOM=y\nCONFIG_PARTITION_TABLE_TWO_OTA=n")(project)
        (project / "partitions.csv").write_text("\n".join(("nvs, data, nvs, 0x9000, 0x4000", *rows)) + "\n")

    return act


OTADATA = "otadata, data, ota, 0xd000, 0x2000"
REFUSALS: dict[str, tuple[Change, str]] = {
    "no CMakeLists.txt": (lambda project: (project / "CMakeLists.txt").unlink(), "is no ESP-IDF project"),
    "a CMake project of another kind": (write("CMakeLists.txt", "project(meter)\n"), "is no ESP-IDF project"),
    "no sdkconfig": (lambda project: (project / "sdkconfig").unlink(), "is no ESP-IDF project"),
    "an old release": (option('CONFIG_IDF_INIT_VERSION="4.4.7"'), "needs ESP-IDF 5.0.0 or newer"),
    "a TEE": (option("CONFIG_SECURE_ENABLE_TEE=y"), "CONFIG_SECURE_ENABLE_TEE"),
    "a RAM application": (option("CONFIG_APP_BUILD_TYPE_RAM=y"), "CONFIG_APP_BUILD_TYPE_RAM"),
    "wake-ups by ESP-IDF's rules": (
        option('CONFIG_IDF_TARGET="esp32c2"\nCONFIG_BOOTLOADER_SKIP_VALIDATE_IN_DEEP_SLEEP=y'),
        "on esp32c2",
    ),
    "no otadata": (table("ota_0, app, ota_0, , 1M", "ota_1, app, ota_1, , 1M"), "no otadata with OTA slots"),
    "no slots": (table(OTADATA, "factory, app, factory, , 1M"), "no otadata with OTA slots"),
    "a gap": (table(OTADATA, "ota_0, app, ota_0, , 1M", "ota_2, app, ota_2, , 1M"), "has no ota_1"),
    "a bootloader of one's own": (write("bootloader_components/main/start.c", ""), "a bootloader of your own"),
    "Arduino": (write("main/idf_component.yml", "dependencies:\n  espressif/arduino-esp32: '*'\n"), "Arduino's Update"),
    "another component of that name": (
        write("components/ota_by_turns/CMakeLists.txt", "# mine\n"),
        "components/ota_by_turns/CMakeLists.txt: is there already",
    ),
    "a folder where a file goes": (
        lambda project: (project / "components/ota_by_turns/ota_by_turns.c").mkdir(parents=True),
        "ota_by_turns.c: is there already",
    ),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_what_does_not_go_is_refused_in_a_line(name: str, tmp_path: Path) -> None:
    """And nothing is written."""
    change, told = REFUSALS[name]
    project = make_project(tmp_path)
    change(project)
    before = files_of(project)
    done = lay_out(project)
    assert (done.returncode, done.stdout, files_of(project)) == (2, "", before)
    assert done.stderr.count("\n") == 1
    assert told in done.stderr


def test_bad_usage_and_nothing_there(tmp_path: Path) -> None:
    """Are told in a line each."""
    assert (lay_out().returncode, lay_out().stderr) == (2, "usage: python selector/lay_out.py PROJECT\n")
    missing = lay_out(tmp_path / "nothing")
    assert (missing.returncode, missing.stderr.count("\n")) == (2, 1)


def test_a_project_that_names_its_components_is_told_what_to_add(tmp_path: Path) -> None:
    """Else the application's part would not be linked."""
    project = make_project(tmp_path)
    (project / "CMakeLists.txt").write_text("set(COMPONENTS main)\n" + CMAKE_LISTS)
    assert "add ota_by_turns to REQUIRES of main" in lay_out(project).stdout


def test_the_page_shows_what_is_printed(tmp_path: Path) -> None:
    """The listing of selector/README.md is this output."""
    make_project(tmp_path)
    done = subprocess.run(
        [sys.executable, str(SCRIPT), "meter"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert f"$ python selector/lay_out.py meter\n{done.stdout}" in (ROOT / "selector/README.md").read_text()
