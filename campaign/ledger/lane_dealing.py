"""Plays what a campaign has left: deals its lanes to an executor, and adds what comes back to its file.

The executor is one of concurrent.futures: a pool of processes, or a cluster that has one. Each lane has one piece of
work under way at a time, as its next piece begins where that ends. Several processes of one machine can play one file:
each takes lanes that no other one has.
"""

import os
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass

from ...errors import InputError
from ..fuzz.findings import DIVERGENCE
from ..workers import WorkerDied
from .lane_work import SPAN, LaneResult, LaneWork, play_lane
from .ledger import Ledger

_TICK = 0.5
"""Seconds after which a limit is looked at, whatever comes back."""


@dataclass(slots=True)
class CampaignRun:
    """One process's part in a campaign."""

    ledger: Ledger
    ahead: int
    """Pieces of work that are under way at most."""
    seconds: float | None = None
    """When to stop."""
    ended_by: str = ""
    """What ended it too soon, if anything did: a divergence does, as nothing that comes after it can be relied on."""
    is_shared: bool = False
    """Another process has lanes of the same file."""

    def run(self, executor: Executor, watch: Callable[[], None] = lambda: None) -> None:
        """Play until all runs are made, or the time is over; an interrupt ends it, and what was added stays."""
        with self._lanes() as lanes:
            try:
                self._deal(executor, lanes, watch)
            except KeyboardInterrupt:
                self.ended_by = "interrupted"
            except (WorkerDied, BrokenProcessPool):
                self.ended_by = str(WorkerDied())

    @property
    def is_complete(self) -> bool:
        """All runs of the shard are made."""
        return not _unfinished(self.ledger)

    @contextmanager
    def _lanes(self) -> Iterator[dict[int, int]]:
        """Take the unfinished lanes that nobody has: how many blocks each has."""
        process = f"{socket.gethostname()} {os.getpid()}"
        left = _unfinished(self.ledger)
        gone = [name for name in self.ledger.owners() if name == process or not _is_alive(name)]
        taken = self.ledger.take(left, process, gone)
        self.is_shared = len(taken) < len(left)
        # What another process added before it let go counts.
        now = self.ledger.blocks()
        try:
            yield {lane: now[lane] for lane in taken}
        finally:
            self.ledger.release(process)

    def _deal(self, executor: Executor, lanes: dict[int, int], watch: Callable[[], None]) -> None:
        began = time.monotonic()
        pending: dict[Future[LaneResult], LaneWork] = {}
        waiting = sorted(lanes, key=lambda lane: (lanes[lane], lane))
        watch()
        while True:
            is_over = bool(self.ended_by) or (self.seconds is not None and time.monotonic() - began >= self.seconds)
            while waiting and len(pending) < self.ahead and not is_over:
                work = self._next(waiting.pop(0), lanes)
                if work is not None:
                    pending[executor.submit(play_lane, work)] = work
            if not pending:
                return
            done, _ = wait(pending, timeout=_TICK, return_when=FIRST_COMPLETED)
            for future in done:
                work = pending.pop(future)
                result = self._result(future)
                self.ledger.add(work, result)
                if any(found.claim_id == DIVERGENCE for found in result.found):
                    self.ended_by = "board and model diverge, which is a bug in otaproof"
                lanes[work.lane] += work.blocks
                waiting.append(work.lane)
            watch()

    def _result(self, future: Future[LaneResult]) -> LaneResult:
        try:
            return future.result()
        except InputError as error:
            raise InputError(f"{self.ledger.path}: a campaign that is damaged: {error}") from None

    def _next(self, lane: int, lanes: dict[int, int]) -> LaneWork | None:
        left = self.ledger.plan.blocks(lane, self.ledger.runs) - lanes[lane]
        if left <= 0:
            return None
        is_steered = self.ledger.plan.is_steered
        seen, kept = (self.ledger.seen_in(lane), self.ledger.kept_in(lane)) if is_steered else ({}, ())
        return LaneWork(self.ledger.plan, lane, lanes[lane], min(left, SPAN), seen, kept)


def _unfinished(ledger: Ledger) -> list[int]:
    return [lane for lane, blocks in ledger.blocks().items() if blocks < ledger.plan.blocks(lane, ledger.runs)]


def _is_alive(process: str) -> bool:
    """Tell whether a process may be there: of another machine that is not known."""
    host, _, number = process.rpartition(" ")
    if host != socket.gethostname() or not number.isdecimal():
        return True
    try:
        os.kill(int(number), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
