"""The side that machine code is compared with: impl's own bootloader, run on symbolic inputs.

`Bootloader._select` runs unchanged on a partition table of any number of slots, any factory and any otadata partition,
and on a flash whose records may be anything and whose operations may fail. What stands for something else meanwhile:
SymStruct for Python's struct, an open function for the check word, and an open function for the remainder.
"""

from functools import partial
from typing import Any

import z3

from ...impl import otadata
from ...impl.bootloader import Bootloader, BootloaderState
from ...impl.image import format as image_format
from ...impl.partitions.partition import AppSubtype, DataSubtype, Partition, PartitionType
from ...model.config import Config
from ...proofs.refinement.symbolic_board import SymStruct
from ...proofs.refinement.symbolic_entries import CRC, standing_in, view_truth
from ...proofs.refinement.symbolic_execution import SymWord, bits_of, explored_paths
from ..execution.words import REMAINDER
from .boot_inputs import APP_COUNT, FACTORY_OFFSET, FACTORY_SIZE, OTADATA_OFFSET, OTADATA_SIZE
from .expected_flash import OpenEfuse, OpenSlots, RecordFlash, decode_open_description, word_of
from .expected_side import ExpectedSide, RecordedConfig
from .flash_operations import FlashOperation
from .outcome import FunctionOutcome, distinct_outcomes
from .selection_inputs import given_of_selection

INVALID_INDEX = -99
"""What the C code returns where otadata is too small. Source: bootloader_config.h INVALID_INDEX."""


class CountWord(SymWord):
    """The number of slots, by which other words are divided: the remainder is an open function."""

    __slots__ = ()

    def __rmod__(self, other: SymWord) -> SymWord:
        """Return the remainder of another word by this one."""
        return SymWord(z3.ZeroExt(1, REMAINDER(bits_of(other), self.bits())), 0, self.high - 1)


def expected_selection(config: Config) -> ExpectedSide:
    """Return what impl's bootloader selects and writes with this configuration, as every path of it."""
    recorded = RecordedConfig(config)
    with open_records():
        paths = explored_paths(partial(_selected, recorded), z3.And(*given_of_selection(config)))
    outcomes = (FunctionOutcome(path.condition, *path.result) for path in paths)
    return recorded.side(distinct_outcomes(outcomes), len(paths))


def open_records() -> Any:
    """Let impl read and write records of any bytes, with any function as check word, and any descriptions, for a
    while."""

    def check_word(ota_seq: Any) -> SymWord:
        return SymWord(z3.ZeroExt(1, CRC(bits_of(ota_seq))), 0, 0xFFFFFFFF)

    return standing_in(
        (
            (otadata, "ota_select_crc", check_word),
            (otadata, "_LAYOUT", SymStruct(otadata._LAYOUT.format)),
            (image_format, "decode_app_desc", decode_open_description),
        )
    )


def _selected(config: Any) -> tuple[Any, Any, tuple[FlashOperation, ...]]:
    flash = RecordFlash()
    selection = Bootloader(flash, OpenEfuse(flash), config)._select(open_partitions())
    if selection is None:
        return z3.BitVecVal(INVALID_INDEX, 32), z3.BoolVal(False), flash.operations
    return z3.simplify(bits_of(selection.index)), *view_truth(selection.has_initial_contents), flash.operations


def open_partitions() -> BootloaderState:
    """Return what the bootloader knows of any partition table.

    A partition of offset and size 0 stands for none, as in bootloader_state_t: where impl has None, it asks for the
    offset or the size as well, and no path forks early."""
    factory_place = word_of(FACTORY_OFFSET), word_of(FACTORY_SIZE)
    factory = Partition("factory", PartitionType.APP, AppSubtype.FACTORY, *factory_place)
    otadata_place = word_of(OTADATA_OFFSET), word_of(OTADATA_SIZE)
    otadata_partition = Partition("otadata", PartitionType.DATA, DataSubtype.OTA, *otadata_place)
    count = CountWord(z3.ZeroExt(1, APP_COUNT), 0, 0xFFFFFFFF)
    return BootloaderState(factory, None, OpenSlots(), count, otadata_partition)  # type: ignore[arg-type]  # symbolic
