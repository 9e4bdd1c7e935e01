"""`otaproof check` with a policy: what a project accepts, what is new, and the exit code."""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from sarif_schema import SCHEMA

from otaproof.analysis.public_api import check
from otaproof.analysis.results.policy_result import checked_policy
from otaproof.cli.exit_code import ExitCode
from otaproof.cli.main import main
from otaproof.cli.reports.policy_report import verdict_line
from otaproof.impl.image.format import build_image
from otaproof.model.claims.claims import CLAIMS
from otaproof.model.fault_model import FaultModel
from otaproof.project.check_policy import CheckPolicy, FailOn
from places import ROOT
from worlds import small_world

TABLE = "nvs,data,nvs,0x9000,0x4000\notadata,data,ota,,0x2000\na,app,ota_0,,64K\nb,app,ota_1,,64K\n"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current directory, with a table and an image."""
    (tmp_path / "table.csv").write_text(TABLE)
    (tmp_path / "app.bin").write_bytes(build_image(size=1200, version="1", seed=1))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def checked(capsys: pytest.CaptureFixture[str], *more: str) -> tuple[int, dict[str, Any]]:
    """Return the exit code and what is said of the policy."""
    files = ("--partitions", "table.csv", "--running", "app.bin", "--rollback", "--no-proofs")
    code = main(["check", *files, "--json", *(more if "--faults" in more else (*more, "--faults", "F0"))])
    return code, json.loads(capsys.readouterr().out)


def accepting(*claims: str, more: str = "") -> str:
    """Return a policy that accepts the violations of claims."""
    return more + "".join(f'[[accept]]\nclaim = "{claim}"\nreason = "known of {claim}"\n' for claim in claims)


def test_without_a_policy_every_violation_counts(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """And nothing is said of one."""
    code, found = checked(capsys)
    assert (ExitCode.VIOLATED, None) == (code, found["policy"])


def test_accepted_violations_do_not_count(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Those that are left do; what is accepted for nothing is told."""
    violated = [claim["id"] for claim in checked(capsys)[1]["claims"] if claim["verdict"] == "violated"]
    assert len(violated) > 1
    (project / "otaproof.toml").write_text(accepting(*violated, "C1"))
    code, found = checked(capsys)
    assert ExitCode.HOLDS == code
    assert (violated, [], ["C1"]) == (
        [item["claim"] for item in found["policy"]["accepted"]],
        found["policy"]["new"],
        found["policy"]["needless"],
    )
    (project / "otaproof.toml").write_text(accepting(*violated[1:]))
    code, found = checked(capsys)
    assert (ExitCode.VIOLATED, violated[:1]) == (code, found["policy"]["new"])


def test_baseline_leaves_what_is_new(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A violation that a weaker fault brings about is new; without --fail-on new, all count."""
    _, whole = checked(capsys, "--write-baseline", "known.json")
    known = json.loads((project / "known.json").read_text())
    assert [claim["id"] for claim in whole["claims"] if claim["verdict"] == "violated"] == list(known["violated"])
    (project / "otaproof.toml").write_text('fail-on = "new"\nbaseline = "known.json"\n')
    code, found = checked(capsys)
    assert (ExitCode.HOLDS, list(known["violated"])) == (code, found["policy"]["known"])
    assert ExitCode.VIOLATED == checked(capsys, "--fail-on", "violated")[0]
    first = next(iter(known["violated"]))
    known["violated"][first] = "F1"
    (project / "known.json").write_text(json.dumps(known))
    code, found = checked(capsys)
    assert (ExitCode.VIOLATED, [first]) == (code, found["policy"]["new"])
    assert ExitCode.HOLDS == checked(capsys, "--fail-on", "never")[0]


def test_first_baseline_can_be_written(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file can name it before it is there; a check that does not write it says how."""
    (project / "otaproof.toml").write_text('fail-on = "new"\nbaseline = "known.json"\n')
    assert ExitCode.BAD_INPUT == main(["check", "--partitions", "table.csv"])
    assert "known.json: no such file; check --write-baseline known.json makes it\n" in capsys.readouterr().err
    assert ExitCode.VIOLATED == checked(capsys, "--write-baseline", "known.json")[0]
    assert ExitCode.HOLDS == checked(capsys)[0]


def test_text_says_what_passes(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """How many violations are accepted, and how many are known: an exit code of 0 means no more than that."""
    (project / "otaproof.toml").write_text('fail-on = "new"\nbaseline = "known.json"\n' + accepting("C4"))
    _, found = checked(capsys, "--write-baseline", "known.json")
    count = sum(claim["verdict"] == "violated" for claim in found["claims"])
    files = ("--partitions", "table.csv", "--running", "app.bin", "--rollback", "--faults", "F0", "--no-proofs")
    assert ExitCode.HOLDS == main(["check", *files])
    last = capsys.readouterr().out.splitlines()[-1]
    assert f"passes under F0: of {count} violations 1 accepted, {count - 1} in the baseline" == last


def test_accepted_violations_are_no_part_of_a_baseline(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One place says of each why it does not count."""
    (project / "otaproof.toml").write_text(accepting("C4"))
    checked(capsys, "--write-baseline", "known.json")
    assert "C4" not in json.loads((project / "known.json").read_text())["violated"]


def test_interrupted_check_does_not_pass() -> None:
    """Even where the interrupt came after the last cut point; what fails has failed."""
    result = check(small_world(rollback=True), FaultModel.F0, with_proofs=False)
    assert result.violated
    for fail_on, words in ((FailOn.NEVER, "undecided: "), (FailOn.VIOLATED, "fails: ")):
        policy = checked_policy(CheckPolicy(fail_on), None, result.violated)
        assert verdict_line(replace(result, interrupted=True, policy=policy)).startswith(words)
        assert verdict_line(replace(result, policy=policy)).startswith("passes" if fail_on is FailOn.NEVER else words)


@pytest.mark.parametrize(
    ("fail_on", "failing", "excuse"),
    [
        (FailOn.VIOLATED, ("C7", "C17"), ""),
        (FailOn.NEW, ("C17",), "known: it is in the baseline"),
        (FailOn.NEVER, (), "known: it is in the baseline"),
    ],
)
def test_excuse_is_of_what_does_not_count(fail_on: FailOn, failing: tuple[str, ...], excuse: str) -> None:
    """C4 is accepted, C7 is in the baseline, C17 is new."""
    policy = CheckPolicy(fail_on, {"C4": "late"}, {"C7": FaultModel.F1})
    found = checked_policy(policy, None, dict.fromkeys(("C4", "C7", "C17"), FaultModel.F1))
    assert (failing, excuse) == (found.failing, found.excuse("C7"))
    assert found.excuse("C4") == "accepted: late"
    assert found.excuse("C17") == ("" if failing else "the policy fails on no violation")


def test_text_says_what_is_made_of_each(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Last, as whoever reads a log of a build looks there."""
    (project / "otaproof.toml").write_text(accepting("C4", "C1"))
    files = ("--partitions", "table.csv", "--running", "app.bin", "--rollback", "--faults", "F0", "--no-proofs")
    assert ExitCode.VIOLATED == main(["check", *files])
    lines = capsys.readouterr().out.splitlines()
    policy = lines[lines.index("Policy of otaproof.toml: fails on each violation that is not accepted") :]
    assert "  C4   accepted: known of C4" in policy
    assert "  C1   not violated under F0: what the policy says of it is not needed" in policy
    assert policy[-1].startswith("fails: C")


def test_sarif_has_a_result_for_each_violation(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """At a file of the project; what is accepted is suppressed, with the reason. As the schema of OASIS says."""
    (project / "otaproof.toml").write_text(accepting("C4"))
    _, found = checked(capsys, "--sarif", "out.sarif")
    log = json.loads((project / "out.sarif").read_text())
    SCHEMA.validate(log)
    (run,) = log["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert [claim.id for claim in CLAIMS] == [rule["id"] for rule in rules]
    violated = [claim["id"] for claim in found["claims"] if claim["verdict"] == "violated"]
    assert violated == [result["ruleId"] for result in run["results"]]
    assert violated == [rules[result["ruleIndex"]]["id"] for result in run["results"]]
    suppressed = {result["ruleId"]: result["suppressions"] for result in run["results"] if result["suppressions"]}
    assert suppressed == {"C4": [{"kind": "external", "justification": "accepted: known of C4"}]}
    places = {result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for result in run["results"]}
    assert places == {"table.csv"}


def test_junit_has_a_test_for_each_claim(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Counts and cases agree with the verdicts; what is accepted is skipped."""
    (project / "otaproof.toml").write_text(accepting("C4"))
    _, found = checked(capsys, "--junit", "out.xml")
    (suite,) = ElementTree.parse(project / "out.xml").getroot()
    wanted = {"holds": None, "violated": "failure", "not applicable": "skipped"}
    for claim, case in zip(found["claims"], suite, strict=True):
        assert case.attrib["name"].split()[0] == claim["id"]
        tag = "skipped" if claim["id"] == "C4" else wanted[claim["verdict"]]
        assert [part.tag for part in case] == ([] if tag is None else [tag])
    counts = {tag: str(len(suite.findall(f"testcase/{tag}"))) for tag in ("failure", "skipped", "error")}
    assert (suite.attrib["failures"], suite.attrib["skipped"], suite.attrib["errors"]) == tuple(counts.values())
    assert suite.attrib["tests"] == str(len(found["claims"]))
    skipped = next(case for case in suite if case.attrib["name"].startswith("C4 "))[0]
    assert skipped.attrib["message"] == "accepted: known of C4"


def test_what_is_new_without_a_baseline_is_told(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """All of it counts as new; with one, nothing is to be said."""

    def notes(*more: str) -> list[str]:
        main(["check", "--partitions", "table.csv", "--running", "app.bin", "--fast", "--json", *more])
        return [note for note in json.loads(capsys.readouterr().out)["notes"] if "no baseline" in note]

    (said,) = notes("--fail-on", "new", "--write-baseline", "base.json")
    assert said.startswith("--fail-on new: no baseline is named, so each violation that is not accepted counts as new")
    assert [] == notes() == notes("--fail-on", "violated")
    (project / "otaproof.toml").write_text('fail-on = "new"\n')
    assert notes()[0].startswith("otaproof.toml: fail-on new: ")
    (project / "otaproof.toml").write_text('baseline = "base.json"\n')
    assert [] == notes("--fail-on", "new")


@pytest.mark.parametrize(
    "options",
    [
        ("--out", "x", "--sarif", "x"),
        ("--sarif", "x", "--junit", "./x"),
        ("--out", "x", "--write-baseline", "x"),
        ("--cuts", "x.csv", "--out", "x.csv"),
    ],
)
def test_one_file_for_two_outputs_is_refused(
    options: tuple[str, ...], project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The second would write over the first."""
    command = ["check", "--partitions", "table.csv", "--running", "app.bin", "--fast"]
    assert ExitCode.BAD_INPUT == main([*command, *options])
    said = capsys.readouterr().err
    assert 1 == said.count("\n") and "both name" in said and options[0] in said and options[2] in said
    assert not Path(options[1]).exists()


def test_secure_version_that_nothing_reads_is_told(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With anti-rollback it is a value that the result rests on."""
    command = ["check", "--partitions", "table.csv", "--running", "app.bin", "--fast", "--json", "--efuse", "5"]
    said = []
    for option in ("--no-anti-rollback", "--rollback"):
        main([*command, option])
        said.append([note for note in json.loads(capsys.readouterr().out)["notes"] if "--efuse" in note])
    assert [["--efuse 5 has no effect: without anti-rollback nothing reads the eFuse"]] * 2 == said


def test_policy_goes_with_updates_of_an_application(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Refused in one line."""
    code = main(["check", "--update-kind", "bootloader", "--partitions", "table.csv", "--fail-on", "never"])
    assert (ExitCode.BAD_INPUT, 1) == (code, capsys.readouterr().err.count("\n"))


def test_device_that_ships_as_the_page_says_passes(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each with its remedies; the policy on the page is needed, and enough."""
    page = (ROOT / "docs/spec/ship-it.md").read_text(encoding="utf-8")
    (project / "otaproof.toml").write_text(re.findall(r"```toml\n(.*?)```", page, re.DOTALL)[0])
    commands = re.findall(r"^otaproof prove --idf (\S+) (.*)$", page, re.MULTILINE)
    assert 3 == len(commands)
    for release, remedies in commands:
        code, found = checked(
            capsys, "--idf", release, "--bootloader-idf", release, *remedies.split(), "--faults", "F1"
        )
        accepted = [item["claim"] for item in found["policy"]["accepted"]]
        assert (ExitCode.HOLDS, ["C4", "C17"], []) == (code, accepted, found["policy"]["needless"])
