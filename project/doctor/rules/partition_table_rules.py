"""Rules on the partition table by itself: what an update needs, and where things lie (D40 to D57)."""

from collections.abc import Iterator
from itertools import pairwise

from ....impl.chip.chips import CHIPS
from ....impl.partitions.generator_checks import (
    OFFSET_ALIGNMENT,
    OTADATA_SIZE,
    TABLE_SIZE,
    is_primary,
    offset_alignment,
)
from ....impl.partitions.generator_rules import WANTS_ONE_OTADATA
from ....impl.release_rules import app_rules
from ...lenient_table import TableReading, TableRow
from ..rule import RuleFinding, Severity, at, quoted, rule
from ..subject import Need, Subject

_GENERATOR = "components/partition_table/gen_esp32part.py, PartitionTable.verify"
_NODEMCU = "NODEMCU_CMODULE_OTAUPGRADE"


@rule(
    "D40",
    Severity.ERROR,
    title="no OTA slot",
    reason="There is nowhere to write an update to.",
    remedy="Add otadata, data, ota, , 0x2000 and two apps, ota_0 and ota_1, or choose CONFIG_PARTITION_TABLE_TWO_OTA.",
    source="IDF-OTA-NEXT-UPDATE",
    needs=(Need.TABLE,),
)
def no_slot(subject: Subject) -> Iterator[RuleFinding]:
    """A table without OTA slots."""
    table = subject.known_table
    if not table.slots and not table.unread and not subject.is_on(_NODEMCU):
        yield at(_whole(table), f"{_called(table)} has no OTA slot")


@rule(
    "D41",
    Severity.ERROR,
    title="NodeMCU's upgrade module without a slot to upgrade",
    reason="NodeMCU's own table has a factory app and nothing to upgrade: commence() fails.",
    remedy="Make a table with otadata, ota_0 and ota_1, as NodeMCU's documentation of otaupgrade shows, and set "
    "CONFIG_PARTITION_TABLE_CUSTOM_FILENAME to it.",
    source="SEED-COMMENCE",
    needs=(Need.TABLE, Need.OPTIONS),
)
def nodemcu_without_slots(subject: Subject) -> Iterator[RuleFinding]:
    """NodeMCU's own table, with its upgrade module built in."""
    table = subject.known_table
    lacks_slots = not table.slots or (table.only_slot is not None and table.factory is None)
    if lacks_slots and not table.unread and subject.is_on(_NODEMCU):
        count = "no OTA slot" if not table.slots else "one OTA slot"
        yield at(_whole(table), f"CONFIG_{_NODEMCU}=y ({subject.place(_NODEMCU)}), but {_called(table)} has {count}")


@rule(
    "D42",
    Severity.ERROR,
    title="only one OTA slot, and no factory app",
    reason="An image that runs from it cannot be replaced: the next slot is the running one, and esp_ota_begin "
    "refuses.",
    remedy="Add a second slot, or a factory app that brings the updates.",
    source="IDF-OTA-NEXT-UPDATE",
    needs=(Need.TABLE,),
)
def one_slot(subject: Subject) -> Iterator[RuleFinding]:
    """A single OTA slot, and no other application that could bring an update."""
    table = subject.known_table
    if table.only_slot is not None and table.factory is None and not subject.is_on(_NODEMCU):
        yield at(table.only_slot.place, f"{quoted(table.only_slot)} is the only OTA slot, and there is no factory app")


@rule(
    "D43",
    Severity.ERROR,
    title="no otadata",
    reason="The slot to boot is recorded nowhere: an update is written and never starts. NodeMCU's complete() "
    "restarts as if it had worked.",
    remedy="Add otadata, data, ota, , 0x2000.",
    source="IDF-OTA-SET-BOOT",
    needs=(Need.TABLE,),
)
def no_otadata(subject: Subject) -> Iterator[RuleFinding]:
    """Slots, and nothing that says which one boots."""
    table = subject.known_table
    if table.slots and not table.otadata and not table.unread:
        yield at(table.slots[0].place, f"{_called(table)} has OTA slots, but no otadata partition")


@rule(
    "D44",
    Severity.ERROR,
    title="otadata of the wrong size",
    reason="It needs two sectors, one for each entry. A bootloader that finds less resets for ever.",
    remedy="Make it 0x2000.",
    source=_GENERATOR,
    needs=(Need.TABLE,),
)
def otadata_size(subject: Subject) -> Iterator[RuleFinding]:
    """An otadata that is not two sectors; that it may be larger was a rule of old generators."""
    is_exact = WANTS_ONE_OTADATA.holds_in(subject.settings.generator)
    for row in subject.known_table.otadata:
        if row.partition.size < OTADATA_SIZE or (is_exact and row.partition.size > OTADATA_SIZE):
            yield at(row.place, f"{quoted(row)} has 0x{row.partition.size:x} bytes, not 0x{OTADATA_SIZE:x}")


@rule(
    "D45",
    Severity.ERROR,
    title="two otadata partitions",
    reason="Bootloader and application may use different ones.",
    remedy="Drop one.",
    source=_GENERATOR,
    needs=(Need.TABLE,),
)
def two_otadata(subject: Subject) -> Iterator[RuleFinding]:
    """More otadata partitions than one."""
    rows = subject.known_table.otadata
    for row in rows[1:]:
        yield at(row.place, f"{quoted(row)} is a second otadata partition, beside {quoted(rows[0])}")


@rule(
    "D46",
    Severity.ERROR,
    title="a gap in the numbers of the OTA slots",
    reason="The bootloader counts the rows, the application counts from ota_0 up to the first gap. Both take the "
    "sequence number modulo their own count, so an update can select another slot than it was written to, or "
    "none.",
    remedy="Number the slots ota_0, ota_1, … without a gap.",
    source="IDF-OTA-NEXT-UPDATE",
    needs=(Need.TABLE,),
)
def slot_gap(subject: Subject) -> Iterator[RuleFinding]:
    """Slot numbers that are not 0, 1, 2 …."""
    table = subject.known_table
    numbers = {row.partition.slot for row in table.slots}
    for row in () if table.unread else table.slots:
        missing = [number for number in range(row.partition.slot) if number not in numbers]
        if missing:
            names = ", ".join(f"ota_{number}" for number in missing)
            yield at(row.place, f"{quoted(row)} is ota_{row.partition.slot}, but there is no {names}")


@rule(
    "D47",
    Severity.ERROR,
    title="two apps of one subtype",
    reason="The bootloader takes the last of them, the application the first; gen_esp32part.py does not refuse it.",
    remedy="Give each app its own subtype.",
    source="IDF-BOOT-SELECT",
    needs=(Need.TABLE,),
)
def duplicate_subtype(subject: Subject) -> Iterator[RuleFinding]:
    """Two apps of one subtype."""
    seen: dict[int, TableRow] = {}
    for row in subject.known_table.apps:
        before = seen.setdefault(row.partition.subtype, row)
        if before is not row:
            yield at(row.place, f"{quoted(row)} has the subtype of {quoted(before)} ({before.place})")


@rule(
    "D48",
    Severity.ERROR,
    title="more than 16 OTA slots",
    reason="Slots are numbered with four bits, and the number after ota_15 is the test app.",
    remedy="Keep to ota_0 … ota_15.",
    source="components/partition_table/gen_esp32part.py, NUM_PARTITION_SUBTYPE_APP_OTA",
    needs=(Need.TABLE,),
)
def too_many_slots(subject: Subject) -> Iterator[RuleFinding]:
    """Slots past ota_15."""
    for place, subtype in subject.known_table.too_high:
        yield at(place, f"{subtype}: the last OTA slot there can be is ota_15")


@rule(
    "D49",
    Severity.ERROR,
    title="an offset is not aligned",
    reason="An app is mapped in pages of 64 KiB, everything else is erased in sectors of 4 KiB.",
    remedy="Leave the offset blank, or round it up.",
    source=_GENERATOR,
    needs=(Need.TABLE,),
)
def misaligned(subject: Subject) -> Iterator[RuleFinding]:
    """Offsets that no page of the MMU, or no sector, begins at; old generators let data begin elsewhere."""
    for row in subject.known_table.rows:
        of_type = offset_alignment(row.partition.type, subject.settings.generator)
        alignment = OFFSET_ALIGNMENT if row.partition.is_otadata else of_type
        if row.partition.offset % alignment:
            yield at(row.place, f"{quoted(row)}: offset 0x{row.partition.offset:x} is no multiple of 0x{alignment:x}")


@rule(
    "D50",
    Severity.ERROR,
    title="partitions overlap",
    reason="An update, or the data of one partition, overwrites the other. Neither bootloader nor application checks "
    "for it.",
    remedy="Leave the offset blank, or move it.",
    source=_GENERATOR,
    needs=(Need.TABLE,),
)
def overlap(subject: Subject) -> Iterator[RuleFinding]:
    """Two partitions that share flash."""
    for lower, upper in pairwise(sorted(subject.known_table.rows, key=lambda row: row.partition.offset)):
        if upper.partition.offset < lower.partition.end:
            yield at(
                upper.place,
                f"{quoted(upper)} at 0x{upper.partition.offset:x} begins before {quoted(lower)} ends, at "
                f"0x{lower.partition.end:x}",
            )


@rule(
    "D51",
    Severity.ERROR,
    title="a partition lies over bootloader or partition table",
    reason="Erasing it erases what boots the device.",
    remedy="Move the partition up; after a change of CONFIG_PARTITION_TABLE_OFFSET leave the offsets blank.",
    source=_GENERATOR,
    needs=(Need.TABLE, Need.OPTIONS),
)
def below_table(subject: Subject) -> Iterator[RuleFinding]:
    """Partitions where the bootloader or the table itself lies."""
    end, version = subject.config.table_offset + TABLE_SIZE, subject.settings.generator
    for row in subject.known_table.rows:
        partition = row.partition
        if partition.offset < end and not is_primary(partition.type, partition.subtype, version):
            yield at(
                row.place,
                f"{quoted(row)} at 0x{partition.offset:x} begins before the partition table at "
                f"0x{subject.config.table_offset:x} ends, at 0x{end:x}",
            )


@rule(
    "D52",
    Severity.ERROR,
    title="a partition lies beyond the flash",
    reason="The bootloader refuses the whole table, and nothing boots.",
    remedy="Choose the flash size of the module, or shrink the partitions.",
    source="components/bootloader_support/src/flash_partitions.c, esp_partition_table_verify",
    needs=(Need.TABLE, Need.OPTIONS),
)
def beyond_flash(subject: Subject) -> Iterator[RuleFinding]:
    """Partitions that the flash is too small for."""
    if subject.flash_size is None:
        return
    size, place = subject.flash_size
    for row in subject.known_table.rows:
        if row.partition.end > size:
            end = f"0x{row.partition.end:x}"
            yield at(row.place, f"{quoted(row)} ends at {end}, beyond the flash of {size >> 20} MB ({place})")


@rule(
    "D53",
    Severity.ERROR,
    title="the partition table is refused",
    reason="gen_esp32part.py stops, and with it the build.",
    remedy="Correct the line.",
    source=_GENERATOR,
    needs=(Need.TABLE,),
)
def refused(subject: Subject) -> Iterator[RuleFinding]:
    """What only the generator's own words describe."""
    table = subject.known_table
    told = (otadata_size, two_otadata, too_many_slots, misaligned, overlap, below_table, readonly)
    if table.refusal is not None and not any(True for check in told for _ in check(subject)):
        yield at(table.refused_at, table.refusal)


@rule(
    "D54",
    Severity.ERROR,
    title="the bootloader reaches into the partition table",
    reason="Flashing the one destroys the other.",
    remedy="Raise CONFIG_PARTITION_TABLE_OFFSET, or lower the bootloader's log level.",
    source="components/partition_table/check_sizes.py, check_bootloader",
    needs=(Need.BOOTLOADER, Need.OPTIONS),
)
def bootloader_too_large(subject: Subject) -> Iterator[RuleFinding]:
    """A bootloader that reaches into the partition table."""
    assert subject.bootloader is not None
    path, size = subject.bootloader
    start, end = CHIPS[subject.config.chip].bootloader_offset, subject.config.table_offset
    if start + size > end:
        yield at(path, f"{size} bytes from 0x{start:x} on reach past 0x{end:x}, where the partition table lies")


@rule(
    "D55",
    Severity.WARNING,
    title="slots of different sizes",
    reason="A release that fits one slot may not fit the other: every second update fails.",
    remedy="Make them equal.",
    source="IDF-OTA-BEGIN",
    needs=(Need.TABLE,),
)
def slots_differ(subject: Subject) -> Iterator[RuleFinding]:
    """Slots of different sizes."""
    slots = subject.known_table.slots
    sizes = {row.partition.size for row in slots}
    if len(sizes) > 1:
        smallest = min(slots, key=lambda row: row.partition.size)
        yield at(
            smallest.place,
            f"{quoted(smallest)} has 0x{smallest.partition.size:x} bytes, another slot 0x{max(sizes):x}",
        )


@rule(
    "D56",
    Severity.ERROR,
    title="a slot, or otadata, is read-only",
    reason="From 5.2 on every write to it is refused.",
    remedy="Drop the flag.",
    source="components/esp_partition/partition_target.c, esp_partition_write",
    needs=(Need.TABLE,),
)
def readonly(subject: Subject) -> Iterator[RuleFinding]:
    """Flags that forbid an update."""
    rows = subject.known_table.rows if app_rules(subject.settings.generator).honours_readonly else ()
    for row in rows:
        if row.partition.readonly and (row.partition.is_ota_slot or row.partition.is_otadata):
            yield at(row.place, f"{quoted(row)} is flagged readonly")


@rule(
    "D57",
    Severity.NOTE,
    title="the flag encrypted changes nothing",
    reason="With flash encryption, apps and otadata are always encrypted; without it, nothing is.",
    remedy="Drop the flag.",
    source="docs/en/api-guides/partition-tables.rst, Flags",
    needs=(Need.TABLE, Need.OPTIONS, Need.ALL_OPTIONS),
)
def idle_encrypted_flag(subject: Subject) -> Iterator[RuleFinding]:
    """A flag that changes nothing."""
    for row in subject.known_table.rows:
        if row.partition.encrypted and (row.partition.is_app or row.partition.is_otadata):
            state = "on" if subject.is_on("SECURE_FLASH_ENC_ENABLED") else "off"
            yield at(row.place, f"{quoted(row)} is flagged encrypted; flash encryption is {state}")


@rule(
    "D91",
    Severity.NOTE,
    title="one OTA slot beside the factory app",
    reason="The factory app can update it. An image that runs from it cannot update itself: the next slot is the "
    "running one, and esp_ota_begin refuses.",
    remedy="Before each further update, let the image in the slot call esp_ota_set_boot_partition of factory and "
    "restart; or add a second slot.",
    source="IDF-OTA-NEXT-UPDATE",
    needs=(Need.TABLE,),
)
def one_slot_beside_factory(subject: Subject) -> Iterator[RuleFinding]:
    """The layout of a recovery application: factory, and a single OTA slot."""
    slot, factory = subject.known_table.only_slot, subject.known_table.factory
    if slot is not None and factory is not None:
        yield at(slot.place, f"{quoted(slot)} is the only OTA slot, beside the factory app {quoted(factory)}")


def _called(table: TableReading) -> str:
    """Return what to call a table where its file stands before it."""
    return table.file if table.file.startswith("ESP-IDF's") else "the table"


def _whole(table: TableReading) -> str:
    """Return the place of a table as a whole: its first application, where it has lines."""
    return table.apps[0].place if table.apps else table.file
