"""The inputs of an application's call as numbers, in an example of a difference, and how an example is to look."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import z3

from ...impl.app.esp_ota import OTA_SIZE_UNKNOWN
from ...impl.chip.cells import SECTOR_SIZE
from ...impl.partitions.partition import Partition
from ...model.config import Config
from ..theorems.boot_inputs import (
    MOST_OPERATIONS,
    OTADATA_OFFSET,
    OTADATA_SIZE,
    RECORDS,
    operation_result,
    record_bits,
)
from ..theorems.image_versions import ImageVersion, plain_versions, read_efuse, read_version
from ..theorems.model_reader import ModelReader
from ..theorems.planned_hardware import app_at, otadata_at
from .call_inputs import (
    APP_PARTITIONS,
    ASKED_OFFSET,
    ASKED_SIZE,
    ASKED_SUBTYPE,
    ASKED_TYPE,
    HAS_FACTORY,
    HAS_OTADATA,
    HAS_TEST,
    IS_ASKED,
    SLOT_COUNT,
    STATE_BEFORE,
    WANTS_STATE,
    app_offset,
    app_size,
)
from .running_app import LINKED_VERSION, RUNNING_SUBTYPE
from .session_inputs import IMAGE_SIZE, LAST_HANDLE, OTHER_IS_THERE


@dataclass(frozen=True, slots=True)
class SessionInputs:
    """What esp_ota_begin depends on beside that."""

    image_size: int
    last_handle: int
    is_asked_there: bool
    """The partition that the call is given is in the table, where it is no app partition."""


@dataclass(frozen=True, slots=True)
class CallInputs:
    """What a call depends on."""

    records: tuple[bytes, bytes]
    apps: tuple[Partition, ...]
    """App partitions of the table."""
    otadata: Partition | None
    app_count: int
    """OTA slots without a gap from ota_0."""
    asked: Partition | None
    """The partition that the call is given; None: NULL."""
    wants_state: bool
    """Where to put the state, or the handle, is given; else NULL."""
    state_before: int
    """What is there before the call."""
    results: tuple[int, ...]
    """What the operations return, by number; 0 where they succeed."""
    running_subtype: int
    """Of the running app's partition."""
    linked_version: int
    """The secure version that the running image was linked with."""
    versions: tuple[ImageVersion, ...]
    """Of the images in the app partitions, and in the one that is asked about, with anti-rollback; else empty."""
    efuse_version: int
    """The eFuse's, with anti-rollback."""
    session: SessionInputs | None = None
    """Of a call that opens one."""


def read_call(reader: ModelReader, config: Config) -> CallInputs:
    """Return the inputs that a model has."""
    there = [subtype for subtype, is_there in APP_PARTITIONS.items() if reader.is_true(is_there)]
    offsets = (*map(app_offset, there), ASKED_OFFSET) if config.anti_rollback else ()
    kind, subtype, offset, size = map(reader.number, (ASKED_TYPE, ASKED_SUBTYPE, ASKED_OFFSET, ASKED_SIZE))
    return CallInputs(
        (reader.data(record_bits(0)), reader.data(record_bits(1))),
        tuple(app_at(subtype, *map(reader.number, (app_offset(subtype), app_size(subtype)))) for subtype in there),
        otadata_at(reader.number(OTADATA_OFFSET), reader.number(OTADATA_SIZE)) if reader.is_true(HAS_OTADATA) else None,
        reader.number(SLOT_COUNT),
        Partition("", kind, subtype, offset, size) if reader.is_true(IS_ASKED) else None,
        reader.is_true(WANTS_STATE),
        reader.number(STATE_BEFORE),
        tuple(reader.number(operation_result(number)) for number in range(MOST_OPERATIONS)),
        reader.number(RUNNING_SUBTYPE),
        reader.number(LINKED_VERSION),
        tuple(read_version(reader, place) for place in offsets),
        read_efuse(reader),
    )


def read_session_call(reader: ModelReader, config: Config) -> CallInputs:
    """Return the inputs of a call that opens a session."""
    numbers = reader.number(IMAGE_SIZE), reader.number(LAST_HANDLE)
    return replace(read_call(reader, config), session=SessionInputs(*numbers, reader.is_true(OTHER_IS_THERE)))


def plain_sessions(config: Config) -> Iterator[Any]:
    """Yield how an example of a call that opens a session is to look."""
    yield from plain_calls(config)
    yield LAST_HANDLE == 0
    yield z3.Or(IMAGE_SIZE == 0x10000, IMAGE_SIZE == OTA_SIZE_UNKNOWN)


def plain_calls(config: Config) -> Iterator[Any]:
    """Yield how an example is to look, what matters most first."""
    yield z3.And(OTADATA_OFFSET == 0xD000, OTADATA_SIZE == 2 * SECTOR_SIZE)
    yield z3.Not(HAS_TEST)
    yield STATE_BEFORE == 0x5A5A5A5A
    yield z3.And(*(operation_result(number) == 0 for number in range(MOST_OPERATIONS)))
    for words in RECORDS:
        yield z3.Or(words[6] == 0xFFFFFFFF, z3.ULE(words[6], 4))
        yield z3.And(*(word == 0xFFFFFFFF for word in words[1:6]))
    yield SLOT_COUNT == 2
    yield z3.Not(HAS_FACTORY)
    if config.anti_rollback:
        places = (ASKED_OFFSET, *map(app_offset, APP_PARTITIONS))
        yield from plain_versions(places)
        yield z3.ULE(LINKED_VERSION, 16)
