"""What a question asserts, as terms of the model: what each encoder of it reads.

smtlib.py writes the question as SMT-LIB text, certificates/ as clauses. They share these few lines, and no code.
"""

from dataclasses import dataclass

from ...model.device.model import DeviceModel, Field
from ...model.terms.terms import Bool


@dataclass(frozen=True, slots=True)
class SomeHold:
    """At least one of the facts holds, each of its own state."""

    facts: tuple[tuple[Bool, int], ...]
    """Fact, and the number of the state of which it is said."""


@dataclass(frozen=True, slots=True)
class Starts:
    """State number 0 is one in which a history starts."""


@dataclass(frozen=True, slots=True)
class Steps:
    """An action leads from a state to the next one."""

    at: int
    """Number of the state."""
    action: str | None = None
    """Name of the action; None for any action of the model."""


Assertion = SomeHold | Starts | Steps


@dataclass(frozen=True, slots=True)
class QuestionTerms:
    """Whether there are states of which all assertions are true."""

    model: DeviceModel
    states: int
    extra: tuple[Field, ...]
    """Fields beside those of the model, in every state."""
    assertions: tuple[Assertion, ...]

    def __reduce__(self) -> tuple[type[None], tuple[()]]:
        """Become None in another process: equal terms are one object only where they were made."""
        return type(None), ()
