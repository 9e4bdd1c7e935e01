"""The monitor of histories and the device model judge alike: random histories, step by step, in lock step.

The one goes by what the board does and remembers facts of its own, the other by its state and its ghost variables.
"""

from random import Random

import pytest

from otaproof.campaign.fuzz.generator import Drawer, Worlds, draw_history, draw_scope
from otaproof.campaign.history.claim_monitor import ClaimMonitor
from otaproof.campaign.history.player import Player
from otaproof.campaign.lockstep.divergence import OutOfModel
from otaproof.campaign.lockstep.lockstep import Lockstep
from otaproof.model.claims.state_claims import DEVICE_CLAIMS
from otaproof.model.config import Selector
from otaproof.model.device.state import Usage
from otaproof.model.fault_model import FaultModel

BEFORE_IT_HAPPENS = {"C3", "C8", "C21"}
"""These are about what a step does; the model says so where the step can be taken, the board once it was."""
IDS = {known.claim.id for known in DEVICE_CLAIMS}


def judged(seed: int, worlds: Worlds) -> list[tuple[set[str], set[str]]]:
    """Return, for each step of a random history, the claims that the model and the board call broken."""
    config, scope = draw_scope(Random(f"scope {seed}"), worlds)
    random = Random(f"history {seed}")
    history = draw_history(random, config, scope)
    lockstep, monitor = Lockstep(history, scope), ClaimMonitor(Player(history.dut))
    found: list[tuple[set[str], set[str]]] = []
    try:
        for step in Drawer(random, lockstep).steps():
            by_model = lockstep.step(step)
            by_board = {broken.claim_id for broken in monitor.play(step)[1]}
            found.append((set(by_model), by_board & IDS))
    except OutOfModel:
        pass
    return found


@pytest.mark.parametrize("usage", [Usage.RESTART_AT_ONCE, Usage.ANY], ids=lambda usage: usage.value)
@pytest.mark.parametrize("faults", [FaultModel.F1, FaultModel.F3], ids=lambda faults: faults.name)
def test_monitor_and_model_judge_alike(usage: Usage, faults: FaultModel) -> None:
    """The same claims, at the same step."""
    assert judged_alike(25, Worlds(usage=usage, faults=faults))


def test_monitor_and_model_judge_alike_by_turns() -> None:
    """In any order of calls, also of a deep sleep without validation."""
    assert {"C21"} <= judged_alike(20, Worlds(usage=Usage.ANY, faults=FaultModel.F3, selector=Selector.BY_TURNS))


def judged_alike(seeds: int, worlds: Worlds) -> set[str]:
    """Return the claims that so many histories break, with model and board at one."""
    seen: set[str] = set()
    for seed in range(seeds):
        told: set[str] = set()
        for by_model, by_board in judged(seed, worlds):
            told |= by_model
            assert by_model - BEFORE_IT_HAPPENS == by_board - BEFORE_IT_HAPPENS
            assert by_board <= told
            seen |= by_board
    return seen
