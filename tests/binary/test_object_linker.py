"""Archives and objects of our own sources become the program that a linker makes of them, and are proved as such."""

import struct
import subprocess
from pathlib import Path

import pytest

pytest.importorskip("elftools", reason="pyelftools is not installed")
pytest.importorskip("pypcode", reason="pypcode is not installed")
pytest.importorskip("z3", reason="z3 is not installed")

from build_application import APPLICATION_SOURCES, compile_objects
from build_firmware import CORES, SOURCES, Build
from otaproof.binary.application.call_theorems import CALL_THEOREMS
from otaproof.binary.elf_file import Architecture, BootloaderElf, parse_loaded
from otaproof.binary.linking.object_linker import link_objects
from otaproof.binary.recovery.program_file import read_program
from otaproof.binary.struct_layout import ProgramKind
from otaproof.binary.theorems.bootloader_proof import prove_bootloader
from otaproof.binary.theorems.proof import TheoremProof, prove_theorem
from otaproof.binary.theorems.question import TheoremVerdict
from otaproof.errors import InputError
from otaproof.model.config import Config

pytestmark = pytest.mark.skipif(
    not all(core.is_here for core in CORES.values()), reason="a compiler for RISC-V or Xtensa is not installed"
)
LINKERS = {"riscv": "riscv64-unknown-elf-ld", "xtensa": "xtensa-lx106-elf-ld"}
FORMATS = {"riscv": ("-m", "elf32lriscv"), "xtensa": ()}
BOOTLOADER_SOURCES = tuple(
    SOURCES / name for name in ("boot_partition.c", "otadata_records.c", "partition_rows.c", "division.c")
)
CALLS = {theorem.name: theorem for theorem in CALL_THEOREMS}
ROLLBACK = (Config(rollback=True),)


def archive(folder: Path, objects: tuple[Path, ...]) -> Path:
    """Return an archive of objects."""
    path = folder / "all.a"
    subprocess.run(("ar", "rc", str(path), *map(str, objects)), check=True)
    return path


def compiled(folder: Path, sources: tuple[Path, ...], build: Build) -> BootloaderElf:
    """Return the program in an archive of compiled sources."""
    return read_program(archive(folder, compile_objects(build, sources, folder)))


def proof_of(elf: BootloaderElf, function: str) -> TheoremProof:
    """Return what is known of a function."""
    return prove_theorem(CALLS[function], elf, ROLLBACK)


def undefined(elf: BootloaderElf) -> dict[str, int]:
    """Return the symbols without bytes, with their addresses."""
    return {name: symbol.address for name, symbol in elf.symbols.items() if elf.byte_at(symbol.address) is None}


def linked_by_binutils(core: str, objects: tuple[Path, ...], elf: BootloaderElf, folder: Path) -> Path:
    """Return what binutils' linker makes of objects, at the same addresses and without relaxing anything."""
    kinds = (".literal .literal.*", ".text .text.*", ".rodata* .srodata* .data* .sdata*", ".bss* .sbss*")
    parts = "\n".join(f"{item}({kind})" for item in objects for kind in kinds)
    script = folder / "all.ld"
    script.write_text(f"SECTIONS {{ .all 0x{elf.segments[0].address:x} : {{\n{parts}\n}} }}\n", encoding="utf-8")
    given = [f"--defsym={name}=0x{address:x}" for name, address in undefined(elf).items()]
    linked = folder / "all.elf"
    options = ("--no-relax", "--no-check-sections", "-e", "0", "-T", str(script))
    command = (LINKERS[core], *FORMATS[core], *options, *given, *map(str, objects), "-o", str(linked))
    subprocess.run(command, check=True, capture_output=True)
    return linked


@pytest.mark.parametrize("optimisation", ["-Os", "-O2", "-Og"])
@pytest.mark.parametrize("sources", [APPLICATION_SOURCES, BOOTLOADER_SOURCES], ids=["application", "bootloader"])
@pytest.mark.parametrize("core", list(CORES))
def test_bytes_are_those_of_the_linker(core: str, sources: tuple[Path, ...], optimisation: str, tmp_path: Path) -> None:
    """Every byte of every section, with branches, calls, literals and tables in it."""
    objects = compile_objects(Build(core, None, optimisation), sources, tmp_path)
    elf = link_objects(archive(tmp_path, objects).read_bytes(), "all.a")
    theirs = parse_loaded(linked_by_binutils(core, objects, elf, tmp_path).read_bytes(), "all.elf")
    expected = {segment.address + place: byte for segment in theirs.segments for place, byte in enumerate(segment.data)}
    ours = {segment.address + place: byte for segment in elf.segments for place, byte in enumerate(segment.data)}
    assert len(ours) > 1000
    assert {} == {hex(at): (byte, expected.get(at)) for at, byte in ours.items() if byte != expected.get(at)}


@pytest.mark.parametrize(
    ("core", "function"),
    [
        ("riscv", "esp_ota_get_app_partition_count"),
        ("xtensa", "esp_ota_get_app_partition_count"),
        ("xtensa", "esp_ota_mark_app_valid_cancel_rollback"),
        pytest.param("riscv", "esp_ota_set_boot_partition", marks=pytest.mark.slow),
    ],
)
def test_archive_of_an_application_is_proved(core: str, function: str, tmp_path: Path) -> None:
    """What is not in it, flash and ROM, is hooked by name."""
    elf = compiled(tmp_path, APPLICATION_SOURCES, Build(core))
    assert (ProgramKind.APPLICATION, CORES[core].compiler.split("-")[0][:5]) == (
        elf.kind,
        {Architecture.RISCV: "riscv", Architecture.XTENSA: "xtens"}[elf.architecture],
    )
    found = proof_of(elf, function)
    assert TheoremVerdict.PROVED is found.verdict, found.verdicts


def test_broken_archive_is_refuted(tmp_path: Path) -> None:
    """By the same example as the linked application."""
    elf = compiled(tmp_path, APPLICATION_SOURCES, Build("riscv", "valid_half_word"))
    assert TheoremVerdict.REFUTED is proof_of(elf, "esp_ota_mark_app_valid_cancel_rollback").verdict


@pytest.mark.slow
def test_archive_of_a_bootloader_is_proved(tmp_path: Path) -> None:
    """Selection and images."""
    found = prove_bootloader(compiled(tmp_path, BOOTLOADER_SOURCES, Build("riscv")), ROLLBACK)
    assert {TheoremVerdict.PROVED} == {item.verdict for item in found.theorems}, found.theorems


def test_symbol_without_object_and_hook_stops_its_path(tmp_path: Path) -> None:
    """One object alone: the function that chooses a record is not in it. Nothing is guessed of it."""
    (calls,) = compile_objects(Build("riscv"), APPLICATION_SOURCES[:1], tmp_path)
    found = proof_of(read_program(calls), "esp_ota_mark_app_valid_cancel_rollback")
    assert TheoremVerdict.UNDECIDED is found.verdict
    assert "jump to bootloader_common_get_active_otadata at 0x" in found.verdicts[0].detail


def test_strong_symbol_counts_before_a_weak_one_and_the_first_of_two(tmp_path: Path) -> None:
    """As for a linker that searches an archive; common variables get memory."""
    texts = {
        "one": "__attribute__((weak)) int chosen(void) { return 1; }\nint first(void) { return 1; }\n",
        "two": "int chosen(void) { return 2; }\n__attribute__((weak)) int first(void) { return 2; }\nint common[5];\n"
        "typedef struct { unsigned offset, size; } place_t;\n"
        "typedef struct { place_t ota_info, factory, test, ota[16]; int app_count; }\n"
        "bootloader_state_t;\nbootloader_state_t state;\n",
        "three": "int common[5];\nint chosen(void);\nint first(void);\nint (*table[])(void) = { chosen, first };\n",
    }
    objects = []
    for name, text in texts.items():
        source, target = tmp_path / f"{name}.c", tmp_path / f"{name}.o"
        source.write_text(text, encoding="utf-8")
        core = CORES["riscv"]
        flags = (*core.flags, "-Os", "-fcommon", "-g", "-c")
        subprocess.run((core.compiler, *flags, str(source), "-o", str(target)), check=True)
        objects.append(target)
    elf = read_program(archive(tmp_path, tuple(objects)))
    table = elf.object("table").address
    called = struct.unpack("<2I", elf.bytes_at(table, 8))
    # c.li a0, N
    assert [0x4509, 0x4505] == [int.from_bytes(elf.bytes_at(address, 2), "little") for address in called]
    assert bytes(20) == elf.bytes_at(elf.object("common").address, 20)


def damaged(tmp_path: Path) -> dict[str, tuple[bytes, str]]:
    """Return files that are no program, each with a part of what is said of it."""
    riscv, xtensa = (tmp_path / core for core in CORES)
    for folder in (riscv, xtensa):
        folder.mkdir()
    (one,) = compile_objects(Build("riscv"), APPLICATION_SOURCES[:1], riscv)
    (other,) = compile_objects(Build("xtensa"), APPLICATION_SOURCES[1:2], xtensa)
    raw = archive(tmp_path, (one, other)).read_bytes()
    return {
        "mixed": (raw, "more than one architecture"),
        "header": (raw.replace(b"`\n", b"``", 1), "no member's header at byte 8"),
        "cut": (raw[:-100], "ends behind the file"),
        "thin": (b"!<thin>\n" + raw[8:], "thin archive"),
        "empty": (b"!<arch>\n", "without objects"),
        "short": (one.read_bytes()[:60], "damaged ELF"),
    }


@pytest.mark.parametrize("name", ["mixed", "header", "cut", "thin", "empty", "short"])
def test_what_is_no_program_is_told_in_a_line(name: str, tmp_path: Path) -> None:
    """Never a traceback."""
    raw, said = damaged(tmp_path)[name]
    file = tmp_path / name
    file.write_bytes(raw)
    with pytest.raises(InputError, match=said):
        read_program(file)
