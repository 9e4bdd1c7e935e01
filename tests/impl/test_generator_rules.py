"""Partition tables by version: what gen_esp32part.py of each release makes of them, on both sides of each rule.

The tags and the outcomes are those of the generators themselves, which docs/compare_tables.py runs.
"""

from dataclasses import dataclass

import pytest

from otaproof.impl.partitions.csv_format import CsvPlaces, parse_csv
from otaproof.impl.partitions.generator_checks import check_table
from otaproof.impl.partitions.generator_rules import GENERATOR_RULES
from otaproof.impl.partitions.partition import Partition
from otaproof.impl.partitions.table import TableError
from otaproof.impl.release_points import read_point
from otaproof.impl.release_rules import BRANCHES

Made = tuple[tuple[int, int, int, int], ...]
"""Type, subtype, offset and size of each partition."""


@dataclass(frozen=True, slots=True)
class RuleCase:
    """A table of which the versions with a rule make something else than those without."""

    rule: str
    csv: bytes
    since: str
    """Versions that have the rule: the first of each branch, and some behind it."""
    before: str
    """Versions that do not: the last before, and some others."""
    made: Made | str
    """What those that have it make of it, or a part of what is said where they refuse it."""
    made_before: Made | str


_OTADATA = "4.1.3 4.1.4 4.2.3 4.3.2 4.4-beta1 5.0.0 master", "3.3.6 4.0.4 4.1.2 4.2.2 4.3.1 4.4-dev"
_5_5 = "5.5-beta1 5.5.5 6.0-dev 6.1 master", "5.5-dev 5.4.4 5.3.5 4.4.8"
CASES = (
    RuleCase(
        "names_efuse",
        b"e,data,efuse,,0x2000",
        "3.3-beta2 3.3.0 4.0.0 6.1",
        "3.3-dev 3.3-beta1",
        ((1, 5, 0x9000, 0x2000),),
        "line 1, subtype: 'efuse' is not valid",
    ),
    RuleCase(
        "wants_one_otadata",
        b"o,data,ota,,0x3000",
        *_OTADATA,
        "line 1, partition 'o': otadata has size 0x3000; it must be 0x2000",
        ((1, 0, 0x9000, 0x3000),),
    ),
    RuleCase(
        "wants_one_otadata",
        b"o,data,ota,,0x2000\np,data,ota,,0x2000",
        *_OTADATA,
        "line 2, partition 'p': a second otadata partition beside line 1, partition 'o'; only one may be",
        ((1, 0, 0x9000, 0x2000), (1, 0, 0xB000, 0x2000)),
    ),
    RuleCase("knows_undefined", b"a,data,,,4K", *_OTADATA, ((1, 6, 0x9000, 0x1000),), ((1, 0, 0x9000, 0x1000),)),
    RuleCase(
        "knows_undefined",
        b"a,app,,,64K",
        *_OTADATA,
        "line 1, subtype: empty; an app needs one",
        ((0, 0, 0x10000, 0x10000),),
    ),
    RuleCase(
        "aligns_data_to_sectors",
        b"a,data,fat,,0x1004\nb,0x40,0,,4K",
        "5.0-beta1 5.0.0 5.1.3 master",
        "5.0-dev 4.4.8 4.3.7 3.3.0",
        ((1, 0x81, 0x9000, 0x1004), (0x40, 0, 0xB000, 0x1000)),
        ((1, 0x81, 0x9000, 0x1004), (0x40, 0, 0xA004, 0x1000)),
    ),
    RuleCase(
        "aligns_data_to_sectors",
        b"a,data,fat,0x9004,4K",
        "5.0-beta1 5.0.0 5.1.3 master",
        "5.0-dev 4.4.8 4.3.7 3.3.0",
        "line 1, partition 'a': offset 0x9004 is not a multiple of 0x1000; move it",
        ((1, 0x81, 0x9004, 0x1000),),
    ),
    RuleCase(
        "names_littlefs",
        b"l,data,littlefs,,4K",
        "5.0.7 release/v5.0 5.1.4 5.2-beta1 5.2.0 master",
        "5.0.6 5.1.3 5.2-dev 4.4.8",
        ((1, 0x83, 0x9000, 0x1000),),
        "line 1, subtype: 'littlefs' is not valid",
    ),
    RuleCase(
        "knows_readonly",
        b"f,data,fat,,4K,readonly",
        "5.2-beta1 5.2.0 5.3-dev master",
        "5.2-dev 5.1.7 5.0.9 4.4.8",
        ((1, 0x81, 0x9000, 0x1000),),
        "line 1, flags: unknown flag in 'readonly'; want encrypted",
    ),
    RuleCase(
        "wants_whole_app_sectors",
        b"a,app,ota_0,,0x10400",
        "5.3-beta1 5.3.0 5.4-dev master",
        "5.3-dev 5.2.7 5.1.3 4.4.8 3.3.0",
        "line 1, partition 'a': size 0x10400 of an app is not a multiple of 0x1000; round it up",
        ((0, 0x10, 0x10000, 0x10400),),
    ),
    RuleCase(
        "names_table_and_bootloader",
        b"b,bootloader,ota,0x20000,0x7000\nt,partition_table,ota,,4K",
        "5.4-beta1 5.4.0 5.5-dev master",
        "5.4-dev 5.3.5 5.1.3",
        ((2, 1, 0x20000, 0x7000), (3, 1, 0x27000, 0x1000)),
        "line 1, type: 'bootloader' is not valid",
    ),
    RuleCase(
        "names_table_and_bootloader",
        b"b,2,ota,0x20000,0x7000",
        "5.4-beta1 5.4.0 5.5-dev master",
        "5.4-dev 5.3.5 5.1.3",
        ((2, 1, 0x20000, 0x7000),),
        "line 1, subtype: 'ota' is not valid",
    ),
    RuleCase(
        "reads_byte_order_mark",
        b"\xef\xbb\xbf# Name\nf,data,fat,,4K",
        "5.4.2 5.4.4 5.5-beta1 5.5.0 6.0-beta1 6.1 master",
        "5.4.1 5.4.0 5.5-dev 6.0-dev 5.3.5",
        ((1, 0x81, 0x9000, 0x1000),),
        "line 1, name: begins with a byte order mark; save the file without one",
    ),
    RuleCase(
        "reads_byte_order_mark",
        "f,data,fat,,4K".encode("utf-16"),
        "5.4.2 5.4.4 5.5-beta1 5.5.0 6.0-beta1 6.1 master",
        "5.4.1 5.4.0 5.5-dev 6.0-dev 5.3.5",
        ((1, 0x81, 0x9000, 0x1000),),
        "line 1: utf-16 text; save the file as UTF-8",
    ),
    RuleCase(
        "places_table_and_bootloader",
        b"b,bootloader,primary,N/A,N/A\nt,partition_table,primary,N/A,N/A",
        *_5_5,
        ((2, 0, 0x1000, 0x7000), (3, 0, 0x8000, 0x1000)),
        "line 1, ",
    ),
    RuleCase(
        "places_table_and_bootloader",
        b"b,2,0,0x20000,0x4000\nt,3,1,,0x2000",
        *_5_5,
        ((2, 0, 0x1000, 0x7000), (3, 1, 0x9000, 0x1000)),
        ((2, 0, 0x20000, 0x4000), (3, 1, 0x24000, 0x2000)),
    ),
    RuleCase(
        "knows_tee",
        b"t,app,tee_0,,64K\nu,data,tee_ota,,0x2000",
        *_5_5,
        ((0, 0x30, 0x10000, 0x10000), (1, 0x90, 0x20000, 0x2000)),
        "line 1, subtype: 'tee_0' is not valid",
    ),
    RuleCase(
        "knows_tee",
        b"t,data,0x90,,4K",
        *_5_5,
        "line 1, partition 't': TEE otadata has size 0x1000; it must be 0x2000",
        ((1, 0x90, 0x9000, 0x1000),),
    ),
    RuleCase(
        "wants_small_nvs_readonly",
        b"n,data,nvs,,0x2000",
        *_5_5,
        "line 1, partition 'n': size 0x2000 is too small for a writable nvs; make it 0x3000 or flag it readonly",
        ((1, 2, 0x9000, 0x2000),),
    ),
)


def made(csv: bytes, version: str) -> Made | str:
    """Return what the generator of a version makes of a table, or what is said of it."""
    try:
        table = parse_csv(csv, CsvPlaces(0x8000, 0x1000, version=read_point(version)))
    except TableError as error:
        return str(error)
    return tuple((p.type, p.subtype, p.offset, p.size) for p in table)


def agrees(expected: Made | str, found: Made | str) -> bool:
    """Tell whether an outcome is the one that is expected: a refusal by a part of its text, on one line."""
    if isinstance(expected, str):
        return isinstance(found, str) and expected in found and "\n" not in found
    return expected == found


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.rule}-{CASES.index(case)}")
def test_a_table_is_read_by_the_rules_of_its_version(case: RuleCase) -> None:
    """The same lines on both sides of the tags that brought the rule."""
    sides = ((case.since, case.made), (case.before, case.made_before))
    wrong = {
        version: found
        for versions, expected in sides
        for version in versions.split()
        if not agrees(expected, found := made(case.csv, version))
    }
    assert {} == wrong


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.rule}-{CASES.index(case)}")
def test_a_refusal_names_the_versions_whose_rule_it_is(case: RuleCase) -> None:
    """Where not all versions refuse it."""
    (rule,) = (each for each in GENERATOR_RULES if each.name == case.rule)
    told = [made(case.csv, versions.split()[0]) for versions in (case.since, case.before)]
    refusals = [text for text in told if isinstance(text, str)]
    assert [True] * len(refusals) == [
        f"(a rule of ESP-IDF {rule.versions})" in text or f"(known to ESP-IDF {rule.versions})" in text
        for text in refusals
    ]


def test_every_rule_of_the_generator_has_a_case() -> None:
    """A rule that is added needs one; its branches are some that there are."""
    assert {rule.name for rule in GENERATOR_RULES} == {case.rule for case in CASES}
    edges = {edge.branch for rule in GENERATOR_RULES for span in rule.spans for edge in span if edge}
    assert edges <= set(BRANCHES)


def test_without_a_version_the_newest_generator_reads() -> None:
    """As before there were versions to name."""
    for case in CASES:
        csv = CsvPlaces(0x8000, 0x1000)
        try:
            found: Made | str = tuple((p.type, p.subtype, p.offset, p.size) for p in parse_csv(case.csv, csv))
        except TableError as error:
            found = str(error)
        assert found == made(case.csv, "master")


def test_a_mark_before_a_partition_becomes_a_part_of_its_name() -> None:
    """As generators before 5.4.2 have it, without a word."""
    (found,) = parse_csv(b"\xef\xbb\xbff,data,fat,,4K", CsvPlaces(version=read_point("5.4.1")))
    assert "\ufefff" == found.label


def test_a_name_of_another_type_is_not_said_to_be_newer() -> None:
    """No version knows it there."""
    assert "known to" not in made(b"a,app,littlefs,,64K", "5.1.3")


def test_readonly_otadata_is_a_matter_of_versions_that_know_the_flag() -> None:
    """A binary table has the bit under any version."""
    table = [Partition("otadata", 1, 0, 0x9000, 0x2000, readonly=True)]
    check_table(table, version=read_point("5.1.7"))
    with pytest.raises(TableError, match="drop readonly"):
        check_table(table, version=read_point("5.2.0"))


@pytest.mark.parametrize("version", ["3.3.6", "5.2.7", "5.3.0"])
def test_secure_boot_v1_wants_apps_of_whole_64_kib_in_every_version(version: str) -> None:
    """Whether or not apps otherwise need whole sectors."""
    with pytest.raises(TableError, match="size 0x11000 of an app is not a multiple of 0x10000"):
        parse_csv(b"a,app,ota_0,,0x11000", CsvPlaces(version=read_point(version)), secure_boot_v1=True)
