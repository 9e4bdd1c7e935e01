"""Each decoder has a target in the layout of OSS-Fuzz and ClusterFuzzLite, and atheris runs it."""

import subprocess
import sys
from pathlib import Path

import pytest

from fuzzing.input_decoders import DECODERS
from fuzzing.seed_corpora import write_corpora
from places import ROOT

TARGETS = ROOT / "tests/fuzzing"


@pytest.mark.drift
def test_each_decoder_has_a_target() -> None:
    """fuzz_NAME.py, which names it."""
    files = {path.stem.removeprefix("fuzz_"): path.read_text() for path in TARGETS.glob("fuzz_*.py")}
    assert set(DECODERS) == set(files)
    assert [] == [name for name, text in files.items() if f'fuzz_decoder("{name}")' not in text]


def test_each_decoder_has_a_corpus(tmp_path: Path) -> None:
    """A folder of small files."""
    pytest.importorskip("unicorn")
    write_corpora(tmp_path)
    assert set(DECODERS) == {folder.name for folder in tmp_path.iterdir() if any(folder.iterdir())}


@pytest.mark.parametrize("name", ["partition_csv", "history_token"])
def test_atheris_runs_a_target(name: str, tmp_path: Path) -> None:
    """It ends by itself and finds nothing in a few hundred inputs."""
    pytest.importorskip("atheris", reason="atheris is not installed; pip install atheris")
    command = [sys.executable, str(TARGETS / f"fuzz_{name}.py"), "-runs=300", "-seed=1"]
    # A finding would be left where the run was started.
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert 0 == run.returncode, run.stderr[-2000:]
    assert "Done 300 runs" in run.stderr and not list(tmp_path.iterdir())
