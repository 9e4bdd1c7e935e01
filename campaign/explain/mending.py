"""What to write into a flash so that it boots: each way is played on the board before it is told.

The ways, the least first: nothing; otadata erased; an otadata that selects one image as VALID; the partition table
written anew, where the application can read its rows and the bootloader refuses it; an image that lies where no slot
begins, moved into one. Where no image of the flash can be brought to boot, a new one has to be flashed, and a stand-in
is played in its place.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ...impl.chip.cells import SECTOR_SIZE, Cells
from ...impl.chip.flash import NorFlash, Strictness
from ...impl.image.format import APP_DESC_MAGIC, MIN_IMAGE_SIZE, build_image, read_app_desc
from ...impl.image.verify import verify_image
from ...impl.image.verify_rules import ImageInvalid, VerifyMode
from ...impl.otadata import EntryPair, decode_entry, encode_entry, is_select_valid, make_entry, slot_of_seq
from ...impl.partitions.partition import Partition
from ...impl.partitions.table import TABLE_MAX_LENGTH, TableError, decode_table, encode_table, load_partitions
from ...impl.program_end import Panic
from ...model.config import Config
from ...model.ota_state import OtaImgState
from ..history.outside_records import by_otatool
from .explanation import Answer, bootloader_table, explain
from .found_images import read_images
from .history_target import is_near_top

_OTADATA_SIZE = 2 * SECTOR_SIZE
_PAGE = 0x10000
"""An image can begin at any page of the MMU."""
_STAND_IN_SIZE = 4096
TABLE_FILE, OTADATA_FILE, IMAGE_FILE = "partition-table.bin", "otadata.bin", "app.bin"
"""What the files are called that a mend writes."""


@dataclass(frozen=True, slots=True)
class Patch:
    """A stretch of flash to erase, or to write."""

    address: int
    length: int
    contents: bytes | None
    """None: erased. Shorter than the stretch: the rest of it is erased."""
    what: str
    """What lies there then."""
    name: str = ""
    """What a file of its contents is called; empty where there is none, or the user has it."""

    def applied(self, cells: Cells) -> Cells:
        """Return the flash with it."""
        return cells.with_bytes(self.address, (self.contents or b"").ljust(self.length, b"\xff"))


@dataclass(frozen=True, slots=True)
class Mend:
    """A way to make a flash boot, played under every configuration."""

    boots: str
    """Label of the partition that boots then, at each power-on."""
    patches: tuple[Patch, ...]
    """What to write, in this order."""
    needs_image: str | None
    """Label of the partition that a new image has to be flashed to; None where none is needed."""
    otatool_slot: int | None
    """The slot that `otatool.py switch_ota_partition` may be given instead of the last patch; None where that does not
    boot it."""


@dataclass(frozen=True, slots=True)
class BrokenFlash:
    """A flash, and the configurations that the device may have."""

    cells: Cells
    configs: tuple[Config, ...]
    efuse_bits: int
    answers: tuple[Answer, ...]
    """What comes of it under each of them."""

    @property
    def boots_well(self) -> bool:
        """Nothing is wrong."""
        return not self.faults

    @property
    def faults(self) -> tuple[str, ...]:
        """What is wrong, a sentence each; () where a whole image that otadata selects boots, be it on trial."""
        labels = {answer.first.label for answer in self.answers}
        found = [] if len(labels) == 1 else ["what boots depends on release and options"]
        for answer in self.answers:
            label, selected = answer.first.label, answer.selected
            if label is None:
                found.append(f"nothing boots{f': {answer.first.detail}' if answer.first.detail else ''}")
            elif label != selected:
                found.append(f"{selected or 'nothing'} is selected, and {label} boots")
            elif not _is_started(answer, label):
                found.append(f"{label} boots, and holds no whole image")
            elif answer.gives_up is not None:
                found.append(f"{label} boots, although its entry says {answer.gives_up.state_name}: it was given up")
            if _is_used_up(answer):
                found.append("a sequence number is close to 0xffffffff, which means erased: updates will be lost")
        return tuple(dict.fromkeys(found))

    @property
    def boots(self) -> str | None:
        """Label of what boots under every configuration; None where nothing does, or they differ."""
        labels = {answer.first.label for answer in self.answers}
        return next(iter(labels)) if len(labels) == 1 else None


def mend(flash: BrokenFlash, asked: str | None) -> Mend | None:
    """Return the least that makes a flash boot; None where nothing is known to.

    asked: label of the partition that shall boot; None for what boots already, else the likeliest image."""
    if asked is None and flash.boots is not None and flash.boots_well:
        return Mend(flash.boots, (), None, None)
    for label, patches in _ways(flash, asked):
        mended = _applied(flash.cells, patches)
        if _plays_well(mended, flash, label):
            return Mend(label, patches, None, _otatool_slot(flash, label, patches))
    return _with_new_image(flash, asked)


def app_rows(cells: Cells, config: Config) -> tuple[Partition, ...]:
    """Return the rows of the partition table, whoever can read them; empty where nobody can."""
    table, problem = bootloader_table(cells, config)
    if problem is None:
        return table
    try:
        return load_partitions(cells.read(config.table_offset, SECTOR_SIZE), config.app_release, needs_md5=False)
    except TableError:
        return ()


def _ways(flash: BrokenFlash, asked: str | None) -> Iterator[tuple[str, tuple[Patch, ...]]]:
    """Yield a label that shall boot and what to write for it, the least first."""
    config = flash.configs[0]
    table = app_rows(flash.cells, config)
    first = _table_patches(flash.cells, config, table)
    labels = [asked] if asked is not None else list(_likely_labels(flash, table, first))
    for label in labels:
        yield label, first
    for label in labels:
        for patch in _otadata_patches(flash.cells, table, label):
            yield label, (*first, patch)
    for moved in _moved_images(flash.cells, table, config):
        if asked in (None, moved[0]):
            label, patch = moved
            yield label, (*first, patch)
            for more in _otadata_patches(flash.cells, table, label):
                yield label, (*first, patch, more)


def _table_patches(cells: Cells, config: Config, table: tuple[Partition, ...]) -> tuple[Patch, ...]:
    """Return the table written anew, where the bootloader refuses it as it is and not as it would be."""
    if bootloader_table(cells, config)[1] is None or not table:
        return ()
    raw = encode_table(table, config.table_md5)
    try:
        decode_table(raw.ljust(TABLE_MAX_LENGTH, b"\xff"), cells.size, config.bootloader_release)
    except TableError:
        return ()
    return (Patch(config.table_offset, SECTOR_SIZE, raw, "the partition table, with the same rows", TABLE_FILE),)


def _likely_labels(flash: BrokenFlash, table: tuple[Partition, ...], first: tuple[Patch, ...]) -> Iterator[str]:
    """Yield the partitions that hold a whole image: what boots already, then what otadata says of them."""
    cells, config = _applied(flash.cells, first), flash.configs[0]
    whole = [image.label for image in read_images(cells, table, config, flash.efuse_bits) if image.is_whole]
    named = [label for label in _named(cells, table) if label in whole]
    given_up = {reading.names for answer in flash.answers for reading in answer.entries or () if reading.gives_up}
    booting = [flash.boots] if flash.boots in whole and flash.boots not in given_up else []
    kept = [label for label in whole if label not in given_up]
    yield from dict.fromkeys(label for label in (*booting, *named, *kept, *whole) if label is not None)


def _named(cells: Cells, table: tuple[Partition, ...]) -> list[str]:
    """Return the slots that bootable records name, the higher number first."""
    slots = {partition.slot: partition.label for partition in table if partition.is_ota_slot}
    entries = _entries(cells, table)
    bootable = [] if entries is None else [entry for entry in entries if is_select_valid(entry)]
    numbers = sorted((entry.ota_seq for entry in bootable), reverse=True)
    found = (slots.get(slot_of_seq(number, len(slots))) for number in numbers if slots)
    return [label for label in found if label is not None]


def _otadata_patches(cells: Cells, table: tuple[Partition, ...], label: str) -> Iterator[Patch]:
    """Yield otadata erased, and an otadata that selects the partition as VALID."""
    otadata = next((p for p in reversed(table) if p.is_otadata and p.size >= _OTADATA_SIZE), None)
    if otadata is None or otadata.end > cells.size:
        return
    yield Patch(otadata.offset, otadata.size // SECTOR_SIZE * SECTOR_SIZE, None, "otadata, blank")
    slot = next((p.slot for p in table if p.is_ota_slot and p.label == label), None)
    if slot is not None:
        record = encode_entry(make_entry(slot + 1, OtaImgState.VALID))
        what = f"otadata: number {slot + 1} → {label}, VALID, in its first sector, the second one blank"
        yield Patch(otadata.offset, _OTADATA_SIZE, record.ljust(_OTADATA_SIZE, b"\xff"), what, OTADATA_FILE)


def _moved_images(cells: Cells, table: tuple[Partition, ...], config: Config) -> Iterator[tuple[str, Patch]]:
    """Yield app partitions, and an image that lies where none begins and fits there."""
    begins = {partition.offset for partition in table if partition.is_app}
    flash = NorFlash(cells, Strictness.CHIP)
    for offset in range(_PAGE, cells.size, _PAGE):
        if offset in begins or read_app_desc(flash, offset).magic_word != APP_DESC_MAGIC:
            continue
        try:
            length = verify_image(flash, offset, cells.size - offset, config, VerifyMode.APP).length
        except (ImageInvalid, Panic):
            continue
        for app in table:
            if app.is_app and length <= app.size and app.end <= cells.size:
                size = -(-length // SECTOR_SIZE) * SECTOR_SIZE
                what = f"the image that lies at 0x{offset:x}, where no slot begins"
                yield app.label, Patch(app.offset, size, cells.read(offset, length), what, IMAGE_FILE)


def _with_new_image(flash: BrokenFlash, asked: str | None) -> Mend | None:
    """Return what boots once a new image is flashed, for which a stand-in is played."""
    config = flash.configs[0]
    table = app_rows(flash.cells, config)
    first = _table_patches(flash.cells, config, table)
    version = flash.efuse_bits.bit_count() if config.anti_rollback else 0
    apps = [p for p in table if p.is_app and p.size >= MIN_IMAGE_SIZE and p.end <= flash.cells.size]
    for app in apps:
        if asked not in (None, app.label):
            continue
        size = min(app.size, _STAND_IN_SIZE)
        image = build_image(config.chip, size=size, version="?", project_name="?", secure_version=version)
        what = f"a new image, of secure version {version} or more" if version else "a new image"
        stand_in = Patch(app.offset, app.size // SECTOR_SIZE * SECTOR_SIZE, image, what)
        for more in ((), *((patch,) for patch in _otadata_patches(flash.cells, table, app.label))):
            if _plays_well(_applied(flash.cells, (*first, stand_in, *more)), flash, app.label):
                return Mend(app.label, (*first, stand_in, *more), app.label, None)
    return None


def _otatool_slot(flash: BrokenFlash, label: str, patches: Sequence[Patch]) -> int | None:
    """Return the slot that otatool.py may switch to instead, where its record boots the same."""
    table = app_rows(flash.cells, flash.configs[0])
    entries = _entries(flash.cells, table)
    slots = {partition.label: partition.slot for partition in table if partition.is_ota_slot}
    otadata = next((p for p in reversed(table) if p.is_otadata), None)
    is_written = bool(patches) and otadata is not None and patches[-1].address == otadata.offset
    if not is_written or otadata is None or entries is None or slots.get(label, len(slots)) >= len(slots):
        return None
    step, _ = list(by_otatool(entries, len(slots)))[slots[label]]
    cells = _applied(flash.cells, patches[:-1])
    at = otadata.offset + step.sector * SECTOR_SIZE
    record = encode_entry(make_entry(step.seq, step.state))
    switched = cells.with_bytes(at, record.ljust(SECTOR_SIZE, b"\xff"))
    return slots[label] if _plays_well(switched, flash, label) else None


def _entries(cells: Cells, table: tuple[Partition, ...]) -> EntryPair | None:
    otadata = next((p for p in reversed(table) if p.is_otadata and p.size >= _OTADATA_SIZE), None)
    if otadata is None or otadata.offset + _OTADATA_SIZE > cells.size:
        return None
    return EntryPair(*(decode_entry(cells.read(otadata.offset + at, 32)) for at in (0, SECTOR_SIZE)))


def _applied(cells: Cells, patches: Sequence[Patch]) -> Cells:
    for patch in patches:
        cells = patch.applied(cells)
    return cells


def _plays_well(cells: Cells, flash: BrokenFlash, label: str) -> bool:
    """Tell whether that partition boots, is what is selected, and stays, under every configuration."""
    return all(_is_well(explain(cells, config, flash.efuse_bits), label) for config in flash.configs)


def _is_well(answer: Answer, label: str) -> bool:
    """Tell whether a whole image in that partition is selected, boots at the next power-on and at the one after, and
    can be updated."""
    stays = answer.second is not None and answer.second.label == label
    return stays and _is_started(answer, label) and answer.gives_up is None and not _is_used_up(answer)


def _is_used_up(answer: Answer) -> bool:
    """Tell whether the sequence numbers are close to the end of their range."""
    return any(is_near_top(reading.entry) for reading in answer.entries or ())


def _is_started(answer: Answer, label: str) -> bool:
    """Tell whether a whole image in that partition is selected and boots at the next power-on."""
    is_whole = any(image.label == label and image.is_whole for image in answer.images)
    return is_whole and (answer.first.label, answer.selected) == (label, label)
