"""`otaproof identify` of ELF files and images with code: what the code does goes before what texts leave open."""

import json
from pathlib import Path

import pytest

pytest.importorskip("elftools", reason="pyelftools is not installed")
pytest.importorskip("pypcode", reason="pypcode is not installed")
pytest.importorskip("z3", reason="z3 is not installed")

from elf_builder import elf

from otaproof.cli.main import main
from otaproof.impl.image.format import AppDesc, encode_app_desc
from places import ROOT

FIRMWARE = ROOT / "tests/binary/firmware"


def identified(capsys: pytest.CaptureFixture[str], path: Path) -> tuple[str, dict[str, str | None]]:
    """Return kind of the first part, and its facts."""
    assert 0 == main(["identify", str(path), "--json"])
    (part, *_) = json.loads(capsys.readouterr().out)["parts"]
    return part["kind"], {fact["name"]: fact["value"] for fact in part["facts"]}


@pytest.mark.parametrize(
    ("name", "rollback"),
    [
        ("images/riscv-faithful-Os.elf", "on"),
        ("images/riscv-faithful-Os-rollback=0.elf", "off"),
        ("images/xtensa-faithful-Os.elf", "on"),
        ("images/xtensa-faithful-Os-rollback=0.elf", "off"),
        ("images/xtensa-abort_as_invalid-Os.elf", "on"),
        ("driver/images/whole-faithful.bin", "on"),
        ("driver/images/whole-faithful.stripped.elf", "on"),
    ],
)
def test_code_that_is_run_tells_of_rollback(name: str, rollback: str, capsys: pytest.CaptureFixture[str]) -> None:
    """With symbols, and without them where the functions are found."""
    kind, facts = identified(capsys, FIRMWARE / name)
    assert ("bootloader", rollback) == (kind, facts["rollback"])
    # None of these is a bootloader of ESP-IDF's own, so the names of its functions tell nothing.
    assert (None, None) == (facts["ESP-IDF release"], facts["anti-rollback"])


def test_elf_file_of_an_application_tells_its_description(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Which begins what is mapped from flash."""
    desc = AppDesc(0xABCD5432, 0, "1.2", "sensor", "12:00:00", "Jan  1 2026", "v5.2.1")
    path = tmp_path / "app.elf"
    # A program that is larger than the RAM of a bootloader cannot be one.
    path.write_bytes(elf([], code=encode_app_desc(desc) + bytes(0x200000)))
    kind, facts = identified(capsys, path)
    assert ("application", "v5.2.1", "sensor") == (kind, facts["ESP-IDF release"], facts["project"])


def test_elf_file_of_anything_else_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """In one line."""
    path = tmp_path / "other.elf"
    path.write_bytes(elf([], code=bytes(0x200000)))
    assert 2 == main(["identify", str(path)])
    assert "no description of an application" in capsys.readouterr().err
