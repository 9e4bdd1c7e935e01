"""The command line as one input: its words in a line, then what its file F, or its token T, holds."""

import contextlib
import io
import os
import tempfile
from pathlib import Path

from otaproof.campaign.history.history_token import HISTORY_PREFIX
from otaproof.campaign.token_packing import pack_text
from otaproof.campaign.upgrade.upgrade_token import PREFIX
from otaproof.cli.main import main
from otaproof.errors import InputError

QUICK = ("doctor", "explain", "mend", "conform", "replay", "diagram", "check")
"""Commands that take no minute; what they are given decides."""
_WRITES = ("-o", "--o", "--sa", "--cu")
"""How options begin that write files: a made-up line must not name one of somebody's."""


class Untidy(Exception):
    """The command ended as no command may: another exit code, more than a line of error, or what paints."""


def run_command(data: bytes) -> None:
    """Run a command in this process; raises Untidy for an ending that none may have."""
    line, _, contents = data.partition(b"\n")
    words = line.decode("utf-8", "surrogateescape").replace("\0", "").split()
    if not words or words[0] not in QUICK or any(word.startswith(_WRITES) for word in words):
        return
    if words[0] == "check":
        words += ["--no-proofs", "--faults", "F0", "--chunk", "65536"]
    if words[0] in ("explain", "mend"):
        words.append("--no-history")
    with tempfile.TemporaryDirectory() as temporary:
        file = Path(temporary, "F")
        file.write_bytes(contents)
        prefix = PREFIX if contents[:3] == b'["C' else HISTORY_PREFIX
        given = {"F": str(file), "T": pack_text(prefix, contents)}
        check_ending(temporary, [given.get(word, word) for word in words])


def check_ending(directory: str, arguments: list[str]) -> None:
    """Run a command in a directory; raises InputError for bad input, Untidy for an ending that none may have."""
    out, err = io.StringIO(), io.StringIO()
    here = Path.cwd()
    os.chdir(directory)
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = main(arguments)
    except SystemExit as error:
        code = error.code if isinstance(error.code, int) else 2
    finally:
        os.chdir(here)
    said, told = out.getvalue(), err.getvalue()
    if code not in (0, 1, 2, 3):
        raise Untidy(f"exit code {code}: {told[-500:]}")
    if code == 2 and told.strip().count("\n"):
        raise Untidy(f"more than a line: {told[-500:]!r}")
    if not (said + told).replace("\n", "").isprintable():
        raise Untidy(f"paints: {said[-500:]!r} {told[-500:]!r}")
    if code == 2:
        raise InputError(told)
