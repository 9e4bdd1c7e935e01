"""What README.md says is what the commands say."""

import importlib.util
from types import ModuleType

import pytest

from places import ROOT

README = ROOT / "README.md"


def claims_table() -> ModuleType:
    """Return docs/claims_table.py, which is a script and no part of the package."""
    spec = importlib.util.spec_from_file_location("claims_table", ROOT / "docs/claims_table.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.drift
def test_table_of_claims_is_what_prove_says() -> None:
    """Made anew, README.md does not change: run `python docs/claims_table.py`."""
    text = README.read_text(encoding="utf-8")
    assert text == claims_table().readme_with_table(text)


def test_readme_without_marks_is_refused() -> None:
    """A table that cannot be found is never silently left as it was."""
    with pytest.raises(ValueError, match="no table between"):
        claims_table().readme_with_table("# no marks")
