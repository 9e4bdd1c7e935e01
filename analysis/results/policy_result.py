"""What a project's policy makes of the violations that `check` has found."""

from collections.abc import Mapping
from dataclasses import dataclass

from ...model.fault_model import FaultModel
from ...project.check_policy import CheckPolicy, FailOn


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptedViolation:
    """A violation that the project lives with."""

    claim: str
    """Its id."""
    reason: str
    """Why, in the project's words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedPolicy:
    """The violations, as the policy sorts them."""

    file: str | None
    """The policy file; null where the command line alone says what to do."""
    fail_on: str
    """violated, new or never."""
    accepted: tuple[AcceptedViolation, ...]
    """Violated, and accepted."""
    known: tuple[str, ...]
    """Violated, not accepted, and in the baseline with a fault model that is no stronger."""
    new: tuple[str, ...]
    """Violated, and neither accepted nor known."""
    needless: tuple[str, ...]
    """Accepted or in the baseline, and not violated."""
    failing: tuple[str, ...]
    """Violated, and what the command fails on."""

    def excuse(self, claim: str) -> str:
        """Return why a violation of a claim does not count; "" where it does."""
        if claim in self.failing:
            return ""
        reason = next((item.reason for item in self.accepted if item.claim == claim), None)
        if reason is not None:
            return f"accepted: {reason}"
        return "known: it is in the baseline" if claim in self.known else "the policy fails on no violation"


def checked_policy(policy: CheckPolicy, file: str | None, violated: Mapping[str, FaultModel]) -> CheckedPolicy:
    """Sort violations; violated: by the id of a claim, the weakest fault model that breaks it."""
    others = [claim for claim in violated if claim not in policy.accepted]
    known = tuple(claim for claim in others if _is_known(policy, claim, violated[claim]))
    new = tuple(claim for claim in others if claim not in known)
    failing = {FailOn.VIOLATED: tuple(others), FailOn.NEW: new, FailOn.NEVER: ()}[policy.fail_on]
    return CheckedPolicy(
        file=file,
        fail_on=policy.fail_on.value,
        accepted=tuple(
            AcceptedViolation(claim=claim, reason=policy.accepted[claim])
            for claim in violated
            if claim in policy.accepted
        ),
        known=known,
        new=new,
        needless=tuple(claim for claim in {**policy.accepted, **policy.baseline} if claim not in violated),
        failing=failing,
    )


def _is_known(policy: CheckPolicy, claim: str, weakest: FaultModel) -> bool:
    """Tell whether the baseline has a violation; one that a weaker fault brings about now is another."""
    before = policy.baseline.get(claim)
    return before is not None and before <= weakest
