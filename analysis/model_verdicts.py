"""What is proved of a device like the one that is checked: any number of upgrades and cuts, used as documented."""

from dataclasses import dataclass

from ..campaign.device_under_test import DeviceUnderTest
from ..model.device.scope_text import scope_title
from ..model.device.state import Scope, Usage
from ..model.fault_model import FaultModel
from ..proofs.prover.decision import Decision, Effort
from ..proofs.prover.prover import decide


@dataclass(frozen=True, slots=True)
class Proofs:
    """The verdicts, and of what."""

    title: str
    """The device model in a line."""
    decisions: dict[str, Decision]
    """By the id of the claim."""


def prove_for(world: DeviceUnderTest, faults: FaultModel) -> Proofs | str:
    """Return what is proved of the device model of a world, or why there is none."""
    slots = sorted(partition.slot for partition in world.table if partition.is_ota_slot)
    if slots != list(range(len(slots))):
        return f"the OTA slots of the table have gaps: {', '.join(f'ota_{slot}' for slot in slots)}"
    if world.otadata is None:
        return "the table has no otadata partition"
    try:
        scope = Scope(
            config=world.config,
            slots=len(slots),
            has_factory=any(partition.is_factory for partition in world.table),
            faults=faults,
            usage=Usage.PROPER,
        )
    except ValueError as error:
        return str(error)
    found = decide(scope, effort=Effort(premises=False))
    return Proofs(scope_title(scope), {decision.claim.id: decision for decision in found})


def proof_text(proofs: Proofs, claim_id: str) -> str:
    """Return the verdict on a claim in a word or two."""
    decision = proofs.decisions.get(claim_id)
    if decision is None:
        return ""
    if decision.actions:
        return f"{decision.verdict.value}, {len(decision.actions)} steps"
    return decision.verdict.value


def proof_json(proofs: Proofs, claim_id: str) -> dict[str, object] | None:
    """Return the verdict on a claim as JSON; None where none was asked for."""
    decision = proofs.decisions.get(claim_id)
    if decision is None:
        return None
    return {"verdict": decision.verdict.value, "method": decision.method, "depth": decision.depth}
