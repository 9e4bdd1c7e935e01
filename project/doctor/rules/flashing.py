"""Rules on flash itself and on what a flashing tool writes: sizes, reach, and places (D83 to D87, D89, D90)."""

from collections.abc import Iterator

from ....impl.chip.cells import SECTOR_SIZE
from ....impl.partitions.generator_checks import OTADATA_SIZE
from ....model.writers import Updater
from ...settings import CODE_REACH
from ..rule import RuleFinding, Severity, at, quoted, rule
from ..subject import Need, Subject

_BOOT_APP0, _ARDUINO_APP = 0xE000, 0x10000
"""Where Arduino's upload writes otadata, and the application."""


@rule(
    "D83",
    Severity.ERROR,
    title="an app lies above 16 MiB of flash",
    reason="Code is run through 24-bit addresses on quad flash: an image that lies or reaches there never boots.",
    remedy="Keep all apps below 0x1000000 and data above it. Octal flash has no such limit "
    "(CONFIG_ESPTOOLPY_OCT_FLASH=y), nor has the experimental CONFIG_BOOTLOADER_CACHE_32BIT_ADDR_QUAD_FLASH.",
    source="components/bootloader/Kconfig.projbuild, BOOTLOADER_CACHE_32BIT_ADDR_QUAD_FLASH",
    needs=(Need.TABLE,),
)
def beyond_code_reach(subject: Subject) -> Iterator[RuleFinding]:
    """Apps of which a part lies where no code is run from."""
    for row in subject.known_table.apps if not subject.settings.runs_all_flash else ():
        if row.partition.end > CODE_REACH:
            yield at(row.place, f"{quoted(row)} ends at 0x{row.partition.end:x}, above 16 MiB (0x{CODE_REACH:x})")


@rule(
    "D84",
    Severity.WARNING,
    title="the bootloader's header says less flash than the table needs",
    reason="A bootloader takes the size of the flash from its own header. It refuses a table that ends beyond it as a "
    "whole, and nothing boots, unless the flashing tool has corrected the header.",
    remedy="Build the bootloader with the flash size of the module, or flash with --flash-size detect.",
    source="components/bootloader_support/src/flash_partitions.c, esp_partition_table_verify",
    needs=(Need.TABLE, Need.BOOTLOADER),
)
def beyond_header(subject: Subject) -> Iterator[RuleFinding]:
    """A table that ends beyond the flash of the bootloader's header."""
    last = max(subject.known_table.rows, key=lambda row: row.partition.end, default=None)
    if subject.bootloader_flash_size is None or last is None:
        return
    size, place = subject.bootloader_flash_size
    if last.partition.end > size:
        yield at(
            place, f"its header says {size >> 20} MB; {quoted(last)} ends at 0x{last.partition.end:x} ({last.place})"
        )


@rule(
    "D85",
    Severity.WARNING,
    title="an upload by cable writes over other partitions than otadata",
    reason="Arduino's and PlatformIO's upload writes boot_app0.bin, which selects ota_0, to 0xe000 … 0xffff, wherever "
    "the table has otadata. After an update over the air the uploaded image then does not boot, and what lies at "
    "0xe000 is lost.",
    remedy="Place otadata at 0xe000, or upload boot_app0.bin to its offset.",
    source="arduino-esp32, boards.txt and tools/platformio-build.py, boot_app0.bin",
    needs=(Need.TABLE, Need.UPDATER),
)
def otadata_not_at_e000(subject: Subject) -> Iterator[RuleFinding]:
    """Otadata elsewhere than where Arduino's upload takes it to be."""
    rows = subject.known_table.otadata
    if not subject.is_arduino or not rows or rows[0].partition.offset == _BOOT_APP0:
        return
    hit = [
        quoted(row)
        for row in subject.known_table.rows
        if row.partition.offset < _BOOT_APP0 + OTADATA_SIZE and row.partition.end > _BOOT_APP0
    ]
    over = f"; an upload writes over {', '.join(hit)}" if hit else ""
    yield at(rows[0].place, f"{quoted(rows[0])} lies at 0x{rows[0].partition.offset:x}, not at 0x{_BOOT_APP0:x}{over}")


@rule(
    "D86",
    Severity.ERROR,
    title="the build flashes the application where no app partition begins",
    reason="The bootloader looks for images where app partitions begin: nothing boots.",
    remedy="Build again, and flash all parts.",
    source="components/esptool_py/project_include.cmake, flasher_args.json",
    needs=(Need.TABLE, Need.BUILD),
)
def app_flashed_elsewhere(subject: Subject) -> Iterator[RuleFinding]:
    """A build whose application no partition of the table takes."""
    apps = subject.known_table.apps
    if subject.flashed_app is None or any(row.partition.offset == subject.flashed_app[0] for row in apps):
        return
    offset, file = subject.flashed_app
    begin = ", ".join(f"0x{row.partition.offset:x}" for row in apps) or "nowhere"
    inside = [row for row in subject.known_table.rows if row.partition.offset <= offset < row.partition.end]
    where = f", in {quoted(inside[0])} ({inside[0].place})" if inside else ""
    yield at(file, f"flashes the application to 0x{offset:x}{where}; app partitions begin at {begin}")


@rule(
    "D87",
    Severity.ERROR,
    title="the build flashes another flash size than the options have",
    reason="The size goes into the bootloader's header, and the bootloader refuses a table that ends beyond it.",
    remedy="Build again, and flash all parts.",
    source="components/esptool_py/project_include.cmake, flasher_args.json",
    needs=(Need.OPTIONS, Need.BUILD),
)
def other_flash_size(subject: Subject) -> Iterator[RuleFinding]:
    """A build of another flash size."""
    if subject.flashed_size is None or subject.flash_size is None:
        return
    (built, file), (size, place) = subject.flashed_size, subject.flash_size
    if built != size:
        yield at(file, f"flash_size is {built >> 20}MB; {size >> 20} MB by {place}")


@rule(
    "D89",
    Severity.NOTE,
    title="a slot is no whole number of sectors",
    reason="esp_ota_begin with OTA_SIZE_UNKNOWN erases the slot as a whole, and esp_partition_erase_range refuses a "
    "size that is not a multiple of 0x1000: the update fails before its first byte. With the size of the image, or "
    "OTA_WITH_SEQUENTIAL_WRITES, it goes through. From 5.3 on the table is refused.",
    remedy="Round the size up where the table may change; else pass the size of the image to esp_ota_begin.",
    source="components/esp_partition/partition_target.c, esp_partition_erase_range",
    needs=(Need.TABLE,),
)
def slot_of_no_whole_sectors(subject: Subject) -> Iterator[RuleFinding]:
    """Slots that an update of unknown size cannot erase."""
    for row in subject.known_table.slots if subject.config.updater is Updater.ESP_IDF else ():
        if row.partition.size % SECTOR_SIZE:
            yield at(row.place, f"{quoted(row)} has 0x{row.partition.size:x} bytes")


@rule(
    "D90",
    Severity.WARNING,
    title="an upload from the Arduino IDE writes the application where no app partition begins",
    reason="The Arduino IDE writes it to 0x10000 whatever the table says, so the uploaded sketch never boots, and what "
    "lies there is lost. PlatformIO writes it to the first app partition.",
    remedy="Let the first app partition begin at 0x10000, or upload to its offset.",
    source="arduino-esp32, platform.txt, tools.esptool_py.upload.pattern_args",
    needs=(Need.TABLE, Need.APP),
)
def no_app_at_10000(subject: Subject) -> Iterator[RuleFinding]:
    """A table without an app where Arduino's upload takes the first one to be."""
    apps = subject.known_table.apps
    if not subject.known_app.is_arduino or not apps or any(row.partition.offset == _ARDUINO_APP for row in apps):
        return
    first = min(apps, key=lambda row: row.partition.offset)
    yield at(first.place, f"the first app is {quoted(first)}, at 0x{first.partition.offset:x}")
