"""What `otaproof doctor` looks for in the partition table: one function a rule, each yielding what it finds.

Which rule a function belongs to, and why it matters, stands in diagnosis.py.
"""

from collections.abc import Iterator
from itertools import pairwise

from ....impl.chip.chips import CHIPS
from ....impl.partitions.generator_checks import OTADATA_SIZE, TABLE_SIZE, is_primary, offset_alignment
from ....impl.partitions.partition import AppSubtype, Partition, PartitionType
from ...lenient_table import TableReading, TableRow
from ..rule import Finding, at
from ..subject import Subject
from .option_checks import ANTI_ROLLBACK

_EFUSE = 0x05
_NODEMCU = "NODEMCU_CMODULE_OTAUPGRADE"


def no_slot(subject: Subject) -> Iterator[Finding]:
    """A table without OTA slots."""
    table = _table(subject)
    if not table.slots and not subject.is_on(_NODEMCU):
        yield at(_whole(table), f"{_called(table)} has no OTA slot")


def nodemcu_without_slots(subject: Subject) -> Iterator[Finding]:
    """NodeMCU's own table, with its upgrade module built in."""
    table = _table(subject)
    if len(table.slots) < 2 and subject.is_on(_NODEMCU):
        count = "no OTA slot" if not table.slots else "one OTA slot"
        yield at(_whole(table), f"CONFIG_{_NODEMCU}=y ({subject.place(_NODEMCU)}), but {_called(table)} has {count}")


def one_slot(subject: Subject) -> Iterator[Finding]:
    """A single OTA slot."""
    slots = _table(subject).slots
    if len(slots) == 1 and not subject.is_on(_NODEMCU):
        yield at(slots[0].place, f"{slots[0].partition.label!r} is the only OTA slot")


def no_otadata(subject: Subject) -> Iterator[Finding]:
    """Slots, and nothing that says which one boots."""
    table = _table(subject)
    if table.slots and not table.otadata:
        yield at(table.slots[0].place, f"{_called(table)} has OTA slots, but no otadata partition")


def otadata_size(subject: Subject) -> Iterator[Finding]:
    """An otadata that is not two sectors."""
    for row in _table(subject).otadata:
        if row.partition.size != OTADATA_SIZE:
            yield at(row.place, f"{_name(row)} has 0x{row.partition.size:x} bytes, not 0x{OTADATA_SIZE:x}")


def two_otadata(subject: Subject) -> Iterator[Finding]:
    """More otadata partitions than one."""
    rows = _table(subject).otadata
    for row in rows[1:]:
        yield at(row.place, f"{_name(row)} is a second otadata partition, beside {_name(rows[0])}")


def slot_gap(subject: Subject) -> Iterator[Finding]:
    """Slot numbers that are not 0, 1, 2 …."""
    slots = _table(subject).slots
    numbers = {row.partition.slot for row in slots}
    for row in slots:
        missing = [number for number in range(row.partition.slot) if number not in numbers]
        if missing:
            names = ", ".join(f"ota_{number}" for number in missing)
            yield at(row.place, f"{_name(row)} is ota_{row.partition.slot}, but there is no {names}")


def duplicate_subtype(subject: Subject) -> Iterator[Finding]:
    """Two apps of one subtype."""
    seen: dict[int, TableRow] = {}
    for row in _table(subject).apps:
        before = seen.setdefault(row.partition.subtype, row)
        if before is not row:
            yield at(row.place, f"{_name(row)} has the subtype of {_name(before)} ({before.place})")


def too_many_slots(subject: Subject) -> Iterator[Finding]:
    """Slots past ota_15."""
    for place, subtype in _table(subject).too_high:
        yield at(place, f"{subtype}: the last OTA slot there can be is ota_15")


def misaligned(subject: Subject) -> Iterator[Finding]:
    """Offsets that no page of the MMU, or no sector, begins at."""
    for row in _table(subject).rows:
        alignment = offset_alignment(row.partition.type)
        if row.partition.offset % alignment:
            yield at(row.place, f"{_name(row)}: offset 0x{row.partition.offset:x} is no multiple of 0x{alignment:x}")


def overlap(subject: Subject) -> Iterator[Finding]:
    """Two partitions that share flash."""
    for lower, upper in pairwise(sorted(_table(subject).rows, key=lambda row: row.partition.offset)):
        if upper.partition.offset < lower.partition.end:
            yield at(
                upper.place,
                f"{_name(upper)} at 0x{upper.partition.offset:x} begins before {_name(lower)} ends, at "
                f"0x{lower.partition.end:x}",
            )


def below_table(subject: Subject) -> Iterator[Finding]:
    """Partitions where the bootloader or the table itself lies."""
    end = subject.config.table_offset + TABLE_SIZE
    for row in _table(subject).rows:
        partition = row.partition
        if partition.offset < end and not is_primary(partition.type, partition.subtype):
            yield at(
                row.place,
                f"{_name(row)} at 0x{partition.offset:x} begins before the partition table at "
                f"0x{subject.config.table_offset:x} ends, at 0x{end:x}",
            )


def beyond_flash(subject: Subject) -> Iterator[Finding]:
    """Partitions that the flash is too small for."""
    settings = subject.settings.settings
    is_default = any(s.name == "CONFIG_ESPTOOLPY_FLASHSIZE" and s.origin.assumed for s in settings)
    if is_default and not subject.has_project:
        return
    chosen = "Kconfig's default" if is_default else "CONFIG_ESPTOOLPY_FLASHSIZE"
    for row in _table(subject).rows:
        if row.partition.end > subject.settings.flash_size:
            yield at(
                row.place,
                f"{_name(row)} ends at 0x{row.partition.end:x}, beyond the flash of "
                f"{subject.settings.flash_size >> 20} MB ({chosen})",
            )


def refused(subject: Subject) -> Iterator[Finding]:
    """What only the generator's own words describe."""
    table = _table(subject)
    told = (otadata_size, two_otadata, too_many_slots, misaligned, overlap, below_table, readonly)
    if table.refusal is not None and not any(True for check in told for _ in check(subject)):
        yield at(table.refused_at, table.refusal)


def bootloader_too_large(subject: Subject) -> Iterator[Finding]:
    """A bootloader that reaches into the partition table."""
    assert subject.bootloader is not None
    path, size = subject.bootloader
    start, end = CHIPS[subject.config.chip].bootloader_offset, subject.config.table_offset
    if start + size > end:
        yield at(path, f"{size} bytes from 0x{start:x} on reach past 0x{end:x}, where the partition table lies")


def slots_differ(subject: Subject) -> Iterator[Finding]:
    """Slots of different sizes."""
    slots = _table(subject).slots
    sizes = {row.partition.size for row in slots}
    if len(sizes) > 1:
        smallest = min(slots, key=lambda row: row.partition.size)
        yield at(
            smallest.place,
            f"{_name(smallest)} has 0x{smallest.partition.size:x} bytes, another slot 0x{max(sizes):x}",
        )


def readonly(subject: Subject) -> Iterator[Finding]:
    """Flags that forbid an update."""
    for row in _table(subject).rows:
        if row.partition.readonly and (row.partition.is_ota_slot or row.partition.is_otadata):
            yield at(row.place, f"{_name(row)} is flagged readonly")


def idle_encrypted_flag(subject: Subject) -> Iterator[Finding]:
    """A flag that changes nothing."""
    for row in _table(subject).rows:
        if row.partition.encrypted and (row.partition.is_app or row.partition.is_otadata):
            state = "on" if subject.is_on("SECURE_FLASH_ENC_ENABLED") else "off"
            yield at(row.place, f"{_name(row)} is flagged encrypted; flash encryption is {state}")


def anti_rollback_with_factory(subject: Subject) -> Iterator[Finding]:
    """A factory app beside anti-rollback."""
    factory = _table(subject).factory
    if subject.config.anti_rollback and factory is not None:
        yield at(factory.place, f"{_name(factory)} is a factory app, and {_origin(subject)} asks for anti-rollback")


def anti_rollback_with_test(subject: Subject) -> Iterator[Finding]:
    """A test app beside anti-rollback."""
    test = _test(subject)
    if subject.config.anti_rollback and test is not None:
        yield at(test.place, f"{_name(test)} is a test app, and {_origin(subject)} asks for anti-rollback")


def anti_rollback_without_slots(subject: Subject) -> Iterator[Finding]:
    """A remainder by zero."""
    table = _table(subject)
    if subject.config.anti_rollback and table.otadata and not table.slots:
        yield at(table.otadata[0].place, f"anti-rollback is on ({_origin(subject)}), and there is no OTA slot")


def no_emulated_efuse(subject: Subject) -> Iterator[Finding]:
    """Emulated eFuses without a place to keep them."""
    names = ("BOOTLOADER_EFUSE_SECURE_VERSION_EMULATE", "EFUSE_VIRTUAL_KEEP_IN_FLASH")
    name = next((name for name in names if subject.is_on(name)), None)
    table = _table(subject)
    has_partition = any(
        row.partition.type == PartitionType.DATA and row.partition.subtype == _EFUSE for row in table.rows
    )
    if name is not None and not has_partition:
        yield at(subject.place(name), f"CONFIG_{name}=y, but {table.file} has no partition of type data, efuse")


def factory_reset_without_factory(subject: Subject) -> Iterator[Finding]:
    """A factory reset to nothing."""
    name = "BOOTLOADER_OTA_DATA_ERASE"
    table = _table(subject)
    if subject.config.factory_reset_erases_otadata and table.factory is None:
        yield at(subject.place(name), f"CONFIG_{name}=y, but {table.file} has no factory app")


def encrypted_reset_without_factory(subject: Subject) -> Iterator[Finding]:
    """The same, where erased flash does not read as erased."""
    if subject.is_on("SECURE_FLASH_ENC_ENABLED") and any(factory_reset_without_factory(subject)):
        name = "BOOTLOADER_OTA_DATA_ERASE"
        yield at(subject.place(name), f"CONFIG_{name}=y with flash encryption, and no factory app")


def unknown_reset_label(subject: Subject) -> Iterator[Finding]:
    """Partitions to be erased that are not there, or are no data."""
    by_label = {row.partition.label: row.partition for row in _table(subject).rows}
    place = subject.place("BOOTLOADER_DATA_FACTORY_RESET")
    for label in subject.config.factory_reset_labels:
        partition = by_label.get(label)
        if partition is None:
            yield at(place, f"the factory reset is to erase {label!r}, which the table does not have")
        elif partition.type != PartitionType.DATA:
            yield at(place, f"the factory reset is to erase {label!r}, which is no data partition")


def app_test_without_app(subject: Subject) -> Iterator[Finding]:
    """A pin that starts nothing."""
    name = "BOOTLOADER_APP_TEST"
    if subject.is_on(name) and not subject.config.anti_rollback and _test(subject) is None:
        yield at(subject.place(name), f"CONFIG_{name}=y, but {_table(subject).file} has no test app")


def app_test_as_last_resort(subject: Subject) -> Iterator[Finding]:
    """A test app that no pin asks for."""
    test = _test(subject)
    if test is not None and not subject.is_on("BOOTLOADER_APP_TEST"):
        yield at(test.place, f"{_name(test)} is a test app, and CONFIG_BOOTLOADER_APP_TEST is off")


def fallback_to_factory(subject: Subject) -> Iterator[Finding]:
    """A factory app below two slots."""
    table = _table(subject)
    if table.factory is not None and len(table.slots) > 1 and not subject.config.anti_rollback:
        yield at(table.factory.place, f"{_name(table.factory)} is a factory app below {len(table.slots)} OTA slots")


def fallback_to_first_slot(subject: Subject) -> Iterator[Finding]:
    """No factory app."""
    table = _table(subject)
    if table.factory is None and len(table.slots) > 1 and not subject.config.anti_rollback:
        first = min(table.slots, key=lambda row: row.partition.slot)
        yield at(first.place, f"without a factory app, {_name(first)} is what boots when no entry counts")


def stale_table(subject: Subject) -> Iterator[Finding]:
    """A build with another table."""
    built = subject.built_table
    if built is None:
        return
    places = [[_shape(row.partition) for row in table.rows] for table in (_table(subject), built)]
    if places[0] != places[1]:
        yield at(built.file, f"it is another partition table than {_table(subject).file}")


def table_elsewhere(subject: Subject) -> Iterator[Finding]:
    """A build that flashes its table to another offset."""
    if subject.flashed_table_offset is not None and subject.flashed_table_offset[0] != subject.config.table_offset:
        offset, file = subject.flashed_table_offset
        place = subject.place("PARTITION_TABLE_OFFSET")
        yield at(file, f"flashes the table to 0x{offset:x}; {place} has 0x{subject.config.table_offset:x}")


def _table(subject: Subject) -> TableReading:
    assert subject.table is not None
    return subject.table


def _test(subject: Subject) -> TableRow | None:
    return next((row for row in _table(subject).apps if row.partition.subtype == AppSubtype.TEST), None)


def _called(table: TableReading) -> str:
    """Return what to call a table where its file stands before it."""
    return table.file if table.file.startswith("ESP-IDF's") else "the table"


def _whole(table: TableReading) -> str:
    """Return the place of a table as a whole: its first application, where it has lines."""
    return table.apps[0].place if table.apps else table.file


def _origin(subject: Subject) -> str:
    return subject.place(ANTI_ROLLBACK)


def _name(row: TableRow) -> str:
    return repr(row.partition.label)


def _shape(partition: Partition) -> tuple[str, int, int, int, int]:
    return (partition.label, partition.type, partition.subtype, partition.offset, partition.size)
