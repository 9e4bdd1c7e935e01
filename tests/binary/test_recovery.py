"""A bootloader without symbols has the answer of the same file with symbols, or less, never another."""

import struct
from pathlib import Path

import pytest

pytest.importorskip("elftools", reason="pyelftools is not installed")
pytest.importorskip("pypcode", reason="pypcode is not installed")
pytest.importorskip("z3", reason="z3 is not installed")

from build_firmware import CORES
from build_stripped import COMMITTED, COMPILER, DRIVER_FAULTS, IMAGES, compile_whole, image_of, stripped
from firmware_faults import FAULTS, Subject
from otaproof.binary.elf_file import read_bootloader_elf
from otaproof.binary.recovery.program_file import read_program
from otaproof.binary.recovery.program_image import read_image
from otaproof.binary.recovery.recovered_program import CHAIN, FLAG, CannotTell, RecoveredProgram
from otaproof.binary.struct_layout import ProgramKind
from otaproof.binary.theorems.proof import prove_theorem
from otaproof.binary.theorems.question import TheoremVerdict
from otaproof.binary.theorems.selection_theorem import SELECTION
from otaproof.errors import InputError
from otaproof.impl.chip.chips import CHIPS
from otaproof.impl.image.format import HASH_SIZE, build_image
from otaproof.model.config import Chip, Config

NAMES = [fault or "faithful" for fault in COMMITTED]
FORMS = (".bin", ".stripped.elf")
ROLLBACK = (Config(rollback=True),)
FOUND = {
    *(*CHAIN, FLAG, "bootloader_mmap", "bootloader_munmap", "bootloader_flash_erase_sector", "bootloader_flash_write"),
    *("esp_flash_encryption_enabled", "bootloader_reset", "bootloader_load_image", "load_image"),
}
"""What is found in the right bootloader."""

needs_compiler = pytest.mark.skipif(not CORES["riscv"].is_here, reason=f"{COMPILER} is not installed")


def recovered(path: Path) -> RecoveredProgram:
    """Return a program without symbols."""
    program = read_program(path)
    assert isinstance(program, RecoveredProgram)
    return program


def wrong_names(program: RecoveredProgram, elf: Path) -> list[str]:
    """Return what was found where the file with symbols has something else."""
    full = read_bootloader_elf(elf)
    found = {item.name: item.address for item in program.recovery.found}
    return [name for name, address in found.items() if full.object(name).address != address]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("form", FORMS)
def test_what_is_found_is_what_the_symbols_say(name: str, form: str) -> None:
    """Every name, in both forms."""
    assert [] == wrong_names(recovered(IMAGES / f"whole-{name}{form}"), IMAGES / f"whole-{name}.elf")


@pytest.mark.parametrize("form", FORMS)
def test_all_functions_of_the_right_bootloader_are_found(form: str) -> None:
    """So both theorems can be proved of it."""
    program = recovered(IMAGES / f"whole-faithful{form}")
    assert (FOUND, Chip.ESP32C3) == ({item.name for item in program.recovery.found}, program.recovery.chip)


def test_file_with_symbols_is_read_as_before() -> None:
    """Its symbols are what counts."""
    program = read_program(IMAGES / "whole-faithful.elf")
    assert ProgramKind.BOOTLOADER is program.kind
    assert not isinstance(program, RecoveredProgram)


@pytest.mark.parametrize(
    ("name", "verdict"),
    [
        ("faithful", TheoremVerdict.PROVED),
        ("signed_numbers", TheoremVerdict.REFUTED),
        pytest.param("abort_as_invalid", TheoremVerdict.REFUTED, marks=pytest.mark.slow),
    ],
)
@pytest.mark.thorough
def test_image_has_the_verdict_of_the_file_with_symbols(name: str, verdict: TheoremVerdict) -> None:
    """Proved of the right one, refuted of a broken one."""
    assert verdict is prove_theorem(SELECTION, recovered(IMAGES / f"whole-{name}.bin"), ROLLBACK).verdict


def test_wrong_erase_is_undecided_where_symbols_take_its_name_for_it() -> None:
    """With symbols the theorem rests on bootloader_flash_erase_sector; without, nothing here was shown to be one."""
    found = prove_theorem(SELECTION, recovered(IMAGES / "whole-erases_next.bin"), ROLLBACK)
    assert TheoremVerdict.UNDECIDED is found.verdict


@needs_compiler
@pytest.mark.parametrize("fault", DRIVER_FAULTS)
def test_function_that_is_not_what_its_name_says_is_not_found(fault: str, tmp_path: Path) -> None:
    """And nothing else is taken for it."""
    elf = compile_whole(fault, tmp_path)
    program = recovered(stripped(elf))
    function, _ = DRIVER_FAULTS[fault]
    assert ([], None) == (wrong_names(program, elf), program.find(function))


@needs_compiler
@pytest.mark.parametrize("optimisation", ["-O2", "-Og", "-O1"])
def test_no_wrong_name_at_other_optimisations(optimisation: str, tmp_path: Path) -> None:
    """Whatever is found is right; the functions that decide are found."""
    elf = compile_whole(None, tmp_path, optimisation)
    program = recovered(stripped(elf))
    assert [] == wrong_names(program, elf)
    assert set(CHAIN) <= {item.name for item in program.recovery.found}


@needs_compiler
@pytest.mark.slow
@pytest.mark.parametrize("fault", [name for name, fault in FAULTS.items() if fault.subject is Subject.SELECTION])
def test_no_broken_selection_is_proved_without_symbols(fault: str, tmp_path: Path) -> None:
    """A wrong function that is taken for the right one is not taken for right code."""
    elf = compile_whole(fault, tmp_path, options=FAULTS[fault].options)
    program = recovered(stripped(elf))
    assert [] == wrong_names(program, elf)
    assert TheoremVerdict.PROVED is not prove_theorem(SELECTION, program, ROLLBACK).verdict


def test_dump_is_read_where_the_chip_has_its_bootloader(tmp_path: Path) -> None:
    """At 0 on an ESP32-C3: the bytes behind the image belong to the dump."""
    image = (IMAGES / "whole-faithful.bin").read_bytes()
    dump = tmp_path / "dump.bin"
    dump.write_bytes(image.ljust(0x10000, b"\xff"))
    assert read_image(image, "image").segments == read_image(dump.read_bytes(), "dump").segments


@pytest.mark.parametrize(("chip", "offset"), [(Chip.ESP32, 0x1000), (Chip.ESP32C5, 0x2000)])
def test_dump_of_another_chip_is_read_at_its_offset(chip: Chip, offset: int) -> None:
    """The chip that the header names has its bootloader there."""
    traits = CHIPS[chip]
    image = bytearray((IMAGES / "whole-faithful.bin").read_bytes())
    struct.pack_into("<H", image, 12, traits.chip_id)
    with pytest.raises(InputError, match=r"SHA-256 does not match|has no memory"):
        read_image(b"\xff" * offset + bytes(image), "dump")


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        (b"", "neither an ELF file nor a bootloader's image"),
        (b"\xff" * 0x4000, "neither an ELF file nor a bootloader's image"),
        (build_image(Chip.ESP32C3), "an application's image"),
    ],
)
def test_what_is_no_bootloader_is_bad_input(raw: bytes, told: str) -> None:
    """In one line."""
    with pytest.raises(InputError, match=told) as error:
        read_image(raw, "file.bin")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("place", [30, 2000, -1])
def test_damaged_image_is_bad_input(place: int) -> None:
    """Checksum or hash tells, or a segment that ends behind the file."""
    image = bytearray((IMAGES / "whole-faithful.bin").read_bytes())
    image[place] ^= 0x40
    with pytest.raises(InputError, match=r"damaged|truncated|has no memory"):
        read_image(bytes(image), "file.bin")
    with pytest.raises(InputError, match=r"damaged|truncated"):
        read_image(bytes(image[: -HASH_SIZE - 600]), "file.bin")


def test_image_is_that_of_the_file_with_symbols() -> None:
    """The committed forms belong together."""
    assert image_of((IMAGES / "whole-faithful.elf").read_bytes()) == (IMAGES / "whole-faithful.bin").read_bytes()


def test_what_was_not_found_cannot_be_told() -> None:
    """As an error that makes a theorem undecided, and a run bad input."""
    program = recovered(IMAGES / "whole-erases_next.bin")
    with pytest.raises(CannotTell, match="cannot tell where bootloader_flash_erase_sector is"):
        program.function("bootloader_flash_erase_sector")
