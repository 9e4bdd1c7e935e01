"""Small devices for the tests of campaign and cli."""

from otaproof.campaign.bench import two_slot_world
from otaproof.campaign.world import World
from otaproof.model.config import Config, Release

IMAGE_SIZE = 1200
SLOT_SIZE = 0x10000


def small_world(release: Release = Release.V5_1, **options: bool) -> World:
    """Return a device with two small slots; `options` are fields of Config."""
    config = Config(app_release=release, bootloader_release=release, **options)
    return two_slot_world(SLOT_SIZE, IMAGE_SIZE, config)
