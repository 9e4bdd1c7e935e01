"""The SQLite file that a campaign is kept in: its tables, how it is opened, and that nothing is left of half a one.

What goes wrong with a file is an InputError, which names it.
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ...errors import InputError

APPLICATION_ID = 0x6F746170
"""What SQLite files of ours begin with: "otap"."""
FORMAT = 2
SCHEMA = (
    "CREATE TABLE campaign (plan TEXT NOT NULL, runs INTEGER NOT NULL, shard TEXT NOT NULL, version TEXT NOT NULL)",
    "CREATE TABLE lanes (lane INTEGER PRIMARY KEY, blocks INTEGER NOT NULL, runs INTEGER NOT NULL, "
    "steps INTEGER NOT NULL, cuts INTEGER NOT NULL, mutated INTEGER NOT NULL)",
    "CREATE TABLE left_out (lane INTEGER, reason TEXT, runs INTEGER NOT NULL, PRIMARY KEY (lane, reason))",
    "CREATE TABLE found (lane INTEGER, claim TEXT, class TEXT, length INTEGER NOT NULL, run INTEGER NOT NULL, "
    "runs INTEGER NOT NULL, first INTEGER NOT NULL, token TEXT NOT NULL, text TEXT NOT NULL, cause TEXT NOT NULL, "
    "mutated INTEGER NOT NULL, PRIMARY KEY (lane, claim, class))",
    "CREATE TABLE covered (lane INTEGER, point TEXT, runs INTEGER NOT NULL, first INTEGER NOT NULL, "
    "mutated INTEGER NOT NULL, PRIMARY KEY (lane, point))",
    "CREATE TABLE kept (lane INTEGER, run INTEGER, token TEXT NOT NULL, PRIMARY KEY (lane, run))",
    "CREATE TABLE sittings (name TEXT PRIMARY KEY, began REAL NOT NULL, ended REAL NOT NULL, runs INTEGER NOT NULL, "
    "steps INTEGER NOT NULL)",
    "CREATE TABLE owners (lane INTEGER PRIMARY KEY, process TEXT NOT NULL)",
)
_BUSY = 60.0
"""Seconds to wait for another process that writes."""
_READ_ONLY = (
    "cannot be written, nor files beside it, which SQLite needs even to read it: copy it to a folder of your own"
)


@contextmanager
def gone_if_ended(path: Path) -> Iterator[Callable[[], None]]:
    """Remove a new file and what SQLite lays beside it when an exception ends the block, unless it was to be kept."""
    kept: list[bool] = []
    try:
        yield lambda: kept.append(True)
    except BaseException:
        for end in () if kept else ("", "-wal", "-shm"):
            with suppress(OSError):
                path.with_name(path.name + end).unlink()
        raise


@contextmanager
def connection(path: Path) -> Iterator[sqlite3.Connection]:
    """Yield a connection to a file that is closed at the end; what goes wrong with the file is an InputError."""
    try:
        db = sqlite3.connect(path, timeout=_BUSY, isolation_level=None)
    except sqlite3.Error as error:
        raise InputError(f"{path}: cannot be opened: {error}") from None
    try:
        db.execute("PRAGMA trusted_schema = OFF")
        db.execute("PRAGMA synchronous = FULL")
        yield db
    except sqlite3.OperationalError as error:
        # The low byte tells the kind of error, the others where it arose.
        is_read_only = getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_READONLY
        raise InputError(f"{path}: {_READ_ONLY if is_read_only else error}") from None
    except sqlite3.DatabaseError as error:
        raise InputError(f"{path}: no campaign: {error}") from None
    finally:
        db.close()


@contextmanager
def transaction(db: sqlite3.Connection) -> Iterator[None]:
    """Add all that the block adds, or nothing where an exception ends it."""
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        db.execute("ROLLBACK")
        raise
    db.execute("COMMIT")


def check_kind(path: Path, db: sqlite3.Connection) -> None:
    """Raise InputError unless the file is a whole one of ours, with our tables and nothing else."""
    (kind,) = db.execute("PRAGMA application_id").fetchone()
    (version,) = db.execute("PRAGMA user_version").fetchone()
    found = [sql for (sql,) in db.execute("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL")]
    if (kind, version, sorted(found)) != (APPLICATION_ID, FORMAT, sorted(SCHEMA)):
        raise InputError(f"{path}: no campaign of this version of otaproof")
    (state,) = db.execute("PRAGMA quick_check(1)").fetchone()
    if state != "ok":
        raise InputError(f"{path}: a campaign that is damaged: {state.splitlines()[-1]}")
