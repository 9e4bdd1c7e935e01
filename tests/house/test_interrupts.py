"""What the thread that hears of a signal does, whatever the process is at."""

import sys
import weakref
from types import ModuleType

import pytest

from otaproof import interrupts


class Context:
    """Stands for that of z3."""

    def __init__(self) -> None:
        """Have something to interrupt."""
        self.ctx = object()
        self.interrupted = 0

    def interrupt(self) -> None:
        """Count it."""
        self.interrupted += 1


def test_z3_that_is_half_imported_has_nothing_to_interrupt(monkeypatch: pytest.MonkeyPatch) -> None:
    """The signal came within the import; it is raised after it."""
    monkeypatch.setitem(sys.modules, "z3.z3", ModuleType("z3.z3"))
    interrupts._interrupt_z3()


def test_contexts_are_interrupted_beside_proxies_of_what_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Such a proxy raises when it is asked for its class."""
    module = ModuleType("z3.z3")
    module.Context = Context  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "z3.z3", module)
    context, gone = Context(), Context()
    proxy = weakref.proxy(gone)
    del gone
    with pytest.raises(ReferenceError):
        isinstance(proxy, Context)
    interrupts._interrupt_z3()
    assert 1 == context.interrupted
    assert proxy is not None
