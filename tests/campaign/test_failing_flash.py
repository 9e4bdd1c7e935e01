"""Operations that fail and return an error: model, board and recordings agree, and each known case is a theorem.

R1, R16, R25 and R32 are the numbers of docs/spec/cases.md.
"""

from collections.abc import Callable
from contextlib import nullcontext, suppress
from dataclasses import replace

import pytest
from model_traces import breaking_trace, first_takes

from otaproof.campaign.fuzz.findings import DIVERGENCE, run
from otaproof.campaign.fuzz.generator import Worlds
from otaproof.campaign.history.history import History, upgrade
from otaproof.campaign.history.history_replay import replay_history
from otaproof.campaign.history.history_token import HistoryToken, decode_history_token, encode_history_token
from otaproof.campaign.history.known_cases import known_case
from otaproof.campaign.history.player import StepOutcome
from otaproof.campaign.history.step import ACCEPT, POWER_ON, Step, StepFailure, StepName
from otaproof.campaign.lockstep.trace_replay import confirm, device_of_scope
from otaproof.errors import InputError
from otaproof.impl.app import otaupgrade
from otaproof.impl.app.esp_ota import EspOta
from otaproof.impl.bootloader import Bootloader
from otaproof.impl.chip.cells import SECTOR_SIZE
from otaproof.impl.chip.flash import FailureExtent
from otaproof.impl.esp_err import OtaError
from otaproof.impl.otadata import EntryPair
from otaproof.impl.partitions.partition import Partition
from otaproof.model.claims.left_out import LEFT_OUT, left_out
from otaproof.model.config import Config, Release, ResetReason
from otaproof.model.device.action import Kind
from otaproof.model.device.allowance import Allowance
from otaproof.model.device.state import Ghost, Scope, Usage
from otaproof.model.device.stepper import stepper
from otaproof.model.fault_model import FaultModel

FAILING = frozenset({Allowance.FAILING_FLASH})
NONE, HALF, ALL = FailureExtent


def scope_of(
    release: Release,
    rollback: bool = True,
    anti_rollback: bool = False,
    usage: Usage = Usage.RESTART_AT_ONCE,
    has_factory: bool = False,
) -> Scope:
    """Return a scope of two slots, F0, in which operations can fail."""
    config = Config(rollback=rollback, anti_rollback=anti_rollback, app_release=release, bootloader_release=release)
    return Scope(config, 2, has_factory, FaultModel.F0, usage, ghosts=frozenset(Ghost), allows=FAILING)


THEOREMS = {
    "R1 and R25: complete() hides an error of the switch, and the old image starts": (
        "C17",
        scope_of(Release.V5_1, rollback=False),
        "complete complete_erase_fails_none boot_starts",
    ),
    "R1 and R25 on 6.1": (
        "C17",
        scope_of(Release.V6_1, rollback=False),
        "complete complete_erase_fails_none boot_starts",
    ),
    "R32: the bootloader ignores that its note failed, and the record of what runs is lost": (
        "C14",
        scope_of(Release.V6_1),
        "boot_tries_new try_erase_fails_done image_begins commence cut_after_wipe",
    ),
    "R32 on 5.1: info() names the one image, and the other starts": (
        "C10",
        scope_of(Release.V5_1),
        "boot_tries_new try_erase_fails_done image_begins commence commence_erases",
    ),
    "R32: the first record fails, and the next boot writes": (
        "C24",
        scope_of(Release.V6_1),
        "fresh_erase_fails_none image_begins",
    ),
    "rollback() raises an error, and has erased the record": (
        "C6",
        scope_of(Release.V6_1),
        "rollback rollback_erase_fails_done",
    ),
}
"""Claims that hold of a device on which nothing fails, and how the shortest trace ends that breaks each with it."""


UNREAD = ("C17", "C24")
"""Claims that only the model reads; the board does what the trace says."""


@pytest.mark.parametrize("name", THEOREMS)
def test_claim_holds_where_nothing_fails_and_falls_where_operations_can(name: str) -> None:
    """And the board does all that the shortest trace says."""
    claim_id, scope, end = THEOREMS[name]
    assert breaking_trace(replace(scope, allows=frozenset()), claim_id) is None
    trace = breaking_trace(scope, claim_id)
    assert trace is not None
    assert " ".join(trace).endswith(end)
    confirmation = confirm(scope, trace, claim_id)
    assert confirmation.divergence is None
    assert confirmation.is_confirmed or claim_id in UNREAD


def test_what_is_left_out_says_what_it_breaks() -> None:
    """No more and no less than the theorems above; where it is allowed, it is not left out."""
    (row,) = (row for row in LEFT_OUT if row.allowance is Allowance.FAILING_FLASH)
    assert tuple(sorted({claim_id for claim_id, *_ in THEOREMS.values()}, key=lambda id_: int(id_[1:]))) == row.breaks
    assert row in list(left_out(FaultModel.F3, Usage.ANY))
    assert row not in list(left_out(FaultModel.F3, Usage.ANY, FAILING))


@pytest.mark.parametrize("anti_rollback", [False, True], ids=["record", "burn"])
def test_accept_raises_an_error_and_has_accepted(anti_rollback: bool) -> None:
    """R16: whether the program of the record reports the error, or the burn after it, the image stays."""
    scope = scope_of(Release.V6_1, anti_rollback=anti_rollback)
    download = "commence commence_erases write_first{0} write_rest complete complete_erases complete_programs"
    fails = "accept_programs burn_accept_fails_none" if anti_rollback else "accept_program_fails_all"
    names = (
        f"power_on boot_starts fresh_erases fresh_programs image_begins "
        f"{download.format('_version_1' if anti_rollback else '')} boot_tries_new try_erases try_programs image_begins "
        f"accept accept_erases {fails}"
    )
    assert breaking_trace(scope, "C26") is not None
    assert confirm(scope, names.split(), "C26").is_confirmed


def test_accept_of_a_version_that_cannot_be_burned_breaks_the_same_claim() -> None:
    """R16 as it was recorded, of an image that the model leaves out: no operation fails, the burn is refused."""
    replay = replay_history(known_case("accept-fails-and-is-done").history)
    assert replay.breaks("C26") is not None


SCOPES = {
    "5.1": scope_of(Release.V5_1, usage=Usage.ANY, has_factory=True),
    "6.1": scope_of(Release.V6_1, usage=Usage.ANY),
    "5.5 with anti-rollback": scope_of(Release.V5_5, anti_rollback=True, usage=Usage.ANY),
    "5.1 with anti-rollback": scope_of(Release.V5_1, anti_rollback=True, has_factory=True),
    "6.0 without rollback": scope_of(Release.V6_0, rollback=False, usage=Usage.DOCUMENTED),
}


@pytest.mark.parametrize("name", SCOPES)
def test_board_goes_the_way_of_every_action_that_fails(name: str) -> None:
    """Each is taken at the end of a shortest trace."""
    scope = SCOPES[name]
    failing = {action.name for action in stepper(scope).model.actions if action.kind is Kind.FAILURE}
    for action, names in first_takes(scope).items():
        if action in failing or action in ("write_again", "write_over"):
            assert confirm(scope, names, "C1").divergence is None, action


def test_every_action_that_fails_is_taken() -> None:
    """None goes without a comparison."""
    actions = {action for scope in SCOPES.values() for action in stepper(scope).model.actions}
    failing = {action.name for action in actions if action.kind is Kind.FAILURE} | {"write_again", "write_over"}
    assert failing <= {name for scope in SCOPES.values() for name in first_takes(scope)}


def test_nothing_fails_where_the_scope_does_not_allow_it() -> None:
    """The model is the one that it was: no action more, and no field."""
    plain = stepper(replace(SCOPES["6.1"], allows=frozenset())).model
    assert not any(action.kind is Kind.FAILURE for action in plain.actions)
    assert not {"progress", "first_failed", "second_failed"} & {field.name for field in plain.fields}


WORLDS = Worlds(app_version=Release.V5_5.point, bootloader_version=Release.V5_5.point, allows=FAILING)


def diverges(runs: int) -> bool:
    """Tell whether random histories with operations that fail show a divergence."""
    return any(finding.claim_id == DIVERGENCE for index in range(runs) for finding in run(3, index, WORLDS).findings)


def test_the_board_as_it_is_does_not_diverge() -> None:
    """What the mutants below are measured against."""
    assert not diverges(150)


@pytest.mark.slow
def test_the_board_as_it_is_does_not_diverge_under_any_rules() -> None:
    """The same with every release."""
    worlds = Worlds(allows=FAILING)
    assert not [f.text for index in range(2500) for f in run(4, index, worlds).findings if f.claim_id == DIVERGENCE]


def goes_by_flash(self: Bootloader, otadata: Partition, entries: EntryPair) -> EntryPair:
    """Abort what was under test, and look at flash again."""
    RIGHT_ABORT(self, otadata, entries)
    return self._read_otadata(otadata)


def programs_all_the_same(self: Bootloader, otadata: Partition, number: int, raw: bytes) -> None:
    """Erase and program one entry; program it also where the erase has failed."""
    address = otadata.offset + SECTOR_SIZE * number
    with suppress(OtaError):
        self._flash.erase_sector(address)
    with suppress(OtaError):
        self._flash.program(address, raw)


def keeps_its_handle(self: EspOta, *arguments: object) -> int:
    """Open a session, and say nothing of it where the erase fails."""
    try:
        return RIGHT_BEGIN(self, *arguments)  # type: ignore[arg-type]  # those of the real one
    except OtaError as error:
        raise OtaError(error.code) from None


RIGHT_ABORT, RIGHT_BEGIN = Bootloader._abort_pending, EspOta.esp_ota_begin
BOARD_MUTANTS: dict[str, tuple[object, str, object]] = {
    "complete() passes the error of the switch on": (otaupgrade, "suppress", lambda *_: nullcontext()),
    "the bootloader goes by flash, not by its copies": (Bootloader, "_abort_pending", goes_by_flash),
    "the bootloader programs what it could not erase": (Bootloader, "_write_entry", programs_all_the_same),
    "a failed begin keeps its handle to itself": (EspOta, "esp_ota_begin", keeps_its_handle),
    "the error of the spare record is passed on": (
        EspOta,
        "_invalidate_inactive_entry",
        EspOta.esp_ota_invalidate_inactive_ota_data_slot,
    ),
}


@pytest.mark.parametrize("name", BOARD_MUTANTS)
def test_wrong_board_is_caught(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A board that does otherwise after an error diverges from the model."""
    owner, attribute, wrong = BOARD_MUTANTS[name]
    monkeypatch.setattr(owner, attribute, wrong)
    assert diverges(400)


SOFTWARE = Step(StepName.RESET, reason=ResetReason.SOFTWARE)


def history_with(*failures: StepFailure, step: Step = ACCEPT) -> History:
    """Return an upgrade, and a step of the new image in which these operations fail."""
    scope = scope_of(Release.V6_1)
    images = known_case("trial-is-lost").history.images
    return History(device_of_scope(scope), images, (POWER_ON, *upgrade(1), SOFTWARE, replace(step, failures=failures)))


def test_token_keeps_what_fails() -> None:
    """Of flash and eFuse; a token without failures is as it always was."""
    history = history_with(StepFailure(1, HALF), StepFailure(0, ALL, is_burn=True))
    token = HistoryToken("", StepOutcome.RAISED, "ota_1", history)
    assert token == decode_history_token(encode_history_token(token))


def test_replay_says_what_fails() -> None:
    """The operation, how much of it is done, and what the call says."""
    replay = replay_history(history_with(StepFailure(1, NONE)))
    assert "accept() (operation 1 fails, none of it done): error “firmware accept failed”" == replay.steps[-1].text


def test_failure_that_never_comes_is_refused() -> None:
    """A history in which there is no such operation proves nothing."""
    with pytest.raises(InputError, match="never fired"):
        replay_history(history_with(StepFailure(7, NONE)))


def test_half_a_burn_is_no_failure() -> None:
    """A burn takes effect or does not."""
    with pytest.raises(ValueError, match="half of a burn"):
        StepFailure(0, HALF, is_burn=True)


EXTENTS: dict[FailureExtent, Callable[[bytes, bytes], bytes]] = {
    NONE: lambda before, after: b"\xff" * 32,
    HALF: lambda before, after: after[:16] + b"\xff" * 16,
    ALL: lambda before, after: after,
}


@pytest.mark.parametrize("done", FailureExtent)
def test_program_fails_after_none_half_or_all_of_it(done: FailureExtent) -> None:
    """Of a record whose sector is erased: nothing, its number, or all."""
    history = history_with(StepFailure(1, done))
    whole = replay_history(history_with()).cells
    entries = history.dut.entries(replay_history(history).cells)
    expected = history.dut.entries(whole)
    assert entries is not None
    assert expected is not None
    assert EXTENTS[done](b"", expected[1]) == entries[1]
