"""What the remedies of a scope change: guards of calls, the field and the call that some need, the bootloader's note.

The table of remedies is model/remedies.py.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from ..fault_model import FaultModel
from ..remedies import REMEDIES, Remedy
from ..terms.terms import Bool, all_of, fact, number
from .action import Action, Actions, Kind
from .api_calls import erase_last_boot
from .boot_steps import after_try, launched, without_program
from .calls import is_under_test
from .device_parts import record_in, with_record
from .records import Sector, Word, active
from .selection import boot_partition, next_update_slot
from .state import Device, Expectation, Scope, Task, Usage

Guard = Callable[[Scope, Device], Bool]


def is_selected(scope: Scope, device: Device) -> Bool:
    """Tell whether info() names the running partition as the one that boots next."""
    return boot_partition(scope, device.records) == device.running


def is_last_boot_gone(scope: Scope, device: Device) -> Bool:
    """Tell whether no right record but the one that decides names a slot other than the running one."""
    chosen = active(device.records)
    last = chosen.other_of(device.records)
    return ~(chosen.is_some & last.is_right & ~last.names(device.running))


GUARDS: Mapping[Remedy, Guard] = {
    Remedy.ERASE_LAST_BOOT: is_last_boot_gone,
    Remedy.ACCEPT_ON_TRIAL: is_under_test,
    Remedy.NEVER_ROLLBACK: lambda scope, device: fact(False),
    Remedy.ROLLBACK_ON_TRIAL: is_under_test,
    Remedy.ROLLBACK_IF_SELECTED: is_selected,
    Remedy.COMMENCE_IF_SELECTED: is_selected,
    Remedy.FLAG_DOWNLOAD: lambda scope, device: ~device.download_flag,
}
"""When the calls that a discipline restricts may be made. Restart at once is a usage: calls.py has what it changes."""


def with_remedies(scope: Scope, device: Device, plain: Iterable[Action]) -> Actions:
    """Yield the actions with the remedies of the scope, and the call that one of them adds."""
    for action in plain:
        kept = _flagged(scope, _guarded(scope, device, action))
        if not (scope.is_patched and Task.TRY in action.tasks):
            yield kept
        elif rest := tuple(task for task in action.tasks if task is not Task.TRY):
            yield replace(kept, tasks=rest)
    if scope.is_patched and scope.config.rollback:
        yield from _noted_in_place(scope, device)
    if Remedy.ERASE_LAST_BOOT in scope.remedies and not scope.has_api_calls:
        yield _erase_before_commence(scope, device)


def _guarded(scope: Scope, device: Device, action: Action) -> Action:
    """Return a call that is made only where every discipline permits it; another action as it is."""
    mine = [guard for remedy, guard in GUARDS.items() if _restricts(scope, remedy, action.name)]
    return replace(action, when=all_of([action.when, *(guard(scope, device) for guard in mine)])) if mine else action


def _restricts(scope: Scope, remedy: Remedy, name: str) -> bool:
    return remedy in scope.remedies and name in REMEDIES[remedy].restricts


def is_restricted(scope: Scope, names: Iterable[str]) -> bool:
    """Tell whether a remedy of the scope restricts one of these calls."""
    return any(_restricts(scope, remedy, name) for remedy in scope.remedies for name in names)


def _flagged(scope: Scope, action: Action) -> Action:
    """Return the action with what it makes of the flag of a download."""
    value = {"commence": True, "complete_programs": False}.get(action.name)
    if value is None or Remedy.FLAG_DOWNLOAD not in scope.remedies:
        return action
    return replace(action, then=replace(action.then, download_flag=fact(value)))


def _erase_before_commence(scope: Scope, device: Device) -> Action:
    """Erase the other image where commence() would be called. Source: IDF-OTA-ERASE-LAST."""
    erasing = erase_last_boot(scope, device)
    is_due = ~device.session & (next_update_slot(device) != device.running)
    is_settled = ~(fact(scope.config.rollback) & is_under_test(scope, device))
    return replace(erasing, when=erasing.when & is_due & is_settled)


def _noted_in_place(scope: Scope, device: Device) -> Actions:
    """Note the try by one program operation that keeps the rest of the record; a cut leaves the old word or the new."""
    noted = replace(record_in(device, device.sector), word=number(Word.PENDING_VERIFY, 3))
    records = with_record(device, device.sector, noted)
    done = replace(device, records=records, sector=number(Sector.FIRST))
    off = without_program(scope, device, Task.OFF)
    is_over = device.expectation.is_in(Expectation.MARKED, Expectation.SELECTED)
    whole = after_try(scope, replace(off, records=records), is_over)
    source = "IDF-OTADATA-REWRITE"
    yield Action("try_programs", (Task.TRY,), fact(True), launched(scope, done, noted.slot), Kind.FLASH, source)
    for name, left in (("cut_in_try_leaves_new", off), ("cut_in_try_leaves_pending_verify", whole)):
        yield Action(name, (Task.TRY,), fact(True), left, Kind.CUT, source, FaultModel.F0)


def remedied(scope: Scope, remedies: Iterable[Remedy]) -> Scope:
    """Return the scope with these remedies on; raises ValueError where one does not go with it.

    That of a restart at once is a usage, and goes with what is documented."""
    asked = frozenset(remedies)
    if Remedy.RESTART_AT_ONCE in asked:
        if scope.usage is Usage.ANY:
            raise ValueError(f"{Remedy.RESTART_AT_ONCE.value} goes with documented usage, not with any")
        scope = replace(scope, usage=Usage.RESTART_AT_ONCE)
    return replace(scope, remedies=scope.remedies | asked - {Remedy.RESTART_AT_ONCE})
