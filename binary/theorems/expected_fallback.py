"""Which images impl's own bootloader checks, and which it starts, on symbolic inputs.

`Bootloader._load_boot_image` runs unchanged. What stands for something else meanwhile, beside what open_records
replaces: an image check that may pass or fail.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import z3

from ...impl import bootloader
from ...impl.bootloader import Bootloader, BootloaderState, SlotSelection
from ...impl.esp_err import EspErr
from ...impl.image.verify_rules import ImageInvalid
from ...impl.partitions.partition import AppSubtype, DataSubtype, Partition, PartitionType
from ...model.config import Config, ResetReason
from ...proofs.refinement.symbolic_board import SmallWord
from ...proofs.refinement.symbolic_entries import standing_in
from ...proofs.refinement.symbolic_execution import SymBool, SymWord, bits_of, explored_paths
from .boot_inputs import APP_COUNT, OTADATA_OFFSET, OTADATA_SIZE
from .expected_flash import OpenEfuse, RecordFlash, word_of
from .expected_selection import open_records
from .expected_side import ExpectedSide, RecordedConfig
from .fallback_inputs import (
    FACTORY_PLACE,
    HAS_FACTORY,
    HAS_TEST,
    IS_FRESH,
    MOST_SLOTS,
    PARTITION_SIZE,
    START_INDEX,
    TEST_PLACE,
    given_of_fallback,
)
from .flash_operations import Checked, FlashOperation, Started
from .image_versions import SLOT_OFFSETS
from .outcome import FunctionOutcome, distinct_outcomes

NO_RESULT = z3.BitVecVal(0, 32)
"""The function does not return."""


def expected_fallback(config: Config) -> ExpectedSide:
    """Return what impl's bootloader checks, writes and starts with this configuration, as every path of it."""
    recorded = RecordedConfig(config)
    with open_records(), _open_check():
        paths = explored_paths(partial(_loaded, recorded), z3.And(*given_of_fallback(config)))
    outcomes = (FunctionOutcome(path.condition, NO_RESULT, z3.BoolVal(False), path.result) for path in paths)
    return recorded.side(distinct_outcomes(outcomes), len(paths))


@contextmanager
def _open_check() -> Iterator[None]:
    """Let the check of an image pass or fail, for a while."""

    def verify_image(flash: RecordFlash, offset: SymWord, size: int, *_: object) -> None:
        if flash.fails(Checked(bits_of(offset), bits_of(size))):
            raise ImageInvalid(EspErr.IMAGE_INVALID, "it does not verify")

    with standing_in([(bootloader, "verify_image", verify_image)]):
        yield


def _loaded(config: Any) -> tuple[FlashOperation, ...]:
    flash = RecordFlash()
    runs = Bootloader(flash, OpenEfuse(flash), config)
    count = SmallWord(z3.ZeroExt(1, APP_COUNT), 0, MOST_SLOTS).__index__()
    start = SmallWord(z3.SignExt(1, START_INDEX), -1, MOST_SLOTS - 1).__index__()
    selection = SlotSelection(start, None, SymBool(IS_FRESH))  # type: ignore[arg-type]  # forks where it is asked for
    chosen = runs._load_boot_image(_partitions(count), selection, ResetReason.POWER_ON)
    if chosen is None:
        return flash.operations
    return *flash.operations, Started(bits_of(chosen.offset))


def _partitions(count: int) -> BootloaderState:
    slots = {slot: _app(AppSubtype.OTA_0 + slot, SLOT_OFFSETS[slot]) for slot in range(count)}
    factory = _app(AppSubtype.FACTORY, FACTORY_PLACE) if SymBool(HAS_FACTORY) else None
    test = _app(AppSubtype.TEST, TEST_PLACE) if SymBool(HAS_TEST) else None
    place = word_of(OTADATA_OFFSET), word_of(OTADATA_SIZE)
    return BootloaderState(
        factory, test, slots, count, Partition("otadata", PartitionType.DATA, DataSubtype.OTA, *place)
    )


def _app(subtype: int, offset: Any) -> Partition:
    return Partition("app", PartitionType.APP, subtype, word_of(offset), PARTITION_SIZE)
