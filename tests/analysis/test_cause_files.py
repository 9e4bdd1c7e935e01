"""The files of a finding."""

import sys
from dataclasses import replace
from pathlib import Path
from subprocess import run

from otaproof.analysis.cause_files import cause_files
from otaproof.analysis.fuzz_findings import confirmed
from otaproof.analysis.results.fuzz_result import FuzzFinding, finding_entry
from otaproof.campaign.fuzz.findings import DIVERGENCE, Finding
from otaproof.campaign.history.history import History
from otaproof.campaign.history.known_cases import known_case
from otaproof.campaign.history.step import Step, StepName
from otaproof.campaign.lockstep.lockstep import scope_of_device
from otaproof.model.device.state import Usage
from otaproof.model.fault_model import FaultModel


def entry_of(history: History, claim_id: str) -> FuzzFinding:
    """Return the finding that it is."""
    found = Finding(claim_id, scope_of_device(history.device, FaultModel.F3, Usage.ANY), history, 0)
    return finding_entry(confirmed(found))


def case(name: str) -> FuzzFinding:
    """Return a known case as a finding."""
    known = known_case(name)
    return entry_of(known.history, known.claim_id or "")


def test_cause_has_a_test_a_host_test_and_its_flash() -> None:
    """The names of the files, which are those of the claim."""
    made = cause_files(case("accept-is-not-atomic"))
    names = {name for name, _ in made.files}
    assert {"test_c7.py", "flash.bin", "host_test/CMakeLists.txt", "host_test/main/test_c7.c"} <= names
    assert () == made.without


def test_second_cause_of_a_claim_has_tests_of_other_names(tmp_path: Path) -> None:
    """So that pytest takes the tests of all causes at once, and both host tests can be copied to one place."""
    cause = case("accept-is-not-atomic")
    for number in (1, 2):
        files = dict(cause_files(cause, number=number).files)
        (test,) = (name for name in files if name.endswith(".py"))
        (host_test,) = (name for name in files if name.startswith("host_test/main/test_"))
        assert test.removesuffix(".py") == host_test.removeprefix("host_test/main/").removesuffix(".c")
        assert f"RUN_TEST({test.removesuffix('.py')});" in files[host_test].decode()
        (tmp_path / str(number)).mkdir()
        (tmp_path / str(number) / test).write_bytes(files[test])
    played = run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", tmp_path],
        check=False,
        capture_output=True,
        text=True,
    )
    assert played.returncode == 1 and "2 failed" in played.stdout


def test_what_has_no_host_test_is_told_in_a_line() -> None:
    """The other files are there."""
    made = cause_files(case("torn-new-reads-valid"))
    assert ["test_c13.py", "flash.bin"] == [name for name, _ in made.files]
    assert ("no host test: the cut in complete(1) (F3) is none between two words, or two sectors of an erase",) == (
        made.without
    )


def test_divergence_has_no_files() -> None:
    """The board alone does not show it."""
    made = cause_files(replace(case("accept-is-not-atomic"), claim=DIVERGENCE))
    assert ((), ()) == (made.files, made.without)


def test_words_of_strangers_end_no_comment_and_no_docstring() -> None:
    """What complete() is given may be any text, in a campaign that somebody else made."""
    text = '*/ """ \\'
    history = known_case("accept-is-not-atomic").history
    before = tuple(
        replace(step, argument=text) if step.name is StepName.COMPLETE else step for step in history.steps[:-2]
    )
    complete = Step(StepName.COMPLETE, argument=text)
    strange = replace(history, steps=(*before, complete, *history.steps[-2:]))
    files = dict(cause_files(entry_of(strange, "C7")).files)
    source = files["host_test/main/test_c7.c"].decode()
    assert source.count("/*") == source.count("*/")
    assert 2 == files["test_c7.py"].decode().split("TOKEN")[0].count('"""')
    compile(files["test_c7.py"], "test_c7.py", "exec")
