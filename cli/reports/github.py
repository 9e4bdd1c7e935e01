"""What GitHub Actions reads: annotations in the log, and the summary of a job in Markdown.

Both are made of a SARIF log, so that they say the same. GitHub looks for commands (`::error::`, `##[group]`) in every
line that a step prints, so the text of a report stands between `::stop-commands::` and its end mark: no name in a
project can be a command.
"""

import os
import re
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO
from urllib.parse import unquote, urlparse

from ...bounded_input import shown
from ...errors import InputError
from .sarif import plain_text

SUMMARY_VARIABLE = "GITHUB_STEP_SUMMARY"
"""The environment variable that names the file of the job summary."""
MOST_ANNOTATIONS = 10
"""Of one level that GitHub shows of a step."""
MOST_ROWS = 200
"""Of a table in a summary; GitHub refuses more than 1 MiB."""
_COMMANDS = {"error": "error", "warning": "warning", "note": "notice"}
_PUNCTUATION = re.compile(r"([\\`*_{}\[\]#+\-.!|~@:$^=])")
"""What can begin markup, a link or a mention, or end a cell."""


@contextmanager
def without_commands(stream: TextIO) -> Iterator[None]:
    """Have GitHub take nothing that is printed in between for a command."""
    mark = secrets.token_hex(16)
    print(f"::stop-commands::{mark}", file=stream, flush=True)
    try:
        yield
    finally:
        print(f"::{mark}::", file=stream, flush=True)


def annotations(log: dict[str, Any]) -> Iterator[str]:
    """Yield a line for each result that counts, as many as GitHub shows, and one that counts the others."""
    (run,) = log["runs"]
    counts = dict.fromkeys(_COMMANDS, 0)
    for result in run["results"]:
        level = result["level"]
        if level not in _COMMANDS or result.get("suppressions"):
            continue
        counts[level] += 1
        if counts[level] <= MOST_ANNOTATIONS:
            yield _annotation(run, result)
    for level, count in counts.items():
        if count > MOST_ANNOTATIONS:
            yield f"{count - MOST_ANNOTATIONS} more of level {level}: GitHub shows {MOST_ANNOTATIONS}"


def _annotation(run: dict[str, Any], result: dict[str, Any]) -> str:
    properties = {"file": _file(run, result), "line": _line(result), "title": _title(run, result)}
    written = ",".join(f"{name}={_property(value)}" for name, value in properties.items() if value)
    return f"::{_COMMANDS[result['level']]} {written}::{_data(plain_text(result['message']['text']))}"


def _title(run: dict[str, Any], result: dict[str, Any]) -> str:
    driver = run["tool"]["driver"]
    rule = driver["rules"][result["ruleIndex"]]
    return f"{driver['name']}: {rule['id']} {rule.get('name', '')}".rstrip()


def _file(run: dict[str, Any], result: dict[str, Any]) -> str:
    """Return the file of a result, relative to the checkout where it lies in it; "" for none."""
    artifact = _physical(result).get("artifactLocation")
    if artifact is None:
        return ""
    uri = artifact["uri"]
    if "uriBaseId" in artifact:
        uri = run["originalUriBaseIds"][artifact["uriBaseId"]]["uri"] + uri
    file = Path(os.fsdecode(unquote(urlparse(uri).path, errors="surrogateescape")))
    for root in (os.environ.get("GITHUB_WORKSPACE", ""), os.getcwd()):
        if root and file.is_relative_to(Path(root).resolve()):
            return str(file.relative_to(Path(root).resolve()))
    return str(file)


def _line(result: dict[str, Any]) -> str:
    return str(_physical(result).get("region", {}).get("startLine", ""))


def _physical(result: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = result["locations"][0].get("physicalLocation", {})
    return found


def _data(text: str) -> str:
    """Return a text as the message of a command, which ends with its line."""
    return shown(text, keeps_lines=True).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    """Return a text as the value of a property, which ends at a colon or a comma as well."""
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def markdown_text(text: str) -> str:
    """Return a text of one line as Markdown shows it: no markup, tag, link, mention or cell of a table."""
    plain = " ".join(shown(text, keeps_lines=True).split())
    return _PUNCTUATION.sub(r"\\\1", plain.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"))


def summary(log: dict[str, Any], verdict: str, lines: Sequence[str] = ()) -> str:
    """Return a job summary. verdict: what came of it, in a line; lines: what it is about, and what it leaves out."""
    (run,) = log["runs"]
    results = run["results"]
    parts = [f"### {markdown_text(run['tool']['driver']['name'])}: {markdown_text(verdict)}", ""]
    parts += [line for text in lines for line in (markdown_text(text), "")]
    if results:
        parts += ["| | rule | what |", "| --- | --- | --- |", *(_row(run, result) for result in results[:MOST_ROWS])]
    if len(results) > MOST_ROWS:
        parts += ["", f"{len(results) - MOST_ROWS} more are in the log."]
    return "\n".join([*parts, "", ""])


def _row(run: dict[str, Any], result: dict[str, Any]) -> str:
    excuses = [excuse["justification"] for excuse in result.get("suppressions", ())]
    level = plain_text(excuses[0]) if excuses else "undecided" if result["level"] == "none" else result["level"]
    rule = run["tool"]["driver"]["rules"][result["ruleIndex"]]
    cells = (level, f"{rule['id']} {rule.get('name', '')}", plain_text(result["message"]["text"]))
    return f"| {' | '.join(map(markdown_text, cells))} |"


def append_summary(text: str) -> None:
    """Append to the summary of the job, where there is one; raises InputError where it cannot be written."""
    name = os.environ.get(SUMMARY_VARIABLE)
    if not name:
        return
    try:
        with open(name, "a", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise InputError(f"${SUMMARY_VARIABLE}: {name}: cannot be written: {error.strerror or error}") from None
