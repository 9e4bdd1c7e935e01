"""Files that are given where a dump of a flash is wanted: what they are, and the option that takes them."""

from collections.abc import Collection

from ..impl.image.format import APP_DESC_MAGIC, APP_DESC_OFFSET, IMAGE_MAGIC
from ..impl.partitions.table import TABLE_MAGIC
from .files import OTADATA_SIZE

_APP_DESC = APP_DESC_MAGIC.to_bytes(4, "little")
_LARGEST_TEXT = 0x10000
_FIELDS = 4
"""A row of a partition table has name, type, subtype, offset, and what follows."""


def not_a_dump(contents: bytes, path: str, options: Collection[str]) -> str | None:
    """Return what a file is that is no dump of a flash, and how to give it; None where that cannot be told.

    path: what the file is called. options: names of those for files that the command has, such as "running"."""
    found = _kind(contents)
    if found is None:
        return None
    kind, takers = found
    taken = " or ".join(f"--{name} {path}" for name in takers if name in options)
    return f"{path}: {kind}, not a dump of a flash{f': {taken}' if taken else ''}"


def _kind(contents: bytes) -> tuple[str, tuple[str, ...]] | None:
    """Return what the contents are, and the options that take such a file."""
    if contents[:1] == bytes([IMAGE_MAGIC]) and contents.startswith(_APP_DESC, APP_DESC_OFFSET):
        return "an application image", ("running", "update")
    if contents.startswith(TABLE_MAGIC):
        return "a partition table", ("partitions",)
    if len(contents) == OTADATA_SIZE:
        return f"0x{OTADATA_SIZE:x} bytes are an otadata partition", ("otadata",)
    return ("a partition table in CSV", ("partitions",)) if _is_csv(contents) else None


def _is_csv(contents: bytes) -> bool:
    if len(contents) > _LARGEST_TEXT or b"\0" in contents:
        return False
    lines = (line.strip() for line in contents.decode("utf-8", "replace").splitlines())
    rows = [line for line in lines if line and not line.startswith("#")]
    return bool(rows) and all(line.count(",") + 1 >= _FIELDS for line in rows)
