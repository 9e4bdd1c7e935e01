"""Boards: the device of a test, a board to play on, the power cut everywhere; a project's device, and its updater.

A board makes the calls of an application and keeps what was done, for a token.

    from otaproof.library.boards import LiveBoard

    board = LiveBoard()
    board.power_on()
    board.upgrade()
    assert ("ota_1", "valid") == (board.running, board.state)
"""

from ..campaign.device_under_test import DeviceUnderTest
from ..campaign.history.history import SmallImage
from ..campaign.history.step import Step, StepName
from ..campaign.updater_calls import (
    UpdaterCall,
    accept,
    commence,
    complete,
    erase_last_boot,
    power_on,
    restart,
    rollback,
    write,
    write_update,
)
from ..errors import InputError
from ..model.config import Chip, Config, Release, ResetReason
from ..model.writers import Updater
from ..project.project_device import ProjectDevice, device_of_project
from .cut_block import CutRuns, PowerCuts, cut_everywhere
from .live_board import CallFailed, LiveBoard
from .ota_world import OtaWorld, world_of_project

__all__ = [
    "CallFailed",
    "Chip",
    "Config",
    "CutRuns",
    "DeviceUnderTest",
    "InputError",
    "LiveBoard",
    "OtaWorld",
    "PowerCuts",
    "ProjectDevice",
    "Release",
    "ResetReason",
    "SmallImage",
    "Step",
    "StepName",
    "Updater",
    "UpdaterCall",
    "accept",
    "commence",
    "complete",
    "cut_everywhere",
    "device_of_project",
    "erase_last_boot",
    "power_on",
    "restart",
    "rollback",
    "world_of_project",
    "write",
    "write_update",
]
