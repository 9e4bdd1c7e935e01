"""Names for terms of the device model: an identifier for formal texts, and words for people.

The functions of the model build terms; a text made from the model should say "the target", not write out how the next
slot is found. Equal terms are one object, so a term is looked up by identity. One table serves every text.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

from ..terms.terms import Op, Term
from .boot_steps import burned_for
from .calls import (
    asked_record,
    gives_up_spare,
    is_rollback_possible,
    is_under_test,
    marked_record,
    record_for,
    rewrite_sector,
)
from .device_parts import efuse_version, record_in, slot_at
from .image_loading import fallback, is_version_allowed
from .records import Check, Record, Sector, Word, active, reported_word
from .selection import boot_choice, boot_partition, burned_by_boot, next_update_slot, select
from .state import Content, Device, Expectation, Phase, Scope, Task

ENUMS: dict[str, type[IntEnum]] = {
    "task": Task,
    "phase": Phase,
    "sector": Sector,
    "check": Check,
    "word": Word,
    "content": Content,
    "expectation": Expectation,
}
"""By the last word of a field's name: what its values are called."""
PLACES = ("running", "asked", "expected", "previous", "old_choice", "new_choice")
"""Fields that hold a place."""


@dataclass(frozen=True, slots=True)
class Concept:
    """A term that has a name."""

    term: Term
    identifier: str
    """For formal texts; empty where they write the term out."""
    phrase: str
    """In words; empty where the words of its parts do."""
    is_place: bool = False
    """The values are places."""


def enum_of_field(name: str) -> type[IntEnum] | None:
    """Return the enum whose members a field holds; None for a plain number or a fact."""
    return ENUMS.get(name.rpartition("_")[2])


def concepts(scope: Scope, device: Device) -> Iterator[Concept]:
    """Yield the named terms of a model; where one term has several names, the better one comes first."""
    yield from _of_records(scope, device)
    yield from _of_selection(scope, device)
    yield from _of_calls(scope, device)


def _of_records(scope: Scope, device: Device) -> Iterator[Concept]:
    first, second = device.records
    for place, (name, record) in enumerate((("first", first), ("second", second))):
        yield Concept(record.is_invalid, f"{name}_is_invalid", f"record {place} is invalid")
        yield Concept(record.is_bootable, f"{name}_is_bootable", f"record {place} is bootable")
        yield Concept(record.is_right, "", f"record {place} has a right check word")
        yield Concept(record.names(device.running), f"{name}_names_running", f"record {place} names the running slot")
    chosen = active(device.records)
    yield Concept(first.is_under_test | second.is_under_test, "some_record_is_under_test", "")
    yield Concept(chosen.is_first, "first_decides", "record 0 decides")
    yield Concept(chosen.is_second, "second_decides", "record 1 decides")
    yield Concept(chosen.is_some, "some_record_decides", "a record decides")
    yield Concept(chosen.sector, "deciding_sector", "the deciding record's sector")
    yield Concept(chosen.other_sector, "other_sector", "the other record's sector")
    yield from _record(chosen.of(device.records), "deciding_{}", "the deciding record")
    yield from _record(chosen.other_of(device.records), "other_{}", "the other record", "check word slot")
    yield from _record(record_in(device, device.sector), "{}_in_sector", "the record being rewritten")
    if scope.config.anti_rollback:
        yield Concept(burned_for(scope, device), "", "the bits that the burn is to leave")
        for bits in range(1 << (scope.versions - 1)):
            text = f"the burn is to leave 0b{bits:0{scope.versions - 1}b}"
            yield Concept(burned_for(scope, device) == bits, "", text)


def _of_selection(scope: Scope, device: Device) -> Iterator[Concept]:
    target = next_update_slot(device)
    selection = select(scope, device)
    yield Concept(target, "next_slot", "the target", is_place=True)
    for place in range(scope.slots):
        yield Concept(target == place, f"slot{place}_is_next", f"the target is ota_{place}")
    if scope.config.anti_rollback:
        yield Concept(selection.active.is_first, "", "record 0 is selected")
        yield Concept(selection.active.is_second, "", "record 1 is selected")
        yield Concept(selection.active.is_some, "", "a record is selected")
        yield from _record(selection.active.of(device.records), "", "the selected record")
        yield Concept(selection.active.sector, "", "the selected record's sector")
    yield Concept(selection.start, "selected_place", "the place selected", is_place=True)
    yield Concept(selection.is_fresh, "is_fresh_device", "no record was ever written")
    first = fallback(scope, device, selection.start)
    yield Concept(first, "first_place_that_passes", "the first place that passes, from the one selected", is_place=True)
    rewritten = fallback(scope, device, record_in(device, device.sector).slot)
    yield Concept(rewritten, "", "the first place that passes, from the rewritten record's", is_place=True)
    yield Concept(boot_choice(scope, device), "boot_choice", "what the next power-on starts", is_place=True)
    yield Concept(boot_partition(scope, device.records), "boot_partition", "", is_place=True)
    yield Concept(efuse_version(scope, device.burned), "efuse_version", "the eFuse's version")
    burned = burned_by_boot(scope, device, selection)
    yield Concept(burned, "burned_by_boot", "the bits after the bootloader's burn")


def _of_calls(scope: Scope, device: Device) -> Iterator[Concept]:
    target = next_update_slot(device)
    theirs, running = slot_at(device, target), slot_at(device, device.running)
    yield Concept(theirs.content, "target_content", "the target's content")
    yield Concept(theirs.version, "target_version", "the target's version")
    yield Concept(running.content, "", "the running slot's content")
    yield Concept(running.version, "", "the running slot's version")
    yield Concept(is_under_test(scope, device), "is_under_test", "info() says testing of the running image")
    yield Concept(reported_word(device.records, device.running, scope.last_number)[1], "running_word", "")
    yield Concept(gives_up_spare(scope, device), "gives_up_spare", "the spare record is given up")
    yield Concept(is_rollback_possible(scope, device), "", "there is an image to go back to")
    yield Concept(rewrite_sector(scope, device, target), "", "the sector for the target's record")
    yield Concept(rewrite_sector(scope, device, device.running), "", "the sector for the running slot's record")
    yield from _record(marked_record(scope, device), "", "the target's new record")
    yield from _record(record_for(scope, device, device.running), "", "the running slot's new record")
    yield from _record(asked_record(scope, device), "", "the asked slot's new record")
    yield Concept(is_version_allowed(scope, device, theirs.version), "", "the target's version is allowed")
    yield Concept(is_version_allowed(scope, device, running.version), "", "the running slot's version is allowed")


def _record(record: Record, identifier: str, phrase: str, identified: str = "check word slot seq") -> Iterator[Concept]:
    """Yield the parts of a record; identified: those that have an identifier."""
    for part, word in (("check", "check"), ("word", "word"), ("slot", "slot"), ("seq", "number")):
        name = identifier.format(part) if part in identified.split() else ""
        yield Concept(getattr(record, part), name, f"{phrase}'s {word}")
    yield Concept(record.is_bootable, "", f"{phrase} is bootable")


def named(scope: Scope, device: Device) -> Iterator[Concept]:
    """Yield the named terms that are more than a constant or a field."""
    return (concept for concept in concepts(scope, device) if concept.term.op not in (Op.VALUE, Op.FIELD))
