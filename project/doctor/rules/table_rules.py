"""The rules of `otaproof doctor` on partition tables and images, a row each."""

from ..rule import Rule, Severity
from ..subject import Need
from . import image_checks as images
from . import table_checks as checks

_ERROR, _WARNING, _NOTE = Severity.ERROR, Severity.WARNING, Severity.NOTE
_TABLE = (Need.TABLE,)
_TABLE_AND_OPTIONS = (Need.TABLE, Need.OPTIONS)
_APP = (Need.APP,)
_APP_AND_OPTIONS = (Need.APP, Need.OPTIONS)
_APP_AND_TABLE = (Need.APP, Need.TABLE)
_GENERATOR = "components/partition_table/gen_esp32part.py, PartitionTable.verify"

TABLE_RULES: tuple[Rule, ...] = (
    # What an update needs.
    Rule(
        "D40", _ERROR, "no OTA slot",
        "There is nowhere to write an update to.",
        "Add otadata, data, ota, , 0x2000 and two apps, ota_0 and ota_1, or choose CONFIG_PARTITION_TABLE_TWO_OTA.",
        "IDF-OTA-NEXT-UPDATE", _TABLE, checks.no_slot,
    ),
    Rule(
        "D41", _ERROR, "NodeMCU's upgrade module without two slots",
        "NodeMCU's own table has a factory app and nothing to upgrade: commence() fails.",
        "Make a table with otadata, ota_0 and ota_1, as NodeMCU's documentation of otaupgrade shows, and set "
        "CONFIG_PARTITION_TABLE_CUSTOM_FILENAME to it.",
        "SEED-COMMENCE", _TABLE_AND_OPTIONS, checks.nodemcu_without_slots,
    ),
    Rule(
        "D42", _ERROR, "only one OTA slot",
        "An image that runs from it cannot be replaced: the next slot is the running one, and esp_ota_begin refuses.",
        "Add a second slot.",
        "IDF-OTA-NEXT-UPDATE", _TABLE, checks.one_slot,
    ),
    Rule(
        "D43", _ERROR, "no otadata",
        "The slot to boot is recorded nowhere: an update is written and never starts. With NodeMCU, complete() "
        "restarts as if all were well.",
        "Add otadata, data, ota, , 0x2000.",
        "IDF-OTA-SET-BOOT", _TABLE, checks.no_otadata,
    ),
    Rule(
        "D44", _ERROR, "otadata of the wrong size",
        "It is two sectors, one for each entry. A bootloader that finds less resets for ever.",
        "Make it 0x2000.",
        _GENERATOR, _TABLE, checks.otadata_size,
    ),
    Rule(
        "D45", _ERROR, "two otadata partitions",
        "Bootloader and application need not take the same one.",
        "Drop one.",
        _GENERATOR, _TABLE, checks.two_otadata,
    ),
    Rule(
        "D46", _ERROR, "a gap in the numbers of the OTA slots",
        "The bootloader counts rows, the application counts from ota_0 up to the first gap: they take remainders by "
        "different numbers, and an update selects another slot than it was written to, or none.",
        "Number the slots ota_0, ota_1, … without a gap.",
        "IDF-OTA-NEXT-UPDATE", _TABLE, checks.slot_gap,
    ),
    Rule(
        "D47", _ERROR, "two apps of one subtype",
        "The bootloader takes the last of them, the application the first; the generator lets it pass.",
        "Give each app its own subtype.",
        "IDF-BOOT-SELECT", _TABLE, checks.duplicate_subtype,
    ),
    Rule(
        "D48", _ERROR, "more than 16 OTA slots",
        "Slots are numbered with four bits, and the number after ota_15 is the test app.",
        "Keep to ota_0 … ota_15.",
        "components/partition_table/gen_esp32part.py, NUM_PARTITION_SUBTYPE_APP_OTA", _TABLE, checks.too_many_slots,
    ),
    # Where things lie.
    Rule(
        "D49", _ERROR, "an offset is not aligned",
        "An app is mapped in pages of 64 KiB, everything else is erased in sectors of 4 KiB.",
        "Leave the offset blank, or round it up.",
        _GENERATOR, _TABLE, checks.misaligned,
    ),
    Rule(
        "D50", _ERROR, "partitions overlap",
        "An update, or the data of the one, overwrites the other. Neither bootloader nor application looks.",
        "Leave the offset blank, or move it.",
        _GENERATOR, _TABLE, checks.overlap,
    ),
    Rule(
        "D51", _ERROR, "a partition lies over bootloader or partition table",
        "Erasing it erases what boots the device.",
        "Move the partition up; after a change of CONFIG_PARTITION_TABLE_OFFSET leave the offsets blank.",
        _GENERATOR, _TABLE_AND_OPTIONS, checks.below_table,
    ),
    Rule(
        "D52", _ERROR, "a partition lies beyond the flash",
        "The bootloader refuses the whole table, and nothing boots.",
        "Choose the flash size of the module, or shrink the partitions.",
        "components/bootloader_support/src/flash_partitions.c, esp_partition_table_verify",
        _TABLE_AND_OPTIONS, checks.beyond_flash,
    ),
    Rule(
        "D53", _ERROR, "the partition table is refused",
        "gen_esp32part.py stops, and with it the build.",
        "Correct the line.",
        _GENERATOR, _TABLE, checks.refused,
    ),
    Rule(
        "D54", _ERROR, "the bootloader reaches into the partition table",
        "Flashing the one destroys the other.",
        "Raise CONFIG_PARTITION_TABLE_OFFSET, or lower the bootloader's log level.",
        "components/partition_table/check_sizes.py, check_bootloader", (Need.BOOTLOADER, Need.OPTIONS),
        checks.bootloader_too_large,
    ),
    Rule(
        "D55", _WARNING, "slots of different sizes",
        "A release that fits one slot may not fit the other: every second update fails.",
        "Make them equal.",
        "IDF-OTA-BEGIN", _TABLE, checks.slots_differ,
    ),
    Rule(
        "D56", _ERROR, "a slot, or otadata, is read-only",
        "From 5.5 on every write to it is refused.",
        "Drop the flag.",
        "components/esp_partition/partition_target.c, esp_partition_write", _TABLE, checks.readonly,
    ),
    Rule(
        "D57", _NOTE, "the flag encrypted changes nothing",
        "With flash encryption apps and otadata are always encrypted, without it nothing is.",
        "Drop the flag.",
        "docs/en/api-guides/partition-tables.rst, Flags", _TABLE_AND_OPTIONS, checks.idle_encrypted_flag,
    ),
    # What goes with what.
    Rule(
        "D58", _ERROR, "anti-rollback with a factory app",
        "A factory app cannot be replaced over the air: once a version is burned it is locked out, and with it the "
        "last resort. The build refuses the combination.",
        "Use a table of ota_0 and ota_1 alone.",
        "IDF-OTA-ANTI-ROLLBACK", _TABLE_AND_OPTIONS, checks.anti_rollback_with_factory,
    ),
    Rule(
        "D59", _ERROR, "anti-rollback with a test app",
        "As with a factory app. The build refuses the combination.",
        "Use a table of ota_0 and ota_1 alone.",
        "IDF-OTA-ANTI-ROLLBACK", _TABLE_AND_OPTIONS, checks.anti_rollback_with_test,
    ),
    Rule(
        "D60", _ERROR, "anti-rollback with otadata and no slot",
        "Once an entry is written the bootloader divides by the number of slots, and traps at every boot.",
        "Add ota_0 and ota_1.",
        "IDF-BOOT-SELECT", _TABLE_AND_OPTIONS, checks.anti_rollback_without_slots,
    ),
    Rule(
        "D61", _ERROR, "emulated eFuses have no partition",
        "There is no place to keep them.",
        "Add emul_efuse, data, efuse, , 0x2000.",
        "components/bootloader/Kconfig.app_rollback, BOOTLOADER_EFUSE_SECURE_VERSION_EMULATE",
        _TABLE_AND_OPTIONS, checks.no_emulated_efuse,
    ),
    Rule(
        "D62", _WARNING, "a factory reset without a factory app",
        "With otadata erased ota_0 boots, whatever it holds, an image that was never accepted or that was undone "
        "included, and is written down as VALID.",
        "Add a factory app, or drop CONFIG_BOOTLOADER_OTA_DATA_ERASE.",
        "IDF-BOOT-LOAD", _TABLE_AND_OPTIONS, checks.factory_reset_without_factory,
    ),
    Rule(
        "D63", _WARNING, "erased otadata is never written again",
        "Under flash encryption erased flash reads as garbage, not as an empty entry: the image that boots is not "
        "written down, and accept() fails.",
        "Add a factory app, or drop CONFIG_BOOTLOADER_OTA_DATA_ERASE.",
        "IDF-BOOT-LOAD", _TABLE_AND_OPTIONS, checks.encrypted_reset_without_factory,
    ),
    Rule(
        "D64", _WARNING, "a factory reset erases less than it is told",
        "Names that are not in the table, and apps, are passed over in silence.",
        "Correct CONFIG_BOOTLOADER_DATA_FACTORY_RESET.",
        "IDF-BOOT-FACTORY-RESET", _TABLE_AND_OPTIONS, checks.unknown_reset_label,
    ),
    Rule(
        "D65", _WARNING, "a test pin without a test app",
        "While the pin is held nothing boots: the bootloader resets, and resets again.",
        "Add a test app, or drop CONFIG_BOOTLOADER_APP_TEST.",
        "IDF-BOOT-FACTORY-RESET", _TABLE_AND_OPTIONS, checks.app_test_without_app,
    ),
    Rule(
        "D66", _NOTE, "the test app is the last resort",
        "The bootloader starts it when no other image passes, pin or no pin.",
        "Drop it from devices in the field, unless that is what it is for.",
        "IDF-BOOT-LOAD", _TABLE_AND_OPTIONS, checks.app_test_as_last_resort,
    ),
    Rule(
        "D67", _NOTE, "a damaged image can lead to factory, not to the other slot",
        "The bootloader walks down from the selected slot: if ota_0 does not pass, factory is next, and the good image "
        "in ota_1 is left.",
        "Give the factory app a way to update, or do without it.",
        "IDF-BOOT-LOAD", _TABLE_AND_OPTIONS, checks.fallback_to_factory,
    ),
    Rule(
        "D68", _NOTE, "when no entry counts, ota_0 boots",
        "Even if it was ABORTED or INVALID; accept() then fails, for there is no entry to accept.",
        "Add a factory app if the device must never start a rejected image.",
        "IDF-BOOT-SELECT", _TABLE_AND_OPTIONS, checks.fallback_to_first_slot,
    ),
    # What is built.
    Rule(
        "D69", _WARNING, "the built partition table is stale",
        "build/ holds another table than the project asks for; an update over the air does not bring a new one.",
        "Build again; name the table that devices have with --partitions.",
        "components/partition_table/CMakeLists.txt", (Need.TABLE, Need.BUILD), checks.stale_table,
    ),
    Rule(
        "D70", _ERROR, "the build flashes the table to another offset",
        "Bootloader and application look for it at CONFIG_PARTITION_TABLE_OFFSET.",
        "Build again, and flash all parts.",
        "components/partition_table/Kconfig.projbuild, PARTITION_TABLE_OFFSET", (Need.OPTIONS, Need.BUILD),
        checks.table_elsewhere,
    ),
    Rule(
        "D71", _ERROR, "the image is refused",
        "esp_ota_end verifies as the bootloader does: this image neither boots nor updates.",
        "Build it again, for the chip that the options name.",
        "components/bootloader_support/src/esp_image_format.c, esp_image_verify", _APP, images.invalid_image,
    ),
    Rule(
        "D72", _ERROR, "the image is larger than the smallest slot",
        "esp_ota_write fails at the end of the slot.",
        "Enlarge the slots, or shrink the image.",
        "SEED-WRITE", _APP_AND_TABLE, images.image_too_large,
    ),
    Rule(
        "D73", _WARNING, "the image nearly fills the smallest slot",
        "The next release may not fit, and the table of a device in the field is not easily changed.",
        "Plan larger slots before devices leave.",
        "components/partition_table/check_sizes.py, check_partition", _APP_AND_TABLE, images.image_nearly_fills,
    ),
    Rule(
        "D74", _WARNING, "no SHA-256 is appended to the image",
        "Only a checksum of one byte protects it: of 256 damaged images one is accepted.",
        "Let esptool append the hash: drop --dont-append-digest.",
        "components/bootloader_support/src/esp_image_format.c, verify_simple_hash", _APP, images.no_hash,
    ),
    Rule(
        "D75", _WARNING, "the image has no application description",
        "With anti-rollback complete() and rollback() crash on it from 5.5 on; no version can be told.",
        "Build with esp_app_desc as the first thing in the first segment.",
        "components/esp_app_format/include/esp_app_desc.h", _APP, images.no_description,
    ),
    Rule(
        "D76", _ERROR, "the secure version of the image does not fit the eFuse field",
        "accept() fails each time, though the image is marked VALID by then; the version is never burned.",
        "Count versions from 0, one bit each, up to CONFIG_BOOTLOADER_APP_SEC_VER_SIZE_EFUSE_FIELD.",
        "IDF-EFUSE-UPDATE", _APP_AND_OPTIONS, images.secure_version_of_image,
    ),
    Rule(
        "D77", _WARNING, "the image has another secure version than the options",
        "It was built before the change, or with other options.",
        "Build again.",
        "IDF-EFUSE-VERSION", _APP_AND_OPTIONS, images.other_secure_version,
    ),
    Rule(
        "D78", _NOTE, "the image is of another release than the sdkconfig",
        "Options that one of the two does not know are dropped.",
        "Build again after idf.py reconfigure, and look at the difference.",
        "components/esp_app_format/include/esp_app_desc.h", _APP_AND_OPTIONS, images.other_release,
    ),
    Rule(
        "D79", _WARNING, "the image has rollback, the options have not",
        "It was built before the change, or with other options.",
        "Build again, and see that the bootloader in the field goes with it.",
        "IDF-OTA-BEGIN", _APP_AND_OPTIONS, images.rollback_in_image_only,
    ),
    Rule(
        "D80", _WARNING, "Arduino accepts the image before setup(), unless the sketch forbids it",
        "initArduino calls verifyOta(), which says yes unless the sketch has its own: an update that starts and then "
        "fails, cannot reach the network for one, is never undone.",
        "Define verifyRollbackLater() to return true, and call esp_ota_mark_app_valid_cancel_rollback() after a "
        "self-test; where that is done, say --accepts yes.",
        "arduino-esp32, cores/esp32/esp32-hal-misc.c, initArduino", _APP, images.accepted_by_arduino,
    ),
)  # fmt: skip
"""In the order of their ids."""
