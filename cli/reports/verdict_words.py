"""How a verdict reads, the same in every report."""

_STYLES = {
    "proved": "green",
    "holds": "green",
    "refuted": "bold red",
    "violated": "bold red",
    "not applicable": "dim",
}
VACUOUS = "vacuous?"
"""What is proved, and may hold for nothing."""
VACUOUS_NOTE = f"{VACUOUS}: a short search did not meet what the claim speaks of, so it may hold for nothing."
_WORDS = {"bounded": "holds (bounded)", "unknown": "inconclusive"}


def verdict_words(verdict: str, *details: str) -> str:
    """Return a verdict of a result in words, with its details in parentheses."""
    told = ", ".join(detail for detail in details if detail)
    return f"{_WORDS.get(verdict, verdict)}{f' ({told})' if told else ''}"


def depth_words(depth: int | None, is_shortest: bool | None = True) -> str:
    """Return the length of a trace in words; empty where there is none."""
    return "" if depth is None else f"{'' if is_shortest else '≤ '}{depth} steps"


def verdict_style(verdict: str) -> str:
    """Return the style that a verdict is printed in."""
    return _STYLES.get(verdict, "yellow")
