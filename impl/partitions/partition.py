"""A partition as both bootloader and application see it. Source: esp_flash_partitions.h esp_partition_info_t."""

from dataclasses import dataclass
from enum import IntEnum

MAX_OTA_SLOTS = 16
"""ota_0 … ota_15."""


class PartitionType(IntEnum):
    """Partition types that ESP-IDF itself knows; 0x40 … 0xFE are the user's."""

    APP = 0x00
    DATA = 0x01
    BOOTLOADER = 0x02
    PARTITION_TABLE = 0x03


class AppSubtype(IntEnum):
    """Subtypes of `PartitionType.APP`; OTA slot n has 0x10 + n, n = 0 … 15."""

    FACTORY = 0x00
    OTA_0 = 0x10
    OTA_MAX = 0x20
    """One past ota_15: the end of the range of OTA slots."""
    TEST = 0x20


class DataSubtype(IntEnum):
    """Subtypes of `PartitionType.DATA` that OTA cares about."""

    OTA = 0x00
    NVS = 0x02


PRIMARY_SUBTYPE = 0x00
"""Of the types BOOTLOADER and PARTITION_TABLE: the place that a reset goes by."""


@dataclass(frozen=True, slots=True)
class Partition:
    """One row of the partition table."""

    label: str
    """At most 16 characters."""
    type: int
    """0 … 0xFE; see PartitionType."""
    subtype: int
    """0 … 0xFE."""
    offset: int
    """Bytes from the start of flash."""
    size: int
    """Bytes."""
    encrypted: bool = False
    readonly: bool = False

    def __deepcopy__(self, memo: object) -> "Partition":
        """Return itself: nothing changes it."""
        return self

    @property
    def end(self) -> int:
        """The first byte past the partition."""
        return self.offset + self.size

    @property
    def is_app(self) -> bool:
        """Whether an application can lie here."""
        return self.type == PartitionType.APP

    @property
    def is_ota_slot(self) -> bool:
        """Whether this is ota_0 … ota_15."""
        return self.is_app and AppSubtype.OTA_0 <= self.subtype < AppSubtype.OTA_MAX

    @property
    def is_factory(self) -> bool:
        """Whether this is the factory app."""
        return self.is_app and self.subtype == AppSubtype.FACTORY

    @property
    def is_test_app(self) -> bool:
        """Whether this is the test app."""
        return self.is_app and self.subtype == AppSubtype.TEST

    @property
    def is_otadata(self) -> bool:
        """Whether the otadata entries lie here."""
        return self.type == PartitionType.DATA and self.subtype == DataSubtype.OTA

    @property
    def slot(self) -> int:
        """The number n of OTA slot ota_n; meaningful only when `is_ota_slot`."""
        return self.subtype & 0x0F
