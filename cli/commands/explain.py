"""`otaproof explain`: what a flash holds, what boots, what the calls would do now, and how it came to this."""

import argparse
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from rich.console import Console

from ...campaign.explain.explanation import Answer, bootloader_table, explain
from ...campaign.explain.history_target import STARTS, Start, Target, matcher, play_way, start_state, target_of, tell
from ...errors import InputError
from ...model.config import Config, Release
from ...model.device.state import Scope, Usage
from ...model.device.stepper import stepper
from ...model.fault_model import FaultModel
from ...project.files import write_file
from ...project.flash_dump import Given, Loaded, load
from ...proofs.explicit.exploration import Trace
from ...proofs.explicit.fewest_cuts import reach
from ..exit_code import ExitCode
from ..reports.explain_json import as_json
from ..reports.explain_report import Case, HistoryFound, print_report


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the sub-command."""
    parser = subparsers.add_parser(
        "explain",
        help="decode a flash dump or an otadata partition: what boots, why, and how it came to this",
        description=(
            "Decodes a dump of the whole flash, or an otadata partition: what its entries say and what is wrong with "
            "them, what boots at the next power-on and at the one after, what is written, what accept(), rollback() "
            "and commence() would do now, and the shortest history that leads here."
        ),
        epilog=(
            "Exit codes: 0 what otadata selects boots; 1 nothing boots, or an image that otadata does not select; "
            "2 bad usage or input; 3 inconclusive: it boots under some of the rules looked at, and not under others."
        ),
    )
    parser.add_argument(
        "dump", metavar="DUMP", nargs="?", type=Path, help="whole flash, as esptool read-flash writes it"
    )
    parser.add_argument("--otadata", metavar="FILE", type=Path, help="otadata partition alone, 8192 bytes")
    parser.add_argument(
        "--partitions", metavar="FILE", type=Path, help="with --otadata: partition table, CSV or binary"
    )
    config = parser.add_argument_group("the builds")
    config.add_argument(
        "--idf",
        metavar="RELEASES",
        action="append",
        help="ESP-IDF releases of the application, such as 5.1,5.5 (repeatable; every rule set known)",
    )
    config.add_argument("--bootloader-idf", metavar="RELEASE", help="ESP-IDF release of the bootloader (as --idf)")
    config.add_argument("--rollback", action=argparse.BooleanOptionalAction, help="app rollback in both builds")
    config.add_argument("--anti-rollback", action="store_true", help="anti-rollback, too")
    config.add_argument("--efuse", metavar="N", type=int, default=0, help="secure version in the eFuse (0)")
    config.add_argument("--chip", metavar="NAME", help="IDF_TARGET, such as esp32s3 (as the images say)")
    config.add_argument("--table-offset", metavar="ADDRESS", help="offset of the partition table, such as 0x8000")
    history = parser.add_argument_group("the history")
    history.add_argument(
        "--history", action=argparse.BooleanOptionalAction, default=True, help="search how it came to this (on)"
    )
    history.add_argument("--seconds", metavar="N", type=float, default=60, help="time for that search (60)")
    output = parser.add_argument_group("the output")
    output.add_argument("--json", action="store_true", help="print one JSON object instead of text")
    output.add_argument("--out", metavar="FILE", type=Path, help="write the JSON object to a file as well")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Explain; return what boots as an exit code."""
    given, releases = _given(options), _releases(options.idf)
    loaded = load(given)
    searcher = _Searcher(loaded, time.monotonic() + options.seconds) if options.history else None
    cases = [_case(loaded, config, searcher) for config in _configs(loaded, releases)]
    if options.out is not None:
        write_file(options.out, (json.dumps(as_json(loaded, cases), indent=2) + "\n").encode())
    if options.json:
        print(json.dumps(as_json(loaded, cases), indent=2))
    else:
        print_report(Console(highlight=False), loaded, cases)
    return exit_code(cases)


def exit_code(cases: list[Case]) -> ExitCode:
    """Return what the cases come to."""
    good = {case.answer.is_good for case in cases}
    if len(good) > 1:
        return ExitCode.INCONCLUSIVE
    return ExitCode.HOLDS if good == {True} else ExitCode.VIOLATED


def _given(options: argparse.Namespace) -> Given:
    if not 0 <= options.efuse <= 32:
        raise InputError(f"--efuse: {options.efuse}; want 0 … 32")
    if not options.seconds > 0:
        raise InputError(f"--seconds: {options.seconds}; want more than 0")
    if options.anti_rollback and options.rollback is False:
        raise InputError("--anti-rollback needs rollback; leave --no-rollback out")
    if options.out is not None and not options.out.parent.is_dir():
        raise InputError(f"--out: {options.out.parent} is no directory; create it first")
    bootloader = None if options.bootloader_idf is None else _release("--bootloader-idf", options.bootloader_idf)
    return Given(
        options.dump,
        options.otadata,
        options.partitions,
        options.rollback,
        options.anti_rollback,
        options.efuse,
        options.chip,
        options.table_offset,
        bootloader,
    )


def _releases(given: list[str] | None) -> tuple[Release, ...]:
    if given is None:
        return tuple(Release)
    names = [name.strip() for text in given for name in text.split(",") if name.strip()]
    if not names:
        raise InputError("--idf: names no release; want one such as 5.1, or several: 5.1,5.5")
    return tuple(sorted({_release("--idf", name) for name in names}))


def _release(argument: str, text: str) -> Release:
    try:
        return Release.parse(text)
    except ValueError as error:
        raise InputError(f"{argument}: {error}") from None


def _configs(loaded: Loaded, releases: tuple[Release, ...]) -> Iterator[Config]:
    for rollback in loaded.rollback:
        for release in releases:
            yield replace(
                loaded.config,
                rollback=rollback,
                app_release=release,
                bootloader_release=loaded.bootloader_release or release,
            )


def _case(loaded: Loaded, config: Config, searcher: "_Searcher | None") -> Case:
    answer = explain(loaded.cells, config, loaded.efuse_bits)
    found = None if searcher is None else searcher.find(config, answer)
    return Case(config, answer, found)


@dataclass(frozen=True, slots=True)
class _Way:
    """A way that was found."""

    scope: Scope
    start: Start
    trace: Trace
    cuts: int


class _Searcher:
    """Searches for histories, each only once, as long as there is time."""

    def __init__(self, loaded: Loaded, deadline: float) -> None:
        self._loaded = loaded
        self._deadline = deadline
        self._known: dict[Target, HistoryFound] = {}
        self._is_complete = True

    def find(self, config: Config, answer: Answer) -> HistoryFound:
        """Return how a device gets to what is stored, or why that is not known."""
        loaded = self._loaded
        table, _ = bootloader_table(loaded.cells, config)
        target = target_of(loaded.cells, table, answer, config, loaded.efuse_bits, loaded.knows_images)
        if isinstance(target, str):
            return HistoryFound(verdict=f"not searched for: {target}")
        if target not in self._known:
            slots = sorted((p for p in table if p.is_ota_slot), key=lambda p: p.slot)
            self._known[target] = self._search(target, tuple(p.label for p in slots), answer)
        return self._known[target]

    def _search(self, target: Target, names: tuple[str, ...], answer: Answer) -> HistoryFound:
        self._is_complete = True
        for usage in Usage:
            way = self._way(target, usage, FaultModel.F0)
            if way is None and (way := self._way(target, usage, FaultModel.F3)) is not None:
                # It takes more than F0: how much more?
                weaker = (self._way(target, usage, faults) for faults in (FaultModel.F1, FaultModel.F2))
                way = next((found for found in weaker if found is not None), way)
            if way is not None:
                return self._found(way, names, answer)
        if not self._is_complete:
            return HistoryFound(verdict="none found in the time and memory given; there may be one (--seconds)")
        return HistoryFound(
            verdict="no history of this model leads here: written by another tool, or a fault beyond F3"
        )

    def _way(self, target: Target, usage: Usage, faults: FaultModel) -> _Way | None:
        """Return the way with the fewest cuts, of those from any start."""
        scope = replace(target.scope, usage=usage, faults=faults)
        steps = stepper(scope)
        best: _Way | None = None
        for start in STARTS:
            first = start_state(steps, start)
            if first is None or (best is not None and best.cuts == 0):
                continue
            left = self._deadline - time.monotonic()
            if left <= 0:
                self._is_complete = False
                break
            found = reach(scope, matcher(steps, target), first, seconds=left)
            self._is_complete &= found.is_complete
            if found.trace is not None and (best is None or found.cuts < best.cuts):
                best = _Way(scope, start, found.trace, found.cuts)
        return best

    def _found(self, way: _Way, names: tuple[str, ...], answer: Answer) -> HistoryFound:
        actions = way.trace.actions
        sentences = tell(way.scope, way.start, actions, names)
        played = play_way(way.scope, way.start, actions)
        is_proper = way.scope.usage is Usage.PROPER
        if way.cuts:
            plural = "s" if way.cuts > 1 else ""
            misuse = "" if is_proper else ", and calls out of order"
            verdict = f"takes {way.cuts} power cut{plural} ({way.scope.faults.name}){misuse}"
        elif not actions:
            verdict = "as it leaves the factory, before its first power-on"
        else:
            verdict = (
                "takes no fault (a fault may leave the same)" if is_proper else "takes no fault, but calls out of order"
            )
        wanted = None if answer.entries is None else tuple(reading.raw for reading in answer.entries)
        is_alike = played.entries is None or played.entries == wanted
        note = "" if is_alike else "the entries of the replay read the same, but differ in some bytes"
        return HistoryFound(verdict, sentences, way.cuts, played.token, played.divergence, note)
