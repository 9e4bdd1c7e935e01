"""`otaproof prove`: its lines, its JSON, its files, its exit codes."""

import json
import re
import shutil
import subprocess
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from dratify import check_proof, parse_dimacs
from rich.console import Console

from otaproof.analysis import proof_runs, shown_trace, solvers
from otaproof.analysis.proof_runs import ConfigurationProof, ProvedClaim
from otaproof.campaign.lockstep.divergence import Divergence
from otaproof.cli.main import main
from otaproof.cli.reports.prove_report import print_family
from otaproof.model.claims.claims import claim
from otaproof.model.config import Release
from otaproof.model.device.state import Scope
from otaproof.proofs.certificates import certificate
from otaproof.proofs.certificates.sat_solver import SatAnswer, SatResult
from otaproof.proofs.prover.decision import Decision, ProofVerdict
from otaproof.proofs.prover.prover import decide as decide_claims
from otaproof.proofs.smt.second_solver import ask_bitwuzla

PROPER_C4 = ["prove", "--usage", "restart-at-once", "--claim", "C4", "--claim", "C15"]


def run_json(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, dict[str, Any]]:
    """Run the command and return its exit code and its JSON object."""
    code = main(["prove", *arguments, "--json"])
    answer: dict[str, Any] = json.loads(capsys.readouterr().out)
    return code, answer


def test_prove_prints_a_line_for_each_claim_and_the_way_to_a_broken_one(capsys: pytest.CaptureFixture[str]) -> None:
    """The verdict, how it came about, and the line that replays it."""
    assert main(PROPER_C4) == 1
    out = capsys.readouterr().out
    assert "2 OTA slots, rollback on, release rules 5.1, F1, restart-at-once usage" in out
    assert "refuted (16 steps)" in out and "32-bit numbers" in out
    assert "k-induction (k = 1)" in out
    assert "1. ota_0 starts at power-on" in out
    assert "✗    the next power-on starts ota_0, not ota_1, which complete() has marked\n" in out
    assert "\n  severity: update lost\n" in out
    assert "\n  otaproof replay oth1." in out


def test_replay_shows_what_prove_refutes(capsys: pytest.CaptureFixture[str]) -> None:
    """The board breaks the claim, too."""
    code, answer = run_json(capsys, "--usage", "restart-at-once", "--claim", "C4")
    (found,) = answer["claims"]
    assert code == 1
    assert main(["replay", found["token"]]) == 1
    assert "C4" in capsys.readouterr().out


@pytest.mark.thorough
def test_json_tells_the_world_and_both_solvers(capsys: pytest.CaptureFixture[str]) -> None:
    """Without --usage there are three configurations; the claims are those of the first."""
    code, answer = run_json(capsys, "--claim", "C3", "--claim", "C12")
    configurations = answer["configurations"]
    assert isinstance(configurations, list)
    assert [c["usage"] for c in configurations] == ["documented", "restart-at-once", "any"]
    assert answer["claims"] == configurations[0]["claims"]
    assert {
        key: configurations[0][key] for key in ("rollback", "anti_rollback", "factory", "slots", "idf", "faults")
    } == {
        "rollback": True,
        "anti_rollback": False,
        "factory": False,
        "slots": 2,
        "idf": "5.1",
        "faults": "F1",
    }
    first = configurations[0]["claims"][0]
    assert (first["id"], first["verdict"], first["second_solver"], first["token"]) == ("C3", "proved", "unsat", None)
    assert "running_image_is_whole" in first["invariants"]
    assert code == 0


def test_smt2_files_need_what_they_say(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each question that a verdict rests on, for any solver to answer."""
    assert main([*PROPER_C4, "--smt2", str(tmp_path / "questions")]) == 1
    files = sorted((tmp_path / "questions" / "rollback_5_1_2_slots_F1_restart-at-once").iterdir())
    assert [file.name for file in files] == [
        "C4_refuted.smt2",
        "boot_choice.smt2",
        "follow.smt2",
        "start.smt2",
        "step.smt2",
    ]
    for file in files:
        text = file.read_text()
        assert text.splitlines()[0].endswith(f"needs {ask_bitwuzla(text)}")


@pytest.mark.thorough
def test_certificates_are_checked_by_another_program(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each proof is one of the clauses beside it; the manifest has every claim, and hashes of every file."""
    folder = tmp_path / "certificates"
    scope = ("--slots", "1", "--factory", "--no-rollback", "--faults", "F0", "--usage", "restart-at-once")
    assert main(["prove", *scope, "--claim", "C3", "--certificates", str(folder)]) == 0
    assert "4 of 4 questions certified" in capsys.readouterr().out
    manifest = json.loads((folder / "manifest.json").read_text())
    questions = {question["name"].partition("/")[2]: question for question in manifest["questions"]}
    assert set(questions) == {"boot_choice", "start", "step", "follow"}
    for question in questions.values():
        cnf, proof = ((folder / f"{question['name']}.{kind}").read_text() for kind in ("cnf", "drat"))
        assert check_proof(parse_dimacs(cnf), proof).ok
        assert f"p cnf {question['variables']} {question['clauses']}\n" in cnf
        assert "c rests on it: C3: commence(), write()" in cnf and question["scope"] in cnf
    sums = [line.split() for line in (folder / "SHA256SUMS").read_text().splitlines()]
    assert sums == [[sha256((folder / file).read_bytes()).hexdigest(), file] for _, file in sums]
    assert len(sums) == 2 * len(questions) + 1
    (proved,) = manifest["claims"]
    assert (proved["id"], proved["certificate"], proved["is_certified"]) == ("C3", "questions", True)
    assert proved["questions"] == [question["name"] for question in manifest["questions"]]


def test_certificate_of_a_refuted_claim_is_its_trace(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The manifest has the actions, and the token that the board plays; there is nothing to refute."""
    assert main(["prove", "--usage", "restart-at-once", "--claim", "C4", "--certificates", str(tmp_path)]) == 1
    assert "0 of 0 questions certified" in capsys.readouterr().out
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    (refuted,) = manifest["claims"]
    assert (refuted["id"], refuted["certificate"], refuted["is_certified"]) == ("C4", "trace", True)
    assert manifest["questions"] == refuted["questions"] == []
    assert len(refuted["trace"]) == 16 and refuted["token"].startswith("oth1.")


@pytest.mark.thorough
def test_claim_that_is_proved_by_search_has_no_certificate(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """No invariants are found from which C11 follows, and a search decides it."""
    arguments = ["prove", "--usage", "documented", "--idf", "6.0", "--claim", "C11", "--claim", "C4"]
    assert main([*arguments, "--certificates", str(tmp_path)]) == 1
    assert "has no certificate: search of all" in " ".join(capsys.readouterr().out.split())
    claims = json.loads((tmp_path / "manifest.json").read_text())["claims"]
    assert {c["id"]: c["certificate"] for c in claims} == {"C4": "trace", "C11": "none"}
    assert [c["is_certified"] for c in claims if c["id"] == "C11"] == [False]


def test_question_that_cannot_be_certified_is_told_by_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the report and in the manifest; one that has a solution as clauses takes the verdict back."""
    folder, arguments = tmp_path / "certificates", ["prove", "--usage", "any", "--claim", "C12", "--certificates"]
    for answer, outcome, code, words in (
        (SatAnswer.UNKNOWN, "timed_out", 0, "C12_growth: not certified: no proof within 300 s"),
        (SatAnswer.SATISFIABLE, "satisfiable", 3, "C12_growth: CONTRADICTION: the clauses have a solution"),
    ):
        monkeypatch.setattr(certificate, "solve_clauses", lambda *_, answer=answer: SatResult(answer))
        assert main([*arguments, str(folder)]) == code
        out = " ".join(capsys.readouterr().out.split())
        assert "0 of 3 questions certified" in out and words in out
        questions = json.loads((folder / "manifest.json").read_text())["questions"]
        assert {(question["outcome"], question["drat_sha256"]) for question in questions} == {(outcome, None)}


def test_certificates_want_a_sat_solver(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One line names the extra that brings it, before any work."""
    monkeypatch.setattr(solvers, "have_sat_solver", lambda: False)
    assert main(["prove", "--certificates", str(tmp_path)]) == 2
    message = "otaproof prove: --certificates: needs a SAT solver: pip install 'otaproof[certificates]'\n"
    assert capsys.readouterr().err == message


def test_check_script_runs_the_checker_on_every_certificate(tmp_path: Path) -> None:
    """And fails where a file has changed, or where the checker does not verify."""
    if shutil.which("drat-trim") is None:
        pytest.skip("drat-trim is not on the path")
    folder = tmp_path / "certificates"
    assert main(["prove", "--usage", "any", "--claim", "C12", "--certificates", str(folder)]) == 0
    run = partial(subprocess.run, capture_output=True, text=True, check=False)
    name = "rollback_5_1_2_slots_F1_any/C12_growth"
    found = run(["sh", folder / "check.sh"])
    assert found.returncode == 0 and f"verified      {name}\n" in found.stdout
    assert run(["sh", folder / "check.sh", "true"]).returncode == 1
    (folder / f"{name}.drat").write_text("0\n")
    assert run(["sh", folder / "check.sh"]).returncode == 1


def test_out_writes_the_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The file holds what --json prints."""
    out = tmp_path / "found.json"
    code, answer = run_json(capsys, "--usage", "any", "--claim", "C12", "--out", str(out))
    assert (code, json.loads(out.read_text())) == (0, answer)


def test_an_interrupt_keeps_what_was_decided(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first configuration is told and written, and the exit code says that not all are there."""
    right, asked = decide_claims, []

    def impatient(*arguments: Any, **options: Any) -> Any:
        asked.append(arguments)
        if len(asked) == 2:
            raise KeyboardInterrupt
        return right(*arguments, **options)

    monkeypatch.setattr(proof_runs, "decide", impatient)
    out = tmp_path / "found.json"
    assert main(["prove", "--claim", "C12", "--jobs", "1", "--out", str(out)]) == 3
    assert "interrupted" in capsys.readouterr().out
    assert [c["usage"] for c in json.loads(out.read_text())["configurations"]] == ["documented"]


@pytest.mark.thorough
def test_all_tells_each_family_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Worlds of which the same was found share a line; the file has each of them, in order."""
    out = tmp_path / "found.json"
    assert (
        main(
            ["prove", "--all", "--most-slots", "16", "--claim", "C12", "--usage", "restart-at-once", "--out", str(out)]
        )
        == 0
    )
    said = capsys.readouterr().out
    configurations = json.loads(out.read_text())["configurations"]
    families = [configurations[at : at + 15] for at in range(0, len(configurations), 15)]
    assert [[c["slots"] for c in family] for family in families] == [list(range(2, 17))] * len(families)
    headings = re.findall(r"^(\d+/\d+)  ", said, re.MULTILINE)
    assert headings == [f"{number}/{len(families)}" for number in range(1, len(families) + 1)]
    assert said.count("\n  2–16 slots: proved C12\n") == len(families)
    told = {(c["rollback"], c["anti_rollback"], c["factory"], idf) for c in configurations for idf in c["same_model"]}
    assert len(told) == 3 * 2 * len(Release)


def test_worlds_that_differ_have_lines_of_their_own(capsys: pytest.CaptureFixture[str]) -> None:
    """Numbers of slots are told as stretches, a way that is no shortest one as such, and a named case has no length."""
    proved = ProvedClaim(Decision(claim("C11"), ProofVerdict.PROVED, "…"))
    broken = ProvedClaim(Decision(claim("C11"), ProofVerdict.REFUTED, "…", depth=20))
    by_case = ProvedClaim(Decision(claim("C12"), ProofVerdict.REFUTED, "a case shows it"))
    scopes = [Scope(slots=slots) for slots in (2, 3, 4, 5, 6, 8, 9)]
    rows = [broken, proved, proved, proved, broken, proved, by_case]
    worlds = [ConfigurationProof(scope, "", ("5.1", "5.5"), (row,)) for scope, row in zip(scopes, rows, strict=True)]
    print_family(Console(highlight=False, soft_wrap=True), worlds, "3/7")
    assert capsys.readouterr().out.splitlines() == [
        "3/7  rollback off, release rules 5.1, F1, any usage (= 5.5)",
        "  2, 6 slots: refuted C11(≤20)",
        "  3–5, 8 slots: proved C11",
        "  9 slots: refuted C12",
    ]


def test_claim_that_a_named_case_refutes_has_no_trace(capsys: pytest.CaptureFixture[str]) -> None:
    """Under F3 a stray number wraps; the case shows it on the board, and nothing differs."""
    assert main(["prove", "--usage", "any", "--faults", "F3", "--claim", "C12"]) == 1
    said = capsys.readouterr().out
    assert "stray-number-wraps" in said and "bug" not in said and "None" not in said


def test_one_solver_alone_can_be_asked(capsys: pytest.CaptureFixture[str]) -> None:
    """Then the other has no answer."""
    _, answer = run_json(capsys, "--usage", "any", "--claim", "C12", "--solver", "bitwuzla")
    (found,) = answer["claims"]
    assert (found["solver"], found["second_solver"]) == (None, "unsat")


def test_bounded_model_checking_tells_how_far_it_came(capsys: pytest.CaptureFixture[str]) -> None:
    """z3 looked for a shorter way, with all numbers."""
    assert main(["prove", "--usage", "any", "--faults", "F0", "--claim", "C14", "--bmc", "0.5"]) == 1
    assert "bounded model checking: none shorter than" in " ".join(capsys.readouterr().out.split())


def test_a_refutation_that_the_board_does_not_replay_is_no_verdict(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is a bug in us, and says so."""

    def diverges(*_: object) -> str:
        raise Divergence("after step 3 record 0 is VALID, not NEW")

    monkeypatch.setattr(shown_trace, "token_of_trace", diverges)
    assert main(["prove", "--usage", "restart-at-once", "--claim", "C4"]) == 3
    out = " ".join(capsys.readouterr().out.split())
    assert (
        "C4: board and model differ, which is a bug in otaproof: after step 3 record 0 is VALID, not NEW; please" in out
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--claim", "C99"], "--claim: 'C99' is none of C1, C2"),
        (["--no-rollback", "--claim", "C4"], "--claim: C4 needs rollback"),
        (["--claim", "C8"], "--claim: C8 needs anti-rollback"),
        (["--slots", "17"], "17 OTA slots"),
        (["--jobs", "0"], "--jobs: 0; want 1 or more"),
        (["--bmc", "-1"], "--bmc: -1.0; want 0 … 1000000"),
        (["--out", "/nowhere/at/all.json"], "--out: /nowhere/at is no directory"),
        (["--smt2", "/dev/null/questions"], "/dev/null/questions: cannot be made"),
        (["--certificates", "/dev/null/proofs"], "/dev/null/proofs: cannot be made"),
    ],
)
def test_bad_input_is_one_line(capsys: pytest.CaptureFixture[str], arguments: list[str], message: str) -> None:
    """Nothing is decided, and the line says what to change."""
    assert main(["prove", *arguments]) == 2
    assert capsys.readouterr().err.startswith(f"otaproof prove: {message}")


@pytest.mark.thorough
def test_recovery_is_proved_for_more_slots_than_a_search_covers(capsys: pytest.CaptureFixture[str]) -> None:
    """By the distance: both solvers have answered."""
    code, answer = run_json(capsys, "--usage", "restart-at-once", "--slots", "4", "--claim", "C9")
    (found,) = answer["claims"]
    assert (code, found["verdict"]) == (0, ProofVerdict.PROVED.value)
    assert (found["solver"], found["second_solver"]) == ("unsat", "unsat")
