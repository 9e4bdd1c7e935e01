"""Replays recorded vectors on the board and reports the first difference of each.

The result, the flash operations and the state of the device are compared after each step of a scenario. A boot vector
is one run of the bootloader.
"""

from dataclasses import dataclass
from typing import Any

from ...errors import InputError
from ...json_fields import take
from .recorded_calls import check_step
from .recorded_device import RecordedDevice
from .vectors import Vector


@dataclass(frozen=True, slots=True)
class Mismatch:
    """The first place where the board and the record of a vector differ."""

    id: str
    """The vector."""
    family: str
    step: int | None
    """The step, counted from 0; None for a boot vector."""
    field: str
    """The field of the record, dotted: `res`, `ops`, `st.sha.ota_0`, …"""
    expected: object
    got: object


def replay_vector(vector: Vector) -> Mismatch | None:
    """Return the first difference of one vector; raises InputError for a vector that cannot be replayed."""
    if "steps" in vector.record:
        return _replay_scenario(vector)
    return _replay_boot(vector)


def _replay_boot(vector: Vector) -> Mismatch | None:
    device = RecordedDevice(vector)
    got = device.boot() | {"ops": device.take_ops()}
    state = device.observe_stored()
    got |= {"otadata_after": state["otadata"], "efuse_after": state["efuse"]}
    recorded = {"panic": False, **vector.record}
    for field, value in got.items():
        if field not in recorded:
            raise InputError(f"{vector.where}: field {field!r} is missing")
        difference = first_difference(field, recorded[field], value)
        if difference is not None:
            return Mismatch(vector.id, vector.family, None, *difference)
    return None


def _replay_scenario(vector: Vector) -> Mismatch | None:
    steps = [
        (f"{vector.where}, step {index}", step)
        for index, step in enumerate(take(vector.record, "steps", list, vector.where))
    ]
    for where, step in steps:
        check_step(step, where)
    device = RecordedDevice(vector)
    for index, (where, step) in enumerate(steps):
        got: dict[str, Any] = {"res": device.perform(step, where), "ops": device.take_ops()}
        got["st"] = device.observe()
        for field, value in got.items():
            expected = take(step, field, type(value), where)
            difference = first_difference(field, expected, value)
            if difference is not None:
                return Mismatch(vector.id, vector.family, index, *difference)
    return None


def first_difference(field: str, expected: object, got: object) -> tuple[str, object, object] | None:
    """Return where two JSON values differ, as (dotted field, expected, got); None if they are equal.

    Looks into objects that have the same fields; others differ as a whole.
    """
    if isinstance(expected, dict) and isinstance(got, dict) and expected.keys() == got.keys():
        for key in expected:
            difference = first_difference(f"{field}.{key}", expected[key], got[key])
            if difference is not None:
                return difference
        return None
    return None if expected == got else (field, expected, got)
