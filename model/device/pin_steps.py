"""The pins that the bootloader reads at a reset: factory reset, and test app.

It selects first, with all that this writes, and only then looks at the pins. The factory reset erases otadata, where
the build asks for that, and selects once more. With the test pin the test app alone may start; the model's device has
none, so the bootloader resets, and selects anew. Which data partitions a factory reset erases besides does not matter.
Source: IDF-BOOT-FACTORY-RESET; recorded as R33.
"""

from dataclasses import replace

from ..terms.terms import choose, fact, number
from .action import Action, Actions, Kind
from .allowance import Allowance, HeldPin
from .device_parts import whichever
from .records import Sector
from .state import Device, Expectation, Phase, Scope, Task

BOOTING = (Task.SELECT, Task.ABORT, Task.TRY, Task.BURN, Task.FRESH, Task.BURN_FRESH)
"""Tasks of the bootloader that end in a start."""
_ENDS = (Task.STARTED, Task.STUCK, Task.FRESH)
FORGETS = (Task.FORGET_FIRST, Task.FORGET_SECOND)
"""Tasks in which a factory reset erases otadata."""


def with_pins(scope: Scope, device: Device, plain: Actions) -> Actions:
    """Yield the actions of a model, and where the scope allows it those of the pins."""
    if Allowance.PINS not in scope.allows:
        yield from plain
        return
    for action in plain:
        yield _released(device, _pinned(scope, device, action))
    yield _hold(scope, device, HeldPin.FACTORY_RESET)
    yield _hold(scope, device, HeldPin.TEST_APP)


def _hold(scope: Scope, device: Device, pin: HeldPin) -> Action:
    """Hold a pin while the bootloader selects: whoever does so asks for another start than is expected otherwise."""
    nowhere = number(scope.nowhere)
    held = replace(device, pin=number(pin, 2), old_choice=nowhere, new_choice=nowhere)
    if pin is HeldPin.FACTORY_RESET and scope.config.factory_reset_clears_otadata:
        held = replace(held, expectation=number(Expectation.NONE), expected=nowhere, previous=nowhere)
    name = f"hold_{pin.name.lower()}"
    return Action(name, (Task.SELECT,), device.pin == HeldPin.NONE, held, Kind.PIN, "IDF-BOOT-FACTORY-RESET")


def _pinned(scope: Scope, device: Device, action: Action) -> Action:
    """Return an action with what comes of it while a pin is held: where something would start, that decides."""
    then = action.then
    if set(action.tasks) <= set(FORGETS):
        return replace(action, then=_forgetting(device, action))
    if not set(action.tasks) <= {Task.SELECT, Task.TRY, Task.BURN} or action.kind in (Kind.CUT, Kind.PIN):
        return action
    erases = scope.config.factory_reset_clears_otadata
    again = replace(
        then,
        task=number(Task.FORGET_FIRST if erases else Task.SELECT),
        phase=number(Phase.ERASE),
        sector=number(Sector.FIRST),
        running=number(scope.nowhere),
        pin=number(HeldPin.DONE, 2),
        is_power_on=device.is_power_on,
    )
    anew = replace(again, task=number(Task.SELECT), pin=number(HeldPin.NONE, 2), is_power_on=fact(False))
    is_over = then.task.is_in(*_ENDS)
    is_reset, is_test = device.pin == HeldPin.FACTORY_RESET, device.pin == HeldPin.TEST_APP
    return replace(action, then=whichever(is_over & is_reset, again, whichever(is_over & is_test, anew, then)))


def _forgetting(device: Device, action: Action) -> Device:
    """Return what an erase of a record comes to: the factory reset selects again after it, or once it has failed."""
    is_on = action.kind is Kind.FLASH and Task.FORGET_FIRST in action.tasks
    resets = replace(
        device,
        records=action.then.records,
        task=number(Task.FORGET_SECOND if is_on else Task.SELECT),
        sector=number(Sector.SECOND if is_on else Sector.FIRST),
    )
    return whichever(device.pin == HeldPin.DONE, resets, action.then)


def _released(device: Device, action: Action) -> Action:
    """Return an action after which no pin counts any more, once the bootloader has started something, or is gone."""
    if not set(action.tasks) & {*BOOTING, *FORGETS}:
        return action
    is_booting = action.then.task.is_in(*BOOTING, *FORGETS)
    return replace(action, then=replace(action.then, pin=choose(is_booting, action.then.pin, number(HeldPin.NONE, 2))))
