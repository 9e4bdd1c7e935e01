"""Claims that a campaign says nothing about: no run came to a state in which they say anything."""

from collections.abc import Iterator
from dataclasses import dataclass

from ..campaign.fuzz.findings import scope_of_block
from ..campaign.ledger.campaign_plan import ALL
from ..campaign.ledger.ledger import Ledger
from ..campaign.lockstep.coverage import claims_at_stake, premise_of
from ..model.device.state import Scope
from ..model.fault_model import MODELLED_FAULTS
from ..proofs.explicit.vacuity import premise_depth

_MOST_ASKED = 4
"""Of the drawn devices that a claim speaks of, those on which a search looks for a way to its premise."""


@dataclass(frozen=True, slots=True)
class UntriedClaim:
    """A claim whose premise no run met."""

    claim_id: str
    depth: int | None
    """Steps in which it can be met on a device that was drawn; None where a short search does not meet it either."""


def untried_claims(ledger: Ledger) -> Iterator[UntriedClaim]:
    """Yield the claims that a campaign has not tried, once all its runs are made; above F3 no model tells premises.

    A shard is a part of one, and says nothing of the whole. A claim that is violated has been tried: what locks an
    application out of upgrades (C15) does so before any premise is met."""
    plan, blocks = ledger.plan, ledger.blocks()
    is_complete = all(count >= plan.blocks(lane, ledger.runs) for lane, count in blocks.items())
    if not is_complete or ledger.shard != ALL or plan.worlds.faults not in MODELLED_FAULTS:
        return
    at_stake: dict[str, dict[Scope, None]] = {}
    for lane, count in blocks.items():
        for number in range(count):
            _, scope = scope_of_block(plan.seed, plan.block(lane, number), plan.worlds)
            for item in claims_at_stake(scope):
                at_stake.setdefault(item.claim.id, {})[scope] = None
    met, violated = ledger.covered().keys(), ledger.claims_found()
    for claim_id in sorted(at_stake, key=lambda name: int(name.removeprefix("C"))):
        if claim_id not in violated and str(premise_of(claim_id)) not in met:
            depths = (premise_depth(scope, claim_id) for scope in list(at_stake[claim_id])[:_MOST_ASKED])
            yield UntriedClaim(claim_id, min((depth for depth in depths if depth is not None), default=None))
