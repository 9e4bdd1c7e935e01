"""Every line that a command prints to be pasted is a command that runs, and plays what the line stands under.

Those of `otaproof diff` are played in test_diff_command.py.
"""

import importlib.util
import json
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from otaproof.cli.main import main
from otaproof.impl.bootloader import Bootloader
from otaproof.impl.image.format import build_image
from otaproof.impl.otadata import encode_entry, make_entry
from otaproof.model.ota_state import OtaImgState
from places import ROOT

IMAGES = ROOT / "tests/binary/firmware/images"
TABLE = "nvs,data,nvs,0x9000,0x4000\notadata,data,ota,,0x2000\na,app,ota_0,,64K\nb,app,ota_1,,64K\n"
CHECK = "check --partitions table.csv --running app.bin --update app.bin --rollback --no-proofs --faults F0"
FUZZ = "fuzz --runs 40 --jobs 1 --slots 2 --no-factory --rollback --no-anti-rollback --idf 5.1 --out out.jsonl"
PASTED = re.compile(r" *(otaproof replay \S+.*)")
"""A line of text that is such a command."""


@dataclass(frozen=True)
class Printing:
    """A command that prints such lines."""

    line: str
    codes: frozenset[int] = frozenset({1})
    """Exit codes of what it prints."""
    needs: str = ""


PRINTING = {
    "check": Printing(f"{CHECK} --out out.json"),
    "check-bootloader": Printing(
        "check --partitions table.csv --image-size 2K --chip esp32c3 --no-rollback --no-proofs --faults F0 "
        "--bootloader 'a b.elf' --out out.json",
        needs="unicorn",
    ),
    "explore": Printing("explore --slots 1 --out out.json"),
    "prove": Printing("prove --slots 1 --usage any --jobs 1 --out out.json", needs="z3"),
    "fuzz": Printing(FUZZ),
    "explain": Printing("explain --otadata otadata.bin --partitions table.csv --out out.json", frozenset({0, 1})),
    "binary-run": Printing("binary run 'a b.elf' --no-rollback --pairs 0 --every 500 --out out.json", needs="unicorn"),
    "demo": Printing("demo"),
    "run": Printing("run init.lua --boots 3 --sweep --faults F0 --out out.json", needs="lupa"),
}


@pytest.fixture(autouse=True)
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the commands read, in the directory that they run in."""
    monkeypatch.chdir(tmp_path)
    Path("table.csv").write_text(TABLE)
    Path("app.bin").write_bytes(build_image(size=0x3000, version="1", project_name="p", seed=1))
    entries = (encode_entry(make_entry(number, OtaImgState.VALID)) for number in (1, 2))
    Path("otadata.bin").write_bytes(b"".join(entry.ljust(0x1000, b"\xff") for entry in entries))
    Path("init.lua").write_text((ROOT / "examples/lua/completes_unchecked.lua").read_text())
    Path("a b.elf").write_bytes((IMAGES / "riscv-faithful-Os.elf").read_bytes())


def tokens_in(value: Any) -> Iterator[str]:
    """Yield the tokens of a JSON value, at any depth."""
    if isinstance(value, dict) and isinstance(value.get("token"), str):
        yield value["token"]
    for part in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from tokens_in(part)


def printed(command: str, capsys: pytest.CaptureFixture[str]) -> tuple[list[list[str]], set[str]]:
    """Run a command; return the words of each line to be pasted, and the tokens of its JSON."""
    assert main(shlex.split(command)) in (0, 1)
    lines = [found[1] for line in capsys.readouterr().out.splitlines() if (found := PASTED.fullmatch(line))]
    given = [shlex.split(line)[1:] for line in lines if "TOKEN" not in line]
    results = [json.loads(path.read_text()) for path in Path().glob("out.json")]
    results += [json.loads(line) for path in Path().glob("out.jsonl") for line in path.read_text().splitlines()]
    return given, set(tokens_in(results))


@pytest.mark.parametrize("name", PRINTING)
def test_every_line_that_is_printed_is_played(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Those of the text, and every token of the JSON beside it, of which the text may leave some out."""
    case = PRINTING[name]
    if case.needs and importlib.util.find_spec(case.needs) is None:
        pytest.skip(f"needs {case.needs}")
    given, tokens = printed(case.line, capsys)
    assert given
    assert {words[-1] for words in given} <= tokens or name == "demo"
    others = sorted(tokens - {words[-1] for words in given})
    for words in [*given, *([*given[0][:-1], token] for token in others)]:
        assert main(words) in case.codes, words
        assert "" == capsys.readouterr().err


def test_divergence_that_is_printed_is_played(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A board with a fault differs again, which is inconclusive; without the fault board and model agree."""
    monkeypatch.setattr(Bootloader, "_abort_pending", lambda self, otadata, entries: entries)
    given, _ = printed(FUZZ, capsys)
    differing = [words for words in given if main(words) == 3]
    assert differing and len(differing) < len(given)
    monkeypatch.undo()
    assert {0} == {main(words) for words in differing}
