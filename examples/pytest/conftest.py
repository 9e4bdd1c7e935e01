"""The device of these tests: `pytest --remedy note-in-place` gives it a patched bootloader."""

import pytest

from otaproof.library.boards import OtaWorld


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option."""
    parser.addoption("--remedy", action="append", default=[], help="what mends the device, such as note-in-place")


@pytest.fixture
def ota_world(pytestconfig: pytest.Config) -> OtaWorld:
    """A device of two slots, with rollback."""
    return OtaWorld().with_remedies(pytestconfig.getoption("--remedy"))
