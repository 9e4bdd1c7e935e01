"""Makes inputs out of others: bytes turned over, cut, repeated and swapped, and JSON values in place of others.

The same seed gives the same inputs.
"""

import json
from collections.abc import Sequence
from copy import deepcopy
from random import Random
from typing import Any

HOSTILE_TEXTS = (
    *("", "\x00", "\x1b[31m", "\x9b31m", "\u202e", "[red]", "[/red]", ":smile:", "<script>", "](http://x)", "`", "|"),
    *("\n", "\r", "\ud800", "../../x", "/etc/passwd", "$HOME", "${HOME}", "a" * 300, "é" * 17, "%s", "\\", '"', ","),
)
"""What paints, links, leads elsewhere or ends a field, wherever a text of a stranger is shown."""
HOSTILE_NUMBERS = (0, -1, 1, 15, 16, 255, 256, 0xFFFF, 0x10000, 0x7FFFFFFF, 0xFFFFFFFF, 1 << 32, 1 << 40, -(1 << 63))
"""The ends of ranges, and what lies beyond them."""
_HOSTILE_VALUES: tuple[Any, ...] = (None, True, False, 0.5, 1e308, [], {}, [[]], *HOSTILE_TEXTS, *HOSTILE_NUMBERS)
_WORDS = (
    *(text.encode("utf-8", "surrogatepass") for text in HOSTILE_TEXTS),
    *(str(number).encode() for number in HOSTILE_NUMBERS),
    *(b"\xff\xff\xff\xff", b"\0\0\0\0", b"\xaa\x50", b"\xeb\xeb", b"\xe9", b"\x1f\x8b", b"9" * 90, b"0x" + b"f" * 90),
    *(b"CONFIG_", b"=y\n", b"ota_16", b"app", b"data", b"K", b"#", b"\xef\xbb\xbf", b"\xff\xfe", b"{", b"]", b"e9"),
)
_LARGEST = 1 << 18
"""Bytes of the largest input that is made."""


def mutated(base: bytes, others: Sequence[bytes], random: Random) -> bytes:
    """Return an input that differs from `base` in one to four places; `others` lend parts."""
    if base[:1] in b"[{" and random.random() < 0.6:
        changed = _json_mutated(base, random)
        if changed is not None:
            return changed
    data = bytearray(base)
    for _ in range(random.choice((1, 1, 1, 2, 2, 4))):
        _change(data, others, random)
    return bytes(data[:_LARGEST])


def _change(data: bytearray, others: Sequence[bytes], random: Random) -> None:
    """Change one place of the data."""
    at = random.randrange(len(data) + 1)
    kind = random.randrange(9)
    end = min(len(data), at + random.choice((1, 1, 2, 4, 8, 16, 64, 1024)))
    if kind == 0 and at < len(data):
        data[at] ^= 1 << random.randrange(8)
    elif kind == 1 and at < len(data):
        data[at] = random.choice((0, 1, 0x7F, 0x80, 0xFE, 0xFF, random.randrange(256)))
    elif kind == 2:
        del data[at:end]
    elif kind == 3:
        del data[at:]
    elif kind == 4:
        data[at:at] = data[at:end] * random.choice((1, 2, 16))
    elif kind in (5, 6):
        word = random.choice(_WORDS)
        data[at : at + len(word) * (kind - 5)] = word
    elif kind == 7:
        other = random.choice(others)
        begin = random.randrange(len(other) + 1)
        data[at:end] = other[begin : begin + random.choice((4, 16, 64, 4096))]
    else:
        data[at:end] = random.randbytes(end - at)


def _json_mutated(base: bytes, random: Random) -> bytes | None:
    """Return JSON text with another value in one to three places; None where the base is no JSON."""
    try:
        value = json.loads(base)
    except (ValueError, RecursionError):
        return None
    for _ in range(random.choice((1, 1, 2, 3))):
        value = _with_other_value(value, random)
    return json.dumps(value, separators=(",", ":")).encode()


def _with_other_value(value: Any, random: Random, depth: int = 0) -> Any:
    """Return the value with one of its parts changed, dropped, doubled or renamed, in place where it can be."""
    is_inner = isinstance(value, list | dict) and value
    if not is_inner or random.random() < 0.1 * (depth > 0):
        return _other_value(value, random)
    kind = random.random()
    if isinstance(value, list):
        place = random.randrange(len(value))
        if kind < 0.06:
            del value[place]
        elif kind < 0.12:
            value.insert(place, deepcopy(value[random.randrange(len(value))]))
        else:
            value[place] = _with_other_value(value[place], random, depth + 1)
        return value
    name = random.choice(list(value))
    if kind < 0.06:
        del value[name]
    elif kind < 0.12:
        value[random.choice(HOSTILE_TEXTS)] = deepcopy(value[name])
    else:
        value[name] = _with_other_value(value[name], random, depth + 1)
    return value


def _other_value(value: Any, random: Random) -> Any:
    if type(value) is int and random.random() < 0.5:
        return value + random.choice((-1, 1, 0x1000, -0x1000, 1 << random.randrange(34)))
    if isinstance(value, str) and value and random.random() < 0.5:
        at = random.randrange(len(value))
        part = random.choice(HOSTILE_TEXTS) if random.random() < 0.5 else random.choice("0123456789abcdef")
        return value[:at] + part + value[at + 1 :]
    return deepcopy(random.choice(_HOSTILE_VALUES))
