"""The steps of a history that the actions of a trace begin, and the images that they write.

The model leaves out how far a handle has got. So this keeps count: where a part of an image belongs elsewhere than
where the handle is, esp_ota_write_with_offset writes it. Where operations can fail, write() goes on where the handle
is, whatever lies there.
"""

from collections.abc import Iterator, Sequence

from ...model.config import Release, ResetReason
from ...model.device.allowance import Allowance
from ...model.device.records import Sector
from ...model.device.selection import next_update_slot
from ...model.device.state import Content, Scope, Task, Usage
from ...model.device.stepper import State, Stepper
from ..history.history import FIRST_PART, HEADERS_END, IMAGE_SIZE, SmallImage
from ..history.step import Step, StepName

FLIPPED_BYTE = 700
"""The byte in which a damaged image differs: in its last part."""
FLIPPED_HEADER_BYTE = 924
"""The byte in which an image differs whose last segment has a length that is no multiple of 4."""
OVER_SEED = 201
"""The image that is written over others, or in place of their last part."""
MISLEADING_SEED = 202
"""The image with a wrong header that is written in place of a last part."""
_RESETS = {"restart": ResetReason.SOFTWARE, "wake": ResetReason.DEEP_SLEEP, "power_on": ResetReason.POWER_ON}
_PLAIN = {
    "commence": StepName.COMMENCE,
    "commence_of_named": StepName.COMMENCE,
    "accept": StepName.ACCEPT,
    "accept_again": StepName.ACCEPT,
    "rollback": StepName.ROLLBACK,
    "session_abort": StepName.ABORT,
    "session_switch": StepName.SWITCH,
    "erase_last_boot": StepName.ERASE_LAST_BOOT,
    "erase_last_boot_kept": StepName.ERASE_LAST_BOOT,
}
"""Calls without an argument."""
_PARTS = {"write_first": (0, FIRST_PART), "write_headers": (FIRST_PART, HEADERS_END)}
"""(first byte, first byte beyond) of the parts of an image before the last one."""
_RESUMED = {Content.EMPTY: 0, Content.PARTIAL: FIRST_PART, Content.BROKEN: IMAGE_SIZE, Content.COMPLETE: IMAGE_SIZE}
"""Where esp_ota_resume goes on."""
_TOUCH = Step(StepName.WRITE_AT, image=0, offset=0, length=1)
"""Changes nothing, as all images begin alike; but esp_ota_end wants that something was written."""
_FLASHES = "tool_flashes_ota_"
_WRITES = "tool_writes_"
_UPLOADS = "tool_uploads_ota_0"
_SWITCHES = "tool_switches_to_"


class StepMaker:
    """Makes the steps of one trace, action by action."""

    def __init__(self, scope: Scope, model: Stepper, names: Sequence[str]) -> None:
        """Begin with a device that is switched off; names: all actions of the trace, or all inputs."""
        self._scope, self._model = scope, model
        self._can_fail = Allowance.FAILING_FLASH in scope.allows
        self._target = next_update_slot(model.model.device)
        self._images = tuple(images_of(names, scope))
        self._begun_images = 0
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
            slot = self._model.value(self._target, before)
            return (self._written(name, slot, bool(self._field(before, f"slot{slot}_is_loadable"))),)
        if name.startswith("tool_"):
            return (self._tool(name),)
        if name.startswith("complete") and Task.RUN in self._tasks(name):
            return self._completed(before)
        if name == "session_resume":
            return (self._resumed(before),)
        if name.startswith("set_boot_") and Task.RUN in self._tasks(name):
            label = name.removeprefix("set_boot_").removesuffix("_rejects")
            return (Step(StepName.SET_BOOT, label=label),)
        if self._opens(name):
            self._open(0, before)
        if name == "session_switch":
            self._position, self._other = self._other, self._position
        return (Step(_PLAIN[name]),) if name in _PLAIN else (None,)

    def _tasks(self, name: str) -> tuple[Task, ...]:
        return next((action.tasks for action in self._model.model.actions if action.name == name), (Task.RUN,))

    def _opens(self, name: str) -> bool:
        """Tell whether a handle is open from here on that has written nothing."""
        if not self._can_fail:
            return name in ("commence", "commence_of_named")
        # From 5.5 on, esp_ota_begin has a session although its erase fails.
        begins_anyway = self._scope.config.app_release >= Release.V5_5 and name.startswith("commence_erase")
        return name == "commence_erases" or begins_anyway

    def _tool(self, name: str) -> Step:
        if name.startswith(_WRITES):
            number, _, sector = name.removeprefix(_WRITES).split("_")
            return Step(StepName.WRITE_RECORD, sector=Sector[sector.upper()], seq=int(number, 16))
        if name.startswith(_SWITCHES):
            return Step(StepName.OTATOOL, label=name.removeprefix(_SWITCHES))
        if name.startswith(_UPLOADS):
            return Step(StepName.UPLOAD, image=0 if self._scope.has_factory else self._begin_image(0))
        if not name.startswith(_FLASHES):
            return Step(StepName.BLANK_OTADATA)
        slot = int(name.removeprefix(_FLASHES).partition("_")[0])
        return Step(StepName.FLASH_SLOT, image=self._begin_image(slot), label=f"ota_{slot}")

    def _begin_image(self, slot: int) -> int:
        self._begun_images += 1
        self._image_in[slot] = self._begun_images
        return self._begun_images

    def _written_on(self, name: str, slot: int) -> Step:
        """Return the write() that goes on where the handle is; one that fails does not move it."""
        if name.startswith("write_first"):
            self._begin_image(slot)
        if name == "write_over":
            self._image_in[slot] = len(self._images) - 1
        start, end = self._position, FIRST_PART if name.startswith("write_first") else IMAGE_SIZE
        end = start + 1 if name == "write_again" else end
        self._position = start if "_fails" in name else end
        return Step(StepName.WRITE, image=self._image_in.get(slot, 0), offset=start, length=end - start)

    def _written(self, name: str, slot: int, has_headers: bool) -> Step:
        """Return the write() of a part; has_headers: all of them are there, where that matters."""
        if self._can_fail:
            return self._written_on(name, slot)
        if name == "write_over":
            return Step(StepName.WRITE_AT, image=self._over, offset=FIRST_PART, length=IMAGE_SIZE - FIRST_PART)
        is_first = name.startswith("write_first")
        image = self._begin_image(slot) if is_first else self._image_in[slot]
        if name == "write_rest_broken":
            image = self._broken(image, has_headers)
        begin = HEADERS_END if has_headers else FIRST_PART
        offset, end = _PARTS.get("write_first" if is_first else name, (begin, IMAGE_SIZE))
        length = end - offset
        is_there = self._position == offset
        self._position = offset + length if is_there else max(self._position, 1)
        return Step(StepName.WRITE if is_there else StepName.WRITE_AT, image=image, offset=offset, length=length)

    def _broken(self, image: int, has_headers: bool) -> int:
        """Return the number of the image whose last part has something wrong in it: a header that is not there yet,
        where that matters."""
        if self._scope.skips_validation and not has_headers:
            return len(self._images) - 1
        return self._over if self._images[image].flipped is None else image

    @property
    def _over(self) -> int:
        """The number of the image that is written over others."""
        return next(number for number, image in enumerate(self._images) if image.seed == OVER_SEED)

    def _completed(self, before: State) -> tuple[Step, ...]:
        step = Step(StepName.COMPLETE, argument=1 if self._scope.usage is Usage.RESTART_AT_ONCE else None)
        is_whole = self._content(before) is Content.COMPLETE and self._field(before, "session")
        return (_TOUCH, step) if is_whole and self._position == 0 and not self._can_fail else (step,)

    def _resumed(self, before: State) -> Step:
        content = self._content(before)
        has_headers = self._field(before, f"slot{self._model.value(self._target, before)}_is_loadable")
        offset = HEADERS_END if content is Content.PARTIAL and has_headers else _RESUMED[content]
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
        return self._model.as_dict(state).get(name, 0)


def images_of(names: Sequence[str], scope: Scope) -> Iterator[SmallImage]:
    """Yield the image of the device, one for each that is begun, one to write over them where a trace takes one, and
    where validation can be skipped one with a wrong header.

    names: of the trace's actions, or of inputs."""
    yield SmallImage(1)
    uploads = () if scope.has_factory else (_UPLOADS,)
    begun = [index for index, name in enumerate(names) if name.startswith(("write_first", _FLASHES, *uploads))]
    for number, start in enumerate(begun):
        later = names[start + 1 :]
        rest = next((name for name in later if name.startswith(("write_rest", "write_first", "session_resume"))), "")
        version = int(names[start].rpartition("_version_")[2]) if "_version_" in names[start] else 0
        is_damaged = names[start].startswith("write_first") and rest.startswith("write_rest_broken")
        yield SmallImage(number + 2, secure_version=version, flipped=FLIPPED_BYTE if is_damaged else None)
    if "write_over" in names or "session_resume" in names:
        # Programmed over another image, it takes no bit of that one's secure version.
        yield SmallImage(OVER_SEED, secure_version=3)
    if scope.skips_validation and "write_rest_broken" in names:
        yield SmallImage(MISLEADING_SEED, secure_version=3, flipped=FLIPPED_HEADER_BYTE)
