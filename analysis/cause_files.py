"""What a cause of findings is taken along as: a test for pytest, and the flash that its history leaves."""

import textwrap
from collections.abc import Iterator

from .. import __version__
from ..campaign.fuzz.findings import DIVERGENCE
from ..campaign.history.history_replay import replay_history
from ..campaign.history.history_token import decode_history_token
from .results.campaign_result import CauseEntry


def cause_files(cause: CauseEntry) -> Iterator[tuple[str, bytes]]:
    """Yield names and contents; of a divergence none, as the board alone does not show it."""
    if DIVERGENCE in cause.claims or not cause.plainest.confirmed:
        return
    yield f"test_{cause.plainest.claim.lower()}.py", _test(cause).encode()
    yield "flash.bin", replay_history(decode_history_token(cause.plainest.token).history).cells.to_bytes()


def _test(cause: CauseEntry) -> str:
    """Return a test that fails as long as the history breaks the claim."""
    found = cause.plainest
    words = [*(f"    {number}. {step}" for number, step in enumerate(found.steps, 1)), f"    ✗ {found.text}"]
    title = textwrap.fill(f"{found.claim}: {cause.title}", 110)
    # No character of it ends the docstring: titles are ours, and steps hold names of partitions that we chose.
    return f'''"""{title}

{chr(10).join(words)}

Made by otaproof {__version__}.
"""

from otaproof.campaign.history.history_replay import replay_history
from otaproof.campaign.history.history_token import decode_history_token

TOKEN = "{found.token}"


def test_{found.claim.lower()}() -> None:
    """Fails as long as {found.claim} is violated."""
    broken = replay_history(decode_history_token(TOKEN).history).breaks("{found.claim}")
    assert broken is None, broken.text
'''
