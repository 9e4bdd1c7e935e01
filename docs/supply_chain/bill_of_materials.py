"""The bill of materials of a release, in the CycloneDX format: otaproof's own files, and every locked dependency.

What the core needs is `required`, what an extra adds `optional`, what only development needs `excluded`. The versions
and hashes are those of requirements.lock; an installer may take other versions inside the ranges of pyproject.toml.
"""

import hashlib
import importlib.metadata
import json
import uuid
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from cyclonedx.factory.license import LicenseFactory
from cyclonedx.model import ExternalReference, ExternalReferenceType, HashAlgorithm, HashType, XsUri
from cyclonedx.model.bom import Bom, BomMetaData
from cyclonedx.model.component import Component, ComponentScope, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL

from .licences import licence_of
from .lock_file import Locked, read_lock
from .needed import SHIPPED, next_to, uses

_SERIAL_NUMBERS = uuid.uuid5(uuid.NAMESPACE_URL, "otaproof/bill-of-materials")
"""What the serial number is made from, with the contents: the same contents have the same number."""


def bill_of_materials(files: Iterable[Path], made: datetime) -> str:
    """Return the JSON text for a release of these files, as it is at a point of time."""
    bom = Bom(metadata=BomMetaData(component=_release(files), timestamp=made))
    entries = {entry.name: entry for entry in read_lock() if entry.is_for_here}
    components = {name: _component(entry) for name, entry in entries.items()}
    bom.components.update(components.values())
    for name, component in components.items():
        bom.register_dependency(component, [components[n] for n in _direct(name) if n in components])
    root = bom.metadata.component
    assert root is not None
    bom.register_dependency(root, [components[name] for name in _direct("otaproof", SHIPPED)])
    bom.serial_number = _SERIAL_NUMBERS
    bom.serial_number = uuid.uuid5(_SERIAL_NUMBERS, _text(bom))
    return _text(bom)


def _text(bom: Bom) -> str:
    made = json.loads(JsonV1Dot6(bom).output_as_string())
    return json.dumps(made, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def _release(files: Iterable[Path]) -> Component:
    """Return the component that is otaproof itself, a reference for each of its files."""
    version = importlib.metadata.version("otaproof")
    return Component(
        name="otaproof",
        version=version,
        type=ComponentType.APPLICATION,
        bom_ref=f"otaproof=={version}",
        licenses=[LicenseFactory().make_from_string(licence_of("otaproof"))],
        purl=PackageURL("pypi", name="otaproof", version=version),
        external_references=[
            _files(path.name, [hashlib.sha256(path.read_bytes()).hexdigest()]) for path in sorted(files)
        ],
    )


def _component(entry: Locked) -> Component:
    purl = PackageURL("pypi", name=entry.name, version=entry.version)
    return Component(
        name=entry.name,
        version=entry.version,
        type=ComponentType.LIBRARY,
        bom_ref=f"{entry.name}=={entry.version}",
        scope=_scope(entry.name),
        licenses=[LicenseFactory().make_from_string(licence_of(entry.name))],
        purl=purl,
        external_references=[_files(purl.to_string(), entry.hashes)],
    )


def _files(address: str, hashes: Iterable[str]) -> ExternalReference:
    """Return the reference to what is distributed: one of several files where there are several hashes."""
    digests = [HashType(alg=HashAlgorithm.SHA_256, content=content) for content in hashes]
    return ExternalReference(type=ExternalReferenceType.DISTRIBUTION, url=XsUri(address), hashes=digests)


def _scope(name: str) -> ComponentScope:
    parts = uses()[name]
    if "core" in parts:
        return ComponentScope.REQUIRED
    return ComponentScope.OPTIONAL if set(parts) & set(SHIPPED) else ComponentScope.EXCLUDED


def _direct(name: str, extras: Iterable[str] = ()) -> set[str]:
    """Return the distributions that one requires, without those that only its extras do."""
    return {found for found, _ in next_to(name, extras)} - {name}
