"""The second-stage bootloader: which image it starts, and what it writes to otadata on the way.

In order: aborts every entry that is still PENDING_VERIFY; selects by the newest bootable entry; makes a NEW
one PENDING_VERIFY; looks at the pins; then tries the selected partition, the ones below it down to factory,
the ones above it, and last the test app, until an image passes. The states in otadata play no part in these
tries. Errors of its own writes are ignored. Source: bootloader_start.c, bootloader_utility.c.
"""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import reduce

from ..model.config import Config, Pin, ResetReason
from ..model.ota_state import OtaImgState
from .chip.cells import SECTOR_SIZE
from .chip.chips import CHIPS
from .chip.efuse import Efuse
from .chip.flash import NorFlash
from .esp_err import OtaError
from .image.format import APP_DESC_MAGIC, read_app_desc
from .image.verify import mapped_segments, verify_image
from .image.verify_rules import ImageInvalid, VerifyMode
from .otadata import (
    ENTRY_SIZE,
    NOTE_AT,
    EntryPair,
    active_otadata,
    decode_entry,
    encode_entry,
    is_initial,
    is_select_invalid,
    is_select_valid,
    make_entry,
    select_otadata,
    slot_of_seq,
)
from .partitions.label_search import is_label_listed
from .partitions.partition import MAX_OTA_SLOTS, Partition, PartitionType
from .partitions.table import TABLE_MAX_LENGTH, TableError, decode_table
from .program_end import Panic
from .release_rules import CHECKS_VERSION_OF_TEST_APP

FACTORY_INDEX = -1
"""Boot index of the factory app; OTA slots have 0 … 15."""
TEST_APP_INDEX = -2
"""Boot index of the test app."""
MAPPED_SEGMENTS = 2
"""Segments that an image has mapped from flash, by an assertion of chips that map code and data through one window."""


@dataclass(frozen=True, slots=True)
class BootloaderState:
    """What the bootloader knows of the partition table. Source: bootloader_config.h bootloader_state_t."""

    factory: Partition | None
    test: Partition | None
    ota: dict[int, Partition]
    """By slot number; of two partitions with one number, the later row of the table."""
    app_count: int
    """OTA rows of the table, which need not be the numbers 0 … app_count - 1."""
    otadata: Partition | None

    @property
    def has_factory(self) -> bool:
        """Whether there is a factory app; one at offset 0 counts as none."""
        return self.factory is not None and self.factory.offset != 0

    @property
    def has_otadata(self) -> bool:
        """Whether there is otadata; a partition at offset 0 counts as none."""
        return self.otadata is not None and self.otadata.offset != 0

    def at(self, index: int) -> Partition | None:
        """Return the partition of a boot index, or None. Source: bootloader_utility.c index_to_partition."""
        if index == FACTORY_INDEX:
            return self.factory
        if index == TEST_APP_INDEX:
            return self.test
        return self.ota.get(index) if index < min(MAX_OTA_SLOTS, self.app_count) else None

    def with_row(self, row: Partition) -> "BootloaderState":
        """Return the state with one more row of the table noted; it takes the place of an earlier one of its use."""
        if row.is_factory:
            return replace(self, factory=row)
        if row.is_test_app:
            return replace(self, test=row)
        if row.is_ota_slot:
            return replace(self, ota={**self.ota, row.slot: row}, app_count=self.app_count + 1)
        return replace(self, otadata=row) if row.is_otadata else self


NO_PARTITIONS = BootloaderState(None, None, {}, 0, None)
"""What is known before the first row."""


@dataclass(frozen=True, slots=True)
class SlotSelection:
    """What the two entries, as read, select."""

    index: int
    """Boot index to try first."""
    active: int | None
    """The entry that decided, if one did."""
    has_initial_contents: bool
    """Neither entry was ever written: the image that boots is written down as VALID."""


def _known_partitions(table: tuple[Partition, ...]) -> BootloaderState:
    """Return what is known of a table; tables are few, and one that was read before is the same object."""
    known = _known.get(id(table))
    if known is None or known[0] is not table:
        if len(_known) >= _MOST_TABLES:
            _known.clear()
        known = _known[id(table)] = table, reduce(BootloaderState.with_row, table, NO_PARTITIONS)
    return known[1]


_MOST_TABLES = 256
_known: dict[int, tuple[tuple[Partition, ...], BootloaderState]] = {}


class Bootloader:
    """One run of the bootloader, from reset to the jump into an application."""

    def __init__(self, flash: NorFlash, efuse: Efuse, config: Config) -> None:
        """Run on this chip, built with `config`."""
        self._flash = flash
        self._efuse = efuse
        self._config = config
        self._is_wake_up = False

    def boot(self, reason: ResetReason, pin: Pin | None, retained: Partition | None) -> Partition | None:
        """Return the partition whose image is started, or None when the bootloader resets instead.

        retained: what RTC memory kept of the last boot, for the fast path out of deep sleep. Raises Panic
        where an assertion of the C code fails, Hang where it loops for ever. Source: bootloader_start.c
        call_start_cpu0.
        """
        self._is_wake_up = reason is ResetReason.DEEP_SLEEP
        chosen = self._choose(reason, pin, retained)
        if chosen is not None:
            self._unpack(chosen)
        return chosen

    def _choose(self, reason: ResetReason, pin: Pin | None, retained: Partition | None) -> Partition | None:
        if self._config.skip_validate_in_deep_sleep:
            woken = self._load_boot_image_from_deep_sleep(reason, retained)
            if woken is not None:
                return woken
        state = self._load_partition_table()
        if state is None:
            return None
        selection = self._select(state)
        if selection is None:
            return None
        if not self._is_wake_up:
            if pin is Pin.FACTORY_RESET:
                self._erase_data_partitions()
                selection = self._select(state)
                if selection is None:
                    return None
            elif pin is Pin.TEST_APP:
                return self._load_test_app(state, reason)
        return self._load_boot_image(state, selection, reason)

    def _unpack(self, partition: Partition) -> None:
        """Map the segments of the image that was loaded, whatever its verification said; raises Panic.

        Source: bootloader_utility.c unpack_load_app, under SOC_MMU_DI_VADDR_SHARED."""
        if CHIPS[self._config.chip].shares_window:
            mapped = mapped_segments(self._flash, partition.offset, self._config)
            if mapped != MAPPED_SEGMENTS:
                raise Panic

    def _load_partition_table(self) -> BootloaderState | None:
        """Return the table's partitions by their use, or None when the table is refused.

        Source: bootloader_utility.c bootloader_utility_load_partition_table."""
        try:
            return _known_partitions(self._read_table())
        except TableError:
            return None

    def _read_table(self) -> tuple[Partition, ...]:
        raw = self._flash.read(self._config.table_offset, TABLE_MAX_LENGTH)
        return decode_table(raw, self._flash.size, self._config.bootloader_point)

    @property
    def _traps(self) -> bool:
        return CHIPS[self._config.chip].traps_on_zero_division

    def _select(self, state: BootloaderState) -> SlotSelection | None:
        """Return the selection, having written what it makes of otadata; None when otadata is too small.

        Source: bootloader_utility.c bootloader_utility_get_selected_boot_partition."""
        if state.otadata is None or not state.has_otadata:
            return SlotSelection(FACTORY_INDEX, None, has_initial_contents=False)
        if state.otadata.size < 2 * SECTOR_SIZE:
            return None
        entries = self._read_otadata(state.otadata)
        if self._config.rollback:
            entries = self._abort_pending(state.otadata, entries)
        if self._config.anti_rollback:
            selection = select_with_anti_rollback(
                entries, state.app_count, lambda slot: self._is_version_allowed(state.ota.get(slot)), self._traps
            )
        else:
            selection = select_boot_partition(entries, state.app_count, state.has_factory)
        if selection.active is not None:
            self._note_selected(state, entries, selection.active, selection.index)
        return selection

    def _read_otadata(self, otadata: Partition) -> EntryPair:
        raw = (self._flash.read(otadata.offset + at, ENTRY_SIZE) for at in (0, SECTOR_SIZE))
        return EntryPair(*(decode_entry(entry, self._config.notes_in_place) for entry in raw))

    def _abort_pending(self, otadata: Partition, entries: EntryPair) -> EntryPair:
        """Return the entries with PENDING_VERIFY made ABORTED, whatever their check word, and write them."""
        after = list(entries)
        for number, entry in enumerate(entries):
            if entry.ota_state == OtaImgState.PENDING_VERIFY:
                after[number] = replace(entry, ota_state=OtaImgState.ABORTED)
                self._write_entry(otadata, number, encode_entry(after[number]))
        return EntryPair(*after)

    def _note_selected(self, state: BootloaderState, entries: EntryPair, active: int, index: int) -> None:
        """Write down that a NEW image is being started; burn the version of an accepted one."""
        assert state.otadata is not None
        entry = entries[active]
        if self._config.rollback and entry.ota_state == OtaImgState.NEW:
            if self._config.notes_in_place:
                self._note_in_place(state.otadata, active)
            else:
                pending = replace(entry, ota_state=OtaImgState.PENDING_VERIFY)
                self._write_entry(state.otadata, active, encode_entry(pending))
        elif self._config.anti_rollback and entry.ota_state == OtaImgState.VALID:
            self._update_anti_rollback(state.ota.get(index))

    def _write_entry(self, otadata: Partition, number: int, raw: bytes) -> None:
        """Erase and program one entry; an error is ignored. Source: bootloader_utility.c write_otadata."""
        address = otadata.offset + SECTOR_SIZE * number
        with suppress(OtaError):
            self._flash.erase_sector(address)
            self._flash.program(address, raw)

    def _note_in_place(self, otadata: Partition, number: int) -> None:
        """Make a NEW entry PENDING_VERIFY by a byte of its label; an error is ignored. A patch of ESP-IDF."""
        with suppress(OtaError):
            self._flash.program(otadata.offset + SECTOR_SIZE * number + NOTE_AT, b"\0")

    def _erase_data_partitions(self) -> None:
        """Erase what the factory reset erases, in the order of the table; an error skips that partition.

        Raises Hang where the search for a label never ends.
        Source: bootloader_common.c bootloader_common_erase_part_type_data."""
        for partition in self._read_table():
            if partition.type != PartitionType.DATA:
                continue
            is_otadata = self._config.factory_reset_erases_otadata and partition.is_otadata
            if is_otadata or is_label_listed(self._config.factory_reset_list, partition.label):
                with suppress(OtaError):
                    self._flash.erase(partition.offset, partition.size)

    def _load_test_app(self, state: BootloaderState, reason: ResetReason) -> Partition | None:
        return state.test if self._try_load_test_app(state.test, reason) else None

    def _load_boot_image(
        self, state: BootloaderState, selection: SlotSelection, reason: ResetReason
    ) -> Partition | None:
        """Return the first partition in fallback order whose image passes.

        Source: bootloader_utility.c bootloader_utility_load_boot_image."""
        for index in self._tries(state, selection):
            partition = state.at(index)
            if self._try_load(partition, reason):
                self._note_loaded(state, selection, index)
                return partition
        return state.test if self._try_load_test_app(state.test, reason) else None

    def _tries(self, state: BootloaderState, selection: SlotSelection) -> Iterator[int]:
        """Yield the boot indices in the order of trying."""
        return fallback_order(selection.index, state.app_count)

    def _note_loaded(self, state: BootloaderState, selection: SlotSelection, index: int) -> None:
        """Write down what is to be started now that its image has passed."""
        if selection.has_initial_contents and index > FACTORY_INDEX:
            self._set_actual_ota_seq(state, index)

    def _set_actual_ota_seq(self, state: BootloaderState, index: int) -> None:
        """Write the first entry of a device that had none. Source: bootloader_utility.c set_actual_ota_seq."""
        assert state.otadata is not None
        self._write_entry(state.otadata, 0, encode_entry(make_entry(index + 1, OtaImgState.VALID)))
        if self._config.anti_rollback:
            self._update_anti_rollback(state.ota.get(index))

    def _try_load(self, partition: Partition | None, reason: ResetReason) -> bool:
        """Tell whether the partition's image may run and passes what this reset asks to be checked."""
        if self._config.anti_rollback and not self._is_version_allowed(partition):
            return False
        return self._try_load_any_version(partition, reason)

    def _try_load_test_app(self, partition: Partition | None, reason: ResetReason) -> bool:
        """Tell the same of the test app, whose secure version old bootloaders do not look at."""
        if CHECKS_VERSION_OF_TEST_APP.holds_in(self._config.bootloader_point):
            return self._try_load(partition, reason)
        return self._try_load_any_version(partition, reason)

    def _try_load_any_version(self, partition: Partition | None, reason: ResetReason) -> bool:
        """Tell whether the partition's image passes, whatever its secure version. Source: try_load_partition."""
        if partition is None or partition.size == 0:
            return False
        is_skipped = self._config.skip_validate_always or (
            self._config.skip_validate_on_power_on and reason is ResetReason.POWER_ON
        )
        mode = VerifyMode.BOOTLOADER_LOAD_NO_VALIDATE if is_skipped else VerifyMode.BOOTLOADER_LOAD
        return self._is_loadable(partition, mode)

    def _is_loadable(self, partition: Partition, mode: VerifyMode) -> bool:
        try:
            version = self._efuse.secure_version
            place = partition.offset, partition.size
            verify_image(self._flash, *place, self._config, mode, version, self._is_wake_up)
        except ImageInvalid:
            return False
        return True

    def _is_version_allowed(self, partition: Partition | None) -> bool:
        """Tell whether the image's description names an allowed version. Source: check_anti_rollback."""
        version = self._described_version(partition)
        return version is not None and self._efuse.is_secure_version_allowed(version)

    def _update_anti_rollback(self, partition: Partition | None) -> None:
        """Burn the version that the description names, unverified as it is. Source: update_anti_rollback."""
        version = self._described_version(partition)
        if version is not None:
            with suppress(OtaError):
                self._efuse.update_secure_version(version)

    def _described_version(self, partition: Partition | None) -> int | None:
        if partition is None or partition.offset == 0:
            return None
        desc = read_app_desc(self._flash, partition.offset)
        return desc.secure_version if desc.magic_word == APP_DESC_MAGIC else None

    def _load_boot_image_from_deep_sleep(self, reason: ResetReason, retained: Partition | None) -> Partition | None:
        """Return what a wake-up from deep sleep starts unchecked, or None where the boot goes on as any other.

        Source: bootloader_utility.c bootloader_utility_load_boot_image_from_deep_sleep."""
        if reason is not ResetReason.DEEP_SLEEP:
            return None
        has_retained = CHIPS[self._config.chip].has_rtc_fast_memory
        woken = retained if has_retained else self._last_loaded()
        if woken is None or not self._is_loadable(woken, VerifyMode.BOOTLOADER_LOAD_NO_VALIDATE):
            return None
        return woken

    def _last_loaded(self) -> Partition | None:
        """Return the partition that otadata names, without a look at any state; None where it has no size."""
        state = self._load_partition_table()
        if state is None:
            return None
        index = FACTORY_INDEX
        if state.otadata is not None and state.has_otadata and state.otadata.size >= 2 * SECTOR_SIZE:
            entries = self._read_otadata(state.otadata)
            active = active_otadata(entries)
            if active is not None:
                index = _slot_index(entries[active].ota_seq, state.app_count, self._traps)
        partition = state.at(index)
        return None if partition is None or partition.size == 0 else partition


def select_boot_partition(entries: EntryPair, app_count: int, has_factory: bool) -> SlotSelection:
    """Return what the entries select without anti-rollback: the active one's slot, or factory, or slot 0."""
    if app_count == 0 or (is_select_invalid(entries.first) and is_select_invalid(entries.second)):
        if has_factory:
            return SlotSelection(FACTORY_INDEX, None, has_initial_contents=False)
        return SlotSelection(0, None, is_initial(entries.first) and is_initial(entries.second))
    active = active_otadata(entries)
    if active is None:
        return SlotSelection(FACTORY_INDEX, None, has_initial_contents=False)
    return SlotSelection(slot_of_seq(entries[active].ota_seq, app_count), active, has_initial_contents=False)


def select_with_anti_rollback(
    entries: EntryPair, app_count: int, is_version_allowed: Callable[[int], bool], traps: bool = True
) -> SlotSelection:
    """Return what the entries select with anti-rollback: entries whose slot holds too old a version do not count.

    is_version_allowed: asked with the slot number of each valid entry. traps: whether the processor traps where there
    are no slots to divide by (Panic); else the number less one stands for the slot.
    Source: bootloader_utility.c get_active_otadata_with_check_anti_rollback."""
    if is_initial(entries.first) and is_initial(entries.second):
        return SlotSelection(FACTORY_INDEX, None, has_initial_contents=True)

    def is_usable(entry_number: int) -> bool:
        entry = entries[entry_number]
        return is_select_valid(entry) and is_version_allowed(_slot_index(entry.ota_seq, app_count, traps))

    active = select_otadata(entries, (is_usable(0), is_usable(1)))
    if active is None:
        return SlotSelection(FACTORY_INDEX, None, has_initial_contents=False)
    return SlotSelection(_slot_index(entries[active].ota_seq, app_count, traps), active, has_initial_contents=False)


def fallback_order(start_index: int, app_count: int) -> Iterator[int]:
    """Yield the boot indices in the order of trying: down from `start_index` to factory, then up from it."""
    yield from range(start_index, FACTORY_INDEX - 1, -1)
    yield from range(start_index + 1, app_count)


def _slot_index(ota_seq: int, app_count: int, traps: bool) -> int:
    """Return the slot of a sequence number; without slots the C code divides by zero.

    Xtensa processors trap then; on RISC-V the remainder is the dividend, which becomes a signed number."""
    if app_count != 0:
        return slot_of_seq(ota_seq, app_count)
    if traps:
        raise Panic
    return (ota_seq - 1 + (1 << 31)) % (1 << 32) - (1 << 31)
