"""The public names, with their parameters, are those of a recorded list; the examples of their modules run."""

import inspect
import json
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

from spec_generator.library_pages import PUBLIC_MODULES, examples_in, parameters_text

RECORDED = Path(__file__).with_name("public_names.json")
MODULES = ("otaproof.analysis", *(f"otaproof.library.{name}" for name in PUBLIC_MODULES))


def surface() -> dict[str, list[str]]:
    """Return the names of each public module, as the pages have them."""
    modules = {name: import_module(name) for name in MODULES}
    return {
        name: [f"{n}{parameters_text(getattr(module, n))}" for n in module.__all__] for name, module in modules.items()
    }


def public(name: str) -> ModuleType:
    """Return a module of the library."""
    return import_module(f"otaproof.library.{name}")


@pytest.mark.drift
def test_public_names_are_the_recorded_ones() -> None:
    """A change is deliberate: docs/spec/library.md says what it takes, then `json.dumps(surface(), indent=1)`."""
    assert json.loads(RECORDED.read_text(encoding="utf-8")) == surface()


def test_a_name_that_goes_is_noticed() -> None:
    """The comparison can fail: the list has parameters too."""
    assert (
        "check(project, faults=, seed=, settings=, with_proofs=, claims=, calls=, remedies=, jobs=)"
        in surface()[MODULES[0]]
    )


@pytest.mark.parametrize("name", PUBLIC_MODULES)
def test_every_public_name_is_there_and_described(name: str) -> None:
    """And sorted, so that a reader finds it."""
    module = public(name)
    assert sorted(module.__all__, key=lambda n: (not n.isupper(), n[0].islower(), n)) == module.__all__
    for each in module.__all__:
        value = getattr(module, each)
        assert inspect.getdoc(value) or not callable(value)
    with pytest.raises(AttributeError):
        _ = module.no_such_name


@pytest.mark.parametrize("name", PUBLIC_MODULES)
def test_example_of_a_module_runs(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As it stands in its docstring, and on its page; tests that it defines pass."""
    monkeypatch.chdir(tmp_path)
    examples = examples_in(public(name))
    assert examples
    space: dict[str, object] = {}
    for example in examples:
        exec(compile(example, name, "exec"), space)
    for test in [value for key, value in space.items() if key.startswith("test_")]:
        assert callable(test)
        test()
