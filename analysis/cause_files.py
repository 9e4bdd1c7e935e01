"""What a finding of a campaign is taken along as: tests for pytest and a host, and the flash that it leaves."""

import textwrap
from dataclasses import dataclass
from itertools import chain

from .. import __version__
from ..campaign.fuzz.findings import DIVERGENCE
from ..campaign.history.history_replay import replay_history
from ..campaign.history.history_token import decode_history_token
from ..model.claims.claims import claim
from .host_test.host_project import host_test_files
from .host_test.refusal import HostTestRefused
from .lua_trace import lua_files
from .results.fuzz_result import FuzzFinding

_WIDTH, _WIDTH_OF_C = 110, 76
HOST_TEST, LUA = "host_test", "lua"


@dataclass(frozen=True, slots=True)
class CauseFiles:
    """The files of a finding."""

    files: tuple[tuple[str, bytes], ...] = ()
    """Names and contents; a name may be one in a directory."""
    without: tuple[str, ...] = ()
    """What there is no file of, and why; one line each."""


def cause_files(found: FuzzFinding, with_lua: bool = False, number: int = 1) -> CauseFiles:
    """Return the files of a finding; of a divergence none, as the board alone does not show it.

    with_lua: with a Lua script, which takes the extra `lua`. number: of the finding, among those with tests of the same
    claim: no two tests have one name, so pytest takes them all at once."""
    if found.claim == DIVERGENCE or not found.confirmed:
        return CauseFiles()
    history = decode_history_token(found.token).history
    name = f"test_{found.claim.lower()}" + (f"_{number}" if number > 1 else "")
    files = [(f"{name}.py", _test(found, name).encode()), ("flash.bin", replay_history(history).cells.to_bytes())]
    without = []
    origin = f"Made by otaproof {__version__} from the history of {name}.py."
    if with_lua:
        made = lua_files(history, found.claim, words_of(found, _WIDTH), origin, f"{name}.py")
        files += [(f"{LUA}/{file}", contents) for file, contents in made]
    try:
        made = host_test_files(history, name, words_of(found, _WIDTH_OF_C), origin)
        files += [(f"{HOST_TEST}/{file}", contents) for file, contents in made]
    except HostTestRefused as why:
        without.append(f"no host test: {why}")
    return CauseFiles(tuple(files), tuple(without))


def words_of(found: FuzzFinding, width: int) -> list[str]:
    """Return lines: the claim, each step, and how the claim is broken."""
    steps = [*(f"{number}. {step}" for number, step in enumerate(found.steps, 1)), f"✗ {found.text}"]
    wrapped = (textwrap.wrap(step, width, initial_indent="    ", subsequent_indent="       ") for step in steps)
    return [*textwrap.wrap(f"{found.claim}: {claim(found.claim).title}", width), "", *chain.from_iterable(wrapped)]


def _test(found: FuzzFinding, name: str) -> str:
    """Return a test that fails as long as the history breaks the claim."""
    # Nothing ends the docstring: what complete() is given in a history may be any text.
    words = "\n".join(words_of(found, _WIDTH)).replace("\\", "/").replace('"', "'")
    return f'''"""{words}

Made by otaproof {__version__}.
"""

from otaproof.campaign.history.history_replay import replay_history
from otaproof.campaign.history.history_token import decode_history_token

TOKEN = "{found.token}"


def {name}() -> None:
    """Fails as long as {found.claim} is violated."""
    broken = replay_history(decode_history_token(TOKEN).history).breaks("{found.claim}")
    assert broken is None, broken.text
'''
