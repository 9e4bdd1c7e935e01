"""`otaproof check --selector by-turns`: an update whose power is cut anywhere, and otadata that is taken over first."""

import json
from pathlib import Path
from typing import Any

import pytest

from otaproof.cli.main import main
from otaproof.impl.image.format import build_image
from otaproof.impl.otadata import encode_entry, make_entry
from otaproof.model.ota_state import OtaImgState

TABLE = """\
nvs,     data, nvs,     0x9000,  0x4000
otadata, data, ota,     0xd000,  0x2000
factory, app,  factory, 0x10000, 64K
ota_0,   app,  ota_0,   ,        64K
ota_1,   app,  ota_1,   ,        64K
"""
Entries = tuple[tuple[int, OtaImgState] | None, ...]
"""Number and state of the records of ESP-IDF, by sector; () for blank otadata."""
BY_TURNS = ("--selector", "by-turns")


def checked(
    folder: Path,
    capsys: pytest.CaptureFixture[str],
    *more: str,
    entries: tuple[tuple[int, OtaImgState] | None, ...] = (),
) -> dict[str, Any]:
    """Return the result of a check of two small images; entries: number and state of the records of ESP-IDF."""
    (folder / "table.csv").write_text(TABLE if "factory" in more else TABLE.replace("factory, app,  factory", "#"))
    for name, seed in (("running.bin", 1), ("update.bin", 2)):
        (folder / name).write_bytes(build_image(size=1200, version=f"1.{seed}", seed=seed))
    files = ["--partitions", "table.csv", "--running", "running.bin", "--update", "update.bin"]
    if entries:
        sectors = (b"" if entry is None else encode_entry(make_entry(*entry)) for entry in entries)
        (folder / "otadata.bin").write_bytes(b"".join(sector.ljust(0x1000, b"\xff") for sector in sectors))
        files += ["--otadata", "otadata.bin"]
    paths = [argument if argument.startswith("--") else str(folder / argument) for argument in files]
    options = [option for option in more if option != "factory"]
    code = main(
        ["check", *paths, "--no-proofs", "--json", *options, *([] if "--faults" in options else ["--faults", "F3"])]
    )
    result: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert code in (0, 1)
    return result


def violated(result: dict[str, Any]) -> set[str]:
    """Return the ids of the claims that the update breaks."""
    return {claim["id"] for claim in result["claims"] if claim["verdict"] == "violated"}


LEGACY = {
    "blank": (),
    "one": ((1, OtaImgState.VALID), None),
    "two": ((1, OtaImgState.VALID), (2, OtaImgState.VALID)),
    "undefined": (None, (2, OtaImgState.UNDEFINED)),
}
"""Records of ESP-IDF that a device may come with."""


@pytest.mark.parametrize("entries", LEGACY.values(), ids=LEGACY)
def test_no_cut_breaks_a_claim(tmp_path: Path, capsys: pytest.CaptureFixture[str], entries: Entries) -> None:
    """At F3, from the power-on that takes the records over to the end of a further update and of a rollback."""
    result = checked(tmp_path, capsys, *BY_TURNS, "--rollback", entries=entries)
    assert violated(result) == set()
    assert result["config"]["selector"] == "by-turns"


@pytest.mark.parametrize(("faults", "broken"), [("F1", set()), ("F2", {"C10"})])
def test_a_refused_record_can_be_torn_to_a_bootable_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], faults: str, broken: set[str]
) -> None:
    """The takeover erases a record of ESP-IDF; bytes of it can go and leave the rest, as when ESP-IDF erases it."""
    entries = ((1, OtaImgState.VALID), (2, OtaImgState.ABORTED))
    result = checked(tmp_path, capsys, *BY_TURNS, "--rollback", "--faults", faults, entries=entries)
    assert violated(result) == broken


@pytest.mark.parametrize("more", [("factory", "--rollback"), ("--rollback", "--anti-rollback"), ("--no-rollback",)])
def test_other_devices(tmp_path: Path, capsys: pytest.CaptureFixture[str], more: tuple[str, ...]) -> None:
    """Without rollback nothing takes an image back that nobody accepts."""
    assert violated(checked(tmp_path, capsys, *BY_TURNS, *more)) <= ({"C25"} if "--no-rollback" in more else set())


def test_esp_idf_breaks_claims_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """So the check can find what it does not find by turns."""
    assert {"C4", "C17"} <= violated(checked(tmp_path, capsys, "--rollback"))


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (("--updater", "arduino"), "esp_ota_begin"),
        (("--remedy", "restart-at-once"), "leave --remedy out"),
        (("--update-kind", "bootloader"), "--update-kind app"),
    ],
)
def test_what_does_not_go_with_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], more: tuple[str, ...], said: str
) -> None:
    """One line says why."""
    (tmp_path / "table.csv").write_text(TABLE)
    command = ["check", "--partitions", str(tmp_path / "table.csv"), "--image-size", "1200", *BY_TURNS]
    assert main([*command, *more]) == 2
    error = capsys.readouterr().err
    assert said in error and len(error.splitlines()) == 1
