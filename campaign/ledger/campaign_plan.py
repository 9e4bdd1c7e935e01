"""What a campaign is about: its seed, its devices, and how its runs are dealt to lanes.

A campaign is made of runs with numbers, as a fuzz is. Blocks of runs are dealt to lanes in turn: lane L of n has the
blocks L, L + n, L + 2n … What a lane finds depends on its own earlier blocks alone, so lanes can be played in any
order, by any number of processes and machines, and come to the same. A shard is some of the lanes.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from enum import Enum
from random import Random
from typing import Any

from ...impl.partitions.partition import MAX_OTA_SLOTS
from ...model.config import Selector, SkipValidation
from ...model.device.allowance import Allowance
from ...model.device.state import Usage
from ...model.fault_model import FaultModel
from ...model.idf_version import IdfVersion
from ...model.remedies import Remedy
from ..fuzz.findings import BLOCK
from ..fuzz.generator import Worlds, draw_scope

LANES = 64
"""Into so many lanes the runs are dealt, unless a plan says otherwise: no more shards than that."""


@dataclass(frozen=True, slots=True)
class Shard:
    """Every count-th lane, from lane number - 1 on."""

    number: int = 1
    """1 … count."""
    count: int = 1

    @classmethod
    def parse(cls, text: str) -> "Shard":
        """Return the shard that "2/8" names; raises ValueError."""
        number, slash, count = text.partition("/")
        if not (slash and number.isdecimal() and count.isdecimal() and 1 <= int(number) <= int(count) <= LANES):
            raise ValueError(f"{text!r} is no shard; want K/N, K from 1 to N, N up to {LANES}, such as 2/8")
        return cls(int(number), int(count))

    def __str__(self) -> str:
        """Write it as `parse` reads it."""
        return f"{self.number}/{self.count}"

    def lanes(self, plan: "CampaignPlan") -> range:
        """Return the numbers of its lanes."""
        return range(self.number - 1, plan.lanes, self.count)


@dataclass(frozen=True, slots=True)
class CampaignPlan:
    """What the runs of a campaign are; two campaigns with one plan come to the same."""

    seed: int
    worlds: Worlds = field(default_factory=Worlds)
    lanes: int = LANES
    is_steered: bool = True
    """What a lane has seldom come through weighs more in its next runs."""

    def block(self, lane: int, number: int) -> int:
        """Return which block of the campaign is number `number` of a lane, from 0 on."""
        return number * self.lanes + lane

    def blocks(self, lane: int, runs: int) -> int:
        """Return how many blocks a lane has in a campaign of so many runs."""
        return len(range(lane, whole_blocks(runs) // BLOCK, self.lanes))

    def to_json(self) -> str:
        """Write it as text, the same for equal plans."""
        worlds = {item.name: _plain(getattr(self.worlds, item.name)) for item in fields(Worlds)}
        if self.worlds.selector is Selector.ESP_IDF:
            # As it was written before there was another.
            del worlds["selector"]
        return json.dumps(
            {"seed": self.seed, "lanes": self.lanes, "steered": self.is_steered, "worlds": worlds}, sort_keys=True
        )

    @classmethod
    def from_json(cls, text: str) -> "CampaignPlan":
        """Return the plan that a text says; raises ValueError."""
        try:
            record = json.loads(text)
            said = {name: _READERS.get(name, _as_it_is)(value) for name, value in record["worlds"].items()}
            plan = cls(record["seed"], Worlds(**said), record["lanes"], record["steered"])
            draw_scope(Random(0), plan.worlds)
        except (TypeError, LookupError, AttributeError) as error:
            raise ValueError(f"no plan of a campaign: {error}") from None
        numbers = (plan.seed, plan.lanes, plan.worlds.slots or 1, plan.worlds.versions)
        is_whole = (
            all(type(number) is int for number in numbers)
            and type(plan.is_steered) is bool
            and plan.seed >= 0
            and 1 <= plan.lanes <= LANES
        )
        if not is_whole or not 1 <= (plan.worlds.slots or 1) <= MAX_OTA_SLOTS:
            raise ValueError("no plan of a campaign: a number is out of range")
        return plan


def _plain(value: object) -> object:
    """Return a JSON value for a field of Worlds."""
    if isinstance(value, frozenset):
        return sorted(member.value for member in value)
    if isinstance(value, IdfVersion):
        return value.label
    return value.name if isinstance(value, FaultModel) else value.value if isinstance(value, Enum) else value


def _as_it_is(value: Any) -> Any:
    return value


def _version(label: str | None) -> IdfVersion | None:
    return None if label is None else IdfVersion.parse(label)


_READERS: Mapping[str, Callable[[Any], Any]] = {
    "app_version": _version,
    "bootloader_version": _version,
    "faults": FaultModel.__getitem__,
    "usage": Usage,
    "allows": lambda names: frozenset(map(Allowance, names)),
    "skips": lambda names: frozenset(map(SkipValidation, names)),
    "selector": Selector,
    "remedies": lambda names: frozenset(map(Remedy, names)),
}
"""By the name of a field of Worlds, what reads its JSON value."""


ALL = Shard()
"""Every lane."""


def whole_blocks(runs: int) -> int:
    """Return the number of runs, rounded up to whole blocks."""
    return -(-runs // BLOCK) * BLOCK
