"""otaproof releases: the rules by version, and what each release changed."""

import json

import pytest

from otaproof.analysis.results.releases_result import OF, releases_result
from otaproof.cli.main import main
from otaproof.impl.partitions.generator_rules import GENERATOR_RULES
from otaproof.impl.release_points import read_point
from otaproof.impl.release_rules import APP_RULES, BOOTLOADER_RULES


def test_every_rule_is_told_once() -> None:
    """None is left out, none is told twice."""
    told = [rule.name for rules in OF.values() for rule in rules]
    assert sorted(told) == sorted(rule.name for rule in (*APP_RULES, *BOOTLOADER_RULES, *GENERATOR_RULES))


def test_what_a_release_changed_is_told_by_program() -> None:
    """4.4.7 changed the application, and how both read images."""
    found = {(c.of, c.begins, c.ends) for c in releases_result().changes if c.version == "4.4.7"}
    assert {
        ("application", ("write_ignores_empty",), ("erases_sector_too_many",)),
        ("both", ("asserts_description",), ()),
        ("bootloader", ("asserts_each_mapping",), ()),
    } == found


@pytest.mark.parametrize(
    ("text", "source", "classes"),
    [
        ("5.1", "recorded", ("5.1", "5.1")),
        ("5.1.4", "read", ("5.1", "5.5")),
        ("6.1", "read", ("6.2-dev", "6.1")),
        ("5.5.6", "newer", ("5.5", "5.5")),
    ],
)
def test_a_version_says_how_its_rules_are_known(text: str, source: str, classes: tuple[str, str]) -> None:
    """And which rules of the device model stand for it."""
    (rules,) = releases_result([read_point(text)]).versions
    assert (source, classes) == (rules.source, (rules.application_class, rules.bootloader_class))


def test_a_change_is_seen_between_the_versions_around_it() -> None:
    """5.1.4 brought what 5.1.3 has not, to the bootloader and to an application that verifies."""
    before, after = releases_result([read_point("5.1.3"), read_point("5.1.4")]).versions
    assert {"asserts_description"} == set(after.application) - set(before.application)
    assert {"asserts_description", "asserts_each_mapping"} == set(after.bootloader) - set(before.bootloader)


def test_rules_of_the_generator_are_those_of_the_version() -> None:
    """5.3 came to want whole sectors for apps."""
    before, after = releases_result([read_point("5.2.7"), read_point("5.3.0")]).versions
    assert {"wants_whole_app_sectors"} == set(after.generator) ^ set(before.generator)


@pytest.mark.parametrize("arguments", [(), ("5.1.3", "6.1-beta1")], ids=["all", "versions"])
def test_the_lists_fit_a_terminal(
    arguments: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """80 columns, exit code 0."""
    monkeypatch.setenv("COLUMNS", "80")
    assert 0 == main(["releases", *arguments])
    told = capsys.readouterr()
    assert "" == told.err
    assert 80 >= max(map(len, told.out.splitlines()))


def test_json_has_the_versions_that_are_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    """A version that is newer than what was read is told on stderr too."""
    assert 0 == main(["releases", "5.5.6", "--json"])
    told = capsys.readouterr()
    assert ["5.5.6"] == [version["version"] for version in json.loads(told.out)["versions"]]
    assert "ESP-IDF 5.5.6 is newer than the newest known release of its branch; the rules of 5.5.5 are used" in told.err


def test_a_version_that_there_is_not_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 2."""
    assert 2 == main(["releases", "4.9"])
    assert "otaproof releases: 4.9: there is no ESP-IDF 4.9\n" == capsys.readouterr().err
