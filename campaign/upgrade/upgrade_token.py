"""Replay tokens: a device, an upgrade and one power cut in a line of text that plays anywhere.

A token carries everything that decides what happens, except the bytes of the images: of those it keeps
size, versions and the first 8 hex digits of the SHA-256, and a replay without the files builds images of
the same size and versions. The text is "otp1." and the base64url of a deflated JSON list.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from ...impl.chip.cells import SECTOR_SIZE, Cells
from ...impl.chip.torn_operations import Torn
from ...impl.image.format import MIN_IMAGE_SIZE, build_image
from ...impl.otadata import ENTRY_SIZE
from ...impl.partitions.partition import Partition
from ...impl.partitions.table import TABLE_MAX_LENGTH, TableError, encode_table
from ...model.config import Config
from ..device_under_test import DeviceUnderTest, NamedImage
from ..history.step import StepCut
from ..token_packing import pack_token, unpack_token
from ..token_text import decode_config, encode_config
from .script import Scenario

PREFIX = "otp1."
_DIGEST_DIGITS = 8
_LARGEST_FLASH = 1 << 27
_BLANK_ENTRY = "ff" * ENTRY_SIZE


@dataclass(frozen=True, slots=True)
class CutPoint:
    """Where the power fails in a script."""

    call_index: int
    op_index: int
    """The operation within the call; as many as it has for a cut in the eFuse burn after them."""
    torn: Torn | None
    """None: no operation is cut."""
    efuse_done: int | None = None
    """Bits of an eFuse burn that take effect; None when the cut is in flash, or between calls."""

    @property
    def step_cut(self) -> StepCut | None:
        """The same as a step carries it; None for a reset between calls."""
        if self.torn is not None:
            return StepCut(self.op_index, self.torn)
        return None if self.efuse_done is None else StepCut(0, efuse_done=self.efuse_done)


@dataclass(frozen=True, slots=True)
class ImageNote:
    """What a token keeps of an image."""

    name: str
    size: int
    version: str
    secure_version: int
    digest: str


@dataclass(frozen=True, slots=True)
class Token:
    """A replay token, taken apart."""

    claim_id: str
    scenario: Scenario
    cut: CutPoint
    config: Config
    flash_size: int
    table: tuple[Partition, ...]
    entries: tuple[str, str] | None
    """The otadata entries before the first power-on, in hex; None without otadata."""
    images: tuple[ImageNote, ...]
    placed: tuple[tuple[str, int], ...]
    """(label, number of the image in `images`) for each app partition that holds one."""
    update: int
    """Number of the image that the upgrade writes."""
    efuse_bits: int
    chunk: int


def make_token(dut: DeviceUnderTest, claim_id: str, scenario: Scenario, cut: CutPoint) -> Token:
    """Return the token of a cut in the script of a device."""
    placed = []
    for partition in dut.table:
        image = dut.image_in(dut.cells, partition) if partition.is_app else None
        if image is not None:
            placed.append((partition.label, dut.images.index(image)))
    return Token(
        claim_id,
        scenario,
        cut,
        dut.config,
        dut.cells.size,
        dut.table,
        _hex_entries(dut),
        tuple(_note(image) for image in dut.images),
        tuple(placed),
        dut.images.index(dut.update),
        dut.efuse_bits,
        dut.chunk,
    )


def encode_token(token: Token) -> str:
    """Return the text of a token."""
    cut = token.cut
    record = [
        token.claim_id,
        token.scenario.value,
        [cut.call_index, cut.op_index, None if cut.torn is None else str(cut.torn), cut.efuse_done],
        encode_config(token.config),
        token.flash_size,
        [[p.label, p.type, p.subtype, p.offset, p.size, p.encrypted + 2 * p.readonly] for p in token.table],
        None if token.entries is None else ["" if e == _BLANK_ENTRY else e for e in token.entries],
        [[i.name, i.size, i.version, i.secure_version, i.digest] for i in token.images],
        [list(pair) for pair in token.placed],
        token.update,
        token.efuse_bits,
        token.chunk,
    ]
    return pack_token(PREFIX, record)


def decode_token(text: str) -> Token:
    """Return the token that a text holds; raises InputError for anything else."""
    return unpack_token(PREFIX, text, _decode)


def _decode(record: Any) -> Token:
    claim_id, scenario, cut, config, size, rows, entries, images, placed, update, efuse_bits, chunk = record
    call_index, op_index, torn, efuse_done = cut
    token = Token(
        claim_id,
        Scenario(scenario),
        CutPoint(call_index, op_index, None if torn is None else Torn.parse(torn), efuse_done),
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
    )
    try:
        _check(token)
    except TableError as error:
        raise ValueError(str(error)) from None
    return token


def _check(token: Token) -> None:
    """Raise ValueError, TypeError or LookupError for a token that no check has made."""
    cut = token.cut
    numbers = [cut.call_index, cut.op_index, cut.efuse_done or 0, token.flash_size, token.update, token.efuse_bits]
    numbers += [token.chunk, *(number for _, number in token.placed)]
    numbers += [number for image in token.images for number in (image.size, image.secure_version)]
    numbers += [number for p in token.table for number in (p.type, p.subtype, p.offset, p.size)]
    if any(type(number) is not int or not 0 <= number < 1 << 32 for number in numbers):
        raise ValueError("a number is out of range")
    names = [token.claim_id, *(p.label for p in token.table), *(label for label, _ in token.placed)]
    names += [text for image in token.images for text in (image.name, image.version, image.digest)]
    if not all(isinstance(name, str) for name in names):
        raise TypeError("a name is no text")
    if not all(name.isprintable() for name in (token.claim_id, *(image.name for image in token.images))):
        raise ValueError("a name holds control characters")
    encode_table(token.table)
    ends = [partition.end for partition in token.table]
    ends += [_partition(token, label).offset + token.images[number].size for label, number in token.placed]
    if token.flash_size % SECTOR_SIZE:
        raise ValueError("the flash is not whole sectors")
    if token.flash_size > _LARGEST_FLASH or max(ends) > token.flash_size or token.chunk == 0:
        raise ValueError("the flash does not hold it")
    if any(p.offset % SECTOR_SIZE for p in token.table if p.is_app or p.is_otadata):
        raise ValueError("a partition does not begin at a sector")
    # make_token names only tables that begin in flash, and images that a slot holds.
    if token.config.table_offset + TABLE_MAX_LENGTH > token.flash_size:
        raise ValueError("the flash does not hold its partition table")
    largest = max((p.size for p in token.table if p.is_app), default=0)
    for image in token.images:
        int(image.digest, 16)
        if image.size > largest:
            raise ValueError("an image is larger than every slot")
        if image.size < MIN_IMAGE_SIZE:
            raise ValueError("an image is too short")
    if any(len(bytes.fromhex(entry)) != ENTRY_SIZE for entry in token.entries or ()):
        raise ValueError("an otadata entry is not 32 bytes")
    _ = token.images[token.update]


def _partition(token: Token, label: str) -> Partition:
    return {partition.label: partition for partition in token.table}[label]


def dut_of_token(token: Token, files: Iterable[bytes] = ()) -> DeviceUnderTest:
    """Return the device of a token; of `files`, those whose digest it names take the place of built images."""
    by_digest = {_digest(contents): contents for contents in files}
    images = tuple(_image_of(note, by_digest.get(note.digest), token.config) for note in token.images)
    cells = Cells.erased(token.flash_size)
    cells = cells.with_bytes(token.config.table_offset, encode_table(token.table))
    for label, number in token.placed:
        cells = cells.with_bytes(_partition(token, label).offset, images[number].contents)
    dut = DeviceUnderTest(token.config, token.table, cells, images, images[token.update], token.efuse_bits, token.chunk)
    if token.entries is None or dut.otadata is None:
        return dut
    for number, entry in enumerate(token.entries):
        cells = cells.with_bytes(dut.otadata.offset + SECTOR_SIZE * number, bytes.fromhex(entry))
    return replace(dut, cells=cells)


def _note(image: NamedImage) -> ImageNote:
    return ImageNote(image.name, len(image.contents), image.version, image.secure_version, _digest(image.contents))


def _digest(contents: bytes) -> str:
    return hashlib.sha256(contents).hexdigest()[:_DIGEST_DIGITS]


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
