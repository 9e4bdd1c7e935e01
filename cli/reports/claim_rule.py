"""A claim as a rule of SARIF: its sentence, and as help what `otaproof claim` prints of it."""

from io import StringIO
from typing import Any

from rich.console import Console

from ...analysis.results.claim_result import claim_page
from ...model.claims.claims import Claim
from ...model.claims.severity import CONSEQUENCES
from .claim_report import print_claim

_WIDTH = 100


def claim_rule(claim: Claim) -> dict[str, Any]:
    """Return the rule."""
    harm = CONSEQUENCES[claim.id]
    text = _help_text(claim)
    return {
        "id": claim.id,
        "name": claim.name,
        "shortDescription": {"text": claim.title},
        "fullDescription": {"text": f"{claim.title} Violated: {harm.severity.value}. {harm.why}"},
        "help": {"text": text, "markdown": f"```text\n{text}```\n"},
        "defaultConfiguration": {"level": "error"},
        "properties": {"tags": ["ota", "esp-idf"], "severity": harm.severity.value},
    }


def _help_text(claim: Claim) -> str:
    page = StringIO()
    print_claim(Console(file=page, width=_WIDTH, markup=False, highlight=False, emoji=False), claim_page(claim.id))
    return page.getvalue()
