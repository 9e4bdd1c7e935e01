"""A bootloader's ELF file is read, and everything else is told in one line."""

import struct

import pytest

pytest.importorskip("elftools", reason="pyelftools is not installed")

from build_firmware import IMAGES
from otaproof.binary.elf_file import Architecture, BootloaderElf, parse_bootloader_elf, read_bootloader_elf
from otaproof.errors import InputError

RISCV, XTENSA = IMAGES / "riscv-faithful-Os.elf", IMAGES / "xtensa-faithful-Os.elf"
SELECT = "bootloader_utility_get_selected_boot_partition"


def raw_with(offset: int, value: bytes) -> bytes:
    """Return the RISC-V file with other bytes in it."""
    raw = bytearray(RISCV.read_bytes())
    raw[offset : offset + len(value)] = value
    return bytes(raw)


def test_layout_is_that_of_the_c_struct() -> None:
    """otadata, factory and test first, 16 slots of 8 bytes, then their count."""
    offsets = read_bootloader_elf(RISCV).layout.offsets
    found = [offsets[name] for name in ("ota_info.offset", "ota_info.size", "factory", "test", "ota", "app_count")]
    assert [0, 4, 8, 16, 24, 152] == found


@pytest.mark.parametrize(("path", "architecture"), [(RISCV, Architecture.RISCV), (XTENSA, Architecture.XTENSA)])
def test_function_has_code(path, architecture) -> None:  # type: ignore[no-untyped-def]
    """In both architectures."""
    elf = read_bootloader_elf(path)
    assert architecture is elf.architecture
    assert elf.byte_at(elf.function(SELECT).address) is not None


def test_patch_changes_a_copy() -> None:
    """The file itself stays."""
    elf = read_bootloader_elf(RISCV)
    address = elf.function(SELECT).address
    before = elf.bytes_at(address, 2)
    assert b"\x01\x00" == elf.patched({address: b"\x01\x00"}).bytes_at(address, 2)
    assert before == elf.bytes_at(address, 2)


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        (b"", "no ELF file"),
        (b"\x7fELF", "a damaged ELF file"),
        (RISCV.read_bytes()[:3000], "a damaged ELF file"),
        (raw_with(4, b"\x02"), "a damaged ELF file|64 bits"),
        (raw_with(18, struct.pack("<H", 62)), "EM_X86_64, 32 bits, little-endian; want RISC-V or Xtensa"),
        (raw_with(16, struct.pack("<H", 1)), "ET_REL; want a linked program"),
    ],
)
def test_anything_else_is_bad_input(raw: bytes, told: str) -> None:
    """In one line."""
    with pytest.raises(InputError, match=told) as error:
        parse_bootloader_elf(raw, "boot.elf")
    assert "\n" not in str(error.value)


def test_missing_symbol_is_named() -> None:
    """A stripped function is bad input."""
    elf = read_bootloader_elf(RISCV)
    bare = BootloaderElf("boot.elf", elf.digest, elf.architecture, elf.segments, {}, elf.layout)
    with pytest.raises(InputError, match=f"boot.elf: no symbol {SELECT}"):
        bare.function(SELECT)
