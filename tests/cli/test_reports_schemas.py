"""The JSON output of every command against its published schema, and the schemas against the code."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from build_schemas import DIALECT, FOLDER, RESULTS, differences, schema_of
from doctor_projects import TWO_SLOTS
from jsonschema import Draft202012Validator, ValidationError

from otaproof.analysis.results.result_parts import SCHEMA_VERSION
from otaproof.binary.emulator.comparison import UNDISTURBED
from otaproof.binary.emulator.otadata_pairs import BLANK_RECORD, OtadataPair, make_record
from otaproof.binary.emulator.run_token import RunToken, encode_run_token
from otaproof.campaign.history.history_replay import replay_history
from otaproof.campaign.history.history_token import encode_history_token
from otaproof.campaign.history.known_cases import known_case
from otaproof.cli.main import main
from otaproof.impl.image.format import build_image
from otaproof.impl.otadata import encode_entry, make_entry, ota_select_crc
from otaproof.model.config import Chip, Config
from otaproof.model.ota_state import OtaImgState
from places import RECORDED, ROOT

Run = Callable[..., dict[str, Any]]


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A table, two images and a torn otadata partition, in the directory that the commands run in."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "table.csv").write_text(TWO_SLOTS)
    for name, seed in (("running.bin", 1), ("update.bin", 2)):
        (tmp_path / name).write_bytes(build_image(size=1200, version=f"1.{seed}", seed=seed))
    entries = [encode_entry(make_entry(1, OtaImgState.VALID)), encode_entry(make_entry(2, OtaImgState.NEW))[:28]]
    left = replay_history(known_case("accept-after-a-fallback").history).cells
    (tmp_path / "dump.bin").write_bytes(left.to_bytes())
    (tmp_path / "otadata.bin").write_bytes(b"".join(entry.ljust(0x1000, b"\xff") for entry in entries))
    return tmp_path


@pytest.fixture
def run(files: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """A function that runs a command with --json and returns the object that it prints."""

    def run(*arguments: str) -> dict[str, Any]:
        assert main([*arguments, "--json"]) in (0, 1, 3)
        printed: dict[str, Any] = json.loads(capsys.readouterr().out)
        return printed

    return run


def published(name: str) -> dict[str, Any]:
    """Return a schema as docs/schemas has it."""
    schema: dict[str, Any] = json.loads((FOLDER / f"{name}.schema.json").read_text(encoding="utf-8"))
    return schema


def closed(schema: Any) -> Any:
    """Return a schema that refuses what it does not name."""
    if isinstance(schema, list):
        return [closed(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    inner = {name: closed(value) for name, value in schema.items()}
    return inner | {"additionalProperties": False} if "properties" in schema else inner


def agree(name: str, result: dict[str, Any]) -> None:
    """Fail where a result is not what its schema says, or has more than it says."""
    Draft202012Validator(closed(published(name))).validate(result)
    assert (SCHEMA_VERSION, name) == (result["schema_version"], result["command"].replace(" --", "-").replace(" ", "-"))
    assert ["schema_version", "command"] == list(result)[:2]


CHECK = ("check", "--partitions", "table.csv", "--running", "running.bin", "--update", "update.bin", "--faults", "F0")
BOOTLOADER = ROOT / "tests/binary/firmware/images/riscv-new_half_word-Os.elf"
CHECK_BOOTLOADER = (
    *("check", "--partitions", "table.csv", "--image-size", "2K", "--faults", "F0", "--no-proofs"),
    *("--chip", "esp32c3", "--bootloader", str(BOOTLOADER)),
)
APPLICATION_ELF = ROOT / "tests/binary/firmware/application/images/riscv-every_second_number-Os-application.elf"
RUN = ("binary", "run", str(BOOTLOADER), "--rollback", "--every", "5000", "--pairs", "300", "--faults", "F0")
SMALL = ("--faults", "F0", "--usage", "any")
COMMANDS = [
    ("check", (*CHECK, "--rollback")),
    ("check", (*CHECK, "--no-proofs")),
    ("check", CHECK_BOOTLOADER),
    ("explain", ("explain", "--otadata", "otadata.bin", "--partitions", "table.csv", "--rollback", "--idf", "5.1")),
    ("explain", ("explain", "--otadata", "otadata.bin", "--no-history")),
    ("mend", ("mend", "dump.bin", "--rollback", "--idf", "5.1")),
    ("mend", ("mend", "dump.bin", "--boot", "ota_1", "--files", "mended", "--no-history")),
    ("doctor", ("doctor", "--partitions", "table.csv", "--running", "running.bin")),
    ("identify", ("identify", "running.bin")),
    ("identify", ("identify", str(BOOTLOADER))),
    ("explore", ("explore", *SMALL, "--claims", "C1,C9,C10")),
    ("explore", ("explore", *SMALL, "--claims", "none", "--slots", "1")),
    ("outcomes", ("outcomes", *SMALL)),
    pytest.param(
        "outcomes",
        ("outcomes", "--faults", "F0", "--usage", "restart-at-once", "--cross-check"),
        marks=pytest.mark.slow,
    ),
    ("prove", ("prove", "--usage", "restart-at-once", "--claim", "C3", "--claim", "C4")),
    ("fuzz", ("fuzz", "--seed", "5", "--runs", "25", "--slots", "2", "--rollback", "--idf", "5.1")),
    (
        "campaign",
        ("campaign", "run", "new.db", "--seed", "5", "--runs", "25", "--slots", "2", "--rollback", "--idf", "5.1"),
    ),
    ("binary-run", RUN),
    pytest.param("binary-prove", ("binary", "prove", str(APPLICATION_ELF), "--rollback"), marks=pytest.mark.slow),
    ("conform", ("conform", str(RECORDED / "pins.jsonl.gz"))),
    ("releases", ("releases", "5.1.4", "5.5.6")),
    ("run", ("run", str(ROOT / "examples/lua/never_accepts.lua"))),
    ("run", ("run", str(ROOT / "examples/lua/never_accepts.lua"), "--sweep", "--faults", "F0")),
    ("claim", ("claim", "C4")),
    ("diff", ("diff", "5.1", "5.5", "--usage", "restart-at-once", "--faults", "F0", "--claims", "C2")),
    ("replay", ("replay", encode_history_token(known_case("trial-is-lost").token()))),
]


@pytest.mark.parametrize(("name", "arguments"), COMMANDS)
def test_json_is_what_its_schema_says(name: str, arguments: tuple[str, ...], run: Run) -> None:
    """Every field that is there is named, every field that is named is there."""
    agree(name, run(*arguments))


@pytest.mark.thorough
def test_causes_of_a_campaign_are_what_their_schema_says(run: Run) -> None:
    """One that found something, and has a name for some of it."""
    run("campaign", "run", "shown.db", "--seed", "5", "--runs", "25", "--slots", "2", "--rollback", "--idf", "5.1")
    agree("campaign-show", run("campaign", "show", "shown.db"))


def test_replay_of_a_cut_is_what_its_schema_says(run: Run) -> None:
    """The other kind of token."""
    found = run(*CHECK, "--rollback", "--no-proofs")
    token = next(claim["token"] for claim in found["claims"] if claim["token"])
    agree("replay", run("replay", token))


def test_replay_of_a_run_is_what_its_schema_says(run: Run) -> None:
    """Of a bootloader's machine code; 0x10000 is a state whose low half is NEW."""
    half_new = OtadataPair((make_record(1, 0x10000, ota_select_crc(1)), BLANK_RECORD), 1, False)
    token = encode_run_token(RunToken(half_new, UNDISTURBED, Config(rollback=True, chip=Chip.ESP32C3)))
    agree("replay-bootloader", run("replay", token, "--bootloader", str(BOOTLOADER)))


def test_replay_of_a_difference_is_what_its_schema_says(run: Run) -> None:
    """Two histories side by side."""
    found = run("diff", "5.1", "5.5", "--usage", "restart-at-once", "--faults", "F0", "--claims", "none")
    agree("diff-replay", run("diff", "--replay", found["behaviours"][0]["token"]))


def test_manifest_of_certificates_is_what_its_schema_says(run: Run, files: Path) -> None:
    """It is a file, and no output."""
    run("prove", "--usage", "any", "--claim", "C12", "--certificates", "certificates")
    agree("prove-certificates", json.loads((files / "certificates" / "manifest.json").read_text()))


@pytest.mark.slow
def test_matrix_is_what_its_schema_says(run: Run) -> None:
    """All releases."""
    agree("diff-matrix", run("diff", "--matrix", "--usage", "restart-at-once", "--faults", "F0"))


@pytest.mark.parametrize("name", RESULTS)
def test_schema_is_of_the_draft_that_it_names(name: str) -> None:
    """Draft 2020-12, and every field has a description."""
    schema = published(name)
    assert DIALECT == schema["$schema"]
    Draft202012Validator.check_schema(schema)
    for part in (schema, *schema["$defs"].values()):
        assert part["description"]
        assert set(part["properties"]) == set(part["required"])
        assert all(field["description"] for field in part["properties"].values())


def test_schema_refuses_what_it_does_not_describe() -> None:
    """A text where a number belongs, and a field that is missing."""
    good = {"schema_version": "1.0", "command": "conform", "vectors": 1, "agree": 1, "families": {}, "mismatches": []}
    agree("conform", good)
    for wrong in (good | {"vectors": "1"}, {key: value for key, value in good.items() if key != "agree"}):
        with pytest.raises(ValidationError):
            agree("conform", wrong)


@pytest.mark.drift
def test_schemas_are_what_the_code_says() -> None:
    """`python docs/build_schemas.py` writes nothing new."""
    assert [] == differences()


def test_every_part_of_a_schema_is_described() -> None:
    """A dataclass field without a docstring has no description, and is an error."""
    assert {"description", "type"} <= schema_of(RESULTS["conform"])["properties"]["vectors"].keys()
