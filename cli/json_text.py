"""Results as JSON text: the one serialiser of the command line."""

import dataclasses
import json
from typing import Any

import msgspec

from ..analysis.results.result_parts import CommandResult


def json_value(result: object) -> Any:
    """Return a result as dicts, lists, texts, numbers, booleans and None."""
    return msgspec.to_builtins(result, enc_hook=str, order=None)


def json_text(result: CommandResult) -> str:
    """Return a result as indented JSON text with a newline at its end; what it says of itself comes first."""
    value = json_value(result)
    first = {field.name: value[field.name] for field in dataclasses.fields(CommandResult)}
    return json.dumps(first | value, indent=2) + "\n"


def json_line(part: object) -> str:
    """Return a part of a result as one line of JSON."""
    return json.dumps(json_value(part)) + "\n"
