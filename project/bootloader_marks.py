"""Which releases of ESP-IDF a bootloader can be of, by what is found in it: its own log, and names of source files.

A bootloader logs its release when it starts, so the text is in it, unless its log level leaves that out. Assertions
keep the names of their source files in whatever build, and files were moved from branch to branch. From 5.2 on a
bootloader has a description, which is told by who reads it; and of each chip there is a first branch. A branch in
development is what the one before it was, until a file is moved: so the branch after the last one counts as well, as
long as it was in development. Read off ESP-IDF's tags from v2.0 to v6.1-beta1, and master of July 2026.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ..model.config import Chip
from ..model.idf_version import IdfVersion

_MASTER = "6.2"
_RELEASED = ((2, 1), (3, 3), (4, 4), (5, 5), (6, 1))
BRANCHES = (*(f"{major}.{minor}" for major, last in _RELEASED for minor in range(last + 1)), _MASTER)
"""The branches of ESP-IDF, and master, which is to become the last."""
LOGS_RELEASE = b"2nd stage bootloader"
_RELEASE = re.compile(rb"(?<=\0)v\d{1,2}\.\d{1,2}(?:\.\d{1,2})?(?:-[0-9A-Za-z._-]{1,24})?(?=\0)")


_DESCRIPTION = re.compile(rb"\x50\0\0[\s\S][\s\S]{4}([ -~]{1,31})\0")


@dataclass(frozen=True, slots=True)
class BootloaderDescription:
    """The description of a bootloader, from 5.2 on. Source: esp_bootloader_desc.h esp_bootloader_desc_t."""

    release: str
    compiled: str
    """Date and time; "" where they are left out."""


def read_description(raw: bytes) -> BootloaderDescription | None:
    """Return the description with which a bootloader's first segment begins; None where there is none."""
    match = _DESCRIPTION.match(raw)
    if match is None:
        return None
    return BootloaderDescription(match[1].decode(), raw[40:64].split(b"\0")[0].decode("latin-1"))


@dataclass(frozen=True, slots=True)
class ReleaseMark:
    """Bytes that only bootloaders of some branches hold."""

    pattern: re.Pattern[bytes]
    first: str
    last: str = _MASTER
    more: tuple[str, str] | None = None
    """A second range of branches, for a file that came back."""

    @property
    def spans(self) -> tuple[tuple[str, str], ...]:
        """The ranges of branches, both ends included."""
        return ((self.first, self.last), *((self.more,) if self.more is not None else ()))


def _file(name: str, first: str, last: str = _MASTER, more: tuple[str, str] | None = None) -> ReleaseMark:
    """Return the mark of a source file, by its path under components; <chip> stands for the name of any chip."""
    pattern = re.escape(name.encode()).replace(b"<chip>", rb"esp32\w{0,4}")
    return ReleaseMark(re.compile(rb"components/" + pattern + rb"\0"), first, last, more)


def _text(text: str, first: str, last: str = _MASTER) -> ReleaseMark:
    return ReleaseMark(re.compile(re.escape(text.encode())), first, last)


MARKS = (
    _text("2nd stage bootloader", "2.0"),
    _text("OTA sequence values A", "2.1", "3.2"),
    _text("Set actual ota_seq=", "3.3"),
    _text("Error in write_otadata operation", "3.3"),
    _text("Fast booting is not successful", "4.1"),
    _file("bootloader_support/src/bootloader_flash.c", "2.0", "4.4"),
    _file("bootloader_support/bootloader_flash/src/bootloader_flash.c", "5.0"),
    _file("bootloader_support/src/bootloader_init.c", "3.1"),
    _file("bootloader_support/src/bootloader_utility.c", "3.1"),
    _file("bootloader_support/src/bootloader_sha.c", "3.0", "3.3", ("5.5", _MASTER)),
    _file("bootloader_support/src/<chip>/bootloader_sha.c", "4.0", "5.4"),
    _file("bootloader_support/src/esp32/bootloader_esp32.c", "4.1"),
    _file("soc/esp32/rtc_clk.c", "2.1", "4.1"),
    _file("soc/esp32/rtc_time.c", "2.1", "4.1"),
    _file("soc/src/<chip>/rtc_clk.c", "4.2", "4.2"),
    _file("soc/src/<chip>/rtc_time.c", "4.2", "4.2"),
    _file("esp_hw_support/port/<chip>/rtc_clk.c", "4.3"),
    _file("esp_hw_support/port/<chip>/rtc_time.c", "4.3"),
)
"""What tells of a release, with the branches that have it."""

_FIRST_OF_CHIP = {
    Chip.ESP32S2: "4.2",
    Chip.ESP32C3: "4.3",
    Chip.ESP32S3: "4.3",
    Chip.ESP32H2: "4.4",
    Chip.ESP32C2: "5.0",
    Chip.ESP32C6: "5.1",
    Chip.ESP32P4: "5.2",
    Chip.ESP32C5: "5.3",
    Chip.ESP32C61: "5.3",
}
"""The first branch that has a bootloader for a chip; the ESP32's own is in all."""
_LAST_WITHOUT_DESCRIPTION = "5.1"


@dataclass(frozen=True, slots=True)
class BranchRange:
    """The branches that all marks of a bootloader go with."""

    branches: tuple[str, ...]
    """In their order; never empty."""
    marks: tuple[str, ...]
    """What was found, as it stands there; the names of files begin with components/."""

    @property
    def newest(self) -> str:
        """The newest branch that the bootloader can be of, in development at least."""
        return BRANCHES[min(BRANCHES.index(self.branches[-1]) + 1, len(BRANCHES) - 1)]

    def __str__(self) -> str:
        """Say it in a few words."""
        first, last = self.branches[0], self.branches[-1]
        if last == _MASTER:
            return f"{first} or later" if first != last else "after 6.1"
        following = BRANCHES[BRANCHES.index(last) + 1]
        between = first if first == last else f"{first} to {last}"
        return f"{between} (or {following} in development)"


def logged_release(contents: bytes) -> str | None:
    """Return the release that a bootloader logs at its start; None where it logs none, or it cannot be told which."""
    found = {match[0].decode() for match in _RELEASE.finditer(contents)}
    return found.pop() if LOGS_RELEASE in contents and len(found) == 1 else None


def newest_branch(release: str) -> str | None:
    """Return the newest branch that a release, as somebody names it, can be of; None for a text that names none."""
    try:
        return IdfVersion.parse(release).branch_label
    except ValueError:
        return None


def branches_by_marks(contents: bytes, chip: Chip | None, has_no_description: bool) -> BranchRange | None:
    """Return the branches of a bootloader that go with all that is found in it.

    has_no_description: it is certain that it has none; else that tells nothing.
    None where no mark is found, or where all of them do not go together: then it is none of ESP-IDF's own."""
    found = [(match[0], mark.spans) for mark in MARKS if (match := mark.pattern.search(contents)) is not None]
    if not found:
        return None
    first = _FIRST_OF_CHIP.get(chip, BRANCHES[0]) if chip is not None else BRANCHES[0]
    last = _LAST_WITHOUT_DESCRIPTION if has_no_description else _MASTER
    spans = [((first, last),), *(spans for _, spans in found)]
    fitting = tuple(branch for branch in BRANCHES if all(branch in _within(span) for span in spans))
    if not fitting or fitting != tuple(_within(((fitting[0], fitting[-1]),))):
        return None
    return BranchRange(fitting, tuple(text.rstrip(b"\0").decode("latin-1") for text, _ in found))


def _within(spans: tuple[tuple[str, str], ...]) -> Iterator[str]:
    for first, last in spans:
        yield from BRANCHES[BRANCHES.index(first) : BRANCHES.index(last) + 1]
