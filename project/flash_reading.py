"""What a dump of a whole flash holds: the partition table, wherever it lies, and the images."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from ..errors import InputError
from ..impl.chip.cells import SECTOR_SIZE, Cells
from ..impl.chip.chips import CHIPS
from ..impl.otadata import ENTRY_SIZE, SEQ_EMPTY, EntryPair, active_otadata, decode_entry, is_crc_right, slot_of_seq
from ..impl.partitions.partition import Partition
from ..impl.partitions.table import MD5_MAGIC, TABLE_MAGIC, TABLE_MAX_LENGTH, TableError, decode_table, load_partitions
from ..model.config import Chip, Config, Release
from ..model.ota_state import OtaImgState
from .files import FLASH_SIZES, OTADATA_SIZE, read_file
from .image_evidence import ROLLBACK, ImageEvidence, app_evidence, bootloader_evidence
from .mistaken_dump import not_a_dump
from .sdkconfig import Option

_TABLE_OFFSETS = range(0x8000, 0x40000, SECTOR_SIZE)
"""Where a table is looked for when nobody says where it is."""
_MMU_PAGE = 0x10000
_STRAY_LENGTH = 0x1000
"""Bytes of a misplaced image that are read: its header and description."""
_SMALLEST_DUMP = 0x9000
_BOOTLOADER_OFFSETS = tuple(dict.fromkeys(traits.bootloader_offset for traits in CHIPS.values()))
_BOOTLOADER_LENGTH = 0x8000
_ONLY_WITH_ROLLBACK = (OtaImgState.NEW, OtaImgState.PENDING_VERIFY, OtaImgState.ABORTED)


@dataclass(frozen=True, slots=True)
class FlashReading:
    """What a flash holds, as far as it can be read without knowing the builds."""

    path: Path
    cells: Cells
    table_offset: Option
    """CONFIG_PARTITION_TABLE_OFFSET: where a table begins."""
    table: tuple[Partition, ...]
    """The rows, whoever can read them; empty where nobody can."""
    table_md5: Option | None
    """CONFIG_PARTITION_TABLE_MD5 where the table has no MD5 row."""
    apps: tuple[ImageEvidence, ...]
    """What the images tell, that of the image that otadata selects first."""
    bootloader: ImageEvidence | None
    stray: tuple[int, ...]
    """Where applications lie although no app partition begins there: outside of app partitions, and inside of them too
    where none holds one at its beginning."""
    header_size: int | None
    """Bytes of flash by the bootloader's own header, where the table ends beyond them; None where all is well."""
    state: Option | None
    """CONFIG_BOOTLOADER_APP_ROLLBACK_ENABLE where an entry of otadata has a state that only rollback writes."""

    def contents(self, partition: Partition) -> bytes:
        """Return what a partition holds, as far as the dump goes."""
        return _contents(self.cells, partition)

    def place(self, partition: Partition) -> str:
        """Return what to call what a partition holds."""
        return _place(partition, self.path)


def read_dump(path: Path, options: Collection[str] = ()) -> Cells:
    """Return the contents of a flash, as `esptool read-flash` writes it; raises InputError for what is none.

    options: names of those for files that the command has besides, such as "running"."""
    return parse_dump(read_file(path), path, options)


def parse_dump(contents: bytes, path: Path, options: Collection[str] = ()) -> Cells:
    """Return the flash that these bytes are; raises InputError, which calls them `path`, for what is none."""
    mistaken = not_a_dump(contents, str(path), options)
    if mistaken is not None:
        raise InputError(mistaken)
    if len(contents) % SECTOR_SIZE or len(contents) < _SMALLEST_DUMP:
        raise InputError(
            f"{path}: 0x{len(contents):x} bytes are no dump of a flash (whole sectors of 0x1000, up to the table at "
            f"least); to make one: esptool read-flash 0 ALL {_other_name(path)}"
        )
    if len(contents) > FLASH_SIZES[-1]:
        raise InputError(f"{path}: 0x{len(contents):x} bytes, more than the largest flash of 128 MiB")
    return Cells.from_bytes(contents)


def _other_name(path: Path) -> str:
    """Return the name of a file that a command can write and leave `path` as it is."""
    return next(name for name in ("flash.bin", "dump.bin") if name != path.name.lower())


def read_flash(path: Path, table_offset: Option | None, options: Collection[str] = ()) -> FlashReading:
    """Return what a dump holds. table_offset: where somebody says that the table lies, None to look for it.

    options: as of read_dump."""
    return parse_flash(read_dump(path, options), path, table_offset)


def parse_flash(cells: Cells, path: Path, table_offset: Option | None = None) -> FlashReading:
    """Return what a flash holds, as read_flash does; `path` is what it is called."""
    found = table_offset or _table_offset(cells, path)
    offset = int(found.raw, 16)
    table = _any_table(cells, offset)
    apps = tuple(_apps(cells, table, path))
    stray = tuple(_stray(cells, table if apps else (), table, path))
    bootloader = _bootloader(cells, path)
    return FlashReading(
        path,
        cells,
        found,
        table,
        _table_md5(cells, offset, path),
        apps or tuple(evidence for _, evidence in stray),
        bootloader,
        tuple(offset for offset, _ in stray),
        _header_size(cells, table, bootloader),
        otadata_state(_otadata_of(cells, table), str(path)),
    )


def otadata_state(raw: bytes | None, place: str) -> Option | None:
    """Return that rollback is on where an entry has a state that only rollback writes; None where none has."""
    for number, entry in enumerate([] if raw is None else _entries(raw)):
        is_written = entry.ota_seq != SEQ_EMPTY and is_crc_right(entry)
        if is_written and entry.ota_state in _ONLY_WITH_ROLLBACK:
            state = OtaImgState(entry.ota_state).name
            return Option(ROLLBACK, "y", place, tells=f"entry {number} is {state}, written only with rollback")
    return None


def _table_offset(cells: Cells, path: Path) -> Option:
    """Return where the table lies: at 0x8000, else where one can be read."""
    usual = Config().table_offset
    name = "PARTITION_TABLE_OFFSET"
    if _begins_table(cells, usual):
        return Option(name, f"0x{usual:x}", str(path), tells="a table begins there")
    for offset in _TABLE_OFFSETS:
        if offset + SECTOR_SIZE <= cells.size and _begins_table(cells, offset) and _is_table(cells, offset):
            return Option(name, f"0x{offset:x}", str(path), tells=f"a table begins there, none at 0x{usual:x}")
    blank = cells.read(usual, SECTOR_SIZE).count(0xFF) == SECTOR_SIZE
    why = "that sector is erased" if blank else f"it begins with {cells.read(usual, 2).hex()}; is the flash encrypted?"
    if _is_text(cells.read(usual, 64)):
        why = "text lies there: a CSV was flashed; flash the binary that gen_esp32part.py makes of it"
    raise InputError(f"{path}: no partition table at 0x{usual:x} or after ({why}); give --table-offset")


def _is_text(raw: bytes) -> bool:
    return all(byte in b"\t\n\r" or 0x20 <= byte < 0x7F for byte in raw.removeprefix(b"\xef\xbb\xbf"))


def _header_size(cells: Cells, table: tuple[Partition, ...], bootloader: ImageEvidence | None) -> int | None:
    """Return the flash size of the bootloader's header where the table ends beyond it, and the flash is larger."""
    size = None if bootloader is None else bootloader.flash_size
    end = max((partition.end for partition in table), default=0)
    return size if size is not None and size < min(end, cells.size) else None


def _begins_table(cells: Cells, offset: int) -> bool:
    return cells.read(offset, len(TABLE_MAGIC)) == TABLE_MAGIC


def _is_table(cells: Cells, offset: int) -> bool:
    try:
        decode_table(cells.read(offset, TABLE_MAX_LENGTH), cells.size, max(Release))
    except TableError:
        return False
    return True


def _table_md5(cells: Cells, offset: int, path: Path) -> Option | None:
    raw = cells.read(offset, TABLE_MAX_LENGTH)
    if any(raw[at : at + 2] == MD5_MAGIC for at in range(0, len(raw), 32)):
        return None
    return Option("PARTITION_TABLE_MD5", "n", str(path), tells="the table has no MD5 row")


def _any_table(cells: Cells, offset: int) -> tuple[Partition, ...]:
    """Return the rows of the table as the bootloader reads it, or, where it refuses, as the application does."""
    try:
        return decode_table(cells.read(offset, TABLE_MAX_LENGTH), cells.size, max(Release))
    except TableError:
        pass
    try:
        return load_partitions(cells.read(offset, SECTOR_SIZE), max(Release), needs_md5=False)
    except TableError:
        return ()


def _apps(cells: Cells, table: tuple[Partition, ...], path: Path) -> Iterator[ImageEvidence]:
    selected = _selected(cells, table)
    apps = [partition for partition in table if partition.is_app and partition.offset < cells.size]
    for partition in sorted(apps, key=lambda app: app is not selected):
        evidence = app_evidence(_contents(cells, partition), _place(partition, path))
        if evidence is not None:
            yield evidence


def _stray(
    cells: Cells, passed_over: tuple[Partition, ...], table: tuple[Partition, ...], path: Path
) -> Iterator[tuple[int, ImageEvidence]]:
    """Yield applications where none belongs, with their offsets: an image can begin at any page of the MMU.

    passed_over: partitions; what lies in their apps may be left of an older table, and no harm comes of it."""
    begin = {partition.offset for partition in table if partition.is_app}
    for offset in range(_MMU_PAGE, cells.size, _MMU_PAGE):
        if offset in begin or any(p.is_app and p.offset <= offset < p.end for p in passed_over):
            continue
        contents = cells.read(offset, min(_STRAY_LENGTH, cells.size - offset))
        evidence = app_evidence(contents, f"0x{offset:x} of {path}")
        if evidence is not None and evidence.desc is not None:
            yield offset, evidence


def _contents(cells: Cells, partition: Partition) -> bytes:
    return cells.read(partition.offset, min(partition.size, cells.size - partition.offset))


def _place(partition: Partition, path: Path) -> str:
    return f"{partition.label} of {path}"


def _selected(cells: Cells, table: tuple[Partition, ...]) -> Partition | None:
    """Return the partition that otadata selects, the factory app or the first slot where it selects none."""
    slots = {partition.slot: partition for partition in table if partition.is_ota_slot}
    raw = _otadata_of(cells, table)
    active = None if raw is None else active_otadata(_entries(raw))
    if raw is not None and active is not None and slots:
        return slots.get(slot_of_seq(_entries(raw)[active].ota_seq, len(slots)))
    factory = next((partition for partition in table if partition.is_factory), None)
    return factory or (slots[min(slots)] if slots else None)


def _otadata_of(cells: Cells, table: tuple[Partition, ...]) -> bytes | None:
    otadata = next((p for p in reversed(table) if p.is_otadata and p.size >= OTADATA_SIZE), None)
    if otadata is None or otadata.offset + OTADATA_SIZE > cells.size:
        return None
    return cells.read(otadata.offset, OTADATA_SIZE)


def _entries(raw: bytes) -> EntryPair:
    return EntryPair(decode_entry(raw[:ENTRY_SIZE]), decode_entry(raw[SECTOR_SIZE : SECTOR_SIZE + ENTRY_SIZE]))


def _bootloader(cells: Cells, path: Path) -> ImageEvidence | None:
    """Return what the bootloader tells: the image at the offset of the chip that its own header names."""
    for offset in _BOOTLOADER_OFFSETS:
        evidence = bootloader_evidence(cells.read(offset, _BOOTLOADER_LENGTH), f"the bootloader of {path}")
        chip = None if evidence is None or evidence.target is None else Chip(evidence.target.raw.strip('"'))
        if chip is not None and CHIPS[chip].bootloader_offset == offset:
            return evidence
    return None
