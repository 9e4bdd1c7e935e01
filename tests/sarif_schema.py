"""The schema of SARIF 2.1.0."""

import json

from jsonschema import Draft4Validator

from places import DATA

SCHEMA = Draft4Validator(
    json.loads((DATA / "sarif-schema-2.1.0.json").read_text(encoding="utf-8")),
    format_checker=Draft4Validator.FORMAT_CHECKER,
)
"""OASIS's; see tests/data/README.md."""
