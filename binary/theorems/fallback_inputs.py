"""The inputs of the choice among images, as z3 words that both sides share.

Slots 0 to app_count - 1 are in the partition table; where their images lie may be anything. The factory and the test
partition are there or not.
"""

from dataclasses import dataclass
from typing import Any

import z3

from ...model.config import Config
from .boot_inputs import APP_COUNT, ENCRYPTION_GIVEN, GIVEN, OTADATA_OFFSET, OTADATA_SIZE
from .image_versions import SLOT_OFFSETS, ImageVersion, read_efuse, read_version
from .model_reader import ModelReader

MOST_SLOTS = 4
"""With how many OTA slots the theorem is stated at most."""
MOST_SLOTS_WITH_VERSIONS = 2
"""With how many it is with anti-rollback: there are three ways for an image not to be started."""
PARTITION_SIZE = 0x100000
START_INDEX = z3.BitVec("start_index", 32)
IS_FRESH, HAS_FACTORY, HAS_TEST = z3.Bools("is_fresh has_factory has_test")
"""otadata was never written, as the selection noted; the two partitions are there."""
FACTORY_PLACE, TEST_PLACE = z3.BitVecs("factory_place test_place", 32)
"""Their offsets, where they are there."""
PLACES = FACTORY_PLACE, TEST_PLACE, *SLOT_OFFSETS[:MOST_SLOTS]


def most_slots(config: Config) -> int:
    """Return with how many OTA slots the theorem is stated at most."""
    return MOST_SLOTS_WITH_VERSIONS if config.anti_rollback else MOST_SLOTS


def given_of_fallback(config: Config) -> tuple[Any, ...]:
    """Return what is assumed.

    The start index is one that a selection returns: factory, a slot, or slot 0 where there is neither."""
    return (
        *GIVEN,
        ENCRYPTION_GIVEN,
        z3.ULE(APP_COUNT, most_slots(config)),
        START_INDEX >= -1,
        z3.Or(START_INDEX <= 0, START_INDEX < APP_COUNT),
        z3.Implies(IS_FRESH, OTADATA_OFFSET != 0),
        *(place != 0 for place in PLACES if config.anti_rollback),
    )


def size_if(condition: object) -> object:
    """Return the size of a partition that is there on a condition; 0 means that it is not."""
    return z3.If(condition, z3.BitVecVal(PARTITION_SIZE, 32), z3.BitVecVal(0, 32))


@dataclass(frozen=True, slots=True)
class FallbackInputs:
    """What the choice among images depends on; offsets are bytes in flash."""

    start_index: int
    slots: tuple[int, ...]
    """Offsets of the slots, by number."""
    factory: int | None
    """Offset of the partition; None: there is none."""
    test: int | None
    """Offset of the partition; None: there is none."""
    is_fresh: bool
    """otadata was never written."""
    otadata_offset: int
    """0: no otadata partition."""
    otadata_size: int
    versions: tuple[ImageVersion, ...]
    """Of the images of slots, factory and test app, with anti-rollback; else empty."""
    efuse_version: int
    """The eFuse's, with anti-rollback."""

    @property
    def app_count(self) -> int:
        """OTA slots."""
        return len(self.slots)

    @property
    def has_factory(self) -> bool:
        """There is a factory partition."""
        return self.factory is not None


def read_fallback(reader: ModelReader, config: Config) -> FallbackInputs:
    """Return the inputs that a model has."""
    versions = tuple(read_version(reader, place) for place in PLACES) if config.anti_rollback else ()
    return FallbackInputs(
        reader.signed(START_INDEX),
        tuple(map(reader.number, SLOT_OFFSETS[: reader.number(APP_COUNT)])),
        reader.number(FACTORY_PLACE) if reader.is_true(HAS_FACTORY) else None,
        reader.number(TEST_PLACE) if reader.is_true(HAS_TEST) else None,
        reader.is_true(IS_FRESH),
        reader.number(OTADATA_OFFSET),
        reader.number(OTADATA_SIZE),
        versions,
        read_efuse(reader) if config.anti_rollback else 0,
    )
