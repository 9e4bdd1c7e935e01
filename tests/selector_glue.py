"""The glue of the selector, built against stubs of ESP-IDF and run in a small device: its flash is the test's.

What the glue calls of ESP-IDF is the board's own ESP-IDF, which erases otadata through the glue as well.
"""

import ctypes
import subprocess
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from selector_core import SOURCE, WARNINGS
from selector_histories import OTADATA, WHOLE, LightCalls, Setting, TwinBootloader

from otaproof.impl.app.esp_ota import EspOta
from otaproof.impl.app.esp_partition import EspPartitions
from otaproof.impl.bootloader import FACTORY_INDEX, BootloaderState
from otaproof.impl.by_turns.turn_record import TurnPlaces, decode_record
from otaproof.impl.chip.cells import SECTOR_SIZE
from otaproof.impl.chip.efuse import Efuse
from otaproof.impl.chip.flash import NorFlash
from otaproof.impl.esp_err import EspErr, OtaError
from otaproof.impl.otadata import decode_entry
from otaproof.impl.partitions.partition import Partition
from otaproof.impl.program_end import ProgramEnd
from otaproof.model.config import Config, ResetReason
from otaproof.model.ota_state import OtaImgState

FOLDER = SOURCE.parent
STUBS = Path(__file__).parent / "selector/idf_stubs"
HEADERS = (
    *("esp_efuse", "esp_err", "esp_flash_encrypt", "esp_image_format", "esp_ota_ops", "esp_partition", "esp_rom_crc"),
    *(
        "esp_system",
        "esp_app_desc",
        "spi_flash_mmap",
        "bootloader_common",
        "bootloader_config",
        "bootloader_flash_priv",
        "bootloader_utility",
    ),
)
_U32, _I32, _POINTER = ctypes.c_uint32, ctypes.c_int32, ctypes.c_void_p
_NONE = 24


class _Partition(ctypes.Structure):
    _fields_ = (("type", _I32), ("subtype", _I32), ("address", _U32), ("size", _U32))


class _Position(ctypes.Structure):
    _fields_ = (("offset", _U32), ("size", _U32))


class _Table(ctypes.Structure):
    _fields_ = (
        ("ota_info", _Position),
        ("factory", _Position),
        ("test", _Position),
        ("ota", _Position * 16),
        ("app_count", _U32),
        ("selected_subtype", _U32),
    )


_KINDS = (
    ctypes.CFUNCTYPE(_I32, _U32, _POINTER, _U32),
    ctypes.CFUNCTYPE(_I32, _U32, _POINTER, _U32),
    ctypes.CFUNCTYPE(_I32, _U32, _U32),
    ctypes.CFUNCTYPE(_I32, _U32),
    ctypes.CFUNCTYPE(_U32, _U32),
    ctypes.CFUNCTYPE(_I32, _U32),
    ctypes.CFUNCTYPE(_I32, _U32),
    ctypes.CFUNCTYPE(_I32, _U32, _U32, _U32, _U32),
)


class Glue:
    """One build of it, for one configuration."""

    def __init__(self, library: Path) -> None:
        """Load a shared library."""
        self.c = ctypes.CDLL(str(library))
        self._function("esp_ota_check_rollback_is_possible").restype = ctypes.c_bool
        for name in ("get_boot_partition", "get_last_invalid_partition"):
            self._function(f"esp_ota_{name}").restype = _POINTER
        self._table = (_Partition * _NONE).in_dll(self.c, "idf_table")
        self._keeps: list[Any] = []
        self._ended: BaseException | None = None

    def _function(self, name: str) -> Any:
        return getattr(self.c, f"__wrap_{name}")

    def word(self, name: str) -> Any:
        """Return a variable of the stubs."""
        return _U32.in_dll(self.c, name)

    def use(self, flash: NorFlash, efuse: Efuse, real: Callable[..., int], config: Config) -> None:
        """Let the stubs act on this chip; real: what ESP-IDF's own calls do, by number."""

        def read(address: int, to: int, size: int) -> None:
            ctypes.memmove(to, flash.read(address, size), size)

        def program(address: int, source: int, size: int) -> None:
            flash.program(address, ctypes.string_at(source, size))

        calls: list[Callable[..., int | None]] = [
            read,
            program,
            flash.erase,
            lambda address: flash.read(address, 1)[0] == WHOLE,
            lambda address: flash.read(address, 2)[1],
            lambda version: not config.anti_rollback or efuse.is_secure_version_allowed(version),
            efuse.update_secure_version,
            real,
        ]
        self._ended = None
        self._keeps = [kind(partial(self._guarded, call)) for kind, call in zip(_KINDS, calls, strict=True)]
        pointers = (_POINTER * len(_KINDS)).in_dll(self.c, "idf_test")
        for number, kept in enumerate(self._keeps):
            pointers[number] = ctypes.cast(kept, _POINTER).value

    def _guarded(self, call: Callable[..., int | None], *arguments: int) -> int:
        if self._ended is not None:
            return int(EspErr.FLASH_OP_FAIL)
        try:
            return int(call(*arguments) or 0)
        except OtaError as error:
            return int(error.code)
        except ProgramEnd as end:
            self._ended = end
            return int(EspErr.FLASH_OP_FAIL)

    def call(self, name: str, *arguments: object) -> int:
        """Return what a function returns; raises the end of the program that came about in it."""
        returned = self._function(name)(*arguments)
        ended, self._ended = self._ended, None
        if ended is not None:
            raise ended
        return 0 if returned is None else int(returned)

    def take_table(self, table: tuple[Partition, ...], running: Partition, slots: int) -> None:
        """Let the stubs know of an application's partitions."""
        for number, row in enumerate(table):
            self._table[number] = _Partition(row.type, row.subtype, row.offset, row.size)
        self.word("idf_partitions").value = len(table)
        self.word("idf_running").value = table.index(running)
        self.word("idf_slots").value = slots

    def at(self, number: int) -> Any:
        """Return the pointer to a partition."""
        return ctypes.byref(self._table[number])

    def number_of(self, pointer: int) -> int | None:
        """Return which partition a pointer is of."""
        return None if not pointer else (pointer - ctypes.addressof(self._table)) // ctypes.sizeof(_Partition)


def stub_headers(folder: Path, options: Sequence[str]) -> None:
    """Write the headers that the glue includes. options: that are on, without CONFIG_BOOTLOADER_APP_."""
    for name in HEADERS:
        (folder / f"{name}.h").write_text('#include "idf_stub.h"\n')
    (folder / "sdkconfig.h").write_text("".join(f"#define CONFIG_BOOTLOADER_APP_{option} 1\n" for option in options))
    # What the glue uses of the C library, where the compiler comes without one.
    (folder / "string.h").write_text(
        "#include <stddef.h>\nvoid *memset(void *, int, size_t);\nint memcmp(const void *, const void *, size_t);\n"
    )


def build_glue(folder: Path, config: Config, glue: Path = FOLDER) -> Glue:
    """Build the glue for a configuration, without a warning. glue: the folder that it lies in."""
    options = ["ROLLBACK_ENABLE"] if config.rollback else []
    options += ["ANTI_ROLLBACK"] if config.anti_rollback else []
    stub_headers(folder, options)
    sources = (glue / "app/ota_by_turns.c", glue / "bootloader/boot_by_turns.c", SOURCE, STUBS / "idf_stub.c")
    library = folder / f"glue{len(options)}.so"
    includes = (f"-I{folder}", f"-I{STUBS}", f"-I{glue}", f"-I{FOLDER}")
    unused = () if glue == FOLDER else ("-Wno-unused",)
    command = ["cc", *WARNINGS, *unused, "-O1", *includes, "-shared", "-fPIC", *map(str, sources), "-o", str(library)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return Glue(library)


class GlueBootloader(TwinBootloader):
    """The bootloader, whose selection and loading are those of the glue."""

    glue: Glue

    def boot(self, reason: ResetReason, pin: object, retained: Partition | None) -> Partition | None:
        """Return the partition whose image is started."""
        state = self.table
        bs = _state_in_c(state)
        self.glue.use(self._flash, self._efuse, lambda *asked: FACTORY_INDEX, self._config)
        self.glue.word("idf_started").value = 0
        index = self.glue.call("bootloader_utility_get_selected_boot_partition", ctypes.byref(bs))
        self.glue.call("bootloader_utility_load_boot_image", ctypes.byref(bs), index)
        started = self.glue.word("idf_started").value
        rows = [*state.ota.values(), *([state.factory] if state.factory else []), *([state.test] if state.test else [])]
        return next((row for row in rows if row.offset == started), None)


def _state_in_c(state: BootloaderState) -> _Table:
    def position(row: Partition | None) -> _Position:
        return _Position() if row is None else _Position(row.offset, row.size)

    bs = _Table(position(state.otadata), position(state.factory), position(state.test), app_count=state.app_count)
    for slot, row in state.ota.items():
        bs.ota[slot] = position(row)
    return bs


class _ErasesThroughGlue(EspPartitions):
    """What ESP-IDF's calls erase, they erase by the function that the glue has replaced."""

    glue: Glue

    def erase_range(self, partition: Partition, offset: int, length: int) -> None:
        """Erase, unless the glue leaves it out."""
        number = self.table.index(partition)
        code = self.glue.call(
            "esp_partition_erase_range", self.glue.at(number), *map(ctypes.c_size_t, (offset, length))
        )
        if code:
            raise OtaError(EspErr(code))


class _OwnCalls(LightCalls, EspOta):  # type: ignore[misc]  # its description is of any kind
    """The calls of ESP-IDF that the glue calls."""


class GlueCalls:
    """The calls of the glue, with the names that they have in EspOta."""

    glue: Glue

    def __init__(
        self, partitions: EspPartitions, efuse: Efuse, config: Config, running: Partition, linked_version: int
    ) -> None:
        """Start without sessions: those of the application that ran before are closed."""
        self._partitions = _ErasesThroughGlue(partitions.flash, partitions.table, partitions._rules)
        self._partitions.glue = self.glue
        self._own = _OwnCalls(self._partitions, efuse, config, running, linked_version)
        self.glue.use(partitions.flash, efuse, lambda *asked: 0, config)
        for handle in range(1, 64):
            self.glue.call("esp_ota_abort", _U32(handle))
        self.glue.use(partitions.flash, efuse, self._real, config)
        self.glue.take_table(partitions.table, running, self._own.esp_ota_get_app_partition_count())

    def esp_ota_begin(self, partition: Partition, size: int) -> int:
        """Return the handle."""
        return self._open("esp_ota_begin", partition, ctypes.c_size_t(size))

    def esp_ota_resume(self, partition: Partition, erase: int, at: int) -> int:
        """Return the handle."""
        return self._open("esp_ota_resume", partition, ctypes.c_size_t(erase), ctypes.c_size_t(at))

    def esp_ota_write(self, handle: int, data: bytes) -> None:
        """Write data."""
        self._check("esp_ota_write", _U32(handle), data, ctypes.c_size_t(len(data)))

    def esp_ota_write_with_offset(self, handle: int, data: bytes, offset: int) -> None:
        """Write data at a place."""
        self._check("esp_ota_write_with_offset", _U32(handle), data, ctypes.c_size_t(len(data)), _U32(offset))

    def esp_ota_end(self, handle: int) -> None:
        """End a session."""
        self._check("esp_ota_end", _U32(handle))

    def esp_ota_set_boot_partition(self, partition: Partition) -> None:
        """Select a partition."""
        self._check("esp_ota_set_boot_partition", self._at(partition))

    def esp_ota_set_boot_partition_skip_validate(self, partition: Partition) -> None:
        """Select a partition, whatever it holds."""
        self._check("esp_ota_set_boot_partition_skip_validate", self._at(partition))

    def esp_ota_get_boot_partition(self) -> Partition | None:
        """Return what is selected."""
        return self._partition("esp_ota_get_boot_partition")

    def esp_ota_get_last_invalid_partition(self) -> Partition | None:
        """Return what was refused."""
        return self._partition("esp_ota_get_last_invalid_partition")

    def esp_ota_get_state_partition(self, partition: Partition) -> int:
        """Return a state word."""
        state = _U32()
        self._check("esp_ota_get_state_partition", self._at(partition), ctypes.byref(state))
        return state.value

    def esp_ota_check_rollback_is_possible(self) -> bool:
        """Tell whether there is a way back."""
        return bool(self.glue.call("esp_ota_check_rollback_is_possible"))

    def esp_ota_mark_app_valid_cancel_rollback(self) -> None:
        """Accept."""
        self._check("esp_ota_mark_app_valid_cancel_rollback")

    def esp_ota_mark_app_invalid_rollback(self) -> None:
        """Refuse."""
        self._check("esp_ota_mark_app_invalid_rollback")

    def esp_ota_erase_last_boot_app_partition(self) -> None:
        """Erase what ran before."""
        self._check("esp_ota_erase_last_boot_app_partition")

    def esp_ota_invalidate_inactive_ota_data_slot(self) -> None:
        """Forget what ran before."""
        self._check("esp_ota_invalidate_inactive_ota_data_slot")

    def _at(self, partition: Partition) -> Any:
        return self.glue.at(self._partitions.table.index(partition))

    def _open(self, name: str, partition: Partition, *others: object) -> int:
        handle = _U32()
        try:
            self._check(name, self._at(partition), *others, ctypes.byref(handle))
        except OtaError as error:
            raise OtaError(error.code, handle.value or None) from None
        return handle.value

    def _check(self, name: str, *arguments: object) -> None:
        code = self.glue.call(name, *arguments)
        if code:
            raise OtaError(EspErr(code))

    def _partition(self, name: str) -> Partition | None:
        number = self.glue.number_of(self.glue.call(name))
        return None if number is None else self._partitions.table[number]

    def _real(self, call: int, first: int, second: int, third: int) -> int:
        """Do what ESP-IDF's own call does; call: its number in idf_stub.c."""
        own, table, word = self._own, self._partitions.table, self.glue.word("idf_word")
        given = table[first] if first < len(table) else None
        name = _REAL[call]
        match name:
            case "begin" | "resume":
                word.value = 0
                try:
                    of_name = own.esp_ota_begin(given, second) if name == "begin" else None
                    word.value = own.esp_ota_resume(given, second, third) if of_name is None else of_name
                except OtaError as error:
                    word.value = error.handle or 0
                    raise
            case "write":
                own.esp_ota_write(first, bytes([second & 0xFF, second >> 8])[:third])
            case "write_with_offset":
                own.esp_ota_write_with_offset(first, bytes([second]), third)
            case "end" | "abort":
                getattr(own, f"esp_ota_{name}")(first)
            case "set_boot_partition" | "set_boot_partition_skip_validate":
                getattr(own, f"esp_ota_{name}")(given)
            case "get_boot_partition" | "get_last_invalid_partition":
                found = getattr(own, f"esp_ota_{name}")()
                return -1 if found is None else table.index(found)
            case "get_state_partition":
                word.value = own.esp_ota_get_state_partition(given)
            case _:
                return int(getattr(own, f"esp_ota_{name}")() or 0)
        return 0


_REAL = (
    *("begin", "write", "write_with_offset", "end", "abort", "set_boot_partition", "get_boot_partition"),
    *("get_state_partition", "mark_app_valid_cancel_rollback", "mark_app_invalid_rollback"),
    *("check_rollback_is_possible", "get_last_invalid_partition", "erase_last_boot_app_partition"),
    *("invalidate_inactive_ota_data_slot", "set_boot_partition_skip_validate", "resume"),
)


def is_mixed(setting: Setting) -> bool:
    """Tell whether a record of ESP-IDF on trial lies beside a whole one that is not of its takeover.

    No history leads there; ESP-IDF's own esp_ota_begin, which the glue calls, would heed the former."""
    places = TurnPlaces(setting.state.app_count, setting.state.has_factory)
    records = [setting.cells.read(OTADATA + at, 32) for at in (0, SECTOR_SIZE)]
    is_whole = [decode_record(record, places) is not None for record in records]
    is_trial = [decode_entry(record).ota_state == OtaImgState.PENDING_VERIFY for record in records]
    return any(is_whole) and any(is_trial)
