"""The page of remedies: what to do, what it mends in which configuration, and what nothing mends."""

from collections.abc import Iterator

from otaproof.analysis.remedy_code import code_of
from otaproof.analysis.remedy_file import MOST_AT_ONCE, MOST_LISTED
from otaproof.analysis.remedy_table import RemedyRow, RemedySet, all_rows, rows
from otaproof.model.claims.claims import CLAIMS
from otaproof.model.claims.severity import CONSEQUENCES
from otaproof.model.remedies import REMEDIES, Remedy

from .spec_page import SpecPage, anchor, code, fenced, repo_file


def remedies_page() -> SpecPage:
    """Return the page."""
    page = SpecPage("remedies", "Remedies")
    page.add(
        "A remedy is something that you can do so that more claims hold. A discipline is a rule for the application "
        "that makes the calls: it takes histories away, and asks nothing of ESP-IDF. `--remedy NAME` turns one on in "
        f"`otaproof check`, `prove`, `explore`, `outcomes` and `fuzz` ({repo_file('model/remedies.py')} has the table, "
        f"{repo_file('model/device/remedy_steps.py')} what each changes in the device model). `otaproof claim C4` says "
        "the same of one claim. [Ship it like this](ship-it.md) has the code of a whole update."
    )
    page.heading("In short")
    page.add(
        "For two OTA slots without a factory partition, documented usage and power cuts of F1: the smallest sets that "
        "mend all that disciplines of the application can mend, and the same with a patch of the bootloader where one "
        "mends more. Every claim is proved then but for those that are left violated. *Possibly vacuous*: a "
        "short search did not reach the premise of the claim, so it may hold only because what it speaks of does not "
        "happen then."
    )
    page.table(("rollback", "releases", "do this", "left violated", "possibly vacuous"), _best_rows(rows()))
    page.heading("Each remedy")
    page.table(("`--remedy`", "kind", "what to do", "change of the model", "cost", "since"), map(_remedy_row, Remedy))
    page.heading("The disciplines in C")
    page.add(
        "Functions for an application that keeps to a discipline. The tests compile them and look at which calls they "
        "make, and when."
    )
    for remedy in Remedy:
        text = code_of(remedy)
        if text is not None:
            page.heading(f"{remedy.value}, in C", 3)
            page.add(fenced(text, "c"))
    page.heading("What mends which claim")
    page.add(
        f"Every set of up to {MOST_AT_ONCE} remedies was searched, the smallest first; the prover has decided those "
        "that are listed, with all claims. A set is listed for a claim if it is proved then, and no smaller set does "
        f"that; of many, the first {MOST_LISTED}. *none*: no set mends the claim. The sets of "
        "the last column are proved as well, and *possibly vacuous*, as where rollback() is never called."
    )
    for row in rows():
        page.heading(f"Rollback {_rollback(row)}, {', '.join(row.releases)}", 3)
        page.table(("claim", "severity", "proved with", "possibly vacuous with"), _claim_rows(row))
        page.add(*_broken(row))
    _add_configurations(page)
    page.heading("What the remedies do not mend")
    page.add(
        "[C4](claims.md#c4) and [C17](claims.md#c17) with rollback: the bootloader erases the record of the new image "
        "before it writes that the try has begun, and a power cut in between loses the mark. No rule for the "
        "application changes that; it takes a bootloader that notes the try without an erase. With *note-in-place* the "
        "simulated board does that, so `check` and `fuzz` play it; the device model has it up to F1: under F2 an erase "
        "that is cut can take the note back.",
        "[C25](claims.md#c25) without rollback: nothing takes a faulty image back, with or without a power cut; "
        "rollback is what mends it.",
        "Under F2 and F3 these remedies leave more claims violated; `otaproof prove --faults F2 --remedy …` tells "
        "which.",
    )
    return page


def _add_configurations(page: SpecPage) -> None:
    """Add what is known beside the remedies of two slots: factory partition, releases and options, accept()."""
    page.heading("With a factory partition")
    page.add(
        "The same for two OTA slots and a factory partition with an image, which starts where no record decides, and "
        "is never under test.",
    )
    others = tuple(row for row in all_rows() if row.scope.has_factory)
    page.table(("rollback", "releases", "do this", "left violated", "possibly vacuous"), _best_rows(others))
    page.heading("What a release or an option mends")
    page.add(
        "Without any remedy, for two OTA slots, documented usage and power cuts of F1. *V*: violated; *p*: proved; "
        "*–*: the claim speaks of devices that have what this one has not. So a claim that is *V* in the column of a "
        "device and *p* in another is mended by that release or option; one that turns from *p* to *V* is the price.",
    )
    page.table(("claim", *map(_column, all_rows())), _by_configuration())
    page.heading("When to accept")
    page.add(
        "With rollback, documented usage lets accept() come at any moment of the trial: at once, late, at an orderly "
        "shutdown, after a wake-up from deep sleep, or never. So what is proved is proved of each of these policies; "
        "whether one of them alone mends a claim was not asked. Without rollback accept() is best not called at all "
        "([accept-on-trial](#accept-on-trial)).",
    )


def _best_rows(of: tuple[RemedyRow, ...]) -> Iterator[tuple[str, ...]]:
    for row in of:
        if not row.best:
            yield _rollback(row), ", ".join(row.releases), "*no set mends all that single claims are mended by*", "", ""
        for on, ids in row.best.items():
            silent = row.unmet.get(on, ())
            yield _rollback(row), ", ".join(row.releases), _named(on), _ids(ids), _ids(silent) if silent else ""


def _column(row: RemedyRow) -> str:
    factory = ", factory" if row.scope.has_factory else ""
    return f"rollback {_rollback(row)}{factory}, {', '.join(row.releases)}"


def _by_configuration() -> Iterator[tuple[str, ...]]:
    for claim in CLAIMS:
        cells = [
            "–" if not claim.applies_to(row.scope.config) else "**V**" if claim.id in row.mends else "p"
            for row in all_rows()
        ]
        if "**V**" in cells:
            yield _ids((claim.id,)), *cells


def _remedy_row(remedy: Remedy) -> tuple[str, ...]:
    traits = REMEDIES[remedy]
    name = f"{anchor(remedy.value)}{code(remedy.value)}"
    return name, traits.kind.value, traits.advice, traits.changes, traits.cost, traits.since.label


def _claim_rows(row: RemedyRow) -> Iterator[tuple[str, ...]]:
    for id_, sets in row.mends.items():
        silent = [on for on in sets if id_ in row.unmet.get(on, ())]
        applying = tuple(on for on in sets if on not in silent)
        yield _ids((id_,)), CONSEQUENCES[id_].severity.value, _sets(applying), _sets(tuple(silent), "")


def _broken(row: RemedyRow) -> Iterator[str]:
    for on, ids in row.breaks.items():
        yield f"With {_named(on)}, {_ids(ids)} {'is' if len(ids) == 1 else 'are'} violated, and not without."


def _sets(sets: tuple[RemedySet, ...], nothing: str = "*none*") -> str:
    return "; or ".join(map(_named, sets)) or nothing


def _named(on: RemedySet) -> str:
    return " and ".join(f"[{remedy.value}](#{remedy.value})" for remedy in on)


def _ids(ids: tuple[str, ...]) -> str:
    return ", ".join(f"[{id_}](claims.md#{id_.lower()})" for id_ in ids) or "*none*"


def _rollback(row: RemedyRow) -> str:
    return "on" if row.scope.config.rollback else "off"
