"""What is known of a device like the one that is checked: any number of upgrades and cuts, used as documented."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ..campaign.device_under_test import DeviceUnderTest
from ..model.claims.state_claims import DeviceClaim
from ..model.device.remedy_steps import remedied
from ..model.device.scope_text import scope_title
from ..model.device.state import Scope, Usage
from ..model.fault_model import FaultModel
from ..model.writers import Updater
from .shipped_verdicts import ModelVerdict, Verdicts, shipped
from .solvers import INSTALL, have_solvers


@dataclass(frozen=True, slots=True)
class Proofs:
    """The verdicts, and of what."""

    title: str
    """The device model in a line."""
    verdicts: Verdicts
    is_shipped: bool
    """They came with otaproof; otherwise they were decided here."""


def prove_for(world: DeviceUnderTest, faults: FaultModel, decides: bool = True) -> Proofs | str:
    """Return the verdicts for the device model of a world, or why there are none.

    decides: where none are shipped they are decided here, which needs the solvers."""
    scope = scope_of_world(world, faults)
    if isinstance(scope, str):
        return scope
    known = shipped(scope)
    if known is not None:
        return Proofs(scope_title(scope), known, is_shipped=True)
    if not decides:
        return "not shipped for this configuration, and none is decided here"
    if not have_solvers():
        return f"not shipped for this configuration: {INSTALL}"
    return Proofs(scope_title(scope), decided(scope), is_shipped=False)


def scope_of_world(world: DeviceUnderTest, faults: FaultModel) -> Scope | str:
    """Return the scope of the model that a world is an instance of, or why there is none."""
    if world.config.updater is not Updater.ESP_IDF:
        return f"the device model has esp_ota_* as otaupgrade calls them, not {world.config.updates.title}"
    slots = sorted(partition.slot for partition in world.table if partition.is_ota_slot)
    if slots != list(range(len(slots))):
        return f"the OTA slots of the table have gaps: {', '.join(f'ota_{slot}' for slot in slots)}"
    if world.otadata is None:
        return "the table has no otadata partition"
    try:
        plain = Scope(
            config=replace(world.config, notes_in_place=False),
            slots=len(slots),
            has_factory=any(partition.is_factory for partition in world.table),
            faults=faults,
            usage=Usage.DOCUMENTED,
        )
        return remedied(plain, world.remedies)
    except ValueError as error:
        return str(error)


def own_verdicts(scope: Scope, own: Sequence[DeviceClaim]) -> Verdicts | str:
    """Return the verdicts on claims of the user's own, decided now; or why there are none."""
    if not have_solvers():
        return f"claims of your own are not proved: {INSTALL}"
    return decided(scope, own)


def decided(scope: Scope, own: Sequence[DeviceClaim] | None = None) -> Verdicts:
    """Return the verdicts for a scope, decided now. own: only those on claims of the user's own."""
    # The solvers are an extra: otherwise nothing that `check` imports needs them.
    from ..proofs.prover.prover import decide  # noqa: PLC0415

    found = decide(scope) if own is None else decide(scope, (), own=own)
    return {
        item.claim.id: ModelVerdict(item.verdict.value, item.depth, item.is_possibly_vacuous, item.method)
        for item in found
    }
