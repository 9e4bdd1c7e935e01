"""What is observed after a power cut: the facts that the claims speak of.

A *future* is all that follows from the state of the device, whatever led to it. An *observation* adds what led
to it: the call that was cut, and what that call was to change. Partitions go by their labels, images by
names; a partition that holds no whole image known to the campaign has the image None.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Boot:
    """One power-on."""

    partition: str | None
    """What started; None: the bootloader found nothing, or trapped, and resets for ever."""
    image: str | None
    """The image that started; None when it is none of the known ones, whole."""
    is_under_test: bool = False
    """The state reported for the running image is "testing"."""
    secure_version: int = 0
    """Of the image that started."""
    efuse_version: int = 0
    """In the eFuse once it runs."""


@dataclass(frozen=True, slots=True)
class Rollback:
    """What rollback() does right after the boot."""

    error: str | None
    """Text of the error raised; None: it restarted the device."""
    changed_flash: bool
    boot: Boot | None
    """The boot after the restart; None after an error."""


@dataclass(frozen=True, slots=True)
class Upgrade:
    """A further whole upgrade after the boot, accepting first what is under test, and accepting what it brings."""

    target: str | None
    """Partition that it goes to."""
    error: str | None
    """The first call that failed, with the text of its error."""
    boot: Boot | None
    """The last boot, one after the new image was accepted; None after an error."""
    wrote_running: bool
    """A flash operation of commence, write or complete touched the running partition."""


@dataclass(frozen=True, slots=True)
class Future:
    """All that is observed of what follows from one state of the device."""

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
    old_boot: str | None
    """What would have booted had the power failed before the call."""
    new_boot: str | None
    """What boots when the power fails after the call."""
    finished: frozenset[str]
    """Partitions whose image was provisioned, or passed the verification of complete(), and was not wiped since."""
    previous: str
    """The partition that ran when the upgrade began."""
    target: str
    """The partition that the upgrade goes to."""
    is_marked: bool
    """complete() has returned: the new image is marked for boot, and no call has been made on it since."""
    is_accepting: bool
    """accept() has been called for it."""
    is_accepted: bool
    """accept() has returned."""
    wrote_running: bool
    """A flash operation of commence, write or complete touched the running partition."""
    efuse_before: int
    """Secure version in the eFuse before the call."""
    future: Future
