"""What a campaign is about: its seed, its devices, and how its runs are dealt to lanes.

A campaign is made of runs with numbers, as a fuzz is. Blocks of runs are dealt to lanes in turn: lane L of n has the
blocks L, L + n, L + 2n … What a lane finds depends on its own earlier blocks alone, so lanes can be played in any
order, by any number of processes and machines, and come to the same. A shard is some of the lanes.
"""

import json
from dataclasses import dataclass, field
from random import Random

import msgspec

from ...impl.partitions.partition import MAX_OTA_SLOTS
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

    def block(self, lane: int, number: int) -> int:
        """Return which block of the campaign is number `number` of a lane, from 0 on."""
        return number * self.lanes + lane

    def blocks(self, lane: int, runs: int) -> int:
        """Return how many blocks a lane has in a campaign of so many runs."""
        return len(range(lane, whole_blocks(runs) // BLOCK, self.lanes))

    def to_json(self) -> str:
        """Write it as text, the same for equal plans."""
        plain = msgspec.to_builtins(self)
        worlds = {name: sorted(v) if isinstance(v, list) else v for name, v in plain["worlds"].items()}
        return json.dumps({**plain, "worlds": worlds}, sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> "CampaignPlan":
        """Return the plan that a text says; raises ValueError."""
        plan = msgspec.json.decode(text, type=cls)
        slots = plan.worlds.slots
        if plan.seed < 0 or not 1 <= plan.lanes <= LANES or not 1 <= (slots or 1) <= MAX_OTA_SLOTS:
            raise ValueError("no plan of a campaign: a number is out of range")
        draw_scope(Random(0), plan.worlds)
        return plan


ALL = Shard()
"""Every lane."""


def whole_blocks(runs: int) -> int:
    """Return the number of runs, rounded up to whole blocks."""
    return -(-runs // BLOCK) * BLOCK
