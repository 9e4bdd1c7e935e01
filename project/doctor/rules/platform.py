"""Rules on the platform: watchdog, panics, power, pins, flash protection, releases, NodeMCU (D18 to D37)."""

from collections.abc import Iterator

from ....model.config import Release
from ..rule import RuleFinding, Severity, at, at_release, rule
from ..subject import Need, Subject

_KCONFIG = "components/bootloader/Kconfig.projbuild"
_HALTING_PANICS = ("ESP_SYSTEM_PANIC_PRINT_HALT", "ESP_SYSTEM_PANIC_GDBSTUB", "ESP32_PANIC_PRINT_HALT")
_BROWNOUT = ("ESP_BROWNOUT_DET", "ESP32_BROWNOUT_DET", "ESP32S2_BROWNOUT_DET", "ESP32S3_BROWNOUT_DET")


@rule(
    "D18",
    Severity.WARNING,
    title="the start-up watchdog is off",
    reason="A new image that hangs before app_main never restarts, so it is never rolled back.",
    remedy="Leave CONFIG_BOOTLOADER_WDT_ENABLE on.",
    source=f"{_KCONFIG}, BOOTLOADER_WDT_ENABLE",
    needs=(Need.OPTIONS,),
)
def watchdog_off(subject: Subject) -> Iterator[RuleFinding]:
    """A start-up without a watchdog."""
    if subject.config.rollback and not subject.is_on("BOOTLOADER_WDT_ENABLE", default=True):
        yield at(subject.place("BOOTLOADER_WDT_ENABLE"), "CONFIG_BOOTLOADER_WDT_ENABLE is off")


@rule(
    "D19",
    Severity.WARNING,
    title="a panic does not restart",
    reason="A new image that panics while it is PENDING_VERIFY stays selected: rollback needs the restart.",
    remedy="Choose CONFIG_ESP_SYSTEM_PANIC_PRINT_REBOOT for devices in the field.",
    source="components/esp_system/Kconfig, ESP_SYSTEM_PANIC",
    needs=(Need.OPTIONS,),
)
def halting_panic(subject: Subject) -> Iterator[RuleFinding]:
    """A panic that does not restart."""
    for name in _HALTING_PANICS:
        if subject.config.rollback and subject.is_on(name):
            yield at(subject.place(name), f"CONFIG_{name}=y: a panic does not restart the chip")


@rule(
    "D28",
    Severity.WARNING,
    title="one pin for factory reset and test app",
    reason="The bootloader asks for the factory reset first: the test app never starts.",
    remedy="Give each its own pin.",
    source="IDF-BOOT-FACTORY-RESET",
    needs=(Need.OPTIONS,),
)
def pins_collide(subject: Subject) -> Iterator[RuleFinding]:
    """One pin for factory reset and test app."""
    reset = subject.number("BOOTLOADER_NUM_PIN_FACTORY_RESET") or 4
    test = subject.number("BOOTLOADER_NUM_PIN_APP_TEST") or 18
    if subject.is_on("BOOTLOADER_FACTORY_RESET") and subject.is_on("BOOTLOADER_APP_TEST") and reset == test:
        yield at(subject.place("BOOTLOADER_NUM_PIN_APP_TEST"), f"GPIO {test} is the pin of the factory reset too")


@rule(
    "D29",
    Severity.WARNING,
    title="the brown-out detector is off",
    reason="While the supply voltage is too low, flash can be erased and programmed with garbage. Power cuts then "
    "damage more than `otaproof check` assumes.",
    remedy="Leave the detector on.",
    source="components/esp_system/Kconfig, ESP_BROWNOUT_DET",
    needs=(Need.OPTIONS,),
)
def brownout_detector_off(subject: Subject) -> Iterator[RuleFinding]:
    """Flash operations at a voltage that is too low."""
    for name in _BROWNOUT:
        option = subject.options.get(name)
        if option is not None and option.raw == "n":
            yield at(option.place, f"CONFIG_{name} is off")


@rule(
    "D30",
    Severity.WARNING,
    title="dangerous flash writes are allowed",
    reason="The application can overwrite its bootloader, its partition table and itself.",
    remedy="Choose CONFIG_SPI_FLASH_DANGEROUS_WRITE_ABORTS or _FAILS.",
    source="components/spi_flash/Kconfig, SPI_FLASH_DANGEROUS_WRITE",
    needs=(Need.OPTIONS,),
)
def dangerous_writes(subject: Subject) -> Iterator[RuleFinding]:
    """Writes to bootloader, table and running application that are let through."""
    name = "SPI_FLASH_DANGEROUS_WRITE_ALLOWED"
    if subject.is_on(name):
        yield at(subject.place(name), f"CONFIG_{name}=y")


@rule(
    "D31",
    Severity.WARNING,
    title="the partition table has no MD5",
    reason="Damage to the table is not noticed, and slots are looked for in the wrong places.",
    remedy="Drop CONFIG_APP_COMPATIBLE_PRE_V3_1_BOOTLOADERS, unless bootloaders that old are in the field.",
    source="components/partition_table/Kconfig.projbuild, PARTITION_TABLE_MD5",
    needs=(Need.OPTIONS,),
)
def table_without_md5(subject: Subject) -> Iterator[RuleFinding]:
    """A table whose damage nobody notices."""
    if not subject.config.table_md5:
        old = "APP_COMPATIBLE_PRE_V3_1_BOOTLOADERS"
        place = subject.place(old if subject.is_on(old) else "PARTITION_TABLE_MD5")
        yield at(place, "the partition table is built without its MD5")


@rule(
    "D33",
    Severity.NOTE,
    title="from 5.5 on, beginning an update drops the fallback image",
    reason="esp_ota_begin erases the other otadata entry. With two slots its image is being overwritten anyway; with "
    "a third slot or a factory app, rollback() no longer returns to the image that ran before, though it is "
    "intact.",
    remedy="Begin an update only after the running image has proved itself.",
    source="IDF-OTA-BEGIN",
    needs=(Need.ROLLBACK, Need.RELEASE),
)
def begin_forgets_fallback(subject: Subject) -> Iterator[RuleFinding]:
    """Releases whose begin erases the other entry."""
    if subject.calls_begin and subject.config.rollback and subject.config.app_release >= Release.V5_5:
        yield at_release(subject, "esp_ota_begin erases the otadata entry that is not selected")


@rule(
    "D34",
    Severity.NOTE,
    title="before 6.0, marking the selected slot again loses the other entry",
    reason="The same sequence number goes into the other entry. The image to fall back to is forgotten, and an image "
    "that was never accepted can boot for ever.",
    remedy="Do not complete the same slot twice, or mark the running one, without a restart between.",
    source="IDF-OTA-SET-BOOT-5-1",
    needs=(Need.RELEASE,),
)
def same_slot_twice(subject: Subject) -> Iterator[RuleFinding]:
    """Releases that write one number into both entries."""
    if subject.config.app_release < Release.V6_0:
        yield at_release(subject, "esp_ota_set_boot_partition of the selected slot overwrites the other entry")


@rule(
    "D35",
    Severity.NOTE,
    title="from 6.1 on, a session left open blocks the next update",
    reason="After a download that broke off, esp_ota_begin (NodeMCU: commence()) fails until the session is closed.",
    remedy="Call esp_ota_abort() (NodeMCU: complete() under pcall) before another attempt.",
    source="IDF-OTA-BEGIN",
    needs=(Need.RELEASE,),
)
def second_begin(subject: Subject) -> Iterator[RuleFinding]:
    """Releases that refuse a second session."""
    if subject.calls_begin and subject.config.app_release >= Release.V6_1:
        yield at_release(subject, "esp_ota_begin is refused while an earlier session is open")


@rule(
    "D36",
    Severity.NOTE,
    title="the bootloader is older than the application",
    reason="An update over the air replaces only the application. Bootloader and application then follow different "
    "rules.",
    remedy="Check the pair that is in the field: give both releases to `otaproof check`, with --idf and "
    "--bootloader-idf.",
    source="IDF-BOOT-SELECT",
    needs=(Need.RELEASE,),
)
def bootloader_older(subject: Subject) -> Iterator[RuleFinding]:
    """An application on a bootloader of an older release."""
    app, bootloader = subject.config.app_point, subject.config.bootloader_point
    if bootloader < app:
        yield at_release(
            subject,
            f"the bootloader goes by the rules of {subject.config.bootloader_name}, not {subject.config.app_name}",
        )


@rule(
    "D37",
    Severity.NOTE,
    title="NodeMCU's complete() hides a failed switch",
    reason="It restarts, or returns, as if the new image had been selected.",
    remedy="After the restart ask otaupgrade.info() which partition runs.",
    source="NODEMCU-COMPLETE",
    needs=(Need.OPTIONS,),
)
def nodemcu_ignores_errors(subject: Subject) -> Iterator[RuleFinding]:
    """NodeMCU's complete()."""
    name = "NODEMCU_CMODULE_OTAUPGRADE"
    if subject.is_on(name):
        suffix = ", such as a secure version that is too old" if subject.config.anti_rollback else ""
        yield at(subject.place(name), f"complete() hides the error of esp_ota_set_boot_partition{suffix}")
