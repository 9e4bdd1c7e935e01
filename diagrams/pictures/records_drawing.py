"""The otadata record byte by byte, and a partition table to scale."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from ...model.ota_state import OtaImgState
from ..drawing.canvas import Anchor, Box, Drawing, Stroke, Text
from ..drawing.palette import FAINT, INK, Tone

FIELDS = (
    ("ota_seq", 4, Tone.BLUE),
    ("seq_label", 20, Tone.PLAIN),
    ("ota_state", 4, Tone.ORANGE),
    ("crc", 4, Tone.GREEN),
)
"""Name and size in bytes of each field of a record, in order; a test compares them with impl's encoding."""
_TEXTS = {
    "ota_seq": ("sequence number:", "selects the slot", "(n − 1) mod slots"),
    "seq_label": ("not used",),
    "ota_state": ("the state word",),
    "crc": ("CRC-32 of", "ota_seq alone"),
}


class PartitionLike(Protocol):
    """What a drawing needs of a partition."""

    @property
    def label(self) -> str:
        """The name of the partition."""

    @property
    def offset(self) -> int:
        """Offset of the first byte."""

    @property
    def size(self) -> int:
        """Size in bytes."""


def record_drawing() -> Drawing:
    """Return the drawing of a record: its 32 bytes to scale, the two sectors, and the state words."""
    left, top, unit, height = 24.0, 62.0, 22.0, 46.0
    items: list[Box | Text | Stroke] = [
        Text(left, 24, "An otadata record: 32 bytes, little-endian", 15, is_bold=True),
    ]
    x, at = left, 0
    for name, size, tone in FIELDS:
        colours, width = tone.colours, size * unit
        items.append(Box(x, top, width, height, colours.fill, colours.line))
        for byte in range(1, size):
            items.append(
                Stroke(x + byte * unit, top + height - 6, x + byte * unit, top + height, colours.line, width=0.8)
            )
        items.append(Text(x + width / 2, top + height / 2 - 4, name, 11.5, INK, Anchor.MIDDLE, is_bold=True))
        items.append(Text(x, top - 9, f"0x{at:02X}", 9.5, FAINT, is_fixed=True))
        for line, text in enumerate(_TEXTS[name]):
            items.append(Text(x, top + height + 14 + 14 * line, text, 9.5, colours.text))
        x, at = x + width, at + size
    items.append(Text(x, top - 9, f"0x{at:02X}", 9.5, FAINT, Anchor.END, is_fixed=True))
    y = top + height + 74
    items.append(Text(left, y, "otadata: two sectors of 4096 bytes, a record at the start of each", 11.5, is_bold=True))
    items += _sectors(left, y + 16, x - left)
    y += 84
    items.append(Text(left, y, "ota_state", 11.5, is_bold=True))
    items += _state_words(left, y + 16)
    words = ", ".join(f"{state.value:#010x} {state.name}" for state in OtaImgState)
    fields = ", ".join(f"{name} {size} bytes" for name, size, _ in FIELDS)
    return Drawing(
        "otadata-record",
        "The otadata record",
        f"A record has 32 bytes: {fields}. Two records, each at the start of a sector of 4096 bytes. "
        f"State words: {words}.",
        x + left,
        y + 76,
        tuple(items),
    )


def _sectors(left: float, y: float, width: float) -> Iterator[Box | Text | Stroke]:
    plain, blue = Tone.PLAIN.colours, Tone.BLUE.colours
    for sector in range(2):
        x = left + sector * width / 2
        yield Box(x, y, width / 2, 30, plain.fill, plain.line)
        yield Box(x, y, width / 2 * 32 / 4096, 30, blue.line, blue.line, "the record, to scale")
        yield Text(x + 12, y + 15, f"sector {sector}: record {sector}, 32 of 4096 bytes", 10.5)
        yield Text(x, y + 40, f"+0x{sector * 0x1000:04X}", 9.5, FAINT, is_fixed=True)


def _state_words(left: float, y: float) -> Iterator[Box | Text | Stroke]:
    tones = {
        OtaImgState.NEW: Tone.BLUE,
        OtaImgState.PENDING_VERIFY: Tone.ORANGE,
        OtaImgState.VALID: Tone.GREEN,
        OtaImgState.INVALID: Tone.RED,
        OtaImgState.ABORTED: Tone.RED,
    }
    width = 704 / len(OtaImgState)
    for place, state in enumerate(OtaImgState):
        colours = tones.get(state, Tone.PLAIN).colours
        x = left + place * width
        yield Box(x, y, width - 6, 40, colours.fill, colours.line)
        yield Text(x + (width - 6) / 2, y + 13, state.name, 9.5, INK, Anchor.MIDDLE, is_bold=True)
        yield Text(x + (width - 6) / 2, y + 28, f"0x{state.value:08X}", 9, FAINT, Anchor.MIDDLE, is_fixed=True)


@dataclass(frozen=True, slots=True)
class LayoutRow:
    """A partition of a built-in layout."""

    label: str
    offset: int
    size: int


TWO_OTA = (
    LayoutRow("nvs", 0x9000, 0x4000),
    LayoutRow("otadata", 0xD000, 0x2000),
    LayoutRow("phy_init", 0xF000, 0x1000),
    LayoutRow("factory", 0x10000, 0x100000),
    LayoutRow("ota_0", 0x110000, 0x100000),
    LayoutRow("ota_1", 0x210000, 0x100000),
)
"""ESP-IDF's "factory app, two OTA definitions"; a test compares it with its CSV."""


def two_ota_drawing() -> Drawing:
    """Return the drawing of ESP-IDF's layout with two slots, on 4 MB of flash."""
    return layout_drawing("partition-layout", TWO_OTA, 4 << 20, 0x8000, "ESP-IDF's “factory app, two OTA definitions”")


def layout_drawing(
    name: str, table: Sequence[PartitionLike], flash_size: int, table_offset: int, title: str
) -> Drawing:
    """Return a partition table at two scales: all of flash, and its beginning, where otadata lies."""
    left, width = 24.0, 704.0
    zoom_end = next((p.offset for p in table if p.size >= 0x10000), flash_size)
    items: list[Box | Text | Stroke] = [Text(left, 24, title, 15, is_bold=True)]
    spans = [
        ("bootloader", 0, table_offset),
        ("table", table_offset, 0x1000),
        *((p.label, p.offset, p.size) for p in table),
    ]
    y = 62.0
    items.append(Text(left, y - 14, f"the first {zoom_end >> 10:,} KiB", 10.5, FAINT))
    for label, offset, size in (span for span in spans if span[1] < zoom_end):
        items += _span(label, offset, size, left + width * offset / zoom_end, y, width * size / zoom_end)
    y_all = y + 128
    share = width * zoom_end / flash_size
    items += [
        Stroke(left, y + 74, left, y_all, FAINT, "dotted", width=1),
        Stroke(left + width, y + 74, left + share, y_all, FAINT, "dotted", width=1),
        Box(left, y_all, width, 40, Tone.PLAIN.colours.fill, Tone.PLAIN.colours.line, "all of flash"),
        Text(left + width, y_all - 14, f"all {flash_size >> 10:,} KiB of flash", 10.5, FAINT, Anchor.END),
    ]
    for label, offset, size in spans:
        x, wide = left + width * offset / flash_size, width * size / flash_size
        items += _span(label, offset, size, x, y_all, wide) if offset >= zoom_end else [_bar(label, x, y_all, wide)]
    sizes = ", ".join(f"{label} at 0x{offset:x}, {size >> 10} KiB" for label, offset, size in spans)
    return Drawing(name, title, f"{title}, to scale: {sizes}.", width + 2 * left, y_all + 78, tuple(items))


def _tone(label: str) -> Tone:
    if label == "otadata":
        return Tone.ORANGE
    if label == "factory":
        return Tone.PURPLE
    number = label.rpartition("_")[2]
    return (
        (Tone.GREEN if int(number) % 2 else Tone.BLUE)
        if label.startswith("ota_") and number.isdecimal()
        else Tone.PLAIN
    )


def _bar(label: str, x: float, y: float, width: float) -> Box:
    colours = _tone(label).colours
    return Box(x, y, max(width, 0.5), 40, colours.fill, colours.line, label)


def _span(label: str, offset: int, size: int, x: float, y: float, width: float) -> Iterator[Box | Text | Stroke]:
    yield _bar(label, x, y, width)
    fits = width > 7 * len(label)
    yield Text(x + width / 2, y + (20 if fits else -6), label, 10.5 if fits else 9, INK, Anchor.MIDDLE, is_bold=fits)
    if width > 34:
        yield Text(x + 1, y + 50, f"0x{offset:X}", 9, FAINT, is_fixed=True)
        yield Text(x + 1, y + 62, f"{size >> 10:,} KiB", 9, FAINT)
