"""Random histories under a remedy: the application keeps to it, board and model agree, what it mends holds."""

from collections import Counter
from random import Random

import pytest

from otaproof.campaign.fuzz.findings import DIVERGENCE, run
from otaproof.campaign.fuzz.generator import Drawer, Worlds, draw_history, draw_scope
from otaproof.campaign.history.step import StepName
from otaproof.campaign.lockstep.divergence import OutOfModel
from otaproof.campaign.lockstep.lockstep import Lockstep
from otaproof.model.config import Release
from otaproof.model.device.state import Usage
from otaproof.model.fault_model import FaultModel
from otaproof.model.remedies import Remedy

RUNS = 30


def worlds(*remedies: Remedy, usage: Usage = Usage.DOCUMENTED, rollback: bool = True) -> Worlds:
    """Return devices of two slots on 5.1 whose application keeps to these remedies."""
    return Worlds(
        slots=2,
        has_factory=False,
        rollback=rollback,
        anti_rollback=False,
        app_version=Release.V5_1.point,
        bootloader_version=Release.V5_1.point,
        faults=FaultModel.F1,
        usage=usage,
        remedies=frozenset(remedies),
    )


def drawn(asked: Worlds) -> Counter[StepName]:
    """Return how often each step is drawn in some histories; board and model agree on all of them."""
    counts: Counter[StepName] = Counter()
    for index in range(RUNS):
        random = Random(index)
        config, scope = draw_scope(random, asked)
        lockstep = Lockstep(draw_history(random, config, scope), scope)
        for step in Drawer(random, lockstep).steps():
            lockstep.step(step)
            counts[step.name] += 1
    return counts


@pytest.mark.parametrize("usage", [Usage.DOCUMENTED, Usage.ANY])
def test_no_rollback_is_drawn_where_none_is_to_be_made(usage: Usage) -> None:
    """Nor with calls in any order; without the remedy some are."""
    assert 0 == drawn(worlds(Remedy.NEVER_ROLLBACK, usage=usage))[StepName.ROLLBACK]
    assert 3 < drawn(worlds(usage=usage))[StepName.ROLLBACK]


def test_no_accept_is_drawn_without_rollback() -> None:
    """Upgrades go on all the same."""
    counts = drawn(worlds(Remedy.ACCEPT_ON_TRIAL, rollback=False))
    assert 0 == counts[StepName.ACCEPT] < counts[StepName.COMPLETE]
    assert 0 < drawn(worlds(rollback=False))[StepName.ACCEPT]


def test_last_image_is_erased_before_an_upgrade() -> None:
    """Which documented usage does not do; further upgrades are begun."""
    counts = drawn(worlds(Remedy.ERASE_LAST_BOOT, Remedy.RESTART_AT_ONCE))
    assert 3 < counts[StepName.ERASE_LAST_BOOT]
    assert RUNS < counts[StepName.COMMENCE]
    assert 0 == drawn(worlds(Remedy.RESTART_AT_ONCE))[StepName.ERASE_LAST_BOOT]


def test_patched_bootloader_is_not_on_the_board() -> None:
    """So board and model are not compared."""
    with pytest.raises(OutOfModel, match="note-in-place is another"):
        draw_scope(Random(1), worlds(Remedy.NOTE_IN_PLACE))


def test_nothing_but_the_lost_try_is_found_with_both_remedies() -> None:
    """C4 and C17 are the claims that they do not mend; without them there are more, and there is no divergence."""
    asked = worlds(Remedy.ERASE_LAST_BOOT, Remedy.RESTART_AT_ONCE)
    found = {finding.claim_id for index in range(120) for finding in run(1, index, asked).findings}
    assert found <= {"C4", "C17"}
    plain = {finding.claim_id for index in range(120) for finding in run(1, index, worlds()).findings}
    assert {"C6", "C10"} <= plain
    assert DIVERGENCE not in plain
