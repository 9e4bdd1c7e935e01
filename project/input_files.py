"""The files that a check rests on, each with what it is."""

from collections.abc import Iterator
from pathlib import Path

from .project import custom_table
from .resolve import Resolved


def input_files(resolved: Resolved) -> Iterator[tuple[str, Path]]:
    """Yield what a file is, and where it lies; every file that is not there was refused when it was read."""
    inputs, project = resolved.inputs, resolved.project
    if inputs.flash_file is not None:
        yield "flash dump", inputs.flash_file
    yield from (("options", file.path) for file in resolved.option_files)
    if inputs.bootloader_sdkconfig is not None:
        yield "options of the bootloader", inputs.bootloader_sdkconfig
    table = inputs.partitions
    if table is None and project is not None and resolved.flash is None:
        table = project.table
        if table is None and resolved.settings.table.builtin == "CUSTOM":
            table = custom_table(project, resolved.settings.table)
    if table is not None:
        yield "partition table", table
    for name, path in (
        ("running image", resolved.running),
        ("update image", resolved.update),
        ("bootloader", resolved.bootloader),
        ("otadata", resolved.otadata),
    ):
        if path is not None:
            yield name, path
