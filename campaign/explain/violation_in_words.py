"""How the last state of a trace breaks a claim, in one sentence."""

from collections.abc import Callable, Mapping, Sequence

from ...model.device.selection import boot_choice, boot_partition
from ...model.device.state import Content, Device, Expectation, Scope, Task
from ...model.device.stepper import State, stepper


def tell_violation(scope: Scope, claim_id: str, states: Sequence[State], names: Sequence[str] = ()) -> str:
    """Return in one sentence how the last of the states breaks a claim.

    states: those of a trace, or its last few, oldest first; names: labels of the slots, () for ota_0, ota_1, ….
    Raises KeyError for an unknown claim."""
    return VIOLATIONS[claim_id](_LastState(scope, states, names))


class _LastState:
    """The state in which a trace ends, in the words that sentences need."""

    def __init__(self, scope: Scope, states: Sequence[State], names: Sequence[str]) -> None:
        self.scope = scope
        self._steps = stepper(scope)
        self._states = states
        self._names = place_names(scope, names)
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
        return self.label(target_place(self.scope, self.fields["running"]))

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
    if last.running != last.expected:
        return f"{last.starts} {last.running}, {last.content()}"
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
    found = f"{last.running} runs" if last.fields["task"] == Task.RUN else f"{last.starts} {last.running}"
    return f"{found}, whose secure version {version} is below that of the eFuse"


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


def place_names(scope: Scope, names: Sequence[str]) -> tuple[str, ...]:
    """Return the name of every place: the slots, the factory partition, nowhere."""
    return (*(names or [f"ota_{slot}" for slot in range(scope.slots)]), "factory", "nothing")


def target_place(scope: Scope, running: int) -> int:
    """Return the slot that commence() acts on."""
    return running + 1 if running < scope.slots - 1 else 0
