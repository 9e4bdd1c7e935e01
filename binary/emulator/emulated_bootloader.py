"""A bootloader's own functions on the simulated flash.

What they call below themselves is stood in for: mapping, reading, erasing and programming flash, the ROM's CRC-32 and
MD5, memory and text functions, and the verification of an image, which `impl.image.verify` decides. All flash is
mapped all the time, so that a mapping that was given back is not noticed.
"""

import struct
from collections.abc import Callable

from ...impl.chip.cells import SECTOR_SIZE, Cells
from ...impl.chip.efuse import Efuse
from ...impl.chip.flash import FlashMisuse, NorFlash
from ...impl.esp_err import EspErr, OtaError
from ...impl.image.verify import verify_image
from ...impl.image.verify_rules import ImageInvalid, VerifyMode
from ...impl.partitions.partition import Partition
from ...impl.program_end import Panic, PowerCut
from ...model.config import Config, ResetReason
from .core import Core, LibraryFunction, ProgramError, StandIn
from .cores import quickest_core
from .md5_stand_in import Md5StandIn
from .paged_memory import PAGE
from .program import BootloaderProgram
from .run_outcome import PANIC, POWER_CUT, RESETS, ChipMemory, RunOutcome, TriedImage, selects, starts

SELECT = "bootloader_utility_get_selected_boot_partition"
LOAD_TABLE = "bootloader_utility_load_partition_table"
LOAD_IMAGE = "bootloader_utility_load_boot_image"
WAKE_UP = "bootloader_utility_load_boot_image_from_deep_sleep"
RETAINED = "bootloader_common_get_rtc_retain_mem_partition"
"""Only chips with RTC fast memory have it, for the wake-up. Source: bootloader_common_loader.c."""
INVALID_INDEX = -99
"""What the selection returns for an otadata partition that is too small. Source: bootloader_config.h."""
_STATE, _CHIP, _WINDOW = 0x72100000, 0x72200000, 0x73000000
"""The window last: it is as large as the flash, up to 128 MiB."""
_RESET_REASONS = {ResetReason.POWER_ON: 1, ResetReason.DEEP_SLEEP: 5}
"""What esp_rom_get_reset_reason() returns. Source: reset_reasons.h."""
_ENTRY_ADDR = 8
"""Of image.entry_addr in the metadata of an image. Source: esp_image_format.h esp_image_metadata_t."""
_SILENT = ("esp_rom_printf", "ets_printf", "printf", "esp_log_timestamp", "esp_log_early_timestamp")
_CRC = ("esp_rom_crc32_le", "crc32_le")


class _CallEnded(BaseException):
    """The bootloader is at its end, inside a function that does not return."""

    def __init__(self, ending: str) -> None:
        super().__init__(ending)
        self.ending = ending


class EmulatedBootloader:
    """A bootloader that was loaded once, for chips with a flash of one size."""

    def __init__(
        self,
        program: BootloaderProgram,
        config: Config,
        flash_size: int,
        notes_reads: bool = False,
        core: Core | None = None,
    ) -> None:
        """Load it. flash_size: a multiple of 4096. notes_reads: the tracker of a chip's flash, where it has one, notes
        what is read, at some cost in time. core: the quickest one of the program, or another of it that is new. Raises
        InputError where a function that it needs is missing."""
        self._program = program
        self._config = config
        self._core = quickest_core(program) if core is None else core
        self._core.map_data(_WINDOW, flash_size, is_writable=False)
        if notes_reads:
            self._core.watch_reads(_WINDOW, flash_size, lambda at, length: self._flash.note_read(at - _WINDOW, length))
        self._core.map_data(_STATE, PAGE, is_writable=True)
        self._shown: tuple[bytes, ...] = (bytes(SECTOR_SIZE),) * (flash_size // SECTOR_SIZE)
        self._flash: NorFlash
        self._efuse: Efuse
        self._is_encrypted = False
        self._reason = ResetReason.POWER_ON
        self._passed: int | None = None
        self._tried: list[TriedImage] = []
        self._start_gate = self._core.gate(self._start)
        self._stand_in_library(flash_size)
        self._stand_in()
        self._tell_flash_size(flash_size)
        self._core.begin()

    def _stand_in_library(self, flash_size: int) -> None:
        core, program = self._core, self._program
        functions = dict.fromkeys(("bootloader_munmap", *_SILENT), LibraryFunction.NOTHING)
        functions |= dict.fromkeys(_CRC, LibraryFunction.CRC32)
        for name, function in {"memcpy": LibraryFunction.MEMCPY, "memset": LibraryFunction.MEMSET}.items():
            if not program.has_code(name):
                functions[name] = function
        for name, function in functions.items():
            core.stand_in_library(name, program.room(name), function)
        core.stand_in_mapping("bootloader_mmap", program.room("bootloader_mmap"), _WINDOW, flash_size)

    def _stand_in(self) -> None:
        stand_ins: dict[str, tuple[int, StandIn]] = {
            "esp_flash_encryption_enabled": (0, lambda: self._is_encrypted),
            "efuse_hal_flash_encryption_enabled": (0, lambda: self._is_encrypted),
            "bootloader_flash_erase_sector": (1, lambda sector: self._erase(sector * SECTOR_SIZE, SECTOR_SIZE)),
            "bootloader_flash_erase_range": (2, self._erase),
            "bootloader_flash_write": (4, self._program_flash),
            "bootloader_flash_read": (3, self._read_flash),
            "bootloader_load_image": (2, lambda *words: self._load(VerifyMode.BOOTLOADER_LOAD, *words)),
            "bootloader_load_image_no_verify": (
                2,
                lambda *words: self._load(VerifyMode.BOOTLOADER_LOAD_NO_VALIDATE, *words),
            ),
            RETAINED: (0, lambda: 0),
            "esp_rom_get_reset_reason": (0, lambda: _RESET_REASONS[self._reason]),
            "bootloader_common_update_rtc_retain_mem": (0, lambda: 0),
            "memcmp": (3, self._compare),
            "bzero": (2, lambda to, length: self._core.fill(to, 0, length)),
            "esp_efuse_check_secure_version": (1, self._is_allowed),
            "esp_efuse_read_secure_version": (0, lambda: self._efuse.secure_version),
            "esp_efuse_update_secure_version": (1, self._burn),
            "abort": (0, _raise_panic),
            "__assert_func": (0, _raise_panic),
            "load_image": (0, self._start),
            "bootloader_reset": (0, _raise_reset),
            **Md5StandIn(self._core).functions,
        }
        own = {"memcmp", "bzero"} & {name for name in stand_ins if self._program.has_code(name)}
        for name in stand_ins.keys() - own:
            arity, function = stand_ins[name]
            self._core.stand_in(name, self._program.room(name), arity, function)

    def _tell_flash_size(self, flash_size: int) -> None:
        """Put the size of the flash where the ROM keeps it: esp_rom_spiflash_chip_t, after the device's number."""
        chip = struct.pack("<II", 0, flash_size)
        address = self._program.functions.get("g_rom_flashchip")
        if address is not None:
            self._core.map_data(address, len(chip), is_writable=True)
            self._core.write(address, chip)
        pointer = self._program.functions.get("rom_spiflash_legacy_data")
        if pointer is not None:
            self._core.map_data(pointer, 4, is_writable=True)
            self._core.map_data(_CHIP, PAGE, is_writable=True)
            self._core.write(pointer, struct.pack("<I", _CHIP))
            self._core.write(_CHIP, chip)

    def select(
        self,
        chip: ChipMemory,
        otadata: Partition | None,
        app_count: int,
        factory: Partition | None,
        is_encrypted: bool,
    ) -> RunOutcome:
        """Return what the selection comes to on a chip whose flash takes snapshots."""
        state = self._program.state(otadata, app_count, factory)

        def run() -> str:
            self._core.write(_STATE, state)
            index = self._select()
            if index == INVALID_INDEX:
                return RESETS
            return selects(index, self._core.read(self._program.initial_contents, 1) != b"\0")

        return self._run(chip, is_encrypted, run)

    def boot(self, chip: ChipMemory, reason: ResetReason = ResetReason.POWER_ON) -> RunOutcome:
        """Return what a boot comes to, from the partition table to the image that is started.

        reason: POWER_ON or DEEP_SLEEP; a wake-up finds nothing retained in RTC memory."""

        def run() -> str:
            self._reason = reason
            if reason is ResetReason.DEEP_SLEEP and self._config.skip_validate_in_deep_sleep:
                self._core.call(self._program.function(WAKE_UP))
            self._core.write(_STATE, bytes(PAGE))
            if not self._core.call(self._program.function(LOAD_TABLE), _STATE) & 0xFF:
                return RESETS
            index = self._select()
            if index == INVALID_INDEX:
                return RESETS
            self._core.call(self._program.function(LOAD_IMAGE), _STATE, index & 0xFFFFFFFF)
            raise ProgramError(f"{LOAD_IMAGE} returns, and starts nothing")

        return self._run(chip, False, run)

    def _run(self, chip: ChipMemory, is_encrypted: bool, run: Callable[[], str]) -> RunOutcome:
        self._flash, self._efuse = chip
        self._is_encrypted, self._passed, self._tried = is_encrypted, None, []
        self._core.reset()
        self._show(self._flash.cells)
        try:
            ending = run()
        except _CallEnded as ended:
            ending = ended.ending
        except PowerCut:
            ending = POWER_CUT
        except Panic:
            ending = PANIC
        except (ProgramError, FlashMisuse) as error:
            ending = str(error)
        return RunOutcome.of(ending, chip, self._tried)

    def _select(self) -> int:
        index = self._core.call(self._program.function(SELECT), _STATE)
        return index - (index >> 31 << 32)

    def _show(self, cells: Cells) -> None:
        """Put into the window what differs from what it shows."""
        sectors = cells.sectors(0, cells.size)
        for index, (sector, shown) in enumerate(zip(sectors, self._shown, strict=True)):
            if sector is not shown:
                self._core.write(_WINDOW + index * SECTOR_SIZE, sector)
        self._shown = sectors

    def _erase(self, address: int, length: int) -> int:
        return self._change(lambda: self._flash.erase(address, length))

    def _program_flash(self, address: int, source: int, length: int, is_encrypted: int) -> int:
        """Source: bootloader_flash.c bootloader_flash_write."""
        if bool(is_encrypted & 0xFF) is not self._is_encrypted:
            state = "on" if self._is_encrypted else "off"
            raise ProgramError(f"programs flash with write_encrypted {is_encrypted & 0xFF} while encryption is {state}")
        alignment = 32 if self._is_encrypted else 4
        if address % alignment or length % alignment or source % 4:
            return EspErr.FAIL
        data = self._core.read(source, length)
        return self._change(lambda: self._flash.program(address, data))

    def _change(self, operation: Callable[[], None]) -> int:
        """Return the esp_err_t of an operation, and show what it left."""
        try:
            operation()
        except OtaError as error:
            return error.code
        finally:
            self._show(self._flash.cells)
        return EspErr.OK

    def _read_flash(self, address: int, to: int, length: int) -> int:
        self._core.write(to, self._flash.read(address, length))
        return EspErr.OK

    def _is_allowed(self, version: int) -> int:
        return self._efuse.is_secure_version_allowed(version)

    def _burn(self, version: int) -> int:
        try:
            self._efuse.update_secure_version(version)
        except OtaError as error:
            return error.code
        return EspErr.OK

    def _compare(self, left: int, right: int, length: int) -> int:
        ours, theirs = self._core.read(left, length), self._core.read(right, length)
        return (ours > theirs) - (ours < theirs)

    def _load(self, mode: VerifyMode, part: int, metadata: int) -> int:
        """Source: esp_image_format.c bootloader_load_image; of the metadata only the entry point matters here, which is
        there also of an image that does not pass."""
        self._passed = None
        offset, size = struct.unpack("<II", self._core.read(part, 8))
        self._tried.append(TriedImage(offset, mode is VerifyMode.BOOTLOADER_LOAD))
        self._core.write(metadata + _ENTRY_ADDR, struct.pack("<I", self._start_gate))
        try:
            is_wake_up = self._reason is ResetReason.DEEP_SLEEP
            verify_image(self._flash, offset, size, self._config, mode, self._efuse.secure_version, is_wake_up)
        except ImageInvalid as error:
            return error.code
        self._passed = offset
        return EspErr.OK

    def _start(self) -> int:
        if self._passed is None:
            raise ProgramError("starts an image that was not verified")
        raise _CallEnded(starts(self._passed))


def _raise_panic() -> int:
    raise Panic


def _raise_reset() -> int:
    raise _CallEnded(RESETS)
