"""What `otaproof explain` looks at: a flash, its partition table, and what the bytes tell of the builds that made them.

Without a dump there are no images: then every app partition gets one that verifies, and the report says so.
"""

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from ..campaign.explain.explanation import app_table, bootloader_table
from ..campaign.explain.found_images import header_chip_ids, read_images
from ..errors import InputError
from ..impl.chip.cells import SECTOR_SIZE, Cells
from ..impl.chip.chips import CHIPS
from ..impl.image.format import MIN_IMAGE_SIZE, build_image
from ..impl.otadata import SEQ_EMPTY, decode_entry, is_crc_right
from ..impl.partitions.partition import Partition
from ..impl.partitions.table import MD5_MAGIC, TABLE_MAGIC, TableError, decode_table, encode_table, load_partitions
from ..model.config import Chip, Config, Release
from ..model.ota_state import OtaImgState
from .files import FLASH_SIZES, OTADATA_SIZE, read_file, read_otadata, read_table
from .option_reader import Origin, Setting
from .sdkconfig import given_options
from .settings import read_settings

ROLLBACK_TEXTS = (
    b"Running app has not confirmed state (ESP_OTA_IMG_PENDING_VERIFY)",
    b"OTA verification failed! Start rollback to the previous version",
)
"""What esp_ota_begin and Arduino's initArduino log; compiled only with rollback. As in load.py."""
_TABLE_OFFSETS = range(0x8000, 0x40000, SECTOR_SIZE)
"""Where a table is looked for when nobody says where it is."""
_SMALLEST_DUMP = 0x9000
_BOOTLOADER_DESC = struct.Struct("<BxxBI32s")
_BOOTLOADER_DESC_MAGIC = 0x50
_STAND_IN_SIZE = 4096


@dataclass(frozen=True, slots=True)
class Given:
    """What the command line says of the device."""

    dump: Path | None
    otadata: Path | None
    partitions: Path | None
    rollback: bool | None
    anti_rollback: bool
    efuse: int
    chip: str | None
    table_offset: str | None
    bootloader_release: Release | None


@dataclass(slots=True)
class Loaded:
    """What there is to explain."""

    title: str
    cells: Cells
    config: Config
    """But for releases and rollback."""
    table: tuple[Partition, ...]
    """As the bootloader of the newest release reads it; as the application does where that one refuses it."""
    knows_images: bool
    knows_table: bool
    rollback: tuple[bool, ...]
    """Both where nobody tells."""
    bootloader_release: Release | None
    """None: that of the application."""
    efuse_bits: int
    settings: list[Setting] = field(default_factory=list)
    """Every value with its origin."""
    notes: list[str] = field(default_factory=list)
    app_releases: dict[Release, list[str]] = field(default_factory=dict)
    """The rules that images name, with the labels of those."""


def load(given: Given) -> Loaded:
    """Return what to explain; raises InputError, one line, for what cannot be read."""
    if (given.dump is None) == (given.otadata is None):
        raise InputError("give a dump of the whole flash, or --otadata FILE (with --partitions FILE), one of the two")
    if given.dump is not None and given.partitions is not None:
        raise InputError("--partitions goes with --otadata; a dump of the flash has its own table")
    return _from_dump(given, given.dump) if given.dump is not None else _from_otadata(given)


def _from_dump(given: Given, path: Path) -> Loaded:
    contents = read_file(path)
    notes: list[str] = []
    cells = _dump_cells(path, contents, notes)
    offset = _table_offset(given, cells, path, notes)
    base = _base_config(given, offset)
    settings: list[Setting] = []
    chip, origin, revision = _chip_of(given, cells, base, offset)
    if chip is not base.chip:
        base = _base_config(given, offset, chip)
    settings.append(Setting("chip", chip.value, origin))
    config = replace(
        base, chip_revision=max(base.chip_revision, revision), table_md5=_has_md5(cells, base.table_offset)
    )
    if not config.table_md5:
        notes.append("the table has no MD5 row: CONFIG_PARTITION_TABLE_MD5 is taken to be off")
    table = _any_table(cells, config)
    loaded = Loaded(
        f"{path}, {_size(len(contents))}",
        cells,
        config,
        table,
        knows_images=True,
        knows_table=True,
        rollback=(),
        bootloader_release=None,
        efuse_bits=(1 << given.efuse) - 1,
        settings=settings,
        notes=notes,
    )
    _read_releases(given, loaded)
    _decide_rollback(given, loaded)
    return loaded


def _from_otadata(given: Given) -> Loaded:
    assert given.otadata is not None
    raw = read_otadata(given.otadata)
    base = _base_config(given, None)
    notes: list[str] = []
    if given.partitions is not None:
        table = read_table(given.partitions, base.table_offset, CHIPS[base.chip].bootloader_offset)
    else:
        table = (
            Partition("otadata", 1, 0, 0xD000, OTADATA_SIZE),
            Partition("ota_0", 0, 0x10, 0x10000, 0x100000),
            Partition("ota_1", 0, 0x11, 0x110000, 0x100000),
        )
        notes.append(
            "no --partitions: two slots, ota_0 and ota_1, and no factory partition are assumed; with another number "
            "of slots the numbers name others"
        )
    otadata = next((p for p in reversed(table) if p.is_otadata), None)
    if otadata is None:
        raise InputError(f"{given.partitions}: has no otadata partition that --otadata could be from")
    if otadata.size < OTADATA_SIZE:
        raise InputError(f"{given.partitions}: {otadata.label!r} has 0x{otadata.size:x} bytes, not 0x{OTADATA_SIZE:x}")
    cells = _cells_of(given, table, base).with_bytes(otadata.offset, raw)
    names = [p.label for p in table if p.is_app]
    notes.append(
        f"no dump: what {', '.join(names)} hold is unknown; each is taken to hold a whole image, and one that does "
        "not is passed over in the order told below"
    )
    loaded = Loaded(
        f"{given.otadata}, {given.partitions or 'no partition table'}",
        cells,
        base,
        table,
        knows_images=False,
        knows_table=given.partitions is not None,
        rollback=(),
        bootloader_release=given.bootloader_release,
        efuse_bits=(1 << given.efuse) - 1,
        settings=[Setting("chip", base.chip.value, _said(given.chip, "--chip", "idf.py's default target"))],
        notes=notes,
    )
    _decide_rollback(given, loaded)
    return loaded


def _cells_of(given: Given, table: tuple[Partition, ...], config: Config) -> Cells:
    """Return a flash that the table fits, with stand-ins for the images."""
    end = max(partition.end for partition in table)
    size = next((size for size in FLASH_SIZES if size >= end), None)
    if size is None:
        raise InputError(f"{given.partitions}: ends at 0x{end:x}, beyond the largest flash of 128 MiB")
    cells = Cells.erased(size).with_bytes(config.table_offset, encode_table(table, config.table_md5))
    for number, partition in enumerate(p for p in table if p.is_app):
        length = min(partition.size, _STAND_IN_SIZE)
        if length >= MIN_IMAGE_SIZE:
            image = build_image(
                config.chip, size=length, version="?", project_name="?", secure_version=given.efuse, seed=number
            )
            cells = cells.with_bytes(partition.offset, image)
    return cells


def _dump_cells(path: Path, contents: bytes, notes: list[str]) -> Cells:
    if len(contents) == OTADATA_SIZE:
        raise InputError(f"{path}: 0x2000 bytes are an otadata partition, not a flash: --otadata {path}")
    if len(contents) % SECTOR_SIZE or len(contents) < _SMALLEST_DUMP:
        raise InputError(
            f"{path}: 0x{len(contents):x} bytes are no dump of a flash (whole sectors of 0x1000, up to the table at "
            f"least): esptool read-flash 0 ALL {path.name}"
        )
    if len(contents) > FLASH_SIZES[-1]:
        raise InputError(f"{path}: 0x{len(contents):x} bytes, more than the largest flash of 128 MiB")
    if len(contents) not in FLASH_SIZES:
        notes.append(f"0x{len(contents):x} bytes are the size of no flash chip; if the dump is cut off, so is this")
    return Cells.from_bytes(contents)


def _table_offset(given: Given, cells: Cells, path: Path, notes: list[str]) -> int | None:
    """Return where the table is: as given, else 0x8000, else where one can be read; None for 0x8000."""
    if given.table_offset is not None:
        return _base_config(given, None).table_offset
    usual = Config().table_offset
    if _begins_table(cells, usual):
        return None
    for offset in _TABLE_OFFSETS:
        if offset + SECTOR_SIZE <= cells.size and _begins_table(cells, offset) and _is_table(cells, offset):
            notes.append(f"the partition table was found at 0x{offset:x}, not at 0x8000")
            return offset
    blank = cells.read(usual, SECTOR_SIZE).count(0xFF) == SECTOR_SIZE
    why = "that sector is erased" if blank else f"it begins with {cells.read(usual, 2).hex()}; is the flash encrypted?"
    raise InputError(f"{path}: no partition table at 0x{usual:x} or after ({why}); give --table-offset")


def _begins_table(cells: Cells, offset: int) -> bool:
    return cells.read(offset, len(TABLE_MAGIC)) == TABLE_MAGIC


def _is_table(cells: Cells, offset: int) -> bool:
    try:
        decode_table(cells.read(offset, 0xC00), cells.size, Release.V6_2_DEV)
    except TableError:
        return False
    return True


def _has_md5(cells: Cells, offset: int) -> bool:
    raw = cells.read(offset, 0xC00)
    return any(raw[at : at + 2] == MD5_MAGIC for at in range(0, len(raw), 32))


def _any_table(cells: Cells, config: Config) -> tuple[Partition, ...]:
    """Return the rows of the table, whoever can read them."""
    for reader in (bootloader_table, app_table):
        table, problem = reader(cells, config)
        if problem is None:
            return table
    try:
        return load_partitions(cells.read(config.table_offset, SECTOR_SIZE), config.app_release, needs_md5=False)
    except TableError:
        return ()


def _base_config(given: Given, offset: int | None, chip: Chip | None = None) -> Config:
    """Return the configuration that the options make, without releases and rollback."""
    said = []
    name = given.chip if chip is None else chip.value
    if name is not None:
        said.append(given_options([f'CONFIG_IDF_TARGET="{name}"'], "--chip"))
    place = given.table_offset if offset is None else f"0x{offset:x}"
    if place is not None:
        said.append(given_options([f"CONFIG_PARTITION_TABLE_OFFSET={place}"], "--table-offset"))
    if given.anti_rollback:
        both = ["CONFIG_BOOTLOADER_APP_ROLLBACK_ENABLE=y", "CONFIG_BOOTLOADER_APP_ANTI_ROLLBACK=y"]
        said.append(given_options(both, "--anti-rollback"))
    first, *rest = said or [given_options([], "")]
    return read_settings(first.overlaid(*rest)).config


def _chip_of(given: Given, cells: Cells, base: Config, offset: int | None) -> tuple[Chip, Origin, int]:
    """Return the chip, who says so, and the least revision that its images ask for."""
    apps = tuple(p.offset for p in _any_table(cells, base) if p.is_app and p.offset < cells.size)
    found = list(header_chip_ids(cells, apps)) or list(header_chip_ids(cells, (0x1000, 0x0, 0x2000)))
    known = {traits.chip_id: chip for chip, traits in CHIPS.items()}
    chips = [(known[chip_id], revision) for chip_id, revision in found if chip_id in known]
    revision = max((least for _, least in chips if least < 0xFFFF), default=0)
    if given.chip is not None:
        return base.chip, Origin("--chip"), revision
    if not chips:
        return base.chip, Origin("no image names one; idf.py's default target", assumed=True), 0
    return chips[0][0], Origin("the headers of the images"), revision


def _read_releases(given: Given, loaded: Loaded) -> None:
    """Note what the images say of the releases that built them."""
    for image in read_images(loaded.cells, loaded.table, loaded.config, loaded.efuse_bits):
        if image.desc is not None and image.desc.secure_version and not given.anti_rollback:
            loaded.notes.append(
                f"the image in {image.label} has secure version {image.desc.secure_version}; if the builds have "
                "anti-rollback, say --anti-rollback --efuse N"
            )
        release = None if image.desc is None else _parse_release(image.desc.idf_ver)
        if release is not None:
            loaded.app_releases.setdefault(release, []).append(image.label)
    named = [f"{release.label} ({', '.join(labels)})" for release, labels in sorted(loaded.app_releases.items())]
    if named:
        loaded.settings.append(Setting("rules of the application", ", ".join(named), Origin("the images name them")))
    loaded.bootloader_release = given.bootloader_release
    at = CHIPS[loaded.config.chip].bootloader_offset + 32
    magic, _, _, text = _BOOTLOADER_DESC.unpack(loaded.cells.read(at, _BOOTLOADER_DESC.size))
    told = text.split(b"\0")[0].decode("latin-1")
    if given.bootloader_release is not None:
        origin = Origin("--bootloader-idf")
    elif magic == _BOOTLOADER_DESC_MAGIC and (release := _parse_release(told)) is not None:
        loaded.bootloader_release, origin = release, Origin(f"the bootloader in the dump, built with {told}")
    else:
        origin = Origin("the bootloader in the dump does not say", assumed=True)
    name = "as the application" if loaded.bootloader_release is None else loaded.bootloader_release.label
    loaded.settings.append(Setting("rules of the bootloader", name, origin))


def _parse_release(text: str) -> Release | None:
    """Return the rules of a version as images name it, such as "v5.1.3-dirty" or "esp-idf: v4.4.6 3572900934"."""
    match = re.search(r"v?(\d+\.\d+)(\.\d+)?(-[\w.-]+)?", text)
    if match is None:
        return None
    for name in (match[0], match[1]):
        try:
            return Release.parse(name)
        except ValueError:
            continue
    return None


def _decide_rollback(given: Given, loaded: Loaded) -> None:
    """Decide whether rollback is on: the options say it, or an image, or an entry; else both are looked at."""
    found = _rollback_told(given, loaded)
    if found is None:
        loaded.rollback = (True, False)
        loaded.settings.append(
            Setting("app rollback", "unknown", Origin("neither images nor otadata tell; both are shown", assumed=True))
        )
    else:
        is_on, origin = found
        loaded.rollback = (is_on,)
        loaded.settings.append(Setting("app rollback", "on" if is_on else "off", origin))
    origin = Origin("--anti-rollback") if given.anti_rollback else Origin("no --anti-rollback", assumed=True)
    loaded.settings.append(Setting("anti-rollback", "on" if given.anti_rollback else "off", origin))
    if given.anti_rollback:
        loaded.settings.append(Setting("secure version in eFuse", str(given.efuse), Origin("--efuse")))


def _rollback_told(given: Given, loaded: Loaded) -> tuple[bool, Origin] | None:
    if given.rollback is not None:
        return given.rollback, Origin("--rollback" if given.rollback else "--no-rollback")
    if given.anti_rollback:
        return True, Origin("--anti-rollback needs it")
    for partition in loaded.table if loaded.knows_images else ():
        if partition.is_app and partition.offset < loaded.cells.size:
            size = min(partition.size, loaded.cells.size - partition.offset)
            contents = loaded.cells.read(partition.offset, size)
            if any(text in contents for text in ROLLBACK_TEXTS):
                return True, Origin(f"the image in {partition.label} logs what only a build with rollback can")
    for number, state in _right_states(loaded):
        if state in (OtaImgState.NEW, OtaImgState.PENDING_VERIFY, OtaImgState.ABORTED):
            return True, Origin(
                f"entry {number} is {OtaImgState(state).name}, written only with rollback", assumed=True
            )
    return None


def _right_states(loaded: Loaded) -> Iterator[tuple[int, int]]:
    """Yield the numbers and states of entries whose check word is right."""
    otadata = next((p for p in reversed(loaded.table) if p.is_otadata and p.size >= OTADATA_SIZE), None)
    if otadata is None:
        return
    for number in range(2):
        entry = decode_entry(loaded.cells.read(otadata.offset + number * SECTOR_SIZE, 32))
        if entry.ota_seq != SEQ_EMPTY and is_crc_right(entry):
            yield number, entry.ota_state


def _said(value: object, argument: str, otherwise: str) -> Origin:
    return Origin(otherwise, assumed=True) if value is None else Origin(argument)


def _size(length: int) -> str:
    return f"{length >> 20} MiB" if length % (1 << 20) == 0 else f"0x{length:x} bytes"
