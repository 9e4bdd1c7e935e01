"""Print how many bytes of RISC-V code the selector comes to, where a compiler for it is here."""

import shutil
import subprocess
import tempfile
from pathlib import Path

from selector_core import SOURCE
from selector_glue import FOLDER, STUBS, stub_headers

PREFIX = "riscv64-unknown-elf-"
PARTS = (SOURCE, FOLDER / "bootloader/boot_by_turns.c", FOLDER / "app/ota_by_turns.c")
ALL = (*PARTS, SOURCE.with_suffix(".h"), FOLDER / "otadata_in_flash.h")
LEVELS = ("-O0", "-Os", "-O2")
TARGET = ("-march=rv32imc", "-mabi=ilp32", "-std=c11", "-ffreestanding", "-Wall", "-Wextra", "-Wconversion", "-Werror")


def size_of(source: Path, level: str, folder: Path) -> int:
    """Return the bytes of code and constants of an object file."""
    built = folder / "object.o"
    includes = (f"-I{folder}", f"-I{STUBS}", f"-I{FOLDER}")
    subprocess.run([f"{PREFIX}gcc", *TARGET, level, *includes, "-c", str(source), "-o", str(built)], check=True)
    told = subprocess.run([f"{PREFIX}size", str(built)], check=True, capture_output=True, text=True).stdout
    return int(told.splitlines()[1].split()[0])


def main() -> None:
    """Print a line for each part; with rollback."""
    if shutil.which(f"{PREFIX}gcc") is None:
        print(f"sizes are left out: {PREFIX}gcc is not found")
        return
    print(f"{'bytes of code, RV32IMC':32}" + "".join(f"{level:>8}" for level in LEVELS))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        stub_headers(folder, ["ROLLBACK_ENABLE"])
        for part in PARTS:
            sizes = (size_of(part, level, folder) for level in LEVELS)
            print(f"{part.name:32}" + "".join(f"{size:>8}" for size in sizes))
    lines = [line for part in ALL for line in part.read_text().splitlines()]
    told = [line for line in lines if line.strip() and not line.lstrip().startswith(("/*", "*"))]
    print(f"{len(told)} lines of C, and {len(lines) - len(told)} of comments and blank ones")


if __name__ == "__main__":
    main()
