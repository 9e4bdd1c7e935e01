"""otaproof.toml and baselines: what they say, and one line for whatever is wrong with one."""

import re
from pathlib import Path

import pytest

from otaproof.errors import InputError
from otaproof.model.fault_model import FaultModel
from otaproof.project.check_policy import (
    CheckFile,
    CheckPolicy,
    FailOn,
    baseline_text,
    find_policy,
    parse_check_file,
    read_baseline,
    read_check_file,
)
from places import ROOT

WHOLE = """\
fail-on = "new"
baseline = "known.json"

[[accept]]
claim = "C4"
reason = "The server offers the update again."
"""
KNOWN = {"C7": FaultModel.F1, "C17": FaultModel.F0}


def test_whole_policy_is_read(tmp_path: Path) -> None:
    """With a baseline that was written by the same module."""
    (tmp_path / "known.json").write_text(baseline_text(KNOWN))
    (tmp_path / "otaproof.toml").write_text(WHOLE)
    wanted = CheckPolicy(FailOn.NEW, {"C4": "The server offers the update again."})
    assert CheckFile(wanted, "known.json") == read_check_file(tmp_path / "otaproof.toml")
    assert KNOWN == read_baseline(tmp_path / "known.json")


def test_policy_is_looked_for_in_the_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Or in the current directory where none is named; never beside a dump."""
    (tmp_path / "otaproof.toml").write_text("")
    (tmp_path / "dump.bin").write_bytes(b"")
    assert tmp_path / "otaproof.toml" == find_policy(tmp_path)
    assert find_policy(tmp_path / "dump.bin") is None
    monkeypatch.chdir(tmp_path)
    assert Path("otaproof.toml") == find_policy(None)
    (tmp_path / "otaproof.toml").unlink()
    assert find_policy(None) is None


def test_example_of_the_readme_is_a_policy() -> None:
    """Which names a baseline beside it."""
    (example,) = re.findall(r"```toml\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    found = parse_check_file(example.encode(), "README.md")
    assert (FailOn.NEW, {"C4"}) == (found.policy.fail_on, set(found.policy.accepted))
    assert "otaproof-baseline.json" == found.baseline


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("fail-on = ", "no TOML"),
        ("[[accept]]\n" + "x = " + "[" * 5000, "no TOML"),
        ("fails-on = 1", "'fails-on' is no key; did you mean fail-on?"),
        ("fail-on = 1", "field 'fail-on' is 1, want a string"),
        ('fail-on = "always"', "fail-on is 'always', want one of violated, new, never"),
        ("accept = 1", "field 'accept' is 1, want a list"),
        ("accept = [1]", "accept 1: 1 stands where an object belongs"),
        ('[[accept]]\nclaim = "C4"', "accept 1: field 'reason' is missing"),
        ('[[accept]]\nclaim = "C4"\nreason = " "', "accept 1: reason is empty"),
        ('[[accept]]\nclaim = "C99"\nreason = "x"', "accept 1: 'C99' is no claim; want one of C1 … C26"),
        (WHOLE.partition("\n\n")[2] + WHOLE.partition("\n\n")[2], "accept 2: C4 is accepted twice"),
        ("a = 1979-05-27", "'a' is no key"),
        ("fail-on = 1979-05-27", "want a string"),
    ],
)
def test_what_is_wrong_is_told_in_one_line(text: str, said: str, tmp_path: Path) -> None:
    """With the file, the row and what belongs there."""
    file = tmp_path / "otaproof.toml"
    file.write_text(text)
    with pytest.raises(InputError) as error:
        read_check_file(file)
    assert said in str(error.value)
    assert str(tmp_path) in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[]", "stands where an object belongs"),
        ('{"violated": {}}', "field 'format' is missing"),
        ('{"format": "2", "violated": {}}', "format is '2', want 'otaproof-baseline 1'; write the baseline anew"),
        (baseline_text({}).replace("{}", '{"C4": "F9"}'), "C4 is of 'F9', want F0 … F5"),
        (baseline_text({}).replace("{}", '{"C0": "F1"}'), "'C0' is no claim"),
    ],
)
def test_wrong_baseline_is_told_in_one_line(text: str, said: str, tmp_path: Path) -> None:
    """As a policy is."""
    file = tmp_path / "known.json"
    file.write_text(text)
    with pytest.raises(InputError) as error:
        read_baseline(file)
    assert said in str(error.value)
