"""The core of the selector as objects for RISC-V, at each level of optimisation: `selector_objects.py FOLDER`."""

import shutil
import subprocess
import sys
from pathlib import Path

from selector_core import SOURCE

RISCV = "riscv64-unknown-elf-gcc"
TARGET = ("-march=rv32imc", "-mabi=ilp32", "-std=c11", "-ffreestanding")
LEVELS = ("-O0", "-Os", "-O2", "-flto")
"""The last is what link-time optimisation makes of it, before anything else is linked."""


def has_riscv_compiler() -> bool:
    """Tell whether a compiler for RISC-V is here."""
    return shutil.which(RISCV) is not None


def compile_core(folder: Path, level: str, text: str = "") -> Path:
    """Return the core as an object; text: of the source, where it is another."""
    source, built = folder / SOURCE.name, folder / f"core{level}.o"
    source.write_text(text or SOURCE.read_text())
    options = [RISCV, *TARGET, "-I", str(SOURCE.parent)]
    if level == "-flto":
        first = folder / "first.o"
        subprocess.run([*options, level, "-Os", "-c", str(source), "-o", str(first)], check=True)
        linking = ["-nostdlib", "-r", "-flinker-output=nolto-rel", str(first)]
        subprocess.run([*options, level, "-Os", *linking, "-o", str(built)], check=True)
        first.unlink()
    else:
        subprocess.run([*options, level, "-c", str(source), "-o", str(built)], check=True)
    source.unlink()
    return built


def main() -> None:
    """Write the objects into a folder, or say why not."""
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    if not has_riscv_compiler():
        print(f"proofs of objects are left out: {RISCV} is not found")
        return
    for level in LEVELS:
        print(compile_core(folder, level))


if __name__ == "__main__":
    main()
