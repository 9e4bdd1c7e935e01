"""What `otaproof replay` prints: each step with what it does to flash, and what boots at the end."""

from typing import Any

from ...analysis.token_subject import claim_id_of
from ...campaign.device_under_test import World
from ...campaign.history.history_replay import HistoryReplay
from ...campaign.history.history_token import HistoryToken
from ...campaign.history.known_cases import KnownCase
from ...campaign.upgrade.upgrade_replay import Replay, describe_ops
from ...campaign.upgrade.upgrade_token import Token
from ...model.claims.claims import claim
from ...model.claims.observation import Boot, Future
from .entry_view import entry_lines


def print_history(token: HistoryToken, case: KnownCase | None, played: HistoryReplay, confirmed: bool) -> None:
    """Print the history of a token, step by step."""
    slots = len(token.history.device.slots)
    if case is not None:
        print(f"{case.name}: {case.title}")
    claim_id = claim_id_of(token, case)
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
        for verdict in step.verdicts:
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


def history_as_json(token: HistoryToken, played: HistoryReplay, confirmed: bool) -> dict[str, Any]:
    """Return the history of a token as one JSON object."""
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
                "violated": [[verdict.claim_id, verdict.text] for verdict in step.verdicts],
            }
            for step in played.steps
        ],
        "outcome": played.outcome.value,
        "running": played.running,
    }


def print_cut(token: Token, world: World, played: Replay) -> None:
    """Print the power cut of a token, step by step, and what follows it."""
    promised = claim(token.claim_id)
    slots = sum(partition.is_ota_slot for partition in world.table)
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
    for line in future_lines(played.aftermath.future):
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


def cut_as_json(token: Token, played: Replay) -> dict[str, Any]:
    """Return the power cut of a token as one JSON object."""
    future = played.aftermath.future
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
