"""README.md agrees with the commands, the tables and the tree."""

import re

import pytest

from otaproof.cli.exit_code import ExitCode
from otaproof.project.doctor.diagnosis import RULES
from spec_generator.readme_listings import EXAMPLE, LISTINGS, masked
from spec_generator.readme_parts import PARTS, README, difference, with_part
from spec_generator.recordings import recordings
from spec_generator.spec_page import ROOT


@pytest.mark.drift
@pytest.mark.parametrize("name", PARTS)
def test_part_is_what_is_printed(name: str) -> None:
    """If it fails, run `python docs/build_readme.py`."""
    found = difference(name)
    assert not found, f"README.md is out of date, run python docs/build_readme.py:\n{found}"


@pytest.mark.drift
def test_every_command_with_output_is_a_part() -> None:
    """No output is typed by hand."""
    text = README.read_text(encoding="utf-8")
    made = re.findall(r"<!-- listing-([\w-]+): made by .*?<!-- end of listing-\1 -->", text, re.DOTALL)
    assert [listing.name for listing in LISTINGS] == made
    assert len(LISTINGS) == len(re.findall(r"^\s*\$ ", text, re.MULTILINE))


@pytest.mark.drift
def test_make_check_runs_the_command_of_the_listing() -> None:
    """README.md shows the output of `make check`."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert f"\nEXAMPLE = {EXAMPLE}\n" in makefile
    assert "otaproof check $(EXAMPLE) ||" in makefile
    assert f"check {EXAMPLE}" == LISTINGS[0].arguments


def test_readme_without_marks_is_refused() -> None:
    """A missing part is an error."""
    with pytest.raises(ValueError, match="no part between"):
        with_part("# no marks", "claims", "")


def test_part_that_changed_is_written_and_one_that_took_longer_is_not() -> None:
    """Seconds differ between runs; verdicts do not."""
    text = "<!-- x: made by docs/build_readme.py -->\n\nC1 proved   0.2 s\n\n<!-- end of x -->\n"
    assert text == with_part(text, "x", "C1 proved  12.9 s")
    assert "refuted" in with_part(text, "x", "C1 refuted 0.2 s")
    assert masked("1 claim") != masked("2 claims")


def test_numbers_in_the_text_are_those_of_the_project() -> None:
    """The recordings and the rules of doctor are counted."""
    text = README.read_text(encoding="utf-8")
    assert f"All {len(recordings()):,} agree" in text
    assert f"with {len(RULES)} rules" in text


def test_exit_codes_are_those_of_the_command_line() -> None:
    """The table has each of them once."""
    rows = re.findall(r"^\| (\d+) \| ", README.read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(map(int, rows)) == sorted(int(code) for code in ExitCode)


def test_tree_has_every_room() -> None:
    """A new room gets a line."""
    _, _, tree = README.read_text(encoding="utf-8").partition("\n## The tree\n")
    named = set(re.findall(r"^    (\w+)/ ", tree, re.MULTILINE))
    rooms = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"build"}
    assert rooms | {"docs", "tests"} <= named
    assert all((ROOT / name).is_dir() for name in named)


def test_every_link_leads_to_a_file() -> None:
    """Pictures and pages of the specification."""
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", README.read_text(encoding="utf-8"))
    assert links
    assert [] == [link for link in links if not (ROOT / link).exists()]
