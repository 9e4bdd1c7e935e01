"""The life cycle of one slot's image: every way in which what info() says of a slot can change.

TABLE is the whole of it. A row says: in this state, when this happens, the slot is in that state, provided the
guard holds. For a call that runs to its end exactly one row of TABLE fits (a refusal is a row too), so the
order of the rows carries no meaning. What a power cut or a failing flash operation can do is not written
out row by row: a changed record is first erased, then programmed, and TEARS lists what a record reads as
when its state word is caught half-way. `_interrupted_rows` joins the two.

How to read a line:  "L22: a slot that is testing, on accept(), becomes valid, when it is selected and
running; the record is erased and programmed anew".

Left out: what other programs write into otadata (the table starts from whatever they left), the C functions
that otaupgrade does not call, and sequence numbers at the end of their range.
"""

from dataclasses import dataclass
from enum import Enum

from .faults import FaultModel
from .situation import (
    ALWAYS,
    BEHIND,
    CHOSEN,
    FRESH,
    GIVEN_UP,
    IN_FRONT,
    ONCE,
    OTHER,
    OVERWRITTEN,
    PLAIN,
    REFUSED,
    ROLLBACK,
    RUNNING,
    SELECTED,
    STARTED,
    TARGET,
    TARGET_SELECTED,
    TWICE,
    Guard,
    State,
)


class Event(Enum):
    """What can happen to a slot: the calls of otaupgrade and the kinds of reset."""

    COMMENCE = "commence"
    WRITE = "write"
    COMPLETE = "complete"
    ACCEPT = "accept"
    ROLLBACK = "rollback"
    """The call; the restart that follows is an event of its own."""
    INFO = "info"
    POWER_ON = "power_on"
    """Any reset that runs the bootloader's selection, with or without the test pin."""
    FACTORY_RESET = "factory_reset"
    """A reset with the factory-reset pin held: select, erase data partitions, select again."""
    WAKE = "wake"
    """A wake-up from deep sleep by the fast path, which does not look at otadata."""


class Kind(Enum):
    """Why a row can be walked."""

    NORMAL = "normal"
    """As documented, or nothing changes."""
    MISUSE = "misuse"
    """Calls in another order than documented, or for an image that is not the one running."""
    FAULT = "fault"
    """From a state word that this build never writes, or by a flash operation that failed and returned."""
    POWER_CUT = "power cut"
    """Only in a step that is cut."""


class Follows(Enum):
    """A state after that depends on the one before."""

    SAME = "same"
    """Unchanged."""
    HIDDEN = "hidden"
    """What the slot's second record says, now that the first is gone."""


class Write(Enum):
    """What happens to the record that the row is about."""

    NOTHING = "nothing"
    ERASE = "erase"
    """Its sector is erased (and may then take another slot's record)."""
    PROGRAM = "program"
    """It is programmed into a sector that held nothing of this slot."""
    REWRITE = "rewrite"
    """Its sector is erased, then programmed."""


class Action(Enum):
    """How a step ends that does not run to its end as written."""

    CUT = "cut"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Row:
    """One way to move."""

    id: str
    before: State | tuple[State, ...]
    event: Event | tuple[Event, ...]
    after: State | Follows
    kind: Kind
    write: Write
    when: Guard
    source: str
    """Id in docs/sources.toml."""
    weakest: FaultModel | None = None
    """POWER_CUT: the weakest fault model that allows it."""
    reach: str = ""
    """Why neither recordings nor tests walk it; empty when they do."""

    @property
    def states_before(self) -> tuple[State, ...]:
        """The states it leads from."""
        return (self.before,) if isinstance(self.before, State) else self.before

    @property
    def events(self) -> tuple[Event, ...]:
        """The events it answers to."""
        return (self.event,) if isinstance(self.event, Event) else self.event

    def state_after(self, before: State, hidden: State) -> State:
        """Return where it leads."""
        if isinstance(self.after, State):
            return self.after
        return before if self.after is Follows.SAME else hidden


@dataclass(frozen=True, slots=True)
class Tear:
    """A record whose number and check word are whole while its state word is caught half-way."""

    id: str
    word: State
    """The state being programmed, or erased: either way bits of the word are still, or already, 1."""
    reads: State
    weakest: FaultModel
    source: str


S, E, K, W = State, Event, Kind, Write
SAME, HIDDEN = Follows.SAME, Follows.HIDDEN
F0, F2, F3 = FaultModel.F0, FaultModel.F2, FaultModel.F3

NAMED = (S.UNDEFINED, S.NEW, S.TESTING, S.VALID, S.INVALID, S.ABORTED)
ANY = (S.NONE, *NAMED)

# fmt: off
# What a state word reads as while it is programmed or erased. Whole bytes of FF make it a word that is none of
# the five; single bits make 0 (new) anything, 1 (testing) and 2 (valid) also 3 (invalid).
TEARS: tuple[Tear, ...] = (
    #     id     word        reads        weakest
    Tear("T1",  S.NEW,      S.UNDEFINED, F2, "IDF-OTADATA-STATES"),
    Tear("T2",  S.NEW,      S.TESTING,   F3, "IDF-OTADATA-STATES"),
    Tear("T3",  S.NEW,      S.VALID,     F3, "IDF-OTADATA-STATES"),
    Tear("T4",  S.NEW,      S.INVALID,   F3, "IDF-OTADATA-STATES"),
    Tear("T5",  S.NEW,      S.ABORTED,   F3, "IDF-OTADATA-STATES"),
    Tear("T6",  S.TESTING,  S.UNDEFINED, F2, "IDF-OTADATA-STATES"),
    Tear("T7",  S.TESTING,  S.INVALID,   F3, "IDF-OTADATA-STATES"),
    Tear("T8",  S.VALID,    S.UNDEFINED, F2, "IDF-OTADATA-STATES"),
    Tear("T9",  S.VALID,    S.INVALID,   F3, "IDF-OTADATA-STATES"),
    Tear("T10", S.INVALID,  S.UNDEFINED, F2, "IDF-OTADATA-STATES"),
    Tear("T11", S.ABORTED,  S.UNDEFINED, F2, "IDF-OTADATA-STATES"),
)

# What calls and resets do. `when` speaks of the slot: is its record the selected one, is its image the one running,
# is it the target of the upgrade; see situation.py for each word.
ROWS: tuple[Row, ...] = (
    #    id     before                                 event            after        kind      write      when                                          source
    Row("L01", NAMED,                                 E.COMMENCE,      S.NONE,      K.NORMAL, W.ERASE,   GIVEN_UP & ONCE & TARGET,                     "IDF-OTA-BEGIN"),
    Row("L02", NAMED,                                 E.COMMENCE,      S.NONE,      K.NORMAL, W.ERASE,   GIVEN_UP & ONCE & OTHER,                      "IDF-OTA-BEGIN"),
    Row("L03", NAMED,                                 E.COMMENCE,      HIDDEN,      K.MISUSE, W.ERASE,   GIVEN_UP & TWICE,                             "IDF-OTA-BEGIN"),
    Row("L04", ANY,                                   E.COMMENCE,      SAME,        K.NORMAL, W.NOTHING, ~GIVEN_UP,                                    "IDF-OTA-BEGIN"),
    Row("L05", ANY,                                   E.WRITE,         SAME,        K.NORMAL, W.NOTHING, ALWAYS,                                       "IDF-OTA-BEGIN"),
    Row("L06", ANY,                                   E.INFO,          SAME,        K.NORMAL, W.NOTHING, ALWAYS,                                       "SEED-INFO"),

    Row("L10", S.NONE,                                E.COMPLETE,      S.NEW,       K.NORMAL, W.PROGRAM, ~REFUSED & TARGET & ROLLBACK,                 "IDF-OTA-SET-BOOT"),
    Row("L11", S.NONE,                                E.COMPLETE,      S.UNDEFINED, K.NORMAL, W.PROGRAM, ~REFUSED & TARGET & PLAIN,                    "IDF-OTA-SET-BOOT"),
    Row("L12", NAMED,                                 E.COMPLETE,      S.NEW,       K.NORMAL, W.REWRITE, TARGET & OVERWRITTEN & ROLLBACK & ~SELECTED,   "IDF-OTA-SET-BOOT"),
    Row("L13", NAMED,                                 E.COMPLETE,      S.UNDEFINED, K.NORMAL, W.REWRITE, TARGET & OVERWRITTEN & PLAIN & ~SELECTED,      "IDF-OTA-SET-BOOT"),
    Row("L14", NAMED,                                 E.COMPLETE,      S.NEW,       K.MISUSE, W.REWRITE, TARGET & OVERWRITTEN & ROLLBACK & SELECTED,    "IDF-OTA-SET-BOOT"),
    Row("L15", NAMED,                                 E.COMPLETE,      S.UNDEFINED, K.MISUSE, W.REWRITE, TARGET & OVERWRITTEN & PLAIN & SELECTED,       "IDF-OTA-SET-BOOT"),
    Row("L16", NAMED,                                 E.COMPLETE,      S.NEW,       K.MISUSE, W.PROGRAM, IN_FRONT & ROLLBACK,                          "IDF-OTA-SET-BOOT"),
    Row("L17", NAMED,                                 E.COMPLETE,      S.UNDEFINED, K.MISUSE, W.PROGRAM, IN_FRONT & PLAIN,                             "IDF-OTA-SET-BOOT"),
    Row("L18", NAMED,                                 E.COMPLETE,      SAME,        K.MISUSE, W.NOTHING, BEHIND,                                       "IDF-OTA-SET-BOOT"),
    Row("L19", NAMED,                                 E.COMPLETE,      S.NONE,      K.NORMAL, W.ERASE,   OTHER & OVERWRITTEN & ONCE & ~TARGET_SELECTED, "IDF-OTA-SET-BOOT"),
    Row("L20", NAMED,                                 E.COMPLETE,      S.NONE,      K.MISUSE, W.ERASE,   OTHER & OVERWRITTEN & ONCE & TARGET_SELECTED, "IDF-OTA-SET-BOOT"),
    Row("L21", NAMED,                                 E.COMPLETE,      HIDDEN,      K.MISUSE, W.ERASE,   OTHER & OVERWRITTEN & TWICE,                  "IDF-OTA-SET-BOOT"),
    Row("L22", ANY,                                   E.COMPLETE,      SAME,        K.NORMAL, W.NOTHING, REFUSED | (OTHER & ~OVERWRITTEN),             "SEED-COMPLETE"),

    Row("L30", S.TESTING,                             E.ACCEPT,        S.VALID,     K.NORMAL, W.REWRITE, ~REFUSED & SELECTED & ROLLBACK & RUNNING,     "IDF-OTA-MARK-VALID"),
    Row("L31", S.UNDEFINED,                           E.ACCEPT,        S.VALID,     K.NORMAL, W.REWRITE, ~REFUSED & SELECTED & PLAIN & RUNNING,        "IDF-OTA-MARK-VALID"),
    Row("L32", (S.NEW, S.TESTING),                    E.ACCEPT,        S.VALID,     K.MISUSE, W.REWRITE, ~REFUSED & SELECTED & ROLLBACK & ~RUNNING,    "IDF-OTA-MARK-VALID"),
    Row("L33", S.UNDEFINED,                           E.ACCEPT,        S.VALID,     K.MISUSE, W.REWRITE, ~REFUSED & SELECTED & PLAIN & ~RUNNING,       "IDF-OTA-MARK-VALID"),
    Row("L34", S.UNDEFINED,                           E.ACCEPT,        S.VALID,     K.FAULT,  W.REWRITE, ~REFUSED & SELECTED & ROLLBACK,               "IDF-OTA-MARK-VALID"),
    Row("L35", (S.NEW, S.TESTING),                    E.ACCEPT,        S.VALID,     K.FAULT,  W.REWRITE, ~REFUSED & SELECTED & PLAIN,                  "IDF-OTA-MARK-VALID"),
    Row("L36", S.NEW,                                 E.ACCEPT,        S.VALID,     K.FAULT,  W.REWRITE, ~REFUSED & SELECTED & ROLLBACK & RUNNING,     "IDF-OTA-MARK-VALID"),
    Row("L37", S.VALID,                               E.ACCEPT,        SAME,        K.NORMAL, W.NOTHING, ~REFUSED & SELECTED,                          "IDF-OTA-MARK-VALID"),
    Row("L38", ANY,                                   E.ACCEPT,        SAME,        K.NORMAL, W.NOTHING, REFUSED | ~SELECTED,                          "SEED-ACCEPT"),

    Row("L40", (S.TESTING, S.VALID),                  E.ROLLBACK,      S.INVALID,   K.NORMAL, W.REWRITE, ~REFUSED & SELECTED & ROLLBACK & RUNNING,     "IDF-OTA-MARK-INVALID"),
    Row("L41", (S.UNDEFINED, S.VALID),                E.ROLLBACK,      S.INVALID,   K.NORMAL, W.REWRITE, ~REFUSED & SELECTED & PLAIN & RUNNING,        "IDF-OTA-MARK-INVALID"),
    Row("L42", (S.NEW, S.TESTING, S.VALID),           E.ROLLBACK,      S.INVALID,   K.MISUSE, W.REWRITE, ~REFUSED & SELECTED & ROLLBACK & ~RUNNING,    "IDF-OTA-MARK-INVALID"),
    Row("L43", (S.UNDEFINED, S.VALID),                E.ROLLBACK,      S.INVALID,   K.MISUSE, W.REWRITE, ~REFUSED & SELECTED & PLAIN & ~RUNNING,       "IDF-OTA-MARK-INVALID"),
    Row("L44", S.UNDEFINED,                           E.ROLLBACK,      S.INVALID,   K.FAULT,  W.REWRITE, ~REFUSED & SELECTED & ROLLBACK,               "IDF-OTA-MARK-INVALID"),
    Row("L45", (S.NEW, S.TESTING),                    E.ROLLBACK,      S.INVALID,   K.FAULT,  W.REWRITE, ~REFUSED & SELECTED & PLAIN,                  "IDF-OTA-MARK-INVALID"),
    Row("L46", S.NEW,                                 E.ROLLBACK,      S.INVALID,   K.FAULT,  W.REWRITE, ~REFUSED & SELECTED & ROLLBACK & RUNNING,     "IDF-OTA-MARK-INVALID"),
    Row("L47", ANY,                                   E.ROLLBACK,      SAME,        K.NORMAL, W.NOTHING, REFUSED | ~SELECTED,                          "SEED-ROLLBACK"),

    Row("L50", S.NEW,                                 E.POWER_ON,      S.TESTING,   K.NORMAL, W.REWRITE, ROLLBACK & CHOSEN,                            "IDF-BOOT-SELECT"),
    Row("L51", S.TESTING,                             E.POWER_ON,      S.ABORTED,   K.NORMAL, W.REWRITE, ROLLBACK,                                     "IDF-BOOT-SELECT"),
    Row("L52", S.NONE,                                E.POWER_ON,      S.VALID,     K.NORMAL, W.PROGRAM, FRESH & STARTED,                              "IDF-BOOT-LOAD"),
    Row("L53", S.NONE,                                E.POWER_ON,      SAME,        K.NORMAL, W.NOTHING, ~(FRESH & STARTED),                           "IDF-BOOT-LOAD"),
    Row("L54", S.NEW,                                 E.POWER_ON,      SAME,        K.NORMAL, W.NOTHING, ~(ROLLBACK & CHOSEN),                         "IDF-BOOT-SELECT"),
    Row("L55", S.TESTING,                             E.POWER_ON,      SAME,        K.FAULT,  W.NOTHING, PLAIN,                                        "IDF-BOOT-SELECT"),
    Row("L56", (S.UNDEFINED, S.VALID, S.INVALID, S.ABORTED), E.POWER_ON, SAME,      K.NORMAL, W.NOTHING, ALWAYS,                                       "IDF-BOOT-SELECT"),
)
# fmt: on

TABLE: tuple[Row, ...] = ROWS
