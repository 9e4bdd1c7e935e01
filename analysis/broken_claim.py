"""What breaks a claim, in a sentence: the event after a power cut that the claim rules out."""

from collections.abc import Callable

from ..model.claims.observation import Boot, Observation


def broken_by_cut(claim_id: str, after: Observation) -> str:
    """Return what breaks a claim after one power cut, or one reset between two calls.

    Of a claim of the user's own, what follows."""
    return _SENTENCES.get(claim_id, _no_image)(after)


def _starts(boot: Boot | None) -> str:
    if boot is None or boot.partition is None:
        return "starts nothing"
    return f"starts {boot.partition}" + ("" if boot.image is not None else ", which holds no whole image")


def _no_image(after: Observation) -> str:
    return f"the next power-on {_starts(after.future.boot)}"


def _unfinished(after: Observation) -> str:
    future = after.future
    rolled_back = None if future.rollback is None else future.rollback.boot
    boots = (
        ("the next power-on", future.boot),
        ("the power-on after the next", future.idle_boot),
        (f"the next power-on starts {future.boot.partition}, rollback()", rolled_back),
    )
    for when, boot in boots:
        if boot is None or boot.partition is None:
            continue
        if boot.image is None or boot.partition not in after.finished:
            return f"{when} then starts {boot.partition}, whose image was never completed"
    raise ValueError("every image that starts was completed")


def _wrote_running(after: Observation) -> str:
    return f"commence(), write() or complete() has changed the partition that runs, {after.previous}"


def _lost_trial(after: Observation) -> str:
    future = after.future
    if after.is_tried:
        return f"the next power-on {_starts(future.boot)}, not {after.previous}: the new image has had its try"
    if future.boot.partition != after.target:
        return _marked_lost(after)
    return (
        f"the next power-on starts {after.target}, which is not accepted; the one after that "
        f"{_starts(future.idle_boot)}, not {after.previous}"
    )


def _marked_lost(after: Observation) -> str:
    return f"the next power-on {_starts(after.future.boot)}, not {after.target}, which complete() has marked"


def _accepted_lost(after: Observation) -> str:
    return f"the next power-on {_starts(after.future.boot)}, although {after.accepted} was accepted"


def _rollback_fails(after: Observation) -> str:
    rollback = after.future.rollback
    assert rollback is not None
    if rollback.error is not None:
        return f"rollback() then raises “{rollback.error}”, and has changed flash"
    again = " again" if rollback.boot is not None and rollback.boot.partition == after.future.boot.partition else ""
    return f"rollback() then restarts, which {_starts(rollback.boot)}{again}"


def _third_choice(after: Observation) -> str:
    before, later = after.old_boot or "nothing", after.new_boot or "nothing"
    return f"the next power-on {_starts(after.future.boot)}; before the call it starts {before}, after it {later}"


def _old_version(after: Observation) -> str:
    boot = after.future.boot
    if boot.efuse_version < after.efuse_before:
        return f"the eFuse goes down from {after.efuse_before} to {boot.efuse_version}"
    return f"{boot.partition} runs with secure version {boot.secure_version}; the eFuse has {boot.efuse_version}"


def _upgrade_fails(after: Observation) -> str:
    further = after.future.upgrade
    if further is None:
        return "no application runs that could begin a further upgrade"
    if further.error is not None:
        return f"a further upgrade to {further.target} fails in {further.error}"
    if further.boot is not None and (further.boot.partition, further.boot.image) == (further.target, further.image):
        return f"after a further upgrade to {further.target} info() calls it {further.boot.state}, not accepted"
    return f"after a further upgrade to {further.target} the power-on {_starts(further.boot)}"


def _wrong_info(after: Observation) -> str:
    future = after.future
    return (
        f"info() says that {future.info_running} runs and {future.info_next} is next; "
        f"{future.boot.partition} runs, and the next power-on {_starts(future.idle_boot)}"
    )


def _rejected_starts(after: Observation) -> str:
    future = after.future
    if future.boot.partition in after.rejected | future.boot.rejected:
        return f"the next power-on {_starts(future.boot)}, which was rejected"
    return f"the power-on after the next, or after rollback(), starts an image rejected before: {_later_starts(after)}"


def _later_starts(after: Observation) -> str:
    rollback = after.future.rollback
    later = (after.future.idle_boot, None if rollback is None else rollback.boot)
    return " and ".join(dict.fromkeys(boot.partition for boot in later if boot is not None and boot.partition))


def _wrong_state(after: Observation) -> str:
    future = after.future
    rolled_back = None if future.rollback is None else future.rollback.boot
    upgraded = None if future.upgrade is None else future.upgrade.boot
    boots = (future.boot, future.idle_boot, rolled_back, upgraded)
    boot = next(boot for boot in boots if boot is not None and boot.deciding not in (None, boot.state))
    return f"info() calls {boot.partition} {boot.state}; the record that decides says {boot.deciding}"


def _accepted_not_valid(after: Observation) -> str:
    return f"info() calls {after.accepted} {after.future.boot.state}, although it was accepted"


def _choice_changed(after: Observation) -> str:
    return (
        f"the next power-on {_starts(after.future.boot)}; before {after.call}() it starts {after.old_boot or 'nothing'}"
    )


def _not_the_previous(after: Observation) -> str:
    rollback = after.future.rollback
    boot = after.future.boot if after.is_rolled_back or rollback is None else rollback.boot
    return f"rollback() restarts, which {_starts(boot)}, not {after.previous}"


def _writes_when_settled(after: Observation) -> str:
    return f"{after.future.boot.partition} is selected and not under test, and yet the next power-on writes"


def _never_comes_back(after: Observation) -> str:
    future = after.future
    first, second = _starts(future.boot), _starts(future.idle_boot)
    return f"the next power-on {first}, the one after {second}: neither was ever accepted"


_SENTENCES: dict[str, Callable[[Observation], str]] = {
    "C1": _no_image,
    "C2": _unfinished,
    "C3": _wrote_running,
    "C4": _lost_trial,
    "C5": _accepted_lost,
    "C6": _rollback_fails,
    "C7": _third_choice,
    "C8": _old_version,
    "C9": _upgrade_fails,
    "C10": _wrong_info,
    "C17": _marked_lost,
    "C18": _rejected_starts,
    "C19": _wrong_state,
    "C20": _accepted_not_valid,
    "C21": _choice_changed,
    "C22": _not_the_previous,
    "C24": _writes_when_settled,
    "C25": _never_comes_back,
}
"""By the id of the claim; a claim of a sweep has one."""
