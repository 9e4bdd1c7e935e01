"""How bad it is when a claim is violated: what a device does then that its owner would notice, and why that matters."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum


class Harm(Enum):
    """The consequence of a violation, worst first. The value is what reports call it."""

    BRICK = "brick"
    """Nothing starts until somebody flashes the device by cable."""
    WRONG_IMAGE = "wrong image"
    """An image starts that nobody selected, verified or accepted."""
    OLD_IMAGE = "old image comes back"
    """An image that was replaced starts again."""
    UPDATE_LOST = "update lost"
    """The update has to be made once more; the image before goes on."""
    MISREPORT = "misreport"
    """The device does right, and a call says otherwise."""


@dataclass(frozen=True, slots=True)
class Consequence:
    """What comes of a violation."""

    severity: Harm
    why: str
    """What a device in the field does then, in a sentence."""


CONSEQUENCES: Mapping[str, Consequence] = {
    "C1": Consequence(Harm.BRICK, "The device resets for ever, or starts what does not verify."),
    "C2": Consequence(
        Harm.WRONG_IMAGE, "The device runs an image whose download broke off, or that failed its verification."
    ),
    "C3": Consequence(Harm.BRICK, "The program is overwritten while it runs, and what is left of it starts next."),
    "C4": Consequence(
        Harm.UPDATE_LOST,
        "The new image is never tried, or a faulty one is tried again instead of the image before it.",
    ),
    "C5": Consequence(
        Harm.OLD_IMAGE, "An update that the device had confirmed is undone, and what it migrated meets old code."
    ),
    "C6": Consequence(
        Harm.WRONG_IMAGE, "A device that gives up a faulty image goes on with it, or ends in a third image."
    ),
    "C7": Consequence(
        Harm.WRONG_IMAGE,
        "A power cut at the wrong moment makes the device start an image that no call asked for.",
    ),
    "C8": Consequence(Harm.OLD_IMAGE, "An image with a known hole runs, though its version was revoked."),
    "C9": Consequence(
        Harm.UPDATE_LOST, "No further update can be brought over the air: the device stays at what it runs."
    ),
    "C10": Consequence(
        Harm.MISREPORT, "A server that goes by info() believes that the device runs, or will run, another image."
    ),
    "C11": Consequence(
        Harm.WRONG_IMAGE, "Which image starts hangs on which of two records survives the next power cut."
    ),
    "C12": Consequence(Harm.BRICK, "The record that decides reads as erased, so no later update can be selected."),
    "C13": Consequence(
        Harm.WRONG_IMAGE, "An image that nobody accepted counts as good, so it is not rolled back when it fails."
    ),
    "C14": Consequence(
        Harm.OLD_IMAGE, "The bootloader goes to whatever other slot verifies, or to factory, and tells nobody."
    ),
    "C15": Consequence(
        Harm.UPDATE_LOST, "The application is refused every update until somebody mends its records by cable."
    ),
    "C16": Consequence(
        Harm.WRONG_IMAGE, "The device starts one image and at the next power-on another, with nothing done between."
    ),
    "C17": Consequence(
        Harm.UPDATE_LOST, "The update was reported as installed, and the image before it starts instead."
    ),
    "C18": Consequence(
        Harm.WRONG_IMAGE, "The image that was given up as faulty starts again, as often as the power comes back."
    ),
    "C19": Consequence(
        Harm.MISREPORT, "An application that goes by info() accepts, or does not accept, the wrong image."
    ),
    "C20": Consequence(
        Harm.MISREPORT, "An application that goes by info() takes itself for unaccepted, and may roll itself back."
    ),
    "C21": Consequence(
        Harm.WRONG_IMAGE, "A download that never ends, or a power cut in it, already changes which image starts."
    ),
    "C22": Consequence(
        Harm.WRONG_IMAGE, "Going back from a faulty image ends in an older one than the one that was replaced."
    ),
    "C23": Consequence(
        Harm.UPDATE_LOST, "The application believes that it has switched, and the partition before starts."
    ),
    "C24": Consequence(
        Harm.OLD_IMAGE, "Each power-on wears flash, and is one more moment in which a power cut loses a record."
    ),
    "C25": Consequence(
        Harm.WRONG_IMAGE, "A faulty image stays: no number of power-ons brings back one that was known to work."
    ),
    "C26": Consequence(
        Harm.MISREPORT, "The caller is told that nothing was done, and the next power-on starts another image."
    ),
}
"""By the id of each claim."""
