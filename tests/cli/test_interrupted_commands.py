"""Signals at random moments of long commands: what is told, what is left. The long version: `make interrupts`."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from signal_trials import COMMANDS, make_inputs, trials

pytestmark = pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="the trials read /proc")


def faults(name: str, moments: int, directory: Path) -> list[str]:
    """Return what was wrong in so many trials of a command."""
    make_inputs(directory)
    return [f"{told}: {fault}" for told, ended in trials(name, moments, 0, directory) for fault in ended.faults]


@pytest.mark.parametrize("name", ["check", "fuzz-workers"])
def test_nothing_is_left_by_a_command_that_a_signal_ends(name: str, tmp_path: Path) -> None:
    """Each of the signals once: no process, no temporary file, no half-written file; exit code 3, and it is told."""
    assert [] == faults(name, 7, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_nothing_is_left_at_any_moment(name: str, tmp_path: Path) -> None:
    """The same for every long command, at more moments."""
    assert [] == faults(name, 28, tmp_path)


HARD_QUESTION = """
import signal, sys, threading, os
from otaproof import interrupts
interrupts.PATIENCE = 600
taken = interrupts.Interrupts()
taken.begin()
from otaproof.proofs.smt.second_solver import ask_bitwuzla
from otaproof.proofs.smt.first_solver import ask_z3
text = '''(declare-const x (_ BitVec 192)) (declare-const y (_ BitVec 192))
(assert (bvugt x (_ bv1 192))) (assert (bvugt y (_ bv1 192)))
(assert (bvult x (_ bv39614081257132168796771975168 192))) (assert (bvult y (_ bv39614081257132168796771975168 192)))
(assert (= (bvmul x y) (_ bv974902449039300839299578608198974221775655923029287599237 192)))'''
print("asking", flush=True)
try:
    print(ask_z3(text, "QF_BV", (4 * 10**9,)) if sys.argv[1] == "z3" else ask_bitwuzla(text, 600))
except KeyboardInterrupt:
    print("interrupted")
taken.end()
"""


@pytest.mark.parametrize("solver", ["z3", "bitwuzla"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_solver_that_works_for_minutes_is_interrupted(solver: str, number: signal.Signals) -> None:
    """In the middle of a question that it does not answer; the interrupt is raised, not taken for an answer."""
    pytest.importorskip(solver)
    with subprocess.Popen([sys.executable, "-c", HARD_QUESTION, solver], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None and "asking\n" == process.stdout.readline()
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(1)
        process.send_signal(number)
        assert "interrupted\n" == process.stdout.read()
    assert 0 == process.returncode


LOST = """
import os, signal, sys, time
from otaproof import interrupts
interrupts.PATIENCE = 600
taken = interrupts.Interrupts()
taken.begin()
class Dropped:
    def __del__(self):
        os.kill(os.getpid(), signal.SIGTERM)
        for _ in range(1000):
            pass
class Named:
    def __set_name__(self, owner, name):
        os.kill(os.getpid(), signal.SIGTERM)
        for _ in range(1000):
            pass
def called_back(*_):
    os.kill(os.getpid(), signal.SIGTERM)
    for _ in range(1000):
        pass
try:
    if sys.argv[1] == "del":
        Dropped()
    elif sys.argv[1] == "set-name":
        type("Owner", (), {"named": Named()})
    else:
        import weakref
        kept = Dropped.__new__(type("Kept", (), {}))
        reference = weakref.ref(kept, called_back)
        del kept
    time.sleep(60)
    print("lost")
except KeyboardInterrupt:
    print("raised")
taken.end()
"""


@pytest.mark.parametrize("where", ["del", "weakref", "set-name"])
def test_interrupt_that_python_would_drop_is_raised(where: str) -> None:
    """In a __del__, in what a weak reference calls, and in a __set_name__, whose errors become others."""
    ended = subprocess.run([sys.executable, "-c", LOST, where], capture_output=True, text=True, check=True)
    assert ("raised\n", "") == (ended.stdout, ended.stderr)


STUCK = """
import hashlib
from otaproof.interrupts import Interrupts
Interrupts().begin()
print("ready", flush=True)
hashlib.pbkdf2_hmac("sha256", b"", b"", 2_000_000_000)
"""


def test_code_that_cannot_be_interrupted_ends_with_the_process() -> None:
    """A loop in C that runs for ever: one line, exit code 3."""
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen([sys.executable, "-c", STUCK], **pipes) as process:  # type: ignore[call-overload]
        assert "ready\n" == process.stdout.readline()
        time.sleep(1)  # until it is in the loop
        process.send_signal(signal.SIGTERM)
        assert "otaproof: interrupted\n" == process.stderr.read()
    assert 3 == process.returncode


def test_signal_that_was_ignored_stays_ignored() -> None:
    """As nohup has it."""
    code = "import os, signal; from otaproof.interrupts import Interrupts; taken = Interrupts(); taken.begin(); "
    code += "os.kill(os.getpid(), signal.SIGHUP); print('goes on')"
    ended = subprocess.run(["nohup", sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "goes on\n" == ended.stdout
