"""The life-cycle table: one row for every whole step, all that was recorded, and tears by their bits."""

import csv
import gzip
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import pytest
from slot_moves import WORDS, Moment, after_look, make_record, parse_record, reported, situations

from otaproof.impl.release_points import class_of_app, read_point
from otaproof.model.config import Config, Release
from otaproof.model.fault_model import MODELLED_FAULTS, FaultModel
from otaproof.model.ota_state import API_NAMES
from otaproof.model.slot.life_cycle import (
    TABLE,
    TEARS,
    WHOLE_STEP_ROWS,
    Event,
    NoSuchMove,
    Row,
    RowKind,
    allowed_rows,
    state_after,
    whole_row,
)
from otaproof.model.slot.situation import Place, Situation, State
from places import RECORDED

RECORDINGS = {"sessions": 40363, "releases-sessions": 3302, "cuts2": 11670, "flash-errors": 4011, "pins": 1166}
"""Files of recorded scenarios, and how many moves of slots each shows."""
RULES = [
    Config(rollback=rollback, app_release=release)
    for rollback in (False, True)
    for release in (Release.V5_1, Release.V5_5, Release.V6_0)
]
"""One build for each set of rules that the table tells apart."""
CALLS = (
    *(Event.COMMENCE, Event.WRITE, Event.COMPLETE, Event.ACCEPT, Event.ROLLBACK, Event.INFO),
    Event.ERASE_LAST_BOOT,
)
RESETS = (Event.POWER_ON, Event.ERASE_OTADATA, Event.WAKE)
BOOTABLE = (State.UNDEFINED, State.NEW, State.TESTING, State.VALID)
REFUSED_STATES = (State.INVALID, State.ABORTED)
NAMED_STATES = (*BOOTABLE, *REFUSED_STATES)
WITH_ROLLBACK = Config(rollback=True)


def call_situations() -> Iterator[tuple[State, Situation]]:
    """Yield every state and situation that a call can meet."""
    switches = (False, True)
    for config, state, place, hidden in product(RULES, State, Place, State):
        for in_first, running, target, target_selected, refused in product(*[switches] * 5):
            situation = Situation(
                config,
                place,
                in_first_sector=in_first,
                hidden=hidden,
                is_running=running,
                is_target=target,
                target_is_selected=target_selected,
                is_refused=refused,
            )
            if is_possible(state, situation):
                yield state, situation


def is_possible(state: State, situation: Situation) -> bool:
    """Tell whether two records can stand so to a slot that is in that state."""
    place, hidden = situation.place, situation.hidden
    is_named_twice = hidden is not State.NONE
    possible_states = {
        Place.ABSENT: (State.NONE,),
        Place.SELECTED: BOOTABLE,
        Place.SPARE: NAMED_STATES,
        Place.REJECTED: REFUSED_STATES,
    }
    if state not in possible_states[place] or (situation.is_running and situation.is_target):
        return False
    if place is Place.ABSENT and (is_named_twice or situation.in_first_sector):
        return False
    if is_named_twice and not situation.in_first_sector:
        return False
    if place is Place.REJECTED:
        return not situation.target_is_selected and (not is_named_twice or hidden in REFUSED_STATES)
    if place is Place.SPARE and is_named_twice and hidden not in BOOTABLE:
        return False
    names_selected = place is Place.SELECTED or is_named_twice
    if names_selected:
        return situation.target_is_selected == situation.is_target
    return not (situation.target_is_selected and situation.is_target)


def reset_situations() -> Iterator[tuple[State, Situation]]:
    """Yield every state and situation that a reset can meet."""
    for config, state, chosen, fresh, started in product(RULES, State, (False, True), (False, True), (False, True)):
        is_choosable = state in BOOTABLE and not (config.rollback and state is State.TESTING)
        if (chosen and (fresh or not is_choosable)) or (fresh and state is not State.NONE):
            continue
        yield state, Situation(config, is_chosen=chosen, is_fresh=fresh, is_started=started)


def rows_open(state: State, event: Event, situation: Situation) -> list[str]:
    """Return the ids of the whole-step rows that are open."""
    return [row.id for row in WHOLE_STEP_ROWS if row.is_open(state, event, situation)]


@pytest.mark.parametrize("event", CALLS)
def test_every_call_has_exactly_one_row_in_every_situation(event: Event) -> None:
    """So the order of the rows carries no meaning, and no case is open."""
    assert [] == [s for state, s in call_situations() if len(rows_open(state, event, s)) != 1]


@pytest.mark.parametrize("event", RESETS)
def test_every_reset_has_exactly_one_row_in_every_situation(event: Event) -> None:
    """Likewise for resets."""
    assert [] == [s for state, s in reset_situations() if len(rows_open(state, event, s)) != 1]


def test_situations_are_as_many_as_they_were() -> None:
    """A guard against an enumeration that shrinks unnoticed."""
    assert (3084, 138) == (sum(1 for _ in call_situations()), sum(1 for _ in reset_situations()))


def test_states_are_the_words_of_info_and_none() -> None:
    """Six names, and the empty table."""
    assert {*API_NAMES.values(), "none"} == {state.value for state in State}


def test_row_ids_are_unique() -> None:
    """An id names one row."""
    ids = [row.id for row in TABLE]
    assert len(ids) == len(set(ids))


def test_exactly_the_power_cut_rows_name_a_fault_model() -> None:
    """The weakest one that allows them."""
    assert [row for row in TABLE if row.kind is RowKind.POWER_CUT] == [row for row in TABLE if row.weakest is not None]


# What was recorded of the real code.


def read_rows_tsv() -> list[dict[str, str]]:
    """Return the lines of rows.tsv."""
    with (RECORDED / "rows.tsv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file, delimiter="\t"))


def kinds_between(line: Mapping[str, str], rows: tuple[Row, ...]) -> set[RowKind]:
    """Return the kinds of the rows that lead from one state of the line to the other, whatever the situation."""
    before, after = State(line["from"]), State(line["to"])
    event = Event(line["event"].split()[0])
    config = Config(rollback=line["rollback"] == "true", app_release=Release.V5_5)
    known = SITUATIONS_OF_CALLS if event in CALLS else SITUATIONS_OF_RESETS
    return {
        row.kind
        for row in rows
        if event in row.events and before in row.states_before
        for state, situation in known
        if state is before
        and situation.config.rollback == config.rollback
        and row.when.holds(situation)
        and row.state_after(before, situation.hidden) is after
    }


SITUATIONS_OF_CALLS = list(call_situations())
SITUATIONS_OF_RESETS = list(reset_situations())


@pytest.mark.parametrize("line", read_rows_tsv(), ids=lambda line: " ".join(list(line.values())[:4]))
def test_table_allows_what_the_recordings_show_at_least(line: dict[str, str]) -> None:
    """Each line of rows.tsv has a row, which is one of a cut only where the line is."""
    kinds = kinds_between(line, TABLE)
    usable = kinds - (set() if "(cut)" in line["event"] else {RowKind.POWER_CUT}) - {RowKind.FLASH_ERROR}
    assert usable


def read_layouts() -> dict[str, Any]:
    """Return the layouts of the recordings."""
    layouts: dict[str, Any] = {}
    for name in ("layouts.json", "layouts-more.json"):
        layouts |= json.loads((RECORDED / name).read_text(encoding="utf-8"))
    return layouts


@dataclass(frozen=True, slots=True)
class Move:
    """What one recorded step did to one slot."""

    where: str
    event: Event
    before: State
    after: State
    situations: tuple[Situation, ...]
    """How the slot stood to it; several where the recording leaves it open."""
    is_cut: bool
    has_flash_error: bool

    def rows(self) -> list[str]:
        """Return the ids of the rows that allow it."""
        if not (self.is_cut or self.has_flash_error):
            row = whole_row(self.before, self.event, self.situations[0])
            return [row.id] if row.state_after(self.before, self.situations[0].hidden) is self.after else []
        cut = FaultModel.F1 if self.is_cut else None
        return [
            row.id
            for situation in self.situations
            for row in allowed_rows(self.before, self.event, self.after, situation, cut, self.has_flash_error)
        ]


class Recorded:
    """One recorded scenario."""

    def __init__(self, scenario: Mapping[str, Any], layout: Mapping[str, Any]) -> None:
        """Take the scenario and its layout, whose slots are ota_0 … without a gap."""
        self.scenario = scenario
        apps = {row["label"]: row["subtype"] for row in layout["partitions"] if row["type"] == 0}
        self.slots = {label: subtype - 0x10 for label, subtype in apps.items() if 0x10 <= subtype < 0x20}
        self.has_factory = 0 in apps.values()
        otadata = [row for row in layout["partitions"] if (row["type"], row["subtype"]) == (1, 0)]
        self.otadata = range(otadata[0]["offset"], otadata[0]["offset"] + otadata[0]["size"]) if otadata else range(0)
        release = class_of_app(read_point(scenario["idf"]))
        self.config = Config(
            rollback=scenario["rollback"],
            anti_rollback=scenario["anti_rollback"],
            app_release=release,
            bootloader_release=release,
        )

    def moves(self) -> Iterator[Move]:
        """Yield what each step did to each slot, as far as the table speaks of it."""
        moment = self._moment(self.scenario["otadata"], None)
        for number, step in enumerate(self.scenario["steps"]):
            after = self._moment(step["st"]["otadata"], step["st"]["running"])
            is_ordinary = all(record.is_ordinary for record in (*moment.records, *after.records))
            if is_ordinary and not self._is_beyond(step):
                for move in self._moves_of(step, moment, after):
                    yield replace(move, where=f"{self.scenario['id']} step {number}: {move.where}")
            moment = after

    def _moment(self, entries: list[str], running: str | None) -> Moment:
        first, second = (parse_record(bytes.fromhex(entry)) for entry in entries)
        slot = self.slots.get(running or "")
        return Moment(self.config, len(self.slots), self.has_factory, (first, second), slot)

    def _is_beyond(self, step: Mapping[str, Any]) -> bool:
        """Tell whether the table does not speak of the step, or otadata alone does not say what it selects."""
        is_reset = step["do"] == "power_on"
        is_cut_factory_reset = step.get("pin") == "factory_reset" and "cut" in step["res"]
        return (
            "off" in step["res"]
            or step["do"].startswith("esp_")
            or (is_reset and self.config.anti_rollback)
            or is_cut_factory_reset
        )

    def _moves_of(self, step: Mapping[str, Any], before: Moment, after: Moment) -> Iterator[Move]:
        result = step["res"]
        if step.get("pin") == "factory_reset":
            before = self._after_first_look(step, before)
        touched = any(op[1] in self.otadata for op in step["ops"])
        is_silent = step["do"] == "complete" and (self.config.anti_rollback or "fail" in step)
        is_refused = not touched and (is_silent or bool({"err", "panic", "hang"} & result.keys()))
        started = self.slots.get(result.get("booted") or "")
        is_test_pin_held = step.get("pin") == "test"
        possible = [situations(before, is_refused=is_refused, started=started, is_test_pin_held=is_test_pin_held)]
        if step["do"] == "power_on" and "cut" in result:
            possible += [situations(before, started=slot) for slot in self.slots.values()]
        for label, slot in self.slots.items():
            yield Move(
                where=label,
                event=Event(step["do"]),
                before=possible[0][slot][0],
                after=reported(after.records, slot, len(self.slots))[0],
                situations=tuple(found[slot][1] for found in possible),
                is_cut="cut" in result,
                has_flash_error="fail" in step,
            )

    def _after_first_look(self, step: Mapping[str, Any], before: Moment) -> Moment:
        """Return the device before the second look of a factory reset."""
        if step["ota_data_erase"] or "otadata" in step["erase_list"]:
            empty = parse_record(b"\xff" * 32)
            return replace(before, records=(empty, empty), running=None)
        return replace(before, records=after_look(before.records, self.config), running=None)


def recorded_moves(name: str) -> Iterator[Move]:
    """Yield the moves of all scenarios of a file whose layout has whole otadata."""
    layouts = read_layouts()
    with gzip.open(RECORDED / f"{name}.jsonl.gz", "rt", encoding="utf-8") as file:
        for line in file:
            scenario = json.loads(line)
            if scenario["otadata"] and None not in scenario["otadata"]:
                yield from Recorded(scenario, layouts[scenario["layout"]]).moves()


@pytest.mark.parametrize(("name", "count"), RECORDINGS.items())
def test_every_recorded_move_is_by_the_row_that_fits(name: str, count: int) -> None:
    """Whole steps by their one row, interrupted ones by some row; so many moves are recorded."""
    moves = list(recorded_moves(name))
    assert [] == [move for move in moves if not move.rows()]
    assert count == len(moves)


# What a tear of a state word reads as.


def readings_of_tear(word: State, model: FaultModel) -> set[State]:
    """Return what a state word can read as, half programmed or half erased: its own bits, and any others, are 1.

    Under F2 whole bytes are. Of the others only words that mean something are asked for, and one that does not.
    """
    target = WORDS[word]
    if model is FaultModel.F2:
        masks = [sum(0xFF << 8 * byte for byte in range(4) if kept >> byte & 1) for kept in range(16)]
        torn = {target | mask for mask in masks}
    else:
        torn = {candidate for candidate in (*WORDS.values(), 0x80000000 | target) if candidate & target == target}
    names = {number: state for state, number in WORDS.items()}
    return {names.get(number, State.UNDEFINED) for number in torn} - {word}


@pytest.mark.parametrize("model", [FaultModel.F2, FaultModel.F3])
@pytest.mark.parametrize("word", WORDS)
def test_tears_are_what_the_bits_of_the_state_word_allow(word: State, model: FaultModel) -> None:
    """Every superset of the word's bits, by whole bytes or by single ones."""
    listed = {tear.reads for tear in TEARS if tear.word is word and tear.weakest <= model}
    assert readings_of_tear(word, model) == listed


@pytest.mark.parametrize("word", WORDS)
@pytest.mark.parametrize("number", [1, 2, 3, 0xFF, 0x100, 0xFF00, 12345])
def test_prefix_never_tears_the_state_word_alone(word: State, number: int) -> None:
    """F1: with the check word good, the state is that of before or after; so no tear is weaker than F2."""
    entry = make_record(number, WORDS[word])
    programmed = (entry[:length] + b"\xff" * (32 - length) for length in range(33))
    erased = (b"\xff" * length + entry[length:] for length in range(33))
    readable = [record for record in map(parse_record, (*programmed, *erased)) if not record.is_empty]
    assert {(number, WORDS[word])} == {(record.number, record.word) for record in readable}


# Some rows in words.


def test_new_image_is_tested_at_its_first_start() -> None:
    """With rollback on."""
    chosen = Situation(WITH_ROLLBACK, Place.SELECTED, is_chosen=True)
    assert State.TESTING is state_after(State.NEW, Event.POWER_ON, chosen)


def test_image_under_test_is_aborted_by_the_next_reset() -> None:
    """Unless it was accepted meanwhile."""
    assert State.ABORTED is state_after(State.TESTING, Event.POWER_ON, Situation(WITH_ROLLBACK, Place.SELECTED))


def test_accept_before_the_reboot_skips_the_test() -> None:
    """And is misuse."""
    marked = Situation(WITH_ROLLBACK, Place.SELECTED, is_target=True, target_is_selected=True)
    assert RowKind.MISUSE is whole_row(State.NEW, Event.ACCEPT, marked).kind


@pytest.mark.parametrize(("release", "state"), [(Release.V5_1, State.VALID), (Release.V5_5, State.NONE)])
def test_commence_gives_the_spare_record_up_from_5_5_on(release: Release, state: State) -> None:
    """With rollback on."""
    spare = Situation(Config(rollback=True, app_release=release), Place.SPARE, is_target=True)
    assert state is state_after(State.VALID, Event.COMMENCE, spare)


def test_torn_new_record_can_read_valid_under_f3_only() -> None:
    """So an image boots that was never tested."""
    chosen = Situation(WITH_ROLLBACK, Place.ABSENT, is_target=True)
    by_model = {m: bool(allowed_rows(State.NONE, Event.COMPLETE, State.VALID, chosen, cut=m)) for m in MODELLED_FAULTS}
    assert {m: m is FaultModel.F3 for m in MODELLED_FAULTS} == by_model


def test_cut_row_does_not_serve_a_whole_step() -> None:
    """testing to none is what a cut in accept() leaves."""
    running = Situation(WITH_ROLLBACK, Place.SELECTED, is_running=True)
    assert () == allowed_rows(State.TESTING, Event.ACCEPT, State.NONE, running)


def test_state_without_a_row_is_an_error() -> None:
    """A rejected record is never the selected one."""
    with pytest.raises(NoSuchMove, match="invalid, accept: no row instead of one for 5"):
        whole_row(State.INVALID, Event.ACCEPT, Situation(WITH_ROLLBACK, Place.SELECTED))
