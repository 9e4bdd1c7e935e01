"""Release texts: what `--idf` and images name, and the known release rules that they come to.

Images of vendors name their release in several ways ("v5.1.3-dirty", "esp-idf: v4.4.6 3572900934"); all are read
here, so that every command goes by the same rules. A release after the newest known one is taken to follow the
newest rules known, with a warning.
"""

import re
from dataclasses import dataclass

from ..errors import InputError
from ..model.config import Release

_NAMED = re.compile(r"(?:(?<=^)|(?<=[\s:]))v?(\d+)\.(\d+)(\.\d+)?(-[\w.-]+)?(?![\w.])")


@dataclass(frozen=True, slots=True)
class NamedRelease:
    """A release as somebody names it."""

    rules: Release
    """The newest known rules that are not newer than it."""
    text: str
    """As it is named."""
    is_newer: bool
    """Whether it is newer than the newest release known here."""

    @property
    def warning(self) -> str | None:
        """What to say of a release that is newer than every known one; None for a known one."""
        if not self.is_newer:
            return None
        return f"ESP-IDF {self.text} is newer than the newest known release; the rules of {self.rules.label} are used"


def read_release(text: str, place: str) -> NamedRelease:
    """Return the release that `text` names. Raises InputError at `place` for no release, or one that is too old."""
    match = _NAMED.search(text)
    try:
        rules = Release.parse(match[0] if match else text)
    except ValueError as error:
        raise InputError(f"{place}: {error}") from None
    is_newer = match is not None and (int(match[1]) << 8 | int(match[2])) > max(Release)
    return NamedRelease(rules, text, is_newer)


def names_release(text: str) -> bool:
    """Tell whether a text names a release at all; a Git hash does not."""
    return _NAMED.search(text) is not None
