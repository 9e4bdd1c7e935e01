"""The state of a whole device: two otadata records, the slots, the eFuse, and the program that runs.

What a program does is a chain of micro-steps. `task` says what is going on, and for a record that is being rewritten
`phase` says how far: its sector is erased first, then programmed. Once the sector is erased, the fields of its record
hold *what is being programmed*, and the sector itself is blank; a cut then leaves one of the tears of that record.

`running`, `session`, `other_session`, `asked`, `sector` and `phase` live in RAM and processor: a reset replaces them
all. Ghost variables (history variables) record what no program knows and a claim speaks of; a scope has those of its
claims, and no others.

A place is where an image can be: 0 … n-1 for the OTA slots, n for the factory partition, n+1 for nowhere.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from enum import Enum, IntEnum, auto

from ..config import Chip, Config, Release
from ..fault_model import MODELLED_FAULTS, FaultModel
from ..remedies import Remedy
from ..terms.terms import Bool, Num, Term, fact
from .allowance import Allowance
from .records import Numbers, Records


class Task(IntEnum):
    """What is going on. Those from COMMENCE on are calls of the application, with work of theirs left to do."""

    OFF = 0
    """No power."""
    SELECT = auto()
    """The bootloader looks at otadata."""
    ABORT = auto()
    """The bootloader makes ABORTED of PENDING_VERIFY, then looks again."""
    TRY = auto()
    """The bootloader makes PENDING_VERIFY of NEW, then starts the slot."""
    BURN = auto()
    """The bootloader burns the version of an accepted image, then starts the slot."""
    FRESH = auto()
    """The bootloader writes the first record of a device that had none, as VALID."""
    BURN_FRESH = auto()
    """And burns the version of the image it goes to start."""
    STARTED = auto()
    """An image has been started and has done nothing yet."""
    STUCK = auto()
    """The bootloader found nothing to start and resets for ever."""
    RUN = auto()
    """The application is between calls."""
    COMMENCE = auto()
    """commence() erases the target."""
    SPARE = auto()
    """commence() erases the spare record."""
    COMPLETE = auto()
    """complete() writes the record of the target."""
    REJECT = auto()
    """complete() erases an image whose secure version is too old."""
    ACCEPT = auto()
    """accept() makes the active record VALID."""
    BURN_ACCEPT = auto()
    """accept() burns the version of the running image."""
    ROLLBACK = auto()
    """rollback() makes the active record INVALID, then restarts."""
    SET_BOOT = auto()
    """esp_ota_set_boot_partition(slot) writes a record of the slot that it was asked for."""
    FORGET_FIRST = auto()
    """esp_ota_set_boot_partition(factory), or the factory reset, erases the first record …"""
    FORGET_SECOND = auto()
    """… then the second."""
    SET_BOOT_REJECT = auto()
    """esp_ota_set_boot_partition(slot) erases an image whose secure version is too old."""
    ERASE_LAST = auto()
    """esp_ota_erase_last_boot_app_partition() erases the slot of the record that does not decide …"""
    FORGET_LAST = auto()
    """… then that record."""
    UNNAME = auto()
    """By turns: esp_ota_begin writes the state without the slot that it is about to erase."""
    UNNAME_RESUMED = auto()
    """By turns: esp_ota_resume writes it without the slot that it goes on with."""


TURNS_TASKS = (Task.UNNAME, Task.UNNAME_RESUMED)
"""Tasks that are there only where otadata is kept by turns."""


class Phase(IntEnum):
    """How far a record is rewritten."""

    ERASE = 0
    """Its sector is being erased; the record is the old one."""
    PROGRAM = 1
    """The sector is blank; the record is the one being programmed."""


class Content(IntEnum):
    """What a slot holds."""

    EMPTY = 0
    """Not even the description of an image: erased, or only its first bytes are there."""
    PARTIAL = 1
    """An image of which the last part is not written yet."""
    BROKEN = 2
    """All of an image, or what a torn erase left of one: it does not verify, though its description reads well."""
    COMPLETE = 3
    """An image that verifies."""


class Usage(Enum):
    """How the application uses the calls."""

    DOCUMENTED = "documented"
    """As NodeMCU documents the calls: accept() once for the image that runs under test, nothing out of order; but
    complete(nil) keeps the application running, and whatever it may call then."""
    RESTART_AT_ONCE = "restart-at-once"
    """As documented, and nothing between complete() and the restart, as complete(1) has it."""
    ANY = "any"
    """In any order, and with them calls of ESP-IDF's own: esp_ota_set_boot_partition of any OTA slot and of factory,
    esp_ota_abort, esp_ota_resume, esp_ota_write_with_offset, esp_ota_erase_last_boot_app_partition; before 6.1 two
    handles at once."""


class Ghost(Enum):
    """A group of facts that claims speak of and no program knows."""

    FINISHED = "finished"
    """Per slot: what it holds was provisioned, or passed the verification of complete()."""
    EARNED = "earned"
    """Per slot: what it holds was provisioned, or called accept() while it was under test."""
    EXPECTED = "expected"
    """The place that has to start next, and why."""
    CHOICE = "choice"
    """The places that may start after a cut in the call that is going on: as before it, as after it."""
    REJECTED = "rejected"
    """Per slot: a record that called what it holds INVALID or ABORTED was written, and the slot was not wiped since."""
    ORIGIN = "origin"
    """The slot of the last upgrade that was started, and the place that ran when it was marked."""


class Expectation(IntEnum):
    """Why a place has to start next."""

    NONE = 0
    MARKED = 1
    """complete() has marked the new image, and no call was made since."""
    TRIED = 2
    """The new image runs and is not accepted: the one before it starts next."""
    ACCEPTED = 3
    """accept() has returned: the image that runs stays."""
    REFUSED = 4
    """rollback() restarts: anything but the place expected."""
    SELECTED = 5
    """esp_ota_set_boot_partition() has returned: the place that it was asked for starts next."""
    CHANGED = 6
    """A call has raised an error, and the next power-on starts another place than without the call."""
    SPOILT = 7
    """rollback() has raised an error, and flash is not as it was."""


CHIPS_WITHOUT_RTC_FAST_MEMORY = (Chip.ESP32C2, Chip.ESP32C61)
"""They wake to what otadata selects, not to the image that ran. Source: IDF-BOOT-WAKE."""
NEVER = fact(False)


def why_left_out(config: Config, allows: frozenset[Allowance]) -> str:
    """Return why the model has no such build where this is allowed, in one line; empty if it has."""
    skips = config.skip_validate_always or config.skip_validate_on_power_on
    if skips and Allowance.FAILING_FLASH in allows:
        return "skipped validation (SKIP_VALIDATE_ALWAYS, _ON_POWER_ON) is modelled without failing flash"
    if skips and config.anti_rollback and not config.skip_validate_always:
        return "SKIP_VALIDATE_ON_POWER_ON is modelled without anti-rollback"
    if config.skip_validate_in_deep_sleep and config.chip in CHIPS_WITHOUT_RTC_FAST_MEMORY:
        return f"the model wakes the image that ran, and {config.chip.value} does not remember which"
    if config.anti_rollback and Allowance.PINS in allows:
        return "the pins are modelled without anti-rollback"
    return ""


def why_not_by_turns(config: Config, allows: frozenset[Allowance], remedies: frozenset[Remedy]) -> str:
    """Return why the model has no such device with otadata by turns, in one line; empty if it has."""
    if not config.updates.calls_begin:
        return f"{config.updater.value} writes slots past esp_ota_begin, which by-turns relies on"
    if remedies - {Remedy.RESTART_AT_ONCE}:
        return "by-turns is modelled without remedies: it asks none of the application"
    if allows - {Allowance.OTHER_WRITERS, Allowance.FAILING_FLASH}:
        return "by-turns is modelled without pins and records of other programs"
    return ""


@dataclass(frozen=True, slots=True)
class Scope:
    """What a model covers: it is built for one scope, and has nothing that the scope rules out."""

    config: Config = field(default_factory=Config)
    slots: int = 2
    """OTA slots, 1 … 16: ota_0 … without a gap."""
    has_factory: bool = False
    """There is a factory partition, and it holds a whole image of secure version 0, for ever."""
    faults: FaultModel = FaultModel.F1
    usage: Usage = Usage.ANY
    versions: int = 3
    """Secure versions 0 … versions - 1 that an image can have; counts with anti-rollback only."""
    ghosts: frozenset[Ghost] = frozenset()
    numbers: Numbers = Numbers.RANKED
    counts: tuple[int, ...] = ()
    """Where given, it is left open which of these is the number of OTA slots; `slots` is the greatest."""
    allows: frozenset[Allowance] = frozenset()
    """What can happen beyond calls, resets and power cuts."""
    remedies: frozenset[Remedy] = frozenset()
    """Those that are on; a restart at once is a usage."""

    def __hash__(self) -> int:
        """Go by what tells most scopes apart."""
        return hash((self.config, self.slots, self.has_factory, self.faults, self.versions, self.ghosts))

    def __post_init__(self) -> None:
        """Refuse sizes that no device has."""
        if not 1 <= self.slots <= 16:
            raise ValueError(f"{self.slots} OTA slots, not 1 … 16")
        if self.faults not in MODELLED_FAULTS:
            raise ValueError(f"{self.faults.name}: the device model has F0 … F3")
        if self.counts and (max(self.counts) != self.slots or min(self.counts) < 1):
            raise ValueError(f"{self.counts}: numbers of OTA slots, the greatest {self.slots}")
        if self.counts and self.numbers is not Numbers.EXACT:
            raise ValueError("with any of several numbers of OTA slots, sequence numbers are exact")
        if not 2 <= self.versions <= 4:
            raise ValueError(f"{self.versions} secure versions, not 2 … 4")
        config = self.config
        why = why_left_out(config, self.allows)
        if why:
            raise ValueError(why)
        if self.has_end_numbers and self.slots != 2:
            # With 3 slots the search for the next number wraps, with 4 or more it can go on for ever.
            raise ValueError("the ends of the number range are modelled with 2 OTA slots: no number wraps there")
        if self.has_end_numbers and self.has_strays:
            raise ValueError("the ends of the number range are modelled up to F2: without stray numbers")
        if Remedy.RESTART_AT_ONCE in self.remedies:
            raise ValueError(f"{Remedy.RESTART_AT_ONCE.value} is a usage")
        if Remedy.ERASE_LAST_BOOT in self.remedies and Allowance.FAILING_FLASH in self.allows:
            raise ValueError(f"{Remedy.ERASE_LAST_BOOT.value} is modelled without failing flash")
        if config.notes_in_place:
            raise ValueError(f"{Remedy.NOTE_IN_PLACE.value} is a remedy")
        if self.is_patched and (self.faults > FaultModel.F1 or self.allows):
            raise ValueError(f"{Remedy.NOTE_IN_PLACE.value} is modelled up to F1, and with nothing else allowed")
        why = why_not_by_turns(config, self.allows, self.remedies) if config.is_by_turns else ""
        if why:
            raise ValueError(why)
        if config.anti_rollback and config.secure_version_bits < self.versions - 1:
            raise ValueError(f"{config.secure_version_bits} eFuse bits hold no {self.versions} secure versions")

    @property
    def factory(self) -> int:
        """The place of the factory partition."""
        return self.slots

    @property
    def nowhere(self) -> int:
        """The place that is none."""
        return self.slots + 1

    @property
    def skips_validation(self) -> bool:
        """The bootloader loads some image without validation, by its headers alone. Source: IDF-BOOT-SKIP."""
        return self.config.skip_validate_always or self.config.skip_validate_on_power_on

    @property
    def skips_at_power_on_alone(self) -> bool:
        """It does so at a power-on, and validates at any other reset."""
        return self.config.skip_validate_on_power_on and not self.config.skip_validate_always

    @property
    def has_api_calls(self) -> bool:
        """The usage has calls of ESP-IDF's own, and there can be a slot that does not run, to which they matter.

        Where flash operations can fail, they are left out, but for esp_ota_set_boot_partition of what runs and of
        factory; see left_out.py."""
        can_fail = Allowance.FAILING_FLASH in self.allows
        return self.usage is Usage.ANY and not can_fail and (self.slots > 1 or self.has_factory)

    @property
    def erases_last_boot(self) -> bool:
        """The application erases the image that ran before, in the usage or as a remedy."""
        return self.has_api_calls or Remedy.ERASE_LAST_BOOT in self.remedies

    @property
    def is_by_turns(self) -> bool:
        """Otadata is kept by turns; see by_turns/."""
        return self.config.is_by_turns

    @property
    def is_patched(self) -> bool:
        """Its bootloader and application are not ESP-IDF's: they note a try in place."""
        return Remedy.NOTE_IN_PLACE in self.remedies

    @property
    def has_two_handles(self) -> bool:
        """Two handles can be open on one slot: esp_ota_begin does not ask whether one is. Source: IDF-OTA-BEGIN."""
        return self.has_api_calls and self.config.app_release < Release.V6_1

    @property
    def place_bits(self) -> int:
        """Width of a place."""
        return self.nowhere.bit_length()

    @property
    def slot_bits(self) -> int:
        """Width of the number of a slot."""
        return max(1, (self.slots - 1).bit_length())

    @property
    def seq_bits(self) -> int:
        """Width of a sequence number."""
        if self.numbers is Numbers.EXACT:
            return 32
        return (2 * self.slots + 2).bit_length() + self.has_end_numbers

    @property
    def has_end_numbers(self) -> bool:
        """Other programs write numbers at the ends of the range; see end_numbers.py."""
        return Allowance.END_NUMBERS in self.allows

    @property
    def last_number(self) -> int | None:
        """The last number of all, as the scope keeps it, where a record can be given it; None elsewhere."""
        return (1 << self.seq_bits) - 1 if self.has_end_numbers else None

    @property
    def has_strays(self) -> bool:
        """A cut can leave a right check word on a number that was never written; see stray_numbers.py."""
        return self.faults >= FaultModel.F3 and not self.is_by_turns

    @property
    def version_bits(self) -> int:
        """Width of a secure version."""
        return (self.versions - 1).bit_length()


@dataclass(frozen=True, slots=True)
class Slot:
    """One OTA slot."""

    content: Num
    version: Num
    """Secure version of the image; 0 for an empty slot."""
    is_finished: Bool
    is_earned: Bool
    is_rejected: Bool
    is_loadable: Bool = NEVER
    """It does not verify, and its headers are whole, so that it loads where the bootloader skips validation."""

    @property
    def is_complete(self) -> Bool:
        """Its image verifies."""
        return self.content == Content.COMPLETE

    @property
    def loads(self) -> Bool:
        """The bootloader loads its image when it skips validation."""
        return self.is_complete | self.is_loadable

    @property
    def has_description(self) -> Bool:
        """The description of an image can be read."""
        return self.content != Content.EMPTY


@dataclass(frozen=True, slots=True)
class Device:
    """The state: every value is a term over the fields of the state before."""

    slot_count: Num
    """How many of the slots there are; it never changes. Those beyond stay empty."""

    task: Num
    phase: Num
    sector: Num
    """The sector of otadata that is being rewritten; FIRST when none is."""
    running: Num
    """The place of the image that runs, or is about to; nowhere without one."""
    session: Bool
    """An upgrade is in progress: commence() has returned, and complete() has not been called since."""
    other_session: Bool
    """Another handle is open on the slot that commence() takes: the application goes on with it when it likes."""
    asked: Num
    """The slot that esp_ota_set_boot_partition() goes on to select; 0 while it does not."""
    progress: Num
    """Of the session; IN_STEP without one."""
    first_failed: Num
    """Failed, of the first record."""
    second_failed: Num
    pin: Num
    """HeldPin; NONE unless the bootloader runs."""
    download_flag: Bool
    """Kept by the application in NVS: commence() was called, and complete() has marked nothing since."""
    is_power_on: Bool
    """The bootloader runs because of a power-on, the one reset at which it skips validation."""
    records: Records
    slots: tuple[Slot, ...]
    burned: Num
    """The bits of the eFuse field, one for each secure version from 1 on."""
    expectation: Num
    expected: Num
    """Place."""
    previous: Num
    """Place that ran when complete() marked the new image; of one that rollback() refuses, when it was marked."""
    old_choice: Num
    """Place; nowhere when no call is going on."""
    new_choice: Num
    upgraded: Num
    """Place of the last marked image that was started; nowhere once one of the two was wiped."""
    upgraded_from: Num
    """Place that ran when it was marked."""
    chance: Num
    """EXACT: a number that a cut may leave by chance; any number, after each step again."""
    chance_slot: Num
    """The slot that goes with it."""
    chance_word: Num
    """The state word that goes with it."""

    def terms(self) -> Iterator[tuple[str, Term]]:
        """Yield the name and the value of every field, records and slots taken apart."""
        for part in fields(self):
            value = getattr(self, part.name)
            if isinstance(value, Term):
                yield part.name, value
            else:
                kind = "record" if part.name == "records" else "slot"
                for index, item in enumerate(value):
                    yield from ((f"{kind}{index}_{f.name}", getattr(item, f.name)) for f in fields(item))
