"""Release texts: what `--idf` and images name, and the version of ESP-IDF that it is.

Images of vendors name their release in several ways ("v5.1.3-dirty", "esp-idf: v4.4.6 3572900934"); all are read
here, so that every command goes by the same rules. A version after the newest one that was read is taken to follow the
rules of that one, with a warning.
"""

import re
from dataclasses import dataclass

from ..errors import InputError
from ..impl.release_points import is_by_tags, is_newer_than_read, newest_read, read_point
from ..model.idf_version import MASTER, IdfVersion

_NAMED = re.compile(
    r"(?:(?<=^)|(?<=[\s:]))(?:master(?!\S)|(?:release/)?v?\d{1,3}\.\d{1,3}(?:\.\d{1,3})?(?:-[\w.-]+)?(?![\w.]))"
)


@dataclass(frozen=True, slots=True)
class NamedRelease:
    """A release as somebody names it."""

    version: IdfVersion
    text: str
    """As it is named."""

    @property
    def warning(self) -> str | None:
        """What to say of a release that is newer than every one of its branch that was read; None for others."""
        if not is_newer_than_read(self.version):
            return None
        read = newest_read(self.version).label
        known = "any known release" if newest_read(self.version) == MASTER else "the newest known release of its branch"
        return f"ESP-IDF {self.text} is newer than {known}; the rules of {read} are used"

    @property
    def note(self) -> str | None:
        """What to say of a release that was read and not recorded; None for others."""
        if self.warning is not None or not is_by_tags(self.version):
            return None
        return f"ESP-IDF {self.version.label} was not recorded: its rules are read from the sources of its branch"


def read_release(text: str, place: str) -> NamedRelease:
    """Return the release that `text` names. Raises InputError at `place` for no release, or one that is too old."""
    match = _NAMED.search(text)
    try:
        return NamedRelease(read_point(match[0] if match else text), text)
    except ValueError as error:
        raise InputError(f"{place}: {error}") from None


def names_release(text: str) -> bool:
    """Tell whether a text names a release at all; a Git hash does not."""
    return _NAMED.search(text) is not None
