"""The commands that pages written by hand show with their output.

Below a comment line `<!-- command: NAME -->` a page has a block of code: the command that replays the case NAME, and
its output. Below `<!-- script: NAME OPTIONS -->` it has `otaproof run` of a script of examples/lua, without the claims
that any update breaks.
"""

import contextlib
import io
import os
import re
from unittest.mock import patch

from otaproof.campaign.history.history_token import encode_history_token
from otaproof.campaign.history.known_cases import known_case
from otaproof.cli.main import main

from .readme_listings import SCRIPTS, output

_BLOCK = re.compile(r"(<!-- command: (?P<case>[\w-]+) -->\n```text\n)(?P<text>.*?)(```\n)", re.DOTALL)
_SCRIPT = re.compile(r"(<!-- script: (?P<arguments>[\w. -]+?) -->\n```text\n)(?P<text>.*?)(```\n)", re.DOTALL)
_BEHIND = re.compile(r"\n(?:C\d+ |Settings)")
"""What comes after the part of the output that a page shows."""
_WIDTH = 100
"""Columns of the terminal."""
_SHOWN = 24
"""Characters of a token that the page shows."""


def with_outputs(page: str) -> str:
    """Return the page with the output of each command up to date."""
    page = _SCRIPT.sub(lambda match: f"{match[1]}{ran(match['arguments'])}{match[4]}", page)
    return _BLOCK.sub(lambda match: f"{match[1]}{replayed(match['case'])}{match[4]}", page)


def ran(arguments: str) -> str:
    """Return the command that runs a script of examples/lua, and its output. arguments: the script, and options."""
    command = f"run {SCRIPTS}/{arguments}"
    printed = output(command)
    begin = printed.index(f"\n{SCRIPTS}/") + 1
    behind = _BEHIND.search(printed, begin)
    shown = printed[begin : None if behind is None else behind.start()]
    lines = (line.rstrip() for line in shown.rstrip().splitlines())
    return f"$ otaproof {command}\n" + "\n".join(lines) + "\n"


def replayed(case_name: str) -> str:
    """Return the command that replays a named case, with its token shortened, and its output."""
    token = encode_history_token(known_case(case_name).token())
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), patch.dict(os.environ, COLUMNS=str(_WIDTH)):
        main(["replay", token])
    return f"$ otaproof replay {token[:_SHOWN]}…\n{printed.getvalue().rstrip()}\n"
