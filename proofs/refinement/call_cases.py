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
from ...impl.release_rules import AppRules, app_rules
from ...model.config import Config, Release, ResetReason
from ...model.device.image_loading import is_version_allowed
from ...model.device.records import TOP, Numbers
from ...model.device.scope_text import scope_title
from ...model.device.state import Phase, Scope, Task, Usage
from ...model.fault_model import FaultModel
from ...model.terms.terms import Term, fact, number, replaced
from . import impl_refines_model
from .call_agreement import End, PathOutcome
from .impl_decisions import MAX_SLOTS
from .impl_refines_model import EntryView
from .symbolic_board import SymbolicEfuse, SymbolicFlash, UnknownAccess, partition_table
from .symbolic_entries import FIRST, NEXT_SEQ, SECOND, SLOT_OF, word

VERSIONS = 3
"""Secure versions 0 … 2, so that a torn burn can have left a gap."""
BUILDS = (Config(), Config(rollback=True), Config(rollback=True, anti_rollback=True))
COUNTS = impl_refines_model.COUNTS
FACTORIES = (False, True)
FEW_SLOTS = 4
"""With more slots than these, not every case is looked at; see places, scopes and most_boot_slots."""
SESSIONS, EFUSE = "_sessions", "_efuse"
"""Attributes of EspOta: the upgrades in progress, and the eFuse."""


@dataclass(frozen=True, slots=True)
class CallCase:
    """A scope, and what is known of the device in it."""

    view: EntryView
    running: int
    """Place; nowhere for the bootloader."""
    session: bool | None = False
    """An upgrade is in progress; None: it may be or not, and the call does not look."""
    wrote: int = 0
    """Bytes that it has written."""
    burned: int | None = 0
    """The bits of the eFuse; None: any, and the call does not look."""
    asked: int | None = None
    """The slot that the call is given; None where it is given none, or the one that runs."""

    @property
    def scope(self) -> Scope:
        """The scope."""
        return self.view.scope

    @property
    def name(self) -> str:
        """The case in a few words."""
        known = f"session: {self.session}, written: {self.wrote}, eFuse: {self.burned}"
        asked = "" if self.asked is None else f", slot {self.asked} is asked for"
        return f"{scope_title(self.scope)}, place {self.running} runs, {known}{asked}"

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
        }
        if self.session is not None:
            known["session"] = fact(self.session)
        if self.scope.config.anti_rollback and self.burned is not None:
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
        slots = {self.target, min(self.running, self.scope.slots - 1)}
        slots |= set() if self.asked is None else {self.asked}
        for entry, slot in product((FIRST, SECOND), slots):
            following = NEXT_SEQ(entry.seq, word(slot), count)
            is_next = following == entry.seq + distance(SLOT_OF(entry.seq, count), word(slot), count)
            yield z3.Implies(has_room(entry.seq), z3.And(is_next, SLOT_OF(following, count) == slot))

    def _of_slots(self) -> Iterator[Any]:
        for index, slot in enumerate(self.view.device.slots):
            yield self.view(slot.version < VERSIONS)
            if index == self.running:
                allowed = is_version_allowed(self.scope, self.view.device, slot.version)
                yield self.view(replaced(slot.is_complete & allowed, self.fields(Task.RUN)))
            elif index == self.target and self.session and not self.wrote:
                yield self.view(~slot.is_complete)


def has_room(seq: Any) -> Any:
    """Return the formula that the model speaks of a number: from 1 to TOP - 1."""
    return z3.And(seq != 0, z3.ULT(seq, TOP))


def distance(named: Any, slot: Any, count: Any) -> Any:
    """Return how far the next number that names `slot` is from one that names `named`."""
    return z3.If(z3.ULE(named, slot), slot - named, slot + count - named)


def app_cases(rules: tuple[str, ...], unread: tuple[str, ...], wrote: tuple[int, ...]) -> Iterator[CallCase]:
    """Yield every case of a running application, but for what a call does not depend on.

    The factory image has secure version 0, so it runs only with a blank eFuse; what a slot must hold to run is in
    CallCase.given. rules: those fields of AppRules that tell releases apart. unread: attributes of EspOta, as in
    app_outcome. wrote: bytes that an upgrade in progress has written."""
    sessions = [(None, 0)] if SESSIONS in unread else [(False, 0), *((True, count) for count in wrote)]
    for scope in scopes(rules):
        view = EntryView(scope)
        bits = [None] if EFUSE in unread else burned_bits(scope)
        for running, (session, count), burned in product(places(scope), sessions, bits):
            case = CallCase(view, running, session, count, burned)
            is_started = running != scope.factory or not burned
            if is_started and (not session or case.target != running):
                yield case


def places(scope: Scope) -> tuple[int, ...]:
    """Return the places that an application is looked at in: all, or with many slots the first two and the last."""
    slots = tuple(range(scope.slots))
    factory = (scope.factory,) if scope.has_factory else ()
    return (slots if scope.slots <= FEW_SLOTS else (*slots[:2], slots[-1])) + factory


def scopes(rules: tuple[str, ...]) -> Iterator[Scope]:
    """Yield each scope of a running application, with one release of those that these rules do not tell apart."""
    for build, release, slots, has_factory in product(BUILDS, Release, COUNTS, FACTORIES):
        if release is alike(release, rules)[0] and (slots <= FEW_SLOTS or not build.anti_rollback):
            yield scope_of(replace(build, app_release=release), slots, has_factory)


def alike(release: Release, rules: tuple[str, ...]) -> tuple[Release, ...]:
    """Return the releases with the same values of these rules, the oldest first."""

    def known(of: Release) -> list[bool]:
        return [getattr(app_rules(of), rule) for rule in rules]

    return tuple(other for other in Release if known(other) == known(release))


def scope_of(config: Config, slots: int, has_factory: bool) -> Scope:
    """Return the scope of a model that has every call in any order, and exact numbers."""
    return Scope(config, slots, has_factory, FaultModel.F1, Usage.ANY, VERSIONS, numbers=Numbers.EXACT)


def boot_cases() -> Iterator[CallCase]:
    """Yield every case of the bootloader, which knows no rules that differ."""
    for build, slots, has_factory in product(BUILDS, COUNTS, FACTORIES):
        if slots <= most_boot_slots(build):
            view = EntryView(scope_of(build, slots, has_factory))
            for burned in burned_bits(view.scope):
                yield CallCase(view, view.scope.nowhere, burned=burned)


def most_boot_slots(build: Config) -> int:
    """Return for how many slots the bootloader is looked at: its paths grow with the square of their number."""
    if build.anti_rollback:
        return 2
    return FEW_SLOTS if build.rollback else MAX_SLOTS


def burned_bits(scope: Scope) -> list[int]:
    """Return what the bits of the eFuse can be."""
    return list(range(1 << (VERSIONS - 1))) if scope.config.anti_rollback else [0]


class KnownRules:
    """The rules of a release that a call is said to depend on, and no others."""

    def __init__(self, rules: AppRules, names: tuple[str, ...]) -> None:
        """Take the rules, and the names of those that may be read."""
        self._rules, self._names = rules, names

    def __getattr__(self, name: str) -> bool:
        """Return a rule; raises UnknownAccess for one that the cases do not tell apart."""
        if name not in self._names:
            raise UnknownAccess(f"rule {name}")
        return bool(getattr(self._rules, name))


def app_outcome(
    case: CallCase, call: Callable[[App], None], rules: tuple[str, ...] = (), unread: tuple[str, ...] = ()
) -> PathOutcome:
    """Return what a call of the application does, on one path.

    rules: those that it may read. unread: attributes of EspOta that it does not; a call that does ends in an error."""
    flash = SymbolicFlash(case.view)
    efuse = SymbolicEfuse(case.burned or 0, case.scope.config.secure_version_bits, flash)
    app = App(flash, efuse, case.scope.config, partition_at(case.scope, case.running))
    app.ota.rules = KnownRules(app.ota.rules, rules)  # type: ignore[assignment]  # answers as they do, or not at all
    for name in unread:
        delattr(app.ota, name)
    if case.session:
        open_session(app, case.wrote)
    try:
        call(app)
    except Restart:
        return PathOutcome(flash.log, End.RESTARTED)
    except (LuaError, OtaError):
        return PathOutcome(flash.log, End.REFUSED)
    return PathOutcome(flash.log, End.RETURNED)


def open_session(app: App, wrote_size: int) -> None:
    """Leave in RAM what commence() leaves there, and write() of that many bytes."""
    target = app.ota.esp_ota_get_next_update_partition()
    assert target is not None
    session = app.ota._open(target, OTA_SIZE_UNKNOWN)
    session.wrote_size = wrote_size
    app.otaupgrade._next, app.otaupgrade._handle = target, session.handle


def boot_outcome(case: CallCase) -> PathOutcome:
    """Return what a power-on does, on one path."""
    flash = SymbolicFlash(case.view)
    efuse = SymbolicEfuse(case.burned or 0, case.scope.config.secure_version_bits, flash)
    started = Bootloader(flash, efuse, case.scope.config).boot(ResetReason.POWER_ON, pin=None, retained=None)
    return PathOutcome(flash.log, End.STUCK if started is None else End.STARTED, started)


def partition_at(scope: Scope, place: int) -> Partition:
    """Return the partition of a place."""
    table = partition_table(scope.slots, scope.has_factory)
    return next(p for p in table if (p.is_factory if place == scope.factory else p.is_ota_slot and p.slot == place))


def slot_sectors(scope: Scope) -> dict[int, range]:
    """Return, by slot, the addresses of its sectors."""
    table = partition_table(scope.slots, scope.has_factory)
    return {p.slot: range(p.offset, p.end, SECTOR_SIZE) for p in table if p.is_ota_slot}
