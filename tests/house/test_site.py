"""The site of the specification, opened from disk in a headless Chromium without a network.

Skipped where MkDocs or Chromium is missing: `make docs` installs MkDocs, the packages chromium and chromium-driver of
Debian have the rest.
"""

import re
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from browser import CHROMEDRIVER, CHROMIUM, Browser, browser
from otaproof.model.call_names import CALL_FUNCTIONS
from spec_generator.spec_page import ROOT

pytestmark = [
    pytest.mark.skipif(find_spec("material") is None, reason="MkDocs is not installed; make docs installs it"),
    pytest.mark.skipif(None in (CHROMIUM, CHROMEDRIVER), reason="Chromium and its driver are not installed"),
]
FIRST_RESULT = "return document.querySelector('.md-search-result__item > a.md-search-result__link')?.href"
PAGE_OF = {
    **{function: f"call-{call}.html" for call, functions in CALL_FUNCTIONS.items() for function in functions},
    "esp_ota_set_boot_partition": "call-set_boot.html",
}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the site."""
    path = tmp_path_factory.mktemp("site")
    subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", path], cwd=ROOT, check=True
    )
    return path


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """Start the browser."""
    with browser(tmp_path_factory.mktemp("profile")) as started:
        yield started


def test_pages_load_nothing_from_elsewhere(site: Path) -> None:
    """No script, style, font or picture of another host."""
    for path in site.rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        assert [] == re.findall(r'<(?:script|img|iframe)[^>]* src="https?:[^"]*"', text), path.name
        assert [] == re.findall(r'<link[^>]* rel="(?:stylesheet|preconnect)"[^>]* href="https?:[^"]*"', text), path.name
    for path in site.rglob("*.css"):
        assert [] == re.findall(r"url\([\"']?https?:[^)]*", path.read_text(encoding="utf-8")), path.name


@pytest.mark.parametrize("function", PAGE_OF)
def test_search_from_disk_finds_the_page_of_a_function(site: Path, chromium: Browser, function: str) -> None:
    """It is the first result."""
    chromium.resize(1280, 900)
    chromium.open(site / "index.html")
    chromium.type_into(".md-search__input", function)
    found = str(chromium.wait_for(FIRST_RESULT))
    assert f"/{PAGE_OF[function]}" in found


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.thorough
def test_no_page_is_wider_than_the_screen(site: Path, chromium: Browser, width: int) -> None:
    """Wide tables scroll within themselves, on a phone too."""
    chromium.resize(width, 900)
    for path in sorted(site.glob("*.html")):
        chromium.open(path)
        assert chromium.run("return document.documentElement.scrollWidth <= window.innerWidth"), path.name


def test_traces_are_lists_of_sentences(site: Path, chromium: Browser) -> None:
    """Markdown inside folded blocks is rendered too."""
    chromium.open(site / "call-complete.html")
    assert chromium.run("return document.querySelectorAll('details ol > li').length") > 5
    chromium.open(site / "claims.html")
    assert chromium.run("return document.querySelectorAll('ol > li').length") > 50
