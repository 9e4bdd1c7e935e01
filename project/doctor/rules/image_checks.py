"""What `otaproof doctor` looks for in the images: one function a rule, each yielding what it finds.

Which rule a function belongs to, and why it matters, stands in diagnosis.py.
"""

import re
from collections.abc import Iterator

from ...lenient_table import TableRow
from ..rule import Finding, at
from ..subject import AppImage, Subject

_ROLLBACK = "BOOTLOADER_APP_ROLLBACK_ENABLE"
NEARLY_FULL = 0.05
"""Free share of the smallest slot below which the next release may not fit; the share ESP-IDF's build warns at."""


def invalid_image(subject: Subject) -> Iterator[Finding]:
    """An image that is refused."""
    app = _app(subject)
    if app.problem is not None:
        yield at(app.path, app.problem)


def image_too_large(subject: Subject) -> Iterator[Finding]:
    """An image that a slot cannot hold."""
    smallest = _smallest(subject)
    if smallest is not None and _app(subject).size > smallest.partition.size:
        yield at(
            _app(subject).path,
            f"{_app(subject).size} bytes do not fit {smallest.partition.label!r} of {smallest.partition.size} "
            f"({smallest.place})",
        )


def image_nearly_fills(subject: Subject) -> Iterator[Finding]:
    """An image after which there is little room."""
    smallest = _smallest(subject)
    if smallest is None:
        return
    size, room = _app(subject).size, smallest.partition.size
    if room * (1 - NEARLY_FULL) < size <= room:
        share = (room - size) / room
        yield at(
            _app(subject).path,
            f"{size} bytes leave {share:.1%} of {smallest.partition.label!r} free ({smallest.place})",
        )


def no_hash(subject: Subject) -> Iterator[Finding]:
    """An image that only a checksum of one byte protects."""
    has_signature = subject.is_on("SECURE_BOOT") or subject.is_on("SECURE_SIGNED_APPS_NO_SECURE_BOOT")
    if not _app(subject).header.hash_appended and not has_signature:
        yield at(_app(subject).path, "byte 23 is 0: no SHA-256 is appended")


def no_description(subject: Subject) -> Iterator[Finding]:
    """An image without the magic word of its description."""
    if _app(subject).desc is None:
        yield at(_app(subject).path, "bytes 32 to 35 are no magic word of an application description")


def secure_version_of_image(subject: Subject) -> Iterator[Finding]:
    """A secure version in the image that the eFuse field cannot hold."""
    desc, bits = _app(subject).desc, subject.config.secure_version_bits
    if subject.config.anti_rollback and desc is not None and desc.secure_version > bits:
        yield at(_app(subject).path, f"secure version {desc.secure_version} does not fit the {bits} bits of the field")


def other_secure_version(subject: Subject) -> Iterator[Finding]:
    """An image of another secure version than the options ask for."""
    desc = _app(subject).desc
    wanted = subject.number("BOOTLOADER_APP_SECURE_VERSION") or 0
    if subject.config.anti_rollback and desc is not None and desc.secure_version != wanted:
        place = subject.place("BOOTLOADER_APP_SECURE_VERSION")
        yield at(_app(subject).path, f"secure version {desc.secure_version}; {place} has {wanted}")


def other_release(subject: Subject) -> Iterator[Finding]:
    """An image of another release than wrote the sdkconfig."""
    desc, wrote = _app(subject).desc, subject.written_by
    if desc is None or wrote is None:
        return
    versions = [re.match(r"v?(\d+\.\d+)", text.strip('"')) for text in (desc.idf_ver, wrote.raw)]
    if versions[0] and versions[1] and versions[0][1] != versions[1][1]:
        yield at(_app(subject).path, f"built by ESP-IDF {desc.idf_ver}; {wrote.place} was written by {wrote.raw}")


def rollback_in_image_only(subject: Subject) -> Iterator[Finding]:
    """An image built with rollback, in a project without it."""
    if _app(subject).has_rollback and not subject.is_on(_ROLLBACK):
        yield at(_app(subject).path, f"it holds what only rollback compiles in; {subject.place(_ROLLBACK)} has it off")


def accepted_by_arduino(subject: Subject) -> Iterator[Finding]:
    """An image with Arduino's start-up code, and nothing said against it."""
    if _app(subject).is_confirmed_by_arduino and subject.config.rollback and subject.accepts is None:
        yield at(_app(subject).path, "Arduino's start-up code is in it, and was built with rollback")


def _app(subject: Subject) -> AppImage:
    assert subject.app is not None
    return subject.app


def _smallest(subject: Subject) -> TableRow | None:
    """Return the smallest slot, or the factory app where there is no slot."""
    assert subject.table is not None
    rows = subject.table.slots or ([subject.table.factory] if subject.table.factory else [])
    return min(rows, key=lambda row: row.partition.size, default=None)
