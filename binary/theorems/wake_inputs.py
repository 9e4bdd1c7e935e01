"""The inputs of a wake-up from deep sleep, as z3 words that both sides share, and as numbers in an example.

What reset the chip; what RTC memory has kept of the last boot, where the chip has such memory; else any partition table
that the loading function takes, or a refused one, and both otadata records.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import z3

from ...impl.chip.cells import SECTOR_SIZE
from ...impl.chip.chips import CHIPS
from ...impl.partitions.partition import MAX_OTA_SLOTS, AppSubtype, Partition
from ...model.config import Config
from .boot_inputs import (
    APP_COUNT,
    ENCRYPTED,
    ENCRYPTION_GIVEN,
    FACTORY_OFFSET,
    FACTORY_SIZE,
    GIVEN,
    OTADATA_OFFSET,
    OTADATA_SIZE,
    RECORDS,
    record_bits,
)
from .image_versions import SLOT_IN_RANGE, SLOT_OFFSETS, SLOT_SIZES
from .model_reader import ModelReader
from .planned_hardware import app_at, otadata_at

DEEP_SLEEP = 5
"""What esp_rom_get_reset_reason returns after deep sleep. Source: reset_reasons.h RESET_REASON_CORE_DEEP_SLEEP."""
RESET_REASON, RETAINED_OFFSET, RETAINED_SIZE = z3.BitVecs("reset_reason retained_offset retained_size", 32)
HAS_RETAINED, TABLE_IS_TAKEN = z3.Bools("has_retained table_is_taken")
"""RTC memory has kept a partition; the partition table is not refused."""
GIVEN_OF_WAKE = (
    *GIVEN,
    ENCRYPTION_GIVEN,
    z3.UGE(APP_COUNT, 1),
    z3.ULE(APP_COUNT, MAX_OTA_SLOTS),
    *SLOT_IN_RANGE,
)


def has_rtc_memory(config: Config) -> bool:
    """Tell whether the chip keeps the last boot in RTC memory."""
    return CHIPS[config.chip].has_rtc_fast_memory


@dataclass(frozen=True, slots=True)
class WakeInputs:
    """What a wake-up depends on."""

    reset_reason: int
    has_memory: bool
    """The chip keeps the last boot in RTC memory: `retained` counts, and nothing else."""
    retained: Partition | None
    table_is_taken: bool
    factory: Partition | None
    otadata: Partition | None
    slots: tuple[Partition, ...]
    """By number."""
    records: tuple[bytes, bytes]


def read_wake(reader: ModelReader, config: Config) -> WakeInputs:
    """Return the inputs that a model has."""

    def app(offset: Any, size: Any, subtype: int = AppSubtype.FACTORY) -> Partition:
        return app_at(subtype, reader.number(offset), reader.number(size))

    has_factory = reader.number(FACTORY_OFFSET) or reader.number(FACTORY_SIZE)
    places = tuple(zip(SLOT_OFFSETS, SLOT_SIZES, strict=True))[: reader.number(APP_COUNT)]
    return WakeInputs(
        reader.number(RESET_REASON),
        has_rtc_memory(config),
        app(RETAINED_OFFSET, RETAINED_SIZE) if reader.is_true(HAS_RETAINED) else None,
        reader.is_true(TABLE_IS_TAKEN),
        app(FACTORY_OFFSET, FACTORY_SIZE) if has_factory else None,
        otadata_at(reader.number(OTADATA_OFFSET), reader.number(OTADATA_SIZE)),
        tuple(app(*place, AppSubtype.OTA_0 + slot) for slot, place in enumerate(places)),
        (reader.data(record_bits(0)), reader.data(record_bits(1))),
    )


def plain_wakes(config: Config) -> Iterator[Any]:
    """Yield how an example is to look, what matters most first."""
    yield RESET_REASON == DEEP_SLEEP
    yield z3.And(RETAINED_OFFSET == 0x20000, RETAINED_SIZE == 0x100000)
    yield z3.And(OTADATA_OFFSET == 0xD000, OTADATA_SIZE == 2 * SECTOR_SIZE)
    yield APP_COUNT == 2
    yield z3.And(*(offset == 0x10000 + 0x100000 * slot for slot, offset in enumerate(SLOT_OFFSETS)))
    yield z3.And(*(size == 0x100000 for size in SLOT_SIZES))
    yield z3.And(FACTORY_OFFSET == 0, FACTORY_SIZE == 0)
    yield z3.And(*(z3.ULE(words[0], 16) for words in RECORDS))
    yield z3.And(*(word == 0xFFFFFFFF for words in RECORDS for word in words[1:6]))
    yield ENCRYPTED == 0
