"""The objects in an archive (.a), or the one that a file is (.o). Source: ar(5) as GNU binutils write it.

Left out: thin archives, which name other files, and BSD's long names.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from ...errors import InputError

_MAGIC = b"!<arch>\n"
_THIN_MAGIC = b"!<thin>\n"
_ELF_MAGIC = b"\x7fELF"
_RELOCATABLE = 1
"""ET_REL, at byte 16 of an ELF file."""
_HEADER_SIZE = 60
_HEADER_END = b"`\n"
MAX_OBJECTS = 1024
MAX_NAME = 1024
"""Bytes of a member's name."""


@dataclass(frozen=True, slots=True)
class ObjectFile:
    """A relocatable ELF file."""

    name: str
    """As errors call it: libapp_update.a(esp_ota_ops.c.obj)."""
    raw: bytes


def is_unlinked(raw: bytes) -> bool:
    """Tell whether a file is an archive or a relocatable object."""
    return raw[:8] in (_MAGIC, _THIN_MAGIC) or _is_object(raw)


def object_files(raw: bytes, name: str) -> tuple[ObjectFile, ...]:
    """Return the objects in a file, in its order; what else an archive has is passed over. Raises InputError."""
    if _is_object(raw):
        return (ObjectFile(name, raw),)
    if raw[:8] == _THIN_MAGIC:
        raise InputError(f"{name}: a thin archive, which has no objects in it; want one made without --thin")
    found = tuple(ObjectFile(f"{name}({member})", data) for member, data in _members(raw, name) if _is_object(data))
    if not found:
        raise InputError(f"{name}: an archive without objects")
    if len(found) > MAX_OBJECTS:
        raise InputError(f"{name}: more than {MAX_OBJECTS} objects")
    return found


def _is_object(raw: bytes) -> bool:
    return raw[:4] == _ELF_MAGIC and int.from_bytes(raw[16:18], "little") == _RELOCATABLE


def _members(raw: bytes, name: str) -> Iterator[tuple[str, bytes]]:
    """Yield each member's name and bytes."""
    long_names = b""
    at = len(_MAGIC)
    while at < len(raw):
        header = raw[at : at + _HEADER_SIZE]
        said = header[48:58].strip()
        if len(header) < _HEADER_SIZE or header[58:] != _HEADER_END or not said.isdigit():
            raise InputError(f"{name}: a damaged archive: no member's header at byte {at}")
        size, start = int(said), at + _HEADER_SIZE
        if start + size > len(raw):
            raise InputError(f"{name}: truncated: the member at byte {at} ends behind the file")
        data, called = raw[start : start + size], header[:16].rstrip()
        if called == b"//":
            long_names = data
        else:
            yield _name(called, long_names), data
        at = start + size + size % 2


def _name(called: bytes, long_names: bytes) -> str:
    """Return a member's name; a number behind a slash is its place among the long names."""
    if called[:1] == b"/" and called[1:].isdigit():
        place = int(called[1:])
        called = long_names[place : place + MAX_NAME].split(b"\n", 1)[0]
    return called.rstrip(b"/").decode(errors="replace")
