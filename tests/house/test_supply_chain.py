"""The lock has what an install needs and no more, with hashes; licences and the bill of materials follow from it."""

import importlib.metadata
import itertools
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packaging.utils import canonicalize_name

from places import ROOT
from supply_chain.licences import PAGE, differences, licence_of
from supply_chain.lock_file import LOCK, locked, read_lock
from supply_chain.needed import TOOLS, declared_by, environments, group, needed_with, uses

ENTRY = "six==1.17.0 \\\n    --hash=sha256:" + "0" * 64 + "\n    # via rich-rst\n"


@pytest.mark.drift
def test_lock_has_what_an_install_needs_and_no_more() -> None:
    """Of all extras and the tools, on every supported Python and system, by the metadata of what is installed."""
    assert uses().keys() == {entry.name for entry in read_lock()}


@pytest.mark.drift
def test_lock_meets_the_ranges_of_the_project() -> None:
    """A version outside them cannot be installed; `make lock` writes the file anew."""
    versions = {entry.name: entry.version for entry in read_lock()}
    declared = [want for want in (*declared_by("otaproof"), *group(TOOLS)) if want.name != "otaproof"]
    assert len(declared) > 20
    outside = [str(want) for want in declared if versions[canonicalize_name(want.name)] not in want.specifier]
    assert [] == outside


@pytest.mark.drift
def test_one_version_is_locked_for_each_supported_place() -> None:
    """Markers of two entries of one name exclude each other."""
    for name, entries in itertools.groupby(read_lock(), key=lambda entry: entry.name):
        markers = [entry.requirement.marker for entry in entries]
        counts = [sum(marker is None or marker.evaluate(dict(where)) for marker in markers) for where in environments()]
        # One that some places need alone is locked for those; none is left out, as the test above says.
        assert 1 == max(counts), name
        assert 1 == min(counts) or None not in markers, name


@pytest.mark.drift
def test_tests_of_the_ranges_are_there() -> None:
    """pytest ends at once where one of the paths that the Makefile names is not."""
    (text,) = re.findall(r"^RANGE_TESTS := ((?:.*\\\n)*.*)", (ROOT / "Makefile").read_text(), re.MULTILINE)
    paths = text.replace("\\", " ").split()
    assert len(paths) > 5 and [] == [path for path in paths if not (ROOT / path).exists()]


def test_lock_names_no_host_and_no_option_but_hashes() -> None:
    """The package index is the user's choice."""
    text = LOCK.read_text(encoding="utf-8")
    assert "//" not in text
    assert {"--hash"} == set(re.findall(r"--[a-z-]+", text))


@pytest.mark.drift
def test_what_is_installed_is_what_is_locked() -> None:
    """So the metadata read here is that of the locked versions."""
    here = [entry for entry in read_lock() if entry.is_for_here]
    assert {e.name: e.version for e in here} == {e.name: importlib.metadata.version(e.name) for e in here}


@pytest.mark.parametrize(
    "text",
    [ENTRY.partition(" ")[0] + "\n", ENTRY.replace("sha256:0", "sha256:"), ENTRY + "    --index-url somewhere\n"],
    ids=["no hash", "a short hash", "an option"],
)
def test_entry_without_good_hashes_is_refused(text: str) -> None:
    """The reader itself can fail."""
    assert "six" == locked(ENTRY)[0].name
    with pytest.raises(ValueError, match="something else than hashes"):
        locked(text)


def test_pip_refuses_a_file_with_another_hash(tmp_path: Path) -> None:
    """What the lock is for; no index is asked."""
    wheel = tmp_path / "six-1.17.0-py2.py3-none-any.whl"
    wheel.write_bytes(b"not what was locked")
    lock = tmp_path / "six.lock"
    lock.write_text(ENTRY)
    pip = [sys.executable, "-m", "pip", "--isolated", "install", "--no-index", "--find-links", str(tmp_path)]
    where = ["--dry-run", "--ignore-installed", "--require-hashes", "--requirement", str(lock)]
    ended = subprocess.run([*pip, *where], capture_output=True, text=True, check=False)
    assert 1 == ended.returncode
    assert "DO NOT MATCH THE HASHES" in ended.stderr


@pytest.mark.drift
def test_core_can_be_installed_alone() -> None:
    """`docs/locked_part.py` prints what is needed without extras, hashes included."""
    made = subprocess.run([sys.executable, ROOT / "docs/locked_part.py"], capture_output=True, text=True, check=True)
    assert needed_with() == {entry.name for entry in locked(made.stdout)}


@pytest.mark.drift
def test_lock_of_the_core_is_the_part_that_the_core_needs() -> None:
    """action.yml and Dockerfile install it, and setuptools builds the package; `make lock` writes it anew."""
    command = [sys.executable, str(ROOT / "docs/locked_part.py"), "--build"]
    made = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert made == (ROOT / "requirements-core.lock").read_text(encoding="utf-8")
    assert needed_with() | {"setuptools"} == {entry.name for entry in locked(made)}


@pytest.mark.drift
def test_licences_are_those_of_what_is_installed() -> None:
    """`python docs/build_licences.py` writes them anew."""
    assert [] == differences()


def test_licence_that_changes_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """The comparison itself can fail."""
    monkeypatch.setattr("supply_chain.licences.licence_of", lambda name: "MIT" if name != "rich" else "SSPL-1.0")
    assert "+ | rich | SSPL-1.0 | core |  |" in differences()
    assert "- | rich | MIT | core |  |" in differences()


@pytest.mark.drift
def test_core_needs_permissive_licences_alone() -> None:
    """Who installs otaproof without extras takes on no copyleft; of the extras, docs/licences.md tells."""
    permissive = {"MIT", "BSD-2-Clause", "BSD-3-Clause", "Apache-2.0"}
    assert set() == {licence_of(name) for name in needed_with()} - permissive
    assert "| esptool | GPL-2.0-or-later | dev |" in PAGE.read_text(encoding="utf-8")


def bill(folder: Path, seed: str) -> str:
    """Return the bill of materials of two files in a folder, made by the command with a seed of Python's hashes."""
    (folder / "otaproof-0.1.0-py3-none-any.whl").write_bytes(b"wheel")
    (folder / "otaproof-0.1.0.tar.gz").write_bytes(b"source")
    environment = os.environ | {"SOURCE_DATE_EPOCH": "1800000000", "PYTHONHASHSEED": seed}
    command = [sys.executable, str(ROOT / "docs/build_sbom.py"), str(folder)]
    subprocess.run(command, env=environment, check=True)
    return (folder / "otaproof-0.1.0.cdx.json").read_text(encoding="utf-8")


@pytest.mark.drift
def test_bill_of_materials_is_valid_complete_and_the_same_each_time(tmp_path: Path) -> None:
    """Valid by CycloneDX's own schema, every locked dependency with its version; nothing else is named in it."""
    text = bill(tmp_path, "1")
    assert text == bill(tmp_path, "2")
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    components = json.loads(text)["components"]
    here = {(entry.name, entry.version) for entry in read_lock() if entry.is_for_here}
    assert here == {(component["name"], component["version"]) for component in components}
    scopes = {component["name"]: component["scope"] for component in components}
    assert needed_with() == {name for name, scope in scopes.items() if scope == "required"}
    assert ("optional", "excluded") == (scopes["z3-solver"], scopes["esptool"])


def test_bill_of_materials_wants_one_wheel(tmp_path: Path) -> None:
    """A directory with none, or with those of two versions, is bad usage."""
    command = [sys.executable, str(ROOT / "docs/build_sbom.py"), str(tmp_path)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (2, f"{tmp_path} holds 0 wheels of otaproof; want one\n") == (ended.returncode, ended.stderr)
