"""`otaproof run` from the command line: what it prints, its exit codes, and one line for bad input."""

import json
from pathlib import Path

import pytest
from doctor_projects import make_image

from html_reader import flaws, read_page
from otaproof.cli.main import main
from otaproof.impl.image.format import build_image
from places import ROOT

pytest.importorskip("lupa")
EXAMPLES = ROOT / "examples/lua"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory with a script that says hello, at 80 columns."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    Path("init.lua").write_text("print('hello', (otaupgrade.info()))")
    return tmp_path


def test_script_runs_on_the_example_without_any_option(capsys: pytest.CaptureFixture[str]) -> None:
    """Two slots, rollback, and images that are made."""
    assert 0 == main(["run", "init.lua"])
    said = capsys.readouterr()
    assert "    hello   ota_0\n" in said.out and "" == said.err
    assert "at the end: ota_0 runs made image 1.0, valid; nothing is pending; 1 boot\n" in said.out


def test_lines_that_are_printed_paint_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    """A script is a stranger's text."""
    Path("init.lua").write_text("print('[bold]\\27[31mred') error({})")
    assert 1 == main(["run", "init.lua"])
    said = capsys.readouterr().out
    assert r"[bold]\x1b[31mred" in said and "\x1b" not in said


CODES = {
    "comes to rest": ("print(1)", [], 0),
    "uncaught error": ("error('x')", [], 1),
    "restarts for ever": ("node.restart()", [], 1),
    "no end": ("while true do end", ["--no-watchdog", "--step-limit", "1"], 3),
    "goal missed": ("print(1)", ["--sweep", "--faults", "F0"], 1),
}


@pytest.mark.parametrize(("script", "options", "code"), CODES.values(), ids=CODES)
def test_exit_code_is_that_of_check(script: str, options: list[str], code: int) -> None:
    """0, 1 and 3 of a run."""
    Path("init.lua").write_text(script)
    assert code == main(["run", "init.lua", *options])


def test_careful_example_is_safe_and_the_others_are_not(capsys: pytest.CaptureFixture[str]) -> None:
    """By the exit code, under F0; lines but tokens fit 80 columns."""
    codes = {
        path.stem: main(["run", str(path), "--sweep", "--faults", "F0"]) for path in sorted(EXAMPLES.glob("*.lua"))
    }
    assert {"accepts_at_once": 1, "careful": 0, "completes_unchecked": 1, "never_accepts": 1} == codes
    lines = capsys.readouterr().out.splitlines()
    assert [] == [line for line in lines if len(line) > 80 and "otaproof r" not in line]


def test_own_images_and_table_take_the_place_of_the_example(capsys: pytest.CaptureFixture[str]) -> None:
    """A served folder with one image needs no --update."""
    table = "otadata,data,ota,,0x2000\nleft,app,ota_0,,64K\nright,app,ota_1,,64K\n"
    Path("table.csv").write_text(table)
    Path("app.bin").write_bytes(build_image(size=8192, version="7.1", seed=1))
    Path("web").mkdir()
    Path("web/next.bin").write_bytes(build_image(size=8192, version="7.2", seed=2))
    Path("init.lua").write_text("""
    local running, _, slots = otaupgrade.info()
    print(running, slots[running].version)
    if slots[running].version == "7.1" then
      otaupgrade.commence()
      otaupgrade.write((select(2, http.get("http://h/next.bin"))))
      otaupgrade.complete(1)
    end
    """)
    options = ["--partitions", "table.csv", "--running", "app.bin", "--rollback", "--serve", "web", "--lua", "5.3"]
    assert 0 == main(["run", "init.lua", *options])
    said = capsys.readouterr().out
    assert "left    7.1\n" in said and "right   7.2\n" in said


def test_script_and_files_of_the_device_are_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    """--files and --script-for."""
    Path("spiffs").mkdir()
    Path("spiffs/lib.lua").write_text("return 'from a file'")
    Path("init.lua").write_text("print(require('lib'))")
    Path("other.lua").write_text("print('other')")
    assert 0 == main(["run", "init.lua", "--files", "spiffs"])
    assert "    from a file\n" in capsys.readouterr().out
    assert 0 == main(["run", "init.lua", "--script-for", "1.0=other.lua"])
    assert "    other\n" in capsys.readouterr().out


def test_cut_of_a_report_is_played(capsys: pytest.CaptureFixture[str]) -> None:
    """The line that a report prints has the options of the command, and plays the same."""
    Path("init.lua").write_text("""
    local running, _, slots = otaupgrade.info()
    for _, slot in pairs(slots) do if slot.state == "aborted" then return end end
    if slots[running].version == "1.0" then
      otaupgrade.commence()
      otaupgrade.write((select(2, http.get("http://h/app.bin"))))
      otaupgrade.complete(1)
    end
    otaupgrade.accept()
    """)
    assert 1 == main(["run", "init.lua", "--lua", "5.3", "--sweep", "--faults", "F0", "--out", "out.json"])
    line = next(line for line in capsys.readouterr().out.splitlines() if "--cut" in line)
    goal = json.loads(Path("out.json").read_text())["sweep"]["goals"][0]
    assert f"  otaproof run init.lua --lua 5.3 --cut {goal['first']['cut']}" == line
    assert 0 == main(line.split()[1:])
    assert "THE POWER FAILS" in capsys.readouterr().out


def test_page_has_goals_run_and_claims(capsys: pytest.CaptureFixture[str]) -> None:
    """What a script prints comes as text, and the page is whole."""
    text = (EXAMPLES / "accepts_at_once.lua").read_text()
    Path("init.lua").write_text(text + "\nprint('<script>alert(1)</script>')")
    assert 1 == main(
        ["run", "init.lua", "--image-size", "8K", "--sweep", "--faults", "F0", "--json", "--report", "page"]
    )
    result = json.loads(capsys.readouterr().out)
    raw = Path("page/index.html").read_text()
    page = read_page(raw)
    assert [] == flaws(page)
    assert "The script is not safe" in raw and "<script>alert" not in raw
    ids = {element.attributes.get("id") for element in page.elements}
    violated = [claim for claim in result["sweep"]["claims"] if claim["verdict"] == "violated"]
    assert violated and {"goal-G1", "goal-G2", *(f"finding-{claim['id']}" for claim in violated)} <= ids
    assert all(claim["token"] in raw for claim in violated)


def test_page_of_a_run_without_cuts_tells_the_run() -> None:
    """There are no goals then."""
    assert 0 == main(["run", "init.lua", "--report", "page"])
    raw = Path("page/index.html").read_text()
    assert "hello" in raw and "goal-G1" not in raw and [] == flaws(read_page(raw))


WRONG = {
    "no script": (["none.lua"], "none.lua: no such file"),
    "folder": (["."], ".: is a directory"),
    "bytecode": (["code.lua"], "code.lua: is compiled Lua; give its source"),
    "no folder": (["init.lua", "--serve", "none"], "--serve: none: is no folder"),
    "fault": (["init.lua", "--net", "burn:1"], "--net: 'burn:1'; want truncate:BYTES"),
    "label": (["init.lua", "--script-for", "x=init.lua"], "--script-for: x=init.lua; want LABEL=FILE, with one of 1.0"),
    "cut": (["init.lua", "--cut", "x"], "--cut: 'x'; want what a report has"),
    "cut and sweep": (["init.lua", "--sweep", "--cut", "1"], "--cut: goes without --sweep"),
    "faults": (["init.lua", "--faults", "F2"], "--faults: goes with --sweep"),
    "updater": (["init.lua", "--updater", "arduino"], "--updater: a NodeMCU script brings updates by otaupgrade"),
    "memory": (["init.lua", "--memory-limit", "1"], "--memory-limit"),
}


@pytest.mark.parametrize(("arguments", "told"), WRONG.values(), ids=WRONG)
def test_bad_input_is_one_line(arguments: list[str], told: str, capsys: pytest.CaptureFixture[str]) -> None:
    """With exit code 2."""
    Path("code.lua").write_bytes(b"\x1bLuaQ")
    assert 2 == main(["run", *arguments])
    said = capsys.readouterr().err
    assert told in said and 1 == said.count("\n")


def test_updater_that_the_image_tells_is_not_called_an_argument(capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing can be left out; one can be named."""
    Path("arduino.bin").write_bytes(make_image(text=b"Could Not Activate The Firmware"))
    assert 2 == main(["run", "init.lua", "--running", "arduino.bin"])
    said = capsys.readouterr().err
    assert "taken to bring updates by Arduino's Update" in said and said.endswith(": add --updater esp-idf\n")
    assert main(["run", "init.lua", "--running", "arduino.bin", "--updater", "esp-idf"]) in {0, 1}


def test_cut_that_never_comes_is_bad_input(capsys: pytest.CaptureFixture[str]) -> None:
    """A cut of another script."""
    assert 2 == main(["run", "init.lua", "--cut", "99:0:before"])
    assert "--cut: 99:0:before: the run has no such place" in capsys.readouterr().err


def test_without_lua_a_line_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As for the solvers."""
    monkeypatch.setitem(__import__("sys").modules, "lupa.lua51", None)
    assert 2 == main(["run", "init.lua"])
    assert "otaproof run: needs Lua: pip install 'otaproof[lua]'\n" == capsys.readouterr().err
