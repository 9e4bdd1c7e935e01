"""The glossary and the table of calls: every file, symbol and function that they name exists."""

import ast
import re
from functools import lru_cache
from pathlib import Path

import pytest

from otaproof.impl.app.otaupgrade import OtaUpgrade
from otaproof.model.call_names import CALL_FUNCTIONS
from spec_generator.calls_pages import functions_of
from spec_generator.pages import BY_HAND, made_files
from spec_generator.spec_page import ROOT, calls_line, calls_table

GLOSSARY = ROOT / "docs" / "spec" / "glossary.md"
TERM = re.compile(r"^\| ([^|]+) \| [^|]+ \| \[([^]]+)\]\(\.\./\.\./([^)]+)\)(?: `(\w+)`)? \|$", re.MULTILINE)


def terms() -> list[tuple[str, Path, str]]:
    """Return (term, file or folder, symbol or "") for each row of the terms of verification."""
    _, _, section = GLOSSARY.read_text(encoding="utf-8").partition("\n## Terms of verification")
    return [(term, ROOT / path, symbol) for term, _, path, symbol in TERM.findall(section.partition("\n## ")[0])]


@lru_cache(maxsize=1)
def pages() -> dict[str, str]:
    """Return the generated pages by file name."""
    return made_files()


def symbols(path: Path) -> set[str]:
    """Return the names that a module defines at its top level."""
    found = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            found.add(node.target.id)
        elif isinstance(node, ast.Assign):
            found |= {target.id for target in node.targets if isinstance(target, ast.Name)}
    return found


def test_every_row_of_the_terms_is_read() -> None:
    """A row in another form would escape the tests below."""
    _, _, section = GLOSSARY.read_text(encoding="utf-8").partition("\n## Terms of verification")
    rows = [line for line in section.partition("\n## ")[0].splitlines() if line.startswith("| ")]
    assert len(rows) - 2 == len(terms())


def test_every_term_of_the_glossary_names_what_exists() -> None:
    """A symbol that was renamed or moved is listed here with its term."""
    stale = [f"{term}: {path.relative_to(ROOT)}" for term, path, _ in terms() if not path.exists()]
    stale += [
        f"{term}: {path.relative_to(ROOT)} {symbol}"
        for term, path, symbol in terms()
        if symbol and path.exists() and symbol not in symbols(path)
    ]
    assert [] == stale


def test_a_missing_symbol_is_found() -> None:
    """The test above can fail."""
    assert "TERM" in symbols(Path(__file__))
    assert "no_such_name" not in symbols(Path(__file__))


@pytest.mark.parametrize(
    "term",
    ["counterexample, trace", "ranking function", "inductive invariant", "vacuity", "refinement", "delta debugging",
     "deadlock", "cone of influence", "observation", "monitor", "uncut run"],
)  # fmt: skip
def test_standard_terms_are_in_the_glossary(term: str) -> None:
    """A reader who knows the field looks for these."""
    assert term in {name for name, _, _ in terms()}


@pytest.mark.parametrize("call", CALL_FUNCTIONS)
def test_functions_of_a_call_are_those_that_it_calls(call: str) -> None:
    """The table of names agrees with impl/app/otaupgrade.py."""
    assert set(CALL_FUNCTIONS[call]) <= set(functions_of(call))


def test_every_call_of_the_module_has_functions() -> None:
    """No call is missing from the table; fork() is the simulator's."""
    assert {name for name in vars(OtaUpgrade) if not name.startswith("_")} == {*CALL_FUNCTIONS, "fork"}


@pytest.mark.drift
def test_every_page_begins_with_the_calls() -> None:
    """A reader who knows only ESP-IDF can read any page."""
    for name, text in pages().items():
        assert calls_line() == text.split("\n\n")[2], name
    for name in BY_HAND:
        text = (GLOSSARY.parent / name).read_text(encoding="utf-8")
        assert calls_line() in text or calls_table() in text, name


def test_titles_of_call_pages_name_their_functions() -> None:
    """So the search of the site ranks the page of a function first."""
    for call, functions in CALL_FUNCTIONS.items():
        title = pages()[f"call-{call}.md"].split("\n\n")[1]
        assert title == f"# {call}(): {', '.join(functions)}"
    assert pages()["call-set_boot.md"].split("\n\n")[1] == "# esp_ota_set_boot_partition()"
