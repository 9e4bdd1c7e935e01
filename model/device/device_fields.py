"""A device as the fields of its model: what the scope rules out is a constant; and the state that it begins in."""

from ..terms.terms import Bool, Num, bool_field, fact, num_field, number
from .allowance import Allowance
from .records import BLANK, Numbers, Record
from .state import Content, Device, Ghost, Phase, Scope, Slot, Task, Usage

INPUTS = ("chance", "chance_slot", "chance_word")
"""Fields that no step determines: an action may read them, and after it they are anything."""


def device_of(scope: Scope) -> Device:
    """Return the state as its own fields; what the scope rules out is a constant."""

    def num(name: str, bits: int, is_in: bool = True, constant: int = 0) -> Num:
        return num_field(name, bits) if is_in else number(constant)

    def bool_(name: str, is_in: bool) -> Bool:
        return bool_field(name) if is_in else fact(False)

    has_versions = scope.config.anti_rollback
    can_fail = Allowance.FAILING_FLASH in scope.allows
    has_expected, has_choice = Ghost.EXPECTED in scope.ghosts, Ghost.CHOICE in scope.ghosts
    has_origin, has_chance = Ghost.ORIGIN in scope.ghosts, scope.has_strays and scope.numbers is Numbers.EXACT
    records = tuple(
        Record(
            num_field(f"record{index}_check", 2),
            num_field(f"record{index}_word", 3),
            num(f"record{index}_slot", scope.slot_bits, scope.slots > 1),
            num_field(f"record{index}_seq", scope.seq_bits),
        )
        for index in range(2)
    )
    slots = tuple(
        Slot(
            num_field(f"slot{index}_content", 2),
            num(f"slot{index}_version", scope.version_bits, has_versions),
            bool_(f"slot{index}_is_finished", Ghost.FINISHED in scope.ghosts),
            bool_(f"slot{index}_is_earned", Ghost.EARNED in scope.ghosts),
            bool_(f"slot{index}_is_rejected", Ghost.REJECTED in scope.ghosts),
            bool_(f"slot{index}_is_loadable", scope.skips_validation),
        )
        for index in range(scope.slots)
    )
    return Device(
        slot_count=num_field("slot_count", 5) if scope.counts else number(scope.slots, 5),
        task=num_field("task", 5),
        phase=num_field("phase", 1),
        sector=num_field("sector", 1),
        running=num_field("running", scope.place_bits),
        session=bool_field("session"),
        other_session=bool_("other_session", scope.has_two_handles),
        asked=num("asked", scope.slot_bits, scope.usage is Usage.ANY and scope.slots > 1),
        progress=num("progress", 2, can_fail),
        first_failed=num("first_failed", 2, can_fail),
        second_failed=num("second_failed", 2, can_fail),
        pin=num("pin", 2, Allowance.PINS in scope.allows),
        is_power_on=bool_("is_power_on", scope.skips_at_power_on_alone),
        records=(records[0], records[1]),
        slots=slots,
        burned=num("burned", scope.versions - 1, has_versions),
        expectation=num("expectation", 3, has_expected),
        expected=num("expected", scope.place_bits, has_expected, scope.nowhere),
        previous=num("previous", scope.place_bits, has_expected, scope.nowhere),
        old_choice=num("old_choice", scope.place_bits, has_choice, scope.nowhere),
        new_choice=num("new_choice", scope.place_bits, has_choice, scope.nowhere),
        upgraded=num("upgraded", scope.place_bits, has_origin, scope.nowhere),
        upgraded_from=num("upgraded_from", scope.place_bits, has_origin, scope.nowhere),
        chance=num("chance", scope.seq_bits, has_chance),
        chance_slot=num("chance_slot", scope.slot_bits, has_chance and scope.slots > 1),
        chance_word=num("chance_word", 3, has_chance),
    )


def initial_device(scope: Scope) -> Device:
    """Return a device as it leaves the factory: off, otadata blank, an image in factory, else in ota_0."""
    zero = number(0)
    slots = tuple(
        Slot(
            number(Content.COMPLETE if index == 0 and not scope.has_factory else Content.EMPTY),
            zero,
            fact(index == 0 and not scope.has_factory),
            fact(index == 0 and not scope.has_factory),
            fact(False),
        )
        for index in range(scope.slots)
    )
    nowhere = number(scope.nowhere)
    return Device(
        slot_count=number(scope.slots, 5),
        task=number(Task.OFF),
        phase=number(Phase.ERASE),
        sector=zero,
        running=nowhere,
        session=fact(False),
        other_session=fact(False),
        asked=zero,
        progress=zero,
        first_failed=zero,
        second_failed=zero,
        pin=zero,
        is_power_on=fact(False),
        records=(BLANK, BLANK),
        slots=slots,
        burned=zero,
        expectation=zero,
        expected=nowhere,
        previous=nowhere,
        old_choice=nowhere,
        new_choice=nowhere,
        upgraded=nowhere,
        upgraded_from=nowhere,
        chance=zero,
        chance_slot=zero,
        chance_word=zero,
    )
