"""The names of types, subtypes and flags in a partition CSV, and the versions of ESP-IDF that know each.

Source: gen_esp32part.py TYPES, SUBTYPES, FLAGS (6.2-dev); generator_rules.py has what came when.
"""

from collections.abc import Mapping
from functools import lru_cache

from ...model.idf_version import IdfVersion
from ..release_rules import ReleaseRule
from .generator_rules import (
    KNOWS_READONLY,
    KNOWS_TEE,
    KNOWS_UNDEFINED,
    NAMES_EFUSE,
    NAMES_LITTLEFS,
    NAMES_TABLE_AND_BOOTLOADER,
    PLACES_TABLE_AND_BOOTLOADER,
)
from .partition import PRIMARY_SUBTYPE, PartitionType

TYPES: Mapping[str, int] = {
    "bootloader": PartitionType.BOOTLOADER,
    "partition_table": PartitionType.PARTITION_TABLE,
    "app": PartitionType.APP,
    "data": PartitionType.DATA,
}
"""All that any version knows."""
RECOVERY_SUBTYPE = 0x02
"""Of a bootloader."""
SUBTYPES: Mapping[int, Mapping[str, int]] = {
    PartitionType.BOOTLOADER: {"primary": PRIMARY_SUBTYPE, "ota": 0x01, "recovery": RECOVERY_SUBTYPE},
    PartitionType.PARTITION_TABLE: {"primary": PRIMARY_SUBTYPE, "ota": 0x01},
    PartitionType.APP: {
        "factory": 0x00,
        "test": 0x20,
        **{f"ota_{slot}": 0x10 + slot for slot in range(16)},
        "tee_0": 0x30,
        "tee_1": 0x31,
    },
    PartitionType.DATA: {
        "ota": 0x00,
        "phy": 0x01,
        "nvs": 0x02,
        "coredump": 0x03,
        "nvs_keys": 0x04,
        "efuse": 0x05,
        "undefined": 0x06,
        "esphttpd": 0x80,
        "fat": 0x81,
        "spiffs": 0x82,
        "littlefs": 0x83,
        "tee_ota": 0x90,
    },
}
"""All that any version knows, by type."""
FLAGS = ("encrypted", "readonly")
_NAMED_BY: Mapping[str, ReleaseRule] = {
    "bootloader": NAMES_TABLE_AND_BOOTLOADER,
    "partition_table": NAMES_TABLE_AND_BOOTLOADER,
    "primary": PLACES_TABLE_AND_BOOTLOADER,
    "recovery": PLACES_TABLE_AND_BOOTLOADER,
    "tee_0": KNOWS_TEE,
    "tee_1": KNOWS_TEE,
    "tee_ota": KNOWS_TEE,
    "efuse": NAMES_EFUSE,
    "undefined": KNOWS_UNDEFINED,
    "littlefs": NAMES_LITTLEFS,
    "readonly": KNOWS_READONLY,
}
"""The rule that brought a name; the others always were."""
_UNDEFINED = SUBTYPES[PartitionType.DATA]["undefined"]


def is_named(name: str, version: IdfVersion) -> bool:
    """Tell whether the generator of a version knows a name."""
    return name not in _NAMED_BY or _NAMED_BY[name].holds_in(version)


def brought_by(name: str) -> ReleaseRule:
    """Return the rule that brought a name that some version does not know."""
    # Of the types bootloader and partition_table all subtypes came with their names.
    return _NAMED_BY.get(name, NAMES_TABLE_AND_BOOTLOADER)


@lru_cache(maxsize=256)
def type_names(version: IdfVersion) -> Mapping[str, int]:
    """Return the types that the generator of a version knows by name."""
    return {name: value for name, value in TYPES.items() if is_named(name, version)}


@lru_cache(maxsize=1024)
def subtype_names(type_: int, version: IdfVersion) -> Mapping[str, int]:
    """Return the subtypes of a type that it knows by name; none of a type of which it knows no name."""
    if type_ not in type_names(version).values():
        return {}
    return {name: value for name, value in SUBTYPES[type_].items() if is_named(name, version)}


def blank_subtype(version: IdfVersion) -> int:
    """Return what it takes a blank subtype for."""
    return _UNDEFINED if KNOWS_UNDEFINED.holds_in(version) else 0
