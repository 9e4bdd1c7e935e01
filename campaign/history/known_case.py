"""One thing that ESP-IDF, or NodeMCU's module, does not keep: a history for a set of release rules, and how it ends."""

from collections.abc import Callable
from dataclasses import dataclass

from ...errors import InputError
from ...model.config import Release
from ...model.fault_model import FaultModel
from .history import History
from .history_replay import is_confirmed, replay_history
from .history_token import HistoryToken
from .player import StepOutcome


@dataclass(frozen=True, slots=True)
class KnownCase:
    """One thing that ESP-IDF, or NodeMCU's module, does not keep."""

    name: str
    title: str
    """One sentence: what happens."""
    facts: tuple[str, ...]
    claim_id: str | None
    """The claim that is broken; None where no claim speaks of it."""
    since: Release
    """The oldest release rules under which it happens."""
    until: Release | None
    """The newest ones; None when it happens to this day."""
    outcome: StepOutcome
    """How the last step of the history ends."""
    running: str | None
    """What runs then."""
    make: Callable[[Release], History]
    """The history, under the rules of a release."""

    @property
    def history(self) -> History:
        """The history under the oldest rules under which it happens."""
        return self.make(self.since)

    @property
    def fault(self) -> FaultModel:
        """The smallest fault model that admits its cuts; F0 also where there are none."""
        return self.history.weakest_model

    @property
    def cuts(self) -> int:
        """How many power cuts it takes."""
        return sum(step.cut is not None for step in self.history.steps)

    def token(self, release: Release | None = None) -> HistoryToken:
        """Return its token under the rules of a release, of the oldest unless one is given."""
        history = self.history if release is None else self.make(release)
        return HistoryToken(self.name, self.outcome, self.running, history)

    def happens_under(self, release: Release) -> bool:
        """Play it, and tell whether the board confirms it."""
        token = self.token(release)
        try:
            return is_confirmed(token, replay_history(token.history), self.claim_id)
        except InputError:
            return False
