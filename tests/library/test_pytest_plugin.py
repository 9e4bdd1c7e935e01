"""The pytest plugin: the ten-line example fails with a token and passes with the remedy; misuse is told in a line."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from otaproof.campaign.history.history_replay import replay_history
from otaproof.campaign.history.history_token import decode_history_token
from otaproof.cli.main import main
from places import ROOT

EXAMPLE = ROOT / "examples/pytest"
_TOKEN = re.compile(r"otaproof replay (oth1\.[\w-]+)")


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run pytest in a folder of its own, as a team would."""
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


def with_test(folder: Path, body: str) -> subprocess.CompletedProcess[str]:
    """Run pytest on one file of tests."""
    (folder / "test_own.py").write_text(f"import pytest\n\n{body}", encoding="utf-8")
    return run(folder)


@pytest.fixture
def example(tmp_path: Path) -> Path:
    """The example, copied to where no other settings of pytest lie."""
    return Path(shutil.copytree(EXAMPLE, tmp_path / "example"))


def test_ten_lines_fail_with_a_token(example: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The command line plays it: the image that was marked is lost."""
    ended = run(example)
    assert 1 == ended.returncode, ended.stdout
    (token,) = set(_TOKEN.findall(ended.stdout))
    assert 1 == main(["replay", token])
    assert "C17 is violated: ota_0 boots, not ota_1" in capsys.readouterr().out


def test_ten_lines_pass_with_the_remedy(example: Path) -> None:
    """The patch notes a try in place; every cut of F1 is decided."""
    ended = run(example, "--remedy", "note-in-place")
    assert 0 == ended.returncode, ended.stdout
    assert "1 passed" in ended.stdout


def test_example_has_ten_lines() -> None:
    """The test itself, from its mark on."""
    source = (EXAMPLE / "test_lost_update.py").read_text(encoding="utf-8")
    assert 10 == len(source[source.index("@pytest.mark") :].splitlines())


def test_failure_without_a_cut_has_a_token_too(tmp_path: Path) -> None:
    """Of all that was done on the board."""
    body = "def test_it(board):\n    board.power_on()\n    board.upgrade()\n    assert board.image == 0\n"
    ended = with_test(tmp_path, body)
    assert 1 == ended.returncode
    (token,) = set(_TOKEN.findall(ended.stdout))
    assert "ota_1" == replay_history(decode_history_token(token).history).running


def test_failure_of_another_test_has_none(tmp_path: Path) -> None:
    """A board of an earlier test says nothing of it."""
    body = "def test_a(board):\n    board.power_on()\n\n\ndef test_b():\n    assert False\n"
    ended = with_test(tmp_path, body)
    assert "1 failed, 1 passed" in ended.stdout
    assert "oth1." not in ended.stdout


def test_failing_example_of_hypothesis_has_a_token(tmp_path: Path) -> None:
    """The simplest one that Hypothesis finds: no image but the first ever runs, says the test."""
    body = (
        "from hypothesis import given\n"
        "from otaproof.library.boards import LiveBoard\n"
        "from otaproof.library.strategies import live, lives\n\n\n"
        "@given(lives())\ndef test_it(life):\n    assert live(LiveBoard(), life).image in (0, None)\n"
    )
    ended = with_test(tmp_path, body)
    assert 1 == ended.returncode
    token = _TOKEN.findall(ended.stdout)[-1]
    assert "ota_1" == replay_history(decode_history_token(token).history).running


def test_skip_in_a_run_with_a_cut_is_no_failure(tmp_path: Path) -> None:
    """A test may say of some cuts that it does not speak of them."""
    body = (
        "@pytest.mark.cut_everywhere\ndef test_it(board, power_cuts):\n    board.power_on()\n"
        "    with power_cuts:\n        board.upgrade()\n    board.power_on()\n"
        "    if board.image == 0:\n        pytest.skip('the old image')\n    assert board.image == 1\n"
    )
    assert "1 passed" in with_test(tmp_path, body).stdout


@pytest.mark.parametrize(
    ("mark", "arguments", "words"),
    [
        ("", "board", "cut_everywhere: the test has to take the fixture power_cuts"),
        ("", "board, power_cuts", "nothing is cut; put the calls under `with power_cuts:`"),
        ("('F5')", "board, power_cuts", "faults: 'F5'; want one of F0, F1, F2, F3"),
        ("(depth=2)", "board, power_cuts", "unexpected keyword argument 'depth'; it takes faults and seed"),
    ],
)
def test_misuse_is_told_in_a_line(tmp_path: Path, mark: str, arguments: str, words: str) -> None:
    """Without a trace of the plugin's own code."""
    ended = with_test(tmp_path, f"@pytest.mark.cut_everywhere{mark}\ndef test_it({arguments}):\n    board.power_on()\n")
    assert 1 == ended.returncode
    assert words in ended.stdout
    assert "pytest_plugin.py" not in ended.stdout


def test_mark_and_fixtures_are_described(tmp_path: Path) -> None:
    """By pytest's own options."""
    assert "cut_everywhere(faults=" in run(tmp_path, "--markers").stdout
    fixtures = run(tmp_path, "--fixtures").stdout
    assert all(f"\n{name} --" in fixtures for name in ("board", "ota_world", "power_cuts"))


def test_fixture_of_a_project_comes_first(tmp_path: Path) -> None:
    """A project that has a `board` of its own never meets the plugin's."""
    body = "@pytest.fixture\ndef board():\n    return 7\n\n\ndef test_it(board):\n    assert board == 7\n"
    assert "1 passed" in with_test(tmp_path, body).stdout


def test_plugin_costs_a_project_nothing_that_does_not_use_it(tmp_path: Path) -> None:
    """Of otaproof, only the plugin is imported; no solver, no strategy, no board."""
    body = (
        "import sys\n\n\ndef test_it():\n"
        "    mine = sorted(name for name in sys.modules if name.partition('.')[0] == 'otaproof')\n"
        "    assert mine == ['otaproof', 'otaproof.library', 'otaproof.library.pytest_plugin']\n"
        "    assert not {'z3', 'bitwuzla', 'numba'} & set(sys.modules)\n"
    )
    ended = with_test(tmp_path, body)
    assert "1 passed" in ended.stdout, ended.stdout
