"""The checks of a whole partition table that its generator makes; neither bootloader nor application does.

What the generator lets pass, passes here too: gaps in the OTA slots, two partitions of one subtype, no
otadata. Source: gen_esp32part.py PartitionTable.verify, PartitionDefinition.verify (6.2-dev).
"""

from collections.abc import Callable, Iterable
from itertools import pairwise

from .partition import Partition, PartitionType
from .table import TableError

TABLE_SIZE = 0x1000
"""Bytes that the table's own sector takes."""
OTADATA_SIZE = 0x2000
APP_OFFSET_ALIGNMENT = 0x10000
OFFSET_ALIGNMENT = 0x1000
APP_SIZE_ALIGNMENT = 0x1000
APP_SIZE_ALIGNMENT_SECURE_V1 = 0x10000
"""With secure boot v1 the signature lies at the end of a 64 KiB block."""
NVS_READ_WRITE_MIN_SIZE = 0x3000

_DATA_OTA, _DATA_NVS, _DATA_COREDUMP, _DATA_TEE_OTA = 0x00, 0x02, 0x03, 0x90
_PRIMARY = 0x00


def check_table(
    partitions: Iterable[Partition],
    table_offset: int = 0x8000,
    secure_boot_v1: bool = False,
    where: Callable[[Partition], str] = lambda partition: f"partition {partition.label!r}",
) -> None:
    """Pass for a table that the generator would accept; raises TableError naming partition and field.

    where: says where a partition stands in the user's file."""
    table = list(partitions)
    for partition in table:
        problem = _problem(partition, secure_boot_v1)
        if problem is not None:
            raise TableError(f"{where(partition)}: {problem}")
    _check_names(table, where)
    _check_overlaps(table, table_offset, where)
    for subtype, name in ((_DATA_OTA, "otadata"), (_DATA_TEE_OTA, "TEE otadata")):
        _check_otadata([p for p in table if (p.type, p.subtype) == (PartitionType.DATA, subtype)], name, where)


def is_primary(type_: int, subtype: int) -> bool:
    """Tell whether it is the primary bootloader or partition table, which lie below the free flash."""
    return type_ in (PartitionType.BOOTLOADER, PartitionType.PARTITION_TABLE) and subtype == _PRIMARY


def offset_alignment(type_: int) -> int:
    """Return what the offset of a partition of that type must be a multiple of."""
    return APP_OFFSET_ALIGNMENT if type_ == PartitionType.APP else OFFSET_ALIGNMENT


def _problem(partition: Partition, secure_boot_v1: bool) -> str | None:
    """Return what is wrong with one partition by itself, or None."""
    alignment = offset_alignment(partition.type)
    if partition.offset % alignment:
        return f"offset 0x{partition.offset:x} is not a multiple of 0x{alignment:x}; move it"
    if partition.is_app:
        size_alignment = APP_SIZE_ALIGNMENT_SECURE_V1 if secure_boot_v1 else APP_SIZE_ALIGNMENT
        if partition.size % size_alignment:
            return f"size 0x{partition.size:x} of an app is not a multiple of 0x{size_alignment:x}; round it up"
    if partition.type != PartitionType.DATA:
        return None
    if partition.readonly and partition.subtype in (_DATA_OTA, _DATA_COREDUMP):
        return "flags: otadata and coredump are always written; drop readonly"
    if partition.subtype == _DATA_NVS and partition.size < NVS_READ_WRITE_MIN_SIZE and not partition.readonly:
        return (
            f"size 0x{partition.size:x} is too small for a writable nvs; make it 0x{NVS_READ_WRITE_MIN_SIZE:x} or "
            f"flag it readonly"
        )
    return None


def _check_names(table: list[Partition], where: Callable[[Partition], str]) -> None:
    seen: dict[str, Partition] = {}
    for partition in table:
        if partition.label in seen:
            raise TableError(
                f"{where(partition)}: name {partition.label!r} is taken by {where(seen[partition.label])}; "
                f"names must be unique"
            )
        seen[partition.label] = partition


def _check_overlaps(table: list[Partition], table_offset: int, where: Callable[[Partition], str]) -> None:
    first_free = table_offset + TABLE_SIZE
    in_order = sorted(table, key=lambda partition: partition.offset)
    for partition in in_order:
        if partition.offset < first_free and not is_primary(partition.type, partition.subtype):
            raise TableError(
                f"{where(partition)}: offset 0x{partition.offset:x} is below 0x{first_free:x}, where the partition "
                f"table at 0x{table_offset:x} ends; move it up"
            )
    for lower, upper in pairwise(in_order):
        if upper.offset < lower.end:
            raise TableError(
                f"{where(upper)}: offset 0x{upper.offset:x} overlaps {where(lower)}, 0x{lower.offset:x} … "
                f"0x{lower.end - 1:x}; move it or shrink the other"
            )


def _check_otadata(found: list[Partition], name: str, where: Callable[[Partition], str]) -> None:
    if len(found) > 1:
        raise TableError(f"{where(found[1])}: a second {name} partition beside {where(found[0])}; only one may be")
    if found and found[0].size != OTADATA_SIZE:
        raise TableError(f"{where(found[0])}: {name} has size 0x{found[0].size:x}; it must be 0x{OTADATA_SIZE:x}")
