"""What differs between the chips of the family, as far as images and the bootloader go.

Source: Kconfig IDF_FIRMWARE_CHIP_ID, components/soc/<chip>/include/soc/soc.h and soc_caps.h (6.2-dev),
esp_efuse_table.csv. Memory ranges are (first address, first address past the end).
"""

from collections.abc import Mapping
from dataclasses import dataclass

from ..model.config import Chip

Range = tuple[int, int]


@dataclass(frozen=True, slots=True)
class ChipTraits:
    """One chip."""

    chip_id: int
    """What the image header must name."""
    drom: Range
    """Constant data, mapped from flash."""
    irom: Range
    """Code, mapped from flash."""
    loadable: tuple[Range, ...]
    """RAM that the bootloader may load segments to: DRAM, IRAM, RTC memory."""
    bootloader_offset: int
    """Where the ROM looks for the bootloader, in bytes."""
    secure_version_bits: int = 16
    """Width of the eFuse field of the secure version."""
    has_rtc_fast_memory: bool = True
    """Retains the last boot in RTC memory, for a fast wake-up."""
    has_variable_page: bool = False
    """The image names the MMU page size it was linked for (SOC_MMU_PAGE_SIZE_CONFIGURABLE)."""
    has_large_flash: bool = False
    """Partitions of 16 MiB and more may hold images from 5.5 on (SOC_SPI_MEM_SUPPORT_CACHE_32BIT_ADDR_MAP)."""
    psram: Range | None = None
    """External RAM into which flash is mapped too."""

    def is_mapped(self, load_addr: int) -> bool:
        """Tell whether a segment for that address is mapped from flash. Source: esp_image_format.c should_map."""
        ranges = [self.drom, self.irom, *([self.psram] if self.psram else [])]
        return any(low <= load_addr < high for low, high in ranges)


CHIPS: Mapping[Chip, ChipTraits] = {
    Chip.ESP32: ChipTraits(
        chip_id=0x0000,
        drom=(0x3F400000, 0x3F800000),
        irom=(0x400D0000, 0x40400000),
        loadable=(
            (0x3FFAE000, 0x40000000),
            (0x40080000, 0x400AA000),
            (0x400C0000, 0x400C2000),
            (0x3FF80000, 0x3FF82000),
            (0x50000000, 0x50002000),
        ),
        bootloader_offset=0x1000,
        secure_version_bits=32,
    ),
    Chip.ESP32S2: ChipTraits(
        chip_id=0x0002,
        drom=(0x3F000000, 0x3FF80000),
        irom=(0x40080000, 0x40800000),
        loadable=(
            (0x3FFB0000, 0x40000000),
            (0x40020000, 0x40070000),
            (0x40070000, 0x40072000),
            (0x3FF9E000, 0x3FFA0000),
            (0x50000000, 0x50002000),
        ),
        bootloader_offset=0x1000,
    ),
    Chip.ESP32S3: ChipTraits(
        chip_id=0x0009,
        drom=(0x3C000000, 0x3E000000),
        irom=(0x42000000, 0x44000000),
        loadable=(
            (0x3FC88000, 0x3FD00000),
            (0x40370000, 0x403E0000),
            (0x600FE000, 0x60100000),
            (0x50000000, 0x50002000),
        ),
        bootloader_offset=0x0,
        has_large_flash=True,
    ),
    Chip.ESP32C2: ChipTraits(
        chip_id=0x000C,
        drom=(0x3C000000, 0x3C400000),
        irom=(0x42000000, 0x42400000),
        loadable=((0x3FCA0000, 0x3FCE0000), (0x4037C000, 0x403C0000)),
        bootloader_offset=0x0,
        secure_version_bits=4,
        has_rtc_fast_memory=False,
        has_variable_page=True,
    ),
    Chip.ESP32C3: ChipTraits(
        chip_id=0x0005,
        drom=(0x3C000000, 0x3C800000),
        irom=(0x42000000, 0x42800000),
        loadable=((0x3FC80000, 0x3FCE0000), (0x4037C000, 0x403E0000), (0x50000000, 0x50002000)),
        bootloader_offset=0x0,
    ),
    Chip.ESP32C5: ChipTraits(
        chip_id=0x0017,
        drom=(0x42000000, 0x44000000),
        irom=(0x42000000, 0x44000000),
        loadable=((0x40800000, 0x40860000), (0x50000000, 0x50004000)),
        bootloader_offset=0x2000,
        secure_version_bits=9,
        has_large_flash=True,
    ),
    Chip.ESP32C6: ChipTraits(
        chip_id=0x000D,
        drom=(0x42000000, 0x43000000),
        irom=(0x42000000, 0x43000000),
        loadable=((0x40800000, 0x40880000), (0x50000000, 0x50004000)),
        bootloader_offset=0x0,
        has_variable_page=True,
    ),
    Chip.ESP32C61: ChipTraits(
        chip_id=0x0014,
        drom=(0x42000000, 0x44000000),
        irom=(0x42000000, 0x44000000),
        loadable=((0x40800000, 0x40850000),),
        bootloader_offset=0x0,
        has_rtc_fast_memory=False,
        has_variable_page=True,
        has_large_flash=True,
    ),
    Chip.ESP32H2: ChipTraits(
        chip_id=0x0010,
        drom=(0x42000000, 0x43000000),
        irom=(0x42000000, 0x43000000),
        loadable=((0x40800000, 0x40850000), (0x50000000, 0x50001000)),
        bootloader_offset=0x0,
        has_variable_page=True,
    ),
    Chip.ESP32P4: ChipTraits(
        chip_id=0x0012,
        drom=(0x40000000, 0x44000000),
        irom=(0x40000000, 0x44000000),
        loadable=((0x4FF00000, 0x4FFC0000), (0x50108000, 0x50110000), (0x30100000, 0x30102000)),
        bootloader_offset=0x2000,
        has_large_flash=True,
        psram=(0x48000000, 0x4C000000),
    ),
}
