"""The page for auditors: clauses of two regulations that speak of updates, what is shown of them, and what is not."""

from collections.abc import Iterator
from dataclasses import dataclass

from otaproof.analysis.remedy_table import rows
from otaproof.model.claims.claims import claim

from .ship_it_page import best_application_set
from .spec_page import SpecPage

UN_R156 = "https://eur-lex.europa.eu/legal-content/EN/TXT/?uri=CELEX:42021X0388"
CRA = "https://eur-lex.europa.eu/legal-content/EN/TXT/?uri=CELEX:32024R2847"


@dataclass(frozen=True, slots=True)
class RegulationClause:
    """One clause, put beside what otaproof can say of it."""

    number: str
    asks: str
    """In our words."""
    claims: tuple[str, ...]
    """Ids of the claims that bear on it."""
    means: str
    """What else shows something of it: a command of otaproof."""
    open: str
    """What is left to others."""


_CLAUSES_OF_R156 = (
    RegulationClause(
        "7.1.3.3",
        "Software is verified and validated before it is sent out.",
        (),
        "`check` on the images of the release, in CI, with what is accepted written down in otaproof.toml; `doctor`.",
        "Everything that the application itself does.",
    ),
    RegulationClause(
        "7.2.1.1",
        "Authenticity and integrity of updates are protected; invalid updates are prevented.",
        ("C1", "C2", "C8"),
        "`binary prove` of the bootloader that ships: an image that fails its checks is not started.",
        "Authenticity: Secure Boot and signatures are not modelled. The checksum and hash of an image protect against "
        "no attacker.",
    ),
    RegulationClause(
        "7.2.2.1.1",
        "After a failed or interrupted update the previous version is restored, or a safe state is reached.",
        ("C1", "C2", "C4", "C6", "C7", "C16", "C25"),
        "`check` cuts the power at every byte of the product's own update, and reports what starts; the report of "
        "`--report` shows it.",
        "Safe states of the vehicle; failures of flash beyond the fault model that is named.",
    ),
    RegulationClause(
        "7.2.2.1.2",
        "An update is executed only if there is enough power for it and for a recovery.",
        (),
        "`check` tells for how many milliseconds of an update a loss of power matters (*when*).",
        "How power is measured and guaranteed.",
    ),
    RegulationClause(
        "7.2.2.4",
        "The user is told whether the update succeeded.",
        ("C10", "C13", "C19", "C20"),
        "`info()` tells the state that the record has.",
        "How the user is told.",
    ),
)
_CLAUSES_OF_CRA = (
    RegulationClause(
        "I (2)(c)",
        "Vulnerabilities can be addressed by security updates, automatically where that fits.",
        ("C9", "C15", "C17"),
        "`prove` for any number of updates: no history ends in a device that cannot be updated.",
        "Delivery, opt-out, notification, postponement.",
    ),
    RegulationClause(
        "I (2)(f)",
        "The integrity of programs and configuration is protected, and corruption is reported.",
        ("C1", "C2", "C14"),
        "`explain` and `mend` on the dump of a device from the field.",
        "Modification by an attacker: Secure Boot and flash encryption are not modelled.",
    ),
    RegulationClause(
        "I (2)(h)",
        "Essential functions stay available after an incident.",
        ("C1", "C7", "C14", "C25"),
        "`check` with the images of the product: whether anything starts after every cut.",
        "Functions of the application.",
    ),
    RegulationClause(
        "I (2)(a), II (2)",
        "Products come without known exploitable vulnerabilities, and those found later are remedied without delay.",
        ("C5", "C8", "C18"),
        "That an image which was replaced does not start again; `prove --anti-rollback` for C8.",
        "Which versions are vulnerable; that secure versions are counted up.",
    ),
    RegulationClause(
        "II (1)",
        "The components of the software are documented, by a software bill of materials.",
        (),
        "otaproof ships its own, for the tool (`make dist`). `identify` says of which ESP-IDF release a bootloader is.",
        "The bill of materials of the product.",
    ),
    RegulationClause(
        "II (3)",
        "The security of the product is tested and reviewed regularly.",
        (),
        "`check` in CI fails of what is new (`--fail-on new`); results as JSON, SARIF and JUnit XML.",
        "All other tests.",
    ),
)


def evidence_page() -> SpecPage:
    """Return the page."""
    page = SpecPage("evidence", "Evidence for auditors")
    page.add(
        "Two regulations ask what a device does when an update is interrupted. This page puts what otaproof shows "
        "beside the clauses that speak of updates. **It claims no conformity**: a regulation is met by a manufacturer "
        "and a product, not by a tool, and most of both is about other things. Clauses are told in our words; read the "
        "text "
        f"itself: [UN Regulation No. 156]({UN_R156}), [Regulation (EU) 2024/2847, Annex I]({CRA}).",
        "*proved* stands for two OTA slots with rollback, used as documented, power cuts of "
        "[F1](glossary.md#fault-model), in every history and on every release. *with the updater*: if the application "
        "keeps to [Ship it like this](ship-it.md). What a verdict rests on, and leaves out, is told with "
        "[the claims](claims.md); which machine code was proved, in [binaries](binaries.md).",
    )
    page.heading("UN Regulation No. 156: software update and update management of vehicles")
    _add(page, _CLAUSES_OF_R156)
    page.heading("EU Cyber Resilience Act, Annex I")
    _add(page, _CLAUSES_OF_CRA)
    page.heading("What to lay before an auditor")
    page.add(
        "1. The page of `otaproof check PROJECT --report DIR`: verdicts, cut points, settings with their origin, and "
        "digests of all inputs and of the model.\n"
        "2. The output of `otaproof prove` for the configuration, with `--certificates DIR` for refutations that other "
        "programs can check.\n"
        "3. The output of `otaproof binary prove bootloader.elf` for the bootloader that ships.\n"
        "4. otaproof.toml, with the reasons for what is accepted.\n"
        "5. The list of what is left out, which each of these prints.",
    )
    return page


def _add(page: SpecPage, clauses: tuple[RegulationClause, ...]) -> None:
    page.table(("clause", "asks", "claims", "besides", "not shown"), map(_row, clauses))


def _row(clause: RegulationClause) -> tuple[str, ...]:
    return clause.number, clause.asks, "; ".join(map(_claim, clause.claims)), clause.means, clause.open


def _claim(id_: str) -> str:
    return f"[{id_}](claims.md#{id_.lower()}) {_verdict(id_)}"


def _verdict(id_: str) -> str:
    """Return what is shown of a claim, on every release at once."""
    if claim(id_).needs_anti_rollback:
        return "speaks of anti-rollback"
    violated = list(_violated(id_, with_updater=False))
    if not violated:
        return "proved"
    left = list(_violated(id_, with_updater=True))
    return "proved with the updater" if not left else "**violated**"


def _violated(id_: str, with_updater: bool) -> Iterator[str]:
    """Yield the releases that violate a claim, with rollback."""
    for row in rows():
        left = row.best[best_application_set(row)] if with_updater else row.mends
        if row.scope.config.rollback and id_ in left:
            yield from row.releases
