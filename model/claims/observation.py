"""What is observed after a power cut: the facts that the claims speak of.

A *future* is all that follows from the state of the device, whatever led to it. An *observation* adds what led
to it: the call that was cut, and what that call was to change. Partitions go by their labels, images by
names; a partition that holds no whole image known to the campaign has the image None. States go by the words of
info(), see ota_state.api_name().
"""

from dataclasses import dataclass

from ..ota_state import API_NAMES, OtaImgState

NEW, TESTING, VALID = (API_NAMES[s] for s in (OtaImgState.NEW, OtaImgState.PENDING_VERIFY, OtaImgState.VALID))
REJECTED = (API_NAMES[OtaImgState.INVALID], API_NAMES[OtaImgState.ABORTED])


@dataclass(frozen=True, slots=True)
class Note:
    """A whole otadata record: its check word fits its number."""

    partition: str | None
    """The slot that it names; None where the table has no such slot."""
    number: int
    """ota_seq, 0 … 0xFFFFFFFE."""
    state: str
    tried: str | None = None
    """By turns: the partition that was tried and is not accepted."""

    @property
    def is_rejected(self) -> bool:
        """It calls the image INVALID or ABORTED."""
        return self.state in REJECTED


Notes = tuple[Note | None, Note | None]
"""By sector of otadata; None where no whole record lies."""


@dataclass(frozen=True, slots=True)
class Boot:
    """One power-on."""

    partition: str | None
    """What started; None: the bootloader found nothing, or trapped, and resets for ever."""
    image: str | None
    """The image that started; None when it is none of the known ones, whole."""
    state: str | None = None
    """What info() says of it; None where it has no state: no record names it."""
    deciding: str | None = None
    """State of the record that decides once it runs; None where that names another slot, or none decides."""
    rejected: frozenset[str] = frozenset()
    """Partitions whose record this power-on has made INVALID or ABORTED."""
    wrote: bool = False
    """This power-on has changed flash or eFuse."""
    secure_version: int = 0
    """Of the image that started."""
    efuse_version: int = 0
    """In the eFuse once it runs."""

    @property
    def is_under_test(self) -> bool:
        """The state reported for the running image is "testing"."""
        return self.state == TESTING


@dataclass(frozen=True, slots=True)
class Rollback:
    """What rollback() does right after the boot."""

    error: str | None
    """Text of the error raised; None: it restarted the device, as it should, or returned."""
    changed_flash: bool
    boot: Boot | None
    """The boot after the restart; None without one."""
    rejected: frozenset[str] = frozenset()
    """Partitions whose record rollback() has made INVALID or ABORTED."""
    selected: str | None = None
    """Where rollback() is esp_ota_set_boot_partition(): the partition that it asks for."""


@dataclass(frozen=True, slots=True)
class Upgrade:
    """A further whole upgrade after the boot, accepting first what is under test, and accepting what it brings."""

    target: str | None
    """Partition that it goes to."""
    image: str | None
    """The image that it brings."""
    error: str | None
    """The first call that failed, with the text of its error."""
    boot: Boot | None
    """The last boot, one after the new image was accepted; None after an error."""
    wrote_running: bool
    """A flash operation of commence, write or complete touched the running partition."""
    accepts: bool = True
    """The application accepts what it brings."""


@dataclass(frozen=True, slots=True)
class Future:
    """All that is observed of what follows from one state of the device."""

    notes: Notes
    """The whole records that the state holds."""
    boot: Boot
    """The first power-on."""
    info_running: str | None
    """info()'s first result in that run; None where nothing booted."""
    info_next: str | None
    """info()'s second result."""
    idle_boot: Boot | None
    """The next power-on when the application makes no call; None where nothing booted."""
    rollback: Rollback | None
    upgrade: Upgrade | None


@dataclass(frozen=True, slots=True)
class Observation:
    """One cut, or one reset between two calls, and what follows."""

    call: str
    """Name of the call that was cut; for a reset between calls, of the call before it."""
    is_between_calls: bool
    has_begun: bool
    """An operation of the call had any effect."""
    old_boot: str | None
    """What would have booted had the power failed before the call."""
    new_boot: str | None
    """What the call is to make boot; commence() and write() are to change nothing, whatever they erase."""
    finished: frozenset[str]
    """Partitions whose image was provisioned, or passed the verification of complete(), and was not wiped since."""
    earned: frozenset[str]
    """Partitions whose image was provisioned, or called accept() under test, and was not wiped since."""
    rejected: frozenset[str]
    """Partitions of which a whole record INVALID or ABORTED was left, and which were not written anew since."""
    previous: str
    """The partition that ran when the upgrade began."""
    target: str
    """The partition that the upgrade goes to."""
    is_marked: bool
    """complete() has returned, and rollback() has not been called since."""
    is_tried: bool
    """The marked image was started, or the record that complete() wrote reads PENDING_VERIFY, whole."""
    is_accepting: bool
    """accept() or rollback() has been called for it."""
    accepted: str | None
    """The partition that ran when accept() returned; None once complete(), accept() or rollback() is called again."""
    is_rolled_back: bool
    """rollback() has restarted the device."""
    wrote_running: bool
    """A flash operation of commence, write or complete touched the running partition."""
    efuse_before: int
    """Secure version in the eFuse before the call."""
    future: Future
