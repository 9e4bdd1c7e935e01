"""The checks of a whole partition table that its generator makes; neither bootloader nor application does.

What the generator lets pass, passes here too: gaps in the OTA slots, two partitions of one subtype, no
otadata. Each version of ESP-IDF has its own rules (generator_rules.py); an error names the versions that have the one
that is broken, where not all have it. Source: gen_esp32part.py PartitionTable.verify, PartitionDefinition.verify.
"""

from collections.abc import Callable, Iterable
from itertools import pairwise

from ...model.idf_version import MASTER, IdfVersion
from ..release_rules import ReleaseRule
from .generator_rules import (
    ALIGNS_DATA_TO_SECTORS,
    KNOWS_READONLY,
    KNOWS_TEE,
    PLACES_TABLE_AND_BOOTLOADER,
    WANTS_ONE_OTADATA,
    WANTS_SMALL_NVS_READONLY,
    WANTS_WHOLE_APP_SECTORS,
    whose,
)
from .partition import PRIMARY_SUBTYPE, Partition, PartitionType
from .table import TableError

TABLE_SIZE = 0x1000
"""Bytes that the table's own sector takes."""
OTADATA_SIZE = 0x2000
APP_OFFSET_ALIGNMENT = 0x10000
OFFSET_ALIGNMENT = 0x1000
OLD_OFFSET_ALIGNMENT = 4
"""Before data was aligned to sectors."""
APP_SIZE_ALIGNMENT = 0x1000
APP_SIZE_ALIGNMENT_SECURE_V1 = 0x10000
"""With secure boot v1 the signature lies at the end of a 64 KiB block."""
NVS_READ_WRITE_MIN_SIZE = 0x3000

_DATA_OTA, _DATA_NVS, _DATA_COREDUMP, _DATA_TEE_OTA = 0x00, 0x02, 0x03, 0x90


def check_table(
    partitions: Iterable[Partition],
    table_offset: int = 0x8000,
    secure_boot_v1: bool = False,
    version: IdfVersion = MASTER,
    where: Callable[[Partition], str] = lambda partition: f"partition {partition.label!r}",
) -> None:
    """Pass for a table that the generator of a version would accept; raises TableError naming partition and field.

    where: says where a partition stands in the user's file."""
    table = list(partitions)
    for partition in table:
        problem = _problem(partition, secure_boot_v1, version)
        if problem is not None:
            raise TableError(f"{where(partition)}: {problem}")
    _check_names(table, where)
    _check_overlaps(table, table_offset, version, where)
    for subtype, name, rule in (
        (_DATA_OTA, "otadata", WANTS_ONE_OTADATA),
        (_DATA_TEE_OTA, "TEE otadata", KNOWS_TEE),
    ):
        if rule.holds_in(version):
            found = [p for p in table if (p.type, p.subtype) == (PartitionType.DATA, subtype)]
            _check_otadata(found, name, rule, where)


def is_placed(type_: int, version: IdfVersion) -> bool:
    """Tell whether it is a bootloader or a partition table whose size, at least, the build gives."""
    of_build = (PartitionType.BOOTLOADER, PartitionType.PARTITION_TABLE)
    return type_ in of_build and PLACES_TABLE_AND_BOOTLOADER.holds_in(version)


def is_primary(type_: int, subtype: int, version: IdfVersion) -> bool:
    """Tell whether it is the primary bootloader or partition table, which lie below the free flash."""
    return is_placed(type_, version) and subtype == PRIMARY_SUBTYPE


def offset_alignment(type_: int, version: IdfVersion) -> int:
    """Return what the offset of a partition of that type must be a multiple of."""
    if type_ == PartitionType.APP:
        return APP_OFFSET_ALIGNMENT
    return OFFSET_ALIGNMENT if ALIGNS_DATA_TO_SECTORS.holds_in(version) else OLD_OFFSET_ALIGNMENT


def _problem(partition: Partition, secure_boot_v1: bool, version: IdfVersion) -> str | None:
    """Return what is wrong with one partition by itself, or None."""
    alignment = offset_alignment(partition.type, version)
    if partition.offset % alignment:
        told = whose(ALIGNS_DATA_TO_SECTORS) if alignment == OFFSET_ALIGNMENT else ""
        return f"offset 0x{partition.offset:x} is not a multiple of 0x{alignment:x}; move it{told}"
    if partition.is_app:
        return _app_problem(partition.size, secure_boot_v1, version)
    if partition.type != PartitionType.DATA:
        return None
    is_written = partition.subtype in (_DATA_OTA, _DATA_COREDUMP)
    if partition.readonly and is_written and KNOWS_READONLY.holds_in(version):
        return f"flags: otadata and coredump are always written; drop readonly{whose(KNOWS_READONLY)}"
    is_small_nvs = partition.subtype == _DATA_NVS and partition.size < NVS_READ_WRITE_MIN_SIZE
    if is_small_nvs and not partition.readonly and WANTS_SMALL_NVS_READONLY.holds_in(version):
        return (
            f"size 0x{partition.size:x} is too small for a writable nvs; make it 0x{NVS_READ_WRITE_MIN_SIZE:x} or "
            f"flag it readonly{whose(WANTS_SMALL_NVS_READONLY)}"
        )
    return None


def _app_problem(size: int, secure_boot_v1: bool, version: IdfVersion) -> str | None:
    alignment = APP_SIZE_ALIGNMENT_SECURE_V1 if secure_boot_v1 else APP_SIZE_ALIGNMENT
    if size % alignment == 0 or not (secure_boot_v1 or WANTS_WHOLE_APP_SECTORS.holds_in(version)):
        return None
    told = "" if secure_boot_v1 else whose(WANTS_WHOLE_APP_SECTORS)
    return f"size 0x{size:x} of an app is not a multiple of 0x{alignment:x}; round it up{told}"


def _check_names(table: list[Partition], where: Callable[[Partition], str]) -> None:
    seen: dict[str, Partition] = {}
    for partition in table:
        if partition.label in seen:
            raise TableError(
                f"{where(partition)}: name {partition.label!r} is taken by {where(seen[partition.label])}; "
                f"names must be unique"
            )
        seen[partition.label] = partition


def _check_overlaps(
    table: list[Partition], table_offset: int, version: IdfVersion, where: Callable[[Partition], str]
) -> None:
    first_free = table_offset + TABLE_SIZE
    in_order = sorted(table, key=lambda partition: partition.offset)
    for partition in in_order:
        if partition.offset < first_free and not is_primary(partition.type, partition.subtype, version):
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


def _check_otadata(found: list[Partition], name: str, rule: ReleaseRule, where: Callable[[Partition], str]) -> None:
    if len(found) > 1:
        second, first = where(found[1]), where(found[0])
        raise TableError(f"{second}: a second {name} partition beside {first}; only one may be{whose(rule)}")
    if found and found[0].size != OTADATA_SIZE:
        size = f"0x{found[0].size:x}; it must be 0x{OTADATA_SIZE:x}"
        raise TableError(f"{where(found[0])}: {name} has size {size}{whose(rule)}")
