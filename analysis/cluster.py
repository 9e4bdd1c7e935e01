"""Where work is done: in this process, in a pool of processes, or on a cluster of machines.

All three are executors of concurrent.futures, and what is made does not depend on which it was.
"""

import importlib
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from typing import TypeVar

from ..campaign.workers import dealt_and_kept, executor_of, in_fresh_processes
from ..errors import InputError

_Given = TypeVar("_Given")
_Made = TypeVar("_Made")

INSTALL = "pip install 'otaproof[cluster]'"
_PATIENCE = "10 s"


@contextmanager
def any_executor(jobs: int, dask: str) -> Iterator[tuple[Executor, int]]:
    """Give what does the work, and how many pieces of it to have under way.

    jobs: processes of this machine. dask: address of a Dask scheduler, whose workers do it instead. Raises
    InputError."""
    if not dask:
        with executor_of(jobs) as executor:
            yield executor, 1 if jobs == 1 else 2 * jobs
        return
    with dask_executor(dask) as (executor, workers):
        yield executor, 2 * workers


def in_fresh_processes_or_on_dask(
    function: Callable[[_Given], _Made], given: Iterable[_Given], jobs: int, dask: str
) -> Iterator[_Made]:
    """Yield what the function makes of each thing, in their order; here each in a process of its own.

    The workers of a cluster have to have one thread each: solvers are not made for several. Raises InputError and
    WorkerDied."""
    if not dask:
        yield from in_fresh_processes(function, given, jobs)
        return
    with dask_executor(dask, one_thread_each=True) as (executor, _):
        yield from dealt_and_kept(executor, function, given)


@contextmanager
def dask_executor(address: str, one_thread_each: bool = False) -> Iterator[tuple[Executor, int]]:
    """Give the executor of a Dask cluster, and how many threads its workers have.

    What a worker does when it dies is done anew by another one. Raises InputError where nothing answers, and where
    workers have more threads than they may."""
    try:
        distributed = importlib.import_module("distributed")
    except ModuleNotFoundError:
        raise InputError(f"--dask: needs Dask: {INSTALL}") from None
    try:
        client = distributed.Client(address, timeout=_PATIENCE, set_as_default=False)
    except (OSError, ValueError) as error:
        raise InputError(f"--dask: {address}: no Dask scheduler answers: {error}") from None
    with client:
        each = client.nthreads().values()
        threads = sum(each)
        if not threads:
            raise InputError(f"--dask: {address}: the scheduler has no workers")
        if one_thread_each and max(each) > 1:
            raise InputError(f"--dask: {address}: solvers need workers of one thread: dask worker --nthreads 1")
        yield client.get_executor(pure=False), threads
