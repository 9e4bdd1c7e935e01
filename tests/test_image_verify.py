"""Which images pass: against the recordings, against esptool, and one broken field at a time."""

import json
import random
import re
import struct
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest
from esptool.bin_image import ESP32FirmwareImage, ESP32S2FirmwareImage
from esptool.util import FatalError

from otaproof.impl.cells import Cells
from otaproof.impl.chips import CHIPS
from otaproof.impl.flash import NorFlash, ReadTracker
from otaproof.impl.image import IMAGE_HEADER_SIZE, build_image, encode_image
from otaproof.impl.image_verify import ImageInvalid, VerifyMode, read_headers, rules_of, verify_image
from otaproof.impl.resets import Panic
from otaproof.model.config import Chip, Config, Release

RECORDED = Path(__file__).parent / "data/vectors"
REAL = Path(__file__).parents[1].parent / "shared/real"
IMAGES = json.loads((RECORDED / "images.json").read_text())
SLOT = 0x10000
GOOD = build_image(size=2000, version="1.0.0", secure_version=2, seed=3)
ANTI_ROLLBACK = Config(rollback=True, anti_rollback=True)


def outcome(image: bytes, config: Config, mode: VerifyMode, secure_version: int = 0) -> str:
    """Return "passes", the reason for a refusal, or "panic", for an image alone in its slot."""
    flash = NorFlash(Cells.erased(4 * SLOT).with_bytes(SLOT, image))
    try:
        verify_image(flash, SLOT, SLOT, config, mode, secure_version)
    except ImageInvalid as error:
        return error.reason
    except Panic:
        return "panic"
    return "passes"


def recorded_verdicts() -> list[tuple[str, str, str, str]]:
    """Return (image, build, what complete() said, what the bootloader did) of every recorded verdict."""
    return [
        (name, build, verdict["complete"], "passes" if verdict["boots"] else "fails")
        for name, record in IMAGES.items()
        for build, verdict in record["verdict"].items()
        if verdict["complete"] != "not a valid ota image"
    ]


@pytest.mark.parametrize(("name", "build", "complete", "boots"), recorded_verdicts())
def test_verdict_is_the_recorded_one(name: str, build: str, complete: str, boots: str) -> None:
    """In the application and in the bootloader, for four releases, with and without anti-rollback."""
    release = Release.parse(build.removesuffix(", anti-rollback"))
    anti = build.endswith("anti-rollback")
    config = Config(rollback=anti, anti_rollback=anti, app_release=release, bootloader_release=release)
    image = (RECORDED / "images" / IMAGES[name]["file"]).read_bytes()
    in_app = outcome(image, config, VerifyMode.APP)
    expected = {"ok": {"passes"}, "panic": {"panic"}}.get(complete)
    assert in_app in expected if expected else in_app not in ("passes", "panic")
    # Without the magic word the selection refuses the slot before the image is verified.
    if name != "no_desc":
        assert (boots == "passes") == (outcome(image, config, VerifyMode.BOOTLOADER_LOAD) == "passes")


def header_with(offset: int, value: bytes) -> bytes:
    """Return the good image with other bytes in its header."""
    return GOOD[:offset] + value + GOOD[offset + len(value) :]


@pytest.mark.parametrize(
    ("image", "reason"),
    [
        (header_with(0, b"\xe8"), "byte 0 is 0xe8"),
        (header_with(1, b"\x11"), "17 segments"),
        (header_with(12, b"\x09\x00"), "for esp32s3, not for esp32"),
        (header_with(15, struct.pack("<H", 301)), "wants chip revision v3.1 or newer"),
        (header_with(17, struct.pack("<H", 299)), "wants chip revision v2.99 or older"),
        (header_with(28, struct.pack("<I", 257)), "length 0x101 is not a multiple of 4"),
        (header_with(28, struct.pack("<I", 0x1000000)), "below 16 MiB"),
        (header_with(28, struct.pack("<I", 0x20000)), "invalid|length|segment|fit"),
        (header_with(24, struct.pack("<I", 0x3F400021)), "does not fit its place in the MMU page"),
        (GOOD[:400] + bytes([GOOD[400] ^ 1]) + GOOD[401:], "the checksum is"),
        (GOOD[:-1] + bytes([GOOD[-1] ^ 1]), "the SHA-256 is not that of the image"),
        (GOOD[: len(GOOD) // 2], "segment|checksum"),
        (b"", "byte 0 is 0xff"),
    ],
)
def test_refusal_says_what_is_wrong(image: bytes, reason: str) -> None:
    """One line that a person can act on."""
    assert re.search(reason, outcome(image, Config(), VerifyMode.APP))


def test_revision_rules_of_4_4_know_the_major_only() -> None:
    """4.4 reads byte 14; the full revision came later."""
    image = encode_image(Chip.ESP32, [(0x3F400020, GOOD[32:288])], min_chip_rev_full=301)
    verdicts = [
        outcome(image, Config(app_release=release, chip_revision=revision), VerifyMode.APP)
        for release, revision in ((Release.V4_4, 300), (Release.V4_4, 200), (Release.V5_1, 300), (Release.V5_1, 301))
    ]
    assert [
        "passes",
        "the image wants chip revision v3.0 or newer, this is v2.0",
        "the image wants chip revision v3.1 or newer, this is v3.0",
        "passes",
    ] == verdicts


def test_short_first_segment_is_refused_from_6_2_on() -> None:
    """Older releases accept a first segment that cannot hold a description."""
    image = encode_image(Chip.ESP32, [(0x3F400020, bytes(128))])
    verdicts = [outcome(image, Config(app_release=release), VerifyMode.APP) for release in Release]
    assert ["passes"] * 5 == verdicts[:5]
    assert "too few" in verdicts[5]


def test_load_address_outside_ram_stops_the_bootloader_only() -> None:
    """The application does not load, so it does not look."""
    image = encode_image(Chip.ESP32, [(0x3F400020, GOOD[32:288]), (0x20000000, bytes(64))])
    assert "passes" == outcome(image, Config(), VerifyMode.APP)
    assert "no RAM of this chip" in outcome(image, Config(), VerifyMode.BOOTLOADER_LOAD)


def test_skipped_validation_starts_a_damaged_image() -> None:
    """CONFIG_BOOTLOADER_SKIP_VALIDATE_*: headers alone decide."""
    damaged = GOOD[:100] + b"\0" * 300 + GOOD[400:]
    assert "passes" == outcome(damaged, Config(), VerifyMode.BOOTLOADER_LOAD_NO_VALIDATE)


def test_bootloader_compares_the_secure_version_again_from_5_5_on() -> None:
    """After loading, against the eFuse."""
    verdicts = [
        outcome(GOOD, replace(ANTI_ROLLBACK, bootloader_release=release), VerifyMode.BOOTLOADER_LOAD, 3)
        for release in (Release.V5_1, Release.V5_5)
    ]
    assert ["passes", "secure version 2 is below the eFuse's 3"] == verdicts


def test_headers_of_a_torn_image_decide_without_its_data() -> None:
    """What makes sweeps fast: a missing segment header ends the matter, and only headers were read."""
    cells = Cells.erased(4 * SLOT).with_bytes(SLOT, GOOD[:1000])
    reading = read_headers(cells, SLOT, SLOT, rules_of(Config(), VerifyMode.APP))
    assert reading.metadata is None
    assert IMAGE_HEADER_SIZE + 3 * 8 >= sum(span.length for span in reading.read)


def test_tracker_learns_the_same_when_the_verdict_is_remembered() -> None:
    """A remembered verdict must not hide what it depends on."""
    learned = []
    for _ in range(2):
        flash = NorFlash(Cells.erased(4 * SLOT).with_bytes(SLOT, GOOD))
        flash.tracker = ReadTracker()
        verify_image(flash, SLOT, SLOT, Config(), VerifyMode.APP)
        learned.append((flash.tracker.read, flash.tracker.answers))
    assert learned[0] == learned[1]
    assert 1 == len(learned[0][1])


def esptool_accepts(image: bytes, reader: type[ESP32FirmwareImage] = ESP32FirmwareImage, chip_id: int = 0) -> bool:
    """Tell whether esptool loads the image, and finds its checksum and its hash right."""
    try:
        loaded = reader(BytesIO(image))
        is_hash_right = not loaded.append_digest or loaded.stored_digest == loaded.calc_digest
        return bool(loaded.checksum == loaded.calculate_checksum() and is_hash_right and loaded.chip_id == chip_id)
    except (FatalError, struct.error, IndexError, TypeError):
        return False


def mutants(count: int) -> list[bytes]:
    """Return images with one to three bytes changed, or cut off, in fields that esptool looks at too."""
    source = random.Random(20261123)
    made = []
    for _ in range(count):
        image = bytearray(GOOD)
        if source.random() < 0.2:
            del image[source.randrange(1, len(image)) :]
        for _ in range(source.randint(1, 3)):
            # Bytes 2-11 and 14-22 are flash parameters and revisions, which esptool does not judge.
            places = [0, 12, 13, *range(32, max(33, len(image)))]
            place = source.choice([place for place in places if place < len(image)])
            image[place] = source.randrange(256)
        made.append(bytes(image))
    return made


def test_esptool_agrees_on_thousands_of_mutants() -> None:
    """Segments, checksum, hash and chip: the two verifiers were written apart."""
    disagreements = [
        image.hex()[:80]
        for image in mutants(3000)
        if esptool_accepts(image) != (outcome(image, Config(), VerifyMode.APP) == "passes")
    ]
    assert [] == disagreements


@pytest.mark.parametrize("name", [n for n, r in IMAGES.items() if r["valid"] is not None])
def test_esptool_agrees_on_recorded_images(name: str) -> None:
    """But for one rule that only ESP-IDF has: at most 16 segments."""
    image = (RECORDED / "images" / IMAGES[name]["file"]).read_bytes()
    if name != "many_segs":
        assert esptool_accepts(image) == (outcome(image, Config(), VerifyMode.APP) == "passes")


@pytest.mark.parametrize(
    ("path", "chip"),
    [
        ("cyd-photo-frame/v0.1.3/firmware.bin", Chip.ESP32),
        ("cyd-photo-frame/v0.1.4/firmware.bin", Chip.ESP32),
        ("esp_idf_blink_esp32s2.bin", Chip.ESP32S2),
    ],
)
def test_real_firmware_passes(path: str, chip: Chip) -> None:
    """In the application and in the bootloader, for every release; one flipped bit is found."""
    if not (REAL / path).is_file():
        pytest.skip("the real firmware is not here")
    image = (REAL / path).read_bytes()
    slot = 0x200000
    for release in Release:
        config = Config(app_release=release, bootloader_release=release, chip=chip)
        for mode in VerifyMode:
            flash = NorFlash(Cells.erased(0x400000).with_bytes(slot, image))
            assert len(image) == verify_image(flash, slot, slot, config, mode).length
    damaged = bytearray(image)
    damaged[len(image) // 2] ^= 0x10
    flash = NorFlash(Cells.erased(0x400000).with_bytes(slot, bytes(damaged)))
    with pytest.raises(ImageInvalid, match="checksum"):
        verify_image(flash, slot, slot, Config(chip=chip), VerifyMode.APP)


@pytest.mark.parametrize(
    ("path", "chip", "reader"),
    [
        ("cyd-photo-frame/v0.1.3/firmware.bin", Chip.ESP32, ESP32FirmwareImage),
        ("cyd-photo-frame/v0.1.4/firmware.bin", Chip.ESP32, ESP32FirmwareImage),
        ("esp_idf_blink_esp32s2.bin", Chip.ESP32S2, ESP32S2FirmwareImage),
    ],
)
def test_esptool_agrees_on_real_firmware(path: str, chip: Chip, reader: type[ESP32FirmwareImage]) -> None:
    """As it is, and with one byte changed anywhere behind the headers."""
    if not (REAL / path).is_file():
        pytest.skip("the real firmware is not here")
    image = (REAL / path).read_bytes()
    source = random.Random(7)
    for place in [None, *(source.randrange(IMAGE_HEADER_SIZE, len(image)) for _ in range(40))]:
        changed = bytearray(image)
        if place is not None:
            changed[place] ^= 1 << source.randrange(8)
        flash = NorFlash(Cells.erased(0x400000).with_bytes(0x200000, bytes(changed)))
        try:
            verify_image(flash, 0x200000, 0x200000, Config(chip=chip), VerifyMode.APP)
            passes = True
        except ImageInvalid:
            passes = False
        assert esptool_accepts(bytes(changed), reader, CHIPS[chip].chip_id) == passes == (place is None)
