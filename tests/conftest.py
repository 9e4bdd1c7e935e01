"""Keeps pytest from importing the root of the repository as a package of its own, and Hypothesis from timing tests.

The root is the package `otaproof`, so it has an `__init__.py`, and pytest takes a directory with one for a package
of tests: it would import it a second time, under the name of whatever directory the repository was cloned to.
"""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).parent.parent


class RootIsNoPackageOfTests:
    """Makes pytest take the root for a plain directory. A plugin, as hooks of a conftest see only what lies below."""

    @pytest.hookimpl
    def pytest_collect_directory(self, path: Path, parent: pytest.Collector) -> pytest.Collector | None:
        """Return a plain directory for the root, None for any other: pytest decides then."""
        return pytest.Dir.from_parent(parent, path=path) if path == ROOT else None


def pytest_configure(config: pytest.Config) -> None:
    """Add the plugin; let no test fail because the machine is busy."""
    config.pluginmanager.register(RootIsNoPackageOfTests())
    settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
    settings.load_profile("untimed")
