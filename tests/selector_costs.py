"""What the selector costs beside ESP-IDF's own code, measured: bytes of code, stack, and instructions of a power-on.

Both are compiled for RV32IMC at -Os with the headers of an ESP-IDF release that is here, without log texts, and run by
an emulator over flash in memory. Instructions of ROM and flash driver are not counted: they are the same for both.
"""

import shutil
import struct
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from elftools.elf.elffile import ELFFile
from selector_esp_idf import (
    HOST,
    RISCV,
    build_for_chip,
    chip_command,
    release_of,
    releases,
    riscv_library,
    wrapped,
)
from unicorn import UC_ARCH_RISCV, UC_HOOK_CODE, UC_MODE_RISCV32, Uc
from unicorn.riscv_const import UC_RISCV_REG_A0, UC_RISCV_REG_GP, UC_RISCV_REG_RA, UC_RISCV_REG_SP

from otaproof.impl.by_turns.turn_record import TurnKind, TurnState, encode_record
from otaproof.impl.otadata import ota_select_crc

CHIP = HOST.parent / "esp_idf_chip/chip.c"
OTADATA, SECTOR = 0xD000, 0x1000
STACK, STOP = 0x7FF0_0000, 0x7000_0000
CORE, BOOT, APP = "otadata_by_turns", "boot_by_turns", "ota_by_turns"


def entry(seq: int, state: int) -> bytes:
    """Return a record of ESP-IDF."""
    return struct.pack("<I20sII", seq, b"\xff" * 20, state, ota_select_crc(seq))


@dataclass(frozen=True)
class PowerOn:
    """A power-on whose selection is measured."""

    name: str
    by_idf: tuple[bytes, bytes]
    """Records of ESP-IDF before it."""
    by_turns: tuple[bytes, bytes]
    """Records by turns that mean the same."""
    is_selected: int
    """The slot that starts, of two."""


_ACCEPTED = encode_record(1, TurnState(TurnKind.VALID, 0, 1))
POWER_ONS = (
    PowerOn(
        "accepted image",
        (entry(1, 2), entry(2, 2)),
        (_ACCEPTED, encode_record(2, TurnState(TurnKind.VALID, 1, 0))),
        1,
    ),
    PowerOn(
        "new image, its try is noted",
        (entry(1, 2), entry(2, 0)),
        (_ACCEPTED, encode_record(2, TurnState(TurnKind.NEW, 1, 0))),
        1,
    ),
    PowerOn(
        "after a try that was not accepted",
        (entry(1, 2), entry(2, 1)),
        (encode_record(3, TurnState(TurnKind.TRIED, 0, 1)), encode_record(2, TurnState(TurnKind.NEW, 1, 0))),
        0,
    ),
)


@dataclass(frozen=True)
class Linked:
    """A program of one of both."""

    path: Path
    chip: frozenset[str]
    """Functions of the chip, which are not counted."""
    there: frozenset[str] = frozenset()
    """Functions of ESP-IDF that are in the program anyway: their bytes are not counted."""

    def symbols(self) -> dict[str, tuple[int, int]]:
        """Return address and size of each symbol."""
        with self.path.open("rb") as file:
            table = ELFFile(file).get_section_by_name(".symtab")
            assert table is not None
            return {item.name: (item["st_value"], item["st_size"]) for item in table.iter_symbols() if item.name}

    def is_function(self, name: str) -> bool:
        """Tell whether a symbol is one."""
        with self.path.open("rb") as file:
            table = ELFFile(file).get_section_by_name(".symtab")
            assert table is not None
            return any(item["st_info"]["type"] == "STT_FUNC" for item in table.get_symbol_by_name(name) or ())

    def code_size(self) -> int:
        """Return the bytes of functions and constants but those of the chip."""
        with self.path.open("rb") as file:
            found = ELFFile(file)
            sections = (found.get_section_by_name(name) for name in (".text", ".rodata", ".srodata"))
            whole = sum(section["sh_size"] for section in sections if section is not None)
        symbols = self.symbols()
        return int(whole - sum(symbols[name][1] for name in self.chip | self.there if self.is_function(name)))


def link(
    objects: list[Path], roots: list[str], folder: Path, chip: Path | None = None, there: Path | None = None
) -> Linked:
    """Return a program of what the roots need. there: an object that is in the program anyway."""
    path = folder / f"{roots[0]}.elf"
    command = [RISCV, "-march=rv32imc", "-mabi=ilp32", "-nostdlib", "-Wl,--gc-sections", f"-Wl,-e,{roots[0]}"]
    command += [f"-Wl,-u,{root}" for root in roots] + ["-Wl,--unresolved-symbols=ignore-all", "-Wl,-Ttext=0x10000"]
    command += [*map(str, objects), *(str(item) for item in (there, chip) if item is not None), "-o", str(path)]
    subprocess.run(command, check=True, capture_output=True)
    return Linked(path, *(frozenset(() if item is None else _defined(item)) for item in (chip, there)))


def _defined(built: Path) -> list[str]:
    command = [RISCV.replace("gcc", "nm"), "--defined-only", "--format=just-symbols", str(built)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()


@dataclass(frozen=True)
class Measured:
    """What a run came to."""

    instructions: int
    stack: int
    """Bytes."""
    result: int
    records: tuple[bytes, bytes]
    """Of otadata afterwards."""


def run(program: Linked, records: tuple[bytes, bytes], slots: int) -> Measured:
    """Return what `run` of chip.c takes, from these records."""
    symbols = program.symbols()
    emulator = Uc(UC_ARCH_RISCV, UC_MODE_RISCV32)
    emulator.mem_map(0x8000, 0x100000)
    emulator.mem_map(STACK - 0x10000, 0x20000)
    emulator.mem_map(STOP, 0x1000)
    with program.path.open("rb") as file:
        for segment in ELFFile(file).iter_segments("PT_LOAD"):
            emulator.mem_write(segment["p_vaddr"], segment.data())
    for sector, record in enumerate(records):
        whole = record.ljust(SECTOR, b"\xff")
        emulator.mem_write(symbols["flash"][0] + OTADATA + SECTOR * sector, whole)
    emulator.mem_write(symbols["slots"][0], struct.pack("<I", slots))
    emulator.reg_write(UC_RISCV_REG_SP, STACK)
    emulator.reg_write(UC_RISCV_REG_RA, STOP)
    emulator.reg_write(UC_RISCV_REG_GP, symbols["__global_pointer$"][0])
    left_out = [range(symbols[name][0], sum(symbols[name])) for name in program.chip if name in symbols]
    counted, lowest = [0], [STACK]

    def seen(_: Uc, address: int, __: int, ___: object) -> None:
        if not any(address in part for part in left_out):
            counted[0] += 1
            lowest[0] = min(lowest[0], emulator.reg_read(UC_RISCV_REG_SP))

    emulator.hook_add(UC_HOOK_CODE, seen)
    emulator.emu_start(symbols["run"][0], STOP)
    start = symbols["flash"][0] + OTADATA
    after = bytes(emulator.mem_read(start, 32)), bytes(emulator.mem_read(start + SECTOR, 32))
    return Measured(counted[0], STACK - lowest[0], emulator.reg_read(UC_RISCV_REG_A0), after)


def link_idf_bootloader(idf: Path, folder: Path, components: Path) -> Linked:
    """Return the program of ESP-IDF's own selection. components: files that stand in the place of the release's."""
    built = build_for_chip(idf, folder, ("ROLLBACK_ENABLE",), components).objects
    return _linked(idf, folder, [built["bootloader_utility"], built["bootloader_common_loader"]])


def _linked(idf: Path, folder: Path, objects: list[Path], there: Path | None = None) -> Linked:
    """Return a program over flash in memory. there: an object of ESP-IDF beside the selector's."""
    name = "idf" if there is None else "turns"
    chip = folder / f"chip_{name}.o"
    command = [*chip_command(idf, folder), "-DBOOTLOADER_BUILD=1", f"-DBY_TURNS={int(there is not None)}", "-w"]
    subprocess.run([*command, "-c", str(CHIP), "-o", str(chip)], check=True)
    return link(objects, ["run"], _made(folder / name), chip, there)


def costs_of(idf: Path, folder: Path) -> list[tuple[str, int, int]]:
    """Return rows: what is measured, for ESP-IDF's own code, and by turns."""
    built = build_for_chip(idf, folder, ("ROLLBACK_ENABLE",)).objects
    idf_program = _linked(idf, folder, [built["bootloader_utility"], built["bootloader_common_loader"]])
    turns_program = _linked(idf, folder, [built[BOOT], built[CORE]], built["bootloader_common_loader"])
    programs = {False: idf_program, True: turns_program}
    own = link([built[APP], built[CORE]], [f"__wrap_{name}" for name in wrapped("app")], _made(folder / "app"))
    esp_ota = link([built["esp_ota_ops"]], _defined(built["esp_ota_ops"]), _made(folder / "ota"))
    rows = [
        ("bootloader: bytes of code", idf_program.code_size(), turns_program.code_size()),
        ("application: bytes of code", esp_ota.code_size(), own.code_size()),
    ]
    stacks = [0, 0]
    for each in POWER_ONS:
        found = [
            run(programs[is_by_turns], records, 2)
            for is_by_turns, records in ((False, each.by_idf), (True, each.by_turns))
        ]
        assert [item.result for item in found] == [each.is_selected] * 2, each.name
        theirs, ours = found
        rows.append((f"instructions, {each.name}", theirs.instructions, ours.instructions))
        stacks = [max(most, item.stack) for most, item in zip(stacks, found, strict=True)]
    theirs, ours = (run(programs[of_turns], _accepted(of_turns), 16) for of_turns in (False, True))
    rows.append(("instructions, accepted image, 16 slots", theirs.instructions, ours.instructions))
    rows.append(("bootloader: bytes of stack", stacks[0], stacks[1]))
    return rows


def compiler_version() -> str | None:
    """Return that of the compiler for RISC-V, where there is one."""
    if shutil.which(RISCV) is None:
        return None
    return subprocess.run([RISCV, "-dumpfullversion"], capture_output=True, text=True, check=True).stdout.strip()


def _accepted(is_by_turns: bool) -> tuple[bytes, bytes]:
    return POWER_ONS[0].by_turns if is_by_turns else POWER_ONS[0].by_idf


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def main(tell: Callable[[str], None] = print) -> None:
    """Print a table for each release that is here."""
    if not releases() or riscv_library() is None:
        tell("costs beside ESP-IDF's code are left out: OTAPROOF_ESP_IDF names no folders, or there is no C library")
        return
    for idf in releases():
        with tempfile.TemporaryDirectory() as name:
            tell(f"{'ESP-IDF ' + release_of(idf):44}{'ESP-IDF':>10}{'by turns':>10}")
            for title, theirs, ours in costs_of(idf, Path(name)):
                tell(f"{title:44}{theirs:>10,}{ours:>10,}")


if __name__ == "__main__":
    main()
