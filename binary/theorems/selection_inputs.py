"""The inputs of a selection: what is assumed of them, and their numbers and bytes in an example."""

from dataclasses import dataclass
from typing import Any

import z3

from ...impl.partitions.partition import MAX_OTA_SLOTS
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
    record_bits,
)
from .image_versions import SLOT_IN_RANGE, SLOT_OFFSETS, SLOT_SIZES, ImageVersion, read_efuse, read_version
from .model_reader import ModelReader


@dataclass(frozen=True, slots=True)
class SelectionInputs:
    """What a selection depends on."""

    records: tuple[bytes, bytes]
    app_count: int
    factory_offset: int
    """0: a factory partition counts as none."""
    factory_size: int
    """0 with offset 0: there is none in the table."""
    otadata_offset: int
    """0: an otadata partition counts as none."""
    otadata_size: int
    encrypted: bool
    """Flash encryption is on."""
    versions: tuple[ImageVersion, ...]
    """Of the slots' images, with anti-rollback; else empty."""
    efuse_version: int
    """The eFuse's, with anti-rollback."""

    @property
    def has_factory(self) -> bool:
        """There is a factory partition in the table."""
        return bool(self.factory_offset or self.factory_size)


def given_of_selection(config: Config) -> tuple[Any, ...]:
    """Return what is assumed: with anti-rollback, that there are slots, each with a place in flash."""
    if not config.anti_rollback:
        return *GIVEN, ENCRYPTION_GIVEN
    places = (z3.And(offset != 0, size != 0) for offset, size in zip(SLOT_OFFSETS, SLOT_SIZES, strict=True))
    counts = z3.UGE(APP_COUNT, 1), z3.ULE(APP_COUNT, MAX_OTA_SLOTS)
    return *GIVEN, ENCRYPTION_GIVEN, *counts, *SLOT_IN_RANGE, *places


def read_selection(reader: ModelReader, config: Config) -> SelectionInputs:
    """Return the inputs that a model has."""
    count = reader.number(APP_COUNT)
    offsets = SLOT_OFFSETS[:count] if config.anti_rollback else ()
    return SelectionInputs(
        (reader.data(record_bits(0)), reader.data(record_bits(1))),
        count,
        reader.number(FACTORY_OFFSET),
        reader.number(FACTORY_SIZE),
        reader.number(OTADATA_OFFSET),
        reader.number(OTADATA_SIZE),
        bool(reader.number(ENCRYPTED)),
        tuple(read_version(reader, offset) for offset in offsets),
        read_efuse(reader) if config.anti_rollback else 0,
    )
