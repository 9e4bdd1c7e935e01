"""The fields of a JSON object, or a table of TOML: each is taken with its type and range, and none is passed over.

A reader names all fields that it knows (`check_fields`), so a field of a format that is newer than the reader is bad
input, never a question that was not asked.
"""

import json
from collections.abc import Callable, Collection, Mapping
from typing import Any, TypeVar

from .bounded_input import shortened
from .errors import InputError

Record = Mapping[str, Any]
"""A JSON object."""
_Value = TypeVar("_Value")
_Parsed = TypeVar("_Parsed")
_JSON_KINDS = {str: "a string", int: "an integer", bool: "true or false", list: "a list", dict: "an object"}


def check_fields(record: Record, known: Collection[str], where: str) -> None:
    """Raise InputError, which names `where` and the field, for a field that is not among `known`, and for no object."""
    if not isinstance(record, dict):
        raise InputError(f"{where}: {_text(record)} stands where an object belongs")
    for name in record:
        if name not in known:
            raise InputError(f"{where}: field '{shortened(name)}' is not known here; known: {', '.join(sorted(known))}")


def take(record: Record, name: str, kind: type[_Value], where: str) -> _Value:
    """Return field `name`, whose JSON type must be `kind`; raises InputError naming `where` and the field."""
    if not isinstance(record, dict):
        raise InputError(f"{where}: {_text(record)} stands where an object with {name!r} belongs")
    if name not in record:
        raise InputError(f"{where}: field {name!r} is missing")
    value = record[name]
    if type(value) is not kind:
        raise InputError(f"{where}: field {name!r} is {_text(value)}, want {_JSON_KINDS[kind]}")
    return value


def take_number(record: Record, name: str, most: int, where: str) -> int:
    """Return field `name`, an integer from 0 to `most`; raises InputError for anything else."""
    value = take(record, name, int, where)
    if not 0 <= value <= most:
        raise InputError(f"{where}: field {name!r} is {shortened(value)}, want 0 … {most}")
    return value


def parse_field(parse: Callable[[str], _Parsed], record: Record, name: str, where: str) -> _Parsed:
    """Return `parse` of field `name`, a string; its ValueError is made an InputError naming `where` and the field."""
    try:
        return parse(take(record, name, str, where))
    except ValueError as error:
        raise InputError(f"{where}: field {name!r}: {error}") from None


def parse_hex(text: object, name: str, where: str) -> bytes:
    """Return the bytes that a value of field `name` writes in hex; raises InputError for any other value."""
    try:
        return bytes.fromhex(str(text))
    except ValueError:
        raise InputError(f"{where}: field {name!r} holds '{shortened(text)}', want hex bytes") from None


def _text(value: object) -> str:
    """Return a value for a message; TOML has dates beside what JSON has."""
    return shortened(json.dumps(value, default=str))
