"""From what the user gave to the device that the campaign starts from, with every assumption on the way."""

from dataclasses import dataclass, field
from pathlib import Path

from ..campaign.device_under_test import DeviceUnderTest, NamedImage
from ..errors import InputError
from ..impl.chip.cells import SECTOR_SIZE, Cells
from ..impl.chip.efuse import Efuse
from ..impl.chip.flash import NorFlash
from ..impl.image.format import APP_DESC_MAGIC, APP_DESC_OFFSET, APP_DESC_SIZE, decode_app_desc
from ..impl.image.verify import ImageInvalid, VerifyMode, verify_image
from ..impl.otadata import ENTRY_SIZE, EntryPair, active_otadata, decode_entry, is_select_valid, slot_of_seq
from ..impl.partitions.partition import Partition
from ..impl.partitions.table import TABLE_MAX_LENGTH, TableError, decode_table, encode_table
from ..model.config import Config
from .files import FLASH_SIZES, OTADATA_SIZE, read_dump, read_image, read_otadata
from .option_reader import Origin, Setting

_BLANK_OTADATA = b"\xff" * OTADATA_SIZE


@dataclass(slots=True)
class DeviceFiles:
    """What the user gave, or a project holds; None for what is not given."""

    table: tuple[Partition, ...] | None
    """None only with a dump, which has its own."""
    running: Path | None = None
    update: Path | None = None
    otadata: Path | None = None
    dump: Path | None = None
    chunk: int = 4096
    efuse_version: int = 0


@dataclass(slots=True)
class Device:
    """The world to check, and what it rests on."""

    world: DeviceUnderTest
    settings: list[Setting] = field(default_factory=list)


def build_device(config: Config, flash_size: int | None, files: DeviceFiles) -> Device:
    """Return the device that the files describe.

    flash_size: bytes, None when nobody chose it. Raises InputError, one line, for files that do not go together."""
    builder = _Builder(config, files)
    return builder.from_dump(files.dump) if files.dump is not None else builder.from_files(flash_size)


class _Builder:
    """Builds one device, noting where each value comes from."""

    def __init__(self, config: Config, files: DeviceFiles) -> None:
        self._config = config
        self._files = files
        self._settings: list[Setting] = []

    def from_files(self, flash_size: int | None) -> Device:
        """Return a device as it leaves the factory, or with the otadata that was given."""
        table = self._files.table
        assert table is not None
        self._check_table(table, "the partition table")
        size = self._flash_size(table, flash_size)
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

    def from_dump(self, path: Path) -> Device:
        """Return the device whose flash was dumped."""
        cells = read_dump(path)
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
        if self._files.update is not None:
            update = self._image(self._files.update)
        else:
            update = images[0]
            self._note("update image", update.name, Origin("no --update: an image of the dump once more", assumed=True))
        return self._finish(table, cells, [*images, update], update)

    def _finish(
        self, table: tuple[Partition, ...], cells: Cells, images: list[NamedImage], update: NamedImage
    ) -> Device:
        for partition in table:
            if partition.is_ota_slot:
                self._check_fits(update, partition)
        by_contents = {image.contents: image for image in reversed(images)}
        distinct = tuple(by_contents.values())
        bits = Efuse.of_version(self._files.efuse_version, self._config.secure_version_bits).bits
        if self._config.anti_rollback:
            self._note("secure version in eFuse", str(self._files.efuse_version), Origin("--efuse"))
        world = DeviceUnderTest(
            self._config, table, cells, distinct, by_contents[update.contents], bits, self._files.chunk
        )
        return Device(world, self._settings)

    def _check_table(self, table: tuple[Partition, ...], name: str) -> None:
        slots = [partition for partition in table if partition.is_ota_slot]
        if len(slots) < 2:
            found = "no OTA slot" if not slots else f"only one OTA slot, {slots[0].label!r}"
            raise InputError(f"{name} has {found}; an upgrade needs two, ota_0 and ota_1")
        if not any(partition.is_otadata for partition in table):
            raise InputError(f"{name} has no otadata partition; add one: otadata, data, ota, , 0x2000")

    def _flash_size(self, table: tuple[Partition, ...], chosen: int | None) -> int:
        end = max(partition.end for partition in table)
        fitting = [size for size in FLASH_SIZES if size >= end]
        if not fitting:
            raise InputError(f"the partition table ends at 0x{end:x}, beyond the largest flash of 128 MiB")
        if chosen is not None and chosen >= end:
            return chosen
        if chosen is not None:
            raise InputError(
                f"the partition table ends at 0x{end:x}, beyond the flash of {chosen >> 20} MB; choose "
                f"CONFIG_ESPTOOLPY_FLASHSIZE_{fitting[0] >> 20}MB or shrink a partition"
            )
        self._note("flash size", f"{fitting[0] >> 20} MB", Origin("the smallest that holds the table", assumed=True))
        return fitting[0]

    def _images(self) -> tuple[NamedImage, NamedImage]:
        """Return the running image and the update; one that is not given is taken to be the other."""
        running, update = self._files.running, self._files.update
        if running is None and update is None:
            raise InputError("no image: give --running and --update, or a project with build/*.bin")
        for name, given, other in (("running image", running, update), ("update image", update, running)):
            if given is None:
                self._note(name, _name(other), Origin("not given: the other image once more", assumed=True))
            else:
                self._note(name, _name(given), Origin(str(given)))
        return self._image(running or update), self._image(update or running)

    def _image(self, path: Path | None) -> NamedImage:
        assert path is not None
        contents, _ = read_image(path, self._config)
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
        if self._files.otadata is None:
            self._note("otadata", "blank", Origin("not given: as a device leaves the factory", assumed=True))
            return _BLANK_OTADATA
        self._note("otadata", self._files.otadata.name, Origin(str(self._files.otadata)))
        return read_otadata(self._files.otadata)

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
        if factory is not None and (active_otadata(entries) is None or not named):
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
        self._settings.append(Setting(name, value, origin))


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
