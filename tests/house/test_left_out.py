"""What the verdicts leave out: each row violates the claims that it names, on the simulated board."""

import json
import re
from typing import Any

import pytest

from otaproof.campaign.history.history import History, SmallDevice, SmallImage, upgrade
from otaproof.campaign.history.history_replay import is_confirmed, replay_history
from otaproof.campaign.history.history_token import decode_history_token
from otaproof.campaign.history.known_cases import KNOWN_CASES, known_case
from otaproof.campaign.history.known_histories import ON, RESTART
from otaproof.campaign.history.step import Step, StepName
from otaproof.campaign.lockstep.trace_replay import token_of_trace
from otaproof.cli.main import main
from otaproof.impl.app.esp_ota import OTA_WITH_SEQUENTIAL_WRITES
from otaproof.impl.board import App
from otaproof.impl.otadata import ota_select_crc
from otaproof.impl.partitions.partition import PRIMARY_SUBTYPE, Partition, PartitionType
from otaproof.model.claims.claims import CLAIMS
from otaproof.model.claims.left_out import LEFT_OUT, LEFT_OUT_OF_RESTART, LeftOut, left_out, left_out_line
from otaproof.model.config import Config, Release
from otaproof.model.device.state import Scope, Usage
from otaproof.model.fault_model import FaultModel
from otaproof.proofs.explicit.explorer import claims_of, explore, with_ghosts_of
from spec_generator.spec_page import ROOT

ALL = (*LEFT_OUT, *LEFT_OUT_OF_RESTART)
BEGUN = "power_on boot_starts fresh_erases fresh_programs image_begins"
DOWNLOAD = "commence commence_erases write_first write_rest"
MARK = "complete complete_erases complete_programs"
START = App.__init__
BOOTS_A_DOWNLOAD = "stray-number-boots-a-download"
STRAYS = {
    "stray-number-names-what-runs": {"C6", "C18", "C19"},
    BOOTS_A_DOWNLOAD: {"C2", "C5", "C10", "C13", "C14", "C21", "C25"},
}
"""Named cases, and what each breaks."""
LAST_BYTE_OF_HASH = 991
"""Of an image of 1,000 bytes: the last of the 992 that are whole blocks."""
TRY = "restart boot_tries_new"
LOST = "cut_in_erase_leaves_empty_undefined power_on boot_starts"
BY_COMPLETE_NIL = {
    "C2": f"{BEGUN} {DOWNLOAD} {MARK} {DOWNLOAD} {TRY} try_erases try_programs",
    "C4": f"{BEGUN} {DOWNLOAD} {MARK} {TRY} {LOST}",
    "C6": f"{BEGUN} {DOWNLOAD} {MARK} rollback rollback_erases rollback_programs boot_starts",
    "C7": f"{BEGUN} {DOWNLOAD} {MARK} {DOWNLOAD} complete {LOST}",
    "C10": f"{BEGUN} {DOWNLOAD} {MARK} commence commence_erases",
    "C14": f"{BEGUN} {DOWNLOAD} {MARK} commence cut_after_wipe",
}
"""Shortest traces, found by a search of restart-at-once usage in which complete() does not restart."""


def broken(history: History) -> set[str]:
    """Return the claims that are violated after any step."""
    assert history.weakest_model is FaultModel.F3
    return {found.claim_id for step in replay_history(history).steps for found in step.broken}


@pytest.mark.parametrize(("name", "claims"), STRAYS.items())
def test_case_of_a_stray_number_breaks_these_claims(name: str, claims: set[str]) -> None:
    """One cut in complete(), or in commence() from 5.5 on; then nothing fails any more."""
    assert claims == broken(known_case(name).history)


def test_model_has_what_strays_break() -> None:
    """The two cases above are no longer left out: the search of the model finds these claims broken under F3."""
    for release, claims in zip((Release.V5_1, Release.V6_1), ({"C6"}, STRAYS[BOOTS_A_DOWNLOAD]), strict=True):
        config = Config(True, app_release=release, bootloader_release=release)
        scope = Scope(config, faults=FaultModel.F3, usage=Usage.RESTART_AT_ONCE)
        for claim in (item for item in claims_of(scope) if item.claim.id in claims):
            assert not explore(with_ghosts_of(scope, [claim]), [claim]).holds(claim.claim.id)


def test_no_small_number_leaves_a_stray_one_by_prefixes() -> None:
    """A record cut while it is programmed, then cut while it is erased; far more upgrades than a flash endures."""
    for number in range(1, 1 << 17):
        check = ota_select_crc(number).to_bytes(4, "little")
        torn = {check[:done] + b"\xff" * (4 - done) for done in range(4)}
        for erased in range(1, 4):
            stray = number | ((1 << (8 * erased)) - 1)
            assert stray == number or ota_select_crc(stray).to_bytes(4, "little") not in torn, number


@pytest.mark.parametrize("claim_id", BY_COMPLETE_NIL)
def test_complete_nil_breaks_claims_on_the_board(claim_id: str) -> None:
    """Nothing else in these histories is out of the documented order, and no byte is torn."""
    config = Config(True, app_release=Release.V6_1, bootloader_release=Release.V6_1)
    scope = Scope(config, faults=FaultModel.F0, usage=Usage.DOCUMENTED)
    token = decode_history_token(token_of_trace(scope, tuple(BY_COMPLETE_NIL[claim_id].split()), claim_id))
    assert is_confirmed(token, replay_history(token.history), claim_id)
    assert StepName.SET_BOOT not in {step.name for step in token.history.steps}


def aborts_a_session_for_a_bootloader(app: App, *parts: Any) -> None:
    """Start an application that does so at once, and writes no flash by it."""
    START(app, *parts)
    slot = app.ota.esp_ota_get_next_update_partition()
    handle = app.ota.esp_ota_begin(slot, OTA_WITH_SEQUENTIAL_WRITES)
    place = Partition("PrimaryBTLDR", PartitionType.BOOTLOADER, PRIMARY_SUBTYPE, 0x1000, 0x7000)
    app.ota.esp_ota_set_final_partition(handle, app.partitions.register_external(place), finalize_with_copy=False)
    app.ota.esp_ota_abort(handle)


@pytest.mark.parametrize("release", [Release.V5_5, Release.V6_1, Release.V6_2_DEV], ids=lambda release: release.label)
def test_aborted_session_for_a_bootloader_breaks_what_rests_on_verification(
    release: Release, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An image with a wrong SHA-256 is marked, and selected; without such a session both calls refuse it."""
    config = Config(True, app_release=release, bootloader_release=release)
    device = History(SmallDevice(config), (SmallImage(1), SmallImage(2, flipped=LAST_BYTE_OF_HASH)))
    *written, complete = upgrade(1)
    ends = (complete, Step(StepName.SET_BOOT, label="ota_1"))
    histories = [device.then(ON, *written, end, RESTART) for end in ends]

    def breaks() -> set[str]:
        steps = (step for history in histories for step in replay_history(history).steps)
        return {found.claim_id for step in steps for found in step.broken}

    assert set() == breaks()
    monkeypatch.setattr(App, "__init__", aborts_a_session_for_a_bootloader)
    (row,) = (row for row in LEFT_OUT if row.name == "sessions for a bootloader")
    assert set(row.breaks) == breaks()


@pytest.mark.parametrize("row", [row for row in LEFT_OUT if "case " in row.known], ids=lambda row: row.name)
def test_cases_of_a_row_break_what_it_says(row: LeftOut) -> None:
    """A named case, which other tests play."""
    (name,) = re.findall(r"case ([a-z-]+)", row.known)
    assert name in {case.name for case in KNOWN_CASES}
    broken_by_case = tuple(filter(None, [known_case(name).claim_id]))
    assert row.breaks == broken_by_case or (row.allowance is not None and set(broken_by_case) <= set(row.breaks))


def test_rows_have_names_of_their_own_and_break_claims_there_are() -> None:
    """Names are anchors of lists."""
    assert len(ALL) == len({row.name for row in ALL})
    assert {claim_id for row in ALL for claim_id in row.breaks} <= {claim.id for claim in CLAIMS}


def test_line_tells_what_the_fault_model_and_the_usage_can_meet() -> None:
    """Torn versions need whole bytes out of order; what follows complete() is left out of one usage alone."""
    assert "torn secure versions (breaks C1)" in left_out_line(FaultModel.F2, Usage.ANY)
    assert "torn secure versions" not in left_out_line(FaultModel.F1, Usage.ANY)
    (row,) = LEFT_OUT_OF_RESTART
    assert row in left_out(FaultModel.F0, Usage.RESTART_AT_ONCE)
    assert row not in [*left_out(FaultModel.F3, Usage.DOCUMENTED), *left_out(FaultModel.F3, Usage.ANY)]
    assert len(ALL) == len(list(left_out(FaultModel.F3, Usage.RESTART_AT_ONCE)))


@pytest.mark.parametrize("command", ["prove --claim C1", "explore --claims C1", "outcomes --faults F1"])
def test_reports_say_what_they_leave_out(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A line of text; with --json every row."""
    main([*command.split(), "--usage", "restart-at-once"])
    assert left_out_line(FaultModel.F1, Usage.RESTART_AT_ONCE) in " ".join(capsys.readouterr().out.split())
    main([*command.split(), "--usage", "restart-at-once", "--json"])
    told = json.loads(capsys.readouterr().out)
    assert [row.name for row in LEFT_OUT] == [row["name"] for row in told["left_out"]]
    assert [row.name for row in LEFT_OUT_OF_RESTART] == [row["name"] for row in told["left_out_of_restart_at_once"]]


@pytest.mark.drift
def test_every_row_stands_above_the_tables_of_verdicts() -> None:
    """Whoever reads a verdict has read past it."""
    text = (ROOT / "docs/spec/claims.md").read_text(encoding="utf-8")
    above, _, _ = text.partition("## Verdicts\n")
    assert all(f"| **{row.name}** |" in above for row in ALL)
