"""Reads what strangers made: regular files of a bounded size, and the JSON in them. One place, for all rooms.

A limit is enforced before memory is taken. What is refused is an InputError, which names the file and the limit.
"""

import json
import os
import stat
import zlib
from pathlib import Path
from typing import Any

from .errors import InputError

LARGEST_FILE = 256 << 20
"""Bytes of the largest file that is read, packed or not: twice the largest flash that ESP-IDF knows."""
SHOWN_CHARACTERS = 40
"""Characters of a foreign value that a message shows."""
_GZIP_MAGIC = b"\x1f\x8b"
_GZIP = 16 + zlib.MAX_WBITS


def read_bounded(path: Path, most: int = LARGEST_FILE) -> bytes:
    """Return the bytes of a regular file; raises InputError for anything else, and for more bytes than `most`."""
    try:
        # A FIFO would wait for its writer for ever without O_NONBLOCK.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "no name of a file"
        raise InputError(f"{shortened(str(path), 200)}: cannot be read: {reason}") from None
    try:
        _check_kind_and_size(path, os.fstat(descriptor), most)
        with open(descriptor, "rb", closefd=False) as file:
            contents = file.read(most + 1)
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror or error}") from None
    finally:
        os.close(descriptor)
    if len(contents) > most:
        raise InputError(f"{path}: grows while it is read, beyond {most:,} bytes")
    return contents


def _check_kind_and_size(path: Path, found: os.stat_result, most: int) -> None:
    if stat.S_ISDIR(found.st_mode):
        raise InputError(f"{path}: is a directory; name a file in it")
    if not stat.S_ISREG(found.st_mode):
        raise InputError(f"{path}: is a device or a pipe; name a regular file")
    if found.st_size > most:
        raise InputError(f"{path}: {found.st_size:,} bytes; the most that is read is {most:,}")


def unpacked(path: Path, contents: bytes, most: int = LARGEST_FILE) -> bytes:
    """Return what a gzip file holds, or the contents as they are; raises InputError beyond `most` bytes."""
    if not contents.startswith(_GZIP_MAGIC):
        return contents
    plain = bytearray()
    while contents:
        member = zlib.decompressobj(_GZIP)
        try:
            plain += member.decompress(contents, most + 1 - len(plain))
        except zlib.error as error:
            raise InputError(f"{path}: damaged gzip file: {error}") from None
        if len(plain) > most:
            raise InputError(f"{path}: unpacks to more than {most:,} bytes, the most that is read")
        if not member.eof:
            raise InputError(f"{path}: damaged gzip file: it is cut short")
        contents = member.unused_data.lstrip(b"\0")
    return bytes(plain)


def json_value(text: str | bytes, where: str, advice: str = "") -> Any:
    """Return the value of a JSON text; raises InputError, for one that is nested too deeply as well.

    where: the file and, of a file with many texts, the line. advice: what the user can do."""
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        reason = f"{error.msg} at line {error.lineno}, column {error.colno}"
    except RecursionError:
        reason = "it is nested too deeply"
    except UnicodeDecodeError as error:
        reason = f"byte {error.start} is no UTF-8"
    except ValueError:
        reason = "a number has too many digits"
    raise InputError(f"{where}: no JSON: {reason}{advice}")


def shortened(value: object, most: int = SHOWN_CHARACTERS) -> str:
    """Return a foreign value for a message: on one line, and no longer than `most` characters."""
    try:
        text = value if isinstance(value, str) else repr(value)
    except ValueError:
        return "a number of too many digits"  # Python prints no integer of more than 4,300 digits
    return shown(text if len(text) <= most else f"{text[: most - 1]}…")


def shown(text: str, keeps_lines: bool = False) -> str:
    """Return a text without control characters: each is written as \\xNN, or \\uNNNN, and paints nothing.

    keeps_lines: ends of lines stay."""
    if text.isprintable():
        return text
    return "".join(_shown_character(character, keeps_lines) for character in text)


def _shown_character(character: str, keeps_lines: bool) -> str:
    if character.isprintable() or (character == "\n" and keeps_lines):
        return character
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:
        code -= 0xDC00  # a byte of a name that is no UTF-8, as surrogateescape keeps it
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
