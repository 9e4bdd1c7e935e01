"""From what the user gave to the device that the campaign starts from, with every assumption on the way."""

import re
from dataclasses import dataclass, field, replace
from pathlib import Path

from ..campaign.device_under_test import DeviceUnderTest, NamedImage
from ..errors import InputError
from ..impl.chip.cells import SECTOR_SIZE, Cells
from ..impl.chip.efuse import Efuse
from ..impl.chip.flash import NorFlash
from ..impl.image.format import (
    APP_DESC_MAGIC,
    APP_DESC_OFFSET,
    APP_DESC_SIZE,
    MIN_IMAGE_SIZE,
    build_image,
    decode_app_desc,
)
from ..impl.image.verify import verify_image
from ..impl.image.verify_rules import ImageInvalid, VerifyMode
from ..impl.otadata import ENTRY_SIZE, EntryPair, active_otadata, decode_entry, is_select_valid, slot_of_seq
from ..impl.partitions.partition import Partition
from ..impl.partitions.table import TABLE_MAX_LENGTH, TableError, decode_table, encode_table
from ..model.writers import UPDATERS, Updater
from .files import FLASH_SIZES, OTADATA_SIZE, read_file, read_image, read_otadata, read_table
from .flash_oddities import flash_oddities
from .option_reader import ConfigValue, Origin
from .own_ram import clash_with_bootloader
from .project import project_table, stale_table_note
from .resolve import UPDATER, Resolved
from .settings import CODE_REACH

_BLANK_OTADATA = b"\xff" * OTADATA_SIZE
_SIZE = re.compile(r"(\d+(?:\.\d+)?)([kKmM]?)")
_FACTORS = {"": 1, "k": 1 << 10, "m": 1 << 20}


@dataclass(slots=True)
class DeviceToCheck:
    """The world to check, and what it rests on."""

    world: DeviceUnderTest
    values: list[ConfigValue] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def build_device(resolved: Resolved, chunk: int) -> DeviceToCheck:
    """Return the device that is meant. chunk: bytes of each write.

    Raises InputError, one line, for files that do not go together."""
    builder = _Builder(resolved, chunk)
    return builder.from_dump(resolved.flash.cells) if resolved.flash is not None else builder.from_files()


def table_of(resolved: Resolved) -> tuple[Partition, ...]:
    """Return the partition table that is meant; raises InputError where there is none, or one that is refused."""
    if resolved.flash is not None:
        return resolved.flash.table
    if resolved.inputs.partitions is not None:
        return read_table(resolved.inputs.partitions, resolved.places)
    if resolved.project is not None:
        return project_table(resolved.project, resolved.settings.table, resolved.places)
    raise InputError("no partition table: give a project, --partitions or --flash")


def image_size(text: str, place: str = "--image-size") -> int:
    """Return the bytes that "1.2M", "900K" or "1228800" name; raises InputError for anything else.

    place: where it is said."""
    match = _SIZE.fullmatch(text.strip())
    size = int(float(match[1]) * _FACTORS[match[2].lower()]) if match and len(text) < 20 else 0
    if not MIN_IMAGE_SIZE <= size <= FLASH_SIZES[-1]:
        raise InputError(f"{place}: {text[:20]!r}; want a size such as 1.2M, 900K or 1228800 bytes")
    return size


class _Builder:
    """Builds one device, noting where each value comes from."""

    def __init__(self, resolved: Resolved, chunk: int) -> None:
        self._resolved = resolved
        self._config = resolved.config
        self._chunk = chunk
        self._bootloader = b"" if resolved.bootloader is None else read_file(resolved.bootloader)
        self._values: list[ConfigValue] = []
        self._notes: list[str] = []

    def from_files(self) -> DeviceToCheck:
        """Return a device as it leaves the factory, or with the otadata that was given."""
        table = table_of(self._resolved)
        project = self._resolved.project
        if project is not None and self._resolved.inputs.partitions is None:
            stale = stale_table_note(project, self._resolved.places, table)
            self._notes += [] if stale is None else [stale]
        self._check_table(table, "the partition table")
        size = self._flash_size(table)
        running, update = self._images()
        raw_otadata = self._otadata()
        cells = Cells.erased(size).with_bytes(self._config.table_offset, encode_table(table, self._config.table_md5))
        otadata = next(partition for partition in table if partition.is_otadata)
        if otadata.size >= OTADATA_SIZE:
            cells = cells.with_bytes(otadata.offset, raw_otadata)
        for partition in self._homes(table, raw_otadata):
            self._check_fits(running, partition)
            cells = cells.with_bytes(partition.offset, running.contents)
        return self._finish(table, cells, [running, update], update)

    def from_dump(self, cells: Cells) -> DeviceToCheck:
        """Return the device whose flash was dumped."""
        path, flash = self._resolved.inputs.flash_file, self._resolved.flash
        odd = [] if flash is None else list(flash_oddities(flash))
        if flash is not None and flash.header_size is not None:
            raise InputError(f"{path}: {odd[-1]}, and nothing boots")
        self._notes += odd
        cells = self._whole(cells)
        try:
            raw = cells.read(self._config.table_offset, TABLE_MAX_LENGTH)
            table = decode_table(raw, cells.size, self._config.bootloader_release)
        except TableError as error:
            raise InputError(
                f"{path}: no partition table at 0x{self._config.table_offset:x}: {error}; give --table-offset"
            ) from None
        self._check_table(table, str(path))
        images = [image for p in table if p.is_app and (image := self._image_in(cells, p)) is not None]
        if not images:
            raise InputError(f"{path}: no app partition holds a whole image for {self._config.chip.value}")
        if self._resolved.update is not None:
            update = self._image(self._resolved.update)
        elif self._resolved.inputs.image_size is not None:
            update = self._made("update image", 2)
        else:
            update = images[0]
            self._note("update image", update.name, Origin("no --update: an image of the dump once more", assumed=True))
        return self._finish(table, cells, [*images, update], update)

    def _whole(self, cells: Cells) -> Cells:
        """Return the flash in the size of a chip: what a dump that was cut off lacks is taken to be erased."""
        if cells.size in FLASH_SIZES:
            return cells
        end = max((partition.end for partition in table_of(self._resolved)), default=0)
        size = next((size for size in FLASH_SIZES if size >= max(cells.size, end)), FLASH_SIZES[-1])
        self._notes.append(
            f"0x{cells.size:x} bytes are the size of no flash chip: the rest of {size >> 20} MiB is taken to be erased"
        )
        return Cells.erased(size).with_bytes(0, cells.to_bytes())

    def _finish(
        self, table: tuple[Partition, ...], cells: Cells, images: list[NamedImage], update: NamedImage
    ) -> DeviceToCheck:
        for partition in table:
            if partition.is_ota_slot:
                self._check_fits(update, partition)
        self._choose_updater(table)
        by_contents = {image.contents: image for image in reversed(images)}
        version = self._resolved.inputs.efuse_version
        distinct = tuple(by_contents.values())
        bits = Efuse.of_version(version, self._config.secure_version_bits).bits
        efuse = self._resolved.inputs.called("efuse")
        if self._config.anti_rollback:
            self._note("secure version in eFuse", str(version), Origin(efuse))
        elif version:
            self._notes.append(f"{efuse} {version} has no effect: without anti-rollback nothing reads the eFuse")
        world = DeviceUnderTest(self._config, table, cells, distinct, by_contents[update.contents], bits, self._chunk)
        return DeviceToCheck(world, self._values, self._notes)

    def _choose_updater(self, table: tuple[Partition, ...]) -> None:
        """Take updates for those that erase as data comes, where nobody says and a slot cannot be erased whole."""
        odd = next((slot for slot in table if slot.is_ota_slot and slot.size % SECTOR_SIZE), None)
        if odd is None or any(value.name == UPDATER for value in self._resolved.settings.settings):
            return
        self._config = replace(self._config, updater=Updater.HTTPS_OTA)
        told = f"{Updater.HTTPS_OTA.value} ({UPDATERS[Updater.HTTPS_OTA].title})"
        self._note(UPDATER, told, Origin("erases as data comes", assumed=True))
        self._notes.append(
            f"{odd.label!r} has 0x{odd.size:x} bytes, no whole sectors: esp_ota_begin without the size of the image "
            "cannot erase it"
        )

    def _check_table(self, table: tuple[Partition, ...], name: str) -> None:
        slots = [partition for partition in table if partition.is_ota_slot]
        has_factory = any(partition.is_factory for partition in table)
        if len(slots) < 2 and not (slots and has_factory):
            found = "no OTA slot" if not slots else f"only one OTA slot, {slots[0].label!r}, and no factory app"
            raise InputError(f"{name} has {found}; an upgrade needs ota_0 and ota_1, or factory and ota_0")
        for partition in table if not self._resolved.settings.runs_all_flash else ():
            if partition.is_app and partition.end > CODE_REACH:
                raise InputError(
                    f"{name}: {partition.label!r} ends at 0x{partition.end:x}: code is not run from above 16 MiB of "
                    "quad flash, so what boots is not known; with octal flash: --config CONFIG_ESPTOOLPY_OCT_FLASH=y"
                )
        if not any(partition.is_otadata for partition in table):
            raise InputError(f"{name} has no otadata partition; add one: otadata, data, ota, , 0x2000")

    def _flash_size(self, table: tuple[Partition, ...]) -> int:
        """Return the size of the flash: as chosen, as an image's header has it, or the smallest that is enough."""
        end = max(partition.end for partition in table)
        enough = next((size for size in FLASH_SIZES if size >= end), None)
        if enough is None:
            raise InputError(f"the partition table ends at 0x{end:x}, beyond the largest flash of 128 MiB")
        chosen, told = self._resolved.flash_size, self._resolved.evidence.flash_size()
        if told is not None and told[0] < end:
            assumed = "" if chosen is not None else f"{enough >> 20} MB are assumed; "
            self._notes.append(
                f"the header of {told[1]} says {told[0] >> 20} MB of flash, but the partition table ends at 0x{end:x}: "
                f"{assumed}unless the flashing tool corrects the header, nothing boots"
            )
        if chosen is not None and chosen[0] >= end:
            return chosen[0]
        if chosen is not None:
            raise InputError(
                f"the partition table ends at 0x{end:x}, beyond the flash of {chosen[0] >> 20} MB ({chosen[1]}); "
                f"choose CONFIG_ESPTOOLPY_FLASHSIZE_{enough >> 20}MB or shrink a partition"
            )
        if told is not None and told[0] >= end:
            self._note("flash size", f"{told[0] >> 20} MB", Origin(f"{told[1]}: its header"))
            return told[0]
        self._note("flash size", f"{enough >> 20} MB", Origin("the smallest that holds the table", assumed=True))
        return enough

    def _images(self) -> tuple[NamedImage, NamedImage]:
        """Return the running image and the update; one that is not given is made, or taken to be the other."""
        running, update = self._resolved.running, self._resolved.update
        if self._resolved.inputs.image_size is not None:
            return self._image_or_made("running image", running, 1), self._image_or_made("update image", update, 2)
        if running is None and update is None:
            raise InputError("no image: give --running and --update, or --image-size, or a project with build/*.bin")
        for name, given, other in (("running image", running, update), ("update image", update, running)):
            if given is None:
                self._note(name, _name(other), Origin("not given: the other image once more", assumed=True))
            else:
                self._note(name, _name(given), Origin(str(given)))
        return self._image(running or update), self._image(update or running)

    def _image_or_made(self, name: str, path: Path | None, number: int) -> NamedImage:
        if path is None:
            return self._made(name, number)
        self._note(name, _name(path), Origin(str(path)))
        return self._image(path)

    def _made(self, name: str, number: int) -> NamedImage:
        """Return an image of the size that was asked for, made for this device."""
        inputs = self._resolved.inputs
        assert inputs.image_size is not None
        place = inputs.called("image-size")
        size, version = image_size(inputs.image_size, place), f"{number}.0"
        least = inputs.efuse_version
        contents = build_image(self._config.chip, size=size, version=version, secure_version=least, seed=number)
        self._note(name, f"made, {size} bytes", Origin(place))
        return NamedImage(f"made image {version}", contents, version, least)

    def _image(self, path: Path | None) -> NamedImage:
        assert path is not None
        contents, _ = read_image(path, self._config)
        clash = clash_with_bootloader(contents, self._bootloader)
        if clash is not None:
            raise InputError(f"{path}: {clash}: it is refused at every boot")
        version, secure_version = _described_versions(contents)
        return NamedImage(_name(path), contents, version, secure_version)

    def _image_in(self, cells: Cells, partition: Partition) -> NamedImage | None:
        """Return the image that lies whole in a partition of a dump."""
        flash = NorFlash(cells)
        try:
            metadata = verify_image(flash, partition.offset, partition.size, self._config, VerifyMode.APP)
        except ImageInvalid:
            return None
        contents = cells.read(partition.offset, metadata.length)
        version, secure_version = _described_versions(contents)
        return NamedImage(f"{partition.label} {version}".strip(), contents, version, secure_version)

    def _otadata(self) -> bytes:
        path = self._resolved.otadata
        if path is None:
            self._note("otadata", "blank", Origin("not given: as a device leaves the factory", assumed=True))
            return _BLANK_OTADATA
        self._note("otadata", path.name, Origin(str(path)))
        return read_otadata(path)

    def _homes(self, table: tuple[Partition, ...], raw: bytes) -> list[Partition]:
        """Return the partitions that hold the running image: what boots, and what a valid entry names besides."""
        entries = EntryPair(decode_entry(raw[:ENTRY_SIZE]), decode_entry(raw[SECTOR_SIZE : SECTOR_SIZE + ENTRY_SIZE]))
        slots = {partition.slot: partition for partition in table if partition.is_ota_slot}
        factory = next((partition for partition in table if partition.is_factory), None)
        named = [
            home
            for entry in entries
            if is_select_valid(entry) and (home := slots.get(slot_of_seq(entry.ota_seq, len(slots)))) is not None
        ]
        if factory is not None and (active_otadata(entries) is None or not named or len(slots) == 1):
            named.insert(0, factory)
        homes = named or [slots[min(slots)]]
        origin = "where the otadata entries point" if active_otadata(entries) is not None else "what boots first"
        self._note("running image lies in", ", ".join(p.label for p in homes), Origin(origin, assumed=True))
        return homes

    def _check_fits(self, image: NamedImage, partition: Partition) -> None:
        if len(image.contents) > partition.size:
            raise InputError(
                f"{image.name}: {len(image.contents)} bytes do not fit partition {partition.label!r} of "
                f"{partition.size}; enlarge the slot or shrink the image"
            )

    def _note(self, name: str, value: str, origin: Origin) -> None:
        self._values.append(ConfigValue(name, value, origin))


def _described_versions(contents: bytes) -> tuple[str, int]:
    """Return the version and the secure version of an image; ("", 0) where it has no description."""
    raw = contents[APP_DESC_OFFSET : APP_DESC_OFFSET + APP_DESC_SIZE]
    if not raw.startswith(APP_DESC_MAGIC.to_bytes(4, "little")) or len(raw) < APP_DESC_SIZE:
        return "", 0
    desc = decode_app_desc(raw)
    return desc.version, desc.secure_version


def _name(path: Path | None) -> str:
    """Return a name for an image file that tells two releases of one firmware apart."""
    return "" if path is None else f"{path.parent.name}/{path.name}".removeprefix("/")
