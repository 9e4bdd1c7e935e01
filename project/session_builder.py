"""From files to the session that brings a bootloader or a partition table to a device."""

from dataclasses import dataclass, replace
from pathlib import Path

from ..campaign.unsafe_update.session import SessionDevice, UpdateKind
from ..errors import InputError
from ..impl.chip.cells import SECTOR_SIZE, Cells
from ..impl.chip.chips import CHIPS
from ..impl.chip.flash import Strictness
from ..impl.image.format import HASH_SIZE, IMAGE_HEADER_SIZE, decode_header
from ..impl.partitions.table import TABLE_MAGIC, TABLE_MAX_LENGTH, TableError, encode_table
from ..impl.rom import read_bootloader
from .device_builder import DeviceToCheck
from .files import parse_table, read_file
from .flash_regions import check_bootloader
from .option_reader import ConfigValue, Origin
from .resolve import Resolved

_OF_APPLICATIONS = ("update image",)
"""Values that only an update of the application rests on."""


@dataclass(frozen=True, slots=True)
class SessionToCheck:
    """The session, and what it rests on."""

    device: SessionDevice
    values: tuple[ConfigValue, ...]
    notes: tuple[str, ...]


def build_session(resolved: Resolved, built: DeviceToCheck, kind: UpdateKind, update: Path | None) -> SessionToCheck:
    """Return the session that brings `update` to the device; None: what is there once more.

    Raises InputError, one line, for files that are not of that kind or do not fit."""
    builder = _build_table if kind is UpdateKind.PARTITION_TABLE else _build_bootloader
    device, values = builder(resolved, built, update)
    dut = replace(device.dut, strictness=Strictness.CHIP)
    kept = tuple(value for value in built.values if value.name not in _OF_APPLICATIONS)
    return SessionToCheck(replace(device, dut=dut), (*kept, *values), tuple(built.notes))


def _build_table(
    resolved: Resolved, built: DeviceToCheck, update: Path | None
) -> tuple[SessionDevice, list[ConfigValue]]:
    old = built.world.cells.read(resolved.config.table_offset, SECTOR_SIZE)
    new = old[:TABLE_MAX_LENGTH] if update is None else _table_bytes(update, resolved)
    device = SessionDevice(built.world, UpdateKind.PARTITION_TABLE, old, new)
    return device, [_told("new partition table", update, "the table that is there once more")]


def _table_bytes(path: Path, resolved: Resolved) -> bytes:
    """Return what the update writes: a binary table as it is, one in CSV as its generator makes it."""
    contents = read_file(path)
    try:
        table = parse_table(contents, resolved.places)
        return contents if contents.startswith(TABLE_MAGIC) else encode_table(table, resolved.config.table_md5)
    except TableError as error:
        raise InputError(f"{path}: {error}") from None


def _build_bootloader(
    resolved: Resolved, built: DeviceToCheck, update: Path | None
) -> tuple[SessionDevice, list[ConfigValue]]:
    config, cells = resolved.config, built.world.cells
    start = CHIPS[config.chip].bootloader_offset
    values = []
    if resolved.flash is not None:
        started = read_bootloader(cells, start, config.table_offset - start)
        if started is None:
            raise InputError(f"{resolved.inputs.flash_file}: no whole bootloader at 0x{start:x}, so nothing starts")
        old = cells.read(start, len(started) + HASH_SIZE * decode_header(started[:IMAGE_HEADER_SIZE]).hash_appended)
    else:
        path = resolved.bootloader or update
        old = _bootloader_bytes(path, resolved)
        values.append(_told("bootloader", resolved.bootloader, "not given: the new one"))
    new = old if update is None else _bootloader_bytes(update, resolved)
    world = replace(built.world, cells=cells.with_bytes(start, old))
    values.append(_told("new bootloader", update, "the one that is there once more"))
    return SessionDevice(world, UpdateKind.BOOTLOADER, old, new), values


def _bootloader_bytes(path: Path | None, resolved: Resolved) -> bytes:
    if path is None:
        raise InputError("no bootloader: give --bootloader or --update, the bootloader.bin of a build")
    contents, config = read_file(path), resolved.config
    check_bootloader(contents, str(path), config)
    start = CHIPS[config.chip].bootloader_offset
    flash = Cells.erased(config.table_offset).with_bytes(start, contents)
    if read_bootloader(flash, start, config.table_offset - start) is None:
        raise InputError(f"{path}: its checksum is wrong, or it is cut off: the ROM would not start it")
    return contents


def _told(name: str, path: Path | None, otherwise: str) -> ConfigValue:
    if path is None:
        return ConfigValue(name, otherwise, Origin("not given", assumed=True))
    return ConfigValue(name, path.name, Origin(str(path)))
