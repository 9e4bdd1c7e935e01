"""All that images, and the flash they lie in, tell of the builds that made them, and where that contradicts options.

What somebody chose goes before what an image tells, which goes before a default: an image may be another build's.
Either way the contradiction is told, with both places.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from ..errors import InputError
from ..impl.release_points import differing_app_rules, differing_bootloader_rules
from ..model.config import release_name
from ..model.idf_version import IdfVersion
from ..model.writers import Updater
from .image_evidence import ROLLBACK, ImageEvidence
from .option_reader import Answers, Origin
from .release_text import read_release
from .sdkconfig import Option, Sdkconfig
from .settings import ReleaseHints, Settings


@dataclass(frozen=True, slots=True)
class Evidence:
    """What there is of images."""

    apps: tuple[ImageEvidence, ...] = ()
    """The one that runs first."""
    bootloader: ImageEvidence | None = None
    flash: tuple[Option, ...] = ()
    """What the flash itself tells: where its table lies, what its otadata says."""

    def options(self) -> Sdkconfig:
        """Return what the evidence comes to as options, for defaults to give way to; the first that tells counts."""
        found: dict[str, Option] = {}
        for option in self._options():
            found.setdefault(option.name, option)
        return Sdkconfig(found)

    def app_release(self) -> Option | None:
        """Return the release of the application that runs, else of any other."""
        return next((app.release_option for app in self.apps if app.release_option is not None), None)

    def bootloader_release(self) -> Option | None:
        """Return the release that the bootloader itself names; None for one whose rules are not known here."""
        named = None if self.bootloader is None else self.bootloader.release_option
        return None if named is None or _version_of(named.raw) is None else named

    def updater(self) -> tuple[Updater, Origin] | None:
        """Return what brings updates in the application that runs, else in any other."""
        found = ((app.updater, app.place) for app in self.apps if app.updater is not None)
        return next(((updater, Origin(f"{place}: {told}")) for (updater, told), place in found), None)

    def flash_size(self) -> tuple[int, str] | None:
        """Return the bytes of flash that the bootloader's header names, and whose header it is."""
        if self.bootloader is None or self.bootloader.flash_size is None:
            return None
        return self.bootloader.flash_size, self.bootloader.place

    def _options(self) -> Iterator[Option]:
        images = (*self.apps, *(() if self.bootloader is None else (self.bootloader,)))
        for image in images:
            if image.target is not None:
                yield image.target
            if image.rollback is not None:
                yield image.rollback
        least = max((image.least_revision for image in images), default=0)
        if least:
            place = next(image.place for image in images if image.least_revision == least)
            yield Option("ESP_REV_MIN_FULL", str(least), place, tells="its header")
        yield from self.flash


def release_hints(
    app: Option | None, bootloader: Option | None, evidence: Evidence, build: Option | None
) -> ReleaseHints:
    """Return what tells of the releases, best first.

    app, bootloader: as the command line says. build: as the build's description says. An image's own word goes
    before an sdkconfig's: the one was built, the other only configured. A bootloader of which nobody tells is
    taken to be of the application's release, and the place says so."""
    image, own = evidence.app_release(), evidence.bootloader_release()
    derived = [_as_bootloader(option) for option in (app, image) if option is not None]
    return ReleaseHints(
        app=tuple(option for option in (app, image, build) if option is not None),
        bootloader=tuple(option for option in (bootloader, own, *derived, build) if option is not None),
    )


def contradictions(said: Sdkconfig, settings: Settings, evidence: Evidence, has_options: bool) -> Iterator[str]:
    """Yield a line for each image that says otherwise than the options.

    said: the options of project and command line. has_options: whether a project's are among them, so that what
    nobody chose is Kconfig's default."""
    chosen = Answers(said.options)
    for image in evidence.apps:
        if image.has_rollback and not chosen.is_on(ROLLBACK):
            told = f"{image.place} {image.rollback.tells}" if image.rollback else image.place
            if ROLLBACK in said.options:
                yield f"{chosen.origin(ROLLBACK)} has rollback off, but {told}: it is taken to be off"
            elif has_options:
                yield f"rollback is off by Kconfig's default, but {told}: it is taken to be on"
    for image in (*evidence.apps, *(() if evidence.bootloader is None else (evidence.bootloader,))):
        chip = settings.config.chip.value
        if image.target is not None and image.target.raw.strip('"') != chip:
            names = image.target.raw.strip('"')
            yield f"{_chosen_chip(settings)}: chip {chip}, but {image.place} is an image for {names}"
    yield from _other_releases(settings, evidence)


def _chosen_chip(settings: Settings) -> str:
    """Return who chose the chip."""
    return next(str(value.origin) for value in settings.settings if value.name == "CONFIG_IDF_TARGET")


def _other_releases(settings: Settings, evidence: Evidence) -> Iterator[str]:
    config = settings.config
    bootloaders = (evidence.bootloader,) if evidence.bootloader else ()
    for whose, used, images, differing in (
        ("application", config.app_point, evidence.apps, differing_app_rules),
        ("bootloader", config.bootloader_point, bootloaders, differing_bootloader_rules),
    ):
        name = f"ESP-IDF release of the {whose}"
        origin = next(value.origin for value in settings.settings if value.name == name)
        for image in images:
            built = None if image.release is None else _version_of(image.release)
            if image.release is not None and (built is None or differing(built, used)):
                yield (
                    f"{image.place} was built by ESP-IDF {image.release}; the rules of {release_name(used)} are used "
                    f"for the {whose} ({origin})"
                )


def _version_of(text: str) -> IdfVersion | None:
    """Return the version that an image names; None for one whose rules are not known here."""
    try:
        return read_release(text, "").version
    except InputError:
        return None


def _as_bootloader(option: Option) -> Option:
    return replace(option, tells="no bootloader names one")
