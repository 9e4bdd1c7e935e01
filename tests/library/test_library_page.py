"""The code of docs/spec/library.md runs as it stands, and its test is that of the example."""

import ast
import re
from pathlib import Path

import pytest

from otaproof.examples.shipped_example import copy_example
from places import ROOT

PAGE = (ROOT / "docs/spec/library.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
EXAMPLE = (ROOT / "examples/pytest/test_lost_update.py").read_text(encoding="utf-8")


def test_blocks_run_one_after_the_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """In a folder with the example project; what they assert holds."""
    copy_example(tmp_path / "two-slot")
    monkeypatch.chdir(tmp_path)
    space: dict[str, object] = {}
    played = [block for block in BLOCKS if "@pytest.mark" not in block]
    assert 6 <= len(played) == len(BLOCKS) - 1
    for block in played:
        exec(compile(block, "library.md", "exec"), space)
    printed = capsys.readouterr().out
    assert printed.startswith("violated cut inside")
    assert "oth1." in printed and "otp1." in printed


def test_ten_lines_of_the_page_are_those_of_the_example() -> None:
    """Nobody has to compare them."""
    (block,) = (block for block in BLOCKS if "@pytest.mark" in block)
    assert block == EXAMPLE[EXAMPLE.index("@pytest.mark") :]


def test_names_that_the_page_imports_are_public() -> None:
    """By the modules that it names itself."""
    trees = [ast.parse(block) for block in BLOCKS]
    imported = {node.module for tree in trees for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    told = set(re.findall(r"`(otaproof\.[a-z.]+)`\]?", PAGE)) | {"hypothesis"}
    assert imported <= told
