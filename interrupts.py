"""SIGINT, SIGTERM and SIGHUP are one KeyboardInterrupt, in the main thread, and it is not lost.

Three things would lose it, or what was found:

- A solver that does not return. A thread that hears of the signal at once stops z3 and bitwuzla; what does not return
  even then ends with the process, after PATIENCE.
- A `__del__`, or a function that a library calls, in which it is raised and dropped: it is raised anew.
- A second signal, as `timeout` and terminals send one, while all is tidied up: within QUIET seconds it is the same.

A signal that was ignored from the start, as nohup has it, stays so. Left out: the first hundredths of a second, in
which the interpreter itself starts, and the signal ends it.
"""

import atexit
import gc
import os
import select
import signal
import sys
import time
from contextlib import suppress
from math import inf
from threading import Thread, Timer, main_thread
from types import FrameType

SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))
QUIET = 1.0
"""Seconds in which a further signal is the same interrupt."""
PATIENCE = 1.5
"""Seconds that code which cannot be interrupted has to return."""
CODE = 3
"""Exit code of what was interrupted."""
_CALLED_BACK = frozenset({"__del__", "__set_name__", "from_param", "called_by_lua"})
"""Functions that Python, ctypes and lupa call, and whose errors they drop or turn into their own."""
_PIPE: list[int] = []
"""Once signals are taken, the end of a pipe to read from: it holds something from a signal until that is raised."""


def are_taken() -> bool:
    """Tell whether this process takes signals so: a command does, a program that imports otaproof does not."""
    return bool(_PIPE)


def is_stopping(until: float = inf) -> bool:
    """Tell whether a signal has come and is not raised yet; a solver that calls this in between ends then.

    until: the processor time of the thread, in seconds, at which it ends anyway."""
    return bool(_PIPE and select.select(_PIPE, [], [], 0)[0]) or time.thread_time() > until


def await_raised() -> None:
    """Return once no interrupt has come that is not raised yet: where one has, it is raised here.

    For what a solver says that has ended because of is_stopping(): that is no answer."""
    while is_stopping():
        time.sleep(0.01)


class Interrupts:
    """How a process takes signals, from `begin` to `end`."""

    def __init__(self) -> None:
        """Prepare; nothing changes yet."""
        self._raised_at = float("-inf")
        self._is_over = False

    def begin(self) -> None:
        """Take the signals; for the main thread."""
        read, write = os.pipe()
        os.set_blocking(read, False)
        os.set_blocking(write, False)
        _PIPE[:] = [read]
        signal.set_wakeup_fd(write, warn_on_full_buffer=False)
        Thread(target=_watch, args=(read,), daemon=True).start()
        sys.unraisablehook = self._raise_anew
        # First in, last out: while the interpreter is taken down, which has no handlers, a signal changes nothing.
        atexit.register(_ignore_signals)
        for number in SIGNALS:
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, self._raise)

    def end(self) -> None:
        """Raise nothing from here on: what is left is the end of the interpreter."""
        self._is_over = True
        # CPython 3.11 ends a process as SIGINT would where the last exec() of a text raised KeyboardInterrupt, be it
        # caught or not; dataclasses make their methods by exec(). This one raises nothing.
        exec("")

    def _raise(self, number: int, frame: FrameType | None) -> None:
        if self._is_over:
            return
        if _would_be_lost(frame):
            _raise_soon()
            return
        with suppress(BlockingIOError):
            os.read(_PIPE[0], 1 << 16)
        now = time.monotonic()
        if now - self._raised_at >= QUIET:
            self._raised_at = now
            raise KeyboardInterrupt

    def _raise_anew(self, dropped: "sys.UnraisableHookArgs") -> None:
        """Have an interrupt raised elsewhere that was raised where Python ignores it."""
        if dropped.exc_type is KeyboardInterrupt and not self._is_over:
            self._raised_at = float("-inf")
            _raise_soon()
        elif self._raised_at == float("-inf"):
            # After an interrupt, it is of what was only half made.
            sys.__unraisablehook__(dropped)


def _would_be_lost(frame: FrameType | None) -> bool:
    """Tell whether what is raised there goes to code of a library that drops it, or makes another error of it."""
    while frame is not None:
        if frame.f_code is is_stopping.__code__ or frame.f_code.co_name in _CALLED_BACK:
            return True
        frame = frame.f_back
    return False


def _raise_soon() -> None:
    """Send the main thread a signal in a moment, as it may wait in a call of the system by then."""
    number = next(number for number in reversed(SIGNALS) if signal.getsignal(number) is not signal.SIG_IGN)
    soon = Timer(0.01, signal.pthread_kill, (main_thread().ident, number))
    soon.daemon = True
    soon.start()


def _watch(read: int) -> None:
    """Have signals raised that do not get through; end the process where that fails."""
    while True:
        select.select([read], [], [])
        limit = time.monotonic() + PATIENCE
        while is_stopping():
            if time.monotonic() > limit:
                os.write(2, b"otaproof: interrupted\n")
                os._exit(CODE)
            _interrupt_z3()
            time.sleep(0.05)


def _ignore_signals() -> None:
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)


def _interrupt_z3() -> None:
    """Have every question end that z3 is at; a context of its own serves most of them."""
    # A module that is half imported has no Context yet.
    kind = getattr(sys.modules.get("z3.z3"), "Context", None)
    if kind is None:
        return
    for context in gc.get_objects():
        # By type(), as isinstance() asks the object, and a weak proxy raises once its object is gone. One that is half
        # made, or half gone, has no ctx.
        if issubclass(type(context), kind) and getattr(context, "ctx", None) is not None:
            context.interrupt()
