"""The variable ota_has_initial_contents, found by running the selection on otadata that was never written."""

from ...impl.chip.cells import SECTOR_SIZE
from ...impl.otadata import ENTRY_SIZE
from ..elf_file import BootloaderElf
from ..execution.library_hooks import LIBRARY
from ..execution.machine_state import ExecutionStopped, MachineState
from ..execution.path_search import Arguments
from ..execution.words import Word
from ..struct_layout import StructLayout
from ..theorems.machine_setup import hooks_by_address
from .code_map import CodeMap
from .probe import FunctionProbe, changed_bytes

_OTADATA, _SIZE, _SLOTS = 0xD000, 2 * SECTOR_SIZE, 2


def initial_contents(elf: BootloaderElf, code: CodeMap, select: int, layout: StructLayout) -> int:
    """Return the address of the one variable that the selection sets where both records are blank.

    elf: with the symbols of the flash driver; select: address of the selection. Raises ExecutionStopped where there is
    none, or more than one."""
    probe = FunctionProbe(elf, select, code.outside)
    mapped = probe.machine.mapped

    def bootloader_mmap(state: MachineState, arguments: Arguments) -> Word:
        for number in (0, 1):
            start = mapped + SECTOR_SIZE * number
            state.memory.update(dict.fromkeys(range(start, start + ENTRY_SIZE), 0xFF))
        return mapped

    def nothing(state: MachineState, arguments: Arguments) -> Word:
        return 0

    quiet = ("bootloader_munmap", "bootloader_flash_erase_sector", "bootloader_flash_write")
    encryption = ("esp_flash_encryption_enabled", "efuse_hal_flash_encryption_enabled")
    named = {"bootloader_mmap": bootloader_mmap, **dict.fromkeys((*quiet, *encryption), nothing)}
    probe.hooks.update({address: hook for address, (_, hook) in hooks_by_address(elf, LIBRARY, named).items()})
    start = probe.machine.entry(probe.machine.arguments)
    start.store(probe.machine.arguments, 0, layout.size)
    for field, word in {"ota_info.offset": _OTADATA, "ota_info.size": _SIZE, "app_count": _SLOTS}.items():
        start.store(probe.machine.arguments + layout.offsets[field], word, 4)
    found = {tuple(_set(start, path, probe)) for path in probe.paths(start.fork())}
    if len(found) != 1 or len(places := found.pop()) != 1:
        raise ExecutionStopped("the selection sets no single variable where otadata was never written")
    return places[0]


def _set(start: MachineState, path: MachineState, probe: FunctionProbe) -> list[int]:
    """Return the addresses outside of the stack and of mapped flash that a path changes, where it sets them to 1."""
    mapped = range(probe.machine.mapped, probe.machine.mapped + _SIZE)
    changed = {at: byte for at, byte in changed_bytes(start, path, probe.machine).items() if at not in mapped}
    if any(byte != 1 for byte in changed.values() if isinstance(byte, int)):
        raise ExecutionStopped("the selection changes more than one variable where otadata was never written")
    return sorted(changed)
