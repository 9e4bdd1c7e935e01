"""How a check prints what the project's policy makes of the violations."""

from ...analysis.results.policy_result import CheckedPolicy
from .report_page import ReportPage

FAILS_ON = {
    "violated": "each violation that is not accepted",
    "new": "each violation that is neither accepted nor in the baseline",
    "never": "no violation",
}


def print_policy(page: ReportPage, policy: CheckedPolicy) -> None:
    """Print it; what counts for the exit code comes last."""
    page.title(f"Policy{'' if policy.file is None else f' of {policy.file}'}: fails on {FAILS_ON[policy.fail_on]}")
    for claim in (*(item.claim for item in policy.accepted), *policy.known, *policy.new):
        page.item(f"{claim:4}", policy.excuse(claim) or _counts(policy))
    for claim in policy.needless:
        page.item(f"{claim:4}", "not violated: what the policy says of it is not needed")
    text, style = (f"fails: {', '.join(policy.failing)}", "bold red") if policy.failing else ("passes", "bold green")
    page.line(text, indent=0, style=style)


def _counts(policy: CheckedPolicy) -> str:
    return "not accepted" if policy.fail_on == "violated" else "new: it is not in the baseline"
