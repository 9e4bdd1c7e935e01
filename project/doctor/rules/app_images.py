"""Rules on what is built: the table of the build, and the application's image (D69 to D80, D82, D88)."""

import re
from collections.abc import Iterator

from ....impl.partitions.partition import Partition
from ....model.writers import Updater
from ...image_evidence import ROLLBACK
from ...lenient_table import TableRow
from ..rule import RuleFinding, Severity, at, rule
from ..subject import Need, Subject

NEARLY_FULL = 0.05
"""Free share of the smallest slot below which the next release may not fit; the share ESP-IDF's build warns at."""


@rule(
    "D69",
    Severity.WARNING,
    title="the built partition table is stale",
    reason="build/ holds another table than the project asks for; an update over the air does not bring a new one.",
    remedy="Build again; name the table that devices have with --partitions.",
    source="components/partition_table/CMakeLists.txt",
    needs=(Need.TABLE, Need.BUILD),
)
def stale_table(subject: Subject) -> Iterator[RuleFinding]:
    """A build with another table."""
    built = subject.built_table
    if built is None:
        return
    places = [[_shape(row.partition) for row in table.rows] for table in (subject.known_table, built)]
    if places[0] != places[1]:
        yield at(built.file, f"it is another partition table than {subject.known_table.file}")


@rule(
    "D70",
    Severity.ERROR,
    title="the build flashes the table to another offset",
    reason="Bootloader and application look for it at CONFIG_PARTITION_TABLE_OFFSET.",
    remedy="Build again, and flash all parts.",
    source="components/partition_table/Kconfig.projbuild, PARTITION_TABLE_OFFSET",
    needs=(Need.OPTIONS, Need.BUILD),
)
def table_elsewhere(subject: Subject) -> Iterator[RuleFinding]:
    """A build that flashes its table to another offset."""
    if subject.flashed_table_offset is not None and subject.flashed_table_offset[0] != subject.config.table_offset:
        offset, file = subject.flashed_table_offset
        place = subject.place("PARTITION_TABLE_OFFSET")
        yield at(file, f"flashes the table to 0x{offset:x}; {place} has 0x{subject.config.table_offset:x}")


@rule(
    "D71",
    Severity.ERROR,
    title="the image is refused",
    reason="esp_ota_end verifies an image as the bootloader does: this one neither boots nor updates.",
    remedy="Build it again, for the chip that the options name.",
    source="components/bootloader_support/src/esp_image_format.c, esp_image_verify",
    needs=(Need.APP,),
)
def invalid_image(subject: Subject) -> Iterator[RuleFinding]:
    """An image that is refused."""
    app = subject.known_app
    if app.problem is not None:
        yield at(app.path, app.problem)


@rule(
    "D72",
    Severity.ERROR,
    title="the image is larger than the smallest slot",
    reason="esp_ota_write fails at the end of the slot.",
    remedy="Enlarge the slots, or shrink the image.",
    source="SEED-WRITE",
    needs=(Need.APP, Need.TABLE),
)
def image_too_large(subject: Subject) -> Iterator[RuleFinding]:
    """An image that a slot cannot hold."""
    smallest = _smallest(subject)
    if smallest is not None and subject.known_app.size > smallest.partition.size:
        yield at(
            subject.known_app.path,
            f"{subject.known_app.size} bytes do not fit {smallest.partition.label!r} of {smallest.partition.size} "
            f"({smallest.place})",
        )


@rule(
    "D73",
    Severity.WARNING,
    title="the image nearly fills the smallest slot",
    reason="The next release may not fit, and the table of a device in the field is not easily changed.",
    remedy="Plan larger slots before devices leave.",
    source="components/partition_table/check_sizes.py, check_partition",
    needs=(Need.APP, Need.TABLE),
)
def image_nearly_fills(subject: Subject) -> Iterator[RuleFinding]:
    """An image after which there is little room."""
    smallest = _smallest(subject)
    if smallest is None:
        return
    size, room = subject.known_app.size, smallest.partition.size
    if room * (1 - NEARLY_FULL) < size <= room:
        share = (room - size) / room
        yield at(
            subject.known_app.path,
            f"{size} bytes leave {share:.1%} of {smallest.partition.label!r} free ({smallest.place})",
        )


@rule(
    "D74",
    Severity.WARNING,
    title="no SHA-256 is appended to the image",
    reason="Only a checksum of one byte protects it: one of 256 damaged images passes.",
    remedy="Let esptool append the hash: drop --dont-append-digest.",
    source="components/bootloader_support/src/esp_image_format.c, verify_simple_hash",
    needs=(Need.APP,),
)
def no_hash(subject: Subject) -> Iterator[RuleFinding]:
    """An image that only a checksum of one byte protects."""
    has_signature = subject.is_on("SECURE_BOOT") or subject.is_on("SECURE_SIGNED_APPS_NO_SECURE_BOOT")
    if not subject.known_app.header.hash_appended and not has_signature:
        yield at(subject.known_app.path, "byte 23 is 0: no SHA-256 is appended")


@rule(
    "D75",
    Severity.WARNING,
    title="the image has no application description",
    reason="From 5.5 on, complete() and rollback() crash on it with anti-rollback, and nothing names its version.",
    remedy="Build with esp_app_desc as the first thing in the first segment.",
    source="components/esp_app_format/include/esp_app_desc.h",
    needs=(Need.APP,),
)
def no_description(subject: Subject) -> Iterator[RuleFinding]:
    """An image without the magic word of its description."""
    if subject.known_app.desc is None and subject.known_app.unlike is None:
        yield at(subject.known_app.path, "bytes 32 to 35 are no magic word of an application description")


@rule(
    "D76",
    Severity.ERROR,
    title="the secure version of the image does not fit the eFuse field",
    reason="accept() fails each time although it has marked the image VALID, and the version is never burned.",
    remedy="Count versions from 0, one bit each, up to CONFIG_BOOTLOADER_APP_SEC_VER_SIZE_EFUSE_FIELD.",
    source="IDF-EFUSE-UPDATE",
    needs=(Need.APP, Need.OPTIONS),
)
def secure_version_of_image(subject: Subject) -> Iterator[RuleFinding]:
    """A secure version in the image that the eFuse field cannot hold."""
    desc, bits = subject.known_app.desc, subject.config.secure_version_bits
    if subject.config.anti_rollback and desc is not None and desc.secure_version > bits:
        yield at(
            subject.known_app.path, f"secure version {desc.secure_version} does not fit the {bits} bits of the field"
        )


@rule(
    "D77",
    Severity.WARNING,
    title="the image has another secure version than the options",
    reason="It was built before the change, or with other options.",
    remedy="Build again.",
    source="IDF-EFUSE-VERSION",
    needs=(Need.APP, Need.OPTIONS),
)
def other_secure_version(subject: Subject) -> Iterator[RuleFinding]:
    """An image of another secure version than the options ask for."""
    desc = subject.known_app.desc
    wanted = subject.number("BOOTLOADER_APP_SECURE_VERSION") or 0
    if subject.config.anti_rollback and desc is not None and desc.secure_version != wanted:
        place = subject.place("BOOTLOADER_APP_SECURE_VERSION")
        yield at(subject.known_app.path, f"secure version {desc.secure_version}; {place} has {wanted}")


@rule(
    "D78",
    Severity.NOTE,
    title="the image is of another release than the sdkconfig",
    reason="Options that one of the two releases does not know are dropped.",
    remedy="Build again after idf.py reconfigure, and look at the difference.",
    source="components/esp_app_format/include/esp_app_desc.h",
    needs=(Need.APP, Need.OPTIONS),
)
def other_release(subject: Subject) -> Iterator[RuleFinding]:
    """An image of another release than wrote the sdkconfig."""
    desc, wrote = subject.known_app.desc, subject.written_by
    if desc is None or wrote is None:
        return
    versions = [re.match(r"v?(\d+\.\d+)", text.strip('"')) for text in (desc.idf_ver, wrote.raw)]
    if versions[0] and versions[1] and versions[0][1] != versions[1][1]:
        yield at(subject.known_app.path, f"built by ESP-IDF {desc.idf_ver}; {wrote.place} was written by {wrote.raw}")


@rule(
    "D79",
    Severity.WARNING,
    title="the image was built with rollback, the options have it off",
    reason="It was built before the change, or with other options.",
    remedy="Build again, and make sure that the bootloader in the field goes with it.",
    source="IDF-OTA-BEGIN",
    needs=(Need.APP, Need.OPTIONS),
)
def rollback_in_image_only(subject: Subject) -> Iterator[RuleFinding]:
    """An image built with rollback, in a project without it."""
    if subject.known_app.has_rollback and not subject.is_on(ROLLBACK):
        yield at(
            subject.known_app.path, f"it logs what only a build with rollback can; {subject.place(ROLLBACK)} has it off"
        )


@rule(
    "D80",
    Severity.WARNING,
    title="Arduino accepts the image before setup(), unless the sketch forbids it",
    reason="initArduino calls verifyOta(), which returns true unless the sketch defines its own. An update that "
    "starts and fails afterwards, for example because it cannot reach the network, is never rolled back.",
    remedy="Define verifyRollbackLater() to return true, and call esp_ota_mark_app_valid_cancel_rollback() after a "
    "self-test. If the sketch does so already, add --accepts yes, or --updater arduino-on-trial.",
    source="arduino-esp32, cores/esp32/esp32-hal-misc.c, initArduino",
    needs=(Need.APP,),
)
def accepted_by_arduino(subject: Subject) -> Iterator[RuleFinding]:
    """An image with Arduino's start-up code, and nothing said against it."""
    is_said_to_wait = subject.accepts is not None or subject.config.updater is Updater.ARDUINO_ON_TRIAL
    if subject.known_app.is_confirmed_by_arduino and subject.config.rollback and not is_said_to_wait:
        yield at(subject.known_app.path, "Arduino's start-up code is in it, and was built with rollback")


@rule(
    "D82",
    Severity.ERROR,
    title="the file is no application",
    reason="On chips whose bootloader lies at 0 a bootloader and a merged file begin as an application does, and an "
    "update takes them. The bootloader refuses them, since their segments lie in its own RAM, and starts the old "
    "image.",
    remedy="Name the .bin of the project itself: an update brings the application alone.",
    source="components/bootloader_support/src/esp_image_format.c, verify_load_addresses",
    needs=(Need.APP,),
)
def other_file(subject: Subject) -> Iterator[RuleFinding]:
    """A bootloader, or a merged file, in the place of an application."""
    if subject.known_app.unlike is not None:
        yield at(subject.known_app.path, subject.known_app.unlike)


@rule(
    "D88",
    Severity.ERROR,
    title="the image lies in the bootloader's own RAM",
    reason="The bootloader refuses to load a segment over itself: the image never boots, though an update takes it.",
    remedy="Link the application for the RAM that the bootloader of the device leaves free, or build both anew.",
    source="components/bootloader_support/src/esp_image_format.c, verify_load_addresses",
    needs=(Need.APP, Need.BOOTLOADER),
)
def over_bootloader(subject: Subject) -> Iterator[RuleFinding]:
    """Segments that the bootloader does not load over itself."""
    app = subject.known_app
    if app.clash is not None and app.unlike is None:
        yield at(app.path, app.clash)


def _shape(partition: Partition) -> tuple[str, int, int, int, int]:
    return (partition.label, partition.type, partition.subtype, partition.offset, partition.size)


def _smallest(subject: Subject) -> TableRow | None:
    """Return the smallest slot, or the factory app where there is no slot."""
    assert subject.table is not None
    rows = subject.table.slots or ([subject.table.factory] if subject.table.factory else [])
    return min(rows, key=lambda row: row.partition.size, default=None)
