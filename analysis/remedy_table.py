"""Which remedies make which claims hold, by the digest of the model without them. remedy_file.py makes the table.

A model that has changed has another digest, so no row outlives its model. What ships is documented usage under F1.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from ..bounded_input import json_value
from ..errors import InputError
from ..model.claims.model_digest import model_digest
from ..model.config import Config, Release
from ..model.device.state import Scope, Usage
from ..model.remedies import Remedy

FILE = Path(__file__).with_name("remedies.json")

USUAL_SLOTS = 2

RemedySet = tuple[Remedy, ...]
"""Remedies that are on together, in the order of their table."""


@dataclass(frozen=True, slots=True)
class RemedyRow:
    """One configuration."""

    scope: Scope
    """Documented usage, without remedies."""
    releases: tuple[str, ...]
    """Those that come to the same model, oldest first."""
    tried: RemedySet
    """The remedies of which sets were made."""
    mends: Mapping[str, tuple[RemedySet, ...]]
    """By id of a claim that is violated, the smallest sets with which it is proved; none where nothing mends it."""
    best: Mapping[RemedySet, tuple[str, ...]]
    """The smallest sets that mend all that disciplines of the application can mend, then the same with the patches; by
    set, the claims that are not proved with it."""
    unmet: Mapping[RemedySet, tuple[str, ...]]
    """By set, claims that it mends with a premise that a short search did not reach; they may hold for nothing."""
    breaks: Mapping[RemedySet, tuple[str, ...]]
    """By set, the claims that hold without it and are violated with it; sets that break none are not in it."""
    models: Mapping[RemedySet, str]
    """By set, the digest of the model that was decided; without remedies, the empty set."""


@lru_cache(maxsize=64)
def remedies_for(scope: Scope) -> RemedyRow | None:
    """Return the row of a scope, whatever remedies are on in it; None where none ships for it."""
    if scope.usage is Usage.ANY:
        return None
    return _by_digest().get(model_digest(replace(scope, usage=Usage.DOCUMENTED, remedies=frozenset())))


def rows() -> tuple[RemedyRow, ...]:
    """Return the rows of two slots without a factory partition, in the order of the file: one for every release."""
    return tuple(row for row in all_rows() if row.scope.slots == USUAL_SLOTS and not row.scope.has_factory)


def all_rows() -> tuple[RemedyRow, ...]:
    """Return every row, in the order of the file."""
    return _kept()


@cache
def _kept() -> tuple[RemedyRow, ...]:
    return parse(FILE.read_text(encoding="utf-8"))


@cache
def _by_digest() -> dict[str, RemedyRow]:
    return {row.models[()]: row for row in _kept()}


def parse(text: str) -> tuple[RemedyRow, ...]:
    """Return the rows of a text; raises InputError for any other."""
    try:
        return tuple(map(_row, json_value(text, FILE.name)))
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        raise InputError(f"{FILE.name}: no table of remedies ({error}); make remedies makes it anew") from None


def _row(entry: Any) -> RemedyRow:
    return RemedyRow(
        scope=documented(Release.named(entry["idf"]), entry["rollback"], entry["slots"], entry["factory"]),
        releases=tuple(entry["releases"]),
        tried=_set(entry["tried"]),
        mends={id_: tuple(map(_set, sets)) for id_, sets in entry["mends"].items()},
        best={_named(names): tuple(ids) for names, ids in entry["best"].items()},
        unmet={_named(names): tuple(ids) for names, ids in entry["unmet"].items()},
        breaks={_named(names): tuple(ids) for names, ids in entry["breaks"].items()},
        models={_named(names): digest for names, digest in entry["models"].items()},
    )


def documented(release: Release, rollback: bool, slots: int = USUAL_SLOTS, has_factory: bool = False) -> Scope:
    """Return a device that is used as documented."""
    config = Config(rollback=rollback, app_release=release, bootloader_release=release)
    return Scope(config, slots, has_factory, usage=Usage.DOCUMENTED)


def text_of(kept: Sequence[RemedyRow]) -> str:
    """Return the text that parse() reads."""
    entries = [
        {
            "idf": row.scope.config.app_release.label,
            "rollback": row.scope.config.rollback,
            "slots": row.scope.slots,
            "factory": row.scope.has_factory,
            "releases": row.releases,
            "tried": _names(row.tried),
            "mends": {id_: list(map(_names, sets)) for id_, sets in row.mends.items()},
            "best": {"+".join(_names(on)): ids for on, ids in row.best.items()},
            "unmet": {"+".join(_names(on)): ids for on, ids in row.unmet.items()},
            "breaks": {"+".join(_names(on)): ids for on, ids in row.breaks.items()},
            "models": {"+".join(_names(on)): digest for on, digest in row.models.items()},
        }
        for row in kept
    ]
    return json.dumps(entries, indent=1) + "\n"


def _names(on: RemedySet) -> list[str]:
    return [remedy.value for remedy in on]


def _set(names: Sequence[str]) -> RemedySet:
    return tuple(map(Remedy, names))


def _named(text: str) -> RemedySet:
    return _set(text.split("+") if text else ())
