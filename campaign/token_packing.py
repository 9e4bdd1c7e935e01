"""Tokens as one line of text: a prefix that names their kind, and the base64url of a deflated JSON value."""

import base64
import json
import zlib
from collections.abc import Callable
from typing import Any, TypeVar

from ..errors import InputError

MOST_BYTES = 1 << 20
"""Bytes of unpacked JSON text; no token comes near."""
_T = TypeVar("_T")


def pack_token(prefix: str, value: object) -> str:
    """Return the text of a token that holds a JSON value."""
    return pack_text(prefix, compact_json(value).encode())


def pack_text(prefix: str, text: bytes) -> str:
    """Return the text of a token that holds a JSON text, or what is taken for one."""
    return prefix + base64.urlsafe_b64encode(zlib.compress(text, level=9)).decode().rstrip("=")


def unpack_token(prefix: str, text: str, read: Callable[[Any], _T]) -> _T:
    """Return what `read` makes of the JSON value in a token; white space in the text does not count.

    Raises InputError, one line, for another kind of token, a damaged text, or a value that `read` refuses with a
    ValueError, TypeError, LookupError, AttributeError or OverflowError."""
    text = "".join(text.split())
    if not text.startswith(prefix):
        raise InputError(f"token: begins with {text[:8]!r}, not {prefix!r}; paste the whole token of a replay line")
    try:
        return read(json.loads(_inflated(text.removeprefix(prefix))))
    except (
        ValueError,
        TypeError,
        LookupError,
        AttributeError,
        OverflowError,
        RecursionError,
        zlib.error,
    ) as error:
        reason = str(error).splitlines()[0][:100] if str(error) else type(error).__name__
        if isinstance(error, RecursionError):
            reason = "it is nested too deeply"
        raise InputError(f"token: damaged ({reason}); paste it whole, as one line and without quotes") from None


def compact_json(value: object) -> str:
    """Return a value as JSON text without spaces."""
    return json.dumps(value, separators=(",", ":"))


def _inflated(body: str) -> bytes:
    inflater = zlib.decompressobj()
    plain = inflater.decompress(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)), MOST_BYTES)
    if not inflater.eof:
        raise ValueError("it is cut short, or far too long")
    return plain
