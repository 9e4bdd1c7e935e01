"""Small devices for the tests of campaign and cli."""

from otaproof.campaign.device_under_test import DeviceUnderTest
from otaproof.campaign.made_device import made_device
from otaproof.model.config import Config, Release

IMAGE_SIZE = 1200
SLOT_SIZE = 0x10000


def small_world(
    release: Release = Release.V5_1,
    /,
    *,
    rollback: bool = False,
    anti_rollback: bool = False,
    skip_validate_always: bool = False,
) -> DeviceUnderTest:
    """Return a device with two small slots, application and bootloader of one release."""
    config = Config(
        app_release=release,
        bootloader_release=release,
        rollback=rollback,
        anti_rollback=anti_rollback,
        skip_validate_always=skip_validate_always,
    )
    return made_device(SLOT_SIZE, IMAGE_SIZE, config)
