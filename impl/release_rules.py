"""Where ESP-IDF's releases differ, as far as the board has to know: each rule, and the versions that have it.

A rule is a named fact about the code. It holds from a tag on to the end of that tag's branch, and from the last tag on
for ever: a backport begins it once more in an older branch. Where a rule ends, the same is said of its end. The tags
were read in ESP-IDF's sources, those of the twelve tips and of 4.4, 5.1.3, 5.5.5, 6.0.2, 6.1-beta1 and master were
recorded as well; docs/decisions/0039 has more.

Source: components/app_update/esp_ota_ops.c, components/esp_partition, components/efuse and
components/bootloader_support of each tag.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from ..model.config import Release
from ..model.idf_version import IdfVersion, VersionStage

AnyVersion = IdfVersion | Release
"""A version, or a class of rules, which stands for the version it was recorded of."""


@dataclass(frozen=True, slots=True)
class ReleaseRule:
    """A named fact, and where it holds."""

    name: str
    meaning: str
    spans: tuple[tuple[IdfVersion, IdfVersion | None], ...]
    """The versions: from (inclusive), to (exclusive; None: for ever)."""
    since: tuple[IdfVersion, ...] = ()
    """The tags that brought it, oldest first; none for a rule that always was."""
    until: tuple[IdfVersion, ...] = ()
    """The tags that ended it."""

    @property
    def versions(self) -> str:
        """The versions in a few words: "4.4.7 … 4.4, 5.0.7 on"."""
        return ", ".join(_span_text(first, past) for first, past in self.spans)

    def holds_in(self, version: AnyVersion) -> bool:
        """Tell whether a version has it."""
        # A stand-in for a version may note what it is compared with, so nothing else is asked of it.
        point = version.point if isinstance(version, Release) else version
        return any(point >= first and (past is None or point < past) for first, past in self.spans)


def rule(name: str, meaning: str, since: str = "", until: str = "") -> ReleaseRule:
    """Return a rule that begins and ends at these tags, oldest first; "" for always, or never."""
    starts = parse_versions(since) or (_OLDEST,)
    ends = parse_versions(until)
    edges = sorted({*starts, *ends, *map(_after_branch, (*starts[:-1], *ends[:-1]))})
    spans: list[tuple[IdfVersion, IdfVersion | None]] = []
    for first, past in zip(edges, [*edges[1:], None], strict=True):
        if not (_is_past(starts, first) and not _is_past(ends, first)):
            continue
        if spans and spans[-1][1] == first:
            spans[-1] = (spans[-1][0], past)
        else:
            spans.append((first, past))
    return ReleaseRule(name, meaning, tuple(spans), parse_versions(since), ends)


def _span_text(first: IdfVersion, past: IdfVersion | None) -> str:
    if past is None:
        return "all" if first == _OLDEST else f"{first.label} on"
    major, minor = BRANCHES[BRANCHES.index(past.branch) - 1]
    is_end_of_branch = past.stage is VersionStage.DEV
    until = f"to the end of {major}.{minor}" if is_end_of_branch else f"to before {past.label}"
    return until if first == _OLDEST else f"{first.label} {until}"


BRANCHES = tuple((major, minor) for major, last in ((3, 3), (4, 4), (5, 5), (6, 2)) for minor in range(last + 1))[3:]
"""The release branches from 3.3 on, and master, which is to become 6.2."""
_OLDEST = IdfVersion.parse("3.3-dev")


def parse_versions(tags: str) -> tuple[IdfVersion, ...]:
    """Return the versions that these tags name; blanks are between them."""
    return tuple(IdfVersion.parse(tag) for tag in tags.split())


def _after_branch(version: IdfVersion) -> IdfVersion:
    """Return the first version of the next branch; the newest one has none, and none is asked for."""
    following = BRANCHES[BRANCHES.index(version.branch) + 1]
    return IdfVersion(*following, 0, VersionStage.DEV)


def _is_past(tags: Iterable[IdfVersion], version: IdfVersion) -> bool:
    """Tell whether a version comes after the tag of its branch, or else after the last of all."""
    tags = tuple(tags)
    own = next((tag for tag in tags if tag.branch == version.branch), None)
    return bool(tags) and version >= (own or tags[-1])


_EMPTY_WRITE = "4.4.7 5.0.6 5.1.3 5.2-beta2 5.3-beta1"
_DESCRIPTION = "4.4.7 5.0.7 5.1.4 5.2.1 5.3-beta1"

APP_RULES = (
    rule(
        "begin_takes_any_partition",
        "esp_ota_begin and esp_ota_resume accept data partitions.",
        "5.5-beta1",
    ),
    rule(
        "begin_gives_handle_first",
        "esp_ota_begin gives out the handle before it erases, so that a handle comes back even with an error.",
        "5.3.3 5.4.2 5.5-beta1",
    ),
    rule(
        "begin_erases_inactive_entry",
        "esp_ota_begin on an OTA slot erases, with rollback on, the inactive otadata entry.",
        "5.5-beta1",
    ),
    rule(
        "begin_refuses_second_session",
        "esp_ota_begin on a partition in use: ESP_ERR_OTA_ALREADY_IN_PROGRESS.",
        "6.1-beta1",
    ),
    rule(
        "resume_refuses_pending",
        "esp_ota_resume checks, with rollback on, that the running image has been accepted.",
        "6.1-beta2",
    ),
    rule(
        "same_slot_in_place",
        "esp_ota_set_boot_partition of the active slot rewrites the active entry; before, the other one.",
        "6.0-beta1",
    ),
    rule(
        "write_ignores_empty",
        "esp_ota_write with no data returns ESP_OK before it looks at the handle.",
        _EMPTY_WRITE,
    ),
    rule(
        "knows_sequential_writes",
        "esp_ota_begin with OTA_WITH_SEQUENTIAL_WRITES leaves the erasing to esp_ota_write; before, it is a size.",
        "4.3-beta1",
    ),
    rule(
        "erases_sector_too_many",
        "A sequential esp_ota_write that ends on a sector boundary erases one sector too many.",
        until=_EMPTY_WRITE,
    ),
    rule(
        "burns_version_of_linked_image",
        "mark_app_valid burns the version compiled into the running image, not the one read from flash.",
        until="5.0-rc1 5.1-beta1",
    ),
    rule(
        "checks_version_at_start",
        "With anti-rollback the application does not start where its secure version is below the eFuse's.",
        "5.3-beta1",
    ),
    rule(
        "compares_two_bytes_of_table",
        "The first data for a partition table is compared with its magic word even where it is a single byte.",
        "5.5-beta1",
        "6.1-beta2",
    ),
    rule(
        "honours_readonly",
        "esp_partition_write and _erase_range refuse read-only partitions.",
        "5.2-beta1",
    ),
    rule(
        "copies_by_sector",
        "esp_partition_copy programs a sector at a time; before, as much as could be mapped at once.",
        "6.0.1 6.1-beta1",
    ),
)
"""Of the application."""

CHECKS_VERSION_OF_TEST_APP = rule(
    "checks_version_of_test_app",
    "With anti-rollback the bootloader looks at the secure version of the test app, too.",
    "4.3-beta2",
)
ASSERTS_DESCRIPTION = rule(
    "asserts_description",
    "With anti-rollback an image whose first segment does not begin with a description is a failed assertion, and an "
    "image that is loaded has its secure version compared once more.",
    _DESCRIPTION,
)
ASSERTS_EACH_MAPPING = rule(
    "asserts_each_mapping",
    "With anti-rollback the bootloader asserts a description at the start of each mapping of a first segment that is "
    "too long for one.",
    _DESCRIPTION,
    "5.5.5 6.0.2 6.1-beta1",
)
ALLOWS_LARGE_FLASH = rule(
    "allows_large_flash",
    "Images and partitions may be larger than 16 MiB on chips that can address so much.",
    "5.3.4 5.4.2 5.5-beta1",
)
READS_PAGE_SIZE = rule(
    "reads_page_size",
    "The description names the size of MMU pages, on chips where it is not fixed.",
    "5.4-rc1 5.5-beta1",
)
CHECKS_PAGE_SIZE = rule("checks_page_size", "Page sizes out of range count as the default.", "6.2-dev")
CHECKS_HEADER_ALWAYS = rule(
    "checks_header_always",
    "Magic byte and number of segments are looked at even where validation is skipped.",
    "6.2-dev",
)
REFUSES_SHORT_DESCRIPTION = rule(
    "refuses_short_description",
    "An image whose first segment is too short for a description is refused.",
    "6.2-dev",
)
READS_FULL_REVISION = rule(
    "reads_full_revision",
    "The least chip revision of the header has a major and a minor part.",
    "4.3.5 4.4.5 5.0.1 5.1-beta1",
)
HEEDS_HIGHEST_REVISION = rule(
    "heeds_highest_revision",
    "The greatest chip revision of the header is respected.",
    "4.4.5 5.0.1 5.1-beta1",
)
KNOWS_BOOTLOADER_IMAGES = rule(
    "knows_bootloader_images",
    "The greatest chip revision of a bootloader's header is not looked at.",
    "5.5-beta1",
)
LOADS_BY_4_4 = rule(
    "loads_by_4_4",
    "The memory that images may be loaded to, and that is mapped, is that of 4.4.",
    until="5.0-dev",
)
REFUSES_EMPTY_TABLE = rule("refuses_empty_table", "A partition table without any row is refused.", "5.5-beta1")
ADDS_WITHOUT_WRAP = rule(
    "adds_without_wrap",
    "Offset and size of a partition are added without a wrap at 32 bits.",
    "6.1-beta1",
)
READING_RULES = (
    ASSERTS_DESCRIPTION,
    ALLOWS_LARGE_FLASH,
    READS_PAGE_SIZE,
    CHECKS_PAGE_SIZE,
    CHECKS_HEADER_ALWAYS,
    REFUSES_SHORT_DESCRIPTION,
    READS_FULL_REVISION,
    HEEDS_HIGHEST_REVISION,
    KNOWS_BOOTLOADER_IMAGES,
    LOADS_BY_4_4,
    REFUSES_EMPTY_TABLE,
    ADDS_WITHOUT_WRAP,
)
"""Of whoever reads images and partition tables, bootloader or application, each by its own version."""
BOOTLOADER_ALONE = (CHECKS_VERSION_OF_TEST_APP, ASSERTS_EACH_MAPPING)
"""Of the bootloader, and not of an application that reads."""
BOOTLOADER_RULES = (*BOOTLOADER_ALONE, *READING_RULES)
"""Of the bootloader."""


@dataclass(frozen=True, slots=True)
class AppRules:
    """What an application does: one field for each of APP_RULES, which has the meaning."""

    begin_takes_any_partition: bool
    begin_gives_handle_first: bool
    begin_erases_inactive_entry: bool
    begin_refuses_second_session: bool
    resume_refuses_pending: bool
    same_slot_in_place: bool
    write_ignores_empty: bool
    knows_sequential_writes: bool
    erases_sector_too_many: bool
    burns_version_of_linked_image: bool
    checks_version_at_start: bool
    compares_two_bytes_of_table: bool
    honours_readonly: bool
    copies_by_sector: bool


@lru_cache(maxsize=256)
def app_rules(version: AnyVersion) -> AppRules:
    """Return what an application built with that version does."""
    return AppRules(**{each.name: each.holds_in(version) for each in APP_RULES})
