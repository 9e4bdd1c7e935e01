"""Host tests of histories, compiled against functions that do what the board did, and run."""

import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from otaproof.analysis.host_test.call_log import Argument, LoggedStep, LoggingPlayer, OtaCall
from otaproof.analysis.host_test.host_project import host_test_files, versions_of
from otaproof.analysis.host_test.refusal import HostTestRefused
from otaproof.campaign.fuzz.findings import runs
from otaproof.campaign.fuzz.generator import Worlds
from otaproof.campaign.history.history import History, SmallDevice, SmallImage, upgrade
from otaproof.campaign.history.known_case import KnownCase
from otaproof.campaign.history.known_cases import KNOWN_CASES, known_case
from otaproof.campaign.history.player import Moment
from otaproof.campaign.history.step import COMPLETE, POWER_ON, Step, StepCut, StepFailure
from otaproof.impl.chip.flash import FailureExtent, FlashOp, FlashOpKind
from otaproof.impl.chip.torn_operations import Torn
from otaproof.impl.partitions.partition import Partition
from otaproof.model.config import Config, Release
from otaproof.model.device.state import Usage
from otaproof.model.fault_model import FaultModel
from otaproof.model.writers import Updater
from places import DATA

STUB = DATA / "host_test_stub"
COMPILER = shutil.which("cc")
FLAGS = ("-std=c11", "-Wall", "-Wextra", "-Werror", "-pedantic")
needs_compiler = pytest.mark.skipif(COMPILER is None, reason="no C compiler (cc)")
BOTH_LOST = known_case("both-records-lost").history


def with_step(history: History, at: int, step: Step) -> History:
    """Return a history that has another step."""
    return replace(history, steps=(*history.steps[:at], step, *history.steps[at + 1 :]))


def files_of(history: History) -> list[tuple[str, bytes]]:
    """Return the files of a host test."""
    return list(host_test_files(history, "test_it", ["It."], "Made by a test."))


def is_expressible(history: History) -> bool:
    """Tell whether a host test can be made of it."""
    try:
        return bool(files_of(history))
    except HostTestRefused:
        return False


def recorded(history: History) -> str:
    """Return recorded.h for a history: what its calls do where the power does not fail."""
    ops: list[str] = []
    calls: list[str] = []
    player = LoggingPlayer(history)
    for number, step in enumerate(history.steps):
        whole = LoggingPlayer(history)
        for earlier in history.steps[:number]:
            whole.play_logged(earlier)
        logged, uncut = player.play_logged(step), whole.play_whole(step)
        for call, ended in zip(logged.calls, uncut.calls, strict=False):
            made = list(operations(uncut, call.first_op, uncut.calls))
            ops += made
            calls.append(described(ended, len(made)))
    table = "\n".join(
        f'{{{"ESP_PARTITION_TYPE_APP" if p.is_app else "ESP_PARTITION_TYPE_DATA"}, {p.offset}, {p.size}, "{p.label}"}},'
        for p in history.device.table
        if p.is_app or p.label == "otadata"
    )
    return (
        f"static const esp_partition_t partitions[] = {{{table} {{0, 0, 0, {{0}}}}}};\n"
        f"static const struct op ops[] = {{{' '.join(ops)} {{0, 0, NULL}}}};\n"
        f"static const struct call calls[] = {{{' '.join(calls)} {{NULL, 0, 0, 0, NULL, 0}}}};\n"
    )


def operations(step: LoggedStep, first: int, calls: tuple[OtaCall, ...]) -> Iterator[str]:
    """Yield the operations of the call that begins with one of them."""
    end = min((call.first_op for call in calls if call.first_op > first), default=len(step.played.ops))
    for number, op in enumerate(step.played.ops[first:end], first):
        yield f"{{{op.address}, {op.length}, {hexed(op, step.played.moments[number + 1])}}},"


def hexed(op: FlashOp, after: Moment) -> str:
    """Return the bytes of a program, as C has them."""
    return "NULL" if op.kind is FlashOpKind.ERASE else f'"{after.cells.read(op.address, op.length).hex()}"'


def described(call: OtaCall, ops: int) -> str:
    """Return a call as C has it."""
    arguments = () if call.name == "esp_ota_get_next_update_partition" else call.arguments
    text = " ".join([call.name, *map(word_of, arguments)])
    handle = call.result if isinstance(call.result, int) else 0
    found = f'"{call.result.label}"' if isinstance(call.result, Partition) else "NULL"
    return f'{{"{text}", {ops}, {call.error.code_name}, {handle}, {found}, {int(call.end == "Restart")}}},'


def word_of(argument: Argument) -> str:
    """Return an argument as the stub prints it: of a partition its label, of data its length."""
    if isinstance(argument, Partition):
        return argument.label
    return str(len(argument) if isinstance(argument, bytes) else "none" if argument is None else argument)


def written(history: History, folder: Path) -> Path:
    """Write a host test and what was recorded; return its source."""
    for name, contents in files_of(history):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(contents)
    (folder / "recorded.h").write_text(recorded(history))
    return folder / "main/test_it.c"


def run(source: Path, *flags: str) -> subprocess.CompletedProcess[str]:
    """Compile a host test with the stub, and run it."""
    assert COMPILER is not None
    folder = source.parent
    program = folder / "program"
    sources = [source, folder / "host_board.c", folder / "ota_standins.c", STUB / "recorded_board.c"]
    includes = [f"-I{place}" for place in (folder, folder.parent, STUB)]
    subprocess.run([COMPILER, *FLAGS, *flags, *includes, *sources, "-o", program], check=True)
    return subprocess.run([program], capture_output=True, text=True, timeout=20, check=False)


def version_flags(history: History) -> tuple[str, str]:
    """Return flags that name a version of ESP-IDF that the test is of."""
    version = versions_of(history)[0]
    return f"-DESP_IDF_VERSION_MAJOR={version.major}", f"-DESP_IDF_VERSION_MINOR={version.minor}"


@needs_compiler
@pytest.mark.parametrize("case", [case for case in KNOWN_CASES if is_expressible(case.history)], ids=lambda it: it.name)
def test_what_the_board_left_passes(case: KnownCase, tmp_path: Path) -> None:
    """Each call with its arguments, what it returns, and otadata after it."""
    played = run(written(case.history, tmp_path), *version_flags(case.history))
    assert (0, "") == (played.returncode, played.stdout)


@needs_compiler
def test_as_many_slots_as_there_can_be_pass(tmp_path: Path) -> None:
    """Each of them with a whole image."""
    slots = tuple(range(16))
    device = SmallDevice(Config(app_release=Release.V6_1), slots, holds=tuple((f"ota_{slot}", 0) for slot in slots))
    history = History(device, (SmallImage(1), SmallImage(2)), (POWER_ON, *upgrade(1), POWER_ON))
    played = run(written(history, tmp_path), *version_flags(history))
    assert (0, "") == (played.returncode, played.stdout)


@needs_compiler
@pytest.mark.thorough
def test_histories_that_are_drawn_pass(tmp_path: Path) -> None:
    """Or they are refused; most under F1 are not."""
    worlds = Worlds(slots=2, anti_rollback=False, faults=FaultModel.F1, usage=Usage.ANY, app_version=Release.V6_1.point)
    results = [result.findings for result in runs(7, range(60), worlds) if result.findings]
    histories = [max((finding.history for finding in found), key=lambda it: len(it.steps)) for found in results]
    found = [history for history in histories if is_expressible(history)]
    assert len(found) > 10
    for number, history in enumerate(found):
        played = run(written(history, tmp_path / str(number)), *version_flags(history))
        assert (0, "") == (played.returncode, played.stdout)


@needs_compiler
@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("{0x02, 0x00,", "{0x03, 0x00,", "otadata"),
        ("0x74, 0x37, 0xf6, 0x55}},", "0x75, 0x37, 0xf6, 0x55}},", "record 1 of otadata"),
        ("esp_partition_fail_after(1,", "esp_partition_fail_after(2,", "record 0 of otadata"),
        ("CALL(ESP_OK, esp_ota_end(", "CALL(ESP_FAIL, esp_ota_end(", "esp_ota_end(handle[1]): 0x0, not 0xffffffff"),
        ("image_1 + 512, 488", "image_1 + 512, 484", "recorded was esp_ota_write 1 488"),
        ('PARTITION_IS("ota_1"', 'PARTITION_IS("ota_0"', "ota_1, not ota_0"),
        ("ends(RESTARTS);", "", "RESTARTS"),
    ],
)
def test_what_is_changed_fails(old: str, new: str, told: str, tmp_path: Path) -> None:
    """One byte, one cycle, one result, one argument, one end of a run."""
    source = written(BOTH_LOST, tmp_path)
    text = source.read_text()
    assert old in text
    source.write_text(text.replace(old, new, 1))
    played = run(source)
    assert played.returncode and told in played.stdout


@needs_compiler
def test_other_releases_are_told_apart(tmp_path: Path) -> None:
    """A test is not built for a release that does something else in it."""
    source = written(known_case("same-slot-in-place").history, tmp_path)
    with pytest.raises(subprocess.CalledProcessError):
        run(source, "-DESP_IDF_VERSION_MAJOR=5", "-DESP_IDF_VERSION_MINOR=5")
    assert 0 == run(source, "-DESP_IDF_VERSION_MAJOR=6", "-DESP_IDF_VERSION_MINOR=1").returncode
    assert ["6.0", "6.1"] == [found.branch_label for found in versions_of(known_case("same-slot-in-place").history)]


@pytest.mark.parametrize(
    ("op", "torn", "cycles"),
    [(0, "before", 0), (0, "after", 1), (1, "before", 1), (1, "prefix:4", 2), (1, "prefix:32", 9), (1, "after", 9)],
)
def test_cut_is_counted_in_sectors_and_words(op: int, torn: str, cycles: int) -> None:
    """complete(1) erases a sector, and programs eight words."""
    history = with_step(BOTH_LOST, 9, replace(COMPLETE, cut=StepCut(op, Torn.parse(torn))))
    source = dict(files_of(history))["main/test_it.c"].decode()
    assert f"esp_partition_fail_after({cycles}, ESP_PARTITION_FAIL_AFTER_MODE_BOTH);" in source


@pytest.mark.parametrize(
    ("step", "told"),
    [
        (replace(COMPLETE, cut=StepCut(1, Torn.parse("prefix:29"))), "the cut in complete(1) (F"),
        (replace(COMPLETE, cut=StepCut(0, Torn.parse("partial:8"))), "the cut in complete(1) (F"),
        (replace(COMPLETE, cut=StepCut(1, Torn.parse("bits:0.5"))), "the cut in complete(1) (F"),
        (replace(COMPLETE, cut=StepCut(1, Torn.parse("unstable:0.5"))), "complete(1) leaves undecided bits"),
        (replace(COMPLETE, failures=(StepFailure(1, FailureExtent.NONE),)), "operation 1 fails, none of it done"),
        (replace(COMPLETE, failures=(StepFailure(1, FailureExtent.NONE, is_silent=True),)), "reports success"),
    ],
)
def test_what_the_emulation_has_not_is_refused(step: Step, told: str) -> None:
    """In one line, which says the reason."""
    with pytest.raises(HostTestRefused) as refused:
        files_of(with_step(BOTH_LOST, 9, step))
    assert told in str(refused.value) and "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("config", "told"),
    [
        (replace(BOTH_LOST.device.config, anti_rollback=True, rollback=True), "anti-rollback"),
        (replace(BOTH_LOST.device.config, updater=Updater.ARDUINO), "brings updates with"),
    ],
)
def test_devices_that_the_emulation_has_not_are_refused(config: Config, told: str) -> None:
    """An eFuse, and applications that do not call esp_ota_*() themselves."""
    with pytest.raises(HostTestRefused, match=told):
        files_of(replace(BOTH_LOST, device=replace(BOTH_LOST.device, config=config)))


def test_lines_are_at_most_80_columns_wide() -> None:
    """But comments of CMake and of what is always the same, which are 120."""
    for case in KNOWN_CASES:
        if is_expressible(case.history):
            files = dict(files_of(case.history))
            assert 80 >= max(map(len, files["main/test_it.c"].decode().splitlines()))
            assert 120 >= max(len(line) for text in files.values() for line in text.decode().splitlines())
