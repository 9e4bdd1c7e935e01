"""What differs between the chips of the family, as far as images and the bootloader go.

Source: Kconfig IDF_FIRMWARE_CHIP_ID, components/soc/<chip>/include/soc/soc.h and soc_caps.h,
esp_efuse_table.csv. Memory ranges are (first address, first address past the end). They are the same in all
releases, but for two of 4.4 (`traits_of`). Not covered: ESP32-H2 under 4.4, which knew a chip of another id
by that name, and an ESP32 built for one core, whose IRAM then begins lower.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from ...model.config import Chip
from ..release_rules import LOADS_BY_4_4, AnyVersion

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
    """RAM that the bootloader may load segments to: DRAM and IRAM; a segment lies within one range."""
    bootloader_offset: int
    """Where the ROM looks for the bootloader, in bytes."""
    rtc: tuple[Range, ...] = ()
    """RTC memory, fast and slow: loaded too, but not at a wake-up from deep sleep, which it outlives."""
    secure_version_bits: int = 16
    """Width of the eFuse field of the secure version."""
    traps_on_zero_division: bool = False
    """An Xtensa processor; on RISC-V the remainder of a division by zero is the dividend."""
    has_rtc_fast_memory: bool = True
    """Retains the last boot in RTC memory, for a fast wake-up."""
    has_variable_page: bool = False
    """The image names the MMU page size it was linked for (SOC_MMU_PAGE_SIZE_CONFIGURABLE)."""
    has_large_flash: bool = False
    """Partitions of 16 MiB and more may hold images in newer releases (SOC_SPI_MEM_SUPPORT_CACHE_32BIT_ADDR_MAP)."""
    psram: Range | None = None
    """External RAM into which flash is mapped too."""
    bootloader_window: int = 0
    """Bytes of the window for data that the bootloader uses, if not all (bootloader_flash.c MMAP_MMU_SIZE)."""
    mirrored: tuple[Range, int] | None = None
    """DRAM that is also IRAM, its words in reverse order there, and the first address of that IRAM
    (SOC_DIRAM_INVERTED). On the other chips such memory is loadable under both names, or has only one."""

    @property
    def mapped_at_once(self) -> int:
        """How many bytes of flash the bootloader maps at once, in whole pages."""
        return self.bootloader_window or self.drom[1] - self.drom[0]

    @property
    def shares_window(self) -> bool:
        """Whether code and data are mapped from flash through one window (SOC_MMU_DI_VADDR_SHARED)."""
        return self.drom == self.irom

    def is_mapped(self, load_addr: int) -> bool:
        """Tell whether a segment for that address is mapped from flash. Source: esp_image_format.c should_map."""
        ranges = [self.drom, self.irom, *([self.psram] if self.psram else [])]
        return any(low <= load_addr < high for low, high in ranges)

    def is_rtc(self, load_addr: int) -> bool:
        """Tell whether a segment for that address begins in RTC memory. Source: esp_image_format.c should_load."""
        return any(low <= load_addr < high for low, high in self.rtc)

    def is_loadable(self, start: int, end: int) -> bool:
        """Tell whether start … end - 1 is RAM of this chip, under its other name too where it has one.

        Whose RAM it is, the bootloader's own perhaps, is not looked at. Source: verify_load_addresses."""
        if not self._is_ram(start, end):
            return False
        if self.mirrored is None:
            return True
        (low, high), mirror = self.mirrored
        if end <= low or start >= high:
            return True
        return self._is_ram(mirror + high - end - 4, mirror + high - max(start, low) - 4)

    def _is_ram(self, start: int, end: int) -> bool:
        return any(low <= start and end <= high for low, high in (*self.loadable, *self.rtc))


CHIPS: Mapping[Chip, ChipTraits] = {
    Chip.ESP32: ChipTraits(
        chip_id=0x0000,
        drom=(0x3F400000, 0x3F800000),
        irom=(0x400D0000, 0x40400000),
        loadable=(
            (0x3FFAE000, 0x40000000),
            (0x40080000, 0x400AA000),
        ),
        rtc=((0x400C0000, 0x400C2000), (0x3FF80000, 0x3FF82000), (0x50000000, 0x50002000)),
        bootloader_offset=0x1000,
        secure_version_bits=32,
        bootloader_window=0x320000,
        mirrored=((0x3FFE0000, 0x40000000), 0x400A0000),
        traps_on_zero_division=True,
    ),
    Chip.ESP32S2: ChipTraits(
        chip_id=0x0002,
        drom=(0x3F000000, 0x3FF80000),
        irom=(0x40080000, 0x40800000),
        loadable=(
            (0x3FFB0000, 0x40000000),
            (0x40020000, 0x40070000),
        ),
        rtc=((0x40070000, 0x40072000), (0x3FF9E000, 0x3FFA0000), (0x50000000, 0x50002000)),
        bootloader_offset=0x1000,
        traps_on_zero_division=True,
    ),
    Chip.ESP32S3: ChipTraits(
        chip_id=0x0009,
        drom=(0x3C000000, 0x3E000000),
        irom=(0x42000000, 0x44000000),
        loadable=(
            (0x3FC88000, 0x3FD00000),
            (0x40370000, 0x403E0000),
        ),
        rtc=((0x600FE000, 0x60100000), (0x50000000, 0x50002000)),
        bootloader_offset=0x0,
        has_large_flash=True,
        traps_on_zero_division=True,
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
        loadable=((0x3FC80000, 0x3FCE0000), (0x4037C000, 0x403E0000)),
        rtc=((0x50000000, 0x50002000),),
        bootloader_offset=0x0,
    ),
    Chip.ESP32C5: ChipTraits(
        chip_id=0x0017,
        drom=(0x42000000, 0x44000000),
        irom=(0x42000000, 0x44000000),
        loadable=((0x40800000, 0x40860000),),
        rtc=((0x50000000, 0x50004000),),
        bootloader_offset=0x2000,
        secure_version_bits=9,
        has_large_flash=True,
    ),
    Chip.ESP32C6: ChipTraits(
        chip_id=0x000D,
        drom=(0x42000000, 0x43000000),
        irom=(0x42000000, 0x43000000),
        loadable=((0x40800000, 0x40880000),),
        rtc=((0x50000000, 0x50004000),),
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
        loadable=((0x40800000, 0x40850000),),
        rtc=((0x50000000, 0x50001000),),
        bootloader_offset=0x0,
        has_variable_page=True,
    ),
    Chip.ESP32P4: ChipTraits(
        chip_id=0x0012,
        drom=(0x40000000, 0x44000000),
        irom=(0x40000000, 0x44000000),
        loadable=((0x4FF00000, 0x4FFC0000), (0x30100000, 0x30102000)),
        rtc=((0x50108000, 0x50110000),),
        bootloader_offset=0x2000,
        has_large_flash=True,
        psram=(0x48000000, 0x4C000000),
    ),
}

_IN_4_4: Mapping[Chip, ChipTraits] = {
    Chip.ESP32: replace(
        CHIPS[Chip.ESP32],
        loadable=(
            (0x3FFAE000, 0x40000000),
            (0x40080000, 0x400A0000),
        ),
    ),
    Chip.ESP32S3: replace(CHIPS[Chip.ESP32S3], drom=(0x3C000000, 0x3D000000)),
}


def traits_of(chip: Chip, release: AnyVersion) -> ChipTraits:
    """Return the chip as code of that release sees it."""
    return _IN_4_4.get(chip, CHIPS[chip]) if LOADS_BY_4_4.holds_in(release) else CHIPS[chip]
