"""The page of the claims: each promise, its verdict in every configuration, its proof, a shortest trace and a token."""

import inspect
from collections.abc import Iterator, Mapping
from typing import Any

from otaproof.campaign.history.history_replay import replay_history
from otaproof.campaign.history.history_token import decode_history_token
from otaproof.campaign.history.known_cases import KNOWN_CASES
from otaproof.model.claims.claims import CLAIMS, Claim
from otaproof.model.claims.cut_claims import CUT_CLAIMS
from otaproof.model.claims.left_out import HEADING
from otaproof.model.claims.severity import CONSEQUENCES
from otaproof.model.claims.state_claims import DEVICE_CLAIMS
from otaproof.model.device.allowance import Allowance
from otaproof.model.device.state import Usage
from otaproof.model.fault_model import FaultModel
from otaproof.proofs.bytes import crc_lemmas, efuse_lemmas, seq_lemmas, stray_lemmas, stray_odds, torn_records
from otaproof.proofs.prover.dead_ends import RECOVERY
from otaproof.proofs.refinement import (
    boot_choice_smt,
    impl_decisions,
    impl_refines_model,
    ranking_quotient,
    whole_calls,
)

from .claim_notes import CLAIM_NOTES
from .left_out_text import left_out_note, left_out_sentence, left_out_table
from .proof_tables import FAULTS, METHODS, Proofs
from .spec_page import SpecPage, anchor, code, first_line, folded, repo_file
from .spec_scopes import BEYOND, BUILDS, RELEASES, USAGES, Build, SpecScope, releases_label, scopes_beyond, spec_scopes
from .strays_section import strays_section
from .trace_text import ACTIONS, trace_list

GROWTH = "C12"
"""The claim about sequence numbers, which the search does not decide."""
GROWTH_VERDICT = {"verdict": "violated", "weakest": FaultModel.F3.name, "cuts": 1}
"""By the lemmas next_seq_is_the_same_or_greater and no_strays_of_bytes, and under F3 by strays_reach_the_top."""
USAGE_TEXTS = {
    Usage.DOCUMENTED: "the application follows NodeMCU's documentation. complete(1) restarts; complete(nil) keeps it "
    "running, and it may go on with rollback() or another commence(); accept() comes once, from the image that runs "
    "under test. This is the main column.",
    Usage.RESTART_AT_ONCE: "as documented, and nothing comes between complete() and the restart, as with complete(1). "
    "It is a discipline that an application can choose; the claims that it repairs are those that differ here.",
    Usage.ANY: "the calls come in any order, and with them calls of ESP-IDF's own: esp_ota_set_boot_partition() of any "
    "partition, esp_ota_resume(), esp_ota_abort(), esp_ota_write_with_offset(), "
    "esp_ota_erase_last_boot_app_partition(), and before 6.1 two handles at once. It has no column: most claims fall, "
    "and `otaproof explore --usage any` tells which, with a trace for each.",
}
LEMMA_GROUPS = (
    ("Sequence numbers", "proofs/bytes/seq_lemmas.py", seq_lemmas.LEMMAS),
    ("Ranked numbers", "proofs/refinement/ranking_quotient.py", ranking_quotient.LEMMAS),
    ("The boot choice", "proofs/refinement/boot_choice_smt.py", boot_choice_smt.LEMMAS),
    ("Check word", "proofs/bytes/crc_lemmas.py", crc_lemmas.LEMMAS),
    ("Tears of a record", "proofs/bytes/torn_records.py", torn_records.LEMMAS),
    ("Which numbers are stray", "proofs/bytes/stray_lemmas.py", stray_lemmas.LEMMAS),
    ("How likely they are", "proofs/bytes/stray_odds.py", stray_odds.LEMMAS),
    ("Secure version in eFuse", "proofs/bytes/efuse_lemmas.py", efuse_lemmas.LEMMAS),
    ("The decisions of the board", "proofs/refinement/impl_decisions.py", impl_decisions.EQUALITIES),
    (
        "The board refines the device model",
        "proofs/refinement/impl_refines_model.py",
        impl_refines_model.MODEL_EQUALITIES,
    ),
    ("Whole calls of the board", "proofs/refinement/whole_calls.py", whole_calls.WHOLE_CALLS),
)
Kept = Mapping[str, Any]


def claims_page(kept: Kept, beyond: Kept, proved: Proofs) -> SpecPage:
    """Return the page.

    kept: the verdicts and outcomes. beyond: the verdicts of BEYOND. proved: how `otaproof prove` decides."""
    page = SpecPage("claims", "The claims")
    page.add(
        "A claim is one promise that the documents of NodeMCU and ESP-IDF make about an update, or that a reader takes "
        f"from them, in a form that can be decided. {repo_file('model/claims/claims.py')} has the sentences, and "
        f"{repo_file('model/claims/state_claims.py')} has their meaning as predicates over a state of the device. A "
        "violated claim is a result about ESP-IDF, not a failing test.",
        "**How a claim is decided.** A search visits every reachable state of the [device model](device-model.md), for "
        "histories of any length with any number of power cuts, and evaluates the claim in each state. The model is "
        "finite, so *holds* means that no reachable state violates the claim. *Violated* comes with a shortest trace, "
        "which the simulated board has confirmed byte for byte, and with a token for `otaproof replay`. The table "
        "gives the weakest [fault model](glossary.md#fault-model) under which the claim is violated, and the number of "
        "power cuts in the trace. `otaproof prove` decides the same claims, where it can by induction over 32-bit "
        "sequence numbers with two SMT solvers, which does not rest on a search. Its refutations come from a search, "
        "and both solvers confirm each trace; "
        f"{_searched(proved)} of its proofs for the builds below are a search of all states as well "
        "([how they are proved](#how-they-are-proved)). Its verdicts are *proved* and *refuted*.",
    )
    page.heading(HEADING)
    page.add(left_out_note(), left_out_table())
    page.heading("Configurations")
    page.add(
        "The tables cover devices with two OTA slots and the same release in bootloader and application, in these "
        "builds: "
        + ", ".join(f"*{build.title}*" for build in BUILDS)
        + ". With anti-rollback an image has secure version 0 or 1. `otaproof explore --help` shows how to check other "
        "configurations. Each table has a column for each usage of the calls but the last:",
        "\n".join(f"- *{usage.value}*: {text}" for usage, text in USAGE_TEXTS.items()),
    )
    page.heading("Verdicts")
    for build in BUILDS:
        page.heading(f"Verdicts, {build.title}", 3)
        page.table(
            ("claim", *(usage.value for usage in USAGES)),
            (
                (f"[{claim.id}](#{claim.id.lower()}) {_words(claim.name)}",
                 *(_cell(kept, claim.id, build, usage) for usage in USAGES))
                for claim in CLAIMS
            ),
        )  # fmt: skip
    _beyond_table(page, beyond)
    page.add(
        "A violated claim has the weakest fault model that violates it and the number of power cuts in its shortest "
        "trace. A claim is not applicable where the build lacks what it is about. The search covers fault models up to "
        f"F3; the largest configuration has {_most_states(kept):,} states. " + left_out_sentence()
    )
    strays_section(page)
    _methods(page, proved)
    for claim in CLAIMS:
        _claim(page, claim, {**kept, **beyond})
    _lemmas(page)
    return page


def _words(name: str) -> str:
    return name.replace("_", " ")


def _most_states(kept: Kept) -> int:
    return max(int(kept[spec.id]["states"]) for spec in spec_scopes())


def _verdict(kept: Kept, spec: SpecScope, claim_id: str) -> Mapping[str, Any] | None:
    found: Mapping[str, Any] | None = kept[spec.id]["claims"].get(claim_id)
    return found


def _beyond_table(page: SpecPage, beyond: Kept) -> None:
    page.heading("Verdicts beyond these builds", 3)
    page.add(
        "Two claims are about what the tables above do not have. C23 needs esp_ota_set_boot_partition(), which *any* "
        "usage calls, for OTA slots and for factory. C26 needs flash operations that return an error "
        "(`--allow failing-flash`); the usage is *documented*."
    )
    page.table(
        ("claim", *(build.title for build in BUILDS)),
        (
            (f"[{claim_id}](#{claim_id.lower()})",
             *(_cell(beyond, claim_id, build, usage, allows) for build in BUILDS))
            for claim_id, (usage, allows) in BEYOND.items()
        ),
    )  # fmt: skip


def _specs_for(claim: Claim) -> Iterator[SpecScope]:
    return scopes_beyond(claim.id) if claim.id in BEYOND else spec_scopes()


def _cell(kept: Kept, claim_id: str, build: Build, usage: Usage, allows: frozenset[Allowance] = frozenset()) -> str:
    """Return the verdicts of all releases; neighbouring releases with the same verdict are merged."""
    if claim_id == GROWTH:
        return _verdict_text(GROWTH_VERDICT)
    if claim_id in BEYOND and usage in USAGES and not allows:
        return "[below](#verdicts-beyond-these-builds)"
    groups: list[tuple[str, list[str]]] = []
    for release in RELEASES:
        verdict = _verdict(kept, SpecScope(build, release, usage, allows), claim_id)
        text = _verdict_text(verdict)
        if groups and groups[-1][0] == text:
            groups[-1][1].append(releases_label(release))
        else:
            groups.append((text, [releases_label(release)]))
    if len(groups) == 1:
        return groups[0][0]
    return "; ".join(f"{_range(labels)}: {text}" for text, labels in groups)


def verdict_range(kept: Kept, spec: SpecScope, claim_id: str) -> str:
    """Return the verdict of a claim in a configuration, in a few words."""
    return _verdict_text(_verdict(kept, spec, claim_id))


def _range(labels: list[str]) -> str:
    names = ", ".join(labels).split(", ")
    return names[0] if len(names) == 1 else f"{names[0]} – {names[-1]}"


def _verdict_text(verdict: Mapping[str, Any] | None) -> str:
    if verdict is None:
        return "not applicable"
    if verdict["verdict"] == "holds":
        return "holds"
    return f"**violated** ({verdict['weakest']}, {_cuts_text(verdict['cuts'])})"


def _cuts_text(cuts: int) -> str:
    return "no cut" if cuts == 0 else "1 cut" if cuts == 1 else f"{cuts} cuts"


def _methods(page: SpecPage, proved: Proofs) -> None:
    page.heading("How they are proved")
    page.add(
        "The table counts, for each claim, the configurations in which `otaproof prove` decides it by each method "
        f"under {FAULTS.name}.",
        "- *Induction*: the claim is part of an inductive invariant over 32-bit sequence numbers. z3 finds the "
        "invariant, and z3 and bitwuzla both check it.\n"
        "- *Ranking function*: C9 is a liveness claim: an upgrade can be completed from every state. In every state "
        "that satisfies the inductive invariant, some step other than a power cut decreases the ranking function.\n"
        "- *Sequence-number growth*: C12 bounds how fast sequence numbers grow.\n"
        "- *Refuted*: a search found a trace to a state that violates the claim, and both solvers confirm it with "
        "32-bit numbers.\n"
        "- *Search*: the search of all reachable states found no violation, with ranked numbers. Nothing is lost by "
        "ranking them ([lemmas](#ranked-numbers)), so with these two slots it is a proof; no inductive invariant was "
        "found, so with more slots the claim is *bounded* where no search ends.",
        "Search and proof agree in every configuration; a test compares them. C23 and C26 have no configuration here, "
        "but [a table of their own](#verdicts-beyond-these-builds), which the search decides.",
    )
    page.table(
        ("claim", *METHODS[:-1], "refuted", METHODS[-1]),
        (
            (f"[{claim.id}](#{claim.id.lower()})", *(str(count or "–") for count in _counts(proved, claim.id)))
            for claim in CLAIMS
        ),
    )


def _searched(proved: Proofs) -> int:
    """Return how many claims of all configurations are proved by a search of all states alone."""
    return sum(text == "proved: search" for row in proved.values() for text in row.values())


def _counts(proved: Proofs, claim_id: str) -> Iterator[int]:
    found = [row[claim_id] for row in proved.values() if claim_id in row]
    ends = [*(f"proved: {method}" for method in METHODS[:-1]), "refuted: search", "proved: search"]
    if unknown := set(found) - set(ends):
        raise ValueError(f"the page has no column for how {claim_id} is decided: {unknown}")
    yield from (found.count(end) for end in ends)


def _claim(page: SpecPage, claim: Claim, kept: Kept) -> None:
    page.add(anchor(claim.id))
    page.heading(f"{claim.id}: {_words(claim.name)}")
    worst = CONSEQUENCES[claim.id]
    page.add(claim.title, f"Source: {page.cite(claim.source)}.")
    page.add(f"If it is violated: *{worst.severity.value}*. {worst.why}")
    page.add("\n".join(f"- {line}" for line in _readings(claim)), *CLAIM_NOTES.get(claim.id, ()))
    cases = [case for case in KNOWN_CASES if case.claim_id == claim.id]
    if cases:
        links = ", ".join(f"[{case.name}](cases.md#{case.name})" for case in cases)
        page.add(f"Known cases that violate it: {links}.")
    shown: set[str] = set()
    for spec in _specs_for(claim):
        verdict = None if claim.id == GROWTH else _verdict(kept, spec, claim.id)
        if verdict is None or verdict["verdict"] == "holds":
            continue
        options = f"{spec.build.rollback} {spec.build.anti_rollback}"
        keys = {f"{spec.usage.value} {options}", f"{verdict['trace']} {options}"}
        if not keys & shown:
            shown |= keys
            _refutation(page, claim, spec, verdict)
    if claim.id == GROWTH or shown:
        return
    page.add("It holds in every configuration that it applies to.")


def _refutation(page: SpecPage, claim: Claim, spec: SpecScope, verdict: Mapping[str, Any]) -> None:
    token = decode_history_token(verdict["token"])
    broken = replay_history(token.history).breaks(token.shows)
    if broken is None:
        raise ValueError(f"{spec.id}: the token does not violate {token.shows}")
    end = (
        "From here no upgrade can complete. The token continues to the next power-on: " if claim.id == RECOVERY else ""
    )
    page.add(
        f"**Violated: {spec.build.title}, {spec.usage.value} usage**, release {spec.release.label}, under "
        f"{verdict['weakest']}, {_cuts_text(verdict['cuts'])}, {len(verdict['trace'].split())} steps of the model:",
        trace_list(spec.scope(FaultModel[verdict["weakest"]]), verdict["trace"]),
        f"{end}{token.shows} is violated: {broken.text}.",
        folded(f"replay it; {ACTIONS}", f"otaproof replay {verdict['token']}\n\n{verdict['trace']}"),
    )


def _readings(claim: Claim) -> Iterator[str]:
    """Yield how the model and the sweep read the claim."""
    for item in DEVICE_CLAIMS:
        if item.claim is claim:
            ghosts = ", ".join(sorted(f"`{ghost.value}`" for ghost in item.ghosts))
            reads = f" It reads the ghost variables {ghosts}." if ghosts else ""
            name = code(f"state_claims.{item.meaning.__name__}")
            yield f"In every state of the device model: {first_line(inspect.getdoc(item.meaning))} ({name}){reads}"
    if claim.id == RECOVERY:
        yield (
            "On the graph of all reachable states: no state is a deadlock. From each state some path without a power "
            "cut leads to a state in which the marked image starts and can accept itself "
            f"({repo_file('proofs/prover/dead_ends.py')})."
        )
    if claim.id == GROWTH:
        yield (
            "For all 32-bit numbers: each upgrade adds less than the number of slots, so the erase endurance of a "
            "sector keeps the number far below its maximum; proved by z3 and bitwuzla "
            f"([lemmas](#sequence-numbers), {repo_file('proofs/bytes/seq_lemmas.py')}). Under F0, F1 and F2 no cut "
            "adds to that. Under F3 a [stray number](#stray-numbers) can lie just below the maximum, and the next "
            "upgrade wraps: [stray-number-wraps](cases.md#stray-number-wraps). A number that another program has left "
            "there wraps as well: [sequence-number-wraps](cases.md#sequence-number-wraps)."
        )
    for cut_claim in CUT_CLAIMS:
        if cut_claim.claim is claim:
            name = code(f"cut_claims.{cut_claim.is_met.__name__}")
            kept = first_line(inspect.getdoc(cut_claim.is_met))
            yield f"After one power cut, on the simulated board (`otaproof check`): {kept} ({name})"
    if claim.needs_rollback:
        yield "It applies to devices with rollback only."
    if claim.needs_trial:
        yield (
            "It says nothing of an application that accepts itself as soon as it starts, as one with Arduino's core "
            "does ([who writes](writers.md))."
        )
    if claim.needs_accept:
        yield (
            "It says nothing of an application that never calls accept(), as one with Arduino's core and without "
            "rollback ([who writes](writers.md))."
        )
    if claim.needs_anti_rollback:
        yield "It applies to devices with anti-rollback only."


def _lemmas(page: SpecPage) -> None:
    page.heading("Lemmas")
    page.add(
        "A lemma is proved for all values, beyond the states of the model. It holds only if z3 and bitwuzla, or two "
        "other independent methods where the table says so, agree. A test runs each lemma, and other tests show that "
        "wrong variants are refuted. Of whole calls `make test-thorough` runs the cases with rollback and two slots, "
        "and a few of the others; `pytest -m slow` runs all."
    )
    for title, path, lemmas in LEMMA_GROUPS:
        page.heading(title, 3)
        page.add(f"In {repo_file(path)}.")
        page.table(
            ("lemma", "statement", "method"),
            ((anchor(f"lemma-{lemma.name}") + code(lemma.name), lemma.sentence, lemma.method) for lemma in lemmas),
        )
