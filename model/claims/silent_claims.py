"""Where a claim of this project says nothing: what the device, its usage or what is allowed would have to be."""

from collections.abc import Iterator

from ..device.state import Scope, Usage
from .claims import Claim
from .state_claims import DEVICE_CLAIMS, DeviceClaim


def readings_of(told: Claim) -> tuple[DeviceClaim, ...]:
    """Return what a claim is in the device model; empty for one that is not a fact of states."""
    return tuple(item for item in DEVICE_CLAIMS if item.claim.id == told.id)


def usages_of(told: Claim) -> tuple[Usage, ...]:
    """Return the usages of which a claim says something."""
    return tuple(usage for usage in Usage if all(usage in item.usages for item in readings_of(told)))


def unmet_needs(told: Claim, scope: Scope, *, of_any_build: bool = False) -> tuple[str, ...]:
    """Return what a claim needs that a scope has not, in words; empty where it says something of the scope.

    of_any_build: its options may be others."""
    return (*(() if of_any_build else _of_build(told, scope)), *_of_use(told, scope))


def _of_build(told: Claim, scope: Scope) -> Iterator[str]:
    if told.needs_anti_rollback and not scope.config.anti_rollback:
        yield "anti-rollback"
    elif not told.applies_to(scope.config):
        yield "rollback" if not scope.config.rollback else "an image that does not accept itself as it starts"


def _of_use(told: Claim, scope: Scope) -> Iterator[str]:
    if scope.usage not in usages_of(told):
        yield f"usage {' or '.join(usage.value for usage in usages_of(told))}"
    for item in readings_of(told):
        yield from sorted(f"{needed.value} to be allowed" for needed in item.needs - scope.allows)
