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
    return parse_program(read_bounded(path, MAX_FILE_SIZE), str(path))


def parse_program(raw: bytes, name: str) -> BootloaderElf:
    """Return the program that these bytes are, in any form; name: what errors call it. Raises InputError."""
    if is_unlinked(raw):
        return link_objects(raw, name)
    if raw[:4] == b"\x7fELF" and parse_loaded(raw, name).has_symbols:
        return parse_bootloader_elf(raw, name)
    return recover(read_image(raw, name))
