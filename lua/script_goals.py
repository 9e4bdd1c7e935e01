"""What a script is for: goals, judged by what a device comes to."""

from dataclasses import dataclass, replace
from enum import Enum

from ..model.config import Config
from .script_run import RestKind, ScriptOutcome
from .script_setup import ScriptSetup


class GoalId(Enum):
    """The goals of an upgrade script."""

    NEW_VERSION = "G1"
    BAD_UPDATE = "G2"


@dataclass(frozen=True, slots=True)
class ScriptGoal:
    """One goal, and the run in which it is judged."""

    id: GoalId
    title: str
    is_of_bad_update: bool
    """It is judged where the new image reaches no server."""

    def applies_to(self, config: Config) -> bool:
        """Tell whether a device of that configuration can reach it: to give an update back takes app rollback."""
        return config.rollback or not self.is_of_bad_update

    def setup(self, setup: ScriptSetup) -> ScriptSetup:
        """Return the run in which it is judged."""
        return replace(setup, offline=setup.dut.update.name) if self.is_of_bad_update else setup

    def problem(self, outcome: ScriptOutcome, update: str) -> str | None:
        """Return what keeps the goal from being reached, in words; None where it is. update: name of the new image."""
        if outcome.rest is RestKind.RESTARTS:
            return (
                f"the device restarts again and again: {outcome.boots} boots, and {outcome.running or 'nothing'} last"
            )
        if outcome.rest in (RestKind.NOTHING_BOOTS, RestKind.HUNG):
            return f"{outcome.rest.value}, after {outcome.boots} boots"
        runs, later = outcome.image == update, outcome.next_image == update
        where = outcome.running or "nothing"
        if self.is_of_bad_update:
            return f"the bad update stays: {where} runs it, and it reaches no server" if runs else None
        if not runs:
            return f"the device ends on {where} with {outcome.image or 'no whole image'}, not on the new version"
        state = outcome.state or "no state"
        back = f"{outcome.next_running or 'nothing'} with {outcome.next_image or 'no whole image'}"
        return None if later else f"{where} runs the new version, {state}; the next power-on starts {back}"

    def mend(self, outcome: ScriptOutcome, update: str) -> str:
        """Return what a script does about a problem."""
        if outcome.rest is RestKind.RESTARTS:
            return "compare the version before commence(), and count in a file how often one was tried"
        if outcome.rest in (RestKind.NOTHING_BOOTS, RestKind.HUNG):
            return "none that a script could do: the device does not start it"
        if self.is_of_bad_update:
            return "call accept() only once the server was reached; until then a timer calls rollback()"
        if outcome.image == update:
            return "call accept() in the new image, once it has shown that it works"
        return "try again after a restart: “aborted” is also what a power failure leaves of a good image"

    def is_undecided(self, outcome: ScriptOutcome) -> bool:
        """Tell whether the run ended too soon to judge it."""
        return outcome.rest is RestKind.EFFORT_SPENT


GOALS = (
    ScriptGoal(GoalId.NEW_VERSION, "Wherever the power fails, the device ends on the new version, for good.", False),
    ScriptGoal(
        GoalId.BAD_UPDATE,
        "Wherever the power fails, a new version that reaches no server is given back, and no loop follows.",
        True,
    ),
)
