"""The rules of `otaproof doctor` on options and releases, a row each."""

from ..rule import Rule, Severity
from ..subject import Need
from . import option_checks as checks

_ERROR, _WARNING, _NOTE = Severity.ERROR, Severity.WARNING, Severity.NOTE
_OPTIONS = (Need.OPTIONS,)
_BOTH = (Need.OPTIONS, Need.BOOTLOADER_OPTIONS)
_ROLLBACK = (Need.ROLLBACK,)
_RELEASE = (Need.RELEASE,)
_ROLLBACK_AND_RELEASE = (Need.ROLLBACK, Need.RELEASE)
_KCONFIG = "components/bootloader/Kconfig.projbuild"
_ROLLBACK_KCONFIG = "components/bootloader/Kconfig.app_rollback"

OPTION_RULES: tuple[Rule, ...] = (
    # What is written, and what becomes of it.
    Rule(
        "D01", _NOTE, "an option has its old name",
        "ESP-IDF still maps the old name to the new one when it reads this file; a file read later that uses the new "
        "name overrules it, and code that tests the old name is on its own.",
        "Write the new name.",
        "components/bootloader/sdkconfig.rename", _OPTIONS, checks.old_names,
    ),
    Rule(
        "D02", _WARNING, "an option is given twice",
        "The last line wins; whoever reads the first one is misled.",
        "Keep one of the two lines.",
        "esp-idf-kconfig, Kconfig.load_config", _OPTIONS, checks.contradicting_lines,
    ),
    Rule(
        "D03", _WARNING, "a line of sdkconfig.defaults does not count",
        "idf.py reads the defaults only where there is no sdkconfig yet; from then on the sdkconfig decides.",
        "Delete the sdkconfig and configure again, or change it with idf.py menuconfig.",
        "docs/en/api-guides/build-system.rst, Custom Sdkconfig Defaults", _OPTIONS, checks.shadowed_defaults,
    ),
    Rule(
        "D04", _WARNING, "an option is ignored",
        "Kconfig drops an option while the one it depends on is off.",
        "Switch the other option on, or drop this line.",
        _KCONFIG, _OPTIONS, checks.ignored_without_parent,
    ),
    Rule(
        "D05", _WARNING, "the project's own partition table is named, but not chosen",
        "The file name only counts with CONFIG_PARTITION_TABLE_CUSTOM=y; the device gets another table.",
        "Set CONFIG_PARTITION_TABLE_CUSTOM=y.",
        "components/partition_table/Kconfig.projbuild, PARTITION_TABLE_CUSTOM", _OPTIONS, checks.ignored_custom_table,
    ),
    Rule(
        "D06", _ERROR, "anti-rollback without rollback",
        "Kconfig drops anti-rollback without a word: the device accepts old images.",
        "Set CONFIG_BOOTLOADER_APP_ROLLBACK_ENABLE=y too, or switch both off.",
        f"{_ROLLBACK_KCONFIG}, BOOTLOADER_APP_ANTI_ROLLBACK", _OPTIONS, checks.anti_rollback_without_rollback,
    ),
    Rule(
        "D07", _WARNING, "skipped validation is ineffective with secure boot",
        "A bootloader that checks signatures reads the whole image at every boot; Kconfig drops the option.",
        "Drop the option.",
        f"{_KCONFIG}, BOOTLOADER_SKIP_VALIDATE_ALWAYS", _OPTIONS, checks.skip_validate_with_signatures,
    ),
    Rule(
        "D08", _WARNING, "the pin of the test app is ineffective with anti-rollback",
        "A test app has no secure version that would be checked; Kconfig drops the option.",
        "Drop CONFIG_BOOTLOADER_APP_TEST.",
        f"{_KCONFIG}, BOOTLOADER_APP_TEST", _OPTIONS, checks.app_test_with_anti_rollback,
    ),
    Rule(
        "D09", _WARNING, "an option of a release whose rules are not known here",
        "Later releases than 6.2-dev call rollback CONFIG_BOOTLOADER_APP_ROLLBACK and have it on by default; "
        "`otaproof check` does not know that name and takes rollback to be off.",
        "Give `otaproof check` --rollback; older releases want CONFIG_BOOTLOADER_APP_ROLLBACK_ENABLE.",
        f"{_ROLLBACK_KCONFIG}, BOOTLOADER_APP_ROLLBACK", _OPTIONS, checks.newer_than_rules,
    ),
    # Two builds that must go together. An update over the air does not replace the bootloader.
    Rule(
        "D10", _ERROR, "rollback in the application only",
        "The application marks an update NEW; a bootloader without rollback starts NEW for ever, never puts it under "
        "test and never returns to the previous image.",
        "Build and flash the bootloader with the application's options; where devices in the field have the old one, "
        "count on no rollback there.",
        "IDF-BOOT-SELECT", _BOTH, checks.rollback_in_application_only,
    ),
    Rule(
        "D11", _ERROR, "rollback in the bootloader only",
        "The application leaves the state of an update UNDEFINED, and the bootloader only puts NEW under test: no "
        "update is ever tested or undone.",
        "Set CONFIG_BOOTLOADER_APP_ROLLBACK_ENABLE=y in the application's build.",
        "IDF-OTA-SET-BOOT", _BOTH, checks.rollback_in_bootloader_only,
    ),
    Rule(
        "D12", _ERROR, "anti-rollback in one of the two builds",
        "In the application alone, it keeps old updates out, but the bootloader starts any that lies in a slot; in the "
        "bootloader alone, old updates are downloaded and marked, and refused at the boot after.",
        "Build both with the same options.",
        "IDF-OTA-ANTI-ROLLBACK", _BOTH, checks.anti_rollback_differs,
    ),
    Rule(
        "D13", _ERROR, "bootloader and application disagree on an option",
        "Both read the same flash, eFuses and RTC memory, each by its own options: they look for the table, or count "
        "the secure version, in different places.",
        "Build both with the same options.",
        _KCONFIG, _BOTH, checks.builds_differ,
    ),
    # The trial of a new image.
    Rule(
        "D14", _WARNING, "no rollback",
        "An image that boots stays, one that crashes at start or cannot reach the network too: nothing but a cable "
        "brings the previous one back. A power cut in accept() can start the old image.",
        "Set CONFIG_BOOTLOADER_APP_ROLLBACK_ENABLE=y in both builds, and accept after a self-test.",
        "IDF-OTA-MARK-INVALID", _ROLLBACK, checks.no_rollback, "C7",
    ),
    Rule(
        "D15", _ERROR, "the application never accepts itself",
        "An image that is still PENDING_VERIFY at the next boot is ABORTED: every update is undone by the first "
        "restart, whatever caused it. Until then esp_ota_begin refuses the next update.",
        "Call esp_ota_mark_app_valid_cancel_rollback(), NodeMCU's otaupgrade.accept(), once a self-test has passed.",
        "IDF-BOOT-SELECT", _ROLLBACK, checks.never_accepts,
    ),
    Rule(
        "D16", _WARNING, "no source accepts the running image",
        "If no component does it either, every update is undone by the first restart.",
        "Call esp_ota_mark_app_valid_cancel_rollback(), NodeMCU's otaupgrade.accept(), once a self-test has passed; "
        "if something else does, say --accepts yes.",
        "IDF-BOOT-SELECT", _ROLLBACK, checks.may_never_accept,
    ),
    Rule(
        "D17", _WARNING, "images are accepted before app_main",
        "An update that starts and then fails, cannot reach the network for one, is never undone.",
        "Set CONFIG_BOOTLOADER_APP_ROLLBACK_CONFIRM_BY_APP=y and accept after a self-test.",
        f"{_ROLLBACK_KCONFIG}, BOOTLOADER_APP_ROLLBACK_CONFIRM_MODE", _OPTIONS, checks.accepted_by_startup,
    ),
    Rule(
        "D18", _WARNING, "the start-up watchdog is off",
        "A new image that hangs before app_main never restarts, so it is never undone.",
        "Leave CONFIG_BOOTLOADER_WDT_ENABLE on.",
        f"{_KCONFIG}, BOOTLOADER_WDT_ENABLE", _OPTIONS, checks.watchdog_off,
    ),
    Rule(
        "D19", _WARNING, "a panic does not restart",
        "A new image that panics under test stays where it is: rollback needs the restart.",
        "Choose CONFIG_ESP_SYSTEM_PANIC_PRINT_REBOOT for what goes into the field.",
        "components/esp_system/Kconfig, ESP_SYSTEM_PANIC", _OPTIONS, checks.halting_panic,
    ),
    Rule(
        "D20", _NOTE, "a power cut can lose an update before it has run",
        "The bootloader erases the entry before it writes PENDING_VERIFY; a cut between, or a torn write, leaves the "
        "previous image selected.",
        "Let the server offer the update again, and do not count a first boot as a failed one.",
        "IDF-BOOT-SELECT", _ROLLBACK, checks.trial_lost_in_cut, "C4",
    ),
    # Validation.
    Rule(
        "D21", _WARNING, "skipped validation: the bootloader starts what is damaged",
        "It looks at the headers alone, so a slot that is half erased or half written starts, and the other slots are "
        "not tried.",
        "Drop CONFIG_BOOTLOADER_SKIP_VALIDATE_ALWAYS and _ON_POWER_ON on devices that are updated.",
        f"{_KCONFIG}, BOOTLOADER_SKIP_VALIDATE_ON_POWER_ON", _OPTIONS, checks.skip_validate,
    ),
    Rule(
        "D22", _WARNING, "a wake-up from deep sleep does not end a trial",
        "It starts the last image without a look at otadata: an image under test that sleeps and wakes is neither "
        "accepted nor undone, and one just marked does not start.",
        "Accept or restart before the first deep sleep, or drop CONFIG_BOOTLOADER_SKIP_VALIDATE_IN_DEEP_SLEEP.",
        "IDF-BOOT-WAKE", _OPTIONS, checks.skip_validate_in_deep_sleep,
    ),
    # Secure versions.
    Rule(
        "D23", _WARNING, "secure versions lie in flash",
        "The eFuses are emulated: whoever can write the flash can take the version back.",
        "Use it for tests only; drop CONFIG_BOOTLOADER_EFUSE_SECURE_VERSION_EMULATE and CONFIG_EFUSE_VIRTUAL.",
        f"{_ROLLBACK_KCONFIG}, BOOTLOADER_EFUSE_SECURE_VERSION_EMULATE", _OPTIONS, checks.emulated_efuses,
    ),
    Rule(
        "D24", _ERROR, "the secure version does not fit the eFuse field",
        "accept() fails each time, though the image is marked VALID by then; the version is never burned.",
        "Count versions from 0, one bit each, up to CONFIG_BOOTLOADER_APP_SEC_VER_SIZE_EFUSE_FIELD.",
        "IDF-EFUSE-UPDATE", _OPTIONS, checks.secure_version_too_high,
    ),
    Rule(
        "D25", _NOTE, "this is the last secure version",
        "Each version burns a bit, and none is left.",
        "Make the field larger where the chip has room, or keep to this version.",
        "IDF-EFUSE-VERSION", _OPTIONS, checks.secure_version_is_last,
    ),
    Rule(
        "D26", _NOTE, "the bootloader burns a version before it has verified the image",
        "If the image of a VALID entry is damaged and its description names a high version, every other image is "
        "locked out for ever.",
        "Raise the version in steps of one, and never write to a slot that otadata calls VALID but by esp_ota_*.",
        "IDF-BOOT-SELECT", _OPTIONS, checks.burns_unverified_version,
    ),
    # Pins, power, protection.
    Rule(
        "D27", _WARNING, "a factory reset ends a trial that never began",
        "The bootloader selects, erases data and selects again: an update that is NEW becomes ABORTED without ever "
        "having run.",
        "Set CONFIG_BOOTLOADER_OTA_DATA_ERASE=y if there is a factory app, or expect the loss.",
        "IDF-BOOT-FACTORY-RESET", _OPTIONS, checks.factory_reset_in_trial,
    ),
    Rule(
        "D28", _WARNING, "one pin for factory reset and test app",
        "The bootloader asks for the factory reset first: the test app never starts.",
        "Give each its own pin.",
        "IDF-BOOT-FACTORY-RESET", _OPTIONS, checks.pins_collide,
    ),
    Rule(
        "D29", _WARNING, "the brown-out detector is off",
        "While the supply sags the flash is erased and programmed with garbage; power cuts then leave more than what "
        "`otaproof check` assumes.",
        "Leave the detector on.",
        "components/esp_system/Kconfig, ESP_BROWNOUT_DET", _OPTIONS, checks.brownout_detector_off,
    ),
    Rule(
        "D30", _WARNING, "dangerous flash writes are allowed",
        "The application can overwrite its bootloader, its partition table and itself.",
        "Choose CONFIG_SPI_FLASH_DANGEROUS_WRITE_ABORTS or _FAILS.",
        "components/spi_flash/Kconfig, SPI_FLASH_DANGEROUS_WRITE", _OPTIONS, checks.dangerous_writes,
    ),
    Rule(
        "D31", _WARNING, "the partition table has no MD5",
        "Damage to the table goes unnoticed, and slots lie elsewhere.",
        "Drop CONFIG_APP_COMPATIBLE_PRE_V3_1_BOOTLOADERS, unless such bootloaders are in the field.",
        "components/partition_table/Kconfig.projbuild, PARTITION_TABLE_MD5", _OPTIONS, checks.table_without_md5,
    ),
    # Releases.
    Rule(
        "D32", _WARNING, "up to 5.4, rollback() can start an image that is only partly written",
        "The entry of a slot that is being rewritten stays as it was; after a download that broke off, rollback() "
        "selects it, and what lies there boots if it passes.",
        "Move to 5.5 or later, or complete a download before any rollback.",
        "IDF-OTA-BEGIN", _ROLLBACK_AND_RELEASE, checks.unfinished_image_can_boot, "C2",
    ),
    Rule(
        "D33", _NOTE, "from 5.5 on, beginning an update gives up the way back",
        "With two slots the image is being overwritten anyway; with a third slot or a factory app, rollback() no "
        "longer returns to the image that ran before, though it is intact.",
        "Do not begin an update before the running image has proved itself.",
        "IDF-OTA-BEGIN", _ROLLBACK_AND_RELEASE, checks.begin_forgets_fallback,
    ),
    Rule(
        "D34", _NOTE, "before 6.0, marking the selected slot again loses the other entry",
        "The same number goes into the other entry. The image to go back to is forgotten, and an image that was never "
        "accepted can boot for ever.",
        "Never complete the same slot twice, nor mark the running one, without a restart between.",
        "IDF-OTA-SET-BOOT-5-1", _RELEASE, checks.same_slot_twice,
    ),
    Rule(
        "D35", _NOTE, "from 6.1 on, a session left open blocks the next update",
        "After a download that broke off, esp_ota_begin, NodeMCU's commence(), fails until the session is closed.",
        "Call esp_ota_abort(), with NodeMCU complete() under pcall, before another attempt.",
        "IDF-OTA-BEGIN", _RELEASE, checks.second_begin,
    ),
    Rule(
        "D36", _NOTE, "the bootloader is older than the application",
        "An update over the air replaces the application alone; the two then go by different rules.",
        "Check the pair that is in the field: `otaproof check --idf … --bootloader-idf …`.",
        "IDF-BOOT-SELECT", _RELEASE, checks.bootloader_older,
    ),
    # NodeMCU.
    Rule(
        "D37", _NOTE, "NodeMCU's complete() says nothing of a failed switch",
        "It restarts, or returns, as if the new image had been selected.",
        "After the restart ask otaupgrade.info() which partition runs.",
        "NODEMCU-COMPLETE", _OPTIONS, checks.nodemcu_ignores_errors,
    ),
)  # fmt: skip
"""In the order of their ids."""
