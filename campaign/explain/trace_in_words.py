"""A trace of the device model in plain sentences: what happens in it."""

from collections.abc import Iterator, Mapping, Sequence

from ...model.call_names import ESP_IDF_FUNCTIONS
from ...model.config import ResetReason
from ...model.device.action import Kind
from ...model.device.end_numbers import FITTING
from ...model.device.records import Check, Word, active
from ...model.device.state import Phase, Scope, Task, Usage
from ...model.device.stepper import State, Stepper, stepper
from ...model.device.stray_numbers import stray_named
from ..history.step import StepName
from ..lockstep.trace_steps import Segment, segments
from .violation_in_words import place_names, target_place


def tell_trace(
    scope: Scope, actions: Sequence[str], names: Sequence[str] = (), steps: Stepper | None = None
) -> tuple[str, ...]:
    """Return what happens in a trace of a scope, a sentence for each step.

    names: labels of the slots, () for ota_0, ota_1, …; steps: a stepper that begins elsewhere than at the initial
    device. Raises ValueError where an action cannot be taken."""
    return tuple(_Teller(scope, stepper(scope) if steps is None else steps, names).sentences(actions))


class _Teller:
    """Tells one trace."""

    def __init__(self, scope: Scope, steps: Stepper, names: Sequence[str]) -> None:
        self._scope = scope
        self._steps = steps
        self._names = place_names(scope, names)

    def sentences(self, actions: Sequence[str]) -> Iterator[str]:
        parts = list(segments(self._scope, self._steps, actions))
        before = self._steps.initial
        place = 0
        while place < len(parts):
            run = self._upgrade_at(parts, place)
            text = self._told(parts[place : place + run], before)
            if text:
                yield text + _failures(parts[place])
            place += run
            before = parts[place - 1].states[-1]

    def _upgrade_at(self, parts: Sequence[Segment], place: int) -> int:
        """Return how many steps from here are one upgrade; 1 for anything else."""
        if parts[place].step.name is not StepName.COMMENCE or _is_disturbed(parts[place]):
            return 1
        order = (StepName.WRITE, StepName.COMPLETE)
        end = place + 1
        while end < len(parts) and parts[end].step.name in order and not _is_disturbed(parts[end]):
            end += 1
            if parts[end - 1].step.name is StepName.COMPLETE:
                break
        return end - place

    def _told(self, parts: Sequence[Segment], before: State) -> str:
        first, last = parts[0], parts[-1]
        target = self._target(before)
        if _is_cut(last):
            return self._cut(last, before, target)
        match first.step.name:
            case StepName.RESET:
                return self._reset(first, before)
            case StepName.POWER_OFF:
                return ""
            case StepName.COMMENCE:
                return self._upgrade(parts, target)
            case StepName.BLANK_OTADATA | StepName.FLASH_SLOT | StepName.WRITE_RECORD | StepName.UPLOAD:
                return str(first.step)
            case StepName.OTATOOL:
                return f"otatool.py switches to {self._label(first.step.label)}"
            case StepName.WRITE | StepName.WRITE_AT:
                is_over = any(action.name == "write_over" for action in last.actions)
                if is_over:
                    return f"{ESP_IDF_FUNCTIONS['write_at']} writes over the image in {target}"
                return f"more of the image is written to {target}"
            case StepName.RESUME:
                return f"{ESP_IDF_FUNCTIONS['resume']} opens a session on what is in {target}"
            case StepName.ABORT:
                return f"{ESP_IDF_FUNCTIONS['abort']} closes the session"
            case StepName.SWITCH:
                return f"the application goes on with its other handle on {target}"
            case StepName.ERASE_LAST_BOOT:
                return f"{ESP_IDF_FUNCTIONS['erase_last_boot']} erases {self._last_boot(before)} and its entry"
            case StepName.COMPLETE:
                return f"complete(){self._completed(last)}"
            case StepName.SET_BOOT:
                running = self._names[self._steps.as_dict(before)["running"]]
                label = running if first.step.label == "running" else first.step.label
                is_rejected = any(action.name.endswith("_rejects") for action in first.actions)
                then = ", which is erased: its secure version is too low" if is_rejected else ""
                return f"the application asks esp_ota_set_boot_partition for {self._label(label)}{then}"
            case name:
                after = ", which restarts the chip" if name is StepName.ROLLBACK and not first.raises else ""
                return f"{name.value}() in {self._names[self._steps.as_dict(before)['running']]}{after}"

    def _label(self, label: str) -> str:
        """Return the name of a place that a step calls by its label in the partition table of a history."""
        return self._names[int(label.removeprefix("ota_"))] if label.startswith("ota_") else label

    def _last_boot(self, state: State) -> str:
        """Return the slot that esp_ota_erase_last_boot_app_partition erases."""
        if self._scope.is_by_turns:
            return self._names[self._steps.as_dict(state)["asked"]]
        device = self._steps.model.device
        return self._names[self._steps.value(active(device.records).other_of(device.records).slot, state)]

    def _reset(self, part: Segment, before: State) -> str:
        fields = self._steps.as_dict(part.states[-1])
        how = "at power-on" if part.step.reason is ResetReason.POWER_ON else "after the restart"
        was = self._steps.as_dict(before)
        if part.step.reason is ResetReason.SOFTWARE and was["task"] == Task.RUN:
            how = "after a reset"
        if fields["task"] == Task.STUCK:
            return f"nothing boots {how}"
        if fields["task"] not in (Task.RUN, Task.STARTED):
            return f"the bootloader runs {how}"
        words = _BOOT_WORDS | ({"try_programs": "on trial"} if self._scope.is_by_turns else {})
        did = [text for name, text in words.items() if any(action.name == name for action in part.actions)]
        return f"{self._names[fields['running']]} starts {how}{''.join(f', {text}' for text in did)}"

    def _upgrade(self, parts: Sequence[Segment], target: str) -> str:
        names = [part.step.name for part in parts]
        broken = any(action.name.startswith("write_rest_broken") for part in parts for action in part.actions)
        spare = any(action.name == "spare_erases" for action in parts[0].actions)
        aside = " (which also erases the spare entry)" if spare else ""
        if any(action.name == "unname_programs" for action in parts[0].actions):
            aside = " (which first writes the state without it)"
        if names.count(StepName.WRITE) == 0:
            return f"commence() wipes {target}{aside}"
        image = "a damaged image" if broken else "an image"
        if StepName.COMPLETE not in names:
            part = image if names.count(StepName.WRITE) > 1 else "the first part of an image"
            return f"commence(){aside}, and {part} is written to {target}"
        return f"{image} is downloaded to {target}{aside}; complete(){self._completed(parts[-1])}"

    def _completed(self, part: Segment) -> str:
        names = [action.name for action in part.actions]
        if "complete_fails" in names:
            return " finds that it does not verify"
        if "complete_rejects" in names:
            return " erases it: its secure version is too low"
        restarts = " and restarts" if self._scope.usage is Usage.RESTART_AT_ONCE else ", without a restart"
        return f" marks it{restarts}" if not part.step.failures else f" raises no error{restarts}"

    def _target(self, state: State) -> str:
        return self._names[target_place(self._scope, self._steps.as_dict(state)["running"])]

    def _cut(self, part: Segment, before: State, target: str) -> str:
        """Say where the power failed."""
        last = part.actions[-1]
        moment = part.states[-2] if len(part.states) > 1 else before
        fields = self._steps.as_dict(moment)
        task = Task(fields["task"])
        if last.name == "cut":
            if part.step.name is StepName.POWER_OFF and task in (Task.RUN, Task.STUCK):
                return "the power goes off while nothing is written"
            return "POWER FAILS in the bootloader, between two writes of it"
        entry = f"entry {fields['sector']}"
        if self._scope.is_by_turns and task in _TURN_WRITES:
            where = _TURN_WHERE[last.name]
            return f"POWER FAILS while {_TURN_WRITES[task]} by turns into {entry}, {where}"
        word = Word(fields[f"record{fields['sector']}_word"]).name
        doing = {
            Task.ABORT: f"the bootloader made ABORTED of PENDING_VERIFY in {entry}",
            Task.TRY: f"the bootloader made PENDING_VERIFY of NEW in {entry}",
            Task.FRESH: f"the bootloader wrote the first entry of the device ({entry})",
            Task.BURN: "the bootloader burned the eFuse",
            Task.BURN_FRESH: "the bootloader burned the eFuse",
            Task.COMMENCE: f"commence() erased {target}",
            Task.SPARE: f"commence() erased the spare entry ({entry})",
            Task.COMPLETE: f"complete() rewrote {entry} for {target}",
            Task.REJECT: f"complete() erased {target}, its secure version being too low",
            Task.ACCEPT: f"accept() rewrote {entry}",
            Task.BURN_ACCEPT: "accept() burned the eFuse",
            Task.ROLLBACK: f"rollback() rewrote {entry} as INVALID",
            Task.SET_BOOT: f"esp_ota_set_boot_partition({self._asked(fields)}) rewrote {entry}",
            Task.FORGET_FIRST: "esp_ota_set_boot_partition(factory) erased entry 0",
            Task.FORGET_SECOND: "esp_ota_set_boot_partition(factory) erased entry 1",
            Task.SET_BOOT_REJECT: f"esp_ota_set_boot_partition({self._asked(fields)}) erased that slot",
            Task.ERASE_LAST: f"{ESP_IDF_FUNCTIONS['erase_last_boot']} erased {self._last_boot(moment)}",
            Task.FORGET_LAST: f"{ESP_IDF_FUNCTIONS['erase_last_boot']} erased {entry}",
        }.get(task, task.name)
        check = Check(fields[f"record{fields['sector']}_check"]).name
        return f"POWER FAILS while {doing}, {_where(last.name, fields['phase'], check, word, self._names)}"

    def _asked(self, fields: Mapping[str, int]) -> str:
        """Return what esp_ota_set_boot_partition was asked for."""
        slot = fields.get("asked", 0)
        return "running" if slot == fields["running"] else self._names[slot]


_TURN_WRITES = {
    Task.TRY: "the bootloader noted the try",
    Task.FRESH: "the bootloader wrote the first entry of the device",
    Task.COMPLETE: "complete() wrote the state",
    Task.ACCEPT: "accept() wrote the state",
    Task.ROLLBACK: "rollback() wrote the state",
    Task.SET_BOOT: "esp_ota_set_boot_partition() wrote the state",
    Task.UNNAME: "commence() wrote the state without the slot that it goes on to erase",
    Task.UNNAME_RESUMED: f"{ESP_IDF_FUNCTIONS['resume']} wrote the state without its slot",
    Task.FORGET_LAST: f"{ESP_IDF_FUNCTIONS['erase_last_boot']} wrote the state without the other slot",
}
"""What writes a state by turns."""
_TURN_WHERE = {
    "cut_in_erase_leaves_old": "before the erase",
    "cut_in_erase_leaves_none": "in the erase",
    "cut_in_program_leaves_none": "before the entry was whole",
    "cut_in_program_leaves_new": "once the entry was whole",
}
"""Where within that the power fails."""
_BOOT_WORDS = {
    "abort_programs": "what was under test becomes ABORTED",
    "try_programs": "under test (NEW becomes PENDING_VERIFY)",
    "fresh_programs": "and the bootloader writes its entry, VALID",
}
"""What the bootloader writes before it starts an image, by action."""


_WITHIN = {
    "cut_before_wipe": "before the erase",
    "cut_after_wipe": "after the first sector",
    "cut_in_wipe": "inside its first sector",
    "cut_in_wipe_leaves_headers": "inside its first sector: what the bootloader reads without validation stays",
    "cut_in_wipe_leaves_headers_alone": "inside its first sector: the headers stay, the description does not",
    "cut_in_try_leaves_new": "before the note",
    "cut_in_try_leaves_pending_verify": "after the note, which needed no erase",
}
"""Where within the erase of a slot, or within a try that a patched bootloader notes, a cut fell, by action."""


def _is_cut(part: Segment) -> bool:
    return bool(part.actions) and part.actions[-1].kind is Kind.CUT


def _is_disturbed(part: Segment) -> bool:
    return _is_cut(part) or bool(part.step.failures)


def _failures(part: Segment) -> str:
    """Say which operations of a step return an error, how much of each is done, and who is told."""
    texts = []
    for action in part.actions:
        if action.kind is Kind.FAILURE:
            words = action.name.split("_")
            what = next((word for word in words if word in ("erase", "burn")), "program")
            done = {"none": "none of it done", "half": "half of it done"}.get(words[-1], "all of it done")
            texts.append(f"; BUT THE {what.upper()} FAILS, with {done}")
    return "".join(texts) + (", and the call raises an error" if texts and part.raises else "")


def _where(name: str, phase: int, check: str, word: str, names: Sequence[str]) -> str:
    """Say where within an operation a cut fell; check, word: what was there, or was being programmed; names: of the
    slots."""
    if name in _WITHIN:
        return _WITHIN[name]
    if name.startswith("cut_in_burn"):
        return f"with the bits {name.rpartition('_')[2]} set"
    stray = stray_named(name)
    if stray is not None:
        inside = f"inside the {stray.phase.name.lower()}"
        return f"{inside}: by chance the check word fits a number of {names[stray.slot]} that was never written"
    _, _, left_check, left_word = name.removeprefix("cut_in_").split("_", 3)
    left_check, left_word = left_check.upper(), left_word.upper()
    is_program = phase == Phase.PROGRAM
    if (left_check, left_word) == (Check.EMPTY.name, Word.UNDEFINED.name):
        return "after the erase, before the program" if is_program else "after the erase"
    if (left_check, left_word) == (check, word):
        return "after the program" if is_program else "before the erase"
    inside = "inside the program" if is_program else "inside the erase"
    if left_check == FITTING.upper():
        return f"{inside}: the last number reads as erased, its check word is whole, the state reads {left_word}"
    if left_check == Check.EMPTY.name:
        return f"{inside}: the number is gone, the state reads {left_word}"
    if left_check == Check.WRONG.name:
        return f"{inside}: the check word is wrong, the state reads {left_word}"
    return f"{inside}: number and check word are whole, the state reads {left_word}"
