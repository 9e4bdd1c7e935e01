"""Commands that pages written by hand show with their output: run anew, and put in place.

A page has a comment line, `<!-- command: NAME -->`, and below it a block of code: the command with its output.
"""

import contextlib
import io
import os
import re
from unittest.mock import patch

from otaproof.campaign.history.history_token import encode_history_token
from otaproof.campaign.history.known_cases import known_case
from otaproof.cli.main import main

_BLOCK = re.compile(r"(<!-- command: (?P<case>[\w-]+) -->\n```text\n)(?P<text>.*?)(```\n)", re.DOTALL)
_WIDTH = 100
"""Columns of the terminal."""
_SHOWN = 24
"""Characters of a token that are shown."""


def with_outputs(page: str) -> str:
    """Return the page with each command's present output."""
    return _BLOCK.sub(lambda match: f"{match[1]}{replayed(match['case'])}{match[4]}", page)


def replayed(case_name: str) -> str:
    """Return the command that replays a named case, its token cut short, and what it prints."""
    token = encode_history_token(known_case(case_name).token())
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), patch.dict(os.environ, COLUMNS=str(_WIDTH)):
        main(["replay", token])
    return f"$ otaproof replay {token[:_SHOWN]}…\n{printed.getvalue().rstrip()}\n"
