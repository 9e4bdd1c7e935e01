"""Bytes of strangers for a reader that trusts them: it is stopped where it reads far more often than they are long.

pyelftools follows every offset, link and count in a file. Tables that overlap, strings without an end and links that go
back make it read the same bytes for hours; so what it reads is counted.
"""

import io

MAX_READS = 5_000_000
"""Of one file; each takes some microseconds."""
READS_PER_BYTE = 16
"""Several times what honest files need."""
_SPARE = 10_000
MAX_CONTINUED = 4096
"""Bytes of one number of variable length (LEB128): the time that they take grows with the square."""


class RefusedContents(Exception):
    """A file holds what no honest one does; the message says what, and not of which file."""


class Meter:
    """Counts the reads of one file, whatever streams its parts are."""

    def __init__(self, size: int, most: int = MAX_READS) -> None:
        """Allow what a file of `size` bytes needs, and at most `most` reads."""
        self._left = min(most, READS_PER_BYTE * size + _SPARE)

    def count(self) -> None:
        """Count a read; raises RefusedContents, and does so again for each further one."""
        self._left -= 1
        if self._left < 0:
            raise RefusedContents("a count or a link in it leads round in circles, or it is too large to be read")


class MeteredBytes(io.BytesIO):
    """A stream whose reads are counted."""

    def __init__(self, contents: bytes, meter: Meter) -> None:
        """Begin at the start."""
        super().__init__(contents)
        self.meter = meter
        self._continued = 0

    def read(self, size: int | None = -1) -> bytes:
        """Return bytes as every stream does; raises RefusedContents."""
        self.meter.count()
        found = super().read(size)
        self._continued = self._continued + 1 if size == 1 and found >= b"\x80" else 0
        if self._continued > MAX_CONTINUED:
            raise RefusedContents(f"a number of more than {MAX_CONTINUED} bytes")
        return found
