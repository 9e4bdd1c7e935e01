"""The cache of compiled searches: nothing damaged and nothing of somebody else runs, and none is needed."""

import os
import stat
import sys
from pathlib import Path

import pytest

from otaproof.model.device.model import device_model
from otaproof.model.device.state import Scope
from otaproof.model.terms.terms import fact
from otaproof.proofs.explicit.compiled import code_cache, codegen

TEXT = codegen.facts_text(device_model(Scope()), [fact(True)])


def loaded() -> bool:
    """Compile the text, or take it from the cache, as a program that has just begun; tell whether it can be called."""
    for name in [name for name in sys.modules if name.startswith("otaproof_search_")]:
        del sys.modules[name]
    return code_cache.load(TEXT) != 0


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache."""
    monkeypatch.setenv("OTAPROOF_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_cache_is_the_users_own(cache: Path) -> None:
    """Made with mode 0700, and brought back to it."""
    assert loaded()
    cache.chmod(0o777)
    assert loaded()
    assert 0o700 == stat.S_IMODE(cache.stat().st_mode)


def test_damaged_files_are_made_anew(cache: Path) -> None:
    """A text that is empty or another, machine code that is cut short."""
    assert loaded()
    (text,) = cache.glob("*.py")
    for damage in ("", "raise SystemExit"):
        text.write_text(damage)
        assert loaded()
        assert TEXT == text.read_text()
    kept = list((cache / "__pycache__").glob("*.nb?"))
    assert kept
    for path in kept:
        path.write_bytes(path.read_bytes()[:10])
        assert loaded()


def test_directory_that_cannot_be_made_is_done_without(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fresh one is used, which goes at the end."""
    monkeypatch.setenv("OTAPROOF_CACHE", "/proc/nope")
    assert loaded()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a directory away")
def test_directory_of_somebody_else_is_not_used(cache: Path) -> None:
    """Its machine code is not run."""
    cache.mkdir()
    os.chown(cache, 1234, 1234)
    assert loaded()
    assert [] == list(cache.iterdir())
