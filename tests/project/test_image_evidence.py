"""What images tell of the build that made them."""

import struct

import pytest

from otaproof.impl.image.format import build_image, encode_image
from otaproof.model.config import Chip
from otaproof.model.writers import Updater
from otaproof.project.image_evidence import (
    ARDUINO_ACCEPTS,
    BEGIN_REFUSES,
    ImageEvidence,
    app_evidence,
    bootloader_evidence,
)


def bootloader_naming(release: bytes) -> bytes:
    """Return an image whose first segment begins with a bootloader's description."""
    description = struct.pack("<B3xI32s24s16x", 0x50, 1, release, b"Jan  1 2026 12:00:00")
    return encode_image(Chip.ESP32, [(0x3FFF0000, description.ljust(256, b"\0"))])


def app(contents: bytes) -> ImageEvidence:
    """Return what an image tells that does tell something."""
    evidence = app_evidence(contents, "app.bin")
    assert evidence is not None
    return evidence


def bootloader(contents: bytes) -> ImageEvidence:
    """Return what a bootloader tells that does tell something."""
    evidence = bootloader_evidence(contents, "bootloader.bin")
    assert evidence is not None
    return evidence


def test_application_names_its_release() -> None:
    """By the idf_ver of its description, bytes 144 … 175 of the file."""
    contents = build_image()
    assert b"v5.1.3\0" == contents[144:151]
    release = app(contents).release_option
    assert release is not None
    assert ("v5.1.3", "app.bin") == (release.raw, release.place)


def test_bootloader_names_its_own_release() -> None:
    """From 5.2 on it has a description with a magic byte."""
    assert "v5.4.1-dirty" == bootloader(bootloader_naming(b"v5.4.1-dirty")).release


def test_bootloader_without_a_description_names_no_release() -> None:
    """Those before 5.2."""
    assert bootloader(encode_image(Chip.ESP32, [(0x3FFF0000, bytes(256))])).release is None


@pytest.mark.parametrize("text", [b"1a2b3c4", b""])
def test_git_hash_is_no_release(text: bytes) -> None:
    """What a build out of a shallow clone is called."""
    assert bootloader(bootloader_naming(text)).release is None


@pytest.mark.parametrize("contents", [b"no image" * 100, build_image()[:200], b""])
def test_file_that_is_no_image_is_no_evidence(contents: bytes) -> None:
    """Its reader will say what is wrong with it."""
    assert (None, None) == (app_evidence(contents, "x"), bootloader_evidence(contents[:60], "x"))


def test_header_names_the_chip() -> None:
    """Chip id 9 at byte 12 is the ESP32-S3."""
    contents = build_image(Chip.ESP32S3)
    assert 9 == contents[12]
    target = app(contents).target
    assert target is not None
    assert ('"esp32s3"', "its header") == (target.raw, target.tells)


def test_unknown_chip_is_none() -> None:
    """Not every number is a chip known here."""
    contents = bytearray(build_image())
    contents[12:14] = b"\x34\x12"
    assert app(bytes(contents)).target is None


@pytest.mark.parametrize(("code", "size"), [(0x00, 1 << 20), (0x20, 4 << 20), (0x7F, 128 << 20), (0x8F, None)])
def test_header_names_the_size_of_the_flash(code: int, size: int | None) -> None:
    """In the upper half of byte 3; the lower half is the frequency."""
    contents = bytearray(build_image())
    contents[3] = code
    assert size == app(bytes(contents)).flash_size


@pytest.mark.parametrize(("text", "is_arduino"), [(BEGIN_REFUSES, False), (ARDUINO_ACCEPTS, True)])
def test_rollback_shows_in_what_an_image_logs(text: bytes, is_arduino: bool) -> None:
    """Wherever the text lies; that it is missing tells nothing."""
    evidence = app(build_image() + text)
    assert (True, is_arduino) == (evidence.has_rollback, evidence.is_confirmed_by_arduino)
    assert evidence.rollback is not None and app(build_image()).rollback is None


def test_revision_of_any_chip_is_no_demand() -> None:
    """65535 in the header means that none was set."""
    contents = bytearray(build_image())
    contents[15:17] = struct.pack("<H", 301)
    assert 301 == app(bytes(contents)).least_revision
    contents[15:17] = b"\xff\xff"
    assert 0 == app(bytes(contents)).least_revision


def named(project: str, text: bytes = b"") -> bytes:
    """Return an image with a project name, and a text behind it."""
    return build_image(project_name=project) + text


@pytest.mark.parametrize(
    ("contents", "updater"),
    [
        (named("arduino-lib-builder"), Updater.ARDUINO),
        (named("mine", ARDUINO_ACCEPTS), Updater.ARDUINO),
        (named("mine", b"Could Not Activate The Firmware\0" + BEGIN_REFUSES), Updater.ARDUINO),
        (named("arduino-lib-builder", BEGIN_REFUSES), None),
        (named("arduino-lib-builder", BEGIN_REFUSES + b"\0esp_https_ota\0"), Updater.HTTPS_OTA),
        (named("kitchen", b"ESPHome version 2026.7.0"), Updater.ESPHOME),
        (named("kitchen", b"ESPHome version 2025.2.0\0Could Not Activate The Firmware"), Updater.ARDUINO),
        (named("micropython"), Updater.MICROPYTHON),
        (named("mine", b"\0esp_https_ota\0"), Updater.HTTPS_OTA),
        (named("mine"), None),
    ],
)
def test_image_tells_what_brings_updates(contents: bytes, updater: Updater | None) -> None:
    """By its project name, or by texts that only a library has; of two that are linked, Arduino's own."""
    told = app(contents).updater
    assert updater == (None if told is None else told[0])
