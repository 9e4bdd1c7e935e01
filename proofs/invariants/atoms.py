"""The atoms of learned clauses: short facts of a state, said for any number of slots.

A learned clause (learned_clauses.py) says that some atoms never hold together. The atoms compare places with one
another, read what the two records say, and ask of a few places what lies there. They name slots by the part that they
play, never by their number but for the first one, so that a clause that was learned with few slots can be asked of
many.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from ...model.device.device_parts import efuse_version, record_in, slot_at
from ...model.device.flash_steps import BURNS, ERASES, REWRITES
from ...model.device.records import BLANK, Check, Word, active
from ...model.device.selection import aborted, boot_choice, boot_partition, is_slot, next_update_slot
from ...model.device.state import Content, Device, Expectation, Phase, Scope, Task
from ...model.terms.terms import Bool, Num, number
from .vocabulary import first_target, next_slot, torn, without_record

GROUPS: dict[str, tuple[Task, ...]] = {
    "rewriting": REWRITES,
    "erasing_a_record": ERASES,
    "burning": BURNS,
    "in_application": tuple(task for task in Task if task >= Task.RUN),
    "running": tuple(task for task in Task if task >= Task.STARTED and task is not Task.STUCK),
}
"""Tasks that go together."""


def atoms(scope: Scope, device: Device) -> dict[str, Bool]:
    """Return the atoms of a scope by name; those that are always true, or always false, are left out."""
    found = {name: atom for name, atom in _atoms(scope, device) if atom.value is None}
    by_term: dict[Bool, str] = {}
    for name, atom in found.items():
        by_term.setdefault(atom, name)
    return {name: atom for atom, name in by_term.items()}


def _atoms(scope: Scope, device: Device) -> Iterator[tuple[str, Bool]]:
    yield from _of_task(device)
    yield from _of_records(scope, device)
    yield from _of_places(scope, device)
    yield from _of_images(scope, device)


def _of_task(device: Device) -> Iterator[tuple[str, Bool]]:
    yield from ((f"task is {task.name}", device.task == task) for task in Task)
    yield from ((f"task is {name}", device.task.is_in(*tasks)) for name, tasks in GROUPS.items())
    yield "phase is program", device.phase == Phase.PROGRAM
    yield "session", device.session
    yield from ((f"expected: {reason.name}", device.expectation == reason) for reason in Expectation)


def _of_records(scope: Scope, device: Device) -> Iterator[tuple[str, Bool]]:
    chosen, alone = active(device.records), active(torn(device).records)
    tested = active(aborted(scope, device.records))
    named = {"first": device.records[0], "second": device.records[1]}
    named |= {"deciding": chosen.of(device.records), "other": chosen.other_of(device.records)}
    named |= {"sector's": record_in(device, device.sector), "spare's": record_in(device, number(1) - device.sector)}
    yield "some record decides", chosen.is_some
    yield "second record decides", chosen.is_second
    yield "some record decides, torn", alone.is_some
    yield "some record decides, aborted", tested.is_some
    yield "second record decides, aborted", tested.is_second
    yield "sector is second", device.sector == 1
    yield "sector decides", chosen.is_some & (chosen.sector == device.sector)
    first, second = device.records
    yield "first number is lower", first.seq < second.seq
    yield "numbers are equal", first.seq == second.seq
    yield "records name one slot", first.slot == second.slot
    yield "second names the slot after the first's", second.slot == next_slot(device, first.slot)
    yield "first names the slot after the second's", first.slot == next_slot(device, second.slot)
    for name, record in named.items():
        yield from ((f"{name} check is {check.name}", record.check == check) for check in Check)
        yield from ((f"{name} word is {word.name}", record.word == word) for word in Word)
        yield f"{name} is bootable", record.is_bootable
        yield f"{name} is invalid", record.is_invalid


@dataclass(frozen=True, slots=True)
class _Place:
    name: str
    place: Num


def _places(device: Device) -> tuple[_Place, ...]:
    chosen = active(device.records)
    return (
        _Place("running", device.running),
        _Place("target", next_update_slot(device)),
        _Place("expected", device.expected),
        _Place("previous", device.previous),
        _Place("old choice", device.old_choice),
        _Place("new choice", device.new_choice),
        _Place("upgraded", device.upgraded),
        _Place("upgraded from", device.upgraded_from),
        _Place("first's", device.records[0].slot),
        _Place("second's", device.records[1].slot),
        _Place("deciding's", chosen.of(device.records).slot),
        _Place("other's", chosen.other_of(device.records).slot),
        _Place("sector's", record_in(device, device.sector).slot),
    )


def _choices(scope: Scope, device: Device) -> tuple[_Place, ...]:
    def without(index: int) -> Num:
        return boot_choice(scope, without_record(device, index))

    bare = replace(device, records=(BLANK, BLANK))
    return (
        _Place("boot choice", boot_choice(scope, device)),
        _Place("boot choice, torn", boot_choice(scope, torn(device))),
        _Place("boot choice without first", without(0)),
        _Place("boot choice without second", without(1)),
        _Place("boot choice without records", boot_choice(scope, bare)),
        _Place("boot partition", boot_partition(scope, device.records)),
    )


def _of_places(scope: Scope, device: Device) -> Iterator[tuple[str, Bool]]:
    places, choices = _places(device), _choices(scope, device)
    all_places = (*places, *choices)
    for index, one in enumerate(all_places):
        yield from ((f"{one.name} is {other.name}", one.place == other.place) for other in all_places[index + 1 :])
        yield f"{one.name} is ota_0", one.place == 0
        yield f"{one.name} is the first target", one.place == first_target(scope)
        yield f"{one.name} is factory", one.place == scope.factory
        yield f"{one.name} is nowhere", one.place == scope.nowhere


def _of_images(scope: Scope, device: Device) -> Iterator[tuple[str, Bool]]:
    fixed = (_Place("ota_0", number(0)), _Place("first target", number(first_target(scope))))
    efuse = efuse_version(scope, device.burned)
    for one in (*fixed, *_places(device), *_choices(scope, device)):
        slot, is_one = slot_at(device, one.place), is_slot(scope, one.place)
        yield from ((f"{one.name} holds {content.name}", is_one & (slot.content == content)) for content in Content)
        yield f"{one.name} is finished", is_one & slot.is_finished
        yield f"{one.name} has earned it", is_one & slot.is_earned
        yield f"{one.name} is rejected", is_one & slot.is_rejected
        yield f"{one.name} may run", is_one & (slot.version >= efuse)
        yield f"{one.name} is burned", is_one & (slot.version <= efuse)
