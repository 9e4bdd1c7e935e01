"""The page of the known cases: named ones with tokens, and all K and R cases with what shows each."""

import re
from collections.abc import Iterator

from otaproof.campaign.history.history_replay import replay_history
from otaproof.campaign.history.history_token import encode_history_token
from otaproof.campaign.history.known_cases import KNOWN_CASES, KnownCase, known_case
from otaproof.campaign.history.player import StepOutcome

from .board_scripts import transcript
from .case_texts import K_CASES, R_CASES, CaseText
from .page import Page, anchor, fenced, folded, picture, repo_file
from .recordings import DATA, recording

_OWN = re.compile(r"[KR]\d+[a-z]?")


def cases_page() -> Page:
    """Return the page."""
    page = Page("cases", "Known cases")
    page.add(
        "What does not go as the documents say, or as one would think. Three kinds of evidence stand with them:",
        "- a **named case**: a history that the simulated board confirms under the rules of every release for which it "
        "is claimed, and denies under the others. Its token is played by `otaproof replay TOKEN`, step by step;\n"
        "- a **recording** of ESP-IDF's and NodeMCU's own C code, by its id. The files lie in "
        f"{repo_file(DATA.as_posix())}, and `otaproof conform` replays them all;\n"
        "- a **test**, a **lemma**, or a script on the board, where that tells it better.",
        "Releases are sets of rules; see [releases](releases.md). Fault models and cuts: a case with “1 × F0” takes "
        "one power cut between two flash operations.",
    )
    page.heading("Named cases")
    page.table(
        ("case", "what happens", "cuts", "releases", "breaks"),
        (
            (f"[{case.name}](#{case.name})", case.title, _cuts(case), _releases(case),
             f"[{case.claim_id}](claims.md#{case.claim_id.lower()})" if case.claim_id else "–")
            for case in KNOWN_CASES
        ),
    )  # fmt: skip
    page.heading("K: found by reading and by search")
    for text in K_CASES:
        _case(page, text)
    page.heading("R: seen in the recordings")
    for text in R_CASES:
        _case(page, text)
    page.heading("The named cases, step by step")
    for case in KNOWN_CASES:
        _named(page, case)
    return page


def cases_of(case_id: str) -> tuple[KnownCase, ...]:
    """Return the named cases that show a K or R case."""
    return tuple(case for case in KNOWN_CASES if case_id in case.facts)


def _case(page: Page, text: CaseText) -> None:
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
        page.add("On the board:", fenced(transcript(text.script)))
    if text.picture:
        page.add(picture(text.picture, text.title))


def _named(page: Page, case: KnownCase) -> None:
    page.add(anchor(case.name))
    page.heading(case.name, 3)
    page.add(case.title)
    mine = [fact for fact in case.facts if _OWN.fullmatch(fact)]
    shows = ", ".join(f"[{fact}](#{fact.lower()})" for fact in mine)
    breaks = f" Breaks [{case.claim_id}](claims.md#{case.claim_id.lower()})." if case.claim_id else ""
    page.add(f"{_releases(case)}; {_cuts(case)}.{f' Shows {shows}.' if shows else ''}{breaks}")
    page.add(fenced("\n".join(_steps(case))))
    page.add(folded("replay it", f"otaproof replay {encode_history_token(case.token())}"))


def _steps(case: KnownCase) -> Iterator[str]:
    played = replay_history(case.history)
    for number, step in enumerate(played.steps, 1):
        yield f"{number:2}  {step.text}"
    if played.outcome is StepOutcome.NOTHING_BOOTS:
        return
    for verdict in played.broken:
        if verdict.claim_id == case.claim_id:
            yield f"    {verdict.claim_id} is violated: {verdict.text}"


def _releases(case: KnownCase) -> str:
    return f"{case.since.label} to {case.until.label}" if case.until else f"from {case.since.label} on, to this day"


def _cuts(case: KnownCase) -> str:
    return f"{case.cuts} × {case.fault.name}" if case.cuts else "no cut"
