"""What GitHub Actions reads of a command: annotations, the summary of a job, and no command that a project brings."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from doctor_projects import TABLE, Broken, make_project
from hypothesis import given
from hypothesis import strategies as st

from otaproof.bounded_input import shown
from otaproof.cli.exit_code import ExitCode
from otaproof.cli.main import main
from otaproof.cli.reports.github import (
    MOST_ANNOTATIONS,
    MOST_ROWS,
    SUMMARY_VARIABLE,
    annotations,
    markdown_text,
    summary,
)
from otaproof.cli.reports.sarif import message_text, plain_text
from otaproof.impl.image.format import build_image

COMMAND = re.compile(r"::(error|warning|notice) (?:([^:]*))::(.*)")
"""As the runner reads it: src/Runner.Common/ActionCommand.cs of actions/runner."""
PARTITIONS = "nvs,data,nvs,0x9000,0x4000\notadata,data,ota,,0x2000\na,app,ota_0,,64K\nb,app,ota_1,,64K\n"
CHECK = [
    "check",
    "--partitions",
    "table.csv",
    "--running",
    "app.bin",
    "--rollback",
    "--faults",
    "F0",
    "--no-proofs",
    "--github",
]


def read(line: str) -> tuple[str, dict[str, str], str]:
    """Return command, properties and message of a line, unescaped as the runner does it."""
    match = COMMAND.fullmatch(line)
    assert match is not None, line
    properties = dict(part.split("=", 1) for part in match[2].split(",") if part)
    return match[1], {name: unescaped(value) for name, value in properties.items()}, unescaped(match[3])


def unescaped(text: str) -> str:
    """Return a value of a command."""
    for written, meant in (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")):
        text = text.replace(written, meant)
    return text


def log_of(*results: dict[str, Any], name: str = "a_rule") -> dict[str, Any]:
    """Return a log with these results of one rule."""
    driver = {"name": "otaproof check", "rules": [{"id": "C1", "name": name}]}
    base = {"SRCROOT": {"uri": f"{Path.cwd().as_uri()}/"}}
    return {"runs": [{"tool": {"driver": driver}, "originalUriBaseIds": base, "results": list(results)}]}


def result_of(text: str, level: str = "error", file: str = "a.csv", **more: Any) -> dict[str, Any]:
    """Return a result."""
    place = {"artifactLocation": {"uri": file, "uriBaseId": "SRCROOT"}}
    return {
        "ruleId": "C1",
        "ruleIndex": 0,
        "level": level,
        "message": {"text": message_text(text)},
        "locations": [{"physicalLocation": place}],
        **more,
    }


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current directory, with a table and an image, and no job around it."""
    (tmp_path / "table.csv").write_text(PARTITIONS)
    (tmp_path / "app.bin").write_bytes(build_image(size=1200, version="1", seed=1))
    monkeypatch.chdir(tmp_path)
    for name in (SUMMARY_VARIABLE, "GITHUB_WORKSPACE"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@given(st.text() | st.text(alphabet="\\[]ab"))
def test_message_of_sarif_is_read_back(text: str) -> None:
    """Backslashes before brackets included."""
    assert shown(text, keeps_lines=True) == plain_text(message_text(text))


@given(st.text(), st.text(min_size=1))
def test_annotation_says_what_the_result_says(text: str, name: str) -> None:
    """On one line, whatever is in it."""
    (line,) = annotations(log_of(result_of(text), name=name))
    assert "\n" not in line and "\r" not in line
    command, properties, message = read(line)
    assert ("error", shown(text, keeps_lines=True), "a.csv") == (command, message, properties["file"])
    assert properties["title"].startswith("otaproof check: C1")


def test_level_chooses_the_command() -> None:
    """What is accepted or undecided is none."""
    results = [result_of("x", level) for level in ("error", "warning", "note", "none")]
    excused = result_of("x", suppressions=[{"kind": "external", "justification": "known"}])
    assert ["error", "warning", "notice"] == [read(line)[0] for line in annotations(log_of(*results, excused))]


def test_no_more_are_printed_than_are_shown() -> None:
    """The others are counted, which is no command."""
    *lines, last = annotations(log_of(*[result_of("x")] * (MOST_ANNOTATIONS + 3), result_of("y", "note")))
    assert MOST_ANNOTATIONS + 1 == len(lines)
    assert f"3 more of level error: GitHub shows {MOST_ANNOTATIONS}" == last


def test_line_and_file_are_those_of_the_finding(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The file from the checkout on, wherever in it the command runs."""
    broken = Broken({}, table=TABLE.replace("0x2000", "0x1000"))
    make_project(tmp_path / "sub" / "my app", broken)
    monkeypatch.setenv("GITHUB_WORKSPACE", str(tmp_path))
    monkeypatch.chdir(tmp_path / "sub")
    assert ExitCode.VIOLATED == main(["doctor", "my app", "--github"])
    lines = capsys.readouterr().out.splitlines()
    read_lines = [read(line) for line in lines if COMMAND.fullmatch(line)]
    (found,) = (properties for _, properties, _ in read_lines if " D44" in properties["title"])
    assert ("sub/my app/partitions.csv", "3") == (found["file"], found["line"])


def test_no_name_of_a_project_is_a_command(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The report stands between two lines of which nobody knows the mark before; annotations come after them."""
    table = PARTITIONS.replace("\na,", "\n::error::x,")
    (project / "table.csv").write_text(table)
    marks = set()
    for _ in range(2):
        assert ExitCode.VIOLATED == main(CHECK)
        first, *lines = capsys.readouterr().out.splitlines()
        mark = first.removeprefix("::stop-commands::")
        assert re.fullmatch("[0-9a-f]{32}", mark)
        marks.add(mark)
        end = lines.index(f"::{mark}::")
        assert any("::error::x" in line for line in lines[:end])
        assert lines[end + 1 :] and all(read(line) for line in lines[end + 1 :])
    assert 2 == len(marks)


def test_json_stays_json(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Commands go where text goes then; GitHub reads both streams."""
    assert ExitCode.VIOLATED == main([*CHECK, "--json"])
    captured = capsys.readouterr()
    violated = [claim["id"] for claim in json.loads(captured.out)["claims"] if claim["verdict"] == "violated"]
    titles = [read(line)[1]["title"] for line in captured.err.splitlines()[2:]]
    assert violated == [title.split()[2] for title in titles]


def test_nothing_is_told_unless_it_is_asked_for(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A job around the command changes no output."""
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv(SUMMARY_VARIABLE, str(project / "summary.md"))
    main([argument for argument in CHECK if argument != "--github"])
    assert "::" not in capsys.readouterr().out
    assert not (project / "summary.md").exists()


def test_summary_is_appended(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the verdict, and a row for each violation; what is accepted says why."""
    (project / "summary.md").write_text("before\n")
    (project / "otaproof.toml").write_text('[[accept]]\nclaim = "C4"\nreason = "known | of <b>"\n')
    monkeypatch.setenv(SUMMARY_VARIABLE, str(project / "summary.md"))
    assert ExitCode.VIOLATED == main(CHECK)
    said = (project / "summary.md").read_text()
    assert said.startswith("before\n### otaproof check: fails")
    rows = [line for line in said.splitlines() if line.startswith("| ")][2:]
    fails = re.search(r"### otaproof check: fails\\: (.*)", said)
    assert fails is not None
    assert {re.split(r"(?<!\\)\|", row)[2].split()[0] for row in rows} == {"C4", *fails[1].split(", ")}
    assert any(row.startswith("| accepted\\: known \\| of &lt;b&gt; | C4 ") for row in rows)


def test_summary_that_cannot_be_written_is_one_line(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the variable that names it."""
    monkeypatch.setenv(SUMMARY_VARIABLE, str(project))
    assert ExitCode.BAD_INPUT == main(CHECK)
    assert f"${SUMMARY_VARIABLE}: {project}: cannot be written: " in capsys.readouterr().err


def test_summary_stays_below_the_limit_of_github() -> None:
    """What has no room is counted."""
    made = summary(log_of(*[result_of("x")] * (MOST_ROWS + 7)), "fails", ("a line",))
    assert MOST_ROWS + 2 == sum(line.startswith("| ") for line in made.splitlines())
    assert "7 more are in the log." in made.splitlines()


@given(st.text())
def test_text_in_markdown_is_text(text: str) -> None:
    """One line, in which every character that could begin markup is escaped; unescaped, it is the text."""
    made = markdown_text(text)
    assert made.isprintable()
    assert not re.search(r"(?<!\\)(?:\\\\)*[`*_\[\]|~@#:!]", made) and not set(made) & set("<>")
    plain = re.sub(r"\\(.)", r"\1", made).replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    assert " ".join(shown(text, keeps_lines=True).split()) == plain
