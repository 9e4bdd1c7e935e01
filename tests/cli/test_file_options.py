"""otaproof.toml gives the options of `check`: what it may say, what goes before it, and what the result says of it."""

import json
from pathlib import Path
from typing import Any

import pytest

from otaproof.cli.exit_code import ExitCode
from otaproof.cli.main import build_app, main
from otaproof.impl.image.format import build_image
from otaproof.project.check_options import COMMAND_LINE_ONLY, OPTIONS, PROJECT, OptionKind
from otaproof.project.check_policy import POLICY_FILE, SHARED_FILE

TABLE = "nvs,data,nvs,0x9000,0x4000\notadata,data,ota,,0x2000\na,app,ota_0,,64K\nb,app,ota_1,,64K\n"
DEVICE = 'partitions = "table.csv"\nrunning = "app.bin"\nrollback = true\nfaults = "F0"\nproofs = false\n'


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current directory, with a table, an image and a file that names them."""
    (tmp_path / "table.csv").write_text(TABLE)
    (tmp_path / "app.bin").write_bytes(build_image(size=1200, version="1", seed=1))
    (tmp_path / POLICY_FILE).write_text(DEVICE)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def checked(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    """Return the result of a check that finds violations."""
    assert ExitCode.VIOLATED == main(["check", "--json", *arguments])
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """Return the line that refuses a check."""
    assert ExitCode.BAD_INPUT == main(["check", *arguments])
    captured = capsys.readouterr()
    assert ("", 1) == (captured.out, captured.err.count("\n"))
    return captured.err


def settings(found: dict[str, Any]) -> dict[str, tuple[str, str]]:
    """Return the values that a result rests on, with their origins."""
    return {setting["name"]: (setting["value"], setting["origin"]) for setting in found["settings"]}


def test_table_of_options_is_that_of_the_command() -> None:
    """Each option of `check` is in the file or has a reason not to be, and takes what its row says."""
    arguments = build_app("check")["check"].assemble_argument_collection()
    options = {
        argument.name.removeprefix("--").replace("PROJECT", PROJECT): str(argument.field_info.annotation)
        for argument in arguments
        if argument.parse and not argument.children
    }
    assert set(options) == set(OPTIONS) | set(COMMAND_LINE_ONLY) | {"fail-on"}
    assert not set(OPTIONS) & set(COMMAND_LINE_ONLY)
    for name, kind in OPTIONS.items():
        takes = options[name]
        assert kind.is_path == ("Path" in takes), name
        assert (kind in (OptionKind.PATHS, OptionKind.TEXTS)) == ("tuple" in takes or "frozenset" in takes), name
        assert (kind is OptionKind.SWITCH) == ("bool" in takes), name
        assert (kind is OptionKind.NUMBER) == ("int" in takes), name


def test_file_gives_what_the_command_line_would(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The same verdicts; each value is told with the file and its key, and the file with what was taken of it."""
    by_file = checked(capsys)
    (project / POLICY_FILE).unlink()
    files = ("--partitions", "table.csv", "--running", "app.bin", "--rollback", "--faults", "F0", "--no-proofs")
    by_line = checked(capsys, *files)
    assert by_line["claims"] == by_file["claims"]
    assert ("F0", "F0") == (by_line["sweep"]["faults"], by_file["sweep"]["faults"])
    assert ("y", "otaproof.toml: rollback") == settings(by_file)["CONFIG_BOOTLOADER_APP_ROLLBACK_ENABLE"]
    said = "partitions table.csv, running app.bin, rollback true, faults F0, proofs false"
    assert (said, "otaproof.toml") == settings(by_file)["options"]
    assert "options" not in settings(by_line)


def test_command_line_goes_before_the_file(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Option by option, and what was passed over is told."""
    found = checked(capsys, "--faults", "F1", "--seed", "7")
    assert ("F1", 7) == (found["sweep"]["faults"], found["sweep"]["seed"])
    (said,) = (setting for setting in found["settings"] if setting["name"] == "options")
    assert "on the command line instead: faults" == said["remark"]
    assert "faults" not in said["value"]


def test_paths_are_those_of_the_file(
    project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """From its folder on, wherever the command runs."""
    (project / "elsewhere").mkdir()
    monkeypatch.chdir(project / "elsewhere")
    found = settings(checked(capsys, "--policy", f"../{POLICY_FILE}"))
    assert ("../app.bin", "../app.bin") == found["running image"]


def test_path_out_of_the_folder_needs_outside(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As elsewhere; the option is of the command line alone."""
    inner = project / "inner"
    inner.mkdir()
    (inner / POLICY_FILE).write_text(DEVICE.replace("table.csv", "../table.csv").replace("app.bin", "../app.bin"))
    wanted = "partitions: '../table.csv' leads out of the folder; name a file inside it, or give --outside"
    assert f"{inner / POLICY_FILE}: {wanted}" in refused(capsys, "--policy", str(inner / POLICY_FILE))
    assert checked(capsys, "--policy", str(inner / POLICY_FILE), "--outside")


def test_project_of_the_file_lies_in_its_folder(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Whether the folder of the file is named or is the current one; another PROJECT goes before it."""
    (project / "fw").mkdir()
    (project / "fw" / "sdkconfig").write_text("CONFIG_ESPTOOLPY_FLASHSIZE_8MB=y\n")
    (project / POLICY_FILE).write_text('project = "fw"\n' + DEVICE)
    for arguments in ((), (".",)):
        assert "8MB" == settings(checked(capsys, *arguments))["CONFIG_ESPTOOLPY_FLASHSIZE"][0]
    (project / "other").mkdir()
    (project / "other" / "sdkconfig").write_text("CONFIG_ESPTOOLPY_FLASHSIZE_16MB=y\n")
    found = checked(capsys, "other", "--policy", POLICY_FILE)
    assert "16MB" == settings(found)["CONFIG_ESPTOOLPY_FLASHSIZE"][0]


def test_dump_of_the_command_line_goes_before_the_project_of_the_file(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """They say the same of the device, so the file's is passed over, not refused."""
    (project / POLICY_FILE).write_text('project = "fw"\nfaults = "F0"\n')
    assert "dump.bin: no such file" in refused(capsys, "--flash", "dump.bin")


def test_table_of_pyproject_says_the_same(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Where there is no otaproof.toml; beside one, one of them is too many."""
    (project / SHARED_FILE).write_text(f"[project]\nname = 'x'\n[tool.otaproof]\n{DEVICE}")
    assert "otaproof.toml and [tool.otaproof] of pyproject.toml: keep one of the two" in refused(capsys)
    (project / POLICY_FILE).unlink()
    assert ("y", "pyproject.toml: rollback") == settings(checked(capsys))["CONFIG_BOOTLOADER_APP_ROLLBACK_ENABLE"]
    (project / SHARED_FILE).write_text("[project]\nname = 'x'\n")
    assert "no partition table" in refused(capsys)
    assert "pyproject.toml: [tool.otaproof]: there is no such table" in refused(capsys, "--policy", SHARED_FILE)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('fail_on = "new"', "'fail_on' is no key; did you mean fail-on?"),
        ('partitons = "x"', "'partitons' is no key; did you mean partitions?"),
        ("qqqq = 1", "'qqqq' is no key; known: accept, anti-rollback"),
        ('env = ["HOME"]', "'env' goes on the command line alone: a project's file reads nothing of the environment"),
        ('sarif = "x"', "'sarif' goes on the command line alone: a project's file makes no other file"),
        ('faults = "F9"', "faults: 'F9' is none of F0, F1, F2, F3"),
        ("chunk = 0", "chunk: 0; want 1 … 16777216"),
        ('chunk = "4K"', "field 'chunk' is \"4K\", want an integer"),
        ("idf = 5.1", "field 'idf' is 5.1, want a string"),
        ('idf = "5,1"', "idf: '5,1' is no ESP-IDF release"),
        ("rollback = 1", "field 'rollback' is 1, want true or false"),
        ('config = ["X=y"]', "config: 'X=y' is no option; want CONFIG_NAME=VALUE"),
        ('config = ["CONFIG_PARTITION_TABLE_OFFSET=banana"]', 'config: CONFIG_PARTITION_TABLE_OFFSET="banana"; want'),
        ("config = [1]", "field 'config' is 1, want a string"),
        ('chip-revision = "new"', "chip-revision: new; want a revision such as 3.0"),
        ('flash-size = "3MB"', "flash-size: 3MB; want one of"),
        ("efuse = 99", "efuse: 99; want 0 … 32"),
        ('image-size = "big"', "image-size: 'big'; want a size such as 1.2M"),
        ('remedy = ["magic"]', "remedy: 'magic' is none of restart-at-once"),
        ('update = "a\\u0000b"', "update: 'a\\x00b' leads out of the folder"),
    ],
)
def test_what_is_wrong_is_told_in_one_line(
    text: str, said: str, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the file and the key, as an option is told of by its name."""
    (project / POLICY_FILE).write_text(f'partitions = "table.csv"\n{text}\n')
    assert f"otaproof check: {POLICY_FILE}: " in (line := refused(capsys))
    assert said in line


def test_machine_code_runs_only_if_the_command_line_says_so(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A project of somebody else could name any."""
    (project / "boot.elf").write_bytes(b"\x7fELF")
    (project / POLICY_FILE).write_text(f'bootloader = "boot.elf"\n{DEVICE}')
    wanted = "otaproof.toml: bootloader: is an ELF file; its machine code runs with --bootloader alone"
    assert wanted in refused(capsys)


def test_what_is_of_applications_is_passed_over_for_other_updates(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The device of the file is meant, its update and remedies are not."""
    (project / POLICY_FILE).write_text(f'update = "app.bin"\nremedy = ["restart-at-once"]\n{DEVICE}')
    found = checked(capsys, "--update-kind", "partition-table", "--idf", "6.1")
    (said,) = (setting for setting in found["settings"] if setting["name"] == "options")
    assert "on the command line instead: update, remedy" == said["remark"]


@pytest.mark.parametrize(
    ("said", "given", "faults", "is_fast"),
    [
        ("fast = true", (), "F0", True),
        ("fast = true", ("--faults", "F1"), "F1", False),
        ('faults = "F1"', ("--fast",), "F0", True),
        ("", ("--fast",), "F0", True),
        ("fast = false", (), "F1", False),
    ],
)
def test_fast_check_says_what_it_leaves_out(
    said: str, given: tuple[str, ...], faults: str, is_fast: bool, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Under F0, whatever the file says; without it nothing is said of it."""
    (project / POLICY_FILE).write_text(DEVICE.replace('faults = "F0"', said))
    found = checked(capsys, *given)
    assert faults == found["sweep"]["faults"]
    assert is_fast == any(note.startswith("--fast: ") and "F1 to F4" in note for note in found["notes"])


def test_fast_check_has_one_fault_model(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Two of one place contradict each other."""
    assert "--fast: checks under F0; leave --faults out" in refused(capsys, "--fast", "--faults", "F1")
