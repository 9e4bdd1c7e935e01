"""`otaproof explore`: every state that a device can reach, and the claims looked at in each of them."""

import argparse
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from rich.console import Console

from ...analysis.results.explore_result import ExploredClaim, explore_result
from ...errors import InputError
from ...model.claims.claims import claim
from ...model.claims.state_claims import DEVICE_CLAIMS, DeviceClaim
from ...model.device.state import Ghost, Scope
from ...proofs.explicit.exploration import Exploration, Progress
from ...proofs.explicit.explorer import claims_of, explore
from ...proofs.prover.dead_ends import GHOSTS, RECOVERY, Recovery, recover
from ..exit_code import ExitCode
from ..options.scope_options import add_scope_options, scope_of
from ..reports.explore_report import print_explore
from ..reports.json_text import json_text

_UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30}
KNOWN = (*(item.claim.id for item in DEVICE_CLAIMS), RECOVERY)


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the sub-command."""
    parser = subparsers.add_parser(
        "explore",
        help="search every state that a device can reach, any number of upgrades and cuts long",
        description=(
            "Searches, breadth first, everything that a device can come to by calls, resets and power cuts, in any "
            "number, and looks at the claims in every state. What breaks a claim is told as a shortest way there."
        ),
        epilog="Exit codes: 0 all claims hold, 1 one is violated, 2 bad usage or input, 3 inconclusive.",
    )
    add_scope_options(parser)
    searching = parser.add_argument_group("the search")
    searching.add_argument(
        "--claims", metavar="IDS", default="all", help="claims to look at: such as C1,C2, or all, or none (all)"
    )
    searching.add_argument("--threads", type=int, choices=(1, 2), default=1, help="threads of a big search (1)")
    searching.add_argument("--memory", metavar="SIZE", default="4G", help="memory to use at most, such as 512M (4G)")
    output = parser.add_argument_group("the output")
    output.add_argument("--json", action="store_true", help="print one JSON object instead of text")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Explore; return the exit code of what was found."""
    try:
        return _explore(options)
    except MemoryError:
        raise InputError(f"--memory: the system does not give {options.memory}") from None


def _explore(options: argparse.Namespace) -> ExitCode:
    scope, memory = scope_of(options), _memory(options.memory)
    claims, asks_recovery = _claims(options.claims, scope)
    searches: list[Exploration] = []
    recovery: Recovery | None = None
    for ghosts, group in _groups(claims, asks_recovery):
        with _progress(_group_title(ghosts)) as progress:
            searches.append(explore(replace(scope, ghosts=ghosts), group, options.threads, memory, progress))
    if asks_recovery:
        with _progress(RECOVERY) as progress:
            recovery = recover(replace(scope, ghosts=GHOSTS), memory, progress)
    found = _found(claims, searches, recovery)
    result = explore_result(scope, searches, recovery, found)
    if options.json:
        print(json_text(result), end="")
    else:
        print_explore(Console(highlight=False), scope, result)
    return _exit_code(searches, found)


def _exit_code(searches: Sequence[Exploration], found: Sequence[ExploredClaim]) -> ExitCode:
    if any(item.trace is not None for item in found):
        return ExitCode.VIOLATED
    is_complete = all(search.is_complete for search in searches) and all(item.is_decided for item in found)
    return ExitCode.HOLDS if is_complete else ExitCode.INCONCLUSIVE


def _claims(text: str, scope: Scope) -> tuple[tuple[DeviceClaim, ...], bool]:
    """Return the claims of facts about states that are asked for, and whether recovery is asked for too."""
    if text == "none":
        return (), False
    if text == "all":
        return claims_of(scope), True
    asked = [part.strip() for part in text.split(",")]
    for part in asked:
        if part not in KNOWN:
            raise InputError(f"--claims: {part!r} is none of {', '.join(KNOWN)}, all and none")
        if not claim(part).applies_to(scope.config):
            raise InputError(f"--claims: {part} says nothing of a device without what it needs: {claim(part).title}")
    return tuple(item for item in DEVICE_CLAIMS if item.claim.id in asked), RECOVERY in asked


def _groups(
    claims: Sequence[DeviceClaim], asks_recovery: bool
) -> list[tuple[frozenset[Ghost], tuple[DeviceClaim, ...]]]:
    """Return the claims by the ghosts they read: to search for each group by itself takes less than for all at once."""
    groups: dict[frozenset[Ghost], list[DeviceClaim]] = {}
    if not claims and not asks_recovery:
        groups[frozenset()] = []
    for item in claims:
        groups.setdefault(item.ghosts, []).append(item)
    return [(ghosts, tuple(group)) for ghosts, group in groups.items()]


def _group_title(ghosts: frozenset[Ghost]) -> str:
    return " and ".join(sorted(ghost.value for ghost in ghosts)) or "plain"


def _memory(text: str) -> int:
    match = re.fullmatch(r"(\d+)([KMG]?)i?B?", text.strip(), re.IGNORECASE)
    size = int(match[1]) * _UNITS[match[2].upper()] if match else 0
    if size < 1 << 20:
        raise InputError(f"--memory: {text!r}; want a size from 1M on, such as 512M or 4G")
    return size


@contextmanager
def _progress(name: str) -> Iterator[Progress]:
    """Give a function that tells how far the search is, in a line on stderr; without a terminal it does nothing."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda states, seconds: None
        return
    with console.status(f"{name}: …") as line:

        def tell(states: int, seconds: float) -> None:
            rate = states / seconds if seconds else 0.0
            line.update(f"{name}: {states:,} states, {seconds:.0f} s, {rate:,.0f}/s")

        yield tell


def _found(
    claims: Sequence[DeviceClaim], searches: Sequence[Exploration], recovery: Recovery | None
) -> list[ExploredClaim]:
    found = []
    for item in claims:
        search = next(search for search in searches if item.claim.id in search.claims)
        found.append(ExploredClaim(item.claim, search.is_complete, search.violations.get(item.claim.id)))
    if recovery is not None:
        found.append(ExploredClaim(claim(RECOVERY), recovery.is_complete, recovery.trace))
    return sorted(found, key=lambda item: int(item.claim.id[1:]))
