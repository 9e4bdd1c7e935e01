"""Compiles the bootloader of our own whole, with a flash driver down to the ESP32-C3's ROM, and takes its names away.

    python tests/binary/build_stripped.py      # make the committed files of `firmware/driver/images` anew

A whole bootloader comes in three forms: with symbols, as a stripped ELF file, and as a bootloader.bin.
"""

import hashlib
import io
import struct
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from elftools.elf.elffile import ELFFile

from build_firmware import FIRMWARE, KEPT_FUNCTIONS, SOURCES, run_compiler
from otaproof.impl.image.format import HASH_SIZE, encode_image
from otaproof.model.config import Chip

DRIVER = FIRMWARE / "driver"
IMAGES = DRIVER / "images"
COMPILER, STRIP = "riscv64-unknown-elf-gcc", "riscv64-unknown-elf-strip"
DRIVER_FAULTS = {
    "mapped_elsewhere": ("bootloader_mmap", "the mapping is read 32 bytes too far"),
    "stays_mapped": ("bootloader_munmap", "a mapping does not end"),
    "erases_next": ("bootloader_flash_erase_sector", "the next sector is erased"),
    "erase_never_fails": ("bootloader_flash_erase_sector", "an erase that failed is told as one that succeeded"),
    "encrypts_never": ("bootloader_flash_write", "nothing is programmed with encryption"),
    "writes_less": ("bootloader_flash_write", "the last word is not programmed"),
    "encryption_inverted": ("esp_flash_encryption_enabled", "encryption is told as its contrary"),
    "loads_unchecked": ("bootloader_load_image", "an image is loaded without its check"),
}
"""Faults of the driver: the function that is not what its name says, and how."""
COMMITTED = (None, "signed_numbers", "abort_as_invalid", "erases_next")
"""Faults of the committed images; None is the right one."""
_FLAGS = (
    *("-march=rv32imc", "-mabi=ilp32", "-std=c11", "-ffreestanding", "-fno-record-gcc-switches", "-w"),
    "-fno-ipa-sra",  # else load_image is given the entry point in place of the image, as it uses nothing else of it
)
_LINK = ("-nostdlib", "-Wl,--build-id=none", "-Wl,-z,max-page-size=16", "-Wl,-z,noseparate-code")


def compile_whole(fault: str | None, folder: Path, optimisation: str = "-Os", options: tuple[str, ...] = ()) -> Path:
    """Return the ELF file of a whole bootloader with its symbols; raises CalledProcessError."""
    elf = folder.resolve() / f"whole-{fault or 'faithful'}{optimisation}.elf"
    chosen = (*(f"-D{option}" for option in options), *((f"-DFAULT_{fault}=1",) if fault else ()))
    with tempfile.TemporaryDirectory() as work:
        objects = []
        for source in (*sorted(SOURCES.glob("*.c")), DRIVER / "flash_driver.c"):
            objects.append(str(Path(work, f"{source.stem}.o")))
            debug = ("-g", f"-ffile-prefix-map={FIRMWARE}=.") if source.stem == "boot_partition" else ()
            run_compiler(COMPILER, *_FLAGS, optimisation, *chosen, *debug, "-c", str(source), "-o", objects[-1])
        kept = (f"-Wl,-u,{name}" for name in KEPT_FUNCTIONS)
        run_compiler(COMPILER, *_FLAGS, *_LINK, *kept, "-T", str(DRIVER / "esp32c3.ld"), *objects, "-o", str(elf))
    return elf


def stripped(elf: Path) -> Path:
    """Return the same file without symbols and debug information, beside it."""
    target = elf.with_suffix(".stripped.elf")
    subprocess.run((STRIP, "-o", str(target), str(elf)), check=True, capture_output=True)
    target.chmod(0o644)
    return target


def image_of(elf: bytes) -> bytes:
    """Return the bootloader.bin of an ELF file: what it loads, but for memory without contents."""
    file = ELFFile(io.BytesIO(elf))
    image = encode_image(Chip.ESP32C3, _contents(file))
    image = image[:4] + struct.pack("<I", file.header.e_entry) + image[8:-HASH_SIZE]
    return image + hashlib.sha256(image).digest()


def _contents(file: ELFFile) -> Iterator[tuple[int, bytes]]:
    for segment in file.iter_segments("PT_LOAD"):
        data = bytes(segment.data())
        if data:
            yield segment["p_vaddr"], data.ljust(-(-len(data) // 4) * 4, b"\0")


def main() -> None:
    """Make the committed images anew."""
    IMAGES.mkdir(exist_ok=True)
    for fault in COMMITTED:
        with tempfile.TemporaryDirectory() as work:
            elf = compile_whole(fault, Path(work))
            for kind, made in ((".elf", elf.read_bytes()), (".stripped.elf", stripped(elf).read_bytes())):
                (IMAGES / f"whole-{fault or 'faithful'}{kind}").write_bytes(made)
            (IMAGES / f"whole-{fault or 'faithful'}.bin").write_bytes(image_of(elf.read_bytes()))


if __name__ == "__main__":
    main()
