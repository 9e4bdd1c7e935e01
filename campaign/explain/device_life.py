"""A device on the board that goes through an ordinary history: what was played on it, and the words for that."""

import re
from collections.abc import Sequence
from dataclasses import replace

from ...impl.chip.cells import SECTOR_SIZE
from ...impl.chip.torn_operations import Torn
from ...model.config import ResetReason
from ...model.writers import Updater
from ..history.history import History
from ..history.player import Player, StepOutcome
from ..history.step import ACCEPT, COMMENCE, COMPLETE, Step, StepCut, StepName

IMAGE_SIZE = 5000
"""Bytes of each image: more than a sector, so that a library which writes by sectors has begun before the end."""
RESTART = Step(StepName.RESET, ResetReason.SOFTWARE)
PROVISIONED, DAMAGED, FIRST_UPDATE = 0, 1, 2
"""Numbers of images: the one the device is made with, one whose last part is wrong, and those of updates from here."""


def by_labels(text: str, names: Sequence[str]) -> str:
    """Return a text about a small device with the labels that its slots have on the one that is explained.

    names: by the numbers of the slots; those without a name stay ota_0, ota_1, …"""
    named = dict(enumerate(names))
    return re.sub(r"\bota_(\d+)\b", lambda found: named.get(int(found[1]), found[0]), text)


class DeviceLife:
    """A device on the board, what has happened to it, and the words for that."""

    def __init__(self, history: History, player: Player, sentences: tuple[str, ...], names: tuple[str, ...]) -> None:
        """Take a device that may have been switched on already; names: what slots are called, by their numbers."""
        self.history = history
        self.player = player
        self.sentences = sentences
        self.names = names
        self.updates = 0
        """Updates that were completed; the next one brings the next image."""

    def fork(self) -> "DeviceLife":
        """Return the same device, to go another way."""
        other = DeviceLife(self.history, self.player.fork(), self.sentences, self.names)
        other.updates = self.updates
        return other

    def play(self, *steps: Step) -> bool:
        """Play steps; tell whether each did what it is for."""
        for step in steps:
            self.history = self.history.then(step)
            if self.player.play(step).outcome not in (StepOutcome.RETURNED, StepOutcome.RESTARTED):
                return False
        return True

    def cut(self, step: Step, op: int) -> None:
        """Play a step in which the power fails once an operation is done."""
        step = replace(step, cut=StepCut(op, Torn.parse("after")))
        self.history = self.history.then(step)
        self.player.play(step)

    def say(self, sentence: str) -> None:
        """Tell what was played last."""
        self.sentences = (*self.sentences, sentence)

    def say_of_slots(self, text: str) -> None:
        """Tell what was played last, in a text that calls slots by their numbers."""
        self.say(by_labels(text, self.names))

    @property
    def running(self) -> str:
        """What runs, as it is called."""
        return self.called(self.player.running or "")

    @property
    def target(self) -> str:
        """The slot that an update goes to, as it is called."""
        app = self.player.app
        target = None if app is None else app.ota.esp_ota_get_next_update_partition()
        return "" if target is None else self.called(target.label)

    def called(self, label: str) -> str:
        """Return what a partition of the small device is called on the one that is explained."""
        return by_labels(label, self.names)

    def download(self, end: int = IMAGE_SIZE, image: int | None = None) -> bool:
        """Play a download up to that byte, of the next update or of another image."""
        number = FIRST_UPDATE + self.updates if image is None else image
        ends = [*range(SECTOR_SIZE, end, SECTOR_SIZE), end]
        writes = (
            Step(StepName.WRITE, image=number, offset=begin, length=stop - begin)
            for begin, stop in zip([0, *ends], ends, strict=False)
        )
        return self.play(COMMENCE, *writes)

    def update(self) -> bool:
        """Play a whole update, up to the start of its image."""
        is_done = self.download() and self.play(COMPLETE, RESTART)
        self.updates += 1
        return is_done

    def accept(self) -> bool:
        """Play accept(), which changes nothing where a library has done so at the start."""
        return self.play(ACCEPT) and self.player.app is not None

    @property
    def on_trial(self) -> str:
        """What to say of a start that puts an image on trial."""
        config = self.history.device.config
        is_on_trial = config.rollback and not config.accepts_at_start
        return ", under test (NEW becomes PENDING_VERIFY)" if is_on_trial else ""

    def function(self, call: str) -> str:
        """Return what the library has for a call, as a sentence names it."""
        config = self.history.device.config
        return f"{call}()" if config.updater is Updater.ESP_IDF else f"{config.updates.functions[call][0]}()"
