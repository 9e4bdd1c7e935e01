"""Which images pass: against the recordings, against esptool, and one broken field at a time."""

import hashlib
import json
import random
import re
import struct
from dataclasses import replace
from io import BytesIO

import pytest
from esptool.bin_image import ESP32FirmwareImage, ESP32S2FirmwareImage
from esptool.util import FatalError

from otaproof.impl.chip.cells import Cells
from otaproof.impl.chip.chips import CHIPS
from otaproof.impl.chip.flash import NorFlash, ReadTracker
from otaproof.impl.image.format import IMAGE_HEADER_SIZE, build_image, decode_app_desc, encode_app_desc, encode_image
from otaproof.impl.image.header_walk import read_headers
from otaproof.impl.image.verify import DataQuestion, HeaderQuestion, verify_image
from otaproof.impl.image.verify_rules import ImageInvalid, VerifyMode, rules_of
from otaproof.impl.program_end import Panic
from otaproof.impl.release_points import class_of_app, read_point
from otaproof.model.config import Chip, Config, Release
from places import REAL, RECORDED

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
    release = class_of_app(read_point(build.removesuffix(", anti-rollback")))
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


def test_headers_are_read_anew_where_one_has_changed() -> None:
    """The same question of a flash with another header has another answer, and then the first one again."""
    image = build_image(size=5000)
    cells = Cells.erased(0x20000).with_bytes(0x10000, image)
    other = cells.with_bytes(0x10000, b"\x00")
    rules = rules_of(Config(), VerifyMode.APP)
    whole, broken, again = (read_headers(flash, 0x10000, 0x10000, rules) for flash in (cells, other, cells))
    assert (True, False) == (whole.metadata is not None, broken.metadata is not None)
    assert whole == again


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


@pytest.mark.parametrize(
    ("image", "since_6_2"),
    [
        (header_with(0, b"\xe8"), "byte 0 is 0xe8"),
        (header_with(12, b"\x09"), "passes"),
        (header_with(15, struct.pack("<H", 301)), "passes"),
    ],
    ids=["magic", "chip", "revision"],
)
def test_skipped_validation_skips_the_header_too_before_6_2(image: bytes, since_6_2: str) -> None:
    """Not even the magic byte is looked at; 6.2-dev looks at it, and still not at the chip."""
    verdicts = [
        outcome(image, Config(bootloader_release=release), VerifyMode.BOOTLOADER_LOAD_NO_VALIDATE)
        for release in Release
    ]
    assert ["passes"] * 5 == verdicts[:5]
    assert verdicts[5].startswith(since_6_2)


def test_skipped_validation_with_anti_rollback_refuses_all_once_the_efuse_is_burnt() -> None:
    """From 5.5 on: the version is learned only where data is verified, and compared all the same."""
    verdicts = [
        outcome(GOOD, replace(ANTI_ROLLBACK, bootloader_release=release), VerifyMode.BOOTLOADER_LOAD_NO_VALIDATE, 1)
        for release in (Release.V5_1, Release.V5_5)
    ]
    assert ["passes", "secure version 0 is below the eFuse's 1"] == verdicts


@pytest.mark.parametrize(
    ("length", "verdicts"),
    [(0, ["passes", "passes"]), (4, ["passes", "panic"]), (8, ["passes", "passes"])],
)
def test_anti_rollback_from_5_5_on_takes_8_bytes_of_the_first_segment(length: int, verdicts: list[str]) -> None:
    """Off 4 bytes it takes them all the same, and then reads on without end."""
    image = encode_image(Chip.ESP32, [(0x3F400020, GOOD[32 : 32 + length])])
    assert verdicts == [
        outcome(image, replace(ANTI_ROLLBACK, app_release=release), VerifyMode.APP)
        for release in (Release.V5_1, Release.V5_5)
    ]


@pytest.mark.parametrize(
    ("chip", "revision", "least", "verdict"),
    [
        (Chip.ESP32, 301, 3, "passes"),
        (Chip.ESP32, 300, 4, "the image wants chip revision v4.0 or newer, this is v3.0"),
        (Chip.ESP32C3, 3, 3, "passes"),
        (Chip.ESP32C3, 101, 3, "the image wants chip revision v0.3 or newer, this is v0.1"),
        (Chip.ESP32S2, 100, 1, "the image wants chip revision v0.1 or newer, this is v0.0"),
    ],
)
def test_revision_of_4_4_is_one_number_that_each_chip_takes_elsewhere(
    chip: Chip, revision: int, least: int, verdict: str
) -> None:
    """The major revision of an ESP32, the minor one of an ESP32-C3, always 0 on an ESP32-S2."""
    image = bytearray(build_image(chip, size=1024))
    image[14] = least
    image[-32:] = hashlib.sha256(image[:-32]).digest()
    config = Config(chip=chip, chip_revision=revision, app_release=Release.V4_4)
    assert verdict == outcome(bytes(image), config, VerifyMode.APP)


@pytest.mark.parametrize(
    ("start", "size", "verdicts"),
    [
        (0x3FFB0000, 0x100, ["passes", "passes"]),
        (0x3FFDFF00, 0x100, ["passes", "passes"]),
        (0x3FFDFF00, 0x104, ["no RAM", "no RAM"]),
        (0x3FFF5FF8, 0x100, ["no RAM", "no RAM"]),
        (0x3FFF5FFC, 0x100, ["no RAM", "passes"]),
        (0x3FFFFFFC, 0x4, ["passes", "passes"]),
        (0x400A0000, 0x100, ["no RAM", "passes"]),
        (0x7FFFFFF0, 0x10, ["panic", "panic"]),
        (0x0FFFFF00, 0x100, ["passes", "passes"]),
        (0x80000000, 0x100, ["no RAM", "no RAM"]),
    ],
)
def test_esp32_ram_that_has_two_names_must_be_ram_under_both(start: int, size: int, verdicts: list[str]) -> None:
    """From 0x3FFE0000 up DRAM is IRAM backwards, of which less counts as IRAM; 4.4 counts none of it.

    An address that the sign bit parts from its end fails an assertion; below 0x10000000 nothing is loaded."""
    image = encode_image(Chip.ESP32, [(0x3F400020, GOOD[32:288]), (start, bytes(size))])
    found = [
        outcome(image, Config(bootloader_release=release), VerifyMode.BOOTLOADER_LOAD)
        for release in (Release.V4_4, Release.V5_1)
    ]
    assert all(verdict in reason for verdict, reason in zip(verdicts, found, strict=True))


@pytest.mark.parametrize(
    ("exponent", "place", "accepting"),
    [
        (0, 0x10020, {Release.V5_1, Release.V5_5, Release.V6_1, Release.V6_2_DEV}),
        (0, 0x4020, set()),
        (14, 0x4020, {Release.V5_5, Release.V6_1, Release.V6_2_DEV}),
        (17, 0x20, {Release.V5_1}),
        (19, 0x20, {Release.V5_1, Release.V6_2_DEV}),
        (12, 0x1020, {Release.V5_5, Release.V6_1}),
    ],
)
def test_image_names_the_page_its_addresses_are_counted_in(exponent: int, place: int, accepting: set[Release]) -> None:
    """ESP32-C6: from 5.5 on; 6.2-dev takes 8 KiB … 256 KiB for a page size and anything else for none."""
    desc = replace(decode_app_desc(GOOD[32:288]), mmu_page_size=exponent)
    image = encode_image(Chip.ESP32C6, [(0x42000000 + place, encode_app_desc(desc))])
    releases = (Release.V5_1, Release.V5_5, Release.V6_1, Release.V6_2_DEV)
    assert accepting == {
        release
        for release in releases
        if outcome(image, Config(app_release=release, chip=Chip.ESP32C6), VerifyMode.APP) == "passes"
    }


def test_chip_with_variable_page_wants_the_description_from_5_5_on() -> None:
    """With or without anti-rollback, since the page size is read from it."""
    image = encode_image(Chip.ESP32C6, [(0x42000020, bytes(256))])
    verdicts = [
        outcome(image, Config(app_release=release, chip=Chip.ESP32C6), VerifyMode.APP)
        for release in (Release.V5_1, Release.V5_5)
    ]
    assert ["passes", "the first segment does not begin with an application description"] == verdicts


def test_huge_segment_wraps_its_load_address_where_its_length_is_not_bounded() -> None:
    """From 5.5 on an ESP32-S3 has no limit of 16 MiB: the end comes before the start, and an assertion fails."""
    image = encode_image(Chip.ESP32S3, [(0x3C000020, GOOD[32:288]), (0x20000000, bytes(64))])
    image = image[:292] + struct.pack("<I", 0xC0000000) + image[296:]
    verdicts = [
        outcome(image, Config(chip=Chip.ESP32S3, bootloader_release=release), VerifyMode.BOOTLOADER_LOAD)
        for release in (Release.V5_1, Release.V5_5)
    ]
    assert ["segment 1 at byte 288: length 0xc0000000 is not a multiple of 4 below 16 MiB", "panic"] == verdicts


def test_unbounded_length_wraps_to_a_short_image_where_nothing_is_validated() -> None:
    """ESP32-S3 from 5.5 on: 4 bytes short of 4 GiB of mapped data count as -4; to validate is to notice."""
    image = encode_image(Chip.ESP32S3, [(0x3C000020, GOOD[32:288])])
    image = image[:28] + struct.pack("<I", 0xFFFFFFFC) + image[32:]
    config = Config(chip=Chip.ESP32S3, bootloader_release=Release.V5_5)
    assert "passes" == outcome(image, config, VerifyMode.BOOTLOADER_LOAD_NO_VALIDATE)
    assert "passes" != outcome(image, config, VerifyMode.BOOTLOADER_LOAD)


def test_esp32s3_maps_half_as_much_constant_data_in_4_4() -> None:
    """What is not mapped need not fit its MMU page."""
    image = encode_image(Chip.ESP32S3, [(0x3C000020, GOOD[32:288]), (0x3D000000, bytes(64))])
    verdicts = [
        outcome(image, Config(chip=Chip.ESP32S3, app_release=release), VerifyMode.APP)
        for release in (Release.V4_4, Release.V5_1)
    ]
    assert "passes" == verdicts[0]
    assert "does not fit its place in the MMU page" in verdicts[1]


def test_bootloader_image_is_believed_without_its_hash() -> None:
    """esptool may have changed its header after it was hashed; the checksum still has to fit."""
    config = replace(ANTI_ROLLBACK, app_release=Release.V6_2_DEV)
    image = encode_image(Chip.ESP32, [(0x3FFF6000, bytes(64))])
    changed = image[:2] + b"\0" + image[3:]
    torn = image[:40] + b"\1" + image[41:]
    for candidate, is_accepted in ((changed, True), (torn, False)):
        flash = NorFlash(Cells.erased(4 * SLOT).with_bytes(SLOT, candidate))
        if is_accepted:
            verify_image(flash, SLOT, SLOT, config, VerifyMode.APP, bootloader_offset=SLOT)
        else:
            with pytest.raises(ImageInvalid, match="checksum"):
                verify_image(flash, SLOT, SLOT, config, VerifyMode.APP, bootloader_offset=SLOT)


def test_bootloader_image_may_run_on_a_newer_chip_from_5_5_on() -> None:
    """The highest revision is for applications; older releases compare it for any image."""
    image = encode_image(Chip.ESP32, [(0x3FFF6000, bytes(64))], max_chip_rev_full=299)
    flash = NorFlash(Cells.erased(4 * SLOT).with_bytes(SLOT, image))
    with pytest.raises(ImageInvalid, match=re.escape("wants chip revision v2.99 or older")):
        verify_image(flash, SLOT, SLOT, Config(app_release=Release.V5_1), VerifyMode.APP, bootloader_offset=SLOT)
    config = Config(app_release=Release.V5_5)
    assert len(image) == verify_image(flash, SLOT, SLOT, config, VerifyMode.APP, bootloader_offset=SLOT).length


@pytest.mark.parametrize(("flash_size", "page_size"), [(0x100000, 0x4000), (0x200000, 0x8000), (0x400000, 0x10000)])
def test_default_page_of_a_small_flash_is_small(flash_size: int, page_size: int) -> None:
    """On chips that have the choice: ESP32-C2 here, whose description names no size."""
    image = encode_image(Chip.ESP32C2, [(0x3C000020 + page_size, GOOD[32:288])])
    flash = NorFlash(Cells.erased(flash_size).with_bytes(SLOT, image))
    config = Config(chip=Chip.ESP32C2)
    assert len(image) == verify_image(flash, SLOT, SLOT, config, VerifyMode.APP).length
    half_off = encode_image(Chip.ESP32C2, [(0x3C000020 + page_size // 2, GOOD[32:288])])
    flash = NorFlash(Cells.erased(flash_size).with_bytes(SLOT, half_off))
    with pytest.raises(ImageInvalid, match="MMU page"):
        verify_image(flash, SLOT, SLOT, config, VerifyMode.APP)


def test_segment_past_the_partition_fails_without_a_look_beyond_it() -> None:
    """What lies in the next partition has no say."""
    image = header_with(28, struct.pack("<I", 0x20000))
    cells = Cells.erased(4 * SLOT).with_bytes(SLOT, image)
    reading = read_headers(cells, SLOT, SLOT, rules_of(Config(), VerifyMode.APP))
    assert "segment 0 ends at byte 131104, past the partition of 65536" == reading.reason
    assert SLOT >= max(span.start + span.length for span in reading.read)


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
    assert [HeaderQuestion, DataQuestion] == [type(question) for question in learned[0][1]]


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


@pytest.mark.parametrize(
    ("count", "partition_size", "expected"),
    [(16, 0x2000, True), (17, 0x2000, False), (17, 0x11000, True), (24, 0x11000, True), (25, 0x11000, None)],
)
def test_segments_beyond_the_sixteenth_overrun_the_metadata(
    count: int, partition_size: int, expected: bool | None
) -> None:
    """Without validation the image's length becomes a place in flash: 64 KiB here, and the length of the segments.

    From the twenty-fifth on the stack is overwritten, and nothing can be said; None stands for Panic."""
    image = encode_image(Chip.ESP32, [(0, bytes(4))] * count)
    flash = NorFlash(Cells.erased(16 * SLOT).with_bytes(0x10000, image))
    mode = VerifyMode.BOOTLOADER_LOAD_NO_VALIDATE
    try:
        verify_image(flash, 0x10000, partition_size, Config(), mode)
        found: bool | None = True
    except ImageInvalid:
        found = False
    except Panic:
        found = None
    assert expected == found


def test_from_6_2_on_the_number_of_segments_is_always_checked() -> None:
    """Whatever the size of the partition."""
    image = encode_image(Chip.ESP32, [(0, bytes(4))] * 17)
    flash = NorFlash(Cells.erased(16 * SLOT).with_bytes(0x10000, image))
    config = Config(bootloader_release=Release.V6_2_DEV)
    with pytest.raises(ImageInvalid, match="17 segments"):
        verify_image(flash, 0x10000, 0x11000, config, VerifyMode.BOOTLOADER_LOAD_NO_VALIDATE)


@pytest.mark.parametrize("chip", [chip for chip in Chip if CHIPS[chip].rtc])
def test_wake_up_does_not_ask_where_an_rtc_segment_ends(chip: Chip) -> None:
    """It begins in RTC memory, which is not loaded then; its length does not matter."""
    _, high = CHIPS[chip].rtc[0]
    image = encode_image(chip, [(0, GOOD[32:288]), (high - 4, bytes(8))])
    flash = NorFlash(Cells.erased(16 * SLOT).with_bytes(0x10000, image))
    config = Config(chip=chip)
    assert len(image) == verify_image(flash, 0x10000, SLOT, config, VerifyMode.BOOTLOADER_LOAD, 0, True).length
    with pytest.raises(ImageInvalid, match=f"load address 0x{high - 4:08x} is no RAM"):
        verify_image(flash, 0x10000, SLOT, config, VerifyMode.BOOTLOADER_LOAD)
