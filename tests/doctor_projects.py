"""Projects for the doctor's tests: one that nothing is wrong with, and ways to break it."""

import json
from dataclasses import dataclass, field
from pathlib import Path

from otaproof.impl.chip.chips import CHIPS
from otaproof.impl.image.format import APP_DESC_MAGIC, APP_DESC_OFFSET, AppDesc, encode_app_desc, encode_image
from otaproof.impl.partitions.csv_format import CsvPlaces, parse_csv
from otaproof.impl.partitions.table import TableError, encode_table
from otaproof.model.config import Chip

TABLE = """\
# Name,   Type, SubType, Offset,  Size, Flags
nvs,      data, nvs,     0x9000,  0x4000,
otadata,  data, ota,     0xd000,  0x2000,
factory,  app,  factory, 0x10000, 64K,
ota_0,    app,  ota_0,   ,        64K,
ota_1,    app,  ota_1,   ,        64K,
"""
TWO_SLOTS = TABLE.replace("factory,  app,  factory, 0x10000, 64K,\n", "")
OPTIONS = {
    "IDF_TARGET": '"esp32"',
    "IDF_INIT_VERSION": '"6.0.1"',
    "ESPTOOLPY_FLASHSIZE_4MB": "y",
    "PARTITION_TABLE_CUSTOM": "y",
    "PARTITION_TABLE_CUSTOM_FILENAME": '"partitions.csv"',
    "PARTITION_TABLE_OFFSET": "0x8000",
    "BOOTLOADER_APP_ROLLBACK_ENABLE": "y",
}
ANTI_ROLLBACK = {"BOOTLOADER_APP_ANTI_ROLLBACK": "y", "BOOTLOADER_APP_SECURE_VERSION": "1"}


HEADER = "# Espressif IoT Development Framework (ESP-IDF) 6.0.1 Project Configuration\n"
"""What idf.py writes into an sdkconfig; here at its end, so that the options have the first lines."""


@dataclass
class Broken:
    """One way in which a project can be broken, and what stays as it is in the sound one."""

    options: dict[str, str] = field(default_factory=dict)
    """Added to the sound project's; "" takes an option away."""
    bootloader: dict[str, str] | None = None
    """The bootloader's, where they are not the application's: added, "" takes away."""
    table: str = TABLE
    built_table: str | None = None
    defaults: str | None = None
    sdkconfig: str = ""
    """Lines after those of the options."""
    image: bytes | None = None
    bootloader_size: int = 20000
    bootloader_image: bytes | None = None
    flasher: dict[str, object] = field(default_factory=dict)
    """Added to what flasher_args.json says."""
    table_flashed_to: int = 0x8000
    source: str = "void app_main(void) { esp_ota_mark_app_valid_cancel_rollback(); }\n"
    arguments: tuple[str, ...] = ()
    at: str = ""
    """What the place of the finding ends with."""


def make_image(
    size: int = 2000,
    *,
    idf: str = "v6.0.1",
    secure_version: int = 0,
    magic: int = APP_DESC_MAGIC,
    hash_appended: bool = True,
    text: bytes = b"",
    chip: Chip = Chip.ESP32,
    project_name: str = "doctor",
    loaded_to: int | None = None,
) -> bytes:
    """Return an image of about `size` bytes. loaded_to: where a second segment is to be loaded."""
    desc = AppDesc(magic, secure_version, "1.0", project_name, "12:00:00", "Jan  1 2026", idf)
    data = encode_app_desc(desc) + text.ljust(-(-len(text) // 4) * 4, b"\0")
    data += bytes((size - len(data) - 100) // 4 * 4)
    more = [] if loaded_to is None else [(loaded_to, bytes(64))]
    return encode_image(chip, [(CHIPS[chip].drom[0] + APP_DESC_OFFSET, data), *more], hash_appended)


def make_project(directory: Path, broken: Broken | None = None) -> Path:
    """Return the directory with a built project in it."""
    broken = broken or Broken()
    options = {name: value for name, value in (OPTIONS | broken.options).items() if value}
    lines = [f"# CONFIG_{name} is not set" if raw == "n" else f"CONFIG_{name}={raw}" for name, raw in options.items()]
    write(directory / "sdkconfig", "\n".join(lines) + "\n" + broken.sdkconfig + HEADER)
    write(directory / "partitions.csv", broken.table)
    if broken.defaults is not None:
        write(directory / "sdkconfig.defaults", broken.defaults)
    write(directory / "main/main.c", broken.source)
    theirs = {name: value for name, value in (options | (broken.bootloader or {})).items() if value not in ("", "n")}
    header = "".join(f"#define CONFIG_{name} {'1' if raw == 'y' else raw}\n" for name, raw in theirs.items())
    write(directory / "build/bootloader/config/sdkconfig.h", "#pragma once\n" + header)
    image = broken.bootloader_image or b"\xe9".ljust(broken.bootloader_size, b"\0")
    write(directory / "build/bootloader/bootloader.bin", image)
    try:
        csv = broken.table if broken.built_table is None else broken.built_table
        built = encode_table(parse_csv(csv.encode(), CsvPlaces(broken.table_flashed_to, 0x1000)))
        write(directory / "build/partition_table/partition-table.bin", built)
    except TableError:
        pass  # a table that is refused is never built
    write(directory / "build/app.bin", make_image() if broken.image is None else broken.image)
    flashed = {
        "app": {"file": "app.bin"},
        "partition-table": {"offset": hex(broken.table_flashed_to), "file": "partition_table/partition-table.bin"},
    }
    write(directory / "build/flasher_args.json", json.dumps(flashed | broken.flasher))
    return directory


def write(path: Path, contents: str | bytes) -> None:
    """Write a file, and its directory."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(contents if isinstance(contents, bytes) else contents.encode())
