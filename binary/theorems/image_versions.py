"""Secure versions for the theorems with anti-rollback: of the images in flash, and of the eFuse.

What the description of an image says is an open function of the partition's offset. The eFuse may hold any version, and
any other one after each burn.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import z3

from ...impl.image.format import APP_DESC_MAGIC
from ...impl.partitions.partition import MAX_OTA_SLOTS
from ...model.config import Config
from ..execution.words import REMAINDER
from .boot_inputs import APP_COUNT, RECORDS
from .model_reader import ModelReader

_WORD = z3.BitVecSort(32)
MAGIC_AT = z3.Function("description_magic", _WORD, _WORD)
"""The first word of the description of the image in the partition at an offset."""
VERSION_AT = z3.Function("description_version", _WORD, _WORD)
"""Its second word, the secure version."""
SLOT_OFFSETS = tuple(z3.BitVec(f"ota_{slot}_offset", 32) for slot in range(MAX_OTA_SLOTS))
"""Where the slots lie in flash."""
SLOT_SIZES = tuple(z3.BitVec(f"ota_{slot}_size", 32) for slot in range(MAX_OTA_SLOTS))
"""Of their partitions."""
SLOT_IN_RANGE = tuple(z3.ULT(REMAINDER(words[0] - 1, APP_COUNT), APP_COUNT) for words in RECORDS)
"""Of the remainder nothing more is used than that it is below the divisor."""
VERSION_PREMISES = (
    "Images' descriptions lie at offsets other than 0, outside otadata, and mapping them succeeds.",
    "The eFuse is changed by esp_efuse_update_secure_version only.",
)


@dataclass(frozen=True, slots=True)
class ImageVersion:
    """What the description of an image says."""

    offset: int
    """Of its partition, bytes in flash."""
    is_described: bool
    """The description begins with its magic word."""
    version: int
    """The secure version, where it does."""


def read_version(reader: ModelReader, offset: Any) -> ImageVersion:
    """Return what a model says of the image in the partition at an offset."""
    is_described = reader.number(MAGIC_AT(offset)) == APP_DESC_MAGIC
    return ImageVersion(reader.number(offset), is_described, reader.number(VERSION_AT(offset)))


def read_efuse(reader: ModelReader) -> int:
    """Return the version that the eFuse holds at the entry."""
    return reader.number(efuse_version(0))


def efuse_version(burns: int) -> Any:
    """Return the version that the eFuse holds after so many burns."""
    return z3.BitVec(f"efuse_version{burns}", 32)


def of_slot(words: tuple[Any, ...], index: Any) -> Any:
    """Return the word of the slot with that number; any number above the last is the last."""
    *lower, word = words
    for slot, other in reversed(tuple(enumerate(lower))):
        word = z3.If(index == slot, other, word)
    return word


def plain_versions(offsets: tuple[Any, ...]) -> Iterator[Any]:
    """Yield how the versions of an example are to look, what matters most first."""
    yield z3.And(*(z3.Or(MAGIC_AT(offset) == APP_DESC_MAGIC, MAGIC_AT(offset) == 0xFFFFFFFF) for offset in offsets))
    yield z3.And(*(z3.ULE(VERSION_AT(offset), 16) for offset in offsets), z3.ULE(efuse_version(0), 16))


def premises_of_versions(config: Config) -> tuple[str, ...]:
    """Return what theorems rest on beside the rest where versions are looked at."""
    return VERSION_PREMISES if config.anti_rollback else ()
