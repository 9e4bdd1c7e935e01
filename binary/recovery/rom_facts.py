"""What is fixed in the silicon of a chip: where the ROM has its functions, and where eFuse and mapped flash are read.

Source: components/esp_rom/<chip>/ld/<chip>.rom*.ld, and soc/efuse_reg.h, at v5.1.3; compared with the absolute symbols
of published bootloaders. Chips that are not listed have no published bootloader to compare with.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from ...model.config import Chip

ERASE, WRITE, WRITE_ENCRYPTED = (
    "esp_rom_spiflash_erase_sector",
    "esp_rom_spiflash_write",
    "esp_rom_spiflash_write_encrypted",
)
FLASH_CHANGES = frozenset({ERASE, WRITE, WRITE_ENCRYPTED})
"""The functions through which flash is changed."""
CRC32, RESET = "esp_rom_crc32_le", "esp_rom_software_reset_system"


@dataclass(frozen=True, slots=True)
class RomFacts:
    """One chip."""

    functions: Mapping[str, int]
    """Addresses by name."""
    encryption_register: int
    """The eFuse register with SPI_BOOT_CRYPT_CNT, on the ESP32 FLASH_CRYPT_CNT."""
    data: Mapping[str, int]
    """Addresses of variables by name."""
    encryption_shift: int = 18
    encryption_bits: int = 3


def _facts(register: int, addresses: tuple[int, ...], data: Mapping[str, int]) -> RomFacts:
    return RomFacts(dict(zip(_NAMES, addresses, strict=True)), register, data)


_NAMES = (
    *(ERASE, WRITE, WRITE_ENCRYPTED, "esp_rom_spiflash_read", CRC32, "esp_rom_printf", RESET),
    *("esp_rom_get_reset_reason", "esp_rom_delay_us", "memset", "memcpy", "memmove", "memcmp", "bzero"),
    *("esp_rom_md5_init", "esp_rom_md5_update", "esp_rom_md5_final"),
)
ROM_FACTS: Mapping[Chip, RomFacts] = {
    Chip.ESP32: RomFacts(
        {
            **{CRC32: 0x4005CFEC, "esp_rom_printf": 0x40007D54, RESET: 0x4000824C, "memset": 0x4000C44C},
            **{"esp_rom_get_reset_reason": 0x400081D4, "esp_rom_delay_us": 0x40008534, "memcpy": 0x4000C2C8},
            **{"memmove": 0x4000C3C0, "memcmp": 0x4000C260, "bzero": 0x4000C1F4, "esp_rom_md5_init": 0x4005DA7C},
            **{"esp_rom_md5_update": 0x4005DA9C, "esp_rom_md5_final": 0x4005DB1C},
        },
        0x3FF5A000,
        {"g_rom_flashchip": 0x3FFAE270},
        encryption_shift=20,
        encryption_bits=7,
    ),
    Chip.ESP32C3: _facts(
        0x60008834,
        (
            *(0x40000128, 0x4000012C, 0x40000110, 0x40000130, 0x40000628, 0x40000040, 0x40000090),
            *(0x40000018, 0x40000050, 0x40000354, 0x40000358, 0x4000035C, 0x40000360, 0x4000037C),
            *(0x40000614, 0x40000618, 0x4000061C),
        ),
        {"rom_spiflash_legacy_data": 0x3FCDFFF0},
    ),
    Chip.ESP32C6: _facts(
        0x600B0834,
        (
            *(0x40000144, 0x4000014C, 0x40000114, 0x40000150, 0x40000758, 0x40000028, 0x40000090),
            *(0x40000018, 0x40000040, 0x400004A8, 0x400004AC, 0x400004B0, 0x400004B4, 0x400004D0),
            *(0x4000074C, 0x40000750, 0x40000754),
        ),
        {"rom_spiflash_legacy_data": 0x4087FFEC},
    ),
    Chip.ESP32H2: _facts(
        0x600B0834,
        (
            *(0x4000013C, 0x40000144, 0x4000010C, 0x40000148, 0x40000724, 0x40000028, 0x40000090),
            *(0x40000018, 0x40000040, 0x400004A0, 0x400004A4, 0x400004A8, 0x400004AC, 0x400004C8),
            *(0x40000718, 0x4000071C, 0x40000720),
        ),
        {"rom_spiflash_legacy_data": 0x4084FFEC},
    ),
    Chip.ESP32S2: _facts(
        0x3F41A034,
        (
            *(0x4001716C, 0x400171CC, 0x400177E0, 0x4001728C, 0x400119DC, 0x4000FEE0, 0x40010068),
            *(0x4000FF58, 0x4000D888, 0x4001AD3C, 0x4001ABA8, 0x4001ACB0, 0x4001AB40, 0x400078C8),
            *(0x4000526C, 0x4000528C, 0x4000530C),
        ),
        {"g_rom_flashchip": 0x3FFFFD3C},
    ),
    Chip.ESP32S3: _facts(
        0x60007034,
        (
            *(0x400009FC, 0x40000A14, 0x4000096C, 0x40000A20, 0x40001C98, 0x400005D0, 0x400006D8),
            *(0x4000057C, 0x40000600, 0x400011E8, 0x400011F4, 0x40001200, 0x4000120C, 0x40001260),
            *(0x40001C5C, 0x40001C68, 0x40001C74),
        ),
        {"rom_spiflash_legacy_data": 0x3FCEFFE4},
    ),
}
"""By chip. On the ESP32 a bootloader brings its own functions to erase and program flash, which have no place here."""
NOTHING_KNOWN = RomFacts({}, 0, {})
"""Of a chip that is not listed."""
