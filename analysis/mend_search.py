"""What mends the flash of a device: found by playing it, and the command lines that write it."""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ..campaign.explain.explanation import explain
from ..campaign.explain.mending import BrokenFlash, Mend, Patch, app_rows, mend
from ..errors import InputError
from ..project.flash_dump import Loaded

NEW_IMAGE = "YOUR-APP.bin"
"""What stands in command lines for an image that the user has."""


@dataclass(frozen=True, slots=True)
class Mending:
    """A flash, and what mends it."""

    flash: BrokenFlash
    asked: str | None
    """Label of the partition that shall boot, where somebody said."""
    mend: Mend | None
    """None where nothing is known to."""
    commands: tuple[str, ...]
    """What writes it."""
    instead: str | None
    """Another command line for the last of them."""
    files: Mapping[str, bytes]
    """The files that the commands write to flash, by their names."""

    @property
    def verdict(self) -> str:
        """What it comes to, in a few words."""
        if self.mend is None:
            return "nothing is known to mend it"
        if not self.mend.patches:
            return "nothing to mend"
        return "needs a new image" if self.mend.needs_image is not None else "can be mended"


def find_mend(loaded: Loaded, asked: str | None, folder: Path | None = None) -> Mending:
    """Return what mends a flash; raises InputError for a partition that it has not.

    asked: label of the partition that shall boot. folder: where the files are to lie that commands write."""
    configs = tuple(loaded.configs())
    rows = app_rows(loaded.cells, configs[0])
    apps = [partition.label for partition in rows if partition.is_app]
    if asked is not None and asked not in apps:
        raise InputError(f"--boot: {asked!r} is none of the app partitions: {', '.join(apps) or 'there is none'}")
    answers = tuple(explain(loaded.cells, config, loaded.efuse_bits) for config in configs)
    flash = BrokenFlash(loaded.cells, configs, loaded.efuse_bits, answers)
    found = mend(flash, asked)
    patches = () if found is None else found.patches
    commands = tuple(_command(patch, loaded.config.chip.value, folder) for patch in patches)
    files = {patch.name: patch.contents for patch in patches if patch.name and patch.contents is not None}
    return Mending(flash, asked, found, commands, _instead(found), files)


def _command(patch: Patch, chip: str, folder: Path | None) -> str:
    """Return the command line that writes, or erases, a stretch of flash."""
    if patch.contents is None:
        return f"esptool --chip {chip} erase-region 0x{patch.address:x} 0x{patch.length:x}"
    name = NEW_IMAGE if not patch.name else patch.name if folder is None else str(folder / patch.name)
    return f"esptool --chip {chip} write-flash 0x{patch.address:x} {shlex.quote(name)}"


def _instead(found: Mend | None) -> str | None:
    """Return what otatool.py does the same by."""
    if found is None or not found.patches:
        return None
    if found.otatool_slot is not None:
        return f"otatool.py switch_ota_partition --slot {found.otatool_slot}"
    last = found.patches[-1]
    return "otatool.py erase_otadata" if last.contents is None else None
