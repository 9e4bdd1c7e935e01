"""All pages of docs/spec: which are generated, and the functions that write and compare them."""

from collections.abc import Iterator
from pathlib import Path

from . import proof_tables
from .calls_pages import call_pages
from .cases_page import cases_page
from .ci_session import with_session
from .claims_page import claims_page
from .command_outputs import with_outputs
from .contract_page import contract_page
from .device_page import device_page
from .documents_page import documents_page
from .evidence_page import evidence_page
from .formats_page import formats_page
from .left_out_text import with_left_out
from .library_pages import library_pages
from .life_cycle_page import life_cycle_page
from .releases_page import releases_page
from .remedies_page import remedies_page
from .ship_it_page import ship_it_page
from .sources_page import sources_page
from .spec_page import SpecPage, with_calls
from .turns_costs import with_costs
from .turns_verdicts import with_turns_verdicts
from .verdict_tables import read, read_beyond
from .writers_page import writers_page

BY_HAND = (
    "index.md",
    "how-to-read.md",
    "glossary.md",
    "binaries.md",
    "unsafe-updates.md",
    "faults.md",
    "campaigns.md",
    "lua.md",
    "ci.md",
    "library.md",
    "by-turns.md",
)
"""Pages that are written by hand; parts of them are generated."""


def pages() -> Iterator[SpecPage]:
    """Yield every generated page."""
    kept = read()
    yield contract_page()
    yield life_cycle_page()
    yield device_page()
    yield from call_pages(kept)
    yield claims_page(kept, read_beyond(), proof_tables.read())
    yield ship_it_page()
    yield remedies_page()
    yield evidence_page()
    yield cases_page()
    yield releases_page(kept)
    yield documents_page()
    yield writers_page()
    yield formats_page()
    yield sources_page()
    yield from library_pages()


def made_files() -> dict[str, str]:
    """Return the text of every generated page by its file name."""
    return {f"{page.name}.md": page.text for page in pages()}


def write_pages(folder: Path) -> None:
    """Write all generated pages, and the generated parts of those written by hand."""
    for name, text in (made_files() | written_files(folder)).items():
        (folder / name).write_text(text, encoding="utf-8")


def written_files(folder: Path) -> dict[str, str]:
    """Return the text of every page that is written by hand, with its generated parts up to date."""
    kept = read()
    return {
        name: with_turns_verdicts(
            with_calls(
                with_costs(with_left_out(with_session(with_outputs((folder / name).read_text(encoding="utf-8")))))
            ),
            kept,
        )
        for name in BY_HAND
    }


def differences(folder: Path) -> list[str]:
    """Return the names of the pages that are out of date, and of those that nothing generates."""
    made = made_files() | written_files(folder)
    there = {path.name for path in folder.glob("*.md")}
    stale = [name for name, text in made.items() if not _is_same(folder / name, text)]
    return sorted({*stale, *(there - made.keys())})


def _is_same(path: Path, text: str) -> bool:
    return path.exists() and path.read_text(encoding="utf-8") == text
