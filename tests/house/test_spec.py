"""The pages of docs/spec are up to date, their links have targets, and their evidence exists."""

import ast
import gzip
import json
import re
import shlex
from functools import lru_cache
from pathlib import Path

import pytest

from otaproof.campaign.history.history_replay import is_confirmed, replay_history
from otaproof.campaign.history.history_token import decode_history_token
from otaproof.campaign.history.known_cases import KNOWN_CASES, known_case
from otaproof.cli.main import build_app
from otaproof.impl.app import otaupgrade
from otaproof.model.claims.claims import CLAIMS
from otaproof.model.config import Release
from otaproof.model.device.model import device_model
from otaproof.model.device.state import Usage
from otaproof.model.fault_model import FaultModel
from otaproof.model.slot.life_cycle import TABLE
from otaproof.proofs.prover.dead_ends import RECOVERY
from spec_generator import call_texts, proof_tables, verdict_tables
from spec_generator.board_scripts import SCRIPTS, transcript
from spec_generator.case_text import CaseText
from spec_generator.cases_page import cases_of
from spec_generator.claim_notes import CLAIM_NOTES
from spec_generator.claims_page import GROWTH, LEMMA_GROUPS, USAGE_TEXTS
from spec_generator.contract_clauses import SEED_SECTIONS, Clause
from spec_generator.documents_page import DISAGREEMENTS, NEVER_RECORDED
from spec_generator.guide_clauses import GUIDE_SECTIONS
from spec_generator.known_case_texts import K_CASES
from spec_generator.pages import BY_HAND, differences
from spec_generator.recorded_case_texts import R_CASES
from spec_generator.recordings import recorded_files, recordings
from spec_generator.spec_page import ROOT, sources
from spec_generator.spec_scopes import BEYOND, BUILDS, RELEASES, USAGES, SpecScope, scopes_beyond, spec_scopes
from spec_generator.strays_section import operations_of_upgrade

SPEC = ROOT / "docs" / "spec"
PAGES = sorted(SPEC.glob("*.md"))
LINK = re.compile(r"(?<!\\)\]\(([^)\s]+)\)")
ANCHOR = re.compile(r'<a id="([^"]+)"></a>')
HEADING = re.compile(r"^#{1,6} (.+)$", re.MULTILINE)
FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
CASES = (*K_CASES, *R_CASES)
CLAUSES = [clause for _, _, clauses in (*SEED_SECTIONS, *GUIDE_SECTIONS) for clause in clauses]


@lru_cache(maxsize=64)
def prose(path: Path) -> str:
    """Return a page without its blocks of code."""
    return FENCE.sub("", path.read_text(encoding="utf-8"))


@lru_cache(maxsize=64)
def places(path: Path) -> frozenset[str]:
    """Return the targets of links into a page: anchors, and headings as code hosts and MkDocs name them."""
    text = prose(path)
    slugs = (re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in HEADING.findall(text))
    return frozenset({*ANCHOR.findall(text), *slugs})


def links() -> list[tuple[str, str]]:
    """Return (page, target) of every link into the repository."""
    found = [(path.name, target) for path in PAGES for target in LINK.findall(prose(path))]
    return [(page, target) for page, target in found if not target.startswith("http")]


def leads_somewhere(page: str, target: str) -> bool:
    """Return whether file and anchor of a link exist."""
    name, _, place = target.partition("#")
    path = (SPEC / (name or page)).resolve()
    return path.exists() and (not place or place in places(path))


@pytest.mark.drift
def test_pages_are_what_the_generator_writes() -> None:
    """If it fails, run `python docs/build_spec.py`."""
    assert [] == differences(SPEC)


def test_every_link_leads_to_a_file_and_a_place_in_it() -> None:
    """Links inside the pages, and to sources and pictures of the repository."""
    assert [] == [(page, target) for page, target in links() if not leads_somewhere(page, target)]


def test_a_link_to_nowhere_is_found() -> None:
    """The test above can fail."""
    assert not leads_somewhere("index.md", "claims.md#c99")
    assert not leads_somewhere("index.md", "no-such-page.md")
    assert leads_somewhere("index.md", "claims.md#c1")


def test_every_reference_to_a_source_is_defined() -> None:
    """A page that cites [IDF-…] defines it at its end."""
    for path in PAGES:
        text = path.read_text(encoding="utf-8")
        defined = set(re.findall(r"^\[([A-Z0-9-]+)\]: https://\S+ \".+\"$", text, re.MULTILINE))
        prefixes = "SEED|IDF|NODEMCU|ARDUINO|ESPHOME|MICROPYTHON|NUTTX|ESP-HAL|ESPFLASH"
        cited = set(re.findall(rf"\[((?:{prefixes})-[A-Z0-9-]+)\](?![:(])", text))
        assert cited == defined, path.name


def test_every_page_is_on_the_site_and_in_the_overview() -> None:
    """A new page is added to both."""
    navigation = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    overview = (SPEC / "index.md").read_text(encoding="utf-8")
    for path in PAGES:
        assert f": {path.name}" in navigation
        assert path.name == "index.md" or f"({path.name})" in overview


def test_pages_speak_of_the_project_alone() -> None:
    """They name no path of a machine."""
    for path in PAGES:
        assert not re.search(r"(?<![\w/.:)])/[a-z]+/[a-z]|\.\./\.\./\.\./", path.read_text(encoding="utf-8")), path.name


def test_every_row_claim_and_case_has_a_place() -> None:
    """Other pages link to them."""
    assert {row.id.lower() for row in TABLE} <= places(SPEC / "life-cycle.md")
    assert {claim.id.lower() for claim in CLAIMS} <= places(SPEC / "claims.md")
    shown = places(SPEC / "cases.md")
    assert {case.name for case in KNOWN_CASES} <= shown
    assert {f"r{number}" for number in range(1, 34)} <= shown
    assert {f"k{number}" for number in range(1, 21)} - shown == {"k4"}
    assert {"k4a", "k4b"} <= shown
    assert {f"d{number}" for number in range(1, 17)} <= places(SPEC / "documents.md")


def test_every_action_of_every_configuration_is_described() -> None:
    """It has an entry of its own, or is one of those that tear a record."""
    told = places(SPEC / "device-model.md")
    torn = (SPEC / "device-model.md").read_text(encoding="utf-8")
    for spec in spec_scopes():
        for action in device_model(spec.scope(FaultModel.F3)).actions:
            assert f"action-{action.name}" in told or f"`{action.name}`" in torn, action.name


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_case_has_evidence_that_exists(case: CaseText) -> None:
    """A named case, a recording, a test, a lemma or a script, or the reason why there is none."""
    named = [*cases_of(case.id), *map(known_case, case.named)]
    assert named or case.vectors or case.tests or case.lemmas or case.script or case.not_modelled
    assert set() == set(case.vectors) - recordings().keys()
    assert set() == set(case.lemmas) - {lemma.name for _, _, lemmas in LEMMA_GROUPS for lemma in lemmas}
    for test in case.tests:
        path, _, name = test.partition("::")
        tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
        assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    assert case.releases or named or case.not_modelled


def test_cases_that_named_cases_show_have_a_heading() -> None:
    """Every K or R case that a named case names has a text."""
    told = {case.id for case in CASES}
    facts = {fact for case in KNOWN_CASES for fact in case.facts if fact[0] in "KR"}
    assert set() == facts - told


def test_disagreements_have_evidence_or_say_why_not() -> None:
    """Each of the sixteen has a recording, a script, a link or a reason."""
    assert 16 == len(DISAGREEMENTS)
    for item in DISAGREEMENTS:
        assert item.vectors or item.script or item.also or item.not_shown
        assert set() == set(item.vectors) - recordings().keys()


def test_the_error_that_nothing_returns_is_in_no_recording() -> None:
    """D6 claims this."""
    for path in recorded_files():
        assert NEVER_RECORDED not in gzip.decompress(path.read_bytes()).decode("utf-8")


@pytest.mark.parametrize("name", [script.name for script in SCRIPTS])
def test_script_ends_on_the_board_as_it_says(name: str) -> None:
    """Each script names what runs at its end."""
    assert transcript(name)


def test_errors_of_the_calls_are_those_of_the_module() -> None:
    """The pages list exactly the texts that the module can raise."""
    listed = {text for call in call_texts.CALLS for text, _ in call.errors}
    tables = (otaupgrade._COMMENCE_ERRORS, otaupgrade._WRITE_ERRORS, otaupgrade._COMPLETE_ERRORS)
    texts = {text for table in (*tables, otaupgrade._ROLLBACK_ERRORS) for text in table.values()}
    raised = texts | {otaupgrade._OTHER_ERROR, "no OTA partition available", "no upgrade in progress"}
    raised |= {"firmware accept failed"}
    never = {NEVER_RECORDED, "out of memory"}
    others = {
        text for text in listed if text.startswith(("nothing boots", "the bootloader", "ESP_ERR_", "none", "bad"))
    }
    assert raised - never == listed - others


def test_contract_goes_through_all_functions_of_the_module() -> None:
    """Each section of the documentation has a section here."""
    assert {"INTRO", "COMMENCE", "WRITE", "COMPLETE", "ACCEPT", "ROLLBACK", "INFO"} == {
        source.removeprefix("SEED-") for _, source, _ in SEED_SECTIONS
    }


def test_contract_goes_through_the_sections_of_the_guide() -> None:
    """Each section of ESP-IDF's guide that is a source has a section here."""
    guide = {
        source_id
        for source_id, source in sources()["source"].items()
        if source["file"] == "docs/en/api-reference/system/ota.rst"
    }
    assert guide == {source for _, source, _ in GUIDE_SECTIONS}


@pytest.mark.parametrize("clause", CLAUSES, ids=lambda clause: clause.text)
def test_every_sentence_of_the_contract_is_claimed_or_says_why_not(clause: Clause) -> None:
    """It names a claim, or it has a reason, never both; a row, a case or a page alone is neither."""
    assert bool(clause.because) is not bool(re.search(r"claims\.md#c\d", clause.held_by))
    assert not clause.held_by or LINK.search(clause.held_by)
    assert not clause.because or clause.because.endswith(".")


def test_every_claim_is_named_by_a_sentence_of_the_contract() -> None:
    """As evidence; no sentence names a claim that is not there."""
    named = {found for clause in CLAUSES for found in re.findall(r"claims\.md#(c\d+)\)", clause.held_by)}
    assert {claim.id.lower() for claim in CLAIMS} == named


@pytest.mark.parametrize("release", Release, ids=lambda release: release.label)
def test_an_upgrade_erases_and_programs_three_records(release: Release) -> None:
    """By hand: NEW, PENDING_VERIFY and VALID are programmed; the spare record, NEW and PENDING_VERIFY are erased."""
    assert (3, 3) == operations_of_upgrade(release)


def test_texts_of_usages_and_notes_are_of_what_exists() -> None:
    """Every usage has a text, all but any usage a column, and every note a claim."""
    assert set(Usage) == {*USAGES, Usage.ANY} == set(USAGE_TEXTS)
    assert set(CLAIM_NOTES) <= {claim.id for claim in CLAIMS}


def test_commands_on_pages_are_commands() -> None:
    """Each line that begins with otaproof is one that the parser takes."""
    app = build_app()
    for name in BY_HAND:
        for block in FENCE.findall((SPEC / name).read_text(encoding="utf-8")):
            for line in block.splitlines():
                # An error of a command begins with its name, too.
                if line.startswith("otaproof ") and not line.startswith("otaproof check: "):
                    assert app.parse_args(shlex.split(line)[1:])


def test_releases_that_share_a_configuration_have_one_model() -> None:
    """Equal terms are one object, so equal models have identical terms."""
    for build in BUILDS:
        for usage in USAGES:
            for release, others in RELEASES.items():
                for other in others:
                    first, second = (
                        device_model(SpecScope(build, known, usage).scope(FaultModel.F3)) for known in (release, other)
                    )
                    assert [a.name for a in first.actions] == [a.name for a in second.actions]
                    for one, same in zip(first.actions, second.actions, strict=True):
                        assert one.when is same.when
                        effects = first.effects[one.name], second.effects[one.name]
                        assert {k: id(v) for k, v in effects[0].items()} == {k: id(v) for k, v in effects[1].items()}


def test_releases_of_different_configurations_differ() -> None:
    """Otherwise a row of the tables would be redundant."""
    seen = set()
    for release in RELEASES:
        model = device_model(SpecScope(BUILDS[2], release, Usage.ANY).scope(FaultModel.F3))
        terms = [
            (a.name, id(a.when), *sorted((k, id(v)) for k, v in model.effects[a.name].items())) for a in model.actions
        ]
        seen.add(json.dumps(terms))
    assert len(RELEASES) == len(seen)
    assert set(Release) == {known for others in RELEASES.values() for known in others}


def test_every_token_of_the_verdicts_plays_as_it_says() -> None:
    """The simulated board confirms every kept counterexample."""
    tokens = {
        (claim_id, verdict["token"])
        for spec in (*verdict_tables.read().values(), *verdict_tables.read_beyond().values())
        for claim_id, verdict in spec["claims"].items()
        if verdict["verdict"] == "violated"
    }
    for claim_id, text in sorted(tokens):
        token = decode_history_token(text)
        shown = "C1" if claim_id == RECOVERY else claim_id
        assert token.shows == shown
        assert is_confirmed(token, replay_history(token.history), shown), text


@pytest.mark.parametrize("scope_id", ["on-5.1-documented", "on-6.1-documented"])
@pytest.mark.thorough
def test_kept_verdicts_of_a_small_configuration_are_up_to_date(scope_id: str) -> None:
    """They are recomputed; the slow test recomputes the others."""
    (spec,) = (spec for spec in spec_scopes() if spec.id == scope_id)
    assert verdict_tables.read()[scope_id] == json.loads(json.dumps(verdict_tables.all_of(spec)))
    assert proof_tables.read()[scope_id] == proof_tables.how_decided(spec)


@pytest.mark.slow
@pytest.mark.parametrize("spec", list(spec_scopes()), ids=lambda spec: spec.id)
def test_kept_verdicts_are_up_to_date(spec: SpecScope) -> None:
    """If it fails, run `python docs/build_spec.py --verdicts --proofs`."""
    assert verdict_tables.read()[spec.id] == json.loads(json.dumps(verdict_tables.all_of(spec)))
    assert proof_tables.read()[spec.id] == proof_tables.how_decided(spec)


def test_kept_verdicts_are_of_the_existing_configurations() -> None:
    """None is missing, and none is superfluous."""
    assert [spec.id for spec in spec_scopes()] == list(verdict_tables.read())
    assert [spec.id for spec in spec_scopes()] == list(proof_tables.read())
    beyond = {claim_id: [spec.id for spec in scopes_beyond(claim_id)] for claim_id in BEYOND}
    kept = verdict_tables.read_beyond()
    assert beyond == {claim_id: [id_ for id_ in kept if claim_id in kept[id_]["claims"]] for claim_id in BEYOND}


def test_every_claim_has_a_verdict_on_the_page() -> None:
    """In the tables of the builds, or in that of what they do not have; C12 has its lemmas."""
    told = {claim_id for spec in verdict_tables.read().values() for claim_id in spec["claims"]}
    assert {claim.id for claim in CLAIMS} == told | set(BEYOND) | {GROWTH}
    assert not told & set(BEYOND)


def test_a_kept_verdict_beyond_the_builds_is_up_to_date() -> None:
    """It is searched again; the slow test does so for all."""
    spec = next(scopes_beyond("C26"))
    kept = verdict_tables.read_beyond()[spec.id]["claims"]["C26"]
    assert kept == json.loads(json.dumps(verdict_tables.beyond_of("C26", spec)))


@pytest.mark.slow
@pytest.mark.parametrize("claim_id", BEYOND)
def test_kept_verdicts_beyond_the_builds_are_up_to_date(claim_id: str) -> None:
    """If it fails, run `python docs/build_spec.py --verdicts`."""
    kept = verdict_tables.read_beyond()
    for spec in scopes_beyond(claim_id):
        assert kept[spec.id]["claims"][claim_id] == json.loads(json.dumps(verdict_tables.beyond_of(claim_id, spec)))


def test_overview_sums_up_what_the_verdicts_say() -> None:
    """The paragraph "In short" of index.md is written by hand."""
    kept = verdict_tables.read()

    def violated(claim_id: str, **wanted: bool) -> list[SpecScope]:
        return [
            spec
            for spec in spec_scopes()
            if kept[spec.id]["claims"].get(claim_id, {}).get("weakest") in ("F0", "F1")
            and all(getattr(spec.build, name) is value for name, value in wanted.items())
        ]

    def ids(claim_id: str, usage: Usage, **wanted: bool) -> set[str]:
        return {spec.id for spec in violated(claim_id, **wanted) if spec.usage is usage}

    def all_ids(usage: Usage, is_rollback: bool) -> set[str]:
        return {spec.id for spec in spec_scopes() if spec.usage is usage and spec.build.rollback is is_rollback}

    documented, at_once = Usage.DOCUMENTED, Usage.RESTART_AT_ONCE
    for claim_id in ("C1", "C3", "C5", "C9"):
        assert not ids(claim_id, documented, rollback=True)
    for claim_id in ("C2", "C4", "C6", "C14", "C17"):
        assert all_ids(documented, True) == ids(claim_id, documented, rollback=True)
    early = {name for name in all_ids(at_once, True) if "-5.1-" in name}
    broken = {spec.id: set[str]() for spec in spec_scopes() if spec.usage is at_once and spec.build.rollback}
    for claim in CLAIMS:
        for name in ids(claim.id, at_once, rollback=True):
            broken[name].add(claim.id)
    assert {frozenset(found) for name, found in broken.items() if name not in early} == {frozenset({"C4", "C17"})}
    assert early == ids("C2", at_once, rollback=True)
    assert all_ids(at_once, False) == ids("C7", at_once, rollback=False) == ids("C25", at_once, rollback=False)


def test_search_and_proof_agree_in_every_configuration() -> None:
    """The proofs refute under F1 what the search violates under F0 or F1."""
    kept, proved = verdict_tables.read(), proof_tables.read()
    for spec in spec_scopes():
        claims = kept[spec.id]["claims"]
        searched = {claim_id for claim_id, verdict in claims.items() if verdict.get("weakest") in ("F0", "F1")}
        refuted = {claim_id for claim_id, how in proved[spec.id].items() if how.startswith("refuted: ")}
        assert searched == refuted, spec.id
        assert claims.keys() | {"C12"} == proved[spec.id].keys()
        assert not any(how.startswith("unknown") for how in proved[spec.id].values())
