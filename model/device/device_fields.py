"""A device as the fields of its model: what the scope rules out is a constant; and the state that it begins in."""

from ..remedies import Remedy
from ..terms.terms import Bool, Num, bool_field, fact, num_field, number
from .allowance import Allowance
from .records import BLANK, Numbers, Record
from .state import Content, Device, Ghost, Phase, Scope, Slot, Task, Usage

INPUTS = ("chance", "chance_slot", "chance_word")
"""Fields that no step determines: an action may read them, and after it they are anything."""


def device_of(scope: Scope) -> Device:
    """Return the state as its own fields; what the scope rules out is a constant."""
    can_fail = Allowance.FAILING_FLASH in scope.allows
    has_copies = can_fail and not scope.is_by_turns
    has_expected, has_choice = Ghost.EXPECTED in scope.ghosts, Ghost.CHOICE in scope.ghosts
    has_origin, has_chance = Ghost.ORIGIN in scope.ghosts, scope.has_strays and scope.numbers is Numbers.EXACT

    def place(name: str, is_in: bool) -> Num:
        return _num(name, scope.place_bits, is_in, scope.nowhere)

    return Device(
        slot_count=num_field("slot_count", 5) if scope.counts else number(scope.slots, 5),
        task=num_field("task", 5),
        phase=num_field("phase", 1),
        sector=num_field("sector", 1),
        running=num_field("running", scope.place_bits),
        session=bool_field("session"),
        other_session=_bool("other_session", scope.has_two_handles),
        asked=_asked(scope),
        progress=_num("progress", 2, can_fail),
        first_failed=_num("first_failed", 2, has_copies),
        second_failed=_num("second_failed", 2, has_copies),
        pin=_num("pin", 2, Allowance.PINS in scope.allows),
        download_flag=_bool("download_flag", Remedy.FLAG_DOWNLOAD in scope.remedies),
        is_power_on=_bool("is_power_on", scope.skips_at_power_on_alone),
        records=(_record(scope, 0), _record(scope, 1)),
        slots=tuple(_slot(scope, index) for index in range(scope.slots)),
        burned=_num("burned", scope.versions - 1, scope.config.anti_rollback),
        expectation=_num("expectation", 3, has_expected),
        expected=place("expected", has_expected),
        previous=place("previous", has_expected),
        old_choice=place("old_choice", has_choice),
        new_choice=place("new_choice", has_choice),
        upgraded=place("upgraded", has_origin),
        upgraded_from=place("upgraded_from", has_origin),
        chance=_num("chance", scope.seq_bits, has_chance),
        chance_slot=_num("chance_slot", scope.slot_bits, has_chance and scope.slots > 1),
        chance_word=_num("chance_word", 3, has_chance),
    )


def _asked(scope: Scope) -> Num:
    if scope.is_by_turns:
        return _num("asked", scope.place_bits, scope.usage is Usage.ANY)
    return _num("asked", scope.slot_bits, scope.usage is Usage.ANY and scope.slots > 1)


def _record(scope: Scope, index: int) -> Record:
    return Record(
        num_field(f"record{index}_check", 2),
        num_field(f"record{index}_word", 3),
        _num(f"record{index}_slot", scope.slot_bits, scope.slots > 1),
        num_field(f"record{index}_seq", scope.seq_bits),
        _num(f"record{index}_other", scope.place_bits, scope.is_by_turns),
        _bool(f"record{index}_is_tried", scope.is_by_turns),
    )


def _slot(scope: Scope, index: int) -> Slot:
    return Slot(
        num_field(f"slot{index}_content", 2),
        _num(f"slot{index}_version", scope.version_bits, scope.config.anti_rollback),
        _bool(f"slot{index}_is_finished", Ghost.FINISHED in scope.ghosts),
        _bool(f"slot{index}_is_earned", Ghost.EARNED in scope.ghosts),
        _bool(f"slot{index}_is_rejected", Ghost.REJECTED in scope.ghosts),
        _bool(f"slot{index}_is_loadable", scope.skips_validation),
    )


def _num(name: str, bits: int, is_in: bool, constant: int = 0) -> Num:
    return num_field(name, bits) if is_in else number(constant)


def _bool(name: str, is_in: bool) -> Bool:
    return bool_field(name) if is_in else fact(False)


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
        download_flag=fact(False),
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
