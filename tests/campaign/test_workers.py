"""Work in processes: the order of results, and what happens when a process, or the one that deals out, is gone."""

import importlib
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future, wait
from itertools import count
from pathlib import Path
from types import ModuleType
from typing import Any, NoReturn

import pytest

from otaproof.campaign import workers
from otaproof.campaign.workers import WorkerDied, dealt_and_kept, in_fresh_processes, in_processes

Dealer = Callable[[Callable[[int], int], Iterable[int], int], Iterator[int]]
BOTH = pytest.mark.parametrize("dealt", [in_processes, in_fresh_processes])


WORK = """
import os, signal, time

def square(number):
    time.sleep(0.2 if number == 0 else 0)
    return number * number

def die_at_three(number):
    if number == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return number

def fail(number):
    raise ValueError(f"{number} is refused")

def process(number):
    return os.getpid()

def die_beside_another(number):
    if number == 1:
        return number
    time.sleep(0 if number else 3600)
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """Return a module that a new process can import, too."""
    (tmp_path / "work_of_test_workers.py").write_text(WORK)
    monkeypatch.syspath_prepend(tmp_path)
    yield importlib.import_module("work_of_test_workers")
    del sys.modules["work_of_test_workers"]


@BOTH
def test_results_come_in_the_order_of_what_was_given(dealt: Dealer, work: ModuleType) -> None:
    """Also where the first takes longest."""
    assert list(dealt(work.square, range(7), 2)) == [0, 1, 4, 9, 16, 25, 36]


@BOTH
def test_process_that_is_killed_ends_the_work(dealt: Dealer, work: ModuleType) -> None:
    """It is told, and nobody waits for ever."""
    with pytest.raises(WorkerDied, match="killed, or out of memory"):
        list(dealt(work.die_at_three, range(8), 2))


def test_process_that_is_killed_is_seen_beside_one_that_works(work: ModuleType) -> None:
    """The first thing would take an hour; what was made of the second is not lost, and the fourth is not begun."""
    results = in_fresh_processes(work.die_beside_another, range(4), 2)
    assert 1 == next(results)
    with pytest.raises(WorkerDied):
        next(results)


def test_interrupt_keeps_what_waits_for_its_turn(work: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """It comes while the first thing is under way, and the second is done."""

    def interrupted(*given: Any, **more: Any) -> NoReturn:
        wait(*given, **more)
        raise KeyboardInterrupt

    monkeypatch.setattr(workers, "wait", interrupted)
    results = in_fresh_processes(work.die_beside_another, range(2), 2)
    assert 1 == next(results)
    with pytest.raises(KeyboardInterrupt):
        next(results)


class _OneWaits(Executor):
    """Does all work at once, but for the first thing, during which an interrupt comes."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> "Future[Any]":
        """Do it."""
        future: Future[Any] = Future() if args[0] else _Interrupted()
        if args[0]:
            future.set_result(fn(*args, **kwargs))
        return future


class _Interrupted(Future[Any]):
    def result(self, timeout: float | None = None) -> NoReturn:
        raise KeyboardInterrupt


def test_interrupt_keeps_what_any_executor_has_made() -> None:
    """Of a cluster as of processes: what is behind the thing that was waited for is yielded first."""
    results = dealt_and_kept(_OneWaits(), abs, [0, -1, -2])
    assert [1, 2] == [next(results), next(results)]
    with pytest.raises(KeyboardInterrupt):
        next(results)


@BOTH
def test_error_of_a_process_is_that_of_the_caller(dealt: Dealer, work: ModuleType) -> None:
    """Type and text."""
    with pytest.raises(ValueError, match="0 is refused"):
        list(dealt(work.fail, range(3), 2))


def test_processes_are_kept_or_fresh(work: ModuleType) -> None:
    """As their names say."""
    assert len(set(in_processes(work.process, range(6), 1))) == 1
    assert len(set(in_fresh_processes(work.process, range(3), 1))) == 3


def test_what_is_given_may_go_on_for_ever(work: ModuleType) -> None:
    """It is taken as it is needed."""
    results = in_processes(work.square, count(), 2)
    assert [next(results) for _ in range(12)] == [number * number for number in range(12)]
    results.close()  # type: ignore[attr-defined]  # it is a generator


def test_workers_end_with_the_process_that_deals_out(tmp_path: Path) -> None:
    """None is left over when that is killed."""
    script = tmp_path / "dealer.py"
    script.write_text(
        "import os, time\n"
        "from otaproof.campaign.workers import in_processes\n"
        "def work(number):\n"
        "    print(os.getpid(), flush=True)\n"
        "    time.sleep(60)\n"
        "if __name__ == '__main__':\n"
        "    list(in_processes(work, range(1), 1))\n"
    )
    with subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, text=True) as dealer:
        assert dealer.stdout is not None
        worker = int(dealer.stdout.readline())
        dealer.kill()
        # The worker holds the other end: this ends when it does.
        assert dealer.stdout.read() == ""
    assert not _is_running(worker)


def _is_running(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"
