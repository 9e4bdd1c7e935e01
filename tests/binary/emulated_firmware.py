"""Our own bootloader's RISC-V ELF in an emulated core, with the hardware below it replaced by Python.

It shares nothing with the emulator of the product, so that the sources and the faults are judged apart from it.
"""

import hashlib
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

from elftools.elf.elffile import ELFFile
from unicorn import UC_ARCH_RISCV, UC_HOOK_CODE, UC_MODE_RISCV32, Uc
from unicorn.riscv_const import (
    UC_RISCV_REG_A0,
    UC_RISCV_REG_A1,
    UC_RISCV_REG_A2,
    UC_RISCV_REG_A3,
    UC_RISCV_REG_RA,
    UC_RISCV_REG_SP,
)

SECTOR = 0x1000
ESP_ERR_FLASH_OP_FAIL = 0x6001
"""Not ESP_FAIL: any error must count."""
STATE_WORDS = struct.Struct("<40I")
"""bootloader_state_t: offset and size of otadata, factory, test, ota_0 … ota_15; the count; one word more."""

_MAPPED, _STATE, _STACK, _STOP, _CHIP = 0x3C000000, 0x3D000000, 0x3D100000, 0x50000000, 0x3FF00000
_ROM, _ROM_SIZE = 0x40000000, 2 * SECTOR
_ENTRY = _ROM + _ROM_SIZE - 16
_MAPPED_SIZE = 4 * SECTOR
_RETURN = bytes.fromhex("8280")
"""c.jr ra."""
_ENTRY_IN_METADATA = 8
"""Offset of image.entry_addr in esp_image_metadata_t."""
_ARGUMENTS = (UC_RISCV_REG_A0, UC_RISCV_REG_A1, UC_RISCV_REG_A2, UC_RISCV_REG_A3)


class End(Enum):
    """How a call ended."""

    RETURNED = "returned"
    RESET = "reset"
    STARTED = "started an image"


@dataclass
class Hardware:
    """What the bootloader reads and changes; both the C code and impl's Bootloader can run on one."""

    regions: dict[int, bytes]
    """Contents of the flash, by address; nothing else is read."""
    size: int = 0x400000
    """Bytes on the flash chip."""
    encrypted: bool = False
    erase_fails: bool = False
    passing: frozenset[int] = frozenset()
    """Offsets of the partitions whose image passes."""
    burned: int = 0
    """The eFuse's secure version."""
    ops: list[tuple[object, ...]] = field(default_factory=list)
    """Erases, programs, burns and tries of an image, in order."""

    def read(self, address: int, size: int) -> bytes:
        """Return bytes of one region."""
        for start, content in self.regions.items():
            if start <= address and address + size <= start + len(content):
                return content[address - start :][:size]
        raise LookupError(f"read of {size} bytes at {address:#x}")

    def erase(self, address: int) -> bool:
        """Log the erase; tell whether it succeeds."""
        self.ops.append(("erase", address))
        return not self.erase_fails

    def write(self, address: int, raw: bytes, encrypted: bool) -> None:
        """Log the program."""
        self.ops.append(("program", address, raw, encrypted))

    def load(self, offset: int, is_verified: bool) -> bool:
        """Log that the image at `offset` is loaded, verified or not; tell whether it passes."""
        self.ops.append(("try", offset, is_verified))
        return offset in self.passing

    def burn(self, version: int) -> None:
        """Log the burn; the field is left as it was."""
        self.ops.append(("burn", version))


class EmulatedFirmware:
    """One ELF, whose functions can be called as often as one likes."""

    def __init__(self, elf: Path) -> None:
        """Load the segments and the symbols."""
        self.hardware = Hardware({})
        self.end = End.RETURNED
        self._core = Uc(UC_ARCH_RISCV, UC_MODE_RISCV32)
        self._mapped_pages: set[int] = set()
        self._md5 = hashlib.md5()
        with elf.open("rb") as stream:
            file = ELFFile(stream)
            for segment in file.iter_segments("PT_LOAD"):
                self._map(segment["p_vaddr"], segment["p_memsz"])
                self._core.mem_write(segment["p_vaddr"], segment.data())
            symbols = file.get_section_by_name(".symtab").iter_symbols()
            self.symbols: dict[str, int] = {symbol.name: symbol["st_value"] for symbol in symbols if symbol.name}
        for start, size in (
            (_MAPPED, _MAPPED_SIZE),
            (_STATE, SECTOR),
            (_STACK - 4 * SECTOR, 4 * SECTOR),
            (_STOP, SECTOR),
            (_CHIP, SECTOR),
            (_ROM, _ROM_SIZE),
        ):
            self._map(start, size)
        self._hooks = {self.symbols[name]: hook for name, hook in self._hook_table().items() if name in self.symbols}
        self._hooks[_ENTRY] = lambda *_: self._stop(End.STARTED)
        for address in self._hooks:
            self._core.mem_write(address, _RETURN)
        self._core.hook_add(UC_HOOK_CODE, self._on_hook, begin=_ROM, end=_ROM + _ROM_SIZE - 1)

    def call(self, name: str, state: bytes, *arguments: int) -> int:
        """Return what a function returns for a bootloader_state_t and further words; see `end`."""
        core, self.end = self._core, End.RETURNED
        core.mem_write(_STATE, state)
        core.mem_write(_CHIP + 4, self.hardware.size.to_bytes(4, "little"))
        for register, value in zip(_ARGUMENTS, (_STATE, *arguments), strict=False):
            core.reg_write(register, value & 0xFFFFFFFF)
        core.reg_write(UC_RISCV_REG_SP, _STACK - 64)
        core.reg_write(UC_RISCV_REG_RA, _STOP)
        core.emu_start(self.symbols[name], _STOP)
        return _signed(core.reg_read(UC_RISCV_REG_A0))

    @property
    def state(self) -> bytes:
        """The bootloader_state_t after a call."""
        return bytes(self._core.mem_read(_STATE, STATE_WORDS.size))

    @property
    def has_initial_contents(self) -> bool:
        """The static variable that the selection leaves for the loading."""
        return bool(self._core.mem_read(self.symbols["ota_has_initial_contents"], 1)[0])

    @has_initial_contents.setter
    def has_initial_contents(self, value: bool) -> None:
        self._core.mem_write(self.symbols["ota_has_initial_contents"], bytes([value]))

    def _map(self, address: int, size: int) -> None:
        pages = set(range(address // SECTOR, -(-(address + size) // SECTOR))) - self._mapped_pages
        for page in pages:
            self._core.mem_map(page * SECTOR, SECTOR)
        self._mapped_pages |= pages

    def _hook_table(self) -> dict[str, Callable[[int, int, int, int], int]]:
        return {
            "bootloader_mmap": lambda address, size, *_: self._fill(
                _MAPPED, self.hardware.read(address, size), _MAPPED
            ),
            "bootloader_munmap": lambda *_: 0,
            "bootloader_flash_read": self._read,
            "bootloader_flash_write": self._write,
            "bootloader_flash_erase_sector": self._erase,
            "esp_flash_encryption_enabled": lambda *_: self.hardware.encrypted,
            "esp_rom_crc32_le": lambda start, address, size, _: zlib.crc32(self._bytes(address, size), start),
            "esp_rom_printf": lambda *_: 0,
            "memcpy": lambda into, address, size, _: self._fill(into, self._bytes(address, size), into),
            "memset": lambda into, value, size, _: self._fill(into, bytes([value & 0xFF]) * size, into),
            "memcmp": lambda left, right, size, _: int(self._bytes(left, size) != self._bytes(right, size)),
            "esp_rom_md5_init": self._begin_md5,
            "esp_rom_md5_update": self._update_md5,
            "esp_rom_md5_final": lambda into, *_: self._fill(into, self._md5.digest()),
            "bootloader_reset": lambda *_: self._stop(End.RESET),
            "bootloader_load_image": lambda partition, metadata, *_: self._load(partition, metadata, True),
            "bootloader_load_image_no_verify": lambda partition, metadata, *_: self._load(partition, metadata, False),
            "esp_efuse_check_secure_version": lambda version, *_: version >= self.hardware.burned,
            "esp_efuse_update_secure_version": self._burn,
        }

    def _on_hook(self, core: Uc, address: int, size: int, _: object) -> None:
        result = self._hooks[address](*(core.reg_read(register) for register in _ARGUMENTS))
        core.reg_write(UC_RISCV_REG_A0, result & 0xFFFFFFFF)

    def _bytes(self, address: int, size: int) -> bytes:
        return bytes(self._core.mem_read(address, size))

    def _fill(self, into: int, content: bytes, result: int = 0) -> int:
        self._core.mem_write(into, content)
        return result

    def _read(self, address: int, into: int, size: int, *_: int) -> int:
        return self._fill(into, self.hardware.read(address, size))

    def _erase(self, sector: int, *_: int) -> int:
        return 0 if self.hardware.erase(sector * SECTOR) else ESP_ERR_FLASH_OP_FAIL

    def _write(self, address: int, source: int, size: int, encrypted: int) -> int:
        self.hardware.write(address, self._bytes(source, size), bool(encrypted))
        return 0

    def _begin_md5(self, *_: int) -> int:
        self._md5 = hashlib.md5()
        return 0

    def _update_md5(self, _: int, address: int, size: int, *__: int) -> int:
        self._md5.update(self._bytes(address, size))
        return 0

    def _burn(self, version: int, *_: int) -> int:
        self.hardware.burn(version)
        return 0

    def _stop(self, end: End) -> int:
        self.end = end
        self._core.emu_stop()
        return 0

    def _load(self, partition: int, metadata: int, is_verified: bool) -> int:
        """Give an image that passes the entry point at which the emulation ends."""
        if not self.hardware.load(int.from_bytes(self._bytes(partition, 4), "little"), is_verified):
            return ESP_ERR_FLASH_OP_FAIL
        return self._fill(metadata + _ENTRY_IN_METADATA, _ENTRY.to_bytes(4, "little"))


def _signed(word: int) -> int:
    return word - ((word >> 31) << 32)
