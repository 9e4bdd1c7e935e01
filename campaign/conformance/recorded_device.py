"""The device of a recorded vector: each step makes a call on it, and then its state is observed.

A device is one board and, while it is on, one application. A step may have a power cut, in a flash operation or in a
burn of the eFuse, or an error of flash. The state is observed from raw flash bytes and through info(), as the recording
did; info() must not change anything, and would betray itself in the operations of the next step if it did.
"""

import hashlib
from contextlib import suppress
from dataclasses import replace
from functools import lru_cache
from typing import Any

from ...errors import InputError
from ...impl.board import App, Board
from ...impl.bootloader import Bootloader
from ...impl.chip.cells import SECTOR_SIZE, Cells
from ...impl.chip.efuse import Efuse
from ...impl.chip.flash import Failure, FailureExtent, FlashOpKind, NorFlash, PlannedCut, PlanNotReached, Strictness
from ...impl.chip.torn_operations import Torn
from ...impl.program_end import Hang, Panic, PowerCut, ProgramEnd, Restart
from ...json_fields import Record, check_fields, parse_field, take, take_number
from ...model.config import Config, Pin, ResetReason
from .recorded_calls import POWER_ON, RecordedCall, Result
from .recording import Area
from .vectors import ENTRY_SIZE, Vector

_SHA_DIGITS = 12
_MOST_OPERATIONS = 1 << 32
"""A number of an operation that no step reaches."""
_ENDINGS: dict[type[ProgramEnd], Result] = {
    PowerCut: {"cut": True},
    Restart: {"restart": True},
    Panic: {"panic": True},
    Hang: {"hang": True},
}


class RecordedDevice:
    """The device of one vector, from its state before the first step."""

    def __init__(self, vector: Vector) -> None:
        """Start switched off."""
        self._vector = vector
        self._flash = NorFlash(vector.cells, Strictness.CHIP)
        self._efuse = Efuse.of_version(vector.efuse, vector.config.secure_version_bits)
        self._board = Board(self._flash, self._efuse, vector.config)
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
        is_power_on = step["do"] == POWER_ON
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
            for planned in (self._flash, self._efuse):
                with suppress(PlanNotReached):
                    planned.end_plan()

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
        """Start with fresh RAM; a device that is on loses power first, unless the step names another reset."""
        self._app, self._handles = None, {}
        self._board.config = _config_of(step, self._vector.config, where)
        pin = parse_field(Pin, step, "pin", where) if "pin" in step else None
        reason = parse_field(ResetReason, step, "reason", where) if "reason" in step else ResetReason.POWER_ON
        self._app = self._board.power_on(reason, pin)
        return {"booted": None if self._app is None else self._app.running.label}

    def _call(self, step: Record, where: str) -> Result:
        assert self._app is not None
        return RecordedCall(self._app, self._handles, self._vector.recording, step, where).perform()

    def _plan(self, step: Record, where: str) -> None:
        if "cut" in step:
            cut = _plan_of(step, "cut", "op", "torn", where)
            torn = parse_field(Torn.parse, cut, "torn", f"{where}, cut")
            self._flash.plan_cut(PlannedCut(take_number(cut, "op", _MOST_OPERATIONS, where), torn))
        if "fail" in step:
            fail = _plan_of(step, "fail", "op", "done", where)
            done = parse_field(FailureExtent, fail, "done", f"{where}, fail")
            self._flash.plan_failure(Failure(take_number(fail, "op", _MOST_OPERATIONS, where), done))
        if "burn_cut" in step:
            cut = _plan_of(step, "burn_cut", "burn", "done", where)
            burn = take_number(cut, "burn", _MOST_OPERATIONS, where)
            self._efuse.plan_cut(burn, take_number(cut, "done", 0xFFFFFFFF, where))

    def _hash(self, area: Area) -> str:
        cells = self._flash.cells
        if area.offset + area.size > cells.size:
            return _hash_beyond(cells, area)
        if area.offset % SECTOR_SIZE or area.size % SECTOR_SIZE:
            return _hash_sectors((cells.read(area.offset, area.size),))
        return _hash_sectors(cells.sectors(area.offset, area.size))


@lru_cache(maxsize=1024)
def _hash_sectors(sectors: tuple[bytes, ...]) -> str:
    """Return the digits of the SHA-256 that the recordings keep; most steps leave most partitions alone."""
    return hashlib.sha256(b"".join(sectors)).hexdigest()[:_SHA_DIGITS]


@lru_cache(maxsize=16)
def _hash_beyond(cells: Cells, area: Area) -> str:
    """Return the digits for a partition of up to 4 GiB that ends beyond the chip: there reads begin anew."""
    digest, end = hashlib.sha256(), area.offset + area.size
    for at in range(area.offset, end, cells.size):
        digest.update(cells.read(at, min(cells.size, end - at)))
    return digest.hexdigest()[:_SHA_DIGITS]


def _crash_text(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"


def _plan_of(step: Record, name: str, number: str, extent: str, where: str) -> Record:
    """Return what a step plans under a name: an object of these two fields and no other."""
    plan: Record = take(step, name, dict, where)
    check_fields(plan, (number, extent), f"{where}, {name}")
    return plan


def _config_of(step: Record, config: Config, where: str) -> Config:
    """Return the configuration with the factory-reset options that stand with the step."""
    if "erase_list" not in step and "ota_data_erase" not in step:
        return config
    return replace(
        config,
        factory_reset_list=take(step, "erase_list", str, where),
        factory_reset_erases_otadata=take(step, "ota_data_erase", bool, where),
    )
