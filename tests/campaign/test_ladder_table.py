"""The page of the ladder: its table is what sweeps find, and its examples are confirmed."""

import re
from itertools import product

import pytest

from otaproof.campaign.history.history_replay import is_confirmed, replay_history
from otaproof.campaign.history.history_token import decode_history_token
from otaproof.campaign.upgrade.claim_results import claim_results
from otaproof.campaign.upgrade.future_oracle import FutureOracle
from otaproof.campaign.upgrade.script import Scenario, first_step_of_interest, script_of
from otaproof.campaign.upgrade.sweep import sweep
from otaproof.campaign.upgrade.uncut_run import play_script
from otaproof.model.claims.left_out import LEFT_OUT
from otaproof.model.config import Release
from otaproof.model.fault_model import FaultModel
from otaproof.model.remedies import Remedy
from places import ROOT
from worlds import small_world

PAGE = (ROOT / "docs" / "spec" / "faults.md").read_text(encoding="utf-8")
REMEDIES = frozenset({Remedy.NOTE_IN_PLACE, Remedy.ERASE_LAST_BOOT})
COLUMNS = list(product((Release.V5_1, Release.V6_1), (frozenset(), REMEDIES)))


def column(number: int) -> dict[str, str]:
    """Return a column of the table: what it says of each claim."""
    table = PAGE.split("<!-- ladder:")[1].split("<!-- end of ladder -->")[0]
    rows = re.findall(r"^\| \[(C\d+)\]\(\S+\) \| (.*) \|$", table, re.MULTILINE)
    return {claim: cells.split(" | ")[number] for claim, cells in rows}


@pytest.mark.slow
@pytest.mark.parametrize("number", range(len(COLUMNS)))
def test_table_is_what_sweeps_find(number: int) -> None:
    """The weakest fault model that breaks each claim, of a small device with rollback on."""
    release, remedies = COLUMNS[number]
    world = small_world(release, rollback=True).keeping_to(remedies)
    sweeps = {}
    for scenario in Scenario:
        run = play_script(world, script_of(scenario, world))
        first = first_step_of_interest(scenario, world)
        sweeps[scenario.value] = sweep(world, run, FutureOracle(world), FaultModel.F5, 0, first)
    found = {result.claim.id: result.shortest for result in claim_results(world, sweeps)}
    told = column(number)
    assert {claim for claim, shortest in found.items() if shortest is not None} <= told.keys()
    assert told == {
        claim: "holds" if (shortest := found[claim]) is None else shortest.weakest_fault.name for claim in told
    }


@pytest.mark.parametrize("text", re.findall(r"otaproof replay (oth1\.\S+?)</pre>", PAGE))
def test_example_is_confirmed(text: str) -> None:
    """The board ends as the token says, and breaks the claim that it names, which needs F4 or F5."""
    token = decode_history_token(text)
    assert is_confirmed(token, replay_history(token.history), token.shows)
    assert token.history.weakest_model > FaultModel.F3


def test_what_proofs_leave_out_names_the_claims_that_break() -> None:
    """Those of the table, and those that fuzz and the examples break beside them."""
    (row,) = (row for row in LEFT_OUT if row.name == "unstable and lying flash")
    by_sweeps = {
        claim for number in range(len(COLUMNS)) for claim, rung in column(number).items() if rung in ("F4", "F5")
    }
    told = {decode_history_token(text).shows for text in re.findall(r"otaproof replay (oth1\.\S+?)</pre>", PAGE)}
    assert set(row.breaks) == by_sweeps | told | {"C7", "C21"}


def test_every_rung_is_described() -> None:
    """In one row of the first table."""
    rows = re.findall(r"^\| (F\d) \|", PAGE, re.MULTILINE)
    assert [faults.name for faults in FaultModel] == rows
