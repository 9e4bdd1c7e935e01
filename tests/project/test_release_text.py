"""Release texts of the command line and of images."""

import pytest

from otaproof.errors import InputError
from otaproof.model.config import release_name
from otaproof.project.release_text import names_release, read_release


@pytest.mark.parametrize(
    ("text", "label", "name"),
    [
        ("5.1", "5.1.3", "5.1"),
        ("v5.1", "5.1.0", "5.1.0"),
        ("v5.1.3-dirty", "5.1.3", "5.1"),
        ("5.1.4", "5.1.4", "5.1.4"),
        ("5.3", "5.3.5", "5.3.5"),
        ("3.3", "3.3.6", "3.3.6"),
        ("6.1", "6.1.0", "6.1"),
        ("v6.1.0", "6.1.0", "6.1"),
        ("6.1-beta1", "6.1-beta1", "6.1-beta1"),
        ("6.2", "master", "6.2-dev"),
        ("6.2-dev", "master", "6.2-dev"),
        ("master", "master", "6.2-dev"),
        ("release/v5.4", "release/v5.4", "release/v5.4"),
        ("esp-idf: v4.4.6 3572900934", "4.4.6", "4.4.6"),
        ("v5.5-dev-1234-gabcdef0", "5.5-dev", "5.5-dev"),
        ("v6.1-dev-6734", "master", "6.2-dev"),
        ("5.5.5", "5.5.5", "5.5"),
    ],
)
def test_release_is_a_version_however_it_is_named(text: str, label: str, name: str) -> None:
    """Two numbers are a branch: what was recorded of it, or its newest release; with a v they are a tag."""
    named = read_release(text, "--idf")
    assert (label, name, None) == (named.version.label, release_name(named.version), named.warning)
    assert named.version == read_release(name, "--idf").version


@pytest.mark.parametrize(
    ("text", "known", "read"),
    [
        ("9.9", "any known release", "master"),
        ("v7.3.1", "any known release", "master"),
        ("6.3", "any known release", "master"),
        ("5.5.6", "the newest known release of its branch", "5.5.5"),
        ("6.1.1", "the newest known release of its branch", "6.1.0"),
    ],
)
def test_release_after_the_newest_known_one_is_a_warning(text: str, known: str, read: str) -> None:
    """Of its branch, where there is one: whose rules are used, is told."""
    said = f"ESP-IDF {text} is newer than {known}; the rules of {read} are used"
    named = read_release(text, "--idf")
    assert (said, None) == (named.warning, named.note)


@pytest.mark.parametrize(
    ("text", "is_recorded"),
    [("5.1", True), ("5.1.3", True), ("6.1-beta1", True), ("release/v4.2", True), ("5.1.4", False), ("6.1", False)],
)
def test_release_that_was_not_recorded_is_told(text: str, is_recorded: bool) -> None:
    """Its rules are what its sources tell."""
    assert is_recorded is (read_release(text, "--idf").note is None)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("3.2", "ESP-IDF 3.2 is older than 3.3, the oldest release whose rules are known"),
        ("new", "'new' is no ESP-IDF release; want one such as"),
        ("5.1x", "'5.1x' is no ESP-IDF release"),
        ("4.9", "there is no ESP-IDF 4.9"),
    ],
)
def test_anything_else_is_an_error_that_says_why(text: str, said: str) -> None:
    """At the argument, or the file."""
    with pytest.raises(InputError, match=f"^--idf: {said}"):
        read_release(text, "--idf")


def test_git_hash_names_no_release() -> None:
    """Nor do digits in it."""
    assert [False, False, True] == [names_release(text) for text in ("1a2b3c4", "12.x", "release v5.1")]
