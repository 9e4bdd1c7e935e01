"""The life cycle of one slot's image: every way in which what info() says of a slot can change.

TABLE is the whole of it. A row says: in this state, when this happens, the slot comes to that state, provided
the guard holds. For a call that runs to its end exactly one row fits (that nothing changes is a row too), so
the order of the rows carries no meaning.

What a power cut or a failing flash operation leaves is not written out by hand for each row: a changed record is
first erased, then programmed, and TEARS lists what a record reads as while its state word is caught half-way.
`_interrupted` makes the rows from the two; their ids tell from which: L30-T7 is row L30 caught in tear T7,
L30-E is L30 caught between erase and program, L30-F is L30 when one of the two operations fails and returns.

To read a line: "L30: a slot that is testing becomes valid on accept(); its record is rewritten; this when
rollback is on and the slot is selected and running". situation.py has the words of the last column.

A reset with the factory-reset pin held is up to three events: power_on (nothing is started yet), erase_otadata if
the build asks for it, power_on. A new image goes from new to testing to aborted so, and never runs.

esp_ota_set_boot_partition of a slot moves the slots as complete() does, with that slot as its target. Of the other C
functions that otaupgrade does not call, esp_ota_erase_last_boot_app_partition alone moves one.

Left out: what other programs write into otadata (the table starts from whatever they left), and records whose
sequence number is 0 or next to 0xFFFFFFFF.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import Enum

from ..fault_model import FaultModel
from .situation import (
    ALWAYS,
    BEHIND,
    CHOSEN,
    DONE,
    FRESH,
    GIVEN_UP,
    IN_FRONT,
    LAST_BOOT,
    NO_ROLLBACK,
    ONCE,
    OTHER,
    OVERWRITTEN,
    REFUSED,
    REJECTED,
    ROLLBACK,
    RUNNING,
    SELECTED,
    STARTED,
    STRAY,
    TARGET,
    TARGET_SELECTED,
    TWICE,
    Guard,
    Situation,
    State,
    hides,
)


class Event(Enum):
    """What can happen to a slot: the calls of otaupgrade and the kinds of reset."""

    COMMENCE = "commence"
    WRITE = "write"
    COMPLETE = "complete"
    ACCEPT = "accept"
    ROLLBACK = "rollback"
    """The call alone; the boot that follows is an event of its own."""
    INFO = "info"
    POWER_ON = "power_on"
    """Any reset after which the bootloader selects, with or without the test pin."""
    ERASE_OTADATA = "erase_otadata"
    """The factory-reset pin, or a tool, erases otadata."""
    ERASE_LAST_BOOT = "erase_last_boot"
    """esp_ota_erase_last_boot_app_partition, which otaupgrade does not call."""
    WAKE = "wake"
    """A wake-up from deep sleep by the fast path, which does not touch otadata."""


class RowKind(Enum):
    """Why a row is walked."""

    NORMAL = "normal"
    """The calls in their documented order, or nothing changes."""
    MISUSE = "misuse"
    """Calls out of order, or for an image that is not the one running."""
    FOREIGN = "foreign"
    """From a state that this build does not leave there itself: torn, or written by another build or tool."""
    FLASH_ERROR = "flash error"
    """Only in a step in which a flash operation fails and returns."""
    POWER_CUT = "power cut"
    """Only in a step that is cut."""


class Follows(Enum):
    """A state after that depends on what was before."""

    SAME = "same"
    """Unchanged."""
    HIDDEN = "hidden"
    """What the second record says of the slot, now that the first is gone; none when there is no second."""


class Write(Enum):
    """What happens to the record that a row is about."""

    NOTHING = "nothing"
    ERASE = "erase"
    """Its sector is erased, perhaps to take another slot's record."""
    PROGRAM = "program"
    """It is programmed where the slot had no record."""
    REWRITE = "rewrite"
    """Its sector is erased, then programmed."""


@dataclass(frozen=True, slots=True)
class Row:
    """One way to move."""

    id: str
    before: State | tuple[State, ...]
    event: Event | tuple[Event, ...]
    after: State | Follows
    kind: RowKind
    write: Write
    when: Guard
    source: str
    """Id in docs/sources.toml."""
    weakest: FaultModel | None = None
    """POWER_CUT rows: the weakest fault model that allows it."""
    reach: str = ""
    """Why neither the recordings nor the random runs walk it; empty when they do."""

    @property
    def states_before(self) -> tuple[State, ...]:
        """The states it leads from."""
        return (self.before,) if isinstance(self.before, State) else self.before

    @property
    def events(self) -> tuple[Event, ...]:
        """The events it answers to."""
        return (self.event,) if isinstance(self.event, Event) else self.event

    def is_open(self, before: State, event: Event, situation: Situation) -> bool:
        """Tell whether it leads on from here."""
        return before in self.states_before and event in self.events and self.when.holds(situation)

    def state_after(self, before: State, hidden: State) -> State:
        """Return where it leads; hidden: what the slot's second record says."""
        if isinstance(self.after, State):
            return self.after
        return before if self.after is Follows.SAME else hidden


@dataclass(frozen=True, slots=True)
class Tear:
    """What a record reads as when number and check word are whole but the state word is caught half-way."""

    id: str
    word: State
    """The state word being programmed, or erased: either way some bits are 1 beside its own."""
    reads: State
    weakest: FaultModel


class NoSuchMove(Exception):
    """The table knows no way from this state by this event in this situation: a bug in the table or its user."""


S, E, K, W = State, Event, RowKind, Write
SAME, HIDDEN = Follows.SAME, Follows.HIDDEN
F0, F2, F3 = FaultModel.F0, FaultModel.F2, FaultModel.F3

NAMED = (S.UNDEFINED, S.NEW, S.TESTING, S.VALID, S.INVALID, S.ABORTED)
ANY = (S.NONE, *NAMED)
BOOTABLE = (S.UNDEFINED, S.NEW, S.TESTING, S.VALID)
"""States in which a record can be the selected one."""
SETTLED = (S.VALID, S.INVALID, S.ABORTED)
"""States in which a build with rollback leaves records, once the test run is over."""
PLAIN = (S.UNDEFINED, S.VALID, S.INVALID)
"""States in which a build without rollback leaves records."""
UNSETTLED = (S.UNDEFINED, S.NEW, S.TESTING)
FROM_ROLLBACK = (S.NEW, S.TESTING, S.ABORTED)
WRITERS = (E.COMMENCE, E.COMPLETE, E.ACCEPT, E.ROLLBACK, E.POWER_ON, E.ERASE_OTADATA, E.ERASE_LAST_BOOT)
"""Events that may write otadata."""

# The two tables are read by column, so their lines are as long as they have to be.
# fmt: off

TEARS: tuple[Tear, ...] = (
    # Whole bytes of ones make the word none of the five. Single bits make 0 (new) anything, 1 (testing) and
    # 2 (valid) also 3 (invalid); 3 and 4 have no superset that means something. Source: IDF-OTADATA-STATES.
    #     id     word       reads        weakest
    Tear("T1",  S.NEW,     S.UNDEFINED, F2),
    Tear("T2",  S.NEW,     S.TESTING,   F3),
    Tear("T3",  S.NEW,     S.VALID,     F3),
    Tear("T4",  S.NEW,     S.INVALID,   F3),
    Tear("T5",  S.NEW,     S.ABORTED,   F3),
    Tear("T6",  S.TESTING, S.UNDEFINED, F2),
    Tear("T7",  S.TESTING, S.INVALID,   F3),
    Tear("T8",  S.VALID,   S.UNDEFINED, F2),
    Tear("T9",  S.VALID,   S.INVALID,   F3),
    Tear("T10", S.INVALID, S.UNDEFINED, F2),
    Tear("T11", S.ABORTED, S.UNDEFINED, F2),
)

ROWS: tuple[Row, ...] = (
    #    id     before                   event            after        kind       write      when                                             source
    # commence() erases the record that is not selected, whichever slot it names, unless it names the running one.
    Row("L01", SETTLED,                  E.COMMENCE,      S.NONE,      K.NORMAL,  W.ERASE,   GIVEN_UP & ONCE & TARGET,                        "IDF-OTA-BEGIN"),
    Row("L02", SETTLED,                  E.COMMENCE,      S.NONE,      K.NORMAL,  W.ERASE,   GIVEN_UP & ONCE & OTHER,                         "IDF-OTA-BEGIN"),
    Row("L03", UNSETTLED,                E.COMMENCE,      S.NONE,      K.FOREIGN, W.ERASE,   GIVEN_UP & ONCE,                                 "IDF-OTA-BEGIN"),
    Row("L04", NAMED,                    E.COMMENCE,      HIDDEN,      K.MISUSE,  W.ERASE,   GIVEN_UP & TWICE,                                "IDF-OTA-BEGIN"),
    Row("L05", ANY,                      E.COMMENCE,      SAME,        K.NORMAL,  W.NOTHING, ~GIVEN_UP,                                       "SEED-COMMENCE"),
    Row("L06", ANY,                      E.WRITE,         SAME,        K.NORMAL,  W.NOTHING, ALWAYS,                                          "SEED-WRITE"),
    Row("L07", ANY,                      E.INFO,          SAME,        K.NORMAL,  W.NOTHING, ALWAYS,                                          "SEED-INFO"),

    # complete(): the target's own record.
    Row("L10", S.NONE,                   E.COMPLETE,      S.NEW,       K.NORMAL,  W.PROGRAM, DONE & TARGET & ROLLBACK,                        "IDF-OTA-SET-BOOT"),
    Row("L11", S.NONE,                   E.COMPLETE,      S.UNDEFINED, K.NORMAL,  W.PROGRAM, DONE & TARGET & NO_ROLLBACK,                     "IDF-OTA-SET-BOOT"),
    Row("L12", SETTLED,                  E.COMPLETE,      S.NEW,       K.NORMAL,  W.REWRITE, TARGET & OVERWRITTEN & ~SELECTED & ROLLBACK,     "IDF-OTA-SET-BOOT"),
    Row("L13", PLAIN,                    E.COMPLETE,      S.UNDEFINED, K.NORMAL,  W.REWRITE, TARGET & OVERWRITTEN & ~SELECTED & NO_ROLLBACK,  "IDF-OTA-SET-BOOT"),
    Row("L14", UNSETTLED,                E.COMPLETE,      S.NEW,       K.FOREIGN, W.REWRITE, TARGET & OVERWRITTEN & ~SELECTED & ROLLBACK,     "IDF-OTA-SET-BOOT"),
    Row("L15", FROM_ROLLBACK,            E.COMPLETE,      S.UNDEFINED, K.FOREIGN, W.REWRITE, TARGET & OVERWRITTEN & ~SELECTED & NO_ROLLBACK,  "IDF-OTA-SET-BOOT"),
    Row("L16", BOOTABLE,                 E.COMPLETE,      S.NEW,       K.MISUSE,  W.REWRITE, TARGET & OVERWRITTEN & SELECTED & ROLLBACK,      "IDF-OTA-SET-BOOT"),
    Row("L17", BOOTABLE,                 E.COMPLETE,      S.UNDEFINED, K.MISUSE,  W.REWRITE, TARGET & OVERWRITTEN & SELECTED & NO_ROLLBACK,   "IDF-OTA-SET-BOOT"),
    Row("L18", (S.INVALID, S.ABORTED),   E.COMPLETE,      S.NEW,       K.NORMAL,  W.PROGRAM, IN_FRONT & REJECTED & ROLLBACK,                  "IDF-OTA-SET-BOOT"),
    Row("L19", (S.INVALID, S.ABORTED),   E.COMPLETE,      S.UNDEFINED, K.NORMAL,  W.PROGRAM, IN_FRONT & REJECTED & NO_ROLLBACK,               "IDF-OTA-SET-BOOT"),
    Row("L20", BOOTABLE,                 E.COMPLETE,      S.NEW,       K.MISUSE,  W.PROGRAM, IN_FRONT & SELECTED & ROLLBACK,                  "IDF-OTA-SET-BOOT-5-1"),
    Row("L21", BOOTABLE,                 E.COMPLETE,      S.UNDEFINED, K.MISUSE,  W.PROGRAM, IN_FRONT & SELECTED & NO_ROLLBACK,               "IDF-OTA-SET-BOOT-5-1"),
    Row("L22", NAMED,                    E.COMPLETE,      SAME,        K.MISUSE,  W.NOTHING, BEHIND,                                          "IDF-OTA-SET-BOOT"),
    # complete(): the record of another slot, whose sector the target's record takes.
    Row("L23", SETTLED,                  E.COMPLETE,      S.NONE,      K.NORMAL,  W.ERASE,   OTHER & OVERWRITTEN & ONCE & ~TARGET_SELECTED & ROLLBACK,    "IDF-OTA-SET-BOOT"),
    Row("L24", PLAIN,                    E.COMPLETE,      S.NONE,      K.NORMAL,  W.ERASE,   OTHER & OVERWRITTEN & ONCE & ~TARGET_SELECTED & NO_ROLLBACK, "IDF-OTA-SET-BOOT"),
    Row("L25", UNSETTLED,                E.COMPLETE,      S.NONE,      K.FOREIGN, W.ERASE,   OTHER & OVERWRITTEN & ONCE & ~TARGET_SELECTED & ROLLBACK,    "IDF-OTA-SET-BOOT"),
    Row("L26", FROM_ROLLBACK,            E.COMPLETE,      S.NONE,      K.FOREIGN, W.ERASE,   OTHER & OVERWRITTEN & ONCE & ~TARGET_SELECTED & NO_ROLLBACK, "IDF-OTA-SET-BOOT"),
    Row("L27", NAMED,                    E.COMPLETE,      S.NONE,      K.MISUSE,  W.ERASE,   OTHER & OVERWRITTEN & ONCE & TARGET_SELECTED,    "IDF-OTA-SET-BOOT-5-1"),
    Row("L28", NAMED,                    E.COMPLETE,      HIDDEN,      K.MISUSE,  W.ERASE,   OTHER & OVERWRITTEN & TWICE,                     "IDF-OTA-SET-BOOT"),
    Row("L29", ANY,                      E.COMPLETE,      SAME,        K.NORMAL,  W.NOTHING, REFUSED | (OTHER & ~OVERWRITTEN),                "SEED-COMPLETE"),

    # accept() acts on the selected record, whatever image runs.
    Row("L30", S.TESTING,                E.ACCEPT,        S.VALID,     K.NORMAL,  W.REWRITE, DONE & SELECTED & RUNNING & ROLLBACK,            "IDF-OTA-MARK-VALID"),
    Row("L31", S.UNDEFINED,              E.ACCEPT,        S.VALID,     K.NORMAL,  W.REWRITE, DONE & SELECTED & RUNNING & NO_ROLLBACK,         "IDF-OTA-MARK-VALID"),
    Row("L32", (S.NEW, S.TESTING),       E.ACCEPT,        S.VALID,     K.MISUSE,  W.REWRITE, DONE & SELECTED & ~RUNNING & ROLLBACK,           "IDF-OTA-MARK-VALID"),
    Row("L33", S.UNDEFINED,              E.ACCEPT,        S.VALID,     K.MISUSE,  W.REWRITE, DONE & SELECTED & ~RUNNING & NO_ROLLBACK,        "IDF-OTA-MARK-VALID"),
    Row("L34", (S.UNDEFINED, S.NEW),     E.ACCEPT,        S.VALID,     K.FOREIGN, W.REWRITE, DONE & SELECTED & RUNNING & ROLLBACK,            "IDF-OTA-MARK-VALID"),
    Row("L35", S.UNDEFINED,              E.ACCEPT,        S.VALID,     K.FOREIGN, W.REWRITE, DONE & SELECTED & ~RUNNING & ROLLBACK,           "IDF-OTA-MARK-VALID"),
    Row("L36", (S.NEW, S.TESTING),       E.ACCEPT,        S.VALID,     K.FOREIGN, W.REWRITE, DONE & SELECTED & NO_ROLLBACK,                   "IDF-OTA-MARK-VALID"),
    Row("L37", S.VALID,                  E.ACCEPT,        SAME,        K.NORMAL,  W.NOTHING, DONE & SELECTED,                                 "IDF-OTA-MARK-VALID"),
    Row("L38", ANY,                      E.ACCEPT,        SAME,        K.NORMAL,  W.NOTHING, REFUSED | ~SELECTED,                             "SEED-ACCEPT"),

    # rollback() too acts on the selected record, whatever image runs.
    Row("L40", (S.TESTING, S.VALID),     E.ROLLBACK,      S.INVALID,   K.NORMAL,  W.REWRITE, DONE & SELECTED & RUNNING & ROLLBACK,            "IDF-OTA-MARK-INVALID"),
    Row("L41", (S.UNDEFINED, S.VALID),   E.ROLLBACK,      S.INVALID,   K.NORMAL,  W.REWRITE, DONE & SELECTED & RUNNING & NO_ROLLBACK,         "IDF-OTA-MARK-INVALID"),
    Row("L42", (S.NEW, S.TESTING, S.VALID), E.ROLLBACK,   S.INVALID,   K.MISUSE,  W.REWRITE, DONE & SELECTED & ~RUNNING & ROLLBACK,           "IDF-OTA-MARK-INVALID"),
    Row("L43", (S.UNDEFINED, S.VALID),   E.ROLLBACK,      S.INVALID,   K.MISUSE,  W.REWRITE, DONE & SELECTED & ~RUNNING & NO_ROLLBACK,        "IDF-OTA-MARK-INVALID"),
    Row("L44", (S.UNDEFINED, S.NEW),     E.ROLLBACK,      S.INVALID,   K.FOREIGN, W.REWRITE, DONE & SELECTED & RUNNING & ROLLBACK,            "IDF-OTA-MARK-INVALID"),
    Row("L45", S.UNDEFINED,              E.ROLLBACK,      S.INVALID,   K.FOREIGN, W.REWRITE, DONE & SELECTED & ~RUNNING & ROLLBACK,           "IDF-OTA-MARK-INVALID"),
    Row("L46", (S.NEW, S.TESTING),       E.ROLLBACK,      S.INVALID,   K.FOREIGN, W.REWRITE, DONE & SELECTED & NO_ROLLBACK,                   "IDF-OTA-MARK-INVALID"),
    Row("L47", ANY,                      E.ROLLBACK,      SAME,        K.NORMAL,  W.NOTHING, REFUSED | ~SELECTED,                             "SEED-ROLLBACK"),

    # A reset. Whatever was being tested is aborted first; then the bootloader chooses.
    Row("L50", S.NEW,                    E.POWER_ON,      S.TESTING,   K.NORMAL,  W.REWRITE, ROLLBACK & CHOSEN,                               "IDF-BOOT-SELECT"),
    Row("L51", S.TESTING,                E.POWER_ON,      S.ABORTED,   K.NORMAL,  W.REWRITE, ROLLBACK,                                        "IDF-BOOT-SELECT"),
    Row("L52", S.NONE,                   E.POWER_ON,      S.VALID,     K.NORMAL,  W.PROGRAM, FRESH & STARTED,                                 "IDF-BOOT-LOAD"),
    Row("L53", S.NONE,                   E.POWER_ON,      SAME,        K.NORMAL,  W.NOTHING, ~(FRESH & STARTED),                              "IDF-BOOT-LOAD"),
    Row("L54", S.NEW,                    E.POWER_ON,      SAME,        K.FOREIGN, W.NOTHING, ~(ROLLBACK & CHOSEN),                            "IDF-BOOT-SELECT"),
    Row("L55", S.TESTING,                E.POWER_ON,      SAME,        K.FOREIGN, W.NOTHING, NO_ROLLBACK,                                     "IDF-BOOT-SELECT"),
    Row("L56", (S.UNDEFINED, *SETTLED),  E.POWER_ON,      SAME,        K.NORMAL,  W.NOTHING, ALWAYS,                                          "IDF-BOOT-SELECT"),
    Row("L57", ANY,                      E.WAKE,          SAME,        K.NORMAL,  W.NOTHING, ALWAYS,                                          "IDF-BOOT-WAKE"),

    # Otadata erased as a whole, sector 0 first.
    Row("L60", NAMED,                    E.ERASE_OTADATA, S.NONE,      K.NORMAL,  W.ERASE,   ALWAYS,                                          "IDF-BOOT-FACTORY-RESET"),
    Row("L61", S.NONE,                   E.ERASE_OTADATA, SAME,        K.NORMAL,  W.NOTHING, ALWAYS,                                          "IDF-BOOT-FACTORY-RESET"),

    # The record that does not decide is erased, and its slot before it.
    Row("L70", NAMED,                    E.ERASE_LAST_BOOT, S.NONE,    K.NORMAL,  W.ERASE,   LAST_BOOT & ONCE,                                "IDF-OTA-ERASE-LAST"),
    Row("L71", NAMED,                    E.ERASE_LAST_BOOT, HIDDEN,    K.MISUSE,  W.ERASE,   LAST_BOOT & TWICE,                               "IDF-OTA-ERASE-LAST"),
    Row("L72", ANY,                      E.ERASE_LAST_BOOT, SAME,      K.NORMAL,  W.NOTHING, ~LAST_BOOT,                                      "IDF-OTA-ERASE-LAST"),

    # Steps that do not run to their end; more of them are made from the rows above.
    Row("L90", ANY,                      WRITERS,         SAME,        K.POWER_CUT,   W.NOTHING, ALWAYS,                                      "IDF-OTADATA-REWRITE", F0),
    Row("L91", ANY,                      WRITERS,         SAME,        K.FLASH_ERROR, W.NOTHING, ALWAYS,                                      "IDF-OTADATA-REWRITE"),
    Row("L92", NAMED,                    E.ERASE_OTADATA, HIDDEN,      K.POWER_CUT,   W.NOTHING, TWICE,                                       "IDF-BOOT-FACTORY-RESET", F0),
    Row("L93", NAMED,                    E.ERASE_OTADATA, HIDDEN,      K.FLASH_ERROR, W.NOTHING, TWICE,                                       "IDF-BOOT-FACTORY-RESET",
        reach="the bootloader selects again in the same reset, and the two are not seen apart"),
    # One slot is named twice, new in front of testing: the second is aborted first, then the first is caught half-way.
    Row("L88", S.NEW,                    E.POWER_ON,      S.ABORTED,   K.POWER_CUT,   W.NOTHING, ROLLBACK & CHOSEN & hides(S.TESTING),        "IDF-BOOT-SELECT", F0),
    Row("L89", S.NEW,                    E.POWER_ON,      S.ABORTED,   K.FLASH_ERROR, W.NOTHING, ROLLBACK & CHOSEN & hides(S.TESTING),        "IDF-BOOT-SELECT"),
    # Sector 0 is gone and sector 1 is caught half-way: the second record shows, torn.
    *(
        Row(f"L92-{tear.id}", NAMED,     E.ERASE_OTADATA, tear.reads,  K.POWER_CUT,   W.NOTHING, hides(tear.word),                            "IDF-BOOT-FACTORY-RESET", tear.weakest)
        for tear in TEARS
    ),
    # A torn number can match its torn check word by chance, and the record then names any slot.
    *(
        Row(f"L9{number}", ANY,          WRITERS,         state,       K.POWER_CUT,   W.NOTHING, STRAY,                                       "IDF-OTADATA-CRC", F3,
            reach="chance: the check word has 32 bits, and one pattern of them must come up")
        for number, state in enumerate(NAMED, start=4)
    ),
)
# fmt: on


def _interrupted(row: Row) -> Iterator[Row]:
    """Yield what a cut, or a flash operation that fails and returns, makes of a row that writes."""
    if row.write is Write.REWRITE:
        yield replace(row, id=f"{row.id}-E", after=HIDDEN, kind=RowKind.POWER_CUT, weakest=F0)
        yield replace(row, id=f"{row.id}-F", after=HIDDEN, kind=RowKind.FLASH_ERROR)
    for tear in TEARS:
        before = _states_torn_by(tear, row)
        if before:
            yield replace(
                row,
                id=f"{row.id}-{tear.id}",
                before=before,
                after=tear.reads,
                kind=RowKind.POWER_CUT,
                weakest=tear.weakest,
            )


def _states_torn_by(tear: Tear, row: Row) -> tuple[State, ...]:
    """Return the states from which the row, torn so, leads to something that it does not lead to anyhow."""
    is_programmed = row.write in (Write.PROGRAM, Write.REWRITE) and row.after is tear.word
    is_erased = row.write in (Write.ERASE, Write.REWRITE)
    return tuple(
        state
        for state in row.states_before
        if (is_programmed or (is_erased and state is tear.word)) and tear.reads not in (state, row.after)
    )


TABLE: tuple[Row, ...] = (*ROWS, *(torn for row in ROWS for torn in _interrupted(row)))
"""Every way to move: ROWS, and what interruptions make of them."""

WHOLE_STEP_ROWS: tuple[Row, ...] = tuple(
    row for row in TABLE if row.kind not in (RowKind.POWER_CUT, RowKind.FLASH_ERROR)
)
"""The rows of calls and resets that run to their end."""


def _rows_from(rows: tuple[Row, ...], before: State, event: Event) -> tuple[Row, ...]:
    """Return those of the rows that lead from a state when something happens, whatever the situation."""
    known = _by_start.get(id(rows))
    if known is None or known[0] is not rows:
        known = _by_start[id(rows)] = rows, {}
    found = known[1].get((before, event))
    if found is None:
        found = tuple(row for row in rows if before in row.states_before and event in row.events)
        known[1][before, event] = found
    return found


_by_start: dict[int, tuple[tuple[Row, ...], dict[tuple[State, Event], tuple[Row, ...]]]] = {}
"""By the identity of a table, which is kept: what was looked up in it."""


def allowed_rows(
    before: State,
    event: Event,
    after: State,
    situation: Situation,
    cut: FaultModel | None = None,
    has_flash_error: bool = False,
) -> tuple[Row, ...]:
    """Return the rows by which a slot can have moved so; none: the move is forbidden.

    cut: the fault model of the cut that ended the step; None: it was not cut. has_flash_error: one of its flash
    operations failed and returned. A row of a whole step also serves a step that was cut, or had an error, later.
    """
    return tuple(
        row
        for row in _rows_from(TABLE, before, event)
        if row.when.holds(situation)
        and row.state_after(before, situation.hidden) is after
        and (row.kind is not RowKind.POWER_CUT or (cut is not None and _weakest(row) <= cut))
        and (row.kind is not RowKind.FLASH_ERROR or has_flash_error)
    )


def whole_row(before: State, event: Event, situation: Situation) -> Row:
    """Return the one row that a call or reset takes when it runs to its end; raises NoSuchMove."""
    rows = [row for row in _rows_from(WHOLE_STEP_ROWS, before, event) if row.when.holds(situation)]
    if len(rows) != 1:
        found = ", ".join(row.id for row in rows) or "no row"
        raise NoSuchMove(f"{before.value}, {event.value}: {found} instead of one for {situation}")
    return rows[0]


def state_after(before: State, event: Event, situation: Situation) -> State:
    """Return the state that a call or reset leads to when it runs to its end; raises NoSuchMove."""
    return whole_row(before, event, situation).state_after(before, situation.hidden)


def _weakest(row: Row) -> FaultModel:
    assert row.weakest is not None, f"{row.id}: a power-cut row names its fault model"
    return row.weakest
