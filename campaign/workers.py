"""Work dealt out to processes: results in the order of what was given, and no waiting for a process that is gone.

An interrupt is for the process that deals out the work; its workers go on until they are ended. When that process
dies, so do they; when one of them dies, WorkerDied says so.
"""

import multiprocessing
import os
import signal
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack, contextmanager
from multiprocessing import connection
from threading import Thread
from typing import ParamSpec, TypeVar

_Given = TypeVar("_Given")
_Made = TypeVar("_Made")
_P = ParamSpec("_P")
INTERRUPTED = "interrupted"
"""What an interrupt has ended."""
AHEAD = 4
"""Things that are given out for each process before the first of them is back."""


class WorkerDied(Exception):
    """A process ended before its work was done."""

    def __init__(self) -> None:
        """Say so, and what it may have been."""
        super().__init__("a worker process ended before its work was done: killed, or out of memory")


def dealt(
    executor: Executor, function: Callable[[_Given], _Made], given: Iterable[_Given], ahead: int | None = None
) -> Iterator[_Made]:
    """Yield what the function makes of each thing on an executor, in their order.

    ahead: things that are given out before the first of them is back; None: all, as fast as they are found."""
    waiting: deque[Future[_Made]] = deque()
    for item in given:
        waiting.append(executor.submit(function, item))
        if len(waiting) == ahead:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()


def dealt_and_kept(executor: Executor, function: Callable[[_Given], _Made], given: Iterable[_Given]) -> Iterator[_Made]:
    """Yield the same; on an interrupt what was made of later things is yielded before it is raised."""
    waiting: deque[Future[_Made]] = deque()
    try:
        for item in given:
            waiting.append(executor.submit(function, item))
        while waiting:
            # It is taken away once it is made: an interrupt comes while it is waited for.
            made = waiting[0].result()
            waiting.popleft()
            yield made
    except KeyboardInterrupt:
        for future in waiting:
            future.cancel()
        yield from [future.result() for future in waiting if future.done() and _is_made(future)]
        raise


def in_processes(function: Callable[[_Given], _Made], given: Iterable[_Given], jobs: int) -> Iterator[_Made]:
    """Yield what the function makes of each thing, in their order; a process takes one after the other.

    given: may go on for ever. Raises WorkerDied."""
    with _ended_pool(jobs) as pool:
        yield from dealt(pool, function, given, AHEAD * jobs)


def in_lanes(
    function: Callable[[_Given], _Made], given: Iterable[Sequence[_Given]], jobs: int, ahead: int
) -> Generator[list[_Made], None, None]:
    """Yield what the function makes of rows of so many things as there are processes, in their order.

    The n-th thing of each row goes to the n-th process, which so keeps what it has learned of those before. ahead: rows
    that are given out before the first of them is back. Raises WorkerDied."""
    with ExitStack() as stack:
        pools = [stack.enter_context(_ended_pool(1)) for _ in range(jobs)]
        waiting: deque[list[Future[_Made]]] = deque()
        for row in given:
            waiting.append([pool.submit(function, item) for pool, item in zip(pools, row, strict=True)])
            if len(waiting) == ahead:
                yield [future.result() for future in waiting.popleft()]
        while waiting:
            yield [future.result() for future in waiting.popleft()]


def mapped(function: Callable[[_Given], _Made], given: Iterable[_Given], jobs: int) -> Iterator[_Made]:
    """Yield what the function makes of each thing: in this process for one job, else in so many. Raises WorkerDied."""
    return map(function, given) if jobs == 1 else in_processes(function, given, jobs)


@contextmanager
def executor_of(jobs: int) -> Iterator[Executor]:
    """Give an executor for so many processes: for one job this process does the work, when it is given out.

    Raises WorkerDied; then, and at the end, the processes are ended."""
    if jobs == 1:
        yield _ThisProcess()
        return
    with _ended_pool(jobs) as pool:
        yield pool


@contextmanager
def _ended_pool(jobs: int) -> Iterator[Executor]:
    with _Processes(jobs, multiprocessing.get_context("spawn"), _begin) as pool:
        try:
            yield pool
        except BrokenProcessPool:
            raise WorkerDied from None
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
            _end_all()


def in_fresh_processes(function: Callable[[_Given], _Made], given: Iterable[_Given], jobs: int) -> Iterator[_Made]:
    """Yield the same, each thing in a process of its own, which takes its memory along.

    Where a process dies, or an interrupt comes, all others end at once, and what was made of later things is yielded
    before it is raised. Raises WorkerDied."""
    with ThreadPoolExecutor(jobs) as threads:
        futures: list[Future[_Made]] = []
        waiting: deque[Future[_Made]] = deque()
        try:
            # The first are made while the next are still being found.
            for item in given:
                futures.append(threads.submit(_in_one, function, item))
            pending, waiting = set(futures), deque(futures)
            while waiting:
                while not waiting[0].done():
                    done, pending = wait(pending, return_when=FIRST_COMPLETED)
                    _check_alive(done)
                yield waiting.popleft().result()
        except (BrokenProcessPool, KeyboardInterrupt) as error:
            _end_work(threads, futures)
            yield from [future.result() for future in waiting if _is_made(future)]
            if isinstance(error, KeyboardInterrupt):
                raise
            raise WorkerDied from None
        finally:
            _end_work(threads, futures)


def _in_one(function: Callable[[_Given], _Made], item: _Given) -> _Made:
    with _Processes(1, multiprocessing.get_context("spawn"), _begin) as pool:
        return pool.submit(function, item).result()


class _Processes(ProcessPoolExecutor):
    """Processes that are born deaf to SIGINT, which would end them with a traceback."""

    def submit(self, fn: Callable[_P, _Made], /, *args: _P.args, **kwargs: _P.kwargs) -> Future[_Made]:
        if not hasattr(signal, "pthread_sigmask"):
            return super().submit(fn, *args, **kwargs)
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            return super().submit(fn, *args, **kwargs)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)


class _ThisProcess(Executor):
    """Does all work in this process, at once."""

    def submit(self, fn: Callable[_P, _Made], /, *args: _P.args, **kwargs: _P.kwargs) -> Future[_Made]:
        future: Future[_Made] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future


def _check_alive(done: Iterable[Future[_Made]]) -> None:
    for future in done:
        error = future.exception()
        if isinstance(error, BrokenProcessPool):
            raise error


def _is_made(future: Future[_Made]) -> bool:
    return not future.cancelled() and future.exception() is None


def _end_work(threads: ThreadPoolExecutor, futures: Iterable[Future[_Made]]) -> None:
    """End all processes, those that a thread is about to start as well."""
    threads.shutdown(wait=False, cancel_futures=True)
    while True:
        _end_all()
        if all(future.done() for future in futures):
            return
        time.sleep(0.01)


def _begin() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    connection.wait([parent.sentinel])
    os._exit(1)


def _end_all() -> None:
    for child in multiprocessing.active_children():
        child.terminate()
