"""Every source that is cited can be looked up, and every one that can be looked up is cited."""

import re
import tomllib
from typing import Any

import pytest

from otaproof.model.claims.claims import CLAIMS
from otaproof.model.slot.life_cycle import TABLE
from places import ROOT

SOURCES: dict[str, dict[str, Any]] = tomllib.loads((ROOT / "docs/sources.toml").read_text(encoding="utf-8"))
SEED = ROOT.parent / "shared/seed/otaupgrade.md"
CITATION = re.compile(
    r"\b(?:SEED|IDF|NODEMCU|ARDUINO|ESPHOME|MICROPYTHON|NUTTX|ESP-HAL|ESPFLASH)-[A-Z0-9]+(?:-[A-Z0-9]+)*\b"
)


def cited_ids() -> set[str]:
    """Return every id that a module of ours names, in code, docstring or comment; the generator of pages is one."""
    modules = [path for init in ROOT.glob("*/__init__.py") for path in init.parent.rglob("*.py")]
    modules += (ROOT / "docs/spec_generator").glob("*.py")
    return {source_id for path in modules for source_id in CITATION.findall(path.read_text(encoding="utf-8"))}


def exceptions() -> set[str]:
    """Return the ids that nothing cites for a reason."""
    return {source_id for source_id, source in SOURCES["source"].items() if source.get("unused")}


@pytest.mark.drift
def test_every_cited_id_is_listed() -> None:
    """A typing error in an id is found here."""
    assert set() == cited_ids() - SOURCES["source"].keys()


@pytest.mark.drift
def test_every_listed_id_is_cited_or_says_why_not() -> None:
    """No entry is left over, and no excuse is stale."""
    assert exceptions() == SOURCES["source"].keys() - cited_ids()


def test_every_row_and_claim_cites_a_listed_source() -> None:
    """An id of another shape would slip through the search for ids."""
    used = {row.source for row in TABLE} | {claim.source for claim in CLAIMS}
    assert set() == used - SOURCES["source"].keys()


@pytest.mark.parametrize(("source_id", "source"), SOURCES["source"].items())
def test_source_can_be_looked_up(source_id: str, source: dict[str, str]) -> None:
    """Title, a known pin, a file, and either a symbol or a section."""
    assert source_id == "".join(CITATION.findall(source_id))
    assert source["pin"] in SOURCES["pin"]
    assert {"title", "pin", "file"} == source.keys() - {"symbol", "section", "differs", "unused"}
    assert 1 == len({"symbol", "section"} & source.keys())


@pytest.mark.parametrize(("name", "pin"), SOURCES["pin"].items())
def test_pin_is_one_commit_and_in_use(name: str, pin: dict[str, str]) -> None:
    """A branch or a tag could move."""
    assert re.fullmatch("[0-9a-f]{40}", pin["commit"])
    assert name in {source["pin"] for source in SOURCES["source"].values()}


@pytest.mark.skipif(not SEED.exists(), reason="the documentation that was asked for does not lie beside the repository")
def test_sections_of_the_documentation_are_its_own() -> None:
    """Each function of the module has one, and each is cited."""
    headings = set(re.findall("^# (otaupgrade[.].*)$", SEED.read_text(encoding="utf-8"), re.MULTILINE))
    cited = {source["section"] for source in SOURCES["source"].values() if source["pin"] == "seed"}
    assert headings | {"(introduction)"} == cited
