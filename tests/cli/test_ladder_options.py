"""F4 and F5 on the command line: who plays them, who refuses them, and what is said of it."""

import json
from pathlib import Path

import pytest

from otaproof.cli.exit_code import ExitCode
from otaproof.cli.main import main

TABLE = (
    "nvs,data,nvs,0x9000,0x4000\notadata,data,ota,0xd000,0x2000\nota_0,app,ota_0,0x10000,64K\nota_1,app,ota_1,,64K\n"
)


@pytest.fixture(name="table")
def write_table(tmp_path: Path) -> str:
    """Return the path of a partition table with two small slots."""
    path = tmp_path / "partitions.csv"
    path.write_text(TABLE, encoding="utf-8")
    return str(path)


@pytest.mark.parametrize("command", ["prove", "explore", "outcomes", "binary run boot.elf"])
@pytest.mark.parametrize("faults", ["F4", "F5"])
def test_commands_of_the_model_refuse_them(
    command: str, faults: str, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One line, which says what there is."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "boot.elf").write_bytes(b"\x7fELF")
    assert ExitCode.BAD_INPUT == main([*command.split(), "--faults", faults])
    told = capsys.readouterr().err.splitlines()
    assert [f"'{faults}' is none of F0, F1, F2, F3"] == [line.split("--faults: ")[1] for line in told]


@pytest.mark.parametrize("kind", ["bootloader", "partition-table"])
def test_check_of_other_updates_refuses_them(kind: str, table: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A brick window is told up to F3."""
    code = main(["check", "--partitions", table, "--update-kind", kind, "--faults", "F4"])
    assert ExitCode.BAD_INPUT == code
    assert "otaproof check: --faults: F4 goes with --update-kind app alone; say F3\n" == capsys.readouterr().err


@pytest.mark.thorough
def test_check_tells_the_weakest_fault_wear_and_what_is_not_proved(
    table: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """And no fix for a claim that falls under F4 alone: fixes are proved of the model."""
    code = main(["check", "--partitions", table, "--image-size", "1K", "--rollback", "--faults", "F4", "--json"])
    found = json.loads(capsys.readouterr().out)
    claims = {claim["id"]: claim for claim in found["claims"]}
    assert ExitCode.VIOLATED == code
    assert ("F4", None, None) == tuple(claims["C10"][name] for name in ("weakest_fault", "fixes", "releases"))
    assert claims["C4"]["fixes"] is not None
    assert found["sweep"]["sampled"]
    assert "F4: the device model has F0 … F3" == found["no_proofs"]
    wear = found["upgrade"]["wear"]
    assert wear["endurance"] * wear["upgrades"] // wear["erases_of_worst"] == wear["most_upgrades"]


def test_fuzz_says_that_nothing_is_compared(capsys: pytest.CaptureFixture[str]) -> None:
    """The board alone plays what the model has not."""
    main(["fuzz", "--faults", "F5", "--runs", "2"])
    told = " ".join(capsys.readouterr().out.split())
    assert "on the board alone: the device model ends with F3, so nothing of F5 is compared with it" in told
    assert "divergences" not in told
    assert "coverage" not in told


def test_fuzz_on_the_board_knows_no_remedies(capsys: pytest.CaptureFixture[str]) -> None:
    """What a remedy allows is drawn by the model."""
    assert ExitCode.BAD_INPUT == main(["fuzz", "--faults", "F4", "--remedy", "erase-last-boot", "--runs", "1"])
    assert capsys.readouterr().err.startswith("otaproof fuzz: --remedy: ")
