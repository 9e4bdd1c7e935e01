"""`otaproof identify`: an image, a merged file, a dump or an ELF file, with what a bootloader's own code does.

Texts tell a bootloader's options only in part, so its code is looked at: from how many places it rewrites otadata.
Where what runs machine code is installed, its selection is run, too, on otadata with an image under test: with rollback
it marks the entry ABORTED.
"""

from collections.abc import Iterator
from pathlib import Path

from ..binary.recovery.otadata_writers import rewrites_states
from ..bounded_input import read_bounded
from ..errors import InputError
from ..impl.chip.chips import CHIPS
from ..impl.image.format import APP_DESC_MAGIC, APP_DESC_SIZE, decode_app_desc
from ..model.config import Chip
from ..project.flash_parts import FlashPart, PartKind, chip_of, image_segments
from ..project.identified_parts import (
    Fact,
    IdentifiedPart,
    ProgramBytes,
    RollbackInCode,
    bootloader_facts,
    description_facts,
    identify_parts,
)
from .solvers import is_binary_missing, is_solver_missing

_ELF = b"\x7fELF"
_DESC_SYMBOL = "esp_bootloader_desc"
"""The description of a bootloader, from 5.2 on."""
_ROM_LOADS = {Chip.ESP32: ((0x40078000, 0x40080000),)}
"""RAM to which a bootloader alone is loaded."""


def identify_file(path: Path) -> tuple[IdentifiedPart, ...]:
    """Return what a file is, part by part; raises InputError for one of which nothing is known here."""
    contents = read_bounded(path)
    if contents.startswith(_ELF):
        return (_identify_elf(contents, str(path)),)
    parts = identify_parts(contents, rollback_in_code)
    if not parts:
        raise InputError(
            f"{path}: holds no bootloader, partition table or application of an ESP32; want an image, a merged file, "
            "a dump of the flash that is not encrypted, or an ELF file"
        )
    return parts


def rollback_in_code(program: bytes) -> RollbackInCode | None:
    """Return whether a bootloader has rollback as its code shows it: by a run, else by what can be seen of it.

    program: its image or ELF file. None where the code is not found, or does not show it."""
    started = _selects_image_under_test(program)
    if started is not None:
        does = "starts an image under test once more" if started else "takes an image under test from the next boot"
        return not started, f"its code, run on otadata, {does}"
    segments, chip = image_segments(program), chip_of(program)
    if segments is None or chip is None:
        return None
    loaded = [(segment.load_addr, data) for segment, data in segments if data]
    rewrites = rewrites_states(loaded, CHIPS[chip].traps_on_zero_division)
    if rewrites is None:
        return None
    places = "several places" if rewrites else "one place, for the first entry of a device"
    return rewrites, f"its code writes otadata from {places}"


def _selects_image_under_test(program: bytes) -> bool | None:
    """Run the selection of a bootloader; None where that cannot be done, or what does it is not installed."""
    try:
        from ..binary.emulator.single_selection import selects_image_under_test  # noqa: PLC0415
        from ..binary.recovery.program_file import parse_program  # noqa: PLC0415
    except ModuleNotFoundError as error:
        if is_binary_missing(error) or is_solver_missing(error):
            return None
        raise
    try:
        return selects_image_under_test(parse_program(program, "the bootloader"))
    except InputError:
        return None


def _identify_elf(contents: bytes, name: str) -> IdentifiedPart:
    from ..binary.elf_file import parse_loaded, symbols_of  # noqa: PLC0415

    loaded, symbols = parse_loaded(contents, name), symbols_of(contents, name)
    segments = [(segment.address, segment.data) for segment in loaded.segments]
    chips = tuple(_chips(segments, loaded.architecture.name))
    chip = chips[0] if len(chips) == 1 else None
    if not chips:
        return IdentifiedPart(FlashPart(PartKind.APP, 0, len(contents)), None, _described(segments, name))
    place = symbols.get(_DESC_SYMBOL)
    described = b"" if symbols else None
    if place is not None:
        described = next((data[place - at :] for at, data in segments if at <= place < at + len(data)), b"")
    program = ProgramBytes(b"\0".join(data for _, data in segments), described, chip, frozenset(symbols))
    facts = bootloader_facts(program, rollback_in_code(contents))
    return IdentifiedPart(FlashPart(PartKind.BOOTLOADER, 0, len(contents)), chip, facts)


def _described(segments: list[tuple[int, bytes]], name: str) -> tuple[Fact, ...]:
    """Return what the description of an application says, which begins a segment; raises InputError without one."""
    magic = APP_DESC_MAGIC.to_bytes(4, "little")
    found = next((data for _, data in segments if data.startswith(magic) and len(data) >= APP_DESC_SIZE), None)
    if found is not None:
        return description_facts(decode_app_desc(found[:APP_DESC_SIZE]))
    raise InputError(
        f"{name}: not all of it fits the RAM of a chip's bootloader, and it has no description of an application; want "
        "an ELF file of an ESP32"
    )


def _chips(segments: list[tuple[int, bytes]], architecture: str) -> Iterator[Chip]:
    """Yield the chips to whose memory the segments of a bootloader fit; none for an application, which is mapped."""
    for chip, traits in CHIPS.items():
        is_xtensa = traits.traps_on_zero_division
        ranges = (*traits.loadable, *_ROM_LOADS.get(chip, ()))
        fits = all(any(low <= at and at + len(data) <= high for low, high in ranges) for at, data in segments)
        if fits and is_xtensa == (architecture == "XTENSA"):
            yield chip
