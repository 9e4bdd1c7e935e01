"""What images tell of the build that made them."""

import struct
from pathlib import Path

from otaproof.impl.image.format import build_image, encode_image
from otaproof.model.config import Chip
from otaproof.project.image_evidence import release_hints, target_hint


def write(path: Path, contents: bytes) -> Path:
    """Return the file, written."""
    path.write_bytes(contents)
    return path


def bootloader_naming(release: bytes) -> bytes:
    """Return an image whose first segment begins with a bootloader's description."""
    description = struct.pack("<B3xI32s24s16x", 0x50, 1, release, b"Jan  1 2026 12:00:00")
    return encode_image(Chip.ESP32, [(0x3FFF0000, description.ljust(256, b"\0"))])


def test_application_names_its_release(tmp_path: Path) -> None:
    """By the idf_ver of its description, bytes 144 … 175 of the file."""
    app = build_image()
    assert b"v5.1.3\0" == app[144:151]
    (hint,) = release_hints(write(tmp_path / "app.bin", app), None).app
    assert ("v5.1.3", str(tmp_path / "app.bin")) == (hint.raw, hint.place)


def test_bootloader_names_its_own_release(tmp_path: Path) -> None:
    """From 5.2 on it has a description with a magic byte."""
    app = write(tmp_path / "app.bin", build_image())
    bootloader = write(tmp_path / "bootloader.bin", bootloader_naming(b"v5.4.1-dirty"))
    assert ["v5.4.1-dirty"] == [hint.raw for hint in release_hints(app, bootloader).bootloader]


def test_bootloader_that_names_none_is_taken_to_be_of_the_application_s_release(tmp_path: Path) -> None:
    """And the place says so."""
    app = write(tmp_path / "app.bin", build_image())
    bootloader = write(tmp_path / "bootloader.bin", encode_image(Chip.ESP32, [(0x3FFF0000, bytes(256))]))
    (hint,) = release_hints(app, bootloader).bootloader
    assert ("v5.1.3", f"{app}, the bootloader naming none") == (hint.raw, hint.place)


def test_file_that_is_no_image_gives_no_hint(tmp_path: Path) -> None:
    """Its reader will say what is wrong with it."""
    text = write(tmp_path / "notes.bin", b"no image" * 100)
    hints = release_hints(text, tmp_path / "missing.bin")
    assert ((), (), None) == (hints.app, hints.bootloader, target_hint(text))


def test_header_names_the_chip(tmp_path: Path) -> None:
    """Chip id 9 at byte 12 is the ESP32-S3."""
    image = build_image(Chip.ESP32S3)
    assert 9 == image[12]
    hint = target_hint(write(tmp_path / "app.bin", image))
    assert hint is not None
    assert '"esp32s3"' == hint.raw


def test_unknown_chip_gives_no_hint(tmp_path: Path) -> None:
    """Not every number is a chip known here."""
    image = bytearray(build_image())
    image[12:14] = b"\x34\x12"
    assert None is target_hint(write(tmp_path / "app.bin", bytes(image)))
