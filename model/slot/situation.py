"""What the life-cycle table may ask of the moment in which something happens to a slot.

The state of a slot is what otaupgrade.info() says of it: the state word of the *reported record*, which is the
first of the two otadata records that has a good check word and names the slot. That is not always the
record that the bootloader goes by, and two records may name one slot; a Situation says how the slot's
reported record stands to the call (IDF-OTA-GET-STATE). Guards are named questions about it; they combine with & | ~.
"""

from collections.abc import Callable
from dataclasses import dataclass, fields
from enum import Enum

from ..config import Config, Release


class State(Enum):
    """What info() says of a slot. Source: NODEMCU-INFO."""

    NONE = "none"
    """Its table for the slot is empty: no record with a good check word names the slot."""
    UNDEFINED = "undefined"
    """Marked for boot by a build without rollback; any state word that is not one of the five reads so too."""
    NEW = "new"
    TESTING = "testing"
    VALID = "valid"
    INVALID = "invalid"
    ABORTED = "aborted"


class Place(Enum):
    """Where the slot's reported record is, as the running application sees it."""

    ABSENT = "absent"
    """No record names the slot."""
    SELECTED = "selected"
    """It is the record that decides what boots: the greatest number among those that may be booted."""
    SPARE = "spare"
    """The record in the other sector decides."""
    REJECTED = "rejected"
    """No record decides: neither may be booted."""


@dataclass(frozen=True, slots=True)
class Situation:
    """How one slot stands to one call or reset, just before it."""

    config: Config
    place: Place = Place.ABSENT
    in_first_sector: bool = False
    """The reported record is in sector 0 of otadata."""
    hidden: State = State.NONE
    """What the second record says when both name the slot; info() does not show it."""
    is_running: bool = False
    """The slot's image is the one that runs."""
    is_target: bool = False
    """The slot is the one that commence() and complete() act on: the next one after the running one."""
    target_is_selected: bool = False
    """The record that decides what boots names that target."""
    is_refused: bool = False
    """The call did not get as far as otadata: it raised an error, or complete() kept one to itself.

    Source: NODEMCU-COMPLETE."""
    is_chosen: bool = False
    """At a reset: the reported record decides what boots, once those under test are aborted."""
    is_fresh: bool = False
    """At a reset: neither record counts for anything, and no factory app starts in their place, so the bootloader
    writes one for the image that starts."""
    is_started: bool = False
    """At a reset: the slot's image is the one that is started."""
    is_stray: bool = False
    """After a cut: a torn sequence number matches its torn check word by chance, and names this slot."""

    def __str__(self) -> str:
        """Name the build, the place of the record and all that is so."""
        facts = [field.name.replace("_", " ") for field in fields(self) if getattr(self, field.name) is True]
        build = f"{self.config.app_release.label}, rollback {'on' if self.config.rollback else 'off'}"
        hidden = [] if self.hidden is State.NONE else [f"hidden {self.hidden.value}"]
        return ", ".join([build, self.place.value, *hidden, *facts])


@dataclass(frozen=True, slots=True)
class Guard:
    """A yes-or-no question about a Situation, with the words that a reader reads."""

    text: str
    holds: Callable[[Situation], bool]

    def __and__(self, other: "Guard") -> "Guard":
        """Both hold."""
        return Guard(f"{self.text}, {other.text}", lambda s: self.holds(s) and other.holds(s))

    def __or__(self, other: "Guard") -> "Guard":
        """At least one holds."""
        return Guard(f"({self.text}; or {other.text})", lambda s: self.holds(s) or other.holds(s))

    def __invert__(self) -> "Guard":
        """It does not hold."""
        return Guard(f"not ({self.text})", lambda s: not self.holds(s))

    def called(self, text: str) -> "Guard":
        """The same question in other words."""
        return Guard(text, self.holds)


ALWAYS = Guard("always", lambda s: True)
ROLLBACK = Guard("rollback on", lambda s: s.config.rollback)
NO_ROLLBACK = (~ROLLBACK).called("rollback off")
FROM_5_5 = Guard("application from 5.5 on", lambda s: s.config.app_release >= Release.V5_5)
FROM_6_0 = Guard("application from 6.0 on", lambda s: s.config.app_release >= Release.V6_0)
REFUSED = Guard("refused", lambda s: s.is_refused)
DONE = (~REFUSED).called("done")
SELECTED = Guard("selected", lambda s: s.place is Place.SELECTED)
SPARE = Guard("spare", lambda s: s.place is Place.SPARE)
REJECTED = Guard("nothing selected", lambda s: s.place is Place.REJECTED)
FIRST_SECTOR = Guard("in sector 0", lambda s: s.in_first_sector)
TWICE = Guard("named twice", lambda s: s.hidden is not State.NONE)
ONCE = (~TWICE).called("named once")
RUNNING = Guard("running", lambda s: s.is_running)
TARGET = Guard("target", lambda s: s.is_target)
OTHER = (~TARGET).called("not the target")
TARGET_SELECTED = Guard("target already selected", lambda s: s.target_is_selected)
CHOSEN = Guard("chosen", lambda s: s.is_chosen)
FRESH = Guard("no record, no factory", lambda s: s.is_fresh)
STARTED = Guard("started", lambda s: s.is_started)
STRAY = Guard("torn number names it by chance", lambda s: s.is_stray)


def hides(state: State) -> Guard:
    """The second record that names the slot says `state`."""
    return Guard(f"second record {state.value}", lambda s: s.hidden is state)


GIVEN_UP = (DONE & ROLLBACK & FROM_5_5 & SPARE & ~RUNNING).called("given up by commence()")
"""commence() erases the spare record, unless it names the running slot. Source: IDF-OTA-BEGIN."""

LAST_BOOT = (DONE & SPARE & ~RUNNING).called("erased as the last boot")
"""esp_ota_erase_last_boot_app_partition() erases the spare record, unless it names the running slot.

Source: IDF-OTA-ERASE-LAST."""

_IN_PLACE = TARGET_SELECTED & FROM_6_0
OVERWRITTEN = (DONE & ((SELECTED & TARGET & FROM_6_0) | (SPARE & ~_IN_PLACE) | (REJECTED & FIRST_SECTOR))).called(
    "overwritten by complete()"
)
"""complete() writes the sector of the spare record; that of the selected one when it names the target already
and the application is from 6.0 on; sector 0 when nothing is selected. Source: IDF-OTA-SET-BOOT."""

BEHIND = (DONE & TARGET & FIRST_SECTOR & ~OVERWRITTEN & (SELECTED | SPARE | REJECTED)).called(
    "new record behind the reported one"
)
"""complete() writes sector 1 for a slot that sector 0 goes on to name, so info() does not show it."""
IN_FRONT = (DONE & TARGET & ~FIRST_SECTOR & ~OVERWRITTEN & (SELECTED | SPARE | REJECTED)).called(
    "new record in front of the reported one"
)
"""complete() writes sector 0 for a slot that sector 1 names too."""
