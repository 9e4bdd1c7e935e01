"""`otaproof replay TOKEN`: a power cut, or a history with any number of them, played step by step."""

import argparse
from pathlib import Path

from rich.console import Console

from ...analysis.results.replay_result import cut_replay_result, history_replay_result
from ...campaign.history.history_replay import is_confirmed, replay_history
from ...campaign.history.history_token import HISTORY_PREFIX, HistoryToken, decode_history_token
from ...campaign.history.known_cases import KnownCase, known_case
from ...campaign.upgrade.upgrade_replay import replay
from ...campaign.upgrade.upgrade_token import decode_token, world_of_token
from ...errors import InputError
from ...model.claims.claims import claim
from ...project.files import read_file, write_file
from ..exit_code import ExitCode
from ..reports.json_text import json_text
from ..reports.replay_report import print_cut_replay, print_history_replay


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the sub-command."""
    parser = subparsers.add_parser(
        "replay",
        help="play a violated claim's trace step by step",
        description="Plays the power cut of a replay token, or the history of a history token, on the board.",
        epilog="Exit codes: 1 the claim is violated, as the token says, 0 it holds after all, 2 bad token.",
    )
    parser.add_argument("token", metavar="TOKEN", help="the text after `otaproof replay` in the output of check")
    parser.add_argument(
        "--image",
        metavar="FILE",
        type=Path,
        action="append",
        default=[],
        help="an image the token was made with, to be used instead of one built in its size (repeatable)",
    )
    parser.add_argument(
        "--save-flash",
        metavar="FILE",
        type=Path,
        help="write the flash as the cut left it, for esptool write-flash 0 FILE or otaproof check --flash FILE",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of text")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Play the token; return VIOLATED when the claim is broken as the token says, else HOLDS."""
    if options.token.strip().startswith(HISTORY_PREFIX):
        return _run_history(options)
    token = decode_token(options.token)
    world = world_of_token(token, [read_file(path) for path in options.image])
    played = replay(token, world)
    if options.save_flash is not None:
        write_file(options.save_flash, played.cells.to_bytes())
    if options.json:
        print(json_text(cut_replay_result(token, played)), end="")
    else:
        slots = sum(partition.is_ota_slot for partition in world.table)
        print_cut_replay(Console(highlight=False), token, slots, played)
    return ExitCode.HOLDS if played.is_claim_kept else ExitCode.VIOLATED


def _run_history(options: argparse.Namespace) -> int:
    token = decode_history_token(options.token)
    if options.image:
        raise InputError("--image: a history token builds its own images")
    case = _case_of(token)
    claim_id = _claim_of(token, case)
    played = replay_history(token.history)
    confirmed = is_confirmed(token, played, claim_id)
    if options.save_flash is not None:
        write_file(options.save_flash, played.cells.to_bytes())
    if options.json:
        print(json_text(history_replay_result(token, played, claim_id, confirmed)), end="")
    else:
        print_history_replay(Console(highlight=False), token, case, claim_id, played, confirmed)
    return ExitCode.VIOLATED if confirmed and token.shows else ExitCode.HOLDS


def _claim_of(token: HistoryToken, case: KnownCase | None) -> str | None:
    """Return the claim that a token is about, if it is about one."""
    return (token.shows or None) if case is None else case.claim_id


def _case_of(token: HistoryToken) -> KnownCase | None:
    """Return the known case that a token names, None for a claim or nothing; raises InputError for anything else."""
    if not token.shows:
        return None
    try:
        return known_case(token.shows)
    except KeyError:
        pass
    try:
        claim(token.shows)
    except KeyError:
        raise InputError(f"token: shows {token.shows[:40]!r}, which this version does not know") from None
    return None
