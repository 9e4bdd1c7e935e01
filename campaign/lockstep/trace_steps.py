"""The steps of a history that the actions of a trace begin, and the images that they write.

The model leaves out how far a handle has got. So this keeps count: where a part of an image belongs elsewhere than
where the handle is, esp_ota_write_with_offset writes it.
"""

from collections.abc import Iterator, Sequence

from ...model.config import ResetReason
from ...model.device.selection import next_update_slot
from ...model.device.state import Content, Scope, Task, Usage
from ...model.device.stepper import State, Stepper
from ..history.history import FIRST_PART, IMAGE_SIZE, SmallImage
from ..history.step import Step, StepName

FLIPPED_BYTE = 700
"""The byte in which a damaged image differs: in its last part."""
OVER_SEED = 201
"""The image that is written over others, or in place of their last part."""
_RESETS = {"restart": ResetReason.SOFTWARE, "wake": ResetReason.DEEP_SLEEP, "power_on": ResetReason.POWER_ON}
_PLAIN = {
    "commence": StepName.COMMENCE,
    "accept": StepName.ACCEPT,
    "accept_again": StepName.ACCEPT,
    "rollback": StepName.ROLLBACK,
    "session_abort": StepName.ABORT,
    "session_switch": StepName.SWITCH,
    "erase_last_boot": StepName.ERASE_LAST_BOOT,
}
"""Calls without an argument."""
_PARTS = {"write_first": (0, FIRST_PART), "write_rest": (FIRST_PART, IMAGE_SIZE - FIRST_PART)}
"""(offset, length) of the parts of an image."""
_RESUMED = {Content.EMPTY: 0, Content.PARTIAL: FIRST_PART, Content.BROKEN: IMAGE_SIZE, Content.COMPLETE: IMAGE_SIZE}
"""Where esp_ota_resume goes on."""
_TOUCH = Step(StepName.WRITE_AT, image=0, offset=0, length=1)
"""Changes nothing, as all images begin alike; but esp_ota_end wants that something was written."""


class StepMaker:
    """Makes the steps of one trace, action by action."""

    def __init__(self, scope: Scope, model: Stepper, names: Sequence[str]) -> None:
        """Begin with a device that is switched off; names: all actions of the trace, or all inputs."""
        self._scope, self._model = scope, model
        self._target = next_update_slot(model.model.device)
        self._images = tuple(images_of(names))
        self._written_images = 0
        self._image_in: dict[int, int] = {}
        """By slot, the image that was begun there last."""
        self._position = 0
        """Where the handle that write() uses has got to; it has written what lies before that, or nothing at 0."""
        self._other = 0
        """The same of the other handle."""

    def steps(self, name: str, before: State) -> tuple[Step | None, ...]:
        """Return the steps that an action begins, in that state; (None,) when it goes on with one.

        The last one is the call itself; any before it changes nothing that the model knows of."""
        if name in _RESETS:
            return (Step(StepName.RESET, _RESETS[name]),)
        if name.startswith("write_"):
            return (self._written(name, self._model.value(self._target, before)),)
        if name.startswith("complete") and not name.endswith(("_erases", "_programs")):
            return self._completed(before)
        if name == "session_resume":
            return (self._resumed(before),)
        if name.startswith("set_boot_") and Task.RUN in self._tasks(name):
            label = name.removeprefix("set_boot_").removesuffix("_rejects")
            return (Step(StepName.SET_BOOT, label=label),)
        if name == "commence":
            self._open(0, before)
        if name == "session_switch":
            self._position, self._other = self._other, self._position
        return (Step(_PLAIN[name]),) if name in _PLAIN else (None,)

    def _tasks(self, name: str) -> tuple[Task, ...]:
        return next((action.tasks for action in self._model.model.actions if action.name == name), (Task.RUN,))

    def _written(self, name: str, slot: int) -> Step:
        last = len(self._images) - 1
        if name == "write_over":
            return Step(StepName.WRITE_AT, image=last, offset=FIRST_PART, length=IMAGE_SIZE - FIRST_PART)
        is_first = name.startswith("write_first")
        if is_first:
            self._written_images += 1
            self._image_in[slot] = self._written_images
        image = self._image_in[slot]
        if name == "write_rest_broken" and self._images[image].flipped is None:
            image = last
        offset, length = _PARTS["write_first" if is_first else "write_rest"]
        is_there = self._position == offset
        self._position = offset + length if is_there else max(self._position, 1)
        return Step(StepName.WRITE if is_there else StepName.WRITE_AT, image=image, offset=offset, length=length)

    def _completed(self, before: State) -> tuple[Step, ...]:
        step = Step(StepName.COMPLETE, argument=1 if self._scope.usage is Usage.RESTART_AT_ONCE else None)
        is_whole = self._content(before) is Content.COMPLETE and self._field(before, "session")
        return (_TOUCH, step) if is_whole and self._position == 0 else (step,)

    def _resumed(self, before: State) -> Step:
        offset = _RESUMED[self._content(before)]
        self._open(offset, before)
        return Step(StepName.RESUME, offset=offset)

    def _content(self, state: State) -> Content:
        """Return what the slot holds that commence() takes."""
        return Content(self._field(state, f"slot{self._model.value(self._target, state)}_content"))

    def _open(self, position: int, before: State) -> None:
        if self._field(before, "session"):
            self._other = self._position
        self._position = position

    def _field(self, state: State, name: str) -> int:
        return self._model.as_dict(state)[name]


def images_of(names: Sequence[str]) -> Iterator[SmallImage]:
    """Yield the image of the device, one for each write_first, and one to write over them where a trace takes one.

    names: of the trace's actions, or of inputs."""
    yield SmallImage(1)
    firsts = [index for index, name in enumerate(names) if name.startswith("write_first")]
    for number, start in enumerate(firsts):
        rest = next((name for name in names[start + 1 :] if name.startswith("write_") or name == "session_resume"), "")
        version = int(names[start].rpartition("_version_")[2]) if "_version_" in names[start] else 0
        flipped = FLIPPED_BYTE if rest == "write_rest_broken" else None
        yield SmallImage(number + 2, secure_version=version, flipped=flipped)
    if "write_over" in names or "session_resume" in names:
        yield SmallImage(OVER_SEED)
