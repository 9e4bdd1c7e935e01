"""What a token keeps of a device: everything that decides what happens, except the bytes of the images.

Of those it keeps size, versions and the first 8 hex digits of the SHA-256, and a replay without the files builds
images of the same size and versions.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from ..impl.chip.cells import SECTOR_SIZE, Cells
from ..impl.image.format import MIN_IMAGE_SIZE, build_image
from ..impl.otadata import ENTRY_SIZE
from ..impl.partitions.partition import Partition
from ..impl.partitions.table import TABLE_MAX_LENGTH, TableError, encode_table
from ..model.config import Config
from ..model.remedies import Remedy
from .device_under_test import DeviceUnderTest, NamedImage
from .token_text import decode_config, encode_config
from .updater_calls import UpdaterCall, decode_calls, encode_calls

_DIGEST_DIGITS = 8
_LARGEST_FLASH = 1 << 27
_BLANK_ENTRY = "ff" * ENTRY_SIZE


@dataclass(frozen=True, slots=True)
class ImageNote:
    """What a token keeps of an image."""

    name: str
    size: int
    version: str
    secure_version: int
    digest: str


@dataclass(frozen=True, slots=True)
class NotedDevice:
    """A device, without the bytes of its images."""

    config: Config
    flash_size: int
    table: tuple[Partition, ...]
    entries: tuple[str, str] | None
    """The otadata entries before the first power-on, in hex; None without otadata."""
    images: tuple[ImageNote, ...]
    placed: tuple[tuple[str, int], ...]
    """(label, number of the image in `images`) for each app partition that holds one."""
    update: int
    """Number of the image that an upgrade writes."""
    efuse_bits: int
    chunk: int
    remedies: frozenset[Remedy] = frozenset()
    """What its application keeps to."""
    calls: tuple[UpdaterCall, ...] = ()
    """The user's own updater."""


def note_device(dut: DeviceUnderTest) -> NotedDevice:
    """Return what a token keeps of a device."""
    placed = []
    for partition in dut.table:
        image = dut.image_in(dut.cells, partition) if partition.is_app else None
        if image is not None:
            placed.append((partition.label, dut.images.index(image)))
    return NotedDevice(
        dut.config,
        dut.cells.size,
        dut.table,
        _hex_entries(dut),
        tuple(_note(image) for image in dut.images),
        tuple(placed),
        dut.images.index(dut.update),
        dut.efuse_bits,
        dut.chunk,
        dut.remedies,
        dut.calls,
    )


def encode_device(device: NotedDevice) -> list[object]:
    """Return the JSON values that stand for a device."""
    return [
        encode_config(device.config),
        device.flash_size,
        [[p.label, p.type, p.subtype, p.offset, p.size, p.encrypted + 2 * p.readonly] for p in device.table],
        None if device.entries is None else ["" if e == _BLANK_ENTRY else e for e in device.entries],
        [[i.name, i.size, i.version, i.secure_version, i.digest] for i in device.images],
        [list(pair) for pair in device.placed],
        device.update,
        device.efuse_bits,
        device.chunk,
        *([sorted(remedy.value for remedy in device.remedies)] if device.remedies or device.calls else []),
        *([encode_calls(device.calls)] if device.calls else []),
    ]


def decode_device(values: Any) -> NotedDevice:
    """Return the device of these values; raises ValueError, TypeError or LookupError for none that a check makes."""
    config, size, rows, entries, images, placed, update, efuse_bits, chunk, *more = values
    remedies, calls = more if len(more) == 2 else (*more, []) if more else ([], [])
    device = NotedDevice(
        decode_config(config),
        size,
        tuple(
            Partition(label, type_, subtype, offset, length, bool(flags & 1), bool(flags & 2))
            for label, type_, subtype, offset, length, flags in rows
        ),
        None if entries is None else (entries[0] or _BLANK_ENTRY, entries[1] or _BLANK_ENTRY),
        tuple(ImageNote(*note) for note in images),
        tuple((label, number) for label, number in placed),
        update,
        efuse_bits,
        chunk,
        frozenset(map(Remedy, remedies)),
        decode_calls(calls),
    )
    try:
        _check(device)
    except TableError as error:
        raise ValueError(str(error)) from None
    return device


def device_of_note(device: NotedDevice, files: Iterable[bytes] = ()) -> DeviceUnderTest:
    """Return the device; of `files`, those whose digest it names take the place of built images."""
    contents = by_digest(files)
    images = tuple(_image_of(note, contents.get(note.digest), device.config) for note in device.images)
    cells = Cells.erased(device.flash_size)
    cells = cells.with_bytes(device.config.table_offset, encode_table(device.table, device.config.table_md5))
    for label, number in device.placed:
        cells = cells.with_bytes(_partition(device, label).offset, images[number].contents)
    dut = DeviceUnderTest(
        device.config,
        device.table,
        cells,
        images,
        images[device.update],
        device.efuse_bits,
        device.chunk,
        remedies=device.remedies,
        calls=device.calls,
    )
    if device.entries is None or dut.otadata is None:
        return dut
    for number, entry in enumerate(device.entries):
        cells = cells.with_bytes(dut.otadata.offset + SECTOR_SIZE * number, bytes.fromhex(entry))
    return replace(dut, cells=cells)


def by_digest(files: Iterable[bytes]) -> Mapping[str, bytes]:
    """Return files by what a token keeps of their bytes."""
    return {digest_of(contents): contents for contents in files}


def digest_of(contents: bytes) -> str:
    """Return what a token keeps of the bytes of a file."""
    return hashlib.sha256(contents).hexdigest()[:_DIGEST_DIGITS]


def check_numbers(numbers: Iterable[object]) -> None:
    """Raise ValueError where one of them is not a number of 32 bits."""
    if any(type(number) is not int or not 0 <= number < 1 << 32 for number in numbers):
        raise ValueError("a number is out of range")


def _check(device: NotedDevice) -> None:
    """Raise ValueError, TypeError or LookupError for a device that no check has noted."""
    check_numbers([device.flash_size, device.update, device.efuse_bits, device.chunk])
    check_numbers(number for _, number in device.placed)
    check_numbers(number for image in device.images for number in (image.size, image.secure_version))
    check_numbers(number for p in device.table for number in (p.type, p.subtype, p.offset, p.size))
    names = [*(p.label for p in device.table), *(label for label, _ in device.placed)]
    names += [text for image in device.images for text in (image.name, image.version, image.digest)]
    if not all(isinstance(name, str) for name in names):
        raise TypeError("a name is no text")
    if not all(image.name.isprintable() for image in device.images):
        raise ValueError("a name holds control characters")
    encode_table(device.table)
    ends = [partition.end for partition in device.table]
    ends += [_partition(device, label).offset + device.images[number].size for label, number in device.placed]
    if device.flash_size % SECTOR_SIZE:
        raise ValueError("the flash is not whole sectors")
    if device.flash_size > _LARGEST_FLASH or max(ends) > device.flash_size or device.chunk == 0:
        raise ValueError("the flash does not hold it")
    if any(p.offset % SECTOR_SIZE for p in device.table if p.is_app or p.is_otadata):
        raise ValueError("a partition does not begin at a sector")
    # A check makes only tables that begin in flash, and images that a slot holds.
    if device.config.table_offset + TABLE_MAX_LENGTH > device.flash_size:
        raise ValueError("the flash does not hold its partition table")
    largest = max((p.size for p in device.table if p.is_app), default=0)
    for image in device.images:
        int(image.digest, 16)
        if image.size > largest:
            raise ValueError("an image is larger than every slot")
        if image.size < MIN_IMAGE_SIZE:
            raise ValueError("an image is too short")
    if any(len(bytes.fromhex(entry)) != ENTRY_SIZE for entry in device.entries or ()):
        raise ValueError("an otadata entry is not 32 bytes")
    _ = device.images[device.update]


def _partition(device: NotedDevice, label: str) -> Partition:
    return {partition.label: partition for partition in device.table}[label]


def _note(image: NamedImage) -> ImageNote:
    return ImageNote(image.name, len(image.contents), image.version, image.secure_version, digest_of(image.contents))


def _image_of(note: ImageNote, contents: bytes | None, config: Config) -> NamedImage:
    if contents is None:
        contents = build_image(
            config.chip,
            size=note.size,
            version=note.version,
            secure_version=note.secure_version,
            seed=int(note.digest, 16),
        )
    return NamedImage(note.name, contents, note.version, note.secure_version)


def _hex_entries(dut: DeviceUnderTest) -> tuple[str, str] | None:
    entries = dut.entries(dut.cells)
    return None if entries is None else (entries[0].hex(), entries[1].hex())
