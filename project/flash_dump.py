"""What `otaproof explain` looks at: a flash, its partition table, and what is known of the builds in it.

The flash is a dump, or what a build flashes. From an otadata partition alone nobody knows the images: then every app
partition gets one that verifies, and the report says so.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from ..errors import InputError
from ..impl.by_turns.turn_record import TurnPlaces, decide, read_records
from ..impl.chip.cells import SECTOR_SIZE, Cells
from ..impl.image.format import MIN_IMAGE_SIZE, build_image
from ..impl.partitions.partition import Partition
from ..impl.partitions.table import encode_table
from ..impl.release_points import is_newer_than_read, newest_read, with_versions
from ..model.config import Config, Release, Selector, release_name
from ..model.idf_version import IdfVersion
from .device_builder import table_of
from .files import FLASH_SIZES, OTADATA_SIZE, read_file, read_otadata, read_table
from .flash_oddities import flash_oddities, seen_cells
from .flash_reading import FlashReading
from .inputs import Inputs
from .option_reader import ConfigValue, Origin
from .release_text import read_release
from .resolve import SELECTOR_BY_TURNS, Resolved, resolve

_STAND_IN_SIZE = 4096


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
    releases: tuple[IdfVersion, ...]
    """Of the application: as chosen, else every known one."""
    bootloader_version: IdfVersion | None
    """None: that of the application."""
    efuse_bits: int
    settings: list[ConfigValue] = field(default_factory=list)
    """Every value with its origin."""
    notes: list[str] = field(default_factory=list)
    built_by: tuple[str, ...] = ()
    """The releases that the images name."""

    def configs(self) -> Iterator[Config]:
        """Yield each configuration to explain."""
        for rollback in self.rollback:
            for release in self.releases:
                config = replace(self.config, rollback=rollback)
                yield with_versions(config, release, self.bootloader_version or release)


def load(inputs: Inputs, idf: Sequence[str] | None = None, selector: Selector | None = None) -> Loaded:
    """Return what to explain; raises InputError, one line, for what cannot be read.

    idf: releases of the application to look at, "5.1" or "5.1,5.5" each; None for every known one. The first that is
    named made the partition table. selector: what keeps otadata; None: by turns where a record of it is whole."""
    names = _names(idf)
    named = [read_release(name, "--idf") for name in names]
    if len(names) == 1:
        inputs = replace(inputs, app_release=names[0])
    elif named:
        inputs = replace(inputs, generator=named[0].version)
    loaded = _load(replace(inputs, selector=selector or Selector.ESP_IDF))
    if selector is None and _is_kept_by_turns(loaded):
        value = ConfigValue(*SELECTOR_BY_TURNS, Origin("otadata, which has a whole record of it"))
        loaded.config, loaded.settings = replace(loaded.config, selector=Selector.BY_TURNS), [*loaded.settings, value]
    if names:
        loaded.releases = tuple(sorted({release.version for release in named}))
        if len(named) > 1:
            told = (release.warning or release.note for release in named)
            loaded.notes += [f"--idf: {text}" for text in told if text is not None]
    loaded.settings.append(_rules(loaded, bool(names)))
    return loaded


def _is_kept_by_turns(loaded: Loaded) -> bool:
    """Tell whether a record of otadata is whole by turns, which no tear of ESP-IDF's and no chance makes."""
    otadata = next((partition for partition in reversed(loaded.table) if partition.is_otadata), None)
    if otadata is None or otadata.size < 2 * SECTOR_SIZE:
        return False
    slots = sum(partition.is_ota_slot for partition in loaded.table)
    places = TurnPlaces(slots, any(partition.is_factory for partition in loaded.table))
    raws = read_records(lambda at, length: loaded.cells.read(otadata.offset + at, length))
    return decide(raws, places) is not None


def _rules(loaded: Loaded, is_chosen: bool) -> ConfigValue:
    """Return whose rules are applied, and why: of a release that nobody here has read, another's."""
    value = ", ".join(map(_rules_of, loaded.releases))
    if is_chosen:
        return ConfigValue("release rules", value, Origin("--idf"))
    built = f"the images were built by {', '.join(loaded.built_by)}; " if loaded.built_by else ""
    return ConfigValue("release rules", value, Origin(f"every known one: {built}choose with --idf", assumed=True))


def _rules_of(version: IdfVersion) -> str:
    return (
        f"{newest_read(version).label} for {release_name(version)}"
        if is_newer_than_read(version)
        else release_name(version)
    )


def load_dump(inputs: Inputs, dump: Path, idf: Sequence[str] | None, efuse_version: int) -> Loaded:
    """Return what to mend, which is a dump of a whole flash; raises InputError for anything else."""
    if not dump.is_file():
        raise InputError(f"{dump}: no file; give a dump of the whole flash, as esptool read-flash writes it")
    return load(replace(inputs, subject=dump, efuse_version=efuse_version), idf)


def _names(idf: Sequence[str] | None) -> list[str]:
    names = [name.strip() for text in idf or () for name in text.split(",") if name.strip()]
    if idf is not None and not names:
        raise InputError("--idf: names no release; want one such as 5.1, or several: 5.1,5.5")
    return names


def _load(inputs: Inputs) -> Loaded:
    is_otadata = inputs.subject is None and inputs.flash is None
    if is_otadata == (inputs.otadata is None):
        raise InputError(
            "give a dump of the whole flash, a project or build, or --otadata FILE (with --partitions FILE), one of "
            "them"
        )
    if not is_otadata and inputs.partitions is not None:
        raise InputError("--partitions goes with --otadata; a dump of the flash has its own table")
    resolved = resolve(inputs)
    if is_otadata:
        return _from_otadata(resolved)
    return _from_build(resolved) if resolved.flash is None else _from_dump(resolved, resolved.flash)


def _from_dump(resolved: Resolved, flash: FlashReading) -> Loaded:
    size = flash.cells.size
    notes = []
    if size not in FLASH_SIZES:
        notes.append(f"0x{size:x} bytes are the size of no flash chip; if the dump is cut off, so is this")
    notes += [*flash_oddities(flash), *_secure_versions(resolved)]
    return _loaded(resolved, f"{flash.path}, {_size(size)}", seen_cells(flash), flash.table, notes)


def _from_build(resolved: Resolved) -> Loaded:
    """Return what a build's tool would flash: table, otadata where the build has one, and the application."""
    project, running = resolved.project, resolved.running
    assert project is not None
    if running is None:
        raise InputError(f"{project.directory} ({project.kind}) holds no application image; build first")
    table = table_of(resolved)
    home = next((p for p in table if p.is_factory), None) or min(
        (p for p in table if p.is_ota_slot), key=lambda slot: slot.slot, default=None
    )
    contents = read_file(running)
    if home is None or len(contents) > home.size:
        raise InputError(f"{running}: no app partition of the table holds its {len(contents)} bytes")
    cells = _empty_flash(table, resolved).with_bytes(home.offset, contents)
    otadata = next((p for p in reversed(table) if p.is_otadata and p.size >= OTADATA_SIZE), None)
    if resolved.otadata is not None and otadata is not None:
        cells = cells.with_bytes(otadata.offset, read_otadata(resolved.otadata))
    otadata_text = "blank otadata" if resolved.otadata is None else f"otadata from {resolved.otadata}"
    notes = [f"no dump: the flash is taken to hold the partition table, {running} in {home.label}, and {otadata_text}"]
    return _loaded(resolved, f"{project.directory}, {project.kind}", cells, table, notes + _secure_versions(resolved))


def _from_otadata(resolved: Resolved) -> Loaded:
    inputs = resolved.inputs
    assert inputs.otadata is not None
    raw = read_otadata(inputs.otadata)
    notes: list[str] = []
    if inputs.partitions is not None:
        table = read_table(inputs.partitions, resolved.places)
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
        raise InputError(f"{inputs.partitions}: has no otadata partition that --otadata could be from")
    if otadata.size < OTADATA_SIZE:
        raise InputError(f"{inputs.partitions}: {otadata.label!r} has 0x{otadata.size:x} bytes, not 0x{OTADATA_SIZE:x}")
    cells = _with_stand_ins(_empty_flash(table, resolved), table, resolved).with_bytes(otadata.offset, raw)
    names = ", ".join(partition.label for partition in table if partition.is_app)
    notes.append(
        f"no dump: what {names} hold is unknown; each is taken to hold a whole image, and one that does not is passed "
        "over in the order told below"
    )
    title = f"{inputs.otadata}, {inputs.partitions or 'no partition table'}"
    loaded = _loaded(resolved, title, cells, table, notes)
    loaded.knows_images, loaded.knows_table = False, inputs.partitions is not None
    return loaded


def _loaded(resolved: Resolved, title: str, cells: Cells, table: tuple[Partition, ...], notes: list[str]) -> Loaded:
    """Return a flash that is known whole, with the values that all commands name."""
    config, version = resolved.config, resolved.inputs.efuse_version
    values = list(resolved.named_values())
    if config.anti_rollback:
        values.append(ConfigValue("secure version in eFuse", str(version), Origin("--efuse")))
    return Loaded(
        title,
        cells,
        config,
        table,
        knows_images=True,
        knows_table=True,
        rollback=(config.rollback,) if resolved.knows_rollback else (True, False),
        releases=tuple(release.point for release in Release),
        bootloader_version=resolved.own_bootloader_version,
        efuse_bits=(1 << version) - 1,
        settings=values,
        notes=[*notes, *resolved.notes],
        built_by=tuple(dict.fromkeys(app.release for app in resolved.evidence.apps if app.release is not None)),
    )


def _secure_versions(resolved: Resolved) -> list[str]:
    """Return a line for each image whose secure version only counts with anti-rollback, which nobody chose."""
    if resolved.config.anti_rollback:
        return []
    return [
        f"{app.place} has secure version {app.desc.secure_version}; if the builds have anti-rollback, say "
        "--anti-rollback --efuse N"
        for app in resolved.evidence.apps
        if app.desc is not None and app.desc.secure_version
    ]


def _empty_flash(table: tuple[Partition, ...], resolved: Resolved) -> Cells:
    """Return a flash that the table fits, with the table in it."""
    end = max(partition.end for partition in table)
    size = next((size for size in FLASH_SIZES if size >= end), None)
    if size is None:
        raise InputError(f"the partition table ends at 0x{end:x}, beyond the largest flash of 128 MiB")
    config = resolved.config
    return Cells.erased(size).with_bytes(config.table_offset, encode_table(table, config.table_md5))


def _with_stand_ins(cells: Cells, table: tuple[Partition, ...], resolved: Resolved) -> Cells:
    """Return the flash with an image that verifies in every app partition that has room for one."""
    version = resolved.inputs.efuse_version
    for number, partition in enumerate(p for p in table if p.is_app):
        size = min(partition.size, _STAND_IN_SIZE)
        if size >= MIN_IMAGE_SIZE:
            image = build_image(
                resolved.config.chip, size=size, version="?", project_name="?", secure_version=version, seed=number
            )
            cells = cells.with_bytes(partition.offset, image)
    return cells


def _size(length: int) -> str:
    return f"{length >> 20} MiB" if length % (1 << 20) == 0 else f"0x{length:x} bytes"
