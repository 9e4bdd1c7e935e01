"""The commands that pages written by hand show with their output.

Below a comment line `<!-- command: NAME -->` a page has a block of code: the command that replays the case NAME, and
its output.
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
"""Characters of a token that the page shows."""


def with_outputs(page: str) -> str:
    """Return the page with the output of each command up to date."""
    return _BLOCK.sub(lambda match: f"{match[1]}{replayed(match['case'])}{match[4]}", page)


def replayed(case_name: str) -> str:
    """Return the command that replays a named case, with its token shortened, and its output."""
    token = encode_history_token(known_case(case_name).token())
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), patch.dict(os.environ, COLUMNS=str(_WIDTH)):
        main(["replay", token])
    return f"$ otaproof replay {token[:_SHOWN]}…\n{printed.getvalue().rstrip()}\n"
