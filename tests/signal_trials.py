"""Ends long commands at random moments, and looks at what is left: `python tests/signal_trials.py --moments 200`.

A trial starts a command in a session and a directory of its own, waits until it takes signals, and a random part of the
time that it needs undisturbed. Then a signal goes to the process, to all of its group (as of a terminal), or to one
of its workers. Afterwards no process of the trial may run, no temporary file may lie about, every file that was to be
written is the old one or a whole new one, and the exit code is that of the command or 3. Linux: it reads /proc.
"""

import argparse
import gzip
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

from otaproof.campaign.fuzz.findings import BLOCK
from otaproof.campaign.fuzz.generator import Worlds
from otaproof.campaign.ledger.campaign_plan import CampaignPlan
from otaproof.campaign.ledger.ledger import Ledger
from otaproof.impl.image.format import build_image
from otaproof.impl.partitions.partition import AppSubtype, DataSubtype, Partition, PartitionType
from otaproof.impl.partitions.table import encode_table
from otaproof.model.config import Chip
from places import ROOT

ELF = ROOT / "tests/binary/firmware/images/riscv-faithful-Os.elf"
TABLE = "nvs,data,nvs,0x9000,0x4000\notadata,data,ota,,0x2000\na,app,ota_0,,64K\nb,app,ota_1,,64K\n"
ROWS = (
    Partition("nvs", PartitionType.DATA, DataSubtype.NVS, 0x9000, 0x4000),
    Partition("otadata", PartitionType.DATA, DataSubtype.OTA, 0xD000, 0x2000),
    Partition("a", PartitionType.APP, AppSubtype.OTA_0, 0x10000, 0x10000),
    Partition("b", PartitionType.APP, AppSubtype.OTA_0 + 1, 0x20000, 0x10000),
)
"""The rows of TABLE."""
OLD = b"old\n"
BOUND = 60.0
"""Seconds after which a process that has a signal counts as hanging: generous, as a test must not time anything."""
MOMENT = 0.25
"""Seconds in which a command that was about to end may end as if there had been no signal."""
MARK = "OTAPROOF_TRIAL"


class Target(Enum):
    """Who gets the signal."""

    PROCESS = "process"
    GROUP = "group"
    WORKER = "worker"


@dataclass(frozen=True, slots=True)
class LongCommand:
    """A command line, run in a directory with `table.csv`, `app.bin` and `otadata.bin`."""

    arguments: str
    files: tuple[str, ...] = ()
    """What it writes, beside the directory `pictures`; each holds OLD before."""
    has_workers: bool = False
    has_directory: bool = False
    """It works in a temporary directory, which stays when it is killed."""
    campaign: str = ""
    """The campaign's file that it works on; what SQLite keeps beside it stays when it is killed."""


COMMANDS = {
    "check": LongCommand(
        "check --partitions table.csv --running app.bin --update app.bin --rollback --cuts cuts.csv.gz --out out.json",
        ("cuts.csv.gz", "out.json"),
    ),
    "check-workers": LongCommand(
        "check --partitions table.csv --running app.bin --update app.bin --rollback --no-proofs --faults F2 "
        "--endurance 1 --jobs 2 --cuts cuts.csv.gz --out out.json",
        ("cuts.csv.gz", "out.json"),
        has_workers=True,
    ),
    "prove": LongCommand("prove --claim C4 --usage documented --jobs 1 --out out.json", ("out.json",)),
    "prove-workers": LongCommand("prove --claim C4 --jobs 2 --out out.json", ("out.json",), has_workers=True),
    "prove-all": LongCommand("prove --all --claim C13 --jobs 2 --out out.json", ("out.json",), has_workers=True),
    "prove-smt2": LongCommand("prove --claim C1 --usage documented --smt2 pictures --certificates pictures"),
    "diff": LongCommand("diff 5.0 5.1 --slots 2 --usage restart-at-once --out out.json", ("out.json",)),
    "outcomes": LongCommand("outcomes --slots 2 --usage restart-at-once --out out.json", ("out.json",)),
    "explore": LongCommand("explore --slots 2 --out out.json", ("out.json",)),
    "fuzz": LongCommand("fuzz --runs 30 --out out.jsonl", ("out.jsonl",)),
    "fuzz-workers": LongCommand("fuzz --runs 30 --jobs 2 --out out.jsonl", ("out.jsonl",), has_workers=True),
    "campaign": LongCommand("campaign resume begun.db --out out.json", ("out.json",), campaign="begun.db"),
    "campaign-workers": LongCommand(
        "campaign resume begun.db --jobs 2 --out out.json", ("out.json",), has_workers=True, campaign="begun.db"
    ),
    "mend": LongCommand("mend flash.bin --boot b --out out.json", ("out.json",)),
    "identify": LongCommand("identify flash.bin --out out.json", ("out.json",)),
    "explain": LongCommand("explain --otadata otadata.bin --partitions table.csv --out out.json", ("out.json",)),
    "conform": LongCommand("conform --out out.json", ("out.json",)),
    "releases": LongCommand("releases --out out.json", ("out.json",)),
    "doctor": LongCommand("doctor --partitions table.csv --out out.json", ("out.json",)),
    "diagram": LongCommand("diagram all --out pictures"),
    "demo": LongCommand("demo", has_directory=True),
    "run": LongCommand(f"run {ROOT}/examples/lua/careful.lua --sweep --out out.json", ("out.json",)),
    "binary-prove": LongCommand(
        f"binary prove {ELF} --idf 5.1 --rollback --out out.json", ("out.json",), has_workers=True
    ),
    "binary-run": LongCommand(
        f"binary run {ELF} --pairs 500 --every 200 --out out.json", ("out.json",), has_workers=True
    ),
}


@dataclass(slots=True)
class Ended:
    """What a trial came to."""

    code: int
    seconds: float
    """From the signal to the end."""
    printed: str
    told: str
    """On stderr."""
    is_hit: bool
    """The signal came before the end."""
    faults: list[str] = field(default_factory=list)
    """What is wrong, a line each."""


def make_inputs(place: Path) -> None:
    """Write what the commands read; flash.bin is a chip with the table, blank otadata and the image, begun.db is a
    campaign of which nothing is played."""
    (place / "table.csv").write_text(TABLE)
    (place / "app.bin").write_bytes(build_image(Chip.ESP32, size=0x3000, version="1", project_name="p", seed=1))
    (place / "otadata.bin").write_bytes(b"\xff" * 0x2000)
    (place / "init.lua").write_text("print('\u00e4 script that brings no update')")
    flash = bytearray(b"\xff" * 0x100000)
    for offset, contents in ((0x8000, encode_table(ROWS)), (0x10000, (place / "app.bin").read_bytes())):
        flash[offset : offset + len(contents)] = contents
    (place / "flash.bin").write_bytes(flash)
    with Ledger.create(
        place / "begun.db", CampaignPlan(1, Worlds(slots=2, has_factory=False, rollback=True)), 2 * BLOCK
    ):
        pass


def undisturbed(command: LongCommand, place: Path) -> Ended:
    """Run the command to its end."""
    return Trial(command, place).ended(None, Target.PROCESS, 0.0)


class Trial:
    """One run of a command, in a directory of its own."""

    def __init__(self, command: LongCommand, place: Path) -> None:
        """Prepare; nothing runs yet. place: a directory with the inputs."""
        self._command, self._inputs = command, place
        self._mark = f"{os.getpid()}-{random.getrandbits(64):x}"

    def ended(self, number: signal.Signals | None, target: Target, moment: float) -> Ended:
        """Run the command, send the signal at a moment (seconds after it takes signals), and look at what is left."""
        with tempfile.TemporaryDirectory(prefix="trial-") as name:
            self._place = Path(name)
            for path in self._inputs.iterdir():
                if path.is_file():
                    shutil.copy(path, self._place / path.name)
            (self._place / "tmp").mkdir()
            for written in self._command.files:
                (self._place / written).write_bytes(OLD)
            self._known = {path.name for path in self._place.iterdir()} | {"pictures"}
            return self._run(number, target, moment)

    def _run(self, number: signal.Signals | None, target: Target, moment: float) -> Ended:
        environment = {
            **os.environ,
            MARK: self._mark,
            "TMPDIR": str(self._place / "tmp"),
        }
        command = [sys.executable, "-m", "otaproof", *self._command.arguments.split()]
        with open(self._place / "tmp/out", "w+") as out, open(self._place / "tmp/err", "w+") as err:
            process = subprocess.Popen(
                command, cwd=self._place, env=environment, stdout=out, stderr=err, start_new_session=True
            )
            _wait_for_handler(process)
            started = time.monotonic()
            is_hit = False
            if number is not None:
                _wait(process, moment)
                is_hit = self._send(process, number, target)
                started = time.monotonic()
            try:
                process.wait(BOUND if number else None)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                return Ended(0, BOUND, "", "", is_hit, [f"hangs {BOUND:.0f} s after {number!r} to {target.value}"])
            seconds = time.monotonic() - started
            out.seek(0)
            err.seek(0)
            ended = Ended(process.returncode, seconds, out.read(), err.read(), is_hit)
        ended.faults += self._left(number, target)
        return ended

    def _send(self, process: "subprocess.Popen[bytes]", number: signal.Signals, target: Target) -> bool:
        """Send the signal; tell whether there was anybody to get it."""
        if process.poll() is not None:
            return False
        workers = [pid for pid, line in self._processes() if pid != process.pid and "spawn_main" in line]
        receiver = random.choice(workers) if target is Target.WORKER and workers else process.pid
        if target is Target.WORKER and not workers:
            return False
        try:
            os.killpg(process.pid, number) if target is Target.GROUP else os.kill(receiver, number)
        except ProcessLookupError:
            return False
        return True

    def _processes(self) -> Iterator[tuple[int, str]]:
        """Yield what runs of this trial: process and command line."""
        for entry in Path("/proc").iterdir():
            try:
                if entry.name.isdigit() and f"{MARK}={self._mark}\0" in (entry / "environ").read_text(errors="replace"):
                    yield int(entry.name), (entry / "cmdline").read_text(errors="replace")
            except OSError:
                continue

    def _left(self, number: signal.Signals | None, target: Target) -> Iterator[str]:
        """Yield what is left that should not be."""
        limit = time.monotonic() + BOUND
        while (running := list(self._processes())) and time.monotonic() < limit:
            time.sleep(0.02)
        for pid, line in running:
            yield f"process {pid} still runs after {number!r} to {target.value}: {line!r}"
            os.kill(pid, signal.SIGKILL)
        temporary = {path.name for path in (self._place / "tmp").iterdir()} - {"out", "err"}
        if self._command.has_directory and number is signal.SIGKILL:
            temporary = {name for name in temporary if not name.startswith("tmp")}
        others = {path.name for path in self._place.iterdir()} - self._known
        if self._command.campaign:
            if number is signal.SIGKILL:
                others -= {f"{self._command.campaign}-{kind}" for kind in ("wal", "shm")}
            with Ledger.open(self._place / self._command.campaign) as ledger:
                if ledger.totals().runs % BLOCK:
                    yield f"{self._command.campaign} has half a block"
        hidden = {path.name for path in self._place.rglob(".otaproof-*")}
        if temporary or others or hidden:
            yield f"left behind after {number!r}: {', '.join(sorted(temporary | others | hidden))}"
        for name in self._command.files:
            if not _is_whole(self._place / name):
                yield f"{name} is half written after {number!r}"
        for path in sorted((self._place / "pictures").rglob("*")):
            if path.is_file() and not _is_whole(path):
                yield f"{path.name} is half written after {number!r}"


def _wait_for_handler(process: "subprocess.Popen[bytes]") -> None:
    """Return when the process catches SIGTERM, or has ended: what comes before it is the interpreter's own start."""
    bit = 1 << (signal.SIGTERM - 1)
    while process.poll() is None:
        status = Path(f"/proc/{process.pid}/status").read_text()
        caught = next((line.split()[1] for line in status.splitlines() if line.startswith("SigCgt")), "0")
        if int(caught, 16) & bit:
            return
        time.sleep(0.001)


def _wait(process: "subprocess.Popen[bytes]", seconds: float) -> None:
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        return


def _is_whole(path: Path) -> bool:
    """Tell whether a file is the old one, or a new one with its end."""
    try:
        contents = path.read_bytes()
    except OSError:
        return False
    if contents == OLD:
        return True
    if path.suffix == ".gz":
        try:
            return gzip.decompress(contents).endswith(b"\n")
        except (EOFError, OSError):
            return False
    if path.suffix == ".json":
        return _is_json(contents)
    if path.suffix == ".jsonl":
        return all(map(_is_json, contents.splitlines())) and contents[-1:] in (b"", b"\n")
    return contents.endswith((b"\n", b"}", b"</svg>", b")"))


def _is_json(text: bytes) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


CHOICES = (
    (signal.SIGINT, Target.PROCESS),
    (signal.SIGTERM, Target.PROCESS),
    (signal.SIGHUP, Target.PROCESS),
    (signal.SIGINT, Target.GROUP),
    (signal.SIGTERM, Target.GROUP),
    (signal.SIGKILL, Target.PROCESS),
    (signal.SIGKILL, Target.WORKER),
)


def judged(ended: Ended, whole: Ended, number: signal.Signals, target: Target, moment: float) -> list[str]:
    """Return what is wrong with how a command ended, a line each."""
    faults = list(ended.faults)
    codes = {whole.code, 3}
    if number is signal.SIGKILL and target is Target.PROCESS:
        codes.add(-signal.SIGKILL)
    if ended.code not in codes:
        faults.append(f"exit code {ended.code} after {number!r} to {target.value}")
    if "Traceback" in ended.told + ended.printed or "internal error" in ended.told:
        faults.append(f"traceback after {number!r} to {target.value}: {ended.told[-300:]}")
    said = ended.told + ended.printed
    is_early = ended.is_hit and number is not signal.SIGKILL and moment < 0.8 * whole.seconds
    # One that was about to end, as it was faster than the undisturbed one, goes on for a moment only.
    is_deaf = is_early and ended.seconds > max(0.1 * whole.seconds, MOMENT)
    if is_deaf and (ended.code != 3 or "nterrupted" not in said):
        faults.append(f"goes on after {number!r} to {target.value}: exit code {ended.code}, {ended.told[-300:]}")
    if ended.code == 3 != whole.code and not any(word in said for word in ("nterrupted", "inconclusive", "worker")):
        faults.append(f"exit code 3 after {number!r} to {target.value}, and nothing is told: {said[-300:]}")
    return faults


def trials(name: str, moments: int, seed: int, place: Path) -> Iterator[tuple[str, Ended]]:
    """Yield of each trial of a command what was done, and what it came to; `faults` says what is wrong."""
    command, draw = COMMANDS[name], random.Random(f"{name} {seed}")
    whole = undisturbed(command, place)
    assert whole.code in (0, 1, 3), whole.told
    choices = [choice for choice in CHOICES if command.has_workers or choice[1] is not Target.WORKER]
    for count in range(moments):
        number, target = choices[count % len(choices)]
        moment = draw.uniform(0, whole.seconds)
        ended = Trial(command, place).ended(number, target, moment)
        ended.faults = judged(ended, whole, number, target, moment)
        yield f"{number.name} to {target.value} at {moment:.3f} s of {whole.seconds:.3f} s", ended


def main() -> int:
    """Run the trials of the commands that are named, and print what was wrong, and counts."""
    parser = argparse.ArgumentParser()
    parser.add_argument("commands", nargs="*", default=list(COMMANDS))
    parser.add_argument("--moments", type=int, default=200, help="of each command")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="of each command, at most")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    # In the background of a shell, and under nohup, they are ignored, and so they would be by what is started here.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    faulty = 0
    with tempfile.TemporaryDirectory(prefix="trials-") as directory:
        make_inputs(Path(directory))
        for name in given.commands:
            codes: Counter[int] = Counter()
            hits, slowest, wrong = 0, 0.0, 0
            until = time.monotonic() + 60 * given.minutes
            for told, ended in trials(name, given.moments, given.seed, Path(directory)):
                codes[ended.code] += 1
                hits += ended.is_hit
                slowest = max(slowest, ended.seconds if ended.is_hit else 0.0)
                wrong += bool(ended.faults)
                for fault in ended.faults:
                    print(f"  {name}, {told}: {fault}", flush=True)
                if ended.is_hit and ended.seconds > 2:
                    print(f"  {name}, {told}: ended {ended.seconds:.1f} s later", flush=True)
                if time.monotonic() > until:
                    break
            told_codes = ", ".join(f"{code}: {count}" for code, count in sorted(codes.items()))
            print(f"{name}: {codes.total()} moments, {hits} hit; exit codes {told_codes}; slowest {slowest:.1f} s; "
                  f"{wrong} wrong", flush=True)  # fmt: skip
            faulty += wrong
    return int(faulty > 0)


if __name__ == "__main__":
    sys.exit(main())
