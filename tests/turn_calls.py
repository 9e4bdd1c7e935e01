"""Calls of an application whose otadata is kept by turns, by the codes that they return."""

from collections.abc import Callable

from small_boards import Outline
from turn_boards import (
    FACTORY,
    ROLLBACK,
    THREE,
    Said,
    board_of,
    record,
    said_by,
)

from otaproof.impl.board import App
from otaproof.impl.esp_err import EspErr, OtaError
from otaproof.impl.partitions.partition import Partition
from otaproof.model.config import Config

PENDING, VALID_STATE, ABORTED, UNDEFINED = 1, 2, 4, 0xFFFFFFFF


def place_label(place: int) -> str:
    """Return the label of the partition at a place."""
    return "factory" if place == FACTORY else f"ota_{place}"


def partition(app: App, place: int) -> Partition:
    """Return the partition at a place."""
    return next(each for each in app.partitions.table if each.label == place_label(place))


def running(
    said: Said, place: int, config: Config = ROLLBACK, outline: Outline = THREE, broken: tuple[int, ...] = ()
) -> App:
    """Return the application that runs from a place while the record says so, whatever has started it."""
    board = board_of(outline, config, record(4, said.kind, said.current, said.other), broken=broken)
    here = next(each for each in outline.table if each.label == place_label(place))
    return App(board.flash, board.efuse, config, here)


def said(app: App) -> Said | None:
    """Return what the records of a device say."""
    return said_by(app.partitions.flash.cells)


def code_of(call: Callable[[], object]) -> EspErr:
    """Return what a call returns in C."""
    try:
        call()
    except OtaError as error:
        return error.code
    return EspErr.OK


def accept(app: App) -> EspErr:
    """Call esp_ota_mark_app_valid_cancel_rollback."""
    return code_of(app.ota.esp_ota_mark_app_valid_cancel_rollback)


def begin(app: App, place: int) -> EspErr:
    """Call esp_ota_begin."""
    return code_of(lambda: app.ota.esp_ota_begin(partition(app, place), 0))


def set_boot(app: App, place: int) -> EspErr:
    """Call esp_ota_set_boot_partition."""
    return code_of(lambda: app.ota.esp_ota_set_boot_partition(partition(app, place)))
