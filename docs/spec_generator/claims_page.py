"""The page of the claims: each promise, its verdict in every world, how it was decided, shortest trace and token."""

import inspect
from collections.abc import Iterator, Mapping
from typing import Any

from otaproof.campaign.history.known_cases import KNOWN_CASES
from otaproof.model.claims.claims import CLAIMS, CUT_CLAIMS, Claim
from otaproof.model.claims.left_out import HEADING
from otaproof.model.claims.state_claims import DEVICE_CLAIMS
from otaproof.model.device.state import Usage
from otaproof.proofs.bytes import crc_lemmas, efuse_lemmas, seq_lemmas
from otaproof.proofs.bytes import torn_records as record_tears
from otaproof.proofs.prover.dead_ends import RECOVERY
from otaproof.proofs.refinement import impl_decisions as impl_equals_facts
from otaproof.proofs.refinement import impl_refines_model as impl_equals_model

from .left_out_text import left_out_note, left_out_sentence, left_out_table
from .page import Page, anchor, code, fenced, first_line, folded, repo_file
from .proofs import Proofs
from .worlds import BUILDS, RELEASES, Build, World, releases_label, worlds

GROWTH = "C12"
"""The claim about numbers, which the search of states does not decide."""
LEMMA_GROUPS = (
    ("Sequence numbers", "proofs/bytes/seq_lemmas.py", seq_lemmas.LEMMAS),
    ("Check word", "proofs/bytes/crc_lemmas.py", crc_lemmas.LEMMAS),
    ("Tears of a record", "proofs/bytes/torn_records.py", record_tears.LEMMAS),
    ("Secure version in eFuse", "proofs/bytes/efuse_lemmas.py", efuse_lemmas.LEMMAS),
    ("The board decides as the facts say", "proofs/refinement/impl_decisions.py", impl_equals_facts.EQUALITIES),
    (
        "The board decides as the device model",
        "proofs/refinement/impl_refines_model.py",
        impl_equals_model.MODEL_EQUALITIES,
    ),
)
Kept = Mapping[str, Any]


def claims_page(kept: Kept, proved: Proofs) -> Page:
    """Return the page; kept: the verdicts and outcomes, proved: how `otaproof prove` decides."""
    page = Page("claims", "The claims")
    page.add(
        "What NodeMCU's and ESP-IDF's documents promise of an update, or what a reader takes them to promise, each as "
        "one sentence that can be decided. The sentences stand in "
        f"{repo_file('model/claims/claims.py')}; what they mean as facts about a device in "
        f"{repo_file('model/claims/state_claims.py')}. A broken claim is a result about ESP-IDF, "
        "not a failure of a test.",
        "**How a verdict comes about.** Every state that the [device model](device-model.md) can reach by histories of "
        "any length, with any number of power cuts, is visited, and the claim is looked at in each; the model is "
        "finite, so *holds* means: in all of them. *Broken* comes with a shortest way there, which the simulated board "
        "has walked too, byte by byte, and a token that `otaproof replay` plays again. Named with it is the weakest "
        "[fault model](glossary.md#fault-model) that suffices, and how many power cuts it takes: 0 means that no cut "
        "is needed. `otaproof prove` decides the same claims a second time, by induction over 32-bit numbers with two "
        "SMT solvers.",
    )
    page.heading(HEADING)
    page.add(left_out_note(), left_out_table())
    page.heading("Worlds")
    page.add(
        "The worlds have two OTA slots, the same release in bootloader and application, and "
        + ", ".join(f"*{build.title}*" for build in BUILDS)
        + ". *Proper* usage is the documented one with complete(1) alone; *any* usage has the calls in any order, "
        "complete() without a restart, and esp_ota_set_boot_partition() of the running slot and of factory. With "
        "anti-rollback an image has secure version 0 or 1. Other worlds can be asked for: `otaproof explore --help`.",
    )
    for usage in Usage:
        page.heading(f"Verdicts, {usage.value} usage")
        page.table(
            ("claim", *(build.title for build in BUILDS)),
            (
                (f"[{claim.id}](#{claim.id.lower()}) {_words(claim.name)}",
                 *(_cell(kept, claim.id, build, usage) for build in BUILDS))
                for claim in CLAIMS
            ),
        )  # fmt: skip
    page.add(
        "**bold**: broken; the fault model is the weakest one that suffices. – : the configuration has not what the "
        f"claim speaks of. All was searched up to F3; the biggest world has {_most_states(kept):,} states. "
        + left_out_sentence()
    )
    _methods(page, proved)
    for claim in CLAIMS:
        _claim(page, claim, kept)
    _lemmas(page)
    return page


def _words(name: str) -> str:
    return name.replace("_", " ")


def _most_states(kept: Kept) -> int:
    return max(int(kept[world.id]["states"]) for world in worlds())


def _verdict(kept: Kept, world: World, claim_id: str) -> Mapping[str, Any] | None:
    found: Mapping[str, Any] | None = kept[world.id]["claims"].get(claim_id)
    return found


def _cell(kept: Kept, claim_id: str, build: Build, usage: Usage) -> str:
    """Return the verdicts of all releases, those that agree put together."""
    if claim_id == GROWTH:
        return "holds"
    groups: list[tuple[str, list[str]]] = []
    for release in RELEASES:
        verdict = _verdict(kept, World(build, release, usage), claim_id)
        text = _verdict_text(verdict)
        if groups and groups[-1][0] == text:
            groups[-1][1].append(releases_label(release))
        else:
            groups.append((text, [releases_label(release)]))
    if len(groups) == 1:
        return groups[0][0]
    return "; ".join(f"{_range(labels)}: {text}" for text, labels in groups)


def verdict_range(kept: Kept, world: World, claim_id: str) -> str:
    """Return the verdict of a claim in a world, in a few words."""
    return _verdict_text(_verdict(kept, world, claim_id))


def _range(labels: list[str]) -> str:
    names = ", ".join(labels).split(", ")
    return names[0] if len(names) == 1 else f"{names[0]} – {names[-1]}"


def _verdict_text(verdict: Mapping[str, Any] | None) -> str:
    if verdict is None:
        return "–"
    if verdict["verdict"] == "holds":
        return "holds"
    cuts = verdict["cuts"]
    return f"**{verdict['weakest']}, {'1 cut' if cuts == 1 else f'{cuts} cuts' if cuts else 'no cut'}**"


def _methods(page: Page, proved: Proofs) -> None:
    page.heading("How they are proved")
    page.add(
        "The second way, `otaproof prove`, under F1: in how many of the worlds a claim is decided how. *k-induction*: "
        "it is among invariants that hold at the start and that every step preserves, with 32-bit numbers; z3 finds "
        "them, and z3 and bitwuzla both answer the written questions. *Ranking*: C9 asks for a way on from every "
        "state; where those invariants hold, some step that is no cut always lowers a ranking function. *Refuted*: a "
        "trace to a state that breaks it, which both solvers confirm with 32-bit numbers. *No induction*: the search "
        "of all states found nothing broken, and no induction was found. C12 is about how fast numbers grow. The two "
        "ways agree in every world; a test says so."
    )
    columns = ("k-induction", "ranking", "growth", "refuted", "no induction")
    page.table(
        ("claim", *columns),
        (
            (f"[{claim.id}](#{claim.id.lower()})", *(str(count or "–") for count in _counts(proved, claim.id, columns)))
            for claim in CLAIMS
        ),
    )


def _counts(proved: Proofs, claim_id: str, columns: tuple[str, ...]) -> Iterator[int]:
    ends = {"refuted": "refuted", "bounded": "no induction", "unknown": "unknown"}
    found: list[str] = []
    for world in proved.values():
        if claim_id in world:
            verdict, _, method = world[claim_id].partition(": ")
            found.append(ends.get(verdict) or method.split(" ", maxsplit=1)[0].rstrip(","))
    if set(found) - set(columns):
        raise ValueError(f"{claim_id} is decided in a way that the page does not know: {set(found) - set(columns)}")
    yield from (found.count(column) for column in columns)


def _claim(page: Page, claim: Claim, kept: Kept) -> None:
    page.add(anchor(claim.id))
    page.heading(f"{claim.id}: {_words(claim.name)}")
    page.add(claim.title, f"Source: {page.cite(claim.source)}.")
    page.add("\n".join(f"- {line}" for line in _readings(claim)))
    cases = [case for case in KNOWN_CASES if case.claim_id == claim.id]
    if cases:
        links = ", ".join(f"[{case.name}](cases.md#{case.name})" for case in cases)
        page.add(f"Known cases that break it: {links}.")
    shown: set[str] = set()
    for world in worlds():
        verdict = None if claim.id == GROWTH else _verdict(kept, world, claim.id)
        if verdict is None or verdict["verdict"] == "holds":
            continue
        key = f"{world.usage.value} {world.build.rollback} {world.build.anti_rollback}"
        if key not in shown:
            shown.add(key)
            _refutation(page, world, verdict)
            if claim.id == RECOVERY:
                page.add("The token goes on to the next power-on, where nothing starts any more; it shows C1.")
    if not shown and claim.id not in (GROWTH,):
        page.add("It holds in all worlds that it applies to.")


def _refutation(page: Page, world: World, verdict: Mapping[str, Any]) -> None:
    cuts = verdict["cuts"]
    steps = len(verdict["trace"].split())
    how_many = "one power cut" if cuts == 1 else f"{cuts} power cuts" if cuts else "no power cut"
    page.add(
        f"**{world.build.title}, {world.usage.value} usage**, release {world.release.label}, {verdict['weakest']}, "
        f"{how_many}, {steps} steps:",
        fenced(_wrapped(verdict["trace"])),
        folded("replay it", f"otaproof replay {verdict['token']}"),
    )


def _wrapped(trace: str) -> str:
    lines, line = [], ""
    for word in trace.split():
        if len(line) + len(word) > 100:
            lines.append(line)
            line = ""
        line = f"{line} {word}".strip()
    return "\n".join([*lines, line])


def _readings(claim: Claim) -> Iterator[str]:
    """Yield how the claim is read by the model and by the sweep."""
    for item in DEVICE_CLAIMS:
        if item.claim is claim:
            ghosts = ", ".join(sorted(f"`{ghost.value}`" for ghost in item.ghosts))
            reads = f" It reads the ghosts {ghosts}." if ghosts else ""
            name = code(f"device_claims.{item.is_kept.__name__}")
            yield f"In every state of the device model: {first_line(inspect.getdoc(item.is_kept))} ({name}){reads}"
    if claim.id == RECOVERY:
        yield (
            "On the graph of all reachable states: from each of them some way without a power cut leads to a state in "
            f"which the marked image starts ({repo_file('proofs/prover/dead_ends.py')})."
        )
    if claim.id == GROWTH:
        yield (
            "For all 32-bit numbers: each upgrade adds less than the number of slots, so the erases that a sector "
            "endures bound the number far below the top; proved by z3 and bitwuzla "
            f"([lemmas](#sequence-numbers), {repo_file('proofs/bytes/seq_lemmas.py')}). A number that another program "
            "has left near the top is no upgrade, and does wrap: "
            "[sequence-number-wraps](cases.md#sequence-number-wraps)."
        )
    for cut_claim in CUT_CLAIMS:
        if cut_claim is claim:
            name = code(f"claims.{cut_claim.is_kept.__name__}")
            kept = first_line(inspect.getdoc(cut_claim.is_kept))
            yield f"After one cut, on the board (`otaproof check`): {kept} ({name})"
    if claim.needs_rollback:
        yield "It speaks of devices with rollback alone."
    if claim.needs_anti_rollback:
        yield "It speaks of devices with anti-rollback alone."


def _lemmas(page: Page) -> None:
    page.heading("Lemmas")
    page.add(
        "What is proved for all values, beyond the states of the model. A lemma holds only when z3 and bitwuzla, or "
        "another second way where it says so, agree; a test runs each, and others show that a wrong one is refuted."
    )
    for title, path, lemmas in LEMMA_GROUPS:
        page.heading(title, 3)
        page.add(f"In {repo_file(path)}.")
        page.table(
            ("lemma", "what it says", "how"),
            ((anchor(f"lemma-{lemma.name}") + code(lemma.name), lemma.sentence, lemma.method) for lemma in lemmas),
        )
