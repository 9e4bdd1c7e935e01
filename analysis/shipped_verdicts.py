"""The verdicts that come with otaproof, by the digest of the model that they were decided for.

A model that has changed has another digest, so no verdict outlives its model. verdict_file.py makes the file anew.
"""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from ..bounded_input import json_value
from ..errors import InputError
from ..model.claims.model_digest import model_digest
from ..model.device.state import Scope

FILE = Path(__file__).with_name("verdicts.json")


@dataclass(frozen=True, slots=True)
class ModelVerdict:
    """What is known of one claim for every history."""

    verdict: str
    """"proved", "refuted", "bounded" or "unknown"; the last is never shipped."""
    depth: int | None
    """Refuted: steps of the counterexample. Proved: k of the induction."""
    is_possibly_vacuous: bool = False
    """Proved, and a short search did not meet the premise."""
    method: str = "shipped with otaproof"
    """How it was decided."""


Verdicts = dict[str, ModelVerdict]
"""By the id of the claim; only those that apply."""


def shipped(scope: Scope) -> Verdicts | None:
    """Return the verdicts for a scope; None where none are shipped for its model."""
    return _kept().get(model_digest(scope))


@cache
def _kept() -> dict[str, Verdicts]:
    return parse(FILE.read_text(encoding="utf-8"))


def parse(text: str) -> dict[str, Verdicts]:
    """Return the verdicts by digest; the text has each set of verdicts once, with the digests that it holds for.

    Raises InputError for any other text."""
    try:
        return {
            digest: {id_: _verdict(*fields) for id_, fields in entry["claims"].items()}
            for entry in json_value(text, FILE.name)
            for digest in entry["models"]
        }
    except (AttributeError, LookupError, TypeError) as error:
        raise InputError(f"{FILE.name}: no file of verdicts ({error}); make verdicts makes it anew") from None


def _verdict(verdict: str, depth: int | None, is_possibly_vacuous: bool = False) -> ModelVerdict:
    """Return a verdict; raises TypeError for one of other types."""
    if not isinstance(verdict, str) or not isinstance(depth, int | None) or not isinstance(is_possibly_vacuous, bool):
        raise TypeError("a verdict is a text, a number, and whether it may be vacuous")
    return ModelVerdict(verdict, depth, is_possibly_vacuous)


def text_of(kept: dict[str, Verdicts]) -> str:
    """Return the text that parse() reads: a line for each set of verdicts, sorted."""
    models: dict[str, list[str]] = {}
    for digest, verdicts in sorted(kept.items()):
        claims = {id_: _fields(item) for id_, item in verdicts.items()}
        models.setdefault(json.dumps(claims), []).append(digest)
    lines = [f'{{"claims": {claims}, "models": {json.dumps(digests)}}}' for claims, digests in models.items()]
    return "[\n" + ",\n".join(sorted(lines)) + "\n]\n"


def _fields(item: ModelVerdict) -> tuple[str | int | None, ...]:
    return (item.verdict, item.depth, True) if item.is_possibly_vacuous else (item.verdict, item.depth)
