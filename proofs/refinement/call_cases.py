"""The cases in which a whole call is looked at, their premises, and one run of impl in a case.

What a case does not say may be anything: both entries of otadata, what the slots hold, secure versions. The bits of the
eFuse are one case each, as impl counts them.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import z3

from ...impl.app.esp_ota import OTA_SIZE_UNKNOWN
from ...impl.app.otaupgrade import LuaError
from ...impl.board import App
from ...impl.bootloader import Bootloader
from ...impl.chip.cells import SECTOR_SIZE
from ...impl.esp_err import OtaError
from ...impl.partitions.partition import Partition
from ...impl.program_end import Restart
from ...model.config import Config, Release, ResetReason
from ...model.device.calls import TOP
from ...model.device.selection import is_version_allowed
from ...model.device.state import Phase, Scope, Task, Usage
from ...model.fault_model import FaultModel
from ...model.terms.terms import Term, fact, number, replaced
from . import impl_refines_model
from .call_agreement import End, Outcome
from .impl_refines_model import EntryView
from .symbolic_board import SymbolicEfuse, SymbolicFlash, partition_table
from .symbolic_entries import FIRST, NEXT_SEQ, SECOND, SLOT_OF, word

VERSIONS = 3
"""Secure versions 0 … 2, so that a torn burn can have left a gap."""
BUILDS = (Config(), Config(rollback=True), Config(rollback=True, anti_rollback=True))
RELEASES = tuple(Release)
WRITTEN = 1
"""Bytes that a session has written, where it has written any: their number does not matter to a call."""


@dataclass(frozen=True, slots=True)
class Case:
    """A scope, and what is known of the device in it."""

    view: EntryView
    running: int
    """Place; nowhere for the bootloader."""
    session: bool = False
    is_written: bool = True
    """The session has written something."""
    burned: int = 0

    @property
    def scope(self) -> Scope:
        """The scope."""
        return self.view.scope

    @property
    def name(self) -> str:
        """The case in a few words."""
        config = self.scope.config
        return (
            f"{config.app_release.label}, rollback: {config.rollback}, anti-rollback: {config.anti_rollback}, "
            f"{self.scope.slots} slots, factory: {self.scope.has_factory}, running: {self.running}, "
            f"session: {self.session}, written: {self.is_written}, eFuse: {self.burned:b}"
        )

    @property
    def target(self) -> int:
        """The slot after the running one."""
        return self.running + 1 if self.running < self.scope.slots - 1 else 0

    def fields(self, task: Task) -> dict[str, Term]:
        """Return the known fields of the model's device, as the task begins."""
        known: dict[str, Term] = {
            "task": number(task, 5),
            "phase": number(Phase.ERASE, 1),
            "sector": number(0, 1),
            "running": number(self.running, self.scope.place_bits),
            "session": fact(self.session),
        }
        if self.scope.config.anti_rollback:
            known["burned"] = number(self.burned, VERSIONS - 1)
        return known

    def given(self, needs_number: bool) -> Any:
        """Return the premises; needs_number: those of calls that write a new number, too."""
        facts = [self.view.given, *self._of_open_functions(), *self._of_slots()]
        if needs_number:
            facts += [z3.Implies(entry.is_right, has_room(entry.seq)) for entry in (FIRST, SECOND)]
        return z3.And(*facts)

    def _of_open_functions(self) -> Iterator[Any]:
        """Yield what is asked of SLOT_OF and NEXT_SEQ; see prove_open_functions."""
        count = word(self.scope.slots)
        yield from (SLOT_OF(word(slot + 1), count) == slot for slot in range(self.scope.slots))
        for entry, slot in product((FIRST, SECOND), {self.target, min(self.running, self.scope.slots - 1)}):
            following = NEXT_SEQ(entry.seq, word(slot), count)
            is_next = following == entry.seq + distance(SLOT_OF(entry.seq, count), word(slot), count)
            yield z3.Implies(has_room(entry.seq), z3.And(is_next, SLOT_OF(following, count) == slot))

    def _of_slots(self) -> Iterator[Any]:
        for index, slot in enumerate(self.view.device.slots):
            yield self.view(slot.version < VERSIONS)
            if index == self.running:
                allowed = is_version_allowed(self.scope, self.view.device, slot.version)
                yield self.view(replaced(slot.is_complete & allowed, self.fields(Task.RUN)))
            elif index == self.target and not self.is_written:
                yield self.view(~slot.is_complete)


def has_room(seq: Any) -> Any:
    """Return the formula that the model speaks of a number: from 1 to TOP - 1."""
    return z3.And(seq != 0, z3.ULT(seq, TOP))


def distance(named: Any, slot: Any, count: Any) -> Any:
    """Return how far the next number that names `slot` is from one that names `named`."""
    return z3.If(z3.ULE(named, slot), slot - named, slot + count - named)


def app_cases() -> Iterator[Case]:
    """Yield every case of a running application."""
    for case, view in _cases("app_release"):
        scope = view.scope
        for running in range(scope.slots + scope.has_factory):
            yield replace(case, running=running)
            if running != replace(case, running=running).target:
                yield replace(case, running=running, session=True)
                yield replace(case, running=running, session=True, is_written=False)


def boot_cases() -> Iterator[Case]:
    """Yield every case of the bootloader."""
    for case, _ in _cases("bootloader_release"):
        yield case


def _cases(side: str) -> Iterator[tuple[Case, EntryView]]:
    """Yield a case of each scope and eFuse, with nothing running; side: whose release it is."""
    for build, release, slots, has_factory in product(BUILDS, RELEASES, impl_refines_model.COUNTS, (False, True)):
        config = replace(build, **{side: release})  # type: ignore[arg-type]  # both sides are releases
        view = EntryView(Scope(config, slots, has_factory, FaultModel.F0, Usage.ANY, VERSIONS))
        for burned in range(1 << (VERSIONS - 1)) if config.anti_rollback else (0,):
            yield Case(view, running=view.scope.nowhere, burned=burned), view


def app_outcome(case: Case, call: Callable[[App], None]) -> Outcome:
    """Return what a call of the application does, on one path."""
    flash = SymbolicFlash(case.view)
    efuse = SymbolicEfuse(case.burned, case.scope.config.secure_version_bits, flash)
    app = App(flash, efuse, case.scope.config, partition_at(case.scope, flash, case.running))
    if case.session:
        open_session(app, WRITTEN if case.is_written else 0)
    try:
        call(app)
    except Restart:
        return Outcome(flash.log, End.RESTARTED)
    except (LuaError, OtaError):
        return Outcome(flash.log, End.REFUSED)
    return Outcome(flash.log, End.RETURNED)


def open_session(app: App, wrote_size: int) -> None:
    """Leave in RAM what commence() leaves there, and write() of that many bytes."""
    target = app.ota.esp_ota_get_next_update_partition()
    assert target is not None
    session = app.ota._open(target, OTA_SIZE_UNKNOWN)
    session.wrote_size = wrote_size
    app.otaupgrade._next, app.otaupgrade._handle = target, session.handle


def boot_outcome(case: Case) -> Outcome:
    """Return what a power-on does, on one path."""
    flash = SymbolicFlash(case.view)
    efuse = SymbolicEfuse(case.burned, case.scope.config.secure_version_bits, flash)
    started = Bootloader(flash, efuse, case.scope.config).boot(ResetReason.POWER_ON, pin=None, retained=None)
    return Outcome(flash.log, End.STUCK if started is None else End.STARTED, started)


def partition_at(scope: Scope, flash: SymbolicFlash, place: int) -> Partition:
    """Return the partition of a place."""
    return next(
        p for p in flash.table if (p.is_factory if place == scope.factory else p.is_ota_slot and p.slot == place)
    )


def slot_sectors(scope: Scope) -> dict[int, range]:
    """Return, by slot, the addresses of its sectors."""
    table = partition_table(scope.slots, scope.has_factory)
    return {p.slot: range(p.offset, p.end, SECTOR_SIZE) for p in table if p.is_ota_slot}
