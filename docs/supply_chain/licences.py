"""docs/licences.md: the licence of each dependency, as its own metadata has it.

The licence is the SPDX expression of the metadata (License-Expression, PEP 639) where there is one; else what the older
fields say, as an SPDX identifier where they mean one licence alone.
"BSD License" does not: the text of the licence may, else it stays as it is.
"""

import hashlib
import importlib.metadata
from collections.abc import Mapping

from .lock_file import ROOT, read_lock
from .needed import uses

PAGE = ROOT / "docs" / "licences.md"
SPDX: Mapping[str, str] = {
    "Apache 2.0": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "BSD 2-Clause License": "BSD-2-Clause",
    "BSD": "BSD License",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "PSFL": "PSF-2.0",
    "Public domain": "Public Domain",
}
"""By the words of a metadata field, the identifier, or the wording of the classifier."""
TEXTS: Mapping[str, str] = {
    "3b49dcee4105": "BSD-3-Clause",
    "5c28940e6cbd": "BSD-2-Clause AND Apache-2.0",
    "d460cfe66661": "MIT",
}
"""By the SHA-256 of a licence's whole text, its first 12 digits: what was read there."""
REMARKS: Mapping[str, str] = {
    "esptool": "a tool of the tests; nothing that is installed with otaproof imports it",
    "pypcode": "the metadata has the text; SLEIGH and the processor files are Apache-2.0, the rest BSD-2-Clause",
    "reedsolo": "or Unlicense, or MIT-0",
    "unicorn": "so the metadata says, of the bindings; the engine that they carry is GPL-2.0",
}
_HEAD = """# Licences of the dependencies

Made by `python docs/build_licences.py` from the metadata of what is installed; a test compares. otaproof carries no
code of theirs. *Needed by* says which part of otaproof needs it: the core, an [extra](../pyproject.toml), or the
tools that install and describe the rest.

| Distribution | Licence | Needed by | Remark |
|---|---|---|---|
"""


def licence_of(name: str) -> str:
    """Return the licence of an installed distribution. Raises LookupError where its metadata has none that is known."""
    metadata = importlib.metadata.metadata(name)
    if "License-Expression" in metadata:
        return metadata["License-Expression"]
    (text,) = metadata.get_all("License") or ["UNKNOWN"]
    if "\n" in text:
        return TEXTS[_digits(text)]
    marks = [mark.rpartition(" :: ")[2] for mark in metadata.get_all("Classifier") or [] if mark.startswith("License")]
    for word in (text, *marks):
        if word not in ("", "UNKNOWN"):
            return _of_text(name) or SPDX.get(word, word)
    raise LookupError(f"{name} does not tell its licence")


def _of_text(name: str) -> str | None:
    """Return what was read in the licence that a distribution carries; None where it was not."""
    distribution = importlib.metadata.distribution(name)
    files = distribution.metadata.get_all("License-File") or []
    texts = (distribution.read_text(f"licenses/{file}") or "" for file in files)
    return next((found for text in texts if (found := TEXTS.get(_digits(text)))), None)


def _digits(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def licences_page() -> str:
    """Return the text of docs/licences.md."""
    names = sorted({entry.name for entry in read_lock()})
    rows = (f"| {name} | {licence_of(name)} | {', '.join(uses()[name])} | {REMARKS.get(name, '')} |" for name in names)
    return _HEAD + "\n".join(rows) + "\n"


def differences() -> list[str]:
    """Return the rows of docs/licences.md that are not what would be written, and those that would be, with a mark."""
    kept, made = PAGE.read_text(encoding="utf-8").splitlines(), licences_page().splitlines()
    return [f"- {line}" for line in kept if line not in made] + [f"+ {line}" for line in made if line not in kept]
