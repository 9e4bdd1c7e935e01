"""What otadata says that is kept by turns: read in one place, and as the board has it."""

import json
from itertools import product
from pathlib import Path
from random import Random

import pytest
from small_boards import OTADATA, SECTOR_SIZE, Outline
from turn_boards import (
    BLANK,
    FACTORY,
    FACTORY_TWO,
    NEW,
    NONE,
    PLAIN,
    ROLLBACK,
    SELECTED,
    TRIED,
    TWO,
    VALID,
    board_of,
    entry,
    label_of,
    record,
)

from otaproof.campaign.explain.entries import read_entries
from otaproof.campaign.explain.explanation import explain, slot_names
from otaproof.cli.main import main
from otaproof.cli.reports.entry_view import entry_meaning
from otaproof.impl.chip.cells import Cells
from otaproof.model.config import Config

OLD = {"VALID": entry(3, 2), "NEW": entry(4, 0), "PENDING_VERIFY": entry(4, 1), "ABORTED": entry(5, 4)}
STATES = [
    (kind, current, other) for kind in (NEW, TRIED, VALID, SELECTED) for current in (0, 1) for other in (0, 1, NONE)
]


def dump_of(outline: Outline, first: bytes, second: bytes, broken: tuple[int, ...] = ()) -> Cells:
    """Return a chip with these records."""
    return outline.cells(broken).with_bytes(OTADATA, first).with_bytes(OTADATA + SECTOR_SIZE, second)


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (
            record(2, NEW, 1, 0),
            "number 2, by turns NEW: ota_1 has its one try; if it is not accepted then, ota_0 starts again",
        ),
        (record(3, TRIED, 0, 1), "number 3, by turns TRIED: ota_0 starts; ota_1 was tried, and is not accepted so far"),
        (
            record(3, TRIED, 0, 0),
            "number 3, by turns TRIED: ota_0 starts; it was tried and not accepted, with nothing to go back to",
        ),
        (record(4, VALID, 1, FACTORY), "number 4, by turns VALID: ota_1 starts; rollback may go to factory"),
        (record(5, VALID, FACTORY), "number 5, by turns VALID: factory starts"),
        (record(6, SELECTED, 1), "number 6, by turns SELECTED: ota_1 starts"),
    ],
)
def test_record_is_read_alike_by_explain_and_replay(raw: bytes, text: str) -> None:
    """One sentence for each kind of state."""
    reading, _ = read_entries((raw + b"\xff" * 4064, b"\xff" * 4096), slot_names(FACTORY_TWO.table))
    assert (text, (), True) == (reading.summary, reading.problems, reading.is_by_turns)
    assert text == entry_meaning(raw, 2)


def test_record_of_factory_counts_for_nothing_where_the_table_has_none() -> None:
    """It is not whole then."""
    reading, _ = read_entries((record(5, VALID, FACTORY) + b"\xff" * 4064, b"\xff" * 4096), slot_names(TWO.table))
    assert not reading.is_by_turns


def test_record_without_its_check_word_is_told_as_torn() -> None:
    """The program of the check word never came."""
    torn = record(3, TRIED, 0, 1)[:28] + b"\xff" * 4
    reading, _ = read_entries((torn + b"\xff" * 4064, b"\xff" * 4096), slot_names(TWO.table))
    (problem,) = reading.problems
    assert not reading.is_by_turns
    assert problem.startswith("a record by turns without its check word, whose program was cut")


@pytest.mark.parametrize("config", [ROLLBACK, PLAIN], ids=("rollback", "plain"))
@pytest.mark.parametrize("outline", [TWO, FACTORY_TWO], ids=("two", "factory"))
def test_order_that_is_told_is_that_of_the_board(config: Config, outline: Outline) -> None:
    """Whatever two records say, of a selector by turns or of ESP-IDF, and whichever slots are damaged."""
    records = [BLANK, *OLD.values()]
    records += [record(number, *state) for number, state in product((1, 2, 3, 4), STATES)]
    random = Random(7)
    for _ in range(150):
        first, second = random.choice(records), random.choice(records)
        broken = tuple(slot for slot in range(2) if random.random() < 0.3)
        answer = explain(dump_of(outline, first, second, broken), config)
        expected = next((label for label in answer.order if label not in {f"ota_{slot}" for slot in broken}), None)
        started = label_of(board_of(outline, config, first, second, broken).power_on())
        assert started == expected == answer.first.label
        assert answer.selected == answer.order[0]


def written(tmp_path: Path, first: bytes, second: bytes) -> list[str]:
    """Return the arguments that give explain these records on two slots."""
    dump = tmp_path / "dump.bin"
    cells = dump_of(TWO, first, second)
    dump.write_bytes(cells.read(0, cells.size))
    return ["explain", str(dump), "--idf", "5.1", "--rollback", "--no-history", "--json"]


def explained(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> dict[str, object]:
    """Return the one case that is explained."""
    main(arguments)
    (case,) = json.loads(capsys.readouterr().out)["releases"]
    return dict(case)


def test_whole_record_tells_the_selector(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Beside a record of ESP-IDF with a higher number, which ESP-IDF's own bootloader would go by."""
    arguments = written(tmp_path, entry(7, 2), record(2, VALID, 1, 0))
    found = explained(arguments, capsys)
    assert ("by-turns", "ota_1") == (found["selector"], found["boots"])
    assert "entry 0 is one of ESP-IDF's: beside a whole record by turns it is not heard" in str(found["why"])
    found = explained([*arguments, "--selector", "esp-idf"], capsys)
    assert ("esp-idf", "ota_0") == (found["selector"], found["boots"])


def test_takeover_is_told_where_it_is_asked_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """ESP-IDF's records do not tell what bootloader will read them."""
    arguments = written(tmp_path, entry(1, 2), entry(2, 0))
    assert "esp-idf" == explained(arguments, capsys)["selector"]
    found = explained([*arguments, "--selector", "by-turns"], capsys)
    assert "taken over and written as entry 0: NEW: ota_1 has its one try" in str(found["why"])
    assert ("ota_1", "ota_0") == (found["boots"], found["next_boots"])


def test_history_that_leads_there_is_one_by_turns(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The token plays it: the entries are the same to the byte."""
    arguments = [*written(tmp_path, record(3, TRIED, 0, 1), record(2, NEW, 1, 0)), "--history"]
    history = explained(arguments, capsys)["history"]
    assert isinstance(history, dict)
    assert ("reachable without a fault", "") == (history["verdict"], history["note"])
    assert "ota_1 starts after the restart, on trial" == history["steps"][-1]
    assert 0 == main(["replay", history["token"]])
    assert "number 3, by turns TRIED" in capsys.readouterr().out


def test_what_mends_is_played_on_a_board_by_turns(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Records of ESP-IDF are heard where no whole one is left: both sectors are written."""
    cells = dump_of(TWO, record(1, VALID, 0), record(2, TRIED, 0, 1), (0,))
    dump = tmp_path / "dump.bin"
    dump.write_bytes(cells.read(0, cells.size))
    main(["mend", str(dump), "--idf", "5.1"])
    assert "then ota_1 boots, at the next power-on and at the one after" in " ".join(capsys.readouterr().out.split())
