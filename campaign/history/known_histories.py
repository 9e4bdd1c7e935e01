"""The histories of the known cases, each under the rules of a release; known_cases.py says what they show."""

from dataclasses import replace

from ...impl.chip.cells import SECTOR_SIZE
from ...impl.chip.torn_operations import Torn
from ...impl.image.format import APP_DESC_OFFSET
from ...impl.otadata import encode_entry, make_entry
from ...model.config import Config, Release, ResetReason
from ...model.ota_state import OtaImgState
from .history import SLOT_SIZE, History, SmallDevice, SmallImage, upgrade
from .step import RUNNING, Step, StepCut, StepName

ON = Step(StepName.RESET)
RESTART = Step(StepName.RESET, ResetReason.SOFTWARE)
COMMENCE, ACCEPT, ROLLBACK = Step(StepName.COMMENCE), Step(StepName.ACCEPT), Step(StepName.ROLLBACK)
SET_RUNNING = Step(StepName.SET_BOOT, label=RUNNING)
NEW, VALID = OtaImgState.NEW, OtaImgState.VALID
SECTORS_OF_SLOT = SLOT_SIZE // SECTOR_SIZE
COMPLETE = Step(StepName.COMPLETE)
"""complete() without an argument: it marks the image and does not restart."""


def _config(release: Release, rollback: bool = True, anti_rollback: bool = False) -> Config:
    return Config(rollback=rollback, anti_rollback=anti_rollback, app_release=release, bootloader_release=release)


def _images(count: int) -> tuple[SmallImage, ...]:
    return tuple(SmallImage(number + 1) for number in range(count))


def _start(config: Config, *, slots: tuple[int, ...] = (0, 1), has_factory: bool = False) -> History:
    """Return a device with an image in factory, else in its first slot, and four images to go to."""
    place = "factory" if has_factory else "ota_0"
    return History(SmallDevice(config, slots, has_factory, ((place, 0),)), _images(5))


def _cut(step: Step, op: int, torn: str) -> Step:
    return replace(step, cut=StepCut(op, Torn.parse(torn)))


def _written(image: int) -> tuple[Step, ...]:
    """Return the steps that bring an image to the slot, and stop there."""
    return upgrade(image)[:-1]


def _accepted(image: int) -> tuple[Step, ...]:
    """Return a whole upgrade, accepted."""
    return (*upgrade(image), RESTART, ACCEPT)


def accept_loses_the_choice(release: Release) -> History:
    """accept() of a record without a state is cut between erase and program."""
    return _start(_config(release, rollback=False)).then(ON, *upgrade(1), RESTART, _cut(ACCEPT, 0, "after"), ON)


def trial_is_lost(release: Release) -> History:
    """The bootloader is cut as it rewrites NEW."""
    return _start(_config(release)).then(ON, *upgrade(1), _cut(RESTART, 0, "after"), ON)


def accept_before_the_first_boot(release: Release) -> History:
    """The image is accepted by the one before it."""
    return _start(_config(release)).then(ON, *_written(1), COMPLETE, ACCEPT)


def accept_after_a_fallback(release: Release) -> History:
    """commence() wipes what complete() has marked; the fallback accepts it."""
    return _start(_config(release)).then(ON, *_written(1), COMPLETE, COMMENCE, RESTART, ACCEPT)


def torn_new_reads_valid(release: Release) -> History:
    """The record of complete() lacks one bit."""
    *written, complete = upgrade(1)
    return _start(_config(release)).then(ON, *written, _cut(complete, 1, "bits:0.193"), ON)


def torn_new_is_never_tested(release: Release) -> History:
    """The bootloader is cut when one byte of NEW is erased."""
    return _start(_config(release)).then(ON, *upgrade(1), _cut(RESTART, 0, "bytes:0.24"), ON, ON)


def factory_switch_boots_a_third(release: Release) -> History:
    """The newest record lies in the first sector, and is erased first."""
    steps = (
        ON,
        *_accepted(1),
        *_accepted(2),
        *_accepted(3),
        _cut(Step(StepName.SET_BOOT, label="factory"), 0, "after"),
    )
    return _start(_config(release), has_factory=True).then(*steps, ON)


def same_slot_in_both_records(release: Release) -> History:
    """The image under test asks for itself."""
    return _start(_config(release)).then(ON, *upgrade(1), RESTART, SET_RUNNING)


def same_slot_in_place(release: Release) -> History:
    """The accepted image asks for itself, and is cut."""
    return _start(_config(release)).then(ON, *_accepted(1), _cut(SET_RUNNING, 0, "after"), ON)


def completed_twice(release: Release) -> History:
    """Two upgrades in a row, and one restart."""
    steps = (ON, *_written(1), COMPLETE, *upgrade(2), RESTART, RESTART)
    return _start(_config(release)).then(*steps)


def both_records_lost(release: Release) -> History:
    """The first cut loses the old record, the second that of the image that runs."""
    *written, complete = upgrade(2)
    steps = (ON, *upgrade(1), RESTART, *written, _cut(complete, 0, "after"), ON, _cut(ACCEPT, 0, "after"), ON)
    return _start(_config(release, rollback=False)).then(*steps)


def unfinished_image_boots(release: Release) -> History:
    """Written, not completed; then the record of the image that runs is lost."""
    steps = (ON, *upgrade(1), RESTART, *_written(2), _cut(ACCEPT, 0, "after"), ON)
    return _start(_config(release, rollback=False)).then(*steps)


def table_with_a_gap(release: Release) -> History:
    """An upgrade to ota_2."""
    return _start(_config(release), slots=(0, 2)).then(ON, *upgrade(1), RESTART)


def number_wraps(release: Release) -> History:
    """An upgrade after number 0xFFFFFFFE."""
    older, newer = (encode_entry(make_entry(number, VALID)) for number in (0xFFFFFFFD, 0xFFFFFFFE))
    device = SmallDevice(_config(release), holds=(("ota_0", 0), ("ota_1", 1)), entries=(older, newer))
    return History(device, _images(3)).then(ON, *upgrade(2), RESTART)


def _stray(step: Step, op: int, written: int, stray: int) -> Step:
    """Return the step with a cut in an operation on a record, which leaves a greater number with a right check word."""
    whole, left = (encode_entry(make_entry(number, NEW)) for number in (written, stray))
    bits = bytes(one & ~other for one, other in zip(left, whole, strict=True))
    return _cut(step, op, f"mask:{bits.hex()}")


def stray_number_wraps(release: Release) -> History:
    """complete() writes number 10,064, and a cut leaves 0xFFFFFFFE with a right check word; then one more upgrade.

    Upgrades could have brought the numbers so far; provisioning makes the history short."""
    *written, complete = upgrade(2)
    older, newer = (encode_entry(make_entry(number, VALID)) for number in (10_062, 10_063))
    device = SmallDevice(_config(release), holds=(("ota_0", 0), ("ota_1", 1)), entries=(newer, older))
    steps = (ON, *written, _stray(complete, 1, 10_064, 0xFFFFFFFE), ON, ACCEPT, *upgrade(3), RESTART)
    return History(device, _images(4)).then(*steps)


def stray_number_names_what_runs(release: Release) -> History:
    """complete() writes number 2, of ota_1, and a cut leaves an odd number, of ota_0, which runs; then rollback()."""
    *written, complete = upgrade(1)
    return _start(_config(release)).then(ON, *written, _stray(complete, 1, 2, 0x2747B9A7), ON, ROLLBACK, RESTART)


def stray_number_boots_a_download(release: Release) -> History:
    """commence() erases the record of number 1, of ota_0, and a cut leaves a greater odd number; then a download."""
    steps = (ON, *_accepted(1), _stray(COMMENCE, SECTORS_OF_SLOT, 1, 0xF6F2F92F), ON, *_written(2), RESTART)
    return _start(_config(release)).then(*steps)


def rollback_to_unfinished(release: Release) -> History:
    """Written, not completed; then rollback()."""
    return _start(_config(release)).then(ON, *_accepted(1), *_written(2), ROLLBACK, RESTART)


def rollback_to_unfinished_without_trial(release: Release) -> History:
    """The same without rollback in the bootloader."""
    config = _config(release, rollback=False)
    return _start(config).then(ON, *upgrade(1), RESTART, *_written(2), ROLLBACK, RESTART)


def brick(release: Release) -> History:
    """The wiped slot of an accepted record gets a damaged image of a high version."""
    start = _start(_config(release, anti_rollback=True))
    images = (*start.images, SmallImage(9, secure_version=2, flipped=700))
    steps = (ON, *_written(1), COMPLETE, ACCEPT, *_written(len(images) - 1), RESTART)
    return replace(start, images=images).then(*steps)


def torn_erase_raises_the_version(release: Release) -> History:
    """The erase of the slot of an accepted record sets a single bit."""
    one_bit_of_the_version = "mask:" + "00" * (APP_DESC_OFFSET + 4) + "01"
    steps = (ON, *_written(1), COMPLETE, ACCEPT, _cut(COMMENCE, 0, one_bit_of_the_version), ON)
    return _start(_config(release, anti_rollback=True)).then(*steps)


def too_old_is_wiped(release: Release) -> History:
    """An upgrade below the version of the eFuse."""
    images = (SmallImage(1, secure_version=1), SmallImage(2))
    device = SmallDevice(_config(release, anti_rollback=True), efuse_bits=1)
    return History(device, images).then(ON, *upgrade(1))


def accept_fails_and_is_done(release: Release) -> History:
    """An upgrade beyond what the eFuse can count."""
    start = _start(_config(release, anti_rollback=True))
    images = (SmallImage(1), SmallImage(2, secure_version=start.device.config.secure_version_bits + 1))
    return replace(start, images=images).then(ON, *upgrade(1), RESTART, ACCEPT)


def aborted_image_boots(release: Release) -> History:
    """ota_0 was aborted; then the record of ota_1 is lost."""
    steps = (ON, *_accepted(1), *upgrade(2), RESTART, RESTART, _cut(SET_RUNNING, 0, "after"), ON)
    return _start(_config(release)).then(*steps)


def aborted_image_boots_uncut(release: Release) -> History:
    """The image under test asks for itself, and is aborted twice."""
    steps = (ON, *_accepted(1), *upgrade(2), RESTART, SET_RUNNING, RESTART, RESTART, ACCEPT)
    return _start(_config(release)).then(*steps)


def locked_out(release: Release) -> History:
    """Two records of the running slot: accept() changes the one, info() reports the other."""
    steps = (ON, SET_RUNNING, ROLLBACK, RESTART, *_written(1), COMPLETE)
    return _start(_config(release)).then(*steps, ACCEPT, COMMENCE)


def way_back_is_erased(release: Release) -> History:
    """Three slots: commence() erases the record of the first."""
    return _start(_config(release), slots=(0, 1, 2)).then(ON, *_accepted(1), COMMENCE, ROLLBACK)


def error_after_the_switch(release: Release) -> History:
    """complete() is given a text."""
    return _start(_config(release)).then(ON, *_written(1), Step(StepName.COMPLETE, argument="x"), RESTART)
