"""Which releases come to one device model, found by comparing the terms of the models themselves.

Releases differ in a few rules, and a rule that a configuration never uses makes no difference. Terms that say the same
are one object, so two models are the same exactly if their actions have identical terms. Nothing here lists releases:
a rule that comes to the model later changes the classes by itself.
"""

from collections.abc import Iterable
from dataclasses import replace
from functools import cache

from ..config import Config, Release
from ..fault_model import FaultModel
from ..remedies import Remedy
from .allowance import Allowance
from .model import Field, build_model
from .state import Ghost, Scope, Usage

ModelTerms = tuple[tuple[Field, ...], tuple[tuple[object, ...], ...]]
"""The fields of a model; by action its name, and the identity of its guard and of each of its effects."""


@cache
def model_terms(scope: Scope) -> ModelTerms:
    """Return what two models have in common exactly if they are the same, whichever ghost variables are wanted."""
    model = build_model(replace(scope, ghosts=frozenset(Ghost)))
    # By identity: a comparison of terms makes another term. Terms are never freed, so an id is not used again.
    actions = tuple(
        (action.name, id(model.guard(action)), *((name, id(term)) for name, term in model.effects[action.name].items()))
        for action in model.actions
    )
    return model.fields, actions


@cache
def representative(
    config: Config, allows: frozenset[Allowance] = frozenset(), remedies: frozenset[Remedy] = frozenset()
) -> Config:
    """Return the configuration with the releases that stand for all whose device models are the same.

    allows, remedies: of the scopes that are meant; with failing operations, more releases differ.

    Each side by itself: an older bootloader under a newer application stays apart from a newer one where that makes a
    difference. The representative of a side is the default release where that is in the class, else the oldest; of the
    bootloader, first of all that of the application.
    Raises ValueError for a configuration that the model leaves out."""
    default = Config().app_release
    config = replace(config, app_version=None, bootloader_version=None)
    plain = replace(config, app_release=default, bootloader_release=default)
    app = _first_alike(plain, allows, remedies, "app_release", config.app_release, (default, *Release))
    candidates = (app, default, *Release)
    bootloader = _first_alike(plain, allows, remedies, "bootloader_release", config.bootloader_release, candidates)
    return replace(config, app_release=app, bootloader_release=bootloader)


def _first_alike(
    plain: Config,
    allows: frozenset[Allowance],
    remedies: frozenset[Remedy],
    side: str,
    release: Release,
    candidates: Iterable[Release],
) -> Release:
    """Return the first candidate that makes the same model of a side as a release, which is one of them itself."""

    def terms(of: Release) -> ModelTerms:
        config = replace(plain, **{side: of})  # type: ignore[arg-type]  # both sides are releases
        plain_scope = Scope(config, faults=FaultModel.F0, usage=Usage.ANY, versions=2, allows=allows)
        return model_terms(replace(plain_scope, remedies=remedies))

    return next(candidate for candidate in candidates if terms(candidate) == terms(release))
