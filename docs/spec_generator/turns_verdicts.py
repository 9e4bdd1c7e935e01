"""The table of claims that a search of all states finds violated: ESP-IDF's code, and otadata by turns."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from otaproof.model.claims.claims import CLAIMS
from otaproof.model.config import Release, Selector
from otaproof.model.device.state import Usage
from otaproof.model.fault_model import FaultModel
from otaproof.proofs.explicit.explorer import claims_of, explore, with_ghosts_of

from .spec_page import table
from .spec_scopes import BUILDS, USAGES, Build, SpecScope

_PART = re.compile(r"(<!-- verdicts: table -->\n\n).*?(\n\n<!-- end of verdicts -->)", re.DOTALL)
_BUILDS = (*BUILDS, Build("anti-factory", "anti-rollback, factory", True, True, True))
"""Those of the claims page, and one for which that has no verdicts."""
_RELEASE = Release.V6_1


def with_turns_verdicts(page: str, kept: Mapping[str, Any]) -> str:
    """Return a page with the table up to date; one without it as it is. kept: the verdicts of the claims page."""
    return _PART.sub(lambda match: f"{match[1]}{verdicts_table(kept)}{match[2]}", page)


def verdicts_table(kept: Mapping[str, Any]) -> str:
    """Return the table: a row for each build, a column for each usage."""
    columns = [f"{name}, {usage.value}" for usage in USAGES for name in (_RELEASE.label, "by turns")]
    rows = [
        [build.title, *(cell for usage in USAGES for cell in _pair(kept, build, usage)), _by_turns(build, Usage.ANY)]
        for build in _BUILDS
    ]
    return table(["two slots", *columns, f"by turns, {Usage.ANY.value}"], rows)


def _pair(kept: Mapping[str, Any], build: Build, usage: Usage) -> tuple[str, str]:
    found = kept.get(SpecScope(build, _RELEASE, usage).id)
    if found is None:
        return "–", _by_turns(build, usage)
    # Of by turns, only what a search of all states decides is told.
    violated = [id_ for id_, item in found["claims"].items() if item["verdict"] == "violated" and id_ != "C9"]
    return _told(violated), _by_turns(build, usage)


def _by_turns(build: Build, usage: Usage) -> str:
    scope = SpecScope(build, _RELEASE, usage).scope(FaultModel.F3)
    scope = replace(scope, config=replace(scope.config, selector=Selector.BY_TURNS))
    claims = claims_of(scope)
    search = explore(with_ghosts_of(scope, claims), claims)
    assert search.is_complete
    return _told(search.violations)


def _told(ids: Iterable[str]) -> str:
    known = set(ids)
    return ", ".join(claim.id for claim in CLAIMS if claim.id in known) or "none"
