"""Boots that a bootloader is run on: tables, right, odd and damaged ones, images that pass or not, and records.

The rows of a table are chosen so that a bootloader which reads them in another way starts another image: numbers with
gaps and out of order, two factory rows, subtypes next to those of OTA slots, other data partitions, no otadata.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import product
from random import Random

from ...impl.chip.cells import SECTOR_SIZE, Cells
from ...impl.image.format import build_image
from ...impl.otadata import SEQ_EMPTY, ota_select_crc
from ...impl.partitions.partition import AppSubtype, Partition
from ...impl.partitions.table import ROW_SIZE, encode_table
from ...model.config import Config, ResetReason
from ...model.ota_state import OtaImgState
from .otadata_pairs import BLANK_RECORD, make_record, random_record

FLASH_SIZE = 0x60000
_OTADATA, _APPS, _APP_SIZE, _IMAGE_SIZE = 0xD000, 0x10000, 0x10000, 1000
_MOST_APPS = 5
"""How many have room on a flash of FLASH_SIZE."""
_FACTORY, _OTA_0, _TEST = AppSubtype.FACTORY, AppSubtype.OTA_0, AppSubtype.TEST
_OTADATA_ROW = Partition("otadata", 1, 0, _OTADATA, 2 * SECTOR_SIZE)


def _apps(*subtypes: int) -> tuple[Partition, ...]:
    """Return app partitions, one after the other in flash."""
    return tuple(
        Partition(f"app{place}", 0, subtype, _APPS + place * _APP_SIZE, _APP_SIZE)
        for place, subtype in enumerate(subtypes)
    )


_NVS = Partition("nvs", 1, 2, 0x9000, 0x4000)
TABLES: Mapping[str, tuple[Partition, ...]] = {
    "one slot": (_NVS, _OTADATA_ROW, *_apps(_OTA_0)),
    "two slots": (_NVS, _OTADATA_ROW, *_apps(_OTA_0, _OTA_0 + 1)),
    "two slots, factory": (_NVS, _OTADATA_ROW, *_apps(_FACTORY, _OTA_0, _OTA_0 + 1)),
    "three slots, factory": (_NVS, _OTADATA_ROW, *_apps(_FACTORY, _OTA_0, _OTA_0 + 1, _OTA_0 + 2)),
    "two slots, test app": (_NVS, _OTADATA_ROW, *_apps(_OTA_0, _OTA_0 + 1, _TEST)),
    "factory, test app, no slots": (_NVS, _OTADATA_ROW, *_apps(_FACTORY, _TEST)),
    "slots 1 and 0": (_NVS, _OTADATA_ROW, *_apps(_OTA_0 + 1, _OTA_0)),
    "slots 0 and 2": (_NVS, _OTADATA_ROW, *_apps(_OTA_0, _OTA_0 + 2)),
    "two slots 0": (_NVS, _OTADATA_ROW, *_apps(_OTA_0, _OTA_0, _OTA_0 + 1)),
    "two factories": (_NVS, _OTADATA_ROW, *_apps(_FACTORY, _FACTORY, _OTA_0)),
    "an app of subtype 0x30": (_NVS, _OTADATA_ROW, *_apps(_OTA_0, 0x30, _OTA_0 + 1)),
    "otadata first": (_OTADATA_ROW, _NVS, *_apps(_FACTORY, _OTA_0, _OTA_0 + 1)),
    "no otadata": (_NVS, *_apps(_FACTORY, _OTA_0, _OTA_0 + 1)),
    "otadata of one sector": (_NVS, replace(_OTADATA_ROW, size=SECTOR_SIZE), *_apps(_OTA_0, _OTA_0 + 1)),
    "a slot of no size": (_NVS, _OTADATA_ROW, *_apps(_OTA_0), replace(_apps(_OTA_0, _OTA_0 + 1)[1], size=0)),
    "a row beyond the flash": (_NVS, _OTADATA_ROW, *_apps(_OTA_0), Partition("data", 1, 6, FLASH_SIZE, SECTOR_SIZE)),
}
"""Partition tables by name."""
BLANK_APP = -1
"""Stands for the secure version of an app partition that is blank."""
DAMAGES = ("", "no MD5", "wrong MD5", "wrong magic", "no end")
"""What else can be the matter with a table; "": nothing."""
_RECORDS = (
    (BLANK_RECORD, BLANK_RECORD),
    *(
        (
            make_record(first, states[0], ota_select_crc(first)),
            make_record(second, states[1], ota_select_crc(second)) if second != SEQ_EMPTY else BLANK_RECORD,
        )
        for first, second, states in (
            (1, SEQ_EMPTY, (OtaImgState.VALID, OtaImgState.VALID)),
            (1, 2, (OtaImgState.VALID, OtaImgState.VALID)),
            (3, 2, (OtaImgState.VALID, OtaImgState.VALID)),
            (3, 2, (OtaImgState.NEW, OtaImgState.VALID)),
            (1, 2, (OtaImgState.VALID, OtaImgState.PENDING_VERIFY)),
            (1, 2, (OtaImgState.PENDING_VERIFY, OtaImgState.NEW)),
            (1, 2, (OtaImgState.INVALID, OtaImgState.ABORTED)),
            (4, 5, (OtaImgState.UNDEFINED, OtaImgState.ABORTED)),
        )
    ),
    (make_record(1, OtaImgState.VALID, 0), make_record(2, OtaImgState.VALID, 0)),
)


@dataclass(frozen=True, slots=True)
class BootCase:
    """One boot."""

    table: tuple[Partition, ...]
    """The rows of the partition table."""
    damage: str
    """One of DAMAGES."""
    damaged: tuple[int, ...]
    """Numbers of the app partitions, in the order of the table, whose image does not pass."""
    records: tuple[bytes, bytes]
    """The 32 bytes of each otadata record, where there is otadata."""
    versions: tuple[int, ...] = ()
    """Secure version of each app partition's image, in the order of the table; BLANK_APP: it has none; (): all 0."""
    efuse_bits: int = 0
    """Burned bits of the eFuse's secure version."""
    flash_size: int = FLASH_SIZE
    """Bytes on the flash chip."""
    reason: ResetReason = ResetReason.POWER_ON
    """What reset the chip."""

    @property
    def apps(self) -> tuple[Partition, ...]:
        """The app partitions, in the order of the table."""
        return tuple(partition for partition in self.table if partition.is_app)

    @property
    def otadata(self) -> Partition | None:
        """The otadata partition that a bootloader uses: the last one."""
        return next((partition for partition in reversed(self.table) if partition.is_otadata), None)

    def cells(self, config: Config) -> Cells:
        """Return what the flash holds."""
        cells = _without_records(self.table, self.damage, self.damaged, self.versions, self.flash_size, config)
        if self.otadata is None:
            return cells
        for number, record in enumerate(self.records):
            cells = cells.with_bytes(self.otadata.offset + number * SECTOR_SIZE, record)
        return cells


def boot_cases() -> Iterator[BootCase]:
    """Yield boots with every table, every choice of images that do not pass, and records of each kind."""
    for table in TABLES.values():
        apps = sum(partition.is_app for partition in table)
        for passes in product((True, False), repeat=apps):
            damaged = tuple(number for number, does_pass in enumerate(passes) if not does_pass)
            for records in _RECORDS:
                yield BootCase(table, "", damaged, records)
    for damage in DAMAGES[1:]:
        for records in _RECORDS:
            yield BootCase(TABLES["two slots, factory"], damage, (), records)


def version_cases() -> Iterator[BootCase]:
    """Yield boots of images with each choice of secure versions, for a bootloader with anti-rollback."""
    for name in ("two slots", "two slots, factory", "two slots, test app"):
        apps = sum(partition.is_app for partition in TABLES[name])
        for versions, efuse_bits in product(product((BLANK_APP, 0, 1, 2), repeat=apps), (0, 1)):
            for records in _RECORDS:
                yield BootCase(TABLES[name], "", (), records, versions, efuse_bits)


def wake_ups() -> Iterator[BootCase]:
    """Yield wake-ups from deep sleep of tables with a slot.

    None of an app without a size, which fails whether its header is read or not."""
    for case in boot_cases():
        if has_slots(case) and all(partition.size for partition in case.apps):
            yield replace(case, reason=ResetReason.DEEP_SLEEP)


def random_boots(seed: int, count: int) -> Iterator[BootCase]:
    """Yield boots of random tables, images and records; a seed gives the same ones always."""
    random = Random(f"otaproof binary boots {seed}")
    for _ in range(count):
        table = _random_table(random)
        apps = sum(partition.is_app for partition in table)
        damaged = tuple(number for number in range(apps) if random.random() < 0.5)
        yield BootCase(
            table,
            "" if random.random() < 0.9 else random.choice(DAMAGES),
            damaged,
            (random_record(random), random_record(random)),
            tuple(random.choice((BLANK_APP, 0, 1, 2, 3)) for _ in range(apps)),
            random.choice((0, 0, 1, 3, 7)),
        )


def _random_table(random: Random) -> tuple[Partition, ...]:
    """Return up to five apps, each at a place of its own, among data partitions that overlap nothing else."""
    subtypes = (_FACTORY, _TEST, 0x30, 0x50, *range(_OTA_0, _OTA_0 + 6))
    apps = _apps(*random.choices(subtypes, k=random.randrange(_MOST_APPS + 1)))
    data = [Partition(f"data{n}", 1, random.choice((1, 2, 4, 6)), 0x9000, 0x1000) for n in range(random.randrange(4))]
    rows = [*apps, *data, *([_OTADATA_ROW] if random.random() < 0.9 else [])]
    random.shuffle(rows)
    return tuple(rows)


def has_slots(case: BootCase) -> bool:
    """Tell whether the table has an OTA slot.

    Without one, a slot number is taken modulo 0, which only an Xtensa core traps."""
    return any(partition.is_ota_slot for partition in case.table)


def simpler_boots(case: BootCase) -> Iterator[BootCase]:
    """Yield boots that are simpler in one respect."""
    if case.damage:
        yield replace(case, damage="")
    tables = list(TABLES.values())
    for table in (TABLES["two slots"], TABLES["two slots, factory"]):
        if case.table in tables and tables.index(table) < tables.index(case.table) and not case.versions:
            yield replace(case, table=table)
    if case.efuse_bits:
        yield replace(case, efuse_bits=0)
    for place, version in enumerate(case.versions):
        if version:
            yield replace(case, versions=(*case.versions[:place], 0, *case.versions[place + 1 :]))
    for number in case.damaged:
        yield replace(case, damaged=tuple(other for other in case.damaged if other != number))
    for records in _RECORDS[: _RECORDS.index(case.records) if case.records in _RECORDS else None]:
        yield replace(case, records=records)


@lru_cache(maxsize=4096)
def _without_records(
    table: tuple[Partition, ...],
    damage: str,
    damaged: tuple[int, ...],
    versions: tuple[int, ...],
    flash_size: int,
    config: Config,
) -> Cells:
    cells = Cells.erased(flash_size).with_bytes(config.table_offset, _table_bytes(table, damage))
    for number, partition in enumerate(partition for partition in table if partition.is_app):
        version = versions[number] if versions else 0
        if version == BLANK_APP:
            continue
        image = build_image(config.chip, size=_IMAGE_SIZE, version=f"1.{number}", secure_version=version, seed=number)
        if number in damaged:
            image = image[:600] + bytes([image[600] ^ 1]) + image[601:]
        cells = cells.with_bytes(partition.offset, image)
    return cells


def _table_bytes(partitions: tuple[Partition, ...], damage: str) -> bytes:
    raw = encode_table(partitions, md5=damage != "no MD5")
    rows = len(partitions)
    match damage:
        case "wrong MD5":
            return _with_byte_changed(raw, (rows + 1) * ROW_SIZE - 1)
        case "wrong magic":
            return _with_byte_changed(raw, (rows - 1) * ROW_SIZE)
        case "no end":
            return raw[: (rows + 1) * ROW_SIZE] + raw[: len(raw) - (rows + 1) * ROW_SIZE]
    return raw


def _with_byte_changed(raw: bytes, place: int) -> bytes:
    return raw[:place] + bytes([raw[place] ^ 1]) + raw[place + 1 :]
