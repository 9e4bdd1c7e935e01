"""The application's view of partitions: esp_partition_* over the flash chip.

Pointers to partitions are compared with `is`, as the C code compares addresses: a copy of a partition
describes the same place but is another pointer. Source: components/esp_partition/partition.c,
partition_target.c (spi_flash/partition.c in 4.4).
"""

from collections.abc import Iterator
from copy import copy
from dataclasses import replace
from itertools import count

from ..chip.cells import SECTOR_SIZE
from ..chip.flash import NorFlash
from ..esp_err import EspErr, OtaError
from ..partitions.partition import AppSubtype, Partition, PartitionType
from ..partitions.table import LABEL_LENGTH, decode_label, encode_label
from ..program_end import Panic
from ..release_rules import AppRules

COPY_TO_THE_END = 0xFFFFFFFF
"""`size` of a copy: as much as the source has. Source: SIZE_MAX."""


class EspPartitions:
    """The partitions that the application loaded from the table, and access to what lies in them."""

    def __init__(self, flash: NorFlash, table: tuple[Partition, ...], rules: AppRules) -> None:
        """Take the table as the application reads it; without any, nothing is ever found."""
        self.flash = flash
        self.table = table
        self._rules = rules
        self._first: dict[tuple[int, int | None], Partition | None] = {}
        """What was found first, of what was asked for."""
        self._run: int | None = None

    def fork(self, flash: NorFlash) -> "EspPartitions":
        """Return the same view of another chip."""
        other = copy(self)
        other.flash = flash
        return other

    def find(self, type_: int, subtype: int | None = None) -> Iterator[Partition]:
        """Yield the partitions of a type, and of a subtype unless None, in the order of the table."""
        for partition in self.table:
            if partition.type == type_ and subtype in (None, partition.subtype):
                yield partition

    def find_first(self, type_: int, subtype: int | None = None) -> Partition | None:
        """Return the first of `find`, or None. Source: esp_partition_find_first."""
        asked = type_, subtype
        try:
            return self._first[asked]
        except KeyError:
            found = self._first[asked] = next(self.find(type_, subtype), None)
            return found

    @property
    def run_of_slots(self) -> int:
        """How many OTA slots there are without a gap from ota_0 on."""
        if self._run is None:
            subtypes = {partition.subtype for partition in self.find(PartitionType.APP)}
            self._run = next(n for n in count() if AppSubtype.OTA_0 + n not in subtypes)
        return self._run

    def verify(self, partition: Partition) -> Partition | None:
        """Return the table's own partition that `partition` describes, or None. Source: esp_partition_verify."""
        for known in self.find(partition.type, partition.subtype):
            if partition.label not in ("", known.label):
                continue
            if (known.offset, known.size) == (partition.offset, partition.size):
                return known
        return None

    def register_external(self, partition: Partition) -> Partition:
        """Add a partition that the table need not have, and return it as it is found from now on.

        It is never read-only, and its label is cut off after 16 bytes. Raises OtaError: INVALID_SIZE past the end of
        the chip, INVALID_ARG where it overlaps another; Panic where it or another before that is empty.
        Source: esp_partition_register_external, bootloader_util_regions_overlap."""
        if partition.end > self.flash.size:
            raise OtaError(EspErr.INVALID_SIZE)
        for known in self.table:
            if not partition.size or not known.size:
                raise Panic
            if known.offset < partition.end and partition.offset < known.end:
                raise OtaError(EspErr.INVALID_ARG)
        label = decode_label(encode_label(partition.label)[:LABEL_LENGTH])
        registered = replace(partition, label=label, readonly=False, encrypted=False)
        self.table = (*self.table, registered)
        self._first, self._run = {}, None
        return registered

    def read(self, partition: Partition, offset: int, length: int) -> bytes:
        """Return `length` bytes from `offset` in the partition; raises OtaError beyond its end."""
        _check_range(partition, offset, length)
        return self.flash.read(partition.offset + offset, length)

    def write(self, partition: Partition, offset: int, data: bytes) -> None:
        """Program `data` at `offset` in the partition; raises OtaError beyond its end or where it is read-only."""
        self._check_writable(partition)
        _check_range(partition, offset, len(data))
        self.flash.program(partition.offset + offset, data)

    def erase_range(self, partition: Partition, offset: int, length: int) -> None:
        """Erase whole sectors of the partition; raises OtaError for others, beyond its end, or read-only."""
        self._check_writable(partition)
        _check_range(partition, offset, length)
        if length % SECTOR_SIZE:
            raise OtaError(EspErr.INVALID_SIZE)
        if offset % SECTOR_SIZE:
            raise OtaError(EspErr.INVALID_ARG)
        self.flash.erase(partition.offset + offset, length)

    def copy(
        self,
        target: Partition | None,
        source: Partition | None,
        size: int,
        target_offset: int = 0,
        source_offset: int = 0,
    ) -> None:
        """Copy `size` bytes of one partition over another, whose sectors are all erased first.

        size: COPY_TO_THE_END for all that the source has; the target is then erased to its end. Raises OtaError:
        INVALID_ARG for no partition, or one over itself; INVALID_SIZE for what does not lie in both; errors of erase
        and write. Source: esp_partition_copy."""
        if target is None or source is None or target is source:
            raise OtaError(EspErr.INVALID_ARG)
        if source_offset > source.size or target_offset > target.size:
            raise OtaError(EspErr.INVALID_SIZE)
        erased = size
        if size == COPY_TO_THE_END:
            size, erased = source.size - source_offset, target.size - target_offset
        if source_offset + size > source.size or target_offset + size > target.size:
            raise OtaError(EspErr.INVALID_SIZE)
        self.erase_range(target, target_offset, -(-erased // SECTOR_SIZE) * SECTOR_SIZE)
        chunk = SECTOR_SIZE if self._rules.copies_by_sector else max(size, 1)
        for at in range(0, size, chunk):
            self.write(target, target_offset + at, self.read(source, source_offset + at, min(chunk, size - at)))

    def _check_writable(self, partition: Partition) -> None:
        if partition.readonly and self._rules.honours_readonly:
            raise OtaError(EspErr.NOT_ALLOWED)


def _check_range(partition: Partition, offset: int, length: int) -> None:
    if offset > partition.size:
        raise OtaError(EspErr.INVALID_ARG)
    if length > partition.size - offset:
        raise OtaError(EspErr.INVALID_SIZE)
