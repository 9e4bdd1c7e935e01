"""The side that machine code is compared with: impl's own esp_ota_* calls, run on symbolic inputs.

`EspOta` runs unchanged over a partition table of any app partitions, and on a flash whose records may be anything
and whose operations may fail. What stands for something else meanwhile, beside what open_records replaces: an image
check that may pass or fail, the remainder, and the search for the next number, which is that of counting_loop.py.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

import z3

from ...impl import otadata
from ...impl.app import esp_ota_select
from ...impl.app.esp_ota import EspOta
from ...impl.app.esp_ota_select import OtaSelection
from ...impl.app.esp_partition import EspPartitions
from ...impl.esp_err import EspErr, OtaError
from ...impl.image.verify_rules import ImageInvalid
from ...impl.partitions.partition import MAX_OTA_SLOTS, AppSubtype, DataSubtype, Partition, PartitionType
from ...impl.program_end import Panic, Restart
from ...impl.release_rules import AppRules, app_rules
from ...model.config import Config, Release
from ...proofs.refinement.symbolic_board import UnknownAccess
from ...proofs.refinement.symbolic_entries import standing_in
from ...proofs.refinement.symbolic_execution import SymBool, SymWord, bits_of, explored_paths
from ..execution.counting_loop import ABOVE
from ..theorems.boot_inputs import OTADATA_OFFSET, OTADATA_SIZE, operation_result
from ..theorems.expected_flash import OpenEfuse, RecordFlash, decode_open_description, word_of
from ..theorems.expected_selection import open_records
from ..theorems.expected_side import ExpectedSide, RecordedConfig
from ..theorems.flash_operations import BootloaderPlaced, Burned, Checked, FlashOperation, Programmed, RangeErased
from ..theorems.outcome import FunctionOutcome, distinct_outcomes
from .call_inputs import (
    APP_PARTITIONS,
    ASKED_OFFSET,
    ASKED_SIZE,
    ASKED_SUBTYPE,
    ASKED_TYPE,
    HAS_OTADATA,
    HAS_TOO_MANY,
    IS_ASKED,
    SLOT_COUNT,
    STATE_BEFORE,
    WANTS_STATE,
    app_offset,
    app_size,
    first_number,
    of_app,
    slot_named,
)
from .call_outcome import CallEnd, end_word
from .running_app import LINKED_VERSION, RUNNING_SUBTYPE, running_partition
from .session_inputs import APP_IS_THERE, IMAGE_SIZE, IS_APP, LAST_HANDLE, OTHER_IS_THERE


class CallArguments(Protocol):
    """What a call is given."""

    @property
    def partition(self) -> Partition | None:
        """The partition that it is about."""

    @property
    def wants_state(self) -> Any:
        """Where to put a state, or a handle, is given, which may fork."""

    @property
    def image_size(self) -> Any:
        """The number of bytes that it is about."""


ImplCall = Callable[["CountedSelection", CallArguments], "CallReturn | None"]
"""Run one call; return what it returns where that is more than ESP_OK."""


@dataclass(frozen=True, slots=True)
class CallReturn:
    """What a call returns."""

    code: Any = 0
    """The esp_err_t, or the number that it counts."""
    state: Any = None
    """What it leaves where a state, or a handle, is put; None for nothing."""
    session: tuple[Any, Any] = (0, 0)
    """The last handle and how many sessions are open, of a call that opens one."""


class OpenArguments:
    """Any arguments."""

    @property
    def partition(self) -> Partition | None:
        """The partition that the call is given; forks on whether there is one."""
        if not SymBool(IS_ASKED):
            return None
        return Partition("", *map(word_of, (ASKED_TYPE, ASKED_SUBTYPE, ASKED_OFFSET, ASKED_SIZE)))

    @property
    def wants_state(self) -> SymBool:
        """Whether it is told where to put a state."""
        return SymBool(WANTS_STATE)

    @property
    def image_size(self) -> Any:
        """Any number."""
        return word_of(IMAGE_SIZE)


@dataclass(frozen=True, slots=True)
class OpenError:
    """An esp_err_t that an operation returns: any but ESP_OK."""

    bits: Any
    code_name: str = "any error"


def code_bits(code: Any) -> Any:
    """Return the esp_err_t that a call returns."""
    return code.bits if isinstance(code, OpenError) else bits_of(code)


class RecordedRules:
    """The rules of a release, which note which of them are read."""

    def __init__(self, rules: AppRules) -> None:
        """Stand for them."""
        self._rules = rules
        self.read: set[str] = set()

    def __getattr__(self, name: str) -> bool:
        """Return a rule."""
        self.read.add(name)
        return bool(getattr(self._rules, name))


class OpenPartitions(EspPartitions):
    """The application's view of a table of any app partitions; operations on them are noted and may fail."""

    def __init__(self, flash: RecordFlash) -> None:
        """Nothing is asked yet."""
        self.flash = self.noted = flash

    def find_first(self, type_: int, subtype: int | None = None) -> Partition | None:
        """Return the partition of a kind, if there is one; forks on whether there is, not on which one it is."""
        if type_ == PartitionType.DATA and subtype == DataSubtype.OTA:
            return otadata_partition() if SymBool(HAS_OTADATA) else None
        if type_ != PartitionType.APP or subtype is None or not APP_PARTITIONS.keys() >= set(_values(subtype)):
            raise UnknownAccess(f"partition of type {type_}, subtype {subtype}")
        named = z3.simplify(bits_of(subtype))
        return app_partition(named) if SymBool(of_app(named, APP_PARTITIONS.__getitem__)) else None

    @property
    def run_of_slots(self) -> int:
        """How many OTA slots there are without a gap from ota_0 on; forks on each."""
        counts = range(MAX_OTA_SLOTS + 1)
        found = (n for n in counts if self.find_first(PartitionType.APP, AppSubtype.OTA_0 + n) is None)
        return next(found, MAX_OTA_SLOTS + 1)

    def verify(self, partition: Partition) -> Partition | None:
        """Return the partition that the call is given, if it is in the table; forks."""
        if not SymBool(IS_APP):
            return partition if SymBool(OTHER_IS_THERE) else None
        return app_partition(ASKED_SUBTYPE) if SymBool(APP_IS_THERE) else None

    def erase_range(self, partition: Partition, offset: int, length: int) -> None:
        """Note the erase of a range."""
        _end(self.noted, RangeErased(z3.simplify(bits_of(partition.offset + offset)), bits_of(length)))

    def write(self, partition: Partition, offset: int, data: Any) -> None:
        """Note a program."""
        _end(self.noted, Programmed(z3.simplify(bits_of(partition.offset + offset)), data.term))


class BurnedEfuse(OpenEfuse):
    """An eFuse of any version; burns are noted and may fail with any error."""

    def update_secure_version(self, secure_version: Any) -> None:
        """Note that the version is to be burned."""
        _end(self._flash, Burned(bits_of(secure_version)))


def _end(flash: RecordFlash, operation: FlashOperation) -> None:
    result = operation_result(len(flash.operations))
    if flash.fails(operation):
        raise OtaError(OpenError(result))  # type: ignore[arg-type]  # stands for every code


class CountedSelection(EspOta):
    """impl's calls, of which the count of slots is one."""

    def session_left(self) -> tuple[Any, Any]:
        """Return the handle that was given out last, and how many sessions are open."""
        return self._last_handle, len(self._sessions)

    def count_slots(self) -> int:
        """Return what impl's own call counts."""
        return OtaSelection.esp_ota_get_app_partition_count(self)


class OpenSelection(CountedSelection):
    """impl's calls, over any number of slots."""

    def esp_ota_get_app_partition_count(self) -> Any:
        """Return the number of slots without a gap, as a word."""
        if SymBool(HAS_TOO_MANY):
            raise Panic
        return SymWord(z3.ZeroExt(1, SLOT_COUNT), 0, MAX_OTA_SLOTS)

    def _is_running(self, partition: Partition) -> bool:
        """Tell whether a partition of the table is that of the running app; forks."""
        return bool(SymBool(bits_of(partition.subtype) == RUNNING_SUBTYPE))

    def _expect_bootloader(self, final: Partition, staging: Partition) -> None:
        """Note what else is taken for a bootloader from now on."""
        if final.type == PartitionType.BOOTLOADER:
            partitions: Any = self.partitions
            partitions.noted.operations += (BootloaderPlaced(z3.simplify(bits_of(staging.offset))),)


def expected_call(
    call: ImplCall, given: Callable[[Config], tuple[Any, ...]], calls: type[OpenSelection], config: Config
) -> ExpectedSide:
    """Return what impl's call does with this configuration, as every path of it; calls: impl's calls."""
    recorded, rules = RecordedConfig(config), RecordedRules(app_rules(config.app_release))
    with open_calls():
        paths = explored_paths(partial(_ended, call, recorded, rules, calls), z3.And(*given(config)))
    outcomes = (FunctionOutcome(path.condition, path.result[0], z3.BoolVal(False), path.result[1]) for path in paths)
    read = frozenset(recorded.read | rules.read)
    return ExpectedSide(config, distinct_outcomes(outcomes), len(paths), read, releases_like(config, read))


def releases_like(config: Config, read: frozenset[str]) -> tuple[Release, ...]:
    """Return the releases with the same values of those of these fields that are rules."""

    def known(of: Release) -> list[bool]:
        return [getattr(app_rules(of), rule) for rule in AppRules.__dataclass_fields__ if rule in read]

    return tuple(other for other in Release if known(other) == known(config.app_release))


def otadata_partition() -> Partition:
    """Return the otadata partition."""
    place = word_of(OTADATA_OFFSET), word_of(OTADATA_SIZE)
    return Partition("otadata", PartitionType.DATA, DataSubtype.OTA, *place)


def app_partition(subtype: Any) -> Partition:
    """Return the app partition of a subtype, which is a z3 bit-vector."""
    place = of_app(subtype, app_offset), of_app(subtype, app_size)
    return Partition("", PartitionType.APP, *map(word_of, (subtype, *place)))


def open_selection(calls: type[OpenSelection], config: Any) -> tuple[OpenSelection, RecordFlash]:
    """Return impl's calls on a board of which nothing is known, and its flash."""
    flash = RecordFlash()
    linked: Any = word_of(LINKED_VERSION)
    ota = calls(OpenPartitions(flash), BurnedEfuse(flash), config, running_partition(), linked)
    ota._last_handle = word_of(LAST_HANDLE)
    return ota, flash


def _ended(
    call: ImplCall, config: Any, rules: RecordedRules, calls: type[OpenSelection]
) -> tuple[Any, tuple[FlashOperation, ...]]:
    ota, flash = open_selection(calls, config)
    ota.rules = rules  # type: ignore[assignment]  # answers as they do
    try:
        returned = call(ota, OpenArguments()) or CallReturn()
    except OtaError as error:
        returned = CallReturn(error.code)
    except Restart:
        return end_word(CallEnd.RESTARTS), flash.operations
    except Panic:
        return end_word(CallEnd.PANICS), flash.operations
    state = STATE_BEFORE if returned.state is None else bits_of(returned.state)
    left = state, *map(bits_of, returned.session)
    return end_word(CallEnd.RETURNS, code_bits(returned.code), *left), flash.operations


@contextmanager
def open_calls() -> Iterator[None]:
    """Let records be any bytes, image checks pass or fail, and numbers be searched for as in C, for a while."""

    def verify_image(flash: RecordFlash, offset: SymWord, size: SymWord, *_: object, bootloader_offset: int) -> None:
        if flash.fails(Checked(bits_of(offset), bits_of(size))):
            raise ImageInvalid(EspErr.IMAGE_INVALID, "it does not verify")

    def slot_of_seq(ota_seq: SymWord, count: SymWord) -> SymWord:
        return SymWord(z3.ZeroExt(1, slot_named(bits_of(ota_seq))), 0, MAX_OTA_SLOTS - 1)

    def next_seq(current: SymWord, slot: SymWord, count: SymWord) -> Any:
        return word_of(ABOVE.found(bits_of(current), first_number(z3.simplify(bits_of(slot))), SLOT_COUNT))

    with open_records():
        stand_ins = (
            (esp_ota_select, "verify_image", verify_image),
            (esp_ota_select, "slot_of_seq", slot_of_seq),
            (esp_ota_select, "next_seq", next_seq),
            (esp_ota_select, "ota_select_crc", otadata.ota_select_crc),
            (esp_ota_select, "decode_app_desc", decode_open_description),
        )
        with standing_in(stand_ins):
            yield


def _values(word: Any) -> range:
    """Return every value that a number may have by its bounds."""
    return range(word.low, word.high + 1) if isinstance(word, SymWord) else range(word, word + 1)
