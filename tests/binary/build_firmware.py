"""Compiles the bootloader of our own in `firmware/sources`, right or with one fault, for RISC-V and for Xtensa.

    python tests/binary/build_firmware.py images             # make the committed files of `firmware/images` anew
    python tests/binary/build_firmware.py all DIRECTORY      # every fault, optimisation and core
    python tests/binary/build_firmware.py bin FILE           # the right one as an ESP32-C3 image, by esptool

RISC-V is the ESP32-C3's rv32imc. Xtensa is the lx106 core, with the call0 ABI: Debian has no compiler for the LX6 and
LX7 of the ESP32, S2 and S3, whose code has register windows (entry, retw, call8). It knows of no divide instruction
either, so its remainders are calls of `__umodsi3`, which has the LX6's.
"""

import argparse
import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from firmware_faults import FAULTS

FIRMWARE = Path(__file__).parent / "firmware"
SOURCES = FIRMWARE / "sources"
IMAGES = FIRMWARE / "images"
DIGESTS = IMAGES / "digests.json"
OPTIMISATIONS = (("-Os", False), ("-O2", False), ("-Og", False), ("-Os", True))
"""Level, and whether it is done at link time."""
OPTIONS = (
    (),
    ("CONFIG_ROLLBACK=0",),
    ("CONFIG_ANTI_ROLLBACK=1",),
    ("CONFIG_READ_UNMAPPED=1",),
    ("CONFIG_RTC_FAST_MEM=1",),
)

_FLAGS = ("-std=c11", "-ffreestanding", "-fno-record-gcc-switches")
_LINK = ("-nostdlib", "-Wl,--build-id=none", "-Wl,-z,max-page-size=16")
_WITH_DWARF = "boot_partition.c"
"""The one source whose debug information is kept: it has every type that a reader of the ELF asks for."""
KEPT_FUNCTIONS = (
    "bootloader_common_get_active_otadata",
    "bootloader_common_ota_select_crc",
    "bootloader_common_ota_select_invalid",
    "bootloader_common_ota_select_valid",
    "bootloader_common_select_otadata",
    "bootloader_utility_get_selected_boot_partition",
    "bootloader_utility_load_boot_image",
    "bootloader_utility_load_boot_image_from_deep_sleep",
    "bootloader_utility_load_partition_table",
)
"""What link-time optimisation must leave as functions of their own."""


@dataclass(frozen=True, slots=True)
class Core:
    """A processor, and what compiles for it."""

    compiler: str
    flags: tuple[str, ...]
    linker_script: str
    libraries: tuple[str, ...] = ()

    @property
    def is_here(self) -> bool:
        """Whether the compiler is installed."""
        return shutil.which(self.compiler) is not None


CORES = {
    "riscv": Core("riscv64-unknown-elf-gcc", ("-march=rv32imc", "-mabi=ilp32"), "riscv.ld"),
    "xtensa": Core("xtensa-lx106-elf-gcc", ("-mlongcalls",), "xtensa.ld", ("-lgcc",)),
}


@dataclass(frozen=True, slots=True)
class Build:
    """One way to compile the bootloader."""

    core: str
    """A key of CORES."""
    fault: str | None = None
    """A key of FAULTS, or None for the right one."""
    optimisation: str = "-Os"
    lto: bool = False
    options: tuple[str, ...] = ()
    """Such as CONFIG_ROLLBACK=0; the sources say which there are."""

    @property
    def name(self) -> str:
        """The name of the ELF, without its ending."""
        options = (option.removeprefix("CONFIG_").lower() for option in self.options)
        parts = (self.core, self.fault or "faithful", self.optimisation[1:], "lto" if self.lto else "", *options)
        return "-".join(filter(None, parts))


COMMITTED = (
    Build("riscv"),
    Build("riscv", "signed_numbers"),
    Build("riscv", "new_half_word"),
    Build("xtensa"),
    Build("xtensa", "abort_as_invalid"),
    Build("riscv", "wake_verifies", options=("CONFIG_RTC_FAST_MEM=1",)),
    Build("xtensa", "wake_after_any_reset", options=("CONFIG_RTC_FAST_MEM=1",)),
    *(
        Build(core, options=(option,))
        for core in CORES
        for option in ("CONFIG_ROLLBACK=0", "CONFIG_ANTI_ROLLBACK=1", "CONFIG_RTC_FAST_MEM=1")
    ),
)
"""The builds whose ELFs are in `firmware/images`, for machines without a compiler."""


def compile_firmware(build: Build, folder: Path) -> Path:
    """Return the ELF of a build, made in `folder`. Raises CalledProcessError where the compiler refuses."""
    core = CORES[build.core]
    elf = folder.resolve() / f"{build.name}.elf"
    with tempfile.TemporaryDirectory() as work:
        objects = [Path(work, f"{source.stem}.o") for source in sorted(SOURCES.glob("*.c"))]
        for compiled in objects:
            source = f"{compiled.stem}.c"
            # No path of this machine gets into an ELF.
            debug = ("-g", f"-ffile-prefix-map={SOURCES}=.") if source == _WITH_DWARF else ()
            run_compiler(core.compiler, *compile_flags(build), *debug, "-c", source, "-o", str(compiled))
        kept = (f"-Wl,-u,{name}" for name in KEPT_FUNCTIONS) if build.lto else ()
        link = (*_LINK, *kept, "-T", core.linker_script, *map(str, objects), *core.libraries)
        run_compiler(core.compiler, *compile_flags(build), *link, "-o", str(elf))
    elf.chmod(0o644)
    return elf


def compile_flags(build: Build) -> tuple[str, ...]:
    """Return what a build asks of the compiler."""
    chosen = ((f"-DFAULT_{build.fault}=1",) if build.fault else ()) + tuple(f"-D{option}" for option in build.options)
    # A fault may leave a function without callers.
    warnings = ("-w",) if build.fault else ("-Wall", "-Wextra", "-Werror")
    lto = ("-flto",) if build.lto else ()
    return (*CORES[build.core].flags, build.optimisation, *lto, *_FLAGS, *warnings, *chosen)


def run_compiler(*command: str) -> None:
    """Run it where the sources are; raises CalledProcessError with what it says."""
    try:
        subprocess.run(command, cwd=SOURCES, check=True, capture_output=True, text=True)
    except subprocess.CalledProcessError as error:
        error.add_note(error.stderr)
        raise


def all_builds() -> Iterator[Build]:
    """Yield the right bootloader in every configuration, and each broken one in its own."""
    for core in CORES:
        for optimisation, lto in OPTIMISATIONS:
            for options in OPTIONS:
                yield Build(core, None, optimisation, lto, options)
            for name, fault in FAULTS.items():
                yield Build(core, name, optimisation, lto, fault.options)


def source_digest(build: Build) -> str:
    """Return the SHA-256 of all that decides the bytes of a build, but for the compiler."""
    digest = hashlib.sha256(repr((compile_flags(build), _LINK, CORES[build.core])).encode())
    for source in sorted(SOURCES.iterdir()):
        digest.update(f"{source.name}\n".encode() + source.read_bytes())
    return digest.hexdigest()


def compiler_version(core: str) -> str:
    """Return the first line that the compiler of a core says of itself."""
    command = (CORES[core].compiler, "--version")
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()[0]


def _write_images() -> None:
    records = {}
    for build in COMMITTED:
        elf = compile_firmware(build, IMAGES)
        records[build.name] = {
            "build": asdict(build),
            "compiler": compiler_version(build.core),
            "sources": source_digest(build),
            "elf": hashlib.sha256(elf.read_bytes()).hexdigest(),
        }
    DIGESTS.write_text(json.dumps(records, indent=1) + "\n", encoding="utf-8")


def write_bin(target: Path) -> None:
    """Write the right RISC-V bootloader in ESP-IDF's image format. Raises CalledProcessError without esptool."""
    with tempfile.TemporaryDirectory() as work:
        elf = compile_firmware(Build("riscv"), Path(work))
        tool = (sys.executable, "-m", "esptool", "--chip", "esp32c3", "elf2image")
        run_compiler(*tool, "--flash-mode", "dio", "--output", str(target.resolve()), str(elf))


def main() -> None:
    """Build what the command line asks for, where its compiler is installed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("images", "all", "bin"))
    parser.add_argument("target", type=Path, nargs="?", help="folder, or file of bin")
    asked = parser.parse_args()
    if asked.what != "images" and asked.target is None:
        parser.error(f"{asked.what} needs a target")
    missing = [core.compiler for core in CORES.values() if not core.is_here]
    if missing and asked.what == "images":
        parser.error(f"not installed: {', '.join(missing)}")
    match asked.what:
        case "images":
            _write_images()
        case "bin":
            write_bin(asked.target)
        case "all":
            asked.target.mkdir(parents=True, exist_ok=True)
            for build in all_builds():
                if CORES[build.core].is_here:
                    print(compile_firmware(build, asked.target).name)


if __name__ == "__main__":
    main()
