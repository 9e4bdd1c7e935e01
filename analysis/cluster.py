"""Executors of clusters: many machines that do what a pool of processes does on one."""

import importlib
from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager

from ..errors import InputError

INSTALL = "pip install 'otaproof[cluster]'"
_PATIENCE = "10 s"


@contextmanager
def dask_executor(address: str) -> Iterator[tuple[Executor, int]]:
    """Give the executor of a Dask cluster, and how many threads its workers have.

    What a worker does when it dies is done anew by another one. Raises InputError where nothing answers."""
    try:
        distributed = importlib.import_module("distributed")
    except ModuleNotFoundError:
        raise InputError(f"--dask: needs Dask: {INSTALL}") from None
    try:
        client = distributed.Client(address, timeout=_PATIENCE, set_as_default=False)
    except (OSError, ValueError) as error:
        raise InputError(f"--dask: {address}: no Dask scheduler answers: {error}") from None
    with client:
        threads = sum(client.nthreads().values())
        if not threads:
            raise InputError(f"--dask: {address}: the scheduler has no workers")
        yield client.get_executor(pure=False), threads
