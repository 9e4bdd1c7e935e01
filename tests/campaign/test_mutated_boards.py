"""A board that does other operations than the model: told in one line, never by a traceback."""

from collections.abc import Callable

import pytest

from otaproof.campaign.lockstep.trace_replay import confirm
from otaproof.cli.main import main
from otaproof.impl.app.esp_partition import EspPartitions
from otaproof.impl.bootloader import Bootloader
from otaproof.impl.chip.cells import SECTOR_SIZE
from otaproof.impl.otadata import decode_entry
from otaproof.impl.partitions.partition import Partition
from otaproof.model.config import Config
from otaproof.model.device.search import follow
from otaproof.model.device.state import Scope, Usage
from otaproof.model.device.stepper import stepper
from otaproof.model.fault_model import FaultModel
from otaproof.model.ota_state import OtaImgState

SCOPE = Scope(Config(rollback=True), faults=FaultModel.F1, usage=Usage.RESTART_AT_ONCE)
UPGRADE = [
    "commence",
    "commence_erases",
    "write_first",
    "write_rest",
    "complete",
    "complete_erases",
    "complete_programs",
]
FIRST_BOOT = ["power_on", "boot_starts", "fresh_erases", "fresh_programs", "image_begins"]
TRACES = {
    "whole": (*FIRST_BOOT, *UPGRADE, "boot_tries_new", "try_erases", "try_programs", "image_begins"),
    "cut in the erase": (*FIRST_BOOT, *UPGRADE, "boot_tries_new", "cut_in_erase_leaves_wrong_new", "power_on"),
    "cut in the program": (
        *FIRST_BOOT,
        *UPGRADE,
        "boot_tries_new",
        "try_erases",
        "cut_in_program_leaves_empty_undefined",
    ),
}
WriteEntry = Callable[[Bootloader, Partition, int, bytes], None]


def address(otadata: Partition, number: int) -> int:
    """Return where an entry lies."""
    return otadata.offset + SECTOR_SIZE * number


def erases_twice(board: Bootloader, otadata: Partition, number: int, raw: bytes) -> None:
    """One operation more."""
    board._flash.erase_sector(address(otadata, number))
    board._flash.erase_sector(address(otadata, number))
    board._flash.program(address(otadata, number), raw)


def erases_both(board: Bootloader, otadata: Partition, number: int, raw: bytes) -> None:
    """One operation more, elsewhere."""
    board._flash.erase_sector(address(otadata, number))
    board._flash.program(address(otadata, number), raw)
    board._flash.erase_sector(address(otadata, 1 - number))


def writes_nothing(board: Bootloader, otadata: Partition, number: int, raw: bytes) -> None:
    """No operation."""


def programs_nothing(board: Bootloader, otadata: Partition, number: int, raw: bytes) -> None:
    """One operation less."""
    board._flash.erase_sector(address(otadata, number))


def erases_nothing(board: Bootloader, otadata: Partition, number: int, raw: bytes) -> None:
    """One operation less, and one that no flash allows."""
    board._flash.program(address(otadata, number), raw)


def with_wrong_try(board: WriteEntry, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the bootloader write like that when it notes that a new image is being tried."""
    right = Bootloader._write_entry

    def write(bootloader: Bootloader, otadata: Partition, number: int, raw: bytes) -> None:
        is_try = decode_entry(raw).ota_state == OtaImgState.PENDING_VERIFY
        (board if is_try else right)(bootloader, otadata, number, raw)

    monkeypatch.setattr(Bootloader, "_write_entry", write)


BOARDS: tuple[WriteEntry, ...] = (erases_twice, erases_both, writes_nothing, programs_nothing, erases_nothing)


@pytest.mark.parametrize("trace", TRACES)
def test_traces_are_those_of_the_model_and_of_the_board(trace: str) -> None:
    """While nothing is wrong."""
    assert follow(stepper(SCOPE), TRACES[trace]) is not None
    assert confirm(SCOPE, TRACES[trace], "C4").divergence is None


SEEN = [
    *(("whole", board) for board in BOARDS),
    ("cut in the erase", writes_nothing),
    ("cut in the erase", erases_nothing),
    ("cut in the program", writes_nothing),
    ("cut in the program", programs_nothing),
    ("cut in the program", erases_nothing),
]
"""Where the board does otherwise before the cut: what comes after it, nobody sees."""


@pytest.mark.parametrize(("trace", "board"), SEEN, ids=lambda value: getattr(value, "__name__", value))
def test_board_with_other_operations_diverges(trace: str, board: WriteEntry, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether a cut falls into them or not, and the step in which it happens is named."""
    with_wrong_try(board, monkeypatch)
    divergence = confirm(SCOPE, TRACES[trace], "C4").divergence
    assert divergence is not None
    assert divergence.startswith("reset (software): ")


def test_cut_in_an_operation_that_the_board_has_not_diverges(monkeypatch: pytest.MonkeyPatch) -> None:
    """The board returns from commence() before the power fails."""
    trace = (*FIRST_BOOT, "commence", "cut_before_wipe")
    assert confirm(SCOPE, trace, "C4").divergence is None
    monkeypatch.setattr(EspPartitions, "erase_range", lambda *_: None)
    divergence = confirm(SCOPE, trace, "C4").divergence
    assert divergence is not None
    assert "commence(): " in divergence and "never fired: there were 0 operations" in divergence


@pytest.mark.parametrize("board", [writes_nothing, erases_nothing], ids=lambda board: board.__name__)
def test_prove_tells_a_board_that_differs_in_one_line(
    board: WriteEntry, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 3: what differs, where, and what to do about it."""
    with_wrong_try(board, monkeypatch)
    code = main(["prove", "--usage", "restart-at-once", "--faults", "F0", "--claim", "C4"])
    printed = capsys.readouterr()
    said = " ".join(printed.out.split())
    assert (3, "") == (code, printed.err)
    assert "C4: board and model differ, which is a bug in otaproof: reset (software): " in said
    assert "; please report it, with the command line" in said
