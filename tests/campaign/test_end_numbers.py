"""Records at the ends of the number range: model and board agree, and what they break is a theorem."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from model_traces import history_in

from otaproof.campaign.fuzz.findings import DIVERGENCE, run
from otaproof.campaign.fuzz.generator import Worlds
from otaproof.campaign.history.history_replay import replay_history
from otaproof.campaign.history.history_token import HistoryToken, decode_history_token, encode_history_token
from otaproof.campaign.history.known_cases import KNOWN_CASES
from otaproof.campaign.history.player import Player, StepOutcome
from otaproof.campaign.history.step import POWER_ON, Step, StepName
from otaproof.campaign.lockstep.abstraction import (
    SECTOR,
    number_meant,
    ranked,
    ranks_of,
    record_in_bytes,
)
from otaproof.campaign.lockstep.divergence import OutOfModel
from otaproof.campaign.lockstep.lockstep import play_in_lockstep, scope_of_device
from otaproof.campaign.lockstep.record_view import RecordView
from otaproof.campaign.lockstep.replayed_divergence import divergence_in
from otaproof.campaign.lockstep.trace_replay import confirm
from otaproof.errors import InputError
from otaproof.impl import bootloader as bootloader_module
from otaproof.impl import otadata as otadata_module
from otaproof.impl.app import esp_ota_select
from otaproof.impl.otadata import encode_entry, is_crc_right, make_entry
from otaproof.model.claims.left_out import LEFT_OUT, left_out
from otaproof.model.config import Config, Release
from otaproof.model.device.action import Kind
from otaproof.model.device.allowance import Allowance
from otaproof.model.device.end_numbers import BORDER, ERASED
from otaproof.model.device.records import Check, Word
from otaproof.model.device.search import follow
from otaproof.model.device.state import Ghost, Scope, Usage
from otaproof.model.device.stepper import stepper
from otaproof.model.fault_model import FaultModel
from otaproof.proofs.explicit.explorer import claims_of
from otaproof.proofs.prover.decision import ProofVerdict
from otaproof.proofs.prover.prover import decide
from otaproof.proofs.prover.sequence_growth import END_CASE

ENDS = frozenset({Allowance.END_NUMBERS})
CONFIG = Config(rollback=True, app_release=Release.V6_1, bootloader_release=Release.V6_1)
SCOPE = Scope(CONFIG, faults=FaultModel.F2, usage=Usage.RESTART_AT_ONCE, ghosts=frozenset(Ghost), allows=ENDS)
ON = "power_on boot_starts image_begins"
WRITTEN = "commence commence_erases write_first write_rest"
FIRST = "power_on boot_starts fresh_erases fresh_programs image_begins"
DOWNLOAD = f"{WRITTEN} complete complete_erases"
SPARED = "commence commence_erases spare_erases write_first write_rest complete complete_erases"
STARTED = "boot_tries_new try_erases try_programs image_begins"
ACCEPTED = "accept accept_erases accept_programs"
LAST = "cut tool_writes_fffffffe_in_second power_on boot_starts image_begins"
AT_THE_END = f"{FIRST} {DOWNLOAD} complete_programs {STARTED} {ACCEPTED} {LAST}"
"""The image in slot 1 runs, by a record with the last number there is."""
PAST_THE_END = f"{AT_THE_END} {SPARED} complete_programs"
"""complete() has marked slot 0 with the number that reads as erased, and restarts."""
ZEROS = f"{FIRST} {DOWNLOAD} complete_programs boot_starts image_begins cut tool_writes_0_in_first "
ZEROS += "tool_writes_0_in_second power_on boot_starts image_begins"
"""Without rollback: both records have number 0, and select slot 1."""
ZERO = f"{FIRST} {DOWNLOAD} complete_programs {STARTED} cut tool_writes_0_in_first power_on boot_aborts"


def diverges(names: str, scope: Scope = SCOPE) -> bool:
    """Tell whether the board does otherwise than a trace says; that of ZEROS is without rollback."""
    scope = replace(SCOPE, config=replace(CONFIG, rollback=False)) if names.startswith(ZEROS) else scope
    return confirm(scope, names.split(), "C4").divergence is not None


def test_number_past_the_last_one_reads_as_erased() -> None:
    """The record is there and does not count: the image that ran starts again, though complete() has returned."""
    steps = stepper(SCOPE)
    state = follow(steps, PAST_THE_END.split())
    assert state is not None
    fields = steps.as_dict(state)
    assert (Check.EMPTY, Word.NEW) == (fields["record0_check"], fields["record0_word"])
    assert not diverges(f"{PAST_THE_END} boot_starts image_begins")


CUTS = {
    "program, before it": "cut_in_program_leaves_empty_undefined",
    "program, without the check word": "cut_in_program_leaves_empty_new",
    "program, whole": "cut_in_program_leaves_fitting_new",
}


@pytest.mark.parametrize("where", CUTS)
def test_board_leaves_each_tear_of_the_last_number(where: str) -> None:
    """Number, state word and check word are programmed in that order, and the number is that of erased flash."""
    assert not diverges(f"{AT_THE_END} {SPARED} {CUTS[where]} power_on boot_starts image_begins")


@pytest.mark.parametrize("left", ["fitting_new", "fitting_undefined", "empty_undefined", "empty_new"])
def test_board_leaves_each_tear_of_an_erase_of_the_last_number(left: str) -> None:
    """The next complete() erases the sector; whole bytes (F2) can lose the check word alone."""
    again = f"{PAST_THE_END} boot_starts image_begins {DOWNLOAD.removesuffix(' complete_erases')}"
    assert not diverges(f"{again} cut_in_erase_leaves_{left} power_on boot_starts image_begins")


def test_prefix_does_not_lose_the_check_word_alone() -> None:
    """Under F1 an erase takes the state word before it."""
    names = {
        fault: {a.name for a in stepper(replace(SCOPE, faults=fault)).model.actions if "_fitting_" in a.name}
        for fault in (FaultModel.F0, FaultModel.F1, FaultModel.F2)
    }
    assert len(set(map(frozenset, names.values()))) == 1
    again = f"{PAST_THE_END} boot_starts image_begins {DOWNLOAD.removesuffix(' complete_erases')}"
    taken = [
        {left for left in ("fitting_undefined", "empty_new") if _can(again, f"cut_in_erase_leaves_{left}", fault)}
        for fault in (FaultModel.F0, FaultModel.F1, FaultModel.F2)
    ]
    assert taken == [set(), {"fitting_undefined"}, {"fitting_undefined", "empty_new"}]


def _can(names: str, last: str, fault: FaultModel) -> bool:
    return follow(stepper(replace(SCOPE, faults=fault)), [*names.split(), last]) is not None


def test_board_counts_number_0_as_the_oldest() -> None:
    """Beside a record under test it becomes what decides."""
    assert not diverges(f"{ZERO} abort_erases abort_programs boot_starts image_begins")


def test_record_of_number_0_is_whole_before_its_state_word() -> None:
    """A cut between the two leaves a record without a state; its check word is that of erased flash."""
    scope = replace(SCOPE, config=replace(CONFIG, rollback=False))
    marked = f"{ZEROS} accept accept_erases"
    torn = f"{marked} cut_in_program_leaves_right_undefined"
    assert not diverges(f"{torn} power_on boot_starts image_begins")
    assert follow(stepper(scope), torn.split()) is not None
    assert follow(stepper(replace(scope, faults=FaultModel.F0)), torn.split()) is None


def test_prover_refutes_what_other_programs_break() -> None:
    """C12 by the named case."""
    scope = replace(SCOPE, faults=FaultModel.F1, ghosts=frozenset())
    (decision,) = decide(scope, {"C12"})
    assert ProofVerdict.REFUTED is decision.verdict
    assert END_CASE in decision.method
    assert END_CASE in {case.name for case in KNOWN_CASES}


BREAKING = {
    "C2": (
        f"tool_writes_fffffffd_in_first {ON} {WRITTEN} cut tool_writes_fffffffe_in_second {ON} commence "
        f"cut_after_wipe tool_writes_0_in_second {ON} {WRITTEN} restart boot_starts"
    ),
    "C6": (
        f"tool_writes_fffffffd_in_first tool_writes_fffffffd_in_second {ON} rollback rollback_erases "
        "rollback_programs boot_starts"
    ),
    "C7": (
        f"tool_writes_fffffffd_in_first {ON} {DOWNLOAD} cut_in_program_leaves_right_new "
        f"tool_writes_fffffffe_in_first {ON} rollback rollback_erases cut_in_program_leaves_right_invalid "
        "power_on boot_tries_new cut_in_erase_leaves_empty_undefined power_on boot_starts"
    ),
    "C10": (
        f"tool_writes_fffffffd_in_first {ON} {WRITTEN} cut tool_writes_fffffffe_in_second {ON} commence "
        f"cut_after_wipe tool_writes_0_in_second {ON}"
    ),
    "C11": (
        f"tool_writes_fffffffd_in_first {ON} {DOWNLOAD} complete_programs boot_tries_new try_erases "
        "cut_in_program_leaves_right_pending_verify tool_writes_0_in_first"
    ),
    "C13": (
        f"{FIRST} {WRITTEN} cut tool_writes_fffffffc_in_second {ON} commence cut_after_wipe "
        f"tool_writes_0_in_second {ON} {WRITTEN}"
    ),
    "C14": (
        f"tool_writes_fffffffd_in_first {ON} {WRITTEN} cut tool_writes_fffffffe_in_second {ON} commence "
        "cut_after_wipe tool_writes_0_in_second"
    ),
    "C18": (
        f"tool_writes_fffffffd_in_first tool_writes_fffffffd_in_second {ON} rollback rollback_erases "
        "rollback_programs boot_starts"
    ),
    "C19": (f"power_on boot_starts fresh_erases cut_in_program_leaves_right_valid tool_writes_fffffffd_in_second {ON}"),
    "C20": (
        f"tool_writes_fffffffd_in_first {ON} {DOWNLOAD} cut_in_program_leaves_right_new "
        f"tool_writes_0_in_first power_on {STARTED} {ACCEPTED}"
    ),
    "C21": (
        f"tool_writes_fffffffd_in_first {ON} {WRITTEN} cut tool_writes_fffffffe_in_second {ON} commence "
        f"cut_after_wipe tool_writes_0_in_second {ON} commence commence_erases write_first"
    ),
    "C22": (
        f"tool_writes_fffffffd_in_first {ON} {DOWNLOAD} complete_programs {STARTED} cut "
        f"tool_writes_0_in_first tool_writes_0_in_second {ON} rollback rollback_erases rollback_programs "
        "boot_starts"
    ),
    "C25": (
        f"tool_writes_fffffffd_in_first {ON} {DOWNLOAD} cut_in_program_leaves_right_new "
        f"tool_writes_0_in_first power_on {STARTED} {WRITTEN} complete "
        "cut_in_erase_leaves_empty_undefined"
    ),
}
"""Shortest traces that the search of the model finds, without a tear, of what holds there without such numbers."""


def test_what_is_left_out_says_what_it_breaks() -> None:
    """C4 by a named case, C12 by that case and the prover, each other by a trace that the board confirms."""
    (row,) = (row for row in LEFT_OUT if row.allowance is Allowance.END_NUMBERS)
    assert set(BREAKING) | {"C4", "C12"} == set(row.breaks)
    assert row in list(left_out(FaultModel.F3, Usage.ANY))
    assert row not in list(left_out(FaultModel.F2, Usage.ANY, ENDS))


@pytest.mark.parametrize("claim_id", BREAKING)
def test_last_number_breaks_claims_on_the_board(claim_id: str) -> None:
    """Which replays the trace, and finds the claim broken at its end."""
    assert confirm(replace(SCOPE, faults=FaultModel.F0), BREAKING[claim_id].split(), claim_id).is_confirmed
    assert claim_id in {claim.claim.id for claim in claims_of(SCOPE)}


def test_random_histories_do_not_diverge() -> None:
    """With the other allowances and without."""
    for allows in (ENDS, frozenset(Allowance)):
        assert not random_divergence(Worlds(allows=allows), 25)


def random_divergence(worlds: Worlds, count: int) -> bool:
    """Tell whether random histories show a divergence."""
    return any(finding.claim_id == DIVERGENCE for index in range(count) for finding in run(3, index, worlds).findings)


def next_without_end(current: int, slot: int, slot_count: int) -> int:
    """Begin again at 1 or 2 in place of the number that reads as erased."""
    found = otadata_module.next_seq(current, slot, slot_count)
    return slot + 1 if found == ERASED else found


def slot_of_small_seq(ota_seq: int, slot_count: int) -> int:
    """Number 0 names the first slot."""
    return max(0, ota_seq - 1) % slot_count


def erased_has_no_check_word(entry: otadata_module.SelectEntry) -> bool:
    """The number that reads as erased has no right check word."""
    return entry.ota_seq != ERASED and is_crc_right(entry)


MUTANTS: dict[str, tuple[Any, str, Callable[..., Any], str]] = {
    "next number": (esp_ota_select, "next_seq", next_without_end, PAST_THE_END),
    "number 0": (bootloader_module, "slot_of_seq", slot_of_small_seq, ZEROS),
    "info": (esp_ota_select, "is_crc_right", erased_has_no_check_word, f"{PAST_THE_END} boot_starts image_begins"),
}


@pytest.mark.parametrize("name", MUTANTS)
def test_wrong_board_is_caught(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """By a trace that the right board follows; what info() says is compared in lock step."""
    module, function, mutant, names = MUTANTS[name]
    scope = replace(SCOPE, config=replace(CONFIG, rollback=False)) if name == "number 0" else SCOPE
    right = confirm(scope, names.split(), "C4").history
    assert divergence_in(right) is None
    assert not diverges(names)
    monkeypatch.setattr(module, function, mutant)
    assert divergence_in(right) is not None if name == "info" else diverges(names)


def test_program_that_writes_nothing_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """At its first use."""
    monkeypatch.setattr(Player, "_use_tool", lambda self, step: setattr(self, "app", None))
    assert diverges(AT_THE_END)


@pytest.mark.parametrize("slots", [1, 3, 4])
def test_other_numbers_of_slots_are_refused(slots: int) -> None:
    """The search for the next number wraps there, or goes on for ever."""
    with pytest.raises(ValueError, match="2 OTA slots"):
        Scope(CONFIG, slots, allows=ENDS)


def test_stray_numbers_are_refused() -> None:
    """They could be among the last ones."""
    with pytest.raises(ValueError, match="up to F2"):
        Scope(CONFIG, faults=FaultModel.F3, allows=ENDS)


def test_every_number_at_an_end_is_written_into_either_sector() -> None:
    """Number 0, the last of each slot, and one more."""
    names = {action.name for action in stepper(SCOPE).model.actions if action.kind is Kind.WRITER}
    numbers = ("0", "fffffffc", "fffffffd", "fffffffe")
    assert {f"tool_writes_{number}_in_{sector}" for number in numbers for sector in ("first", "second")} == names


@pytest.mark.parametrize("kept", [(0, 3), (15, 12), (12, 3), (14, 0), (4, 3), (2, 13)])
def test_ranks_stand_for_numbers(kept: tuple[int, int]) -> None:
    """From a state to 32 bits and back."""
    first, second = (number_meant(number, SCOPE) for number in kept)
    assert kept == ranks_of((first, second), SCOPE)
    assert [number >= 12 for number in kept] == [number > BORDER for number in (first, second)]


def test_last_number_is_read_with_its_check_word_where_it_is_allowed() -> None:
    """It names the first slot, though it reads as erased."""
    sector = encode_entry(make_entry(ERASED, 0)).ljust(SECTOR, b"\xff")
    assert RecordView(Check.EMPTY, Word.NEW) == record_in_bytes(sector, 2)
    whole = record_in_bytes(sector, 2, has_ends=True)
    assert RecordView(Check.EMPTY, Word.NEW, 0, 15) == ranked((whole, whole), SCOPE)[0]


RECORD = Step(StepName.WRITE_RECORD, sector=1, seq=0xFFFFFFFE)


def test_token_keeps_the_record_and_replay_tells_it() -> None:
    """The sector and the number; board and model agree on it."""
    written = history_in(SCOPE, RECORD, POWER_ON)
    token = HistoryToken("", StepOutcome.RETURNED, "ota_0", written)
    assert token == decode_history_token(encode_history_token(token))
    texts = [step.text for step in replay_history(written).steps]
    assert "another program writes a record of number 0xFFFFFFFE into sector 1: ok" == texts[1]
    assert divergence_in(written) is None


def test_token_of_a_third_sector_is_refused() -> None:
    """In one line."""
    token = HistoryToken("", StepOutcome.RETURNED, None, history_in(SCOPE, replace(RECORD, sector=2)))
    with pytest.raises(InputError):
        decode_history_token(encode_history_token(token))


@pytest.mark.parametrize("seq", [1, BORDER, ERASED])
def test_other_numbers_are_out_of_the_model(seq: int) -> None:
    """And three slots are, or single bits."""
    written = history_in(SCOPE, replace(RECORD, seq=seq))
    with pytest.raises(OutOfModel, match="at no end"):
        list(play_in_lockstep(written, SCOPE))
    device = written.device
    for slots, faults in (((0, 1, 2), FaultModel.F1), ((0, 1), FaultModel.F3)):
        with pytest.raises(OutOfModel, match="two slots, up to F2"):
            scope_of_device(replace(device, slots=slots), faults, allows=ENDS)
