"""The C core of the selector, built by the system's compiler, and a board whose selection it decides."""

import ctypes
import shutil
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from otaproof.impl.bootloader import FACTORY_INDEX, BootloaderState, SlotSelection
from otaproof.impl.by_turns.turn_bootloader import TurnBootloader
from otaproof.impl.by_turns.turn_ota import TurnOta
from otaproof.impl.by_turns.turn_record import FACTORY_PLACE, NO_PLACE, store_record
from otaproof.impl.chip.cells import SECTOR_SIZE
from otaproof.impl.esp_err import EspErr, OtaError
from otaproof.impl.otadata import ENTRY_SIZE, ota_select_crc
from otaproof.impl.partitions.partition import AppSubtype, DataSubtype, Partition, PartitionType
from places import ROOT

SOURCE = ROOT / "selector/otadata_by_turns.c"
WARNINGS = ("-std=c11", "-Wall", "-Wextra", "-Wconversion", "-Werror", "-pedantic")
NO_COMPILER = "no C compiler is here: cc is not found"


def has_compiler() -> bool:
    """Tell whether cc is here."""
    return shutil.which("cc") is not None


class _Turn(ctypes.Structure):
    _fields_ = (("what", ctypes.c_uint32), ("sector", ctypes.c_uint32), ("seq", ctypes.c_uint32))


class Core:
    """The functions of otadata_by_turns.h, each by its own name."""

    def __init__(self, library: Path) -> None:
        """Load a shared library."""
        self._c = ctypes.CDLL(str(library))
        for name in ("obt_is_state", "obt_is_on_trial", "obt_burns"):
            getattr(self._c, name).restype = ctypes.c_bool
        for name in _WORD_FUNCTIONS:
            getattr(self._c, name).restype = ctypes.c_uint32

    def word(self, name: str, *arguments: int) -> int:
        """Return what a function of words and truth values returns."""
        return int(
            getattr(self._c, name)(
                *(ctypes.c_bool(each) if isinstance(each, bool) else ctypes.c_uint32(each) for each in arguments)
            )
        )

    def deciding(self, records: tuple[bytes, bytes], slots: int, has_factory: bool) -> _Turn:
        """Return what obt_decide finds."""
        turn = _Turn()
        raw, crcs = _given(records)
        places = ctypes.c_uint32(slots), ctypes.c_bool(has_factory)
        read = [self._c.obt_read(ctypes.byref(raw, 32 * at), ctypes.c_uint32(crcs[at]), *places) for at in range(2)]
        self._c.obt_decide(raw, (ctypes.c_uint32 * 2)(*read), ctypes.byref(turn))
        return turn

    def taken_over(self, records: tuple[bytes, bytes], slots: int, has_factory: bool, rollback: bool) -> _Turn:
        """Return what obt_take_over finds."""
        turn, places = _Turn(), (ctypes.c_uint32(slots), ctypes.c_bool(has_factory))
        self._c.obt_take_over(*_given(records), *places, ctypes.c_bool(rollback), ctypes.byref(turn))
        return turn

    def sector_to_write(self, turn: _Turn) -> int:
        """Return what obt_sector_to_write does."""
        return int(self._c.obt_sector_to_write(ctypes.byref(turn)))

    def record(self, turn: _Turn, what: int, slots: int) -> bytes:
        """Return the record that an update writes; raises OtaError at the end of the numbers."""
        seq = self._c.obt_next_seq(ctypes.byref(turn), ctypes.c_uint32(what), ctypes.c_uint32(slots))
        if seq == 0:
            raise OtaError(EspErr.INVALID_STATE)
        raw = ctypes.create_string_buffer(ENTRY_SIZE)
        self._c.obt_fill(raw, *map(ctypes.c_uint32, (seq, what, ota_select_crc(seq))))
        return raw.raw


_WORD_FUNCTIONS = (
    *("obt_kind", "obt_current", "obt_other", "obt_image_state", "obt_read", "obt_sector_to_write", "obt_next_seq"),
    *(
        "obt_first",
        "obt_boot",
        "obt_candidate",
        "obt_slot_state",
        "obt_begin",
        "obt_write",
        "obt_set_boot",
        "obt_accept",
    ),
    *("obt_way_back", "obt_refuse", "obt_last_refused", "obt_forget_last"),
)


def _given(records: tuple[bytes, bytes]) -> tuple[Any, Any]:
    raw = b"".join(records)
    crcs = [ota_select_crc(int.from_bytes(record[:4], "little")) for record in records]
    return ctypes.create_string_buffer(raw, len(raw)), (ctypes.c_uint32 * 2)(*crcs)


def build_core(source: Path, folder: Path, *options: str) -> Core:
    """Build a shared library of a source and load it."""
    library = folder / f"{source.stem}.so"
    command = ["cc", *WARNINGS, *options, f"-I{SOURCE.parent}", "-shared", "-fPIC", str(source), "-o", str(library)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return Core(library)


class CoreBootloader(TurnBootloader):
    """The bootloader by turns, with the decisions of the C core."""

    core: Core

    def _select(self, state: BootloaderState) -> SlotSelection | None:
        turn = self._read(state)
        if turn.what == 0:
            places = state.app_count, state.has_factory
            turn = self.core.taken_over(self._raw_records(state), *places, self._config.rollback)
            if turn.what:
                turn = self._write(state, turn, turn.what)
        self._what = turn.what
        order = [_index(place) for place in self._candidates(state, turn.what)]
        after = self.core.word("obt_boot", turn.what, self._config.rollback)
        if after != turn.what:
            turn = self._write(state, turn, after)
        self._decided = turn
        return SlotSelection(order[0], None, has_initial_contents=turn.what == 0)

    def _candidates(self, state: BootloaderState, what: int) -> Iterator[int]:
        for number in range(2 * state.app_count + 4):
            place = self.core.word("obt_candidate", what, number, state.app_count, state.has_factory)
            if place == NO_PLACE:
                return
            yield place
        raise AssertionError("the candidates have no end")

    def _tries(self, state: BootloaderState, selection: SlotSelection) -> Iterator[int]:
        return map(_index, self._candidates(state, self._what))

    def _note_loaded(self, state: BootloaderState, selection: SlotSelection, index: int) -> None:
        place, turn = FACTORY_PLACE if index == FACTORY_INDEX else index, self._decided
        what = turn.what
        if what == 0:
            what = self.core.word("obt_first", place)
            self._write(state, turn, what)
        if self._config.anti_rollback and self.core.word("obt_burns", what, place):
            self._update_anti_rollback(state.at(index))

    def _read(self, state: BootloaderState) -> _Turn:
        return self.core.deciding(self._raw_records(state), state.app_count, state.has_factory)

    def _write(self, state: BootloaderState, turn: _Turn, what: int) -> _Turn:
        assert state.otadata is not None
        address = state.otadata.offset + SECTOR_SIZE * self.core.sector_to_write(turn)
        try:
            store_record(
                self.core.record(turn, what, state.app_count),
                lambda: self._flash.erase_sector(address),
                lambda offset, data: self._flash.program(address + offset, data),
                lambda: self._flash.read(address, ENTRY_SIZE),
            )
        except OtaError:
            return turn
        return self._read(state)


def _index(place: int) -> int:
    return FACTORY_INDEX if place == FACTORY_PLACE else place


class CoreOta(TurnOta):
    """The calls by turns, with the decisions of the C core."""

    core: Core

    def esp_ota_get_boot_partition(self) -> Partition | None:
        """Return the partition of obt_current."""
        turn = self._c_turn()
        if turn.what == 0:
            return super().esp_ota_get_boot_partition()
        return self._partition_at(self.core.word("obt_current", turn.what))

    def esp_ota_get_state_partition(self, partition: Partition | None) -> int:
        """Return what obt_slot_state does, or raise its error."""
        turn = self._c_turn()
        if turn.what == 0 or partition is None or not partition.is_ota_slot:
            return super().esp_ota_get_state_partition(partition)
        found = self._ask("obt_slot_state", turn, self._place_of(partition), self.config.rollback)
        if found == EspErr.NOT_FOUND:
            raise OtaError(EspErr.NOT_FOUND)
        return found

    def esp_ota_mark_app_valid_cancel_rollback(self) -> None:
        """Update to obt_accept."""
        turn = self._c_turn()
        if turn.what == 0:
            super().esp_ota_mark_app_valid_cancel_rollback()
            return
        is_trial = self._is_c_trial(turn)
        self._c_update(turn, self._ask("obt_accept", turn, self.config.rollback))
        if is_trial and self.config.anti_rollback:
            self._set_anti_rollback()

    def esp_ota_check_rollback_is_possible(self) -> bool:
        """Tell whether obt_way_back loads."""
        turn = self._c_turn()
        if turn.what == 0:
            return super().esp_ota_check_rollback_is_possible()
        back = self._partition_at(self._ask("obt_way_back", turn, self.config.rollback))
        return back is not None and self._is_image_valid(back) and self._is_version_allowed(back)

    def esp_ota_mark_app_invalid_rollback(self) -> None:
        """Update to obt_refuse."""
        turn = self._c_turn()
        if turn.what == 0:
            super().esp_ota_mark_app_invalid_rollback()
            return
        after = self._ask("obt_refuse", turn, self.config.rollback)
        if self.core.word("obt_is_state", after) and not self.esp_ota_check_rollback_is_possible():
            raise OtaError(EspErr.OTA_ROLLBACK_FAILED)
        self._c_update(turn, after)

    def esp_ota_get_last_invalid_partition(self) -> Partition | None:
        """Return obt_last_refused, if its image is whole."""
        turn = self._c_turn()
        if turn.what == 0:
            return super().esp_ota_get_last_invalid_partition()
        refused = self._partition_at(self._ask("obt_last_refused", turn))
        return refused if refused is not None and self._is_image_valid(refused) else None

    def _erase_last_boot(self, with_image: bool) -> None:
        turn = self._c_turn()
        if turn.what == 0:
            super()._erase_last_boot(with_image)
            return
        last = self._partition_at(self.core.word("obt_other", turn.what))
        self._c_update(turn, self._ask("obt_forget_last", turn))
        if with_image:
            assert last is not None
            self.partitions.erase_range(last, 0, last.size)

    def _set_boot_partition(self, partition: Partition) -> None:
        turn = self._c_turn()
        if turn.what == 0:
            super()._set_boot_partition(partition)
            return
        after = self._ask("obt_set_boot", turn, self._place_of(partition), self.config.rollback)
        is_selected = self.core.word("obt_is_state", after) and not self._is_c_trial(turn)
        if is_selected and self.config.anti_rollback:
            self._check_version(partition)
        self._c_update(turn, after)

    def _give_up(self, target: Partition) -> None:
        turn = self._c_turn()
        if turn.what and target.is_ota_slot:
            self._c_update(turn, self._ask("obt_begin", turn, self._place_of(target), self.config.rollback))

    def _check_unselected(self, partition: Partition) -> None:
        turn = self._c_turn()
        if turn.what and partition.is_ota_slot:
            code = self.core.word("obt_write", turn.what, self._place_of(partition))
            if code:
                raise OtaError(EspErr(code))

    def _is_c_trial(self, turn: _Turn) -> bool:
        return bool(self._ask("obt_is_on_trial", turn, self.config.rollback))

    def _ask(self, name: str, turn: _Turn, *others: int) -> int:
        return self.core.word(name, turn.what, self._running_place, *others)

    def _c_turn(self) -> _Turn:
        otadata = self.partitions.find_first(PartitionType.DATA, DataSubtype.OTA)
        assert otadata is not None
        first, second = (self.partitions.read(otadata, at, ENTRY_SIZE) for at in (0, SECTOR_SIZE))
        has_factory = self.partitions.find_first(PartitionType.APP, AppSubtype.FACTORY) is not None
        return self.core.deciding((first, second), self.esp_ota_get_app_partition_count(), has_factory)

    def _c_update(self, turn: _Turn, after: int) -> None:
        if not self.core.word("obt_is_state", after):
            raise OtaError(EspErr(after - (1 << 32) if after >> 31 else after))
        if after == turn.what:
            return
        otadata = self.partitions.find_first(PartitionType.DATA, DataSubtype.OTA)
        assert otadata is not None
        at = SECTOR_SIZE * self.core.sector_to_write(turn)
        store_record(
            self.core.record(turn, after, self.esp_ota_get_app_partition_count()),
            lambda: self.partitions.erase_range(otadata, at, SECTOR_SIZE),
            lambda offset, data: self.partitions.write(otadata, at + offset, data),
            lambda: self.partitions.read(otadata, at, ENTRY_SIZE),
        )


@cache
def subclass_of(base: type, core: Core) -> type:
    """Return one of the two classes above, of this core."""
    return type(base.__name__, (base,), {"core": core})
