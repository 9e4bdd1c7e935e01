"""The pages of docs/spec: up to date, every link leads somewhere, and what they cite is there."""

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
from spec_generator import calls_pages, proofs, verdicts
from spec_generator.board_scripts import SCRIPTS, transcript
from spec_generator.case_texts import K_CASES, R_CASES, CaseText
from spec_generator.cases_page import cases_of
from spec_generator.claims_page import LEMMA_GROUPS
from spec_generator.contract_page import SECTIONS
from spec_generator.documents_page import DISAGREEMENTS, NEVER_RECORDED
from spec_generator.page import ROOT
from spec_generator.pages import BY_HAND, differences
from spec_generator.recordings import DATA, recordings
from spec_generator.worlds import BUILDS, RELEASES, World, worlds

SPEC = ROOT / "docs" / "spec"
PAGES = sorted(SPEC.glob("*.md"))
LINK = re.compile(r"(?<!\\)\]\(([^)\s]+)\)")
ANCHOR = re.compile(r'<a id="([^"]+)"></a>')
HEADING = re.compile(r"^#{1,6} (.+)$", re.MULTILINE)
FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
CASES = (*K_CASES, *R_CASES)


@lru_cache(maxsize=64)
def prose(path: Path) -> str:
    """Return a page without its blocks of code."""
    return FENCE.sub("", path.read_text(encoding="utf-8"))


@lru_cache(maxsize=64)
def places(path: Path) -> frozenset[str]:
    """Return where links into a page can lead: anchors, and headings as code hosts and MkDocs name them."""
    text = prose(path)
    slugs = (re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in HEADING.findall(text))
    return frozenset({*ANCHOR.findall(text), *slugs})


def links() -> list[tuple[str, str]]:
    """Return (page, target) of every link that stays in the repository."""
    found = [(path.name, target) for path in PAGES for target in LINK.findall(prose(path))]
    return [(page, target) for page, target in found if not target.startswith("http")]


def leads_somewhere(page: str, target: str) -> bool:
    """Tell whether file and anchor of a link exist."""
    name, _, place = target.partition("#")
    path = (SPEC / (name or page)).resolve()
    return path.exists() and (not place or place in places(path))


@pytest.mark.drift
def test_pages_are_what_the_generator_writes() -> None:
    """After a change of model, proofs or cases: python docs/build_spec.py."""
    assert [] == differences(SPEC)


def test_every_link_leads_to_a_file_and_a_place_in_it() -> None:
    """Inside the pages, and to sources and pictures of the repository."""
    assert [] == [(page, target) for page, target in links() if not leads_somewhere(page, target)]


def test_a_link_to_nowhere_is_found() -> None:
    """The check above can fail."""
    assert not leads_somewhere("index.md", "claims.md#c99")
    assert not leads_somewhere("index.md", "no-such-page.md")
    assert leads_somewhere("index.md", "claims.md#c1")


def test_every_reference_to_a_source_is_defined() -> None:
    """A page cites [IDF-…] and defines it at its end."""
    for path in PAGES:
        text = path.read_text(encoding="utf-8")
        defined = set(re.findall(r"^\[([A-Z0-9-]+)\]: https://\S+ \".+\"$", text, re.MULTILINE))
        cited = set(re.findall(r"\[((?:SEED|IDF|NODEMCU)-[A-Z0-9-]+)\](?![:(])", text))
        assert cited == defined, path.name


def test_every_page_is_on_the_site_and_in_the_overview() -> None:
    """A new page has to be added to both."""
    navigation = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    overview = (SPEC / "index.md").read_text(encoding="utf-8")
    for path in PAGES:
        assert f": {path.name}" in navigation
        assert path.name == "index.md" or f"({path.name})" in overview


def test_pages_speak_of_the_project_alone() -> None:
    """No path of a machine, and nothing that a reader of the repository cannot find."""
    for path in PAGES:
        assert not re.search(r"/work/|/home/|/tmp/|shared/|FACTS", path.read_text(encoding="utf-8")), path.name


def test_every_row_claim_and_case_has_a_place() -> None:
    """The contract, the pages of calls and others link there."""
    assert {row.id.lower() for row in TABLE} <= places(SPEC / "life-cycle.md")
    assert {claim.id.lower() for claim in CLAIMS} <= places(SPEC / "claims.md")
    shown = places(SPEC / "cases.md")
    assert {case.name for case in KNOWN_CASES} <= shown
    assert {f"r{number}" for number in range(1, 34)} <= shown
    assert {f"k{number}" for number in range(1, 21)} - shown == {"k4"}
    assert {"k4a", "k4b"} <= shown
    assert {f"d{number}" for number in range(1, 17)} <= places(SPEC / "documents.md")


def test_every_action_of_every_world_is_told() -> None:
    """By name, or as one of those that tear a record."""
    told = places(SPEC / "device-model.md")
    torn = (SPEC / "device-model.md").read_text(encoding="utf-8")
    for world in worlds():
        for action in device_model(world.scope(FaultModel.F3)).actions:
            assert f"action-{action.name}" in told or f"`{action.name}`" in torn, action.name


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_case_has_evidence_that_exists(case: CaseText) -> None:
    """A named case, a recording, a test, a lemma or a script; or the reason why there is none."""
    named = [*cases_of(case.id), *map(known_case, case.named)]
    assert named or case.vectors or case.tests or case.lemmas or case.script or case.not_modelled
    assert set() == set(case.vectors) - recordings().keys()
    assert set() == set(case.lemmas) - {lemma.name for _, _, lemmas in LEMMA_GROUPS for lemma in lemmas}
    for test in case.tests:
        path, _, name = test.partition("::")
        tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
        assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    assert case.releases or named or case.not_modelled


def test_facts_of_named_cases_are_told() -> None:
    """A named case that says which K or R it shows is found under that heading."""
    told = {case.id for case in CASES}
    facts = {fact for case in KNOWN_CASES for fact in case.facts if fact[0] in "KR"}
    assert set() == facts - told


def test_disagreements_have_evidence_or_say_why_not() -> None:
    """Sixteen, each with a recording, a script or a link."""
    assert 16 == len(DISAGREEMENTS)
    for item in DISAGREEMENTS:
        assert item.vectors or item.script or item.also or item.not_shown
        assert set() == set(item.vectors) - recordings().keys()


def test_the_error_that_nothing_returns_is_in_no_recording() -> None:
    """D6 says so."""
    for path in sorted((ROOT / DATA).glob("*.jsonl.gz")):
        assert NEVER_RECORDED not in gzip.decompress(path.read_bytes()).decode("utf-8")


@pytest.mark.parametrize("name", [script.name for script in SCRIPTS])
def test_script_ends_on_the_board_as_it_says(name: str) -> None:
    """What runs at its end is written down beside it."""
    assert transcript(name)


def test_errors_of_the_calls_are_those_of_the_module() -> None:
    """Each text that the module can raise is listed at its call, and no other."""
    listed = {text for call in calls_pages.CALLS for text, _ in call.errors}
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
    """Each section of the documentation has one here."""
    assert {"INTRO", "COMMENCE", "WRITE", "COMPLETE", "ACCEPT", "ROLLBACK", "INFO"} == {
        source.removeprefix("SEED-") for _, source, _ in SECTIONS
    }
    assert all(clause.held_by for _, _, clauses in SECTIONS for clause in clauses)


def test_commands_on_pages_are_commands() -> None:
    """Each line that begins with otaproof is one that the parser takes."""
    app = build_app()
    for name in BY_HAND:
        for block in FENCE.findall((SPEC / name).read_text(encoding="utf-8")):
            for line in block.splitlines():
                if line.startswith("otaproof "):
                    assert app.parse_args(shlex.split(line)[1:])


def test_releases_that_share_a_world_have_one_model() -> None:
    """Equal terms are one object, so equal models have the same ones."""
    for build in BUILDS:
        for usage in Usage:
            for release, others in RELEASES.items():
                for other in others:
                    first, second = (
                        device_model(World(build, known, usage).scope(FaultModel.F3)) for known in (release, other)
                    )
                    assert [a.name for a in first.actions] == [a.name for a in second.actions]
                    for one, same in zip(first.actions, second.actions, strict=True):
                        assert one.when is same.when
                        effects = first.effects[one.name], second.effects[one.name]
                        assert {k: id(v) for k, v in effects[0].items()} == {k: id(v) for k, v in effects[1].items()}


def test_releases_of_different_worlds_differ() -> None:
    """Else a column of the matrix would be too many."""
    seen = set()
    for release in RELEASES:
        model = device_model(World(BUILDS[2], release, Usage.ANY).scope(FaultModel.F3))
        terms = [
            (a.name, id(a.when), *sorted((k, id(v)) for k, v in model.effects[a.name].items())) for a in model.actions
        ]
        seen.add(json.dumps(terms))
    assert len(RELEASES) == len(seen)
    assert set(Release) == {known for others in RELEASES.values() for known in others}


def test_every_token_of_the_verdicts_plays_as_it_says() -> None:
    """All refutations that are kept, on the board."""
    tokens = {
        (claim_id, verdict["token"])
        for world in verdicts.read().values()
        for claim_id, verdict in world["claims"].items()
        if verdict["verdict"] == "violated"
    }
    for claim_id, text in sorted(tokens):
        token = decode_history_token(text)
        shown = "C1" if claim_id == RECOVERY else claim_id
        assert token.shows == shown
        assert is_confirmed(token, replay_history(token.history), shown), text


@pytest.mark.parametrize("world_id", ["on-5.1-proper", "on-6.1-proper"])
def test_kept_verdicts_of_a_small_world_are_those_of_today(world_id: str) -> None:
    """Computed anew; the rest is by the slow test."""
    (world,) = (world for world in worlds() if world.id == world_id)
    assert verdicts.read()[world_id] == json.loads(json.dumps(verdicts.world_all(world)))
    assert proofs.read()[world_id] == proofs.how_decided(world)


@pytest.mark.slow
@pytest.mark.parametrize("world", list(worlds()), ids=lambda world: world.id)
def test_kept_verdicts_are_those_of_today(world: World) -> None:
    """All of them: python docs/build_spec.py --verdicts --proofs."""
    assert verdicts.read()[world.id] == json.loads(json.dumps(verdicts.world_all(world)))
    assert proofs.read()[world.id] == proofs.how_decided(world)


def test_kept_verdicts_are_of_the_worlds_there_are() -> None:
    """None is missing, none is left over."""
    assert [world.id for world in worlds()] == list(verdicts.read())
    assert [world.id for world in worlds()] == list(proofs.read())


def test_overview_sums_up_what_the_verdicts_say() -> None:
    """The paragraph "In short" is written by hand."""
    kept = verdicts.read()

    def broken(claim_id: str, **wanted: bool) -> list[World]:
        return [
            world
            for world in worlds()
            if kept[world.id]["claims"].get(claim_id, {}).get("weakest") in ("F0", "F1")
            and all(getattr(world.build, name) is value for name, value in wanted.items())
        ]

    def in_proper_use(claim_id: str, **wanted: bool) -> set[str]:
        return {world.id for world in broken(claim_id, **wanted) if world.usage is Usage.PROPER}

    every = {world.id for world in worlds() if world.usage is Usage.PROPER and world.build.rollback}
    for claim_id in ("C1", "C3", "C5", "C9"):
        assert not in_proper_use(claim_id, rollback=True)
    assert every == in_proper_use("C4", rollback=True)
    assert {name for name in every if "-5.1-" in name} == in_proper_use("C2", rollback=True)
    assert 8 == len(in_proper_use("C7", rollback=False))
    assert {(True, Usage.ANY)} == {(world.build.anti_rollback, world.usage) for world in broken("C1")}


def test_search_and_proof_agree_in_every_world() -> None:
    """What is refuted under F1 is what the search breaks with F0 or F1."""
    kept, proved = verdicts.read(), proofs.read()
    for world in worlds():
        claims = kept[world.id]["claims"]
        broken = {claim_id for claim_id, verdict in claims.items() if verdict.get("weakest") in ("F0", "F1")}
        refuted = {claim_id for claim_id, how in proved[world.id].items() if how.startswith("refuted: ")}
        assert broken == refuted, world.id
        assert claims.keys() | {"C12"} == proved[world.id].keys()
        assert not any(how.startswith("unknown") for how in proved[world.id].values())
