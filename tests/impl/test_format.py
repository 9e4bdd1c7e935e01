"""The image format: building, decoding, and what the recorded images say of themselves."""

import hashlib
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from otaproof.impl.chip.cells import Cells
from otaproof.impl.chip.flash import NorFlash
from otaproof.impl.image.format import (
    APP_DESC_MAGIC,
    MIN_IMAGE_SIZE,
    build_image,
    decode_app_desc,
    decode_header,
    encode_app_desc,
    read_app_desc,
    xor_bytes,
)
from otaproof.impl.image.verify import verify_image
from otaproof.impl.image.verify_rules import VerifyMode
from otaproof.model.config import Chip, Config, Release
from places import RECORDED

IMAGES = json.loads((RECORDED / "images.json").read_text())


def described_images() -> list[str]:
    """Return the recorded images whose description is told."""
    return [name for name, record in IMAGES.items() if record["valid"] and "version" in record]


@pytest.mark.parametrize("name", described_images())
def test_description_is_read_as_recorded(name: str) -> None:
    """Every field that info() reports."""
    record = IMAGES[name]
    raw = (RECORDED / "images" / record["file"]).read_bytes()
    desc = read_app_desc(NorFlash(Cells.erased(0x10000).with_bytes(0, raw)), 0)
    assert (APP_DESC_MAGIC, record["secure_version"]) == (desc.magic_word, desc.secure_version)
    assert [record[key] for key in ("version", "name", "date", "time", "idf_version")] == [
        desc.version,
        desc.project_name,
        desc.date,
        desc.time,
        desc.idf_ver,
    ]


def test_text_without_end_runs_on_into_the_next_field() -> None:
    """As a C string does: a torn description can read like this."""
    raw = bytearray(encode_app_desc(decode_app_desc(bytes(256))))
    raw[16:48] = b"v" * 32
    raw[48:51] = b"abc"
    assert "v" * 32 + "abc" == decode_app_desc(bytes(raw)).version


@pytest.mark.parametrize("chip", list(Chip))
@pytest.mark.parametrize("release", list(Release))
@pytest.mark.parametrize("mode", list(VerifyMode))
def test_built_image_passes_everywhere(chip: Chip, release: Release, mode: VerifyMode) -> None:
    """For every chip, release and verifier, with anti-rollback on."""
    config = Config(rollback=True, anti_rollback=True, app_release=release, bootloader_release=release, chip=chip)
    image = build_image(chip, size=5000, version="1.2.3", secure_version=2)
    flash = NorFlash(Cells.erased(0x20000).with_bytes(0x10000, image))
    assert 4992 == verify_image(flash, 0x10000, 0x10000, config, mode).length


@settings(max_examples=60)
@given(st.integers(MIN_IMAGE_SIZE, 40_000), st.integers(0, 3))
def test_built_image_has_the_size_asked_for(size: int, seed: int) -> None:
    """Any size, and it passes."""
    image = build_image(size=size, seed=seed)
    flash = NorFlash(Cells.erased(0x10000).with_bytes(0, image))
    assert size == len(image)
    assert size // 16 * 16 == verify_image(flash, 0, 0x10000, Config(), VerifyMode.APP).length


def test_image_below_the_smallest_size_is_refused() -> None:
    """There must be room for header, description, checksum and hash."""
    with pytest.raises(ValueError, match="at least"):
        build_image(size=MIN_IMAGE_SIZE - 1)


def test_seed_changes_the_contents_and_nothing_else() -> None:
    """Two releases of one firmware."""
    one, two = build_image(size=4096, seed=1), build_image(size=4096, seed=2)
    assert decode_header(one[:24]) == decode_header(two[:24])
    assert one != two
    assert one == build_image(size=4096, seed=1)


def test_hash_is_the_sha256_of_all_before_it() -> None:
    """The last 32 bytes of an image whose header says so."""
    image = build_image(size=4096)
    assert hashlib.sha256(image[:-32]).digest() == image[-32:]


@given(st.binary(max_size=300))
def test_xor_of_bytes_is_that_of_the_loop(data: bytes) -> None:
    """The folding must not lose a byte."""
    expected = 0
    for byte in data:
        expected ^= byte
    assert expected == xor_bytes(data)
