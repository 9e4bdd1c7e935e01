"""The partition tables that ESP-IDF itself provides, by the option that chooses each, as CSV.

The layouts are those of components/partition_table in ESP-IDF 4.4 to 6.2-dev, where they are the same in
every release that has them. The tables with a trusted execution environment are not here: their sizes
differ by release, and a TEE has slots and an otadata of its own, which are not modelled.
"""

from collections.abc import Mapping
from dataclasses import dataclass

_FACTORY_ONLY = "nvs,data,nvs,,0x6000\nphy_init,data,phy,,0x1000\nfactory,app,factory,,{size}\n"
_FACTORY_AND_TWO = (
    "nvs,data,nvs,,0x4000\notadata,data,ota,,0x2000\nphy_init,data,phy,,0x1000\n"
    "factory,app,factory,,1M\n{middle}ota_0,app,ota_0,,1M\nota_1,app,ota_1,,1M\n"
)
_TWO_LARGE = (
    "nvs,data,nvs,,0x6000\notadata,data,ota,,0x2000\nphy_init,data,phy,,0x1000\n"
    "ota_0,app,ota_0,,1700K\nota_1,app,ota_1,,1700K\n"
)
_COREDUMP = "coredump,data,coredump,,64K\n"
_NVS_KEY = "nvs_key,data,nvs_keys,,0x1000,encrypted\n"


@dataclass(frozen=True, slots=True)
class BuiltinTable:
    """One layout, and what becomes of it when core dumps go to flash."""

    csv: str
    csv_with_coredump: str | None = None
    """None where ESP-IDF makes no difference."""


BUILTIN_TABLES: Mapping[str, BuiltinTable] = {
    "SINGLE_APP": BuiltinTable(_FACTORY_ONLY.format(size="1M"), _FACTORY_ONLY.format(size="1M") + _COREDUMP),
    "SINGLE_APP_LARGE": BuiltinTable(
        _FACTORY_ONLY.format(size="1500K"), _FACTORY_ONLY.format(size="1500K") + _COREDUMP
    ),
    "TWO_OTA": BuiltinTable(_FACTORY_AND_TWO.format(middle=""), _FACTORY_AND_TWO.format(middle=_COREDUMP)),
    "TWO_OTA_LARGE": BuiltinTable(_TWO_LARGE),
    "SINGLE_APP_ENCRYPTED_NVS": BuiltinTable(_FACTORY_ONLY.format(size="1M") + _NVS_KEY),
    "SINGLE_APP_LARGE_ENC_NVS": BuiltinTable(_FACTORY_ONLY.format(size="1500K") + _NVS_KEY),
    "TWO_OTA_ENCRYPTED_NVS": BuiltinTable(_FACTORY_AND_TWO.format(middle="") + _NVS_KEY),
}
"""By the name of the option without CONFIG_PARTITION_TABLE_."""
