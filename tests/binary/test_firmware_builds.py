"""The committed ELFs are those of the sources; both compilers take the sources, and what they make can be read."""

import hashlib
import json
from pathlib import Path

import pytest

pytest.importorskip("elftools", reason="pyelftools is not installed")

from elftools.elf.elffile import ELFFile

from build_application import APPLICATION_IMAGES, COMMITTED_APPLICATIONS, compile_application
from build_firmware import (
    COMMITTED,
    CORES,
    DIGESTS,
    IMAGES,
    KEPT_FUNCTIONS,
    Build,
    all_builds,
    compile_firmware,
    compiler_version,
    source_digest,
    write_bin,
)

MACHINES = {"riscv": "EM_RISCV", "xtensa": "EM_XTENSA"}
STATE_MEMBERS = {"ota_info": 0, "factory": 8, "test": 16, "ota": 24, "app_count": 152, "selected_subtype": 156}
STALE = "run python tests/binary/build_firmware.py images"

by_name = pytest.mark.parametrize("build", COMMITTED, ids=lambda build: build.name)


def code_of(elf: Path) -> dict[str, bytes]:
    """Return the bytes of the sections that are loaded, by name."""
    with elf.open("rb") as stream:
        sections = ELFFile(stream).iter_sections("SHT_PROGBITS")
        return {section.name: section.data() for section in sections if section["sh_flags"] & 2}


def require_compiler(core: str) -> None:
    """Skip the test where the compiler of a core is not installed."""
    if not CORES[core].is_here:
        pytest.skip(f"{CORES[core].compiler} is not installed")


@by_name
def test_committed_file_is_of_these_sources(build: Build) -> None:
    """A change of the sources or of the flags asks for new files; so does a file that was changed by itself."""
    recorded = json.loads(DIGESTS.read_text(encoding="utf-8"))[build.name]
    found = hashlib.sha256((IMAGES / f"{build.name}.elf").read_bytes()).hexdigest()
    assert (source_digest(build), found) == (recorded["sources"], recorded["elf"]), STALE


@by_name
def test_committed_file_is_what_the_compiler_makes(build: Build, tmp_path: Path) -> None:
    """Compiled again by the same compiler, every loaded byte is the same."""
    require_compiler(build.core)
    recorded = json.loads(DIGESTS.read_text(encoding="utf-8"))[build.name]["compiler"]
    if compiler_version(build.core) != recorded:
        pytest.skip(f"the committed file is of another compiler: {recorded}")
    assert code_of(IMAGES / f"{build.name}.elf") == code_of(compile_firmware(build, tmp_path)), STALE


@pytest.mark.parametrize("build", COMMITTED_APPLICATIONS, ids=lambda build: build.name)
def test_committed_application_is_what_the_compiler_makes(build: Build, tmp_path: Path) -> None:
    """Compiled again by the compiler of the committed bootloaders, every loaded byte is the same."""
    require_compiler(build.core)
    recorded = json.loads(DIGESTS.read_text(encoding="utf-8"))[Build(build.core).name]["compiler"]
    if compiler_version(build.core) != recorded:
        pytest.skip(f"the committed file is of another compiler: {recorded}")
    made = compile_application(build, tmp_path)
    assert code_of(APPLICATION_IMAGES / made.name) == code_of(made), "run python tests/binary/build_application.py"


@by_name
def test_committed_file_names_nothing_of_the_machine(build: Build) -> None:
    """The debug information has no path of who built it, and the file is small."""
    raw = (IMAGES / f"{build.name}.elf").read_bytes()
    assert (False, True) == (str(Path(__file__).parents[2]).encode() in raw, len(raw) < 60_000)


@pytest.mark.parametrize("lto", [False, True], ids=["files", "lto"])
@pytest.mark.parametrize("core", CORES)
def test_elf_has_the_functions_and_the_layout(core: str, lto: bool, tmp_path: Path) -> None:
    """The functions have ESP-IDF's names, with link-time optimisation too, and DWARF has the state's layout."""
    require_compiler(core)
    with compile_firmware(Build(core, lto=lto), tmp_path).open("rb") as stream:
        file = ELFFile(stream)
        functions = {
            symbol.name
            for symbol in file.get_section_by_name(".symtab").iter_symbols()
            if symbol["st_info"]["type"] == "STT_FUNC" and symbol["st_size"]
        }
        assert (MACHINES[core], set(KEPT_FUNCTIONS)) == (file["e_machine"], functions & set(KEPT_FUNCTIONS))
        assert STATE_MEMBERS == members(file, "bootloader_state_t")


def members(file: ELFFile, typedef: str) -> dict[str, int]:
    """Return the offset of each member of a struct, by DWARF."""
    entries = [entry for unit in file.get_dwarf_info().iter_CUs() for entry in unit.iter_DIEs()]
    named = (entry for entry in entries if entry.tag == "DW_TAG_typedef")
    found = next(entry for entry in named if entry.attributes["DW_AT_name"].value == typedef.encode())
    struct = found.get_DIE_from_attribute("DW_AT_type")
    return {
        member.attributes["DW_AT_name"].value.decode(): member.attributes["DW_AT_data_member_location"].value
        for member in struct.iter_children()
    }


def test_remainder_of_xtensa_is_a_function(tmp_path: Path) -> None:
    """An lx106 has no divide instruction, so the compiler calls one of ours."""
    require_compiler("xtensa")
    with compile_firmware(Build("xtensa"), tmp_path).open("rb") as stream:
        (symbol,) = ELFFile(stream).get_section_by_name(".symtab").get_symbol_by_name("__umodsi3")
    assert "STT_FUNC" == symbol["st_info"]["type"]


def test_image_is_one_that_esptool_takes(tmp_path: Path) -> None:
    """The raw image is for the ESP32-C3 and has the code of the ELF."""
    require_compiler("riscv")
    pytest.importorskip("esptool", reason="esptool is not installed")
    write_bin(tmp_path / "bootloader.bin")
    raw = (tmp_path / "bootloader.bin").read_bytes()
    code = code_of(compile_firmware(Build("riscv"), tmp_path))[".iram.text"]
    assert (0xE9, 5, True) == (raw[0], int.from_bytes(raw[12:14], "little"), code in raw)


@pytest.mark.slow
@pytest.mark.parametrize("core", CORES)
def test_every_variant_compiles(core: str, tmp_path: Path) -> None:
    """Each fault and configuration, at each optimisation, with and without link-time optimisation."""
    require_compiler(core)
    builds = [build for build in all_builds() if build.core == core]
    made = [compile_firmware(build, tmp_path) for build in builds]
    assert [f"{build.name}.elf" for build in builds] == [elf.name for elf in made]
