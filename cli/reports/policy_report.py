"""How a check prints what the project's policy makes of the violations."""

from ...analysis.results.policy_result import CheckedPolicy
from .report_page import ReportPage

_FAILS_ON = {
    "violated": "each violation that is not accepted",
    "new": "each violation that is neither accepted nor in the baseline",
    "never": "no violation",
}


def print_policy(page: ReportPage, policy: CheckedPolicy) -> None:
    """Print it; what counts for the exit code comes last."""
    page.title(f"Policy{'' if policy.file is None else f' of {policy.file}'}: fails on {_FAILS_ON[policy.fail_on]}")
    for item in policy.accepted:
        page.item(f"{item.claim:4}", f"accepted: {item.reason}")
    for claim in policy.known:
        page.item(f"{claim:4}", "known: it is in the baseline")
    for claim in policy.new:
        page.item(f"{claim:4}", "not accepted" if policy.fail_on == "violated" else "new: it is not in the baseline")
    for claim in policy.needless:
        page.item(f"{claim:4}", "not violated: what the policy says of it is not needed")
    counted = {"violated": (*policy.known, *policy.new), "new": policy.new, "never": ()}[policy.fail_on]
    text, style = (f"fails: {', '.join(counted)}", "bold red") if policy.fails else ("passes", "bold green")
    page.line(text, indent=0, style=style)
