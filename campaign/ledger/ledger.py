"""The file of a campaign: SQLite, with all that its lanes came to so far.

What a lane came to is added in one transaction, so a process can be killed at any moment. Each addition names the block
that it begins with, and is refused unless it is the lane's next one: nothing is counted twice, whoever plays it. All
rows but those of sittings belong to a lane, and follow from the plan and the number of its blocks alone; two files of
one plan are merged lane by lane, the longer one of each.
"""

import hashlib
import os
import sqlite3
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ... import __version__
from ...errors import InputError
from ...model.claims.claims import CLAIMS
from ..fuzz.corpus import MOST_KEPT, Kept
from ..fuzz.findings import BLOCK, DIVERGENCE
from .campaign_file import APPLICATION_ID, FORMAT, SCHEMA, check_kind, connection, gone_if_ended, transaction
from .campaign_plan import ALL, CampaignPlan, Shard, whole_blocks
from .lane_work import FoundKind, LaneResult, LaneWork

_OF_LANES = {
    "lanes": "lane",
    "left_out": "lane, reason",
    "found": "lane, claim, class",
    "covered": "lane, point",
    "kept": "lane, run",
}
"""The tables that follow from plan and blocks, and what they are ordered by."""


@dataclass(frozen=True, slots=True)
class Sitting:
    """A process that played runs."""

    began: float
    """When it opened the file, in seconds since 1970."""
    ended: float
    """When it last added something."""
    runs: int
    steps: int


@dataclass(frozen=True, slots=True)
class Totals:
    """What the lanes came to, together."""

    runs: int
    steps: int
    cuts: int
    lanes: int
    """How many lanes have at least one block."""


@dataclass(frozen=True, slots=True)
class Mutation:
    """What came of the runs that began from a kept history, beside those that were drawn from their first step on."""

    kept: int
    """Histories that are kept."""
    runs: int
    """Runs that began from one."""
    points: int
    """Of what was covered, what only such runs came through."""
    points_of_drawn: int
    """What only the others came through."""
    kinds: int
    """Kinds of findings that only such runs found."""
    kinds_of_drawn: int
    """Those that only the others found."""


class Ledger:
    """A campaign's file, open."""

    def __init__(self, path: Path, db: sqlite3.Connection) -> None:
        """Take a connection whose file was found to be a campaign's."""
        self.path = path
        self._db = db
        plan, runs, shard, self.version = db.execute("SELECT * FROM campaign").fetchone()
        self.plan, self.runs, self.shard = CampaignPlan.from_json(plan), int(runs), Shard.parse(shard)
        self._sitting, self._began = os.urandom(8).hex(), time.time()

    @classmethod
    @contextmanager
    def create(
        cls, path: Path, plan: CampaignPlan, runs: int, shard: Shard = ALL, *, is_whole: bool = False
    ) -> Iterator["Ledger"]:
        """Make the file of a new campaign of so many runs, rounded up to whole blocks; raises InputError where there is
        a file already. Of a file that cannot be begun nothing is left.

        is_whole: of one that an exception ends, neither."""
        # Made here and nowhere else, or it would not be ours to remove; what else is wrong SQLite tells.
        try:
            path.open("xb").close()
        except FileExistsError:
            raise InputError(
                f"{path} is there already; go on with otaproof campaign resume, or name another file"
            ) from None
        except OSError:
            pass
        with gone_if_ended(path) as keep, connection(path) as db:
            db.execute("PRAGMA journal_mode = WAL")
            with transaction(db):
                db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
                db.execute(f"PRAGMA user_version = {FORMAT}")
                for statement in SCHEMA:
                    db.execute(statement)
                db.execute(
                    "INSERT INTO campaign VALUES (?, ?, ?, ?)",
                    (plan.to_json(), whole_blocks(runs), str(shard), __version__),
                )
            if not is_whole:
                keep()
            yield cls(path, db)

    @classmethod
    @contextmanager
    def open(cls, path: Path) -> Iterator["Ledger"]:
        """Open the file of a campaign; raises InputError for anything else."""
        if not path.is_file():
            missing = "is no file" if path.exists() else "no such file"
            raise InputError(f"{path}: {missing}; otaproof campaign run makes one")
        with connection(path) as db:
            check_kind(path, db)
            try:
                ledger = cls(path, db)
            except (ValueError, TypeError) as error:
                raise InputError(f"{path}: a campaign that cannot be read: {error}") from None
            if not ledger._has_own_lanes():
                raise InputError(f"{path}: a campaign that is damaged: it has lanes that its plan has not")
            if not ledger.claims_found() <= {DIVERGENCE, *(claim.id for claim in CLAIMS)}:
                raise InputError(f"{path}: a campaign that is damaged: it has findings of claims that there are not")
            yield ledger

    def _has_own_lanes(self) -> bool:
        """Tell whether all lanes of the file are those of its plan."""
        return {lane for (lane,) in self._db.execute("SELECT lane FROM lanes")} <= set(range(self.plan.lanes))

    def extend(self, runs: int) -> None:
        """Have the campaign go on to so many runs, rounded up to whole blocks; a smaller number changes nothing."""
        self.runs = max(self.runs, whole_blocks(runs))
        with transaction(self._db):
            self._db.execute("UPDATE campaign SET runs = ?", (self.runs,))

    def blocks(self) -> dict[int, int]:
        """Return how many blocks each lane of the shard has."""
        done = dict(self._db.execute("SELECT lane, blocks FROM lanes"))
        return {lane: done.get(lane, 0) for lane in self.shard.lanes(self.plan)}

    def take(self, lanes: Iterable[int], process: str, is_gone: Iterable[str] = ()) -> list[int]:
        """Take those of the lanes that no other process has; is_gone: processes that do not count any more."""
        with transaction(self._db):
            self._db.executemany("DELETE FROM owners WHERE process = ?", [(name,) for name in is_gone])
            self._db.executemany(
                "INSERT OR IGNORE INTO owners VALUES (?, ?)", [(lane, process) for lane in sorted(lanes)]
            )
        return [lane for (lane,) in self._db.execute("SELECT lane FROM owners WHERE process = ?", (process,))]

    def owners(self) -> set[str]:
        """Return the processes that have lanes."""
        return {name for (name,) in self._db.execute("SELECT DISTINCT process FROM owners")}

    def release(self, process: str) -> None:
        """Let others have what a process took."""
        with transaction(self._db):
            self._db.execute("DELETE FROM owners WHERE process = ?", (process,))

    def add(self, work: LaneWork, result: LaneResult) -> bool:
        """Add what a piece of work came to; tell whether it was the next of its lane, and so was added."""
        with transaction(self._db):
            self._db.execute("INSERT OR IGNORE INTO lanes VALUES (?, 0, 0, 0, 0, 0)", (work.lane,))
            changed = self._db.execute(
                "UPDATE lanes SET blocks = blocks + ?, runs = runs + ?, steps = steps + ?, cuts = cuts + ?, "
                "mutated = mutated + ? WHERE lane = ? AND blocks = ?",
                (work.blocks, result.runs, result.steps, result.cuts, result.mutated, work.lane, work.first),
            )
            if not changed.rowcount:
                return False
            for reason, runs in result.left_out.items():
                self._db.execute(
                    "INSERT INTO left_out VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET runs = runs + excluded.runs",
                    (work.lane, reason, runs),
                )
            for found in result.found:
                self._add_found(work.lane, found)
            self._db.executemany(
                "INSERT INTO covered VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET runs = runs + excluded.runs, "
                "first = min(first, excluded.first), mutated = mutated + excluded.mutated",
                [(work.lane, point, *counts) for point, counts in result.covered.items()],
            )
            self._keep(work.lane, result.kept)
            self._note_sitting(result)
        return True

    def _keep(self, lane: int, kept: Iterable[Kept]) -> None:
        """Add histories to those of a lane, of which the newest stay."""
        self._db.executemany("INSERT INTO kept VALUES (?, ?, ?)", [(lane, item.run, item.token) for item in kept])
        self._db.execute(
            "DELETE FROM kept WHERE lane = ?1 AND run NOT IN "
            f"(SELECT run FROM kept WHERE lane = ?1 ORDER BY run DESC LIMIT {MOST_KEPT})",
            (lane,),
        )

    def _add_found(self, lane: int, found: FoundKind) -> None:
        key = (lane, found.claim_id, found.scope_class)
        known = self._db.execute(
            "SELECT length, run, runs, first, mutated FROM found WHERE (lane, claim, class) = (?, ?, ?)", key
        ).fetchone()
        if known is None:
            told = found.token, found.text, found.cause, found.mutated
            self._insert("found", (*key, found.length, found.run, found.runs, found.first, *told))
            return
        counts = known[2] + found.runs, min(known[3], found.first), known[4] + found.mutated
        self._db.execute(
            "UPDATE found SET (runs, first, mutated) = (?, ?, ?) WHERE (lane, claim, class) = (?, ?, ?)",
            (*counts, *key),
        )
        if found.rank < tuple(known[:2]):
            self._db.execute(
                "UPDATE found SET length = ?, run = ?, token = ?, text = ?, cause = ? "
                "WHERE (lane, claim, class) = (?, ?, ?)",
                (found.length, found.run, found.token, found.text, found.cause, *key),
            )

    def _note_sitting(self, result: LaneResult) -> None:
        self._db.execute(
            "INSERT INTO sittings VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET ended = excluded.ended, "
            "runs = runs + excluded.runs, steps = steps + excluded.steps",
            (self._sitting, self._began, time.time(), result.runs, result.steps),
        )

    def totals(self) -> Totals:
        """Return what there is so far."""
        row = self._db.execute("SELECT total(runs), total(steps), total(cuts), count(*) FROM lanes").fetchone()
        return Totals(*map(int, row))

    @property
    def shard_runs(self) -> int:
        """How many runs the shard is to have, whole blocks of them."""
        return BLOCK * sum(self.plan.blocks(lane, self.runs) for lane in self.shard.lanes(self.plan))

    def claims_found(self) -> set[str]:
        """Return the ids of the claims that are violated, DIVERGENCE among them."""
        return {claim_id for (claim_id,) in self._db.execute("SELECT DISTINCT claim FROM found")}

    def left_out(self) -> dict[str, int]:
        """Return, by what is outside the model, the runs that ended early for it."""
        return dict(self._db.execute("SELECT reason, sum(runs) FROM left_out GROUP BY reason ORDER BY reason"))

    def found(self) -> list[FoundKind]:
        """Return the best of each kind of findings, in order of claim and class."""
        best: dict[tuple[str, str], FoundKind] = {}
        rows = self._db.execute(
            "SELECT claim, class, length, run, runs, first, token, text, cause, mutated FROM found ORDER BY lane"
        )
        for found in (FoundKind(*row) for row in rows):
            known = best.get(found.kind)
            best[found.kind] = found if known is None else _together(known, found)
        return sorted(best.values())

    def covered(self) -> dict[str, tuple[int, int]]:
        """Return, by what was come through of the model, how many runs did, and the number of the first."""
        rows = self._db.execute("SELECT point, sum(runs), min(first) FROM covered GROUP BY point ORDER BY point")
        return {point: (runs, first) for point, runs, first in rows}

    def seen_in(self, lane: int) -> dict[str, int]:
        """Return, by what a lane has come through, how many of its runs did."""
        return dict(self._db.execute("SELECT point, runs FROM covered WHERE lane = ? ORDER BY point", (lane,)))

    def kept_in(self, lane: int) -> tuple[Kept, ...]:
        """Return the histories that a lane keeps, oldest first."""
        points: dict[int, list[str]] = {}
        for run, point in self._db.execute("SELECT first, point FROM covered WHERE lane = ? ORDER BY point", (lane,)):
            points.setdefault(run, []).append(point)
        rows = self._db.execute("SELECT run, token FROM kept WHERE lane = ? ORDER BY run", (lane,))
        return tuple(Kept(run, tuple(points.get(run, ())), token) for run, token in rows)

    def mutation(self) -> Mutation:
        """Return what came of the runs that began from a kept history."""
        (kept,) = self._db.execute("SELECT count(*) FROM kept").fetchone()
        (runs,) = self._db.execute("SELECT total(mutated) FROM lanes").fetchone()
        points = list(self._db.execute("SELECT sum(runs), sum(mutated) FROM covered GROUP BY point"))
        kinds = [(kind.runs, kind.mutated) for kind in self.found()]
        return Mutation(kept, int(runs), *_parted(points), *_parted(kinds))

    def sittings(self) -> list[Sitting]:
        """Return the processes that played runs, oldest first."""
        rows = self._db.execute("SELECT began, ended, runs, steps FROM sittings ORDER BY began")
        return [Sitting(*row) for row in rows]

    def fingerprint(self) -> str:
        """Return a digest of all that follows from the plan: the same for the same lanes with the same blocks."""
        digest = hashlib.sha256(self.plan.to_json().encode())
        for table, order in _OF_LANES.items():
            for row in self._db.execute(f"SELECT * FROM {table} ORDER BY {order}"):
                digest.update(repr(row).encode())
        return digest.hexdigest()[:16]

    def check_same(self, other: "Ledger") -> None:
        """Raise InputError where another file is one of another campaign."""
        if (other.plan, other.version) != (self.plan, self.version):
            raise InputError(f"{other.path}: another campaign than {self.path}: its seed, devices or version differ")

    def merge(self, other: "Ledger") -> None:
        """Take from another file each lane that has more blocks there; raises InputError for another campaign."""
        self.check_same(other)
        mine = dict(self._db.execute("SELECT lane, blocks FROM lanes"))
        theirs = dict(other._db.execute("SELECT lane, blocks FROM lanes"))
        longer = [lane for lane, blocks in theirs.items() if blocks > mine.get(lane, 0)]
        with transaction(self._db):
            for table in _OF_LANES:
                self._db.executemany(f"DELETE FROM {table} WHERE lane = ?", [(lane,) for lane in longer])
                for row in other._db.execute(f"SELECT * FROM {table}"):
                    if row[0] in longer:
                        self._insert(table, row)
            for row in other._db.execute("SELECT * FROM sittings"):
                self._insert("sittings", row)
        self.extend(other.runs)

    def _insert(self, table: str, row: tuple[Any, ...]) -> None:
        self._db.execute(f"INSERT OR IGNORE INTO {table} VALUES ({', '.join('?' * len(row))})", row)


def _together(one: FoundKind, other: FoundKind) -> FoundKind:
    """Return what two lanes found of one kind."""
    best = min(one, other, key=lambda kind: kind.rank)
    first, mutated = min(one.first, other.first), one.mutated + other.mutated
    return replace(best, runs=one.runs + other.runs, first=first, mutated=mutated)


def _parted(counts: Iterable[tuple[int, int]]) -> tuple[int, int]:
    """Return how many things only mutated runs came to, and how many only drawn ones: of (runs, mutated ones)."""
    pairs = list(counts)
    return sum(runs == mutated for runs, mutated in pairs), sum(not mutated for _, mutated in pairs)
