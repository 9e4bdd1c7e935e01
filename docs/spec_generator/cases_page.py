"""The page of the known cases: the named cases with their tokens, and all K and R cases with their evidence."""

import re

from otaproof.campaign.history.history_replay import replay_history
from otaproof.campaign.history.history_token import encode_history_token
from otaproof.campaign.history.known_case import KnownCase
from otaproof.campaign.history.known_cases import KNOWN_CASES, known_case

from .board_scripts import transcript
from .case_text import CaseText
from .known_case_texts import K_CASES
from .recorded_case_texts import R_CASES
from .recordings import DATA, recording
from .replay_text import history_sentences
from .spec_page import SpecPage, anchor, fenced, folded, numbered, picture, repo_file

_OWN = re.compile(r"[KR]\d+[a-z]?")


def cases_page() -> SpecPage:
    """Return the page."""
    page = SpecPage("cases", "Known cases")
    folders = " and ".join(repo_file(folder.as_posix()) for folder in DATA)
    page.add(
        "The cases in which the code does something other than its documents say, or than a reader expects. Each case "
        "has evidence of at least one of three kinds:",
        "- A **named case** is a history. The simulated board confirms it under the rules of every release for which "
        "it is claimed, and refutes it under the others. `otaproof replay TOKEN` plays it step by step.\n"
        "- A **recording** of ESP-IDF's and NodeMCU's own C code has an id. The files are in "
        f"{folders}, and `otaproof conform` replays all of them.\n"
        "- A **test**, a **lemma** or a script on the simulated board shows the rest.",
        "A release stands for a set of rules; see [releases](releases.md). “1 × F0” means one power cut under "
        "[fault model](glossary.md#fault-model) F0, which is a cut between two flash operations.",
    )
    page.heading("Named cases")
    page.table(
        ("case", "what happens", "cuts", "releases", "violates"),
        (
            (f"[{case.name}](#{case.name})", case.title, _cuts(case), _releases(case),
             f"[{case.claim_id}](claims.md#{case.claim_id.lower()})" if case.claim_id else "–")
            for case in KNOWN_CASES
        ),
    )  # fmt: skip
    page.heading("K: found by reading the code and by search")
    for text in K_CASES:
        _case(page, text)
    page.heading("R: observed in the recordings")
    for text in R_CASES:
        _case(page, text)
    page.heading("The named cases, step by step")
    for case in KNOWN_CASES:
        _named(page, case)
    return page


def cases_of(case_id: str) -> tuple[KnownCase, ...]:
    """Return the named cases that show a K or R case."""
    return tuple(case for case in KNOWN_CASES if case_id in case.facts)


def _case(page: SpecPage, text: CaseText) -> None:
    named = [*cases_of(text.id), *(known_case(name) for name in text.named)]
    page.add(anchor(text.id))
    page.heading(f"{text.id}: {text.title}", 3)
    page.add(text.text)
    lines = []
    if text.releases:
        lines.append(f"*When:* {text.releases}.")
    lines += [f"*Named case:* [{case.name}](#{case.name}), {_releases(case)}, {_cuts(case)}." for case in named]
    if text.vectors:
        lines.append(f"*Recordings:* {', '.join(map(recording, text.vectors))}.")
    if text.tests:
        tests = (repo_file(test.partition("::")[0], test.partition("::")[2]) for test in text.tests)
        lines.append(f"*Tests:* {', '.join(tests)}.")
    if text.lemmas:
        lines.append(f"*Lemmas:* {', '.join(f'[{name}](claims.md#lemma-{name})' for name in text.lemmas)}.")
    if text.also:
        lines.append(f"*See also:* {text.also}.")
    if text.not_modelled:
        lines.append(f"*Not modelled:* {text.not_modelled}")
    page.add("\n".join(f"- {line}" for line in lines))
    if text.script:
        page.add("On the simulated board:", fenced(transcript(text.script)))
    if text.picture:
        page.add(picture(text.picture, text.title))


def _named(page: SpecPage, case: KnownCase) -> None:
    page.add(anchor(case.name))
    page.heading(case.name, 3)
    page.add(case.title)
    mine = [fact for fact in case.facts if _OWN.fullmatch(fact)]
    shows = ", ".join(f"[{fact}](#{fact.lower()})" for fact in mine)
    violates = f" Violates [{case.claim_id}](claims.md#{case.claim_id.lower()})." if case.claim_id else ""
    page.add(f"Releases: {_releases(case)}. Power cuts: {_cuts(case)}.{f' Shows {shows}.' if shows else ''}{violates}")
    replay = replay_history(case.history)
    page.add(numbered(history_sentences(case.history, replay)))
    violation = replay.breaks(case.claim_id) if case.claim_id else None
    if violation is not None:
        page.add(f"{case.claim_id} is violated: {violation.text}.")
    steps = "\n".join(f"{number:2}  {step.text}" for number, step in enumerate(replay.steps, 1))
    page.add(
        folded("replay it; the calls one by one", f"otaproof replay {encode_history_token(case.token())}\n\n{steps}")
    )


def _releases(case: KnownCase) -> str:
    return f"{case.since.label} to {case.until.label}" if case.until else f"from {case.since.label} on"


def _cuts(case: KnownCase) -> str:
    return f"{case.cuts} × {case.fault.name}" if case.cuts else "no cut"
