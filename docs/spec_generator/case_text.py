"""One case of the specification: its text and its evidence."""

from dataclasses import dataclass

ALL_RELEASES = "all releases from 4.4 on"


@dataclass(frozen=True, slots=True)
class CaseText:
    """One case."""

    id: str
    title: str
    text: str
    named: tuple[str, ...] = ()
    """Further named cases that show it; most name the K or R case themselves."""
    releases: str = ""
    """The releases or conditions in words; empty if named cases have them."""
    vectors: tuple[str, ...] = ()
    """Ids of recordings that show it."""
    tests: tuple[str, ...] = ()
    """FILE::NAME of tests that show it."""
    lemmas: tuple[str, ...] = ()
    script: str = ""
    """Name of a board script."""
    picture: str = ""
    """Name of a committed picture."""
    also: str = ""
    """A link to more of this specification, as Markdown."""
    not_modelled: str = ""
    """Why the project has no evidence for it."""
