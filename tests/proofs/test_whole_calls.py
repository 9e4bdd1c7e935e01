"""Whole calls of impl against chains of the model: they agree, and a board that writes anything else is refuted."""

import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from functools import cache
from typing import Any

import pytest
import z3
from hypothesis import given, settings
from hypothesis import strategies as st
from small_boards import Outline, with_records

from otaproof.impl import bootloader, otadata
from otaproof.impl.app import esp_ota_select
from otaproof.impl.app.esp_ota import EspOta
from otaproof.impl.app.esp_ota_select import Otadata, OtaSelection
from otaproof.impl.app.otaupgrade import LuaError
from otaproof.impl.board import App, Board
from otaproof.impl.bootloader import Bootloader
from otaproof.impl.chip.cells import SECTOR_SIZE
from otaproof.impl.chip.flash import FlashOpKind
from otaproof.impl.otadata import EntryPair, SelectEntry, encode_entry, make_entry, ota_select_crc
from otaproof.impl.program_end import Restart
from otaproof.model.config import Config, Release
from otaproof.model.device.state import Content
from otaproof.model.ota_state import OtaImgState
from otaproof.proofs.refinement import call_cases, whole_calls
from otaproof.proofs.refinement.call_cases import CallCase, app_outcome, open_session, scope_of
from otaproof.proofs.refinement.impl_refines_model import EntryView
from otaproof.proofs.refinement.symbolic_board import LABELS, EraseOp, ProgramOp, UnknownAccess, symbolic_calls
from otaproof.proofs.refinement.symbolic_entries import CRC, FIRST, NEXT_SEQ, SECOND, SLOT_OF
from otaproof.proofs.refinement.symbolic_execution import Path, explored_paths
from otaproof.proofs.refinement.whole_calls import CALLS, WHOLE_CALLS, prove_boot_in
from otaproof.proofs.smt.lemma import Lemma, LemmaVerdict, Result

BY_NAME = {call.name: call for call in CALLS}
ROLLBACK = Config(rollback=True)
ANTI_ROLLBACK = Config(rollback=True, anti_rollback=True)


def case_of(config: Config, running: int = 0, slots: int = 2, factory: bool = False, **known: Any) -> CallCase:
    """Return a case."""
    return CallCase(EntryView(scope_of(config, slots, factory)), running, **known)


def of(release: Release, config: Config = ROLLBACK) -> Config:
    """Return the configuration with an application of that release."""
    return replace(config, app_release=release)


BOOT = case_of(ROLLBACK, running=2, slots=1)
PLAIN = case_of(ROLLBACK)
OPEN = case_of(ROLLBACK, session=True, wrote=1)
ASKED = case_of(ROLLBACK, slots=3, asked=2)
TOO_OLD = case_of(ANTI_ROLLBACK, burned=0b01, asked=1)


@pytest.fixture
def two_slots(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look at two slots with rollback, without factory."""
    monkeypatch.setattr(call_cases, "COUNTS", (2,))
    monkeypatch.setattr(call_cases, "BUILDS", (ROLLBACK,))
    monkeypatch.setattr(call_cases, "FACTORIES", (False,))


@pytest.mark.parametrize("lemma", WHOLE_CALLS, ids=lambda lemma: str(lemma.name))
@pytest.mark.thorough
def test_whole_calls_do_what_the_model_does(lemma: Lemma, two_slots: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """With rollback and two slots; the slow tests take the other builds and up to sixteen."""
    if lemma.name == "set_boot_factory":
        monkeypatch.setattr(call_cases, "FACTORIES", (True,))
    result = lemma.prove()
    assert result.holds, result.detail


@pytest.mark.slow
@pytest.mark.parametrize("lemma", WHOLE_CALLS, ids=lambda lemma: str(lemma.name))
def test_whole_calls_do_what_the_model_does_whatever_the_slots(lemma: Lemma) -> None:
    """All builds, releases and slot counts."""
    result = lemma.prove()
    assert result.holds, result.detail


@pytest.mark.parametrize(
    ("name", "case"),
    [
        ("complete", case_of(ANTI_ROLLBACK, session=True, wrote=1, burned=0b01)),
        ("accept", case_of(of(Release.V4_4, ANTI_ROLLBACK), burned=0b10)),
        ("accept", case_of(ANTI_ROLLBACK, burned=0b01)),
        ("rollback", case_of(ANTI_ROLLBACK, factory=True, burned=0b01)),
        ("rollback", case_of(ROLLBACK, factory=True, running=2)),
        ("commence", case_of(Config(), running=2, factory=True)),
        ("complete", case_of(Config(), slots=16, running=15, session=True, wrote=1)),
    ],
)
def test_other_builds_too(name: str, case: CallCase) -> None:
    """One case of each that the quick test leaves to the slow one: versions, gaps in the eFuse, factory, sixteen."""
    assert BY_NAME[name].prove_in(case).holds


def test_the_bootloader_burns_and_writes_a_first_record_as_the_model_does() -> None:
    """With anti-rollback; a torn burn has left a gap."""
    assert prove_boot_in(case_of(ANTI_ROLLBACK, running=2, slots=1, burned=0b10)).holds


@cache
def outcomes(name: str, case: CallCase) -> list[Path]:
    """Return the paths of a call."""
    call = BY_NAME[name]
    with symbolic_calls():
        return explored_paths(
            lambda: app_outcome(case, lambda app: call.run(app, case), call.rules, call.unread),
            case.given(call.needs_number),
        )


def shapes(paths: list[Path]) -> set[tuple[str, ...]]:
    """Return the sequences of operations, each as kind and address."""
    return {tuple(f"{type(op).__name__} {getattr(op, 'address', 0):x}" for op in path.result.log) for path in paths}


def test_calls_erase_and_program_in_these_sequences() -> None:
    """By hand: so the equalities are of calls that write, in either sector, and of calls that are refused."""
    first, second = ("EraseOp d000", "ProgramOp d000"), ("EraseOp e000", "ProgramOp e000")
    wipe = ("EraseOp 20000", "EraseOp 21000")
    assert {(), first, second} == shapes(outcomes("accept", PLAIN))
    assert {(), first, second} == shapes(outcomes("complete", OPEN))
    assert {(), wipe} == shapes(outcomes("commence", PLAIN))
    spare = {(), wipe, (*wipe, "EraseOp d000"), (*wipe, "EraseOp e000")}
    assert spare == shapes(outcomes("commence", case_of(of(Release.V5_5))))


# Mutants of the board. Each replaces a method of impl, and is refuted by the call that uses it.

Mutant = Callable[..., Any]
_ORIGINAL_REWRITE = OtaSelection._rewrite_entry


def rewrites_the_other_sector(self: Any, data: Otadata, number: int, ota_seq: int, ota_state: int) -> None:
    """The right record in the wrong place."""
    _ORIGINAL_REWRITE(self, data, number ^ 1, ota_seq, ota_state)


def programs_before_it_erases(self: Any, data: Otadata, number: int, ota_seq: int, ota_state: int) -> None:
    """The same two operations in the other order."""
    entry = SelectEntry(ota_seq, ota_state, otadata.ota_select_crc(ota_seq), data.entries[number].seq_label)
    self.partitions.write(data.partition, SECTOR_SIZE * number, encode_entry(entry))
    self.partitions.erase_range(data.partition, SECTOR_SIZE * number, SECTOR_SIZE)


def keeps_the_check_word(self: Any, data: Otadata, number: int, ota_seq: int, ota_state: int) -> None:
    """The check word is that of the number before."""
    entry = replace(data.entries[number], ota_seq=ota_seq, ota_state=ota_state)
    self.partitions.erase_range(data.partition, SECTOR_SIZE * number, SECTOR_SIZE)
    self.partitions.write(data.partition, SECTOR_SIZE * number, encode_entry(entry))


def forgets_the_label(self: Any, data: Otadata, number: int, ota_seq: int, ota_state: int) -> None:
    """The label is blank, whatever it was."""
    self.partitions.erase_range(data.partition, SECTOR_SIZE * number, SECTOR_SIZE)
    entry = SelectEntry(ota_seq, ota_state, otadata.ota_select_crc(ota_seq))
    self.partitions.write(data.partition, SECTOR_SIZE * number, encode_entry(entry))


def erases_twice(self: Any, data: Otadata, number: int, ota_seq: int, ota_state: int) -> None:
    """One erase too many."""
    self.partitions.erase_range(data.partition, SECTOR_SIZE * number, SECTOR_SIZE)
    _ORIGINAL_REWRITE(self, data, number, ota_seq, ota_state)


def erases_the_other_sector_too(self: Any, data: Otadata, number: int, ota_seq: int, ota_state: int) -> None:
    """The record that does not decide is lost."""
    _ORIGINAL_REWRITE(self, data, number, ota_seq, ota_state)
    self.partitions.erase_range(data.partition, SECTOR_SIZE * (number ^ 1), SECTOR_SIZE)


def leaves_the_number(entries: EntryPair, slot: int, slot_count: int, same_slot_in_place: bool) -> tuple[int, int]:
    """The new record has the number of the one that decides."""
    active = otadata.active_otadata(entries)
    return (0, slot + 1) if active is None else (active ^ 1, entries[active].ota_seq)


def never_in_place(entries: EntryPair, slot: int, slot_count: int, same_slot_in_place: bool) -> tuple[int, int]:
    """The rule before 6.0, for all releases."""
    return _ORIGINAL_SELECT_REWRITE(entries, slot, slot_count, same_slot_in_place=False)


_ORIGINAL_SELECT_REWRITE = esp_ota_select.select_rewrite


def selects_what_runs(self: Any, partition: Any) -> None:
    """The slot that it is given does not matter."""
    self._rewrite_ota_data(self._running.slot)


def selects_any_version(self: Any, partition: Any) -> None:
    """The eFuse is not asked."""
    self._rewrite_ota_data(partition.slot)


def erases_the_record_alone(self: Any, with_image: bool) -> None:
    """The image before stays, without its record."""
    _ORIGINAL_ERASE_LAST_BOOT(self, with_image=False)


_ORIGINAL_ERASE_LAST_BOOT = OtaSelection._erase_last_boot


def forgives(self: Any, *given: Any) -> None:
    """What should be refused is not."""


def spares_the_last_sector(self: Any, target: Any, image_size: int) -> None:
    """The slot is not erased to its end."""
    self.partitions.erase_range(target, 0, target.size - SECTOR_SIZE)


def erases_any_spare_record(self: Any, with_image: bool) -> None:
    """The inactive record goes even if it names the slot that runs."""
    data, active = self._read_active()
    self.partitions.erase_range(data.partition, SECTOR_SIZE * (active ^ 1), SECTOR_SIZE)


def marks_without_verifying(self: Any, partition: Any) -> None:
    """esp_ota_set_boot_partition that trusts its caller."""
    self._set_boot_partition(partition)


def says_nothing_when_refused(self: Any) -> None:
    """rollback() that returns when it cannot be."""
    with suppress(Exception):
        self.esp_ota_mark_app_invalid_rollback()
        raise Restart


def burns_first(self: Any) -> None:
    """The version is burned before the record says VALID."""
    data, active = self._read_active()
    if data.entries[active].ota_state != OtaImgState.VALID:
        self._set_anti_rollback()
        self._rewrite_entry(data, active, data.entries[active].ota_seq, OtaImgState.VALID)


def burns_nothing(self: Any) -> None:
    """accept() that leaves the eFuse as it is."""


def aborts_one_record(self: Any, data: Any, entries: EntryPair) -> EntryPair:
    """The second record stays PENDING_VERIFY if the first one was."""
    for number, entry in enumerate(entries):
        if entry.ota_state == OtaImgState.PENDING_VERIFY:
            after = list(entries)
            after[number] = replace(entry, ota_state=OtaImgState.ABORTED)
            self._write_entry(data, number, encode_entry(after[number]))
            return EntryPair(*after)
    return entries


def aborts_with_a_fitting_check_word(self: Any, data: Any, entries: EntryPair) -> EntryPair:
    """A torn record gets a check word that fits: ABORTED, but no longer torn."""
    after = list(entries)
    for number, entry in enumerate(entries):
        if entry.ota_state == OtaImgState.PENDING_VERIFY:
            after[number] = replace(make_entry(entry.ota_seq, OtaImgState.ABORTED), seq_label=entry.seq_label)
            self._write_entry(data, number, encode_entry(after[number]))
    return EntryPair(*after)


def writes_without_erasing(self: Any, data: Any, number: int, raw: bytes) -> None:
    """The bootloader programs over what is there."""
    self._flash.program(data.offset + SECTOR_SIZE * number, raw)


def tries_as_valid(self: Any, state: Any, entries: EntryPair, active: int, index: int) -> None:
    """A new image is trusted at once."""
    entry = entries[active]
    if entry.ota_state == OtaImgState.NEW:
        self._write_entry(state.otadata, active, encode_entry(replace(entry, ota_state=OtaImgState.VALID)))


def numbers_the_first_record_by_its_slot(self: Any, state: Any, index: int) -> None:
    """One too low: ota_0 gets number 0."""
    self._write_entry(state.otadata, 0, encode_entry(make_entry(index, OtaImgState.VALID)))


def tries_upwards(start_index: int, app_count: int) -> Iterator[int]:
    """The slots above the selected one are tried first."""
    yield from range(start_index, app_count)
    yield from reversed(range(-1, start_index))


def accepts_nothing_before(self: Any) -> None:
    """commence() does not look whether the running image is under test."""


def swapped_words(raw: Any, notes_in_place: bool = False) -> SelectEntry:
    """State word and check word the other way round."""
    ota_seq, label, crc, state = otadata._LAYOUT.unpack(raw)
    return SelectEntry(ota_seq, state, crc, label)


def encoded_swapped(entry: SelectEntry) -> Any:
    """And written so, too: a board that understands itself."""
    return otadata._LAYOUT.pack(entry.ota_seq, entry.seq_label, entry.crc, entry.ota_state)


BURNED = case_of(ANTI_ROLLBACK, burned=0b00)
MUTANTS: tuple[tuple[str, CallCase, Any, str, Mutant], ...] = (
    ("accept", PLAIN, OtaSelection, "_rewrite_entry", rewrites_the_other_sector),
    ("accept", PLAIN, OtaSelection, "_rewrite_entry", programs_before_it_erases),
    ("accept", PLAIN, OtaSelection, "_rewrite_entry", forgets_the_label),
    ("accept", PLAIN, OtaSelection, "_rewrite_entry", erases_twice),
    ("accept", BURNED, OtaSelection, "esp_ota_mark_app_valid_cancel_rollback", burns_first),
    ("accept", BURNED, OtaSelection, "_set_anti_rollback", burns_nothing),
    ("rollback", PLAIN, OtaSelection, "_rewrite_entry", erases_the_other_sector_too),
    ("rollback", PLAIN, OtaSelection, "esp_ota_mark_app_invalid_rollback_and_reboot", says_nothing_when_refused),
    ("complete", OPEN, OtaSelection, "_rewrite_entry", keeps_the_check_word),
    ("complete", OPEN, esp_ota_select, "select_rewrite", leaves_the_number),
    ("complete", OPEN, EspOta, "_is_download_valid", lambda self, session: True),
    ("set_boot_running", case_of(of(Release.V6_0)), esp_ota_select, "select_rewrite", never_in_place),
    ("set_boot_other", ASKED, OtaSelection, "_rewrite_entry", keeps_the_check_word),
    ("set_boot_other", ASKED, OtaSelection, "_set_boot_partition", selects_what_runs),
    ("set_boot_other", TOO_OLD, OtaSelection, "_set_boot_partition", selects_any_version),
    ("erase_last_boot", PLAIN, OtaSelection, "_erase_last_boot", erases_the_record_alone),
    ("resume", case_of(of(Release.V6_1), session=True, wrote=1), EspOta, "_check_not_in_progress", forgives),
    ("abort", PLAIN, EspOta, "esp_ota_abort", forgives),
    ("commence", PLAIN, EspOta, "_erase_for", spares_the_last_sector),
    ("commence", PLAIN, EspOta, "_check_accepted", accepts_nothing_before),
    ("commence", case_of(of(Release.V5_5)), OtaSelection, "_erase_last_boot", erases_any_spare_record),
    ("boot", BOOT, Bootloader, "_abort_pending", aborts_one_record),
    ("boot", BOOT, Bootloader, "_abort_pending", aborts_with_a_fitting_check_word),
    ("boot", BOOT, Bootloader, "_write_entry", writes_without_erasing),
    ("boot", BOOT, Bootloader, "_note_selected", tries_as_valid),
    ("boot", BOOT, Bootloader, "_set_actual_ota_seq", numbers_the_first_record_by_its_slot),
    ("boot", case_of(Config(), running=3, factory=True), bootloader, "fallback_order", tries_upwards),
)


def prove(name: str, case: CallCase) -> Result:
    """Prove one case of a call, or of the bootloader."""
    return prove_boot_in(case) if name == "boot" else BY_NAME[name].prove_in(case)


@pytest.mark.parametrize(
    ("name", "case", "owner", "attribute", "mutant"), MUTANTS, ids=[getattr(m[4], "__name__", "") for m in MUTANTS]
)
def test_a_mutant_of_the_board_is_refuted(
    monkeypatch: pytest.MonkeyPatch, name: str, case: CallCase, owner: Any, attribute: str, mutant: Mutant
) -> None:
    """A wrong sector, order, byte, number, state, end: none goes unnoticed, and a witness shows it."""
    monkeypatch.setattr(owner, attribute, mutant)
    result = prove(name, case)
    assert LemmaVerdict.REFUTED == result.verdict
    assert "missing" not in result.detail


def test_a_board_with_its_own_layout_is_refuted(monkeypatch: pytest.MonkeyPatch) -> None:
    """It reads what it writes, but not what ESP-IDF wrote."""
    for module in (esp_ota_select, bootloader):
        monkeypatch.setattr(module, "decode_entry", swapped_words)
        monkeypatch.setattr(module, "encode_entry", encoded_swapped)
    assert LemmaVerdict.REFUTED == BY_NAME["accept"].prove_in(PLAIN).verdict


def test_a_path_that_is_dropped_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every other path still agrees with the model."""

    def without_last(*arguments: Any, **options: Any) -> list[Path]:
        return explored_paths(*arguments, **options)[:-1]

    monkeypatch.setattr(whole_calls, "explored_paths", without_last)
    result = BY_NAME["accept"].prove_in(PLAIN)
    assert LemmaVerdict.REFUTED == result.verdict
    assert "a path is missing" in result.detail


def test_a_rule_that_a_call_does_not_name_is_noticed(monkeypatch: pytest.MonkeyPatch, two_slots: None) -> None:
    """On the board, where it is read, and in the model, where it makes a difference."""
    forgetful = replace(BY_NAME["set_boot_running"], rules=())
    with pytest.raises(UnknownAccess):
        forgetful.prove_in(PLAIN)
    monkeypatch.setattr(whole_calls, "CALLS", (forgetful,))
    assert LemmaVerdict.REFUTED == whole_calls.prove_releases().verdict


def test_numbers_near_the_end_are_what_the_premise_leaves_out() -> None:
    """Without it, the number that is written is not the model's."""
    unaware = replace(BY_NAME["complete"], needs_number=False)
    assert LemmaVerdict.REFUTED == unaware.prove_in(OPEN).verdict


def board_with(first: bytes, second: bytes) -> App:
    """Return an application that runs from ota_0 of a board with whole images and these entries."""
    outline = Outline(2, has_factory=False)
    app = Board.of_cells(outline.cells(), ROLLBACK).power_on()
    assert app is not None
    app.partitions.flash.cells = with_records(app.partitions.flash.cells, first, second)
    app.partitions.flash.take_ops()
    return app


def test_an_open_session_is_what_commence_and_write_leave_in_ram() -> None:
    """The harness opens it without them."""
    blank = b"\xff" * 32
    opened, real = board_with(blank, blank), board_with(blank, blank)
    open_session(opened, wrote_size=1)
    real.otaupgrade.commence()
    real.otaupgrade.write(b"\xe9")
    assert real.ota._sessions == opened.ota._sessions
    assert (real.otaupgrade._handle, real.otaupgrade._next) == (opened.otaupgrade._handle, opened.otaupgrade._next)


RAW_ENTRIES = st.builds(
    lambda seq, state, is_right, label: encode_entry(
        SelectEntry(seq, state, ota_select_crc(seq) ^ (not is_right), label)
    ),
    st.one_of(st.integers(1, 9), st.integers(1, 0xFFFFFF00)),
    st.one_of(st.integers(0, 5), st.just(0xFFFFFFFF)),
    st.booleans(),
    st.binary(min_size=20, max_size=20),
)
CASES = {"accept": PLAIN, "rollback": PLAIN, "complete": OPEN}


@settings(max_examples=40)
@given(st.sampled_from(sorted(CASES)), RAW_ENTRIES, RAW_ENTRIES)
def test_the_symbolic_board_does_as_the_byte_board(name: str, first: bytes, second: bytes) -> None:
    """The path that these entries take has the operations and the bytes of the real call."""
    app = board_with(first, second)
    if name == "complete":
        open_session(app, wrote_size=1)
    with suppress(Restart, LuaError):
        BY_NAME[name].run(app, CASES[name])
    solver = known(first, second)
    taken = [path for path in outcomes(name, CASES[name]) if solver.check(path.condition) == z3.sat]
    assert len(taken) == 1
    assert solver.check(taken[0].condition) == z3.sat
    values = solver.model()
    log = taken[0].result.log
    kinds = {FlashOpKind.ERASE: EraseOp, FlashOpKind.PROGRAM: ProgramOp}
    flash = app.partitions.flash
    assert [(kinds[op.kind], op.address) for op in flash.take_ops()] == [(type(op), op.address) for op in log]
    for op in log:
        if isinstance(op, ProgramOp):
            data = values.eval(op.data.term, model_completion=True).as_long()
            assert int.from_bytes(flash.cells.read(op.address, 32), "little") == data


def known(first: bytes, second: bytes) -> z3.Solver:
    """Return a solver that knows both entries, that all images are whole, and impl's functions on these numbers."""
    solver = z3.Solver()
    for entry, label, raw in ((FIRST, LABELS[0], first), (SECOND, LABELS[1], second)):
        seq = int.from_bytes(raw[:4], "little")
        solver.add(entry.seq == seq, label == int.from_bytes(raw[4:24], "little"))
        solver.add(entry.state == int.from_bytes(raw[24:28], "little"), entry.crc == int.from_bytes(raw[28:], "little"))
        solver.add(SLOT_OF(z3.BitVecVal(seq, 32), z3.BitVecVal(2, 32)) == (seq - 1) % 2)
        following = seq + seq % 2
        solver.add(NEXT_SEQ(z3.BitVecVal(seq, 32), z3.BitVecVal(1, 32), z3.BitVecVal(2, 32)) == following)
        for number in (seq, following, 2):
            solver.add(CRC(z3.BitVecVal(number, 32)) == zlib.crc32(number.to_bytes(4, "little"), 0xFFFFFFFF))
    solver.add(*(z3.BitVec(f"slot{slot}_content", 2) == Content.COMPLETE for slot in range(2)))
    return solver
