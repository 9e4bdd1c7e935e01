"""A board whose otadata, images and secure versions may be anything, on which whole calls of impl run unchanged.

A SymbolicFlash answers reads of otadata with symbolic bytes and logs what is erased and programmed, with its bytes. The
partition table on it is real. Of an app partition only two things are read: whether its image verifies, and what its
description says; both are those of a slot of the device model. The eFuse is impl's own; its bits are known.

What stands for something else, while `symbolic_calls` is on: SymStruct for Python's struct (the layout is impl's own
text), the open functions of symbolic_entries.py, `verify_image` and `decode_app_desc`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import z3

from ...impl import bootloader, otadata
from ...impl.app import esp_ota_select
from ...impl.chip.cells import SECTOR_SIZE, Cells
from ...impl.chip.efuse import Efuse
from ...impl.chip.flash import NorFlash
from ...impl.esp_err import EspErr
from ...impl.image import format as image_format
from ...impl.image.format import APP_DESC_MAGIC, APP_DESC_OFFSET, APP_DESC_SIZE, AppDesc
from ...impl.image.verify_rules import ImageInvalid, VerifyMode
from ...impl.otadata import ENTRY_SIZE
from ...impl.partitions.partition import AppSubtype, DataSubtype, Partition, PartitionType
from ...impl.partitions.table import encode_table
from .impl_refines_model import EntryView
from .symbolic_entries import FIRST, SECOND, SLOT_OF, open_calls, standing_in
from .symbolic_execution import SymBool, SymWord, bits_of

OTADATA = 0xD000
SLOT_SIZE = 0x10000
LABELS = z3.BitVec("label0", 160), z3.BitVec("label1", 160)
"""The 20 bytes of each entry that nobody reads."""


class UnknownAccess(Exception):
    """impl did something that a symbolic board has no answer for."""


@dataclass(frozen=True, slots=True)
class SymBytes:
    """Bytes that may be anything: a z3 bit-vector with byte 0 in its lowest bits."""

    term: Any

    def __len__(self) -> int:
        """Return how many bytes there are."""
        return int(self.term.size()) // 8

    def part(self, start: int, length: int) -> Any:
        """Return `length` bytes from `start` as a z3 bit-vector."""
        return z3.simplify(z3.Extract(8 * (start + length) - 1, 8 * start, self.term))


class SymStruct:
    """Python's struct for a little-endian layout of 32-bit words and byte strings, on symbolic bytes."""

    def __init__(self, layout: str) -> None:
        """Take a layout such as "<I20sII"; raises ValueError for any other kind."""
        if not re.fullmatch(r"<(I|\d+s)+", layout):
            raise ValueError(f"{layout!r}: only little-endian words and byte strings")
        self.format = layout
        self._sizes = [(4, True) if part == "I" else (int(part[:-1]), False) for part in re.findall(r"I|\d+s", layout)]

    def unpack(self, raw: SymBytes) -> Iterator[Any]:
        """Yield the words and byte strings."""
        start = 0
        for size, is_word in self._sizes:
            bits = raw.part(start, size)
            yield SymWord(z3.ZeroExt(1, bits), 0, 0xFFFFFFFF) if is_word else SymBytes(bits)
            start += size

    def pack(self, *values: Any) -> SymBytes:
        """Return the bytes."""
        parts = [_bits(value, size) for value, (size, _) in zip(values, self._sizes, strict=True)]
        return SymBytes(z3.simplify(z3.Concat(*reversed(parts))))


def _bits(value: Any, size: int) -> Any:
    if isinstance(value, SymBytes):
        return value.term
    if isinstance(value, bytes):
        return z3.BitVecVal(int.from_bytes(value, "little"), 8 * size)
    return bits_of(value, 8 * size)


BLANK = SymBytes(z3.BitVecVal((1 << 8 * ENTRY_SIZE) - 1, 8 * ENTRY_SIZE))


class SmallWord(SymWord):
    """A word of few values, made anew in each run.

    It is compared as any word. Where the code counts with it, or uses it as an index, a key or a shift, forks decide
    which value it has."""

    __slots__ = ("_value",)

    def __init__(self, term: Any, low: int, high: int) -> None:
        """Wrap a z3 bit-vector within bounds."""
        super().__init__(term, low, high)
        self._value: int | None = None

    def __index__(self) -> int:
        """Return its value on the path that is being run."""
        if self._value is None:
            below = (value for value in range(self.low, self.high) if self == value)
            self._value = next(below, self.high)
        return self._value

    def __hash__(self) -> int:
        """Return the hash of its value."""
        return hash(self.__index__())

    def __add__(self, other: int) -> int:  # type: ignore[override]  # known by now
        """Return the sum."""
        return self.__index__() + other

    __radd__ = __add__  # type: ignore[assignment]

    def __rlshift__(self, other: int) -> int:
        """Return the number shifted by it."""
        return other << self.__index__()


@dataclass(frozen=True, slots=True)
class EraseOp:
    """The sector at an address is erased."""

    address: int


@dataclass(frozen=True, slots=True)
class ProgramOp:
    """Bytes are programmed at an address."""

    address: int
    data: SymBytes


@dataclass(frozen=True, slots=True)
class BurnOp:
    """Bits of the eFuse field are burned."""

    bits: int


FlashLog = list[EraseOp | ProgramOp | BurnOp]


@dataclass(frozen=True, slots=True)
class Description:
    """The bytes of a description, of which two words count."""

    is_there: Any
    version: Any
    """z3 bit-vector of 2 bits at most; None: 0."""


class SymbolicFlash(NorFlash):
    """A chip with a real partition table, and with otadata and images that may be anything."""

    def __init__(self, view: EntryView) -> None:
        """Take the slots and the factory partition that the scope of the view has."""
        self._view = view
        scope = view.scope
        self.table = partition_table(scope.slots, scope.has_factory)
        size = (max(partition.end for partition in self.table) + SLOT_SIZE - 1) // SLOT_SIZE * SLOT_SIZE
        super().__init__(Cells.erased(size).with_bytes(scope.config.table_offset, encode_table(self.table)))
        self.log: FlashLog = []
        entries = zip((FIRST, SECOND), LABELS, strict=True)
        self._entries = [SymBytes(z3.Concat(entry.crc, entry.state, label, entry.seq)) for entry, label in entries]
        self._is_wiped: set[int] = set()

    @property
    def unwatched(self) -> None:
        """Nothing: the cells are not what is read."""

    def read(self, address: int, length: int) -> Any:
        """Return bytes of the table, an entry of otadata, or a description."""
        partition = self._partition_at(address)
        if partition is None:
            return super().read(address, length)
        if partition.is_otadata and length == ENTRY_SIZE and (address - partition.offset) % SECTOR_SIZE == 0:
            return self._entries[(address - partition.offset) // SECTOR_SIZE]
        if partition.is_app and (address - partition.offset, length) == (APP_DESC_OFFSET, APP_DESC_SIZE):
            return self._description(partition)
        raise UnknownAccess(f"read of {length} bytes at 0x{address:x}")

    def erase_sector(self, address: int) -> None:
        """Log the erase of a sector, and have it blank."""
        partition = self._partition_at(address)
        self.log.append(EraseOp(address))
        if partition is not None and partition.is_otadata:
            self._entries[(address - partition.offset) // SECTOR_SIZE] = BLANK
        elif partition is not None and partition.is_ota_slot and address == partition.offset:
            self._is_wiped.add(partition.slot)

    def program(self, address: int, data: Any) -> None:
        """Log a program; in otadata, bits go from 1 to 0."""
        partition = self._partition_at(address)
        self.log.append(ProgramOp(address, SymBytes(_bits(data, len(data)))))
        if partition is not None and partition.is_otadata:
            sector, offset = divmod(address - partition.offset, SECTOR_SIZE)
            if offset or len(data) != ENTRY_SIZE:
                raise UnknownAccess(f"program of {len(data)} bytes at 0x{address:x}")
            self._entries[sector] = SymBytes(z3.simplify(self._entries[sector].term & _bits(data, ENTRY_SIZE)))

    def is_image_right(self, offset: int, size: int) -> bool:
        """Tell whether the image in a partition verifies; forks."""
        partition = self._partition_at(offset)
        if partition is None or not partition.is_app or (partition.offset, partition.size) != (offset, size):
            raise UnknownAccess(f"verification of 0x{size:x} bytes at 0x{offset:x}")
        if partition.is_factory:
            return True
        slot = self._view.device.slots[partition.slot]
        return partition.slot not in self._is_wiped and bool(SymBool(self._view(slot.is_complete)))

    def _description(self, partition: Partition) -> Description:
        if partition.is_factory:
            return Description(z3.BoolVal(True), None)
        if partition.slot in self._is_wiped:
            return Description(z3.BoolVal(False), None)
        slot = self._view.device.slots[partition.slot]
        has_versions = self._view.scope.config.anti_rollback
        return Description(self._view(slot.has_description), self._view(slot.version) if has_versions else None)

    def _partition_at(self, address: int) -> Partition | None:
        return next((p for p in self.table if p.offset <= address < p.end), None)


class SymbolicEfuse(Efuse):
    """impl's eFuse, whose burns are logged with the operations of the flash."""

    def __init__(self, bits: int, secure_version_bits: int, flash: SymbolicFlash) -> None:
        """Start with these bits."""
        super().__init__(bits, secure_version_bits)
        self._flash = flash

    def _burn(self, new_bits: int) -> None:
        self._flash.log.append(BurnOp(new_bits))
        super()._burn(new_bits)


def partition_table(slots: int, has_factory: bool) -> tuple[Partition, ...]:
    """Return a table with otadata, the factory partition if there is one, and the slots."""
    subtypes = [AppSubtype.FACTORY] * has_factory + [AppSubtype.OTA_0 + slot for slot in range(slots)]
    apps = (
        Partition(
            "factory" if subtype == AppSubtype.FACTORY else f"ota_{subtype & 0x0F}",
            PartitionType.APP,
            subtype,
            (place + 1) * SLOT_SIZE,
            2 * SECTOR_SIZE,
        )
        for place, subtype in enumerate(subtypes)
    )
    return (Partition("otadata", PartitionType.DATA, DataSubtype.OTA, OTADATA, 2 * SECTOR_SIZE), *apps)


@contextmanager
def symbolic_calls() -> Iterator[None]:
    """Let whole calls run on a symbolic board, for a while."""
    stand_ins = (
        (otadata, "_LAYOUT", SymStruct(otadata._LAYOUT.format)),
        (bootloader, "slot_of_seq", _slot_of_seq),
        (esp_ota_select, "slot_of_seq", _slot_of_seq),
        (bootloader, "verify_image", _verify_image),
        (esp_ota_select, "verify_image", _verify_image),
        (image_format, "decode_app_desc", _decode_app_desc),
        (esp_ota_select, "decode_app_desc", _decode_app_desc),
    )
    with open_calls(), standing_in(stand_ins):
        yield


def _slot_of_seq(ota_seq: SymWord | int, slot_count: int) -> SmallWord:
    slot = SLOT_OF(bits_of(ota_seq), z3.BitVecVal(slot_count, 32))
    return SmallWord(z3.ZeroExt(1, slot), 0, slot_count - 1)


def _verify_image(
    flash: SymbolicFlash,
    offset: int,
    size: int,
    config: object,
    mode: VerifyMode,
    secure_version: int = 0,
    is_wake_up: bool = False,
    bootloader_offset: int | None = None,
) -> None:
    if is_wake_up or offset == bootloader_offset or mode is VerifyMode.BOOTLOADER_LOAD_NO_VALIDATE:
        raise UnknownAccess(f"verification as {mode.value}")
    if not flash.is_image_right(offset, size):
        raise ImageInvalid(EspErr.IMAGE_INVALID, "it does not verify")


def _decode_app_desc(raw: Description) -> AppDesc:
    magic = SymWord(z3.ZeroExt(1, z3.If(raw.is_there, z3.BitVecVal(APP_DESC_MAGIC, 32), 0)), 0, 0xFFFFFFFF)
    version: Any = 0
    if raw.version is not None:
        version = SmallWord(z3.ZeroExt(1, raw.version), 0, (1 << raw.version.size()) - 1)
    return AppDesc(magic, version, "", "", "", "", "")  # type: ignore[arg-type]  # words stand for numbers
