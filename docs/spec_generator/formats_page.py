"""The page of byte formats: offsets, meanings, and examples that the code of impl encodes."""

from otaproof.impl.image.format import (
    APP_DESC_MAGIC,
    APP_DESC_OFFSET,
    APP_DESC_SIZE,
    IMAGE_HEADER_SIZE,
    SEGMENT_HEADER_SIZE,
    AppDesc,
    build_image,
    decode_header,
    decode_segment_header,
    encode_app_desc,
)
from otaproof.impl.otadata import decode_entry, encode_entry, make_entry, ota_select_crc, slot_of_seq
from otaproof.impl.partitions.partition import Partition
from otaproof.impl.partitions.table import ROW_SIZE, TABLE_MAX_LENGTH, encode_table
from otaproof.model.ota_state import API_NAMES, OtaImgState

from .spec_page import SpecPage, code, fenced, picture, repo_file

_TABLE = (
    Partition("nvs", 1, 0x02, 0x9000, 0x4000),
    Partition("otadata", 1, 0x00, 0xD000, 0x2000),
    Partition("ota_0", 0, 0x10, 0x10000, 0x100000),
    Partition("ota_1", 0, 0x11, 0x110000, 0x100000),
)
_SUBTYPES = (
    ("app (0)", "factory 0x00, ota_0 … ota_15 0x10 … 0x1f, test 0x20"),
    ("data (1)", "ota 0x00 (otadata), phy 0x01, nvs 0x02, coredump 0x03, nvs_keys 0x04, efuse 0x05, undefined 0x06"),
)


def formats_page() -> SpecPage:
    """Return the page."""
    page = SpecPage("formats", "Byte formats")
    page.add(
        "All numbers are little-endian. The code of the simulated board encodes the examples; tests compare that code "
        "with recordings of the vendor's code and tools."
    )
    _otadata(page)
    _image(page)
    _table(page)
    _efuse(page)
    return page


def _otadata(page: SpecPage) -> None:
    page.heading("otadata")
    page.add(
        "A data partition of subtype 0x00 with at least two sectors. Each of the first two sectors begins with a "
        f"record; the rest is not used. In {repo_file('impl/otadata.py')}. Sources: "
        f"{page.cite('IDF-OTADATA-STATES')}, {page.cite('IDF-OTADATA-CRC')}, {page.cite('IDF-OTADATA-ACTIVE')}.",
        picture("otadata-record", "The 32 bytes of an otadata record"),
    )
    page.table(
        ("offset", "size", "field", "meaning"),
        (
            (
                "0",
                "4",
                code("ota_seq"),
                "Sequence number; 0xffffffff means no record. Slot (ota_seq − 1) mod 2³² mod the number of slots.",
            ),
            ("4", "20", code("seq_label"), "Not used; 0xff. A rewrite keeps it."),
            ("24", "4", code("ota_state"), "State word, see below. The check word does not cover it."),
            ("28", "4", code("crc"), "CRC-32 of the four bytes of ota_seq alone: `zlib.crc32(ota_seq, 0xffffffff)`."),
        ),
    )
    page.table(
        ("ota_state", "name", "info() reports", "bootable"),
        (
            (
                code(f"0x{state:08x}"),
                state.name,
                API_NAMES[state],
                "no" if state in (OtaImgState.INVALID, OtaImgState.ABORTED) else "yes",
            )
            for state in OtaImgState
        ),
    )
    page.add(
        "Any other state word is bootable, and info() reports it as undefined.",
        "Worked example, the first two records of a device with two slots:",
    )
    lines = []
    for number, state in ((1, OtaImgState.VALID), (2, OtaImgState.NEW)):
        raw = encode_entry(make_entry(number, state))
        entry = decode_entry(raw)
        lines += [
            _hex(raw, 16),
            f"    ota_seq {entry.ota_seq} → ota_{slot_of_seq(entry.ota_seq, 2)}, state {OtaImgState(entry.ota_state).name}, "
            f"crc 0x{entry.crc:08x}",
        ]
    page.add(fenced("\n".join(lines)), "Check words of some numbers:")
    page.table(
        ("ota_seq", "crc"),
        ((code(f"0x{n:08x}"), code(f"0x{ota_select_crc(n):08x}")) for n in (0, 1, 2, 3, 0xFFFFFFFE, 0xFFFFFFFF)),
    )
    page.add(
        "Number 0 is the only one with the check word of erased flash: lemma [only_zero_looks_unwritten](claims.md#lemma-only_zero_looks_unwritten)."
    )


def _image(page: SpecPage) -> None:
    page.heading("Application image")
    page.add(
        "Header, segments, padding, checksum, hash:",
        fenced(
            "header 24 | segment header 8, data … | zeros up to one byte short of a 16-byte block, checksum 1 | SHA-256 32"
        ),
        f"In {repo_file('impl/image/format.py')}, verified in {repo_file('impl/image/verify.py')}.",
    )
    _image_header(page)
    _image_segments(page)
    _image_description(page)
    _image_example(page)


def _image_header(page: SpecPage) -> None:
    page.heading("Header", 3)
    page.table(
        ("offset", "size", "field", "meaning"),
        (
            ("0", "1", "magic", "0xe9"),
            ("1", "1", "segment_count", "at most 16"),
            ("2", "1", "spi_mode", "ignored here"),
            ("3", "1", "spi_speed, spi_size", "four bits each; ignored here"),
            ("4", "4", "entry_addr", ""),
            ("8", "1", "wp_pin", "0xee: none"),
            ("9", "3", "spi_pin_drv", ""),
            ("12", "2", "chip_id", "must be the id of the chip"),
            ("14", "1", "min_chip_rev", "minimum major revision; checked by 4.4"),
            ("15", "2", "min_chip_rev_full", "minimum revision, major × 100 + minor; checked by later releases"),
            ("17", "2", "max_chip_rev_full", "maximum revision; 0 and 65535 mean any"),
            ("19", "4", "reserved", ""),
            (
                "23",
                "1",
                "hash_appended",
                "1: a SHA-256 follows the checksum. 0: only an 8-bit XOR checksum protects the image.",
            ),
        ),
    )


def _image_segments(page: SpecPage) -> None:
    page.heading("Segments, checksum, hash", 3)
    page.table(
        ("what", "bytes", "meaning"),
        (
            ("segment header", "8", "load address, then the length of the data: a multiple of 4, below 16 MiB"),
            ("first segment", "at least 256", "begins with the application description"),
            ("checksum", "1", "XOR of all segment data, starting from 0xef; the last byte of a 16-byte block"),
            ("SHA-256", "32", "of all bytes before it, if hash_appended"),
        ),
    )


def _image_description(page: SpecPage) -> None:
    page.heading("Application description", 3)
    page.add(f"{APP_DESC_SIZE} bytes at offset {APP_DESC_OFFSET} of the image.")
    page.table(
        ("offset", "size", "field", "meaning"),
        (
            ("0", "4", "magic_word", f"0x{APP_DESC_MAGIC:08x}"),
            ("4", "4", "secure_version", "compared with the eFuse by anti-rollback"),
            ("8", "8", "reserved", ""),
            ("16", "32", "version", "a text that fills the field has no NUL, and C code reads on into the next field"),
            ("48", "32", "project_name", ""),
            ("80", "16", "time", ""),
            ("96", "16", "date", ""),
            ("112", "32", "idf_ver", ""),
            ("144", "32", "app_elf_sha256", ""),
            ("176", "2", "min_efuse_blk_rev_full", ""),
            ("178", "2", "max_efuse_blk_rev_full", ""),
            ("180", "1", "mmu_page_size", "base-2 logarithm; 0: the default"),
            ("181", "1", "spi_flash_mode", ""),
            ("182", "74", "reserved", ""),
        ),
    )


def _image_example(page: SpecPage) -> None:
    image = build_image(size=1024, version="2.0.0", project_name="example", secure_version=1, seed=1)
    header = decode_header(image[:IMAGE_HEADER_SIZE])
    segment = decode_segment_header(image[IMAGE_HEADER_SIZE : IMAGE_HEADER_SIZE + SEGMENT_HEADER_SIZE])
    desc = encode_app_desc(AppDesc(APP_DESC_MAGIC, 1, "2.0.0", "example", "12:00:00", "Jan  1 2026", "v5.1.3"))
    page.add(
        "Worked example, an image of 1024 bytes:",
        fenced(
            "\n".join(
                [
                    f"header        {_hex(image[:12])}",
                    f"              {_hex(image[12:24])}",
                    f"              {header.segment_count} segments, entry 0x{header.entry_addr:08x}, chip {header.chip_id}, "
                    f"hash appended: {'yes' if header.hash_appended else 'no'}",
                    f"segment 0     {_hex(image[24:32])}   to 0x{segment.load_addr:08x}, {segment.data_len} bytes",
                    f"description   {_hex(desc[:16])}   magic, secure version 1",
                    f"              {_hex(desc[16:32])}   version",
                    f"checksum      {_hex(image[-33:-32])}   at offset {len(image) - 33}",
                    f"SHA-256       {_hex(image[-32:-16])}",
                    f"              {_hex(image[-16:])}",
                ]
            )
        ),
    )


def _table(page: SpecPage) -> None:
    page.heading("Partition table")
    page.add(
        f"At 0x8000 unless CONFIG_PARTITION_TABLE_OFFSET says otherwise; at most 0x{TABLE_MAX_LENGTH:x} bytes. Rows of "
        f"{ROW_SIZE} bytes, then (unless switched off) one row with the MD5 of all rows before it, then a row of 0xff. "
        f"In {repo_file('impl/partitions/table.py')}.",
        picture("partition-layout", "The partition layout of a device with two slots"),
    )
    page.table(
        ("offset", "size", "field", "meaning"),
        (
            ("0", "2", "magic", "0xaa 0x50; 0xeb 0xeb in the MD5 row; 0xff 0xff at the end"),
            ("2", "1", "type", "0 app, 1 data"),
            ("3", "1", "subtype", "see below"),
            ("4", "4", "offset", "bytes from the start of flash"),
            ("8", "4", "size", "bytes"),
            ("12", "16", "label", "up to the first NUL; a label of 16 bytes has none"),
            ("28", "4", "flags", "bit 0 encrypted, bit 1 read-only"),
        ),
    )
    page.table(("type", "subtypes"), _SUBTYPES)
    raw = encode_table(_TABLE)
    rows = []
    for number, partition in enumerate(_TABLE):
        row = raw[number * ROW_SIZE : (number + 1) * ROW_SIZE]
        rows += [_hex(row[:16]), f"{_hex(row[16:])}   {partition.label}"]
    md5 = raw[len(_TABLE) * ROW_SIZE : (len(_TABLE) + 1) * ROW_SIZE]
    rows += [_hex(md5[:16]), f"{_hex(md5[16:])}   MD5"]
    page.add("Worked example:", fenced("\n".join(rows)))


def _efuse(page: SpecPage) -> None:
    page.heading("Secure version in eFuse")
    page.add(
        "The secure version of a device is the number of burned bits in a field of CONFIG_BOOTLOADER_APP_SEC_VER_SIZE_EFUSE_FIELD "
        "bits. A burn up to version *v* sets the bits from the current version up to *v* − 1 at once. Sources: "
        f"{page.cite('IDF-EFUSE-VERSION')}, {page.cite('IDF-EFUSE-UPDATE')}; in {repo_file('impl/chip/efuse.py')}."
    )
    page.table(
        ("burned bits", "version", "bits of a burn to version 3"),
        (
            (code(f"0b{bits:04b}"), str(bits.bit_count()), code(f"0b{_burn(bits, 3):04b}"))
            for bits in (0b0000, 0b0001, 0b0011, 0b0010)
        ),
    )
    page.add(
        "The last row shows what a torn burn can leave. Later burns never set the missing bit 0, and they try to set a "
        "bit that is burned already, so the burn is refused ([K15](cases.md#k15))."
    )


def _burn(bits: int, version: int) -> int:
    return ((1 << version) - 1) & ~((1 << bits.bit_count()) - 1)


def _hex(raw: bytes, width: int = 0) -> str:
    if not width:
        return raw.hex(" ")
    return "\n".join(raw[at : at + width].hex(" ") for at in range(0, len(raw), width))
