"""Release texts of the command line and of images."""

import pytest

from otaproof.errors import InputError
from otaproof.model.config import Release
from otaproof.project.release_text import names_release, read_release


@pytest.mark.parametrize(
    ("text", "rules"),
    [
        ("5.1", Release.V5_1),
        ("v5.1.3-dirty", Release.V5_1),
        ("esp-idf: v4.4.6 3572900934", Release.V4_4),
        ("v5.5-dev-1234-gabcdef0", Release.V5_5),
        ("v6.1-dev-6734", Release.V6_2_DEV),
        ("6.2", Release.V6_2_DEV),
    ],
)
def test_release_goes_by_the_newest_rules_that_are_not_newer(text: str, rules: Release) -> None:
    """However it is named."""
    named = read_release(text, "--idf")
    assert (rules, None) == (named.rules, named.warning)


@pytest.mark.parametrize("text", ["9.9", "v7.3.1", "6.3"])
def test_release_after_the_newest_known_one_is_a_warning(text: str) -> None:
    """It names the newest known release, whose rules are used."""
    named = read_release(text, "--idf")
    assert named.rules is Release.V6_2_DEV
    assert f"ESP-IDF {text} is newer than the newest known release; the rules of 6.2-dev are used" == named.warning


@pytest.mark.parametrize(
    ("text", "said"),
    [("3.3", "ESP-IDF 3.3 is older than the oldest known rules"), ("new", "'new' is no ESP-IDF release"), ("5.1x", "")],
)
def test_anything_else_is_an_error_that_names_what_is_known(text: str, said: str) -> None:
    """At the argument, or the file."""
    with pytest.raises(InputError, match=rf"^--idf: .*{said}.*4\.4, 5\.1"):
        read_release(text, "--idf")


def test_git_hash_names_no_release() -> None:
    """Nor do digits in it."""
    assert [False, False, True] == [names_release(text) for text in ("1a2b3c4", "12.x", "release v5.1")]
