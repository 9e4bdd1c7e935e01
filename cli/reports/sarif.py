"""Findings as SARIF 2.1.0, which code hosts and editors show at the lines they belong to.

Of the format's many properties these are the ones that GitHub's code scanning reads. Files are named relative to
the directory the command runs in, as in the repository that the findings go with; a finding that no file has is
put on the project itself, since code scanning shows none without a file.
"""

import hashlib
import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from urllib.parse import quote

from ... import __version__
from ...bounded_input import shown

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
VERSION = "2.1.0"
_BRACKET = re.compile(r"(\\*)([\[\]])")
_ESCAPED_BRACKET = re.compile(r"((?:\\\\)*)\\([\[\]])")


def sarif_log(
    tool: str, rules: Iterable[dict[str, Any]], results: Iterable[dict[str, Any]], base: Path
) -> dict[str, Any]:
    """Return a log of one run. base: what file names are relative to."""
    return {
        "$schema": SCHEMA,
        "version": VERSION,
        "runs": [
            {
                "tool": {"driver": {"name": tool, "semanticVersion": __version__, "rules": list(rules)}},
                "columnKind": "unicodeCodePoints",
                "originalUriBaseIds": {"SRCROOT": {"uri": f"{base.as_uri().rstrip('/')}/"}},
                "results": list(results),
            }
        ],
    }


def message_text(text: str) -> str:
    """Return text of others as a plain-text message, in which brackets make links (SARIF 2.1.0, 3.11.6)."""
    return _BRACKET.sub(r"\1\1\\\2", shown(text, keeps_lines=True))


def plain_text(message: str) -> str:
    """Return the text that `message_text` has made a message of."""
    return _ESCAPED_BRACKET.sub(lambda match: match[1][::2] + match[2], message)


def location(file: Path, line: int | None, base: Path) -> dict[str, Any]:
    """Return a physical location: a file, relative to the base where it lies in it, and a line."""
    resolved = file.resolve()
    if resolved.is_relative_to(base):
        uri = quote(os.fsencode(resolved.relative_to(base)))
        found: dict[str, Any] = {"artifactLocation": {"uri": uri, "uriBaseId": "SRCROOT"}}
    else:
        found = {"artifactLocation": {"uri": resolved.as_uri()}}
    if line is not None:
        found["region"] = {"startLine": line}
    return found


def project_file(project: Path) -> Path:
    """Return the file that stands for a whole project."""
    names = ("sdkconfig", "sdkconfig.defaults", "partitions.bin")
    return next((project / name for name in names if (project / name).is_file()), project)


def fingerprints(*parts: str) -> dict[str, str]:
    """Return what tells a finding again after its place has moved."""
    digest = hashlib.sha256("\0".join(parts).encode("utf-8", "backslashreplace")).hexdigest()
    return {"otaproofFinding/v1": digest[:32]}


def sentence(title: str) -> str:
    """Return a title with a capital letter."""
    return title[:1].upper() + title[1:]
