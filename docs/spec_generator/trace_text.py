"""A trace of the device model as a list of sentences, with the names of its actions in a folded block."""

from collections.abc import Sequence

from otaproof.campaign.explain.trace_in_words import tell_trace
from otaproof.model.device.state import Scope

from .spec_page import folded_markdown, numbered

ACTIONS = "the actions of the device model"


def sentences(scope: Scope, actions: Sequence[str]) -> list[str]:
    """Return what happens in a trace that begins at the first power-on of a blank device, a sentence each."""
    return [with_capital(text) for text in tell_trace(scope, actions)]


def trace_list(scope: Scope, trace: str) -> str:
    """Return a trace as a numbered list; trace: names of actions, separated by spaces."""
    return numbered(sentences(scope, trace.split()))


def trace_block(title: str, scope: Scope, trace: str) -> str:
    """Return a folded block: a trace as a numbered list, and the names of its actions."""
    return folded_markdown(title, f"{trace_list(scope, trace)}\n\nAs {ACTIONS}: `{trace}`")


def with_capital(text: str) -> str:
    """Return a sentence that begins with a capital letter, unless it begins with a name."""
    first = text.split(" ", maxsplit=1)[0]
    is_name = any(sign in first for sign in "_(")
    return text if is_name else text[:1].upper() + text[1:]
