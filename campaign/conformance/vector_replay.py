"""Replays recorded vectors on the board and reports the first difference of each.

A device is one flash, one eFuse and, while it is on, one application. Each step of a scenario makes a call
on it, with a power cut or a flash error where the vector has one; then the result, the flash operations and
the state of the device are compared with the record. A boot vector is one run of the bootloader.

The state is observed from raw flash bytes and through info(), as the recording did; info() must not change
anything, and would betray itself in the operations of the next step if it did.
"""

import hashlib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, TypeVar

from ...errors import InputError
from ...impl.board import App, Board
from ...impl.bootloader import Bootloader
from ...impl.chip.cells import SECTOR_SIZE
from ...impl.chip.efuse import Efuse
from ...impl.chip.flash import Failure, FailureExtent, FlashOpKind, NorFlash, PlannedCut, PlanNotReached, Strictness
from ...impl.chip.torn_operations import Torn
from ...impl.program_end import Hang, Panic, PowerCut, ProgramEnd, Restart
from ...model.config import Config, Pin, ResetReason
from .recorded_calls import RecordedCall, Result
from .vectors import ENTRY_SIZE, Area, Record, Vector, take

_Parsed = TypeVar("_Parsed")

_SHA_DIGITS = 12
_ENDINGS: dict[type[ProgramEnd], Result] = {
    PowerCut: {"cut": True},
    Restart: {"restart": True},
    Panic: {"panic": True},
    Hang: {"hang": True},
}


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
    device = RecordedDevice(vector)
    for index, step in enumerate(take(vector.record, "steps", list, vector.where)):
        where = f"{vector.where}, step {index}"
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


class RecordedDevice:
    """The device of one vector, from its state before the first step."""

    def __init__(self, vector: Vector) -> None:
        """Start switched off."""
        self._vector = vector
        self._flash = NorFlash(vector.cells, Strictness.CHIP)
        self._efuse = Efuse.of_version(vector.efuse, vector.config.secure_version_bits)
        self._app: App | None = None
        self._handles: dict[str, int] = {}

    def boot(self) -> Result:
        """Run the bootloader up to the jump into an application, which is where boot vectors end."""
        bootloader = Bootloader(self._flash, self._efuse, self._vector.config)
        try:
            booted = bootloader.boot(ResetReason.POWER_ON, pin=None, retained=None)
        except Panic:
            return {"booted": None, "panic": True}
        except Exception as error:  # as in `perform`
            return {"booted": _crash_text(error), "panic": False}
        return {"booted": None if booted is None else booted.label, "panic": False}

    def perform(self, step: Record, where: str) -> Result:
        """Do what a step says, with its power cut or flash error, and return its `res`."""
        is_power_on = take(step, "do", str, where) == "power_on"
        if self._app is None and not is_power_on:
            return {"off": True}
        self._plan(step, where)
        try:
            return self._power_on(step, where) if is_power_on else self._call(step, where)
        except ProgramEnd as end:
            self._app = None
            return dict(_ENDINGS[type(end)])
        except InputError:
            raise
        except Exception as error:  # a bug of the board is a difference of this vector, not the end of the run
            self._app = None
            return {"crash": _crash_text(error)}
        finally:
            # A step may have fewer operations than its plan says; then nothing is cut.
            with suppress(PlanNotReached):
                self._flash.end_plan()

    def take_ops(self) -> list[list[object]]:
        """Return the flash operations since the last call, as the recordings write them."""
        return [
            [op.kind.value, op.address] if op.kind is FlashOpKind.ERASE else [op.kind.value, op.address, op.length]
            for op in self._flash.take_ops()
        ]

    def observe(self) -> dict[str, Any]:
        """Return `st`: the state of the device after a step."""
        state = self.observe_stored()
        state |= {"running": None, "next": None, "states": None}
        if self._app is None:
            return state
        try:
            info = self._app.otaupgrade.info()
        except (Exception, ProgramEnd) as error:  # the recorded info() always answered
            return state | {"running": _crash_text(error)}
        states = {label: slot.get("state") for label, slot in info.slots.items()}
        return state | {"running": info.running, "next": info.next, "states": states}

    def observe_stored(self) -> dict[str, Any]:
        """Return the part of `st` that lies in flash and eFuse: otadata entries, hashes, secure version."""
        layout, cells = self._vector.layout, self._flash.cells
        entries = [cells.read(offset, ENTRY_SIZE).hex() for offset in layout.entry_offsets()]
        return {
            "otadata": entries or None,
            "sha": {area.label: self._hash(area) for area in layout.apps},
            "efuse": self._efuse.secure_version,
        }

    def _power_on(self, step: Record, where: str) -> Result:
        """Start with fresh RAM; a device that is on loses power first."""
        self._app, self._handles = None, {}
        board = Board(self._flash, self._efuse, _config_of(step, self._vector.config, where))
        pin = _parse(Pin, take(step, "pin", str, where), "pin", where) if "pin" in step else None
        self._app = board.power_on(pin=pin)
        return {"booted": None if self._app is None else self._app.running.label}

    def _call(self, step: Record, where: str) -> Result:
        assert self._app is not None
        return RecordedCall(self._app, self._handles, self._vector.recording, step, where).perform()

    def _plan(self, step: Record, where: str) -> None:
        if "cut" in step:
            cut = take(step, "cut", dict, where)
            torn = _parse(Torn.parse, take(cut, "torn", str, where), "cut", where)
            self._flash.plan_cut(PlannedCut(take(cut, "op", int, where), torn))
        if "fail" in step:
            fail = take(step, "fail", dict, where)
            done = _parse(FailureExtent, take(fail, "done", str, where), "fail", where)
            self._flash.plan_failure(Failure(take(fail, "op", int, where), done))

    def _hash(self, area: Area) -> str:
        cells = self._flash.cells
        if area.offset % SECTOR_SIZE or area.size % SECTOR_SIZE or area.offset + area.size > cells.size:
            return _hash_sectors((cells.read(area.offset, area.size),))
        return _hash_sectors(cells.sectors(area.offset, area.size))


@lru_cache(maxsize=1024)
def _hash_sectors(sectors: tuple[bytes, ...]) -> str:
    """Return the digits of the SHA-256 that the recordings keep; most steps leave most partitions alone."""
    return hashlib.sha256(b"".join(sectors)).hexdigest()[:_SHA_DIGITS]


def _crash_text(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"


def _parse(parse: Callable[[str], _Parsed], text: str, field: str, where: str) -> _Parsed:
    """Return parse(text), its ValueError made an InputError."""
    try:
        return parse(text)
    except ValueError as error:
        raise InputError(f"{where}: field {field!r}: {error}") from None


def _config_of(step: Record, config: Config, where: str) -> Config:
    """Return the configuration with the factory-reset options that stand with the step."""
    if "erase_list" not in step and "ota_data_erase" not in step:
        return config
    labels = step.get("erase_list", "")
    if isinstance(labels, str):
        labels = [label.strip() for label in labels.split(",")]
    return replace(
        config,
        factory_reset_labels=tuple(label for label in labels if label),
        factory_reset_erases_otadata=take(step, "ota_data_erase", bool, where),
    )
