"""A trace of the device model in plain sentences: what happens in it, and what it breaks at its end."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from ...model.call_names import ESP_IDF_FUNCTIONS
from ...model.config import ResetReason
from ...model.device.action import Kind
from ...model.device.end_numbers import FITTING
from ...model.device.records import Check, Word, active
from ...model.device.selection import boot_choice, boot_partition
from ...model.device.state import Content, Device, Expectation, Phase, Scope, Task, Usage
from ...model.device.stepper import State, Stepper, stepper
from ...model.device.stray_numbers import stray_named
from ..history.step import StepName
from ..lockstep.trace_steps import Segment, segments


def tell_trace(
    scope: Scope, actions: Sequence[str], names: Sequence[str] = (), steps: Stepper | None = None
) -> tuple[str, ...]:
    """Return what happens in a trace of a scope, a sentence for each step.

    names: labels of the slots, () for ota_0, ota_1, …; steps: a stepper that begins elsewhere than at the initial
    device. Raises ValueError where an action cannot be taken."""
    return tuple(_Teller(scope, stepper(scope) if steps is None else steps, names).sentences(actions))


def tell_violation(scope: Scope, claim_id: str, states: Sequence[State], names: Sequence[str] = ()) -> str:
    """Return in one sentence how the last of the states breaks a claim.

    states: those of a trace, or its last few, oldest first; names: as in tell_trace. Raises KeyError for an unknown
    claim."""
    return VIOLATIONS[claim_id](_LastState(scope, states, names))


class _LastState:
    """The state in which a trace ends, in the words that sentences need."""

    def __init__(self, scope: Scope, states: Sequence[State], names: Sequence[str]) -> None:
        self.scope = scope
        self._steps = stepper(scope)
        self._states = states
        self._names = _place_names(scope, names)
        self.fields: Mapping[str, int] = self._steps.as_dict(states[-1])

    def label(self, place: int) -> str:
        """Return the name of a place."""
        return self._names[place]

    @property
    def running(self) -> str:
        """What runs, or has been started."""
        return self.label(self.fields["running"])

    @property
    def target(self) -> str:
        """The slot that commence() acts on."""
        return self.label(_target_place(self.scope, self.fields["running"]))

    @property
    def starts(self) -> str:
        """What starts the image: rollback(), a power-on, or another reset."""
        tasks = [Task(self._steps.as_dict(state)["task"]) for state in self._states]
        causes = {Task.ROLLBACK: "rollback() then starts", Task.OFF: "the next power-on starts"}
        calls = (task for task in reversed(tasks) if task in causes or task is Task.RUN)
        return causes.get(next(calls, Task.RUN), "the next reset starts")

    @property
    def boots(self) -> str:
        """What a power-on starts from here."""
        return self.label(self._steps.value(boot_choice(self.scope, self._device), self._states[-1]))

    @property
    def next_by_info(self) -> str:
        """What info() names as next."""
        return self.label(self._steps.value(boot_partition(self.scope, self._device.records), self._states[-1]))

    @property
    def _device(self) -> Device:
        return self._steps.model.device

    @property
    def expected(self) -> str:
        """The place that had to start, or for rollback() must not."""
        return self.label(self.fields.get("expected", self.scope.nowhere))

    @property
    def previous(self) -> str:
        """The place that ran when the image was marked that rollback() refuses."""
        return self.label(self.fields.get("previous", self.scope.nowhere))

    def content(self) -> str:
        """Say why the image of the running slot is none that complete() has verified."""
        place = self.fields["running"]
        return {
            Content.EMPTY: "which holds no image",
            Content.PARTIAL: "whose image was never completed",
            Content.BROKEN: "whose image is damaged",
            Content.COMPLETE: "whose image complete() never verified",
        }[Content(self.fields.get(f"slot{place}_content", Content.COMPLETE))]


def _new_image(last: _LastState) -> str:
    if last.fields.get("expectation") == Expectation.MARKED:
        return f"{last.starts} {last.running}, not {last.expected}, which complete() has marked"
    return f"{last.starts} {last.running}, not {last.expected}: the new image was tried and not accepted"


def _rolled_back(last: _LastState) -> str:
    if last.fields["expectation"] == Expectation.SPOILT:
        return "rollback() has raised an error, and flash has changed"
    if last.fields["task"] == Task.STUCK:
        return "after rollback() nothing boots"
    return f"{last.starts} {last.running} again, which rollback() has refused"


_NOTHING = "the bootloader finds nothing to start"


def _not_whole(last: _LastState) -> str:
    return _NOTHING if last.fields["task"] == Task.STUCK else f"{last.starts} {last.running}, {last.content()}"


def _third_choice(last: _LastState) -> str:
    old, new = (last.label(last.fields.get(name, last.scope.nowhere)) for name in ("old_choice", "new_choice"))
    due = f"{old} before the call that was cut and after it" if old == new else f"{old} before the call, {new} after it"
    found = _NOTHING if last.fields["task"] == Task.STUCK else f"{last.starts} {last.running}"
    return f"{found}; it would have been {due}"


def _unearned(last: _LastState) -> str:
    fields = last.fields
    labels = [
        last.label(slot)
        for slot in range(last.scope.slots)
        if fields[f"slot{slot}_content"] == Content.COMPLETE and not fields.get(f"slot{slot}_is_earned", 1)
    ]
    return f"info() calls {' or '.join(labels) or 'an image'} valid, which never called accept() while under test"


def _old_version(last: _LastState) -> str:
    version = last.fields.get(f"slot{last.fields['running']}_version", 0)
    return f"{last.starts} {last.running}, whose secure version {version} is below that of the eFuse"


VIOLATIONS: Mapping[str, Callable[[_LastState], str]] = {
    "C1": _not_whole,
    "C2": lambda last: f"{last.starts} {last.running}, {last.content()}",
    "C3": lambda last: f"the upgrade writes {last.target}, which runs",
    "C4": _new_image,
    "C5": lambda last: f"{last.starts} {last.running}, not {last.expected}, which was accepted",
    "C6": _rolled_back,
    "C7": _third_choice,
    "C8": _old_version,
    "C9": lambda last: "from here no calls and resets lead to an upgrade that is completed and accepted",
    "C10": lambda last: f"info() says that {last.next_by_info} is next, and the next power-on starts {last.boots}",
    "C11": lambda last: "the two otadata entries name one slot, and each by itself leads to another boot choice",
    "C12": lambda last: "the next sequence number is 0xFFFFFFFF, which means erased",
    "C13": _unearned,
    "C14": lambda last: "the otadata entry that decides what boots names a slot that holds no whole image",
    "C15": lambda last: f"{last.running} runs, and neither commence() nor accept() is possible",
    "C16": lambda last: "the second power-on from here starts another image than the third",
    "C17": _new_image,
    "C18": lambda last: f"{last.starts} {last.running}, which was rejected and not written anew",
    "C19": lambda last: f"info() does not tell of {last.running} what the otadata entry says that decides",
    "C20": lambda last: f"info() does not call {last.running} valid, which was accepted",
    "C21": lambda last: f"the download to {last.target} changes what the next power-on starts",
    "C22": lambda last: f"after rollback() starts {last.running}, not {last.previous}, which ran before",
    "C23": lambda last: f"{last.starts} {last.running}, not {last.expected}, which was selected",
    "C24": lambda last: f"{last.running} is selected and not under test, and the next power-on writes",
    "C25": lambda last: "neither of the next two power-ons starts an image that was ever accepted",
    "C26": lambda last: f"a call has raised an error, and the next power-on starts {last.boots} because of it",
}
"""For each claim: how a state breaks it."""


def _place_names(scope: Scope, names: Sequence[str]) -> tuple[str, ...]:
    """Return the name of every place: the slots, the factory partition, nowhere."""
    return (*(names or [f"ota_{slot}" for slot in range(scope.slots)]), "factory", "nothing")


def _target_place(scope: Scope, running: int) -> int:
    return running + 1 if running < scope.slots - 1 else 0


class _Teller:
    """Tells one trace."""

    def __init__(self, scope: Scope, steps: Stepper, names: Sequence[str]) -> None:
        self._scope = scope
        self._steps = steps
        self._names = _place_names(scope, names)

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
            case StepName.BLANK_OTADATA | StepName.FLASH_SLOT | StepName.WRITE_RECORD:
                return str(first.step)
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
        did = [text for name, text in _BOOT_WORDS.items() if any(action.name == name for action in part.actions)]
        return f"{self._names[fields['running']]} starts {how}{''.join(f', {text}' for text in did)}"

    def _upgrade(self, parts: Sequence[Segment], target: str) -> str:
        names = [part.step.name for part in parts]
        broken = any(action.name.startswith("write_rest_broken") for part in parts for action in part.actions)
        spare = any(action.name == "spare_erases" for action in parts[0].actions)
        aside = " (which also erases the spare entry)" if spare else ""
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
        return self._names[_target_place(self._scope, self._steps.as_dict(state)["running"])]

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
        return f"POWER FAILS while {doing}, {_where(last.name, fields['phase'], check, word)}"

    def _asked(self, fields: Mapping[str, int]) -> str:
        """Return what esp_ota_set_boot_partition was asked for."""
        slot = fields.get("asked", 0)
        return "running" if slot == fields["running"] else self._names[slot]


_BOOT_WORDS = {
    "abort_programs": "what was under test becomes ABORTED",
    "try_programs": "under test (NEW becomes PENDING_VERIFY)",
    "fresh_programs": "and the bootloader writes its entry, VALID",
}
"""What the bootloader writes before it starts an image, by action."""


_IN_A_WIPE = {
    "cut_before_wipe": "before the erase",
    "cut_after_wipe": "after the first sector",
    "cut_in_wipe": "inside its first sector",
    "cut_in_wipe_leaves_headers": "inside its first sector: what the bootloader reads without validation stays",
    "cut_in_wipe_leaves_headers_alone": "inside its first sector: the headers stay, the description does not",
}
"""Where within the erase of a slot a cut fell, by action."""


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


def _where(name: str, phase: int, check: str, word: str) -> str:
    """Say where within an operation a cut fell; check, word: what was there, or was being programmed."""
    if name in _IN_A_WIPE:
        return _IN_A_WIPE[name]
    if name.startswith("cut_in_burn"):
        return f"with the bits {name.rpartition('_')[2]} set"
    stray = stray_named(name)
    if stray is not None:
        inside = f"inside the {stray.phase.name.lower()}"
        return f"{inside}: by chance the check word fits a number of ota_{stray.slot} that was never written"
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
