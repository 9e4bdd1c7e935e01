"""The server that scripts reach: files of a folder, else what stands for them, and what a bad network does to them.

Whatever the host of a URL is, its path is looked for: as a file of the folder, by its last part alone, and then by what
it ends with. The update image answers for .bin; its digests for .sha256 and .md5; its version for .txt and "version".
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from urllib.parse import unquote, urlsplit

from ..errors import InputError

SEGMENT = 1460
"""Bytes of a piece that can come twice."""
LARGE = 4096
"""Bytes from which on an answer is a download, to which a network fault happens."""
_FAULT = re.compile(r"(truncate|stall|status|duplicate|damage):(\d{1,8})(:always)?", re.ASCII)


class NetworkFault(Enum):
    """What can go wrong between server and device."""

    TRUNCATE = "truncate"
    """The connection is closed after so many bytes."""
    STALL = "stall"
    """Nothing comes any more after so many bytes."""
    STATUS = "status"
    """The answer is an error page with this status."""
    DUPLICATE = "duplicate"
    """The piece at that byte comes twice."""
    DAMAGE = "damage"
    """The byte there is another one."""


@dataclass(frozen=True, slots=True)
class PlannedFault:
    """A fault, and what it takes."""

    kind: NetworkFault
    at: int
    """A byte of the answer; of STATUS, the status."""
    is_always: bool = False
    """It happens to every download, not to the first one alone."""

    @classmethod
    def parse(cls, text: str) -> "PlannedFault":
        """Return the fault that a text such as "truncate:30000" names; raises InputError for none."""
        match = _FAULT.fullmatch(text)
        if match is None:
            raise InputError(
                f"--net: {text[:40]!r}; want truncate:BYTES, stall:BYTES, damage:BYTE, duplicate:BYTE or status:CODE, "
                "with :always for every download"
            )
        return cls(NetworkFault(match[1]), int(match[2]), match[3] is not None)


@dataclass(frozen=True, slots=True)
class ServedFolder:
    """What the server has."""

    files: Mapping[str, bytes] = field(default_factory=dict)
    """By their paths in the folder, with slashes."""
    update: bytes = b""
    """The image that stands for what ends with .bin."""
    version: str = ""
    """Of that image."""
    faults: tuple[PlannedFault, ...] = ()

    def find(self, url: str) -> bytes | None:
        """Return what lies at a URL; None for nothing."""
        path = unquote(urlsplit(url).path).lstrip("/")
        if path in self.files:
            return self.files[path]
        name = path.rpartition("/")[2]
        return self.files[name] if name in self.files else self._stand_in(name.lower())

    def _stand_in(self, name: str) -> bytes | None:
        if not self.update:
            return None
        if name.endswith(".bin"):
            return self.update
        for digest in ("sha256", "md5", "sha1"):
            if name.endswith(f".{digest}"):
                return hashlib.new(digest, self.update).hexdigest().encode()
        if name.endswith(".json"):
            sha256 = hashlib.sha256(self.update).hexdigest()
            told = {"version": self.version, "size": len(self.update), "sha256": sha256, "file": "app.bin"}
            return json.dumps(told).encode()
        return self.version.encode() if name.endswith(".txt") or name.startswith("version") else None


@dataclass(slots=True)
class ServerAnswer:
    """What the server sends back, piece by piece."""

    status: int
    headers: dict[str, str]
    body: bytes
    at: int = 0
    stalls_at: int | None = None
    """After so many bytes nothing comes any more."""
    is_faulty: bool = False
    """A network fault has happened to it."""

    def read(self, size: int) -> tuple[bytes | None, bool]:
        """Return the next piece, None at the end; and whether it never comes."""
        last = len(self.body) if self.stalls_at is None else min(self.stalls_at, len(self.body))
        if self.at >= last:
            return None, self.stalls_at is not None
        piece = self.body[self.at : min(self.at + size, last)]
        self.at += len(piece)
        return piece, False

    def raw(self) -> bytes:
        """Return the answer as it goes over the line."""
        lines = (f"{name}: {value}\r\n" for name, value in self.headers.items())
        return (
            f"HTTP/1.1 {self.status} {_REASONS.get(self.status, 'Status')}\r\n{''.join(lines)}\r\n".encode() + self.body
        )


_REASONS = {200: "OK", 206: "Partial Content", 304: "Not Modified", 404: "Not Found"}


def answer(folder: ServedFolder, method: str, url: str, headers: Mapping[str, str], is_first: bool) -> ServerAnswer:
    """Return what the server answers. headers: of the request, in lower case; is_first: no fault has happened yet."""
    body = folder.find(url)
    if body is None:
        return ServerAnswer(404, {"Content-Type": "text/html", "Content-Length": "9"}, b"not found")
    etag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
    if headers.get("if-none-match") == etag:
        return ServerAnswer(304, {"ETag": etag, "Content-Length": "0"}, b"")
    told = {"Content-Type": "application/octet-stream", "Content-Length": str(len(body)), "ETag": etag}
    found = ServerAnswer(200, {**told, "Connection": "close"}, b"" if method == "HEAD" else body)
    if method == "GET" and (match := re.fullmatch(r"bytes=(\d{1,9})-(\d{0,9})", headers.get("range", ""))):
        first, last = int(match[1]), int(match[2] or len(body) - 1)
        found.status, found.body = 206, body[first : last + 1]
        found.headers["Content-Range"] = f"bytes {first}-{min(last, len(body) - 1)}/{len(body)}"
        found.headers["Content-Length"] = str(len(found.body))
    if len(found.body) >= LARGE:
        for fault in folder.faults:
            if fault.is_always or is_first:
                _happen(fault, found)
                found.is_faulty = True
    return found


def _happen(fault: PlannedFault, found: ServerAnswer) -> None:
    body, at = found.body, fault.at
    match fault.kind:
        case NetworkFault.TRUNCATE:
            found.body = body[:at]
        case NetworkFault.STALL:
            found.stalls_at = at
        case NetworkFault.STATUS:
            page = b"<html><body>error</body></html>"
            found.status, found.body = at, page
            found.headers = {"Content-Type": "text/html", "Content-Length": str(len(page))}
        case NetworkFault.DUPLICATE:
            first = at // SEGMENT * SEGMENT
            found.body = body[: first + SEGMENT] + body[first:]
        case NetworkFault.DAMAGE:
            if at < len(body):
                found.body = body[:at] + bytes([body[at] ^ 1]) + body[at + 1 :]
