"""Say of a checkout of ESP-IDF which rules each tag has, by the text of its sources, and where that is not ours.

    python docs/read_releases.py CHECKOUT [TAG ...]

CHECKOUT is a clone, bare or not. Without tags it reads all releases, betas and release branches from 3.3 on, and
master. Exit code 1: a rule of impl/release_rules.py or impl/partitions/generator_rules.py holds otherwise than the text
says. docs/releases.md tells how to go on.
"""

import argparse
import re
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from otaproof.impl.partitions.generator_rules import GENERATOR_RULES
from otaproof.impl.release_points import read_point
from otaproof.impl.release_rules import APP_RULES, BOOTLOADER_RULES, ReleaseRule

Sources = Callable[[str], str | None]
"""Returns the text of a file of one version, None where there is none of that path."""

_OTA = "components/app_update/esp_ota_ops.c"
_IMAGE = "components/bootloader_support/src/esp_image_format.c"
_BOOT = "components/bootloader_support/src/bootloader_utility.c"
_HEADER = "components/bootloader_support/src/bootloader_common_loader.c"
_TABLE = "components/bootloader_support/src/flash_partitions.c"
_START = "components/efuse/src/esp_efuse_startup.c"
_PARTITION = "components/esp_partition/partition.c"
_TARGET = "components/esp_partition/partition_target.c"
_GENERATOR = "components/partition_table/gen_esp32part.py"
EVERY_RULE = (*APP_RULES, *BOOTLOADER_RULES, *GENERATOR_RULES)


@dataclass(frozen=True, slots=True)
class TextProbe:
    """How the text of one file tells a rule."""

    path: str
    pattern: str
    """A regular expression that is found where the rule holds; . is any character, a line break included."""
    function: str = ""
    """The function to look in; "" for the whole file."""
    without: str = ""
    """One that is not found where the rule holds."""
    needs: str = ""
    """One without which nothing can be told."""
    is_told_by_absence: bool = False
    """Without file or function the rule does not hold; else nothing can be told."""

    def holds(self, sources: Sources) -> bool | None:
        """Return whether the rule holds in a version, None where its text does not tell."""
        text = sources(self.path)
        if text is not None and self.function:
            text = body_of(self.function, text)
        if text is None:
            return False if self.is_told_by_absence else None
        if self.needs and not _found(self.needs, text):
            return None
        return _found(self.pattern, text) and not (self.without and _found(self.without, text))


PROBES = {
    "begin_takes_any_partition": TextProbe(_OTA, r"partition->type == ESP_PARTITION_TYPE_APP", "esp_ota_begin"),
    "begin_gives_handle_first": TextProbe(_OTA, r"\*out_handle = .*esp_partition_erase_range", "esp_ota_begin"),
    "begin_erases_inactive_entry": TextProbe(_OTA, r"esp_ota_invalidate_inactive_ota_data_slot", "esp_ota_begin"),
    "begin_refuses_second_session": TextProbe(_OTA, r"ESP_ERR_OTA_ALREADY_IN_PROGRESS", "esp_ota_begin"),
    "resume_refuses_pending": TextProbe(_OTA, r"ESP_OTA_IMG_PENDING_VERIFY", "esp_ota_resume", is_told_by_absence=True),
    "same_slot_in_place": TextProbe(_OTA, r"next_otadata = active_otadata", "esp_rewrite_ota_data"),
    "write_ignores_empty": TextProbe(_OTA, r"if \(size == 0\)", "esp_ota_write"),
    "knows_sequential_writes": TextProbe(_OTA, r"OTA_WITH_SEQUENTIAL_WRITES", "esp_ota_begin"),
    "erases_sector_too_many": TextProbe(
        _OTA, r"\(it->wrote_size \+ size\) / SPI_FLASH_SEC_SIZE", "esp_ota_write", needs=r"need_erase"
    ),
    "burns_version_of_linked_image": TextProbe(_OTA, r"app_desc->secure_version", "esp_ota_set_anti_rollback"),
    "checks_version_at_start": TextProbe(_START, r"esp_efuse_check_secure_version", is_told_by_absence=True),
    "compares_two_bytes_of_table": TextProbe(
        _OTA, r"ESP_PARTITION_MAGIC", "esp_ota_write", without=r"size >= sizeof\(uint16_t\)"
    ),
    "honours_readonly": TextProbe(_TARGET, r"->readonly", is_told_by_absence=True),
    "copies_by_sector": TextProbe(
        _PARTITION, r"if \(src_part->encrypted\)", "esp_partition_copy", is_told_by_absence=True
    ),
    "checks_version_of_test_app": TextProbe(
        _BOOT, r"check_anti_rollback\(&bs->test\)", "bootloader_utility_load_boot_image"
    ),
    "asserts_description": TextProbe(_IMAGE, r"assert\(data_buffer\[0\] == ESP_APP_DESC_MAGIC_WORD\)"),
    "asserts_each_mapping": TextProbe(
        _IMAGE, r"assert\(data_buffer\[0\] == ESP_APP_DESC_MAGIC_WORD\)", without=r"is_segment_start"
    ),
    "allows_large_flash": TextProbe(_IMAGE, r"", without=r"#define SIXTEEN_MB"),
    "reads_page_size": TextProbe(_IMAGE, r"metadata->mmu_page_size"),
    "checks_page_size": TextProbe(_IMAGE, r"min_mmu_page_size", needs=r"metadata->mmu_page_size|#define SIXTEEN_MB"),
    "checks_header_always": TextProbe(
        _IMAGE, r"if \(do_verify\) \{[^}]*bootloader_common_check_chip_validity[^}]*\}\s*if \(image->segment_count"
    ),
    "refuses_short_description": TextProbe(_IMAGE, r"data_len < sizeof\(esp_app_desc_t\)"),
    "reads_full_revision": TextProbe(_HEADER, r"img_hdr->min_chip_rev_full"),
    "heeds_highest_revision": TextProbe(_HEADER, r"img_hdr->max_chip_rev_full"),
    "knows_bootloader_images": TextProbe(_IMAGE, r"\? ESP_IMAGE_BOOTLOADER : ESP_IMAGE_APPLICATION"),
    "refuses_empty_table": TextProbe(_TABLE, r"num_parts != 0"),
    "adds_without_wrap": TextProbe(_TABLE, r"size > chip_size - ", needs=r"chip_size"),
    "names_efuse": TextProbe(_GENERATOR, r"['\"]efuse['\"]: 0x05"),
    "wants_one_otadata": TextProbe(_GENERATOR, r"Found multiple otadata partitions"),
    "knows_undefined": TextProbe(_GENERATOR, r"App partition cannot have an empty subtype"),
    "aligns_data_to_sectors": TextProbe(_GENERATOR, r"DATA_TYPE: 0x1000"),
    "names_littlefs": TextProbe(_GENERATOR, r"'littlefs': 0x83"),
    "knows_readonly": TextProbe(_GENERATOR, r"'readonly': 1"),
    "wants_whole_app_sectors": TextProbe(_GENERATOR, r"if self\.type == APP_TYPE:\s+size_align"),
    "names_table_and_bootloader": TextProbe(_GENERATOR, r"'bootloader': BOOTLOADER_TYPE"),
    "reads_byte_order_mark": TextProbe(_GENERATOR, r"bin_data\.decode\(get_encoding"),
    "places_table_and_bootloader": TextProbe(_GENERATOR, r"return offset_part_table - primary_bootloader_offset"),
    "knows_tee": TextProbe(_GENERATOR, r"'tee_ota': 0x90.*Found multiple TEE otadata"),
    "wants_small_nvs_readonly": TextProbe(_GENERATOR, r"self\.size < NVS_RW_MIN_PARTITION_SIZE"),
}
"""By the name of the rule. Those that are not here cannot be told by a text."""
NOT_TOLD = {"loads_by_4_4": "the memory that is loaded to is in files of the SoCs, chip by chip"}
"""Rules without a probe, and why."""


def body_of(function: str, text: str) -> str | None:
    """Return the definition of a C function, None where the file has none."""
    found = re.search(rf"^[\w *]*\b{function}\([^;{{]*\)\s*\{{.*?^\}}", text, re.MULTILINE | re.DOTALL)
    return None if found is None else found[0]


def _found(pattern: str, text: str) -> bool:
    return re.search(pattern, text, re.DOTALL) is not None


@dataclass(frozen=True, slots=True)
class TagReading:
    """What the text of a version says, beside what is known here."""

    tag: str
    agree: tuple[str, ...]
    differ: tuple[str, ...]
    """Names of the rules that hold by one of the two alone."""
    not_told: tuple[str, ...]
    has: tuple[str, ...]
    """Those that the text says to hold."""


def read_tag(tag: str, sources: Sources) -> TagReading:
    """Return what the text of a version says; raises ValueError for a tag that names no version from 3.3 on."""
    version = read_point(tag)
    told = {rule: _told(rule, sources) for rule in EVERY_RULE}
    return TagReading(
        tag,
        agree=tuple(rule.name for rule, holds in told.items() if holds is rule.holds_in(version)),
        differ=tuple(rule.name for rule, holds in told.items() if holds is (not rule.holds_in(version))),
        not_told=tuple(rule.name for rule, holds in told.items() if holds is None),
        has=tuple(rule.name for rule, holds in told.items() if holds),
    )


def _told(rule: ReleaseRule, sources: Sources) -> bool | None:
    probe = PROBES.get(rule.name)
    return None if probe is None else probe.holds(sources)


def sources_of(checkout: Path, tag: str) -> Sources:
    """Return the files of a tag or a branch of a clone."""

    @cache
    def read(path: str) -> str | None:
        shown = git(checkout, "show", f"{tag}:{path}")
        return shown.stdout if shown.returncode == 0 else None

    return read


def tags_of(checkout: Path) -> Iterator[str]:
    """Yield the tags and branches of a clone that name versions from 3.3 on, without release candidates."""
    listed = git(checkout, "for-each-ref", "--format=%(refname:lstrip=2)", "refs/tags", "refs/heads").stdout
    for name in listed.split():
        if re.fullmatch(r"v\d+\.\d+(\.\d+)?(-beta\d+)?|release/v\d+\.\d+|master", name) and _is_known(name):
            yield name


def _is_known(name: str) -> bool:
    try:
        read_point(name)
    except ValueError:
        return False
    return True


def git(checkout: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Return what git says of a clone."""
    command = ["git", "-C", str(checkout), *arguments]
    return subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)


def report(readings: Iterable[TagReading], shows_rules: bool) -> int:
    """Print a line for each version, with what differs; return the exit code."""
    count = agree = differ = 0
    for reading in readings:
        count, agree, differ = count + 1, agree + len(reading.agree), differ + len(reading.differ)
        line = f"{reading.tag:14} {len(reading.agree)} agree, {len(reading.differ)} differ"
        print(f"{line}, not told: {', '.join(reading.not_told) or 'none'}")
        for name in reading.differ:
            print(f"    {name}: the text says {'yes' if name in reading.has else 'no'}")
        if shows_rules:
            print(f"    has {', '.join(reading.has) or 'none'}")
    print(f"{count} versions: {agree} rules agree, {differ} differ")
    return int(differ > 0)


def main() -> int:
    """Do what the options say; return the exit code."""
    parser = argparse.ArgumentParser(description="Say which release rules the tags of an ESP-IDF checkout have.")
    parser.add_argument("checkout", type=Path, metavar="CHECKOUT", help="a clone of espressif/esp-idf")
    parser.add_argument("tags", nargs="*", metavar="TAG", help="tags or branches to read (default: all from 3.3 on)")
    parser.add_argument("--rules", action="store_true", help="name the rules that each has, too")
    given = parser.parse_args()
    tags = given.tags or sorted(tags_of(given.checkout), key=read_point)
    return report((read_tag(tag, sources_of(given.checkout, tag)) for tag in tags), given.rules)


if __name__ == "__main__":
    sys.exit(main())
