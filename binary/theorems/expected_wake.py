"""What impl's own bootloader does after deep sleep, on symbolic inputs.

`Bootloader._load_boot_image_from_deep_sleep` runs unchanged. What stands for something else meanwhile, beside what
open_records replaces: an image that is loaded or not, and `_load_partition_table`, which has a theorem of its own.
"""

from functools import partial
from typing import Any

import z3

from ...impl import bootloader
from ...impl.bootloader import Bootloader, BootloaderState
from ...impl.esp_err import EspErr
from ...impl.image.verify_rules import ImageInvalid, VerifyMode
from ...impl.partitions.partition import AppSubtype, Partition, PartitionType
from ...model.config import Config, ResetReason
from ...proofs.refinement.symbolic_entries import standing_in
from ...proofs.refinement.symbolic_execution import SymBool, bits_of, explored_paths
from .expected_fallback import NO_RESULT
from .expected_flash import OpenEfuse, RecordFlash, word_of
from .expected_selection import open_partitions, open_records
from .expected_side import ExpectedSide, RecordedConfig
from .flash_operations import Checked, FlashOperation, LoadedUnchecked, Started
from .outcome import FunctionOutcome, distinct_outcomes
from .wake_inputs import (
    DEEP_SLEEP,
    GIVEN_OF_WAKE,
    HAS_RETAINED,
    RESET_REASON,
    RETAINED_OFFSET,
    RETAINED_SIZE,
    TABLE_IS_TAKEN,
)


def expected_wake(config: Config) -> ExpectedSide:
    """Return what impl's bootloader loads and starts after deep sleep, as every path of it."""
    recorded = RecordedConfig(config)
    with open_records(), standing_in([(bootloader, "verify_image", _verify_image)]):
        paths = explored_paths(partial(_woken, recorded), z3.And(*GIVEN_OF_WAKE))
    outcomes = (FunctionOutcome(path.condition, NO_RESULT, z3.BoolVal(False), path.result) for path in paths)
    return recorded.side(distinct_outcomes(outcomes), len(paths))


def _verify_image(flash: RecordFlash, offset: Any, size: Any, config: Any, mode: VerifyMode, *_: object) -> None:
    kind = LoadedUnchecked if mode is VerifyMode.BOOTLOADER_LOAD_NO_VALIDATE else Checked
    if flash.fails(kind(bits_of(offset), bits_of(size))):
        raise ImageInvalid(EspErr.IMAGE_INVALID, "it does not verify")


class _OpenBootloader(Bootloader):
    """impl's bootloader on any partition table."""

    def _load_partition_table(self) -> BootloaderState | None:
        return open_partitions() if SymBool(TABLE_IS_TAKEN) else None


def _woken(config: Any) -> tuple[FlashOperation, ...]:
    flash = RecordFlash()
    runs = _OpenBootloader(flash, OpenEfuse(flash), config)
    reason = ResetReason.DEEP_SLEEP if SymBool(RESET_REASON == DEEP_SLEEP) else ResetReason.POWER_ON
    woken = runs._load_boot_image_from_deep_sleep(reason, _retained())
    return flash.operations if woken is None else (*flash.operations, Started(bits_of(woken.offset)))


def _retained() -> Partition | None:
    if not SymBool(HAS_RETAINED):
        return None
    place = word_of(RETAINED_OFFSET), word_of(RETAINED_SIZE)
    return Partition("", PartitionType.APP, AppSubtype.FACTORY, *place)
