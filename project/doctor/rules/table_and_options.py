"""Rules on options that do not go with the partition table, and on what boots without a valid entry (D58 to D68)."""

from collections.abc import Iterator

from ....impl.partitions.partition import AppSubtype, PartitionType
from ...image_evidence import ANTI_ROLLBACK
from ...lenient_table import TableRow
from ..rule import RuleFinding, Severity, at, quoted, rule
from ..subject import Need, Subject

_EFUSE = 0x05


@rule(
    "D58",
    Severity.ERROR,
    title="anti-rollback with a factory app",
    reason="A factory app cannot be replaced over the air. Once a higher version is burned it is locked out, and the "
    "device has no last resort. The build refuses the combination.",
    remedy="Use a table of ota_0 and ota_1 alone.",
    source="IDF-OTA-ANTI-ROLLBACK",
    needs=(Need.TABLE, Need.OPTIONS),
)
def anti_rollback_with_factory(subject: Subject) -> Iterator[RuleFinding]:
    """A factory app beside anti-rollback."""
    factory = subject.known_table.factory
    if subject.config.anti_rollback and factory is not None:
        yield at(factory.place, f"{quoted(factory)} is a factory app, and {_origin(subject)} asks for anti-rollback")


@rule(
    "D59",
    Severity.ERROR,
    title="anti-rollback with a test app",
    reason="A test app cannot be replaced over the air, and is locked out once a higher version is burned. The build "
    "refuses the combination.",
    remedy="Use a table of ota_0 and ota_1 alone.",
    source="IDF-OTA-ANTI-ROLLBACK",
    needs=(Need.TABLE, Need.OPTIONS),
)
def anti_rollback_with_test(subject: Subject) -> Iterator[RuleFinding]:
    """A test app beside anti-rollback."""
    test = _test(subject)
    if subject.config.anti_rollback and test is not None:
        yield at(test.place, f"{quoted(test)} is a test app, and {_origin(subject)} asks for anti-rollback")


@rule(
    "D60",
    Severity.ERROR,
    title="anti-rollback with otadata and no slot",
    reason="Once an entry is written the bootloader divides by the number of slots, and traps at every boot.",
    remedy="Add ota_0 and ota_1.",
    source="IDF-BOOT-SELECT",
    needs=(Need.TABLE, Need.OPTIONS),
)
def anti_rollback_without_slots(subject: Subject) -> Iterator[RuleFinding]:
    """A remainder by zero."""
    table = subject.known_table
    if subject.config.anti_rollback and table.otadata and not table.slots and not table.unread:
        yield at(table.otadata[0].place, f"anti-rollback is on ({_origin(subject)}), and there is no OTA slot")


@rule(
    "D61",
    Severity.ERROR,
    title="emulated eFuses have no partition",
    reason="There is no place to keep them.",
    remedy="Add emul_efuse, data, efuse, , 0x2000.",
    source="components/bootloader/Kconfig.app_rollback, BOOTLOADER_EFUSE_SECURE_VERSION_EMULATE",
    needs=(Need.TABLE, Need.OPTIONS),
)
def no_emulated_efuse(subject: Subject) -> Iterator[RuleFinding]:
    """Emulated eFuses without a place to keep them."""
    names = ("BOOTLOADER_EFUSE_SECURE_VERSION_EMULATE", "EFUSE_VIRTUAL_KEEP_IN_FLASH")
    name = next((name for name in names if subject.is_on(name)), None)
    table = subject.known_table
    has_partition = any(
        row.partition.type == PartitionType.DATA and row.partition.subtype == _EFUSE for row in table.rows
    )
    if name is not None and not has_partition:
        yield at(subject.place(name), f"CONFIG_{name}=y, but {table.file} has no partition of type data, efuse")


@rule(
    "D62",
    Severity.WARNING,
    title="a factory reset without a factory app",
    reason="After otadata is erased, ota_0 boots whatever it holds, even an image that was never accepted or that "
    "was rolled back, and is recorded as VALID.",
    remedy="Add a factory app, or drop CONFIG_BOOTLOADER_OTA_DATA_ERASE.",
    source="IDF-BOOT-LOAD",
    needs=(Need.TABLE, Need.OPTIONS),
)
def factory_reset_without_factory(subject: Subject) -> Iterator[RuleFinding]:
    """A factory reset to nothing."""
    name = "BOOTLOADER_OTA_DATA_ERASE"
    table = subject.known_table
    if subject.config.factory_reset_erases_otadata and table.factory is None and not table.unread:
        yield at(subject.place(name), f"CONFIG_{name}=y, but {table.file} has no factory app")


@rule(
    "D63",
    Severity.WARNING,
    title="erased otadata is never written again",
    reason="With flash encryption, erased flash does not read as an empty entry. The image that boots is not "
    "recorded, and accept() fails.",
    remedy="Add a factory app, or drop CONFIG_BOOTLOADER_OTA_DATA_ERASE.",
    source="IDF-BOOT-LOAD",
    needs=(Need.TABLE, Need.OPTIONS),
)
def encrypted_reset_without_factory(subject: Subject) -> Iterator[RuleFinding]:
    """The same, where erased flash does not read as erased."""
    if subject.is_on("SECURE_FLASH_ENC_ENABLED") and any(factory_reset_without_factory(subject)):
        name = "BOOTLOADER_OTA_DATA_ERASE"
        yield at(subject.place(name), f"CONFIG_{name}=y with flash encryption, and no factory app")


@rule(
    "D64",
    Severity.WARNING,
    title="a factory reset erases less than its list names",
    reason="The bootloader skips names that are not in the table, and apps, without a message.",
    remedy="Correct CONFIG_BOOTLOADER_DATA_FACTORY_RESET.",
    source="IDF-BOOT-FACTORY-RESET",
    needs=(Need.TABLE, Need.OPTIONS),
)
def unknown_reset_label(subject: Subject) -> Iterator[RuleFinding]:
    """Partitions to be erased that are not there, or are no data."""
    by_label = {row.partition.label: row.partition for row in subject.known_table.rows}
    place = subject.place("BOOTLOADER_DATA_FACTORY_RESET")
    for label in subject.config.factory_reset_labels:
        partition = by_label.get(label)
        if partition is None:
            yield at(place, f"the factory reset is to erase {label!r}, which the table does not have")
        elif partition.type != PartitionType.DATA:
            yield at(place, f"the factory reset is to erase {label!r}, which is no data partition")


@rule(
    "D65",
    Severity.WARNING,
    title="a test pin without a test app",
    reason="While the pin is held nothing boots: the bootloader resets, and resets again.",
    remedy="Add a test app, or drop CONFIG_BOOTLOADER_APP_TEST.",
    source="IDF-BOOT-FACTORY-RESET",
    needs=(Need.TABLE, Need.OPTIONS),
)
def app_test_without_app(subject: Subject) -> Iterator[RuleFinding]:
    """A pin that starts nothing."""
    name = "BOOTLOADER_APP_TEST"
    if subject.is_on(name) and not subject.config.anti_rollback and _test(subject) is None:
        yield at(subject.place(name), f"CONFIG_{name}=y, but {subject.known_table.file} has no test app")


@rule(
    "D66",
    Severity.NOTE,
    title="the test app is the last resort",
    reason="The bootloader starts it when no other image passes, whether the pin is held or not.",
    remedy="Drop it from devices in the field, unless it is meant as the last resort.",
    source="IDF-BOOT-LOAD",
    needs=(Need.TABLE, Need.OPTIONS, Need.ALL_OPTIONS),
)
def app_test_as_last_resort(subject: Subject) -> Iterator[RuleFinding]:
    """A test app that no pin asks for."""
    test = _test(subject)
    if test is not None and not subject.is_on("BOOTLOADER_APP_TEST"):
        yield at(test.place, f"{quoted(test)} is a test app, and CONFIG_BOOTLOADER_APP_TEST is off")


@rule(
    "D67",
    Severity.NOTE,
    title="a damaged image can lead to the factory app, not to the other slot",
    reason="From the selected slot the bootloader goes down: if ota_0 does not pass, the factory app is next, and "
    "the good image in ota_1 is not tried.",
    remedy="Give the factory app a way to update, or do without it.",
    source="IDF-BOOT-LOAD",
    needs=(Need.TABLE, Need.ANTI_ROLLBACK),
)
def fallback_to_factory(subject: Subject) -> Iterator[RuleFinding]:
    """A factory app below two slots."""
    table = subject.known_table
    if table.factory is not None and len(table.slots) > 1 and not subject.config.anti_rollback:
        yield at(table.factory.place, f"{quoted(table.factory)} is a factory app below {len(table.slots)} OTA slots")


@rule(
    "D68",
    Severity.NOTE,
    title="without a valid otadata entry ota_0 boots",
    reason="It boots even if it was ABORTED or INVALID. accept() then fails, since there is no entry to accept.",
    remedy="Add a factory app if the device must never start a rejected image.",
    source="IDF-BOOT-SELECT",
    needs=(Need.TABLE, Need.ANTI_ROLLBACK),
)
def fallback_to_first_slot(subject: Subject) -> Iterator[RuleFinding]:
    """No factory app."""
    table = subject.known_table
    lacks_factory = table.factory is None and not table.unread
    if lacks_factory and len(table.slots) > 1 and not subject.config.anti_rollback:
        first = min(table.slots, key=lambda row: row.partition.slot)
        yield at(first.place, f"without a factory app, {quoted(first)} boots when no otadata entry is valid")


def _test(subject: Subject) -> TableRow | None:
    return next((row for row in subject.known_table.apps if row.partition.subtype == AppSubtype.TEST), None)


def _origin(subject: Subject) -> str:
    return subject.place(ANTI_ROLLBACK)
