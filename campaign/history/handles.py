"""What an application does with handles itself, by functions of ESP-IDF, beside otaupgrade.

otaupgrade knows one handle and loses it when it opens another. An application in C keeps both, and what it opens or
goes on with is what write() and complete() then use, as if it called esp_ota_write and esp_ota_end itself. Such an
application can write over what is there; the chip then clears bits and sets none.
"""

from ...impl.app.esp_ota import OTA_SIZE_UNKNOWN
from ...impl.app.esp_ota_updates import EspOtaUpdates
from ...impl.board import App
from ...impl.chip.flash import Strictness
from ...impl.esp_err import EspErr, OtaError


def is_open(app: App) -> bool:
    """Tell whether the handle that write() uses is open, or another library has an update in progress."""
    if app.updates is not None:
        return app.updates.is_open
    return app.ota._find(app.otaupgrade._handle) is not None


def has_written(app: App) -> bool:
    """Tell whether anything was written through that handle: if not, esp_ota_end refuses."""
    session = app.ota._find(app.otaupgrade._handle)
    return session is not None and session.wrote_size > 0


def resume(app: App, offset: int) -> None:
    """Go on with what lies in the slot that commence() takes, at `offset` bytes; raises OtaError."""
    if isinstance(app.updates, EspOtaUpdates):
        app.partitions.flash.strictness = Strictness.CHIP
        app.updates.resume(offset)
        return
    target = app.ota.esp_ota_get_next_update_partition()
    _go_on(app, app.ota.esp_ota_resume(target, OTA_SIZE_UNKNOWN, offset))


def abort(app: App) -> None:
    """Close the handle; raises OtaError for one that is not open."""
    if app.updates is not None:
        app.updates.abort()
        return
    app.ota.esp_ota_abort(app.otaupgrade._handle)


def switch(app: App, handle: int | None) -> None:
    """Go on with another handle; raises OtaError without one."""
    if handle is None:
        raise OtaError(EspErr.INVALID_ARG)
    _go_on(app, handle)


def write_at(app: App, data: bytes, offset: int) -> None:
    """Write at `offset` bytes of the slot, through the handle that write() uses; raises OtaError."""
    app.partitions.flash.strictness = Strictness.CHIP
    app.ota.esp_ota_write_with_offset(app.otaupgrade._handle, data, offset)


def _go_on(app: App, handle: int) -> None:
    session = app.ota._find(handle)
    assert session is not None
    app.otaupgrade._handle, app.otaupgrade._next = handle, session.staging
    app.partitions.flash.strictness = Strictness.CHIP
