"""The table of claims in README.md, from the output of `otaproof prove --json` for four configurations."""

import contextlib
import io
import json

from otaproof.cli.main import main as otaproof

COLUMNS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("rollback, 6.2-dev", ("--idf", "6.2-dev", "--usage", "documented")),
    ("the same, restart at once", ("--idf", "6.2-dev", "--usage", "restart-at-once")),
    ("rollback, 5.1", ("--idf", "5.1", "--usage", "documented")),
    ("no rollback, 5.1", ("--no-rollback", "--idf", "5.1", "--usage", "documented")),
)
"""Heading of the column, and the options of `otaproof prove`."""


def prove(options: tuple[str, ...]) -> dict[str, dict[str, object]]:
    """Return the claims of the JSON output by id."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(io.StringIO()):
        otaproof(["prove", *options, "--json"])
    return {claim["id"]: claim for claim in json.loads(printed.getvalue())["claims"]}


def cell(claim: dict[str, object] | None) -> str:
    """Return a cell of the table; empty where the claim is not applicable."""
    if claim is None:
        return ""
    if claim["verdict"] == "refuted":
        return f"**refuted**, {claim['depth']} steps"
    return f"{claim['verdict']}{', possibly vacuous' if claim['possibly_vacuous'] else ''}"


def claims_table() -> str:
    """Return the table as Markdown."""
    columns = [(heading, prove(options)) for heading, options in COLUMNS]
    titles = {claim_id: claim["title"] for _, claims in columns for claim_id, claim in claims.items()}
    lines = ["| | promise | " + " | ".join(heading for heading, _ in columns) + " |", "|---" * (2 + len(columns)) + "|"]
    for claim_id in sorted(titles, key=lambda text: int(text.removeprefix("C"))):
        cells = " | ".join(cell(claims.get(claim_id)) for _, claims in columns)
        lines.append(f"| {claim_id} | {titles[claim_id]} | {cells} |")
    return "\n".join(lines) + "\n"
