"""How a device came to hold what it holds: the search for a shortest history, and its replay."""

import time
from collections.abc import Iterable
from dataclasses import dataclass, replace

from ..campaign.explain.endings_of_life import WriterKind
from ..campaign.explain.entries import NEAR_TOP
from ..campaign.explain.explanation import Answer, bootloader_table, explain
from ..campaign.explain.history_target import STARTS, Start, Target, matcher, play_trace, start_state, target_of, tell
from ..campaign.explain.ordinary_histories import ordinary_history
from ..impl.otadata import is_crc_right
from ..impl.partitions.partition import MAX_OTA_SLOTS
from ..model.config import Config
from ..model.device.search import Trace
from ..model.device.state import Scope, Usage
from ..model.device.stepper import stepper
from ..model.fault_model import FaultModel
from ..model.writers import Updater
from ..project.flash_dump import Loaded
from ..project.resolve import UPDATER
from ..proofs.explicit.fewest_cuts import reach

_IN_ORDER = (Usage.RESTART_AT_ONCE, Usage.DOCUMENTED)
_LIKELY_CUTS = tuple((usage, faults) for usage in _IN_ORDER for faults in (FaultModel.F0, FaultModel.F2))
_OTHER_CUTS = (
    *((Usage.ANY, faults) for faults in (FaultModel.F0, FaultModel.F2)),
    *((usage, FaultModel.F3) for usage in (*_IN_ORDER, Usage.ANY)),
)
"""The other histories with cuts that are searched: single bits that a cut leaves come last, as they may make a stray
number."""
_BY = {
    WriterKind.TOOL: "cable or tool",
    WriterKind.BROKEN_TOOL: "cable or tool",
    WriterKind.SYSTEM: "another system",
}

FARTHEST = 2 * 100_000 * MAX_OTA_SLOTS
"""The farthest number that updates reach: flash endures some 100,000 erases of a sector, otadata has two, and an update
raises the number by no more than there are slots."""


@dataclass(frozen=True, slots=True)
class HistoryFound:
    """How a device came to what it holds."""

    verdict: str
    """In a few words: what it takes, or that nothing was found."""
    sentences: tuple[str, ...] = ()
    cuts: int = 0
    token: str | None = None
    why_no_token: str | None = None
    """The board goes another way than the model: a bug in one of them."""
    note: str = ""
    """In what the replay differs from the device."""
    is_by_others: bool = False
    """A tool or another system has written, which remedies of the application do not reach."""
    names: tuple[str, ...] = ()
    """Labels of the slots, by their numbers; the replay calls them ota_0, ota_1, …"""


@dataclass(frozen=True, slots=True)
class Case:
    """What holds under one configuration."""

    config: Config
    answer: Answer
    history: HistoryFound | None
    """None where none was searched for."""


@dataclass(frozen=True, slots=True)
class _FoundTrace:
    """A trace that was found, and where it starts."""

    scope: Scope
    start: Start
    trace: Trace
    cuts: int


def explain_cases(loaded: Loaded, seconds: float | None) -> list[Case]:
    """Return what a flash comes to under each of its configurations.

    seconds: time for the search for histories; None: none is searched for."""
    search = None if seconds is None else HistorySearch(loaded, time.monotonic() + seconds)
    cases = []
    for config in loaded.configs():
        answer = explain(loaded.cells, config, loaded.efuse_bits)
        cases.append(Case(config, answer, None if search is None else search.find(config, answer)))
    return cases


class HistorySearch:
    """Searches for histories, each only once, as long as there is time."""

    def __init__(self, loaded: Loaded, deadline: float) -> None:
        """Search for the histories of a flash until `deadline`, in seconds of time.monotonic()."""
        self._loaded = loaded
        self._deadline = deadline
        self._is_of_esp_idf = any(value.name == UPDATER for value in loaded.settings)
        """An image, its project or the user names the library that brings updates: it is no application of another
        system."""
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
            self._known[target] = self._search(target, config, tuple(p.label for p in slots), answer)
        return self._known[target]

    def _search(self, target: Target, config: Config, names: tuple[str, ...], answer: Answer) -> HistoryFound:
        """Return the most ordinary history: without a fault by the library of the application, then by cable or tool,
        then with power cuts, by a cable that breaks off, by another system, and then with calls out of order or
        stray bits."""
        self._is_complete = True
        is_library = config.updater is not Updater.ESP_IDF
        found = self._ordinary(target, config, names, answer, WriterKind.LIBRARY) if is_library else None
        for usage in _IN_ORDER if found is None else ():
            way = self._way(target, usage, FaultModel.F0, most_cuts=0)
            if way is not None:
                return self._found(way, names, answer)
        return (
            found
            or self._ordinary(target, config, names, answer, WriterKind.TOOL)
            or self._with_cuts(target, names, answer, _LIKELY_CUTS)
            or self._ordinary(target, config, names, answer, WriterKind.BROKEN_TOOL)
            or self._by_another_system(target, config, names, answer)
            or self._with_cuts(target, names, answer, _OTHER_CUTS)
            or self._none_found()
        )

    def _by_another_system(
        self, target: Target, config: Config, names: tuple[str, ...], answer: Answer
    ) -> HistoryFound | None:
        return None if self._is_of_esp_idf else self._ordinary(target, config, names, answer, WriterKind.SYSTEM)

    def _ordinary(
        self, target: Target, config: Config, names: tuple[str, ...], answer: Answer, kind: WriterKind
    ) -> HistoryFound | None:
        ordinary = ordinary_history(target, config, names, kind)
        if ordinary is None:
            return None
        how = "" if ordinary.writer is None else f", by {_BY[kind]}: {ordinary.writer.name}"
        needs = _cuts_needed(ordinary.cuts, FaultModel.F0) if ordinary.cuts else "reachable without a fault"
        verdict = f"{_far_number(answer)}{needs}{how}"
        note = _difference(ordinary.entries, answer)
        is_by_others = ordinary.writer is not None and kind is not WriterKind.LIBRARY
        return HistoryFound(verdict, ordinary.sentences, ordinary.cuts, ordinary.token, None, note, is_by_others, names)

    def _with_cuts(
        self, target: Target, names: tuple[str, ...], answer: Answer, cases: Iterable[tuple[Usage, FaultModel]]
    ) -> HistoryFound | None:
        for usage, faults in cases:
            way = self._way(target, usage, faults)
            if way is not None and faults is FaultModel.F2:
                # It takes more than F0: is F1 enough?
                way = self._way(target, usage, FaultModel.F1) or way
            if way is not None:
                return self._found(way, names, answer)
        return None

    def _none_found(self) -> HistoryFound:
        if not self._is_complete:
            return HistoryFound(verdict="none found in the time and memory given; there may be one (--seconds)")
        return HistoryFound(
            verdict="no history of this model leads here: written by another tool, or a fault beyond F3"
        )

    def _way(
        self, target: Target, usage: Usage, faults: FaultModel, most_cuts: int | None = None
    ) -> _FoundTrace | None:
        """Return the trace with the fewest cuts, of those from any start."""
        scope = replace(target.scope, usage=usage, faults=faults)
        steps = stepper(scope)
        best: _FoundTrace | None = None
        for start in STARTS:
            first = start_state(steps, start)
            if first is None or (best is not None and best.cuts == 0):
                continue
            left = self._deadline - time.monotonic()
            if left <= 0:
                self._is_complete = False
                break
            found = reach(scope, matcher(steps, target), first, seconds=left, most_cuts=most_cuts)
            self._is_complete &= found.is_complete
            if found.trace is not None and (best is None or found.cuts < best.cuts):
                best = _FoundTrace(scope, start, found.trace, found.cuts)
        return best

    def _found(self, way: _FoundTrace, names: tuple[str, ...], answer: Answer) -> HistoryFound:
        actions = way.trace.actions
        sentences = tell(way.scope, way.start, actions, names)
        played = play_trace(way.scope, way.start, actions)
        is_in_order = way.scope.usage is not Usage.ANY
        if way.cuts:
            misuse = "" if is_in_order else ", and calls out of order"
            verdict = f"{_cuts_needed(way.cuts, way.scope.faults)}{misuse}"
        elif not actions:
            verdict = "as it leaves the factory, before its first power-on"
        else:
            verdict = "reachable without a fault" + ("" if is_in_order else ", by calls out of order")
        note = _difference(played.entries, answer)
        if way.scope.config.updater is not Updater.ESP_IDF:
            note = (
                f"not replayed: the model has {way.scope.config.updates.title} at the level of what lies in flash, and "
                "tells it by the calls of otaupgrade"
            )
        verdict = f"{_far_number(answer)}{verdict}"
        return HistoryFound(verdict, sentences, way.cuts, played.token, played.divergence, note, names=names)


def _cuts_needed(cuts: int, faults: FaultModel) -> str:
    return f"takes {cuts} power cut{'s' if cuts > 1 else ''} ({faults.name})"


def _difference(replayed: tuple[bytes, bytes] | None, answer: Answer) -> str:
    """Say that a replay leaves other entries than the device has; empty where it leaves the same."""
    wanted = None if answer.entries is None else tuple(reading.raw for reading in answer.entries)
    return "" if replayed in (None, wanted) else "the entries of the replay read the same, but differ in some bytes"


def _far_number(answer: Answer) -> str:
    """Say which number no updates reach, and what has left it; empty where there is none.

    The model only ranks numbers, so it has a history for those as well."""
    entries = [reading.entry for reading in answer.entries or ()]
    far = [entry.ota_seq for entry in entries if is_crc_right(entry) and FARTHEST < entry.ota_seq < NEAR_TOP]
    if not far:
        return ""
    return f"number {max(far):,}, which no updates reach, is of a power cut (F3) or a tool; apart from that "
