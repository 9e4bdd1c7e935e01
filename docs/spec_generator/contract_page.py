"""The page of the contract: the sentences of NodeMCU's and ESP-IDF's documentation, each with what is claimed of it."""

from collections.abc import Iterable

from .contract_clauses import SEED_SECTIONS, Section
from .guide_clauses import GUIDE_SECTIONS
from .spec_page import SpecPage, anchor


def contract_page() -> SpecPage:
    """Return the page."""
    page = SpecPage("contract", "The contract of otaupgrade and of ESP-IDF")
    page.add(
        "Each sentence of NodeMCU's documentation of its module `otaupgrade`, and of ESP-IDF's guide to over-the-air "
        "updates, paraphrased in its order, with its evidence and its exceptions. The evidence is a claim that is "
        "decided for all histories, a row of the life cycle that a test plays on the simulated board, or a page whose "
        "tables are played on it. A claim is evidence for a sentence where its verdict is *holds*: "
        "[the verdicts](claims.md#verdicts) tell in which configurations that is. Where no claim speaks of it the "
        "table says why, and where it is shown."
    )
    page.heading("NodeMCU's documentation of otaupgrade")
    _sections(page, SEED_SECTIONS)
    page.add(anchor("contract-of-esp-idf"))
    page.heading("ESP-IDF's guide to over-the-air updates")
    _sections(page, GUIDE_SECTIONS)
    return page


def _sections(page: SpecPage, sections: Iterable[Section]) -> None:
    for title, source, clauses in sections:
        page.add(anchor(f"contract-{source.removeprefix('SEED-').lower()}"))
        page.heading(title, 3)
        page.add(f"Documented in {page.cite(source)}.")
        page.table(
            ("sentence", "evidence", "exceptions"),
            ((clause.text, clause.evidence, clause.but or "–") for clause in clauses),
        )
