"""`otaproof explore`: every state that a device can reach, and the claims checked in each of them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from cyclopts import Parameter, Token

from ...errors import InputError
from ..exit_code import ExitCode
from ..options.device_options import CutOptions, DeviceOptions
from ..options.epilogue import epilogue
from ..options.groups import DEVICE, SEARCH
from ..options.output_options import TraceOutputOptions
from ..options.values import Allowances, Skips, within

EPILOGUE = epilogue(
    "otaproof explore",
    "otaproof explore --slots 3 --claims C1,C9 --usage restart-at-once",
    "otaproof explore --factory --no-rollback --faults F3 --memory 2G --json",
    "otaproof explore --usage documented --allow failing-flash",
    codes={
        0: "all claims hold",
        1: "a claim is violated",
        2: "bad usage or bad input",
        3: "inconclusive: not every state was searched",
    },
)
_UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30}
_LEAST = 1 << 20


def _memory(_: object, tokens: Sequence[Token]) -> int:
    text = tokens[0].value
    match = re.fullmatch(r"(\d+)([KMG]?)i?B?", text.strip(), re.IGNORECASE)
    size = int(match[1]) * _UNITS[match[2].upper()] if match else 0
    if size < _LEAST:
        raise ValueError(f"{text!r}; want a size from 1M on, such as 512M or 4G")
    return size


def _size(size: int) -> str:
    return f"{size / (1 << 30):g}G"


@Parameter(name="*", group=SEARCH)
@dataclass(frozen=True, slots=True, kw_only=True)
class SearchOptions:
    """What to check, and with how much of the machine."""

    claims: Annotated[str, Parameter(metavar="IDS")] = "all"
    """Claims to check: such as C1,C2, or all, or none."""
    allow: Annotated[Allowances, Parameter(group=DEVICE)] = frozenset()
    """What may happen beyond calls, resets and power cuts: flash operations that return an error (failing-flash), the
    pins of factory reset and test app (pins), tools that blank otadata or flash a slot (other-writers), uploads of
    Arduino and switches of otatool.py (other-records), records whose number is 0 or one of the last (end-numbers)."""
    skip_validate: Annotated[Skips, Parameter(group=DEVICE)] = frozenset()
    """When the bootloader starts an image without validation, as CONFIG_BOOTLOADER_SKIP_VALIDATE_… has it: always,
    on-power-on, in-deep-sleep."""
    threads: Annotated[int, Parameter(validator=within(1, 16), metavar="N")] = 1
    """Threads of a big search; what it finds does not depend on how many."""
    memory: Annotated[int, Parameter(converter=_memory, metavar="SIZE", show_default=_size)] = 4 << 30
    """Memory to use at most, such as 512M."""


def explore(
    *,
    device: DeviceOptions = DeviceOptions(),
    cuts: CutOptions = CutOptions(),
    search: SearchOptions = SearchOptions(),
    output: TraceOutputOptions = TraceOutputOptions(),
) -> ExitCode:
    """Search every state that a device can reach.

    Searches, breadth first, all states that calls, resets and power cuts can lead to, in any number and order, and
    checks the claims in each of them. A claim that is violated is printed with a shortest trace to a state that
    breaks it.
    """
    from ...analysis.claim_search import search_claims
    from ...analysis.results.explore_result import explore_result
    from ..reports.explore_report import print_explore
    from ..reports.progress_bar import search_progress

    scope = device.scope(cuts.faults, cuts.usage, search.allow, search.skip_validate)
    try:
        found = search_claims(scope, search.claims, search.threads, search.memory, search_progress)
    except MemoryError:
        raise InputError(f"--memory: the system does not give {_size(search.memory)}") from None
    result = explore_result(found)
    output.give(result, lambda: print_explore(output.console(), scope, result, output.identifiers))
    if found.is_violated:
        return ExitCode.VIOLATED
    return ExitCode.HOLDS if found.is_complete else ExitCode.INCONCLUSIVE
