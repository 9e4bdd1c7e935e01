"""What README.md says is what the commands say."""

import re

import pytest

from spec_generator.readme_listings import EXAMPLE, LISTINGS, masked
from spec_generator.readme_parts import PARTS, README, difference, with_part
from spec_generator.spec_page import ROOT


@pytest.mark.drift
@pytest.mark.parametrize("name", PARTS)
def test_part_is_what_is_printed(name: str) -> None:
    """Made anew, README.md does not change: run `python docs/build_readme.py`."""
    found = difference(name)
    assert not found, f"python docs/build_readme.py makes this of README.md:\n{found}"


@pytest.mark.drift
def test_every_command_with_output_is_a_part() -> None:
    """None is typed by hand, where nobody would compare it."""
    text = README.read_text(encoding="utf-8")
    made = re.findall(r"<!-- listing-([\w-]+): made by .*?<!-- end of listing-\1 -->", text, re.DOTALL)
    assert [listing.name for listing in LISTINGS] == made
    assert len(LISTINGS) == len(re.findall(r"^\s*\$ ", text, re.MULTILINE))


@pytest.mark.drift
def test_make_check_runs_the_command_of_the_listing() -> None:
    """So what README.md shows of it is what `make check` prints."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert f"\nEXAMPLE = {EXAMPLE}\n" in makefile
    assert "otaproof check $(EXAMPLE) ||" in makefile
    assert f"check {EXAMPLE}" == LISTINGS[0].arguments


def test_readme_without_marks_is_refused() -> None:
    """A part that cannot be found is never silently left as it was."""
    with pytest.raises(ValueError, match="no part between"):
        with_part("# no marks", "claims", "")


def test_part_that_changed_is_written_and_one_that_took_longer_is_not() -> None:
    """Seconds differ from run to run; verdicts do not."""
    text = "<!-- x: made by docs/build_readme.py -->\n\nC1 proved   0.2 s\n\n<!-- end of x -->\n"
    assert text == with_part(text, "x", "C1 proved  12.9 s")
    assert "refuted" in with_part(text, "x", "C1 refuted 0.2 s")
    assert masked("1 claim") != masked("2 claims")
