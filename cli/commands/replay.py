"""`otaproof replay TOKEN`: a power cut, or a history with any number of them, played step by step."""

import argparse
import json
from pathlib import Path
from typing import Any

from ...campaign.device_under_test import DeviceUnderTest
from ...campaign.history.history_replay import HistoryReplay, is_confirmed, replay_history
from ...campaign.history.history_token import HISTORY_PREFIX, HistoryToken, decode_history_token
from ...campaign.history.known_cases import KnownCase, known_case
from ...campaign.operation_text import describe_ops
from ...campaign.upgrade.upgrade_replay import Replay, replay
from ...campaign.upgrade.upgrade_token import Token, decode_token, dut_of_token
from ...errors import InputError
from ...model.claims.claims import claim
from ...model.claims.observation import Boot, Future
from ...project.files import read_file, write_file
from ..exit_code import ExitCode
from ..reports.entry_view import entry_lines


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
    dut = dut_of_token(token, [read_file(path) for path in options.image])
    played = replay(token, dut)
    if options.save_flash is not None:
        write_file(options.save_flash, played.cells.to_bytes())
    if options.json:
        print(json.dumps(_as_json(token, played), indent=2))
    else:
        _print_text(token, dut, played)
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
        print(json.dumps(_history_as_json(token, played, confirmed), indent=2))
    else:
        _print_history(token, case, played, confirmed)
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


def _print_history(token: HistoryToken, case: KnownCase | None, played: HistoryReplay, confirmed: bool) -> None:
    slots = len(token.history.device.slots)
    if case is not None:
        print(f"{case.name}: {case.title}")
    claim_id = _claim_of(token, case)
    if claim_id is not None:
        print(f"{claim_id} {claim(claim_id).name}: {claim(claim_id).title}")
    print(f"{_describe_device(token)}; the cuts need {token.history.weakest_model.name}")
    print()
    for number, step in enumerate(played.steps, 1):
        print(f"{number:3}  {step.text}")
        if step.ops:
            print(f"       flash: {describe_ops(step.ops)}")
        if step.entries is not None:
            for line in entry_lines(step.entries, slots):
                print(f"       {line}")
        if step.efuse is not None:
            print(f"       eFuse: 0x{step.efuse[0]:x} → 0x{step.efuse[1]:x}")
        for verdict in step.broken:
            print(f"       {verdict.claim_id} is violated: {verdict.text}")
    print()
    end = played.outcome.value if played.running is None else f"{played.running} runs"
    said = token.outcome.value if token.running is None else f"{token.running} runs"
    print(f"at the end: {end}" + ("" if end == said else f"; the token says: {said}"))
    print(f"the board {'confirms' if confirmed else 'does not confirm'} {token.shows or 'this history'}")


def _describe_device(token: HistoryToken) -> str:
    device = token.history.device
    config = device.config
    parts = (["factory"] if device.has_factory else []) + [f"ota_{slot}" for slot in device.slots]
    options = [name for name in ("rollback", "anti_rollback") if getattr(config, name)]
    return f"{', '.join(parts)}; rules of {config.app_release.label}; {', '.join(options) or 'no rollback'}"


def _history_as_json(token: HistoryToken, played: HistoryReplay, confirmed: bool) -> dict[str, Any]:
    return {
        "shows": token.shows,
        "confirmed": confirmed,
        "steps": [
            {
                "text": step.text,
                "ops": [[op.kind.value, op.address, op.length] for op in step.ops],
                "otadata": None if step.entries is None else [entry.hex() for entry in step.entries],
                "efuse": step.efuse,
                "cut": step.is_cut,
                "violated": [[verdict.claim_id, verdict.text] for verdict in step.broken],
            }
            for step in played.steps
        ],
        "outcome": played.outcome.value,
        "running": played.running,
    }


def _print_text(token: Token, dut: DeviceUnderTest, played: Replay) -> None:
    promised = claim(token.claim_id)
    slots = sum(partition.is_ota_slot for partition in dut.table)
    print(f"{promised.id} {promised.name}: {promised.title}")
    print()
    for number, step in enumerate(played.steps, 1):
        print(f"{number:3}  {step.text}")
        if step.ops:
            print(f"       flash: {describe_ops(step.ops)}")
        if step.entries is not None:
            for line in entry_lines(step.entries, slots):
                print(f"       {line}")
    print()
    for line in future_lines(played.observation.future):
        print(f"  →  {line}")
    print()
    print(f"{promised.id} {'holds here' if played.is_claim_kept else 'is violated'}")


def future_lines(future: Future) -> list[str]:
    """Return what follows a cut, a line for each thing observed."""
    lines = [f"power_on(): {_describe_boot(future.boot)}"]
    if future.boot.partition is None:
        return lines
    lines.append(f"info(): running {future.info_running}, next {future.info_next}")
    if future.idle_boot is not None:
        lines.append(f"power_on() again, nothing called: {_describe_boot(future.idle_boot)}")
    rollback = future.rollback
    if rollback is not None:
        if rollback.boot is not None:
            lines.append(f"or rollback(): restarts, {_describe_boot(rollback.boot)}")
        else:
            changed = "flash has changed" if rollback.changed_flash else "nothing has changed"
            lines.append(f"or rollback(): error “{rollback.error}”, {changed}")
    upgrade = future.upgrade
    if upgrade is not None:
        if upgrade.error is not None:
            lines.append(f"or a further upgrade to {upgrade.target}: fails in {upgrade.error}")
        elif upgrade.boot is not None:
            lines.append(f"or a further upgrade to {upgrade.target}: {_describe_boot(upgrade.boot)}")
    return lines


def _describe_boot(boot: Boot) -> str:
    if boot.partition is None:
        return "nothing boots"
    image = "no whole image" if boot.image is None else f"image “{boot.image}”"
    return f"{boot.partition} boots ({image}{', under test' if boot.is_under_test else ''})"


def _as_json(token: Token, played: Replay) -> dict[str, Any]:
    future = played.observation.future
    return {
        "claim": token.claim_id,
        "kept": played.is_claim_kept,
        "steps": [
            {
                "text": step.text,
                "ops": [[op.kind.value, op.address, op.length] for op in step.ops],
                "otadata": None if step.entries is None else [entry.hex() for entry in step.entries],
                "cut": step.is_cut,
            }
            for step in played.steps
        ],
        "booted": future.boot.partition,
        "booted_image": future.boot.image,
        "then": None if future.idle_boot is None else future.idle_boot.partition,
    }
