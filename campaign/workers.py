"""Work dealt out to processes: results in the order of what was given, and no waiting for a process that is gone.

An interrupt is for the process that deals out the work; its workers go on until they are ended. When that process
dies, so do they; when one of them dies, WorkerDied says so.
"""

import multiprocessing
import os
import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from multiprocessing import connection
from threading import Thread
from typing import TypeVar

_Given = TypeVar("_Given")
_Made = TypeVar("_Made")
AHEAD = 4
"""Things that are given out for each process before the first of them is back."""


class WorkerDied(Exception):
    """A process ended before its work was done."""

    def __init__(self) -> None:
        """Say so, and what it may have been."""
        super().__init__("a worker process ended before its work was done: killed, or out of memory")


def in_processes(function: Callable[[_Given], _Made], given: Iterable[_Given], jobs: int) -> Iterator[_Made]:
    """Yield what the function makes of each thing, in their order; a process takes one after the other.

    given: may go on for ever. Raises WorkerDied."""
    waiting: deque[Future[_Made]] = deque()
    with ProcessPoolExecutor(jobs, multiprocessing.get_context("spawn"), _begin) as pool:
        try:
            for item in given:
                waiting.append(pool.submit(function, item))
                if len(waiting) == AHEAD * jobs:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        except BrokenProcessPool:
            raise WorkerDied from None
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
            _end_all()


def in_fresh_processes(function: Callable[[_Given], _Made], given: Iterable[_Given], jobs: int) -> Iterator[_Made]:
    """Yield the same, each thing in a process of its own, which takes its memory along. Raises WorkerDied."""
    with ThreadPoolExecutor(jobs) as threads:
        try:
            yield from threads.map(partial(_in_one, function), given)
        except BrokenProcessPool:
            raise WorkerDied from None
        finally:
            threads.shutdown(wait=False, cancel_futures=True)
            _end_all()


def _in_one(function: Callable[[_Given], _Made], item: _Given) -> _Made:
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn"), _begin) as pool:
        return pool.submit(function, item).result()


def _begin() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    connection.wait([parent.sentinel])
    os._exit(1)


def _end_all() -> None:
    for child in multiprocessing.active_children():
        child.terminate()
