"""Random histories under a remedy: the application keeps to it, board and model agree, what it mends holds."""

from collections import Counter
from dataclasses import replace
from random import Random

import pytest

from otaproof.campaign.fuzz.findings import DIVERGENCE, run
from otaproof.campaign.fuzz.generator import Drawer, Worlds, draw_history, draw_scope
from otaproof.campaign.history.step import StepName
from otaproof.campaign.lockstep.lockstep import Lockstep
from otaproof.impl.app import esp_ota_select
from otaproof.impl.otadata import SelectEntry, decode_entry
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


@pytest.mark.parametrize("usage", [Usage.DOCUMENTED, Usage.ANY])
def test_patched_bootloader_notes_a_try_as_the_model_has_it(usage: Usage) -> None:
    """Cut or not, in every order of calls."""
    asked = worlds(Remedy.NOTE_IN_PLACE, usage=usage)
    assert 100 < drawn(asked)[StepName.RESET]
    found = {finding.claim_id for index in range(60) for finding in run(1, index, asked).findings}
    assert {"C6", "C10"} <= found
    assert not found & {DIVERGENCE, "C4", "C17"}


def test_note_that_is_left_in_the_record_of_another_try_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """An application that copies the label would have a new image on trial before it was tried."""

    def keeping(raw: bytes, notes_in_place: bool) -> SelectEntry:
        return replace(decode_entry(raw, notes_in_place), seq_label=raw[4:24])

    monkeypatch.setattr(esp_ota_select, "decode_entry", keeping)
    asked = worlds(Remedy.NOTE_IN_PLACE, usage=Usage.ANY)
    assert DIVERGENCE in {finding.claim_id for index in range(60) for finding in run(1, index, asked).findings}


def test_nothing_but_the_lost_try_is_found_with_both_remedies() -> None:
    """C4 and C17 are the claims that they do not mend; without them there are more, and there is no divergence."""
    asked = worlds(Remedy.ERASE_LAST_BOOT, Remedy.RESTART_AT_ONCE)
    found = {finding.claim_id for index in range(120) for finding in run(1, index, asked).findings}
    assert found <= {"C4", "C17"}
    plain = {finding.claim_id for index in range(120) for finding in run(1, index, worlds()).findings}
    assert {"C6", "C10"} <= plain
    assert DIVERGENCE not in plain
