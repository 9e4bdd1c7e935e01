"""The configurations that ESP-IDF's options allow, and which of them come to one and the same model.

Releases differ in a few rules, and a rule that a configuration never asks for makes no difference. Terms that say the
same are one object, so two models are compared by the terms of their actions: the prover decides equal ones once.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from ...model.config import Config, Release, Selector, SkipValidation
from ...model.device.allowance import Allowance
from ...model.device.model import device_model
from ...model.device.release_class import model_terms
from ...model.device.state import Ghost, Scope, Usage, why_left_out
from ...model.fault_model import FaultModel
from ..explicit.explorer import claims_of
from .proof_reuse import FEWEST

SLOT_COUNTS = range(2, 17)
"""OTA slots of a device that can be upgraded."""


@dataclass(frozen=True, slots=True)
class Family:
    """Scopes that differ in the number of slots alone, and the releases that come to the same models."""

    scope: Scope
    """With the fewest slots, and the oldest of the releases."""
    releases: tuple[Release, ...]


def families(
    faults: FaultModel,
    usages: tuple[Usage, ...],
    versions: int,
    allows: frozenset[Allowance] = frozenset(),
    skips: frozenset[SkipValidation] = frozenset(),
    selector: Selector = Selector.ESP_IDF,
) -> Iterator[Family]:
    """Yield all families, those with the most work first; none of builds that the model leaves out.

    skips: when the bootloader skips validation. Each configuration takes a second to compare."""
    for has_rollback, has_anti_rollback in ((True, True), (True, False), (False, False)):
        config = Config(rollback=has_rollback, anti_rollback=has_anti_rollback, selector=selector).skipping(skips)
        for usage in () if why_left_out(config, allows) else usages:
            for has_factory in (False, True):
                plain = Scope(
                    config,
                    SLOT_COUNTS[0],
                    has_factory,
                    faults,
                    usage,
                    versions,
                    allows=allows,
                )
                yield from _families(plain)


def with_release(scope: Scope, release: Release) -> Scope:
    """Return the scope with bootloader and application of that release."""
    return replace(scope, config=replace(scope.config, app_release=release, bootloader_release=release))


def shape(scope: Scope) -> tuple[object, ...]:
    """Return what two models have in common exactly if they are the same: fields, actions, claims."""
    model = device_model(replace(scope, ghosts=frozenset(Ghost)))
    claims = tuple((claim.claim.id, id(claim.kept_in(model))) for claim in claims_of(scope))
    return (*model_terms(scope), claims)


def _families(plain: Scope) -> Iterator[Family]:
    """Yield the families of one configuration; releases are compared with two slots and with three (reuse.FEWEST)."""
    by_shape: dict[tuple[object, ...], list[Release]] = {}
    for release in Release:
        scopes = (with_release(replace(plain, slots=slots), release) for slots in (SLOT_COUNTS[0], FEWEST))
        by_shape.setdefault(tuple(map(shape, scopes)), []).append(release)
    for releases in by_shape.values():
        yield Family(with_release(plain, releases[0]), tuple(releases))
