"""Reads what strangers made: regular files of a bounded size, and the JSON in them. One place, for all rooms.

A limit is enforced before memory is taken. What is refused is an InputError, which names the file and the limit.
"""

import json
import os
import stat
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO

from .errors import InputError

LARGEST_FILE = 256 << 20
"""Bytes of the largest file that is read, packed or not: twice the largest flash that ESP-IDF knows."""
LONGEST_LINE = 16 << 20
"""Bytes of the longest line of a file that is read line by line."""
MOST_LINES = 10_000_000
"""Of such a file: a small packed one can hold hundreds of millions that are empty."""
SHOWN_CHARACTERS = 40
"""Characters of a foreign value that a message shows."""
_GZIP_MAGIC = b"\x1f\x8b"
_PIECE = 1 << 16
"""Bytes that are read or unpacked at once of a file that is read line by line."""
_GZIP = 16 + zlib.MAX_WBITS


def read_bounded(path: Path, most: int = LARGEST_FILE) -> bytes:
    """Return the bytes of a regular file; raises InputError for anything else, and for more bytes than `most`."""
    with _opened(path, most) as file:
        contents = file.read(most + 1)
    if len(contents) > most:
        raise InputError(f"{path}: grows while it is read, beyond {most:,} bytes")
    return contents


def read_lines(path: Path, most: int = LARGEST_FILE) -> Iterator[bytes]:
    """Yield the lines of a regular file, gzip or not, without their ends; only a few of them are in memory at once.

    most: bytes of all lines together. Raises InputError as `read_bounded` and `unpacked` do, for a line beyond
    LONGEST_LINE, and for more than MOST_LINES."""
    rest, count = b"", 0
    with _opened(path, most) as file:
        for piece in _plain_pieces(path, iter(lambda: file.read(_PIECE), b""), most):
            count += piece.count(b"\n")
            if count > MOST_LINES:
                raise InputError(f"{path}: more than {MOST_LINES:,} lines, the most that are read")
            *lines, rest = (rest + piece).split(b"\n")
            if len(rest) > LONGEST_LINE:
                raise InputError(f"{path}: a line of more than {LONGEST_LINE:,} bytes, the most that is read")
            yield from lines
    if rest:
        yield rest


@contextmanager
def _opened(path: Path, most: int) -> Iterator[BinaryIO]:
    """Open a regular file of at most `most` bytes; an OSError on it is an InputError."""
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
            yield file
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror or error}") from None
    finally:
        os.close(descriptor)


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
    return b"".join(_unpacked_pieces(path, iter([contents]), most))


def _plain_pieces(path: Path, pieces: Iterator[bytes], most: int) -> Iterator[bytes]:
    """Yield a file's pieces, unpacked if the first one begins as a gzip file does."""
    first = next(pieces, b"")
    pieces = chain([first], pieces)
    return _unpacked_pieces(path, pieces, most) if first.startswith(_GZIP_MAGIC) else pieces


def _unpacked_pieces(path: Path, pieces: Iterator[bytes], most: int) -> Iterator[bytes]:
    """Yield what the members of a gzip file hold, at most _PIECE bytes at a time; zeros may lie between members."""
    size, member = 0, zlib.decompressobj(_GZIP)
    is_begun = False
    for packed in pieces:
        rest = packed if is_begun else packed.lstrip(b"\0")
        while rest:
            is_begun = True
            try:
                plain = member.decompress(rest, _PIECE)
            except zlib.error as error:
                raise InputError(f"{path}: damaged gzip file: {error}") from None
            size += len(plain)
            if size > most:
                raise InputError(f"{path}: unpacks to more than {most:,} bytes, the most that is read")
            yield plain
            rest = member.unconsumed_tail
            if member.eof:
                rest, member, is_begun = member.unused_data.lstrip(b"\0"), zlib.decompressobj(_GZIP), False
    if is_begun:
        raise InputError(f"{path}: damaged gzip file: it is cut short")


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
