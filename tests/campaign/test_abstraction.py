"""The abstraction and the device model against what ESP-IDF was recorded to do, with nothing of impl in between.

A recording's flash before is abstracted, the model does what the recording did (boots, calls, cuts), operation by
operation, and the recording's flash after is abstracted again and compared; so are what boots, what info() says and how
the calls end. Each vector that the model cannot speak of is counted under the reason why.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from otaproof.campaign.conformance.vectors import Vector, read_vectors
from otaproof.campaign.history.player import StepOutcome
from otaproof.campaign.history.step import Step, StepFailure, StepName
from otaproof.campaign.lockstep.abstraction import (
    Places,
    Stored,
    StoredSlot,
    is_image_right,
    ranked,
    record_in_bytes,
    slot_in_bytes,
    state_of,
    stored_in_bytes,
    stored_in_state,
)
from otaproof.campaign.lockstep.divergence import Divergence
from otaproof.campaign.lockstep.model_tracker import ModelTracker
from otaproof.campaign.lockstep.record_view import BLANK_RECORD, RecordView
from otaproof.campaign.lockstep.seen_operations import OpKind, SeenOp, seen_op
from otaproof.campaign.lockstep.slot_moves import reported
from otaproof.campaign.lockstep.step_in_model import action_names, allowed_outcomes, failed_ops
from otaproof.impl.chip.flash import FailureExtent
from otaproof.model.config import Config, Pin, Release
from otaproof.model.device.allowance import Allowance
from otaproof.model.device.end_numbers import BORDER
from otaproof.model.device.records import TOP, Check, Word
from otaproof.model.device.release_class import representative
from otaproof.model.device.selection import boot_partition
from otaproof.model.device.state import Scope
from otaproof.model.device.stepper import stepper
from otaproof.model.fault_model import FaultModel
from places import RECORDED

SECTOR = 0x1000
BLANK_SECTOR = b"\xff" * SECTOR
IMAGES: dict[str, dict[str, Any]] = json.loads((RECORDED / "images.json").read_text()) | json.loads(
    (RECORDED / "images-more.json").read_text()
)
HIGHEST_VERSION = 16
"""What the recorded builds can burn."""
CALLS = {name.value: name for name in (StepName.COMMENCE, StepName.COMPLETE, StepName.ACCEPT, StepName.ROLLBACK)}


class Unspoken(Exception):
    """The model does not speak of this vector; the message says why."""


@dataclass
class Flash:
    """The recording's flash, rebuilt from its operations alone."""

    contents: bytearray

    def sectors(self, address: int, length: int) -> tuple[bytes, ...]:
        """Return whole sectors."""
        return tuple(bytes(self.contents[at : at + SECTOR]) for at in range(address, address + length, SECTOR))

    def put(self, address: int, data: bytes) -> None:
        """Place bytes."""
        self.contents[address : address + len(data)] = data

    def erase(self, address: int, torn: str) -> None:
        """Erase a sector, as far as a tear or a failure lets it."""
        word, _, count = torn.partition(":")
        length = {"before": 0, "none": 0, "half": SECTOR // 2, "partial": int(count or 2048)}.get(word, SECTOR)
        self.put(address, b"\xff" * length)

    def program(self, address: int, data: bytes, torn: str) -> None:
        """Program bytes, as far as a tear or a failure lets it."""
        word, _, count = torn.partition(":")
        ends = {"before": 0, "none": 0, "half": len(data) // 2, "prefix": int(count or 0)}
        done = data[: ends.get(word, len(data))]
        old = self.contents[address : address + len(done)]
        self.put(address, bytes(a & b for a, b in zip(old, done, strict=True)))


@dataclass
class Recorded:
    """A recorded device, and the model that follows it."""

    vector: Vector
    versions: dict[int, int]
    """Ranks of the secure versions that occur: the model has four at most."""
    flash: Flash = field(init=False)
    tracker: ModelTracker = field(init=False)

    def __post_init__(self) -> None:
        """Begin before the first step."""
        vector, labels = self.vector, [area.label for area in self.vector.layout.apps]
        slots = [area for area in vector.layout.apps if area.label.startswith("ota_")]
        assert vector.layout.otadata is not None
        self.places = Places(vector.layout.otadata.offset, tuple((area.offset, area.size) for area in slots))
        has_factory = "factory" in labels
        versions = max(2, len(self.versions))
        needed = {"fail": Allowance.FAILING_FLASH, "pin": Allowance.PINS}
        steps = vector.record.get("steps", ())
        allows = frozenset(allowance for word, allowance in needed.items() if any(word in step for step in steps))
        if len(slots) == 2 and any(_has_odd_numbers(step["st"]["otadata"]) for step in steps):
            allows |= {Allowance.END_NUMBERS}
        erasing = {step["ota_data_erase"] or "otadata" in step["erase_list"] for step in steps if "erase_list" in step}
        if len(erasing) > 1 or (vector.config.anti_rollback and Allowance.PINS in allows):
            raise Unspoken("pins of several builds, or with anti-rollback")
        config = replace(representative(vector.config, allows), factory_reset_erases_otadata=True in erasing)
        if "steps" not in vector.record:
            # Only applications differ by release, and it takes a while to compile a model.
            config = replace(config, app_release=Release.V5_1, bootloader_release=Release.V5_1)
        self.scope = Scope(config, len(slots), has_factory, FaultModel.F1, versions=versions, allows=allows)
        self.flash = Flash(bytearray(vector.cells.to_bytes()))
        if has_factory and not self._is_plain_factory():
            raise Unspoken("factory without a whole image of version 0")
        self.tracker = ModelTracker(self.scope, self.stored(vector.efuse), asks_claims=False)

    def _is_plain_factory(self) -> bool:
        area = next(area for area in self.vector.layout.apps if area.label == "factory")
        held = slot_in_bytes(self.flash.sectors(area.offset, area.size))
        return held.verifies and held.version == 0

    def stored(self, efuse: int) -> Stored:
        """Return the abstraction of what is stored, versions and eFuse by their ranks."""
        bits = (1 << self.versions.get(efuse, 0)) - 1 if self.scope.config.anti_rollback else 0
        stored = stored_in_bytes(self.scope, self.places, self.flash.sectors, bits)
        slots = (StoredSlot(s.has_description, s.verifies, self.versions.get(s.version, 0)) for s in stored.slots)
        return Stored(stored.records, tuple(slots), stored.burned)

    def put_otadata(self, entries: Iterable[str]) -> None:
        """Place the recorded entries; the sectors behind them are erased."""
        for number, entry in enumerate(entries):
            raw = bytes.fromhex(entry)
            self.flash.put(self.places.otadata + SECTOR * number, raw + BLANK_SECTOR[len(raw) :])

    def place(self, label: str | None) -> int | None:
        """Return the place of a label."""
        if label is None:
            return None
        return self.scope.factory if label == "factory" else int(label.removeprefix("ota_"))

    def seen(self, ops: list[list[Any]]) -> list[SeenOp]:
        """Return recorded operations as the model sees them."""
        kinds = {"e": OpKind.ERASE, "p": OpKind.PROGRAM}
        apps = min(area.offset for area in self.vector.layout.apps)
        otadata = range(self.places.otadata, self.places.otadata + 2 * SECTOR)
        return [seen_op(self.places, kinds[op[0]], op[1]) for op in ops if op[1] >= apps or op[1] in otadata]


def recorded(vector: Vector) -> Recorded:
    """Return the recorded device; raises Unspoken for one that the model does not speak of."""
    if vector.layout.otadata is None or "test" in [area.label for area in vector.layout.apps]:
        raise Unspoken("no otadata, or a test app")
    steps = vector.record.get("steps", [])
    if any(step["do"] not in (*CALLS, "power_on", "write", "info") for step in steps):
        raise Unspoken("calls of C functions")
    names = {*vector.record["slots"].values(), *(step["image"] for step in steps if "image" in step)}
    if names & {"short_seg", "no_desc"}:
        raise Unspoken("an image without a description")
    return Recorded(vector, _ranks(vector, names))


def _ranks(vector: Vector, names: Iterable[str]) -> dict[int, int]:
    if not vector.config.anti_rollback:
        return {0: 0}
    found = {IMAGES[name].get("secure_version") or 0 for name in names}
    found = {0, vector.efuse, *found}
    if max(found) > HIGHEST_VERSION or len(found) > 4:
        raise Unspoken("a version that cannot be burned, or more than four")
    return {version: rank for rank, version in enumerate(sorted(found))}


def follow_boot(vector: Vector) -> None:
    """Let the model boot as the recording did; raises Divergence and Unspoken."""
    device, record = recorded(vector), vector.record
    if record.get("panic"):
        raise Unspoken("the bootloader panics")
    burns = [SeenOp(OpKind.BURN)] * (device.versions.get(record["efuse_after"]) != device.versions.get(vector.efuse))
    device.tracker.begin_reset(is_power_on=True)
    for op in [*device.seen(record["ops"]), *(burns if vector.config.anti_rollback else [])]:
        device.tracker.op(op, None)
    device.put_otadata(record["otadata_after"])
    device.tracker.end_boot(device.place(record["booted"]), device.stored(record["efuse_after"]))


def follow_scenario(vector: Vector) -> None:
    """Let the model do all that a scenario did; raises Divergence and Unspoken."""
    device = recorded(vector)
    efuse = vector.efuse
    for number, step in enumerate(vector.record["steps"]):
        entries = step["st"]["otadata"]
        is_left_out = _is_on_the_border(entries) if device.scope.has_end_numbers else _has_odd_numbers(entries)
        if "hang" in step["res"] or is_left_out:
            raise Unspoken("sequence numbers at an end of their range")
        try:
            _follow_step(device, step, efuse)
        except Divergence as error:
            raise Divergence(f"{vector.id} step {number} {step['do']}: {error}") from None
        efuse = step["st"]["efuse"]


def _has_odd_numbers(entries: list[str]) -> bool:
    """Tell whether a number is 0, or so high that the next one may be none."""
    records = [record_in_bytes(bytes.fromhex(entry), 1) for entry in entries]
    return any(record.is_right and (record.seq == 0 or record.seq >= TOP) for record in records)


def _is_on_the_border(entries: list[str]) -> bool:
    """Tell whether a number is the one that no rank tells from others, and that becomes one of the last."""
    return any(record_in_bytes(bytes.fromhex(entry), 2).seq == BORDER for entry in entries)


def _follow_step(device: Recorded, step: dict[str, Any], efuse: int) -> None:
    res, state, tracker = step["res"], step["st"], device.tracker
    if "off" in res:
        return
    _rebuild(device, step)
    ops = device.seen(step["ops"])
    if "pin" in step and "cut" in res and len(ops) < len(step["ops"]):
        raise Unspoken("a factory reset that is cut among other partitions")
    if device.versions.get(state["efuse"]) != device.versions.get(efuse) and device.scope.config.anti_rollback:
        ops.append(SeenOp(OpKind.BURN))
    after = device.stored(state["efuse"])
    began = None
    is_reset = step["do"] == "power_on"
    if is_reset:
        tracker.begin_reset(is_power_on=True, pin=Pin(step["pin"]) if "pin" in step else None)
    elif step["do"] in CALLS:
        began = tracker.begin_call(*action_names(Step(CALLS[step["do"]]), None))
    else:
        tracker.begin_write()
    failed = failed_ops(_played(step), ops, len(step["ops"]))
    for place, op in enumerate(ops[: len(ops) - ("cut" in res)]):
        # Between operations the recording says nothing of flash, save of the one write().
        tracker.op(op, after if step["do"] == "write" else None, fails=failed.get(place))
    if "cut" in res:
        whole = step["cut"]["torn"] in ("before", "after")
        tracker.cut(ops[-1], after, FaultModel.F0 if whole else FaultModel.F1)
    elif is_reset:
        tracker.end_boot(device.place(res["booted"]), after)
    else:
        _check_outcome(step, began, tracker.has_raised)
        tracker.end_call(after, None)
    _check_info(device, state)


def _played(step: dict[str, Any]) -> Step:
    """Return the call of a step, with what fails in it."""
    fail = step.get("fail")
    failures = () if fail is None else (StepFailure(fail["op"], FailureExtent(fail["done"])),)
    return Step(CALLS.get(step["do"], StepName.WRITE), argument=step.get("arg"), failures=failures)


def _rebuild(device: Recorded, step: dict[str, Any]) -> None:
    """Do to the rebuilt flash what the step did; its digests tell whether that is right."""
    data = b""
    if step["do"] == "write" and "image" in step:
        data = device.vector.recording.image(step["image"], "here")[step["off"] :][: step["len"]]
    elif step["do"] == "write":
        data = bytes([step["fill"]]) * step["len"] if "fill" in step else str(step.get("data", "")).encode()
    for number, op in enumerate(step["ops"]):
        is_cut = "cut" in step["res"] and number == len(step["ops"]) - 1
        is_failing = "fail" in step and number == step["fail"]["op"]
        torn = step["cut"]["torn"] if is_cut else step["fail"]["done"] if is_failing else "after"
        if op[0] == "e":
            device.flash.erase(op[1], torn)
        elif step["do"] == "write":
            assert op[2] == len(data)
            device.flash.program(op[1], data, torn)
    device.put_otadata(step["st"]["otadata"])
    for area in device.vector.layout.apps:
        digest = hashlib.sha256(device.flash.contents[area.offset : area.offset + area.size]).hexdigest()
        assert step["st"]["sha"][area.label] == digest[:12]


def _check_outcome(step: dict[str, Any], began: str | None, has_raised: bool) -> None:
    names = {
        "ok": StepOutcome.RETURNED,
        "err": StepOutcome.RAISED,
        "restart": StepOutcome.RESTARTED,
        "panic": StepOutcome.PANICKED,
    }
    outcome = next((names[word] for word in names if word in step["res"]), StepOutcome.RETURNED)
    if outcome not in ((StepOutcome.RAISED,) if has_raised else allowed_outcomes(_played(step), began)):
        raise Divergence(f"ended {step['res']}, the model: {began}")


def _check_info(device: Recorded, state: dict[str, Any]) -> None:
    if state["running"] is None:
        return
    tracker = device.tracker
    model = tracker.stepper.model
    place = tracker.stepper.value(boot_partition(device.scope, model.device.records), tracker.state)
    states = {f"ota_{slot}": reported(tracker.stored.records, slot)[0].value for slot in range(device.scope.slots)}
    shown = {label: "none" if word is None else word for label, word in state["states"].items()}
    if (device.place(state["next"]), shown) != (place, states):
        raise Divergence(f"info() says {state['next']} and {shown}, the model place {place} and {states}")


def follow_file(name: str) -> tuple[list[str], Counter[str]]:
    """Return the divergences of a file, and how many vectors were followed, or were not and why."""
    wrong: list[str] = []
    counts: Counter[str] = Counter()
    for vector in read_vectors(RECORDED / name):
        try:
            follow_scenario(vector) if "steps" in vector.record else follow_boot(vector)
        except Unspoken as reason:
            counts[str(reason)] += 1
        except Divergence as error:
            wrong.append(f"{vector.id}: {error}")
        else:
            counts["followed"] += 1
    return wrong, counts


FOLLOWED = {
    "boot.jsonl.gz": 2772,
    "releases-boot.jsonl.gz": 334,
    "torn-boot.jsonl.gz": 1369,
    "sessions.jsonl.gz": 1370,
    "releases-sessions.jsonl.gz": 143,
    "cuts2.jsonl.gz": 300,
    "flash-errors.jsonl.gz": 98,
    "pins.jsonl.gz": 26,
}
"""Of each file, the vectors that the model speaks of; fewer would be a gap that nobody sees."""


@pytest.mark.parametrize("name", FOLLOWED)
@pytest.mark.thorough
def test_model_alone_does_what_was_recorded(name: str) -> None:
    """What is erased and programmed in which order, what boots, how calls end, what info() says and what is stored."""
    wrong, counts = follow_file(name)
    assert [] == wrong
    assert FOLLOWED[name] == counts["followed"]


@pytest.mark.parametrize("name", [name for name, image in IMAGES.items() if image["valid"] is not None])
def test_image_verifies_as_recorded(name: str) -> None:
    """Every release took the image, or refused it."""
    contents = (RECORDED / "images" / IMAGES[name]["file"]).read_bytes()
    assert IMAGES[name]["valid"] == is_image_right(contents.ljust(0x10000, b"\xff"))


@pytest.mark.parametrize(
    ("number", "word", "check", "view"),
    [
        (0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF, BLANK_RECORD),
        (0xFFFFFFFF, 2, 0, RecordView(Check.EMPTY, Word.VALID)),
        (1, 0, 0x4743989A, RecordView(Check.RIGHT, Word.NEW, 0, 1)),
        (1, 0, 0x4743989B, RecordView(Check.WRONG, Word.NEW)),
        (2, 5, 0x55F63774, RecordView(Check.RIGHT, Word.UNDEFINED, 1, 2)),
    ],
)
def test_record_is_read_as_the_recordings_describe_it(number: int, word: int, check: int, view: RecordView) -> None:
    """Check words are those of tests/data/vectors/README.md and of the recordings."""
    raw = number.to_bytes(4, "little") + b"\xff" * 20 + word.to_bytes(4, "little") + check.to_bytes(4, "little")
    assert view == record_in_bytes(raw.ljust(SECTOR, b"\xff"), 2)


@pytest.mark.parametrize(
    ("numbers", "ranks"),
    [((1, 2), (1, 2)), ((7, 2), (3, 2)), ((7, 9), (3, 4)), ((9, 7), (4, 3)), ((7, 7), (3, 3)), ((0, 3), (0, 3))],
)
def test_numbers_above_the_slots_are_told_by_their_order(numbers: tuple[int, int], ranks: tuple[int, int]) -> None:
    """Of two slots: 1 and 2 as they are, 3 for above, 4 for above that."""
    first, second = (RecordView(Check.RIGHT, Word.VALID, 0, number) for number in numbers)
    assert ranks == tuple(record.seq for record in ranked((first, second), Scope(Config())))


@pytest.mark.parametrize("count", [0, 31, 32, 35])
def test_slot_without_its_magic_word_has_no_description(count: int) -> None:
    """So many bytes of an image are written; the description begins at byte 32."""
    image = (RECORDED / "images" / "delta.bin").read_bytes()
    assert StoredSlot(False, False, 0) == slot_in_bytes((image[:count].ljust(SECTOR, b"\xff"),))


def test_half_written_image_and_damaged_image_look_alike() -> None:
    """Of both, bytes tell the description and that they do not verify: the abstraction claims no more."""
    image = (RECORDED / "images" / "delta.bin").read_bytes()
    half, damaged = image[:600], image[:600] + bytes([image[600] ^ 1]) + image[601:]
    seen = {slot_in_bytes((contents.ljust(SECTOR, b"\xff"),)) for contents in (half, damaged)}
    assert {StoredSlot(True, False, 1)} == seen


def stored_devices() -> Iterator[Stored]:
    """Yield what some devices with two slots hold."""
    blank, whole = StoredSlot(False, False, 0), StoredSlot(True, True, 2)
    named = RecordView(Check.RIGHT, Word.NEW, 1, 2)
    for records in ((BLANK_RECORD, BLANK_RECORD), (named, RecordView(Check.WRONG, Word.VALID))):
        for slots in ((whole, blank), (StoredSlot(True, False, 1), whole)):
            yield Stored(records, slots, 3)


@pytest.mark.parametrize("stored", list(stored_devices()))
def test_state_of_the_model_holds_what_it_was_made_of(stored: Stored) -> None:
    """From stored things to a state and back."""
    model = stepper(Scope(Config(rollback=True, anti_rollback=True), 2))
    assert stored == stored_in_state(model, state_of(model, stored))


def test_tracker_sees_a_wrong_boot() -> None:
    """Every kind of difference is told: another operation, one too many, another start, other bytes."""
    vectors = read_vectors(RECORDED / "boot.jsonl.gz")
    vector = next(v for v in vectors if v.record["booted"] == "ota_1" and v.record["ops"])
    follow_boot(vector)
    entries = vector.record["otadata_after"]
    changes: tuple[dict[str, Any], ...] = (
        {"ops": []},
        {"ops": [*vector.record["ops"], ["e", 0xD000]]},
        {"booted": "ota_0"},
        {"booted": None},
        {"otadata_after": [entries[1], entries[0]]},
    )
    for change in changes:
        object.__setattr__(vector, "record", {**vector.record, **change})
        with pytest.raises(Divergence):
            follow_boot(vector)
        object.__setattr__(vector, "record", {**vector.record, "otadata_after": entries})
