"""Reads a bootloader or an application in whatever form it comes: an ELF file, an archive, an image, or a dump."""

from pathlib import Path

from ...bounded_input import read_bounded
from ..elf_file import MAX_FILE_SIZE, BootloaderElf, parse_bootloader_elf, parse_loaded
from ..linking.object_archive import is_unlinked
from ..linking.object_linker import link_objects
from .program_image import read_image
from .recovered_program import recover


def read_program(path: Path) -> BootloaderElf:
    """Return the program in a file; raises InputError for anything else, and for a damaged file."""
    raw = read_bounded(path, MAX_FILE_SIZE)
    if is_unlinked(raw):
        return link_objects(raw, str(path))
    if raw[:4] == b"\x7fELF" and parse_loaded(raw, str(path)).has_symbols:
        return parse_bootloader_elf(raw, str(path))
    return recover(read_image(raw, str(path)))
