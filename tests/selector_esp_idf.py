"""The selector built with the sources of ESP-IDF releases that are here: OTAPROOF_ESP_IDF names their folders.

The application's part is linked with ESP-IDF's own esp_ota_ops.c, partition.c and its flash for Linux, as a program
that is one power-on of a device. Both parts are compiled for ESP32-C3 beside ESP-IDF's callers, which needs the headers
of a C library: OTAPROOF_RISCV_HEADERS names them where the compiler does not find any. No file of ESP-IDF is changed;
two functions of its flash are renamed in the object.
"""

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from selector_core import SOURCE

FOLDER = SOURCE.parent
HOST = Path(__file__).parent / "selector/esp_idf_host"
VARIABLE = "OTAPROOF_ESP_IDF"
TARGET = "esp32c3"
COMPONENTS = (
    *("app_update", "esp_partition", "bootloader_support", "bootloader_support/bootloader_flash", "esp_common"),
    *("esp_app_format", "esp_bootloader_format", "log", "spi_flash", "esp_blockdev", "efuse", "esp_rom", "esp_system"),
    *("esp_hw_support", "soc", "hal", "riscv", "heap"),
)
HOST_SOURCES = (
    *("app_update/esp_ota_ops.c", "esp_partition/partition.c", "esp_partition/partition_linux.c"),
    *("bootloader_support/src/bootloader_common.c", "bootloader_support/src/bootloader_common_loader.c"),
)
RISCV = "riscv64-unknown-elf-gcc"


def releases() -> list[Path]:
    """Return the checkouts that the variable names."""
    return [Path(name) for name in os.environ.get(VARIABLE, "").split(os.pathsep) if name]


def release_of(idf: Path) -> str:
    """Return the version that a checkout calls itself."""
    numbers = re.findall(r"IDF_VERSION_\w+ (\d+)", (idf / "tools/cmake/version.cmake").read_text())
    return ".".join(numbers[:3])


def has_flash_file(idf: Path) -> bool:
    """Tell whether a release's flash for Linux can be a file that is there; that of 5.0 cannot."""
    header = idf / "components/esp_partition/include/esp_private/partition_linux.h"
    return "esp_partition_get_file_mmap_ctrl_input" in header.read_text()


def includes_of(idf: Path) -> list[str]:
    """Return the options that name the folders of headers, in the order of searching."""
    root = idf / "components"
    folders = [HOST, FOLDER]
    for name in COMPONENTS:
        folders += [root / name / "include", root / name / TARGET / "include"]
    folders += [
        root / "soc" / TARGET / "register",
        root / "hal/platform_port/include",
        root / "esp_rom" / TARGET,
        root / "esp_rom/include" / TARGET,
    ]
    folders += [root / "esp_rom" / TARGET / "include" / TARGET, root / "bootloader_support/private_include"]
    hardware = root / "esp_hw_support/port"
    folders += [hardware / TARGET / "include", hardware / TARGET / "private_include", hardware / "include"]
    for part in sorted(root.glob("esp_hal_*")):
        folders += [part / "include", part / TARGET / "include"]
    return [f"-I{folder}" for folder in folders if folder.is_dir()]


def wrapped(part: str) -> list[str]:
    """Return the functions whose place a part takes, "app" or "bootloader": those that its CMakeLists.txt names."""
    match = re.search(r"foreach\(function ([^)]*)\)", (FOLDER / part / "CMakeLists.txt").read_text())
    assert match is not None
    return match[1].split()


def build_program(idf: Path, folder: Path) -> Path:
    """Return the program that is one power-on, linked with a release's own code."""
    options = [*("cc", "-std=gnu17", "-D_GNU_SOURCE", "-DESP_PLATFORM", "-ffunction-sections", "-fdata-sections", "-w")]
    # Layouts that a ROM of 32 bits shares with the code are not those of a computer.
    options += ["-D_Static_assert(...)=", f'-DBUILD_DIR="{folder}"', *includes_of(idf)]
    own = (HOST / "power_on.c", FOLDER / "app/ota_by_turns.c", FOLDER / "bootloader/boot_by_turns.c", SOURCE)
    objects = []
    for source in (*(idf / "components" / name for name in HOST_SOURCES), *own):
        built = folder / f"{source.stem}.o"
        is_of_linux = source.parent.name == "esp_partition"
        _run([*options, *(["-DCONFIG_IDF_TARGET_LINUX"] if is_of_linux else []), "-c", str(source), "-o", str(built)])
        objects.append(str(built))
    renamed = ("esp_partition_erase_range=linux_erase_range", "esp_partition_write=linux_write")
    _run(["objcopy", *(f"--redefine-sym={each}" for each in renamed), str(folder / "partition_linux.o")])
    program = folder / "power_on"
    _run(
        [
            "cc",
            "-Wl,--gc-sections",
            *(f"-Wl,--wrap={name}" for name in wrapped("app")),
            *objects,
            "-ldl",
            "-o",
            str(program),
        ]
    )
    return program


def _run(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stderr


def riscv_library() -> list[str] | None:
    """Return the options with which the compiler for RISC-V finds a C library; None where there is none."""
    if shutil.which(RISCV) is None:
        return None
    named = os.environ.get("OTAPROOF_RISCV_HEADERS")
    for options in ([], ["--specs=picolibc.specs"], [f"-isystem{named}"] if named else []):
        asked = [RISCV, *options, "-E", "-include", "string.h", "-x", "c", os.devnull]
        if subprocess.run(asked, capture_output=True, check=False).returncode == 0:
            return options
    return None


OWN = ("bootloader/boot_by_turns.c", "app/ota_by_turns.c", "otadata_by_turns.c")
CALLERS = (
    "bootloader_support/src/bootloader_utility.c",
    "bootloader_support/src/bootloader_common_loader.c",
    "bootloader/subproject/main/bootloader_start.c",
    "app_update/esp_ota_ops.c",
)


@dataclass(frozen=True)
class ChipBuild:
    """The selector and ESP-IDF's code around it, compiled for ESP32-C3."""

    objects: dict[str, Path]
    """By stem of the source."""
    warnings: list[str]
    """Lines of the compiler that name a file of the selector."""

    def symbols(self, stem: str, which: str) -> set[str]:
        """Return names in an object. which: --undefined-only or --defined-only."""
        command = [RISCV.replace("gcc", "nm"), which, "--format=just-symbols", str(self.objects[stem])]
        return set(subprocess.run(command, capture_output=True, text=True, check=True).stdout.split())


def build_for_chip(idf: Path, folder: Path, options: tuple[str, ...], components: Path | None = None) -> ChipBuild:
    """Compile them for size, without debugging.

    options: CONFIG_BOOTLOADER_APP_, on. components: files that stand in the place of those of the release."""
    (folder / "include").mkdir()
    lines = [line for line in (HOST / "sdkconfig.h").read_text().splitlines() if "BOOTLOADER_APP_" not in line]
    lines += [f"#define CONFIG_BOOTLOADER_APP_{option} 1" for option in options]
    (folder / "include/sdkconfig.h").write_text("\n".join(lines) + "\n")
    command = chip_command(idf, folder)
    changed = idf / "components" if components is None else components
    command[1:1] = [] if components is None else [f"-I{components / 'bootloader_support/include'}"]
    built = ChipBuild({}, [])
    own = [FOLDER / name for name in OWN]
    callers = [changed / name if (changed / name).exists() else idf / "components" / name for name in CALLERS]
    for source in (*own, *callers):
        built.objects[source.stem] = folder / f"{source.stem}.o"
        is_app = source.stem in ("esp_ota_ops", "ota_by_turns")
        warned = ("-Wall", "-Wextra", "-Wno-deprecated-declarations") if source in own else ("-w",)
        asked = [*command, *([] if is_app else ["-DBOOTLOADER_BUILD=1"]), *warned]
        told = _run([*asked, "-c", str(source), "-o", str(built.objects[source.stem])])
        built.warnings.extend(line for line in told.splitlines() if "by_turns" in line and "warning" in line)
    return built


def chip_command(idf: Path, folder: Path) -> list[str]:
    """Return the compiler for ESP32-C3 with its options; folder: that of a build_for_chip, with its options' header."""
    command = [*(RISCV, "-march=rv32imc_zicsr_zifencei", "-mabi=ilp32", "-std=gnu17", "-Os", "-ffunction-sections")]
    command += ["-DESP_PLATFORM", "-D_GLOBAL_REENT=NULL", f"-I{folder / 'include'}", *includes_of(idf)]
    return [*command, *(riscv_library() or [])]
