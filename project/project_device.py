"""The device of a project's folder, or of a dump, as `otaproof check PROJECT` takes it with no options."""

from dataclasses import dataclass
from os import PathLike
from pathlib import Path

from ..campaign.device_under_test import DEFAULT_CHUNK, DeviceUnderTest
from ..errors import InputError
from .device_builder import build_device
from .inputs import Inputs
from .option_reader import ConfigValue
from .resolve import resolve


@dataclass(frozen=True, slots=True)
class ProjectDevice:
    """A device, and what it rests on."""

    device: DeviceUnderTest
    values: tuple[ConfigValue, ...]
    """Every value, with its origin."""
    notes: tuple[str, ...]
    """What is not modelled or was left out, a line each."""


def device_of_project(
    path: str | PathLike[str], chunk: int = DEFAULT_CHUNK, image_size: str | None = None
) -> ProjectDevice:
    """Return the device of a folder that holds a project, or of a dump of a whole flash.

    The file otaproof.toml is not read. chunk: bytes of each write(). image_size: of images that are
    made where the project has none built, such as "1.2M". Raises InputError, one line, for anything else."""
    subject = Path(path)
    if not subject.exists():
        raise InputError(f"{subject}: there is no such file or directory")
    resolved = resolve(Inputs(subject=subject, image_size=image_size))
    built = build_device(resolved, chunk)
    not_modelled = (f"{value.name}: {value.value}" for value in resolved.settings.not_modelled)
    return ProjectDevice(
        built.world,
        (*resolved.values_for_check(), *built.values),
        (*not_modelled, *resolved.notes, *built.notes),
    )
