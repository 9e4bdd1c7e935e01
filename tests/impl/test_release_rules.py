"""The rules by version: where each begins and ends, and what the twelve recorded releases show of them."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from otaproof.campaign.conformance.vector_replay import replay_vector
from otaproof.campaign.conformance.vectors import read_vectors
from otaproof.impl import board
from otaproof.impl.app import esp_ota_select
from otaproof.impl.partitions import table
from otaproof.impl.partitions.generator_rules import GENERATOR_RULES
from otaproof.impl.partitions.table import load_partitions
from otaproof.impl.release_points import (
    class_of_app,
    class_of_bootloader,
    is_newer_than_read,
    read_point,
    with_versions,
)
from otaproof.impl.release_rules import APP_RULES, BOOTLOADER_RULES, BRANCHES, AppRules, ReleaseRule, app_rules, rule
from otaproof.model.config import Config, Release
from otaproof.model.idf_version import IdfVersion
from places import DATA

SAMPLE = DATA / "vectors-2026-11" / "releases-sample.jsonl.gz"
SAMPLE_COUNT = 196
"""By `zcat FILE | wc -l`."""
SHOWN = {
    "begin_takes_any_partition",
    "begin_gives_handle_first",
    "begin_erases_inactive_entry",
    "resume_refuses_pending",
    "same_slot_in_place",
    "write_ignores_empty",
    "knows_sequential_writes",
    "honours_readonly",
    "checks_version_of_test_app",
    "asserts_each_mapping",
    "heeds_highest_revision",
}
"""The rules that the sample shows: without them, some of its vectors differ."""


def differing(path: Path) -> list[str]:
    """Return the ids of the vectors that differ from their record."""
    return [vector.id for vector in read_vectors(path) if replay_vector(vector) is not None]


@pytest.fixture
def fresh_tables() -> Iterator[None]:
    """Forget, before and after, what was read of tables."""
    load_partitions.cache_clear()
    yield
    load_partitions.cache_clear()


def take_away(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a rule hold in no version."""
    if name in AppRules.__dataclass_fields__:
        for module in (esp_ota_select, board, table):
            monkeypatch.setattr(module, "app_rules", lambda version: replace(app_rules(version), **{name: False}))
        return
    holds_in = ReleaseRule.holds_in
    monkeypatch.setattr(ReleaseRule, "holds_in", lambda self, version: self.name != name and holds_in(self, version))


def test_twelve_releases_do_what_was_recorded_of_them() -> None:
    """Every field of every vector, each under the rules of its own version."""
    vectors = list(read_vectors(SAMPLE))
    assert (SAMPLE_COUNT, []) == (len(vectors), differing(SAMPLE))


@pytest.mark.usefixtures("fresh_tables")
@pytest.mark.parametrize("name", sorted(SHOWN))
def test_a_board_without_a_rule_differs_from_the_recordings(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """So each of these rules is there because a recording shows it."""
    take_away(name, monkeypatch)
    assert differing(SAMPLE)


@pytest.mark.parametrize(
    ("name", "since", "before"),
    [
        ("begin_gives_handle_first", "5.3.3 5.3.5 5.4.2 5.5-beta1 master", "5.1.7 5.2.7 5.3.2 5.4.1 5.5-dev"),
        ("write_ignores_empty", "4.4.7 5.0.6 5.1.3 5.2-rc1 release/v5.0", "4.4.6 5.0.5 5.1.2 5.2-beta1 5.3-dev"),
        ("asserts_description", "4.4.7 5.0.7 5.1.4 5.2.1 5.3.0 master", "4.3.7 4.4.6 5.0.6 5.1.3 5.2.0"),
        ("asserts_each_mapping", "4.4.8 5.1.7 5.5.4 6.0.1", "5.1.3 5.5.5 6.0.2 6.1-beta1 master"),
        ("heeds_highest_revision", "4.4.5 5.0.1 5.1.0", "4.3.7 4.4.4 5.0.0"),
        ("copies_by_sector", "6.0.1 6.1-beta1 6.1.0", "5.5.5 6.0.0 6.1-dev"),
        ("resume_refuses_pending", "6.1.0 release/v6.1 master", "6.1-beta1 6.0.2 release/v6.0 5.5.5"),
        ("reads_page_size", "5.4-rc1 5.4.0 5.5-beta1 master", "5.4-beta2 5.3.5 5.5-dev"),
        ("burns_version_of_linked_image", "3.3.0 4.4.8 5.0-beta1 5.1-dev", "5.0-rc1 5.0.9 5.1-beta1 master"),
        ("erases_sector_too_many", "4.4.6 5.1.2 3.3.0", "4.4.7 5.1.3 5.3.0 master"),
    ],
)
def test_a_rule_holds_from_its_tags_to_the_end_of_their_branches(name: str, since: str, before: str) -> None:
    """The tags are those at which the text of the sources changes, read one by one."""
    (found,) = (each for each in (*APP_RULES, *BOOTLOADER_RULES) if each.name == name)
    assert {True} == {found.holds_in(IdfVersion.parse(text)) for text in since.split()}
    assert {False} == {found.holds_in(IdfVersion.parse(text)) for text in before.split()}


def test_a_rule_that_ends_holds_before_its_end_in_each_branch() -> None:
    """Begin and end may be backported to different branches."""
    made = rule("made_up", "", "5.1.2 5.3-beta1", "5.1.4 5.4")
    held = "5.1.2 5.1.3 5.3-beta1 5.3.9 5.4-dev 5.4-rc1"
    past = "5.0.9 5.1.1 5.1.4 5.2.0 5.3-dev 5.4.0 6.0.0"
    assert {True} == {made.holds_in(IdfVersion.parse(text)) for text in held.split()}
    assert {False} == {made.holds_in(IdfVersion.parse(text)) for text in past.split()}
    assert "5.1.2 to before 5.1.4, 5.3-beta1 to before 5.4.0" == made.versions


def test_a_class_of_rules_is_of_the_version_it_was_recorded_of() -> None:
    """The point of each class is of that class, on both sides, and needs no version beside it."""
    for release in Release:
        config = with_versions(Config(), release.point, release.point)
        assert (release, None) == (config.app_release, config.app_version)
        assert (release, None) == (config.bootloader_release, config.bootloader_version)


@pytest.mark.parametrize(
    ("text", "app", "bootloader"),
    [
        ("4.2.5", Release.V4_4, Release.V4_4),
        ("5.1.4", Release.V5_1, Release.V5_5),
        ("5.4.4", Release.V5_1, Release.V5_5),
        ("6.1.0", Release.V6_2_DEV, Release.V6_1),
        ("6.1-beta1", Release.V6_1, Release.V6_1),
    ],
)
def test_a_version_belongs_to_the_class_that_does_the_same_in_the_model(
    text: str, app: Release, bootloader: Release
) -> None:
    """Application and bootloader each by itself."""
    version = read_point(text)
    assert (app, bootloader) == (class_of_app(version), class_of_bootloader(version))


def test_the_exact_version_is_kept_where_the_class_does_otherwise() -> None:
    """The board goes by it; where all rules are the same, the class says all."""
    kept = with_versions(Config(), read_point("5.1.4"), read_point("5.1.2"))
    assert (read_point("5.1.4"), None) == (kept.app_version, kept.bootloader_version)


@pytest.mark.parametrize(
    ("text", "is_newer"),
    [("5.5.5", False), ("5.5.6", True), ("6.1", False), ("6.1.1", True), ("master", False), ("7.0", True)],
)
def test_a_version_after_all_that_were_read_in_its_branch_is_newer(text: str, is_newer: bool) -> None:
    """Backports go on, so each branch has its own newest one."""
    assert is_newer is is_newer_than_read(read_point(text))


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("v5.1", "5.1.0"),
        ("5.1.3-dirty", "5.1.3"),
        ("v5.1.3-12-g0123abc", "5.1.3"),
        ("6.1-beta1", "6.1-beta1"),
        ("5.1.2-rc1", "5.1.2-rc1"),
        ("v6.1-dev-6734-g102122904ad", "master"),
        ("v5.4-release-69ae551ac64", "release/v5.4"),
        ("release/v5.4", "release/v5.4"),
    ],
)
def test_names_of_versions_are_those_of_tags_and_branches(text: str, label: str) -> None:
    """What `git describe` adds counts as the tag."""
    version = IdfVersion.parse(text)
    assert label == version.label
    assert version == IdfVersion.parse(version.label)


def test_rules_are_named_once_and_in_branches_that_there_are() -> None:
    """A tag of a branch that does not exist would never begin anything."""
    names = [each.name for each in (*APP_RULES, *BOOTLOADER_RULES, *GENERATOR_RULES)]
    assert len(names) == len(set(names))
    edges = {edge.branch for each in (*APP_RULES, *BOOTLOADER_RULES) for span in each.spans for edge in span if edge}
    assert edges <= set(BRANCHES)
